"""A predictor that answers from kept readings what it can, and asks another for the rest."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from engine.errors import BitraceError, EngineError, ModelError
from engine.fingerprint import cpu_build
from engine.kept import NOTHING, Kept, Key
from engine.minds import READING_VERSION
from engine.predictor import (
    Asking,
    Comparison,
    Job,
    Loaded,
    Loading,
    OnBits,
    OnProgress,
    OnTop,
    Predictor,
    Reading,
    TopWords,
)
from engine.race import Identity
from engine.remembered import Remembered, file_key
from engine.words import sha256

Answer = TypeVar("Answer")


class Keeping:
    """Satisfies `Predictor`; callbacks come on a thread of its own or of the one it asks.

    Args:
        make: makes who is asked for what is not kept, when it is first needed.
        cache: folder for readings, and for what is remembered of models.
        lazy: load a model only when something has to be read that is not kept.
    """

    def __init__(self, make: Callable[[], Predictor], cache: Path, lazy: bool = False) -> None:
        self._make = make
        self._made: Predictor | None = None
        self._kept = Kept(cache / "readings")
        self._identities = Remembered(cache / "identities.json")
        self._lazy = lazy
        self._lock = threading.Lock()
        self._asked: dict[Future[Any], Future[Any]] = {}
        """What was handed out → what it waits for."""
        self._loads: dict[str, Future[Loaded]] = {}
        self._put_off: dict[str, tuple[Loading, OnProgress | None]] = {}
        """Role → what is loaded once it is needed."""
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        # One thread, so that what is asked is asked in its order.
        threading.Thread(target=self._work, daemon=True).start()

    def load(self, loading: Loading, on_progress: OnProgress | None = None) -> Future[Loaded]:
        """See `Predictor.load`; a model known from before may be loaded later, or never."""
        name = _identity_name(loading)
        future: Future[Loaded]
        if self._lazy and (known := self._remembered(name)) is not None:
            future = Future()
            future.set_result(known)
            self._put_off[loading.role] = loading, on_progress
        else:
            self._put_off.pop(loading.role, None)
            future = self._predictor.load(loading, on_progress)
            future.add_done_callback(lambda done: self._remember(name, done))
        self._loads[loading.role] = future
        return future

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: OnProgress | None = None
    ) -> Future[Reading]:
        """See `Predictor.read`."""
        return self._later(lambda given: self._read(given, job, on_bits, on_progress))

    def top_words(
        self, asking: Asking, on_top: OnTop | None = None, on_progress: OnProgress | None = None
    ) -> Future[dict[int, TopWords]]:
        """See `Predictor.top_words`."""

        def ask(given: Future[Any]) -> None:
            self._load_now(asking.role)
            self._pass_on(given, self._predictor.top_words(asking, on_top, on_progress))

        return self._later(ask)

    def compare(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """See `Predictor.compare`."""

        def ask(given: Future[Any]) -> None:
            self._load_now(comparison.role)
            self._pass_on(given, self._predictor.compare(comparison))

        return self._later(ask)

    def cancel(self, future: Future[Any]) -> None:
        """See `Predictor.cancel`."""
        future.cancel()
        with self._lock:
            inner = self._asked.pop(future, None)
        if inner is not None:
            self._predictor.cancel(inner)

    def close(self) -> None:
        """See `Predictor.close`."""
        with self._lock:
            made, self._make = self._made, _closed
        if made is not None:
            made.close()

    @property
    def _predictor(self) -> Predictor:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _later(self, ask: Callable[[Future[Any]], None]) -> Future[Any]:
        """Have something asked when its turn comes."""
        given: Future[Any] = Future()

        def take_turn() -> None:
            if given.cancelled():
                return
            try:
                ask(given)
            except BitraceError as error:
                _settle(given.set_exception, error)
            except Exception as error:
                _settle(given.set_exception, EngineError(f"The engine failed: {error!r}."))

        self._waiting.put(take_turn)
        return given

    def _work(self) -> None:
        while True:
            self._waiting.get()()

    def _pass_on(
        self,
        given: Future[Answer],
        inner: Future[Answer],
        change: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> None:
        """Give an answer on when it comes, and a cancellation back."""
        with self._lock:
            self._asked[given] = inner
        if given.cancelled():
            self.cancel(given)

        def answer(done: Future[Answer]) -> None:
            with self._lock:
                self._asked.pop(given, None)
            if done.cancelled():
                given.cancel()
            elif (error := done.exception()) is not None:
                _settle(given.set_exception, error)
            else:
                _settle(given.set_result, change(done.result()))

        inner.add_done_callback(answer)

    def _read(
        self,
        given: Future[Reading],
        job: Job,
        on_bits: OnBits | None,
        on_progress: OnProgress | None,
    ) -> None:
        key = self._key(job)
        if key is None:
            self._pass_on(given, self._predictor.read(job, on_bits, on_progress))
            return
        entry = self._kept.get(key) or NOTHING
        known = entry.of(job.words)
        if known and on_bits:
            on_bits(dict(known))
        missing = entry.missing(job.words, job.all_tokens)
        if missing == ():
            if on_progress:
                on_progress(1.0)
            token_bits = entry.token_bits if job.all_tokens else None
            _settle(given.set_result, Reading(known, entry.n_tokens, token_bits))
            return
        self._load_now(job.role)
        asked = self._predictor.read(replace(job, words=missing), on_bits, on_progress)

        def keep(reading: Reading) -> Reading:
            self._kept.put(key, entry.with_more(reading, missing is None))
            if missing is None:
                return reading
            return replace(reading, bits={**known, **reading.bits})

        self._pass_on(given, asked, keep)

    def _key(self, job: Job) -> Key | None:
        """Under what a job's reading is kept; None where it cannot be, as without a model."""
        try:
            identity = self._loads[job.role].result().identity
            return Key(
                before_sha256=sha256(job.text[: job.before] if job.mind.reads_all else ""),
                text_sha256=sha256(job.text[job.before :]),
                model_sha256=identity.sha256,
                memory=job.mind.memory,
                window=identity.window,
                reading_version=identity.reading_version,
                backend=identity.backend,
            )
        except (KeyError, BitraceError, CancelledError, UnicodeEncodeError):
            return None

    def _load_now(self, role: str) -> None:
        """Load a model that was put off.

        Raises:
            BitraceError: it cannot be loaded, or is not what it was.
        """
        if role not in self._put_off:
            return
        loading, on_progress = self._put_off.pop(role)
        future = self._predictor.load(loading, on_progress)
        future.add_done_callback(lambda done: self._remember(_identity_name(loading), done))
        now, before = future.result(), self._loads[role].result()
        if now.identity != before.identity:
            raise ModelError(f"{loading.path} is read in another way now: try once more.")

    def _remembered(self, name: str | None) -> Loaded | None:
        """A model as it was when it was last loaded."""
        if name is None or (told := self._identities.get(name)) is None:
            return None
        try:
            fields = json.loads(told)
            loaded = Loaded(Identity(**fields.pop("identity")), **fields)
            if loaded.identity.reading_version != READING_VERSION:
                return None
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return loaded

    def _remember(self, name: str | None, future: Future[Loaded]) -> None:
        if name is None or future.cancelled() or future.exception() is not None:
            return
        told = json.dumps(asdict(future.result()))
        if self._identities.get(name) != told:
            self._identities.put(name, told)


def _closed() -> Predictor:
    raise EngineError("The engine has been closed.")


def _identity_name(loading: Loading) -> str | None:
    """Under what a model's identity is remembered; None where only loading can tell it."""
    build = cpu_build()
    if build is None:
        return None
    try:
        return f"{build}:{loading.gpu_layers}:{file_key(Path(loading.path))}"
    except (OSError, ValueError):
        return None


def _settle(how: Callable[[Any], None], what: object) -> None:
    with suppress(InvalidStateError):  # given up meanwhile, on another thread
        how(what)
