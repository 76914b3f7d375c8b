"""The result: who won and by what, and the passage coloured by bits."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static, TabbedContent, TabPane

from engine.minds import READER
from tui.commands import bindings
from tui.literal import content
from tui.messages import TargetChosen
from tui.passage_text import in_full
from tui.screens.base import SCREENS_CSS, BitraceScreen
from tui.session import Session
from tui.views import (
    GLYPHS,
    best_word,
    bits_a_word,
    lanes,
    next_opponent,
    percent,
    player_names,
    reveal_rows,
    share_line,
    slip_line,
    standing_notes,
    winner,
    written_out,
)
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard
from tui.widgets.lanes import LanesView
from tui.widgets.passage import PassageView


class TextTab(Vertical, can_focus=True):
    """The coloured passage, with a cursor over its targets. Says `TargetChosen`."""

    BINDINGS = bindings("text")

    def __init__(self, n_targets: int) -> None:
        super().__init__()
        self._n_targets = n_targets
        self.target = 0

    def compose(self) -> ComposeResult:
        """The passage, and what was bet on the chosen target."""
        yield PassageView(id="full-text")
        yield Static(id="legend")
        yield Static(id="bets")

    def action_move(self, by: int) -> None:
        """Choose another target."""
        self.target = (self.target + by) % self._n_targets
        self.post_message(TargetChosen(self.target))


class ResultScreen(BitraceScreen):
    """A finished race.

    Args:
        session: the race.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("result")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._race = session.race

    def compose(self) -> ComposeResult:
        """Two tabs."""
        yield SizeGuard()
        with Horizontal(id="head"):
            yield Static(content(self._race.setup.title), id="title")
            yield Static(content(f"{self._race.target} words"), id="progress")
        with TabbedContent(id="tabs"):
            with TabPane("Race", id="race-tab"), VerticalScroll(id="race-page"):
                yield Static(content(winner(self._race)), id="winner")
                yield LanesView(id="lanes")
                yield Static(self._sentences(), id="sentences")
                yield Static(self._share(), id="share")
            with TabPane("Text", id="text-tab"):
                yield TextTab(self._race.target)
        yield Foot()

    def on_mount(self) -> None:
        """Fill in what needs a size."""
        self.query_one(LanesView).show(lanes(self._race))
        self.query_one("#legend", Static).update(self._legend())
        self._show_target(0)
        self.query_one("#race-page").focus()

    @on(TabbedContent.TabActivated)
    def _tab(self, event: TabbedContent.TabActivated) -> None:
        page = "#race-page" if event.pane.id == "race-tab" else TextTab
        self.query_one(page).focus()

    @on(TargetChosen)
    def _chosen(self, event: TargetChosen) -> None:
        self._show_target(event.target)

    def _show_target(self, target: int) -> None:
        pieces = in_full(self._race, self._session.text.shown, self._first, self._rival)
        self.query_one("#full-text", PassageView).show(pieces, target)
        self.query_one("#bets", Static).update(self._bets(target))

    @property
    def _first(self) -> int:
        """The player whose bits colour the text: the best one."""
        race = self._race
        players = range(len(race.setup.players))
        return min(players, key=lambda player: race.total(player).bits)

    @property
    def _rival(self) -> str | None:
        return READER.key if READER.key in self._race.setup.minds else None

    def _sentences(self) -> Content:
        race = self._race
        lines: list[str] = []
        for player, name in enumerate(player_names(race)):
            who = "You" if len(race.setup.players) == 1 else name
            rate = bits_a_word(race, player)
            habit = race.instinct_bits / race.target
            lines.append(f"{who}: {rate:.1f} bits a word, where Instinct pays {habit:.1f}.")
            lines.append(best_word(race, player))
            lines.append(written_out(race, player))
        lines += [*standing_notes(race), next_opponent(race)]
        if race.setup.source:
            lines.append(f"Source: {race.setup.source}")
        return Content("\n").join([content(line) for line in lines])

    def _share(self) -> Content:
        players = range(len(self._race.setup.players))
        lines = [content(share_line(self._race, player), "$primary") for player in players]
        return Content("\n").join(lines)

    def _legend(self) -> Content:
        who = player_names(self._race)[self._first]
        second = " and Reader's" if self._rival else ""
        return content(
            f"{who}'s bits{second}: {GLYPHS[0]} under 1 … {GLYPHS[-1]} 10 or more · ← → choose",
            "$foreground 60%",
        )

    def _bets(self, target: int) -> Content:
        race = self._race
        word = self._session.text.shown[
            race.setup.targets[target].start : race.setup.targets[target].end
        ]
        lines = [content(f"“{word}”, target {target + 1} of {race.target}", "bold")]
        for player, row in enumerate(reveal_rows(race, target)):
            bet = slip_line(race, target, player) if row.is_player else ""
            share = percent(row.percent)
            lines.append(content(f"{row.name:<10} {row.bits:5.1f} bits {share:>13}   {bet}"))
        return Content("\n").join(lines)

    def action_next_tab(self) -> None:
        """Show the next tab."""
        tabs = self.query_one(TabbedContent)
        names = [str(pane.id) for pane in self.query(TabPane)]
        tabs.active = names[(names.index(tabs.active) + 1) % len(names)]

    def action_again(self) -> None:
        """Race the same text once more."""
        if self.is_active:
            self.bitrace.race_again(self._session)

    def action_next(self) -> None:
        """Race the next passage."""
        if self.is_active:
            self.bitrace.race_next(self._session)

    def action_card(self) -> None:
        """Write the cards of this race to a file."""
        self.bitrace.write_cards(self._session)

    def action_home(self) -> None:
        """Back to the start."""
        self.bitrace.go_home()
