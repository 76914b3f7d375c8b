"""The foot of every screen: what can be done, and what the engine is."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Footer, Static

from tui.literal import content


class Foot(Vertical):
    """The keys, and one line about the engine."""

    def compose(self) -> ComposeResult:
        """Keys over engine."""
        yield Footer(compact=True, show_command_palette=False)
        yield Static(id="engine")

    def show(self, engine: str) -> None:
        """Say what the engine is at."""
        for line in self.query("#engine").results(Static):
            line.update(content(engine))
