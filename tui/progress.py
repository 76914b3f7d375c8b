"""Long work on the command line: a bar on stderr with an estimate, where somebody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_BAR_WIDTH = 24
_ESTIMATE_AFTER_S = 3.0
"""Before that an estimate would only be noise."""
_CLEAR = "\r\x1b[K"


class Progress:
    """One line on stderr; nothing at all where stderr is no terminal.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shown = bool(sys.stderr) and sys.stderr.isatty()

    def on(self, what: str) -> Callable[[float], None]:
        """A callback that shows fractions (0 to 1) of some work.

        Args:
            what: the work, in a word or two of ours.
        """
        begun = self._clock()

        def show(fraction: float) -> None:
            if self._shown:
                line = _line(what, fraction, self._clock() - begun)
                sys.stderr.write(f"{_CLEAR}{line}")
                sys.stderr.flush()

        return show

    def say(self, sentence: str) -> None:
        """A sentence on a line of its own, whoever watches."""
        self.clear()
        if sys.stderr:
            sys.stderr.write(sentence + "\n")

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


def _line(what: str, fraction: float, elapsed_s: float) -> str:
    fraction = min(1.0, max(0.0, fraction))
    full = round(_BAR_WIDTH * fraction)
    bar = "█" * full + "░" * (_BAR_WIDTH - full)
    rest = ""
    if elapsed_s >= _ESTIMATE_AFTER_S and 0 < fraction < 1:
        rest = f"  {duration(elapsed_s * (1 - fraction) / fraction)} left, ^C stops"
    return f"{what} {bar} {fraction:4.0%}{rest}"


def duration(seconds: float) -> str:
    """A time to wait, as exactly as anybody wants to know it."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"
