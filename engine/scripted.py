"""A predictor without a model: bits by a script, for tests and for trying the screens."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeAlias

from engine.errors import BitraceError
from engine.minds import READING_VERSION, Mind
from engine.predictor import Job, Loaded, Loading, OnBits, OnProgress, Reading
from engine.race import Identity
from engine.words import Word, words

Script: TypeAlias = Callable[[Mind, Word], float]


def by_hash(mind: Mind, word: Word) -> float:
    """Bits between 1 and 9 that depend on mind and word alone; more memory costs less."""
    first = hashlib.sha256(f"{word.index}:{word.text}".encode()).digest()[0] / 255
    relief = 0.5 if mind.reads_all else 0.75 if (mind.memory or 0) > 4 else 1.0
    return 1 + 8 * first * relief


class ScriptedPredictor:
    """Satisfies `Predictor`.

    Args:
        script: gives the bits of a word for a mind.
        delay_s: how long each reading takes.
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

    def load(
        self,
        loading: Loading,
        on_progress: OnProgress | None = None,  # noqa: ARG002
    ) -> Future[Loaded]:
        """Nothing is loaded; the identity says that it is a script."""
        name = "scripted"
        identity = Identity(name, loading.path, "0" * 64, "none", READING_VERSION, "script", 0)
        future: Future[Loaded] = Future()
        future.set_result(Loaded(identity, "script", 0, 0))
        return future

    def read(
        self,
        job: Job,
        on_bits: OnBits | None = None,
        on_progress: OnProgress | None = None,  # noqa: ARG002
    ) -> Future[Reading]:
        """The script's bits, after the delay."""
        future: Future[Reading] = Future()
        found = words(job.text[job.before :])
        wanted = range(len(found)) if job.words is None else job.words
        bits = {index: self._script(job.mind, found[index]) for index in wanted}

        def answer() -> None:
            if not future.set_running_or_notify_cancel():
                return
            if self._fault:
                future.set_exception(self._fault)
                return
            if on_bits:
                on_bits(bits)
            total = sum(bits.values()) if job.all_tokens else None
            future.set_result(Reading(bits, len(found), total))

        if self._delay_s:
            timer = threading.Timer(self._delay_s, answer)
            timer.daemon = True
            timer.start()
        else:
            answer()
        return future

    def cancel(self, future: Future[Reading]) -> None:
        """See `Predictor.cancel`."""
        future.cancel()

    def close(self) -> None:
        """Nothing to end."""
