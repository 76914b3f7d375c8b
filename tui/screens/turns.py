"""Whose turn it is in a race, and what becomes of it: handing over, locking in, the clock."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from engine import shannon
from engine.bets import FIRST_STAKE, Slip
from engine.errors import RaceError, SlipError, StoreError
from engine.words import words
from tui.screens.curtain import Curtain
from tui.screens.turn_panel import Turn, TurnPanel
from tui.session import Session
from tui.views import player_names
from tui.widgets.clock import ClockView

if TYPE_CHECKING:
    from tui.screens.race import RaceScreen


class Turns:
    """Gives each player their turn.

    Args:
        screen: where they are taken.
        session: the race.
    """

    def __init__(self, screen: RaceScreen, session: Session) -> None:
        self._screen = screen
        self._session = session
        self._stakes = [FIRST_STAKE] * len(session.race.setup.players)
        self._running: ClockView | None = None
        """The clock that was started last: it can be asked even when the screen is gone."""
        self.writer: int | None = None
        """The player whose turn it is."""

    def hand_over(self, player: int) -> None:
        """A player's turn begins; behind a curtain if there are several."""
        if self.writer == player:
            return
        self.writer = player
        self._panel.begin(self._turn(player))
        if len(self._session.race.setup.players) == 1:
            self.run_clock()
            return
        name = player_names(self._session.race)[player]
        curtain = Curtain(name)
        # The text is first seen when it opens; until then no time runs.
        self._screen.bitrace.push_screen(curtain, lambda _: self.run_clock())

    def lock(self, slip: Slip, by_clock: bool = False) -> None:
        """The turn ends with a slip."""
        player = self.writer
        if player is None:
            return
        self._stakes[player] = self._panel.stake or self._stakes[player]
        try:
            self._session.lock(player, slip, by_clock)
        except (StoreError, RaceError) as error:
            self._give_back(error)
            return
        self._ended()

    def guess(self, word: str) -> None:
        """A word is guessed."""
        player, target = self.writer, self._session.race.target
        if player is None:
            return
        try:
            right = self._session.guess(player, word)
        except (StoreError, RaceError) as error:
            self._give_back(error)
            return
        race = self._session.race
        if right or (target, player) in race.locked:
            self._ended()
        else:
            self._panel.wrong(race.guesses[target, player])

    def time_up(self) -> None:
        """The time is over: the slip is locked in as it stands."""
        if not self._clock.is_up or self.writer is None or not self._panel.close():
            return  # of an earlier turn, or it is on its way already
        player, target = self.writer, self._session.race.target
        self._screen.say("Time is up.")
        if self._panel.typed:
            made = self._session.race.guesses.get((target, player), ())
            with suppress(SlipError):
                self.guess(shannon.check_guess(self._panel.typed, made))
        if self.writer == player and self._session.race.target == target:
            self.lock(self._panel.slip, by_clock=True)

    def run_clock(self) -> None:
        """Let the time of the turn run, if there is a clock, from where it was stopped."""
        whole_s = self._session.race.setup.clock_s
        if whole_s is not None and self.writer is not None:
            used_s = self._session.race.used_s.get(self._now, 0.0)
            self._running = self._clock
            self._running.run(whole_s - used_s, whole_s)

    def stop_clock(self) -> None:
        """Stop it, and write down how much was used: leaving a race must not give it back."""
        used_s = self._running.stop() if self._running else 0.0
        if not used_s or self.writer is None:
            return
        used_s += self._session.race.used_s.get(self._now, 0.0)
        with suppress(StoreError, RaceError):
            self._session.keep_time(self.writer, used_s)

    @property
    def _now(self) -> tuple[int, int]:
        assert self.writer is not None
        return self._session.race.target, self.writer

    @property
    def _panel(self) -> TurnPanel:
        return self._screen.query_one(TurnPanel)

    @property
    def _clock(self) -> ClockView:
        return self._screen.query_one(ClockView)

    def _ended(self) -> None:
        self._clock.stop()
        self.writer = None
        self._screen.turn_ended()

    def _give_back(self, error: StoreError | RaceError) -> None:
        self._panel.give_back()
        self._screen.say(f"Not locked in: {error}", "error")

    def _turn(self, player: int) -> Turn:
        race, text = self._session.race, self._session.text.normalized
        target = race.target
        at = race.setup.targets[target].start
        earlier = [race.rank(before, player) for before in range(target)]
        return Turn(
            seen=[word.text for word in words(text[:at])],
            stake=self._stakes[player],
            six=race.sixes.get(target, ()),
            guesses=race.guesses.get((target, player), ()),
            prices=shannon.prices(earlier) if race.setup.mode == "shannon" else (),
        )
