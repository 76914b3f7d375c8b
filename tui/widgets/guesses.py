"""Guessing until one is right: the line, the guesses so far, and what the next one costs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from engine import shannon
from engine.errors import SlipError
from tui.commands import bindings
from tui.literal import clean, content
from tui.messages import GuessingStopped, GuessMade
from tui.word_line import WordLine

WRONG = "✗"
"""Stands before a guess that was wrong."""
_HEAD = "not: "
_GAP = "  "


class GuessLine(WordLine):
    """The line a guess is typed on."""

    BINDINGS = bindings("guess")

    def __init__(self) -> None:
        super().__init__("harbour")


class WrongGuesses(Widget):
    """The guesses of this turn so far, in one line; long ones give way to each other."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._guesses: Sequence[str] = ()

    def show(self, guesses: Sequence[str]) -> None:
        """Show other guesses."""
        self._guesses = guesses
        self.refresh()

    def render(self) -> Content:
        """The line."""
        if not self._guesses:
            return Content.styled(
                f"one word at a time, {shannon.MOST_GUESSES} guesses at the most",
                "$foreground 60%",
            )
        words = [content(guess) for guess in self._guesses]
        beside = len(_HEAD) + len(words) * 2 + (len(words) - 1) * len(_GAP)
        cells = _cells_each(
            [word.cell_length for word in words], self.content_size.width - beside
        )
        told = [
            Content.assemble(
                (f"{WRONG} ", "$error"),
                word.truncate(cells, ellipsis=True).stylize("$foreground 60% strike"),
            )
            for word in words
        ]
        return Content.styled(_HEAD, "$foreground 60%") + Content(_GAP).join(told)


class GuessPanel(Vertical):
    """One player's guesses. Says `GuessMade` for each, `GuessingStopped` for no more."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._guesses: Sequence[str] = ()
        self._prices: Sequence[float] = ()
        self._asked_to_stop = False
        self._placed = False
        """Guessed and not yet answered: a second Enter must not guess again."""

    def compose(self) -> ComposeResult:
        """A line with the guess's number, the guesses before, a sentence."""
        with Horizontal(id="guess-row"):
            yield Static("›", id="guess-mark")
            yield GuessLine()
            yield Static(id="guess-number")
        yield WrongGuesses(id="guesses")
        yield Static(id="price")

    def begin(
        self, guesses: Sequence[str], prices: Sequence[float], shown_words: Sequence[str]
    ) -> None:
        """An empty line for the next turn, or for one that was left.

        Args:
            guesses: those that were wrong already.
            prices: in bits, of a hit at each guess, then of a miss without Instinct's.
            shown_words: words of the passage that everybody can see.
        """
        self._prices = prices
        self.line.words.shown_words = shown_words
        self.wrong(guesses)
        self.line.focus()

    def wrong(self, guesses: Sequence[str]) -> None:
        """The last guess was wrong: an empty line for another.

        Args:
            guesses: all of this turn, that one too.
        """
        self._guesses = guesses
        self.line.value = ""
        self._asked_to_stop = False
        self._placed = False
        self.query_one(WrongGuesses).show(guesses)
        number = min(len(guesses) + 1, shannon.MOST_GUESSES)
        self.query_one("#guess-number", Static).update(
            content(f"guess {number} of {shannon.MOST_GUESSES}")
        )
        self._show_price()

    def close(self) -> bool:
        """Take no more; False where it is on its way already."""
        if self._placed:
            return False
        self._placed = True
        return True

    def give_back(self) -> None:
        """The guess could not be taken: it stays on the line and can be made again."""
        self._placed = False

    @property
    def line(self) -> GuessLine:
        """The line."""
        return self.query_one(GuessLine)

    @property
    def typed(self) -> str:
        """What stands on it."""
        return self.line.value

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if (safe := clean(event.value)) != event.value:
            self.line.value = safe
            return
        self._asked_to_stop = False
        if not event.value.strip():
            self._show_price()
            return
        try:
            shannon.check_guess(event.value, self._guesses)
            self._show_price()
        except SlipError as error:
            self._say(str(error), "$warning")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._placed:
            return
        if not self.typed.strip():
            self._stop()
            return
        try:
            word = shannon.check_guess(self.typed, self._guesses)
        except SlipError as error:
            self._say(f"not taken: {error}", "bold $error")
            return
        self._placed = True
        self.post_message(GuessMade(word))

    def _stop(self) -> None:
        if not self._asked_to_stop:
            self._asked_to_stop = True
            self._say("Stop guessing? The word counts as missed. Enter stops.", "$warning")
            return
        self._placed = True
        self.post_message(GuessingStopped())

    def _show_price(self) -> None:
        *hits, missed = self._prices
        hit = hits[min(len(self._guesses), len(hits) - 1)]
        self._say(
            f"right {hit:.1f} bits · missed +{missed:.1f} and Instinct's", "$foreground 70%"
        )

    def _say(self, text: str, style: str) -> None:
        self.query_one("#price", Static).update(content(text, style))


def _cells_each(lengths: Sequence[int], room: int) -> int:
    """The most cells a word can have for all to find room."""
    return next(
        (
            cells
            for cells in range(room, 1, -1)
            if sum(min(length, cells) for length in lengths) <= room
        ),
        1,
    )
