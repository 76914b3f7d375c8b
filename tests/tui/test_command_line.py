"""The command line as a user meets it: exit codes, and one sentence where something is
wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STORY = (
    "The ferry left the harbour at seven, and only four people had come aboard. Ann, who kept "
    "the ledger, counted them twice, because the captain had told her to expect five. "
) * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files of all kinds, good and bad."""
    (tmp_path / "story.txt").write_text(STORY, encoding="utf-8")
    (tmp_path / "short.txt").write_text("Too short to be raced on.", encoding="utf-8")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "blank.txt").write_bytes(b"\n \n\t\n")
    (tmp_path / "binary.txt").write_bytes(b"word \0 word " * 50)
    (tmp_path / "latin1.txt").write_bytes("Das Fährschiff legt ab. ".encode("latin-1") * 30)
    (tmp_path / "large.txt").write_bytes(b"word " * 1_000_001)
    (tmp_path / "random.gguf").write_bytes(bytes(range(1, 256)) * 9)
    (tmp_path / "half.gguf").write_bytes(b"GGUF" + bytes(range(256)) * 9)
    (tmp_path / "bad.toml").write_text("format = 1\n[[passages", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "\x1b[2J[red].txt").write_bytes(b"\0")
    return tmp_path


@pytest.fixture
def fails(
    bitrace: Callable[..., Any], folder: Path, unsafe: Callable[[str], set[str]]
) -> Callable[..., str]:
    """Runs a command that is to fail; its sentence."""

    def run(*arguments: str, code: int = 1, typed: str | bytes = "", **env: str) -> str:
        done = bitrace(folder / "home", *arguments, typed=typed, cwd=folder, env=env)
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert not unsafe(done.stderr)
        return done.stderr

    return run


def one_sentence(told: str) -> bool:
    return told.count("\n") == 1 and told.endswith(".\n") and len(told) > 15


# ---- terminals and usage ----


def test_without_a_terminal_and_a_command(fails: Callable[..., str]) -> None:
    told = fails(code=2)
    assert told.count("\n") == 1
    assert "--plain" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--nonsense"],
        ["play", "--nonsense"],
        ["play", "--targets", "0"],
        ["play", "--targets", "many"],
        ["play", "a", "b"],
        ["play", "--draw", "nonsense"],
        ["score"],
        ["score", "story.txt", "--format", "xml"],
        ["score", "story.txt", "--memory", "-1"],
        ["scores"],
        ["scores", "export"],
        ["doctor", "--yaml"],
        ["resume", "something"],
    ],
)
def test_usage_errors(bitrace: Callable[..., Any], folder: Path, arguments: list[str]) -> None:
    done = bitrace(folder / "home", *arguments, cwd=folder)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Usage: bitrace" in done.stderr
    assert not (folder / "home").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["play", "--help"], ["--version"]])
def test_help_and_version(
    bitrace: Callable[..., Any], folder: Path, arguments: list[str]
) -> None:
    done = bitrace(folder / "home", *arguments, cwd=folder)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "bitrace" in done.stdout
    assert not (folder / "home").exists()


# ---- texts ----


@pytest.mark.parametrize("command", [["play", "--plain"], ["score"]])
@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("folder", "is a folder"),
        ("empty.txt", "has no text"),
        ("blank.txt", "has no text"),
        ("binary.txt", "is a binary file"),
        ("latin1.txt", r"is not valid UTF-8 \(byte 5\)"),
        ("~nobody-of-that-name/x", "no file|does not exist"),
        ("x" * 300, "no file|cannot be read"),
        ("/proc/self/mem", "cannot be read|is not"),
        ("/dev/zero", "is not an ordinary file"),
        ("\x1b[2J[red].txt", r"\[2J\[red\]\.txt is a binary file"),
    ],
)
def test_texts_that_cannot_be_used(
    fails: Callable[..., str], command: list[str], file: str, told: str
) -> None:
    sentence = fails(*command, file)
    assert one_sentence(sentence)
    assert re.search(told, sentence)


def test_a_text_too_large_to_be_played(fails: Callable[..., str]) -> None:
    sentence = fails("play", "--plain", "large.txt")
    assert one_sentence(sentence) and "is over 5 MB" in sentence


def test_a_text_that_is_not_there(fails: Callable[..., str]) -> None:
    told = fails("play", "nothing.txt", "--plain")
    assert one_sentence(told)
    assert "no file and no pack 'nothing.txt'" in told
    assert "warm-up" in told
    told = fails("score", "nothing.txt")
    assert one_sentence(told)
    assert "nothing.txt does not exist" in told


def test_a_text_too_short_to_race_on(fails: Callable[..., str]) -> None:
    told = fails("play", "short.txt", "--plain")
    assert told == "The text has 6 words: a race needs at least 60.\n"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (b"", "has no text"),
        (b"a\0b", "is a binary file"),
        (b"\xff\xfe", "is not valid UTF-8"),
        (b"word " * 10_000_001, "is over 50 MB"),
    ],
)
def test_standard_input_that_cannot_be_scored(
    fails: Callable[..., str], typed: bytes, told: str
) -> None:
    sentence = fails("score", "-", typed=typed)
    assert one_sentence(sentence)
    assert f"standard input {told}" in sentence


def test_a_pack_that_is_faulty(fails: Callable[..., str]) -> None:
    told = fails("play", "bad.toml", "--plain")
    assert "bad.toml, line 2" in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--from", "nowhere"], "no word 'nowhere'"),
        (["--from", "100000"], "no word number"),
        (["--player", "ann", "--player", "Ann"], "the same name"),
        (["--player", ""], "name is 1 to 24"),
        (["--player", "x" * 25], "name is 1 to 24"),
        (["--player", "\x1b[2J"], "without control characters"),
        ([f"--player={number}" for number in range(9)], "9 players are too many"),
    ],
)
def test_options_that_cannot_be_used(
    fails: Callable[..., str], options: list[str], told: str
) -> None:
    options = [part for option in options for part in option.split("=")]
    sentence = fails("play", "story.txt", "--plain", *options)
    assert one_sentence(sentence)
    assert told in sentence


# ---- models ----


@pytest.mark.parametrize("command", [["play", "story.txt", "--plain"], ["score", "story.txt"]])
@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("nothing.gguf", "no model file"),
        ("folder", "is a folder"),
        ("random.gguf", "is not a model in GGUF form"),
        ("story.txt", "is not a model in GGUF form"),
        ("~nobody-of-that-name/m.gguf", "no file|no model|check the path"),
    ],
)
def test_models_that_are_none(
    fails: Callable[..., str], command: list[str], model: str, told: str
) -> None:
    sentence = fails(*command, "--model", model)
    assert one_sentence(sentence)
    assert re.search(told, sentence)


def test_a_damaged_model(bitrace: Callable[..., Any], folder: Path) -> None:
    """Only loading shows that it is one; the race begun for it is not kept."""
    done = bitrace(
        folder / "home",
        *("play", "story.txt", "--plain", "--model", "half.gguf"),
        cwd=folder,
    )
    assert done.returncode == 1, done.stderr
    assert one_sentence(done.stderr)
    assert "half.gguf" in done.stderr
    again = bitrace(folder / "home", "resume", "--plain")
    assert again.returncode == 1
    assert "No race has been left open" in again.stderr


def test_a_model_whose_name_is_no_text(
    bitrace: Callable[..., Any], folder: Path, starter_file: Path
) -> None:
    model = os.fsdecode(os.fsencode(str(folder)) + b"/not\xffutf8.gguf")
    Path(model).symlink_to(starter_file)
    done = bitrace(folder / "home", "score", "short.txt", "--model", model, cwd=folder)
    assert "stumbled" not in done.stderr
    assert done.returncode in (0, 1)


# ---- folders ----


@pytest.mark.parametrize("arguments", [["play", "--plain"], ["resume", "--plain"]])
@pytest.mark.parametrize("home", ["story.txt/home", "story.txt", "/proc/bitrace"])
def test_homes_that_cannot_be_used(
    fails: Callable[..., str], folder: Path, arguments: list[str], home: str
) -> None:
    where = home if home.startswith("/") else str(folder / home)
    told = fails(*arguments, BITRACE_HOME=where)
    assert one_sentence(told)
    assert where in told
    assert "BITRACE_HOME" in told


def test_a_home_of_nobody(fails: Callable[..., str]) -> None:
    told = fails("play", "--plain", BITRACE_HOME="~nobody-of-that-name/x")
    assert one_sentence(told)
    assert "BITRACE_HOME" in told


def test_settings_that_cannot_be_read(fails: Callable[..., str], folder: Path) -> None:
    settings = folder / "home" / "settings" / "settings.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("player = [", encoding="utf-8")
    told = fails("play", "--plain")
    assert one_sentence(told)
    assert str(settings) in told


def test_a_store_that_is_none(fails: Callable[..., str], folder: Path) -> None:
    store = folder / "home" / "data" / "bitrace.db"
    store.parent.mkdir(parents=True)
    store.write_bytes(b"not a database, but something that somebody put here" * 99)
    for arguments in (["play", "--plain"], ["resume", "--plain"]):
        told = fails(*arguments)
        assert str(store) in told
    assert b"somebody put here" in store.read_bytes()


# ---- races and cards ----


def test_nothing_to_go_on_with(fails: Callable[..., str]) -> None:
    told = fails("resume", "--plain")
    assert told == "No race has been left open: `bitrace play` begins one.\n"


def test_nothing_to_export(fails: Callable[..., str]) -> None:
    told = fails("scores", "export", "-o", "-")
    assert told == "No race has been finished yet: `bitrace play` begins one.\n"


# ---- input that is no text ----


def test_bytes_that_are_no_text_are_no_slip(bitrace: Callable[..., Any], folder: Path) -> None:
    done = bitrace(
        folder / "home",
        *("play", "story.txt", "--plain", "--targets", "1", "--player", "ann"),
        typed=b"f\xff\xfeg 50\nledger 50\n",
        cwd=folder,
    )
    assert "stumbled" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert "Not taken" in done.stdout
    assert "The word: " in done.stdout


def test_output_that_takes_only_ascii(bitrace: Callable[..., Any], folder: Path) -> None:
    done = bitrace(
        folder / "home",
        *("play", "--plain", "--player", "ann"),
        cwd=folder,
        env={"PYTHONIOENCODING": "ascii"},
    )
    assert "stumbled" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_a_reader_that_goes_away(folder: Path) -> None:
    command = f"{sys.executable} -P -m tui play story.txt --plain --yes < /dev/null | head -c 9"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "BITRACE_HOME": str(folder / "home")},
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""


@pytest.mark.parametrize("command", ["play story.txt --plain", "score -"])
def test_input_that_is_closed(folder: Path, command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -P -m tui {command} <&-"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "BITRACE_HOME": str(folder / "home")},
        check=False,
    )
    assert "stumbled" not in done.stderr
    assert done.returncode in (0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_output_to_a_full_disk(folder: Path, starter_file: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -P -m tui score short.txt > /dev/full"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "BITRACE_HOME": str(folder / "home")},
        check=False,
    )
    assert done.returncode == 1
    assert "stumbled" not in done.stderr
    assert one_sentence(done.stderr)


def test_a_folder_of_modules_is_not_imported_from_where_one_stands(
    folder: Path, starter_file: Path
) -> None:
    """A folder named `engine` in the player's own must not become the engine."""
    trap = folder / "engine"
    trap.mkdir()
    (trap / "__init__.py").write_text("raise SystemExit(99)", encoding="utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("bitrace")), "score", "short.txt"],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "BITRACE_HOME": str(folder / "home")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
