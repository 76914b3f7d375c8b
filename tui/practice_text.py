"""The text of a practice race: the stretches that lead to some earlier targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from engine.setup import Draw, Practised, Target
from engine.targets import as_targets
from engine.words import Text, prepare, words
from tui.choose import Chosen

TITLE = "Practice"
_BEFORE = 90
"""Words that lead to a target, at least, where the text has so many."""
_BETWEEN = "\n\n* * *\n\n"
_SENTENCE = regex.compile(r"(?<=[.!?…][\"'”’)]*)\s+|\n\n")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of an earlier text with one target in it."""

    turn: Practised
    shown: str
    at: int
    """Offset of the target in it."""


def stretch(turn: Practised, text: Text) -> Stretch | None:
    """What leads to a word, from a sentence's beginning, and on to the end of its own.

    Args:
        turn: which word.
        text: the earlier text.

    Returns:
        None where the text has no such word.
    """
    found = words(text.normalized)
    if not 0 <= turn.index < len(found):
        return None
    target = found[turn.index]
    wanted = found[max(0, turn.index - _BEFORE)].start
    breaks = [0, *(match.end() for match in _SENTENCE.finditer(text.shown))]
    start = max(one for one in breaks if one <= wanted)
    end = min((one for one in breaks if one > target.end), default=len(text.shown))
    return Stretch(turn, text.shown[start:end].rstrip(), target.start - start)


def practice_on(stretches: Sequence[Stretch]) -> tuple[Chosen, tuple[Practised, ...]]:
    """A passage made of stretches, and where each of its targets comes from."""
    text = prepare(_BETWEEN.join(one.shown for one in stretches))
    found = {word.start: word for word in words(text.normalized)}
    targets: list[Target] = []
    at = 0
    for one in stretches:
        targets += as_targets([found[at + one.at]])
        at += len(one.shown) + len(_BETWEEN)
    chosen = Chosen(
        title=TITLE,
        text=text,
        targets=tuple(targets),
        draw=Draw("practice", len(targets), 0),
        passage="practice",
    )
    return chosen, tuple(one.turn for one in stretches)
