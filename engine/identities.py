"""What is remembered of models that were loaded before, so that they need not be loaded to
find what they have read. Standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from engine.fingerprint import cpu_build
from engine.minds import READING_VERSION
from engine.predictor import Loaded, Loading
from engine.race import Identity
from engine.remembered import Remembered, file_key


class Identities:
    """Models by file, build and processor, kept in the cache folder.

    Args:
        cache: the folder.
    """

    def __init__(self, cache: Path) -> None:
        self._remembered = Remembered(cache / "identities.json")

    def get(self, name: str | None) -> Loaded | None:
        """A model as it was when it was last loaded; None where that is not known.

        Args:
            name: see `identity_name`.
        """
        if name is None or (told := self._remembered.get(name)) is None:
            return None
        try:
            fields = json.loads(told)
            loaded = Loaded(Identity(**fields.pop("identity")), **fields)
            if loaded.identity.reading_version != READING_VERSION:
                return None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        return loaded

    def put(self, name: str | None, loading: Loading, loaded: Loaded) -> None:
        """Remember a model, unless its file was changed while it was loaded."""
        if name is None or identity_name(loading) != name:
            return
        told = json.dumps(asdict(loaded))
        if self._remembered.get(name) != told:
            self._remembered.put(name, told)


def identity_name(loading: Loading) -> str | None:
    """Under what a model's identity is remembered; None where only loading can tell it."""
    build = cpu_build()
    if build is None:
        return None
    try:
        return f"{build}:{loading.gpu_layers}:{file_key(Path(loading.path))}"
    except (OSError, ValueError):
        return None
