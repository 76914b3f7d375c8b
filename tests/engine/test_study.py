"""What people's recorded answers score, against values by hand and against a naive loop."""

from __future__ import annotations

import math
from dataclasses import astuple
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bets import Bet, slip
from engine.bets import score as score_slip
from engine.errors import SlipError
from engine.study import (
    Answers,
    Costs,
    answer_of,
    crowd_bits,
    mean,
    mixed_bits,
    person_bits,
    right_answers,
    score,
    slip_bits,
)
from engine.words import only_word


def answers(truth: str, **counts: float) -> Answers:
    """Answers of one word each; `nothing` is a pass."""
    return Answers(
        truth, {answer_of("" if word == "nothing" else word): n for word, n in counts.items()}
    )


# ---- by hand ----


@pytest.mark.parametrize(
    ("share", "right", "instinct_bits", "bits"),
    [
        (0.5, True, 4, math.log2(32 / 17)),  # 1/2 + 1/2 · 1/16
        (0.5, False, 4, 5),
        (0.25, True, 1, math.log2(8 / 5)),  # 1/4 + 3/4 · 1/2
        (0.25, False, 1, 1 + math.log2(4 / 3)),
        (0.0, True, 4, 4),
        (0.0, False, 4, 4),
        (0.95, True, 1, -math.log2(0.975)),
        (1.0, True, 1, -math.log2(0.975)),
        (1.0, False, 3, 3 + math.log2(20)),
        (1.0, True, 0, 0),
        (1 / 3, True, 3, math.log2(12 / 5)),  # stakes are no whole percents
    ],
)
def test_a_slip(share: float, right: bool, instinct_bits: float, bits: float) -> None:
    assert slip_bits(share, right, instinct_bits) == pytest.approx(bits, abs=1e-12)


def test_a_target() -> None:
    # Four said sea, two tide, one passed, one wrote two words; Instinct gives 1/8, Reader 1/2.
    given = Answers(
        "sea",
        {("sea",): 4, ("tide",): 2, (): 1, ("the", "sea"): 1},
    )
    assert given.people == 8
    assert given.share == 0.5
    costs = score(given, 3.0, 1.0)
    right = -math.log2(1 / 2 + 1 / 2 / 8)
    tide = 3 - math.log2(3 / 4)
    two_words = 3 - math.log2(7 / 8)
    assert costs.instinct == 3
    assert costs.reader == 1
    assert costs.person == pytest.approx((4 * right + 2 * tide + 3 + two_words) / 8, abs=1e-12)
    assert costs.crowd == pytest.approx(-math.log2(0.8 * 0.5 + 0.2 / 8), abs=1e-12)
    assert costs.centaur == pytest.approx(-math.log2((0.425 + 0.5) / 2), abs=1e-12)


def test_a_target_nobody_knew() -> None:
    costs = score(answers("ledger", cook=10), 6.0, 2.0)
    assert costs.person == pytest.approx(6 + math.log2(20))
    assert costs.crowd == pytest.approx(6 + math.log2(5))
    assert costs.centaur == pytest.approx(-math.log2((0.2 / 64 + 1 / 4) / 2))


def test_the_mean_counts_each_target_once() -> None:
    found = mean([Costs(1, 2, 3, 4, 5), Costs(3, 2, 1, 0, 8), Costs(2, 2, 2, 2, 2)])
    assert found == Costs(2, 2, 2, 2, 5)
    one = Costs(0.1, 0.2, 0.3, 0.4, 0.5)
    assert mean([one]) == one


# ---- what an answer is ----


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("sea", ("sea",)),
        (" SEA.\n", ("sea",)),
        ("“Sea”", ("sea",)),
        ("didn’t", ("didn't",)),
        ("DIDN'T", ("didn't",)),
        ("ﬁn", ("fin",)),
        ("cafe\u0301", ("café",)),
        ("Straße", ("strasse",)),
        ("'em", ("em",)),
        ("1990", ("1990",)),
        ("猫", ("猫",)),
        ("", ()),
        ("  ", ()),
        ("—", ()),
        ("?!…", ()),
        ("the sea", ("the", "sea")),
        ("life-jacket", ("life", "jacket")),
        ("Life  jacket", ("life", "jacket")),
        ("猫犬", ("猫", "犬")),
    ],
)
def test_an_answer(typed: str, answer: tuple[str, ...]) -> None:
    assert answer_of(typed) == answer


@pytest.mark.parametrize(
    ("typed", "truth", "right"),
    [
        ("sea", "Sea", True),
        ("SEA,", "sea", True),
        ("didn’t", "didn't", True),
        ("cafe", "café", True),
        ("café", "cafe", False),
        ("didnt", "didn't", False),
        ("seas", "sea", False),
        ("the sea", "sea", False),
        ("sea shore", "sea", False),
        ("sea-shore", "sea", False),
        ("", "sea", False),
        ("1⁄2", "½", False),  # one sign, two words
    ],
)
def test_whether_it_is_right(typed: str, truth: str, right: bool) -> None:
    assert (answer_of(typed) in right_answers(truth)) is right


def test_without_accents_and_with_them_it_is_right_but_not_the_same_answer() -> None:
    given = answers("café", cafe=1, café=2, tea=1)
    assert given.share == 0.75
    paid = -math.log2(1 / 4 + 3 / 4 / 8), -math.log2(1 / 2 + 1 / 2 / 8), 3 - math.log2(3 / 4)
    assert person_bits(given, 3.0) == pytest.approx((paid[0] + 2 * paid[1] + paid[2]) / 4)


WORDS = st.text(alphabet="aAáäß'’ﬁ-. か", max_size=5)


@given(WORDS, st.sampled_from(["a", "A", "á", "a'a", "ß", "ﬁ", "か", "äa", "ss"]))
def test_one_word_is_right_where_the_game_says_so(typed: str, truth: str) -> None:
    """And what the game refuses as a bet is right only with signs around it."""
    right = answer_of(typed) in right_answers(truth)
    try:
        stake = slip([Bet(typed, 50)]).stake_on(truth)
    except SlipError:
        assert only_word(typed) is None
        assert not right or only_word(typed.strip("'’-. ")) is not None
    else:
        assert right is (stake == 50)


# ---- against a naive loop ----


def naive_person(people: list[str], truth: str, p: Fraction) -> float:
    """The mean over people, one by one, with exact probabilities."""
    total = 0.0
    for answer in people:
        share = Fraction(sum(other == answer for other in people), len(people))
        stake = min(share, Fraction(19, 20)) if answer else Fraction(0)
        on_truth = stake if answer == truth else Fraction(0)
        total -= math.log2(on_truth + (1 - stake) * p)
    return total / len(people)


PEOPLE = st.lists(st.sampled_from(["sea", "tide", "boat", "", "fog"]), min_size=1, max_size=50)


@given(PEOPLE, st.integers(1, 10**6), st.integers(1, 10**6))
def test_fast_equals_naive(people: list[str], one_in: int, reader_one_in: int) -> None:
    counts = {answer_of(word): people.count(word) for word in people}
    costs = score(Answers("Sea", counts), math.log2(one_in), math.log2(reader_one_in))
    p = Fraction(1, one_in)
    share = Fraction(people.count("sea"), len(people))
    crowd = Fraction(4, 5) * share + Fraction(1, 5) * p
    centaur = (crowd + Fraction(1, reader_one_in)) / 2
    assert costs.person == pytest.approx(naive_person(people, "sea", p), abs=1e-9)
    assert costs.crowd == pytest.approx(-math.log2(crowd), abs=1e-9)
    assert costs.centaur == pytest.approx(-math.log2(centaur), abs=1e-9)


@given(st.integers(1, 95), st.booleans(), st.floats(0, 60))
def test_with_whole_percents_it_is_a_slip_of_the_game(
    percent: int, right: bool, instinct_bits: float
) -> None:
    in_game = score_slip(slip([Bet("sea", percent)]), "sea" if right else "fog", instinct_bits)
    assert slip_bits(percent / 100, right, instinct_bits) == pytest.approx(in_game.bits)


# ---- what always holds ----

BITS = st.floats(0, 5000)
"""Also so many that 2^−bits is no number any more."""
SHARES = st.floats(0, 1)


@given(st.integers(1, 10**9), BITS)
def test_where_all_know_it_a_stake_is_left_on_instinct(n: int, bits: float) -> None:
    costs = score(answers("sea", Sea=n), bits, 1.0)
    assert costs.person == pytest.approx(-math.log2(0.95 + 0.05 * 2.0**-bits), abs=1e-12)
    assert costs.crowd == pytest.approx(-math.log2(0.8 + 0.2 * 2.0**-bits), abs=1e-12)


@given(BITS, BITS)
def test_where_all_pass_a_person_is_instinct(bits: float, reader: float) -> None:
    costs = score(answers("sea", nothing=7), bits, reader)
    assert costs.person == pytest.approx(bits)
    assert costs.crowd == pytest.approx(bits + math.log2(5))


COUNTS = st.dictionaries(
    st.sampled_from([("sea",), ("fog",), (), ("the", "sea"), ("boat",)]),
    st.floats(1e-9, 1e9),
    min_size=1,
)


@given(COUNTS, BITS, BITS)
def test_bits_are_finite_and_never_below_zero(
    counts: dict[tuple[str, ...], float], instinct: float, reader: float
) -> None:
    given = Answers("sea", counts)
    costs = score(given, instinct, reader)
    assert all(math.isfinite(bits) and bits >= 0 for bits in astuple(costs))
    assert 0 <= given.share <= 1
    # Nobody loses more than what a wrong answer of all people would.
    assert costs.person <= instinct + math.log2(20) + 1e-6
    assert costs.crowd <= instinct + math.log2(5) + 1e-6


@given(COUNTS, st.floats(0.01, 100), BITS)
def test_only_shares_count(
    counts: dict[tuple[str, ...], float], factor: float, instinct: float
) -> None:
    more = {answer: factor * n for answer, n in reversed(counts.items())}
    costs, same = (score(Answers("sea", some), instinct, 2.0) for some in (counts, more))
    assert astuple(costs) == pytest.approx(astuple(same))


@given(BITS, BITS)
def test_a_mixture_of_halves_is_at_most_a_bit_behind_the_better(
    one: float, other: float
) -> None:
    mixed = mixed_bits((0.5, one), (0.5, other))
    assert min(one, other) - 1e-6 <= mixed <= min(one, other) + 1 + 1e-6
    assert mixed == mixed_bits((0.5, other), (0.5, one))
    assert mixed <= max(one, other) + 1e-6


@given(SHARES, SHARES, BITS)
def test_the_more_people_know_it_the_less_the_crowd_pays(
    one: float, other: float, bits: float
) -> None:
    less, more = sorted((one, other))
    assert crowd_bits(more, bits) <= crowd_bits(less, bits) + 1e-9
    assert slip_bits(more, True, bits) <= slip_bits(less, True, bits) + 1e-9
    assert slip_bits(more, False, bits) >= slip_bits(less, False, bits) - 1e-9
