"""The reveal: what everybody had on the word, as bars on one scale of bits."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.commands import bindings
from tui.heat import GLYPHS, heat, percent
from tui.literal import content
from tui.messages import WentOn
from tui.racer_rows import RACER_WIDTH, fit_racer, importance, is_unreal, shortlist
from tui.views import RevealRow, signed

_LEAST_SCALE = 8.0
"""Bits the bars span at least."""
_NUMBERS_WIDTH, _CHANGE_WIDTH = 20, 16
_LEAST_BAR = 8
_LEAST_SAID, _LONGEST_SAID = 12, 40
"""Cells for what somebody had bet; with fewer nothing of it is told."""
_ROWS_BESIDE = 11
"""Rows of the terminal that are not for racers: head and foot, a few lines of the passage,
the sense, and what stands around them."""


def n_rows(n_racers: int, height: int) -> int:
    """How many rows a reveal has for racers.

    Args:
        n_racers: all there are, Instinct too.
        height: of the terminal, in rows.
    """
    return min(n_racers, max(2, height - _ROWS_BESIDE))


class RevealPanel(Widget, can_focus=True):
    """Rows of a revealed word and a line of sense. Says `WentOn` at Enter or Space.

    On a low terminal it shows players, Reader and Instinct, then the best of the others.
    """

    COMPONENT_CLASSES = {f"reveal--heat-{step}" for step in range(len(GLYPHS))}
    BINDINGS = bindings("reveal")

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[RevealRow] = ()
        self._sense = ""

    def show(self, rows: Sequence[RevealRow], sense: str) -> None:
        """Show a revealed word."""
        self._rows = rows
        self._sense = sense
        self.refresh(layout=True)

    def action_next(self) -> None:
        """Go on."""
        self.post_message(WentOn())

    def on_click(self) -> None:
        """A click goes on, too."""
        self.action_next()

    def get_content_height(
        self,
        container: Size,  # noqa: ARG002
        viewport: Size,  # noqa: ARG002
        width: int,
    ) -> int:
        """As many rows as a terminal of this height has for them."""
        return len(self._content(width).wrap(max(1, width)))

    def render(self) -> Content:
        """Rows, then the sense."""
        return self._content(self.content_size.width)

    def _content(self, room: int) -> Content:
        scale = max(_LEAST_SCALE, *(row.bits or 0.0 for row in self._rows), 0.0)
        width = max(_LEAST_BAR, room - RACER_WIDTH - _NUMBERS_WIDTH - _CHANGE_WIDTH)
        # Who is alone knows what they have said; of several all want to see it.
        told = width - _LEAST_BAR if sum(bool(row.said) for row in self._rows) > 1 else 0
        told = min(told, _LONGEST_SAID) if told >= _LEAST_SAID else 0
        shown, n_more = shortlist(
            self._rows, n_rows(len(self._rows), self.screen.size.height), _rank
        )
        rows = [self._row(row, width - told, scale, told) for row in shown]
        if n_more:
            rows.append(Content.styled(f"+{n_more} more", "$foreground 60%"))
        return Content("\n").join([*rows, content(self._sense, "italic")])

    def _row(self, row: RevealRow, width: int, scale: float, told: int) -> Content:
        name = fit_racer(row.name, row.kind)
        if row.bits is None:
            return Content.assemble(name, ("was not there", "$foreground 60%"))
        cells = max(1, round(width * row.bits / scale))
        change = "" if row.change is None else f"insight {signed(row.change)}"
        return Content.assemble(
            name,
            (
                ("╍" if is_unreal(row.kind) else "━") * cells + " " * (width - cells),
                self.get_visual_style(f"reveal--heat-{heat(row.bits)}"),
            ),
            (f"{row.bits:6.1f} bits", "bold"),
            (f"{percent(row.percent):>9}", ""),
            (f"  {change:<{_CHANGE_WIDTH - 2}}", "$foreground 70%"),
            _said(row.said, told),
        )


def _said(said: str, cells: int) -> Content:
    """What somebody had bet, in so many cells at the most."""
    return content(said, "italic $foreground 70%").truncate(max(0, cells), ellipsis=True)


def _rank(row: RevealRow) -> tuple[int, float]:
    if row.change is None and row.bits is not None:
        return 1, 0.0  # Instinct, by which all are scored
    return importance(row.name, row.kind), math.inf if row.bits is None else row.bits
