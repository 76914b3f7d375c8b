"""The three forms of a pack as one: a few named files, read within bounds.

Nothing is ever unpacked to disk, no link is followed, and nothing is read that the pack does
not name.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

from engine.errors import InputError
from puzzles.faults import Fault, PackFaults, one_fault
from puzzles.files import MOST_BYTES, printable, read
from puzzles.zips import BUNDLE, ZipFaults, open_archive

PACK_FILE: Final = "pack.toml"
"""The pack itself, in a folder or bundle."""
TOML_ENDING: Final = ".toml"
BUNDLE_ENDING: Final = ".bitrace"
READINGS: Final = "readings"
"""The folder of baked readings."""
MOST_BUNDLE_BYTES = BUNDLE.most_bytes_all
"""Of a bundle on disk: a zip of what may be in it is hardly larger."""

Kind: TypeAlias = Literal["file", "folder", "bundle"]


class _Files(Protocol):
    """Files by name, `/` between folders."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes:
        """The bytes of one.

        Raises:
            InputError: it cannot be read, or is too large.
        """
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A pack on disk, not yet understood."""

    name: str
    """What sentences call it."""
    kind: Kind
    pack_file: str
    """Which of the files is the pack itself."""
    files: _Files

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all files, sorted."""
        return self.files.names

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            PackFaults: it is not there, cannot be read, or is too large.
        """
        try:
            return self.files.read(name)
        except ZipFaults as error:
            raise _archive_faults(self.name, error) from None
        except PackFaults:
            raise
        except InputError as error:
            raise one_fault(printable(name), str(error)) from None


def looks_like_pack(path: Path) -> bool:
    """Whether a path, which need not exist, is that of a pack rather than of a text."""
    if _is_folder(path):
        return (path / PACK_FILE).is_file()
    return path.suffix.lower() in (TOML_ENDING, BUNDLE_ENDING)


def open_source(path: Path) -> Source:
    """A pack in a TOML file, a folder with `pack.toml`, or a bundle.

    Raises:
        PackFaults: there is none, or its files break the limits.
    """
    name = printable(path.name or str(path))
    try:
        if _is_folder(path):
            return _folder(path, name)
        if path.suffix.lower() == BUNDLE_ENDING:
            return bundle_source(read(path, "this file", MOST_BUNDLE_BYTES), name)
        raw = read(path, "this file")
    except PackFaults:
        raise
    except InputError as error:
        raise one_fault(name, str(error)) from None
    return Source(name, "file", name, _Held({name: raw}))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # no path can be like that; reading it says why
        return False


def bundle_source(raw: bytes, name: str) -> Source:
    """A pack in a bundle that has been read.

    Raises:
        PackFaults: it is no zip, or breaks the limits.
    """
    try:
        archive = open_archive(raw, BUNDLE)
    except ZipFaults as error:
        raise _archive_faults(name, error) from None
    if PACK_FILE not in archive.names:
        raise one_fault(name, f"there is no {PACK_FILE} in it: make it with `packs bundle`.")
    return Source(name, "bundle", PACK_FILE, archive)


def _archive_faults(name: str, error: ZipFaults) -> PackFaults:
    return PackFaults(
        tuple(
            Fault(f"{name}/{entry}" if entry else name, None, None, None, message)
            for entry, message in error.faults
        )
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """Files in memory."""

    held: dict[str, bytes]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.held))

    def read(self, name: str) -> bytes:
        if name not in self.held:
            raise InputError(f"there is no file {printable(name)!r} beside it: check the name.")
        return self.held[name]


@dataclass(slots=True)
class _Folder:
    """Files on disk below a folder, all of them ordinary ones."""

    folder: Path
    names: tuple[str, ...]
    _taken: dict[str, int] = field(default_factory=dict[str, int])
    """Bytes read so far, by name."""

    def read(self, name: str) -> bytes:
        if name not in self.names:
            raise InputError(
                f"there is no file {printable(name)!r} in the folder: check the name."
            )
        raw = read(self.folder.joinpath(*name.split("/")), "this file", MOST_BYTES)
        self._taken[name] = len(raw)
        if sum(self._taken.values()) > BUNDLE.most_bytes_all:
            raise InputError(
                f"the pack is over {BUNDLE.most_bytes_all // 1_000_000} MB: divide it."
            )
        return raw


def _folder(path: Path, name: str) -> Source:
    if not (path / PACK_FILE).exists():
        raise one_fault(name, f"there is no {PACK_FILE} in this folder: add one.")
    names: list[str] = []
    faults: list[Fault] = []
    for found, message in _walk(path):
        if message:
            faults.append(Fault(f"{name}/{printable(found)}", None, None, None, message))
        else:
            names.append(found)
        if len(names) + len(faults) > BUNDLE.most_files:
            raise one_fault(
                name, f"this folder has over {BUNDLE.most_files} files: give the pack its own."
            )
    if faults:
        raise PackFaults(tuple(faults))
    return Source(name, "folder", PACK_FILE, _Folder(path, tuple(sorted(names))))


def _walk(folder: Path, before: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """Names of the files below a folder, each with what is wrong with it, if anything.

    What begins with a dot belongs to other programs and is passed over.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        yield (
            before.rstrip("/"),
            f"this folder cannot be read ({error.strerror}): check rights.",
        )
        return
    for entry in found:
        name = f"{before}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            yield name, "this is a link: put the file itself here."
        elif entry.is_dir(follow_symlinks=False):
            if depth == BUNDLE.most_depth:
                yield name, f"folders go over {BUNDLE.most_depth} deep: make it flat."
            else:
                yield from _walk(Path(entry.path), f"{name}/", depth + 1)
        elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield name, "this is not an ordinary file: take it out."
        elif not entry.name.isprintable():
            yield name, "its name holds characters that cannot be shown: rename it."
        else:
            yield name, ""
