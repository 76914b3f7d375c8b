"""What llama.cpp says while it works, read line by line. Pure."""

from __future__ import annotations

from collections.abc import Callable

_ERROR = 4
_CONTINUES = 5


class NativeLog:
    """Puts the pieces of a log together and notices what matters.

    Args:
        log: gets every line.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._line = ""
        self.complaints: list[str] = []
        """Errors since the last `forget`."""
        self.offloaded = (0, 0)
        """Layers on a GPU and all layers, as last told."""

    def forget(self) -> None:
        """Begin anew, for another model."""
        self.complaints.clear()
        self.offloaded = (0, 0)

    def take(self, level: int, text: bytes) -> None:
        """Take in a piece of the log, which may be less than a line."""
        part = text.decode("utf-8", "replace")
        self._line = self._line + part if level == _CONTINUES else part
        if not self._line.endswith("\n"):
            return
        line, self._line = self._line.rstrip(), ""
        self._log(line)
        if level == _ERROR:
            self.complaints.append(line)
        before, found, _ = line.partition(" layers to GPU")
        if found and "offloaded " in before:
            done, _, of = before.rpartition("offloaded ")[2].partition("/")
            self.offloaded = (int(done), int(of))
