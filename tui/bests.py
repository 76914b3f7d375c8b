"""How a player has done so far on each of some texts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import groupby

from engine.setup import Mode
from tui.store import Store
from tui.turn_scores import turn_scores


def best_insights(
    store: Store, player_id: str, texts: Iterable[str], mode: Mode = "open"
) -> dict[str, float]:
    """The insight of a player's best finished race on each text, first race or again, in bits.

    Args:
        store: where races are kept.
        player_id: of the player.
        texts: SHA-256 of the texts; those never raced to the end are left out.
        mode: the one whose races count: bits of one are not those of another.

    Raises:
        StoreError: the store cannot be read. A race that is damaged is passed over.
    """
    best: dict[str, float] = {}
    rows = store.score_events(player_id, texts)
    for (text, _), events in groupby(rows, key=lambda row: row[:2]):
        read = turn_scores([row[2:] for row in events])
        if read is None:
            continue
        of_race, n_targets, turns = read
        if of_race == mode and len(turns) == n_targets:
            insight = sum(turn.insight_bits for turn in turns)
            best[text] = max(insight, best.get(text, -math.inf))
    return best
