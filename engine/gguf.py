"""What can be said of a model file without loading it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from engine.errors import ModelError

_MAGIC = b"GGUF"


def check_file(path: Path) -> None:
    """Refuse what is no GGUF file at all, before llama.cpp sees it.

    Raises:
        ModelError: with the reason.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ModelError(f"The name of {str(path)!r} is no text: rename the file.") from None
    if path.is_dir():
        raise ModelError(f"{path} is a folder, not a model file (.gguf).")
    if path.exists() and not path.is_file():
        raise ModelError(f"{path} is not an ordinary file, so it is no model.")
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError:
        raise ModelError(f"There is no model file {path}.") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from None
    if magic != _MAGIC:
        raise ModelError(f"{path} is not a model in GGUF form.")


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
