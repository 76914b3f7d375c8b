"""What the tutorial says while it is raced: slip, stake, bit and insight, by doing."""

from __future__ import annotations

from engine.bets import PASS
from engine.race import Race
from tui.views import signed

PASSAGE = "warm-up/milk-money"
"""A short text with five targets, the first of them within 25 words."""

_BEFORE = (
    "What comes next? Type a word and how sure you are, in percent: `teapot 60`. "
    "Enter locks it in.",
    "What you don't stake stays on Instinct, who sees only the last four words. "
    "Not sure? Stake less.",
    "Up to five words in one slip: `mother 30 sister 20`. ↑ ↓ change a stake, "
    "Tab completes a word of the text.",
    "Only who has followed can know this one. Being sure and wrong is dear: "
    "say what you believe, no more.",
    "Now by yourself. An empty line passes: then you pay what Instinct pays.",
)


def coach(race: Race, revealed: int | None) -> str:
    """What the tutorial says now; nothing in a race that is none.

    Args:
        race: the race.
        revealed: the target whose word has just been shown; None while one writes.
    """
    if not race.setup.tutorial:
        return ""
    if revealed is not None:
        return _after(race, revealed)
    return _BEFORE[race.target] if race.target < len(_BEFORE) else ""


def _after(race: Race, target: int) -> str:
    score, slip = race.score(target, 0), race.slip(target, 0)
    on_it = slip.stake_on(race.setup.targets[target].word)
    match target:
        case 0 if on_it:
            return (
                f"You had {on_it} % on it: {score.bits:.1f} bits. A bit is one halving: 50 % "
                "costs 1 bit, 25 % costs 2. Fewer is better."
            )
        case 0:
            return (
                f"Not on your slip: {score.bits:.1f} bits. A bit is one halving: 50 % on the "
                "word costs 1 bit, 25 % costs 2. Fewer is better."
            )
        case 1:
            return (
                f"Instinct alone paid {race.reveals[target].instinct_bits:.1f} bits, you "
                f"{score.bits:.1f}. Some words habit knows; others only you can."
            )
        case 2:
            return (
                f"Insight is what you saved against Instinct: {signed(score.insight_bits)} "
                "bits here. The lanes add it up, and the most insight wins."
            )
        case 3 if slip == PASS:
            return "You passed: no insight, no loss. When you know nothing, that is right."
        case 3:
            return (
                f"{signed(score.insight_bits)} bits of insight. Goldfish remembers twelve "
                "words, Reader all of them, as you do."
            )
        case _:
            return (
                "Enter shows how it went. Tab leads to Memory there: how much each word cost "
                "with ever more of the text in mind."
            )
