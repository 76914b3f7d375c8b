"""`bitrace packs new`: an empty pack with comments, or one made from a text."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.errors import InputError
from puzzles.documents import load_document
from puzzles.draft_file import as_toml, blank
from puzzles.drafts import Draft, draft
from puzzles.sources import TOML_ENDING
from tui.engine_room import STARTER, Engines, open_engine, wait_for
from tui.literal import clean
from tui.packs.keeping import write
from tui.packs.suggesting import suggest
from tui.paths import find_paths, typed_path
from tui.progress import Progress

FIRST_ID = "my-pack"


def run(id: str, from_text: str, suggest_targets: bool, output: str) -> int:
    """Write a pack that an author goes on with.

    Args:
        id: of the pack; empty for one made of the text's title, or a usual one.
        from_text: a text file; empty for an empty pack.
        suggest_targets: mark words where memory pays.
        output: the file; empty for one named by the id, here.

    Raises:
        BitraceError: the text cannot be used, or a file is there already.
    """
    if not from_text:
        if suggest_targets:
            raise InputError("--suggest-targets needs a text: name one with --from.")
        id = id or FIRST_ID
        path = _free(output, id)
        write(path, blank(id).encode())
        _tell(path, "with a passage that shows how it is done")
        return 0
    begun = draft(load_document(typed_path(from_text)), id)
    path = _free(output, begun.id)
    if suggest_targets:
        begun = _suggested(begun)
    write(path, as_toml(begun).encode())
    n = len(begun.passages)
    told = f"{n} passage{'s' * (n > 1)}"
    if suggest_targets:
        n_marks = sum(len(passage.marks) for passage in begun.passages)
        told += f", {n_marks} words marked for you to keep or drop"
    _tell(path, told)
    return 0


def _tell(path: Path, what: str) -> None:
    name = clean(str(path))
    sys.stdout.write(f"{name}: {what}. Go on with `bitrace packs check {name}`.\n")


def _free(output: str, id: str) -> Path:
    """Where the pack goes: nothing may be there."""
    path = typed_path(output) if output else Path(f"{id}{TOML_ENDING}")
    if path.exists():
        raise InputError(
            f"{clean(str(path))} is there already: choose another name with --output."
        )
    return path


def _suggested(begun: Draft) -> Draft:
    progress = Progress()
    engine = open_engine(find_paths(), on_notice=progress.say, lazy=True)
    try:
        wait_for(engine.load(Engines().loading(STARTER), progress.on("loading")))
        return suggest(engine, begun, progress.on("suggesting"))
    finally:
        engine.close()
        progress.clear()
