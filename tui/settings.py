"""What a player has chosen, kept in a TOML file that can be edited by hand."""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from engine.errors import StoreError
from tui.paths import make

ALL_LAYERS = -1
"""`gpu_layers` for as many layers as the model has."""

_MOST_LAYERS = 2**31 - 1  # the library that takes the number keeps it in 32 bits
_NO_KEYS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be chosen under Options."""

    player: str = ""
    """Name of the player who is asked first; empty until somebody has played."""
    model: str = ""
    """The model that races, as given; empty for the starter model."""
    gpu_layers: int = ALL_LAYERS
    """Layers of the model to put on the GPU."""
    theme: str = "bitrace"
    keys: Mapping[str, str] = field(default_factory=lambda: _NO_KEYS)
    """Command id → the key it is bound to instead of its usual one."""


def load(path: Path) -> Settings:
    """Read the settings; the usual ones where there is no file.

    Raises:
        StoreError: the file cannot be read or understood; the sentence names the line or the
            setting.
    """
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise _fault(path, error.strerror or str(error)) from None
    try:
        # Some editors put a byte order mark before the text, which TOML does not know.
        table = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _fault(path, f"it is not UTF-8 text, from byte {error.start} on") from None
    except ValueError as error:
        raise _fault(path, f"it is not TOML: {error}") from None
    return Settings(**{key: _checked(path, key, value) for key, value in table.items()})


def save(path: Path, settings: Settings) -> None:
    """Write the settings, so that after a crash the file holds either the old or the new.

    Raises:
        StoreError: the file cannot be written; what was there is unchanged.
    """
    # A settings file that is a link into somebody's dotfiles stays one.
    target = Path(os.path.realpath(path))
    make(target.parent)
    beside = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        _write(beside, _as_toml(settings).encode())
        beside.replace(target)
    except UnicodeEncodeError:
        raise StoreError(
            f"The settings cannot be kept in {path}: the name of the player or of the model's "
            "file holds bytes that are no text. Give it another name."
        ) from None
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise StoreError(
            f"The settings cannot be kept in {path}: {error.strerror or error}. "
            "The old ones still stand; put this right and choose again."
        ) from None


def _write(path: Path, raw: bytes) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _as_toml(settings: Settings) -> str:
    lines = [
        f"player = {_quoted(settings.player)}",
        f"model = {_quoted(settings.model)}",
        f"gpu_layers = {settings.gpu_layers}",
        f"theme = {_quoted(settings.theme)}",
        "",
        "[keys]",
        *(f"{_quoted(command)} = {_quoted(key)}" for command, key in settings.keys.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's; DEL alone may stand bare in JSON and not in TOML.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _checked(path: Path, key: str, value: Any) -> Any:
    names = [setting.name for setting in fields(Settings)]
    if key not in names:
        raise _fault(path, f"there is no setting {key!r}, only {', '.join(names)}")
    if key == "keys":
        return _checked_keys(path, value)
    if key == "gpu_layers":
        # In Python True is a whole number; in a settings file it is a mistake.
        if type(value) is not int or not ALL_LAYERS <= value <= _MOST_LAYERS:
            raise _fault(path, f"gpu_layers must be {ALL_LAYERS} (all) or a number of layers")
    elif not isinstance(value, str):
        raise _fault(path, f'{key} must be a text in quotes, as in {key} = "…"')
    return value


def _checked_keys(path: Path, value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise _fault(path, "keys must be a table: a line [keys], then the keys below it")
    keys = cast("dict[str, Any]", value)
    for command, key in keys.items():
        if not isinstance(key, str):
            raise _fault(
                path, f'under [keys], {command} must be a key in quotes, as in "ctrl+t"'
            )
    return MappingProxyType(keys)


def _fault(path: Path, what: str) -> StoreError:
    return StoreError(
        f"The settings in {path} cannot be used: {what}. "
        "Correct the file, or delete it to go back to the usual settings."
    )
