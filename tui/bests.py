"""How a player has done so far on each of some texts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from engine import bets, race_log
from engine.bets import Slip
from engine.errors import BitraceError
from engine.race import Locked, Revealed
from tui.store import Store


def best_insights(store: Store, player_id: str, texts: Iterable[str]) -> dict[str, float]:
    """The insight of a player's best finished race on each text, first race or again, in bits.

    Args:
        store: where races are kept.
        player_id: of the player.
        texts: SHA-256 of the texts; those never raced to the end are left out.

    Raises:
        StoreError: the store cannot be read. A race that is damaged is passed over.
    """
    best: dict[str, float] = {}
    rows = store.finished_events(player_id, texts)
    for (text, _), events in groupby(rows, key=lambda row: row[:2]):
        insight = _insight_bits([row[2:] for row in events])
        if insight is not None:
            best[text] = max(insight, best.get(text, -math.inf))
    return best


def _insight_bits(events: list[tuple[int, str, int, str]]) -> float | None:
    """A player's insight in one race; None where the race is damaged.

    A replay would come to the same; it would also read all that was baked into the race.
    """
    words: list[str] = []
    slips: dict[int, Slip] = {}
    instinct_bits: dict[int, float] = {}
    try:
        for place, kind, version, body in events:
            fields: Any = json.loads(body)
            if kind == "started":
                words = [target["word"] for target in fields]
                continue
            match race_log.load(kind, version, fields):
                case Locked(target, player, slip) if player == place:
                    slips[target] = slip
                case Revealed(target, bits):
                    instinct_bits[target] = bits
                case _:
                    pass
        total = sum(
            bets.score(slips[target], word, instinct_bits[target]).insight_bits
            for target, word in enumerate(words)
        )
    except (BitraceError, ValueError, TypeError, LookupError, AttributeError):
        return None
    return total if words and math.isfinite(total) else None
