"""How a player has done so far on each of some texts."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from engine import bets, choice, race_log, shannon
from engine.bets import Slip
from engine.errors import BitraceError
from engine.race import Guessed, Locked, Revealed
from engine.setup import Mode
from tui.store import Store


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
    rows = store.finished_events(player_id, texts)
    for (text, _), events in groupby(rows, key=lambda row: row[:2]):
        insight = _insight_bits([row[2:] for row in events], mode)
        if insight is not None:
            best[text] = max(insight, best.get(text, -math.inf))
    return best


def _insight_bits(events: list[tuple[int, str, int, str]], mode: Mode) -> float | None:
    """A player's insight in one race; None where it is damaged or of another mode.

    A replay would come to the same; it would also read all that was baked into the race.
    """
    words: list[str] = []
    slips: dict[int, Slip] = {}
    guesses: dict[int, list[str]] = {}
    instinct_bits: dict[int, float] = {}
    try:
        for place, kind, version, body in events:
            fields: Any = json.loads(body)
            if kind == "started":
                targets, of_race = fields
                if (of_race or "open") != mode:  # the first races had no other
                    return None
                words = [target["word"] for target in targets]
                continue
            match race_log.load(kind, version, fields):
                case Guessed(target, player, word) if player == place:
                    guesses.setdefault(target, []).append(word)
                case Locked(target, player, slip) if player == place:
                    slips[target] = slip
                case Revealed(target, bits):
                    instinct_bits[target] = bits
                case _:
                    pass
        if mode == "shannon":
            total = _guessing(words, guesses, instinct_bits)
        else:
            score = choice.score if mode == "choice" else bets.score
            total = sum(
                score(slips[target], word, instinct_bits[target]).insight_bits
                for target, word in enumerate(words)
            )
    except (BitraceError, ValueError, TypeError, LookupError, AttributeError):
        return None
    return total if words and math.isfinite(total) else None


def _guessing(
    words: list[str], guesses: dict[int, list[str]], instinct_bits: dict[int, float]
) -> float:
    """The insight of a race in which one guesses."""
    ranks: list[int] = []
    total = 0.0
    for target, word in enumerate(words):
        this = shannon.rank(guesses.get(target, ()), word)
        total += instinct_bits[target] - shannon.cost(ranks, this, instinct_bits[target])
        ranks.append(this)
    return total
