"""Everything that races, as one idea: it gives a probability to the true word at each target.

Players, minds, ghosts of earlier results, and the two mixtures: Nobody, of all people's
predictions, and the Centaur, of the players' and Reader's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.bets import Score
from engine.minds import READER
from engine.mixture import mix
from engine.race import Race
from engine.setup import Ghost, Setup

NOBODY = "nobody"
CENTAUR = "centaur"
MIXTURES = (NOBODY, CENTAUR)

Kind: TypeAlias = Literal["player", "mind", "ghost", "mixture"]


@dataclass(frozen=True, slots=True)
class Racer:
    """Somebody with a lane."""

    kind: Kind
    key: str
    """The mind's or the ghost's key, the mixture's name; a player's id."""
    place: int
    """Among those of its kind, from 0."""


def racers(setup: Setup) -> tuple[Racer, ...]:
    """All who race, in the order of their lanes."""
    kinds: tuple[tuple[Kind, Iterable[str]], ...] = (
        ("player", (player.id for player in setup.players)),
        ("mind", setup.minds),
        ("ghost", (ghost.key for ghost in setup.ghosts)),
        ("mixture", setup.mixtures),
    )
    return tuple(
        Racer(kind, key, place) for kind, keys in kinds for place, key in enumerate(keys)
    )


def costs(race: Race, racer: Racer) -> tuple[float | None, ...]:
    """What a racer paid at each target revealed so far, in bits; None where it was absent."""
    targets = range(race.target)
    match racer.kind:
        case "player":
            return tuple(race.score(target, racer.place).bits for target in targets)
        case "mind":
            return tuple(reveal.minds[racer.key] for reveal in race.reveals)
        case "ghost":
            return _ghost_costs(race, race.setup.ghosts[racer.place])
        case "mixture":
            rows = (paid for _, paid in expert_costs(race, racer.key))
            return mix(list(zip(*rows, strict=True)))


def expert_costs(race: Race, mixture: str) -> list[tuple[str, tuple[float | None, ...]]]:
    """Those whom a mixture mixes, each with what they paid at each target revealed so far.

    Nobody's are fixed at the start of the race: the people who play, and earlier results of
    other people. The Centaur's are the players and Reader.
    """
    setup = race.setup
    people = [racer for racer in racers(setup) if racer.kind == "player"]
    found = [(setup.players[one.place].name, costs(race, one)) for one in people]
    if mixture == CENTAUR:
        if READER.key in setup.minds:
            reader = tuple(reveal.minds[READER.key] for reveal in race.reveals)
            found.append((READER.name, reader))
        return found
    return found + [(ghost.name, _ghost_costs(race, ghost)) for ghost in setup.crowd]


def turn_score(race: Race, racer: Racer, target: int) -> Score | None:
    """What a racer's turn came to; None where it was absent."""
    bits = costs(race, racer)[target]
    if bits is None:
        return None
    return Score(bits, race.reveals[target].instinct_bits - bits)


def total(race: Race, racer: Racer) -> Score:
    """A racer's sum over the targets revealed so far at which it was there."""
    paid = [
        (bits, reveal.instinct_bits)
        for bits, reveal in zip(costs(race, racer), race.reveals, strict=True)
        if bits is not None
    ]
    bits = sum(bits for bits, _ in paid)
    return Score(bits, sum(instinct for _, instinct in paid) - bits)


def _ghost_costs(race: Race, ghost: Ghost) -> tuple[float | None, ...]:
    targets = race.setup.targets[: race.target]
    return tuple(ghost.bits.get(target.index) for target in targets)
