"""`bitrace score`: the bits of each word of a text, in three forms."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine import identities
from engine import link as engine_link
from engine.errors import EngineError, InputError
from engine.minds import READING_VERSION, Mind
from engine.predictor import Asking, Job, Loaded, Reading, TopWord, TopWords
from engine.race import Identity
from engine.scripted import ScriptedPredictor
from engine.words import Word, prepare, sha256, words
from tui import engine_room, score
from tui.command_line import command_line
from tui.score import LADDER_WORDS, Asked, spread
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
    again: subprocess.CompletedProcess[str]
    """The same as CSV once more."""
    child_started_again: bool

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
    from_file = bitrace(home, "score", str(file), "--format", "json")
    from_input = bitrace(home, "score", "-", "--format", "json", typed=TEXT)
    as_csv = ("score", file.name, "--format", "csv", "--memory", "4")
    fresh = bitrace(home, *as_csv, cwd=folder)
    # The model's process opens its log before anything else.
    log = home / "logs" / "engine.log"
    log.unlink()
    kept = bitrace(home, *as_csv, cwd=folder)
    return Told(from_file, from_input, fresh, kept, log.exists())


# ---- with the real model ----


def test_nothing_but_the_scores_is_printed(told: Told) -> None:
    for done in (told.from_file, told.from_input, told.as_csv, told.again):
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


def test_what_was_scored_before_is_the_same_to_the_byte_and_starts_no_model(
    told: Told,
) -> None:
    if identities.cpu_build() is None:
        pytest.skip("where a GPU may be, the model is loaded to see whether it is there")
    assert told.again.stdout == told.as_csv.stdout
    assert not told.child_started_again


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


# ---- several texts at once ----


class Toy(ScriptedPredictor):
    """Stands for the model's process: bits by word and memory, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(self.bits)
        self.identity = Identity(
            "Toy", "toy.gguf", "a" * 64, "Q4", READING_VERSION, "toy; CPU", 2048
        )
        self.asked: list[Job | Asking] = []
        self.fault_at: str | None = None
        self.n_loads = 0
        self.n_made = 0
        self.n_closed = 0

    @staticmethod
    def bits(mind: Mind, word: Word) -> float:
        return len(word.text) + word.index / 3 + 1 / (2 + (mind.memory or 7))

    def load(self, loading: Any, on_progress: Any = None) -> Future[Loaded]:
        self.n_loads += 1
        future: Future[Loaded] = Future()
        future.set_result(Loaded(self.identity, "CPU", 0, 0))
        return future

    def read(self, job: Job, on_bits: Any = None, on_progress: Any = None) -> Future[Reading]:
        self.asked.append(job)
        if job.text == self.fault_at:
            future: Future[Reading] = Future()
            future.set_exception(EngineError("The engine died."))
            return future
        return super().read(job, on_bits, on_progress)

    def top_words(self, asking: Asking, on_top: Any = None, on_progress: Any = None) -> Any:
        self.asked.append(asking)
        return super().top_words(asking, on_top, on_progress)

    def close(self) -> None:
        self.n_closed += 1


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, starter_file: Path) -> Toy:
    """The model's process of every score; what it says is kept in truth."""
    made = Toy()

    def open_link(*_: Any) -> Toy:
        made.n_made += 1
        return made

    monkeypatch.setattr(engine_room, "open_link", open_link)
    monkeypatch.setattr(identities, "cpu_build", lambda: "build")
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    return made


Scored: TypeAlias = Callable[..., str]


@pytest.fixture
def ends(toy: Toy) -> Callable[..., int]:
    """`bitrace score` in this process; what it ends with."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            command_line()(["score", *arguments], prog_name="bitrace")
        code = ended.value.code
        assert isinstance(code, int)
        return code

    return run


@pytest.fixture
def scored(ends: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> Scored:
    """What a command prints."""

    def run(*arguments: str) -> str:
        code = ends(*arguments)
        told = capsys.readouterr()
        assert (code, told.err) == (0, "")
        return told.out

    return run


@pytest.fixture
def some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder one stands in, with some texts."""
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "one.txt").write_text("The ferry leaves at seven.", encoding="utf-8")
    (folder / "two.txt").write_text("Two words.", encoding="utf-8")
    (folder / "three.txt").write_text("…", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_the_json_of_several_texts_is_a_list_of_theirs(scored: Scored, some: Path) -> None:
    names = ["two.txt", str(some / "one.txt"), "three.txt"]
    told = json.loads(scored(*names, "--format", "json"))
    assert [facts.pop("file") for facts in told] == names
    assert told == [json.loads(scored(name, "--format", "json")) for name in names]


def test_one_texts_json_has_no_file_and_is_no_list(scored: Scored, some: Path) -> None:
    assert list(json.loads(scored("one.txt", "--format", "json"))) == KEYS


def test_a_word_is_a_line_of_the_json(scored: Scored, some: Path) -> None:
    for files in (["one.txt"], ["one.txt", "two.txt", "three.txt"]):
        text = scored(*files, "--format", "json", "--memory", "2", "--top", "2")
        lines = [line for line in text.splitlines() if '"word": ' in line]
        found = json.loads(text)
        every = [
            word for facts in (found if len(files) > 1 else [found]) for word in facts["words"]
        ]
        assert [json.loads(line.strip().rstrip(",")) for line in lines] == every
        assert len(every) == 5 + 2 * (len(files) > 1)


def test_the_csv_of_several_texts_names_them_first(scored: Scored, some: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(scored("one.txt", "two.txt", "--format", "csv"))))
    assert list(rows[0]) == ["file", "word", "start", "end", "bits"]
    assert [(row["file"], row["word"]) for row in rows] == [
        *(("one.txt", word) for word in ["The", "ferry", "leaves", "at", "seven"]),
        *(("two.txt", word) for word in ("Two", "words")),
    ]


def test_the_tables_of_several_texts_have_their_names_above_them(
    scored: Scored, some: Path
) -> None:
    both = scored("one.txt", "two.txt")
    assert both == "".join(f"{name}\n{scored(name)}\n" for name in ("one.txt", "two.txt"))
    assert both.startswith("one.txt\nword ")


def test_the_same_text_twice_is_read_once(scored: Scored, some: Path, toy: Toy) -> None:
    (some / "copy.txt").write_text("The ferry leaves at seven.\r\n", encoding="utf-8")
    told = json.loads(scored("one.txt", "./one.txt", "one.txt", "copy.txt", "--format", "json"))
    assert [facts.pop("file") for facts in told] == [
        "one.txt",
        "./one.txt",
        "one.txt",
        "copy.txt",
    ]
    assert all(facts == told[0] for facts in told)
    assert len(toy.asked) == 1


def test_standard_input_may_be_one_of_them(
    scored: Scored, some: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "From a pipe.")
    told = json.loads(scored("one.txt", "-", "--format", "json"))
    assert [facts["file"] for facts in told] == ["one.txt", "standard input"]
    assert [word["word"] for word in told[1]["words"]] == ["From", "a", "pipe"]


def test_standard_input_can_be_named_but_once(
    ends: Callable[..., int],
    some: Path,
    toy: Toy,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed(monkeypatch, "From a pipe.")
    assert ends("-", "one.txt", "-") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "Standard input (-) can be read but once: name it once.\n"
    assert not toy.n_made


@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("missing.txt", "missing.txt does not exist"),
        (".", ". is a folder"),
        ("binary.txt", "binary.txt is a binary file"),
        ("blank.txt", "blank.txt has no text"),
        ("\x1b[2J[red].txt", "\ufffd[2J[red].txt does not exist"),
    ],
)
def test_if_one_of_them_cannot_be_read_nothing_is_printed_or_asked(
    ends: Callable[..., int],
    some: Path,
    toy: Toy,
    capsys: pytest.CaptureFixture[str],
    form: str,
    bad: str,
    says: str,
) -> None:
    (some / "binary.txt").write_bytes(b"\0")
    (some / "blank.txt").write_bytes(b"\n")
    assert ends("one.txt", bad, "two.txt", "--format", form) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert told.err.count("\n") == 1
    assert not toy.n_made


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_if_the_engine_fails_on_one_of_them_nothing_is_printed(
    ends: Callable[..., int],
    some: Path,
    toy: Toy,
    capsys: pytest.CaptureFixture[str],
    form: str,
) -> None:
    toy.fault_at = "Two words."
    assert ends("one.txt", "two.txt", "--format", form) == 3
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "The engine died.\n")
    assert toy.n_closed == 1


NAMES = (
    "[red]x[@click=app.quit].txt",
    "\x1b[2J\x1b]0;owned\x07.txt",
    "\x9b2J\u202egnp.txt",
    'a, "quoted" name.txt',
    "two\nlines\r.txt",
    "=1+1",
    " ",
    "名前.txt",
    "x" * 200 + ".txt",
    os.fsdecode(b"not utf-8 \xff.txt"),
)


@pytest.mark.parametrize("form", ["table", "json", "csv"])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_be_called_anything(
    scored: Scored, some: Path, unsafe: Callable[[str], set[str]], name: str, form: str
) -> None:
    (some / name).write_text("One.", encoding="utf-8")
    text = scored(name, "two.txt", "--format", form)
    assert not unsafe(text)
    if form == "json":
        assert [facts["file"] for facts in json.loads(text)] == [name, "two.txt"], "as it is"
    elif form == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [row["word"] for row in rows] == ["One", "Two", "words"]
        assert len(rows[0]["file"]) == len(name)
        assert rows[1]["file"] == "two.txt"
    else:
        lines = text.splitlines()
        assert len(lines[0]) == len(name)
        assert [line.split()[:1] for line in lines[1:3]] == [["word"], ["One"]]


def test_no_texts_name_is_mistaken_for_anothers(scored: Scored, some: Path) -> None:
    """However long both are and however they end."""
    for folder in ("a" * 100, "b" * 100):
        (some / folder).mkdir()
        (some / folder / ("x" * 100)).write_text("One.", encoding="utf-8")
    names = [f"{sign * 100}/{'x' * 100}" for sign in "ab"]
    assert [facts["file"] for facts in json.loads(scored(*names, "--format", "json"))] == names
    rows = csv.DictReader(io.StringIO(scored(*names, "--format", "csv")))
    assert [row["file"] for row in rows] == names


# ---- the numbers ----


TEXTS = st.text(alphabet="aB é—.,猫か'’\n1", min_size=1, max_size=30).filter(str.strip)


@given(text=TEXTS, memories=st.lists(st.integers(0, 5), max_size=2, unique=True))
def test_whatever_the_text_the_totals_are_the_sums(text: str, memories: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "open_engine", lambda *_, **__: Toy())
        patch.setattr(score, "model_file", lambda model: "toy.gguf")
        typed(patch, text)
        patch.setattr("sys.stdout", out := io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
        assert run_asked(Asked(("-",), tuple(memories), "json", "", 2, True)) == 0
        out.seek(0)
        facts = json.load(out)
    normalized = prepare(text).normalized
    found = words(normalized)
    assert [(one["word"], one["start"], one["end"]) for one in facts["words"]] == [
        (word.text, word.start, word.end) for word in found
    ]
    bits = [one["bits"] for one in facts["words"]]
    assert facts["total_bits"] == pytest.approx(sum(bits), abs=1e-4)
    assert facts["tokens"] == len(found)
    assert facts["bytes"] == len(normalized.encode())
    assert facts["bits_per_byte"] == pytest.approx(
        facts["token_bits_total"] / facts["bytes"], abs=1e-5
    )
    assert 0 <= facts["coded_bytes"] * 8 - facts["token_bits_total"] < 8.001
    assert facts["xz_bytes"] > 0
    for k in memories:
        assert [one[f"memory_{k}"] for one in facts["words"]] == [
            round(Toy.bits(Mind("", "", k), word), 6) for word in found
        ]
    if not found:
        assert facts["bits_per_word"] is None
        assert "ladder" not in facts
        return
    assert facts["bits_per_word"] == pytest.approx(sum(bits) / len(bits), abs=1e-5)
    ladder = facts["ladder"]
    assert ladder["words"] == spread(len(found), LADDER_WORDS)
    assert ladder["bits_per_word"]["all"] == facts["bits_per_word"]


@given(n=st.integers(0, 5000), most=st.integers(1, 200))
def test_words_are_spread_evenly_over_a_text(n: int, most: int) -> None:
    places = spread(n, most)
    assert len(places) == min(n, most)
    assert places == sorted(set(places)), "in order, none twice"
    assert not n or places[-1] == n - 1, "the last one, with most before it, is among them"
    gaps = [place - before for before, place in zip([-1, *places], places, strict=False)]
    assert not gaps or max(gaps) - min(gaps) <= 1, "as even as can be"
    assert not gaps or min(gaps) == max(1, n // most)


def test_a_memory_asked_for_twice_is_told_once(scored: Scored, some: Path, toy: Toy) -> None:
    memory = [part for k in ("4", "0", "4") for part in ("--memory", k)]
    text = scored("one.txt", *memory, "--format", "csv")
    assert text.splitlines()[0] == "word,start,end,bits,memory_4,memory_0"
    assert len(toy.asked) == 3
    found = json.loads(scored("one.txt", *memory, "--format", "json"))["words"][0]
    assert list(found) == ["word", "start", "end", "bits", "memory_4", "memory_0"]


# ---- the staircase and the best words ----


def short_texts(folder: Path) -> dict[int, str]:
    """Number of words → a file."""
    for n, text in enumerate(("…", "One.", "One two.")):
        (folder / f"{n}.txt").write_text(text, encoding="utf-8")
    return {n: f"{n}.txt" for n in range(3)}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_staircase_of_a_short_text(scored: Scored, some: Path, n: int) -> None:
    file = short_texts(some)[n]
    found = json.loads(scored(file, "--ladder", "--format", "json"))
    if n == 0:
        assert "ladder" not in found
        assert "Memory against bits" not in scored(file, "--ladder")
        return
    means = found["ladder"]["bits_per_word"]
    assert found["ladder"]["words"] == list(range(n))
    assert list(means) == ["0", "1", "2", "4", "8", "16", "32", "64", "128", "all"]
    assert all(mean > 0 for mean in means.values())
    assert means["all"] == found["bits_per_word"]
    lines = scored(file, "--ladder").splitlines()
    begin = lines.index(f"Memory against bits, the mean over {n} words:")
    stairs = lines[begin + 1 : begin + 11]
    assert [line.split("words")[0].strip() for line in stairs] == [*list(means)[:-1], "all"]
    assert [float(line.split()[2]) for line in stairs] == [
        pytest.approx(mean, abs=0.006) for mean in means.values()
    ]
    bars = [line.count("█") for line in stairs]
    assert max(bars) == 40
    assert max(map(len, lines)) <= 80


def test_the_staircase_of_a_long_text_is_the_mean_over_some_of_it(
    scored: Scored, some: Path
) -> None:
    (some / "long.txt").write_text("word " * 1000, encoding="utf-8")
    ladder = json.loads(scored("long.txt", "--ladder", "--format", "json"))["ladder"]
    assert ladder["words"] == spread(1000, 64)
    mean = sum(
        Toy.bits(Mind("", "", 8), Word(index, 0, 4, "word")) for index in ladder["words"]
    )
    assert ladder["bits_per_word"]["8"] == pytest.approx(mean / 64, abs=1e-5)


def test_nobody_asks_for_a_staircase_who_has_not(scored: Scored, some: Path, toy: Toy) -> None:
    assert "ladder" not in json.loads(scored("one.txt", "--format", "json"))
    assert len(toy.asked) == 1


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_best_words_of_a_short_text(scored: Scored, some: Path, n: int) -> None:
    file = short_texts(some)[n]
    found = json.loads(scored(file, "--top", "1", "--format", "json"))["words"]
    assert len(found) == n
    for word in found:
        assert list(word)[4:] == ["top", "top_certified", "rank", "rank_certain"]
        assert list(word["top"][0]) == ["word", "percent"]
        assert len(word["top"]) == 1
    rows = list(csv.DictReader(io.StringIO(scored(file, "--top", "2", "--format", "csv"))))
    n_best = [1, 2][:n]  # of a script, which knows the words up to the printed one
    assert [len(row["top"].split()) for row in rows] == n_best
    lines = scored(file, "--top", "2").splitlines()
    assert lines[0].endswith("its best words")
    assert [line.count("%") for line in lines[1 : n + 1]] == n_best


def test_best_words_are_asked_for_at_every_word(
    scored: Scored, some: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored("one.txt", "--top", "3")
    asking = toy.asked[-1]
    assert isinstance(asking, Asking)
    assert (asking.words, asking.n_words, asking.mind.key) == ((0, 1, 2, 3, 4), 3, "reader")
    toy.asked.clear()
    scored("one.txt", "--top", "0")
    assert not toy.asked


def test_what_the_model_would_have_bet_stands_behind_each_word(
    scored: Scored, some: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asking: Asking, on_top: Any = None, on_progress: Any = None) -> Future[Any]:
        future: Future[Any] = Future()
        best = (TopWord("co\x1b[2Jok", 61.23456), TopWord("x", 1e-9))
        tops = {
            0: TopWords(best, True, 2, 1, False),
            1: TopWords((), False, 8, 40_000, True),
        }
        future.set_result(tops)
        return future

    monkeypatch.setattr(toy, "top_words", answer)
    first, second = json.loads(scored("two.txt", "--top", "2", "--format", "json"))["words"]
    assert first["top"] == [
        {"word": "co\x1b[2Jok", "percent": 61.2346},
        {"word": "x", "percent": 0.0},
    ]
    assert [first[key] for key in ("top_certified", "rank", "rank_certain")] == [True, 1, False]
    assert [second[key] for key in ("top", "top_certified", "rank")] == [[], False, 40_000]
    assert second["rank_certain"] is True
    lines = scored("two.txt", "--top", "2").splitlines()
    assert lines[1].endswith("   co\ufffd[2Jok 61 %, x <0.01 %")
    assert "\x1b" not in scored("two.txt", "--top", "2", "--format", "csv")


# ---- what was read before ----


def test_a_second_score_never_starts_the_models_process(
    scored: Scored, some: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("one.txt", "two.txt", "--memory", "2", "--ladder", "--format", "json")
    first = scored(*arguments)
    assert toy.n_made == 1

    def start(*_: Any, **__: Any) -> Any:
        raise AssertionError("the model's process has been started")

    monkeypatch.undo()
    monkeypatch.chdir(some)
    monkeypatch.setattr(identities, "cpu_build", lambda: "build")
    monkeypatch.setenv("BITRACE_HOME", str(some.parent / "home"))
    monkeypatch.setattr(engine_link.subprocess, "Popen", start)  # of the real link
    assert scored(*arguments) == first


def test_what_is_new_is_read_and_nothing_else(scored: Scored, some: Path, toy: Toy) -> None:
    scored("one.txt")
    toy.asked.clear()
    scored("one.txt", "two.txt", "--memory", "1")
    asked = [(job.text, job.mind.memory) for job in toy.asked]
    assert asked == [
        ("The ferry leaves at seven.", 1),
        ("Two words.", None),
        ("Two words.", 1),
    ]


def test_a_damaged_reading_is_read_again(scored: Scored, some: Path, toy: Toy) -> None:
    first = scored("one.txt", "--format", "json")
    (path,) = (some.parent / "home" / "cache" / "readings").iterdir()
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    toy.asked.clear()
    assert scored("one.txt", "--format", "json") == first
    assert len(toy.asked) == 1


def test_a_model_read_in_another_way_is_refused_once(
    ends: Callable[..., int],
    scored: Scored,
    some: Path,
    toy: Toy,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scored("one.txt")
    toy.identity = Identity(
        "Toy", "toy.gguf", "b" * 64, "Q4", READING_VERSION, "toy; CPU", 2048
    )
    assert ends("one.txt", "two.txt", "--memory", "1") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith("is read in another way now: try once more.\n")
    facts = json.loads(scored("two.txt", "--format", "json"))
    assert facts["model"]["sha256"] == "b" * 64


def test_a_cache_that_cannot_be_written_is_put_up_with(
    scored: Scored, some: Path, toy: Toy
) -> None:
    home = some.parent / "home"
    home.mkdir()
    (home / "cache").write_text("a file in the way")
    assert scored("one.txt") == scored("one.txt")
    assert len(toy.asked) == 2
    toy.asked.clear()
    scored("one.txt", "--ladder")
    whole = [job for job in toy.asked if isinstance(job, Job) and job.mind.reads_all]
    assert len(whole) == 1, "the staircase takes what was just read"


# ---- ends ----

ALONE = """
import os, signal, sys, threading
from concurrent.futures import Future
from engine import identities
from engine.scripted import ScriptedPredictor
from tui import engine_room

class Engine(ScriptedPredictor):
    def read(self, job, on_bits=None, on_progress=None):
        if "never" not in job.text:
            return super().read(job, on_bits, on_progress)
        os.kill(os.getpid(), signal.SIGINT)
        return Future()

identities.cpu_build = lambda: "build"
engine_room.open_link = lambda *_, **__: Engine()
sys.argv[0] = "bitrace"
from tui.__main__ import main
main()
"""


@pytest.fixture
def alone(some: Path, starter_file: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs a line of shell in which `$PY -c "$CODE" score` scores by a script in a process of
    its own."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    environ |= {"PY": sys.executable, "CODE": ALONE, "PYTHONIOENCODING": "utf-8"}
    environ |= {"BITRACE_HOME": str(some.parent / "home")}

    def run(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            capture_output=True,
            text=True,
            cwd=some,
            env=environ,
            check=False,
        )

    return run


def test_ctrl_c_ends_it_without_a_word_and_leaves_nothing_by_halves(
    alone: Callable[[str], subprocess.CompletedProcess[str]], some: Path
) -> None:
    (some / "never.txt").write_text("This is never read.", encoding="utf-8")
    line = '"$PY" -c "$CODE" score one.txt never.txt two.txt --format json'
    done = alone(line)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
    (entry,) = (some.parent / "home" / "cache" / "readings").iterdir()
    assert entry.suffix == ".reading"
    assert json.loads(entry.read_bytes().partition(b"\n")[2])["words"] is None
    # And what was read before is not read again.
    assert json.loads(alone('"$PY" -c "$CODE" score one.txt --format json').stdout)


@pytest.mark.parametrize(
    ("options", "n_words", "reader"),
    [
        ("", 3, "true"),
        ("--format json", 3, "true"),
        ("--format csv", 3, "true"),
        ("", 5000, "true"),
        ("", 5000, "head -n 1"),
        ("--format json", 5000, "head -c 1"),
        ("--format csv", 5000, "head -n 2"),
    ],
)
def test_a_reader_that_goes_away_is_no_fault(
    alone: Callable[[str], subprocess.CompletedProcess[str]],
    some: Path,
    options: str,
    n_words: int,
    reader: str,
) -> None:
    """Also if what is printed fits into a buffer, which is emptied only in the end."""
    (some / "text.txt").write_text("word " * n_words, encoding="utf-8")
    done = alone(f'"$PY" -c "$CODE" score text.txt {options} | {reader} > /dev/null')
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("n_words", [3, 5000])
def test_a_full_disk_is_one_sentence(
    alone: Callable[[str], subprocess.CompletedProcess[str]], some: Path, n_words: int
) -> None:
    (some / "text.txt").write_text("word " * n_words, encoding="utf-8")
    done = alone('"$PY" -c "$CODE" score text.txt > /dev/full')
    assert done.returncode == 1
    assert done.stderr == "The output cannot be written: No space left on device.\n"


def test_whatever_happens_the_engine_is_closed_and_the_bar_taken_away(
    ends: Callable[..., int], some: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    def close() -> None:
        toy.n_closed += 1
        watched.write("a last bar")

    watched = Screen()
    monkeypatch.setattr("tui.progress.sys", SimpleNamespace(stderr=watched))
    monkeypatch.setattr(toy, "close", close)
    toy.fault_at = "Two words."
    assert ends("one.txt", "two.txt") == 3
    assert toy.n_closed == 1
    assert watched.getvalue().endswith("a last bar\r\x1b[K")


def test_columns_stand_under_one_another_in_any_script(
    link: ScriptedLink, file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file("Zwölf cafe\u0301 漢字 かな नमस्ते " + "字" * 3), (), "table", "") == 0
    lines = capsys.readouterr().out.splitlines()
    rows = lines[1 : lines.index("")]
    assert len(rows) == 10
    widths = {cell_len(row) for row in rows}
    assert widths == {cell_len(lines[0])}
