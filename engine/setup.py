"""What is settled before the first word of a race, and who takes part in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from engine.baked import Baked

Mode: TypeAlias = Literal["open", "choice", "shannon"]
"""Slips are typed; stakes are put on six words; one guesses until one is right."""
How: TypeAlias = Literal["marked", "returning", "uniform", "practice"]
"""How targets come about: marked by an author, drawn among words that return or among all,
or taken from a player's worst turns."""


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
class Ghost:
    """An earlier result that races again, as it was."""

    key: str
    """By which it is told from other racers: `ghost:` and the first digits of its hash."""
    name: str
    """Whose it is."""
    player_id: str
    bits: Mapping[int, float]
    """Word index → what it paid there."""
    said: Mapping[int, str]
    """Word index → what had been bet or guessed there; shown after the reveal."""


@dataclass(frozen=True, slots=True)
class FurtherModel:
    """A model whose Reader races beside the minds of the one that is raced."""

    key: str
    """Of its Reader (`engine.minds.guest_key`)."""
    path: str
    """As given."""


@dataclass(frozen=True, slots=True)
class Practised:
    """The turn of an earlier race that a target of a practice race is taken from."""

    text_sha256: str
    index: int
    """Of the target among the words of that text."""


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
    """Seconds each player has for each target; None for as long as they like."""
    against: tuple[str, ...] = ()
    """Whom the players asked to race, by name; none for the usual ones."""
    further_models: tuple[FurtherModel, ...] = ()
    """Models that race beside the first; those of baked readings are not among them."""
    ghosts: tuple[Ghost, ...] = ()
    """Earlier results that race."""
    crowd: tuple[Ghost, ...] = ()
    """Earlier results of other people with the same targets, which Nobody mixes too."""
    mixtures: tuple[str, ...] = ()
    """Of `nobody` and `centaur`, those that race."""
    pool: tuple[str, ...] = ()
    """Words from elsewhere that may be among the six; empty where all sixes are baked."""
    baked: tuple[Baked, ...] = ()
    """What models had read of the targets when the race began. Kept with it, so that it goes
    on when the pack is gone."""
    practised: tuple[Practised, ...] = ()
    """In a practice race, for each target where it comes from."""
    tutorial: bool = False
    """Whether players are told how the game goes while they race."""
