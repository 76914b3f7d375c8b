"""A reading pace: how far a text has come after some time."""

from __future__ import annotations

from dataclasses import dataclass

from engine.words import words


@dataclass(frozen=True, slots=True)
class Pace:
    """A stretch of text that appears word by word.

    The time it takes depends on what stands before the next target alone, never on the
    target.
    """

    ends: tuple[int, ...]
    """Offset behind each of its words."""
    end: int
    """Where it ends."""
    words_a_minute: int

    def at(self, elapsed_s: float) -> int:
        """The offset up to which the text is there."""
        n = int(elapsed_s * self.words_a_minute / 60) + 1
        return self.ends[n - 1] if n <= len(self.ends) else self.end


def pace(normalized: str, start: int, end: int, words_a_minute: int) -> Pace | None:
    """The pace of a text between two offsets; None where it is there at once."""
    if not words_a_minute:
        return None
    ends = tuple(start + word.end for word in words(normalized[start:end]))
    return Pace(ends, end, words_a_minute)
