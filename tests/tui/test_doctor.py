"""`bitrace doctor`: what there is, what is missing and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError, NoInstinctError
from tui import doctor
from tui.doctor import run

KEYS = {"versions", "model", "devices", "offload", "folders", "faults"}


@pytest.fixture(scope="module")
def healthy(
    tmp_path_factory: pytest.TempPathFactory, starter_file: Path, bitrace: Callable[..., Any]
) -> Any:
    """What it tells of the machine the tests run on."""
    return bitrace(tmp_path_factory.mktemp("doctor") / "home", "doctor", "--json")


def test_as_json(healthy: Any, starter_file: Path) -> None:
    assert healthy.returncode == 0, healthy.stdout
    assert healthy.stderr == ""
    facts = json.loads(healthy.stdout)
    assert set(facts) == KEYS
    assert facts["faults"] == []
    for package in ("python", "bitrace", "textual", "llama-cpp-python", "numpy", "pydantic"):
        assert facts["versions"][package][0].isdigit()
    assert facts["model"]["found"] is True
    assert Path(facts["model"]["path"]) == starter_file
    assert facts["model"]["file"] == starter_file.name
    assert len(facts["model"]["sha256"]) == 64
    assert isinstance(facts["model"]["rows_matter"], bool)
    assert any(device["kind"] == "CPU" for device in facts["devices"])
    assert set(facts["offload"]) == {"compiled", "layers", "of"}
    assert 0 <= facts["offload"]["layers"] <= facts["offload"]["of"]
    assert facts["offload"]["compiled"] or facts["offload"]["layers"] == 0
    assert set(facts["folders"]) == {"settings", "data", "cache", "logs"}


class Link:
    """Stands for the link; what is asked of it fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.closed = False

    def inspect(self) -> Any:
        raise self._error

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def ill(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Link]:
    """Lets the engine fail."""

    def make(error: Exception) -> Link:
        link = Link(error)
        monkeypatch.setattr(doctor, "open_link", lambda *_, **__: link)
        return link

    return make


@pytest.mark.parametrize(
    "error",
    [
        EngineError("The engine died 3 times on one request. Its log: /x/engine.log"),
        NoInstinctError("The starter model is not installed. Get it with: pip install x"),
        EngineError("\x1b[2J[red]"),
    ],
)
def test_faults_are_told_and_counted(
    ill: Callable[[Exception], Link],
    error: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    unsafe: Callable[[str], set[str]],
) -> None:
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    link = ill(error)
    assert run(as_json=True) == 1
    facts = json.loads(capsys.readouterr().out)
    assert set(facts) == KEYS
    assert facts["faults"] == [str(error)]
    assert facts["model"] == {"found": False}
    assert facts["offload"] == {"compiled": False, "layers": 0, "of": 0}
    assert link.closed
    assert run(as_json=False) == 1
    told = capsys.readouterr().out
    assert not unsafe(told)
    assert "not found" in told
    for heading in ("Versions", "Starter model", "Devices", "Offload", "Folders", "Faults"):
        assert heading in told


def test_folders_that_cannot_be_written(
    ill: Callable[[Exception], Link],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ill(EngineError("It died."))
    file = tmp_path / "file"
    file.write_text("in the way", encoding="utf-8")
    for home in (file / "home", file, Path("/proc/bitrace")):
        monkeypatch.setenv("BITRACE_HOME", str(home))
        assert run(as_json=True) == 1
        facts = json.loads(capsys.readouterr().out)
        told = [fault for fault in facts["faults"] if "cannot be written" in fault]
        assert len(told) == 4
        assert all(str(home) in fault and "BITRACE_HOME" in fault for fault in told)
    assert file.read_text(encoding="utf-8") == "in the way"


def test_looking_leaves_nothing_behind(
    ill: Callable[[Exception], Link],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ill(EngineError("It died."))
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    run(as_json=True)
    assert list(tmp_path.iterdir()) == []
