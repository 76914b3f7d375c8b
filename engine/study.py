"""Cloze norms: what people's recorded answers score, beside a model's.

Many people were asked for the next word at the same place of a text. Each answer is scored as
a slip with that one word, at a stake equal to the share of people who gave it; all answers
together as a forecast of their own; and that forecast mixed with Reader's. Stakes here are
shares, not whole percents.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.bets import without_accents
from engine.words import fold, prepare, words

MOST_SHARE = 0.95
"""What one answer stakes at the most: however many agree, something stays on Instinct."""
CROWD_WEIGHT = 0.8
"""What the forecast of all answers stakes on them; the rest stays on Instinct."""
READER_WEIGHT = 0.5
"""Reader's part in the centaur; the rest is the crowd's."""

Answer: TypeAlias = tuple[str, ...]
"""The words of an answer, folded; empty for a pass. Answers equal in this are the same."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What people answered at one target."""

    truth: str
    """The word that stands there, as printed."""
    counts: Mapping[Answer, float]
    """How many people gave each answer, always above 0; one answer at least."""

    @property
    def people(self) -> float:
        """How many answered, those who passed or wrote no single word included."""
        return math.fsum(self.counts.values())

    @property
    def share(self) -> float:
        """The share of people (0 to 1) whose answer was the true word."""
        right = right_answers(self.truth)
        given = (n for answer, n in self.counts.items() if answer in right)
        return math.fsum(given) / self.people


@dataclass(frozen=True, slots=True)
class Costs:
    """What a target costs, or targets in the mean, in bits."""

    instinct: float
    person: float
    """One person, in the mean over all who answered."""
    crowd: float
    """The answers of all, mixed."""
    reader: float
    centaur: float
    """The crowd and Reader, mixed half and half."""


def answer_of(typed: str) -> Answer:
    """What somebody wrote, as it is compared.

    Signs around and between words do not count, as nothing but words is predicted: `Sea.` is
    the answer `sea`, a lone dash is a pass, and `life-jacket` is two words.

    Args:
        typed: from a text without hundreds of combining marks in a row (`too_many_marks`).
    """
    return tuple(fold(word.text) for word in words(prepare(typed).normalized))


def right_answers(truth: str) -> frozenset[Answer]:
    """The answers that are the true word, as a bet of the game would be.

    Case does not matter, nor does the kind of apostrophe, and an answer without accents also
    stands for the accented word. A bet is one word, so several are never right.
    """
    wanted = fold(truth)
    return frozenset({(wanted,), (without_accents(wanted),)})


def score(answers: Answers, instinct_bits: float, reader_bits: float) -> Costs:
    """What a target costs everybody, the models' bits for the true word given."""
    crowd = crowd_bits(answers.share, instinct_bits)
    return Costs(
        instinct=instinct_bits,
        person=person_bits(answers, instinct_bits),
        crowd=crowd,
        reader=reader_bits,
        centaur=mixed_bits((1 - READER_WEIGHT, crowd), (READER_WEIGHT, reader_bits)),
    )


def person_bits(answers: Answers, instinct_bits: float) -> float:
    """Bits of one person's slip, in the mean over all who answered.

    Whoever passed pays what Instinct pays. Several words are a bet like any other, and lost:
    they stake their share as every wrong answer does.
    """
    people, right = answers.people, right_answers(answers.truth)

    def paid(answer: Answer, share: float) -> float:
        return slip_bits(share if answer else 0.0, answer in right, instinct_bits)

    return math.fsum(n / people * paid(one, n / people) for one, n in answers.counts.items())


def slip_bits(share: float, right: bool, instinct_bits: float) -> float:
    """Bits of a slip with one word: p = stake · [right] + (1 − stake) · p_instinct.

    Args:
        share: the share (0 to 1) of people who gave that answer. So much is staked, up to
            `MOST_SHARE`.
        right: whether it is the true word.
        instinct_bits: Instinct's for the true word.
    """
    stake = min(share, MOST_SHARE)
    return mixed_bits((stake if right else 0.0, 0.0), (1 - stake, instinct_bits))


def crowd_bits(share: float, instinct_bits: float) -> float:
    """Bits of all people's answers mixed, the share (0 to 1) of the true word given."""
    return mixed_bits((CROWD_WEIGHT * share, 0.0), (1 - CROWD_WEIGHT, instinct_bits))


def mixed_bits(*parts: tuple[float, float]) -> float:
    """−log2 Σ weight · 2^−bits.

    Args:
        parts: weight and bits of each; weights add up to 1 at the most and are not all 0.
    """
    # Summed from the likeliest on, so that bits stay finite where 2^−bits would vanish.
    costs = [bits - math.log2(weight) for weight, bits in parts if weight]
    least = min(costs)
    return max(0.0, least - math.log2(math.fsum(2.0 ** (least - cost) for cost in costs)))


def mean(costs: Sequence[Costs]) -> Costs:
    """The mean over targets, each counting once, of which there is one at least."""

    def of(bits: Iterable[float]) -> float:
        return math.fsum(bits) / len(costs)

    return Costs(
        instinct=of(one.instinct for one in costs),
        person=of(one.person for one in costs),
        crowd=of(one.crowd for one in costs),
        reader=of(one.reader for one in costs),
        centaur=of(one.centaur for one in costs),
    )
