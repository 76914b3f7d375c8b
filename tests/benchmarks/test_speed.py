"""Figures, not verdicts: each benchmark prints what it measured, and the bound it is meant for.

    pytest tests/benchmarks -s

Where two things are compared, both are measured in the same run, since machines differ.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.screen import Screen

from engine.link import Link
from engine.minds import INSTINCT
from engine.predictor import Job
from engine.scripted import ScriptedPredictor
from tui.app import Bitrace
from tui.choose import Wish
from tui.opening import open_wish
from tui.paths import find_paths
from tui.play import library_of, open_store
from tui.screens.race import RaceScreen
from tui.settings import Settings
from tui.widgets.reveal import RevealPanel
from tui.widgets.slip import SlipLine

Report = Callable[..., None]
Timed = Callable[[Callable[[], object]], float]

RUNS = 7
SAMPLE = Path(__file__).parents[1] / "reference" / "sample.txt"

_BARE_APP = """
import time
begun = time.perf_counter()
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare")
    def on_mount(self):
        self.call_after_refresh(lambda: self.exit(time.perf_counter() - begun))
print("PAINT", Bare().run())
"""

_OUR_APP = """
import sys, time
begun = time.perf_counter()
sys.argv = ["bitrace"]
import tui.__main__
import tui.app
class Timed(tui.app.Bitrace):
    def on_mount(self):
        self.call_after_refresh(lambda: self.exit(time.perf_counter() - begun))
from tui.paths import find_paths
from tui.settings import load
paths = find_paths()
print("PAINT", Timed(paths, load(paths.settings_file)).run())
"""


def _in_terminal(script: str, home: Path) -> float:
    """Seconds to the first paint of a script's app in a pseudo-terminal."""
    command = f"stty cols 80 rows 24; {sys.executable} -c '{script}'"
    environment = {**os.environ, "BITRACE_HOME": str(home), "TERM": "xterm-256color"}
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        capture_output=True,
        env=environment,
        timeout=60,
        check=True,
    )
    found = re.search(rb"PAINT ([0-9.]+)", done.stdout)
    assert found, done.stdout[-500:]
    return float(found.group(1))


def test_short_memory(link: Link, sample: str, report: Report, timed: Timed) -> None:
    some = Job("starter", INSTINCT, sample, words=tuple(range(40, 200, 8)))
    each = [timed(lambda: link.read(some).result(60)) / 20 * 1000 for _ in range(RUNS)]
    report("one word with four words of memory", each, "ms", "as little as can be")


def test_memory_of_the_screen(tmp_path: Path) -> None:
    script = _OUR_APP.replace(
        "self.exit(time.perf_counter() - begun)",
        'self.exit(int(open("/proc/self/status").read().split("VmRSS:")[1].split()[0]))',
    )
    megabytes = _in_terminal(script, tmp_path) * 1024 / 1e6
    print(f"\nscreen's process: {megabytes:.0f} MB; meant: at most 80")


def test_first_paint(tmp_path: Path, report: Report) -> None:
    bare, ours = [], []
    for _ in range(RUNS):
        bare.append(_in_terminal(_BARE_APP, tmp_path) * 1000)
        ours.append(_in_terminal(_OUR_APP, tmp_path) * 1000)
    report("first paint of a bare Textual app", bare, "ms", "the measure")
    report("first paint of bitrace", ours, "ms", "at most 1.3 times the bare app")
    print(f"ratio of medians: {statistics.median(ours) / statistics.median(bare):.2f}")


def test_help(report: Report, timed: Timed) -> None:
    command = [sys.executable, "-m", "tui", "--help"]
    times = [
        timed(lambda: subprocess.run(command, capture_output=True, check=True)) * 1000
        for _ in range(RUNS)
    ]
    report("bitrace --help", times, "ms", "at most 250")


async def test_reveal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    """From the Enter key to the frame with the word, readings there, disk included."""
    times: list[float] = []
    begun = 0.0
    shown = Bitrace._display

    def display(app: Bitrace, screen: Screen[None], frame: object) -> None:
        nonlocal begun
        shown(app, screen, frame)
        if begun and isinstance(screen, RaceScreen) and screen.query_one(RevealPanel).display:
            times.append((time.perf_counter() - begun) * 1000)
            begun = 0.0

    monkeypatch.setattr(Bitrace, "_display", display)
    paths = find_paths({"BITRACE_HOME": str(tmp_path)})
    store = open_store(paths)
    n_turns = 0
    for seed in range(3):
        wish = Wish(str(SAMPLE), players=("ann",), seed=seed, n_targets=40, uniform=True)
        opened = open_wish(store, wish, Settings(), library_of(paths))
        app = Bitrace(paths, Settings(), opened, ScriptedPredictor())
        async with app.run_test(size=(120, 40)) as pilot:
            while not (isinstance(app.screen, RaceScreen) and app.screen.query(SlipLine)):
                await pilot.pause(0.02)
            for _ in opened.race.setup.targets:
                n_turns += 1
                app.screen.query_one(SlipLine).value = "sea 50"
                await pilot.pause(0.05)
                begun = time.perf_counter()
                await pilot.press("enter")
                while begun:
                    await pilot.pause(0.005)
                await pilot.pause(0.2)  # nobody goes on sooner
                await pilot.press("enter")
                await pilot.pause(0.05)
    store.close()
    assert len(times) == n_turns
    report("reveal after lock-in", times, "ms", "at most 16 at the 99th percentile")
    slow = sum(time_ms > 16 for time_ms in times)
    print(f"99th percentile: {sorted(times)[int(len(times) * 0.99)]:.1f} ms; {slow} above 16")
