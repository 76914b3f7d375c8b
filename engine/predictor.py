"""What the game asks of whatever predicts: the link to the model's process, or a script.

Standard library only, so that screens can know it without loading anything heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

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

    bits: Mapping[int, float]
    """Word index → surprisal in bits."""
    n_tokens: int
    token_bits: float | None
    """Plain sum over all tokens of the text, where it was asked for."""


MOST_DECODES = 8
"""How often the model is asked for the top words of one place, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Places at which a mind is asked for its most probable words."""

    role: str
    mind: Mind
    text: str
    """As in `Job`; for the place behind its end, with the separator before the next word."""
    before: int = 0
    words: tuple[int, ...] | None = None
    """Indices of the printed words at whose places is asked; None for behind the end, which
    goes by the index that the next word would have."""
    n_words: int = 5
    most_decodes: int = MOST_DECODES


@dataclass(frozen=True, slots=True)
class TopWord:
    """A word and what stood on it."""

    word: str
    """Of forms that differ only in case, the most probable."""
    percent: float
    """Of all words that could come here (0 to 100)."""


@dataclass(frozen=True, slots=True)
class TopWords:
    """The most probable words at a place, best first."""

    words: tuple[TopWord, ...]
    certified: bool
    """No other word is more probable than any of these."""
    n_decodes: int
    """How often the model was asked, what leads up to the place not counted."""
    rank: int | None = None
    """The place of the printed word among all words, from 1, where there is one."""
    rank_certain: bool = False
    """The rank is counted, not estimated from first tokens."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Words to be tried at places of a text, read by one mind."""

    role: str
    mind: Mind
    text: str
    """As in `Job`."""
    asked: Mapping[int, tuple[str, ...]]
    """Word index → words in its place. Bits compare among these alone: put the printed word
    among them where it matters."""
    before: int = 0


LEAST_LOG2 = -1074.0
"""log2 of the least probability that a float can hold. It stands for no probability at all,
since infinity cannot be told from process to process."""

OnTop: TypeAlias = Callable[[dict[int, TopWords]], None]


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

    def top_words(
        self, asking: Asking, on_top: OnTop | None = None, on_progress: OnProgress | None = None
    ) -> Future[dict[int, TopWords]]:
        """A mind's most probable words by word index; `on_top` gets them place by place."""
        ...

    def compare(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """Bits of any words at places, by word index, in the order of asking."""
        ...

    def first_tokens(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        """log2 probability of each word's first token at places, by word index, in the order
        of asking; from `LEAST_LOG2`, also for what the vocabulary cannot spell, to 0.

        One decode a place, however many words: an order, not a score.
        """
        ...

    def cancel(self, future: Future[Any]) -> None:
        """Give a job up; its late answers are dropped."""
        ...

    def close(self) -> None:
        """End all work."""
        ...
