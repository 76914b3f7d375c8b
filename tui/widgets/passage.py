"""The passage: the largest thing on the screen, scrolling by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content, Span
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.heat import GLYPHS
from tui.passage_text import Piece


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as wrapped."""

    strip: Strip
    targets: frozenset[int]


class PassageView(ScrollView):
    """Shows pieces of a passage, wrapped; keeps its end, or the chosen target, in sight.

    Paragraphs are wrapped once and kept: in play only the last one changes from turn to turn.
    """

    COMPONENT_CLASSES = {
        "passage--blank",
        "passage--fresh",
        "passage--chosen",
        *(f"passage--heat-{step}" for step in range(len(GLYPHS))),
    }
    can_focus = False

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pieces: Sequence[Piece] = ()
        self._chosen: int | None = None
        self._from_start = False
        self._lines: list[_Line] = []
        self._wrapped: dict[tuple[tuple[Piece, ...], int | None, int], list[_Line]] = {}

    def show(
        self, pieces: Sequence[Piece], chosen: int | None = None, from_start: bool = False
    ) -> None:
        """Show other pieces.

        Args:
            pieces: the passage.
            chosen: a target to be marked and kept in sight; without one the end is.
            from_start: keep the beginning in sight instead.
        """
        self._from_start = from_start
        self._pieces = pieces
        self._chosen = chosen
        self._lay_out()

    def page(self, pages: int) -> None:
        """Scroll by pages; what is scrolled to stays until something else is shown."""
        rows = pages * max(1, self.scrollable_content_region.height - 1)
        self._scroll(round(self.scroll_y) + rows)

    def on_resize(self) -> None:
        """Wrap anew for another width."""
        self._lay_out()

    def notify_style_update(self) -> None:
        """Colours have changed."""
        super().notify_style_update()
        self._wrapped.clear()
        self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        kept: dict[tuple[tuple[Piece, ...], int | None, int], list[_Line]] = {}
        self._lines = []
        for paragraph in _paragraphs(self._pieces):
            targets = {piece.target for piece in paragraph}
            chosen = self._chosen if self._chosen in targets else None
            key = (paragraph, chosen, width)
            kept[key] = self._wrapped.get(key) or self._wrap(paragraph, chosen, width)
            self._lines += kept[key]
        self._wrapped = kept
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()
        # Only after the next layout is it known how far there is to scroll.
        self.call_after_refresh(self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        height = self.scrollable_content_region.height
        row = 0 if self._from_start else len(self._lines) - height
        if self._chosen is not None:
            rows = [row for row, line in enumerate(self._lines) if self._chosen in line.targets]
            top = round(self.scroll_y)
            if rows and top <= rows[0] and rows[-1] < top + height:
                return
            row = rows[0] - height // 2 if rows else 0
        self._scroll(row)

    def _scroll(self, row: int) -> None:
        # By force: just after a layout Textual may not know yet that there is a scroll bar.
        self.scroll_to(y=max(0, row), animate=False, force=True, immediate=True)
        self.vertical_scrollbar.position = self.scroll_y

    def _wrap(
        self, paragraph: tuple[Piece, ...], chosen: int | None, width: int
    ) -> list[_Line]:
        base = self.visual_style
        texts: list[str] = []
        spans: list[Span] = []
        at = 0
        for piece in paragraph:
            texts.append(piece.text)
            if (name := _style_name(piece, chosen)) is not None:
                style = self.get_visual_style(name)
                spans.append(Span(at, at + len(piece.text), style))
            at += len(piece.text)
        content = Content("".join(texts), spans)
        lines: list[_Line] = []
        at = 0
        for line in content.wrap(width):
            segments = line.render_segments(base)
            # Wrapping may leave out white space where it breaks: look where the line lies.
            at = max(at, content.plain.find(line.plain.strip(), at))
            found = _targets_in(paragraph, at, at + len(line.plain))
            strip = Strip(segments).adjust_cell_length(width, self.rich_style)
            lines.append(_Line(strip, found))
            at += len(line.plain.strip())
        return lines

    def render_line(self, y: int) -> Strip:
        """One line of the window on the passage."""
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if row < len(self._lines):
            return self._lines[row].strip
        return Strip.blank(width, self.rich_style)


def _style_name(piece: Piece, chosen: int | None) -> str | None:
    if piece.kind == "text":
        return None
    if chosen is not None and piece.target == chosen:
        return "passage--chosen"
    if piece.kind in ("blank", "fresh"):
        return f"passage--{piece.kind}"
    return f"passage--heat-{piece.heat}"


def _paragraphs(pieces: Sequence[Piece]) -> list[tuple[Piece, ...]]:
    """Pieces cut at line ends; a cut piece keeps its kind."""
    found: list[tuple[Piece, ...]] = []
    paragraph: list[Piece] = []
    for piece in pieces:
        first, *more = piece.text.split("\n")
        paragraph.append(Piece(first, piece.kind, piece.heat, piece.target))
        for text in more:
            found.append(tuple(paragraph))
            paragraph = [Piece(text, piece.kind, piece.heat, piece.target)]
    found.append(tuple(paragraph))
    return found


def _targets_in(paragraph: tuple[Piece, ...], start: int, end: int) -> frozenset[int]:
    """Targets that begin between two offsets of a paragraph."""
    found: set[int] = set()
    at = 0
    for piece in paragraph:
        if piece.target >= 0 and start <= at < end:
            found.add(piece.target)
        at += len(piece.text)
    return frozenset(found)
