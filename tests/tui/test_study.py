"""`bitrace study`: people's recorded answers, scored through the whole command."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import subprocess
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import identities
from engine.errors import EngineError
from engine.minds import READING_VERSION, Mind
from engine.predictor import Job, Loaded, Reading
from engine.race import Identity
from engine.scripted import ScriptedPredictor
from engine.study import answer_of
from engine.words import Word, prepare, words
from tui import engine_room, study, study_rows
from tui.command_line import command_line

FERRY = (
    "The ferry left the harbour at seven, and only four people had come aboard.\n"
    "Ann, who kept the ledger, didn’t trust the café’s cook.\n"
)
SHORT = "Rain fell on the quiet harbour."
WHO = ["instinct", "person", "crowd", "reader", "centaur"]
KEYS = ["words", *WHO, "rows"]

Row = tuple[Any, ...]

ROWS: list[Row] = [
    ("ferry", 4, "harbour", 20),
    ("ferry", 4, "HARBOUR.", 4),
    ("ferry", 4, "island", 8),
    ("ferry", 4, "", 5),
    ("ferry", 4, "old harbour", 3),
    ("ferry", 18, "ledger", 40),
    ("short", 5, "sea", 7),
    ("short", 5, "street", 7),
    ("short", 5, "harbor", 1),
    ("ferry", 19, "didn't", 10),
    ("ferry", 19, "DIDN’T", 10),
    ("ferry", 19, "could", 20),
]


def naive(rows: list[Row], truth: str, instinct: float, reader: float) -> dict[str, float]:
    """The rules as a loop over the rows of one target, for plain words."""
    p = 2.0**-instinct
    counts: Counter[str] = Counter()
    for _, _, answer, count in rows:
        counts[answer.casefold().strip(" .").replace("’", "'")] += count
    people, wanted = sum(counts.values()), truth.casefold().replace("’", "'")
    person = 0.0
    for answer, count in counts.items():
        stake = min(0.95, count / people) if answer else 0.0
        hit = stake if answer == wanted else 0.0
        person += count / people * -math.log2(hit + (1 - stake) * p)
    share = counts[wanted] / people
    crowd = 0.8 * share + 0.2 * p
    return {
        "people": people,
        "share": share,
        "instinct": instinct,
        "person": person,
        "crowd": -math.log2(crowd),
        "reader": reader,
        "centaur": -math.log2(crowd / 2 + 2.0**-reader / 2),
    }


def to_csv(rows: list[Row], columns: tuple[str, ...] = ("passage", "word", "answer", "count")):
    """Rows as a program writes them."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture(scope="module")
def norms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with made-up answers, and one with their texts; all in order."""
    folder = tmp_path_factory.mktemp("norms")
    (folder / "answers.csv").write_text(to_csv(ROWS), encoding="utf-8", newline="")
    (folder / "texts").mkdir()
    (folder / "texts" / "ferry.txt").write_text(FERRY, encoding="utf-8")
    (folder / "texts" / "short.txt").write_text(SHORT, encoding="utf-8")
    return folder


# ---- with the real model ----


@dataclass
class Told:
    """What the commands printed for the made-up answers."""

    as_json: subprocess.CompletedProcess[str]
    as_table: subprocess.CompletedProcess[str]
    child_started_again: bool
    scores: dict[str, dict[str, Any]]
    """What `bitrace score` says of each text, in a home of its own."""

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.as_json.stdout)


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory,
    norms: Path,
    starter_file: Path,
    bitrace: Callable[..., Any],
) -> Told:
    home = tmp_path_factory.mktemp("home")
    command = ("study", "answers.csv", "--texts", "texts")
    as_json = bitrace(home, *command, "--format", "json", cwd=norms)
    # The model's process opens its log before anything else.
    log = home / "logs" / "engine.log"
    log.unlink()
    as_table = bitrace(home, *command, cwd=norms)
    started_again = log.exists()
    texts = [str(norms / "texts" / f"{name}.txt") for name in ("ferry", "short")]
    other_home = tmp_path_factory.mktemp("other home")
    scores = bitrace(other_home, "score", *texts, "--memory", "4", "--format", "json")
    ferry, short = json.loads(scores.stdout)
    return Told(as_json, as_table, started_again, {"ferry": ferry, "short": short})


def test_nothing_but_the_scores_is_printed(told: Told) -> None:
    for done in (told.as_json, told.as_table):
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert "\x1b" not in done.stdout


def test_the_keys_are_as_promised(told: Told) -> None:
    assert list(told.json) == KEYS
    for row in told.json["rows"]:
        assert list(row) == ["passage", "word", "text", "people", "share", *WHO]


def test_bits_are_those_of_score_and_of_the_rules(told: Told) -> None:
    rows = told.json["rows"]
    assert [(row["passage"], row["word"], row["text"]) for row in rows] == [
        ("ferry", 4, "harbour"),
        ("ferry", 18, "ledger"),
        ("ferry", 19, "didn’t"),
        ("short", 5, "harbour"),
    ]
    for row in rows:
        of_word = told.scores[row["passage"]]["words"][row["word"]]
        given = [one for one in ROWS if one[:2] == (row["passage"], row["word"])]
        truth = of_word["word"]
        expected = naive(given, truth, of_word["memory_4"], of_word["bits"])
        for what, value in expected.items():
            assert row[what] == pytest.approx(value, abs=1e-4), (truth, what)
    assert rows[0]["people"] == 40
    assert rows[0]["share"] == 0.6


def test_the_means_are_those_of_the_rows(told: Told) -> None:
    facts = told.json
    assert facts["words"] == len(facts["rows"]) == 4
    for who in WHO:
        mean = sum(row[who] for row in facts["rows"]) / 4
        assert facts[who] == pytest.approx(mean, abs=1e-5)


def test_the_table_tells_the_same(told: Told) -> None:
    lines = told.as_table.stdout.splitlines()
    assert lines[0] == "bits a word"
    numbers = [float(line.split()[0]) for line in lines[1:6]]
    assert numbers == pytest.approx([told.json[who] for who in WHO], abs=0.006)
    assert lines[6:8] == ["", "4 words of 2 passages, 135 answers"]
    assert lines[8].startswith("SmolLM2-135M")
    assert len(lines) == 9
    assert all(len(line) <= 80 for line in lines)


def test_what_was_read_before_starts_no_model(told: Told) -> None:
    if identities.cpu_build() is None:
        pytest.skip("where a GPU may be, the model is loaded to see whether it is there")
    assert not told.child_started_again


# ---- without ----


class Toy(ScriptedPredictor):
    """Stands for the model's process: bits by word, memory and role, and what was asked."""

    def __init__(self) -> None:
        super().__init__(self.bits)
        self.name = "Toy"
        self.asked: list[Job] = []
        self.loaded: list[tuple[str, str]] = []
        self.fault_at: str | None = None
        self.n_made = 0
        self.n_closed = 0

    @staticmethod
    def bits(mind: Mind, word: Word) -> float:
        return 3 + len(word.text) + word.index / 8 + (0 if mind.reads_all else 2)

    def load(self, loading: Any, on_progress: Any = None) -> Future[Loaded]:
        self.loaded.append((loading.role, loading.path))
        sha256 = f"{len(self.loaded):064}"
        identity = Identity(
            f"{self.name} {loading.role}",
            "toy.gguf",
            sha256,
            "Q4",
            READING_VERSION,
            "toy",
            2048,
        )
        future: Future[Loaded] = Future()
        future.set_result(Loaded(identity, "CPU", 0, 0))
        return future

    def read(self, job: Job, on_bits: Any = None, on_progress: Any = None) -> Future[Reading]:
        self.asked.append(job)
        if job.text == self.fault_at:
            future: Future[Reading] = Future()
            future.set_exception(EngineError("The engine \x1b[2J died."))
            return future
        return super().read(job, on_bits, on_progress)

    def close(self) -> None:
        self.n_closed += 1


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, starter_file: Path) -> Toy:
    """The model's process of every study."""
    made = Toy()

    def open_link(*_: Any) -> Toy:
        made.n_made += 1
        return made

    monkeypatch.setattr(engine_room, "open_link", open_link)
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    return made


@pytest.fixture
def ends(toy: Toy) -> Callable[..., int]:
    """`bitrace study` in this process; what it ends with."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            command_line()(["study", *arguments], prog_name="bitrace")
        code = ended.value.code
        assert isinstance(code, int)
        return code

    return run


@dataclass
class Desk:
    """A folder that one stands in, with texts, and the command there."""

    folder: Path
    ends: Callable[..., int]
    capsys: pytest.CaptureFixture[str]

    def text(self, name: str, text: str | bytes) -> None:
        raw = text.encode() if isinstance(text, str) else text
        (self.folder / "texts" / f"{name}.txt").write_bytes(raw)

    def study(self, answers: str | bytes, *options: str, code: int = 0) -> tuple[str, str]:
        """Study these answers; standard output and standard error."""
        raw = answers.encode() if isinstance(answers, str) else answers
        (self.folder / "answers.csv").write_bytes(raw)
        return self.run("answers.csv", "--texts", "texts", *options, code=code)

    def run(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        assert self.ends(*arguments) == code
        told = self.capsys.readouterr()
        assert not code or told.out == ""
        return told.out, told.err

    def rows(self, answers: str | bytes) -> list[dict[str, Any]]:
        """The targets of answers that all fit."""
        out, err = self.study(answers, "--format", "json")
        assert err == ""
        return json.loads(out)["rows"]

    def misfits(self, answers: str | bytes) -> list[str]:
        """What is told of the rows that do not fit, where some do."""
        _, err = self.study(answers, "--format", "json")
        return err.splitlines()


@pytest.fixture
def desk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    folder = tmp_path / "desk"
    (folder / "texts").mkdir(parents=True)
    monkeypatch.chdir(folder)
    made = Desk(folder, ends, capsys)
    made.text("ferry", FERRY)
    made.text("short", SHORT)
    return made


HEAD = "passage,word,answer,count\n"
GOOD = HEAD + "ferry,4,harbour,3\n"


# ---- what is asked ----


def test_each_text_is_read_once_by_each_mind_at_its_targets(desk: Desk, toy: Toy) -> None:
    desk.rows(to_csv(ROWS))
    ferry, short = prepare(FERRY).normalized, prepare(SHORT).normalized
    assert [(job.role, job.mind.key, job.text, job.words) for job in toy.asked] == [
        ("starter", "instinct", ferry, (4, 18, 19)),
        ("starter", "instinct", short, (5,)),
        ("starter", "reader", ferry, (4, 18, 19)),
        ("starter", "reader", short, (5,)),
    ]
    assert [role for role, _ in toy.loaded] == ["starter"]
    assert toy.n_closed == 1


def test_another_model_is_reader_and_never_instinct(
    desk: Desk, toy: Toy, starter_file: Path
) -> None:
    (desk.folder / "m.gguf").write_bytes(b"GGUF")
    out, err = desk.study(GOOD, "--model", "m.gguf")
    assert err == ""
    assert toy.loaded == [("starter", str(starter_file)), ("raced", "m.gguf")]
    assert [(job.role, job.mind.key) for job in toy.asked] == [
        ("starter", "instinct"),
        ("raced", "reader"),
    ]
    assert out.splitlines()[-2:] == [
        "Instinct: Toy starter Q4 · CPU",
        "Reader: Toy raced Q4 · CPU",
    ]


def test_progress_is_one_bar_a_mind_over_all_texts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    watched = Screen()
    monkeypatch.setattr("tui.progress.sys", SimpleNamespace(stderr=watched))
    desk.study(to_csv(ROWS))
    drawn = watched.getvalue().split("\r\x1b[K")
    assert drawn[-1] == ""
    for mind in ("Instinct", "Reader"):
        bars = [line.split()[-1] for line in drawn if line.startswith(mind)]
        assert bars == ["75%", "100%"]


# ---- the form of the answers ----


def of(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["passage"], row["word"], row["people"], row["share"]) for row in rows]


ANY_FORM = [("ferry", 4, "harbour", 3), ("ferry", 4, "sea, or so", 1), ("short", 0, "Rain", 2)]


@pytest.mark.parametrize(
    "answers",
    [
        to_csv(ANY_FORM),
        to_csv(ANY_FORM).replace("\r\n", "\n"),
        to_csv(ANY_FORM).replace("\r\n", "\r"),
        "\ufeff" + to_csv(ANY_FORM),
        "\n\n" + to_csv(ANY_FORM) + ",,,\n\n",
        to_csv(ANY_FORM).rstrip(),
        to_csv(
            [("x", n, said, word, text, "") for text, word, said, n in ANY_FORM],
            ("Word", "count", "answer", "word", "passage", ""),
        ),
        to_csv(
            [(*row, "note, and more", 7) for row in ANY_FORM],
            (*HEAD.strip().split(","), "a", "a"),
        ),
        to_csv([(one, f"{two}.0", three, f" {four}.0") for one, two, three, four in ANY_FORM]),
        "passage, word, answer, count\n"
        'ferry, 4, harbour, 3\nferry, 4, "sea, or so", 1\nshort, 0, Rain, 2\n',
        HEAD + 'ferry,4,harbour,3,,\nferry,4,"sea\nor so",1\nshort,0,Rain,2e0\n',
    ],
)
def test_all_kinds_of_csv(desk: Desk, answers: str) -> None:
    assert of(desk.rows(answers)) == [("ferry", 4, 4, 0.75), ("short", 0, 2, 1.0)]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ("", "has no column 'passage'"),
        ("\n\n", "has no column 'passage'"),
        ("passage;word;answer;count\n", "has no column 'passage'"),
        ("passage,word,count\nferry,4,3\n", "has no column 'answer'"),
        ("passage,word,answer,count,word\nferry,4,sea,3,5\n", "has 2 columns 'word'"),
        ("Passage,Word,Answer,Count\nferry,4,sea,3\n", "has no column 'passage'"),
        (HEAD, "has no answer that fits a text"),
        (HEAD + ",,,\n", "has no answer that fits a text"),
        (HEAD + 'ferry,4,"harbour,3\nferry,4,sea,1\n', "as CSV in line 2 (unexpected end"),
        (HEAD + 'ferry,4,"sea" x,3\n', "as CSV in line 2 ("),
        (HEAD + f"ferry,4,{'x' * 200_000},3\n", "as CSV in line 2 (field larger"),
        (b"\0" + GOOD.encode(), "is a binary file"),
        (GOOD.encode() + b"ferry,4,caf\xe9,1\n", "is not valid UTF-8 (byte 55)"),
        (GOOD + f"ferry,4,a{chr(0x301) * 60},1\n", "combining marks in a row in line 3"),
        (GOOD + "x" * 50_000_000, "is over 50 MB"),
    ],
)
def test_answers_that_cannot_be_used(
    desk: Desk, toy: Toy, answers: str | bytes, says: str
) -> None:
    _, err = desk.study(answers, code=1)
    assert says in err
    assert err.startswith("answers.csv ") and err.endswith(".\n")
    assert err.count("\n") == 1
    assert not toy.n_made


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gone.csv", "--texts", "texts"), "gone.csv does not exist"),
        (("texts", "--texts", "texts"), "texts is a folder"),
        (("answers.csv", "--texts", "gone"), "gone is no folder of texts"),
        (("answers.csv", "--texts", "answers.csv"), "answers.csv is no folder of texts"),
        (("answers.csv", "--texts", "~nobody-of-that-name/x"), "There can be no file"),
        (("\x1b[2J.csv", "--texts", "texts"), "\ufffd[2J.csv does not exist"),
        (("answers.csv", "--texts", "\x1b[2J"), "\ufffd[2J is no folder"),
        (("answers.csv", "--texts", "texts", "--model", "gone.gguf"), "no model file"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    desk: Desk, toy: Toy, arguments: tuple[str, ...], says: str
) -> None:
    (desk.folder / "answers.csv").write_text(GOOD)
    _, err = desk.run(*arguments, code=1)
    assert says in err
    assert err.count("\n") == 1
    assert not toy.n_made


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("answers.csv",),
        ("--texts", "texts"),
        ("a.csv", "b.csv", "--texts", "texts"),
        ("answers.csv", "--texts", "texts", "--format", "csv"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(desk: Desk, arguments: tuple[str, ...]) -> None:
    _, err = desk.run(*arguments, code=2)
    assert "Usage: bitrace study" in err


# ---- the texts ----


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"word \0", "is a binary file"),
        (b"caf\xe9", "is not valid UTF-8 (byte 3)"),
        (b"", "has no text"),
        (b" \n\t", "has no text"),
        ("a" + "\u0301" * 60, "combining marks in a row"),
    ],
)
def test_texts_that_cannot_be_used(desk: Desk, toy: Toy, text: str | bytes, says: str) -> None:
    desk.text("bad", text)
    _, err = desk.study(GOOD + "bad,0,a,1\n", code=1)
    assert says in err
    assert f"texts{os.sep}bad.txt" in err
    assert err.count("\n") == 1
    assert not toy.n_made
    assert desk.rows(GOOD), "whom nobody asks for does no harm"


def test_a_text_that_is_a_folder_or_a_pipe(desk: Desk) -> None:
    (desk.folder / "texts" / "folder.txt").mkdir()
    os.mkfifo(desk.folder / "texts" / "pipe.txt")
    assert "is a folder" in desk.study(GOOD + "folder,0,a,1\n", code=1)[1]
    assert "is not an ordinary file" in desk.study(GOOD + "pipe,0,a,1\n", code=1)[1]


def test_the_texts_words_are_the_games(desk: Desk) -> None:
    desk.text("all", "\ufeffIt’s a life-jacket,\r\n猫が 1 naïve.\n\n")
    found = words(prepare("It’s a life-jacket,\n猫が 1 naïve.").normalized)
    answers = to_csv([("all", word.index, word.text, 1) for word in found])
    rows = desk.rows(answers)
    assert [row["text"] for row in rows] == (
        ["It’s", "a", "life", "jacket", "猫", "が", "1", "naïve"]
    )
    assert {row["share"] for row in rows} == {1.0}


@pytest.mark.parametrize(
    "name", ["Ünïcode name", "a.b", "1", "a,b", "[red]x", "~", "naïve [@click=app.quit]"]
)
def test_names_of_passages(desk: Desk, name: str) -> None:
    desk.text(name, SHORT)
    assert of(desk.rows(to_csv([(name, 0, "rain", 2)]))) == [(name, 0, 2, 1.0)]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_may_have_its_accents_apart(desk: Desk, forms: tuple[str, str]) -> None:
    on_disk, in_csv = (unicodedata.normalize(form, "caféé") for form in forms)
    desk.text(on_disk, SHORT)
    assert len(desk.rows(to_csv([(in_csv, 0, "rain", 2)]))) == 1


# ---- rows that do not fit ----


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("gone,4,sea,1", "there is no text 'gone.txt' in texts"),
        ("Ferry,4,sea,1", "there is no text 'Ferry.txt' in texts"),
        ("ferry.txt,4,sea,1", "there is no text 'ferry.txt.txt' in texts"),
        (",4,sea,1", "'' is not the plain name of a passage"),
        ("ferry,24,sea,1", "no word '24' in 'ferry.txt', which has 24 words, counted from 0"),
        ("ferry,-1,sea,1", "no word '-1' in 'ferry.txt'"),
        ("ferry,1e300,sea,1", "no word '1e300' in 'ferry.txt'"),
        ("ferry,four,sea,1", "its word 'four' is not a whole number"),
        ("ferry,,sea,1", "its word '' is not a whole number"),
        ("ferry,4.5,sea,1", "its word '4.5' is not a whole number"),
        ("ferry,nan,sea,1", "its word 'nan' is not a whole number"),
        ("ferry,inf,sea,1", "its word 'inf' is not a whole number"),
        ("ferry,1_0,sea,1", "its word '1_0' is not a whole number"),
        ("ferry,4,sea,", "its count '' is not a positive number"),
        ("ferry,4,sea,0", "its count '0' is not a positive number"),
        ("ferry,4,sea,-3", "its count '-3' is not a positive number"),
        ("ferry,4,sea,nan", "its count 'nan' is not a positive number"),
        ("ferry,4,sea,inf", "its count 'inf' is not a positive number"),
        ("ferry,4,sea,2e9", "its count '2e9' is not a positive number up to a billion"),
        ("ferry,4,sea,many", "its count 'many' is not a positive number"),
        ("ferry,4,sea", "it has fewer fields than the columns need"),
        ("ferry", "it has fewer fields than the columns need"),
        ("ferry,4,yes, sir,1", "it has more fields than the first line"),
        ("ferry,4,sea,1,,x", "it has more fields than the first line"),
    ],
)
def test_a_row_that_does_not_fit_is_told_and_left_out(desk: Desk, row: str, says: str) -> None:
    out, err = desk.study(f"{GOOD}{row}\nferry,4,island,1\n", "--format", "json")
    assert err.startswith("answers.csv, line 3, is left out: ") and err.endswith(".\n")
    assert says in err
    assert err.count("\n") == 1
    assert of(json.loads(out)["rows"]) == [("ferry", 4, 4, 0.75)]


def test_lines_are_those_of_the_file(desk: Desk) -> None:
    answers = (
        '\n"passage",word,answer,count\n\ngone,0,"a\nb",1\nferry,4,"x\r\ny",1\ngone,1,,1\n'
    )
    assert [line.split(",")[1] for line in desk.misfits(answers)] == [" line 4", " line 8"]


def test_the_table_tells_how_many_were_left_out(desk: Desk) -> None:
    out, err = desk.study(GOOD + "gone,4,sea,1\ngone,5,sea,1\n")
    assert err.count("\n") == 2
    assert out.splitlines()[7] == "1 word of 1 passage, 3 answers, 2 rows left out"


def test_if_no_row_is_left_that_is_a_fault(desk: Desk, toy: Toy) -> None:
    _, err = desk.study(HEAD + "gone,4,sea,1\nferry,99,sea,1\n", code=1)
    lines = err.splitlines()
    assert len(lines) == 3
    assert lines[2] == (
        "answers.csv has no answer that fits a text: there is nothing to score."
    )
    assert not toy.n_made


ELSEWHERE = (
    "../secret",
    "..",
    ".",
    "../texts/ferry",
    "./ferry",
    "sub/secret",
    "sub\\secret",
    "C:secret",
    "/etc/passwd",
    "texts/../ferry",
    "a..b",
    ".hidden",
    "ferry\u202e",
    "fer\x1b[2Jry",
    "{absolute}",
)
PLAIN = ("x" * 5000, "secret", "~", "*")


@pytest.mark.parametrize("name", [*ELSEWHERE, *PLAIN])
def test_no_passage_leads_out_of_the_folder(
    desk: Desk, unsafe: Callable[[str], set[str]], name: str
) -> None:
    secret = desk.folder / "secret.txt"
    secret.write_text("A secret text.")
    (desk.folder / "texts" / "sub").mkdir()
    (desk.folder / "texts" / "sub" / "secret.txt").write_text("A secret text.")
    name = name.replace("{absolute}", str(secret.with_suffix("")))
    (line,) = desk.misfits(GOOD + to_csv([(name, 0, "a", 1)]).partition("\r\n")[2])
    assert line.startswith("answers.csv, line 3, is left out: ")
    assert ("is not the plain name of a passage" in line) is (name not in PLAIN)
    assert not unsafe(line)
    assert len(line) < 200


def test_nothing_from_outside_does_anything_to_a_terminal(
    desk: Desk, toy: Toy, hostile: tuple[str, ...], unsafe: Callable[[str], set[str]]
) -> None:
    desk.text("evil", "word \x1b[2J other \u202eword.")
    for evil in hostile:
        toy.name = evil
        evil = evil.replace("\0", "")
        bad = [(evil, 0, "a", 1), ("evil", evil, "a", 1), ("evil", 0, "a", evil)]
        good = [("evil", 0, f"word{evil}", 1), ("evil", 2, evil, 1)]
        for form in ("table", "json"):
            out, err = desk.study(to_csv([*bad, *good]), "--format", form)
            assert not unsafe(out) and not unsafe(err), evil
            assert err.count("left out") == 3


# ---- the numbers ----


def test_what_people_answer_is_matched_as_in_the_game(desk: Desk) -> None:
    rows = desk.rows(
        HEAD + "ferry,19,didn't,2\nferry,19,DIDN’T,3\nferry,19,didnt,4\nferry,19,did not,1\n"
        "ferry,22,cafe’s,1\nferry,22,CAFÉ'S,1\nferry,22,café,2\n"
    )
    assert of(rows) == [("ferry", 19, 10, 0.5), ("ferry", 22, 4, 0.5)]


def test_counts_need_not_be_whole(desk: Desk) -> None:
    rows = desk.rows(HEAD + "ferry,4,harbour,0.5\nferry,4,sea,1.25\nshort,0,,3\n")
    assert of(rows) == [("ferry", 4, 1.75, round(0.5 / 1.75, 6)), ("short", 0, 3, 0.0)]
    assert isinstance(rows[1]["people"], int)


def test_targets_come_by_passage_and_word(desk: Desk) -> None:
    rows = desk.rows(HEAD + "short,3,a,1\nferry,9,a,1\nshort,1,a,1\nferry,2,a,1\nshort,3,b,1\n")
    places = [(row["passage"], row["word"]) for row in rows]
    assert places == [("short", 1), ("short", 3), ("ferry", 2), ("ferry", 9)]


SAID = st.sampled_from(
    ["harbour", "Harbour", "harbor", "the", "THE", "Rain", "", "ledger", "no"]
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["short"]), st.integers(0, 5), SAID, st.integers(1, 50)),
        min_size=1,
        max_size=20,
    )
)
def test_whatever_people_said_it_is_the_naive_sum(rows: list[Row]) -> None:
    passage = study_rows.Passage("short", prepare(SHORT), words(prepare(SHORT).normalized))
    given = [study_rows.Row(passage, row[1], answer_of(row[2]), row[3]) for row in rows]
    scored = study._Scorer(given, Toy(), study.Progress()).score("starter")
    facts = json.loads(study._json(scored))
    found = passage.words
    assert [row["word"] for row in facts["rows"]] == sorted({row[1] for row in rows})
    for row in facts["rows"]:
        word = found[row["word"]]
        theirs = [one for one in rows if one[1] == word.index]
        reader = 3 + len(word.text) + word.index / 8
        for what, value in naive(theirs, word.text, reader + 2, reader).items():
            assert row[what] == pytest.approx(value, abs=1e-5)


def test_a_hundred_thousand_rows_are_read_fast(desk: Desk) -> None:
    n_words = len(words(prepare(FERRY).normalized))
    rows = [("ferry", n % n_words, f"word{n}", 1) for n in range(100_000)]
    begun = time.monotonic()
    found = desk.rows(to_csv(rows))
    assert time.monotonic() - begun < 20, "a few seconds where nobody else works"
    assert sum(row["people"] for row in found) == 100_000


# ---- faults of the engine ----


def test_without_the_starter_model(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.starter.CARRIER", "no-such-package")
    (desk.folder / "m.gguf").write_bytes(b"GGUF")
    for options in ((), ("--model", "m.gguf")):
        _, err = desk.study(GOOD, *options, code=3)
        assert err.startswith("The starter model (")
        assert err.count("\n") == 1


def test_an_engine_that_dies(desk: Desk, toy: Toy) -> None:
    toy.fault_at = prepare(SHORT).normalized
    _, err = desk.study(to_csv(ROWS), code=3)
    assert err == "The engine \ufffd[2J died.\n"
    assert toy.n_closed == 1
