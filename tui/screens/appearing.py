"""The text before a target, while it appears at the player's reading pace."""

from __future__ import annotations

from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

from tui.pace import Pace, pace
from tui.session import Session

_TICK_S = 0.05


class Appearing:
    """Lets the text appear, once before each target.

    Args:
        owner: has the timer.
        session: the race.
        on_more: called when more of the text is there.
        on_whole: called when all of it is.
    """

    def __init__(
        self,
        owner: Widget,
        session: Session,
        on_more: Callable[[], None],
        on_whole: Callable[[], None],
    ) -> None:
        self._owner = owner
        self._session = session
        self._on_more = on_more
        self._on_whole = on_whole
        self._pace: Pace | None = None
        self._gone_s = 0.0
        self._ticking: Timer | None = None
        self._last = -1
        """The last target before which the text has begun to appear."""

    @property
    def until(self) -> int | None:
        """The offset up to which the text is there; None for all of it."""
        return self._pace.at(self._gone_s) if self._pace else None

    def begin(self, words_a_minute: int) -> None:
        """Begin with the text before the current target, unless that has been done."""
        race = self._session.race
        if self._last >= race.target or race.phase == "waiting":
            return
        self._last = race.target
        start = race.setup.targets[race.target - 1].end if race.target else 0
        end = race.setup.targets[race.target].start
        self._pace = pace(self._session.text.normalized, start, end, words_a_minute)
        self._gone_s = 0.0
        self.go_on()

    def go_on(self) -> None:
        """Go on where it was stopped."""
        if self._pace is not None and self._ticking is None:
            self._ticking = self._owner.set_interval(_TICK_S, self._tick)

    def stop(self) -> None:
        """Let nothing more appear for now."""
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def show_all(self) -> None:
        """All of the text is there."""
        self.stop()
        self._pace = None

    def _tick(self) -> None:
        if self._pace is None or self._ticking is None:
            return  # a tick that was under way when it was stopped
        before = self.until
        self._gone_s += _TICK_S
        if self.until == self._pace.end:
            self.show_all()
            self._on_whole()
        elif self.until != before:
            self._on_more()
