"""Bits by word in little room: to everybody who asks, a dictionary."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.word_bits import WordBits

BITS = st.floats(min_value=0, allow_nan=False)
SOME = st.dictionaries(st.integers(0, 12), BITS, max_size=6)


@given(first=st.lists(BITS, max_size=5), more=st.lists(SOME, max_size=4))
def test_it_is_the_dictionary_of_all_it_took_in(
    first: list[float], more: list[dict[int, float]]
) -> None:
    bits = WordBits(first)
    true = dict(enumerate(first))
    for some in more:
        bits.update(some)
        true.update(some)
    assert bits == true
    assert true == bits
    assert dict(bits) == true
    assert len(bits) == len(true)
    assert list(bits) == sorted(true), "in the order of the text"
    assert list(bits.values()) == [true[index] for index in sorted(true)]
    for index in range(-3, 20):
        assert (index in bits) == (index in true)
        assert bits.get(index) == true.get(index)


@given(one=SOME, other=SOME)
def test_two_are_equal_if_all_their_words_are(
    one: dict[int, float], other: dict[int, float]
) -> None:
    ours, theirs = WordBits(), WordBits()
    ours.update(one)
    theirs.update(other)
    assert (ours == theirs) == (one == other)


def test_at_first_there_are_none() -> None:
    bits = WordBits()
    assert not bits
    assert dict(bits) == {}
    bits.update({})
    assert len(bits) == 0


@pytest.mark.parametrize("index", [-1, 1, 3, 10**30])
def test_a_word_without_bits_is_no_key(index: int) -> None:
    bits = WordBits()
    bits.update({0: 1.5, 2: 2.5})
    with pytest.raises(KeyError):
        bits[index]


def test_later_bits_of_a_word_take_the_place_of_earlier_ones() -> None:
    bits = WordBits([1.0, 2.0])
    bits.update({1: 3.0})
    bits.update({1: 4.0})
    assert dict(bits) == {0: 1.0, 1: 4.0}
    assert len(bits) == 2


def test_bits_that_are_no_number_are_none() -> None:
    bits = WordBits([1.0, 2.0])
    bits.update({1: math.nan, 3: math.nan})
    assert dict(bits) == {0: 1.0}
    assert len(bits) == 1
    bits.update({3: 4.0})
    assert dict(bits) == {0: 1.0, 3: 4.0}
    assert len(bits) == 2


def test_there_is_no_word_before_the_first() -> None:
    bits = WordBits([1.0, 2.0])
    with pytest.raises(IndexError):
        bits.update({-1: 3.0})
    assert dict(bits) == {0: 1.0, 1: 2.0}


def test_a_word_takes_eight_bytes() -> None:
    bits = WordBits()
    for first in range(0, 100_000, 100):
        bits.update(dict.fromkeys(range(first, first + 100), 1.0))
    assert len(bits) == 100_000
    assert sys.getsizeof(bits._bits) < 1_000_000
    assert not hasattr(bits, "__dict__")
