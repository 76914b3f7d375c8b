"""Beginning a race: all that is settled before the first word, written down."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.choice import N_WORDS, pool
from engine.errors import InputError
from engine.race import Drawn, Race
from engine.setup import Mode, Player, Practised, Setup, Target
from engine.words import Text
from tui.beforehand import to_keep
from tui.choice_readings import baked_sixes
from tui.choose import Chosen
from tui.company import Company, gather_again
from tui.session import now
from tui.store import Store

MANY = 3
"""Players from which the six words are the usual mode."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a race is run."""

    mode: Mode = "open"
    clock_s: int | None = None
    model: str = ""
    """Path of the model that races; empty for the starter model."""
    company: Company = field(default_factory=Company)
    against: tuple[str, ...] = ()
    """By which names it was called together."""
    tutorial: bool = False
    """Whether players are told how the game goes while they race."""
    practised: tuple[Practised, ...] = ()
    """In a practice race, where each target comes from."""


def usual_mode(n_players: int) -> Mode:
    """The mode when none is asked for."""
    return "choice" if n_players >= MANY else "open"


def begin(
    store: Store, chosen: Chosen, players: Sequence[Player], terms: Terms | None = None
) -> Race:
    """Begin a race and write it down.

    Args:
        store: where it is kept.
        chosen: the passage with its targets.
        players: who plays, in their first order.
        terms: how; by default open, against the usual opponents.

    Raises:
        InputError: the choice mode finds no six words at any target.
        StoreError: it could not be written.
    """
    terms = terms or Terms()
    text_sha256 = chosen.text.sha256
    setup = Setup(
        race_id=uuid.uuid4().hex,
        title=chosen.title,
        text_sha256=text_sha256,
        targets=chosen.targets,
        draw=chosen.draw,
        players=tuple(players),
        attempts=tuple(1 + store.n_attempts(player.id, text_sha256) for player in players),
        minds=terms.company.minds,
        started_at=now(),
        mode=terms.mode,
        pack=chosen.pack,
        passage=chosen.passage,
        origin=chosen.origin,
        source=chosen.source,
        primer=chosen.primer,
        primer_sha256=chosen.primer_sha256,
        preface=chosen.preface,
        preface_sha256=chosen.preface_sha256,
        model_path=terms.model,
        clock_s=terms.clock_s,
        baked=to_keep(chosen.baked, (target.index for target in chosen.targets)),
        against=terms.against,
        further_models=terms.company.further_models,
        ghosts=terms.company.ghosts,
        crowd=terms.company.crowd,
        mixtures=terms.company.mixtures,
        pool=tuple(chosen.elsewhere.values()) if terms.mode == "choice" else (),
        tutorial=terms.tutorial,
        practised=terms.practised,
    )
    return _start(store, setup, chosen.text)


def begin_again(store: Store, race: Race, text: Text) -> Race:
    """Begin another race of the same players on the same text and targets.

    Whoever was asked for comes anew: the ghost of one's best is of what is the best by now.

    Raises:
        StoreError: the store cannot be read, or the race could not be written.
    """
    before = race.setup
    company = gather_again(store, before)
    setup = replace(
        before,
        race_id=uuid.uuid4().hex,
        attempts=tuple(
            1 + store.n_attempts(player.id, before.text_sha256) for player in before.players
        ),
        started_at=now(),
        minds=company.minds,
        ghosts=company.ghosts,
        crowd=company.crowd,
        mixtures=company.mixtures,
    )
    return _start(store, setup, text)


def _start(store: Store, setup: Setup, text: Text) -> Race:
    sixes = baked_sixes(setup) if setup.mode == "choice" else {}
    if len(sixes) == len(setup.targets):
        setup = replace(setup, pool=())  # nothing is left to be drawn
    race = store.begin(setup, text)
    drawn = [Drawn(target, six) for target, six in sorted(sixes.items())]
    return store.append(race, drawn) if drawn else race


def with_sixes(
    text: Text, targets: Sequence[Target], elsewhere: dict[str, str]
) -> tuple[Target, ...]:
    """Those targets at which there are five other words to choose from.

    Raises:
        InputError: there is none.
    """
    kept = tuple(
        target
        for target in targets
        if len(pool(text.normalized, target.index, elsewhere)) >= N_WORDS - 1
    )
    if not kept:
        raise InputError(
            "There are too few words here to hide one among six: play --mode open or shannon."
        )
    return kept
