"""Today's race: of the pack `days` one passage a day, for everybody, hidden until then.

The day is an argument everywhere; `local_day` alone looks at the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from engine.errors import InputError
from puzzles.builtin import load_builtin
from puzzles.facts import PassageFacts
from puzzles.load import Loaded, Pack
from tui.literal import clean

if TYPE_CHECKING:
    from engine.race import Race
    from tui.choose import Found, Wish
    from tui.store import RaceOn, Store

PACK = "days"
TOMORROW = "The next one comes tomorrow."
_FIRST_DAY = date(1970, 1, 1)
_A_DAY = timedelta(days=1)


def local_day() -> date:
    """The date where the player is."""
    return date.today()


def passage_of(day: date, n: int) -> int:
    """Place of a day's passage among so many."""
    return (day - _FIRST_DAY).days % n


def day_of(place: int, n: int, today: date) -> date:
    """The day on which the passage at a place comes next; today, where it is today's."""
    return today + (place - passage_of(today, n)) % n * _A_DAY


def told(day: date) -> str:
    """A day in a sentence: `3 December`. None lies so far ahead that it needs a year."""
    return f"{day.day} {day:%B}"


# ---- what is hidden ----


def hidden(passages: Sequence[PassageFacts], seen: Set[str], today: date) -> Mapping[int, date]:
    """Places of the passages that are not to be seen yet, and the days on which they come.

    Args:
        passages: of the pack, in its order.
        seen: SHA-256 of the texts that the player has seen.
        today: the date.
    """
    n = len(passages)
    days = {place: day_of(place, n, today) for place in range(n)}
    return {
        place: day
        for place, day in days.items()
        if day > today and passages[place].text_sha256 not in seen
    }


def veiled(passages: Sequence[PassageFacts], days: Mapping[int, date]) -> list[PassageFacts]:
    """The passages for a list: nothing is told of the hidden ones but their days.

    Args:
        passages: of the pack, in its order.
        days: from `hidden`.
    """
    return [
        _veil(one, days[place]) if place in days else one for place, one in enumerate(passages)
    ]


def listed(
    id: str, passages: Sequence[PassageFacts], seen: Set[str], today: date
) -> tuple[PassageFacts, ...]:
    """The passages of a pack for a list, with nothing told of those that are hidden.

    Args:
        id: of the pack.
        passages: all of them, in their order.
        seen: SHA-256 of the texts that the player has raced on.
        today: the date.
    """
    if id != PACK:
        return tuple(passages)
    n, days = len(passages), hidden(passages, seen, today)
    told_of = veiled(passages, days)
    # Today's, then those that were raced, then the hidden ones as they come.
    order = sorted(range(n), key=lambda place: (place in days, day_of(place, n, today)))
    return tuple(told_of[place] for place in order)


def to_come(id: str, passages: Sequence[PassageFacts], seen: Set[str], today: date) -> set[str]:
    """SHA-256 of the texts of a pack that are hidden."""
    if id != PACK:
        return set()
    return {passages[place].text_sha256 for place in hidden(passages, seen, today)}


# ---- what is played ----


def is_of_days(found: Found) -> bool:
    """Whether what was asked for is the pack with a passage for each day."""
    return isinstance(found.what, Loaded) and not found.origin and found.what.pack.id == PACK


def settle(
    wish: Wish, found: Found, raced: Sequence[Set[str]], today: date
) -> tuple[Wish, Found]:
    """Today's passage, or one that all players have raced, on the terms that all have.

    Args:
        wish: what was asked for.
        found: the pack `days`.
        raced: for each player the SHA-256 of the texts they have raced on.
        today: the date.

    Raises:
        InputError: it is hidden, or there is no such passage, or the terms would be others.
    """
    assert isinstance(found.what, Loaded)
    pack = found.what.pack
    if wish.mode not in (None, "open") or wish.n_targets or wish.seed or wish.uniform:
        raise InputError(
            "A day's race is the same for everybody, open and with its own five words: leave "
            "out --mode, --targets, --seed and --draw."
        )
    n = len(pack.passages)
    place = passage_of(today, n)
    if found.passage_id is not None:
        place = _place(pack, found.passage_id)
    passage, day = pack.passages[place], day_of(place, n, today)
    if day > today and not all(passage.text.sha256 in texts for texts in raced):
        raise InputError(f"That one is hidden until its day: {told(day)}.")
    return replace(wish, mode="open"), replace(found, passage_id=passage.id)


def check_next(raced: Sequence[Set[str]], passages: Sequence[str], today: date) -> None:
    """Refuse to go on to a next passage where all players have raced today's.

    Args:
        raced: for each player the SHA-256 of the texts they have raced on.
        passages: SHA-256 of the pack's texts, in its order.
        today: the date.

    Raises:
        InputError: there is nothing more today.
    """
    if all(passages[passage_of(today, len(passages))] in texts for texts in raced):
        raise InputError(TOMORROW)


def _place(pack: Pack, typed: str) -> int:
    """Place of a passage by its id, or by a day on which it comes: 2026-12-03."""
    ids = [passage.id for passage in pack.passages]
    if typed in ids:
        return ids.index(typed)
    try:
        return passage_of(date.fromisoformat(typed), len(ids))
    except ValueError:
        raise InputError(
            f"The pack {PACK} has no passage {clean(typed)!r}: `bitrace play {PACK}` plays "
            "today's."
        ) from None


def _veil(passage: PassageFacts, day: date) -> PassageFacts:
    # Short: lists have about fourteen cells for it on a narrow terminal.
    return replace(passage, id=day.isoformat(), title=f"hidden, {day.day} {day:%b}", theme="")


# ---- the streak ----


def days_kept(
    races: Iterable[RaceOn], passages: Sequence[str], zone: tzinfo | None = None
) -> set[date]:
    """The days whose race was begun on the day itself, and finished at any time.

    Args:
        races: of a player.
        passages: SHA-256 of the pack's texts, in its order.
        zone: where the player is; None for what this computer says.
    """
    n = len(passages)
    begun = [
        (race.text_sha256, begun_on(race.started_at, zone)) for race in races if race.finished
    ]
    return {day for text, day in begun if text == passages[passage_of(day, n)]}


def begun_on(started_at: str, zone: tzinfo | None = None) -> date:
    """The date, where the player is, of a time in UTC."""
    return datetime.fromisoformat(started_at).astimezone(zone).date()


def streak(days: Set[date], today: date) -> int:
    """How many days in a row were kept, up to today, or to yesterday where today may follow."""
    day = today if today in days else today - _A_DAY
    n = 0
    while day in days:
        n, day = n + 1, day - _A_DAY
    return n


def in_a_row(n: int) -> str:
    """A streak for a list: `3 days in a row`; nothing where there is none to speak of."""
    return f"{n} days in a row" if n > 1 else ""


def streak_line(store: Store, race: Race, today: date) -> str | None:
    """What a finished race was for the players' streaks, in a sentence; None for any other
    race than that of its own day."""
    setup = race.setup
    if setup.pack is None or setup.pack.id != PACK or setup.origin or race.phase != "finished":
        return None
    day = begun_on(setup.started_at)
    texts = [passage.text.sha256 for passage in load_builtin(PACK).passages]
    if texts[passage_of(day, len(texts))] != setup.text_sha256:
        return None
    streaks = [
        streak(days_kept(store.races_on(player.id, texts), texts), day)
        for player in setup.players
    ]
    names = [f"{clean(player.name)}: " for player in setup.players] if streaks[1:] else [""]
    parts = [
        f"{name}Day {n} in a row." if n > 1 else f"{name}Day 1 of a streak."
        for name, n in zip(names, streaks, strict=True)
    ]
    return " ".join([*parts, *([TOMORROW] if day == today else [])])
