"""The three forms of a pack as one: a few named files, read within bounds.

Nothing is ever unpacked to disk, no link is followed, and nothing is read that the pack does
not name.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

from engine.errors import InputError
from puzzles.faults import Fault, PackFaults, one_fault
from puzzles.files import MOST_BYTES, printable, read
from puzzles.zip_directory import ZipFaults
from puzzles.zips import BUNDLE, open_archive

PACK_FILE: Final = "pack.toml"
"""The pack itself, in a folder or bundle."""
TOML_ENDING: Final = ".toml"
BUNDLE_ENDING: Final = ".bitrace"
READINGS: Final = "readings"
"""The folder of baked readings."""
MOST_BUNDLE_BYTES = BUNDLE.most_bytes_all
"""Of a bundle on disk: a zip of what may be in it is hardly larger."""

_MOST_ENTRIES = 1_000
"""In one folder, with all that is passed over: more are not even looked at."""

Kind: TypeAlias = Literal["file", "folder", "bundle"]


class _Files(Protocol):
    """Files by name, composed (NFC), `/` between folders."""

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
        return os.path.lexists(path / PACK_FILE)
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
    files: dict[str, str]
    """Names as they are told → as they are spelt on disk."""
    _taken: dict[str, int] = field(default_factory=dict[str, int])
    """Bytes read so far, by name."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.files))

    def read(self, name: str) -> bytes:
        if name not in self.files:
            raise InputError(
                f"there is no file {printable(name)!r} in the folder: check the name."
            )
        path = self.folder.joinpath(*self.files[name].split("/"))
        raw = read(path, "this file", MOST_BYTES)
        self._taken[name] = len(raw)
        if sum(self._taken.values()) > BUNDLE.most_bytes_all:
            raise InputError(
                f"the pack is over {BUNDLE.most_bytes_all // 1_000_000} MB: divide it."
            )
        return raw


def _folder(path: Path, name: str) -> Source:
    if not os.path.lexists(path / PACK_FILE):
        raise one_fault(name, f"there is no {PACK_FILE} in this folder: add one.")
    files: dict[str, str] = {}
    faults: list[Fault] = []
    n_folders = 0
    for found, message in _walk(path):
        if message:
            faults.append(Fault(f"{name}/{printable(found)}", None, None, None, message))
        elif found.endswith("/"):
            n_folders += 1
        else:
            files[unicodedata.normalize("NFC", found)] = found
        if max(len(files) + len(faults), n_folders) > BUNDLE.most_files:
            raise one_fault(
                name, f"this folder has over {BUNDLE.most_files} files: give the pack its own."
            )
    if faults:
        raise PackFaults(tuple(faults))
    return Source(name, "folder", PACK_FILE, _Folder(path, files))


def _walk(folder: Path, before: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """Names of what is below a folder, each with what is wrong with it, if anything.

    Those of folders end with a slash. What begins with a dot belongs to other programs and is
    passed over.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(islice(entries, _MOST_ENTRIES + 1), key=lambda entry: entry.name)
    except OSError as error:
        yield (
            before.rstrip("/"),
            f"this folder cannot be read ({error.strerror}): check rights.",
        )
        return
    if len(found) > _MOST_ENTRIES:
        message = f"this folder holds over {_MOST_ENTRIES:,} things: give the pack its own."
        yield before.rstrip("/"), message
        return
    first: dict[str, str] = {}
    for entry in found:
        if entry.name.startswith("."):
            continue
        name, mode = f"{before}{entry.name}", _mode(entry)
        other = first.setdefault(_folded(entry.name), entry.name)
        if message := _wrong(entry.name, other, mode):
            yield name, message
        elif not stat.S_ISDIR(mode):
            yield name, ""
        elif depth == BUNDLE.most_depth:
            yield name, f"folders go over {BUNDLE.most_depth} deep: make it flat."
        else:
            yield f"{name}/", ""
            yield from _walk(Path(entry.path), f"{name}/", depth + 1)


def _wrong(name: str, first: str, mode: int) -> str | None:
    """What is wrong with something in a folder, if anything.

    Args:
        name: its own.
        first: of those in its folder alike but for case, the first.
        mode: what it is; 0 where that is not known.
    """
    if stat.S_ISLNK(mode):
        return "this is a link: put the file itself here."
    if not name.isprintable():
        return "its name holds characters that cannot be shown: rename it."
    if name != first:
        return f"this is named like {printable(first)} but for case: rename one."
    if not mode:
        return "this cannot be looked at: check rights."
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "this is not an ordinary file: take it out."
    return None


def _mode(entry: os.DirEntry[str]) -> int:
    """What something in a folder is, no link followed; 0 where it has gone or is not told."""
    try:
        return entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return 0


def _folded(name: str) -> str:
    """The form in which names are compared, as in bundles."""
    return unicodedata.normalize("NFC", name.casefold())
