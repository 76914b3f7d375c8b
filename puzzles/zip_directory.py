"""The directory of an archive from strangers: every entry checked, nothing unpacked.

It is read here, not with `zipfile`: that builds all entries an archive claims to have before
any can be refused, and sees neither names in a wrong encoding nor entries that overlap.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import regex

from engine.errors import PackError
from puzzles.characters import FORBIDDEN
from puzzles.files import printable

MOST_FAULTS = 100
"""Faults told of one archive; looking for more stops there."""
STORED, DEFLATED = 0, 8
"""Methods of packing that are read."""

_LONGEST_NAME = 240
_NAME_TOO_LONG = f"has a name of over {_LONGEST_NAME} characters: shorten it."
_ENCRYPTED = 0x0041
"""Flags: encrypted, strongly encrypted."""
_DAMAGED = "the archive is damaged: get or make it again."

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MAGIC, _ENTRY_MAGIC, _LOCAL_MAGIC = b"PK\5\6", b"PK\1\2", b"PK\3\4"
_ZIP64_MAGIC, _ZIP64_SIZE = b"PK\6\7", 20
_LONGEST_COMMENT = 0xFFFF

_DRIVE = re.compile(r"[A-Za-z]:")
_HOSTILE = regex.compile(rf"[{FORBIDDEN}\u2028\u2029]")


class ZipFaults(PackError):
    """What is wrong with an archive, all at once."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__(
            "\n".join(f"{name}: {message}" if name else message for name, message in faults)
        )
        self.faults = faults
        """Name, printable, of the file in the archive (empty: the archive); sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory says of a file or folder, and where its bytes lie."""

    name: str
    """Composed (NFC); a folder's ends with a slash."""
    method: int
    crc: int
    n_bytes: int
    """Unpacked, as claimed."""
    start: int
    """Offset in the archive of its own header."""
    data: int
    end: int
    """Offsets of its packed bytes and of what is behind them."""


def read_directory(raw: bytes, most_files: int, most_depth: int) -> tuple[Entry, ...]:
    """All files and folders of an archive.

    Args:
        raw: the archive.
        most_files: files and folders that it may have.
        most_depth: parts that their names may have; `a/b/c.txt` has three.

    Raises:
        ZipFaults: with everything that is wrong with it, `MOST_FAULTS` at the most.
    """
    start, stop, n_entries = _end_record(raw)
    # Before the entries are looked at: there may be claimed to be millions.
    if n_entries > most_files:
        message = f"has {n_entries:,} files and folders, at most {most_files:,} may be"
        raise fault("", f"the archive {message}: leave some out.")
    faults: list[tuple[str, str]] = []
    entries: list[Entry] = []
    names = _Names(most_depth)
    files = memoryview(raw)[:start]
    for name, fields in _directory(raw, start, stop, n_entries):
        try:
            entry = _entry(files, name, fields)
            names.add(entry.name)
            entries.append(entry)
        except ZipFaults as error:
            faults += error.faults
        if len(faults) == MOST_FAULTS:
            break
    else:
        faults += _overlaps(entries)[: MOST_FAULTS - len(faults)]
    if faults:
        raise ZipFaults(tuple(faults))
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class _Fields:
    """Of an entry of the directory, what counts."""

    flags: int
    method: int
    crc: int
    n_packed: int
    n_bytes: int
    mode: int
    """As Unix has it; 0 where the archive's system has none."""
    header: int
    """Offset of the entry's own header."""


def _directory(
    raw: bytes, at: int, stop: int, n_entries: int
) -> Iterator[tuple[bytes, _Fields]]:
    """Names and fields of the entries between two offsets."""
    for _ in range(n_entries):
        if at + _ENTRY.size > stop:
            raise fault("", _DAMAGED)
        magic, _, _, flags, method, _, _, crc, n_packed, n_bytes, *rest = _ENTRY.unpack_from(
            raw, at
        )
        n_name, n_extra, n_comment, disk, _, attributes, header = rest
        name_at = at + _ENTRY.size
        at = name_at + n_name + n_extra + n_comment
        if magic != _ENTRY_MAGIC or disk != 0 or at > stop:
            raise fault("", _DAMAGED)
        yield (
            raw[name_at : name_at + n_name],
            _Fields(flags, method, crc, n_packed, n_bytes, attributes >> 16, header),
        )
    if at != stop:
        raise fault("", _DAMAGED)


def _end_record(raw: bytes) -> tuple[int, int, int]:
    """Start and end of the directory, and the number of its entries."""
    end = raw.rfind(_END_MAGIC, max(0, len(raw) - _END.size - _LONGEST_COMMENT))
    if end < 0 or end + _END.size > len(raw):
        message = "this is no zip archive, or its end is missing: get or make it again."
        raise fault("", message)
    if raw.startswith(_ZIP64_MAGIC, max(0, end - _ZIP64_SIZE)):
        raise fault("", "the archive is in the form ZIP64: make it again without.")
    _, disk, first_disk, n_here, n_entries, size, start, n_comment = _END.unpack_from(raw, end)
    if disk or first_disk or n_here != n_entries:
        raise fault("", "the archive is one of several parts: make it in one.")
    if start + size != end or end + _END.size + n_comment != len(raw):
        raise fault("", _DAMAGED)
    return start, end, n_entries


def _entry(files: memoryview, raw_name: bytes, fields: _Fields) -> Entry:
    """An entry by itself, checked; `files` is what is before the directory."""
    if len(raw_name) > 4 * _LONGEST_NAME:  # composing takes the square of its length
        raise fault(raw_name[:_LONGEST_NAME].decode(errors="replace"), _NAME_TOO_LONG)
    try:
        # Many archives have names in UTF-8 without the flag that says so.
        name = unicodedata.normalize("NFC", raw_name.decode())
    except UnicodeDecodeError:
        shown = raw_name.decode(errors="replace")
        raise fault(shown, "has a name that is not UTF-8: rename it.") from None
    if message := _wrong(name, fields):
        raise fault(name, message)
    name_at = fields.header + _LOCAL.size
    if name_at > len(files):
        raise fault(name, _DAMAGED)
    magic, _, _, method, *_, n_name, n_extra = _LOCAL.unpack_from(files, fields.header)
    data = name_at + n_name + n_extra
    end = data + fields.n_packed
    same = bytes(files[name_at : name_at + n_name]) == raw_name and method == fields.method
    if magic != _LOCAL_MAGIC or not same or end > len(files):
        raise fault(name, _DAMAGED)
    return Entry(name, method, fields.crc, fields.n_bytes, fields.header, data, end)


def _wrong(name: str, fields: _Fields) -> str | None:
    """What is wrong with the name or kind of an entry."""
    folder = name.endswith("/")
    parts = name.removesuffix("/").split("/")
    kind = stat.S_IFMT(fields.mode)
    if len(name) > _LONGEST_NAME:
        return _NAME_TOO_LONG
    if _HOSTILE.search(name):
        return "has a control or private-use character in its name: rename it."
    if "\\" in name:
        return "has a backslash in its name: divide folders with /."
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute name: leave out what is before the first folder."
    if any(part in ("", ".", "..") for part in parts):
        return "has a name with an empty, . or .. part: name it from the archive's top."
    # The kind counts whatever system claims to have made the entry.
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device: put a file in its place."
    if (kind == stat.S_IFDIR and not folder) or (folder and fields.n_bytes):
        return "is a file and a folder at once: make the archive again."
    if fields.flags & _ENCRYPTED:
        return "is encrypted: make the archive without a password."
    if fields.method not in (STORED, DEFLATED):
        return f"is packed with method {fields.method}: use the usual one, Deflate."
    return None


class _Names:
    """The names so far, which may differ in more than case."""

    def __init__(self, most_depth: int) -> None:
        self._most_depth = most_depth
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        """By folded name: the name as it was first spelt."""

    def add(self, name: str) -> None:
        """Take a name.

        Raises:
            ZipFaults: it is too deep, or alike another but for case.
        """
        parts = name.removesuffix("/").split("/")
        if len(parts) > self._most_depth:
            most = self._most_depth
            raise fault(name, f"is in too many folders: {most - 1} are the most.")
        file = None if name.endswith("/") else parts.pop()
        folder = ""
        for part in parts:
            folder = f"{folder}/{part}" if folder else part
            key = _folded(folder)
            if key in self._files:
                raise fault(name, "is in a folder that is also a file: rename one.")
            if self._folders.setdefault(key, folder) != folder:
                raise fault(name, _alike(self._folders[key]))
        if file is not None:
            key = _folded(name)
            if key in self._folders:
                raise fault(name, "is a file and also a folder: rename one.")
            if key in self._files:
                raise fault(name, _alike(self._files[key]))
            self._files[key] = name


def _alike(other: str) -> str:
    return f"is named like {printable(other)} but for case: rename one."


def _folded(name: str) -> str:
    """The form in which names are compared."""
    return unicodedata.normalize("NFC", name.casefold())


def _overlaps(entries: list[Entry]) -> list[tuple[str, str]]:
    """Faults of entries that share bytes: of a few bytes, many files could be made."""
    ordered = sorted(entries, key=lambda entry: (entry.start, entry.end))
    return [
        (printable(entry.name), f"shares bytes with {printable(before.name)}: {_DAMAGED}")
        for before, entry in pairwise(ordered)
        if entry.start < before.end
    ]


def fault(name: str, message: str) -> ZipFaults:
    """One fault of a file in an archive; without a name, of the archive itself."""
    return ZipFaults(((printable(name), message),))
