"""The staircase: what words of a text cost with ever more words of memory.

    ladder = Ladder(predictor, "starter", passage, indices, known={"reader": bits})
    staircase = wait_for(ladder.start())
    for mind, bits, mean in zip(staircase.minds, staircase.of(indices[0]), staircase.means):
        print(mind.name, bits, mean)

Standard library only; the readings are the predictor's, by the canonical reading.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias

from engine.minds import READER, STRANGER, Mind, memory_start, short_memory
from engine.predictor import Job, OnProgress, Predictor
from engine.words import words as words_of

RUNGS = (0, 1, 2, 4, 8, 16, 32, 64, 128)
"""Words of memory. Behind them comes *all*: Reader's own bits."""

Bits: TypeAlias = Mapping[str, Mapping[int, float]]
"""Key of a mind → word index → bits."""

_NONE: Bits = MappingProxyType({})
_Condition: TypeAlias = tuple[int, int | str]
"""A word and what a mind conditions on there: where its memory begins, or the mind's key."""


def steps(primer: str = "") -> tuple[Mind, ...]:
    """The minds of a staircase, from no memory to all of it.

    With a primer Stranger stands before Reader: all words of the passage alone.
    """
    whole = (STRANGER, READER) if STRANGER.differs(primer) else (READER,)
    return (*(short_memory(rung) for rung in RUNGS), *whole)


@dataclass(frozen=True, slots=True)
class Staircase:
    """Bits of some words with ever more memory, as far as they have been read."""

    words: tuple[int, ...]
    """Indices among the words of the passage."""
    minds: tuple[Mind, ...]
    """A step each; see `steps`."""
    bits: Bits

    def of(self, word: int) -> tuple[float | None, ...]:
        """Bits of a word, a step each; None where it has not been read yet."""
        return tuple(self.bits[mind.key].get(word) for mind in self.minds)

    @property
    def means(self) -> tuple[float | None, ...]:
        """The mean over all words, a step each; None until all have been read.

        A mean over some of them would compare other words from step to step.
        """
        return tuple(
            sum(bits.values()) / len(bits) if bits and self._has_all(bits) else None
            for bits in (self.bits[mind.key] for mind in self.minds)
        )

    @property
    def n_whole(self) -> int:
        """Steps for which all words have been read."""
        return sum(self._has_all(self.bits[mind.key]) for mind in self.minds)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.n_whole == len(self.minds)

    def _has_all(self, bits: Mapping[int, float]) -> bool:
        return len(bits) == len(self.words)


class Ladder:
    """Has a staircase read, step by step.

    What is known is not asked for, and what two steps have in common is read once: with fewer
    words before a target than a step remembers, the next steps condition on the same text.
    Readings of the whole text come first, then the cheap steps: each costs about what all
    before it did together, so that most of the picture stands after little of the work.

    Args:
        predictor: who reads; has been told to load the model.
        role: of the model.
        passage: normalized.
        words: indices of the words whose bits are wanted.
        known: bits that are there already, of this model and passage.
        primer: the passage's, normalized; empty where there is none.
        on_progress: gets fractions from 0 to 1 as bits come in, on the engine's threads.
    """

    def __init__(
        self,
        predictor: Predictor,
        role: str,
        passage: str,
        words: Iterable[int],
        known: Bits = _NONE,
        primer: str = "",
        on_progress: OnProgress | None = None,
    ) -> None:
        self._predictor = predictor
        self._role = role
        self._passage = passage
        self._primer = primer
        self._on_progress = on_progress
        self._found = words_of(passage)
        self._words = tuple(sorted(set(words)))
        self._minds = steps(primer)
        self._lock = threading.Lock()
        self._bits = {
            self._condition(mind, word): known[mind.key][word]
            for mind in self._minds
            for word in self._words
            if word in known.get(mind.key, {})
        }
        self._costs: dict[_Condition, float] = {}
        """About what each reading costs that is asked for, in characters to be read."""
        self._done = 0.0
        self._asked: list[Future[Any]] = []
        self._result: Future[Staircase] = Future()

    @property
    def staircase(self) -> Staircase:
        """As far as it has been read. May be called from any thread."""
        with self._lock:
            read = dict(self._bits)
        bits = {mind.key: self._of(mind, read) for mind in self._minds}
        return Staircase(self._words, self._minds, bits)

    def start(self) -> Future[Staircase]:
        """Ask for all that is missing.

        Returns:
            What becomes the whole staircase, or fails with the first `BitraceError`.
        """
        jobs = list(self._jobs())
        for job in jobs:
            future = self._predictor.read(job, partial(self._take, job.mind))
            self._asked.append(future)
            future.add_done_callback(lambda done: self._on_read(done, len(jobs)))
            if self._result.done():
                self.cancel()  # one has failed already
                break
        if not jobs:
            self._result.set_result(self.staircase)
        return self._result

    def cancel(self) -> None:
        """Give up what has not been read; `staircase` keeps the rest. Nothing more is told."""
        self._result.cancel()
        for future in list(self._asked):
            if not future.done():
                self._predictor.cancel(future)

    def _jobs(self) -> Iterable[Job]:
        """What has to be read, each text once: the whole text, then from the cheap end."""
        for mind in sorted(self._minds, key=lambda mind: not mind.reads_all):
            before = mind.before(self._primer)
            wanted: list[int] = []
            for word in self._words:
                condition = self._condition(mind, word)
                if condition not in self._bits and condition not in self._costs:
                    self._costs[condition] = self._cost(condition, len(before))
                    wanted.append(word)
            if wanted:
                text = before + self._passage
                yield Job(self._role, mind, text, len(before), tuple(wanted))

    def _condition(self, mind: Mind, word: int) -> _Condition:
        if mind.memory is None:
            return word, mind.key
        return word, memory_start(self._found, word, mind.memory)

    def _cost(self, condition: _Condition, n_before: int) -> float:
        word, begin = condition
        end = self._found[word].end
        if isinstance(begin, int):
            return end - begin
        return (n_before + end) / len(self._words)  # one reading serves all its words

    def _of(self, mind: Mind, read: Mapping[_Condition, float]) -> dict[int, float]:
        conditions = ((word, self._condition(mind, word)) for word in self._words)
        return {word: read[condition] for word, condition in conditions if condition in read}

    def _take(self, mind: Mind, bits: Mapping[int, float]) -> None:
        with self._lock:
            for word, cost in bits.items():
                condition = self._condition(mind, word)
                if condition not in self._bits:  # else told again by an engine that died
                    self._done += self._costs[condition]
                self._bits[condition] = cost
            fraction = self._done / sum(self._costs.values())
        if self._on_progress and not self._result.done():
            self._on_progress(min(1.0, fraction))

    def _on_read(self, future: Future[Any], n_jobs: int) -> None:
        error = CancelledError() if future.cancelled() else future.exception()
        with suppress(InvalidStateError):  # told already, or given up
            if isinstance(error, CancelledError):
                self._result.cancel()
            elif error is not None:
                self._result.set_exception(error)
                self.cancel()
            elif len(self._asked) == n_jobs and all(one.done() for one in self._asked):
                self._result.set_result(self.staircase)
