"""Choosing the model that races: one of the GGUF files found, or any by its path."""

from __future__ import annotations

import time
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import (
    Worker,
    get_current_worker,  # pyright: ignore[reportUnknownVariableType]
)

from engine.errors import BitraceError
from engine.gguf import check_file
from tui.commands import bindings
from tui.literal import clean, content
from tui.model_files import ModelFile, find_models, places
from tui.paths import Paths, typed_path
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard
from tui.widgets.pack_list import Row

_STARTER = "The starter model"
_GB, _MB = 10**9, 10**6


class ModelsFound(Message):
    """Models were found in a place, or all places have been looked in."""

    def __init__(self, models: tuple[ModelFile, ...], is_last: bool = False) -> None:
        super().__init__()
        self.models = models
        self.is_last = is_last


class ModelPicker(ModalScreen[str | None]):
    """Gives the path of the chosen model, empty for the starter model; None for no choice.

    Args:
        model: the one that is chosen now, as given.
        paths: where things are kept.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("picker")

    def __init__(self, model: str, paths: Paths) -> None:
        super().__init__()
        self._model = model
        self._paths = paths
        self._models: list[ModelFile] = []
        self._is_looking = True

    def compose(self) -> ComposeResult:
        """What was found, where it is, and a line to type another path on."""
        yield SizeGuard()
        with Vertical(id="picker"):
            yield Static(content("Which model races?", "bold $primary"))
            yield OptionList(Option(Row(_STARTER, "", "")), compact=True)
            yield Static(id="picker-detail")
            yield Input(placeholder="or the path of a .gguf file", compact=True)
            yield Static(
                content("Enter takes it · Tab to type a path · Esc back", "$foreground 60%")
            )

    def on_mount(self) -> None:
        """What is chosen now is there at once; the rest as it is found."""
        if self._model:
            self._add(ModelFile(Path(self._model), _size(self._model)))
        models = self.query_one(OptionList)
        models.highlighted = models.option_count - 1
        models.focus()
        self._look()

    @work(thread=True, group="models", exclusive=True, description="looking for models")
    def _look(self) -> None:
        worker: Worker[None] = get_current_worker()  # pyright: ignore[reportUnknownVariableType]
        wanted = places(self._paths)
        for models in find_models(wanted, time.monotonic, lambda: worker.is_cancelled):
            self.post_message(ModelsFound(models))
        self.post_message(ModelsFound((), is_last=True))

    @on(ModelsFound)
    def _found(self, event: ModelsFound) -> None:
        for model in event.models:
            if model.path not in [known.path for known in self._models]:
                self._add(model)
        self._is_looking = not event.is_last
        self._show_detail()

    def _add(self, model: ModelFile) -> None:
        self._models.append(model)
        row = Row(model.path.name, _told_size(model.n_bytes), "$foreground 70%")
        self.query_one(OptionList).add_option(Option(row))

    @on(OptionList.OptionHighlighted)
    def _show_detail(self) -> None:
        place = self.query_one(OptionList).highlighted or 0
        if place:
            told = f"in {self._models[place - 1].path.parent}"
        elif self._is_looking:
            told = "Looking for others …"
        elif self._models:
            told = "It comes with bitrace, and all are scored by it."
        else:
            told = f"No other was found. Put GGUF files in {self._paths.data / 'models'}."
        self.query_one("#picker-detail", Static).update(content(told, "$foreground 70%"))

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        place = event.option_index
        self._take(str(self._models[place - 1].path) if place else "")

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._take(event.value.strip())

    def _take(self, model: str) -> None:
        """Choose a model, if it is one."""
        try:
            if model:
                path = typed_path(model).absolute()
                check_file(path)
                model = str(path)
        except BitraceError as error:
            self.notify(clean(str(error)), markup=False, severity="error", timeout=8)
            return
        self.dismiss(model)

    def action_back(self) -> None:
        """Nothing chosen."""
        self.dismiss(None)


def _size(model: str) -> int:
    try:
        return Path(model).expanduser().stat().st_size
    except (OSError, RuntimeError, ValueError):
        return 0


def _told_size(n_bytes: int) -> str:
    if n_bytes >= _GB:
        return f"{n_bytes / _GB:.1f} GB"
    if n_bytes >= _MB:
        return f"{n_bytes / _MB:.0f} MB"
    return "under 1 MB" if n_bytes else "not there"
