"""Two live models in one race, by the real command: each as when it races alone."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

TEXT = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "Ann, who kept the ledger, counted them twice, because the captain had told her to expect "
    "five. The missing one was the cook. He had overslept, as he did whenever the fog came in, "
    "and nobody had thought of waking him. So it was the captain who lit the stove, and the "
    "thief, who was hungry, who stirred the soup. Ann wrote all of it down in her big ledger, "
    "and then she hid the book where no thief would ever look for it: under the pillow of the "
    "man who was not there. It was still there at noon.\n"
)
RACE = ("--plain", "--mode", "open", "--targets", "2", "--player", "ann", "--player", "bo")
SLIPS = "harbour 40\nledger 30\nledger 20\n\n\n"
"""Of ann and bo, then of bo; and ann passes, which is asked about."""

Costs = list[float]
Run = Callable[..., "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a race has printed, and what is kept of it."""

    out: str
    events: list[tuple[str, Any]]
    cards: list[Any]
    """Of ann and bo, as they are exported."""

    def of(self, kind: str) -> list[Any]:
        return [body for found, body in self.events if found == kind]

    @property
    def setup(self) -> Any:
        (started,) = self.of("started")
        return started["setup"]

    @property
    def instinct(self) -> Costs:
        return [one["instinct_bits"] for one in self.of("revealed")]

    def mind(self, key: str) -> Costs:
        return [one["minds"][key] for one in self.of("revealed")]

    def files(self) -> dict[str, str]:
        """Who reads with which model: the hash of its file."""
        (identified,) = self.of("identified")
        return {"instinct": identified["instinct"]["sha256"]} | {
            key: one["sha256"] for key, one in identified["minds"].items()
        }

    def name(self, key: str) -> str:
        """What a mind's model calls itself."""
        (identified,) = self.of("identified")
        return identified["minds"][key]["model"]

    def rows(self, name: str) -> list[str]:
        """Bits as they stand in a racer's row below each word."""
        return re.findall(rf"^  {re.escape(name)} +(\S+) bits ", self.out, re.MULTILINE)


@pytest.fixture
def run(bitrace: Callable[..., Any], tmp_path: Path) -> Run:
    """Plays the race to its end in a home of its own."""
    text = tmp_path / "story.txt"
    text.write_text(TEXT)
    homes = (tmp_path / f"home {number}" for number in range(9))

    def play(*options: str | Path) -> Told:
        home = next(homes)
        done = bitrace(home, "play", str(text), *RACE, *map(str, options), typed=SLIPS)
        assert (done.returncode, done.stderr) == (0, "")
        connection = sqlite3.connect(home / "data" / "bitrace.db")
        rows = connection.execute("SELECT kind, body FROM events ORDER BY seq").fetchall()
        connection.close()
        told = bitrace(home, "scores", "export", "-o", "-")
        assert told.returncode == 0, told.stderr
        cards = [json.loads(line) for line in told.stdout.splitlines()]
        return Told(done.stdout, [(kind, json.loads(body)) for kind, body in rows], cards)

    return play


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def mixed(*experts: Costs) -> Iterator[float]:
    """What a mixture pays, in closed form: the mean of what each gives to all words so far."""
    given = [
        sum(2 ** -sum(paid[:n]) for paid in experts) / len(experts)
        for n in range(len(experts[0]) + 1)
    ]
    yield from (-math.log2(after / before) for before, after in pairwise(given))


def ann_and_bo(told: Told) -> list[Costs]:
    """What the players pay by their slips, of which one has the word."""
    words = [target["word"] for target in told.setup["targets"]]
    assert words == ["soup", "ledger"]
    first, last = told.instinct
    half = -math.log2(0.2 + 0.8 * 2**-last)
    return [[first - math.log2(0.6), last], [first - math.log2(0.7), half]]


def shown(bits: Costs) -> list[str]:
    return [f"{one:.1f}" for one in bits]


def test_two_live_models_race_as_each_does_alone(
    run: Run, starter_file: Path, gemma_file: Path
) -> None:
    against = ("--against", "reader,goldfish,nobody,centaur")
    both = run(*against, "--model", starter_file, "--model", gemma_file)
    turned = run(*against, "--model", gemma_file, "--model", starter_file)
    alone = {
        file: run("--against", "reader,goldfish", "--model", file)
        for file in (starter_file, gemma_file)
    }
    for told, first, second in (
        (both, starter_file, gemma_file),
        (turned, gemma_file, starter_file),
    ):
        guest = f"reader@{sha256(second)[:8]}"
        # Who reads: Instinct is the starter model's in whatever order they come.
        assert told.files() == {
            "instinct": sha256(starter_file),
            "goldfish": sha256(first),
            "reader": sha256(first),
            guest: sha256(second),
        }
        assert told.setup["minds"] == ["goldfish", "reader", guest]
        # To the last digit what each pays alone.
        assert told.instinct == alone[first].instinct == alone[second].instinct
        assert told.mind("reader") == alone[first].mind("reader")
        assert told.mind("goldfish") == alone[first].mind("goldfish")
        assert told.mind(guest) == alone[second].mind("reader")
        # They are not one model twice.
        for mine, theirs in zip(told.mind("reader"), told.mind(guest), strict=True):
            assert abs(mine - theirs) > 0.05
        assert alone[first].mind("goldfish") != alone[second].mind("goldfish")
        # A row for each below each word, and those made of them beside.
        players = ann_and_bo(told)
        rows = {
            "ann": players[0],
            "bo": players[1],
            "Goldfish": told.mind("goldfish"),
            "Reader": told.mind("reader"),
            told.name(guest): told.mind(guest),
            "Nobody": list(mixed(*players)),
            "Centaur": list(mixed(*players, told.mind("reader"))),
            "Instinct": told.instinct,
        }
        for name, bits in rows.items():
            assert told.rows(name) == shown(bits), name
        check_the_cards(told)
        against_whom = f"against Goldfish, Reader, {second.stem}, Nobody and Centaur."
        assert against_whom in told.out, "the model is not loaded yet, and goes by its file"
        check_the_end(told, rows)


def check_the_cards(told: Told) -> None:
    """They say of each mind which file it read with, and what it paid."""
    for card in told.cards:
        files = {key: mind["sha256"] for key, mind in card["minds"].items()}
        assert {"instinct": card["instinct"]["sha256"], **files} == told.files()
        for key in card["minds"]:
            paid = [turn["minds"][key] for turn in card["turns"]]
            assert paid == [round(bits, 6) for bits in told.mind(key)]


def check_the_end(told: Told, rows: dict[str, Costs]) -> None:
    """The standing has a line for each, with what they paid in all."""
    lines = re.findall(r"^(.+): insight (\S+) bits, cost (\S+)\.$", told.out, re.MULTILINE)
    standing = {name: (insight, cost) for name, insight, cost in lines}
    assert standing.keys() == rows.keys() - {"Instinct"}
    for name in standing:
        insight = sum(told.instinct) - sum(rows[name])
        assert standing[name] == (f"{insight:+.1f}", f"{sum(rows[name]):.1f}"), name
