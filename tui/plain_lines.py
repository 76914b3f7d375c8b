"""Lines of plain mode: those that are told, and those that are read, each in its time."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TextIO


class TimeIsUp(Exception):
    """No line has come in time."""


class Left(Exception):
    """The race is left: the input has ended, or a pause was asked for."""


class Lines:
    """Lines of an input, waited for no longer than there is time.

    Args:
        source: the input; None where it is closed.
    """

    def __init__(self, source: TextIO | None) -> None:
        self.at_terminal = source is not None and source.isatty()
        self._source = source
        self._coming: Future[str] | None = None

    def next(self, within_s: float | None = None) -> str:
        """The next line.

        Args:
            within_s: seconds to wait for it; None for as long as it takes.

        Raises:
            TimeIsUp: it has not come; when it comes, whoever asks next gets it.
            Left: there are no more.
        """
        if self._coming is None:
            self._coming = Future()
            reading = threading.Thread(target=self._read, args=(self._coming,), daemon=True)
            reading.start()
        try:
            line = self._coming.result(within_s)
        except TimeoutError:
            raise TimeIsUp from None
        self._coming = None
        if not line:
            raise Left
        return line

    def forget(self) -> None:
        """At a terminal, drop what has been typed, a line that was not ended too."""
        if not self.at_terminal or self._source is None:
            return
        _flush(self._source)
        if self._coming is not None and self._coming.done():
            self._coming = None

    def _read(self, line: Future[str]) -> None:
        try:
            line.set_result(self._source.readline() if self._source else "")
        except (OSError, ValueError):  # the terminal hung up, or the input was closed
            line.set_result("")
        except BaseException as error:
            line.set_exception(error)  # else it would be waited for in vain


def tell(text: str) -> None:
    """Write a line, or several."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _flush(terminal: TextIO) -> None:
    try:
        import termios
    except ImportError:
        return  # Windows keeps it
    with suppress(OSError, ValueError, termios.error):  # it has hung up
        termios.tcflush(terminal.fileno(), termios.TCIFLUSH)
