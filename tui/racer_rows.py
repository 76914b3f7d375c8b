"""Rows of racers: how a name stands in one, and who is shown where there is no room for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from textual.content import Content

from engine.minds import READER
from engine.racers import Kind
from tui.columns import NAME_WIDTH, fit_name

One = TypeVar("One")

RACER_WIDTH = NAME_WIDTH + 1
_UNREAL_MARK = "·"


def is_unreal(kind: Kind) -> bool:
    """Whether a racer is not there itself: a ghost or a mixture."""
    return kind in ("ghost", "mixture")


def colour_of(kind: Kind) -> str:
    """In what a racer is shown; never the only thing that tells it from others."""
    return "$primary" if kind == "player" else "$secondary"


def fit_racer(name: str, kind: Kind, cells: int = NAME_WIDTH) -> Content:
    """A racer's name in exactly so many cells and one more: bold for players; slanted, with
    a point behind it, for who is not there itself.

    Args:
        name: safe to show.
        kind: of racer.
        cells: width of the column of names.
    """
    weight = {"player": "bold ", "ghost": "italic ", "mixture": "italic "}.get(kind, "")
    mark = _UNREAL_MARK if is_unreal(kind) else " "
    fitted = fit_name(name, cells).stylize(weight + colour_of(kind))
    return Content.assemble(fitted, (mark, "$foreground 60%"))


def importance(name: str, kind: Kind) -> int:
    """Who is shown first where there is no room for all: players, then Reader."""
    if kind == "player":
        return 0
    return 1 if (name, kind) == (READER.name, "mind") else 2


def shortlist(
    everybody: Sequence[One], most: int | None, rank: Callable[[One], Any]
) -> tuple[list[One], int]:
    """Those with the least ranks, in their order, and how many were left out.

    Args:
        everybody: in the order in which they are shown.
        most: rows there are, the one included that says how many more there are; None for
            any number.
        rank: what is compared.
    """
    if most is None or len(everybody) <= most:
        return list(everybody), 0
    places = sorted(range(len(everybody)), key=lambda place: rank(everybody[place]))
    kept = sorted(places[: max(1, most - 1)])
    return [everybody[place] for place in kept], len(everybody) - len(kept)
