"""Home: go on, begin, or open a text."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.commands import bindings
from tui.literal import content
from tui.screens.base import BitraceScreen
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard

_CONTINUE = "continue"
_TUTORIAL = "tutorial"
_TODAY = "today"
_PLAY = "play"
_PRACTISE = "practise"
_PACKS = "packs"
_OPEN = "open"
_OPTIONS = "options"
_QUIT = "quit"

_LABEL_WIDTH = 23
_NAME = "b i t r a c e  ▇▅▃▂▁"
_CLAIM = "Say what comes next. You and a language model, scored in the same bits."


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What home offers, known a moment after it is first shown."""

    first_start: bool
    next_title: str
    """The next warm-up passage."""
    next_targets: int
    open_title: str = ""
    """The race left open, if any."""
    open_progress: str = ""
    today: str = ""
    """Today's race, and the days in a row."""
    practice: str = ""
    """What is due to be practised; empty where there is nothing."""


class HomeScreen(BitraceScreen):
    """What a player sees first."""

    BINDINGS = bindings("home")

    def compose(self) -> ComposeResult:
        """A name, a claim, what can be done."""
        yield SizeGuard()
        with Vertical(id="home"):
            yield Static(content(_NAME, "bold $primary"), id="name")
            yield Static(content(_CLAIM), id="claim")
            yield OptionList(*self._options(None), id="choices")
            yield Static(id="hint")
        yield Foot()

    def on_mount(self) -> None:
        """The list takes the keys."""
        self.query_one(OptionList).focus()

    def on_screen_resume(self) -> None:
        """Shown, or shown again after a race: what is offered may have changed."""
        self.call_after_refresh(self.bitrace.refresh_home)

    def show(self, facts: HomeFacts) -> None:
        """Offer what there is."""
        if not self.query(OptionList):
            return  # what is shown is being taken down: the app is left
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options(self._options(facts))
        choices.highlighted = 0
        hint = _FIRST_HINT if facts.first_start else _HINT
        self.query_one("#hint", Static).update(content(hint, "$foreground 70%"))

    def _options(self, facts: HomeFacts | None) -> list[Option]:
        first = facts is None or facts.first_start
        options: list[Option] = []
        if facts is not None and facts.open_title:
            detail = f"{facts.open_title}, {facts.open_progress}"
            options.append(_option(_CONTINUE, "Go on with your race", detail))
        if first:
            options.append(_option(_TUTORIAL, "Begin here", "three minutes, five words"))
        options.append(_option(_TODAY, "Today's race", facts.today if facts else ""))
        if facts is not None and not first:
            detail = f"{facts.next_title}, {facts.next_targets} words to predict"
            options.append(_option(_PLAY, "Play the next warm-up", detail))
            options.append(_option(_PRACTISE, "Practise", facts.practice))
        options.append(_option(_PACKS, "Packs", "choose a passage, add a pack, check one"))
        options.append(_option(_OPEN, "Open a text of yours", ".txt, .md, .epub or a pack"))
        if not first:
            options.append(_option(_TUTORIAL, "Tutorial", "slip, stake, bit, insight"))
        options.append(_option(_OPTIONS, "Options", "name, model, opponents, clock, colours"))
        options.append(_option(_QUIT, "Quit", ""))
        return options

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if not self.is_active:
            return  # Enter bounced: the race is being opened
        match event.option_id:
            case "continue":
                self.bitrace.resume_race()
            case "tutorial":
                self.bitrace.races.begin_tutorial()
            case "today":
                self.action_today()
            case "play":
                self.bitrace.play_warm_up()
            case "practise":
                self.bitrace.races.begin_practice()
            case "open":
                self.action_open_text()
            case "packs":
                self.action_packs()
            case "options":
                self.action_options()
            case _:
                self.action_quit()

    def action_today(self) -> None:
        """Race what everybody races today."""
        self.bitrace.races.begin_today()

    def action_options(self) -> None:
        """Choose how to play."""
        self.bitrace.open_options()

    def action_open_text(self) -> None:
        """Ask for a file."""
        self.bitrace.ask_for_text()

    def action_packs(self) -> None:
        """See the packs."""
        self.bitrace.open_packs()

    def action_quit(self) -> None:
        """Leave."""
        self.bitrace.exit(0)


_FIRST_HINT = "New here? Press Enter: a short text, five words to guess, and how it all works."
_HINT = "↑ ↓ choose · Enter begins"


def _option(id: str, label: str, detail: str) -> Option:
    # Details stand in a column, each on one line however narrow the terminal is.
    parts = [content(f"{label:{_LABEL_WIDTH}}" if detail else label, "bold")]
    if detail:
        parts.append(content(detail, "$foreground 60%"))
    return Option(Content.assemble(*parts), id=id)
