"""The packs that come with the game."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.errors import PackError
from puzzles.files import quoted
from puzzles.load import Loaded, Pack, load_source
from puzzles.sources import PACK_FILE, open_source

TUTORIAL = "warm-up"
"""The pack that comes first."""
_ORDER = (
    TUTORIAL,
    *["days", "mysteries", "liars", "voices", "contracts", "twins", "lemmas", "machines"],
)
"""From the easy ones to those that take more."""


def builtin_ids() -> tuple[str, ...]:
    """The packs that come with the game, the tutorial's first."""
    ids = [folder.name for folder in _packs().iterdir() if (folder / PACK_FILE).is_file()]
    rank = {id: place for place, id in enumerate(_ORDER)}
    return tuple(sorted(ids, key=lambda id: (rank.get(id, len(rank)), id)))


def builtin_folder(id: str) -> Path:
    """Where a built-in pack is.

    Raises:
        PackError: there is none of that id; the sentence lists those there are.
    """
    ids = builtin_ids()
    if id not in ids:
        raise PackError(f"There is no built-in pack {quoted(id)}: there are {', '.join(ids)}.")
    return Path(str(_packs() / id))


def open_builtin(id: str) -> Loaded:
    """A pack that comes with the game, and its files.

    Raises:
        PackError: there is none of that id; the sentence lists those there are.
    """
    return load_source(open_source(builtin_folder(id)))


def load_builtin(id: str) -> Pack:
    """A pack that comes with the game.

    Raises:
        PackError: there is none of that id; the sentence lists those there are.
    """
    return open_builtin(id).pack


def _packs() -> Traversable:
    return resources.files("puzzles").joinpath("packs")
