"""Races in the app: beginning them, showing them, leaving them, and what follows them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.errors import BitraceError
from tui.literal import clean

if TYPE_CHECKING:
    from puzzles.library import Library
    from tui.app import Bitrace
    from tui.choose import Wish
    from tui.opening import Opened
    from tui.previews import Offer
    from tui.session import Session

_PAUSED = "Paused: everything locked in is kept. Go on with `bitrace resume`."


class Races:
    """Goes from home to a race, to its result and back.

    Args:
        app: shows them.
        ends_with_it: the app was started for one race and ends where that cannot go on.
    """

    def __init__(self, app: Bitrace, ends_with_it: bool) -> None:
        self._app = app
        self._ends_with_it = ends_with_it

    @property
    def library(self) -> Library:
        """The packs there are; none is read for it. May be asked for in any thread."""
        from tui.play import library_of

        return library_of(self._app.paths)

    def show(self, opened: Opened) -> None:
        """Play a race."""
        from tui.screens.race import RaceScreen
        from tui.session import Session

        session = Session(opened.store, opened.race, opened.text, opened.gpu_layers)
        self._app.go_home()
        self._app.push_screen(RaceScreen(session, self.show_result))
        for warning in opened.warnings:
            self._app.notify(clean(warning), severity="warning", markup=False)

    def show_result(self, session: Session) -> None:
        """Show a finished race."""
        from tui.screens.result import ResultScreen

        self._app.go_home()
        self._app.push_screen(ResultScreen(session))

    def leave(self, session: Session, error: BitraceError | None) -> None:
        """Leave a race before its end; what was locked in is kept.

        Args:
            session: the race.
            error: what keeps it from going on, if anything.
        """
        app = self._app
        session.stop()
        app.tell_engine(session.engine_line)
        if error is None:
            app.go_home()
            app.notify(_PAUSED, markup=False)
            return
        kept = True
        with suppress(BitraceError):
            kept = not app.store.discard_unplayed(session.race)
        sentence = f"{error} {_PAUSED}" if kept else str(error)
        if self._ends_with_it or error.exit_code != 1:
            app.sentence = sentence
            app.exit(error.exit_code)
            return
        app.go_home()
        app.complain(sentence)

    def begin(self, what: str | None, by_id: bool = False) -> None:
        """Offer a race on a text or pack; on the next warm-up passage where none is given.

        Args:
            what: as a player would type it.
            by_id: it is the id of a pack, whatever files there are of that name.
        """
        from tui.choose import Wish, find
        from tui.previews import offer

        app, wish = self._app, Wish(what=what, by_id=by_id)
        try:
            offered = offer(app.store, wish, find(wish, self.library), app.settings)
        except BitraceError as error:
            app.complain(str(error))
            return
        if what is None and not app.store.count_races():
            self._begin_offered(offered)  # what could be chosen means nothing yet
        else:
            self.show_start(offered)

    def show_start(self, offered: Offer, is_last: bool = False) -> None:
        """Show what a race would be; it begins when that is wanted.

        Args:
            offered: the race.
            is_last: the app ends where it is not.
        """
        from tui.screens.start import StartScreen

        def left(_: None) -> None:
            if is_last:
                self._app.exit(0)

        self._app.push_screen(StartScreen(offered, self._begin_offered), left)

    def _begin_offered(self, offered: Offer) -> None:
        from tui.opening import open_found

        app, store = self._app, offered.store
        wish, found = offered.wish, offered.found
        self._open(lambda: open_found(store, wish, found, app.settings, app.paths.cache))

    def begin_today(self) -> None:
        """Race what everybody races today."""
        from tui.choose import Wish
        from tui.today import PACK

        self._begin_wish(Wish(what=PACK, by_id=True))

    def begin_tutorial(self) -> None:
        """Learn the game by a race."""
        from engine.minds import OPPONENTS
        from tui.choose import Wish
        from tui.tutorial import PASSAGE

        against = tuple(mind.key for mind in OPPONENTS)
        self._begin_wish(
            Wish(
                what=PASSAGE,
                by_id=True,
                mode="open",
                against=against,
                clock_s=0,
                tutorial=True,
            )
        )

    def begin_practice(self) -> None:
        """Race the words that the player did worst on."""
        from tui.opening import default_name, open_practice

        app = self._app
        name = default_name(app.settings)
        self._open(lambda: open_practice(app.store, name, app.settings, datetime.now(UTC)))

    def _begin_wish(self, wish: Wish) -> None:
        from tui.opening import open_wish

        app, library = self._app, self.library
        self._open(lambda: open_wish(app.store, wish, app.settings, library, app.paths.cache))

    def resume(self) -> None:
        """Go on with the race left open."""
        from tui.opening import open_again

        self._open(lambda: open_again(self._app.store, self._app.settings))

    def again(self, session: Session) -> None:
        """Race the same text once more."""
        from tui.beginning import begin_again
        from tui.opening import Opened

        def begin() -> Opened:
            store, text = self._app.store, session.text
            race = begin_again(store, session.race, text)
            return Opened(store, race, text, self._app.settings.gpu_layers)

        self._open(begin)

    def next(self, session: Session) -> None:
        """Race the next passage of the same pack or text."""
        from tui.opening import open_next

        app, library = self._app, self.library
        self._open(lambda: open_next(app.store, session.race, app.settings, library))

    def write_cards(self, session: Session) -> None:
        """Write the cards of a finished race to the folder bitrace was started in."""
        from tui.cards import file_for, write_cards

        try:
            file = file_for(session.race)
            write_cards(session.race, file)
        except BitraceError as error:
            self._app.complain(str(error))
            return
        self._app.notify(clean(f"The card is in {file}"), markup=False)

    def _open(self, begin: Callable[[], Opened | None]) -> None:
        try:
            opened = begin()
        except BitraceError as error:
            self._app.complain(str(error))
            return
        if opened is not None:
            self.show(opened)
