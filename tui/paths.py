"""Where settings, data, downloads and logs are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError, StoreError

HOME_VARIABLE = "BITRACE_HOME"
"""Names one folder for everything, instead of the system's usual places."""

_NAME = "bitrace"


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of this player's bitrace. They need not exist yet: see `make`."""

    settings: Path
    data: Path
    cache: Path
    logs: Path

    @property
    def settings_file(self) -> Path:
        """What is chosen under Options, in TOML."""
        return self.settings / "settings.toml"

    @property
    def store_file(self) -> Path:
        """Players and races."""
        return self.data / "bitrace.db"

    @property
    def packs(self) -> Path:
        """Packs that were added."""
        return self.data / "packs"

    @property
    def pack_index(self) -> Path:
        """What lists tell of packs; can be made again."""
        return self.cache / "packs"

    @property
    def engine_log(self) -> Path:
        """What the model's process and its libraries say."""
        return self.logs / "engine.log"

    @property
    def app_log(self) -> Path:
        """Tracebacks of faults of our own."""
        return self.logs / "app.log"


def find_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """The folders to use; nothing is made.

    Raises:
        StoreError: BITRACE_HOME begins with a `~` that stands for nobody's home.
    """
    if home := environ.get(HOME_VARIABLE):
        folder = _absolute(home)
        return Paths(folder / "settings", folder / "data", folder / "cache", folder / "logs")
    import platformdirs

    return Paths(
        settings=platformdirs.user_config_path(_NAME, appauthor=False),
        data=platformdirs.user_data_path(_NAME, appauthor=False),
        cache=platformdirs.user_cache_path(_NAME, appauthor=False),
        logs=platformdirs.user_log_path(_NAME, appauthor=False),
    )


def typed_path(typed: str) -> Path:
    """A path as a person typed it, `~` being a home.

    Raises:
        InputError: no file can have it.
    """
    try:
        path = Path(typed).expanduser()
        path.exists()
    except (RuntimeError, OSError, ValueError):
        raise InputError(f"There can be no file {typed[:60]!r}: check the path.") from None
    return path


def make(folder: Path) -> Path:
    """Make a folder and those above it, unless they are there; return it.

    Raises:
        StoreError: it cannot be made or written; the sentence says why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _unusable(folder, "a file is in the way") from None
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(folder, "it is read-only")
    return folder


def _absolute(home: str) -> Path:
    try:
        # Not every shell expands a ~ in a variable, and a folder named ~ is a trap for `rm`.
        return Path(home).expanduser().absolute()
    except RuntimeError:
        raise StoreError(
            f"{HOME_VARIABLE} is {home}, but there is no such home: give the whole path."
        ) from None


def _unusable(folder: Path, reason: str) -> StoreError:
    return StoreError(
        f"The folder {folder} cannot be used: {reason}. "
        f"Put this right, or set {HOME_VARIABLE} to a folder that can be written."
    )
