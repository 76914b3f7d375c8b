"""Slips and what they score.

A slip is up to five words with a stake in whole percent each; what is not staked stays on
Instinct: p(w) = stake on w + rest · p_instinct(w). Bits are −log2 p, insight is Instinct's
bits less one's own.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from engine.errors import SlipError
from engine.words import fold, has_digit, only_word

MOST_BETS = 5
MOST_STAKED = 99
FIRST_STAKE = 50
"""Stake of a word typed without a number, until a number has been typed."""

_ACCENTS = regex.compile(r"[\u0300-\u036f]+")
_NUMBER = regex.compile(r"([+-]?\d{1,9})%?")
_WORD_THEN_NUMBER = regex.compile(r"(\D+)\d+%?")


@dataclass(frozen=True, slots=True)
class Bet:
    """A word and what is staked on it."""

    word: str
    percent: int


@dataclass(frozen=True, slots=True)
class Slip:
    """The bets of one turn; empty for a pass. Made by `slip` or `parse`."""

    bets: tuple[Bet, ...] = ()

    @property
    def rest(self) -> int:
        """Percent that stays on Instinct."""
        return 100 - sum(bet.percent for bet in self.bets)

    def stake_on(self, truth: str) -> int:
        """Percent staked on the true word.

        Case does not matter, nor does the kind of apostrophe. A word typed without accents
        also stands for the accented one, unless another bet names that one exactly.
        """
        wanted = fold(truth)
        plain = without_accents(wanted)
        for bet in self.bets:
            if fold(bet.word) == wanted:
                return bet.percent
        return next((bet.percent for bet in self.bets if fold(bet.word) == plain), 0)


PASS = Slip()


@dataclass(frozen=True, slots=True)
class Score:
    """What a turn came to."""

    bits: float
    insight_bits: float


@dataclass(frozen=True, slots=True)
class Risk:
    """What is at stake, in bits, from the stakes alone."""

    right_bits: float
    """Cost if the word with the largest stake comes, at the most."""
    wrong_bits: float
    """Cost on top of Instinct's if none of the words comes."""


def slip(bets: Sequence[Bet]) -> Slip:
    """A slip of bets.

    Raises:
        SlipError: it breaks a rule; the sentence says which.
    """
    for bet in bets:
        check_word(bet.word)
        if not 1 <= bet.percent <= MOST_STAKED:
            raise SlipError(f"a stake is 1 to {MOST_STAKED} percent")
    if len(bets) > MOST_BETS:
        raise SlipError("five bets at the most")
    if len({fold(bet.word) for bet in bets}) < len(bets):
        raise SlipError("the same word twice")
    staked = sum(bet.percent for bet in bets)
    if staked > MOST_STAKED:
        raise SlipError(f"stakes add up to {staked}: at least 1 percent stays on instinct")
    return Slip(tuple(bets))


def parse(line: str, default_stake: int = FIRST_STAKE) -> Slip:
    """Read a typed slip: words, each followed by its stake or not (`harbour 60 sea 20`).

    Words without a number share `default_stake`, or what remains of 99 if that is less.

    Raises:
        SlipError: it cannot be read or breaks a rule.
    """
    typed: list[tuple[str, int | None]] = []
    for part in line.replace(",", " ").split():
        if not (number := _NUMBER.fullmatch(part)):
            typed.append((_typed_word(part), None))
        elif not typed:
            raise SlipError(f"a word comes first, then its stake: word {part}")
        elif typed[-1][1] is not None:
            raise SlipError(f"two stakes after {typed[-1][0]}: one word, one stake")
        else:
            typed[-1] = (typed[-1][0], int(number.group(1)))
    return slip(_share_out(typed, default_stake))


def last_stake(line: str) -> int | None:
    """The last stake typed in a line, which becomes the default of the next; None if none."""
    numbers = [
        match for part in line.replace(",", " ").split() if (match := _NUMBER.fullmatch(part))
    ]
    stake = int(numbers[-1].group(1)) if numbers else 0
    return stake if 1 <= stake <= MOST_STAKED else None


def score(a_slip: Slip, truth: str, instinct_bits: float) -> Score:
    """Score a slip on the true word, Instinct's bits for that word given."""
    by_habit = a_slip.rest / 100 * 2.0**-instinct_bits
    stake = a_slip.stake_on(truth) / 100
    if stake:
        bits = -math.log2(stake + by_habit)
    else:
        # Written as a sum, so that bits stay finite where 2^−bits would vanish.
        bits = instinct_bits - math.log2(a_slip.rest / 100)
    bits = max(0.0, bits)
    return Score(bits, instinct_bits - bits)


def risk(a_slip: Slip) -> Risk | None:
    """What a slip puts at risk; None for a pass, which risks nothing."""
    if not a_slip.bets:
        return None
    largest = max(bet.percent for bet in a_slip.bets)
    return Risk(-math.log2(largest / 100), -math.log2(a_slip.rest / 100))


def without_accents(word: str) -> str:
    """A word less the combining accents of Latin, Greek and Cyrillic letters."""
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word)))


def check_word(word: str, called: str = "bet", instead: str = "bet on the first") -> None:
    """Refuse what is not exactly one word.

    Args:
        word: what was typed.
        called: what it is called in the sentence.
        instead: what to do where it is two words.

    Raises:
        SlipError: with the sentence.
    """
    if only_word(word) is not None:
        return
    if len([part for part in regex.split(r"[-‐‑–]", word) if part]) > 1:
        raise SlipError(f"two words: {instead}")
    raise SlipError(f"a {called} is one word")


def _typed_word(part: str) -> str:
    if has_digit(part):
        joined = _WORD_THEN_NUMBER.fullmatch(part)
        hint = f": leave a space, {joined.group(1)} {part[joined.end(1) :]}" if joined else ""
        raise SlipError(f"no word to predict has a digit{hint}")
    word = part.strip('"“”„«»().;:!?…')
    return word or part


def _share_out(typed: list[tuple[str, int | None]], default_stake: int) -> list[Bet]:
    unstaked = sum(1 for _, percent in typed if percent is None)
    left = MOST_STAKED - sum(percent for _, percent in typed if percent is not None)
    if unstaked and left < unstaked:
        raise SlipError(
            f"nothing is left for {_first_unstaked(typed)}: stakes add up to 99 at the most"
        )
    pot = max(min(default_stake, left), unstaked)
    bets: list[Bet] = []
    for word, percent in typed:
        if percent is None:
            percent = -(-pot // unstaked)
            pot -= percent
            unstaked -= 1
        bets.append(Bet(word, percent))
    return bets


def _first_unstaked(typed: list[tuple[str, int | None]]) -> str:
    return next(word for word, percent in typed if percent is None)
