"""The lanes: everybody's insight so far, on one scale from a zero line."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.racer_rows import (
    RACER_WIDTH,
    colour_of,
    fit_racer,
    importance,
    is_unreal,
    shortlist,
)
from tui.views import Lane, signed

_VALUE_WIDTH = 8
_STATE_WIDTH = 11
_LEAST_SCALE = 10.0
"""Bits the lanes span at least, so that the first word does not fill the screen."""
_BAR, _UNREAL_BAR = "━", "╍"


class LanesView(Widget):
    """One row a racer. Negative insight goes left of the zero line.

    The bars of ghosts and mixtures, who are not there themselves, are broken.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lanes: Sequence[Lane] = ()
        self._n_more = 0

    def show(self, lanes: Sequence[Lane], most: int | None = None) -> None:
        """Show other lanes.

        Args:
            lanes: of everybody.
            most: rows there are for them; None for as many as it takes.
        """
        shown, n_more = shortlist(lanes, most, _rank)
        if (shown, n_more) != (self._lanes, self._n_more):
            self._lanes, self._n_more = shown, n_more
            self.refresh(layout=True)

    def get_content_height(
        self,
        container: Size,  # noqa: ARG002
        viewport: Size,  # noqa: ARG002
        width: int,  # noqa: ARG002
    ) -> int:
        """A row each. What was drawn for another width would wrap, and is not asked."""
        return len(self._lanes) + bool(self._n_more)

    def render(self) -> Content:
        """All rows."""
        states = _STATE_WIDTH + 2 if any(lane.state for lane in self._lanes) else 0
        width = max(10, self.content_size.width - RACER_WIDTH - _VALUE_WIDTH - states)
        insights = [lane.insight_bits for lane in self._lanes]
        low = min(0.0, *insights, 0.0)
        high = max(_LEAST_SCALE + low, *insights, 0.0)
        zero = min(width - 1, round(width * -low / (high - low)))
        rows = [self._row(lane, width, zero, (high - low) / width) for lane in self._lanes]
        if self._n_more:
            rows.append(Content.styled(f"+{self._n_more} more", "$foreground 60%"))
        return Content("\n").join(rows)

    def _row(self, lane: Lane, width: int, zero: int, bits_a_cell: float) -> Content:
        before, bar, after = _bar(lane.insight_bits, width, zero, bits_a_cell)
        if is_unreal(lane.kind):
            bar = bar.replace(_BAR, _UNREAL_BAR)
        return Content.assemble(
            fit_racer(lane.name, lane.kind),
            (before, "$foreground 30%"),
            (bar, colour_of(lane.kind)),
            (after, "$foreground 30%"),
            (f"{signed(lane.insight_bits):>{_VALUE_WIDTH}}", "bold"),
            (f"  {lane.state:<{_STATE_WIDTH}}", "$foreground 60%"),
        )


def _rank(lane: Lane) -> tuple[int, float]:
    return importance(lane.name, lane.kind), -lane.insight_bits


def _bar(bits: float, width: int, zero: int, bits_a_cell: float) -> tuple[str, str, str]:
    """A bar from the zero line: what stands before it, itself, what stands behind it."""
    halves = round(2 * abs(bits) / bits_a_cell)
    full, half = divmod(halves, 2)
    if bits >= 0:
        full = min(full, width - zero)
        bar = _BAR * full + ("╸" if half and full < width - zero else "")
        line = "│" if zero and not bar else ""
        return " " * zero, bar, line + " " * (width - zero - len(bar) - len(line))
    full = min(full, zero)
    bar = ("╺" if half and full < zero else "") + _BAR * full
    return " " * (zero - len(bar)), bar, "│" + " " * (width - zero - 1) if zero < width else ""
