"""Before a race: what it will be, and who races how. One Enter begins it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from engine.errors import BitraceError
from tui.commands import bindings
from tui.literal import content
from tui.opening import LONGEST_NAME, MOST_PLAYERS
from tui.option_rows import stepped, told
from tui.pack_shelf import amount
from tui.previews import Offer, Preview, offer
from tui.rivals import asking_for, can_race, ticked
from tui.row_heads import row_head
from tui.screens.base import SCREENS_CSS, BitraceScreen
from tui.settings import Settings
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard
from tui.widgets.mode_lines import MODES, ModeLines
from tui.widgets.opponent_list import OpponentList
from tui.widgets.option_line import OptionLine
from tui.widgets.players_row import PlayerLine, PlayersRow

_CLOCK = "clock_s"


class StartScreen(BitraceScreen):
    """What is chosen here holds for this race. Nothing is written before it begins.

    Args:
        offered: the race as it was asked for.
        begin: begins it, or tells why it cannot be begun.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("start")

    def __init__(self, offered: Offer, begin: Callable[[Offer], None]) -> None:
        super().__init__()
        self._offer = offered
        self._begin = begin
        self._ticked: frozenset[str] | None = None
        """Names of those who are to race; None for who comes as it was asked for."""

    def compose(self) -> ComposeResult:
        """What the race is, how it is run, and who could race."""
        known = [player.name for player in self._offer.store.players()]
        yield SizeGuard()
        with Horizontal(id="head"):
            yield Static(id="title")
        with Vertical(id="start-page"):
            yield Static(id="start-facts")
            with Vertical(id="start"):
                with Vertical(id="start-terms"):
                    yield OptionLine("begin", "Begin", is_stepped=False)
                    yield ModeLines()
                    yield PlayersRow(LONGEST_NAME, known)
                    yield OptionLine(_CLOCK, "Clock", is_stepped=True)
                with Vertical(id="start-against"):
                    yield Static(id="start-against-head")
                    yield OpponentList()
            yield Static(id="start-help")
        yield Foot()

    def on_mount(self) -> None:
        """Enter begins."""
        self._show()
        self.set_focus(self._rows[0])

    # What is shown.

    @property
    def _rows(self) -> list[Widget]:
        """What takes the keys, from above to below."""
        return [
            self.query_one("#option-begin"),
            self.query_one(ModeLines),
            self.query_one(PlayerLine),
            self.query_one(f"#option-{_CLOCK}"),
            self.query_one(OpponentList),
        ]

    @property
    def _coming(self) -> frozenset[str]:
        """Names of those who will race."""
        preview = self._offer.preview
        if self._ticked is None:
            return frozenset(preview.coming)
        return self._ticked.intersection(one.name for one in preview.rivals)

    def _show(self) -> None:
        preview = self._offer.preview
        self.query_one("#title", Static).update(content(preview.title))
        self.query_one("#start-facts", Static).update(_facts(preview))
        self.query_one(ModeLines).show(preview.mode)
        self.query_one(PlayersRow).show(preview.players)
        clock = told(Settings(clock_s=preview.clock_s), _CLOCK, (), "")
        self.query_one(f"#option-{_CLOCK}", OptionLine).show(clock)
        self.query_one(OpponentList).show(preview.rivals, self._coming)
        others = [one.called for one in preview.rivals if one.name in self._coming]
        summary = f"{', '.join(preview.players)} against {', '.join(others)}"
        self.query_one("#option-begin", OptionLine).show(summary)
        self._tell_more()

    def on_descendant_focus(self) -> None:
        """Tell more of what takes the keys now."""
        self._tell_more()

    def _tell_more(self) -> None:
        match self.focused:
            case ModeLines():
                sentence = _MODE_HELP[self._offer.preview.mode]
            case PlayerLine():
                sentence = _PLAYERS_HELP
            case OpponentList():
                sentence = _AGAINST_HELP
            case OptionLine(name="clock_s"):
                sentence = _CLOCK_HELP
            case _:
                sentence = _BEGIN_HELP
        self.query_one("#start-help", Static).update(content(sentence))
        is_against = isinstance(self.focused, OpponentList)
        self.query_one("#start-against-head", Static).update(row_head("Against", is_against))

    # Going up and down.

    def action_row(self, by: int) -> None:
        """On to another row."""
        rows = self._rows
        if not self._take_name():
            return
        place = rows.index(self.focused) if self.focused in rows else 0
        row = rows[(place + by) % len(rows)]
        if isinstance(row, OpponentList):
            row.highlighted = 0 if by > 0 else row.option_count - 1
        self.set_focus(row)

    @on(OpponentList.Edge)
    def _past_the_edge(self, event: OpponentList.Edge) -> None:
        self.action_row(event.by)

    # What is chosen.

    def _change(self, **terms: Any) -> bool:
        """Have the race run otherwise; whether that can be."""
        old = self._offer
        try:
            wish = replace(old.wish, **terms)
            self._offer = offer(old.store, wish, old.found, self.bitrace.settings)
        except BitraceError as error:
            self.say(str(error), "error")
            return False
        self._show()
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key is offered for what nothing comes before or after."""
        match self.focused:
            case ModeLines() | OptionLine(name="clock_s"):
                return True
            case _:
                return action != "step" and super().check_action(action, parameters)

    def action_step(self, by: int) -> None:
        """What comes next in this row, or before."""
        match self.focused:
            case ModeLines():
                modes = list(MODES)
                now = modes.index(self._offer.preview.mode)
                self._change(mode=modes[(now + by) % len(modes)])
            case OptionLine(name="clock_s"):
                now = Settings(clock_s=self._offer.preview.clock_s)
                self._change(clock_s=stepped(now, _CLOCK, by, ()).clock_s)
            case _:
                pass

    @on(ModeLines.Picked)
    def _mode_picked(self, event: ModeLines.Picked) -> None:
        self._change(mode=event.mode)

    @on(OptionLine.Stepped)
    def _clicked_back(self) -> None:
        self.action_step(-1)

    @on(OptionLine.Entered)
    def _clicked(self) -> None:
        if self.focused == self._rows[0]:
            self.action_begin()
        else:
            self.action_step(1)

    @on(OpponentList.Ticked)
    def _tick(self, event: OpponentList.Ticked) -> None:
        names = ticked(self._coming, event.name)
        if not can_race(names):
            self.say("Somebody has to race against you: tick another one first.")
            return
        usual = frozenset(self._offer.preview.coming)
        self._ticked = None if names == usual else names
        self._show()

    # Who plays.

    def _take_name(self) -> bool:
        """Add the name that has been written, if there is one; whether it could be."""
        line = self.query_one(PlayerLine)
        name = line.value.strip()
        if name and not self._change(players=(*self._offer.preview.players, name)):
            return False
        line.value = ""
        return True

    @on(Input.Submitted)
    def _name_written(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._take_name()
        else:
            self.action_begin()

    @on(PlayersRow.TakenAway)
    def _take_away(self, event: PlayersRow.TakenAway) -> None:
        players = self._offer.preview.players
        others = tuple(name for name in players if name != event.name)
        if not others:
            self.say("Somebody has to play: add another name first.")
        elif others != players:  # else ⌫ bounced
            self._change(players=others)

    # Where it leads.

    def action_begin(self) -> None:
        """Begin the race."""
        if not (self.is_active and self._take_name()):
            return  # Enter bounced, or the name is no good
        wish = self._offer.wish
        if self._ticked is not None:
            wish = asking_for(wish, self._offer.preview.rivals, self._coming)
        self._begin(replace(self._offer, wish=wish))

    def action_back(self) -> None:
        """Leave; nothing was written."""
        if self.is_active:
            self.dismiss()


def _facts(preview: Preview) -> Content:
    """What there is to read and to predict, and what else should be known."""
    facts = (
        f"{amount(preview.n_targets, 'word')} to predict",
        f"{preview.n_words:,} to read",
        f"about {amount(preview.minutes, 'minute')}",
    )
    more: list[str] = []
    if preview.has_primer:
        more.append("A primer is read first.")
    if preview.raced_before:
        alone = len(preview.players) == 1
        who = "you" if alone else ", ".join(preview.raced_before)
        more.append(f"Raced before by {who}: practice, off the boards.")
    lines = [content(" · ".join(facts))]
    if more:
        lines.append(content(" ".join(more), "$foreground 70%"))
    return Content("\n").join(lines)


_BEGIN_HELP = "Enter begins. ↑ and ↓ go to what can be changed for this race."
_MODE_HELP = {
    "open": "Up to five words, each with the percent you stake on it; what you do not stake "
    "stays on Instinct.",
    "choice": "The true word and five others: keys 1 to 6 move your stakes. Quick, and the "
    "usual mode of three or more.",
    "shannon": "Five guesses at most and no stakes: what a guess costs follows from how you "
    "have guessed so far.",
}
_PLAYERS_HELP = (
    f"Up to {MOST_PLAYERS} at this terminal, each with a secret slip. Enter adds a name, ⌫ "
    "takes the marked one away."
)
_CLOCK_HELP = "When the time is up, the slip as it stands is locked in."
_AGAINST_HELP = "Space ticks. Whoever races, you are scored by the same Instinct."
