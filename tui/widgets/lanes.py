"""The lanes: everybody's insight so far, on one scale from a zero line."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tui.columns import NAME_WIDTH, fit_name
from tui.views import Lane, signed

_VALUE_WIDTH = 8
_STATE_WIDTH = 11
_LEAST_SCALE = 10.0
"""Bits the lanes span at least, so that the first word does not fill the screen."""


class LanesView(Widget):
    """One row a racer. Negative insight goes left of the zero line."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lanes: Sequence[Lane] = ()

    def show(self, lanes: Sequence[Lane]) -> None:
        """Show other lanes."""
        if lanes != self._lanes:
            self._lanes = lanes
            self.refresh(layout=True)

    def render(self) -> Content:
        """All rows."""
        states = _STATE_WIDTH + 2 if any(lane.state for lane in self._lanes) else 0
        width = max(10, self.content_size.width - NAME_WIDTH - _VALUE_WIDTH - states - 1)
        low = min(0.0, *(lane.insight_bits for lane in self._lanes))
        high = max(_LEAST_SCALE + low, *(lane.insight_bits for lane in self._lanes))
        zero = round(width * -low / (high - low))
        rows = [self._row(lane, width, zero, (high - low) / width) for lane in self._lanes]
        return Content("\n").join(rows)

    def _row(self, lane: Lane, width: int, zero: int, bits_a_cell: float) -> Content:
        before, bar, after = _bar(lane.insight_bits, width, zero, bits_a_cell)
        colour = "$primary" if lane.is_player else "$secondary"
        return Content.assemble(
            fit_name(lane.name).stylize(f"bold {colour}" if lane.is_player else colour),
            " ",
            (before, "$foreground 30%"),
            (bar, colour),
            (after, "$foreground 30%"),
            (f"{signed(lane.insight_bits):>{_VALUE_WIDTH}}", "bold"),
            (f"  {lane.state:<{_STATE_WIDTH}}", "$foreground 60%"),
        )


def _bar(bits: float, width: int, zero: int, bits_a_cell: float) -> tuple[str, str, str]:
    """A bar from the zero line: what stands before it, itself, what stands behind it."""
    halves = round(2 * abs(bits) / bits_a_cell)
    full, half = divmod(halves, 2)
    if bits >= 0:
        full = min(full, width - zero)
        bar = "━" * full + ("╸" if half and full < width - zero else "")
        line = "│" if zero and not bar else ""
        return " " * zero, bar, line + " " * (width - zero - len(bar) - len(line))
    full = min(full, zero)
    bar = ("╺" if half and full < zero else "") + "━" * full
    return " " * (zero - len(bar)), bar, "│" + " " * (width - zero - 1) if zero < width else ""
