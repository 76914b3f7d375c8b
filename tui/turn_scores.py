"""What a player's turns in kept races came to, without reading all that was baked into them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import bets, choice, race_log, shannon
from engine.bets import Slip
from engine.errors import BitraceError
from engine.race import Guessed, Locked, Revealed
from engine.setup import Mode, Practised


@dataclass(frozen=True, slots=True)
class TurnScore:
    """A turn whose word has been shown."""

    index: int
    """Of the target among the words of the race's text."""
    at: str
    """When its word was shown: UTC, ISO 8601."""
    insight_bits: float
    practised: Practised | None = None
    """Where it was taken from, in a practice race."""


@dataclass(slots=True)
class _Log:
    """What one race's events say of one player."""

    targets: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    mode: Mode = "open"
    practised: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    slips: dict[int, Slip] = field(default_factory=dict[int, Slip])
    guesses: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    shown: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """Instinct's bits and when the word was shown, target by target."""


def turn_scores(
    events: Sequence[tuple[int, str, int, str]],
) -> tuple[Mode, int, list[TurnScore]] | None:
    """A player's turns in one race.

    Args:
        events: rows of `Store.score_events` without text and race: the player's place, kind,
            version, body.

    Returns:
        The race's mode, how many targets it has, and the turns; None where it is damaged.
    """
    log = _Log()
    try:
        for place, kind, version, body in events:
            _read(log, place, kind, version, json.loads(body))
        turns = [
            TurnScore(
                log.targets[target]["index"],
                at,
                insight_bits,
                Practised(**log.practised[target]) if log.practised else None,
            )
            for target, ((_, at), insight_bits) in enumerate(
                zip(log.shown, _insights(log), strict=True)
            )
        ]
    except (BitraceError, ValueError, TypeError, LookupError, AttributeError):
        return None
    if not log.targets or not all(math.isfinite(turn.insight_bits) for turn in turns):
        return None
    return log.mode, len(log.targets), turns


def _read(log: _Log, place: int, kind: str, version: int, body: Any) -> None:
    if kind == "started":
        log.targets, mode, practised = body
        log.mode, log.practised = mode or "open", practised or []  # the first races had neither
        return
    match race_log.load(kind, version, body):
        case Guessed(target, player, word) if player == place:
            log.guesses.setdefault(target, []).append(word)
        case Locked(target, player, slip) if player == place:
            log.slips[target] = slip
        case Revealed(_, instinct_bits, _, at):
            log.shown.append((instinct_bits, at))
        case _:
            pass


def _insights(log: _Log) -> list[float]:
    """Insight of each turn, by the rule of the race's mode."""
    ranks: list[int] = []
    found: list[float] = []
    for target, (instinct_bits, _) in enumerate(log.shown):
        truth = log.targets[target]["word"]
        if log.mode == "shannon":
            this = shannon.rank(log.guesses.get(target, ()), truth)
            found.append(instinct_bits - shannon.cost(ranks, this, instinct_bits))
            ranks.append(this)
        else:
            score = choice.score if log.mode == "choice" else bets.score
            found.append(score(log.slips[target], truth, instinct_bits).insight_bits)
    return found
