"""Six words, one of them the true one: each gets its share of a hundred."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Offset, Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from engine import choice
from engine.bets import Slip
from tui.commands import bindings
from tui.literal import content
from tui.messages import SlipPlaced

CHOSEN = "▸"
"""Stands before the word that ↑ and ↓ work on."""
_ROOM_FOR_SIX = 30
"""Rows of the terminal from which each word has a row of its own."""
_COLUMNS = 2
_GAP = 2
"""Cells between the columns."""
_KEY_CELLS, _PERCENT_CELLS = 3, 5
_LEAST_BAR, _LONGEST_BAR = 4, 50


class SixWords(Widget):
    """Each word with its key, its share as a bar, and its percent: one below the other, or
    in two columns, read line by line. All words are shown alike."""

    class Picked(Message):
        """A word was clicked on."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__()
        self._six: Sequence[str] = ()
        self._stakes: Sequence[int] = ()
        self._chosen = 0

    def show(self, six: Sequence[str], stakes: Sequence[int], chosen: int) -> None:
        """Show other words, other stakes, or another word chosen."""
        self._six, self._stakes, self._chosen = six, stakes, chosen
        self.refresh()

    def get_content_height(
        self,
        container: Size,  # noqa: ARG002
        viewport: Size,
        width: int,  # noqa: ARG002
    ) -> int:
        """The same for all words: it must not tell how long they are."""
        roomy = viewport.height >= _ROOM_FOR_SIX
        return choice.N_WORDS if roomy else choice.N_WORDS // _COLUMNS

    def on_click(self, event: events.Click) -> None:
        """As the word's key."""
        offset = event.get_content_offset(self)
        if offset is not None and (place := self._place_at(offset)) is not None:
            event.stop()
            self.post_message(self.Picked(place))

    def render(self) -> Content:
        """All rows."""
        columns, width = self._columns, self._cell_width
        cells = [self._cell(place, width) for place in range(len(self._six))]
        gap = Content(" " * _GAP)
        return Content("\n").join(
            gap.join(cells[first : first + columns]) for first in range(0, len(cells), columns)
        )

    @property
    def _columns(self) -> int:
        return 1 if self.content_size.height >= choice.N_WORDS else _COLUMNS

    @property
    def _cell_width(self) -> int:
        columns = self._columns
        return (self.content_size.width - _GAP * (columns - 1)) // columns

    def _place_at(self, offset: Offset) -> int | None:
        column, within = divmod(offset.x, self._cell_width + _GAP)
        place = offset.y * self._columns + column
        is_word = column < self._columns and within < self._cell_width
        return place if is_word and place < len(self._six) else None

    def _cell(self, place: int, width: int) -> Content:
        room = width - _KEY_CELLS - 1 - _PERCENT_CELLS
        longest = max(content(word).cell_length for word in self._six)
        word_cells = max(1, min(longest, room - _LEAST_BAR))
        bar_cells = max(0, min(room - word_cells, _LONGEST_BAR))
        bar, track = _bar(self._stakes[place], bar_cells)
        is_chosen = place == self._chosen
        word = _fitted(self._six[place], word_cells)
        return Content.assemble(
            (CHOSEN if is_chosen else " ", "bold $primary"),
            (f"{place + 1} ", "bold $primary" if is_chosen else "$foreground 60%"),
            word.stylize("bold $primary") if is_chosen else word,
            " ",
            (bar, "$primary"),
            (track, "$foreground 30%"),
            (f"{self._stakes[place]:>{_PERCENT_CELLS - 2}} %", "bold" if is_chosen else ""),
            " " * (room - word_cells - bar_cells),
        )


class ChoicePanel(Vertical, can_focus=True):
    """One player's stakes on six words. Says `SlipPlaced` when they are locked in."""

    BINDINGS = bindings("choice")

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._six: Sequence[str] = ()
        self._stakes: Sequence[int] = ()
        self._chosen = 0
        self._before: list[tuple[Sequence[int], int]] = []
        """Stakes before each change, and the word chosen then."""
        self._placed = False
        """Locked in and not yet taken: a second Enter must not lock them in for another."""

    def compose(self) -> ComposeResult:
        """The words, a sentence."""
        yield SixWords()
        yield Static(id="choice-risk")

    def begin(self, six: Sequence[str], stakes: Sequence[int] = choice.EVEN) -> None:
        """Six words for the next turn.

        Args:
            six: as they are shown, in their order.
            stakes: to begin with, in percent.
        """
        self._six = six
        self._stakes = stakes
        self._chosen = 0
        self._before.clear()
        self._placed = False
        self._show()
        self.focus()

    @property
    def slip(self) -> Slip:
        """The slip as it stands, once there are words."""
        return choice.staked(self._six, self._stakes)

    def close(self) -> bool:
        """Take no more; False where it is on its way already."""
        if self._placed:
            return False
        self._placed = True
        return True

    def give_back(self) -> None:
        """The stakes could not be taken: they stay and can be locked in again."""
        self._placed = False

    @on(SixWords.Picked)
    def _picked(self, event: SixWords.Picked) -> None:
        event.stop()
        self.action_put(event.place)

    def action_put(self, place: int) -> None:
        """Choose a word and put ten points on it."""
        self._move(place, choice.STEP)

    def action_restake(self, change: int) -> None:
        """Change the stake of the chosen word."""
        self._move(self._chosen, change)

    def action_choose(self, by: int) -> None:
        """Choose another word."""
        if self._six and not self._placed:
            self._chosen = (self._chosen + by) % len(self._six)
            self._show()

    def action_undo(self) -> None:
        """Take the last change of stakes back."""
        if self._before and not self._placed:
            self._stakes, self._chosen = self._before.pop()
            self._show()

    def action_lock(self) -> None:
        """Lock the stakes in as they stand; once, until they have been taken or given back."""
        if self._six and not self._placed:
            self._placed = True
            self.post_message(SlipPlaced(self.slip))

    def _move(self, place: int, by: int) -> None:
        if not self._six or self._placed:
            return
        moved = choice.raised(self._stakes, place, by)
        if moved != tuple(self._stakes):
            self._before.append((self._stakes, self._chosen))
        self._stakes, self._chosen = moved, place
        self._show()

    def _show(self) -> None:
        self.query_one(SixWords).show(self._six, self._stakes, self._chosen)
        sentence = content(_at_risk(self._stakes), "$foreground 70%")
        self.query_one("#choice-risk", Static).update(sentence)


def _at_risk(stakes: Sequence[int]) -> str:
    """What the turn costs at best and at worst, from the stakes alone."""
    right, worst = (-math.log2(stake / 100) for stake in (max(stakes), min(stakes)))
    if max(stakes) - min(stakes) <= 1:
        return f"1–6 put ten points on a word · {right:.1f} bits whichever comes"
    return f"right {right:.1f} bits · worst {worst:.1f}"


def _bar(percent: int, cells: int) -> tuple[str, str]:
    """A share of the cells, to half a cell, and what is left of them."""
    full, half = divmod(round(percent * cells * 2 / 100), 2)
    bar = "━" * full + "╾" * half
    return bar, "─" * (cells - len(bar))


def _fitted(word: str, cells: int) -> Content:
    """A word in exactly these cells.

    Of a longer one the end is kept too: forms of one word begin alike, and all six have to be
    told apart.
    """
    shown = content(word)
    if shown.cell_length > cells:
        end = _as_many(reversed(shown.plain), (cells - 1) // 3)[::-1]
        start = _as_many(shown.plain, cells - 1 - cell_len(end))
        shown = Content(f"{start}…{end}")
    return shown.pad_right(max(0, cells - shown.cell_length))


def _as_many(characters: Iterable[str], cells: int) -> str:
    taken = ""
    for character in characters:
        if cell_len(taken + character) > cells:
            break
        taken += character
    return taken
