"""Writing a slip: the line, the bar of stakes, and what is at risk."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.bets import FIRST_STAKE, PASS, Slip, last_stake, parse, risk
from engine.errors import SlipError
from tui.commands import bindings
from tui.literal import clean, content
from tui.messages import SlipPlaced
from tui.typing import complete, restake
from tui.word_line import WordLine

_BAR_CELLS = 50
_BET_GLYPHS = "█▓▒█▓"
_BET_STYLES = ("$primary", "$primary", "$primary", "$accent 60%", "$accent 60%")


class SlipLine(WordLine):
    """The line a slip is typed on."""

    BINDINGS = bindings("slip")

    def __init__(self) -> None:
        super().__init__("harbour 60 sea 20")
        self.default_stake = FIRST_STAKE

    def action_restake(self, change: int) -> None:
        """Change the stake of the word under the caret."""
        found = restake(self.value, self.cursor_position, change, self.default_stake)
        self.take(*found)

    def action_complete(self) -> None:
        """Complete the word under the caret, or go to the next bet."""
        self.take(*complete(self.value, self.cursor_position, self.words.shown_words))


class StakeBar(Widget):
    """Each bet in its share of the cells, then what Instinct keeps."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._slip = PASS

    def show(self, slip: Slip) -> None:
        """Show another slip."""
        self._slip = slip
        self.refresh()

    def render(self) -> Content:
        """The bar and a sentence."""
        rest = f"   Instinct keeps {self._slip.rest} %"
        width = max(10, min(_BAR_CELLS, self.content_size.width - len(rest)))
        parts: list[tuple[str, str]] = []
        used = 0
        staked = 0
        for place, bet in enumerate(self._slip.bets):
            staked += bet.percent
            cells = round(staked * width / 100) - used
            used += cells
            parts.append((_BET_GLYPHS[place] * cells, _BET_STYLES[place]))
        parts.append(("░" * (width - used), "$secondary 60%"))
        parts.append((rest, "$foreground 70%"))
        return Content.assemble(*parts)


class SlipPanel(Vertical):
    """One player's slip. Says `SlipPlaced` when it is locked in."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._asked_to_pass = False
        self._slip = PASS
        self._placed = False
        """Locked in and not yet taken: a second Enter must not lock it in for another."""

    def compose(self) -> ComposeResult:
        """A line, a bar, a sentence."""
        with Horizontal(id="slip-row"):
            yield Static("›", id="slip-mark")
            yield SlipLine()
        yield StakeBar(id="stakes")
        yield Static(id="risk")

    def begin(self, default_stake: int, shown_words: Sequence[str]) -> None:
        """An empty slip for the next turn.

        Args:
            default_stake: percent for words typed without a number.
            shown_words: words of the passage that everybody can see.
        """
        line = self.line
        line.default_stake = default_stake
        line.words.shown_words = shown_words
        line.value = ""
        self._asked_to_pass = False
        self._placed = False
        self._show_slip(PASS)
        line.focus()

    @property
    def line(self) -> SlipLine:
        """The line."""
        return self.query_one(SlipLine)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if (safe := clean(event.value)) != event.value:
            self.line.value = safe
            return
        self._asked_to_pass = False
        try:
            self._show_slip(parse(event.value, self.line.default_stake))
        except SlipError as error:
            self._say(str(error), "$warning")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._placed:
            return
        line = self.line
        try:
            slip = parse(line.value, line.default_stake)
        except SlipError as error:
            self._say(f"not taken: {error}", "bold $error")
            return
        if slip == PASS and not self._asked_to_pass:
            self._asked_to_pass = True
            self._say("Pass? You score what Instinct scores. Enter passes.", "$warning")
            return
        line.default_stake = last_stake(line.value) or line.default_stake
        self._placed = True
        self.post_message(SlipPlaced(slip))

    @property
    def slip(self) -> Slip:
        """The slip as it stands: as it was last good, while something else is being typed."""
        return self._slip

    def close(self) -> bool:
        """Take no more; False where it is on its way already."""
        if self._placed:
            return False
        self._placed = True
        return True

    def give_back(self) -> None:
        """The slip could not be taken: it stays on the line and can be locked in again."""
        self._placed = False

    def _show_slip(self, slip: Slip) -> None:
        self._slip = slip
        self.query_one(StakeBar).show(slip)
        at_risk = risk(slip)
        if at_risk is None:
            text = "stake percents on words; the rest stays on Instinct"
        else:
            right, wrong = at_risk.right_bits, at_risk.wrong_bits
            text = f"right {right:.1f} bits · wrong +{wrong:.1f} and Instinct's"
        self._say(text, "$foreground 70%")

    def _say(self, text: str, style: str) -> None:
        self.query_one("#risk", Static).update(content(text, style))
