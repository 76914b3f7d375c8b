"""Reader's best words: a list where the column is narrow, a sentence where the line is long."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from tui.expected import Expected
from tui.heat import percent
from tui.messages import WentOn

PRINTED = "▸"
"""Stands before the word that came."""
_HEAD = "Reader expected"
_TO_COME = "Reader's words are still to come …"
_WIDEST_LIST = 45
_PERCENT_WIDTH = 8
_LONGEST_WORD = 24


class TopWordsView(Widget):
    """What Reader expected at a place, the printed word marked. A click goes on."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Sequence[Expected] = ()

    def show(self, found: Sequence[Expected]) -> None:
        """Show other words; none are still to come."""
        if found != self._found:
            self._found = found
            self.refresh(layout=True)

    def on_click(self) -> None:
        """As on the reveal beside it."""
        self.post_message(WentOn())

    def get_content_height(
        self,
        container: Size,  # noqa: ARG002
        viewport: Size,  # noqa: ARG002
        width: int,
    ) -> int:
        """As many lines as there are in this width."""
        return len(self._lines(width))

    def render(self) -> Content:
        """The words."""
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        if not self._found:
            return [Content.styled(_TO_COME, "$foreground 60%")]
        return self._list(width) if width <= _WIDEST_LIST else self._sentence(width)

    def _list(self, width: int) -> list[Content]:
        rows = [Content.styled(_HEAD, "$secondary")]
        for one in self._found:
            rank = f", {one.rank}" if one.rank else ""
            room = max(1, width - 2 - len(rank) - _PERCENT_WIDTH)
            word = Content(one.word).truncate(room, ellipsis=True)
            word = (word + rank).pad_right(room - word.cell_length)
            share = f"{percent(one.percent):>{_PERCENT_WIDTH}}"
            row = Content.assemble(f"{PRINTED} " if one.is_printed else "  ", word, share)
            rows.append(row.stylize("bold $primary") if one.is_printed else row)
        return rows

    def _sentence(self, width: int) -> list[Content]:
        """Wrapped so that a word and its percent stay on one line."""
        lines = [Content.styled(_HEAD, "$secondary")]
        gap = Content("  ")
        for one in self._found:
            rank = f", {one.rank}," if one.rank else ""
            word = Content(one.word).truncate(_LONGEST_WORD, ellipsis=True)
            told = word + f"{rank} {percent(one.percent)}"
            if one.is_printed:
                told = (f"{PRINTED} " + told).stylize("bold $primary")
            if lines[-1].cell_length + gap.cell_length + told.cell_length > width:
                lines.append(Content("  ") + told)
            else:
                lines[-1] = lines[-1] + gap + told
            gap = Content.styled(" · ", "$foreground 50%")
        return lines
