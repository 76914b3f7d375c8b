"""`bitrace packs add`, `remove`, `bundle` and `schema`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from engine.errors import InputError
from puzzles.bundle import bundle
from puzzles.faults import Fault
from puzzles.files import write_whole
from puzzles.load import Loaded, load_source
from puzzles.readings import read_readings, readings_files
from puzzles.schema import PackFile
from puzzles.sources import BUNDLE_ENDING, open_source
from tui.literal import clean
from tui.paths import find_paths, typed_path
from tui.play import library_of


def add(typed: str, replace: bool) -> int:
    """Install a pack.

    Raises:
        BitraceError: it has faults, its id is taken, or it cannot be written.
    """
    path = typed_path(typed)
    library = library_of(find_paths())
    facts = library.add(path, replace)
    warn(read_readings(load_source(open_source(path))).warnings)
    sys.stdout.write(f"Added {clean(facts.title)}: play it with `bitrace play {facts.id}`.\n")
    return 0


def remove(id: str) -> int:
    """Take an installed pack away.

    Raises:
        BitraceError: there is none of that id, or it comes with the game.
    """
    library_of(find_paths()).remove(id)
    sys.stdout.write(f"Removed {id}. Races on it are kept.\n")
    return 0


def make_bundle(typed: str, output: str) -> int:
    """Write a pack as a bundle.

    Args:
        typed: path of a pack.
        output: the bundle; empty for one beside the pack, named by its id.

    Raises:
        BitraceError: the pack has faults, or the bundle cannot be written.
    """
    path = typed_path(typed)
    loaded = load_source(open_source(path))
    readings = read_readings(loaded)
    warn(readings.warnings)
    target = typed_path(output) if output else beside(path, loaded)
    write(target, bundle(loaded, readings_files(readings.readings)))
    models = ", ".join(clean(one.identity.model) for one in readings.readings)
    told = f"with readings of {models}" if models else "without readings (see `packs bake`)"
    sys.stdout.write(f"{clean(str(target))}: {clean(loaded.pack.title)}, {told}.\n")
    return 0


def beside(path: Path, loaded: Loaded) -> Path:
    """Where a pack's bundle goes: beside the pack."""
    return path.resolve().parent / f"{loaded.pack.id}{BUNDLE_ENDING}"


def write(path: Path, raw: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        InputError: it cannot be written; what was there is unchanged.
    """
    try:
        write_whole(path, raw)
    except OSError as error:
        raise InputError(
            f"{clean(str(path))} cannot be written ({(error.strerror or str(error)).lower()}): "
            "choose another place."
        ) from None


def warn(warnings: tuple[Fault, ...]) -> None:
    """Tell on stderr what is not used."""
    for warning in warnings:
        sys.stderr.write(f"warning: {clean(str(warning))}\n")


def schema() -> int:
    """Print the JSON Schema of a pack's TOML file, for editors."""
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **PackFile.model_json_schema(),
        "title": "bitrace pack",
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0
