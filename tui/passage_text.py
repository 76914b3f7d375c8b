"""A passage cut into pieces for showing: words already revealed, the blank, the rest hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

import regex

from engine.race import Race
from tui.heat import glyph, heat
from tui.literal import clean

BLANK = "▁" * 9
"""Of one width, so that it tells nothing about the word's length."""

Kind: TypeAlias = Literal["text", "blank", "target", "fresh"]

_LINE_BREAK = regex.compile(r"(?<=\S)\n(?=\S)")
_WRAPPED_LINE = 45
"""Characters of the median line from which a text counts as wrapped by hand."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the passage as it is shown, safe for a terminal."""

    text: str
    kind: Kind = "text"
    heat: int = 0
    """For targets: the step on the scale of bits."""
    target: int = -1
    """For targets: which."""


def in_play(
    race: Race, shown: str, fresh: int | None = None, until: int | None = None
) -> list[Piece]:
    """The passage as far as everybody may see it.

    Args:
        race: the race.
        shown: the passage as people see it.
        fresh: a target that has just been revealed, and ends what is shown.
        until: the offset up to which the text before the next target is there, while it
            appears at a reading pace.
    """
    text = reflow(shown, race.setup.targets[0].start)
    end = race.target if fresh is None else fresh + 1
    costs = [
        min(race.score(target, player).bits for player in range(len(race.setup.players)))
        for target in range(end)
    ]
    pieces = _marked(race, text, costs, [glyph(bits) for bits in costs], fresh)
    if fresh is None and race.phase != "finished":
        at = race.setup.targets[race.target].start
        done = race.setup.targets[race.target - 1].end if race.target else 0
        pieces.append(Piece(text[done:at] if until is None else text[done:until]))
        if until is None:
            pieces.append(Piece(BLANK, "blank"))
    return pieces


def in_full(race: Race, shown: str, player: int, rival: str | None) -> list[Piece]:
    """The whole passage of a finished race, each target with two glyphs.

    Args:
        race: a finished race.
        shown: the passage as people see it.
        player: whose bits colour the targets and give the first glyph.
        rival: the mind that gives the second glyph, if any.
    """
    text = reflow(shown, race.setup.targets[0].start)
    costs = [race.score(target, player).bits for target in range(race.target)]
    marks = [
        glyph(bits) + (glyph(race.reveals[target].minds[rival]) if rival else "")
        for target, bits in enumerate(costs)
    ]
    pieces = _marked(race, text, costs, marks, None)
    return [*pieces, Piece(text[race.setup.targets[-1].end :])]


def reflow(shown: str, opening: int | None = None) -> str:
    """A text safe to show, lines that were wrapped by hand joined; of the same length.

    Args:
        shown: the text.
        opening: characters by whose whole lines it is judged; what comes behind them must
            not tell by the look of the lines before it. None for all.
    """
    text = clean(shown, newlines=True)
    whole_lines = text[:opening].split("\n")[: None if opening is None else -1]
    lengths = [len(line) for line in whole_lines if line.strip()]
    if lengths and median(lengths) >= _WRAPPED_LINE:
        return _LINE_BREAK.sub(" ", text)
    return text


def _marked(
    race: Race, text: str, costs: Sequence[float], marks: Sequence[str], fresh: int | None
) -> list[Piece]:
    pieces: list[Piece] = []
    done = 0
    for number, (bits, mark) in enumerate(zip(costs, marks, strict=True)):
        target = race.setup.targets[number]
        kind: Kind = "fresh" if number == fresh else "target"
        pieces.append(Piece(text[done : target.start]))
        word = text[target.start : target.end]
        pieces.append(Piece(word + mark, kind, heat(bits), number))
        done = target.end
    return pieces
