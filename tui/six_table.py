"""What everybody had on six words, side by side. No widgets."""

from __future__ import annotations

from dataclasses import dataclass

from engine.minds import INSTINCT, READER
from engine.race import Race
from tui.literal import clean
from tui.verdicts import standing
from tui.views import player_names


@dataclass(frozen=True, slots=True)
class SixRow:
    """One of the six words."""

    word: str
    """Safe to show."""
    is_true: bool
    stakes: tuple[int, ...]
    """Of each player, in percent."""
    percents: tuple[float, ...]
    """What each mind expected, among the six."""


@dataclass(frozen=True, slots=True)
class SixTable:
    """Six words, and a column for each who had something on them."""

    players: tuple[str, ...]
    """Their names, the best player first; safe to show."""
    minds: tuple[str, ...]
    rows: tuple[SixRow, ...]


def six_table(race: Race, target: int) -> SixTable | None:
    """The six words of a revealed target; None where there were none."""
    six = race.sixes.get(target)
    if six is None:
        return None
    players = standing(race)
    slips = [race.slip(target, player).bets for player in players]
    bits = race.reveals[target].six
    minds = [mind for mind in (READER, INSTINCT) if mind.key in bits]
    truth = race.setup.targets[target].word
    rows = [
        SixRow(
            clean(word),
            word == truth,
            tuple(bets[place].percent for bets in slips),
            tuple(100 * 2.0 ** -bits[mind.key][place] for mind in minds),
        )
        for place, word in enumerate(six)
    ]
    names = player_names(race)
    return SixTable(
        tuple("you" if len(names) == 1 else names[player] for player in players),
        tuple(mind.name for mind in minds),
        tuple(rows),
    )
