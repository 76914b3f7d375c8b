"""Whom one races: names as they are typed, made into racers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.baked import Baked
from engine.errors import InputError
from engine.minds import (
    GOLDFISH,
    MINDS,
    OPPONENTS,
    READER,
    SAGE,
    STRANGER,
    guest_key,
    is_guest,
)
from engine.racers import CENTAUR, NOBODY
from engine.remembered import MODELS_FILE, Remembered, model_sha256
from engine.setup import FurtherModel, Ghost, Player, Setup
from tui.beforehand import opponents, with_sixes_at
from tui.ghosts import Course, best_of, crowd
from tui.store import Store

GHOST = "ghost:"
BEST = "ghost:best"
BAKED = "ghost:baked"
RACING_MINDS = (READER, GOLDFISH, SAGE, STRANGER)
KNOWN_NAMES = (*(mind.key for mind in RACING_MINDS), NOBODY, CENTAUR, BEST, BAKED)


@dataclass(frozen=True, slots=True)
class Company:
    """Who races beside the players."""

    minds: tuple[str, ...] = tuple(mind.key for mind in OPPONENTS)
    further_models: tuple[FurtherModel, ...] = ()
    ghosts: tuple[Ghost, ...] = ()
    crowd: tuple[Ghost, ...] = ()
    mixtures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """Who was asked for and cannot come, in sentences."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """All that decides who can race."""

    names: tuple[str, ...]
    """As typed, from `split_names`; none for the usual ones."""
    players: tuple[Player, ...]
    course: Course
    baked: tuple[Baked, ...] = ()
    has_primer: bool = False
    has_preface: bool = False
    further: tuple[FurtherModel, ...] = ()


def split_names(typed: Sequence[str]) -> tuple[str, ...]:
    """Names from options that may each hold several, with commas between.

    Raises:
        InputError: there is no such racer.
    """
    names = [name.strip() for one in typed for name in one.split(",") if name.strip()]
    for name in names:
        if name.lower() not in KNOWN_NAMES and not name.lower().startswith(GHOST):
            guest, _, digits = name.partition("@")
            if guest.lower() != READER.key or not digits:
                raise InputError(
                    f"There is no racer {name!r}: choose among {', '.join(KNOWN_NAMES)}, or a "
                    "card by ghost:FILE."
                )
    return tuple(dict.fromkeys(name if _is_card(name) else name.lower() for name in names))


def further_models(files: Sequence[Path], cache: Path | None) -> tuple[FurtherModel, ...]:
    """Models that race beside the first; their files are read once, for their hashes.

    Args:
        files: of the models.
        cache: folder where hashes are remembered, if anywhere.

    Raises:
        InputError: one is given twice.
    """
    memory = Remembered(cache / MODELS_FILE) if cache else None
    found = tuple(
        FurtherModel(guest_key(READER, model_sha256(file, memory)), str(file)) for file in files
    )
    if len({model.key for model in found}) < len(found):
        raise InputError("One of the models is given twice: each races once.")
    return found


def gather(store: Store, invitation: Invitation) -> Company:
    """Who comes.

    Raises:
        InputError: a ghost's card cannot be read, or is of another race.
        StoreError: the store cannot be read.
    """
    return _Host(store, invitation).company()


def gather_again(store: Store, setup: Setup) -> Company:
    """Who comes to another race like one before, with what has been raced since.

    Raises:
        StoreError: the store cannot be read.
    """
    is_choice, places = setup.mode == "choice", [target.index for target in setup.targets]
    seed = setup.draw.seed
    invitation = Invitation(
        names=setup.against,
        players=setup.players,
        course=Course(setup.text_sha256, setup.mode, setup.targets, seed),
        baked=with_sixes_at(setup.baked, places, seed) if is_choice else setup.baked,
        has_primer=bool(setup.primer),
        has_preface=bool(setup.preface),
        further=setup.further_models,
    )
    try:
        return gather(store, invitation)
    except InputError:  # a card is gone from its place: all came before, so all are known
        return Company(
            setup.minds, setup.further_models, setup.ghosts, setup.crowd, setup.mixtures
        )


class _Host:
    """Asks each in turn."""

    def __init__(self, store: Store, invitation: Invitation) -> None:
        self._store = store
        self._invitation = invitation
        self._warnings: list[str] = []

    def company(self) -> Company:
        invitation = self._invitation
        others = crowd(self._store, invitation.players, invitation.course)
        names = invitation.names or self._usual(len(others))
        ghosts = tuple(ghost for name in names for ghost in self._ghosts(name))
        others = self._with_guests(others, ghosts)
        mixtures = tuple(name for name in (NOBODY, CENTAUR) if name in names)
        if NOBODY in mixtures and len(invitation.players) + len(others) == 1:
            self._warnings.append(
                "Nobody is made of many people, and you are the only one so far."
            )
        minds = self._minds(names)
        if not (minds or ghosts or mixtures):
            minds = tuple(mind.key for mind in OPPONENTS)
        return Company(
            minds=minds,
            further_models=tuple(
                model for model in invitation.further if model.key not in self._guests
            ),
            ghosts=ghosts,
            crowd=others if NOBODY in mixtures else (),
            mixtures=mixtures,
            warnings=tuple(self._warnings),
        )

    def _with_guests(
        self, others: tuple[Ghost, ...], ghosts: tuple[Ghost, ...]
    ) -> tuple[Ghost, ...]:
        """The crowd, and people whose cards race: each person once."""
        known = {
            *(player.id for player in self._invitation.players),
            *(ghost.player_id for ghost in others),
        }
        found = {ghost.player_id: ghost for ghost in ghosts if ghost.player_id not in known}
        return (*others, *found.values())

    @property
    def _guests(self) -> tuple[str, ...]:
        """Readers whose models have read the passage before."""
        return tuple(key for key in opponents(self._invitation.baked) if is_guest(key))

    def _usual(self, n_others: int) -> tuple[str, ...]:
        """Goldfish, Reader, models that come with the pack; Nobody where there is a crowd."""
        names = [*(mind.key for mind in OPPONENTS), BAKED]
        if len(self._invitation.players) + n_others > 1:
            names.append(NOBODY)
        return tuple(names)

    def _minds(self, names: tuple[str, ...]) -> tuple[str, ...]:
        wanted = [mind.key for mind in MINDS.values() if mind.key in names]
        if CENTAUR in names and READER.key not in wanted:
            wanted.append(READER.key)  # it is half of it
        if SAGE.key in wanted and not self._invitation.has_preface:
            wanted.remove(SAGE.key)
            self._warnings.append("Sage reads a preface first, and this passage has none.")
        if STRANGER.key in wanted and not self._invitation.has_primer:
            wanted.remove(STRANGER.key)
            self._warnings.append(
                "Stranger goes without the primer; this passage has none, so it is Reader."
            )
        guests = [key for key in self._guests if BAKED in names or key in names]
        unknown = {name for name in names if is_guest(name)} - {*guests, *self._live}
        if unknown:
            self._warnings.append(
                f"No model that comes with this passage is {', '.join(sorted(unknown))}."
            )
        order = [mind.key for mind in (GOLDFISH, READER, SAGE, STRANGER)]
        wanted.sort(key=order.index)
        return (*wanted, *guests, *(key for key in self._live if key not in guests))

    @property
    def _live(self) -> tuple[str, ...]:
        return tuple(model.key for model in self._invitation.further)

    def _ghosts(self, name: str) -> list[Ghost]:
        if _is_card(name):
            from tui.ghost_cards import ghost_from

            return [ghost_from(name.removeprefix(GHOST), self._invitation.course)]
        if name != BEST:
            return []
        found = [
            best_of(self._store, player, self._invitation.course)
            for player in self._invitation.players
        ]
        if not any(found):
            self._warnings.append(
                "There is no best race on this text yet, in this mode and with these words: "
                "this one will be it."
            )
        return [ghost for ghost in found if ghost is not None]


def _is_card(name: str) -> bool:
    return name.lower().startswith(GHOST) and name.lower() not in (BEST, BAKED)
