"""From the command line into a race: which players, which passage, app or plain mode."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from engine.errors import InputError
from puzzles.builtin import TUTORIAL
from puzzles.library import Library
from tui.choose import Wish, find
from tui.literal import clean
from tui.opening import Opened, default_name, open_again, open_found
from tui.paths import Paths, find_paths
from tui.settings import Settings, load
from tui.store import Store

if TYPE_CHECKING:
    from engine.predictor import Predictor
    from tui.screens.home import HomeFacts


def play_wish(wish: Wish, plain: bool, passes_unasked: bool) -> int:
    """Begin the race that was asked for, in the app or line by line.

    Raises:
        BitraceError: it cannot be begun.
    """
    paths = find_paths()
    settings = load(paths.settings_file)
    # What is asked for is read first: where it is no good, nothing is written.
    found = find(wish, library_of(paths))
    store = open_store(paths)
    try:
        opened = open_found(store, wish, found, settings, paths.cache)
        return _play(paths, settings, opened, plain, passes_unasked)
    finally:
        store.close()


def resume_race(plain: bool, passes_unasked: bool) -> int:
    """Go on with the race left open.

    Raises:
        InputError: there is none.
    """
    paths = find_paths()
    settings = load(paths.settings_file)
    store = open_store(paths)
    try:
        opened = open_again(store, settings)
        if opened is None:
            raise InputError("No race has been left open: `bitrace play` begins one.")
        return _play(paths, settings, opened, plain, passes_unasked)
    finally:
        store.close()


def open_store(paths: Paths) -> Store:
    """The store; made, with its folder, where there is none."""
    return Store.open(paths.store_file)


def library_of(paths: Paths) -> Library:
    """The packs that can be named; none is read for it."""
    return Library(paths.packs, paths.pack_index)


def home_facts(store: Store, settings: Settings, library: Library) -> HomeFacts:
    """What home offers. No pack is read for it once its facts are kept.

    Raises:
        BitraceError: the store or the built-in pack cannot be read.
    """
    from tui.screens.home import HomeFacts

    player = store.player(default_name(settings))
    played = store.played_texts([player.id])
    passages = library.passages(TUTORIAL)
    fresh = (passage for passage in passages if passage.text_sha256 not in played)
    passage = next(fresh, passages[0])
    entry = store.open_race()
    return HomeFacts(
        first_start=store.count_races() == 0,
        next_title=passage.title,
        next_targets=passage.n_targets,
        open_title=entry.title if entry else "",
        open_progress=f"target {entry.n_revealed + 1} of {entry.n_targets}" if entry else "",
    )


def _play(
    paths: Paths, settings: Settings, opened: Opened, plain: bool, passes_unasked: bool
) -> int:
    from tui.__main__ import at_terminal

    if plain or not at_terminal():
        from tui.engine_room import open_engine
        from tui.plain import PlainRace

        for warning in opened.warnings:
            sys.stderr.write(f"warning: {clean(warning)}\n")
        predictor: Predictor = open_engine(paths)
        try:
            return PlainRace(opened, predictor, passes_unasked).run()
        finally:
            predictor.close()
    from tui.app import run_race

    return run_race(paths, settings, opened)
