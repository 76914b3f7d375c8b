"""Ghosts: earlier results made into racers, and Nobody's crowd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from engine import card
from engine.errors import BitraceError
from engine.race import Race
from engine.racers import Racer, total
from engine.setup import Ghost, Mode, Player, Target
from tui.store import Store
from tui.turns import said

_KEY = "ghost:"
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Course:
    """What results must have in common to compare: like races with like."""

    text_sha256: str
    mode: Mode
    targets: tuple[Target, ...]
    seed: int = 0
    """Of the six words, in the choice mode."""

    def is_of(self, race: Race) -> bool:
        """Whether a race was run on it."""
        setup = race.setup
        return (
            setup.text_sha256 == self.text_sha256
            and setup.mode == self.mode
            and [target.index for target in setup.targets]
            == [target.index for target in self.targets]
            and (self.mode != "choice" or setup.draw.seed == self.seed)
        )


def ghost_of(race: Race, place: int, name: str) -> Ghost:
    """What a player did in a finished race, as a racer.

    Args:
        race: the race.
        place: of the player in it.
        name: what the ghost is called.
    """
    targets = list(enumerate(race.setup.targets))
    return Ghost(
        key=_KEY + card.make(race, place)["hash"][:_DIGITS],
        name=name,
        player_id=race.setup.players[place].id,
        bits={target.index: race.score(number, place).bits for number, target in targets},
        said={target.index: said(race, number, place) for number, target in targets},
    )


def best_of(store: Store, player: Player, course: Course) -> Ghost | None:
    """A player's best finished race on a course; None where there is none.

    Raises:
        StoreError: the store cannot be read.
    """
    runs = [
        (total(race, Racer("player", player.id, place)).insight_bits, race, place)
        for race, place in _runs(store, course)
        if race.setup.players[place].id == player.id
    ]
    if not runs:
        return None
    _, race, place = max(runs, key=lambda run: run[0])
    return ghost_of(race, place, f"{player.name}'s best")


def crowd(store: Store, players: Sequence[Player], course: Course) -> tuple[Ghost, ...]:
    """What other people did on a course, each in their first race on it, the one that ranks.

    Raises:
        StoreError: the store cannot be read.
    """
    here = {player.id for player in players}
    found: dict[str, Ghost] = {}
    for race, place in _runs(store, course):
        who = race.setup.players[place]
        ranks = race.setup.attempts[place] == 1 and place not in race.known
        if ranks and not race.setup.tutorial and who.id not in here | found.keys():
            found[who.id] = ghost_of(race, place, who.name)
    return tuple(found.values())


def _runs(store: Store, course: Course) -> Iterator[tuple[Race, int]]:
    """Finished races on a course with each of their players."""
    for race_id in store.finished_on(course.text_sha256):
        with suppress(BitraceError):  # a damaged race races no more
            race, _ = store.load(race_id)
            if course.is_of(race):
                yield from ((race, place) for place in range(len(race.setup.players)))
