"""Line by line to the end: every number that is told, recomputed from what was kept."""

from __future__ import annotations

import io
import json
import math
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.scripted import ScriptedPredictor
from tui.beginning import Terms
from tui.opening import Opened
from tui.paths import Paths
from tui.plain import PlainRace

LONGEST_WAIT_S = 60.0
THREE = ("--player", "ann", "--player", "bo", "--player", "cy")
ONE_TARGET = (
    "The ferry left the harbour at seven. The missing one was the [[cook]]. So it goes."
)


class Log:
    """What is kept of the only race in a store, read past the game."""

    def __init__(self, file: Path) -> None:
        connection = sqlite3.connect(file)
        rows = connection.execute("SELECT kind, body FROM events ORDER BY seq").fetchall()
        connection.close()
        self.events = [(kind, json.loads(body)) for kind, body in rows]
        (started,) = self.of("started")
        self.setup = started["setup"]
        self.words = [target["word"] for target in self.setup["targets"]]
        self.players = [player["name"] for player in self.setup["players"]]
        self.reveals = self.of("revealed")
        self.instinct = [one["instinct_bits"] for one in self.reveals]
        self.costs = {name: self._paid(n) for n, name in enumerate(self.players)}
        for key in self.setup["minds"]:
            self.costs[key.capitalize()] = [one["minds"][key] for one in self.reveals]
        if self.setup["mixtures"]:
            assert self.setup["mixtures"] == ["nobody"] and not self.setup["crowd"]
            self.costs["Nobody"] = self._mixed()

    def of(self, kind: str) -> list[Any]:
        return [body for found, body in self.events if found == kind]

    def turn(self, target: int, player: int) -> Any:
        (found,) = (
            one
            for one in self.of("locked")
            if (one["target"], one["player"]) == (target, player)
        )
        return found

    def rank(self, target: int, player: int) -> int:
        guesses = [
            one["word"].lower()
            for one in self.of("guessed")
            if (one["target"], one["player"]) == (target, player)
        ]
        truth = self.words[target].lower()
        return 1 + guesses.index(truth) if truth in guesses else 6

    def _paid(self, player: int) -> list[float]:
        return [self._bits(target, player) for target in range(len(self.reveals))]

    def _bits(self, target: int, player: int) -> float:
        bets = self.turn(target, player)["slip"]["bets"]
        stakes = {bet["word"]: bet["percent"] / 100 for bet in bets}
        truth, instinct = self.words[target], self.instinct[target]
        if self.setup["mode"] == "choice":
            assert sum(bet["percent"] for bet in bets) == 100
            return -math.log2(stakes[truth])
        if self.setup["mode"] == "open":
            rest = 1 - sum(stakes.values())
            return -math.log2(stakes.get(truth, 0.0) + rest * 2**-instinct)
        counts = Counter({1: 3.0, 2: 1.2, 3: 0.7, 4: 0.5, 5: 0.4, 6: 4.2})
        counts.update(self.rank(before, player) for before in range(target))
        rank = self.rank(target, player)
        return -math.log2(counts[rank] / sum(counts.values())) + instinct * (rank == 6)

    def _mixed(self) -> list[float]:
        """The mixture in closed form: the mean of what each gives to all words so far."""
        people = [self.costs[name] for name in self.players]
        given = [
            sum(2 ** -sum(paid[:n]) for paid in people) / len(people)
            for n in range(len(self.reveals) + 1)
        ]
        return [-math.log2(after / before) for before, after in pairwise(given)]

    def insight(self, name: str) -> float:
        return sum(self.instinct) - sum(self.costs[name])

    def check_reveals(self, told: str) -> None:
        """The rows below each word."""
        for target, part in enumerate(told.split("The word: ")[1:]):
            assert part.startswith(self.words[target] + "\n")
            for name, paid in {**self.costs, "Instinct": self.instinct}.items():
                row = re.search(rf"^  {name} +(\S+) bits +<?(\S+) %(.*)$", part, re.MULTILINE)
                assert row, name
                near(row[1], paid[target])
                assert abs(float(row[2]) - 100 * 2 ** -paid[target]) <= 0.51
                change = re.search(r"insight (\S+)", row[3])
                assert (change is None) == (name == "Instinct")
                if change:
                    near(change[1], self.instinct[target] - paid[target])

    def check_end(self, told: str) -> None:
        """Every number behind the text; no line with a number is passed over."""
        end = told[re.search(r"^.* wins, by .*$", told, re.MULTILINE).start() :]  # type: ignore[union-attr]
        order = sorted(self.costs, key=lambda name: -self.insight(name))
        stated = [line.partition(":")[0] for line in end.splitlines() if ": insight " in line]
        assert [round(self.insight(name), 6) for name in stated] == [
            round(self.insight(name), 6) for name in order
        ]
        assert sorted(stated) == sorted(order)
        checks: list[tuple[str, Callable[..., None]]] = [
            (r"(.+) wins?, by (\S+ bits|a hair) before (.+)\.", self._check_lead),
            (r"(.+): insight (\S+) bits, cost (\S+)\.", self._check_standing),
            (
                r"(.+): (\S+) bits a word(?: among six)?, where Instinct pays (\S+)\.",
                self._check_rate,
            ),
            (r"Following the text saved (.+) most at “(.+)”: (\S+) bits\.", self._check_best),
            (
                r"Written out these words take (\d+) bytes; at (.+)'s bits (\d+), "
                r"at Reader's (\d+)\.",
                self._check_bytes,
            ),
            (
                r"Shannon's bounds on (.+)'s knowledge: (\S+) to (\S+) bits a word\.",
                self._check_bounds,
            ),
            (
                r"Nobody paid (\S+) bits in all, less than (?:any of )?(you)[^\d]*(\S+)\.",
                self._check_nobody,
            ),
            (
                r"Nobody's dearest word cost (\S+) bits\. .* even (.+)'s cost (\S+)\.",
                self._check_dearest,
            ),
            (
                r"Nobody stayed within (\S+) bits of (.+), the best of (\d),.*",
                self._check_within,
            ),
            (r"Next to beat: (.+), (\S+) bits ahead\.", self._check_next),
            (r"bitrace \S+(?: \w+)? ([▁▂▃▅▇]+) (\S+) bits · Reader (\S+)", self._check_share),
        ]
        seen: Counter[str] = Counter()
        for line in end.splitlines():
            for pattern, check in checks:
                if found := re.fullmatch(pattern, line):
                    check(*found.groups())
                    seen[pattern] += 1
                    break
            else:
                assert not re.search(r"\d", line), f"nobody has checked {line!r}"
        assert seen[checks[0][0]] == 1
        assert seen[checks[1][0]] == len(self.costs)
        assert seen[checks[2][0]] == seen[checks[-1][0]] == len(self.players)

    def _check_lead(self, first: str, lead: str, second: str) -> None:
        ahead = self.insight(first) - self.insight(second)
        near("0.0" if lead == "a hair" else lead.removesuffix(" bits"), ahead)
        others = [self.insight(name) for name in self.costs if name != first]
        assert self.insight(first) >= max(others) == pytest.approx(self.insight(second))

    def _check_standing(self, name: str, insight: str, cost: str) -> None:
        near(insight, self.insight(name))
        near(cost, sum(self.costs[name]))

    def _check_rate(self, name: str, rate: str, habit: str) -> None:
        near(rate, sum(self.costs[name]) / len(self.words))
        near(habit, sum(self.instinct) / len(self.words))

    def _check_best(self, name: str, word: str, worth: str) -> None:
        saved = [a - b for a, b in zip(self.instinct, self.costs[name], strict=True)]
        near(worth, max(saved))
        assert self.words[saved.index(max(saved))] == word

    def _check_bytes(self, plain: str, name: str, mine: str, reader: str) -> None:
        assert int(plain) == len("".join(self.words).encode())
        assert int(mine) == -(-sum(self.costs[name]) // 8)
        assert int(reader) == -(-sum(self.costs["Reader"]) // 8)

    def _check_bounds(self, name: str, lower: str, upper: str) -> None:
        player = self.players.index(name)
        ranks = [self.rank(target, player) for target in range(len(self.words))]
        q = [ranks.count(rank) / len(ranks) for rank in range(1, 8)]
        near(lower, sum(i * (a - b) * math.log2(i) for i, (a, b) in enumerate(pairwise(q), 1)))
        near(upper, -sum(share * math.log2(share) for share in q if share))

    def _check_nobody(self, nobody: str, _you: str, best: str) -> None:
        near(nobody, sum(self.costs["Nobody"]))
        near(best, min(sum(self.costs[name]) for name in self.players))

    def _check_dearest(self, nobody: str, name: str, least: str) -> None:
        near(nobody, max(self.costs["Nobody"]))
        near(least, max(self.costs[name]))
        assert max(self.costs[name]) == min(max(self.costs[one]) for one in self.players)

    def _check_within(self, within: str, name: str, n: str) -> None:
        best = min(sum(self.costs[one]) for one in self.players)
        assert sum(self.costs[name]) == pytest.approx(best)
        assert int(n) == len(self.players)
        over = sum(self.costs["Nobody"]) - best
        assert over <= float(within) + 1e-9 and float(within) <= max(0.1, over + 0.1)
        assert over <= math.log2(len(self.players))

    def _check_next(self, name: str, lead: str) -> None:
        best = max(self.insight(one) for one in self.players)
        near(lead, self.insight(name) - best)
        ahead = [self.insight(one) for one in self.costs if self.insight(one) > best + 1e-9]
        assert self.insight(name) == pytest.approx(min(ahead))

    def _check_share(self, spark: str, insight: str, reader: str) -> None:
        sparks = {
            "".join("▁▂▃▅▇"[sum(bits >= limit for limit in (1, 3, 6, 10))] for bits in paid)
            for name, paid in self.costs.items()
            if name in self.players and abs(float(insight) - self.insight(name)) <= 0.051
        }
        assert spark in sparks
        near(reader, self.insight("Reader"))


def near(shown: str, bits: float) -> None:
    """Shown to one place."""
    assert re.fullmatch(r"[+-]?\d+\.\d", shown)
    assert abs(float(shown) - bits) <= 0.0500001, (shown, bits)


class Ear(io.StringIO):
    """An output that does something when something has been told."""

    def __init__(self) -> None:
        super().__init__()
        self._does: list[tuple[str, Callable[[], object]]] = []

    def on(self, told: str, do: Callable[[], object]) -> None:
        """What to do each time that a line holds this."""
        self._does.append((told, do))

    def write(self, text: str) -> int:
        written = super().write(text)
        for told, do in self._does:
            if told in text:
                do()
        return written


def test_eight_players_a_slow_mind_and_a_clock_of_one_second(
    opened: Callable[..., Opened], paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some answer in time, some never, one too late: then the next has said it."""
    names = ("ann", "bo", "cy", "dan", "eve", "flo", "gus", "hal")
    reading, writing = os.pipe()
    source, typist = os.fdopen(reading, encoding="utf-8"), os.fdopen(writing, "w")

    def type_(line: str) -> None:
        typist.write(line + "\n")
        typist.flush()

    out = Ear()
    silent = {"bo", "eve", "gus"}
    for name in {*names} - silent - {"cy"}:
        out.on(f"of 1, {name}, ", lambda name=name: type_(f"cook 50 {name} 9"))
    late = iter(["cook 50 cy 9"])
    out.on("Time is up", lambda: (line := next(late, "")) and type_(line))
    monkeypatch.setattr("sys.stdin", source)
    monkeypatch.setattr("sys.stdout", out)
    begun = opened(ONE_TARGET, names, terms=Terms(clock_s=1))
    with source, typist:
        race = PlainRace(begun, ScriptedPredictor(delay_s=0.4), passes_unasked=False)
        assert race.run() == 0
    found = Log(paths.store_file)
    turns = Counter((one["target"], one["player"]) for one in found.of("locked"))
    assert turns == {(0, player): 1 for player in range(8)}
    assert len(found.of("revealed")) == 1
    for one in found.of("locked"):
        name = names[one["player"]]
        bets = [] if name in silent else [("cook", 50), (name, 9)]
        assert [(bet["word"], bet["percent"]) for bet in one["slip"]["bets"]] == bets
        assert one["by_clock"] == (name in silent)
    told = out.getvalue()
    assert told.count("Time is up.") == len(silent)
    found.check_end(told)


def test_choice_through_the_command(
    bitrace: Callable[..., Any], tmp_path: Path, starter_file: Path
) -> None:
    """The usual mode of three."""
    lines = ["335", "40 20 10 10 10 10", "nonsense", "", "", "?known", "1 1 1"]
    lines += ["5 5 5 5 5 5", "1 2", "95 1 1 1 1 1", "60 8 8 8 8 8", "16 16 17 17 17 17"] * 3
    done = bitrace(
        tmp_path, "play", "warm-up", "--plain", *THREE, typed="".join(f"{x}\n" for x in lines)
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    log = Log(tmp_path / "data" / "bitrace.db")
    assert log.setup["mode"] == "choice"
    assert "Nobody" in log.costs
    assert len(log.of("locked")) == 3 * len(log.words)
    for one in log.reveals:
        six = next(x["six"] for x in log.of("drawn") if x["target"] == one["target"])
        at = six.index(log.words[one["target"]])
        for key, bits in one["six"].items():
            assert sum(2**-cost for cost in bits) == pytest.approx(1)
            told = one["instinct_bits"] if key == "instinct" else one["minds"][key]
            assert told == pytest.approx(bits[at])
    log.check_reveals(done.stdout)
    log.check_end(done.stdout)
    assert len(re.findall("^Reader staked: ", done.stdout, re.MULTILINE)) == len(log.words)


def test_shannon_through_the_command_in_two_goes(
    bitrace: Callable[..., Any], tmp_path: Path, starter_file: Path
) -> None:
    options = ("--mode", "shannon", "--clock", "3600", "--against", "nobody,reader")
    first = bitrace(
        tmp_path,
        *("play", "warm-up/milk-money", "--plain", *THREE, *options, "--targets", "3"),
        typed="money\nthe\n",
    )
    assert first.returncode == 0, first.stderr
    assert "Paused at target 1 of 3" in first.stdout
    log = Log(tmp_path / "data" / "bitrace.db")
    (clocked,) = log.of("clocked")
    assert 0 < clocked["used_s"] < 3600
    words = log.words
    typed = [words[0], words[0], "the", "tea", words[0].upper()]
    typed += [words[1], "x", words[1], words[1], "a", words[2], words[2], "b", words[2]]
    done = bitrace(tmp_path, "resume", "--plain", typed="".join(f"{x}\n" for x in typed))
    assert done.returncode == 0, done.stderr
    assert "so far money, the; guess 3 of 5?" in done.stdout
    log = Log(tmp_path / "data" / "bitrace.db")
    assert list(log.costs) == ["ann", "bo", "cy", "Reader", "Nobody"]
    assert not log.of("drawn")
    log.check_reveals(done.stdout)
    log.check_end(done.stdout)
    assert done.stdout.count("Shannon's bounds on ") == 3


def test_the_process_ends_while_a_line_is_still_waited_for(
    tmp_path: Path, starter_file: Path
) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "tui", "play", "warm-up", "--plain"),
            *("--player", "ann", "--clock", "1", "--targets", "1"),
        ],
        env={**os.environ, "BITRACE_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout and process.stderr
        told, faults = process.stdout.read().decode(), process.stderr.read().decode()
        assert process.wait(LONGEST_WAIT_S) == 0
    finally:
        process.kill()
        process.wait()
    assert faults == ""
    assert told.count("Time is up.") == 1
    assert Log(tmp_path / "data" / "bitrace.db").turn(0, 0)["by_clock"]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--mode", "nonsense"], 2, "--mode"),
        (["--clock", "-1"], 2, "--clock"),
        (["--clock", "3601"], 2, "--clock"),
        (["--against", "nonsense"], 1, "There is no racer 'nonsense'"),
        (["--against", "reader,,goldfish", "--against", "sagge"], 1, "no racer 'sagge'"),
        (["--model", "no.gguf", "--model", "nor.gguf"], 1, "no.gguf"),
    ],
)
def test_options_that_cannot_be(
    bitrace: Callable[..., Any], tmp_path: Path, options: list[str], code: int, told: str
) -> None:
    done = bitrace(tmp_path, "play", "--plain", *options)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
