"""Who plays at this terminal: their names, and a line to write one more on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.commands import bindings
from tui.literal import clean, content
from tui.row_heads import row_head


class PlayerLine(Input):
    """A name, being written. While nothing is, ← → ⌫ mean the names above.

    Args:
        longest: how many characters a name may have.
        known: names of those who have played here.
    """

    BINDINGS = bindings("players")

    class Marked(Message):
        """Another name is to be marked.

        Args:
            by: 1 for the next one, -1 for the one before.
        """

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Erased(Message):
        """The marked name is to be taken away."""

    def __init__(self, longest: int, known: Iterable[str]) -> None:
        names = list(map(clean, known))
        super().__init__(
            placeholder="+ a name",
            compact=True,
            max_length=longest,
            suggester=SuggestFromList(names, case_sensitive=False),
        )

    def action_delete_left(self) -> None:
        """The last letter, or the marked name."""
        if self.value:
            super().action_delete_left()
        else:
            self.post_message(self.Erased())

    def action_cursor_left(self, select: bool = False) -> None:
        """To the left, in what is written or among the names."""
        if self.value:
            super().action_cursor_left(select)
        else:
            self.post_message(self.Marked(-1))

    def action_cursor_right(self, select: bool = False) -> None:
        """To the right, in what is written or among the names."""
        if self.value:
            super().action_cursor_right(select)
        else:
            self.post_message(self.Marked(1))


class PlayerNames(Widget):
    """Names beside one another, each in one piece."""

    def __init__(self) -> None:
        super().__init__()
        self._names: Sequence[str] = ()

    def show(self, names: Sequence[str], marked: int | None) -> None:
        """Show other names.

        Args:
            names: in their order.
            marked: place of the one that is marked; None for none.
        """
        self._names = [
            f"‹{name}›" if place == marked else f" {name} "
            for place, name in enumerate(map(clean, names))
        ]
        self.refresh(layout=True)

    def render(self) -> Content:
        """All names."""
        return content("\n".join(self._lines(self.size.width)), "bold", newlines=True)

    def get_content_height(
        self,
        container: Size,  # noqa: ARG002
        viewport: Size,  # noqa: ARG002
        width: int,
    ) -> int:
        """As many rows as the names take."""
        return len(self._lines(width))

    def _lines(self, width: int) -> list[str]:
        lines = [""]
        for name in self._names:
            line = f"{lines[-1]} {name}" if lines[-1] else name
            if lines[-1] and cell_len(line) > width:
                lines.append(name)
            else:
                lines[-1] = line
        return lines


class PlayersRow(Vertical):
    """Names, over a line to write on.

    Args:
        longest: how many characters a name may have.
        known: names of those who have played here.
    """

    class TakenAway(Message):
        """Somebody does not play.

        Args:
            name: of the one that was marked.
        """

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, longest: int, known: Iterable[str]) -> None:
        super().__init__()
        self._line = PlayerLine(longest, known)
        self._names: Sequence[str] = ()
        self._marked = 0

    def compose(self) -> ComposeResult:
        """The names, and a line to write on."""
        with Horizontal(id="players"):
            yield Static(id="players-label")
            yield PlayerNames()
        yield self._line

    def show(self, names: Sequence[str]) -> None:
        """Show other names; the last one is marked."""
        self._names = names
        self._marked = len(names) - 1
        self._refresh()

    def _refresh(self) -> None:
        has_focus = self._line.has_focus
        is_open = has_focus and not self._line.value
        self.query_one("#players-label", Static).update(row_head("Players", has_focus))
        self.query_one(PlayerNames).show(self._names, self._marked if is_open else None)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    @on(Input.Changed)
    def _changed(self) -> None:
        self._refresh()

    @on(PlayerLine.Marked)
    def _mark(self, event: PlayerLine.Marked) -> None:
        event.stop()
        self._marked = (self._marked + event.by) % len(self._names)
        self._refresh()

    @on(PlayerLine.Erased)
    def _erase(self, event: PlayerLine.Erased) -> None:
        event.stop()
        self.post_message(self.TakenAway(self._names[self._marked]))
