"""What there is to say about a race that is over, in sentences. No widgets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from engine import choice, shannon
from engine.bounds import bounds
from engine.minds import READER, STRANGER
from engine.race import Race
from engine.racers import NOBODY, costs, expert_costs, racers
from tui.beforehand import Beforehand
from tui.literal import clean
from tui.views import (
    best_word,
    bits_a_word,
    called,
    next_opponent,
    owned,
    standing_notes,
    written_out,
)

_LEAST = 0.1
"""Bits that are told at least: closer than that is not shown."""


def standing(race: Race) -> list[int]:
    """The players, the best one first."""
    players = range(len(race.setup.players))
    return sorted(players, key=lambda player: race.total(player).bits)


def verdict(race: Race) -> Iterator[str]:
    """All that is said of a finished race, a sentence each, the best player first."""
    if (nobody := nobody_sentence(race)) is not None:
        yield nobody
    for player in standing(race):
        yield from _of_player(race, player)
    if (primer := primer_sentence(race)) is not None:
        yield primer
    yield from standing_notes(race)
    yield next_opponent(race)


def nobody_sentence(race: Race) -> str | None:
    """What Nobody did that no player did; None where it does not race, or is one person.

    Alone among people who were there at all words, a mixture never pays less than the best of
    them; where the best is not at this terminal, it can pay less than all who are.
    """
    if NOBODY not in race.setup.mixtures or not race.target:
        return None
    experts = expert_costs(race, NOBODY)
    if len(experts) < 2:
        return None
    (nobody,) = (
        one for one in racers(race.setup) if (one.kind, one.key) == ("mixture", NOBODY)
    )
    paid = [bits for bits in costs(race, nobody) if bits is not None]
    return (
        _paid_less(race, sum(paid))
        or _dearest_word(race, max(paid))
        or _stayed_within(race, experts, sum(paid))
    )


def bounds_sentence(race: Race, player: int) -> str | None:
    """Shannon's bounds on what a player knows; None where nobody guesses."""
    if race.setup.mode != "shannon":
        return None
    whose = f"Shannon's bounds on {owned(race, player)} knowledge"
    ranks = Counter(race.rank(target, player) for target in range(race.target))
    if shannon.MISSED in ranks:
        return f"{whose}: not available, since a word was missed."
    found = bounds(ranks)
    if found is None:
        return None
    if found.lower_bits > found.upper_bits:
        # They hold for one who guesses first what is likeliest, and over many words.
        return f"{whose}: not available, since late guesses were right more than early ones."
    return f"{whose}: {found.lower_bits:.1f} to {found.upper_bits:.1f} bits a word."


def primer_sentence(race: Race) -> str | None:
    """What the primer was worth to Reader; None where that is not known."""
    if not race.setup.primer:
        return None
    without, with_it = _paid(race, STRANGER.key), _paid(race, READER.key)
    if without is None or with_it is None:
        return None
    worth_bits = sum(without) - sum(with_it)
    # Among all words there are, as on the staircase, it may be worth something else.
    primer = "Among the six, the primer" if race.setup.mode == "choice" else "The primer"
    if round(worth_bits, 1) == 0:
        return f"{primer} was worth nothing to {READER.name}."
    if worth_bits < 0:
        return f"{primer} cost {READER.name} {-worth_bits:.1f} bits: it led astray."
    return f"{primer} was worth {worth_bits:.1f} bits to {READER.name}."


def _of_player(race: Race, player: int) -> Iterator[str]:
    rate, habit = bits_a_word(race, player), race.instinct_bits / race.target
    among = " among six" if race.setup.mode == "choice" else ""
    who = called(race, player, start=True)
    yield f"{who}: {rate:.1f} bits a word{among}, where Instinct pays {habit:.1f}."
    yield best_word(race, player)
    if not among:  # to tell one of six is not to write a word out
        yield written_out(race, player)
    if (found := bounds_sentence(race, player)) is not None:
        yield found


def _paid_less(race: Race, nobody_bits: float) -> str | None:
    best, *others = standing(race)
    bits = race.total(best).bits
    if round(nobody_bits, 1) >= round(bits, 1):
        return None
    told = f"Nobody paid {nobody_bits:.1f} bits in all, less than"
    if not others:
        return f"{told} you with {bits:.1f}."
    return f"{told} any of you: {called(race, best)}, the best here, paid {bits:.1f}."


def _dearest_word(race: Race, nobody_bits: float) -> str | None:
    players = range(len(race.setup.players))
    dearest = [
        max(race.score(at, player).bits for at in range(race.target)) for player in players
    ]
    least = min(players, key=lambda player: dearest[player])
    if round(nobody_bits, 1) >= round(dearest[least], 1):
        return None
    told = f"Nobody's dearest word cost {nobody_bits:.1f} bits"
    if len(players) == 1:
        return f"{told}, yours {dearest[least]:.1f}."
    whose = owned(race, least)
    return f"{told}. Each of you had a dearer one: even {whose} cost {dearest[least]:.1f}."


def _stayed_within(
    race: Race, experts: list[tuple[str, tuple[float | None, ...]]], nobody_bits: float
) -> str:
    totals = {
        place: sum(bits for bits in paid if bits is not None)
        for place, (_, paid) in enumerate(experts)
        if None not in paid
    }
    best = min(totals, key=lambda place: totals[place])
    is_here = best < len(race.setup.players)
    who = called(race, best) if is_here else clean(experts[best][0])
    # Rounded up, so that it is true as it is shown.
    within = max(_LEAST, math.ceil(round(10 * (nobody_bits - totals[best]), 6)) / 10)
    return (
        f"Nobody stayed within {within:.1f} bits of {who}, the best of {len(experts)}, "
        "without knowing who that would be."
    )


def _paid(race: Race, mind: str) -> list[float] | None:
    """What a mind of the raced model paid or would have paid, from the race or from what was
    baked; None where that is not known."""
    found = [_bits(race, mind, target) for target in range(race.target)]
    known = [bits for bits in found if bits is not None]
    return known if len(known) == len(found) else None


def _bits(race: Race, mind: str, target: int) -> float | None:
    if mind in race.setup.minds:
        return race.reveals[target].minds[mind]
    before, truth = Beforehand(race.setup), race.setup.targets[target]
    if race.setup.mode != "choice":
        return before.bits(mind).get(truth.index)
    six = race.sixes[target]
    bits = before.six_bits(mind, truth.index, six)
    return choice.renormalized(bits)[six.index(truth.word)] if bits else None
