"""The race: everybody writes, all see the word, on to the next."""

from __future__ import annotations

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.widget import Widget
from textual.widgets import Static

from engine.bets import PASS
from engine.errors import BitraceError, RaceError, StoreError
from engine.minds import READER
from engine.racers import racers
from tui.commands import bindings
from tui.expected import expected_of_six, expected_words
from tui.garbage import SETTLING_S, settle, tidy
from tui.literal import content
from tui.messages import (
    EngineChanged,
    EngineFailed,
    GuessingStopped,
    GuessMade,
    SlipPlaced,
    TimeUp,
    WentOn,
)
from tui.passage_text import Piece, in_play, reflow
from tui.screens.appearing import Appearing
from tui.screens.base import SCREENS_CSS, BitraceScreen
from tui.screens.pausing import Pausing
from tui.screens.room import LEAST_READABLE, WORTH_READING, rows_left
from tui.screens.turn_panel import PANEL_IDS, TurnPanel
from tui.screens.turns import Turns
from tui.session import Listeners, Session
from tui.tutorial import coach
from tui.views import lanes, player_names, reveal_rows, sense
from tui.widgets.clock import ClockView
from tui.widgets.coach import CoachLine
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard
from tui.widgets.lanes import LanesView
from tui.widgets.passage import PassageView
from tui.widgets.reveal import RevealPanel, n_rows
from tui.widgets.topwords import TopWordsView

WRITING = "writing"
LOCKED = "locked in"
READING = "reading"
_READ_FIRST = "Read this first. Enter begins the race."
_WAITING = "All have locked in. The minds are still reading …"
_DRAWING = "Six words are being drawn …"
_APPEARING = "Enter shows all of it."
_FEWEST_LANES, _LANES_SHARE = 4, 4
"""Rows that lanes take while somebody writes: as many as that share of the terminal's."""


class RaceScreen(BitraceScreen):
    """Plays a session to its end.

    Args:
        session: the race.
        on_finished: called when the last reveal has been seen.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("race")

    def __init__(self, session: Session, on_finished: Callable[[Session], None]) -> None:
        super().__init__()
        self._session = session
        self._on_finished = on_finished
        self._revealed: int | None = None
        self._n_seen = len(session.race.reveals)
        """Reveals that the players have seen."""
        self._turns = Turns(self, session)
        setup = session.race.setup
        self._primer_unread = bool(setup.primer) and session.race.target == 0
        self._appearing = Appearing(self, session, self._show_passage, self._show)
        self._pausing = Pausing(self, session, self._turns, self._appearing, self._show)
        self._unwritten = ""
        """Why the word could not be shown, if it could not be written down."""

    def compose(self) -> ComposeResult:
        """Head, passage, lanes, slip or reveal, foot."""
        yield SizeGuard()
        with Horizontal(id="head"):
            yield Static(content(self._session.race.setup.title), id="title")
            yield ClockView(id="clock")
            yield Static(id="progress")
        yield PassageView(id="passage")
        yield CoachLine(id="coach")
        yield LanesView(id="lanes")
        yield TurnPanel(self._session.race.setup.mode, id="turn")
        yield Static(id="waiting")
        with Container(id="reveal-row"):
            yield RevealPanel(id="reveal")
            yield TopWordsView(id="top-words")
        yield Foot()

    def on_mount(self) -> None:
        """Show where the race is, and have the passage read."""
        if not self.is_active:
            return  # left again before it was there
        self._show()
        self._start_reading()
        self.set_timer(SETTLING_S, settle)

    def on_resize(self) -> None:
        """What has room beside the passage may be something else now."""
        if self.query(LanesView):
            self._show_words()
            self._show_lanes()

    def on_unmount(self) -> None:
        """Nobody waits for the readings any more."""
        self._turns.stop_clock()
        self._session.stop()

    @property
    def parts(self) -> tuple[str, ...]:
        """Whose commands help tells."""
        return (PANEL_IDS[self._session.race.setup.mode], "reveal", "race")

    @work(thread=True, group="engine", description="starting the engine")
    def _start_reading(self) -> None:
        # In a thread: importing the link and starting its process would hold up the keys.
        listeners = Listeners(
            on_change=self._tell_change,
            on_fault=self._tell_fault,
        )
        try:
            self._session.start(self.bitrace.open_predictor(), listeners)
        except BitraceError as error:
            self.post_message(EngineFailed(error))

    def _tell_change(self) -> None:
        self.post_message(EngineChanged())

    def _tell_fault(self, error: BitraceError) -> None:
        self.post_message(EngineFailed(error))

    @on(SlipPlaced)
    def _placed(self, event: SlipPlaced) -> None:
        self._turns.lock(event.slip)

    @on(GuessMade)
    def _guessed(self, event: GuessMade) -> None:
        self._turns.guess(event.word)

    @on(GuessingStopped)
    def _stopped(self) -> None:
        self._turns.lock(PASS)

    @on(TimeUp)
    def _time_up(self) -> None:
        self._turns.time_up()

    def turn_ended(self) -> None:
        """A turn has been locked in; the word is shown with the last one, if all is there."""
        shown = len(self._session.race.reveals)
        if shown > self._n_seen:
            self._revealed = shown - 1
        self._show()

    @on(EngineChanged)
    def _engine_changed(self) -> None:
        self._draw()
        if not self._unwritten:
            self.action_reveal()
        self._show_words()
        self._show_lanes()

    def _draw(self) -> None:
        """Take the six words that have been drawn."""
        before = self._session.race
        if before.phase != "drawing":
            return
        try:
            self._session.draw()
        except (StoreError, RaceError) as error:
            self.bitrace.races.leave(self._session, error)
            return
        if self._session.race != before:
            self._show()

    def action_reveal(self) -> None:
        """Show the word if all have locked in and all bits are there."""
        if self._session.race.phase != "waiting" or self._revealed is not None:
            return
        before = self._session.race.target
        try:
            shown = self._session.reveal()
            self._unwritten = ""
        except (StoreError, RaceError) as error:
            shown = False
            self._unwritten = f"{error} Enter tries again."
            self.say(str(error), "error")
        if shown:
            self._revealed = before
        self._show()

    @on(EngineFailed)
    def _engine_failed(self, event: EngineFailed) -> None:
        self.bitrace.races.leave(self._session, event.error)

    @on(WentOn)
    def _went_on(self) -> None:
        if self._primer_unread:
            self._primer_unread = False
        elif self._appearing.until is not None:
            self._appearing.show_all()
        elif self._revealed is not None:
            self._revealed = None
            self._n_seen = len(self._session.race.reveals)
        self._show()

    def action_pause(self) -> None:
        """Hide the race, and stop its clock, until it goes on or is left."""
        self._pausing.pause()

    def action_known(self) -> None:
        """The player who writes knows this text."""
        self._pausing.say_known()

    def action_page(self, pages: int) -> None:
        """Scroll the passage."""
        passage = self.query_one(PassageView)
        passage.page(pages)

    def _show(self) -> None:
        """Compute the whole frame and swap it in."""
        race = self._session.race
        writing = self._revealed is None and not self._primer_unread
        if writing and race.phase != "finished":
            self._appearing.begin(self.bitrace.settings.pace_wpm)
            writing = self._appearing.until is None
        if self._revealed is None and not self._primer_unread and race.phase == "finished":
            if self.is_active:
                self._on_finished(self._session)
            return
        self.query_one("#progress", Static).update(content(self._progress()))
        self._show_passage()
        teaching = not self._primer_unread and self._appearing.until is None
        self.query_one(CoachLine).show(coach(race, self._revealed) if teaching else "")
        _show_if(self.query_one(TurnPanel), writing and race.phase == "writing")
        waiting = self.query_one("#waiting", Static)
        _show_if(waiting, writing and race.phase in ("waiting", "drawing"))
        wait = _DRAWING if race.phase == "drawing" else _WAITING
        waiting.update(content(self._unwritten or wait))
        reveal = self.query_one(RevealPanel)
        _show_if(self.query_one("#reveal-row"), not writing)
        if self._primer_unread:
            reveal.show([], _READ_FIRST)
            reveal.focus()
        elif self._appearing.until is not None:
            reveal.show([], _APPEARING)
            reveal.focus()
        elif self._revealed is not None:
            reveal.show(reveal_rows(race, self._revealed), sense(race, self._revealed))
            reveal.focus()
            self.set_timer(SETTLING_S, tidy)
        elif race.phase == "writing" and not self._pausing.is_on:
            self._turns.hand_over(race.to_write[0])
            self.query_one("#progress", Static).update(content(self._progress()))
        self._show_words()
        self._show_lanes()

    def _show_passage(self) -> None:
        self.query_one(PassageView).show(self._pieces(), from_start=self._primer_unread)

    def _pieces(self) -> list[Piece]:
        race = self._session.race
        if self._primer_unread:
            return [Piece(reflow(race.setup.primer))]
        until = self._appearing.until
        return in_play(race, self._session.text.shown, self._revealed, until)

    def _progress(self) -> str:
        race = self._session.race
        if self._primer_unread:
            return "before the race"
        number = race.target + 1 if self._revealed is None else self._revealed + 1
        target = f"target {number} of {len(race.setup.targets)}"
        writer = self._turns.writer
        if len(race.setup.players) == 1 or writer is None or self._revealed is not None:
            return target
        return f"{player_names(race)[writer]} · {target}"

    def _show_lanes(self) -> None:
        race = self._session.race
        states: dict[str, str] = {}
        if self._revealed is None and race.phase != "finished":
            for player in range(len(race.setup.players)):
                waits = player in race.to_write
                key = race.setup.players[player].id
                states[key] = (
                    WRITING if player == self._turns.writer else "" if waits else LOCKED
                )
            for key in race.setup.minds:
                states[key] = LOCKED if self._session.is_locked(key) else READING
        view = self.query_one(LanesView)
        most = max(_FEWEST_LANES, self.size.height // _LANES_SHARE)
        view.show(lanes(race, states), most if self._revealed is None else None)
        # The word matters more than the lanes where both and the reveal have no room.
        n_racers = len(racers(race.setup))
        has_words = not self.query_one(TopWordsView).has_class("-hidden")
        room = self._rows_left(with_words=has_words) - n_racers
        _show_if(view, self._revealed is None or room >= WORTH_READING)
        self.bitrace.tell_engine(self._session.engine_line)

    def _show_words(self) -> None:
        """Reader's best words, beside or below a reveal."""
        view = self.query_one(TopWordsView)
        if self._revealed is None:
            _show_if(view, False)
            return
        race = self._session.race
        if race.setup.mode == "choice":
            wanted = READER.key in race.setup.minds
            view.show(expected_of_six(race, self._revealed) if wanted else ())
        else:
            top = self._session.top_words(self._revealed)
            wanted = top is not None or self._session.words_to_come
            view.show(expected_words(race, self._revealed, top) if top else ())
        _show_if(view, wanted and self._rows_left(with_words=True) >= LEAST_READABLE)

    def _rows_left(self, with_words: bool) -> int:
        """Rows that are left for passage and lanes at a reveal."""
        n_all = len(racers(self._session.race.setup))
        n_shown = n_rows(n_all + 1, self.size.height) - 1  # Instinct is among them
        return rows_left(self.size, n_shown, with_words)


def _show_if(widget: Widget, shown: bool) -> None:
    """By a class, not by `display`: that would overrule what a small terminal hides."""
    widget.set_class(not shown, "-hidden")
