"""Print whether habit tells the true word among the six of the choice mode.

    python docs/draw_report.py [--json] [PACK …]

Over the built-in packs' baked sixes: how often the longest word, the shortest, the one met
last, the one that Instinct finds likeliest or least likely is the true one, where chance is
one in six; and what it costs to say at which rank Instinct has the true word, by a code
learned at half the places and tried at the others, where chance is 2.585 bits. Reader's ranks
stand beside, since Reader has understood something. All bits are the starter model's, baked
into the packs; no model is needed. Exits 1 where a habit beats chance by more than a tenth of
it over all places; the halves, met before or not, are printed beside.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.baked import Six
from engine.choice import N_WORDS, renormalized
from engine.minds import INSTINCT, READER
from engine.starter import SHA256
from engine.words import fold, n_letters, words
from puzzles.builtin import builtin_ids, open_builtin
from puzzles.load import Passage
from puzzles.readings import read_readings
from tui.bake import targets_of

CHANCE = 1 / N_WORDS
CHANCE_BITS = math.log2(N_WORDS)
MOST_ABOVE_CHANCE = 0.1
"""Part of chance by which a habit may beat it over all places."""
_SMOOTHING = 0.5
"""Times that each rank seems to have been seen before the first place."""
_MINDS = (INSTINCT, READER)


@dataclass(frozen=True)
class Place:
    """A target at which six words are given."""

    name: str
    """Pack, passage and index of the word."""
    six: Six
    truth: int
    """Place of the true word among the six."""
    last_met: tuple[int, ...]
    """For each of the six, where it stood last before the target; −1 for nowhere."""

    @property
    def met(self) -> bool:
        """Whether the six have been met before."""
        return self.last_met[self.truth] >= 0

    def rank(self, mind: str) -> int:
        """How many of the others a mind finds likelier than the true word."""
        bits = self.six.bits[mind]
        return sum(one < bits[self.truth] for one in bits)


@dataclass(frozen=True)
class Drawn:
    """The places of some packs."""

    places: list[Place]
    unbaked: list[str]
    """Passages without any sixes."""
    n_passed_over: int
    """Targets of the other passages at which no six words are given."""


HABITS: dict[str, Callable[[Place], Sequence[float]]] = {
    "longest": lambda place: [n_letters(word) for word in place.six.words],
    "shortest": lambda place: [-n_letters(word) for word in place.six.words],
    "met last": lambda place: place.last_met,
    "Instinct's likeliest": lambda place: [-one for one in place.six.bits[INSTINCT.key]],
    "Instinct's least likely": lambda place: place.six.bits[INSTINCT.key],
}
"""By name, a number for each of the six: the habit takes the largest."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("packs", nargs="*", metavar="PACK")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    drawn = sixes_of(asked.packs or builtin_ids())
    groups = {
        "all": drawn.places,
        "met before": [place for place in drawn.places if place.met],
        "not met": [place for place in drawn.places if not place.met],
    }
    told: dict[str, Any] = {
        "passages_without_sixes": drawn.unbaked,
        "targets_passed_over": drawn.n_passed_over,
        "groups": {name: measure(places) for name, places in groups.items() if places},
    }
    told["beaten"] = list(beaten(told["groups"]["all"])) if drawn.places else []
    if asked.json:
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    else:
        _print(told)
    return 1 if told["beaten"] else 0


def sixes_of(ids: Sequence[str]) -> Drawn:
    """The baked sixes of built-in packs, as the starter model read them."""
    drawn = Drawn([], [], 0)
    n_passed_over = 0
    for id in ids:
        loaded = open_builtin(id)
        readings = read_readings(loaded)
        for passage in loaded.pack.passages:
            name = f"{id}/{passage.id}"
            baked = [one for one in readings.of(passage.id) if one.identity.sha256 == SHA256]
            if not (baked and baked[0].sixes):
                drawn.unbaked.append(name)
                continue
            n_passed_over += len(targets_of(passage)) - len(baked[0].sixes)
            drawn.places.extend(_places(name, passage, baked[0].sixes))
    return Drawn(drawn.places, drawn.unbaked, n_passed_over)


def measure(places: Sequence[Place]) -> dict[str, Any]:
    """Shares and bits over some places, at least one."""
    return {
        "places": len(places),
        "right": {
            name: math.fsum(_share(place, habit(place)) for place in places) / len(places)
            for name, habit in HABITS.items()
        },
        **{
            mind.key: {
                "ranks": _histogram(places, mind.key),
                "code_bits": code_bits(places, mind.key),
                "bits": _mean_bits(places, mind.key),
            }
            for mind in _MINDS
        },
    }


def code_bits(places: Sequence[Place], mind: str) -> float:
    """What it costs to say at which rank a mind has the true word, in bits a place.

    Each half of the places is coded by the shares of ranks at the other half.
    """
    halves: tuple[list[int], list[int]] = ([], [])
    for place in places:
        digest = hashlib.sha256(place.name.encode()).digest()
        halves[digest[0] % 2].append(place.rank(mind))
    paid: list[float] = []
    for learned, tried in (halves, halves[::-1]):
        seen = Counter(learned)
        whole = len(learned) + _SMOOTHING * N_WORDS
        paid += [-math.log2((seen[rank] + _SMOOTHING) / whole) for rank in tried]
    return math.fsum(paid) / len(paid)


def beaten(measured: dict[str, Any]) -> Iterator[str]:
    """Habits that beat chance by too much over all places, in words."""
    for habit, share in measured["right"].items():
        if share > CHANCE * (1 + MOST_ABOVE_CHANCE):
            yield (
                f"the {habit} is the true word at {share:.1%} of "
                f"{measured['places']} places, by chance at {CHANCE:.1%}"
            )


def _places(name: str, passage: Passage, sixes: Mapping[int, Six]) -> Iterator[Place]:
    found = words(passage.text.normalized)
    for index, six in sixes.items():
        last = {fold(word.text): word.index for word in found[:index]}
        yield Place(
            name=f"{name}:{index}",
            six=six,
            truth=six.words.index(found[index].text),
            last_met=tuple(last.get(fold(word), -1) for word in six.words),
        )


def _share(place: Place, scores: Sequence[float]) -> float:
    """How surely a habit takes the true word: words it cannot tell apart share it."""
    taken = [word for word, score in enumerate(scores) if score == max(scores)]
    return (place.truth in taken) / len(taken)


def _histogram(places: Sequence[Place], mind: str) -> list[int]:
    seen = Counter(place.rank(mind) for place in places)
    return [seen[rank] for rank in range(N_WORDS)]


def _mean_bits(places: Sequence[Place], mind: str) -> float:
    among = [renormalized(place.six.bits[mind])[place.truth] for place in places]
    return math.fsum(among) / len(among)


def _print(told: dict[str, Any]) -> None:
    write = sys.stdout.write
    for name, measured in told["groups"].items():
        write(f"{name}: {measured['places']} places\n")
        for habit, share in measured["right"].items():
            write(f"  {habit:26}{share:6.1%} (by chance {CHANCE:.1%})\n")
        for mind in _MINDS:
            one = measured[mind.key]
            ranks = " ".join(f"{n:4}" for n in one["ranks"])
            write(
                f"  {mind.name + ' ranks it 1 … 6':26}{ranks}   a code of these "
                f"{one['code_bits']:.2f} bits (by chance {CHANCE_BITS:.2f}); "
                f"its own bits {one['bits']:.2f}\n"
            )
    unbaked = told["passages_without_sixes"]
    write(f"{told['targets_passed_over']} targets without six words\n")
    if unbaked:
        write(f"{len(unbaked)} passages without any: {', '.join(unbaked)}\n")
    for line in told["beaten"]:
        write(f"BEATEN {line}\n")


if __name__ == "__main__":
    sys.exit(main())
