"""The reveal: what everybody had on the word, as bars on one scale of bits."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tui.columns import NAME_WIDTH, fit_name
from tui.commands import bindings
from tui.heat import GLYPHS, heat, percent
from tui.literal import content
from tui.messages import WentOn
from tui.views import RevealRow, signed

_LEAST_SCALE = 8.0
"""Bits the bars span at least."""
_NUMBERS_WIDTH = 36


class RevealPanel(Widget, can_focus=True):
    """Rows of a revealed word and a line of sense. Says `WentOn` at Enter or Space."""

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

    def render(self) -> Content:
        """All rows, then the sense."""
        scale = max(_LEAST_SCALE, *(row.bits or 0.0 for row in self._rows), 0.0)
        room = self.content_size.width
        width = max(8, room - _NUMBERS_WIDTH - NAME_WIDTH - 1)
        rows = [self._row(row, width, scale) for row in self._rows]
        return Content("\n").join([*rows, content(self._sense, "italic")])

    def _row(self, row: RevealRow, width: int, scale: float) -> Content:
        colour = "$primary" if row.is_player else "$secondary"
        name = fit_name(row.name).stylize(f"bold {colour}" if row.is_player else colour)
        if row.bits is None:
            return Content.assemble(name, (" was not there", "$foreground 60%"))
        cells = max(1, round(width * row.bits / scale))
        change = "" if row.change is None else f"insight {signed(row.change)}"
        return Content.assemble(
            name,
            " ",
            (
                "━" * cells + " " * (width - cells),
                self.get_visual_style(f"reveal--heat-{heat(row.bits)}"),
            ),
            (f"{row.bits:6.1f} bits", "bold"),
            (f"{percent(row.percent):>9}", ""),
            (f"  {change}", "$foreground 70%"),
        )
