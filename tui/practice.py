"""Practice: which of a player's turns come up again, and when.

A turn that went badly comes up a day later, and after each good try in a row twice as late as
the time before. Time is an argument everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from engine.errors import InputError
from engine.setup import Practised
from tui.store import Store
from tui.today import told
from tui.turn_scores import TurnScore, turn_scores

BAD_BITS = -0.5
"""Insight under which a turn has gone badly: habit knew better."""
FIRST_INTERVAL = timedelta(days=1)
LONGEST_INTERVAL = timedelta(days=256)
MOST_AT_ONCE = 5

_NOTHING = "There is nothing to practise yet: play a few races first."


@dataclass(frozen=True, slots=True)
class Try:
    """A turn as it once went."""

    turn: Practised
    at: datetime
    insight_bits: float


@dataclass(frozen=True, slots=True)
class Due:
    """A turn that is worth practising."""

    turn: Practised
    insight_bits: float
    """When it went worst."""
    on: datetime
    """From when on it comes up."""


def schedule(tries: Iterable[Try]) -> list[Due]:
    """All turns that are worth practising, the worst first.

    Args:
        tries: in any order.
    """
    in_order = sorted(tries, key=lambda one: (one.turn.text_sha256, one.turn.index, one.at))
    found: list[Due] = []
    for turn, of_turn in groupby(in_order, key=lambda one: one.turn):
        worst, interval, last = 0.0, FIRST_INTERVAL, None
        for one in of_turn:
            last = one.at
            if one.insight_bits < BAD_BITS:
                worst, interval = min(worst, one.insight_bits), FIRST_INTERVAL
            else:
                interval = min(2 * interval, LONGEST_INTERVAL)
        if worst and last is not None:
            found.append(Due(turn, worst, last + interval))
    return sorted(found, key=lambda one: (one.insight_bits, one.on, one.turn.text_sha256))


def due(tries: Iterable[Try], now: datetime) -> list[Due]:
    """The turns that come up now, the worst first."""
    return [one for one in schedule(tries) if one.on <= now]


def tries_of(store: Store, player_id: str) -> list[Try]:
    """All turns of a player whose words were shown; those of practice count for the turn they
    were taken from.

    Raises:
        StoreError: the store cannot be read. A race that is damaged is passed over.
    """
    found: list[Try] = []
    rows = store.score_events(player_id)
    for (text, _), events in groupby(rows, key=lambda row: row[:2]):
        read = turn_scores([row[2:] for row in events])
        found += [_try(text, turn) for turn in (read[2] if read else ())]
    return found


def to_practise(store: Store, player_id: str, now: datetime) -> list[Due]:
    """The turns of the next practice race.

    Raises:
        InputError: none is due; the sentence says when the next one will be.
    """
    all_there_are = schedule(tries_of(store, player_id))
    found = [one for one in all_there_are if one.on <= now][:MOST_AT_ONCE]
    if found:
        return found
    if not all_there_are:
        raise InputError(_NOTHING)
    on = min(one.on for one in all_there_are).astimezone()
    raise InputError(f"Nothing is due before {told(on.date())}, {on:%H:%M}.")


def practice_line(store: Store, player_id: str, now: datetime) -> str:
    """What is due, in a few words."""
    n = len(due(tries_of(store, player_id), now))
    return f"{n} word{'s' * (n != 1)} to try again" if n else "nothing is due"


def _try(text_sha256: str, turn: TurnScore) -> Try:
    taken_from = turn.practised or Practised(text_sha256, turn.index)
    return Try(taken_from, datetime.fromisoformat(turn.at), turn.insight_bits)
