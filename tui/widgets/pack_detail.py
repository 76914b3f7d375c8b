"""A pack seen closer: what it is, and its passages with the player's best on each."""

from __future__ import annotations

from rich.text import Text
from textual.content import Content
from textual.widgets import DataTable, Static

from puzzles.facts import PackFacts, PassageFacts
from puzzles.library import Broken
from tui.columns import ROOMY
from tui.literal import cell, clean, content
from tui.pack_shelf import PackView

NEXT = "next unplayed"
"""Key of the first row; no passage's id has a space."""
_DIM = "$foreground 60%"
_NUMBERS = (("words", 6), ("targets", 7), ("min", 3), ("your best", 10))
_LEAST_TITLE = 12
_THEME_WIDTH = 14
_FEW_ROWS = 2
"""Of a description; `PackReport` shows the whole of it."""
_MORE_ROWS = 5
_TALL = 30
"""Rows of the terminal from which there is room for more."""
_WIDE_ENOUGH = 78
"""Cells from which there is room for the themes."""


class PackAbout(Static):
    """Says in a few rows what a pack is; a long description ends in …."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: PackFacts | Broken | str = ""
        self._raced = ""

    def show(self, shown: PackFacts | Broken | str, raced: str = "") -> None:
        """Tell of another pack.

        Args:
            shown: it, or a sentence where there is none.
            raced: how much of it has been raced.
        """
        self._shown, self._raced = shown, raced
        self._write()

    def on_resize(self) -> None:
        """Rows have another width now."""
        # Not at once: the layout that is under way would keep the height there was.
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        if isinstance(self._shown, PackFacts):
            self.update(self._about(self._shown))
        elif isinstance(self._shown, Broken):
            self.update(self._damage(self._shown))
        else:
            self.update(content(self._shown, _DIM))

    def _about(self, pack: PackFacts) -> Content:
        where = "comes with the game" if pack.builtin else "added"
        by = f"by {pack.author}" if pack.author else "no author named"
        who = [pack.id, by, pack.license or "no licence named", pack.language, where]
        models = ", ".join(pack.models)
        read = f"Read before by {models}" if models else "No readings baked in"
        heading = [content(pack.title, "bold $primary")]
        if self._raced:
            heading.append(content(f"  {self._raced}", _DIM))
        return Content("\n").join(
            [
                self._row(Content.assemble(*heading)),
                self._row(content(" · ".join(who), _DIM)),
                *self._in_rows(pack.description),
                self._row(content(read, _DIM)),
            ]
        )

    def _damage(self, one: Broken) -> Content:
        first, n = str(one.error.faults[0]), len(one.error.faults)
        more = f"{n} faults, Enter shows them all" if n > 1 else "Enter shows it in full"
        return Content("\n").join(
            [
                content(f"{one.id} is damaged", "bold $error"),
                *self._in_rows(first),
                content(f"{more}; x takes the pack away.", _DIM),
            ]
        )

    def _row(self, text: Content) -> Content:
        return text.truncate(self._width, ellipsis=True)

    def _in_rows(self, text: str) -> list[Content]:
        """A text from outside in so many rows at the most, the last ending in … if cut."""
        rows = content(" ".join(clean(text, newlines=True).split())).wrap(self._width)
        width, height = self.screen.size
        most = _FEW_ROWS if width < ROOMY and height < _TALL else _MORE_ROWS
        if len(rows) <= most:
            return [row for row in rows if row.plain]
        last = Content.assemble(rows[most - 1].rstrip(), " …")
        return [*rows[: most - 1], last.truncate(self._width, ellipsis=True)]

    @property
    def _width(self) -> int:
        return max(1, self.scrollable_content_region.width)


class PassageTable(DataTable[Text]):
    """A pack's passages, before them the next one not played."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)
        self._view: PackView | None = None
        self._made_for = 0

    def show(self, view: PackView | None) -> None:
        """Show another pack's passages, or none."""
        same = view is not None and self._view is not None and view.id == self._view.id
        self._view = view
        self._make(self.chosen if same else "")

    @property
    def chosen(self) -> str:
        """Id of the passage under the cursor, or `NEXT`; empty where there is none."""
        if not self.is_valid_row_index(self.cursor_row):
            return ""
        return str(self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value)

    def on_resize(self) -> None:
        """The columns have another width now."""
        if self._view is not None and self.size.width != self._made_for:
            self._make(self.chosen)

    def _make(self, chosen: str) -> None:
        self.clear(columns=True)
        self._made_for = self.size.width
        view = self._view
        if view is None:
            return
        title, theme = self._widths()
        self.add_column(Text("passage"), width=title)
        if theme:
            self.add_column(Text("theme"), width=theme)
        for name, width in _NUMBERS:
            self.add_column(Text(name, justify="right"), width=width)
        if view.next is not None:
            self._add(view, view.next, NEXT, title, theme)
        for passage in view.passages:
            self._add(view, passage, passage.id, title, theme)
        if chosen:
            keys = [str(key.value) for key in self.rows]
            self.move_cursor(row=keys.index(chosen) if chosen in keys else 0)

    def _add(
        self, view: PackView, passage: PassageFacts, key: str, title: int, theme: int
    ) -> None:
        name = f"▸ Next: {passage.title}" if key == NEXT else passage.title
        row = [_cut(name, title)]
        if theme:
            row.append(_cut(passage.theme, theme))
        targets = str(passage.n_targets) if passage.n_targets else "drawn"
        best = view.record.told(passage.text_sha256)
        for number in (f"{passage.n_words:,}", targets, f"{passage.minutes:.0f}", best):
            row.append(Text(number, justify="right"))
        self.add_row(*row, key=key)

    def _widths(self) -> tuple[int, int]:
        """Of the titles and of the themes; 0 for those where there is no room."""
        # One cell stays free for the scroll bar.
        room = self.size.width - 1 - sum(width + 2 for _, width in _NUMBERS)
        theme = _THEME_WIDTH if self.size.width >= _WIDE_ENOUGH else 0
        room -= theme + 2 if theme else 0
        return max(_LEAST_TITLE, room - 2), theme


def _cut(text: str, width: int) -> Text:
    cut = cell(text)
    cut.truncate(width, overflow="ellipsis")
    return cut
