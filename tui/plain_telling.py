"""What plain mode tells of a race: its beginning, each word, its end. Lines only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.minds import READER
from engine.predictor import TopWords
from engine.race import Race
from engine.racers import costs, racers, total
from tui.expected import expected_words, ordinal
from tui.heat import percent
from tui.literal import clean
from tui.plain_turns import COMMANDS, HOW_TO, in_seconds
from tui.verdicts import standing, verdict
from tui.views import (
    RevealRow,
    player_names,
    racer_name,
    reveal_rows,
    sense,
    share_line,
    signed,
    winner,
)


def beginning(race: Race) -> Iterator[str]:
    """What is told before the text."""
    setup = race.setup
    yield clean(setup.title)
    against = [racer_name(race, racer) for racer in racers(setup) if racer.kind != "player"]
    n = len(setup.targets)
    clock = f", {in_seconds(setup.clock_s)} for each" if setup.clock_s else ""
    yield f"{n} word{'s' if n > 1 else ''} to predict{clock}, against {_listed(against)}."
    if race.target == 0:
        yield HOW_TO[setup.mode]
        yield COMMANDS
        if setup.primer:
            yield f"\nFirst read this:\n\n{clean(setup.primer, newlines=True)}"
    else:
        totals = ", ".join(
            f"{name} {signed(race.total(player).insight_bits)}"
            for player, name in enumerate(player_names(race))
        )
        yield f"Going on at target {race.target + 1}; so far {totals} bits."


def word(race: Race, target: int, shown: str, top: TopWords | None) -> Iterator[str]:
    """What is told when a word is shown.

    Args:
        race: the race.
        target: which.
        shown: the word as it stands in the text.
        top: Reader's best words there, if they are known.
    """
    yield f"\nThe word: {clean(shown)}"
    rows = reveal_rows(race, target)
    width = max(len(row.name) for row in rows)
    alone = len(race.setup.players) == 1
    for row in rows:
        yield f"  {row.name:{width}} {_row(row, alone)}"
    yield sense(race, target)
    if READER.key not in race.setup.minds:
        return
    if race.setup.mode == "choice":
        yield _among_six(race, target)
    elif top is not None:
        yield _expected(race, target, top)


def end(race: Race) -> Iterator[str]:
    """What is told behind the text: who has won, and by what."""
    yield winner(race)
    yield from _in_order(race)
    yield from verdict(race)
    for player in standing(race):
        yield share_line(race, player)
    if race.setup.source:
        yield f"Source: {clean(race.setup.source)}"


def _row(row: RevealRow, alone: bool) -> str:
    if row.bits is None:
        return "was not there"
    change = "" if row.change is None else f"  insight {signed(row.change)}"
    # Who is alone knows what they have typed.
    had = f"  ({row.said})" if row.said and not (alone and row.is_player) else ""
    return f"{row.bits:6.1f} bits  {percent(row.percent):>12}{change}{had}"


def _among_six(race: Race, target: int) -> str:
    """What Reader held of the six words."""
    bits = race.reveals[target].six[READER.key]
    ranked = sorted(zip(bits, race.sixes[target], strict=True))
    shares = [f"{clean(one)} {percent(100 * 2.0**-cost)}" for cost, one in ranked]
    return f"{READER.name} staked: {', '.join(shares)}."


def _expected(race: Race, target: int, top: TopWords) -> str:
    found = expected_words(race, target, top)
    place = next(place for place, one in enumerate(found) if one.is_printed)
    here, tail = found[place], ""
    if here.rank or len(found) > len(top.words):  # it is none of the words that were looked at
        del found[place]
        tail = f", {percent(here.percent)}"
        rank = here.rank or "further down"
    else:
        rank = ordinal(place + 1)
    shares = [f"{one.word} {percent(one.percent)}" for one in found]
    return f"{READER.name} expected: {', '.join(shares)}; the true word was {rank}{tail}."


def _in_order(race: Race) -> Iterator[str]:
    """All racers, the best first."""
    ranked = sorted(racers(race.setup), key=lambda one: -total(race, one).insight_bits)
    for racer in ranked:
        score, paid = total(race, racer), costs(race, racer)
        there = sum(bits is not None for bits in paid)
        absent = f", at {there} of {len(paid)} words" if there < len(paid) else ""
        yield (
            f"{racer_name(race, racer)}: insight {signed(score.insight_bits)} bits, "
            f"cost {score.bits:.1f}{absent}."
        )


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence; there is always one."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
