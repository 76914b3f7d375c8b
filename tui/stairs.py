"""What there is to show and say about a race's staircase of memory. No widgets."""

from __future__ import annotations

from dataclasses import dataclass

from engine.ladder import Staircase
from engine.minds import INSTINCT, READER, STRANGER, Mind, short_memory
from engine.race import Race
from tui.literal import clean
from tui.views import called

_LEAST_SCALE = 8.0
"""Bits the picture spans at least."""
_ALL, _WITH_PRIMER = "all", "all+"
_HABIT = short_memory(INSTINCT.memory or 0)
"""The step with which all memory is compared."""


@dataclass(frozen=True, slots=True)
class Stair:
    """A step: bits with so much memory."""

    label: str
    """Words of memory; `all`, and `all+` with the primer, where there is one."""
    bits: float | None
    """Of the chosen word; None while it has not been read."""
    mean_bits: float | None
    """Over all targets; None until all have been read."""


@dataclass(frozen=True, slots=True)
class Stairs:
    """A frame of the picture."""

    word: str
    """The chosen one, safe to show."""
    heading: str
    stairs: tuple[Stair, ...]
    own: str
    """Whose line goes across it: `you`, or a name."""
    own_bits: float | None
    """None where they do not compare: in the choice mode they are among six words."""
    n_words: int
    """Over how many words the mean is taken."""
    scale_bits: float
    """Bits the picture spans from 0: the same for all targets of a race, so that they
    compare and the mean stays where it is."""


def stairs(race: Race, staircase: Staircase, target: int, player: int, word: str) -> Stairs:
    """The picture for one target.

    Args:
        race: a finished race.
        staircase: as far as it has been read.
        target: the chosen one.
        player: whose bits are the line across it.
        word: the target's, as printed.
    """
    index = race.setup.targets[target].index
    steps = zip(staircase.minds, staircase.of(index), staircase.means, strict=True)
    has_primer = STRANGER in staircase.minds
    found = tuple(Stair(_label(mind, has_primer), bits, mean) for mind, bits, mean in steps)
    heading = f"“{clean(word)}”, target {target + 1} of {race.target}"
    own = race.score(target, player).bits if _compares(race) else None
    scale = _scale(race, staircase, player)
    who = called(race, player)
    return Stairs(clean(word), heading, found, who, own, race.target, scale)


def memory_sense(race: Race, staircase: Staircase, target: int, player: int) -> list[str]:
    """What memory was worth, in a few sentences: at this word, on the mean, and the primer.

    Args:
        race: a finished race.
        staircase: as far as it has been read.
        target: the chosen one.
        player: who is compared.
    """
    index = race.setup.targets[target].index
    bits = dict(zip(staircase.minds, staircase.of(index), strict=True))
    means = dict(zip(staircase.minds, staircase.means, strict=True))
    sentences: list[str] = []
    few, everything = bits[_HABIT], bits[READER]
    if few is not None and everything is not None:
        whole = "all of them and the primer" if STRANGER in bits else "all of them"
        sentences.append(
            f"With {_HABIT.memory} words of memory it was {few:.1f} bits, with {whole} "
            f"{everything:.1f}: {_worth(few, everything)}."
        )
        if _compares(race):
            paid = race.score(target, player).bits
            sentences[-1] += f" {called(race, player, start=True)} paid {paid:.1f}."
    few, everything = means[_HABIT], means[READER]
    if few is not None and everything is not None and race.target > 1:
        own = race.total(player).bits / race.target
        sentences.append(
            f"Over {race.target} words: from {few:.1f} bits a word to {everything:.1f}"
            + (f"; {called(race, player)} paid {own:.1f}." if _compares(race) else ".")
        )
    stranger = means.get(STRANGER)
    if stranger is not None and everything is not None:
        sentences.append(_primer_sense((stranger - everything) * race.target))
    return sentences


def _compares(race: Race) -> bool:
    """Whether players' bits are among all words there are, as those of the steps."""
    return race.setup.mode != "choice"


def _primer_sense(worth_bits: float) -> str:
    verb = "was worth" if worth_bits >= 0 else "cost"
    told = f"{abs(worth_bits):.1f} bits to {READER.name}"
    return f"The primer {verb} {told} ({_ALL} → {_WITH_PRIMER})."


def _label(mind: Mind, has_primer: bool) -> str:
    if mind.memory is not None:
        return str(mind.memory)
    return _WITH_PRIMER if has_primer and mind == READER else _ALL


def _scale(race: Race, staircase: Staircase, player: int) -> float:
    read = [bits for of in staircase.bits.values() for bits in of.values()]
    targets = range(race.target) if _compares(race) else ()
    own = [race.score(target, player).bits for target in targets]
    return max([_LEAST_SCALE, *read, *own])


def _worth(few: float, everything: float) -> str:
    # Of the numbers as they are shown, so that they add up.
    worth = round(few, 1) - round(everything, 1)
    if round(worth, 1) == 0:
        return "memory changed nothing"
    return f"memory {'was worth' if worth > 0 else 'cost'} {abs(worth):.1f}"
