"""A race that is paused."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from tui.commands import bindings
from tui.literal import content
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard

GO_ON, LEAVE, KNOWN = "on", "leave", "known"


class _Standing(VerticalScroll):
    """Takes keys only where there is something to scroll."""

    def allow_focus(self) -> bool:
        return self.max_scroll_y > 0


class PauseScreen(ModalScreen[str]):
    """Hides the race until somebody says how it goes on: `on`, `leave` or `known`.

    Args:
        title: of the race.
        target: the number of the target that is played, from 1.
        n_targets: how many there are.
        standing: how all stand so far, a line each.
        can_know: whether a player can still say that they know the text.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("pause")

    def __init__(
        self, title: str, target: int, n_targets: int, standing: Sequence[str], can_know: bool
    ) -> None:
        super().__init__()
        self._of = title
        self._target = f"target {target} of {n_targets}"
        self._standing = standing
        self._can_know = can_know

    def compose(self) -> ComposeResult:
        """What is paused, how it stands, and how it can go on."""
        yield SizeGuard()
        with Vertical(id="pause"):
            yield Static(content("The race is paused", "bold $primary"))
            yield Static(content(self._of), id="pause-title")
            yield Static(content(self._target), id="pause-target")
            with _Standing(id="pause-standing"):
                lines = Content("\n").join(content(line) for line in self._standing)
                yield Static(lines, id="pause-lines")
            yield OptionList(*self._options(), compact=True)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Go on, at first."""
        answers = self.query_one(OptionList)
        answers.highlighted = 0
        answers.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nobody says twice that they know the text."""
        return self._can_know or (action, parameters) != ("answer", (KNOWN,))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_answer(self, answer: str) -> None:
        """An answer, by its key."""
        self.dismiss(answer)

    def _options(self) -> list[Option]:
        options = [
            Option(content("Go on"), id=GO_ON),
            Option(content("Leave – go on later"), id=LEAVE),
        ]
        if self._can_know:
            options.append(Option(content("I know this text"), id=KNOWN))
        return options
