"""What the game asks of whatever predicts: the link to the model's process, or a script.

Standard library only, so that screens can know it without loading anything heavy.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from engine.minds import Mind
from engine.race import Identity

OnBits: TypeAlias = Callable[[dict[int, float]], None]
OnProgress: TypeAlias = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Loading:
    """A model to be loaded."""

    role: str
    """What jobs call it."""
    path: str
    gpu_layers: int = -1
    """Layers to offload to a GPU; -1 for all, wherever the build can."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that has been loaded."""

    identity: Identity
    place: str
    """Where it runs, for people: `CPU`, or `CUDA0 33/33 layers`."""
    layers: int
    layers_of: int


@dataclass(frozen=True, slots=True)
class Job:
    """A text to be read by one mind."""

    role: str
    """Which loaded model reads."""
    mind: Mind
    text: str
    """Normalized, with what comes before the passage if the mind reads that."""
    before: int = 0
    """Characters of `text` before the passage."""
    words: tuple[int, ...] | None = None
    """Indices among the words of the passage; None for all of them."""
    all_tokens: bool = False
    """Also add up the bits of all tokens."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a job found."""

    bits: dict[int, float]
    """Word index → surprisal in bits."""
    n_tokens: int
    token_bits: float | None
    """Plain sum over all tokens of the text, where it was asked for."""


class Predictor(Protocol):
    """Answers come through futures, in the order of asking; callbacks run on other threads.

    A future fails with a `BitraceError`.
    """

    def load(self, loading: Loading, on_progress: OnProgress | None = None) -> Future[Loaded]:
        """Load a model; `on_progress` gets fractions from 0 to 1."""
        ...

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: OnProgress | None = None
    ) -> Future[Reading]:
        """Read a text; `on_bits` gets words as they are scored."""
        ...

    def cancel(self, future: Future[Reading]) -> None:
        """Give a reading up; its late answers are dropped."""
        ...

    def close(self) -> None:
        """End all work."""
        ...
