"""The card: one finished race of one player as JSON, from which all shown can be recomputed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from engine.bets import score
from engine.errors import RaceError
from engine.race import Race

CARD_FORMAT = 1
PLACES = 6
"""Bits are rounded to this many places before anything is summed or hashed."""


def make(race: Race, player: int) -> dict[str, Any]:
    """The card of a player in a finished race.

    Raises:
        RaceError: the race is not finished.
    """
    if race.phase != "finished" or race.instinct is None:
        raise RaceError("A card is written at the end of a race: this one is not finished.")
    setup = race.setup
    turns = [_turn(race, target, player) for target in range(len(setup.targets))]
    card: dict[str, Any] = {
        "format": CARD_FORMAT,
        "pack": asdict(setup.pack) if setup.pack else None,
        "passage": setup.passage,
        "text_sha256": setup.text_sha256,
        "primer_sha256": setup.primer_sha256,
        "preface_sha256": setup.preface_sha256,
        "mode": setup.mode,
        "targets": {**asdict(setup.draw), "starts": [target.start for target in setup.targets]},
        "attempt": setup.attempts[player],
        "known": player in race.known,
        "clock_s": setup.clock_s,
        "player": {"name": setup.players[player].name, "id": setup.players[player].id},
        "instinct": asdict(race.instinct),
        "minds": {key: asdict(race.minds[key]) for key in setup.minds},
        "turns": turns,
        "totals": _totals(turns, setup.minds),
    }
    return {**card, "hash": card_hash(card)}


def canonical(card: dict[str, Any]) -> bytes:
    """A card in the one form that is hashed: keys sorted, no spaces, its own hash left out."""
    body = {key: value for key, value in card.items() if key != "hash"}
    text = json.dumps(
        body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return text.encode()


def card_hash(card: dict[str, Any]) -> str:
    """SHA-256 (hex) of a card's canonical form."""
    return hashlib.sha256(canonical(card)).hexdigest()


def _turn(race: Race, target: int, player: int) -> dict[str, Any]:
    locked = race.locked[target, player]
    reveal = race.reveals[target]
    truth = race.setup.targets[target]
    instinct_bits = _rounded(reveal.instinct_bits)
    return {
        "word": truth.word,
        "start": truth.start,
        "slip": [asdict(bet) for bet in locked.slip.bets],
        "instinct_bits": instinct_bits,
        # From the rounded bits, so that the card alone gives the same number.
        "bits": _rounded(score(locked.slip, truth.word, instinct_bits).bits),
        "minds": {key: _rounded(reveal.minds[key]) for key in race.setup.minds},
        "locked_at": locked.at,
    }


def _totals(turns: list[dict[str, Any]], minds: tuple[str, ...]) -> dict[str, Any]:
    bits = _rounded(sum(turn["bits"] for turn in turns))
    instinct_bits = _rounded(sum(turn["instinct_bits"] for turn in turns))
    return {
        "bits": bits,
        "instinct_bits": instinct_bits,
        "insight_bits": _rounded(instinct_bits - bits),
        "minds": {key: _rounded(sum(turn["minds"][key] for turn in turns)) for key in minds},
    }


def _rounded(bits: float) -> float:
    return round(bits, PLACES) + 0.0  # no negative zero
