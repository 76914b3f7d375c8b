"""Choosing opponents for all races to come."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.commands import bindings
from tui.literal import content
from tui.option_rows import OPPONENTS, USUAL
from tui.rivals import Rival
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard
from tui.widgets.opponent_list import OpponentList


class Opponents(ModalScreen[None]):
    """Ticks opponents; each is kept at once.

    Args:
        against: names of those who race; none for the usual ones.
        tick: ticks one by its name, or unticks it, the empty name being the usual ones; gives
            who races then.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("opponents")

    def __init__(
        self, against: tuple[str, ...], tick: Callable[[str], tuple[str, ...]]
    ) -> None:
        super().__init__()
        self._against = against
        self._tick = tick
        # Those that were named by hand stay in the list when they are unticked.
        further = (Rival(name, name, "") for name in against if name not in OPPONENTS)
        known = (Rival(name, *row) for name, row in OPPONENTS.items())
        self._everybody = (Rival("", *USUAL), *known, *further)

    def compose(self) -> ComposeResult:
        """The question, the list, the keys."""
        yield SizeGuard()
        with Vertical(id="opponents"):
            yield Static(content("Who races against you?", "bold $primary"))
            yield OpponentList()
            yield Static(content("Space or Enter ticks · Esc back", "$foreground 60%"))

    def on_mount(self) -> None:
        """The list takes the keys."""
        self._show()
        opponents = self.query_one(OpponentList)
        opponents.highlighted = 0
        opponents.focus()

    def _show(self) -> None:
        self.query_one(OpponentList).show(self._everybody, self._against or ("",))

    @on(OpponentList.Ticked)
    def _ticked(self, event: OpponentList.Ticked) -> None:
        self._against = self._tick(event.name)
        self._show()

    def action_tick(self) -> None:
        """Tick the one under the cursor."""
        self.query_one(OpponentList).action_select()

    def action_back(self) -> None:
        """All is kept already."""
        self.dismiss()
