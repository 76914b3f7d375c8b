"""What is told of models and devices, and how many threads a reading gets. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_FEW_CORES = 4


@dataclass(frozen=True, slots=True)
class Device:
    """A device as llama.cpp lists it."""

    name: str
    description: str
    kind: str
    memory_free: int
    """Bytes."""
    memory_total: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model file says of itself and where it runs."""

    name: str
    quantization: str
    backend: str
    """llama.cpp build, device and CPU features: what a bit can depend on."""
    place: str
    """Where it runs, for people: `CPU`, or `CUDA0 33/33 layers`."""
    layers: int
    """Layers on a GPU."""
    layers_of: int
    window: int


def quantization_of(description: str) -> str:
    """The last word of llama.cpp's description, for example `Q4_1` of `llama 135M Q4_1`."""
    return description.partition(" - ")[0].rpartition(" ")[2]


def name_of(path: Path, quantization: str) -> str:
    """The file's name less its quantization: people know models by their files' names."""
    stem = path.name.removesuffix(".gguf")
    for separator in "-._":
        ending = f"{separator}{quantization}"
        if stem.upper().endswith(ending.upper()) and len(stem) > len(ending):
            return stem[: -len(ending)]
    return stem


def n_threads() -> int:
    """Threads a reading gets."""
    if hasattr(os, "sched_getaffinity"):
        n = len(os.sched_getaffinity(0))
    else:
        n = os.cpu_count() or 1
    # Of many, half are the second halves of cores, which only stand in each other's way.
    return n if n <= _FEW_CORES else max(_FEW_CORES, n // 2)
