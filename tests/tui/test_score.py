"""`bitrace score`: the bits of each word of a text, in three forms."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InputError
from engine.predictor import Loaded
from engine.race import Identity
from engine.scripted import ScriptedPredictor
from engine.words import prepare, sha256, words
from tui import score
from tui.score import Asked
from tui.score import run as run_asked

TEXT = (
    "The ferry's late, and Ann — who kept the ledger — waits.\n“Late?” she asks; naïve 漢字!\n"
)
KEYS = [
    "model",
    "backend",
    "reading_version",
    "text_sha256",
    "tokens",
    "bytes",
    "token_bits_total",
    "total_bits",
    "bits_per_word",
    "bits_per_byte",
    "coded_bytes",
    "xz_bytes",
    "words",
]


def run(file: str, memories: tuple[int, ...], form: str, model: str) -> int:
    """Score one file."""
    return run_asked(Asked((file,), memories, form, model))


@dataclass
class Told:
    """What the command printed for one text."""

    from_file: subprocess.CompletedProcess[str]
    from_input: subprocess.CompletedProcess[str]
    as_csv: subprocess.CompletedProcess[str]

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.from_file.stdout)


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, starter_file: Path, bitrace: Callable[..., Any]
) -> Told:
    """The starter model's scores of a short text."""
    folder = tmp_path_factory.mktemp("score")
    file = folder / "a [red] text.txt"
    file.write_text(TEXT, encoding="utf-8")
    home = folder / "home"
    return Told(
        bitrace(home, "score", str(file), "--format", "json"),
        bitrace(home, "score", "-", "--format", "json", typed=TEXT),
        bitrace(home, "score", file.name, "--format", "csv", "--memory", "4", cwd=folder),
    )


# ---- with the real model ----


def test_nothing_but_the_scores_is_printed(told: Told) -> None:
    for done in (told.from_file, told.from_input, told.as_csv):
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert "\x1b" not in done.stdout


def test_the_keys_are_as_promised(told: Told, starter_file: Path) -> None:
    facts = told.json
    assert list(facts) == KEYS
    assert list(facts["model"]) == ["name", "file", "sha256", "quantization"]
    assert facts["model"]["file"] == starter_file.name
    assert len(facts["model"]["sha256"]) == 64
    assert "CPU" in facts["backend"] or "CUDA" in facts["backend"]
    assert facts["text_sha256"] == prepare(TEXT).sha256
    assert facts["bytes"] == len(prepare(TEXT).normalized.encode())
    assert all(list(word) == ["word", "start", "end", "bits"] for word in facts["words"])


def test_words_stand_where_they_are_said_to_be(told: Told) -> None:
    normalized = prepare(TEXT).normalized
    found = told.json["words"]
    assert [word["word"] for word in found] == [word.text for word in words(normalized)]
    assert all(normalized[word["start"] : word["end"]] == word["word"] for word in found)
    assert all(0 < word["bits"] < 60 for word in found)


def test_totals_are_the_sums_of_their_parts(told: Told) -> None:
    facts = told.json
    bits = [word["bits"] for word in facts["words"]]
    assert facts["total_bits"] == pytest.approx(sum(bits), abs=1e-4)
    assert facts["bits_per_word"] == pytest.approx(sum(bits) / len(bits), abs=1e-5)
    assert facts["bits_per_byte"] == pytest.approx(
        facts["token_bits_total"] / facts["bytes"], abs=1e-5
    )
    assert len(bits) <= facts["tokens"]


def test_standard_input_is_scored_as_a_file_is(told: Told) -> None:
    assert json.loads(told.from_input.stdout) == told.json


def test_csv(told: Told) -> None:
    rows = list(csv.DictReader(io.StringIO(told.as_csv.stdout)))
    assert list(rows[0]) == ["word", "start", "end", "bits", "memory_4"]
    assert [row["word"] for row in rows] == [word["word"] for word in told.json["words"]]
    assert [float(row["bits"]) for row in rows] == [word["bits"] for word in told.json["words"]]
    first = rows[0]
    # Before the first word there is nothing to remember; batches of other lengths round a bit.
    assert float(first["memory_4"]) == pytest.approx(float(first["bits"]), abs=0.05)
    assert rows[-1]["memory_4"] != rows[-1]["bits"]


# ---- without ----


class ScriptedLink(ScriptedPredictor):
    """Stands for the link: a model with a hostile name, whose every word costs two bits."""

    def __init__(self) -> None:
        super().__init__(lambda mind, word: 2.0 + word.index % 2)
        self.closed = False

    def load(self, loading: Any, on_progress: Any = None) -> Future[Loaded]:
        identity = Identity("\x1b[2Jm[red]", "m.gguf", "0" * 64, "Q4", 1, "script", 0)
        future: Future[Loaded] = Future()
        future.set_result(Loaded(identity, "CPU", 0, 0))
        return future

    def close(self) -> None:
        self.closed = True
        super().close()


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedLink:
    """Every score goes through this one."""
    made = ScriptedLink()
    monkeypatch.setattr(score, "open_engine", lambda *_, **__: made)
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    return made


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """Makes a file with a text."""

    def make(text: str) -> str:
        path = tmp_path / "text.txt"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return make


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_what_a_model_says_of_itself_does_nothing(
    link: ScriptedLink,
    file: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
    unsafe: Callable[[str], set[str]],
    form: str,
) -> None:
    assert run(file("One two.\x1b[2J Three?\u202e"), (), form, "") == 0
    told = capsys.readouterr().out
    assert not unsafe(told)
    assert link.closed
    if form == "json":
        facts = json.loads(told)
        assert facts["model"]["name"] == "\x1b[2Jm[red]", "for programs it is told as it is"
        assert facts["text_sha256"] == sha256("One two.\x1b[2J Three?\u202e")


def test_the_table(
    link: ScriptedLink, file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file("One two, three: one."), (4, 0), "table", "") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["word", "bits", "4", "words", "0", "words"]
    assert [line.split() for line in lines[1:5]] == [
        [word, glyph, *[bits] * 3]
        for word, glyph, bits in (
            ("One", "▂", "2.00"),
            ("two", "▃", "3.00"),
            ("three", "▂", "2.00"),
            ("one", "▃", "3.00"),
        )
    ]
    assert len({len(line) for line in lines[:5]}) == 1, "columns stand under one another"
    assert "4 words, 20 bytes: 10.0 bits, 2.50 bits a word, 0.500 bits a byte" in lines[6]


def test_a_text_without_words(
    link: ScriptedLink, file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file("… — !!! ?"), (3,), "json", "") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["words"] == []
    assert facts["bits_per_word"] is None
    assert facts["total_bits"] == 0
    assert run(file("… — !!! ?"), (), "table", "") == 0
    assert "0 words" in capsys.readouterr().out
    assert run(file("… — !!! ?"), (2,), "csv", "") == 0
    assert capsys.readouterr().out == "word,start,end,bits,memory_2\n"


def test_a_very_long_word_does_not_break_the_table(
    link: ScriptedLink, file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file("short " + "x" * 5000), (), "table", "") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines[1]) == len(lines[2])


@pytest.mark.parametrize("text", ["", " \n\t ", "\ufeff"])
def test_a_text_with_nothing_in_it(
    link: ScriptedLink, file: Callable[[str], str], text: str
) -> None:
    with pytest.raises(InputError, match="has no text: there is nothing to score"):
        run(file(text), (), "json", "")


def test_too_much_on_standard_input(
    link: ScriptedLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.TextIOWrapper(io.BytesIO(b"word " * 10_000_001))
    monkeypatch.setattr("sys.stdin", typed)
    with pytest.raises(InputError, match="standard input is over 50 MB"):
        run("-", (), "json", "")


def test_progress_is_shown_only_to_somebody_who_watches(
    link: ScriptedLink, file: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    watched = Screen()
    monkeypatch.setattr("sys.stderr", watched)
    assert run(file("One two three."), (), "csv", "") == 0
    assert "%" in watched.getvalue()
    assert watched.getvalue().endswith("\r\x1b[K"), "and is taken away at the end"
