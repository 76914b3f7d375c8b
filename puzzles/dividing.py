"""How a chapter becomes passages: it is cut where that costs least in all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.words import Text
from puzzles.pieces import Closes, pieces

SHORTEST = 150
USUAL = 300
LONGEST = 450
"""Words of a passage; a whole text of fewer than `SHORTEST` is one too."""

_FEWEST_IN_UNIT = 5
"""Words below which nothing stands apart: a number or a cry goes with what is next to it."""

_PRICES = {Closes.PARAGRAPH: 0.0, Closes.SENTENCE: 10.0, Closes.WORD: 1_000.0}
"""What a cut costs, where 1 is a passage 150 words off the usual length."""
_PRICE_IN_LONG = 0.5
"""Of a cut behind a sentence, in a paragraph that is too long for one passage."""
_PRICE_OF_A_WORD = 1e6
"""For each word by which a passage is too short or too long."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not divided: a sentence or so."""

    start: int
    end: int
    n_words: int
    closes: Closes
    price: float
    """Of a cut behind it."""


def spans(text: Text) -> list[tuple[int, int]]:
    """Start and end of the passages of a chapter, at the least price in all."""
    units = _units(text)
    before = [0]
    for unit in units:
        before.append(before[-1] + unit.n_words)
    prices = [0.0]
    starts = [0]
    for stop, unit in enumerate(units, start=1):
        least, best = float("inf"), 0
        for start in reversed(range(stop)):
            n_words = before[stop] - before[start]
            price = prices[start] + _price(n_words)
            if price <= least:
                least, best = price, start
            if n_words > LONGEST:
                break
        # The end of the chapter is no cut.
        prices.append(least + (unit.price if stop < len(units) else 0))
        starts.append(best)
    bounds = [len(units)]
    while bounds[-1]:
        bounds.append(starts[bounds[-1]])
    bounds.reverse()
    return [_span(units, start, stop) for start, stop in pairwise(bounds)]


def _span(units: list[_Unit], start: int, stop: int) -> tuple[int, int]:
    last = units[stop - 1]
    # What is between paragraphs has no words (a row of stars) and ends no passage; what is
    # between the words of a sentence has its marks.
    inside = last.closes is Closes.WORD and stop < len(units)
    return units[start].start, units[stop].start if inside else last.end


def _price(n_words: int) -> float:
    """Of a passage of so many words."""
    price = ((n_words - USUAL) / SHORTEST) ** 2
    if SHORTEST <= n_words <= LONGEST:
        return price
    return price + _PRICE_OF_A_WORD * max(SHORTEST - n_words, n_words - LONGEST)


def _units(text: Text) -> list[_Unit]:
    """The units of a chapter, in order; together they have all its words."""
    units: list[_Unit] = []
    for paragraph in _by_paragraph(text):
        # A short paragraph goes with what it stands before, as a heading does.
        if units and units[-1].n_words < _FEWEST_IN_UNIT:
            paragraph[0] = _merged(units.pop(), paragraph[0])
        units += paragraph
    if len(units) > 1 and units[-1].n_words < _FEWEST_IN_UNIT:
        last = units.pop()
        units[-1] = _merged(units[-1], last)
    return units


def _by_paragraph(text: Text) -> Iterator[list[_Unit]]:
    """The units of each paragraph; only one alone may have few words."""
    units: list[_Unit] = []
    for piece in pieces(text):
        unit = _Unit(piece.start, piece.end, piece.n_words, piece.closes, _PRICES[piece.closes])
        ends = piece.closes is Closes.PARAGRAPH
        few = units and (units[-1].n_words < _FEWEST_IN_UNIT)
        if units and (few or (ends and unit.n_words < _FEWEST_IN_UNIT)):
            unit = _merged(units.pop(), unit)
        units.append(unit)
        if ends:
            yield _priced(units)
            units = []


def _priced(paragraph: list[_Unit]) -> list[_Unit]:
    """A paragraph whose sentences are good places to cut if it is too long for a passage."""
    if sum(unit.n_words for unit in paragraph) <= LONGEST:
        return paragraph
    return [
        replace(unit, price=_PRICE_IN_LONG) if unit.closes is Closes.SENTENCE else unit
        for unit in paragraph
    ]


def _merged(one: _Unit, two: _Unit) -> _Unit:
    return replace(two, start=one.start, n_words=one.n_words + two.n_words)
