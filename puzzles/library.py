"""Installed packs: a bundle each in one folder, beside the packs that come with the game.

A bundle appears, changes and goes in one step of the file system, so that no pack is ever
half there. What lists tell of it is kept apart, and made again where it does not fit.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, PackError, StoreError
from puzzles import facts as kept
from puzzles.builtin import builtin_folder, builtin_ids
from puzzles.bundle import bundle
from puzzles.facts import PackFacts, PassageFacts, facts_of, passages_of
from puzzles.faults import PackFaults, one_fault
from puzzles.files import printable, quoted, write_whole
from puzzles.load import Loaded, load_source
from puzzles.readings import read_readings, readings_files
from puzzles.schema import is_id
from puzzles.sources import BUNDLE_ENDING, PACK_FILE, READINGS, open_source

_ABANDONED_S = 3600
"""Seconds after which nobody is still writing a file."""
_MOST_TOLD = 30
"""Ids in a sentence."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An installed pack that can no longer be read."""

    id: str
    error: PackFaults


class Library:
    """All packs that can be named.

    Args:
        folder: where the installed ones are; need not exist.
        index: where facts for lists are kept; a cache.
    """

    def __init__(self, folder: Path, index: Path) -> None:
        self._folder = folder
        self._index = index

    def list(self) -> tuple[list[PackFacts], list[Broken]]:
        """Facts of all packs, the built-in ones first, then by title; and those damaged."""
        found = [self.facts(id) for id in builtin_ids()]
        installed: list[PackFacts] = []
        broken: list[Broken] = []
        for id in self.installed_ids():
            try:
                installed.append(self.facts(id))
            except PackFaults as error:
                broken.append(Broken(id, error))
            except PackError:  # somebody has just removed it
                continue
        installed.sort(key=lambda pack: (pack.title.casefold(), pack.id))
        return found + installed, broken

    def installed_ids(self) -> tuple[str, ...]:
        """Ids of the packs that were added, sorted."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise _unreadable(self._folder, error) from None
        builtin = builtin_ids()
        ids = (name.removesuffix(BUNDLE_ENDING) for name in names if name[:1] != ".")
        return tuple(
            sorted(
                id
                for id in ids
                if is_id(id) and id not in builtin and f"{id}{BUNDLE_ENDING}" in names
            )
        )

    def __contains__(self, id: str) -> bool:
        return id in builtin_ids() or id in self.installed_ids()

    def path(self, id: str) -> Path:
        """Where a pack is.

        Raises:
            PackError: there is none of that id; the sentence lists those there are.
        """
        if id in builtin_ids():
            return builtin_folder(id)
        if id in self.installed_ids():
            return self._bundle(id)
        raise PackError(f"There is no pack {quoted(id)}: there are {self.told_ids}.")

    @property
    def told_ids(self) -> str:
        """The ids there are, for a sentence."""
        ids = [*builtin_ids(), *self.installed_ids()]
        return ", ".join(ids[:_MOST_TOLD]) + (" and more" if len(ids) > _MOST_TOLD else "")

    def open(self, id: str) -> Loaded:
        """A pack and its files.

        Raises:
            PackError: there is none of that id, or it has been damaged.
        """
        loaded = load_source(open_source(self.path(id)))
        if loaded.pack.id != id:  # somebody has renamed its file
            raise one_fault(
                self.path(id).name,
                f"the pack in it is {quoted(loaded.pack.id)}: remove it and add it again.",
            )
        return loaded

    def facts(self, id: str) -> PackFacts:
        """What lists tell of a pack.

        Raises:
            PackError: there is none of that id, or it has been damaged.
        """
        stamp = self._stamp(id)
        (line,) = self._lines(id, 1)
        return kept.load_facts(line, stamp) or self._make_facts(id, stamp)[0]

    def passages(self, id: str) -> tuple[PassageFacts, ...]:
        """What lists tell of a pack's passages.

        Raises:
            PackError: there is none of that id, or it has been damaged.
        """
        stamp = self._stamp(id)
        line, second = self._lines(id, 2)
        found = kept.load_passages(second) if kept.load_facts(line, stamp) else None
        return self._make_facts(id, stamp)[1] if found is None else found

    def add(self, path: Path, replace: bool = False) -> PackFacts:
        """Install a pack, whole or not at all.

        Args:
            path: a TOML file, a folder or a bundle.
            replace: put it in the place of an installed one with the same id.

        Raises:
            PackFaults: with everything that is wrong with it.
            InputError: the id is taken.
            StoreError: it cannot be written; nothing has changed.
        """
        loaded = load_source(open_source(path))
        id = loaded.pack.id
        if id in builtin_ids():
            raise InputError(
                f"{quoted(id)} is the id of a pack that comes with the game: give yours "
                "another."
            )
        if not replace and id in self.installed_ids():
            raise InputError(
                f"A pack {quoted(id)} is installed already: give this one another id, or add "
                "it with --replace."
            )
        readings = read_readings(loaded)
        self.put(loaded, readings_files(readings.readings))
        return self.facts(id)

    def put(self, loaded: Loaded, readings: Mapping[str, bytes]) -> None:
        """Write an installed pack anew, with these files of readings.

        Raises:
            PackFaults: it would break the limits of a bundle.
            StoreError: it cannot be written; nothing has changed.
        """
        path = self._bundle(loaded.pack.id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            write_whole(path, bundle(loaded, readings))
        except OSError as error:
            raise StoreError(
                f"The pack cannot be kept in {printable(str(self._folder))} "
                f"({error.strerror or error}): put this right and try again. Nothing has "
                "changed."
            ) from None

    def _sweep(self) -> None:
        """Take away what was being written when somebody pulled the plug."""
        for path in self._folder.glob(".*.new"):
            with suppress(FileNotFoundError):  # somebody else is sweeping too
                if time.time() - path.stat().st_mtime > _ABANDONED_S:
                    path.unlink()

    def remove(self, id: str) -> None:
        """Take an installed pack away.

        Raises:
            PackError: there is none of that id, or it comes with the game.
            StoreError: it cannot be taken away.
        """
        path = self.path(id)
        if id in builtin_ids():
            raise PackError(f"{quoted(id)} comes with the game: it cannot be removed.")
        try:
            path.unlink()
        except OSError as error:
            raise StoreError(
                f"The pack {quoted(id)} cannot be removed ({error.strerror or error}): put "
                "this right and try again."
            ) from None
        with suppress(OSError):
            self._facts_file(id).unlink()

    def _bundle(self, id: str) -> Path:
        return self._folder / f"{id}{BUNDLE_ENDING}"

    def _facts_file(self, id: str) -> Path:
        return self._index / f"{id}.jsonl"

    def _stamp(self, id: str) -> str:
        """Tells the file of a pack from what it was before, without opening it."""
        try:
            if id in builtin_ids():
                folder = builtin_folder(id)
                files = (folder / PACK_FILE, *sorted((folder / READINGS).glob("*.json")))
            else:
                files = (self._bundle(id),)
            told = [(path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        except OSError as error:
            name = self.path(id).name  # says so if there is none of that id
            reason = (error.strerror or str(error)).lower()
            raise one_fault(name, f"this cannot be read ({reason}): check rights.") from None
        return ";".join(f"{size}:{mtime}" for size, mtime in told)

    def _lines(self, id: str, n: int) -> list[bytes]:
        """The first lines of a pack's facts; empty where there are none."""
        try:
            with self._facts_file(id).open("rb") as file:
                return [file.readline() for _ in range(n)]
        except OSError:
            return [b""] * n

    def _make_facts(self, id: str, stamp: str) -> tuple[PackFacts, tuple[PassageFacts, ...]]:
        """Read a pack for what lists tell of it, and keep that if it can be kept."""
        loaded = self.open(id)
        models = tuple(baked.identity.model for baked in read_readings(loaded).readings)
        facts = facts_of(loaded.pack, models, id in builtin_ids())
        passages = tuple(passages_of(loaded.pack))
        with suppress(OSError):
            self._index.mkdir(parents=True, exist_ok=True)
            write_whole(self._facts_file(id), kept.dump(stamp, facts, passages))
        return facts, passages


def _unreadable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The packs in {printable(str(folder))} cannot be read ({error.strerror or error}): "
        "check its rights."
    )
