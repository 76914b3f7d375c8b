"""What is shown in a terminal too small to play in."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class SizeGuard(Widget):
    """Says what size is needed. The stylesheet shows it, and only it, where it is needed.

    Args:
        least_width: columns.
        least_height: rows.
    """

    def __init__(self, least_width: int, least_height: int) -> None:
        super().__init__()
        self._least = f"{least_width}×{least_height}"

    def render(self) -> Content:
        """The sentence, with the size there is."""
        width, height = self.screen.size
        return Content(f"bitrace needs {self._least} characters; here are {width}×{height}.")
