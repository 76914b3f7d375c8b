"""`bitrace score`: the bits of each word of a text, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import InputError
from engine.gguf import check_file
from engine.minds import READER, Mind, short_memory
from engine.predictor import Job, Loaded, Loading, Reading
from engine.starter import starter_model
from engine.words import Text, Word, Words, decode, prepare, words
from puzzles.files import MOST_BYTES, printable, read
from tui.engine_room import STARTER, describe, open_link, wait_for
from tui.literal import clean
from tui.paths import find_paths, typed_path

STANDARD_INPUT = "-"
_BITS_PLACES = 6
_WIDEST_WORD = 24


@dataclass(frozen=True, slots=True)
class Scores:
    """What is printed."""

    loaded: Loaded
    text: Text
    words: Words
    reader: Reading
    memories: dict[int, Reading]
    """Words of memory → its reading."""


def run(file: str, memories: tuple[int, ...], form: str, model: str) -> int:
    """Score a file (`-` for standard input) and print it.

    Raises:
        BitraceError: the text or the model cannot be used.
    """
    text = _text(file)
    path = _model(model)
    paths = find_paths()
    progress = _Progress()
    link = open_link(paths, on_notice=progress.say)
    try:
        loaded = wait_for(link.load(Loading(STARTER, path), progress.on("loading")))
        found = words(text.normalized)

        def reading(mind: Mind, all_tokens: bool = False) -> Reading:
            job = Job(STARTER, mind, text.normalized, all_tokens=all_tokens)
            return wait_for(link.read(job, on_progress=progress.on(mind.name)))

        reader = reading(READER, all_tokens=True)
        scores = Scores(
            loaded, text, found, reader, {k: reading(short_memory(k)) for k in memories}
        )
    finally:
        progress.clear()
        link.close()
    {"json": _print_json, "csv": _print_csv, "table": _print_table}[form](scores)
    return 0


def _text(file: str) -> Text:
    """The whole of a file, whatever its kind."""
    if file == STANDARD_INPUT:
        name = "standard input"
        if not sys.stdin:
            raise InputError(f"{name} is closed: give a file, or a text through a pipe.")
        raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise InputError(f"{name} is over {MOST_BYTES // 1_000_000} MB: give a part of it.")
    else:
        name = printable(file)
        raw = read(typed_path(file), name)
    text = prepare(decode(raw, name))
    if not text.shown.strip():
        raise InputError(f"{name} has no text: there is nothing to score.")
    return text


def _model(typed: str) -> str:
    if not typed:
        return str(starter_model())
    path = typed_path(typed)
    check_file(path)
    return str(path)


class _Progress:
    """A line on stderr that says how far things are; silent where nobody watches."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def on(self, what: str) -> Any:
        """A callback that shows fractions of `what`."""

        def show(fraction: float) -> None:
            if self._shown:
                sys.stderr.write(f"\r\x1b[K{what} {fraction:.0%}")
                sys.stderr.flush()

        return show

    def say(self, sentence: str) -> None:
        """A sentence of its own."""
        self.clear()
        sys.stderr.write(sentence + "\n")

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def as_json(scores: Scores) -> dict[str, Any]:
    """The scores as one JSON object; offsets in characters of the normalized text."""
    identity = scores.loaded.identity
    token_bits = scores.reader.token_bits or 0.0
    n_bytes = len(scores.text.normalized.encode())
    total = sum(scores.reader.bits.values())
    model = asdict(identity)
    return {
        "model": {
            "name": identity.model,
            **{key: model[key] for key in ("file", "sha256", "quantization")},
        },
        "backend": identity.backend,
        "reading_version": identity.reading_version,
        "text_sha256": scores.text.sha256,
        "tokens": scores.reader.n_tokens,
        "bytes": n_bytes,
        "token_bits_total": round(token_bits, _BITS_PLACES),
        "total_bits": round(total, _BITS_PLACES),
        "bits_per_word": round(total / len(scores.words), _BITS_PLACES)
        if scores.words
        else None,
        "bits_per_byte": round(token_bits / n_bytes, _BITS_PLACES),
        "words": [_word(scores, word) for word in scores.words],
    }


def _word(scores: Scores, word: Word) -> dict[str, Any]:
    return {
        "word": word.text,
        "start": word.start,
        "end": word.end,
        "bits": round(scores.reader.bits[word.index], _BITS_PLACES),
        **{
            f"memory_{k}": round(reading.bits[word.index], _BITS_PLACES)
            for k, reading in scores.memories.items()
        },
    }


def _print_json(scores: Scores) -> None:
    utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    text = json.dumps(as_json(scores), ensure_ascii=not utf8, indent=1)
    sys.stdout.write(clean(text, newlines=True) + "\n")


def _print_csv(scores: Scores) -> None:
    columns = ["word", "start", "end", "bits", *(f"memory_{k}" for k in scores.memories)]
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_word(scores, word) for word in scores.words)


def _print_table(scores: Scores) -> None:
    """For people: a word a line, bits to two places, and what it all comes to."""
    heads = ["bits", *(f"{k} words" for k in scores.memories)]
    lines = [f"{'word':{_WIDEST_WORD}}" + "".join(f"{head:>10}" for head in heads)]
    for word in scores.words:
        columns = [scores.reader.bits, *(reading.bits for reading in scores.memories.values())]
        numbers = "".join(f"{bits[word.index]:10.2f}" for bits in columns)
        lines.append(f"{clean(word.text)[:_WIDEST_WORD]:{_WIDEST_WORD}}{numbers}")
    facts = as_json(scores)
    a_word = f"{facts['bits_per_word']:.2f} bits a word, " if scores.words else ""
    lines += [
        "",
        f"{len(scores.words)} words, {facts['bytes']} bytes: {facts['total_bits']:.1f} bits, "
        f"{a_word}{facts['bits_per_byte']:.3f} bits a byte (over tokens)",
        clean(describe(scores.loaded)),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
