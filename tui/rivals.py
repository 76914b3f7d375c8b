"""Who could race in one race, for a list in which each can be ticked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.baked import Baked
from engine.minds import GOLDFISH, READER, SAGE, STRANGER, guest_key, is_guest
from engine.racers import CENTAUR, NOBODY
from tui.beforehand import opponents
from tui.choose import Chosen, Wish
from tui.company import BAKED, BEST, GHOST, Company
from tui.option_rows import OPPONENTS

_MODEL = "model:"
_ENDING = ".gguf"


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody who could race."""

    name: str
    """By which it is asked for; of a further model `model:` and its file."""
    called: str
    what: str


def rivals(
    wish: Wish, names: Sequence[str], chosen: Chosen, baked: Sequence[Baked], has_best: bool
) -> tuple[Rival, ...]:
    """All who could race, in the order of a list.

    Args:
        wish: what was asked for.
        names: of racers, as they were asked for.
        chosen: the passage.
        baked: the readings by which further models race.
        has_best: whether there is an earlier race of a player that can race again.
    """
    minds = [GOLDFISH.key, READER.key]
    minds += [SAGE.key] * bool(chosen.preface) + [STRANGER.key] * bool(chosen.primer)
    return (
        *map(_known, minds),
        *_guests(baked),
        *(
            Rival(_MODEL + file, Path(file).name.removesuffix(_ENDING), _READ_HERE)
            for file in wish.further
        ),
        *(
            Rival(name, Path(name.removeprefix(GHOST)).name, _CARD)
            for name in names
            if name.startswith(GHOST) and name not in (BEST, BAKED)
        ),
        *map(_known, [BEST] * has_best + [NOBODY, CENTAUR]),
    )


_READ_BEFORE = "another model's Reader, read before"
_READ_HERE = "another model's Reader"
_CARD = "a card"


def _known(name: str) -> Rival:
    return Rival(name, *OPPONENTS[name])


def _guests(baked: Sequence[Baked]) -> Iterator[Rival]:
    models = {guest_key(READER, one.identity.sha256): one.identity.model for one in baked}
    for key in opponents(baked):
        if is_guest(key):
            yield Rival(key, models[key], _READ_BEFORE)


def coming(everybody: Sequence[Rival], company: Company, names: Sequence[str]) -> list[str]:
    """Names of those who will race.

    Args:
        everybody: who could.
        company: who comes of itself, or was asked for, but further models.
        names: of racers, as they were asked for.
    """
    expected = {*company.minds, *company.mixtures, *names}
    return [
        one.name for one in everybody if one.name in expected or one.name.startswith(_MODEL)
    ]


def ticked(now: Collection[str], name: str) -> frozenset[str]:
    """Who races once a racer has been ticked, or no more.

    Args:
        now: names of those who race.
        name: of the one.
    """
    then = {*now} ^ {name}
    if name == CENTAUR and name in then:
        then.add(READER.key)  # it is half of it
    elif name == READER.key and name not in then:
        then.discard(CENTAUR)
    return frozenset(then)


def can_race(names: Collection[str]) -> bool:
    """Whether there is a race against these: a further model comes beside others only."""
    return any(not name.startswith(_MODEL) for name in names)


def asking_for(wish: Wish, everybody: Sequence[Rival], names: Collection[str]) -> Wish:
    """The wish with those who were ticked.

    Args:
        wish: what was asked for.
        everybody: who could race.
        names: of those who are to.
    """
    wanted = [one.name for one in everybody if one.name in names]
    guests = [one.name for one in everybody if is_guest(one.name)]
    against = [name for name in wanted if not name.startswith(_MODEL)]
    if guests and all(name in against for name in guests):
        # The next passage may have been read by other models.
        against = [name for name in against if name not in guests] + [BAKED]
    return replace(
        wish,
        against=tuple(against),
        further=tuple(file for file in wish.further if _MODEL + file in wanted),
    )
