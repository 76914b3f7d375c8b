"""The result: who won and by what, the passage coloured by bits, and what memory was worth."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static, TabbedContent, TabPane

from engine.errors import StoreError
from engine.minds import READER
from tui.clipboard import may_copy
from tui.columns import NAME_WIDTH
from tui.commands import bindings
from tui.expected import expected_words
from tui.heat import GLYPHS, percent
from tui.literal import content
from tui.messages import HindsightChanged, ReadingPaused, TargetMoved
from tui.passage_text import in_full
from tui.racer_rows import fit_racer
from tui.screens.base import SCREENS_CSS, BitraceScreen
from tui.screens.result_tabs import MemoryTab, TextTab
from tui.session import Session
from tui.six_table import six_table
from tui.stairs import memory_sense, stairs
from tui.today import local_day, streak_line
from tui.verdicts import standing, verdict
from tui.views import lanes, owned, reveal_rows, share_line, winner
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard
from tui.widgets.lanes import LanesView

_SHARE = "To paste, without spoilers"
_COPIED = "Copied, if your terminal allows it:"
_NOT_COPIED = "This terminal copies nothing by itself. Mark it to copy it:"
_IN_TABLE = 3
"""Players whose stakes on six words surely have room side by side."""
_WIDEST_NAME = 24
"""Cells of the column of names on the Text tab."""


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
        self._hindsight = session.look_back()
        self._target = 0
        """The one that is looked at, on all tabs alike."""
        self._copied = False
        """The lines to paste are to be shown with the first tab."""

    def compose(self) -> ComposeResult:
        """Three tabs."""
        yield SizeGuard()
        with Horizontal(id="head"):
            yield Static(content(self._race.setup.title), id="title")
            yield Static(content(f"{self._race.target} words"), id="progress")
        with TabbedContent(id="tabs"):
            with TabPane("Race", id="race-tab"), VerticalScroll(id="race-page"):
                yield Static(content(winner(self._race)), id="winner")
                yield LanesView(id="lanes")
                yield Static(self._sentences(), id="sentences")
                first = ", the best one first" if len(self._race.setup.players) > 1 else ""
                yield Static(f"{_SHARE}{first}:", id="share-head", markup=False)
                yield Static(content(self._share, "$primary", newlines=True), id="share")
            with TabPane("Text", id="text-tab"):
                yield TextTab(self._legend())
            with TabPane("Memory", id="memory-tab"):
                yield MemoryTab()
        yield Foot()

    def on_mount(self) -> None:
        """Fill in what needs a size, and have more read about the race."""
        self.query_one(LanesView).show(lanes(self._race))
        self._show_target()
        self.query_one("#race-page").focus()
        self._read_on()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._hindsight.leave()

    @work(thread=True, group="engine", description="reading the staircase")
    def _read_on(self) -> None:
        # In a thread: the engine may have to be started.
        self._hindsight.start(self.bitrace.open_predictor(), self._tell_change)

    def _tell_change(self) -> None:
        self.post_message(HindsightChanged())

    @on(HindsightChanged)
    def _more_is_known(self) -> None:
        self._show_words()
        self._show_memory()

    @on(ReadingPaused)
    def _pause_or_go_on(self) -> None:
        match self._hindsight.state:
            case "reading":
                self._hindsight.pause()
                self._more_is_known()
            case "stopped" | "failed":
                self._read_on()
            case "done":
                pass

    @on(TabbedContent.TabActivated)
    def _tab(self, event: TabbedContent.TabActivated) -> None:
        if event.pane.id != event.tabbed_content.active:
            return  # Tab was pressed again: focus would bring this one back
        pages = {"race-tab": "#race-page", "text-tab": TextTab, "memory-tab": MemoryTab}
        self.query_one(pages[str(event.pane.id)]).focus()
        if self._copied:
            self._show_share()

    @on(TargetMoved)
    def _moved(self, event: TargetMoved) -> None:
        self._target = (self._target + event.by) % self._race.target
        self._show_target()

    def _show_target(self) -> None:
        pieces = in_full(self._race, self._session.text.shown, self._first, self._rival)
        race, target = self._race, self._target
        head = content(f"“{self._word}”, target {target + 1} of {race.target}", "bold")
        bets, six = self._bets(target), six_table(race, target)
        self.query_one(TextTab).show(pieces, target, head, bets, six)
        self._show_words()
        self._show_memory()

    def _show_words(self) -> None:
        top = self._session.top_words(self._target)
        if self._race.setup.mode == "choice":
            expected = None  # Reader had to choose among the six, too
        elif top is not None:
            expected = expected_words(self._race, self._target, top)
        else:
            expected = () if self._rival and self._hindsight.state == "reading" else None
        self.query_one(TextTab).show_words(expected)

    def _show_memory(self) -> None:
        tab = self.query_one(MemoryTab)
        staircase = self._hindsight.staircase
        if staircase is None:
            tab.show(None, (), self._progress())
            return
        chosen = (self._race, staircase, self._target, self._first)
        tab.show(stairs(*chosen, self._word), memory_sense(*chosen), self._progress())

    @property
    def _word(self) -> str:
        """The chosen word, as printed."""
        target = self._race.setup.targets[self._target]
        return self._session.text.shown[target.start : target.end]

    def _progress(self) -> str:
        """How far the staircase has been read."""
        hindsight = self._hindsight
        staircase = hindsight.staircase
        n_read, n_rungs = (staircase.n_whole, len(staircase.minds)) if staircase else (0, 0)
        so_far = f"{n_read} of {n_rungs} rungs read" if n_rungs else "nothing read yet"
        match hindsight.state:
            case "reading":
                return f"… {so_far} · {100 * hindsight.fraction:.0f} % · c stops"
            case "stopped":
                return f"Stopped: {so_far}. c goes on."
            case "failed":
                return f"{so_far.capitalize()}. {hindsight.fault} c tries again."
            case "done":
                return ""

    @property
    def _first(self) -> int:
        """The player whose bits colour the text: the best one."""
        return standing(self._race)[0]

    @property
    def _rival(self) -> str | None:
        return READER.key if READER.key in self._race.setup.minds else None

    def _sentences(self) -> Content:
        lines = [*verdict(self._race)]
        try:
            lines.append(streak_line(self.bitrace.store, self._race, local_day()) or "")
        except StoreError as error:  # the race is kept; only the others could not be read
            lines.append(str(error))
        if self._race.setup.source:
            lines.append(f"Source: {self._race.setup.source}")
        return Content("\n").join([content(line) for line in lines if line])

    @property
    def _share(self) -> str:
        """A line to paste for each player, the best one first."""
        return "\n".join(share_line(self._race, player) for player in standing(self._race))

    def _legend(self) -> Content:
        whose = owned(self._race, self._first, start=True)
        second = " and Reader's" if self._rival else ""
        return content(
            f"{whose} bits{second}: {GLYPHS[0]} under 1 … {GLYPHS[-1]} 10 or more",
            "$foreground 60%",
        )

    def _bets(self, target: int) -> Content:
        race = self._race
        rows = reveal_rows(race, target)
        longest = max(NAME_WIDTH, *(Content(row.name).cell_length for row in rows))
        cells = min(longest, _WIDEST_NAME)
        # What players had on six words stands in the table, which has room for so many.
        in_table = race.setup.mode == "choice" and len(race.setup.players) <= _IN_TABLE
        lines: list[Content] = []
        for row in rows:
            bits = "absent     " if row.bits is None else f"{row.bits:5.1f} bits "
            share = "" if row.bits is None else percent(row.percent)
            told = "" if row.is_player and in_table else row.said
            name = fit_racer(row.name, row.kind, cells)
            lines.append(name + f"{bits}{share:>8}   {told}")
        return Content("\n").join(lines)

    def action_next_tab(self) -> None:
        """Show the next tab."""
        tabs = self.query_one(TabbedContent)
        names = [str(pane.id) for pane in self.query(TabPane)]
        tabs.active = names[(names.index(tabs.active) + 1) % len(names)]

    def action_again(self) -> None:
        """Race the same text once more."""
        if self.is_active:
            self.bitrace.races.again(self._session)

    def action_next(self) -> None:
        """Race the next passage."""
        if self.is_active:
            self.bitrace.races.next(self._session)

    def action_card(self) -> None:
        """Write the cards of this race to a file."""
        self.bitrace.races.write_cards(self._session)

    def action_copy(self) -> None:
        """Copy the lines to paste, and show them: whether a terminal copies is never known."""
        if may_copy():
            self.bitrace.copy_to_clipboard(self._share)
        head = self.query_one("#share-head", Static)
        head.update(_COPIED if may_copy() else _NOT_COPIED)
        tabs = self.query_one(TabbedContent)
        if tabs.active == "race-tab":
            self._show_share()
        else:
            self._copied = True  # there is nothing to scroll before the tab is shown
            tabs.active = "race-tab"

    def _show_share(self) -> None:
        self._copied = False
        self.query_one("#race-page").scroll_end(animate=False)

    def action_home(self) -> None:
        """Back to the start."""
        self.bitrace.go_home()
