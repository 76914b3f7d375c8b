"""What docs/draw_report.py measures of the six words, and what it finds in the packs."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.baked import Six
from puzzles.builtin import builtin_ids, load_builtin
from puzzles.readings import Readings

SCRIPT = Path(__file__).parents[2] / "docs" / "draw_report.py"
CHANCE_BITS = math.log2(6)
ALIKE = ("anchor", "barrel", "candle", "dagger", "engine", "garden")


@pytest.fixture
def report() -> Iterator[ModuleType]:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("draw_report", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def place_of(
    report: ModuleType,
    number: int,
    truth: int,
    six: Sequence[str] = ALIKE,
    bits: Sequence[float] = (5.0,) * 6,
    last_met: Sequence[int] = (-1,) * 6,
) -> Any:
    read = {"instinct": tuple(bits), "reader": tuple(bits)}
    return report.Place(f"pack/{number}", Six(tuple(six), read), truth, tuple(last_met))


# ---- the packs ----


def test_no_habit_tells_the_true_word_in_the_packs_and_understanding_does() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["passages_without_sixes"] == [], "bake the packs again"
    assert told["targets_passed_over"] == 0
    assert told["beaten"] == []
    groups = told["groups"]
    assert set(groups) == {"all", "met before", "not met"}
    n = sum(
        len(passage.targets) for id in builtin_ids() for passage in load_builtin(id).passages
    )
    assert groups["all"]["places"] == n
    assert groups["met before"]["places"] + groups["not met"]["places"] == n
    for measured in groups.values():
        assert len(measured["right"]) == 5
        assert all(abs(share - 1 / 6) <= 0.05 for share in measured["right"].values())
        for mind in ("instinct", "reader"):
            assert sum(measured[mind]["ranks"]) == measured["places"]
        # Learned from its ranks, nothing is won; from those of one who reads, much is.
        assert abs(measured["instinct"]["code_bits"] - CHANCE_BITS) < 0.15
        assert measured["reader"]["code_bits"] < CHANCE_BITS - 0.7


def test_some_packs_can_be_asked_for_and_are_told_in_words() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "liars", "twins"], capture_output=True, text=True, timeout=120
    )
    assert "met before: " in done.stdout
    assert "longest" in done.stdout and "by chance 2.58" in done.stdout
    assert "days" not in done.stdout


# ---- what it measures ----


def test_a_habit_that_always_takes_the_true_word_is_told(
    report: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = ("antidote", *ALIKE[:5])
    places = [place_of(report, number, 0, long) for number in range(20)]
    monkeypatch.setattr(report, "sixes_of", lambda ids: report.Drawn(places, [], 0))
    monkeypatch.setattr(sys, "argv", ["draw_report.py"])
    assert report.main() == 1
    told = capsys.readouterr().out
    assert "BEATEN the longest is the true word at 100.0% of 20 places" in told
    assert "BEATEN the shortest" not in told


def test_each_habit_takes_its_word_and_ties_are_shared(report: ModuleType) -> None:
    six = ("sea", "anchor", "cliffs", "boat", "ferryman", "wave")
    bits = (4.0, 9.0, 2.0, 7.0, 7.5, 3.0)
    met = (11, 30, 12, 29, 2, 3)
    taken = {
        name: [
            report.measure([place_of(report, 0, truth, six, bits, met)])["right"][name]
            for truth in range(6)
        ]
        for name in report.HABITS
    }
    assert taken == {
        "longest": [0, 0, 0, 0, 1, 0],
        "shortest": [1, 0, 0, 0, 0, 0],
        "met last": [0, 1, 0, 0, 0, 0],
        "Instinct's likeliest": [0, 0, 1, 0, 0, 0],
        "Instinct's least likely": [0, 1, 0, 0, 0, 0],
    }
    shared = report.measure([place_of(report, 0, 3)])["right"]
    assert shared == pytest.approx(dict.fromkeys(report.HABITS, 1 / 6))
    two = report.measure([place_of(report, 0, 0, ("ferryman", "anchored", *ALIKE[:4]))])
    assert two["right"]["longest"] == 0.5


def test_only_a_tenth_above_chance_is_too_much(report: ModuleType) -> None:
    long = ("antidote", *ALIKE[:5])

    def beaten(n_right: int) -> list[str]:
        places = [place_of(report, n, int(n >= n_right), long) for n in range(100)]
        return [line for line in report.beaten(report.measure(places)) if "longest" in line]

    assert (beaten(18), len(beaten(19))) == ([], 1)


def test_a_code_is_learned_at_one_half_and_tried_at_the_other(report: ModuleType) -> None:
    """By hand, in the order of the rule: hash, half, shares with a half added to each."""
    truths = [n * n % 5 for n in range(40)]
    places = [place_of(report, n, truth, bits=range(6)) for n, truth in enumerate(truths)]
    halves: dict[int, list[int]] = {0: [], 1: []}
    for n, rank in enumerate(truths):
        halves[hashlib.sha256(f"pack/{n}".encode()).digest()[0] % 2].append(rank)
    paid = [
        -math.log2((halves[1 - side].count(rank) + 0.5) / (len(halves[1 - side]) + 3))
        for side in (0, 1)
        for rank in halves[side]
    ]
    assert min(map(len, halves.values())) > 10
    assert report.code_bits(places, "instinct") == pytest.approx(sum(paid) / 40)


def test_where_ranks_tell_nothing_the_code_costs_chance_and_where_all_nothing(
    report: ModuleType,
) -> None:
    even = [place_of(report, n, n % 6, bits=range(6)) for n in range(3_000)]
    same = [place_of(report, n, 4, bits=range(6)) for n in range(3_000)]
    assert report.code_bits(even, "reader") == pytest.approx(CHANCE_BITS, abs=0.02)
    assert report.code_bits(same, "reader") < 0.01
    assert report.measure(same)["reader"]["ranks"] == [0, 0, 0, 0, 3_000, 0]


def test_passages_without_sixes_are_counted_as_such(
    report: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "read_readings", lambda loaded: Readings((), ()))
    monkeypatch.setattr(sys, "argv", ["draw_report.py", "warm-up"])
    assert report.main() == 0
    told = capsys.readouterr().out
    ids = [passage.id for passage in load_builtin("warm-up").passages]
    assert f"{len(ids)} passages without any: " in told
    assert all(f"warm-up/{id}" in told for id in ids)
