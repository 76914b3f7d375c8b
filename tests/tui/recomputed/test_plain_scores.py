"""Line by line to the end: every number that is told, recomputed from what was kept."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
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


class Told:
    """Checks what was told line by line against what was kept."""

    def __init__(self, log: Any, sentences: Any, is_near: Callable[[str, float], None]) -> None:
        self._log, self._sentences, self._near = log, sentences(log), is_near

    def reveals(self, told: str) -> None:
        """The rows below each word."""
        log = self._log
        for target, part in enumerate(told.split("The word: ")[1:]):
            assert part.startswith(log.words[target] + "\n")
            bits = {name: paid[target] for name, paid in log.costs.items()}
            for name, paid in {**bits, "Instinct": log.instinct[target]}.items():
                row = re.search(rf"^  {name} +(\S+) bits +<?(\S+) %(.*)$", part, re.MULTILINE)
                assert row, name
                self._near(row[1], paid)
                assert abs(float(row[2]) - 100 * 2**-paid) <= 0.51
                change = re.search(r"insight (\S+)", row[3])
                assert (change is None) == (name == "Instinct")
                if change:
                    self._near(change[1], log.instinct[target] - paid)

    def end(self, told: str) -> None:
        """Every number behind the text; no line with a number is passed over."""
        log = self._log
        end = told[re.search(r"^.* wins, by .*$", told, re.MULTILINE).start() :]  # type: ignore[union-attr]
        stated: list[str] = []
        for line in end.splitlines():
            if found := re.fullmatch(r"(.+): insight (\S+) bits, cost (\S+)\.", line):
                self._near(found[2], log.insight(found[1]))
                self._near(found[3], log.paid(found[1]))
                stated.append(found[1])
            elif not self._sentences.claim(line):
                assert not re.search(r"\d", line), f"nobody has checked {line!r}"
        assert sorted(stated) == sorted(log.costs)
        insights = [round(log.insight(name), 6) for name in stated]
        assert insights == sorted(insights, reverse=True)
        said = self._sentences.said
        assert len(said["lead"]) == 1
        assert said["rate"] == said["share"] == log.best_first


@pytest.fixture
def check(sentences: Any, is_near: Any) -> Callable[[Any], Told]:
    """Checks what was told of a race."""
    return lambda log: Told(log, sentences, is_near)


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
    opened: Callable[..., Opened],
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    kept: Any,
    check: Any,
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
    found = kept(paths.store_file)
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
    check(found).end(told)


def test_choice_through_the_command(
    bitrace: Callable[..., Any], tmp_path: Path, starter_file: Path, kept: Any, check: Any
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
    log = kept(tmp_path / "data" / "bitrace.db")
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
    check(log).reveals(done.stdout)
    check(log).end(done.stdout)
    assert len(re.findall("^Reader staked: ", done.stdout, re.MULTILINE)) == len(log.words)


def test_shannon_through_the_command_in_two_goes(
    bitrace: Callable[..., Any], tmp_path: Path, starter_file: Path, kept: Any, check: Any
) -> None:
    options = ("--mode", "shannon", "--clock", "3600", "--against", "nobody,reader")
    first = bitrace(
        tmp_path,
        *("play", "warm-up/milk-money", "--plain", *THREE, *options, "--targets", "3"),
        typed="money\nthe\n",
    )
    assert first.returncode == 0, first.stderr
    assert "Paused at target 1 of 3" in first.stdout
    log = kept(tmp_path / "data" / "bitrace.db")
    (clocked,) = log.of("clocked")
    assert 0 < clocked["used_s"] < 3600
    words = log.words
    typed = [words[0], words[0], "the", "tea", words[0].upper()]
    typed += [words[1], "x", words[1], words[1], "a", words[2], words[2], "b", words[2]]
    done = bitrace(tmp_path, "resume", "--plain", typed="".join(f"{x}\n" for x in typed))
    assert done.returncode == 0, done.stderr
    assert "so far money, the; guess 3 of 5?" in done.stdout
    log = kept(tmp_path / "data" / "bitrace.db")
    assert list(log.costs) == ["ann", "bo", "cy", "Reader", "Nobody"]
    assert not log.of("drawn")
    check(log).reveals(done.stdout)
    check(log).end(done.stdout)
    assert done.stdout.count("Shannon's bounds on ") == 3


def test_the_process_ends_while_a_line_is_still_waited_for(
    tmp_path: Path, starter_file: Path, kept: Any
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
    assert kept(tmp_path / "data" / "bitrace.db").turn(0, 0)["by_clock"]


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
