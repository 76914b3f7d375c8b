"""A player's turn: the panel of the race's mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical

from engine.bets import FIRST_STAKE, PASS, Slip
from engine.setup import Mode
from tui.widgets.choice import ChoicePanel
from tui.widgets.guesses import GuessPanel
from tui.widgets.slip import SlipPanel

PANEL_IDS: Mapping[Mode, str] = {"open": "slip", "choice": "choice", "shannon": "guess"}
"""By mode; also the parts of the table of commands."""
_PANELS: Mapping[Mode, type[SlipPanel | ChoicePanel | GuessPanel]] = {
    "open": SlipPanel,
    "choice": ChoicePanel,
    "shannon": GuessPanel,
}


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn begins with. Nothing in it depends on the true word but the six."""

    seen: Sequence[str]
    """Words of the passage that everybody can see."""
    stake: int = FIRST_STAKE
    """Percent for words typed without a number."""
    six: Sequence[str] = ()
    guesses: Sequence[str] = ()
    """Those that were wrong already."""
    prices: Sequence[float] = ()
    """In bits, of a hit at each guess, then of a miss without Instinct's."""


class TurnPanel(Vertical):
    """Takes one player's turn. Says `SlipPlaced`, `GuessMade` or `GuessingStopped`.

    Args:
        mode: of the race.
    """

    def __init__(self, mode: Mode, id: str | None = None) -> None:
        super().__init__(id=id)
        self._of_mode: Mode = mode

    def compose(self) -> ComposeResult:
        """The panel."""
        yield _PANELS[self._of_mode](id=PANEL_IDS[self._of_mode])

    def begin(self, turn: Turn) -> None:
        """Begin a turn."""
        match self._of_mode:
            case "open":
                self.query_one(SlipPanel).begin(turn.stake, turn.seen)
            case "choice":
                self.query_one(ChoicePanel).begin(turn.six)
            case "shannon":
                self.query_one(GuessPanel).begin(turn.guesses, turn.prices, turn.seen)

    def wrong(self, guesses: Sequence[str]) -> None:
        """The last guess was wrong."""
        self.query_one(GuessPanel).wrong(guesses)

    def give_back(self) -> None:
        """What was locked in could not be taken; it stays and can be locked in again."""
        self._panel.give_back()

    def close(self) -> bool:
        """Take no more keys for this turn.

        Returns:
            False where it has been locked in already and is on its way.
        """
        return self._panel.close()

    @property
    def stake(self) -> int:
        """Percent for words typed without a number, after this turn."""
        return self.query_one(SlipPanel).line.default_stake if self._of_mode == "open" else 0

    @property
    def slip(self) -> Slip:
        """The slip as it stands."""
        panel = self._panel
        return PASS if isinstance(panel, GuessPanel) else panel.slip

    @property
    def typed(self) -> str:
        """The guess that is being typed."""
        panel = self._panel
        return panel.typed if isinstance(panel, GuessPanel) else ""

    @property
    def _panel(self) -> SlipPanel | ChoicePanel | GuessPanel:
        return self.query_one(_PANELS[self._of_mode])
