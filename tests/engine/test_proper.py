"""Saying what one believes is the best one can say, in each mode that takes stakes.

Expected bits over a belief cannot fall below its entropy, whoever says whatever (Gibbs); the
slip that comes to the belief itself attains it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine import bets, choice, shannon
from engine.bets import MOST_BETS, MOST_STAKED, Bet, Slip
from engine.choice import N_WORDS, staked

ROUNDING = 1e-9
WORDS = ("anchor", "barrel", "candle", "dagger", "engine", "feather")
OTHER = "garden"
"""Stands for all words that the player does not think of."""


def entropy(belief: Mapping[str, float]) -> float:
    """In bits."""
    return -math.fsum(share * math.log2(share) for share in belief.values() if share)


# ---- choice ----


def bits_by_stake() -> list[float]:
    """What a stake on the true word costs, by its percent, from real slips."""
    found = [math.nan]
    for stake in range(1, 100):
        slip = staked(WORDS[:2], (stake, 100 - stake))
        found.append(choice.score(slip, WORDS[0], 2.0).bits)
        mirrored = staked(WORDS[:2], (100 - stake, stake))
        assert choice.score(mirrored, WORDS[1], 2.0).bits == found[stake]
    return found


def test_no_other_stakes_on_two_or_three_words_are_better() -> None:
    """All stakes against all beliefs of whole percents."""
    costs = np.array(bits_by_stake())
    for n in (2, 3):
        shares = np.array(
            [
                (*front, 100 - sum(front))
                for front in itertools.product(range(1, 100), repeat=n - 1)
                if sum(front) < 100
            ]
        )
        assert len(shares) == math.comb(99, n - 1)
        said = costs[shares]
        own = np.einsum("ij,ij->i", shares, said)
        for first in range(0, len(shares), 500):
            expected = shares[first : first + 500] @ said.T
            best = expected.min(axis=1)
            assert np.all(best >= own[first : first + 500] - 1e-9)
            # And only the belief itself is as good.
            assert np.all((expected <= best[:, None] + 1e-9).sum(axis=1) == 1)


@st.composite
def six_shares(draw: st.DrawFn) -> tuple[int, ...]:
    """Whole percents of at least one on six words."""
    cuts = st.lists(st.integers(1, 99), min_size=5, max_size=5, unique=True)
    edges = [0, *sorted(draw(cuts)), 100]
    return tuple(end - start for start, end in itertools.pairwise(edges))


def expected_in_choice(belief: tuple[int, ...], stakes: tuple[int, ...]) -> float:
    slip = staked(WORDS, stakes)
    return math.fsum(
        share / 100 * choice.score(slip, word, 2.0).bits
        for word, share in zip(WORDS, belief, strict=True)
    )


@given(six_shares(), six_shares())
@example((95, 1, 1, 1, 1, 1), (1, 95, 1, 1, 1, 1))
@example((17, 17, 17, 17, 16, 16), (95, 1, 1, 1, 1, 1))
def test_no_other_stakes_on_six_words_are_better(
    belief: tuple[int, ...], stakes: tuple[int, ...]
) -> None:
    own = expected_in_choice(belief, belief)
    other = expected_in_choice(belief, stakes)
    assert own == pytest.approx(
        entropy({word: share / 100 for word, share in zip(WORDS, belief, strict=True)})
    )
    assert own <= other if stakes == belief else own < other


@given(six_shares())
def test_one_point_moved_anywhere_is_a_loss(belief: tuple[int, ...]) -> None:
    own = expected_in_choice(belief, belief)
    for giver, taker in itertools.permutations(range(N_WORDS), 2):
        if belief[giver] > 1:
            moved = list(belief)
            moved[giver] -= 1
            moved[taker] += 1
            assert expected_in_choice(belief, tuple(moved)) > own


# ---- open ----


@st.composite
def habits(draw: st.DrawFn) -> dict[str, float]:
    """Instinct's probabilities of the words and of all others; none is nothing."""
    n = draw(st.integers(1, MOST_BETS))
    weight = st.floats(1e-12, 1) | st.sampled_from([1e-300, 1e-6, 1.0])
    weights = draw(st.lists(weight, min_size=n + 1, max_size=n + 1))
    whole = math.fsum(weights)
    return {word: one / whole for word, one in zip((*WORDS[:n], OTHER), weights, strict=True)}


@st.composite
def slips(draw: st.DrawFn) -> Slip:
    """A legal one on any of the words, in any order, by another case too."""
    some = draw(st.lists(st.sampled_from(WORDS), max_size=MOST_BETS, unique=True))
    left = MOST_STAKED
    made: list[Bet] = []
    for word in some:
        if left < 1:
            break
        stake = draw(st.integers(1, left))
        made.append(Bet(draw(st.sampled_from([word, word.upper()])), stake))
        left -= stake
    return bets.slip(made)


def expected_in_open(
    belief: Mapping[str, float], habit: Mapping[str, float], slip: Slip
) -> float:
    """Expected bits: each word's score, weighted by how much one believes in it."""
    return math.fsum(
        share * bets.score(slip, word, -math.log2(habit[word])).bits
        for word, share in belief.items()
        if share
    )


@given(habits(), slips(), st.data())
def test_no_slip_is_better_than_the_belief(
    habit: dict[str, float], slip: Slip, data: st.DataObject
) -> None:
    weight = st.floats(0, 1) | st.sampled_from([0.0, 1e-9, 1.0])
    weights = data.draw(st.lists(weight, min_size=len(habit), max_size=len(habit)).filter(any))
    whole = math.fsum(weights)
    belief = {word: one / whole for word, one in zip(habit, weights, strict=True)}
    assert expected_in_open(belief, habit, slip) >= entropy(belief) - ROUNDING


@given(habits(), slips())
@example({WORDS[0]: 0.5, OTHER: 0.5}, bets.PASS)
@example({WORDS[0]: 1e-300, OTHER: 1.0}, Slip((Bet(WORDS[0], 99),)))
def test_the_slip_that_comes_to_the_belief_attains_it(
    habit: dict[str, float], slip: Slip
) -> None:
    """Whatever is staked, there is a belief for which that is just right: stakes plus what
    stays on habit. So s = b − rest · p_instinct is the best slip, where it is one."""
    on_words = [bet for bet in slip.bets if bet.word.lower() in habit]
    slip = bets.slip(on_words)
    belief = {
        word: slip.stake_on(word) / 100 + slip.rest / 100 * share
        for word, share in habit.items()
    }
    assert math.fsum(belief.values()) == pytest.approx(1)
    for bet in slip.bets:
        recovered = belief[bet.word.lower()] - slip.rest / 100 * habit[bet.word.lower()]
        assert recovered == pytest.approx(bet.percent / 100)
    assert expected_in_open(belief, habit, slip) == pytest.approx(entropy(belief), abs=ROUNDING)


@given(habits(), st.data())
def test_whole_percents_cost_next_to_nothing(
    habit: dict[str, float], data: st.DataObject
) -> None:
    """Any belief that a slip can say, said to the nearest percent."""
    named = [word for word in habit if word != OTHER]
    rest = data.draw(st.floats(0.2, 0.9))
    cuts = sorted(
        data.draw(st.lists(st.floats(0, 1), min_size=len(named) - 1, max_size=len(named) - 1))
    )
    edges = [0.0, *cuts, 1.0]
    wanted = {
        word: (1 - rest) * (end - start)
        for word, (start, end) in zip(named, itertools.pairwise(edges), strict=True)
    }
    belief = {word: rest * habit[word] + wanted.get(word, 0.0) for word in habit}
    slip = bets.slip(
        [Bet(word, round(100 * share)) for word, share in wanted.items() if share >= 0.005]
    )
    said = {
        word: slip.stake_on(word) / 100 + slip.rest / 100 * share
        for word, share in habit.items()
    }
    # What a distribution that is a little off costs, at the most: Kullback–Leibler by χ².
    off = math.fsum((belief[word] - said[word]) ** 2 / said[word] for word in belief)
    over = expected_in_open(belief, habit, slip) - entropy(belief)
    assert -ROUNDING <= over <= off / math.log(2) + ROUNDING


def test_saying_more_or_less_than_one_believes_is_a_loss() -> None:
    """By one word's stake, over all whole percents."""
    habit = {"anchor": 0.08, OTHER: 0.92}
    for right in (1, 30, 60, 98):
        fits = bets.slip([Bet("anchor", right)])
        share = right / 100 + fits.rest / 100 * habit["anchor"]
        belief = {"anchor": share, OTHER: 1 - share}
        expected = {
            stake: expected_in_open(belief, habit, bets.slip([Bet("anchor", stake)]))
            for stake in range(1, MOST_STAKED + 1)
        }
        assert min(expected, key=expected.__getitem__) == right
        assert all(expected[stake] > expected[stake + 1] for stake in range(1, right))
        assert all(expected[stake] < expected[stake + 1] for stake in range(right, 99))


# ---- Shannon ----


@given(
    st.lists(st.integers(1, shannon.MISSED), max_size=20),
    st.lists(st.sampled_from(WORDS), max_size=shannon.MOST_GUESSES, unique=True),
    st.lists(st.floats(1e-9, 1), min_size=7, max_size=7),
    st.lists(st.floats(1e-9, 1), min_size=7, max_size=7),
)
def test_no_guesses_are_better_than_the_belief(
    earlier: list[int], guesses: list[str], believed: list[float], expected: list[float]
) -> None:
    """What a word costs is a code, whatever is guessed: at the most one in all."""
    every = (*WORDS, OTHER)
    habit = {word: one / math.fsum(expected) for word, one in zip(every, expected, strict=True)}
    belief = {
        word: one / math.fsum(believed) for word, one in zip(every, believed, strict=True)
    }
    bits = {
        word: shannon.cost(earlier, shannon.rank(guesses, word), -math.log2(habit[word]))
        for word in every
    }
    assert math.fsum(2.0**-one for one in bits.values()) <= 1 + ROUNDING
    mean = math.fsum(belief[word] * bits[word] for word in every)
    assert mean >= entropy(belief) - ROUNDING
