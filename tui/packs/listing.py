"""`bitrace packs list` and `show`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from rich.cells import cell_len, set_cell_size

from puzzles.facts import PackFacts, PassageFacts
from puzzles.library import Broken
from tui.literal import clean
from tui.opening import default_name
from tui.paths import find_paths
from tui.play import library_of, open_store
from tui.settings import load
from tui.today import listed, local_day

_TITLE_WIDTH = 36


def show_list(form: str) -> int:
    """Print all packs.

    Args:
        form: `table` or `json`.
    """
    packs, broken = library_of(find_paths()).list()
    if form == "json":
        listed = [asdict(pack) for pack in packs]
        faults = [{"id": one.id, "message": str(one.error)} for one in broken]
        sys.stdout.write(json.dumps({"packs": listed, "broken": faults}, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(packs, broken)) + "\n")
    return 0


def show_pack(id: str, form: str) -> int:
    """Print what there is to know about a pack, without a word of its texts.

    Args:
        id: of the pack.
        form: `table` or `json`.

    Raises:
        PackError: there is no such pack, or it has been damaged.
    """
    library = library_of(find_paths())
    pack = library.facts(id)
    passages = listed(id, library.passages(id), seen_by_player(), local_day())
    if form == "json":
        told = {**asdict(pack), "passages": [asdict(passage) for passage in passages]}
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(about(pack, passages)) + "\n")
    return 0


def seen_by_player() -> set[str]:
    """SHA-256 of the texts that the player has raced on; nothing is made to find out."""
    paths = find_paths()
    if not paths.store_file.exists():
        return set()
    store = open_store(paths)
    try:
        player = store.find_player(default_name(load(paths.settings_file)))
        return store.played_texts([player.id]) if player else set()
    finally:
        store.close()


def passage_table(passages: tuple[PassageFacts, ...]) -> list[str]:
    """Words, targets and minutes of each passage, a line each."""
    width = max((len(passage.id) for passage in passages), default=0)
    head = f"  {'':{width}}  {'':{_TITLE_WIDTH}}   words  targets  minutes"
    return [head, *(_passage_line(passage, width) for passage in passages)]


def about(pack: PackFacts, passages: tuple[PassageFacts, ...]) -> list[str]:
    """A pack in full, for people."""
    who = [part for part in (pack.author, pack.license, pack.language) if part]
    lines = [f"{clean(pack.title)} ({pack.id}, version {clean(pack.version)})"]
    lines.append(clean(" · ".join(who)))
    if pack.description:
        lines += ["", clean(pack.description, newlines=True).strip()]
    lines += ["", *passage_table(passages)]
    models = ", ".join(clean(model) for model in pack.models)
    lines += ["", f"Read before by {models}." if models else "No readings are baked in."]
    return lines


def _passage_line(passage: PassageFacts, width: int) -> str:
    targets = str(passage.n_targets) if passage.n_targets else "drawn"
    return (
        f"  {passage.id:{width}}  {fitted(passage.title, _TITLE_WIDTH)}  {passage.n_words:6,}"
        f"  {targets:>7}  {passage.minutes:7.0f}"
    )


def fitted(text: str, width: int) -> str:
    """Text from outside in a column of so many cells."""
    shown = clean(text)
    if cell_len(shown) > width:
        return set_cell_size(shown, width - 1) + "…"
    return set_cell_size(shown, width)


def _lines(packs: list[PackFacts], broken: list[Broken]) -> list[str]:
    width = max(len(pack.id) for pack in packs)
    lines = [f"{'':{width}}  {'':{_TITLE_WIDTH}}  passages  minutes  read by"]
    for pack in packs:
        models = fitted(", ".join(pack.models), 30).rstrip()
        lines.append(
            f"{pack.id:{width}}  {fitted(pack.title, _TITLE_WIDTH)}  {pack.n_passages:8}"
            f"  {pack.minutes:7.0f}  {models}".rstrip()
        )
    for one in broken:
        lines.append(f"{one.id:{width}}  damaged: {str(one.error).splitlines()[0]}")
    return lines
