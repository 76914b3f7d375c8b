"""A player's turn in words: what was bet, staked or guessed."""

from __future__ import annotations

from engine.bets import PASS
from engine.race import Race
from engine.shannon import is_right
from tui.literal import clean

MISS = "✗"
HIT = "✓"


def said(race: Race, target: int, player: int) -> str:
    """What a player said at a target they have locked in, safe to show."""
    if race.setup.mode == "shannon":
        return _guessed(race, target, player)
    slip = race.slip(target, player)
    if slip == PASS:
        return "passed"
    bets = slip.bets
    if race.setup.mode == "choice":  # what was thought likely comes first
        bets = tuple(sorted(bets, key=lambda bet: -bet.percent))
    return clean(" ".join(f"{bet.word} {bet.percent}" for bet in bets))


def _guessed(race: Race, target: int, player: int) -> str:
    truth = race.setup.targets[target].word
    guesses = race.guesses.get((target, player), ())
    told = [f"{guess} {HIT if is_right(guess, truth) else MISS}" for guess in guesses]
    return clean(" · ".join(told)) or "no guess"
