"""A list of those who could race, in which each can be ticked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.columns import NAME_WIDTH
from tui.commands import bindings
from tui.literal import content

if TYPE_CHECKING:
    from tui.rivals import Rival


class OpponentList(OptionList, inherit_bindings=False):
    """Those who will race are ticked. Enter is left to the screen."""

    BINDINGS = [
        *bindings("list"),
        *(
            binding
            for binding in OptionList.BINDINGS
            if isinstance(binding, Binding) and binding.key != "enter"
        ),
    ]

    class Ticked(Message):
        """One is to race, or no more.

        Args:
            name: of the one.
        """

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Edge(Message):
        """There is nobody further up, or down.

        Args:
            by: -1 for up, 1 for down.
        """

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__(compact=True)
        self._names: tuple[str, ...] = ()

    def show(self, everybody: Sequence[Rival], ticked: Collection[str]) -> None:
        """Show who could race.

        Args:
            everybody: in their order.
            ticked: names of those who will.
        """
        rows = [_row(one, one.name in ticked) for one in everybody]
        names = tuple(one.name for one in everybody)
        if names == self._names:
            for index, row in enumerate(rows):
                self.replace_option_prompt_at_index(index, row)
            return
        self._names = names
        kept = self.highlighted
        self.clear_options()
        self.add_options([Option(row) for row in rows])
        self.highlighted = None if kept is None else min(kept, len(rows) - 1)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Ticked(self._names[event.option_index]))

    def action_cursor_up(self) -> None:
        """To the one above."""
        if self.highlighted:
            super().action_cursor_up()
        else:
            self.post_message(self.Edge(-1))

    def action_cursor_down(self) -> None:
        """To the one below."""
        if self.highlighted == self.option_count - 1:
            self.post_message(self.Edge(1))
        else:
            super().action_cursor_down()


def _row(one: Rival, is_ticked: bool) -> Content:
    called = one.called.ljust(NAME_WIDTH)
    return Content.assemble(
        "[x] " if is_ticked else "[ ] ",
        content(called, "bold" if is_ticked else ""),
        content(f" {one.what}", "$foreground 70%"),
    )
