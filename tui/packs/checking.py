"""`bitrace packs check`: every fault of a pack at once, and what may be worth mending."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Set
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from engine.errors import BitraceError, EngineError
from engine.minds import READER
from engine.predictor import Job
from engine.words import words
from puzzles.advice import advice
from puzzles.facts import PassageFacts, passage_facts
from puzzles.faults import Fault, PackFaults
from puzzles.files import printable
from puzzles.load import Loaded, Passage, load_source
from puzzles.readings import Readings, read_readings
from puzzles.sources import open_source
from tui.engine_room import STARTER, Engines, open_engine, wait_for
from tui.literal import clean
from tui.packs.listing import passage_table, seen_by_player
from tui.paths import find_paths, typed_path
from tui.play import library_of
from tui.progress import Progress
from tui.today import PACK, listed, local_day

BY_HEART_BITS = 0.5
"""Bits a word under which a model seems to know a text rather than to follow it."""
_ENOUGH_WORDS = 400
"""Words after which that can be told."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a pack, what may be, and how long it takes."""

    name: str
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()
    passages: tuple[PassageFacts, ...] = ()


def run(typed: tuple[str, ...], form: str, with_model: bool) -> int:
    """Check packs and print what was found.

    Args:
        typed: paths of packs, or ids.
        form: `table` or `json`.
        with_model: also ask the starter model which texts it knows by heart.

    Returns:
        1 where a pack has a fault, else 0.
    """
    checked = [_check(one, with_model) for one in typed]
    if form == "json":
        several = len(checked) > 1
        told = {
            "faults": [_told(fault, one, several) for one in checked for fault in one.faults],
            "warnings": [
                _told(fault, one, several) for one in checked for fault in one.warnings
            ],
            "packs": [
                {"name": one.name, "passages": [_passage(passage) for passage in one.passages]}
                for one in checked
            ],
        }
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(line for one in checked for line in lines(one)) + "\n")
    return 1 if any(one.faults for one in checked) else 0


def _told(fault: Fault, checked: Checked, several: bool) -> dict[str, Any]:
    """A fault; among several packs its file says of which."""
    told = asdict(fault)
    if several:
        name, short = clean(checked.name), printable(Path(checked.name).name)
        inside = fault.file.removeprefix(f"{short}/")
        told["file"] = name if inside in (name, short) else f"{name}/{inside}"
    return told


def _passage(passage: PassageFacts) -> dict[str, Any]:
    return {**asdict(passage), "minutes": round(passage.minutes, 1)}


def lines(checked: Checked) -> list[str]:
    """What was found, for people; the screen shows the same."""
    found = [clean(str(fault)) for fault in checked.faults]
    found += [f"warning: {clean(str(warning))}" for warning in checked.warnings]
    if checked.faults:
        n = len(checked.faults)
        found.append(f"{clean(checked.name)}: {n} fault{'s' * (n > 1)}.")
        return found
    return [
        *found,
        *passage_table(checked.passages),
        f"{clean(checked.name)}: no faults.",
    ]


def check(typed: str) -> tuple[Checked, Loaded | None]:
    """A pack against the rules, without a model; what was loaded where it has no faults.

    Args:
        typed: a path, or the id of a pack.
    """
    library = library_of(find_paths())
    try:
        path = typed_path(typed)
        if not path.exists() and typed in library:
            path = library.path(typed)
        loaded = load_source(open_source(path))
    except PackFaults as error:
        return Checked(typed, error.faults), None
    except BitraceError as error:
        return Checked(typed, (Fault(clean(typed), None, None, None, str(error)),)), None
    readings = read_readings(loaded)
    warnings = (*advice(loaded), *readings.warnings)
    passages = tuple(passage_facts(passage) for passage in loaded.pack.passages)
    return Checked(typed, (), warnings, passages), loaded


def veiled(checked: Checked, seen: Set[str], today: date) -> Checked:
    """What was found in a pack that is listed, without what is hidden of the pack `days`.

    Of a day's passage nothing is said before it has been raced: a warning may name a word.

    Args:
        checked: with the pack's id for a name.
        seen: SHA-256 of the texts that the player has raced on.
        today: the date.
    """
    if checked.name != PACK:
        return checked
    unread = {one.id for one in checked.passages if one.text_sha256 not in seen}
    return replace(
        checked,
        warnings=tuple(one for one in checked.warnings if one.passage not in unread),
        passages=listed(PACK, checked.passages, seen, today),
    )


def _check(typed: str, with_model: bool) -> Checked:
    checked, loaded = check(typed)
    if typed == PACK and not typed_path(typed).exists():
        checked = veiled(checked, seen_by_player(), local_day())
    if loaded is None or not with_model:
        return checked
    known = tuple(_known_by_heart(loaded, read_readings(loaded)))
    return Checked(checked.name, (), (*checked.warnings, *known), checked.passages)


def _known_by_heart(loaded: Loaded, readings: Readings) -> Iterator[Fault]:
    """Passages that a model seems to have seen before: by what is baked, else by asking."""
    missing: list[Passage] = []
    for passage in loaded.pack.passages:
        baked = [
            one.bits[READER.key] for one in readings.of(passage.id) if READER.key in one.bits
        ]
        if baked:
            yield from _judged(loaded, passage, min(sum(b.values()) / len(b) for b in baked))
        else:
            missing.append(passage)
    if not missing:
        return
    progress = Progress()
    engine = open_engine(find_paths(), on_notice=progress.say, lazy=True)
    try:
        wait_for(engine.load(Engines().loading(STARTER), progress.on("loading")))
        for place, passage in enumerate(missing):
            progress.on("reading")(place / len(missing))
            text = passage.text.normalized
            some = tuple(range(min(_ENOUGH_WORDS, len(words(text)))))
            bits = wait_for(engine.read(Job(STARTER, READER, text, words=some))).bits
            yield from _judged(loaded, passage, sum(bits.values()) / len(bits))
    except EngineError as error:
        message = f"not known whether a model has seen these texts before ({error})"
        yield Fault(loaded.source.pack_file, None, None, None, message)
    finally:
        engine.close()
        progress.clear()


def _judged(loaded: Loaded, passage: Passage, bits_a_word: float) -> Iterator[Fault]:
    if bits_a_word < BY_HEART_BITS:
        yield Fault(
            loaded.source.pack_file,
            None,
            passage.id,
            None,
            f"a model seems to know this text by heart ({bits_a_word:.2f} bits a word): nobody "
            "can beat it here.",
        )
