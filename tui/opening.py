"""Opening races: from what was asked for, or was left, to a race ready to be played."""

from __future__ import annotations

import getpass
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from engine.baked import Baked
from engine.errors import InputError
from engine.race import Race
from engine.setup import Mode, Player
from engine.words import Text, fold, prepare
from puzzles.library import Library
from tui import today
from tui.beforehand import with_sixes_at
from tui.beginning import Terms, begin, usual_mode, with_sixes
from tui.choose import Chosen, Found, Wish, choose, find
from tui.company import Invitation, further_models, gather, split_names
from tui.ghosts import Course
from tui.literal import clean
from tui.paths import typed_path
from tui.pools import elsewhere
from tui.practice import to_practise
from tui.practice_text import Stretch, practice_on, stretch
from tui.settings import Settings
from tui.store import Store

MOST_PLAYERS = 8
LONGEST_NAME = 24
FIRST_NAME = "you"
_GOES_ON = "This race was left open: it goes on as it was."


@dataclass(frozen=True, slots=True)
class Opened:
    """A race ready to be played, and where it is kept."""

    store: Store
    race: Race
    text: Text
    gpu_layers: int = -1
    warnings: tuple[str, ...] = ()
    """What players should know before they begin."""


def open_wish(
    store: Store,
    wish: Wish,
    settings: Settings,
    library: Library,
    cache: Path | None = None,
) -> Opened:
    """Begin the race that was asked for.

    Raises:
        BitraceError: a player's name, the text or the model cannot be used.
    """
    return open_found(store, wish, find(wish, library), settings, cache)


def open_found(
    store: Store, wish: Wish, found: Found, settings: Settings, cache: Path | None = None
) -> Opened:
    """Begin a race on what was asked for and has been found.

    Raises:
        BitraceError: a player's name, the text or the model cannot be used.
    """
    check(wish, settings)
    model = wish.model or settings.model
    gpu_layers = wish.gpu_layers if wish.gpu_layers >= 0 else settings.gpu_layers
    players = tuple(store.player(name) for name in names_for(wish, settings))
    raced = [store.played_texts([player.id]) for player in players]
    mode, chosen = passage_for(wish, found, settings, raced)
    if today.is_of_days(found) or wish.tutorial:
        left = _left_open(store, players, chosen.text, wish.tutorial)
        if left is not None:
            return Opened(store, left, chosen.text, gpu_layers, (_GOES_ON,))
    clock_s = settings.clock_s if wish.clock_s is None else wish.clock_s
    against = split_names(wish.against or settings.against)
    company = gather(
        store,
        Invitation(
            names=against,
            players=players,
            course=course_of(mode, chosen),
            baked=racing(mode, chosen),
            has_primer=bool(chosen.primer),
            has_preface=bool(chosen.preface),
            further=further_models([typed_path(one).resolve() for one in wish.further], cache),
        ),
    )
    _forget_unplayed(store, chosen.text)
    terms = Terms(
        mode=mode,
        clock_s=clock_s or None,
        model=str(typed_path(model).resolve()) if model else "",
        company=company,
        against=against,
        tutorial=wish.tutorial,
    )
    race = begin(store, chosen, players, terms)
    return Opened(store, race, chosen.text, gpu_layers, (*chosen.warnings, *company.warnings))


def check(wish: Wish, settings: Settings) -> None:
    """Refuse players and models that no race can be begun with.

    Raises:
        BitraceError: with the reason.
    """
    for file in (wish.model or settings.model, *wish.further):
        check_model(file)
    check_names(names_for(wish, settings))


def passage_for(
    wish: Wish, found: Found, settings: Settings, raced: Sequence[Set[str]]
) -> tuple[Mode, Chosen]:
    """The mode of the race that was asked for, and its passage with its targets.

    Args:
        wish: what was asked for.
        found: what `find` gave for it.
        settings: the player's.
        raced: for each player the SHA-256 of the texts they have raced on.

    Raises:
        InputError: it cannot be raced on, or not in this mode.
    """
    if today.is_of_days(found):
        wish, found = today.settle(wish, found, raced, today.local_day())
    mode = wish.mode or mode_in(settings, len(raced))
    chosen = choose(wish, found, frozenset[str]().union(*raced))
    return mode, _choosable(found, chosen) if mode == "choice" else chosen


def course_of(mode: Mode, chosen: Chosen) -> Course:
    """What results have to have in common with a race on this passage."""
    return Course(chosen.text.sha256, mode, chosen.targets, chosen.draw.seed)


def mode_in(settings: Settings, n_players: int) -> Mode:
    """The mode of a race when none is asked for."""
    return usual_mode(n_players) if settings.mode == "auto" else settings.mode


def _choosable(found: Found, chosen: Chosen) -> Chosen:
    """A passage for the choice mode: with words from elsewhere, and without the targets at
    which there are not five others to choose from."""
    rest = elsewhere(found, chosen)
    targets = with_sixes(chosen.text, chosen.targets, rest)
    return replace(chosen, targets=targets, elsewhere=rest)


def racing(mode: Mode, chosen: Chosen) -> tuple[Baked, ...]:
    """The readings by which further models race: of the six words, where they are given."""
    if mode != "choice":
        return chosen.baked
    places = (target.index for target in chosen.targets)
    return with_sixes_at(chosen.baked, places, chosen.draw.seed)


def _left_open(
    store: Store, players: tuple[Player, ...], text: Text, tutorial: bool
) -> Race | None:
    """The race that these players have left open on a text, the last one."""
    left = [one for one in store.races_on(players[0].id, [text.sha256]) if not one.finished]
    for one in reversed(left):
        race, _ = store.load(one.race_id)
        same = (race.setup.players, race.setup.tutorial) == (players, tutorial)
        if same and race.reveals:
            return race
    return None


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


def open_practice(store: Store, name: str, settings: Settings, now: datetime) -> Opened:
    """Begin a race of the words that a player did worst on.

    Args:
        store: where races are kept.
        name: of the player.
        settings: the player's.
        now: decides what is due.

    Raises:
        BitraceError: nothing is due, or the model cannot be used.
    """
    check(Wish(players=(name,)), settings)
    player = store.player(name)
    stretches: list[Stretch] = []
    for one in to_practise(store, player.id, now):
        shown = store.text(one.turn.text_sha256)
        found = stretch(one.turn, prepare(shown)) if shown else None
        stretches += [found] if found else []
    if not stretches:
        raise InputError("The texts of your races are gone: play a few more first.")
    chosen, practised = practice_on(stretches)
    _forget_unplayed(store, chosen.text)
    model = str(typed_path(settings.model).resolve()) if settings.model else ""
    race = begin(store, chosen, [player], Terms(model=model, practised=practised))
    return Opened(store, race, chosen.text, settings.gpu_layers)


def open_next(store: Store, race: Race, settings: Settings, library: Library) -> Opened:
    """Begin the next race of the same players: the next passage of the pack or text.

    Raises:
        BitraceError: it cannot be begun.
    """
    setup = race.setup
    if setup.practised:
        return open_practice(store, setup.players[0].name, settings, datetime.now(UTC))
    if setup.pack is not None and setup.pack.id == today.PACK and not setup.origin:
        raced = [store.played_texts([player.id]) for player in setup.players]
        texts = [passage.text_sha256 for passage in library.passages(today.PACK)]
        today.check_next(raced, texts, today.local_day())
    wish = Wish(
        what=setup.origin or (setup.pack.id if setup.pack else None),
        by_id=not setup.origin and setup.pack is not None,
        players=tuple(player.name for player in setup.players),
        model=setup.model_path,
        further=tuple(model.path for model in setup.further_models),
        mode=setup.mode,
        against=setup.against,
        clock_s=setup.clock_s or 0,
        n_targets=None if setup.draw.how == "marked" else setup.draw.n,
        seed=setup.draw.seed,
        uniform=setup.draw.how == "uniform",
    )
    return open_wish(store, wish, settings, library)


def names_for(wish: Wish, settings: Settings) -> tuple[str, ...]:
    """Who plays: those who are named, else the player of the settings."""
    return wish.players or (default_name(settings),)


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
