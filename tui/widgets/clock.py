"""The clock of a turn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from textual.timer import Timer
from textual.widgets import Static

from tui.literal import content
from tui.messages import TimeUp

_TICK_S = 0.1
_BAR_CELLS = 10
_LAST_S = 5


class ClockView(Static):
    """Seconds that are left, as a number and a bar. Says `TimeUp` once when none are.

    There is nothing to be seen of it unless it runs.

    Args:
        monotonic: tells the time, in seconds from anywhere.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, id: str | None = None
    ) -> None:
        super().__init__(id=id, classes="-hidden")
        self._monotonic = monotonic
        self._began_s: float | None = None
        self._left_s = self._whole_s = 0.0
        self._ticking: Timer | None = None
        self._shown = ""

    def run(self, left_s: float | None, whole_s: float | None = None) -> None:
        """Start anew.

        Args:
            left_s: seconds left at the start; None for a turn without a clock.
            whole_s: seconds of the whole turn, which fill the bar; by default those left.
        """
        self.stop()
        if left_s is None:
            return
        self._left_s = max(0.0, left_s)
        self._whole_s = max(self._left_s, whole_s or 0.0)
        self._began_s = self._monotonic()
        self.remove_class("-hidden")
        self._show(self._left_s)
        self._ticking = self.set_interval(_TICK_S, self._tick)

    def stop(self) -> float:
        """Stop, and give the seconds used since the start; none where it does not run."""
        used_s = self._used_s
        self._began_s = None
        self._stop_ticking()
        self.add_class("-hidden")
        return used_s

    @property
    def is_up(self) -> bool:
        """Whether the time that runs is over: a `TimeUp` of an earlier turn may come late."""
        return self._began_s is not None and self._used_s >= self._left_s

    @property
    def _used_s(self) -> float:
        if self._began_s is None:
            return 0.0
        return min(self._monotonic() - self._began_s, self._left_s)

    def _tick(self) -> None:
        if self._ticking is None:
            return  # a tick that was under way when it was stopped
        left_s = self._left_s - self._used_s
        self._show(left_s)
        if left_s <= 0:
            self._stop_ticking()
            self.post_message(TimeUp())

    def _stop_ticking(self) -> None:
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def _show(self, left_s: float) -> None:
        # Rounded up, so that there is zero only when there is no time.
        minutes, seconds = divmod(math.ceil(left_s), 60)
        cells = math.ceil(_BAR_CELLS * left_s / self._whole_s) if self._whole_s else 0
        text = f"{minutes}:{seconds:02} ▕{'█' * cells}{'░' * (_BAR_CELLS - cells)}▏"
        if text != self._shown:
            self._shown = text
            self.set_class(left_s <= _LAST_S, "-last")
            self.update(content(text))
