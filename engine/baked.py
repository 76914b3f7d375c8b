"""The form of a baked reading: what a model has read of a passage before any race on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.predictor import TopWords
from engine.race import Identity

MOST_BITS = 1_000.0
"""Bits that a word can have in a baked reading; no model is so surprised."""


@dataclass(frozen=True, slots=True)
class Six:
    """The six words of the choice mode at one place, read by one model."""

    words: tuple[str, ...]
    """As they are shown, in their order."""
    bits: Mapping[str, tuple[float, ...]]
    """Mind → surprisal of each of them among all words there are, in bits."""


@dataclass(frozen=True, slots=True)
class Baked:
    """What one model has read of one passage."""

    identity: Identity
    bits: Mapping[str, Mapping[int, float]]
    """Mind → word index → surprisal in bits. Instinct and Goldfish are this model's own."""
    tops: Mapping[int, TopWords]
    """Word index → Reader's best words there."""
    stairs: Mapping[str, Mapping[int, float]]
    """Step of the staircase (`memory_0` …) → word index → surprisal in bits."""
    sixes: Mapping[int, Six] = field(default_factory=dict[int, Six])
    """Word index → the six words of the choice mode there, as the seed 0 draws them."""

    def at(self, words: Iterable[int]) -> Baked:
        """What it says about some words alone."""
        wanted = frozenset(words)
        return Baked(
            self.identity,
            {mind: _at(bits, wanted) for mind, bits in self.bits.items()},
            {word: top for word, top in self.tops.items() if word in wanted},
            {step: _at(bits, wanted) for step, bits in self.stairs.items()},
            {word: six for word, six in self.sixes.items() if word in wanted},
        )


def _at(bits: Mapping[int, float], words: frozenset[int]) -> dict[int, float]:
    return {word: cost for word, cost in bits.items() if word in words}
