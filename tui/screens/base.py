"""What all screens share: the foot, the help, and a word when the terminal is too small."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from tui.literal import clean
from tui.widgets.foot import Foot

if TYPE_CHECKING:
    from tui.app import Bitrace

SCREENS_CSS = Path(__file__).parents[1] / "screens.tcss"
"""Layout and colour of all screens but home."""


class BitraceScreen(Screen[None]):
    """A screen that knows its app."""

    @property
    def bitrace(self) -> Bitrace:
        """The app."""
        return cast("Bitrace", self.app)  # pyright: ignore[reportUnknownMemberType]

    def on_screen_resume(self) -> None:
        """Say what the engine is now."""
        self.show_engine(self.bitrace.engine)

    def show_engine(self, engine: str) -> None:
        """Say what the engine is and does, at the foot."""
        for foot in self.query(Foot):  # none yet, while the screen is being made
            foot.show(engine)

    def say(self, sentence: str, severity: str = "information") -> None:
        """Show a sentence for a while; nothing in it is read as markup."""
        level = "error" if severity == "error" else "information"
        self.notify(clean(sentence), markup=False, severity=level, timeout=8)
