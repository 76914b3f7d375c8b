"""What stops a race for a moment: a pause, which hides it, and who knows its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import StoreError
from tui.screens.appearing import Appearing
from tui.screens.pause import KNOWN, LEAVE, PauseScreen
from tui.screens.turns import Turns
from tui.session import Session
from tui.views import lanes, signed

if TYPE_CHECKING:
    from tui.screens.race import RaceScreen


class Pausing:
    """Pauses a race.

    Args:
        screen: where it is played.
        session: the race.
        turns: have a clock.
        appearing: the text that may be appearing.
        on_over: called when the race goes on.
    """

    def __init__(
        self,
        screen: RaceScreen,
        session: Session,
        turns: Turns,
        appearing: Appearing,
        on_over: Callable[[], None],
    ) -> None:
        self._screen = screen
        self._session = session
        self._turns = turns
        self._appearing = appearing
        self._on_over = on_over
        self.is_on = False
        """Whether the race is paused: no turn begins then."""

    @property
    def _player(self) -> int | None:
        """Who may say that they know the text: the one who writes, or is alone."""
        alone = len(self._session.race.setup.players) == 1
        return 0 if alone else self._turns.writer

    def pause(self) -> None:
        """Hide the race, and stop its clock, until it goes on or is left."""
        race, who = self._session.race, self._player
        self.is_on = True
        self._turns.stop_clock()
        self._appearing.stop()
        n_targets = len(race.setup.targets)
        pause = PauseScreen(
            race.setup.title,
            min(race.target + 1, n_targets),
            n_targets,
            [f"{lane.name}: {signed(lane.insight_bits)} bits" for lane in lanes(race)],
            can_know=who is not None and who not in race.known,
        )
        self._screen.bitrace.push_screen(pause, self._after)

    def _after(self, answer: str | None) -> None:
        self.is_on = False
        if answer == LEAVE:
            self._screen.bitrace.races.leave(self._session, None)
            return
        if answer == KNOWN:
            self.say_known()
        self._turns.run_clock()
        self._appearing.go_on()
        self._on_over()

    def say_known(self) -> None:
        """The player who writes knows this text."""
        player, screen = self._player, self._screen
        if player is None:
            screen.say("Nobody is writing: whoever knows this text says so in their own turn.")
            return
        try:
            self._session.say_known(player)
        except StoreError as error:
            screen.say(str(error), "error")
            return
        screen.say("Noted: this race stays off the boards. Play on for practice.")
