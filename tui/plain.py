"""Plain mode: the same game line by line, for screen readers, pipes and scripts."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from engine.errors import BitraceError
from tui import plain_telling
from tui.literal import clean
from tui.plain_lines import Left, Lines, tell
from tui.plain_turns import Turns
from tui.session import Listeners, Session
from tui.today import local_day, streak_line
from tui.tutorial import coach

if TYPE_CHECKING:
    from engine.predictor import Predictor
    from tui.opening import Opened

BLANK = "_________"
CURTAIN_LINES = 60
_GO_ON = "Go on with: bitrace resume --plain"
_KEPT = f"\nThe race is kept. {_GO_ON}"
_POLL_S = 0.2
_POLLS_UNTOLD = 5
_NEAR = 300
"""Characters of the text that are told again behind a curtain."""


class PlainRace:
    """One race on standard input and output. No control sequence is ever written.

    Args:
        opened: the race.
        predictor: who reads.
        passes_unasked: an empty line passes without a second one.
        monotonic: tells the time, in seconds from anywhere.
    """

    def __init__(
        self,
        opened: Opened,
        predictor: Predictor,
        passes_unasked: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = Session(opened.store, opened.race, opened.text, opened.gpu_layers)
        self._store = opened.store
        self._predictor = predictor
        self._lines = Lines(sys.stdin)
        self._turns = Turns(self._session, self._lines, passes_unasked, monotonic)
        self._changed = threading.Event()
        self._fault: BitraceError | None = None
        self._told = 0
        """Characters of the text that have been told."""

    def run(self) -> int:
        """Play to the end of the race or of the input.

        Raises:
            BitraceError: the engine failed; what was locked in is kept.
        """
        self._session.start(self._predictor, Listeners(self._changed.set, self._on_fault))
        try:
            self._play()
        except BitraceError:
            if not self._store.discard_unplayed(self._session.race):
                tell(_KEPT)
            raise
        except KeyboardInterrupt:
            if self._session.race.phase != "finished":
                tell(_KEPT)
            raise
        finally:
            self._session.stop()
        return 0

    def _play(self) -> None:
        try:
            _tell_all(plain_telling.beginning(self._session.race))
            while self._session.race.phase != "finished":
                self._turn()
            self._tell_end()
        except Left:
            self._pause()

    def _on_fault(self, error: BitraceError) -> None:
        self._fault = error
        self._changed.set()

    def _turn(self) -> None:
        """What everybody says at one target, then the word."""
        target = self._session.race.target
        if not self._time_begins_by_hand:
            self._tell_text()
        self._wait(self._is_drawn)
        self._teach(None)
        for place, player in enumerate(self._session.race.to_write):
            self._hand_over(player, is_first=place == 0)
            self._turns.play(player)
            self._raise_fault()
        self._wait(lambda: self._session.race.target > target or self._session.reveal())
        where = self._session.race.setup.targets[target]
        shown = self._session.text.shown[where.start : where.end]
        top = self._session.top_words(target)
        _tell_all(plain_telling.word(self._session.race, target, shown, top))
        self._teach(target)

    def _teach(self, revealed: int | None) -> None:
        """What the tutorial has to say, if this is it."""
        if lesson := coach(self._session.race, revealed):
            tell(f"\n{lesson}")

    @property
    def _time_begins_by_hand(self) -> bool:
        """Whether players say that they are there, and see the text only then: at a terminal
        with a clock. Through a pipe nobody has to be waited for."""
        return self._lines.at_terminal and self._session.race.setup.clock_s is not None

    def _hand_over(self, player: int, is_first: bool) -> None:
        """Bring a player before the text; at a terminal what others have typed is gone."""
        if self._lines.at_terminal and not is_first:
            tell("\n" * CURTAIN_LINES)
        if self._time_begins_by_hand:
            self._turns.wait_for(player)
            if is_first:
                self._tell_text()
        if self._lines.at_terminal and not is_first:
            tell(f"…{clean(self._near_text)}{BLANK}")

    def _is_drawn(self) -> bool:
        self._session.draw()
        return self._session.race.phase != "drawing"

    def _wait(self, is_over: Callable[[], bool]) -> None:
        """Wait for the minds."""
        waited = 0
        while True:
            self._raise_fault()
            if is_over():
                return
            self._changed.wait(_POLL_S)
            self._changed.clear()
            waited += 1
            if waited == _POLLS_UNTOLD:
                tell("The minds are still reading …")

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _pause(self) -> None:
        race = self._session.race
        self._await_engine()
        tell(f"\nPaused at target {race.target + 1} of {len(race.setup.targets)}. {_GO_ON}")

    def _await_engine(self) -> None:
        """Let a model that cannot be loaded be told before the race is left."""
        while not self._session.engine_ready:
            self._raise_fault()
            self._changed.wait(_POLL_S)
            self._changed.clear()
        self._raise_fault()

    @property
    def _near_text(self) -> str:
        target = self._session.race.setup.targets[self._session.race.target]
        return self._session.text.shown[max(0, target.start - _NEAR) : target.start]

    def _tell_text(self) -> None:
        target = self._session.race.setup.targets[self._session.race.target]
        piece = self._session.text.shown[self._told : target.start]
        tell(f"\n{clean(piece, newlines=True)}{BLANK}")
        self._told = target.start

    def _tell_end(self) -> None:
        rest = self._session.text.shown[self._told :]
        tell(f"\n{clean(rest, newlines=True)}\n")
        _tell_all(plain_telling.end(self._session.race))
        streak = streak_line(self._store, self._session.race, local_day())
        if streak is not None:
            tell(streak)


def _tell_all(lines: Iterable[str]) -> None:
    for line in lines:
        tell(line)
