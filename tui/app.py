"""The app: which screen is shown, and what the screens share."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.constants import TEXTUAL_ANIMATIONS
from textual.screen import Screen

from engine.errors import BitraceError
from tui.columns import ROOMY
from tui.commands import bindings, commands_of, key_name, parts_of
from tui.faults import EXIT_FAULT, log_fault
from tui.keys import key_faults
from tui.literal import clean
from tui.messages import EngineNotice, EngineTold
from tui.paths import Paths, find_paths
from tui.races import Races
from tui.screens.base import BitraceScreen
from tui.screens.home import HomeScreen
from tui.settings import Settings, load, save
from tui.theme import THEME
from tui.widgets.guard import LEAST_HEIGHT, LEAST_WIDTH

if TYPE_CHECKING:
    from engine.predictor import Predictor
    from tui.opening import Opened
    from tui.previews import Offer
    from tui.store import Store

WIDE = 110
"""Columns from which the passage gets broader margins."""
TALL = 24
"""Rows from which there is room for a blank line."""


class Bitrace(App[int]):
    """bitrace in a terminal.

    Args:
        paths: where things are kept.
        settings: the player's.
        opened: a race to begin with, instead of home.
        predictor: who reads; by default the model in its own process.
        offered: a race to ask about first, instead of home.
    """

    CSS_PATH = Path(__file__).with_name("bitrace.tcss")
    TITLE = "bitrace"
    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow-terminal"),
        (LEAST_WIDTH, "-fits"),
        (ROOMY, "-roomy"),
        (WIDE, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [
        (0, "-low-terminal"),
        (LEAST_HEIGHT, "-high-enough"),
        (TALL, "-tall"),
    ]
    BINDINGS = bindings("app")

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        opened: Opened | None = None,
        predictor: Predictor | None = None,
        offered: Offer | None = None,
    ) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.paths = paths
        self._go_by(settings)
        self.sentence = ""
        """What is told when the screen is gone."""
        self.engine = ""
        """What the engine is and does, for the foot of every screen."""
        self._home_fault = ""
        race = opened or offered
        self.races = Races(self, race is not None)
        self._opened = opened
        self._offered = offered
        self._store: Store | None = race.store if race else None
        self._predictor = predictor
        self._predictor_lock = threading.Lock()

    def get_default_screen(self) -> Screen[None]:
        """Home, unless a race was asked for."""
        return HomeScreen()

    def on_ready(self) -> None:
        """Whatever takes time comes after the first paint."""
        for fault in key_faults(self.settings.keys):
            self.notify(clean(fault), severity="warning", markup=False)
        if self._opened is not None:
            self.races.show(self._opened)
            return
        if self._offered is not None:
            self.races.show_start(self._offered, is_last=True)
        self.call_after_refresh(self._load_starter)

    def open_predictor(self) -> Predictor:
        """Who reads; made when first asked for. May be called from any thread."""
        with self._predictor_lock:
            if self._predictor is None:
                from tui.engine_room import open_engine

                self._predictor = open_engine(self.paths, self._notice)
            return self._predictor

    @property
    def store(self) -> Store:
        """Where races are kept; opened when first asked for.

        Raises:
            StoreError: it cannot be.
        """
        if self._store is None:
            from tui.play import open_store

            self._store = open_store(self.paths)
        return self._store

    def tell_engine(self, line: str) -> None:
        """Say at the foot of the screen what the engine is and does."""
        if line and line != self.engine:
            self.engine = line
            if isinstance(self.screen, BitraceScreen):
                self.screen.show_engine(line)

    @work(thread=True, group="engine", description="loading the starter model")
    def _load_starter(self) -> None:
        from tui.engine_room import load_starter

        with suppress(BitraceError):  # a race will tell what is wrong
            load_starter(self.open_predictor(), self._tell)

    def _tell(self, line: str) -> None:
        self.post_message(EngineTold(line))

    def _notice(self, line: str) -> None:
        self.post_message(EngineNotice(line))

    @on(EngineTold)
    def _engine_told(self, event: EngineTold) -> None:
        self.tell_engine(event.line)

    @on(EngineNotice)
    def _engine_notice(self, event: EngineNotice) -> None:
        self.notify(clean(event.sentence), markup=False)

    def go_home(self) -> None:
        """Back to where races begin: to the packs, where they were left for one, or home."""
        while len(self.screen_stack) > 1 and type(self.screen).__name__ != "PacksScreen":
            self.pop_screen()

    def complain(self, sentence: str) -> None:
        """Tell what went wrong, until it has been read."""
        from tui.screens.notice import Notice

        self.push_screen(Notice(clean(sentence)))

    def play_warm_up(self) -> None:
        """Race the next warm-up passage."""
        self.races.begin(None)

    def resume_race(self) -> None:
        """Go on with the race left open."""
        self.races.resume()

    def ask_for_text(self) -> None:
        """Ask which text to race on."""
        from tui.screens.open_text import OpenText

        self.push_screen(OpenText(), lambda path: self.races.begin(path) if path else None)

    @work(thread=True, group="home", description="opening the packs")
    def open_packs(self) -> None:
        """Show the packs."""
        # Imported in this thread, so that home takes keys meanwhile.
        screens = import_module("tui.screens.packs")
        self.call_from_thread(self._show_packs, screens.PacksScreen)

    def _show_packs(self, screen: type[BitraceScreen]) -> None:
        if isinstance(self.screen, HomeScreen):
            self.push_screen(screen())

    @work(thread=True, exclusive=True, group="home", description="looking at packs")
    def refresh_home(self) -> None:
        """Find out what home can offer: packs are read only now."""
        # Imported in this thread, so that home takes keys meanwhile.
        import_module("tui.home_facts")
        self.call_from_thread(self._show_home)

    def _show_home(self) -> None:
        from tui.home_facts import home_facts
        from tui.play import library_of

        home = self.screen
        if not isinstance(home, HomeScreen):
            return
        try:
            library = library_of(self.paths)
            home.show(home_facts(self.store, self.settings, library, datetime.now(UTC)))
        except BitraceError as error:
            if str(error) != self._home_fault:
                self._home_fault = str(error)
                self.complain(str(error))

    def open_options(self) -> None:
        """Show the options, as they are in their file by now: it may be edited meanwhile."""
        from tui.screens.options import OptionsScreen

        file = self.paths.settings_file
        try:
            if os.access(file, os.F_OK):
                self._go_by(load(file))
        except BitraceError as error:
            self.complain(str(error))
            return
        if isinstance(self.screen, HomeScreen):
            self.push_screen(OptionsScreen())

    def keep_settings(self, settings: Settings) -> None:
        """Keep what was chosen, and go by it.

        Raises:
            StoreError: it cannot be kept; the settings are the old ones.
        """
        save(self.paths.settings_file, settings)
        self._go_by(settings)

    def _go_by(self, settings: Settings) -> None:
        self.settings = settings
        self.theme = self._theme_in(settings)
        self.animation_level = TEXTUAL_ANIMATIONS if settings.motion else "none"
        self.set_keymap(dict(settings.keys))

    def _theme_in(self, settings: Settings) -> str:
        return settings.theme if settings.theme in self.available_themes else THEME.name

    def watch_theme(self, theme: str) -> None:
        """A theme chosen in the palette is kept as well."""
        if self.is_running and theme != self._theme_in(self.settings):
            try:
                self.keep_settings(replace(self.settings, theme=theme))
            except BitraceError as error:
                self.notify(clean(str(error)), severity="error", markup=False)

    def action_help(self) -> None:
        """Show what can be done on this screen."""
        from tui.screens.help import HelpScreen

        parts = getattr(self.screen, "parts", None) or parts_of(type(self.screen).__name__)
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(list(commands_of(*parts, "app")), self.settings.keys))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers."""
        from tui.palette import palette

        return palette(self, screen)

    async def on_event(self, event: events.Event) -> None:
        """What is pasted comes from outside, and goes through the door for all inputs alike."""
        if isinstance(event, events.Paste):
            event = events.Paste(clean(event.text, newlines=True))
        await super().on_event(event)

    def get_key_display(self, binding: Binding) -> str:
        """Keys as the design writes them: ⏎, ⇥, ^t."""
        return key_name(binding.key)

    def _fatal_error(self) -> None:
        """A fault of ours: the log gets the traceback, the player a sentence."""
        self.sentence = log_fault(self.paths.app_log)
        self._return_code = EXIT_FAULT
        self._close_messages_no_wait()

    def close(self) -> None:
        """End the engine and close the store."""
        if self._predictor is not None:
            self._predictor.close()
        if self._store is not None:
            self._store.close()


def run_home() -> int:
    """Run the app from home."""
    paths = find_paths()
    return _run(Bitrace(paths, load(paths.settings_file)))


def run_race(paths: Paths, settings: Settings, opened: Opened) -> int:
    """Run the app on a race."""
    return _run(Bitrace(paths, settings, opened))


def run_start(paths: Paths, settings: Settings, offered: Offer) -> int:
    """Run the app on a race that is still to be begun."""
    return _run(Bitrace(paths, settings, offered=offered))


def _run(app: Bitrace) -> int:
    import sys

    try:
        code = app.run()
    finally:
        app.close()
    if app.sentence:
        sys.stderr.write(clean(app.sentence) + "\n")
    return code if code is not None else app.return_code or 0
