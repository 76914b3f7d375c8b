"""Lines to look through: wrapped, but for those that stand in columns."""

from __future__ import annotations

from collections.abc import Sequence, Set

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.literal import clean


class LinesView(ScrollView, can_focus=True):
    """Shows many lines, each wrapped once for a width; scrolls both ways."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[str] = ()
        self._columns: Set[str] = frozenset()
        self._indent = 0
        self._rows: list[str] = []
        self._wrapped_for = 0

    def show(self, lines: Sequence[str], columns: Set[str], indent: int = 0) -> None:
        """Show other lines.

        Args:
            lines: from the first.
            columns: those of them that stand in columns: they are not wrapped.
            indent: cells before what is wrapped to a further row.
        """
        self._lines = [clean(line) for line in lines]
        self._columns = {clean(line) for line in columns}
        self._indent = indent
        self._wrapped_for = 0
        self._lay_out()

    def on_resize(self) -> None:
        """Wrap anew for another width."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0 or width == self._wrapped_for:
            return
        self._wrapped_for = width
        self._rows = []
        widest = width
        for line in self._lines:
            if line in self._columns:
                self._rows.append(line)
                widest = max(widest, Content(line).cell_length)
            else:
                self._rows += _wrapped(line, width, self._indent)
        self.virtual_size = Size(widest, len(self._rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of the window on the lines."""
        x, top = self.scroll_offset
        width = self.scrollable_content_region.width
        style = self.rich_style
        if top + y >= len(self._rows):
            return Strip.blank(width, style)
        return Strip([Segment(self._rows[top + y], style)]).crop_extend(x, x + width, style)


def _wrapped(line: str, width: int, indent: int) -> list[str]:
    """A line in rows of at most so many cells, all but the first indented."""
    if len(line) * 2 <= width:  # no character takes more than two cells
        return [line]
    first, *more = Content(line).wrap(width)
    if not more:
        return [line]
    rest = Content(line[len(first.plain) :].lstrip())
    rows = rest.wrap(max(1, width - indent))
    return [first.plain, *(" " * indent + row.plain for row in rows)]
