"""From the command line into a race: which players, which passage, app or plain mode."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InputError
from engine.race import Race
from engine.words import Text, fold
from puzzles.builtin import TUTORIAL
from puzzles.library import Library
from tui.choose import Found, Wish, choose, find
from tui.literal import clean
from tui.paths import Paths, find_paths, typed_path
from tui.session import begin
from tui.settings import Settings, load
from tui.store import Store

if TYPE_CHECKING:
    from engine.predictor import Predictor
    from tui.screens.home import HomeFacts

MOST_PLAYERS = 8
LONGEST_NAME = 24
FIRST_NAME = "you"


@dataclass(frozen=True, slots=True)
class Opened:
    """A race ready to be played, and where it is kept."""

    store: Store
    race: Race
    text: Text
    gpu_layers: int = -1
    warnings: tuple[str, ...] = ()
    """What players should know before they begin."""


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
        opened = open_found(store, wish, found, settings)
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


def open_wish(store: Store, wish: Wish, settings: Settings, library: Library) -> Opened:
    """Begin the race that was asked for.

    Raises:
        BitraceError: a player's name, the text or the model cannot be used.
    """
    return open_found(store, wish, find(wish, library), settings)


def open_found(store: Store, wish: Wish, found: Found, settings: Settings) -> Opened:
    """Begin a race on what was asked for and has been found.

    Raises:
        BitraceError: a player's name, the text or the model cannot be used.
    """
    names = wish.players or (default_name(settings),)
    model = wish.model or settings.model
    gpu_layers = wish.gpu_layers if wish.gpu_layers >= 0 else settings.gpu_layers
    check_model(model)
    check_names(names)
    players = [store.player(name) for name in names]
    played = store.played_texts([player.id for player in players])
    chosen = choose(wish, found, played)
    _forget_unplayed(store, chosen.text)
    race = begin(store, chosen, players, str(typed_path(model).resolve()) if model else "")
    return Opened(store, race, chosen.text, gpu_layers, chosen.warnings)


def _forget_unplayed(store: Store, text: Text) -> None:
    """Take back an open race on this text in which nothing was locked in: it begins again."""
    entry = store.open_race()
    if entry is not None and entry.n_revealed == 0:
        race, _ = store.load(entry.race_id)
        if race.setup.text_sha256 == text.sha256:
            store.discard_unplayed(race)


def open_again(store: Store, settings: Settings) -> Opened | None:
    """The race left open, if there is one."""
    entry = store.open_race()
    if entry is None:
        return None
    race, text = store.load(entry.race_id)
    return Opened(store, race, text, settings.gpu_layers)


def open_next(store: Store, race: Race, settings: Settings, library: Library) -> Opened:
    """Begin the next race of the same players: the next passage of the pack or text.

    Raises:
        BitraceError: it cannot be begun.
    """
    setup = race.setup
    wish = Wish(
        what=setup.origin or (setup.pack.id if setup.pack else None),
        by_id=not setup.origin and setup.pack is not None,
        players=tuple(player.name for player in setup.players),
        model=setup.model_path,
    )
    return open_wish(store, wish, settings, library)


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


def default_name(settings: Settings) -> str:
    """The player who plays when nobody is named."""
    if settings.player:
        return settings.player
    try:
        login = clean(getpass.getuser())[:LONGEST_NAME].strip()
    except (KeyError, OSError, ImportError):
        return FIRST_NAME
    return login or FIRST_NAME


def check_names(names: tuple[str, ...]) -> None:
    """Refuse names that cannot be shown, or told apart.

    Raises:
        InputError: with the reason.
    """
    if len(names) > MOST_PLAYERS:
        raise InputError(f"{len(names)} players are too many: {MOST_PLAYERS} at the most.")
    for name in names:
        if not name.strip() or len(name) > LONGEST_NAME or clean(name) != name:
            raise InputError(
                f"A player's name is 1 to {LONGEST_NAME} characters without control "
                f"characters: {clean(name)[:LONGEST_NAME]!r} is not."
            )
    if len({fold(name.strip()) for name in names}) < len(names):
        raise InputError("Two players have the same name: give each their own.")


def check_model(model: str) -> None:
    """Refuse what is no model file before anything is begun.

    Raises:
        ModelError: with the reason.
    """
    if model:
        from engine.gguf import check_file

        check_file(typed_path(model))


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
