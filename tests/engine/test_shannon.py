"""Guessing until one is right: which guess was right, and what that costs."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import SlipError
from engine.shannon import MISSED, MOST_GUESSES, check_guess, cost, is_right, prices, rank
from engine.words import fold

PRIOR = [Fraction(n, 10) for n in (30, 12, 7, 5, 4, 42)]
"""As game.md has them: at guess 1 … 5, and missed."""

ranks = st.lists(st.integers(1, MISSED), max_size=40)


def chance(earlier: list[int], this: int) -> Fraction:
    """The rule: (n_r + a_r) / (n + Σ a)."""
    seen = Counter(earlier)
    return (seen[this] + PRIOR[this - 1]) / (len(earlier) + sum(PRIOR))


def bits_of(chance: Fraction) -> float:
    return math.log2(chance.denominator) - math.log2(chance.numerator)


def rising(start: Fraction, steps: int) -> Fraction:
    """start · (start + 1) · … with so many factors."""
    return math.prod((start + step for step in range(steps)), start=Fraction(1))


# ---- what it costs ----


@given(ranks, st.integers(1, MISSED), st.floats(0, 1000))
@example([], MISSED, 0.0)
@example([MISSED] * 40, 1, 7.0)
def test_a_turn_costs_what_the_rule_says(
    earlier: list[int], this: int, instinct: float
) -> None:
    expected = bits_of(chance(earlier, this)) + (instinct if this == MISSED else 0.0)
    assert cost(earlier, this, instinct) == pytest.approx(expected, abs=1e-9)
    assert cost(iter(earlier), this, instinct) == cost(earlier, this, instinct)


@given(ranks)
@example([1] * 40)
@example([MISSED])
def test_a_race_costs_what_its_counts_say_in_whatever_order(earlier: list[int]) -> None:
    """All turns together in closed form: rising factorials, whichever came first."""
    counts = Counter(earlier)
    whole = math.prod(
        (rising(PRIOR[one - 1], counts[one]) for one in range(1, MISSED + 1)),
        start=Fraction(1),
    ) / rising(sum(PRIOR, Fraction(0)), len(earlier))
    for turns in (earlier, sorted(earlier), sorted(earlier, reverse=True)):
        paid = math.fsum(cost(turns[:at], this, 0.0) for at, this in enumerate(turns))
        assert paid == pytest.approx(bits_of(whole), abs=1e-6)


@given(ranks)
def test_prices_are_a_code(earlier: list[int]) -> None:
    """All that can come of a turn takes up the whole of probability, no more."""
    told = prices(iter(earlier))
    assert len(told) == MISSED
    assert math.fsum(2.0**-bits for bits in told) == pytest.approx(1, abs=1e-12)
    for this, bits in enumerate(told, 1):
        assert bits == cost(earlier, this, 0.0)
        assert bits == pytest.approx(bits_of(chance(earlier, this)), abs=1e-9)


def test_the_first_turn_s_prices() -> None:
    assert prices([]) == pytest.approx([1.737, 3.059, 3.837, 4.322, 4.644, 1.252], abs=1e-3)


@given(ranks, st.integers(1, MISSED))
def test_what_happened_gets_cheaper_and_all_else_dearer(earlier: list[int], this: int) -> None:
    before, after = prices(earlier), prices([*earlier, this])
    for one, (was, now) in enumerate(zip(before, after, strict=True), 1):
        assert now < was if one == this else now > was


def test_a_miss_costs_instinct_s_bits_on_top_and_a_hit_never_does() -> None:
    for instinct in (0.0, 3.5, 1000.0):
        assert cost([1, 2], MISSED, instinct) == pytest.approx(
            prices([1, 2])[-1] + instinct, abs=1e-9
        )
        assert all(
            cost([1, 2], this, instinct) == prices([1, 2])[this - 1]
            for this in range(1, MISSED)
        )


# ---- which guess was right ----


@pytest.mark.parametrize(
    ("guess", "truth", "right"),
    [
        ("cook", "cook", True),
        ("COOK", "cook", True),
        ("cook", "Cook", True),
        ("cooks", "cook", False),
        ("coo", "cook", False),
        ("ete", "été", True),
        ("Ete", "été", True),
        ("été", "ete", False),
        ("étè", "été", False),
        ("e\u0301te\u0301", "été", True),
        ("STRASSE", "straße", True),
        ("didn’t", "didn't", True),
        ("didnt", "didn't", False),
        ("ﬁsh", "fish", True),
        ("猫", "猫", True),
        ("犬", "猫", False),
        ("ё", "е", False),
        ("е", "ё", True),
    ],
)
def test_a_guess_is_matched_like_a_bet(guess: str, truth: str, right: bool) -> None:
    assert is_right(guess, truth) is right
    assert rank([guess], truth) == (1 if right else MISSED)


def test_the_rank_is_the_guess_at_which_the_word_came() -> None:
    wrong = ["sea", "boat", "tide", "wave", "port"]
    for place in range(MOST_GUESSES):
        guesses = [*wrong[:place], "Harbour", *wrong[place:]][:MOST_GUESSES]
        assert rank(guesses, "harbour") == place + 1
    assert rank(wrong, "harbour") == MISSED == 6
    assert rank([], "harbour") == MISSED, "stopping early is a miss"
    assert rank(["cafe", "café"], "café") == 1


# ---- what is taken ----


@pytest.mark.parametrize(
    ("typed", "before"),
    [
        ("sea", ["sea"]),
        ("SEA", ["boat", "sea"]),
        ("didn’t", ["DIDN'T"]),
        ("ﬁn", ["fin"]),
        ("e\u0301te", ["éte"]),
        ("STRASSE", ["straße"]),
    ],
)
def test_a_word_is_guessed_once(typed: str, before: list[str]) -> None:
    with pytest.raises(SlipError, match="was guessed before"):
        check_guess(typed, before)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "a guess is one word"),
        ("   ", "a guess is one word"),
        ("...", "a guess is one word"),
        ("two words", "two words: guess the first"),
        ("life-jacket", "two words: guess the first"),
        ("猫犬", "a guess is one word"),
    ],
)
def test_what_is_no_guess(typed: str, why: str) -> None:
    with pytest.raises(SlipError) as caught:
        check_guess(typed, [])
    assert str(caught.value) == why


@pytest.mark.parametrize("word", ["sea", "Été", "didn’t", "猫"])
def test_a_guess_is_taken_as_typed_less_the_blanks(word: str) -> None:
    for typed in (word, f" {word}", f"{word}\t "):
        assert check_guess(typed, ["boat"]) == word
        with pytest.raises(SlipError):
            check_guess(typed, ["boat", fold(word)])


def test_without_its_accents_it_is_another_word() -> None:
    assert check_guess("cafe", ["café"]) == "cafe"
    assert check_guess("café", ["cafe"]) == "café"
