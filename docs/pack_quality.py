"""Print how the built-in packs stand against their bars, from their keys and baked readings.

    python docs/pack_quality.py [--json] [PACK …]

A pack's `key.toml` names the targets that can be known, and why. The *follower* is a script
that puts 60 % on each of those and passes elsewhere: what somebody has who follows the text
and nothing else. All bits are the starter model's, baked into the pack; no model is needed.
Exits 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from engine.baked import Baked
from engine.minds import GOLDFISH, INSTINCT, READER, STRANGER
from engine.starter import SHA256
from engine.words import words
from puzzles.advice import advice
from puzzles.builtin import builtin_folder, builtin_ids, open_builtin
from puzzles.load import Loaded, Passage
from puzzles.readings import read_readings

FOLLOWER_SHARE = 0.6
LEAST_PASSAGES, FEWEST_WORDS, MOST_WORDS = 6, 150, 450
DAYS, LEAST_DAYS, FEWEST_IN_A_DAY, MOST_IN_A_DAY, MARKS_A_DAY = "days", 31, 80, 120, 5
"""Today's race has its own measure: a passage for each day of a month, two minutes each."""
LEAST_BITS_A_WORD = 1.5
DIFFERENCE_BITS = 4.0
PRIMER_BITS, LEAST_PAIRS = 10.0, 5
FOLLOWED = ("mysteries", "contracts", "lemmas", "liars")
"""Packs in which following has to beat habit and a small model."""
CHEAPER_LATER = "lemmas"
WITH_PRIMERS = "twins"


@dataclass(frozen=True)
class Measured:
    """A passage in figures; bits at the targets unless a name says otherwise."""

    passage: str
    n_words: int
    n_targets: int
    n_known: int
    bits_a_word: float
    first_half: float
    second_half: float
    """Reader's bits a word over each half of the passage."""
    instinct: float
    goldfish: float
    reader: float
    follower: float
    most_gained: float
    """The most that the follower is below Reader at a known target."""
    most_remembered: float
    """The most that Reader is below Instinct at a target."""
    primer_worth: float | None
    primer_worth_all: float | None
    """Stranger's bits less Reader's: at the targets, and over all words."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packs", nargs="*", metavar="PACK")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    told = {}
    for id in asked.packs or builtin_ids():
        loaded = open_builtin(id)
        measured = [measure(passage, baked, known) for passage, baked, known in _parts(loaded)]
        missed = list(bars_missed(loaded, measured))
        told[id] = {"passages": [asdict(one) for one in measured], "missed": missed}
        if not asked.json:
            _print(id, measured, missed)
    if asked.json:
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 1 if any(one["missed"] for one in told.values()) else 0


def measure(passage: Passage, baked: Baked, known: set[int]) -> Measured:
    """A passage in figures.

    Args:
        passage: with its targets marked.
        baked: the starter model's reading.
        known: word indices of the targets that can be known.
    """
    instinct, reader = baked.bits[INSTINCT.key], baked.bits[READER.key]
    at = [target.index for target in passage.targets]
    follower = {word: _followed(instinct[word], word in known) for word in at}
    n = len(words(passage.text.normalized))
    stranger = baked.bits.get(STRANGER.key)
    return Measured(
        passage=passage.id,
        n_words=n,
        n_targets=len(at),
        n_known=len(known),
        bits_a_word=_mean(list(reader.values())),
        first_half=_mean([reader[word] for word in range(n // 2)]),
        second_half=_mean([reader[word] for word in range(n // 2, n)]),
        instinct=sum(instinct[word] for word in at),
        goldfish=sum(baked.bits[GOLDFISH.key][word] for word in at),
        reader=sum(reader[word] for word in at),
        follower=sum(follower.values()),
        most_gained=max((reader[word] - follower[word] for word in known), default=0.0),
        most_remembered=max(instinct[word] - reader[word] for word in at),
        primer_worth=stranger and sum(stranger[word] - reader[word] for word in at),
        primer_worth_all=stranger and sum(stranger.values()) - sum(reader.values()),
    )


def bars_missed(loaded: Loaded, measured: Sequence[Measured]) -> Iterator[str]:
    """What of the bars is not met, in words."""
    id, n = loaded.pack.id, len(measured)
    is_days = id == DAYS
    least = LEAST_DAYS if is_days else LEAST_PASSAGES
    fewest, most = (FEWEST_IN_A_DAY, MOST_IN_A_DAY) if is_days else (FEWEST_WORDS, MOST_WORDS)
    if n < least:
        yield f"{n} passages, at least {least}"
    for one in measured:
        if not fewest <= one.n_words <= most:
            yield f"{one.passage}: {one.n_words} words"
        if is_days and one.n_targets != MARKS_A_DAY:
            yield f"{one.passage}: {one.n_targets} targets"
        if is_days and not one.follower < min(one.goldfish, one.reader):
            yield f"{one.passage}: who follows does not win"
        if is_days and one.most_gained < DIFFERENCE_BITS:
            yield f"{one.passage}: Reader never pays {DIFFERENCE_BITS} bits more"
        if one.bits_a_word < LEAST_BITS_A_WORD:
            yield f"{one.passage}: {one.bits_a_word:.2f} bits a word"
        if id in FOLLOWED and one.most_gained < DIFFERENCE_BITS:
            yield f"{one.passage}: Reader never pays {DIFFERENCE_BITS} bits more"
        if id in FOLLOWED and one.most_remembered < DIFFERENCE_BITS:
            yield f"{one.passage}: Reader never saves {DIFFERENCE_BITS} bits on Instinct"
        if id == CHEAPER_LATER and one.second_half >= one.first_half:
            yield f"{one.passage}: its second half is not cheaper"
    yield from (
        f"{fault.passage}: {fault.message}"
        for fault in advice(loaded)
        if "looks like a name" in fault.message
    )
    if id in FOLLOWED and sum(one.follower < one.goldfish for one in measured) < 0.9 * n:
        yield "the follower beats Goldfish in too few passages"
    if id in FOLLOWED and sum(one.follower < one.reader for one in measured) < 0.6 * n:
        yield "the follower beats Reader in too few passages"
    worth = sum((one.primer_worth or 0) >= PRIMER_BITS for one in measured)
    if id == WITH_PRIMERS and worth < LEAST_PAIRS:
        yield f"{worth} primers are worth {PRIMER_BITS} bits, at least {LEAST_PAIRS}"


def _parts(loaded: Loaded) -> Iterator[tuple[Passage, Baked, set[int]]]:
    """Passages with the starter's reading and the indices of what can be known."""
    keys = _keys(loaded.pack.id)
    readings = read_readings(loaded)
    for passage in loaded.pack.passages:
        baked = [one for one in readings.of(passage.id) if one.identity.sha256 == SHA256]
        if not baked:
            raise SystemExit(f"{loaded.pack.id}/{passage.id} is not baked: run `packs bake`.")
        known: set[int] = set()
        for entry in keys.get(passage.id, []):
            target = passage.targets[entry["target"] - 1]
            if target.text != entry["word"] or not entry["why"].strip():
                raise SystemExit(
                    f"{loaded.pack.id}/{passage.id}: the key misses {target.text!r}."
                )
            known.add(target.index)
        yield passage, baked[0], known


def _keys(id: str) -> dict[str, list[dict[str, str | int]]]:
    table = tomllib.loads((builtin_folder(id) / "key.toml").read_text(encoding="utf-8"))
    return {passage["id"]: passage["known"] for passage in table["passages"]}


def _followed(instinct_bits: float, known: bool) -> float:
    """Bits of the follower at a target."""
    if not known:
        return instinct_bits
    return -math.log2(FOLLOWER_SHARE + (1 - FOLLOWER_SHARE) * 2.0**-instinct_bits)


def _mean(bits: Sequence[float]) -> float:
    return sum(bits) / len(bits)


def _print(id: str, measured: Sequence[Measured], missed: Sequence[str]) -> None:
    write = sys.stdout.write
    write(f"{id}\n{'':24}words known  b/word  halves       Inst.  Goldf.  Reader  follower\n")
    for one in measured:
        primer = ""
        if one.primer_worth is not None and one.primer_worth_all is not None:
            primer = f"  primer {one.primer_worth:.1f} ({one.primer_worth_all:.1f} in all)"
        write(
            f"  {one.passage:22}{one.n_words:5} {one.n_known:2}/{one.n_targets:<2}"
            f"  {one.bits_a_word:6.2f}  {one.first_half:.2f}→{one.second_half:.2f}"
            f"  {one.instinct:7.1f} {one.goldfish:7.1f} {one.reader:7.1f} {one.follower:8.1f}"
            f"  −{one.most_gained:.1f} −{one.most_remembered:.1f}{primer}\n"
        )
    n = len(measured)
    write(
        f"  follower beats Goldfish in {sum(one.follower < one.goldfish for one in measured)}"
        f" of {n}, Reader in {sum(one.follower < one.reader for one in measured)} of {n}\n"
    )
    for line in missed:
        write(f"  MISSED {line}\n")


if __name__ == "__main__":
    sys.exit(main())
