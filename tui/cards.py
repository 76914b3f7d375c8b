"""Finished races as cards in files, one JSON object a line for each player."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from engine import card
from engine.errors import InputError, StoreError
from engine.race import Race
from tui.paths import find_paths, typed_path
from tui.store import Store

LAST = "last"
STANDARD_OUTPUT = "-"


def export_race(race_id: str, output: str) -> int:
    """Write the cards of a finished race.

    Raises:
        InputError: there is no such race, or it is not finished.
        StoreError: the file cannot be written.
    """
    paths = find_paths()
    if not paths.store_file.exists():
        raise InputError("No race has been finished yet: `bitrace play` begins one.")
    store = Store.open(paths.store_file)
    try:
        entry = store.last_race() if race_id == LAST else store.entry(race_id)
        if entry is None:
            raise InputError("No race has been finished yet: `bitrace play` begins one.")
        race, _ = store.load(entry.race_id)
    finally:
        store.close()
    if race.phase != "finished":
        raise InputError(f"Race {race_id} is not finished: a card is written at its end.")
    if output == STANDARD_OUTPUT:
        sys.stdout.write(card_lines(race))
    else:
        write_cards(race, typed_path(output))
    return 0


def card_lines(race: Race) -> str:
    """The cards of all players of a finished race, a line each.

    In ASCII, so that no name or word in them can act on a terminal; what they say is the same.
    """
    cards = (card.make(race, player) for player in range(len(race.setup.players)))
    lines = "".join(json.dumps(one, sort_keys=True, allow_nan=False) + "\n" for one in cards)
    return lines.replace("\x7f", "\\u007f")


def file_for(race: Race) -> Path:
    """Where a player finds the cards of a race: in the folder bitrace was started in.

    Raises:
        StoreError: that folder is gone.
    """
    try:
        return Path.cwd() / f"bitrace-{race.setup.race_id[:8]}.jsonl"
    except OSError:
        raise StoreError(
            "The folder bitrace was started in is gone: `bitrace scores export -o FILE` "
            "writes the card elsewhere."
        ) from None


def write_cards(race: Race, file: Path) -> None:
    """Write the cards whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_text(card_lines(race), encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise StoreError(f"The card cannot be written to {file}: {error.strerror}.") from None
