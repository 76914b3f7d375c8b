"""A race as it would be, before anything of it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.setup import Mode, Player
from engine.words import words
from puzzles.facts import minutes
from tui.choose import Found, Wish
from tui.company import Invitation, gather, split_names
from tui.ghosts import Course, best_of
from tui.opening import check, course_of, names_for, passage_for, racing
from tui.rivals import Rival, coming, rivals
from tui.settings import Settings
from tui.store import Store


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a race before it is begun."""

    title: str
    n_words: int
    """Of the passage."""
    n_targets: int
    mode: Mode
    players: tuple[str, ...]
    """Their names."""
    raced_before: tuple[str, ...]
    """Names of those of them who have raced on the passage before."""
    clock_s: int
    """Seconds a target; 0 for no clock."""
    has_primer: bool
    rivals: tuple[Rival, ...]
    """All who could race against them."""
    coming: tuple[str, ...]
    """Names of those who will."""

    @property
    def minutes(self) -> int:
        """About how long it takes; players at one terminal play one after the other."""
        return max(1, round(minutes(self.n_words, self.n_targets * len(self.players))))


@dataclass(frozen=True, slots=True)
class Offer:
    """A race that can be begun."""

    store: Store
    wish: Wish
    found: Found
    preview: Preview


def offer(store: Store, wish: Wish, found: Found, settings: Settings) -> Offer:
    """What was found, as a race that can be begun. Nothing is written.

    Raises:
        BitraceError: it cannot be, with the reason.
    """
    return Offer(store, wish, found, preview(store, wish, found, settings))


def preview(store: Store, wish: Wish, found: Found, settings: Settings) -> Preview:
    """The race that would be begun. Nothing is written; players need not be known yet.

    Args:
        store: where races are kept.
        wish: what was asked for.
        found: what `find` gave for it.
        settings: the player's.

    Raises:
        BitraceError: it could not be begun, with the reason.
    """
    check(wish, settings)
    names = names_for(wish, settings)
    players = tuple(store.find_player(name) or Player("", name) for name in names)
    raced = [store.played_texts([player.id]) for player in players]
    mode, chosen = passage_for(wish, found, settings, raced)
    course, baked = course_of(mode, chosen), racing(mode, chosen)
    against = split_names(wish.against or settings.against)
    company = gather(
        store,
        Invitation(
            names=against,
            players=players,
            course=course,
            baked=baked,
            has_primer=bool(chosen.primer),
            has_preface=bool(chosen.preface),
        ),
    )
    everybody = rivals(wish, against, chosen, baked, _has_best(store, players, course))
    return Preview(
        title=chosen.title,
        n_words=len(words(chosen.text.normalized)),
        n_targets=len(chosen.targets),
        mode=mode,
        players=names,
        raced_before=tuple(
            name
            for name, texts in zip(names, raced, strict=True)
            if chosen.text.sha256 in texts
        ),
        clock_s=settings.clock_s if wish.clock_s is None else wish.clock_s,
        has_primer=bool(chosen.primer),
        rivals=everybody,
        coming=tuple(coming(everybody, company, against)),
    )


def _has_best(store: Store, players: Sequence[Player], course: Course) -> bool:
    return any(best_of(store, player, course) for player in players)
