"""The staircase: bits with ever more memory, as steps drawn to an eighth of a cell."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from tui.heat import GLYPHS, heat
from tui.stairs import Stair, Stairs

_EIGHTHS = " ▁▂▃▄▅▆▇█"
MEAN = "━"
OWN = "─"
_MISSING = "…"
_AXIS, _TICK, _CORNER = "│", "┤", "└"
_GUTTER = 7
"""Cells left of the steps: numbers or a name, and the axis."""
_TICKS = (1, 2, 5, 10, 20, 50, 100)
_ROWS_A_TICK = 3
_LEAST_CHART = 4
_ROOMY_CHART = 9
"""Rows from which the axis gets a line of its own."""
_NUMBER_CELLS = 5
"""Cells a step needs for a number with a place behind the point."""

_Cell: TypeAlias = tuple[str, str, str]
"""A character, the class of its colour, and the class whose colour is behind it."""


class StaircaseView(Widget):
    """Steps of one word in the colours of bits, the mean as a bar across each step, the
    player's own bits as a line across all; the same in numbers below."""

    COMPONENT_CLASSES = {
        *(f"staircase--heat-{step}" for step in range(len(GLYPHS))),
        *(f"staircase--body-{step}" for step in range(len(GLYPHS))),
        "staircase--heading",
        "staircase--axis",
        "staircase--mean",
        "staircase--own",
    }

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stairs: Stairs | None = None

    def show(self, stairs: Stairs) -> None:
        """Show another frame."""
        if stairs != self._stairs:
            self._stairs = stairs
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line: the heading, the picture from its top, the numbers."""
        width = self.content_size.width
        cells = self._cells(self._stairs, y) if self._stairs else ()
        segments = [
            Segment("".join(cell[0] for cell in run), self._style(colour, behind))
            for (colour, behind), run in groupby(cells, key=lambda cell: cell[1:])
        ]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    @property
    def _step_width(self) -> int:
        n_steps = len(self._stairs.stairs) if self._stairs else 1
        return max(1, (self.content_size.width - _GUTTER) // n_steps)

    def _cells(self, stairs: Stairs, y: int) -> Iterator[_Cell]:
        numbers = 3 if stairs.n_words > 1 else 2
        height = max(_LEAST_CHART, self.content_size.height - 1 - numbers)
        axis = height > _ROOMY_CHART
        height -= axis
        row = y - 1
        if row < 0:
            yield from self._heading(stairs)
        elif row < height:
            yield from self._gutter(stairs, row, height)
            for stair in stairs.stairs:
                yield from self._step(stairs, stair, row, height)
        elif axis and row == height:
            line = "─" * (self._step_width * len(stairs.stairs))
            yield f"{0:>{_GUTTER - 2}} {_CORNER}{line}", "axis", ""
        else:
            yield from self._numbers(stairs, row - height - axis)

    def _heading(self, stairs: Stairs) -> Iterator[_Cell]:
        mean = f"{MEAN} mean of {stairs.n_words}  " if stairs.n_words > 1 else ""
        own = Content(stairs.own).truncate(10, ellipsis=True)
        legend = mean
        if stairs.own_bits is not None:
            legend += f"{OWN} {own} {stairs.own_bits:.1f}"
        room = self.content_size.width - Content(legend).cell_length - 2
        heading = Content(stairs.heading).truncate(room, ellipsis=True)
        yield heading.pad_right(room - heading.cell_length).plain + "  ", "heading", ""
        if mean:
            yield mean, "mean", ""
        yield legend.removeprefix(mean), "own", ""

    def _gutter(self, stairs: Stairs, row: int, height: int) -> Iterator[_Cell]:
        number = _GUTTER - 2
        if stairs.own_bits is not None and row == _own_row(stairs, height):
            yield f"{stairs.own_bits:>{number}.1f} ", "own", ""
            yield _TICK, "axis", ""
            return
        for tick in _ticks(stairs.scale_bits, height):
            if row == _row_of(tick, stairs, height):
                yield f"{tick:>{number}} {_TICK}", "axis", ""
                return
        yield f"{'':{number}} {_AXIS}", "axis", ""

    def _step(self, stairs: Stairs, stair: Stair, row: int, height: int) -> Iterator[_Cell]:
        """One step's cells in one row of the picture."""
        width = self._step_width
        own = row == _own_row(stairs, height)
        if stair.bits is None:
            blank = "·" if row == height - 1 else " "
            yield (OWN * width, "own", "") if own else (f"{blank:^{width}}", "axis", "")
            return
        top = max(1, round(8 * height * stair.bits / stairs.scale_bits))
        full = min(8, max(0, top - 8 * (height - 1 - row)))
        colour = f"body-{heat(stair.bits)}"
        # Fonts leave gaps between full blocks: their own colour behind them closes these.
        behind = colour if full == 8 else ""
        cell: _Cell = (_EIGHTHS[full], colour, behind)
        if own and full in (0, 8):  # a step that ends on the line shows where
            cell = (OWN, "own", behind)
        mark = max(1, width // 2) if row == self._mean_row(stairs, stair, top, height) else 0
        left = (width - mark) // 2
        yield cell[0] * left, cell[1], cell[2]
        yield MEAN * mark, "mean", behind
        yield cell[0] * (width - left - mark), cell[1], cell[2]

    def _mean_row(self, stairs: Stairs, stair: Stair, top: int, height: int) -> int | None:
        """The row in which the mean goes across a step.

        Where the step ends within that row, it is the next one above or below, so that the
        step's end is seen and the mean stands on the right side of it.

        Args:
            stairs: the picture.
            stair: the step, of a word that has been read.
            top: how high it is, in eighths of a row.
            height: rows of the picture.
        """
        if stair.mean_bits is None or stair.bits is None or stairs.n_words == 1:
            return None
        row = _row_of(stair.mean_bits, stairs, height)
        if top % 8 == 0 or row != height - 1 - top // 8:
            return row
        beside = row - 1 if stair.mean_bits >= stair.bits else row + 1
        return beside if 0 <= beside < height else row

    def _numbers(self, stairs: Stairs, row: int) -> Iterator[_Cell]:
        """Below the picture: words of memory, the word's bits, the mean."""
        width = self._step_width
        word = Content(stairs.word).truncate(_GUTTER - 1, ellipsis=True)
        name = ("words", word.plain, "mean")[row] if row < 3 else ""
        gutter = Content(name).pad_right(max(0, _GUTTER - Content(name).cell_length)).plain
        yield gutter, ("axis", "heading", "mean")[min(row, 2)], ""
        for stair in stairs.stairs:
            if row == 0:
                yield f"{stair.label:^{width}}", "axis", ""
            elif row == 1:
                colour = "axis" if stair.bits is None else f"heat-{heat(stair.bits)}"
                yield _number(stair.bits, width), colour, ""
            elif row == 2 and stairs.n_words > 1:
                yield _number(stair.mean_bits, width), "mean", ""

    def _style(self, colour: str, behind: str) -> Style:
        style = self.get_component_rich_style(f"staircase--{colour}")
        if not behind:
            return style
        filled = self.get_component_rich_style(f"staircase--{behind}")
        return style + Style(bgcolor=filled.color)


def _own_row(stairs: Stairs, height: int) -> int | None:
    return None if stairs.own_bits is None else _row_of(stairs.own_bits, stairs, height)


def _row_of(bits: float, stairs: Stairs, height: int) -> int:
    """The row whose middle is nearest, counted from the top."""
    up = round(height * bits / stairs.scale_bits - 0.5)
    return height - 1 - min(height - 1, max(0, up))


def _ticks(scale_bits: float, height: int) -> range:
    """Bits at which the axis is marked: few enough to leave room between them."""
    step = next(
        (step for step in _TICKS if step * height >= _ROWS_A_TICK * scale_bits), _TICKS[-1]
    )
    return range(step, int(scale_bits) + 1, step)


def _number(bits: float | None, width: int) -> str:
    """Bits as a number in the middle of a step, points below one another."""
    if bits is None:
        return f"{_MISSING:^{width}}"
    has_place = width >= _NUMBER_CELLS or bits < 9.95
    number = f"{bits:4.1f}" if has_place else f"{bits:4.0f}"
    return f"{number:^{width}}"
