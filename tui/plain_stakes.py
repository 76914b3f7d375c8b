"""Stakes on six words, as they are typed in plain mode."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bets import without_accents
from engine.choice import EVEN, LEAST_STAKE, raised, staked
from engine.errors import SlipError
from engine.words import fold

FORMS = (
    "six stakes that make 100, numbers to push ten points each (3 3 5), or words with percents "
    "(harbour 60)"
)
"""What can be typed."""
_LONGEST_NUMBER = 9
"""Digits; no stake has more, and Python refuses thousands of them."""
_MOST_PUSHES = 50
"""Far more than there are points to move."""


def read_stakes(line: str, six: Sequence[str]) -> tuple[int, ...]:
    """Stakes of a typed line, in percent, in the order of the words; of an empty one, even.

    `40 20 10 10 10 10` are the stakes themselves; `3 3 5`, or `335`, are keys that push ten
    points each; after `harbour 60` the other words share the rest.

    Raises:
        SlipError: it is none of these, or not six whole percents that make 100.
    """
    parts = [part.removesuffix("%") for part in line.replace(",", " ").split()]
    parts = [part for part in parts if part]
    if not parts:
        return EVEN
    if not all(part.isascii() and part.isdigit() for part in parts):
        return _named(parts, six)
    if any(len(part) > _LONGEST_NUMBER for part in parts) and len(parts) > 1:
        raise SlipError("a stake is a whole percent")
    if len(parts) == len(six):
        stakes = tuple(int(part) for part in parts)
        if sum(stakes) == 100 or any(len(part) > 1 for part in parts):
            staked(six, stakes)
            return stakes
    return _pushed(parts, six)


def _pushed(parts: Sequence[str], six: Sequence[str]) -> tuple[int, ...]:
    keys = parts[0] if len(parts) == 1 else parts
    if len(keys) > _MOST_PUSHES:
        raise SlipError(f"more than {_MOST_PUSHES} numbers to push")
    stakes = EVEN
    for key in keys:
        if len(key) > 1 or not 1 <= int(key) <= len(six):
            raise SlipError(f"{key} is none of the words 1 to {len(six)}")
        stakes = raised(stakes, int(key) - 1)
    return stakes


def _named(parts: Sequence[str], six: Sequence[str]) -> tuple[int, ...]:
    forms = [fold(word) for word in six]
    places = {without_accents(form): place for place, form in enumerate(forms)}
    places |= {form: place for place, form in enumerate(forms)}
    stakes: dict[int, int] = {}
    words, percents = parts[::2], parts[1::2]
    for word, percent in zip(words, [*percents, ""], strict=False):
        if (place := places.get(fold(word))) is None:
            raise SlipError(f"{word} is none of the six words")
        if not (percent.isascii() and percent.isdigit() and len(percent) <= _LONGEST_NUMBER):
            raise SlipError(f"a whole percent comes after {word}: {word} 60")
        if place in stakes:
            raise SlipError("the same word twice")
        stakes[place] = int(percent)
    return _filled_up(stakes, six)


def _filled_up(stakes: dict[int, int], six: Sequence[str]) -> tuple[int, ...]:
    """Stakes on some words; the others share what is left."""
    others = [place for place in range(len(six)) if place not in stakes]
    left = 100 - sum(stakes.values())
    if others and left < LEAST_STAKE * len(others):
        most = 100 - LEAST_STAKE * len(others)
        raise SlipError(
            f"stakes add up to {100 - left}: at most {most}, so that each other word keeps "
            f"{LEAST_STAKE}"
        )
    for number, place in enumerate(others):
        share, more = divmod(left, len(others))
        stakes[place] = share + (number < more)
    filled = tuple(stakes[place] for place in range(len(six)))
    staked(six, filled)
    return filled
