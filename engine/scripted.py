"""A predictor without a model: bits by a script, for tests and for trying the screens."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

from engine.errors import BitraceError, EngineError
from engine.minds import READING_VERSION, Mind
from engine.predictor import (
    Asking,
    Comparison,
    Job,
    Loaded,
    Loading,
    OnBits,
    OnProgress,
    OnTop,
    Reading,
    TopWord,
    TopWords,
)
from engine.race import Identity
from engine.words import Word, words

Script: TypeAlias = Callable[[Mind, Word], float]
Answer = TypeVar("Answer")


def by_hash(mind: Mind, word: Word) -> float:
    """Bits between 1 and 9 that depend on mind and word alone; more memory costs less."""
    first = hashlib.sha256(f"{word.index}:{word.text}".encode()).digest()[0] / 255
    relief = 0.5 if mind.reads_all else 0.75 if (mind.memory or 0) > 4 else 1.0
    return 1 + 8 * first * relief


class ScriptedPredictor:
    """Satisfies `Predictor`; answers come in the order of asking, on a thread of its own.

    Args:
        script: gives the bits of a word for a mind.
        delay_s: how long after it was asked for each reading comes.
        fault: what every reading fails with, if anything.
    """

    def __init__(
        self,
        script: Script = by_hash,
        delay_s: float = 0.0,
        fault: BitraceError | None = None,
    ) -> None:
        self._script = script
        self._delay_s = delay_s
        self._fault = fault
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._answer_all, daemon=True).start()
        self._asked: list[Future[Any]] = []
        self._closed = threading.Event()

    def load(
        self,
        loading: Loading,
        on_progress: OnProgress | None = None,
    ) -> Future[Loaded]:
        """Nothing is loaded; the identity says that it is a script."""
        name = "scripted"
        identity = Identity(name, loading.path, "0" * 64, "none", READING_VERSION, "script", 0)
        if on_progress:
            on_progress(1.0)
        future: Future[Loaded] = Future()
        future.set_result(Loaded(identity, "script", 0, 0))
        return future

    def read(
        self,
        job: Job,
        on_bits: OnBits | None = None,
        on_progress: OnProgress | None = None,
    ) -> Future[Reading]:
        """The script's bits, after the delay."""
        return self._later(lambda: self._read(job, on_bits, on_progress))

    def top_words(
        self, asking: Asking, on_top: OnTop | None = None, on_progress: OnProgress | None = None
    ) -> Future[dict[int, TopWords]]:
        """The printed word with the share the script gives it, among those before it."""
        return self._later(lambda: self._top_words(asking, on_top, on_progress))

    def compare(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """The script's bits for each word, had it stood there."""
        return self._later(lambda: self._compare(comparison))

    def first_tokens(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """As if each word were one token: the script's bits below 0."""
        return self._later(
            lambda: {
                index: tuple(-one for one in bits)
                for index, bits in self._compare(comparison).items()
            }
        )

    def _later(self, work: Callable[[], Answer]) -> Future[Answer]:
        due = time.monotonic() + self._delay_s
        future: Future[Answer] = Future()
        self._asked.append(future)

        def answer() -> None:
            self._closed.wait(max(0.0, due - time.monotonic()))
            if not future.set_running_or_notify_cancel():
                return
            try:
                if self._fault:
                    raise self._fault
                future.set_result(work())
            except BitraceError as error:
                future.set_exception(error)

        self._waiting.put(answer)
        return future

    def _answer_all(self) -> None:
        while True:
            self._waiting.get()()

    def _read(
        self, job: Job, on_bits: OnBits | None, on_progress: OnProgress | None
    ) -> Reading:
        found = words(job.text[job.before :])
        wanted = range(len(found)) if job.words is None else job.words
        if not all(0 <= index < len(found) for index in wanted):
            raise EngineError("A word was asked for that the text does not have.")
        bits = {index: self._script(job.mind, found[index]) for index in wanted}
        if on_bits:
            on_bits(bits)
        if on_progress:
            on_progress(1.0)
        return Reading(bits, len(found), sum(bits.values()) if job.all_tokens else None)

    def _top_words(
        self, asking: Asking, on_top: OnTop | None, on_progress: OnProgress | None
    ) -> dict[int, TopWords]:
        found = words(asking.text[asking.before :])
        wanted = (len(found),) if asking.words is None else asking.words
        tops: dict[int, TopWords] = {}
        for done, index in enumerate(wanted, 1):
            # Up to the printed one: what comes behind a place must not show there.
            others = dict.fromkeys(word.text.casefold() for word in found[: index + 1])
            shares = {
                text: 100 * 2 ** -self._script(asking.mind, Word(index, 0, 0, text))
                for text in others
            }
            best = sorted(shares, key=lambda text: (-shares[text], text))
            tops[index] = TopWords(
                tuple(TopWord(text, shares[text]) for text in best[: asking.n_words]),
                certified=True,
                n_decodes=1,
                rank=1 + best.index(found[index].text.casefold()) if asking.words else None,
                rank_certain=True,
            )
            if on_top:
                on_top({index: tops[index]})
            if on_progress:
                on_progress(done / len(wanted))
        return tops

    def _compare(self, comparison: Comparison) -> dict[int, tuple[float, ...]]:
        def bits(index: int, text: str) -> float:
            return self._script(comparison.mind, Word(index, 0, 0, text))

        return {
            index: tuple(bits(index, text) for text in texts)
            for index, texts in comparison.asked.items()
        }

    def cancel(self, future: Future[Any]) -> None:
        """See `Predictor.cancel`."""
        future.cancel()

    def close(self) -> None:
        """See `Predictor.close`."""
        for future in self._asked:
            future.cancel()
        self._closed.set()
