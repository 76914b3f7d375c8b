"""The screen's end of the wall: starts the model's process, asks it, and starts it again.

Threads, not asyncio, so that the app, plain mode and the command line all use it alike.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from engine import pending, wire
from engine.errors import BitraceError, EngineError, InputError, ModelError
from engine.pending import Pending, Reads, deliver, error_of, fail
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
    TopWords,
)

MOST_DEATHS = 3
"""Deaths on one request after which it is given up."""

_CLOSING_S = 2.0
_THREADS_YIELD = {"GOMP_SPINCOUNT": "1000"}
"""llama.cpp's threads wait for each other at every step. OpenMP has them turn in place for
milliseconds unless told otherwise, and on a machine with something else to do a reading then
lasted a hundred times as long. After so few turns an idle machine reads no slower."""

OnNotice = Callable[[str], None]


class Link:
    """Satisfies `engine.predictor.Predictor` with a real model in a process of its own.

    Args:
        log: file to which the process writes what its libraries say.
        cache: folder for what is remembered about model files.
        on_notice: gets a line for the player when the process died; on another thread.
    """

    def __init__(self, log: Path, cache: Path, on_notice: OnNotice | None = None) -> None:
        self._log = log
        self._cache = cache
        self._on_notice = on_notice
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._pending: dict[int, Pending] = {}
        self._loads: dict[str, tuple[wire.Load, str]] = {}
        """Role → how its model was loaded, and the SHA-256 of its file then."""
        self._lost: dict[str, BitraceError] = {}
        """Role → why what was loaded under it is not there any more."""
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return self._process.pid if self._process else None

    def load(self, loading: Loading, on_progress: OnProgress | None = None) -> Future[Loaded]:
        """See `Predictor.load`."""
        return self._ask(pending.load(next(self._ids), loading, on_progress))

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: OnProgress | None = None
    ) -> Future[Reading]:
        """See `Predictor.read`."""
        return self._ask(pending.read(next(self._ids), job, on_bits, on_progress))

    def top_words(
        self, asking: Asking, on_top: OnTop | None = None, on_progress: OnProgress | None = None
    ) -> Future[dict[int, TopWords]]:
        """See `Predictor.top_words`."""
        return self._ask(pending.top_words(next(self._ids), asking, on_top, on_progress))

    def compare(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """See `Predictor.compare`."""
        return self._ask(pending.compare(next(self._ids), comparison))

    def first_tokens(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """See `Predictor.first_tokens`."""
        return self._ask(pending.first_tokens(next(self._ids), comparison))

    def check_rows(self, role: str) -> Future[bool]:
        """Whether asking for fewer rows changes bits on this backend; it is remembered."""
        return self._ask(pending.check_rows(next(self._ids), role))

    def inspect(self) -> Future[wire.Inspected]:
        """Versions and devices."""
        return self._ask(pending.inspect(next(self._ids)))

    def cancel(self, future: Future[Any]) -> None:
        """See `Predictor.cancel`."""
        with self._lock:
            for number, one in list(self._pending.items()):
                if one.future is future:
                    del self._pending[number]
                    self._send(wire.Cancel(id=number))
        future.cancel()

    def close(self) -> None:
        """See `Predictor.close`."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
            abandoned, self._pending = list(self._pending.values()), {}
        for one in abandoned:
            one.future.cancel()
        if process is None:
            return
        _close(process.stdin)
        try:
            process.wait(_CLOSING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _ask(self, one: Pending) -> Future[Any]:
        try:
            one.request.model_dump_json()
        except ValueError:
            sentence = "A text or file name holds half a character, which no model can be told."
            one.future.set_exception(InputError(sentence))
            return one.future
        with self._lock:
            try:
                if self._closed:
                    raise EngineError("The engine has been closed.")
                if isinstance(one.request, Reads | wire.CheckRows) and (
                    lost := self._lost.get(one.request.role)
                ):
                    raise lost
                if self._process is None:
                    self._start()
            except BitraceError as error:
                one.future.set_exception(error)
                return one.future
            self._pending[one.request.id] = one
            self._send(one.request)
        return one.future

    def _start(self) -> None:
        """Start a process and bring it to where the last one was."""
        command = [sys.executable, "-P", "-m", "engine.worker"]
        command += ["--log", str(self._log), "--cache", str(self._cache)]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is the game's affair
                env={**_THREADS_YIELD, **os.environ},
            )
        except OSError as error:
            raise EngineError(f"The engine cannot be started: {error.strerror}.") from None
        self._process = process
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        repeated: dict[int, Pending] = {}
        for load, _ in self._loads.values():
            request = load.model_copy(update={"id": next(self._ids)})
            repeated[request.id] = pending.load_again(request)
        self._pending = repeated | self._pending
        for one in self._pending.values():
            self._send(one.request)

    def _send(self, request: wire.Request) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        # Where it has died, `_listen` sees the end of its answers and asks again.
        with suppress(OSError):
            process.stdin.write(request.model_dump_json().encode() + b"\n")
            process.stdin.flush()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            # Half a line is what a process leaves that dies while it answers.
            with suppress(ValidationError):
                self._take(wire.ANSWER.validate_json(line))
        process.wait()
        _close(process.stdin)
        self._mourn(process)

    def _take(self, answer: wire.Answer) -> None:
        with self._lock:
            one = self._pending.get(answer.id)
            if one is None:
                return
            failed: list[Pending] = []
            error: BitraceError | None = None
            if not isinstance(answer, wire.Partial):
                del self._pending[answer.id]
                error = self._remember_load(one, answer)
                if error is not None:
                    failed = self._those_of(one.request)
        deliver(one, answer)
        for one in failed:
            fail(one, error or EngineError("The engine failed."))

    def _remember_load(self, one: Pending, answer: wire.Answer) -> BitraceError | None:
        """Keep what is loaded under which role; what is wrong if it is there no more."""
        request = one.request
        if not isinstance(request, wire.Load):
            return None
        known = self._loads.get(request.role)
        if isinstance(answer, wire.IsLoaded):
            if not one.repeated_load:
                self._loads[request.role] = request, answer.sha256
                self._lost.pop(request.role, None)
                return None
            if known is None or known[1] == answer.sha256:
                return None
            error: BitraceError = ModelError(
                f"{request.path} has changed since it was loaded: its bits would not compare."
            )
        elif isinstance(answer, wire.Failed) and one.repeated_load:
            error = error_of(answer)
        else:
            return None
        self._loads.pop(request.role, None)
        self._lost[request.role] = error
        return error

    def _those_of(self, load: wire.Request) -> list[Pending]:
        """Take out what waits for a model that is there no more."""
        role = load.role if isinstance(load, wire.Load) else ""
        waiting = {
            number: one
            for number, one in self._pending.items()
            if isinstance(one.request, Reads | wire.CheckRows) and one.request.role == role
        }
        for number in waiting:
            del self._pending[number]
        return list(waiting.values())

    def _mourn(self, process: subprocess.Popen[bytes]) -> None:
        """The process died: blame the oldest request, start again, repeat the rest.

        Listeners hear of it when the lock is free: they may ask for something at once.
        """
        failed: list[tuple[Pending, EngineError]] = []
        with self._lock:
            if self._process is not process:
                return
            self._process = None
            self._pending = {
                number: one for number, one in self._pending.items() if not one.repeated_load
            }
            if not self._pending:
                return
            number, oldest = next(iter(self._pending.items()))
            oldest = self._pending[number] = replace(oldest, deaths=oldest.deaths + 1)
            if oldest.deaths >= MOST_DEATHS:
                del self._pending[number]
                sentence = f"The engine died {MOST_DEATHS} times on one request."
                failed.append((oldest, EngineError(f"{sentence} Its log: {self._log}")))
            if self._pending:
                try:
                    self._start()
                except EngineError as error:
                    failed += [(one, error) for one in self._pending.values()]
                    self._pending.clear()
        for one, error in failed:
            fail(one, error)
        if not failed and self._on_notice:
            with suppress(Exception):  # a listener's fault must not leave the link deaf
                self._on_notice("The engine stopped unexpectedly; it is being started again.")


def _close(stream: IO[bytes] | None) -> None:
    with suppress(OSError):
        if stream:
            stream.close()
