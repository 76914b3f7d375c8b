"""`bitrace score`: the bits of each word of texts."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InputError
from engine.gguf import check_file
from engine.minds import READER, Mind, short_memory
from engine.predictor import Asking, Job, Loaded, Loading, Predictor, Reading, TopWords
from engine.starter import starter_model
from engine.words import Text, Words, words
from puzzles.files import printable, read
from puzzles.texts import prepared
from tui.engine_room import STARTER, open_engine, wait_for
from tui.paths import find_paths, typed_path
from tui.progress import Progress
from tui.scores import Scores, print_scores

if TYPE_CHECKING:
    from engine.ladder import Staircase

STANDARD_INPUT = "-"
MOST_BYTES = 50_000_000
"""Bytes of a text to be scored: days of reading, and still within memory."""
LADDER_WORDS = 64
"""Words over which a staircase is the mean, spread evenly over the text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted."""

    files: tuple[str, ...]
    """`-` for standard input."""
    memories: tuple[int, ...] = ()
    """Also with so many words of memory."""
    form: str = "table"
    """`table`, `json` or `csv`."""
    model: str = ""
    """A GGUF file; empty for the starter model."""
    n_top: int = 0
    """How many of the model's own best words are told at each place."""
    ladder: bool = False


def run(asked: Asked) -> int:
    """Score texts and print them.

    Raises:
        BitraceError: a text or the model cannot be used; nothing is printed then.
    """
    if asked.files.count(STANDARD_INPUT) > 1:
        raise InputError("Standard input (-) can be read but once: name it once.")
    texts = [_text(file) for file in asked.files]
    model = model_file(asked.model)
    progress = Progress()
    engine = open_engine(find_paths(), on_notice=progress.say, lazy=True)
    try:
        loading = Loading(STARTER, model)
        loaded = wait_for(engine.load(loading, progress.on("loading")))
        all_scores = [
            _Scorer(engine, loaded, text, progress).score(name, asked) for name, text in texts
        ]
    finally:
        engine.close()
        progress.clear()  # when nobody is left who could draw it again
    print_scores(all_scores, asked.form)
    return 0


def model_file(typed: str) -> str:
    """The path of the model to be used: as typed, or the starter model's.

    Raises:
        BitraceError: there is none.
    """
    if not typed:
        return str(starter_model())
    path = typed_path(typed)
    check_file(path)
    return str(path)


class _Scorer:
    """Scores one text."""

    def __init__(
        self, engine: Predictor, loaded: Loaded, text: Text, progress: Progress
    ) -> None:
        self._engine = engine
        self._loaded = loaded
        self._text = text
        self._progress = progress

    def score(self, name: str, asked: Asked) -> Scores:
        """All that is wanted."""
        found = words(self._text.normalized)
        reader = self._read(READER, all_tokens=True)
        return Scores(
            name,
            self._loaded,
            self._text,
            found,
            reader,
            {k: self._read(short_memory(k)) for k in asked.memories},
            self._top_words(found, asked.n_top) if asked.n_top else None,
            self._climb(found, reader) if asked.ladder and len(found) else None,
        )

    def _read(self, mind: Mind, all_tokens: bool = False) -> Reading:
        job = Job(STARTER, mind, self._text.normalized, all_tokens=all_tokens)
        return wait_for(self._engine.read(job, on_progress=self._progress.on(mind.name)))

    def _top_words(self, found: Words, n_words: int) -> dict[int, TopWords]:
        text, places = self._text.normalized, tuple(range(len(found)))
        asking = Asking(STARTER, READER, text, words=places, n_words=n_words)
        show = self._progress.on("best words")
        return wait_for(self._engine.top_words(asking, on_progress=show))

    def _climb(self, found: Words, reader: Reading) -> Staircase:
        from engine.ladder import Ladder

        ladder = Ladder(
            self._engine,
            STARTER,
            self._text.normalized,
            spread(len(found), LADDER_WORDS),
            known={READER.key: reader.bits},
            on_progress=self._progress.on("memory"),
        )
        return wait_for(ladder.start())


def spread(n: int, most: int) -> list[int]:
    """At most so many of n words, spread evenly, the last one among them."""
    if n <= most:
        return list(range(n))
    return [(step + 1) * n // most - 1 for step in range(most)]


def _text(file: str) -> tuple[str, Text]:
    """A file as it was named, and its whole text."""
    if file == STANDARD_INPUT:
        name = "standard input"
        if not sys.stdin:
            raise InputError(f"{name} is closed: give a file, or a text through a pipe.")
        raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise InputError(f"{name} is over {MOST_BYTES // 1_000_000} MB: give a part of it.")
    else:
        name = printable(file)
        raw = read(typed_path(file), name, MOST_BYTES)
    text = prepared(raw, name)
    if not text.shown.strip():
        raise InputError(f"{name} has no text: there is nothing to score.")
    return (name if file == STANDARD_INPUT else file), text
