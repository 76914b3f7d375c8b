"""From the command line into a race: which players, which passage, app or plain mode."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.errors import InputError
from puzzles.library import Library
from tui.choose import Wish, find
from tui.literal import clean
from tui.opening import Opened, default_name, open_again, open_found, open_practice
from tui.paths import Paths, find_paths
from tui.settings import Settings, load
from tui.store import Store

if TYPE_CHECKING:
    from engine.predictor import Predictor


def play_wish(wish: Wish, plain: bool, unasked: bool) -> int:
    """Begin the race that was asked for: line by line, or in the app, which asks first.

    Args:
        wish: what was asked for.
        plain: line by line.
        unasked: begin, and pass, without asking.

    Raises:
        BitraceError: it cannot be begun.
    """
    paths = find_paths()
    settings = load(paths.settings_file)
    # What is asked for is read first: where it is no good, nothing is written.
    found = find(wish, library_of(paths))
    store = open_store(paths)
    try:
        if _is_plain(plain) or unasked:
            opened = open_found(store, wish, found, settings, paths.cache)
            return _play(paths, settings, opened, plain, unasked)
        from tui.app import run_start
        from tui.previews import offer

        return run_start(paths, settings, offer(store, wish, found, settings))
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


def practise(name: str | None, plain: bool, passes_unasked: bool) -> int:
    """Begin a race of the words that a player did worst on.

    Args:
        name: of the player; None for the one in the settings.
        plain: line by line.
        passes_unasked: an empty slip passes at once.

    Raises:
        BitraceError: nothing is due, or it cannot be begun.
    """
    paths = find_paths()
    settings = load(paths.settings_file)
    store = open_store(paths)
    try:
        who = name or default_name(settings)
        opened = open_practice(store, who, settings, datetime.now(UTC))
        return _play(paths, settings, opened, plain, passes_unasked)
    finally:
        store.close()


def open_store(paths: Paths) -> Store:
    """The store; made, with its folder, where there is none."""
    return Store.open(paths.store_file)


def library_of(paths: Paths) -> Library:
    """The packs that can be named; none is read for it."""
    return Library(paths.packs, paths.pack_index)


def _is_plain(wanted: bool) -> bool:
    from tui.__main__ import at_terminal

    return wanted or not at_terminal()


def _play(
    paths: Paths, settings: Settings, opened: Opened, plain: bool, passes_unasked: bool
) -> int:
    if _is_plain(plain):
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
