"""Requests to the model's process: how each is asked, and how its answer is given."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine import errors, wire
from engine.errors import BitraceError, EngineError
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
from engine.word_bits import WordBits

Reads = wire.Read | wire.TopWords | wire.Compare | wire.FirstTokens
"""Requests that need a loaded model and give up with it."""


@dataclass(slots=True)
class Pending:
    """A request that has not been answered."""

    request: wire.Load | Reads | wire.CheckRows | wire.Inspect
    future: Future[Any]
    convert: Callable[[wire.Answer], Any]
    on_bits: OnBits | None = None
    on_top: OnTop | None = None
    on_progress: OnProgress | None = None
    deaths: int = 0
    repeated_load: bool = False
    """A load that only brings a new process to where the old one was."""


def load(number: int, loading: Loading, on_progress: OnProgress | None) -> Pending:
    """Ask for a model."""
    request = wire.Load(
        id=number, role=loading.role, path=loading.path, gpu_layers=loading.gpu_layers
    )
    return Pending(request, Future(), _loaded, on_progress=on_progress)


def load_again(request: wire.Load) -> Pending:
    """Bring a new process to where the old one was."""
    return Pending(request, Future(), _loaded, repeated_load=True)


def read(
    number: int, job: Job, on_bits: OnBits | None, on_progress: OnProgress | None
) -> Pending:
    """Ask for bits."""
    request = wire.Read(
        id=number,
        role=job.role,
        memory=job.mind.memory,
        text=job.text,
        before=job.before,
        words=None if job.words is None else list(job.words),
        all_tokens=job.all_tokens,
    )
    bits = WordBits() if job.words is None else dict[int, float]()

    def collect(more: dict[int, float]) -> None:
        bits.update(more)
        if on_bits:
            on_bits(more)

    def convert(answer: wire.Answer) -> Reading:
        assert isinstance(answer, wire.HasRead)
        return Reading(bits, answer.n_tokens, answer.token_bits)

    return Pending(request, Future(), convert, collect, on_progress=on_progress)


def top_words(
    number: int, asking: Asking, on_top: OnTop | None, on_progress: OnProgress | None
) -> Pending:
    """Ask for top words."""
    request = wire.TopWords(
        id=number,
        role=asking.role,
        memory=asking.mind.memory,
        text=asking.text,
        before=asking.before,
        words=None if asking.words is None else list(asking.words),
        n_words=asking.n_words,
        most_decodes=asking.most_decodes,
    )
    tops: dict[int, TopWords] = {}

    def collect(more: dict[int, TopWords]) -> None:
        tops.update(more)
        if on_top:
            on_top(more)

    return Pending(
        request, Future(), lambda _answer: tops, on_top=collect, on_progress=on_progress
    )


def compare(number: int, comparison: Comparison) -> Pending:
    """Ask for bits of other words."""
    request = wire.Compare(
        id=number,
        role=comparison.role,
        memory=comparison.mind.memory,
        text=comparison.text,
        before=comparison.before,
        asked={index: list(words) for index, words in comparison.asked.items()},
    )

    def convert(answer: wire.Answer) -> dict[int, tuple[float, ...]]:
        assert isinstance(answer, wire.Compared)
        return {index: tuple(bits) for index, bits in answer.bits.items()}

    return Pending(request, Future(), convert)


def first_tokens(number: int, comparison: Comparison) -> Pending:
    """Ask how probable the first tokens of other words are."""
    request = wire.FirstTokens(
        id=number,
        role=comparison.role,
        memory=comparison.mind.memory,
        text=comparison.text,
        before=comparison.before,
        asked={index: list(words) for index, words in comparison.asked.items()},
    )

    def convert(answer: wire.Answer) -> dict[int, tuple[float, ...]]:
        assert isinstance(answer, wire.HasFirstTokens)
        return {index: tuple(log2) for index, log2 in answer.log2.items()}

    return Pending(request, Future(), convert)


def check_rows(number: int, role: str) -> Pending:
    """Ask whether fewer rows change bits."""

    def convert(answer: wire.Answer) -> bool:
        assert isinstance(answer, wire.HasChecked)
        return answer.rows_matter

    return Pending(wire.CheckRows(id=number, role=role), Future(), convert)


def inspect(number: int) -> Pending:
    """Ask for versions and devices."""

    def convert(answer: wire.Answer) -> wire.Inspected:
        assert isinstance(answer, wire.Inspected)
        return answer

    return Pending(wire.Inspect(id=number), Future(), convert)


def deliver(pending: Pending, answer: wire.Answer) -> None:
    """Give an answer to whoever asked."""
    match answer:
        case wire.Bits():
            if pending.on_bits:
                with suppress(Exception):  # a listener's fault must not leave the link deaf
                    pending.on_bits(answer.bits)
        case wire.Tops():
            if pending.on_top:
                with suppress(Exception):
                    pending.on_top({index: _top(top) for index, top in answer.tops.items()})
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


def _loaded(answer: wire.Answer) -> Loaded:
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


def _top(told: wire.TopList) -> TopWords:
    words = tuple(map(TopWord, told.words, told.percents))
    return TopWords(words, told.certified, told.n_decodes, told.rank, told.rank_certain)


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
