"""The mode in which one guesses until one is right, coded by the race so far.

After C. E. Shannon's guessing game of 1951: what is told of a word is at which guess it came.
That is coded adaptively: p(rank r) = (n_r + a_r) / (n + Σ a), counts from zero in each race.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from engine.bets import Bet, Slip, check_word
from engine.errors import SlipError
from engine.words import fold

MOST_GUESSES = 5
MISSED = MOST_GUESSES + 1
"""Stands for the rank of a word that was not guessed."""
_PRIOR = (3.0, 1.2, 0.7, 0.5, 0.4, 4.2)
"""Turns there seem to have been before the race: at guess 1 … 5, and missed."""


def rank(guesses: Sequence[str], truth: str) -> int:
    """At which guess the true word came, from 1; `MISSED` where it did not.

    A guess is matched like a bet: case does not matter, nor do accents that were left out.
    """
    for number, guess in enumerate(guesses, 1):
        if is_right(guess, truth):
            return number
    return MISSED


def is_right(guess: str, truth: str) -> bool:
    """Whether a guess is the true word."""
    return Slip((Bet(guess, 1),)).stake_on(truth) > 0


def cost(earlier: Iterable[int], this: int, instinct_bits: float) -> float:
    """Bits of a turn.

    Args:
        earlier: ranks of the same player's turns before it, in this race.
        this: its own rank.
        instinct_bits: surprisal of the true word under Instinct, which a miss costs on top.
    """
    counts = list(_PRIOR)
    for one in earlier:
        counts[one - 1] += 1
    bits = -math.log2(counts[this - 1] / math.fsum(counts))
    return bits + instinct_bits if this == MISSED else bits


def prices(earlier: Iterable[int]) -> tuple[float, ...]:
    """Bits of a hit at each guess from the first, then of a miss without Instinct's.

    Args:
        earlier: ranks of the same player's turns before, in this race.
    """
    before = tuple(earlier)
    return tuple(cost(before, this, 0.0) for this in range(1, MISSED + 1))


def check_guess(typed: str, guesses: Sequence[str]) -> str:
    """A typed guess, ready to be taken.

    Args:
        typed: what was typed.
        guesses: those before it in the same turn.

    Raises:
        SlipError: it is not one word, or was guessed before.
    """
    word = typed.strip()
    if len(word.split()) > 1:
        raise SlipError("two words: guess the first")
    check_word(word, "guess", "guess the first")
    if fold(word) in {fold(guess) for guess in guesses}:
        raise SlipError(f"{word} was guessed before")
    return word
