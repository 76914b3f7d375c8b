"""The curtain between two players at one terminal."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.commands import bindings
from tui.literal import content
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard


class Curtain(ModalScreen[None]):
    """Hides everything until the next player is at the keys.

    Args:
        name: whose turn it is, safe to show.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("curtain")

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def compose(self) -> ComposeResult:
        """Whose turn it is."""
        yield SizeGuard()
        with Vertical(id="curtain"):
            yield Static(content(f"{self._name}'s turn", "bold $primary"))
            yield Static(content("– the others look away –"))
            yield Static(content("Enter opens the curtain", "$foreground 60%"))

    def action_open(self) -> None:
        """The player is there."""
        self.dismiss()
