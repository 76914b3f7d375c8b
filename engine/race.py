"""A race as an immutable log of events; everything else is a view of it.

`advance(race, event)` is the only way on. The clock and the random source are the caller's:
events carry their times, and nothing here asks for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from engine import bets
from engine.bets import Score, Slip
from engine.errors import RaceError

if TYPE_CHECKING:
    from engine.baked import Baked

Mode: TypeAlias = Literal["open"]
How: TypeAlias = Literal["marked", "returning", "uniform"]


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who plays at this terminal."""

    id: str
    """Random, made with the player."""
    name: str


@dataclass(frozen=True, slots=True)
class Target:
    """A word to be predicted. Offsets in characters of the normalized passage."""

    index: int
    start: int
    end: int
    word: str


@dataclass(frozen=True, slots=True)
class Draw:
    """How the targets were chosen."""

    how: How
    n: int
    seed: int


@dataclass(frozen=True, slots=True)
class PackRef:
    """The pack a passage comes from."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model read, and how: what a reading can depend on."""

    model: str
    file: str
    sha256: str
    quantization: str
    reading_version: int
    backend: str
    window: int


@dataclass(frozen=True, slots=True)
class Setup:
    """All that is settled before the first word."""

    race_id: str
    title: str
    text_sha256: str
    """Of the normalized passage."""
    targets: tuple[Target, ...]
    draw: Draw
    players: tuple[Player, ...]
    attempts: tuple[int, ...]
    """For each player the how-manieth race on this text it is, from 1; only the first ranks."""
    minds: tuple[str, ...]
    """Keys of the minds that race."""
    started_at: str
    """UTC, ISO 8601."""
    mode: Mode = "open"
    pack: PackRef | None = None
    passage: str = ""
    """The passage's id in its pack, or what the text was called."""
    origin: str = ""
    """The file it was read from, as an absolute path; empty for a built-in pack."""
    source: str = ""
    """Where the passage comes from; shown only at the end."""
    primer: str = ""
    """Read before the race, by players and Reader."""
    preface: str = ""
    """Read by Sage alone, before everything else."""
    primer_sha256: str | None = None
    preface_sha256: str | None = None
    model_path: str = ""
    """The model that races, as given; empty for the starter model."""
    clock_s: int | None = None
    baked: tuple[Baked, ...] = ()
    """What models had read of the targets when the race began. Kept with it, so that it goes
    on when the pack is gone."""


@dataclass(frozen=True, slots=True)
class Started:
    """The race begins."""

    setup: Setup


@dataclass(frozen=True, slots=True)
class Identified:
    """It is known which models read. Comes before the first reveal."""

    instinct: Identity
    minds: Mapping[str, Identity]


@dataclass(frozen=True, slots=True)
class Locked:
    """A player has locked in a slip. On disk before the word is shown."""

    target: int
    player: int
    slip: Slip
    at: str


@dataclass(frozen=True, slots=True)
class Known:
    """A player says they know the text: off the boards."""

    player: int
    at: str


@dataclass(frozen=True, slots=True)
class Revealed:
    """The word of a target is shown to all."""

    target: int
    instinct_bits: float
    minds: Mapping[str, float]
    """Mind → bits of the true word."""
    at: str


Event: TypeAlias = Started | Identified | Locked | Known | Revealed
Phase: TypeAlias = Literal["writing", "waiting", "finished"]

_NO_IDENTITIES: Mapping[str, Identity] = MappingProxyType({})
_NO_SLIPS: Mapping[tuple[int, int], Locked] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Race:
    """The state of a race after some events. All scores are in bits."""

    setup: Setup
    instinct: Identity | None = None
    minds: Mapping[str, Identity] = field(default_factory=lambda: _NO_IDENTITIES)
    locked: Mapping[tuple[int, int], Locked] = field(default_factory=lambda: _NO_SLIPS)
    """(target, player) → what was locked in."""
    reveals: tuple[Revealed, ...] = ()
    known: frozenset[int] = frozenset()
    """Players who know the text."""

    @property
    def target(self) -> int:
        """Index of the target that is played now; the number of targets when finished."""
        return len(self.reveals)

    @property
    def phase(self) -> Phase:
        """`writing` while a player has still to lock in, then `waiting` for the reveal."""
        if self.target == len(self.setup.targets):
            return "finished"
        return "writing" if self.to_write else "waiting"

    @property
    def to_write(self) -> tuple[int, ...]:
        """Players who have still to lock in, in their order, which rotates by target."""
        n = len(self.setup.players)
        order = ((self.target + turn) % n for turn in range(n))
        return tuple(player for player in order if (self.target, player) not in self.locked)

    def slip(self, target: int, player: int) -> Slip:
        """What a player locked in at a target."""
        return self.locked[target, player].slip

    def score(self, target: int, player: int) -> Score:
        """What a player's turn came to; only for targets that have been revealed."""
        truth = self.setup.targets[target].word
        return bets.score(self.slip(target, player), truth, self.reveals[target].instinct_bits)

    def mind_score(self, target: int, mind: str) -> Score:
        """What a mind's turn came to."""
        reveal = self.reveals[target]
        bits = reveal.minds[mind]
        return Score(bits, reveal.instinct_bits - bits)

    def total(self, player: int) -> Score:
        """A player's sum over the targets revealed so far."""
        return _sum(self.score(target, player) for target in range(self.target))

    def mind_total(self, mind: str) -> Score:
        """A mind's sum over the targets revealed so far."""
        return _sum(self.mind_score(target, mind) for target in range(self.target))

    @property
    def instinct_bits(self) -> float:
        """Instinct's sum over the targets revealed so far."""
        return sum(reveal.instinct_bits for reveal in self.reveals)


def advance(race: Race | None, event: Event) -> Race:
    """The race after one more event.

    Raises:
        RaceError: the event does not fit: a turn played twice, a word shown too early.
    """
    match event:
        case Started(setup):
            if race is not None:
                raise RaceError("This race has already started.")
            return Race(setup)
        case _ if race is None:
            raise RaceError("This race has not started.")
        case Identified(instinct, minds):
            return replace(race, instinct=instinct, minds=MappingProxyType(dict(minds)))
        case Known(player):
            if player not in range(len(race.setup.players)):
                raise RaceError(f"There is no player {player + 1} in this race.")
            return replace(race, known=race.known | {player})
        case Locked(target, player):
            _check(race, target)
            if player not in race.to_write:
                raise RaceError(f"Player {player + 1} cannot lock in target {target + 1} now.")
            locked = MappingProxyType({**race.locked, (target, player): event})
            return replace(race, locked=locked)
        case Revealed(target):
            _check(race, target)
            if race.to_write:
                raise RaceError(
                    f"The word of target {target + 1} is shown when all have locked in."
                )
            if not set(race.setup.minds) <= event.minds.keys():
                raise RaceError(f"The reveal of target {target + 1} lacks a mind that races.")
            kept = replace(event, minds=MappingProxyType(dict(event.minds)))
            return replace(race, reveals=(*race.reveals, kept))


def replay(events: Iterable[Event]) -> Race:
    """The race that a log of events tells.

    Raises:
        RaceError: the log is empty or does not fit together.
    """
    race: Race | None = None
    for event in events:
        race = advance(race, event)
    if race is None:
        raise RaceError("This race has no events.")
    return race


def _check(race: Race, target: int) -> None:
    if race.phase == "finished" or target != race.target:
        raise RaceError(f"Target {target + 1} is not the one being played.")


def _sum(scores: Iterable[Score]) -> Score:
    total = Score(0.0, 0.0)
    for score in scores:
        total = Score(total.bits + score.bits, total.insight_bits + score.insight_bits)
    return total
