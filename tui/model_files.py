"""GGUF files on this machine, in the places where bitrace and other programs keep them."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ModelError
from engine.gguf import check_file
from tui.paths import Paths

_ENDING = ".gguf"
# Of a model in several files llama.cpp is given the first; a projector is no model by itself.
_NOT_A_MODEL = re.compile(r"-(?!0*1-)\d+-of-\d+\.gguf$|^mmproj", re.IGNORECASE)
_PART = re.compile(r"-(\d{5})-of-(\d{5}\.gguf)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file that holds a model, or the first of several that do."""

    path: Path
    n_bytes: int
    """Of all its parts that are there."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to look in."""

    folder: Path
    depth: int
    """How many folders deep to look, 0 for this one alone."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long to look in one place."""

    entries: int = 20_000
    seconds: float = 3.0
    models: int = 200


_USUAL = Bounds()


def places(paths: Paths, environ: Mapping[str, str] = os.environ) -> tuple[Place, ...]:
    """Where models may be: here, and where other programs keep what they have loaded down."""
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        home = Path(os.devnull)  # in which nothing is
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    hugging_face = Path(environ.get("HF_HOME") or cache / "huggingface")
    hub = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    return (
        Place(paths.data / "models", 3),
        Place(Path(), 2),
        # models--OWNER--NAME/snapshots/REVISION/, and perhaps a folder in it
        Place(Path(hub or hugging_face / "hub"), 4),
        Place(home / ".lmstudio" / "models", 3),
        Place(home / ".cache" / "lm-studio" / "models", 3),
        Place(_llama_cache(cache, home, environ), 3),
    )


def _llama_cache(cache: Path, home: Path, environ: Mapping[str, str]) -> Path:
    if folder := environ.get("LLAMA_CACHE"):
        return Path(folder)
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "llama.cpp"
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home) / "llama.cpp"
    return cache / "llama.cpp"


def find_models(
    wanted: tuple[Place, ...],
    clock: Callable[[], float],
    is_cancelled: Callable[[], bool] = lambda: False,
    bounds: Bounds = _USUAL,
) -> Iterator[tuple[ModelFile, ...]]:
    """The models in each place, by name; a file that has several names is told once.

    Folders that are links are passed over, so that no loop is walked; and so are hidden ones.

    Args:
        wanted: where to look.
        clock: the time in seconds, of any beginning.
        is_cancelled: whether nobody wants to know any more.
        bounds: how long to look in one place; the usual ones by default.
    """
    seen: set[tuple[int, int]] = set()
    for place in wanted:
        found: list[ModelFile] = []
        for entry in _files(place, clock, is_cancelled, bounds):
            model = _model(entry, seen)
            if model is not None:
                found.append(model)
            if len(found) >= bounds.models:
                break
        if is_cancelled():
            return
        yield tuple(sorted(found, key=lambda model: (model.path.name.lower(), model.path)))


def _files(
    place: Place, clock: Callable[[], float], is_cancelled: Callable[[], bool], bounds: Bounds
) -> Iterator[os.DirEntry[str]]:
    """Files by the name of a model, those in shallow folders first."""
    give_up, n_entries = clock() + bounds.seconds, 0
    folders = deque([(str(place.folder), 0)])
    while folders:
        folder, depth = folders.popleft()
        for entry in _entries(folder):
            n_entries += 1
            if n_entries > bounds.entries or clock() > give_up or is_cancelled():
                return
            if _is_folder(entry):
                if depth < place.depth and not entry.name.startswith("."):
                    folders.append((entry.path, depth + 1))
            elif entry.name.lower().endswith(_ENDING) and not _NOT_A_MODEL.search(entry.name):
                yield entry


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (OSError, ValueError):
        return  # not there, or not for us


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _model(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> ModelFile | None:
    try:
        path = Path(entry.path).absolute()
        # Not the entry's own stat: under Windows that knows no inode.
        info = path.stat()
        inode = info.st_dev, info.st_ino
        if not stat.S_ISREG(info.st_mode) or inode in seen:
            return None
        check_file(path)
    except (OSError, ModelError):
        return None
    seen.add(inode)
    return ModelFile(path, info.st_size + sum(_further_parts(path)))


def _further_parts(path: Path) -> Iterator[int]:
    """Sizes in bytes of the parts behind the first, to the first that is missing."""
    part = _PART.search(path.name)
    with suppress(OSError):
        for number in range(2, int(part.group(2)[:5]) + 1 if part else 0):
            following = path.with_name(_PART.sub(f"-{number:05}-of-\\2", path.name))
            yield following.stat().st_size
