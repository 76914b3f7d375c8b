"""The modes to choose from, each with a line of what it is."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from engine.setup import Mode
from tui.row_heads import VALUE, row_head

MODES: Mapping[Mode, tuple[str, str]] = {
    "open": ("open", "type words and stakes"),
    "choice": ("choice", "six words to stake on"),
    "shannon": ("Shannon", "guess until you are right"),
}
"""Mode → its name, and what it is."""
_NAME = max(len(name) for name, _ in MODES.values())


class ModeLines(Widget, can_focus=True):
    """Takes the keys; the screen knows what they do."""

    class Picked(Message):
        """A mode is wanted, by the mouse.

        Args:
            mode: which.
        """

        def __init__(self, mode: Mode) -> None:
            super().__init__()
            self.mode = mode

    def __init__(self) -> None:
        super().__init__()
        self._mode: Mode = "open"

    def show(self, mode: Mode) -> None:
        """Show which one is chosen."""
        self._mode = mode
        self.refresh()

    def render(self) -> Content:
        """A line each."""
        heads = [
            Content.assemble(row_head("Mode", self.has_focus), "  "),
            *[Content(" " * VALUE)] * (len(MODES) - 1),
        ]
        rows = [
            Content.assemble(head, self._line(mode))
            for head, mode in zip(heads, MODES, strict=True)
        ]
        width = self.size.width
        return Content("\n").join([row.truncate(width, ellipsis=True) for row in rows])

    def _line(self, mode: Mode) -> Content:
        name, what = MODES[mode]
        is_chosen = mode == self._mode
        return Content.assemble(
            "(•) " if is_chosen else "( ) ",
            (name.ljust(_NAME), "bold" if is_chosen else ""),
            (f"  {what}", "$foreground 70%"),
        )

    def on_click(self, event: events.Click) -> None:
        """A click takes the mode it is on."""
        modes = list(MODES)
        if 0 <= event.y < len(modes):
            self.post_message(self.Picked(modes[event.y]))
