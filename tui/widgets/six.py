"""The six words of a target after the race: what everybody had on them, a row each."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.heat import percent
from tui.six_table import SixRow, SixTable

TRUE = "▸"
"""Stands before the true word."""
_COLUMN = 9
"""Cells of a column of percents, the gap before it included."""
_LONGEST_WORD = 20
_MARK = 2


class SixView(Widget):
    """A table. Players have columns as long as there is room; the best ones come first."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._table: SixTable | None = None

    def show(self, table: SixTable | None) -> None:
        """Show other words; None where there are none."""
        self._table = table
        self.set_class(table is None, "-hidden")
        self.refresh(layout=True)

    def get_content_height(
        self,
        container: Size,  # noqa: ARG002
        viewport: Size,  # noqa: ARG002
        width: int,
    ) -> int:
        """As many lines as there are in this width."""
        return len(self._lines(width))

    def render(self) -> Content:
        """The table."""
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        table = self._table
        if table is None:
            return []
        longest = max(Content(row.word).cell_length for row in table.rows)
        left = width - _MARK - _COLUMN * (1 + len(table.minds))
        word_cells = max(1, min(longest, _LONGEST_WORD, left))
        room = (width - _MARK - word_cells) // _COLUMN - len(table.minds)
        shown = max(1, min(room, len(table.players)))
        names = [*table.players[:shown], *table.minds]
        head = Content(" " * (_MARK + word_cells))
        for name in names:
            fitted = Content(name).truncate(_COLUMN - 1, ellipsis=True)
            head = head + Content(" " * (_COLUMN - fitted.cell_length)) + fitted
        lines = [head.stylize("$secondary")]
        lines += [_row(row, word_cells, shown) for row in table.rows]
        if (more := len(table.players) - shown) > 0:
            lines.append(Content.styled(f"  +{more} more below", "$foreground 60%"))
        return lines


def _row(row: SixRow, word_cells: int, n_players: int) -> Content:
    word = Content(row.word).truncate(word_cells, ellipsis=True)
    word = word.pad_right(word_cells - word.cell_length)
    shares = [f"{stake} %" for stake in row.stakes[:n_players]]
    shares += [percent(share) for share in row.percents]
    cells = "".join(f"{share:>{_COLUMN}}" for share in shares)
    told = Content.assemble(f"{TRUE} " if row.is_true else "  ", word, cells)
    return told.stylize("bold $primary") if row.is_true else told
