"""Archives from strangers: everything checked before anything is read, nothing put on disk.

What is read is a plain archive and no more: one part, nothing before or behind it, stored or
deflated, under 4 GB (no ZIP64). What it claims of its sizes is never taken for true.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from puzzles.zip_directory import STORED, Entry, fault, read_directory


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an archive may be."""

    most_files: int
    """Folders that are entries of their own are counted too."""
    most_depth: int
    """Names from the top: `a/b/c.txt` has three."""
    most_bytes_each: int
    most_bytes_all: int
    """Bytes of all files that are read, unpacked."""
    most_ratio: int
    """Bytes unpacked to bytes packed of one file, from `ALLOWANCE` on."""


BUNDLE = Limits(200, 3, 5_000_000, 32_000_000, 100)
EPUB = Limits(5_000, 12, 16_000_000, 32_000_000, 100)

ALLOWANCE = 100_000
"""Bytes that every file may unpack to, however small it is packed: blank pages are harmless."""

_CHUNK = 1 << 16


class Archive:
    """The files of an archive that has no fault that shows before it is unpacked."""

    def __init__(self, raw: bytes, limits: Limits, entries: tuple[Entry, ...]) -> None:
        self._raw = memoryview(raw)
        self._limits = limits
        self._entries = {entry.name: entry for entry in entries if entry.name[-1] != "/"}
        self._n_bytes: dict[str, int] = {}
        """Unpacked bytes of each file that was read."""
        self.names = tuple(self._entries)
        """Of the files, composed (NFC), in the order of the archive."""

    def read(self, name: str) -> bytes:
        """The bytes of a file, one of `names`.

        Raises:
            ZipFaults: there is none of that name, it is damaged, it is larger or denser packed
                than the limits allow, or with it too much has been read in all.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise fault(name, "is not in the archive: put it in.")
        limits = self._limits
        n_packed = entry.end - entry.data
        left = limits.most_bytes_all - sum(self._n_bytes.values())
        left += self._n_bytes.get(name, 0)
        chunks: list[bytes] = []
        n_bytes, crc = 0, 0
        for chunk in self._unpacked(entry):
            chunks.append(chunk)
            n_bytes += len(chunk)
            crc = zlib.crc32(chunk, crc)
            if n_bytes > limits.most_bytes_each:
                most = limits.most_bytes_each // 1_000_000
                raise fault(name, f"is over {most} MB: make it smaller.")
            if n_bytes > max(ALLOWANCE, limits.most_ratio * n_packed):
                message = f"unpacks to over {limits.most_ratio} times its size: leave it out."
                raise fault(name, message)
            if n_bytes > left:
                most = limits.most_bytes_all // 1_000_000
                raise fault("", f"the files are over {most} MB in all: leave some out.")
        if n_bytes != entry.n_bytes or crc != entry.crc:
            raise fault(name, "is damaged: get or make the archive again.")
        self._n_bytes[name] = n_bytes
        return b"".join(chunks)

    def _unpacked(self, entry: Entry) -> Iterator[bytes]:
        """The bytes of a file, little by little, so that no claim decides how many."""
        packed = self._raw[entry.data : entry.end]
        pieces = (packed[at : at + _CHUNK] for at in range(0, len(packed), _CHUNK))
        if entry.method == STORED:
            yield from map(bytes, pieces)
            return
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        left = len(packed)
        try:
            for piece in pieces:
                left -= len(piece)
                yield inflate.decompress(piece, _CHUNK)
                # Behind the end of the stream the tail no longer gets shorter.
                while not inflate.eof and (tail := inflate.unconsumed_tail):
                    yield inflate.decompress(tail, _CHUNK)
                if inflate.eof:
                    break
            while not inflate.eof and (rest := inflate.decompress(b"", _CHUNK)):
                yield rest
        except zlib.error:
            left = -1
        if not inflate.eof or inflate.unused_data or left:
            raise fault(entry.name, "is damaged: get or make the archive again.")


def open_archive(raw: bytes, limits: Limits) -> Archive:
    """An archive whose directory keeps the rules; nothing is unpacked yet.

    Raises:
        ZipFaults: with everything that is wrong with it, as far as the directory shows it.
    """
    return Archive(raw, limits, read_directory(raw, limits.most_files, limits.most_depth))
