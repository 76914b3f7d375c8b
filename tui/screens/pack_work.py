"""What the Packs screen has done in threads, since it reads and writes files.

Each function does one thing whole and gives back a value; none knows a widget.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import BitraceError
from puzzles.faults import PackFaults
from puzzles.library import Library
from tui.pack_shelf import PackView, Record, Shelf, amount

if TYPE_CHECKING:
    from tui.packs.checking import Checked
    from tui.paths import Paths
    from tui.settings import Settings
from tui.today import PACK, listed, local_day, to_come


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` prints, or another page of lines to look through."""

    title: str
    summary: str
    lines: tuple[str, ...]
    table: frozenset[str] = frozenset()
    """Those lines that stand in columns and must not be wrapped."""
    indent: int = 0
    """Cells before what is wrapped to a further row."""


@dataclass(frozen=True, slots=True)
class Added:
    """A pack has been installed."""

    id: str
    title: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A pack is fine, but one of that id is installed already."""

    path: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A pack has been taken away."""

    id: str


def list_packs(library: Library) -> Shelf:
    """All packs.

    Raises:
        BitraceError: they cannot be read.
    """
    packs, broken = library.list()
    # By id, once each: what is kept of packs is a file that anybody may have written to.
    return Shelf(tuple({pack.id: pack for pack in packs}.values()), tuple(broken))


def themes(library: Library, shelf: Shelf) -> Iterator[tuple[str, str]]:
    """Each pack's id and the themes of its passages, as one string; of hidden ones none."""
    for pack in shelf.packs:
        try:
            passages = listed(pack.id, library.passages(pack.id), frozenset(), local_day())
            found = {passage.theme: None for passage in passages}
        except (BitraceError, OSError):
            continue  # gone or damaged since it was listed
        yield pack.id, " ".join(found)


def look_at(library: Library, paths: Paths, settings: Settings, id: str) -> PackView:
    """A pack's passages, and how the player has done on them."""
    try:
        passages = tuple({one.id: one for one in library.passages(id)}.values())
    except (BitraceError, OSError) as error:
        return PackView(id, fault=str(error))
    texts = [passage.text_sha256 for passage in passages]
    try:
        record = _record(paths, settings, texts)
        told_of = listed(id, passages, record.played, local_day())
        hidden = to_come(id, passages, record.played, local_day())
        return PackView(id, told_of, record, hidden=hidden)
    except BitraceError as error:
        return PackView(id, listed(id, passages, frozenset(), local_day()), fault=str(error))


def _record(paths: Paths, settings: Settings, texts: list[str]) -> Record:
    from tui.bests import best_insights
    from tui.opening import default_name
    from tui.play import open_store

    # A store is used by the thread that opened it, and this is another one than the app's.
    store = open_store(paths)
    try:
        player = store.player(default_name(settings))
        best = best_insights(store, player.id, texts)
        played = store.played_texts([player.id])
        entry = store.open_race()
        setup = store.load(entry.race_id)[0].setup if entry else None
    finally:
        store.close()
    is_mine = setup is not None and player in setup.players
    return Record(best, played, setup.text_sha256 if setup and is_mine else "")


def add(library: Library, typed: str, replacing: bool) -> Added | Taken | Report:
    """Install a pack; a report where it has faults.

    Raises:
        BitraceError: its id is that of a built-in pack, or it cannot be written.
    """
    from puzzles.readings import read_readings
    from tui.packs.checking import Checked, check
    from tui.paths import typed_path

    checked, loaded = check(typed)
    if loaded is None:
        return report(checked)
    pack = loaded.pack
    if not replacing and pack.id in library.installed_ids():
        return Taken(typed, pack.id, pack.title)
    try:
        facts = library.add(typed_path(typed), replacing)
    except PackFaults as error:
        return report(Checked(typed, error.faults))
    warnings = tuple(str(fault) for fault in read_readings(loaded).warnings)
    return Added(facts.id, facts.title, warnings)


def check_file(typed: str) -> Report:
    """What is wrong with a pack that is not installed."""
    from tui.packs.checking import check

    return report(check(typed)[0])


def check_installed(library: Library, paths: Paths, settings: Settings, id: str) -> Report:
    """What is wrong with a pack that is listed.

    Raises:
        BitraceError: it is gone, or it is not known what the player has seen of it.
    """
    from tui.packs.checking import check, veiled

    checked = replace(check(str(library.path(id)))[0], name=id)
    return report(veiled(checked, _seen(paths, settings, id), local_day()))


def _seen(paths: Paths, settings: Settings, id: str) -> Set[str]:
    """Texts that the player has raced on, where that decides what of a pack is hidden."""
    return _record(paths, settings, []).played if id == PACK else frozenset()


def faults_of(id: str, error: PackFaults) -> Report:
    """What is wrong with an installed pack that is listed as damaged."""
    from tui.packs.checking import Checked

    return report(Checked(id, error.faults))


def report(checked: Checked) -> Report:
    """What was found, as `bitrace packs check` prints it."""
    from tui.packs.checking import lines
    from tui.packs.listing import passage_table

    table = frozenset(passage_table(checked.passages)) if checked.passages else frozenset[str]()
    n_faults, n_warnings = len(checked.faults), len(checked.warnings)
    summary = amount(n_faults, "fault") if n_faults else "no faults"
    if n_warnings:
        summary += f", {amount(n_warnings, 'warning')}"
    title = f"Check of {Path(checked.name).name}"
    return Report(title, summary, tuple(lines(checked)), table, indent=2)


def about(library: Library, paths: Paths, settings: Settings, id: str) -> Report:
    """All there is to know about a pack without its texts, and without what is hidden.

    Raises:
        BitraceError: it is gone or damaged, or it is not known what the player has seen of it.
    """
    from tui.packs.listing import about, passage_table

    pack, seen = library.facts(id), _seen(paths, settings, id)
    passages = listed(id, library.passages(id), seen, local_day())
    lines = [part for line in about(pack, passages) for part in line.split("\n")]
    table = frozenset(passage_table(passages))
    return Report(f"About {pack.title}", "", tuple(lines), table)


def remove(library: Library, id: str) -> Removed:
    """Take an installed pack away.

    Raises:
        BitraceError: it is gone, comes with the game, or cannot be taken away.
    """
    library.remove(id)
    return Removed(id)
