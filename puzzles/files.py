"""Files from outside: read within bounds, and quoted so that nothing in them can act."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from engine.errors import InputError

MOST_BYTES = 5_000_000
"""Bytes of a text, or of a pack in one file."""


def read(path: Path, name: str, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a file, `most_bytes` at the most.

    Args:
        path: where it is. Pipes and devices are refused unopened, since they may never end.
        name: what the sentences call the file.
        most_bytes: how large it may be.

    Raises:
        InputError: there is no such file, it cannot be read, or it is too large.
    """
    try:
        if path.is_dir():
            raise InputError(f"{name} is a folder: name a file in it.")
        if not path.exists():
            raise InputError(f"{name} does not exist: check the path.")
        if not path.is_file():
            raise InputError(f"{name} is not an ordinary file: save its text in one.")
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        detail = (reason or "the path is not valid").lower()
        raise InputError(f"{name} cannot be read ({detail}): check path and rights.") from None
    if len(raw) > most_bytes:
        raise InputError(f"{name} is over {most_bytes // 1_000_000} MB: make it smaller.")
    return raw


def quoted(text: str, most: int = 40) -> str:
    """Text from outside as part of a sentence: in quotes, shortened, nothing unprintable."""
    return repr(text if len(text) <= most else text[: most - 1] + "…")


def printable(text: str, most: int = 80) -> str:
    """A name from outside without quotes: shortened in front, U+FFFD for the unprintable."""
    short = text if len(text) <= most else "…" + text[1 - most :]
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in short
    )


def write_whole(path: Path, raw: bytes) -> None:
    """Write a file so that whatever happens there is the old one or the new one, whole.

    Raises:
        OSError: it cannot be written; what was there is unchanged.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        with beside.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    with suppress(OSError):  # some systems cannot open folders; then the name is late at worst
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
