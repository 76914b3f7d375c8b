"""Nobody's mixture: against exact values, against fractions, and what it promises."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.mixture import mix

_REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "reference" / "mixture.json").read_text("utf-8")
)
MOST_BITS = 1_000
Costs = list[list[float]]
HoledCosts = list[list[int | None]]


@st.composite
def costs(draw: st.DrawFn, most_targets: int = 12) -> Costs:
    """What each of some racers paid at each target; all were there."""
    n = draw(st.integers(1, 6))
    bits = st.sampled_from([0.0, 1e-9, 1.0, 999.5, float(MOST_BITS)]) | st.floats(0, MOST_BITS)
    rows = st.lists(bits, min_size=n, max_size=n)
    return draw(st.lists(rows, min_size=1, max_size=most_targets))


@st.composite
def holed(draw: st.DrawFn) -> HoledCosts:
    """Whole bits, which are fractions of a power of two; some racers come and go."""
    n = draw(st.integers(1, 6))
    bits = st.none() | st.integers(0, 40) | st.sampled_from([0, MOST_BITS])
    rows = st.lists(bits, min_size=n, max_size=n)
    return draw(st.lists(rows, min_size=1, max_size=12))


def naively(rows: Sequence[Sequence[int | None]]) -> list[float | None]:
    """The rule of the reference, in fractions."""
    weights = [Fraction(1, len(rows[0]))] * len(rows[0])
    found: list[float | None] = []
    for row in rows:
        here = [place for place, bits in enumerate(row) if bits is not None]
        if not here:
            found.append(None)
            continue
        chances = {place: Fraction(1, 2 ** (row[place] or 0)) for place in here}
        held = sum((weights[place] for place in here), Fraction(0))
        mixed = sum((weights[place] / held * chances[place] for place in here), Fraction(0))
        for place in here:
            weights[place] *= chances[place] / mixed
        found.append(_bits(mixed))
    return found


def _bits(chance: Fraction) -> float:
    return math.log2(chance.denominator) - math.log2(chance.numerator)


def totals(rows: Costs) -> list[float]:
    """What each racer paid in all."""
    return [math.fsum(paid) for paid in zip(*rows, strict=True)]


def total(bits: Sequence[float | None]) -> float:
    return math.fsum(one for one in bits if one is not None)


def test_the_reference() -> None:
    rows = list(zip(*_REFERENCE["bits_by_player"].values(), strict=True))
    assert len(rows) == 4
    mixed = mix(rows)
    assert mixed == pytest.approx(_REFERENCE["nobody_bits"], abs=1e-6)
    assert total(mixed) == pytest.approx(_REFERENCE["nobody_total"], abs=1e-6)
    assert total(mixed) <= min(map(sum, _REFERENCE["bits_by_player"].values())) + math.log2(3)


@given(holed())
@example([[0, MOST_BITS]] * 12)
@example([[MOST_BITS, MOST_BITS - 1, None], [None, None, None], [0, None, MOST_BITS]])
def test_it_is_the_rule_in_fractions(rows: HoledCosts) -> None:
    mixed = mix(rows)
    assert len(mixed) == len(rows)
    for got, expected in zip(mixed, naively(rows), strict=True):
        assert (got is None) == (expected is None)
        assert got is None or got == pytest.approx(expected, abs=1e-6)


@given(costs())
@example([[0.0, 1000.0], [1000.0, 0.0]] * 6)
@example([[1000.0] * 6] * 12)
def test_the_promise_holds_where_all_were_there(rows: Costs) -> None:
    n = len(rows[0])
    mixed = total(mix(rows))
    assert mixed <= min(totals(rows)) + math.log2(n) + 1e-6
    # It is the mean of what all gave to the whole text, as if that were one word.
    least = min(totals(rows))
    mean = math.fsum(2.0 ** (least - one) for one in totals(rows)) / n
    assert mixed == pytest.approx(least - math.log2(mean), abs=1e-6)


@given(holed())
def test_who_was_not_always_there_is_beaten_by_no_more_where_they_were(
    rows: HoledCosts,
) -> None:
    mixed = mix(rows)
    for place in range(len(rows[0])):
        mine = [row[place] for row in rows]
        both = [(one, bits) for one, bits in zip(mixed, mine, strict=True) if bits is not None]
        lead = math.fsum((one or 0.0) - bits for one, bits in both)
        assert lead <= math.log2(len(rows[0])) + 1e-6


@given(holed())
def test_a_turn_lies_between_its_best_and_its_worst(rows: HoledCosts) -> None:
    for mixed, row in zip(mix(rows), rows, strict=True):
        here = [bits for bits in row if bits is not None]
        assert (mixed is None) == (not here)
        if mixed is not None:
            assert min(here) - 1e-6 <= mixed <= max(here) + 1e-6
            assert math.isfinite(mixed) and math.copysign(1, mixed) > 0


@given(holed(), st.randoms(use_true_random=False))
def test_nobody_s_place_matters(rows: HoledCosts, source: Any) -> None:
    order = list(range(len(rows[0])))
    source.shuffle(order)
    shuffled = [[row[place] for place in order] for row in rows]
    for one, other in zip(mix(rows), mix(shuffled), strict=True):
        assert one == other or one == pytest.approx(other, abs=1e-6)


@given(st.lists(st.none() | st.floats(0, MOST_BITS), min_size=1, max_size=8))
def test_one_alone_and_twins_are_themselves(bits: list[float | None]) -> None:
    for n in (1, 2, 5):
        for mixed, one in zip(mix([[one] * n for one in bits]), bits, strict=True):
            assert mixed == one or mixed == pytest.approx(one, abs=1e-6)


def test_later_words_change_nothing_before_them() -> None:
    rows = [[1.0, 3.0], [5.0, None], [2.0, 0.5], [None, None], [7.0, 7.5]]
    for n in range(len(rows) + 1):
        assert mix(rows[:n]) == mix(rows)[:n]


def test_weight_follows_who_has_done_well() -> None:
    first, second = mix([[1.0, 9.0], [4.0, 4.0 + 9.0]])
    assert first is not None and second is not None
    assert first == pytest.approx(2.0, abs=0.01), "half of what one gave"
    assert second == pytest.approx(4.0, abs=0.01), "by now the other counts for little"


def test_nobody_there_and_no_targets() -> None:
    assert mix([]) == ()
    assert mix([[]]) == (None,)
    assert mix([[None, None], [2.0, None]]) == (None, 2.0)
