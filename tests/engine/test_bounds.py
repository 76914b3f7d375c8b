"""Shannon's bounds: against his own table, and against the formula in fractions."""

from __future__ import annotations

import json
import math
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.bounds import Bounds, bounds

_REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "reference" / "shannon.json").read_text("utf-8")
)

counted = st.dictionaries(st.integers(1, 30), st.integers(0, 200), min_size=1).filter(
    lambda counts: any(counts.values())
)


def falling(counts: list[int]) -> dict[int, int]:
    """Counts by number of guesses, the most frequent first."""
    return dict(enumerate(sorted(counts, reverse=True), 1))


def test_the_reference() -> None:
    counts = {int(guess): n for guess, n in _REFERENCE["counts"].items()}
    assert sum(counts.values()) == 100
    found = bounds(counts)
    assert found is not None
    assert found.upper_bits == pytest.approx(_REFERENCE["upper_bits"], abs=1e-6)
    # Written with five places.
    assert found.lower_bits == pytest.approx(_REFERENCE["lower_bits"], abs=5e-6)


@given(counted)
@example({1: 3, 3: 4})
@example({5: 1})
def test_they_are_the_formula(counts: dict[int, int]) -> None:
    """Shares as fractions, over all numbers of guesses, those never needed too."""
    n = sum(counts.values())
    shares = [Fraction(counts.get(guess, 0), n) for guess in range(1, 40)]
    upper = -sum(float(share) * math.log2(share) for share in shares if share)
    lower = sum(
        guess * float(shares[guess - 1] - shares[guess]) * math.log2(guess)
        for guess in range(1, 39)
    )
    found = bounds(counts)
    assert found is not None
    assert found.upper_bits == pytest.approx(upper, abs=1e-9)
    assert found.lower_bits == pytest.approx(lower, abs=1e-9)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_the_lower_is_below_the_upper_where_shares_fall(counts: list[int]) -> None:
    """An ideal guesser tries the likeliest first, and then they are bounds."""
    found = bounds(falling(counts))
    assert found is not None
    assert 0 <= found.lower_bits <= found.upper_bits + 1e-9
    assert found.upper_bits <= math.log2(len(counts)) + 1e-9


def test_ends_of_the_scale() -> None:
    assert bounds({1: 7}) == Bounds(0.0, 0.0), "always at the first guess"
    even = bounds(dict.fromkeys(range(1, 9), 2))
    assert even is not None
    assert even.upper_bits == pytest.approx(3)
    assert even.lower_bits == pytest.approx(3)
    found = bounds(Counter([1, 1, 2, 2]))
    assert found is not None
    assert (found.lower_bits, found.upper_bits) == (pytest.approx(1), pytest.approx(1))


@pytest.mark.parametrize("counts", [{}, {1: 0}, {1: 0, 4: 0}])
def test_without_turns_there_are_none(counts: dict[int, int]) -> None:
    assert bounds(counts) is None


@given(counted)
def test_only_shares_matter(counts: dict[int, int]) -> None:
    once, thrice = bounds(counts), bounds({guess: 3 * n for guess, n in counts.items()})
    assert once is not None and thrice is not None
    assert thrice.lower_bits == pytest.approx(once.lower_bits, abs=1e-9)
    assert thrice.upper_bits == pytest.approx(once.upper_bits, abs=1e-9)
