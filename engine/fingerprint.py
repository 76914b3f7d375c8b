"""What llama.cpp and the processor are, told without loading either. Standard library only.

So that a kept reading can be found without the half second that loading a model takes.
"""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import suppress
from importlib import metadata, util
from pathlib import Path

_BINDING = "llama_cpp"
_CPU_ONLY = {"base", "cpu"}
_CPU_FACTS = ("model name", "flags", "features")


def cpu_build() -> str | None:
    """A key for this llama.cpp on this processor, if it can only run on processors.

    None where the build knows a GPU, or cannot be looked at: whether a device is there today
    is known only by loading.
    """
    try:
        spec = util.find_spec(_BINDING)
        version = metadata.version("llama-cpp-python")
        found = _libraries(Path(((spec and spec.submodule_search_locations) or [])[0]) / "lib")
    except (ImportError, IndexError, OSError, ValueError):
        return None
    names = (name.removeprefix("lib").partition(".")[0] for name, _, _ in found)
    backends = {name.split("-")[1] for name in names if name.startswith("ggml-")}
    if not {"cpu"} <= backends <= _CPU_ONLY:
        return None
    facts = repr((version, found, platform.machine(), _processor()))
    return hashlib.sha256(facts.encode()).hexdigest()


def _libraries(folder: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of each file in a folder, by name."""
    with os.scandir(folder) as entries:
        return sorted(
            (entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries
        )


def _processor() -> list[str]:
    lines: list[str] = []
    with (
        suppress(OSError),
        Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file,
    ):
        for line in file:
            if not line.strip():
                break  # the others are like the first
            if line.partition(":")[0].strip().lower() in _CPU_FACTS:
                lines.append(line.strip())
    return lines or [platform.processor()]
