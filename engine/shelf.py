"""The models that the model's process holds, by role, and what is remembered about them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError, ModelError
from engine.gguf import check_file
from engine.remembered import MODELS_FILE, Remembered, file_key, model_sha256
from engine.words import words

if TYPE_CHECKING:
    from engine.llama import Library, Model

_ROWS_TEXT = "The ferry leaves at seven, and only four people came aboard this morning. " * 8


class Shelf:
    """Loads models and keeps them.

    Args:
        cache: folder for what is remembered about model files.
        log: gets every line a library says.
    """

    def __init__(self, cache: Path, log: Callable[[str], None]) -> None:
        self._memory = Remembered(cache / MODELS_FILE)
        self._log = log
        self._models: dict[str, tuple[str, str, Model]] = {}
        """Role → what was loaded, as a key; its file's SHA-256; the model."""
        self._library: Library | None = None

    @property
    def library(self) -> Library:
        """llama.cpp, loaded when it is first needed."""
        if self._library is None:
            from engine.llama import Library

            self._library = Library(self._log)
        return self._library

    def load(
        self, role: str, path: Path, gpu_layers: int, on_progress: Callable[[float], None]
    ) -> tuple[Model, str]:
        """Load a model file under a role, unless it is there already.

        Returns:
            The model, and the SHA-256 of its file.

        Raises:
            ModelError: the file cannot be used.
        """
        check_file(path)
        wanted = f"{gpu_layers}:{file_key(path)}"
        if role in self._models and self._models[role][0] == wanted:
            _, sha256, model = self._models[role]
            return model, sha256
        found: list[str] = []
        hashing = threading.Thread(
            target=lambda: found.append(model_sha256(path, self._memory)), daemon=True
        )
        hashing.start()
        if (former := self._models.pop(role, None)) is not None:
            former[2].close()
        model = self.library.load(path, gpu_layers, on_progress)
        hashing.join()
        if not found:
            raise ModelError(f"{path} cannot be read to its end.")
        remembered = self._memory.get(_rows_key(model, found[0]))
        # On a CPU fewer rows have changed no bit; elsewhere nobody knows until it is checked.
        model.all_rows = (
            model.facts.layers > 0 if remembered is None else remembered == "matter"
        )
        self._models[role] = wanted, found[0], model
        return model, found[0]

    def model(self, role: str) -> Model:
        """The model of a role.

        Raises:
            EngineError: there is none.
        """
        if role not in self._models:
            raise EngineError(f"No model is loaded as {role!r}.")
        return self._models[role][2]

    def check_rows(self, role: str) -> bool:
        """Whether a word alone has other bits than among all; it is remembered."""
        from engine.canonical import read_all

        model = self.model(role)
        found = words(_ROWS_TEXT)
        model.all_rows = True
        every = read_all(model, _ROWS_TEXT, found).bits
        model.all_rows = False
        alone = {
            index: read_all(model, _ROWS_TEXT, [found[index]]).bits[index]
            for index in range(4, len(found), 12)
        }
        matter = any(every[index] != bits for index, bits in alone.items())
        model.all_rows = matter
        key = _rows_key(model, model_sha256(model.path, self._memory))
        self._memory.put(key, "matter" if matter else "do not matter")
        return matter


def _rows_key(model: Model, sha256: str) -> str:
    return f"rows:{sha256}:{model.facts.backend}"
