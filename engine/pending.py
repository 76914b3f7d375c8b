"""A request to the model's process that has not been answered, and how its answer is given."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine import errors, wire
from engine.errors import BitraceError, EngineError
from engine.predictor import Loaded, OnBits, OnProgress
from engine.race import Identity


@dataclass(slots=True)
class Pending:
    """A request that has not been answered."""

    request: wire.Load | wire.Read | wire.CheckRows | wire.Inspect
    future: Future[Any]
    convert: Callable[[wire.Answer], Any]
    on_bits: OnBits | None = None
    on_progress: OnProgress | None = None
    deaths: int = 0
    repeated_load: bool = False
    """A load that only brings a new process to where the old one was."""


def deliver(pending: Pending, answer: wire.Answer) -> None:
    """Give an answer to whoever asked."""
    match answer:
        case wire.Bits():
            if pending.on_bits:
                with suppress(Exception):  # a listener's fault must not leave the link deaf
                    pending.on_bits(answer.bits)
        case wire.Progress():
            if pending.on_progress:
                with suppress(Exception):
                    pending.on_progress(answer.fraction)
        case wire.Failed():
            fail(pending, error_of(answer))
        case wire.Cancelled():
            pending.future.cancel()
        case _:
            _resolve(pending, pending.convert(answer))


def loaded(answer: wire.Answer) -> Loaded:
    """What an answer to `Load` says."""
    assert isinstance(answer, wire.IsLoaded)
    identity = Identity(
        answer.model,
        answer.file,
        answer.sha256,
        answer.quantization,
        answer.reading_version,
        answer.backend,
        answer.window,
    )
    return Loaded(identity, answer.place, answer.layers, answer.layers_of)


def error_of(answer: wire.Failed) -> BitraceError:
    """The error that crossed the wire."""
    form = getattr(errors, answer.fault, EngineError)
    return form(answer.message)


def _resolve(pending: Pending, result: object) -> None:
    with suppress(InvalidStateError):  # given up meanwhile, on another thread
        pending.future.set_result(result)


def fail(pending: Pending, error: BitraceError) -> None:
    """Say that it came to nothing, unless it has been given up."""
    with suppress(InvalidStateError):
        pending.future.set_exception(error)
