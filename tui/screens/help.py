"""Help: the commands of the screen it was asked on, and the rules in a few lines."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.commands import Command, key_name
from tui.literal import content
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard

_RULES = """\
A text stops at a word. Write which words you expect, each with the percent you stake on it:
harbour 60 sea 20. What you do not stake stays on Instinct, a model that sees four words.
Then the word is shown. It costs you −log2 of what stood on it, in bits: 1 bit for one half,
2 for a quarter. Insight is what you saved against Instinct; most insight wins. The best slip
states your belief: sure and wrong costs dear. Reader has read everything before the word,
Goldfish the last twelve words."""


class HelpScreen(ModalScreen[None]):
    """Shows commands and rules.

    Args:
        commands: those of the screen behind, from the table.
        keys: keys the player has given to commands, by the commands' ids.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = [("escape,f1,enter,q", "dismiss", "back")]

    def __init__(self, commands: list[Command], keys: Mapping[str, str]) -> None:
        super().__init__()
        self._commands = commands
        self._keys = keys

    def compose(self) -> ComposeResult:
        """Rules, then keys."""
        yield SizeGuard()
        with VerticalScroll(id="help"):
            yield Static(content("How a race goes", "bold $primary"))
            yield Static(content(_RULES.replace("\n", " ")))
            yield Static(content("What the keys do", "bold $primary"), id="help-keys")
            yield Static(
                Content("\n").join([self._line(command) for command in self._commands])
            )

    def _line(self, command: Command) -> Content:
        keys = [key_name(key) for key in self._keys.get(command.id, command.key).split(",")]
        return Content.assemble((f"{' '.join(keys):>12}  ", "bold"), command.help)
