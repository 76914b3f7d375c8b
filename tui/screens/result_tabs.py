"""The two tabs of the result in which a target is chosen. Both say `TargetMoved`."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.commands import bindings
from tui.expected import Expected
from tui.literal import content
from tui.messages import ReadingPaused, TargetMoved
from tui.passage_text import Piece
from tui.six_table import SixTable
from tui.stairs import Stairs
from tui.widgets.passage import PassageView
from tui.widgets.six import SixView
from tui.widgets.staircase import StaircaseView
from tui.widgets.topwords import TopWordsView


class TargetTab(Vertical, can_focus=True):
    """Has a cursor over the targets; the screen knows where it stands."""

    BINDINGS = bindings("target")

    def action_move(self, by: int) -> None:
        """Choose another target."""
        self.post_message(TargetMoved(by))


class TextTab(TargetTab):
    """The coloured passage, and what was bet on the chosen target."""

    BINDINGS = bindings("text")

    def __init__(self, legend: Content) -> None:
        super().__init__()
        self._legend = legend

    def compose(self) -> ComposeResult:
        """The passage, what its glyphs mean, bets and Reader's best words or all six."""
        yield PassageView(id="full-text")
        yield Static(self._legend, id="legend")
        yield Static(id="bets-head")
        with VerticalScroll(id="bets-row", can_focus=False):
            yield SixView(id="six")
            yield Static(id="bets")
            yield TopWordsView(id="text-words")

    def show(
        self,
        pieces: Sequence[Piece],
        target: int,
        head: Content,
        bets: Content,
        six: SixTable | None,
    ) -> None:
        """Show another target.

        Args:
            pieces: the passage.
            target: the chosen one.
            head: what it is.
            bets: what everybody had there.
            six: the words it was hidden among, if it was.
        """
        self.query_one(PassageView).show(pieces, target)
        self.query_one("#bets-head", Static).update(head)
        self.query_one("#bets", Static).update(bets)
        self.query_one(SixView).show(six)
        self.query_one("#bets-row").scroll_home(animate=False)

    def action_scroll(self, rows: int) -> None:
        """Scroll what was bet, where there is more than fits."""
        self.query_one("#bets-row").scroll_relative(y=rows, animate=False)

    def show_words(self, expected: Sequence[Expected] | None) -> None:
        """Show Reader's best words; none are still to come, None for never."""
        words = self.query_one(TopWordsView)
        words.set_class(expected is None, "-hidden")
        words.show(expected or ())


class MemoryTab(TargetTab):
    """The staircase, what it says, and how far it has been read. Says `ReadingPaused`."""

    BINDINGS = bindings("memory")

    def compose(self) -> ComposeResult:
        """A picture, sentences, progress."""
        yield StaircaseView(id="staircase")
        yield Static(id="memory-sense")
        yield Static(id="memory-progress")

    def show(self, stairs: Stairs | None, sentences: Sequence[str], progress: str) -> None:
        """Show another target, or more of the staircase.

        Args:
            stairs: the picture; None before there is one.
            sentences: what it says.
            progress: how far it has been read; empty when all has been.
        """
        if stairs is not None:
            self.query_one(StaircaseView).show(stairs)
        lines = [content(sentence) for sentence in sentences]
        self.query_one("#memory-sense", Static).update(Content("\n").join(lines))
        line = self.query_one("#memory-progress", Static)
        line.update(content(progress))
        line.set_class(not progress, "-hidden")

    def action_pause(self) -> None:
        """Read no further, or go on."""
        self.post_message(ReadingPaused())
