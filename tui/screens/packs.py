"""Packs: which there are, what is in them, and how one is added, checked and taken away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import DataTable, Input, OptionList, Static

from engine.errors import BitraceError
from puzzles.facts import PackFacts
from puzzles.library import Broken
from tui.commands import bindings
from tui.literal import content
from tui.pack_shelf import PackView, Shelf, summary
from tui.screens import pack_work
from tui.screens.base import SCREENS_CSS
from tui.screens.pack_keeping import PackDone, PackKeeping, is_cancelled, trouble
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard
from tui.widgets.pack_detail import NEXT, PackAbout, PassageTable
from tui.widgets.pack_list import PackList

_SETTLED_S = 0.06
"""For so long no key may come before a pack is seen closer, or a filter acts, in seconds."""

_NONE_FITS = "No pack fits this filter. Esc shows all of them."
_NONE_READ = "No pack could be read."


class PacksListed(Message):
    """It is known which packs there are."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self.shelf = shelf


class ThemesRead(Message):
    """It is known what the packs are about."""

    def __init__(self, themes: Mapping[str, str]) -> None:
        super().__init__()
        self.themes = themes


class PackSeen(Message):
    """A pack has been seen closer."""

    def __init__(self, view: PackView) -> None:
        super().__init__()
        self.view = view


class PackFilter(Input):
    """What packs are looked for."""

    BINDINGS = bindings("filter")

    async def action_done(self) -> None:
        """On to the packs."""
        await self.action_submit()


class PacksScreen(PackKeeping):
    """All packs, and one of them seen closer."""

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("packs")

    def __init__(self) -> None:
        super().__init__()
        self._shelf: Shelf | None = None
        self._themes: Mapping[str, str] = {}
        self._view: PackView | None = None
        self._resting: dict[str, Timer] = {}
        """What waits for the keys to rest, by the names of the methods."""
        self._wanted = ""
        """The pack to stand on when the list is there."""

    def compose(self) -> ComposeResult:
        """A filter, the packs, and the one under the cursor."""
        yield SizeGuard()
        with Horizontal(id="head"):
            yield Static(content("Packs"), id="title")
            yield Static(id="progress")
        with Horizontal(id="filter-row"):
            yield Static("/", id="filter-mark", markup=False)
            yield PackFilter(
                placeholder="filter by title, id, author or theme",
                compact=True,
                id="pack-filter",
            )
        with Container(id="packs"):
            yield PackList(id="pack-list")
            with Vertical(id="pack-detail"):
                yield PackAbout(id="pack-about")
                yield PassageTable(id="passages")
        yield Foot()

    def on_mount(self) -> None:
        """Only now are packs read."""
        self.set_focus(self.query_one(PackList))
        self.query_one(PackAbout).show("Reading the packs …")
        self._read()

    def on_screen_resume(self) -> None:
        """Shown again, perhaps after a race."""
        super().on_screen_resume()
        self._look()

    # What takes time is done in threads, which tell what came of it by messages.

    @work(thread=True, group="packs", exclusive=True, description="listing packs")
    def _read(self) -> None:
        library = self.bitrace.races.library
        try:
            shelf = pack_work.list_packs(library)
        except (BitraceError, OSError) as error:
            self.post_message(PacksListed(Shelf()))
            self.post_message(PackDone(trouble(error)))
            return
        if not is_cancelled():
            self.post_message(PacksListed(shelf))
            self.post_message(ThemesRead(dict(pack_work.themes(library, shelf))))

    @work(thread=True, group="pack", exclusive=True, description="looking at a pack")
    def _see(self, id: str) -> None:
        app = self.bitrace
        view = pack_work.look_at(app.races.library, app.paths, app.settings, id)
        if not is_cancelled():
            self.post_message(PackSeen(view))

    @on(PacksListed)
    def _listed(self, event: PacksListed) -> None:
        self._shelf = event.shelf
        self._show_list()

    @on(ThemesRead)
    def _themes_read(self, event: ThemesRead) -> None:
        self._themes = event.themes
        if self.query_one(PackFilter).value.strip():
            self._show_list()

    @on(PackSeen)
    def _seen(self, event: PackSeen) -> None:
        if event.view.id == self.query_one(PackList).chosen:
            self._view = event.view
            if event.view.fault:
                self.say(event.view.fault, "error")
            self._show_pack()

    # What is shown.

    def _show_list(self) -> None:
        if self._shelf is None:
            return
        shelf = self._shelf.matching(self.query_one(PackFilter).value, self._themes)
        packs = self.query_one(PackList)
        before = packs.chosen
        if self._wanted in shelf.by_id:
            before, self._wanted = self._wanted, ""
        packs.show(shelf.packs, shelf.broken, before)
        told = summary(shelf, len(self._shelf.by_id))
        self.query_one("#progress", Static).update(content(told))
        self._view = None
        self._show_pack()
        self._look()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        if self._view is None or self._view.id != self.query_one(PackList).chosen:
            self._view = None
            self._show_pack()
            self._rest(self._look)

    def _rest(self, then: Callable[[], None]) -> None:
        """Do this when it has not been asked for again for a moment."""
        if (timer := self._resting.get(then.__name__)) is not None:
            timer.stop()
        self._resting[then.__name__] = self.set_timer(_SETTLED_S, then)

    def _look(self) -> None:
        """See the chosen pack closer, unless that is of no use."""
        if isinstance(self.pack, PackFacts) and self.is_current:
            self._see(self.pack.id)

    def pack_of(self, id: str) -> PackFacts | Broken | None:
        """A pack that is listed."""
        return self._shelf.by_id.get(id) if self._shelf else None

    @property
    def pack(self) -> PackFacts | Broken | None:
        """The pack under the cursor."""
        return self.pack_of(self.query_one(PackList).chosen)

    def read_again(self, chosen: str = "") -> None:
        """List the packs once more; without the filter, where it might hide a chosen one."""
        self._wanted = chosen
        if chosen:
            self.query_one(PackFilter).value = ""
        self._read()

    def _show_pack(self) -> None:
        pack, view = self.pack, self._view
        there_are = self._shelf is not None and self._shelf.by_id
        nothing = _NONE_FITS if there_are else _NONE_READ
        self.query_one(PackAbout).show(pack or nothing, view.raced if view else "")
        self.query_one(PassageTable).show(view)

    # What a player does.

    @on(Input.Changed)
    def _filter_changed(self) -> None:
        self._rest(self._show_list)

    @on(Input.Submitted)
    def _filter_done(self) -> None:
        self._show_list()
        self.set_focus(self.query_one(PackList))

    @on(OptionList.OptionSelected)
    def _pack_entered(self) -> None:
        match self.pack:
            case Broken(id, error):
                self.do(lambda: pack_work.faults_of(id, error))
            case PackFacts():
                self.set_focus(self.query_one(PassageTable))
            case None:
                pass

    @on(DataTable.RowSelected)
    def _passage_entered(self) -> None:
        self._play(self.query_one(PassageTable).chosen)

    def _play(self, passage: str) -> None:
        """Race a passage of this pack; the race left open on it goes on."""
        view = self._view
        if view is None or not passage or not self.is_active:
            return
        found = view.next if passage == NEXT else view.passage(passage)
        if found is None:
            return
        if found.text_sha256 == view.record.left_open:
            self.bitrace.races.resume()
        else:
            self.bitrace.races.begin(f"{view.id}/{found.id}", by_id=True)

    def action_next(self) -> None:
        """Race the next passage of this pack."""
        self._play(NEXT)

    def action_filter(self) -> None:
        """Type a filter."""
        self.set_focus(self.query_one(PackFilter))

    def action_back(self) -> None:
        """From the passages to the packs, from a filter to all of them, and then home."""
        typed = self.query_one(PackFilter)
        if isinstance(self.focused, PassageTable):
            self.set_focus(self.query_one(PackList))
        elif typed.value or self.focused is typed:
            typed.value = ""
            self._show_list()
            self.set_focus(self.query_one(PackList))
        elif self.is_active:
            self.dismiss()
