"""The card: one finished race of one player as JSON, from which all shown can be recomputed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from engine import bets, choice, shannon
from engine.errors import RaceError
from engine.minds import INSTINCT
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
    turn: dict[str, Any] = {
        "word": truth.word,
        "start": truth.start,
        "slip": [asdict(bet) for bet in locked.slip.bets],
        "instinct_bits": instinct_bits,
        # From the rounded bits, so that the card alone gives the same number.
        "bits": _rounded(_bits(race, target, player, instinct_bits)),
        "minds": {key: _rounded(reveal.minds[key]) for key in race.setup.minds},
        "locked_at": locked.at,
    }
    if race.setup.mode == "choice":
        turn["six"] = _six(race, target)
    if race.setup.mode == "shannon":
        turn["guesses"] = list(race.guesses.get((target, player), ()))
    return turn


def _bits(race: Race, target: int, player: int, instinct_bits: float) -> float:
    slip, truth = race.slip(target, player), race.setup.targets[target].word
    match race.setup.mode:
        case "open":
            return bets.score(slip, truth, instinct_bits).bits
        case "choice":
            return choice.score(slip, truth, instinct_bits).bits
        case "shannon":
            earlier = [race.rank(before, player) for before in range(target)]
            return shannon.cost(earlier, race.rank(target, player), instinct_bits)


def _six(race: Race, target: int) -> list[dict[str, Any]]:
    """The six words as they were shown, each with everybody's bits among the six."""
    bits = race.reveals[target].six
    return [
        {
            "word": word,
            "instinct_bits": _rounded(bits[INSTINCT.key][place]),
            "minds": {key: _rounded(bits[key][place]) for key in race.setup.minds},
        }
        for place, word in enumerate(race.sixes[target])
    ]


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
