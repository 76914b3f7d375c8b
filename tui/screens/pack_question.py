"""A question that is answered by yes or no."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.commands import bindings
from tui.literal import content
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard


class Question(ModalScreen[bool]):
    """Gives whether the answer was yes. Enter alone says no: nothing is lost by haste.

    Args:
        sentence: what is asked.
        yes: what happens then, in a few words.
        no: what happens else.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("question")

    def __init__(self, sentence: str, yes: str, no: str) -> None:
        super().__init__()
        self._sentence = sentence
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        yield SizeGuard()
        with Vertical(id="question"):
            yield Static(content(self._sentence))
            yield OptionList(
                Option(content(f"n  {self._no}"), id="no"),
                Option(content(f"y  {self._yes}"), id="yes"),
                compact=True,
            )

    def on_mount(self) -> None:
        """No, at first."""
        answers = self.query_one(OptionList)
        answers.highlighted = 0
        answers.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Yes or no, by a key."""
        self.dismiss(yes)
