"""What there is to say about Reader's best words, once a word has been shown. No widgets."""

from __future__ import annotations

from dataclasses import dataclass

from engine.minds import READER
from engine.predictor import TopWords
from engine.race import Race
from tui.literal import clean


@dataclass(frozen=True, slots=True)
class Expected:
    """A word that Reader thought of."""

    word: str
    """Safe to show."""
    percent: float
    """What stood on it (0 to 100)."""
    rank: str = ""
    """Of the printed word, where it is not the place in the list: `214th`, `about 214th`."""
    is_printed: bool = False
    """Whether it is the word that came."""


def expected_words(race: Race, target: int, top: TopWords) -> list[Expected]:
    """Reader's best words at a revealed target, the printed one always among them.

    What stood on the printed word is what it cost Reader in the race, so that it agrees with
    Reader's row: that is for this form alone, while others count with all their cases.

    Args:
        race: in which Reader races.
        target: a target whose word has been shown.
        top: what Reader expected there.
    """
    printed = race.setup.targets[target].word
    share = 100 * 2.0 ** -race.mind_score(target, READER.key).bits
    best = [
        Expected(clean(found.word), found.percent)
        for found in top.words
        if found.word.casefold() != printed.casefold()
    ]
    here = Expected(clean(printed), share, is_printed=True)
    if len(best) == len(top.words):
        return [*best, Expected(here.word, share, _rank(top), True)]
    found = sorted([*best, here], key=lambda one: -one.percent)
    place = found.index(here) + 1
    if top.rank is not None and place == len(found) and top.rank > place:
        found[-1] = Expected(here.word, share, _rank(top), True)
    return found


def expected_of_six(race: Race, target: int) -> list[Expected]:
    """What Reader thought of the six words of a revealed target, likeliest first.

    Args:
        race: in which six words are given, and Reader races.
        target: a target whose word has been shown.
    """
    printed = race.setup.targets[target].word
    bits = race.reveals[target].six[READER.key]
    six = [
        Expected(clean(word), 100 * 2.0**-cost, is_printed=word == printed)
        for word, cost in zip(race.sixes[target], bits, strict=True)
    ]
    return sorted(six, key=lambda one: -one.percent)


def _rank(top: TopWords) -> str:
    if top.rank is None:
        return ""
    return ordinal(top.rank) if top.rank_certain else f"about {ordinal(top.rank)}"


def ordinal(number: int) -> str:
    """A place as it is said: 1st, 2nd, 3rd, 4th … 11th, 12th, 13th … 21st."""
    tens, ones = divmod(number % 100, 10)
    ending = "th" if tens == 1 else {1: "st", 2: "nd", 3: "rd"}.get(ones, "th")
    return f"{number}{ending}"
