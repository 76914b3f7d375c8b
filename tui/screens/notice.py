"""A sentence that stays until it has been read."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.literal import content
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard


class Notice(ModalScreen[None]):
    """Says what went wrong.

    Args:
        sentence: what and what to do.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = [("escape,enter,space", "dismiss", "back")]

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self._sentence = sentence

    def compose(self) -> ComposeResult:
        """The sentence."""
        yield SizeGuard()
        with Vertical(id="notice"):
            yield Static(content(self._sentence))
            yield Static(content("Enter goes back", "$foreground 60%"))
