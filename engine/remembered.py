"""What was found out about model files before, kept in the cache folder.

Losing it costs time, never a result: an unreadable file is dropped, an unwritable folder is
put up with.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import cast

from engine.gguf import file_sha256

_MOST_ENTRIES = 200


MODELS_FILE = "models.json"
"""In the cache folder: what is remembered of model files."""


class Remembered:
    """Strings by key in one JSON file; the oldest entries go first when there are too many."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, key: str) -> str | None:
        """What is remembered under a key."""
        return self._all().get(key)

    def put(self, key: str, value: str) -> None:
        """Remember a value, if the folder can be written."""
        entries = self._all()
        entries.pop(key, None)
        entries[key] = value
        kept = dict(list(entries.items())[-_MOST_ENTRIES:])
        beside = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            beside.replace(self._file)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)

    def _all(self) -> dict[str, str]:
        try:
            found: object = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict):
            return {}
        entries = cast("dict[object, object]", found)
        return {
            key: value
            for key, value in entries.items()
            if isinstance(key, str) and isinstance(value, str)
        }


def file_key(path: Path) -> str:
    """A key for a file as it is now: place, identity, size and time of change."""
    status = path.stat()
    return f"{path.resolve()}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def model_sha256(path: Path, memory: Remembered | None) -> str:
    """SHA-256 (hex) of a model's file, which is read only if it is not remembered."""
    key = f"sha256:{file_key(path)}"
    if memory is not None and (known := memory.get(key)) is not None:
        return known
    found = file_sha256(path)
    if memory is not None:
        memory.put(key, found)
    return found
