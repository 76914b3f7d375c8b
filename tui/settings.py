"""What a player has chosen, kept in a TOML file that can be edited by hand."""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast, get_args

from engine.errors import StoreError
from tui.paths import make

ALL_LAYERS = -1
"""`gpu_layers` for as many layers as the model has."""

PlayMode: TypeAlias = Literal["auto", "open", "choice", "shannon"]
"""A mode of `engine.setup.Mode`, or `auto`: open for one or two players, choice for more."""
MODES: tuple[PlayMode, ...] = get_args(PlayMode)

RACERS = (
    "reader",
    "goldfish",
    "sage",
    "stranger",
    "nobody",
    "centaur",
    "ghost:best",
    "ghost:baked",
)
"""Whom `against` may name, beside a card (`ghost:FILE`) and a model in a pack (`reader@…`)."""
_FURTHER_RACERS = ("ghost:", "reader@")

LONGEST_CLOCK_S = 3600
PACES_WPM = range(60, 1001)

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
    mode: PlayMode = "auto"
    against: tuple[str, ...] = ()
    """Names of those who race, of `RACERS` or further ones; empty for the usual ones."""
    clock_s: int = 0
    """Seconds a target; 0 for no clock."""
    pace_wpm: int = 0
    """Words a minute at which a text appears; 0 for all at once."""
    motion: bool = True
    """Whether anything on the screen may move."""


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


_HEAD = """\
# What was chosen under Options in bitrace. It can be changed here as well. What is chosen in
# the game writes this file anew, without comments of your own.
"""

_COMMENTS = {
    "player": 'who plays when nobody is named; "" for your login name',
    "model": 'the GGUF file that races; "" for the starter model',
    "gpu_layers": f"layers of the model on the GPU; {ALL_LAYERS} for all",
    "theme": "colours",
    "mode": f"{', '.join(MODES)}; auto is open for one or two players, choice for more",
    "against": f"[] for the usual ones, or of: {', '.join(RACERS)}",
    "clock_s": f"seconds a word, to {LONGEST_CLOCK_S}; 0 for no clock",
    "pace_wpm": f"words a minute, {PACES_WPM[0]} to {PACES_WPM[-1]}; 0 for the text at once",
    "motion": "true or false",
}
"""Setting → what it may be; in the order of the file."""


def _as_toml(settings: Settings) -> str:
    lines = [_HEAD]
    for name, comment in _COMMENTS.items():
        lines += [f"# {comment}", f"{name} = {_toml(getattr(settings, name))}"]
    lines += ["", '# command = key, as in "race.known" = "ctrl+k"', "[keys]"]
    lines += (f"{_quoted(command)} = {_quoted(key)}" for command, key in settings.keys.items())
    return "\n".join(lines) + "\n"


def _toml(value: str | int | tuple[str, ...]) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case tuple():
            return f"[{', '.join(map(_quoted, value))}]"


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's; DEL alone may stand bare in JSON and not in TOML.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _is_whole(value: Any, *ranges: range) -> bool:
    # In Python True is a whole number; in a settings file it is a mistake.
    return type(value) is int and any(value in numbers for numbers in ranges)


_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "gpu_layers": (
        lambda value: _is_whole(value, range(ALL_LAYERS, _MOST_LAYERS + 1)),
        f"{ALL_LAYERS} (all) or a number of layers",
    ),
    "mode": (lambda value: value in MODES, " or ".join(f'"{mode}"' for mode in MODES)),
    "clock_s": (
        lambda value: _is_whole(value, range(LONGEST_CLOCK_S + 1)),
        f"0 (no clock) or 1 to {LONGEST_CLOCK_S} seconds, a whole number",
    ),
    "pace_wpm": (
        lambda value: _is_whole(value, range(1), PACES_WPM),
        f"0 (the text at once) or {PACES_WPM[0]} to {PACES_WPM[-1]} words a minute, "
        "a whole number",
    ),
    "motion": (lambda value: isinstance(value, bool), "true or false, without quotes"),
}
"""Setting → whether it may be this, and what it may be in words."""


def _checked(path: Path, key: str, value: Any) -> Any:
    names = [setting.name for setting in fields(Settings)]
    if key not in names:
        raise _fault(path, f"there is no setting {key!r}, only {', '.join(names)}")
    if key == "keys":
        return _checked_keys(path, value)
    if key == "against":
        return _checked_racers(path, value)
    if key in _RULES:
        is_good, may_be = _RULES[key]
        if not is_good(value):
            raise _fault(path, f"{key} must be {may_be}")
    elif not isinstance(value, str):
        raise _fault(path, f'{key} must be a text in quotes, as in {key} = "…"')
    return value


_RACERS_FORM = 'against must be a list of names in quotes, as in ["reader", "nobody"]'


def _checked_racers(path: Path, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _fault(path, _RACERS_FORM)
    names: list[str] = []
    for name in cast("list[Any]", value):
        if not isinstance(name, str):
            raise _fault(path, _RACERS_FORM)
        if name not in RACERS and not name.startswith(_FURTHER_RACERS):
            raise _fault(
                path, f"against names {name!r}, but there are only {', '.join(RACERS)}"
            )
        names.append(name)
    return tuple(dict.fromkeys(names))


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
