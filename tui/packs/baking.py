"""`bitrace packs bake`: readings of models written into a pack."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import NoInstinctError, PackError
from engine.predictor import Loading, Predictor
from engine.setup import Identity
from engine.starter import SHA256
from puzzles.builtin import builtin_ids
from puzzles.bundle import bundle
from puzzles.files import quoted
from puzzles.library import Library
from puzzles.load import Loaded, load_source
from puzzles.readings import PackReading, pack_reading, read_readings, readings_files
from puzzles.sources import READINGS, open_source
from tui.bake import Sixes, bake, draw_sixes
from tui.engine_room import STARTER, Engines, open_engine, wait_for
from tui.literal import clean
from tui.packs.keeping import beside, write
from tui.paths import find_paths, typed_path
from tui.play import library_of
from tui.progress import Progress
from tui.score import model_file


@dataclass(frozen=True, slots=True)
class _Place:
    """A pack, and where its readings go."""

    loaded: Loaded
    path: Path
    """The folder, the bundle, or the bundle that is made beside a TOML file."""
    library: Library | None = None
    """Where the pack is installed, if it is."""

    def write(self, readings: tuple[PackReading, ...]) -> None:
        files = readings_files(readings)
        if self.library is not None:
            self.library.put(self.loaded, files)
        elif self.loaded.source.kind == "folder":
            (self.path / READINGS).mkdir(exist_ok=True)
            for name, raw in files.items():
                write(self.path / name, raw)
        else:
            write(self.path, bundle(self.loaded, files))


def run(typed: str, models: tuple[str, ...], gpu_layers: int) -> int:
    """Have models read a pack, and write what they read into it, model by model.

    Args:
        typed: id of an installed pack, or path of a pack.
        models: GGUF files; none for the starter model.
        gpu_layers: layers to offload; -1 for all.

    Raises:
        BitraceError: the pack or a model cannot be used.
    """
    place = _place(typed)
    progress = Progress()
    # All files are looked at before the first is read for minutes.
    for file in [model_file(model) for model in models or ("",)]:
        loading = Loading("bake", file, gpu_layers)
        engine = open_engine(find_paths(), on_notice=progress.say, lazy=True)
        try:
            loaded = wait_for(engine.load(loading, progress.on("loading")))
            name = clean(loaded.identity.model)
            pack = place.loaded.pack
            sixes = _sixes(engine, loading.role, loaded.identity, place)
            show = progress.on(f"baking {name}")
            baked = bake(engine, loading.role, loaded, pack, sixes, show)
        finally:
            engine.close()
            progress.clear()
        new = pack_reading(pack, loaded.identity, baked)
        # Read again for each: what the model before it brought is there by now.
        others = (one for one in _readings(place) if one.identity.sha256 != new.identity.sha256)
        place.write((*others, new))
        sys.stdout.write(f"{clean(str(place.path))}: read by {name}.\n")
    return 0


def _sixes(
    engine: Predictor, role: str, identity: Identity, place: _Place
) -> Mapping[str, Sixes]:
    """The six words of the choice mode, as the starter model's Instinct draws them; none where
    it has not read the pack and is not to be had."""
    pack = place.loaded.pack
    if identity.sha256 == SHA256:
        return draw_sixes(engine, role, pack)
    for reading in _readings(place):
        if reading.identity.sha256 == SHA256:
            return {
                passage: {word: six.words for word, six in baked.sixes.items()}
                for passage, baked in reading.passages.items()
            }
    try:
        loading = Engines().loading(STARTER)
    except NoInstinctError:
        return {}
    wait_for(engine.load(loading))
    return draw_sixes(engine, STARTER, pack)


def _readings(place: _Place) -> tuple[PackReading, ...]:
    if not place.path.exists():
        return ()
    return read_readings(load_source(open_source(place.path))).readings


def _place(typed: str) -> _Place:
    path = typed_path(typed)
    library = library_of(find_paths())
    if not path.exists() and typed in builtin_ids():
        raise PackError(
            f"The pack {quoted(typed)} comes with the game, read by the starter model."
        )
    if not path.exists() and typed in library:
        return _Place(library.open(typed), library.path(typed), library)
    loaded = load_source(open_source(path))
    if loaded.source.kind == "file":
        return _Place(loaded, beside(path, loaded))
    return _Place(loaded, path)
