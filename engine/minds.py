"""Ways of remembering: which part of the text a mind conditions on."""

from __future__ import annotations

from dataclasses import dataclass

READING_VERSION = 1
"""Rises whenever a change to `canonical`, to `surprisal`, to a mind's memory or to what a word
is can change a bit that was given out before."""


@dataclass(frozen=True, slots=True)
class Mind:
    """A way of remembering; together with a model it is a racer."""

    key: str
    """As in cards and readings."""
    name: str
    """As on the screen."""
    memory: int | None
    """How many words before the target it conditions on; None for all there are."""

    @property
    def reads_all(self) -> bool:
        """Whether it conditions on all that came before, the primer included."""
        return self.memory is None


def short_memory(words: int) -> Mind:
    """A mind that conditions on the last `words` words and on nothing before the passage."""
    return Mind(f"memory_{words}", f"{words} words", words)


READER = Mind("reader", "Reader", None)
GOLDFISH = Mind("goldfish", "Goldfish", 12)
INSTINCT = Mind("instinct", "Instinct", 4)

OPPONENTS = (GOLDFISH, READER)
"""Whom a player races at first, the weaker one first."""
