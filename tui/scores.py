"""What `bitrace score` knows of a text, and its forms: for people and for programs."""

from __future__ import annotations

import csv
import json
import lzma
import math
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.predictor import Loaded, Reading, TopWords
from engine.words import Text, Word, Words
from tui.engine_room import describe
from tui.heat import glyph, percent
from tui.literal import clean

if TYPE_CHECKING:
    from engine.ladder import Staircase

_BITS_PLACES = 6
_PERCENT_PLACES = 4
_WIDEST_WORD = 24


@dataclass(frozen=True, slots=True)
class Scores:
    """A scored text."""

    name: str
    """The file as it was named; may hold anything."""
    loaded: Loaded
    text: Text
    words: Words
    reader: Reading
    memories: Mapping[int, Reading]
    """Words of memory → its reading."""
    tops: Mapping[int, TopWords] | None = None
    """Word index → what the model would have bet, where that was asked."""
    staircase: Staircase | None = None

    @property
    def n_bytes(self) -> int:
        """Of the normalized text in UTF-8."""
        return len(self.text.normalized.encode())

    @property
    def total_bits(self) -> float:
        """The sum over all words."""
        return math.fsum(self.reader.bits.values())

    @property
    def token_bits(self) -> float:
        """The plain sum over all tokens: what the whole text takes, separators included."""
        return self.reader.token_bits or 0.0

    @property
    def coded_bytes(self) -> int:
        """What the text would take if it were coded at these bits."""
        return math.ceil(self.token_bits / 8)

    @property
    def xz_bytes(self) -> int:
        """What `xz` makes of the same text."""
        return len(lzma.compress(self.text.normalized.encode()))


def print_scores(all_scores: Sequence[Scores], form: str) -> None:
    """Print scored texts on standard output.

    Args:
        all_scores: the texts.
        form: `json`, `csv` or `table`.
    """
    if form == "json":
        _print_json(all_scores)
    elif form == "csv":
        _print_csv(all_scores)
    else:
        for scores in all_scores:
            _print_table(scores, titled=len(all_scores) > 1)


def facts_of(scores: Scores) -> dict[str, Any]:
    """Everything but the words, as one JSON object."""
    identity = scores.loaded.identity
    model = asdict(identity)
    total = scores.total_bits
    facts: dict[str, Any] = {
        "model": {
            "name": identity.model,
            **{key: model[key] for key in ("file", "sha256", "quantization")},
        },
        "backend": identity.backend,
        "reading_version": identity.reading_version,
        "text_sha256": scores.text.sha256,
        "tokens": scores.reader.n_tokens,
        "bytes": scores.n_bytes,
        "token_bits_total": round(scores.token_bits, _BITS_PLACES),
        "total_bits": round(total, _BITS_PLACES),
        "bits_per_word": round(total / len(scores.words), _BITS_PLACES)
        if len(scores.words)
        else None,
        "bits_per_byte": round(scores.token_bits / scores.n_bytes, _BITS_PLACES),
        "coded_bytes": scores.coded_bytes,
        "xz_bytes": scores.xz_bytes,
    }
    if scores.staircase is not None:
        facts["ladder"] = _ladder(scores.staircase)
    return facts


def _ladder(staircase: Staircase) -> dict[str, Any]:
    """The staircase: which words it is the mean over, and the mean bits of each step."""
    steps = zip(staircase.minds, staircase.means, strict=True)
    return {
        "words": list(staircase.words),
        "bits_per_word": {
            "all" if mind.memory is None else str(mind.memory): _rounded(mean)
            for mind, mean in steps
        },
    }


def _rounded(bits: float | None) -> float | None:
    return None if bits is None else round(bits, _BITS_PLACES)


def word_of(scores: Scores, word: Word) -> dict[str, Any]:
    """One word as a JSON object; offsets in characters of the normalized text."""
    found: dict[str, Any] = {
        "word": word.text,
        "start": word.start,
        "end": word.end,
        "bits": _rounded(scores.reader.bits[word.index]),
        **{
            f"memory_{k}": _rounded(reading.bits[word.index])
            for k, reading in scores.memories.items()
        },
    }
    if scores.tops is not None:
        top = scores.tops[word.index]
        found["top"] = [
            {"word": one.word, "percent": round(one.percent, _PERCENT_PLACES)}
            for one in top.words
        ]
        found["top_certified"] = top.certified
        found["rank"] = top.rank
        found["rank_certain"] = top.rank_certain
    return found


def _print_json(all_scores: Sequence[Scores]) -> None:
    """One object for one text, a list of them for several; written word by word."""
    ascii_only = sys.stdout.encoding.lower().replace("-", "") != "utf8"

    def dumped(value: object, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    def pieces(scores: Scores) -> Iterator[str]:
        named = {"file": scores.name} if len(all_scores) > 1 else {}
        yield dumped({**named, **facts_of(scores)}, indent=1).removesuffix("\n}")
        yield ',\n "words": ['
        for word in scores.words:
            yield ("," if word.index else "") + f"\n  {dumped(word_of(scores, word))}"
        yield "\n ]\n}" if len(scores.words) else "]\n}"

    write = sys.stdout.write
    if len(all_scores) > 1:
        write("[\n")
    for number, scores in enumerate(all_scores):
        write(",\n" if number else "")
        for piece in pieces(scores):
            write(_harmless(piece))
    write("\n]\n" if len(all_scores) > 1 else "\n")


def _harmless(piece: str) -> str:
    """JSON that does nothing to a terminal but print; its strings stay what they are."""
    if clean(piece, newlines=True) == piece:
        return piece
    return "".join(
        sign if clean(sign, newlines=True) == sign else json.dumps(sign)[1:-1] for sign in piece
    )


def _print_csv(all_scores: Sequence[Scores]) -> None:
    """A row a word; with several texts their names come first."""
    several = len(all_scores) > 1
    columns = ["file"] if several else []
    columns += ["word", "start", "end", "bits"]
    columns += [f"memory_{k}" for k in all_scores[0].memories]
    columns += ["top"] if all_scores[0].tops is not None else []
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for scores in all_scores:
        for word in scores.words:
            row = {"file": clean(scores.name), **word_of(scores, word)}
            if scores.tops is not None:
                row["top"] = " ".join(clean(one.word) for one in scores.tops[word.index].words)
            writer.writerow(row)


def _print_table(scores: Scores, titled: bool) -> None:
    """For people: a word a line, bits to two places, and what it all comes to."""
    write = sys.stdout.write
    if titled:
        write(f"{clean(scores.name)}\n")
    heads = ["bits", *(f"{k} words" for k in scores.memories)]
    best = "   its best words" if scores.tops is not None else ""
    write(
        f"{'word':{_WIDEST_WORD + 2}}" + "".join(f"{head:>10}" for head in heads) + best + "\n"
    )
    columns = [scores.reader.bits, *(reading.bits for reading in scores.memories.values())]
    for word in scores.words:
        numbers = "".join(f"{bits[word.index]:10.2f}" for bits in columns)
        shown = _fitted(clean(word.text))
        line = f"{shown} {glyph(scores.reader.bits[word.index])}{numbers}{_best(scores, word)}"
        write(line + "\n")
    write("\n".join(["", *_summary(scores), ""]))
    if titled:
        write("\n")


def _fitted(word: str) -> str:
    """A word in a column of its own; Han and the like take two cells, accents none."""
    shown, cells = "", 0
    for character in word:
        wide = unicodedata.east_asian_width(character) in "WF"
        width = 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1 + wide
        if cells + width > _WIDEST_WORD:
            break
        shown, cells = shown + character, cells + width
    return shown + " " * (_WIDEST_WORD - cells)


def _best(scores: Scores, word: Word) -> str:
    if scores.tops is None:
        return ""
    top = scores.tops[word.index].words
    return "   " + ", ".join(f"{clean(one.word)} {percent(one.percent)}" for one in top)


def _summary(scores: Scores) -> list[str]:
    """What it all comes to."""
    n = len(scores.words)
    a_word = f"{scores.total_bits / n:.2f} bits a word, " if n else ""
    lines = [
        f"{n} words, {scores.n_bytes} bytes: {scores.total_bits:.1f} bits, {a_word}"
        f"{scores.token_bits / scores.n_bytes:.3f} bits a byte (over tokens)",
        f"Coded at these bits the whole text takes {scores.coded_bytes} bytes; "
        f"xz makes {scores.xz_bytes} of it.",
    ]
    if scores.staircase is not None:
        lines += _ladder_lines(scores.staircase)
    return [*lines, clean(describe(scores.loaded))]


def _ladder_lines(staircase: Staircase) -> list[str]:
    """The staircase as bars: mean bits with ever more words of memory."""
    means = [mean or 0.0 for mean in staircase.means]
    scale = 40 / max(1.0, *means)
    lines = ["", f"Memory against bits, the mean over {len(staircase.words)} words:"]
    for mind, mean in zip(staircase.minds, means, strict=True):
        name = "all words" if mind.memory is None else mind.name
        lines.append(f"{name:>10} {mean:6.2f} {'█' * round(scale * mean)}")
    return [*lines, ""]
