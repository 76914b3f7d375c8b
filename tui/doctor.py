"""`bitrace doctor`: what there is, what is missing, and what to do about it."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import BitraceError
from engine.predictor import Loading
from engine.starter import starter_model
from tui.engine_room import STARTER, open_link, wait_for
from tui.literal import clean
from tui.paths import Paths, find_paths

if TYPE_CHECKING:
    from engine.link import Link

_PACKAGES = ("bitrace", "textual", "llama-cpp-python", "numpy", "pydantic")
_OFFLOAD_HELP = (
    "For a GPU, install llama-cpp-python built for it: "
    "https://llama-cpp-python.readthedocs.io/en/latest/#installation"
)


def run(as_json: bool) -> int:
    """Look around and print what was found; 0 if a race can be played, else 1."""
    facts = examine(find_paths())
    if as_json:
        sys.stdout.write(json.dumps(facts, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(facts)) + "\n")
    return 1 if facts["faults"] else 0


def examine(paths: Paths) -> dict[str, Any]:
    """Everything `doctor` tells, as one JSON object."""
    faults: list[str] = []
    folders = {
        name: str(getattr(paths, name)) for name in ("settings", "data", "cache", "logs")
    }
    for folder in folders.values():
        if (fault := _unwritable(Path(folder))) is not None:
            faults.append(fault)
    facts: dict[str, Any] = {
        "versions": {"python": platform.python_version(), **_versions()},
        "model": {"found": False},
        "devices": [],
        "offload": {"compiled": False, "layers": 0, "of": 0},
        "folders": folders,
        "faults": faults,
    }
    link = open_link(paths)
    try:
        _ask_engine(link, facts)
    except BitraceError as error:
        faults.append(str(error))
    finally:
        link.close()
    return facts


def _ask_engine(link: Link, facts: dict[str, Any]) -> None:
    inspected = wait_for(link.inspect())
    facts["versions"] |= inspected.versions
    facts["devices"] = [device.model_dump() for device in inspected.devices]
    facts["offload"]["compiled"] = inspected.can_offload
    path = starter_model()
    loaded = wait_for(link.load(Loading(STARTER, str(path))))
    facts["model"] = {"found": True, "path": str(path), **asdict(loaded.identity)}
    facts["offload"] |= {"layers": loaded.layers, "of": loaded.layers_of}
    facts["model"]["rows_matter"] = wait_for(link.check_rows(STARTER))


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _unwritable(folder: Path) -> str | None:
    """What keeps a folder from being written, if anything; nothing is left behind."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            return None
    except OSError as error:
        return (
            f"{folder} cannot be written ({error.strerror}): "
            "set BITRACE_HOME to a folder of yours."
        )


def _lines(facts: dict[str, Any]) -> list[str]:
    model, offload = facts["model"], facts["offload"]
    lines = ["Versions", *(f"  {name} {value}" for name, value in facts["versions"].items())]
    lines += ["Starter model"]
    if model["found"]:
        lines += [
            f"  {model['model']} {model['quantization']}, window {model['window']} tokens",
            f"  {model['path']}",
            f"  sha256 {model['sha256']}",
        ]
    else:
        lines += ["  not found"]
    lines += ["Devices", *(_device(device) for device in facts["devices"])]
    compiled = "compiled in" if offload["compiled"] else f"not compiled in. {_OFFLOAD_HELP}"
    lines += ["Offload to a GPU", f"  {compiled}"]
    lines += [f"  {offload['layers']} of {offload['of']} layers offloaded"]
    lines += ["Folders", *(f"  {name}: {path}" for name, path in facts["folders"].items())]
    lines += ["Faults", *(f"  {fault}" for fault in facts["faults"] or ["none"])]
    return [clean(line) for line in lines]


def _device(device: dict[str, Any]) -> str:
    free, total = (device[key] / 2**30 for key in ("memory_free", "memory_total"))
    return (
        f"  {device['name']} ({device['kind']}): {device['description']}, "
        f"{free:.1f} of {total:.1f} GiB free"
    )
