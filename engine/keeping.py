"""A predictor that answers from kept readings what it can, and asks another for the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from engine.errors import BitraceError, EngineError, ModelError
from engine.identities import Identities, identity_name
from engine.kept import NOTHING, Kept, Key
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
from engine.words import sha256, words

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
        self._identities = Identities(cache)
        self._lazy = lazy
        self._closed = False
        self._lock = threading.Lock()
        self._asked: dict[Future[Any], Future[Any]] = {}
        """What was handed out → what it waits for, in the order of asking."""
        # Of the thread below alone, as the order of asking makes them:
        self._loads: dict[str, Future[Loaded]] = {}
        """Role → its model, or why it cannot be used."""
        self._put_off: dict[str, tuple[Loading, OnProgress | None]] = {}
        """Role → what is loaded once it is needed."""
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        # One thread, so that what is asked is asked in its order.
        threading.Thread(target=self._work, daemon=True).start()

    def load(self, loading: Loading, on_progress: OnProgress | None = None) -> Future[Loaded]:
        """See `Predictor.load`; a model known from before may be loaded later, or never."""
        return self._later(lambda given: self._load(given, loading, on_progress))

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: OnProgress | None = None
    ) -> Future[Reading]:
        """See `Predictor.read`."""
        return self._later(lambda given: self._read(given, job, on_bits, on_progress))

    def top_words(
        self, asking: Asking, on_top: OnTop | None = None, on_progress: OnProgress | None = None
    ) -> Future[dict[int, TopWords]]:
        """See `Predictor.top_words`."""
        return self._ask(asking.role, lambda made: made.top_words(asking, on_top, on_progress))

    def compare(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """See `Predictor.compare`."""
        return self._ask(comparison.role, lambda made: made.compare(comparison))

    def first_tokens(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """See `Predictor.first_tokens`."""
        return self._ask(comparison.role, lambda made: made.first_tokens(comparison))

    def cancel(self, future: Future[Any]) -> None:
        """See `Predictor.cancel`."""
        future.cancel()
        with self._lock:
            inner, made = self._asked.pop(future, None), self._made
        if inner is not None and made is not None:
            made.cancel(inner)

    def close(self) -> None:
        """See `Predictor.close`."""
        with self._lock:
            self._closed = True
            made = self._made
        if made is not None:
            made.close()

    @property
    def _predictor(self) -> Predictor:
        with self._lock:
            if self._closed:
                raise CancelledError
            if self._made is None:
                self._made = self._make()
            return self._made

    def _ask(self, role: str, ask: Callable[[Predictor], Future[Answer]]) -> Future[Answer]:
        """Have something asked that is never kept, of a model that is there."""

        def take_turn(given: Future[Any]) -> None:
            self._have_loaded(role)
            self._pass_on(given, ask(self._predictor))

        return self._later(take_turn)

    def _later(self, ask: Callable[[Future[Any]], None]) -> Future[Any]:
        """Have something asked when its turn comes."""
        given: Future[Any] = Future()
        if self._closed:
            given.set_exception(EngineError("The engine has been closed."))
            return given

        def take_turn() -> None:
            if self._closed or given.cancelled():
                given.cancel()
                return
            try:
                ask(given)
            except Exception as error:
                _fail(given, error)

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
            try:
                _settle(given.set_result, change(done.result()))
            except Exception as error:
                _fail(given, error)
            with self._lock:
                self._asked.pop(given, None)

        inner.add_done_callback(answer)

    def _answer(self, given: Future[Answer], answer: Answer) -> None:
        """Give an answer that is there already, once all asked before it have been given."""
        with self._lock:
            earlier = list(self._asked)

        def in_turn(_done: object = None) -> None:
            while earlier and earlier[-1].done():
                earlier.pop()
            if earlier:
                earlier[-1].add_done_callback(in_turn)
            else:
                _settle(given.set_result, answer)

        in_turn()

    def _load(
        self, given: Future[Loaded], loading: Loading, on_progress: OnProgress | None
    ) -> None:
        name = identity_name(loading)
        self._put_off.pop(loading.role, None)
        if self._lazy and (known := self._identities.get(name)) is not None:
            self._put_off[loading.role] = loading, on_progress
            self._loads[loading.role] = Future()
            self._loads[loading.role].set_result(known)
            self._answer(given, known)
            return
        self._loads[loading.role] = given

        def remember(loaded: Loaded) -> Loaded:
            self._identities.put(name, loading, loaded)
            return loaded

        self._pass_on(given, self._predictor.load(loading, on_progress), remember)

    def _read(
        self,
        given: Future[Reading],
        job: Job,
        on_bits: OnBits | None,
        on_progress: OnProgress | None,
    ) -> None:
        found = self._key(job)
        if found is None:
            self._pass_on(given, self._predictor.read(job, on_bits, on_progress))
            return
        key, n_words = found
        entry = self._kept.get(key, n_words) or NOTHING
        known, missing = entry.of(job.words), entry.missing(job.words)
        lacks_tokens = job.all_tokens and entry.token_bits is None
        if lacks_tokens:  # then all has to be read, whatever is known
            known, missing = dict[int, float](), job.words
        if known and on_bits:
            _tell(on_bits, dict(known))
        if missing == () and not lacks_tokens:
            _tell(on_progress, 1.0)
            token_bits = entry.token_bits if job.all_tokens else None
            self._answer(given, Reading(known, entry.n_tokens, token_bits))
            return
        self._have_loaded(job.role)
        asked = self._predictor.read(replace(job, words=missing), on_bits, on_progress)

        def keep(reading: Reading) -> Reading:
            whole = missing is None and len(reading.bits) == n_words
            # What else has been read of this text meanwhile is kept too.
            newest = self._kept.get(key, n_words) or entry
            self._kept.put(key, newest.with_more(reading, whole))
            return replace(reading, bits={**known, **reading.bits}) if known else reading

        self._pass_on(given, asked, keep)

    def _key(self, job: Job) -> tuple[Key, int] | None:
        """Under what a job's reading is kept, and how many words its text has; None where it
        cannot be kept.

        Raises:
            BitraceError: the model could not be loaded.
        """
        if job.role not in self._loads:
            return None
        loaded = self._loads[job.role].result()
        passage = job.text[job.before :]
        try:
            key = Key(
                before_sha256=sha256(job.text[: job.before] if job.mind.reads_all else ""),
                text_sha256=sha256(passage),
                model_sha256=loaded.identity.sha256,
                memory=job.mind.memory,
                window=loaded.identity.window,
                reading_version=loaded.identity.reading_version,
                # Layers left to the CPU round as they do there.
                backend=f"{loaded.identity.backend}; {loaded.place}",
            )
        except UnicodeEncodeError:
            return None
        return key, len(words(passage))

    def _have_loaded(self, role: str) -> None:
        """See to it that a model is there, if one was asked for.

        Raises:
            BitraceError: it cannot be loaded, or is not what it was; later askers hear it too.
        """
        if role not in self._put_off:
            if role in self._loads:
                self._loads[role].result()
            return
        loading, on_progress = self._put_off.pop(role)
        before = self._loads[role].result()
        self._loads[role] = Future()
        try:
            name = identity_name(loading)
            now = self._predictor.load(loading, on_progress).result()
            self._identities.put(name, loading, now)
            if (now.identity, now.place) != (before.identity, before.place):
                raise ModelError(f"{loading.path} is read in another way now: try once more.")
        except Exception as error:
            _fail(self._loads[role], error)
            raise
        self._loads[role].set_result(now)


def _tell(listener: Callable[[Any], None] | None, what: object) -> None:
    if listener:
        with suppress(Exception):  # a listener's fault must not cost the reading
            listener(what)


def _fail(given: Future[Any], error: Exception) -> None:
    if isinstance(error, CancelledError):
        given.cancel()
    elif isinstance(error, BitraceError):
        _settle(given.set_exception, error)
    else:
        _settle(given.set_exception, EngineError(f"The engine failed: {error!r}."))


def _settle(how: Callable[[Any], None], what: object) -> None:
    with suppress(InvalidStateError):  # given up meanwhile, on another thread
        how(what)
