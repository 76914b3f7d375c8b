"""Reader's best words as they are shown: the printed one among them, with what it cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.predictor import TopWord, TopWords
from engine.race import Race
from tui.expected import Expected, expected_words, ordinal


def tops(*words: tuple[str, float], rank: int | None = 9, certain: bool = True) -> TopWords:
    return TopWords(tuple(TopWord(*word) for word in words), True, 2, rank, certain)


FIVE = (("captain", 21.0), ("man", 9.1), ("boy", 4.0), ("mate", 3.2), ("thief", 2.0))


@pytest.fixture
def race(raced: Callable[..., Race]) -> Callable[..., Race]:
    """A race of one target at which the printed word cost Reader so many bits."""

    def make(bits: float, word: str = "cook") -> Race:
        return raced((word, 9.0, bits, "cook 50"))

    return make


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (102, "102nd"),
        (111, "111th"),
        (214, "214th"),
        (1013, "1013th"),
    ],
)
def test_places_as_they_are_said(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_a_word_far_down_stands_behind_the_others(race: Callable[..., Race]) -> None:
    found = expected_words(race(13.0), 0, tops(*FIVE, rank=214))
    assert [one.word for one in found] == [*(word for word, _ in FIVE), "cook"]
    assert found[-1] == Expected("cook", 100 * 2**-13.0, "214th", True)
    assert [one.is_printed for one in found] == [False] * 5 + [True]
    assert [one.rank for one in found[:-1]] == [""] * 5


def test_a_rank_that_was_not_counted_is_about(race: Callable[..., Race]) -> None:
    found = expected_words(race(13.0), 0, tops(*FIVE, rank=214, certain=False))
    assert found[-1].rank == "about 214th"


def test_a_word_without_a_rank_has_none(race: Callable[..., Race]) -> None:
    assert expected_words(race(13.0), 0, tops(*FIVE, rank=None))[-1].rank == ""


def test_a_word_among_the_best_keeps_its_place(race: Callable[..., Race]) -> None:
    found = expected_words(race(3.0, "man"), 0, tops(*FIVE, rank=2))
    assert [one.word for one in found] == [word for word, _ in FIVE]
    assert found[1] == Expected("man", 12.5, "", True)


def test_what_stood_on_it_is_what_it_cost_in_the_race(race: Callable[..., Race]) -> None:
    """Others count with all their cases; the printed form alone may stand lower."""
    found = expected_words(race(5.0, "Captain"), 0, tops(*FIVE, rank=4))
    assert [one.word for one in found] == ["man", "boy", "mate", "Captain", "thief"]
    assert found[3] == Expected("Captain", 3.125, "", True)


def test_a_form_that_falls_below_the_best_says_its_rank(race: Callable[..., Race]) -> None:
    found = expected_words(race(10.0, "Captain"), 0, tops(*FIVE, rank=31))
    assert [one.word for one in found] == ["man", "boy", "mate", "thief", "Captain"]
    assert found[-1].rank == "31st"


def test_what_a_model_says_is_safe(
    race: Callable[..., Race], hostile: tuple[str, ...], unsafe: Callable[[str], set[str]]
) -> None:
    found = expected_words(race(3.0), 0, tops(*((evil, 1.0) for evil in hostile)))
    assert not unsafe("".join(one.word for one in found))
    assert found[0].word == hostile[0]


@given(
    st.lists(st.floats(0.01, 99.0), min_size=0, max_size=5),
    st.floats(0.0, 30.0),
    st.integers(0, 9),
)
def test_there_is_always_one_printed_word(shares: list[float], bits: float, place: int) -> None:
    names = [f"word{letter}" for letter in "abcde"]
    words = sorted(zip(names, shares, strict=False), key=lambda one: -one[1])
    printed = words[place][0] if place < len(words) else "cook"
    race: Any = _Costs(printed, bits)
    found = expected_words(race, 0, tops(*words))
    (one,) = [one for one in found if one.is_printed]
    assert one.word == printed
    assert one.percent == pytest.approx(100 * math.exp2(-bits))
    assert len(found) == len(words) + (place >= len(words))
    others = [one.percent for one in found if not one.is_printed]
    assert others == sorted(others, reverse=True)


class _Costs:
    """As much of a race as is asked of it."""

    def __init__(self, word: str, bits: float) -> None:
        self.setup = self
        self.targets = (self,)
        self.word = word
        self.bits = bits

    def mind_score(self, target: int, mind: str) -> _Costs:
        return self
