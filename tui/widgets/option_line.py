"""A row of the options: a label, and what is chosen."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.commands import bindings
from tui.literal import content
from tui.row_heads import BACK, row_head


class OptionLine(Widget, can_focus=True):
    """Takes the keys; the screen knows what they do.

    Args:
        name: of the setting.
        label: as it is shown.
        is_stepped: whether ← and → change it.
    """

    class Stepped(Message):
        """What comes before is wanted, by the mouse."""

    class Entered(Message):
        """Something else is wanted, by the mouse."""

    def __init__(self, name: str, label: str, is_stepped: bool) -> None:
        super().__init__(id=f"option-{name}", name=name)
        self._label = label
        self._is_stepped = is_stepped
        self._value = ""

    def show(self, value: str) -> None:
        """Show what is chosen."""
        self._value = value
        self.refresh()

    def render(self) -> Content:
        """The row."""
        value = content(self._value)
        is_open = self.has_focus and self._is_stepped
        value = Content.assemble(*(("‹ ", value, " ›") if is_open else ("  ", value)))
        row = Content.assemble(row_head(self._label, self.has_focus), value)
        return row.truncate(self.size.width, ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        """A click does what Enter does; one on ‹ what ← does."""
        is_back = self._is_stepped and event.x == BACK + self.styles.padding.left
        self.post_message(self.Stepped() if is_back else self.Entered())


class NameLine(Input):
    """The player's name, being written."""

    BINDINGS = bindings("name")

    class Left(Message):
        """The name is to stay as it was."""

    def action_leave(self) -> None:
        """Leave the name as it was."""
        self.post_message(self.Left())


class NameRow(Horizontal):
    """Stands in the place of a row while its name is written.

    Args:
        label: of the row.
        longest: how many characters a name may have.
    """

    def __init__(self, label: str, longest: int) -> None:
        super().__init__(id="name-row")
        self._label = label
        self._longest = longest

    def compose(self) -> ComposeResult:
        """The label, and a line to write on."""
        yield Static(Content.assemble(row_head(self._label, True), "  "))
        yield NameLine(compact=True, max_length=self._longest, id="name-line")
