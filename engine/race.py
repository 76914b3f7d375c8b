"""A race as an immutable log of events; everything else is a view of it.

`advance(race, event)` is the only way on. The clock and the random source are the caller's:
events carry their times, and nothing here asks for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

from engine import bets, choice, shannon
from engine.bets import PASS, Score, Slip
from engine.errors import RaceError
from engine.setup import Draw as Draw
from engine.setup import Ghost as Ghost
from engine.setup import How as How
from engine.setup import Identity as Identity
from engine.setup import Mode as Mode
from engine.setup import PackRef as PackRef
from engine.setup import Player as Player
from engine.setup import Setup as Setup
from engine.setup import Target as Target
from engine.words import fold

_NO_BITS: Mapping[str, tuple[float, ...]] = MappingProxyType({})


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
class Drawn:
    """The six words of a target are drawn; before that nobody can write."""

    target: int
    six: tuple[str, ...]
    """As they are shown, in their order."""


@dataclass(frozen=True, slots=True)
class Guessed:
    """A player has guessed. On disk before it is told whether that was right."""

    target: int
    player: int
    word: str
    at: str


@dataclass(frozen=True, slots=True)
class Locked:
    """A player has ended their turn. On disk before the word is shown."""

    target: int
    player: int
    slip: Slip
    """Empty where one guesses."""
    at: str
    by_clock: bool = False
    """The time was up, and the slip was locked in as it stood."""


@dataclass(frozen=True, slots=True)
class Clocked:
    """How much of their time a player had used when the race was left."""

    target: int
    player: int
    used_s: float


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
    six: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: _NO_BITS)
    """Where six words were given: mind, Instinct too → bits of each of them among the six."""


Event: TypeAlias = Started | Identified | Drawn | Guessed | Locked | Clocked | Known | Revealed
Phase: TypeAlias = Literal["drawing", "writing", "waiting", "finished"]

_NO_IDENTITIES: Mapping[str, Identity] = MappingProxyType({})
_NO_SLIPS: Mapping[tuple[int, int], Locked] = MappingProxyType({})
_NO_SIXES: Mapping[int, tuple[str, ...]] = MappingProxyType({})
_NO_GUESSES: Mapping[tuple[int, int], tuple[str, ...]] = MappingProxyType({})
_NO_TIMES: Mapping[tuple[int, int], float] = MappingProxyType({})


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
    sixes: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: _NO_SIXES)
    """Target → the six words."""
    guesses: Mapping[tuple[int, int], tuple[str, ...]] = field(
        default_factory=lambda: _NO_GUESSES
    )
    """(target, player) → what was guessed, in its order."""
    used_s: Mapping[tuple[int, int], float] = field(default_factory=lambda: _NO_TIMES)
    """(target, player) → seconds used when the race was left."""

    @property
    def target(self) -> int:
        """Index of the target that is played now; the number of targets when finished."""
        return len(self.reveals)

    @property
    def phase(self) -> Phase:
        """`drawing` until there are six words where they are given, `writing` while a player
        has still to lock in, then `waiting` for the reveal."""
        if self.target == len(self.setup.targets):
            return "finished"
        if self.setup.mode == "choice" and self.target not in self.sixes:
            return "drawing"
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
        instinct_bits = self.reveals[target].instinct_bits
        match self.setup.mode:
            case "open":
                return bets.score(self.slip(target, player), truth, instinct_bits)
            case "choice":
                return choice.score(self.slip(target, player), truth, instinct_bits)
            case "shannon":
                earlier = [self.rank(before, player) for before in range(target)]
                this = self.rank(target, player)
                bits = shannon.cost(earlier, this, instinct_bits)
                return Score(bits, instinct_bits - bits)

    def rank(self, target: int, player: int) -> int:
        """At which guess a player had the word of a target, or `shannon.MISSED`."""
        guesses = self.guesses.get((target, player), ())
        return shannon.rank(guesses, self.setup.targets[target].word)

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
        case Drawn():
            return _drawn(race, event)
        case Guessed():
            return _guessed(race, event)
        case Locked():
            return _locked(race, event)
        case Clocked(target, player, used_s):
            _check_turn(race, target, player)
            times = MappingProxyType({**race.used_s, (target, player): used_s})
            return replace(race, used_s=times)
        case Revealed(target):
            _check(race, target)
            if race.phase != "waiting":
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


def _drawn(race: Race, event: Drawn) -> Race:
    targets = range(len(race.setup.targets))
    if race.setup.mode != "choice" or event.target in race.sixes or event.target not in targets:
        raise RaceError(f"There are no six words to be drawn for target {event.target + 1}.")
    truth = race.setup.targets[event.target].word
    n_forms = len({fold(word) for word in event.six})
    if not n_forms == len(event.six) == choice.N_WORDS or truth not in event.six:
        raise RaceError(
            f"The words of target {event.target + 1} are not six with the true one."
        )
    return replace(race, sixes=MappingProxyType({**race.sixes, event.target: event.six}))


def _guessed(race: Race, event: Guessed) -> Race:
    _check_turn(race, event.target, event.player)
    turn = event.target, event.player
    before = race.guesses.get(turn, ())
    truth = race.setup.targets[event.target].word
    if race.setup.mode != "shannon" or len(before) == shannon.MOST_GUESSES:
        raise RaceError(f"Nothing can be guessed at target {event.target + 1} now.")
    if shannon.rank(before, truth) != shannon.MISSED:
        raise RaceError(f"Target {event.target + 1} has been guessed.")
    guesses = MappingProxyType({**race.guesses, turn: (*before, event.word)})
    return replace(race, guesses=guesses)


def _locked(race: Race, event: Locked) -> Race:
    _check_turn(race, event.target, event.player)
    fits = {
        "open": event.slip.rest > 0,
        "choice": event.slip.rest == 0
        and all(bet.percent >= choice.LEAST_STAKE for bet in event.slip.bets)
        and tuple(bet.word for bet in event.slip.bets) == race.sixes.get(event.target),
        "shannon": event.slip == PASS,
    }
    if not fits[race.setup.mode]:
        raise RaceError(f"This slip does not fit target {event.target + 1}.")
    locked = {**race.locked, (event.target, event.player): event}
    return replace(race, locked=MappingProxyType(locked))


def _check_turn(race: Race, target: int, player: int) -> None:
    _check(race, target)
    if race.phase != "writing" or player not in race.to_write:
        raise RaceError(f"Player {player + 1} cannot lock in target {target + 1} now.")


def _check(race: Race, target: int) -> None:
    if race.phase == "finished" or target != race.target:
        raise RaceError(f"Target {target + 1} is not the one being played.")


def _sum(scores: Iterable[Score]) -> Score:
    total = Score(0.0, 0.0)
    for score in scores:
        total = Score(total.bits + score.bits, total.insight_bits + score.insight_bits)
    return total
