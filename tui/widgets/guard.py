"""What is shown in a terminal too small to play in."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

LEAST_WIDTH = 60
LEAST_HEIGHT = 20


class SizeGuard(Widget):
    """Says what size is needed. The stylesheet lays it over all else where it is needed."""

    def render(self) -> Content:
        """The sentence, with the size there is."""
        width, height = self.screen.size
        return Content(
            f"bitrace needs {LEAST_WIDTH}×{LEAST_HEIGHT} characters; here are {width}×{height}."
        )
