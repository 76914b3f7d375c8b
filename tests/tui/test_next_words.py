"""`bitrace words`: the text as it is read, and what is printed."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import EngineError, ModelError
from engine.minds import READER, short_memory
from engine.predictor import Asking, Loaded, TopWord, TopWords
from engine.race import Identity
from engine.scripted import ScriptedPredictor
from engine.words import prepare
from tui import next_words
from tui.command_line import command_line
from tui.heat import percent
from tui.next_words import with_separator

# ---- the text, up to the next word ----


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        # A space comes before the next word …
        ("The thief was the", "The thief was the "),
        ("The thief was the.", "The thief was the. "),
        ("He ran,", "He ran, "),
        ("“Late?”", "“Late?” "),
        ("(he said)", "(he said) "),
        ("the dogs’", "the dogs’ "),
        ("Well…", "Well… "),
        ("1", "1 "),
        ("नमस्ते", "नमस्ते "),
        ("안녕", "안녕 "),
        ("שלום", "שלום "),
        ("😀", "😀 "),
        # … unless it is there already,
        ("The thief was the ", "The thief was the "),
        ("The thief was the  ", "The thief was the  "),
        ("One.\n", "One.\n"),
        ("One.\n\n", "One.\n\n"),
        ("One.\t", "One.\t"),
        ("One.\r\n", "One.\n"),
        ("One.\r\n\r\n ", "One.\n\n "),
        ("One.\r", "One.\n"),
        ("One\u00a0", "One\u00a0"),
        ("One\u2000", "One\u2002"),
        # behind what a word follows at once,
        ("She said: “", "She said: “"),
        ("She said: ‘", "She said: ‘"),
        ("He (", "He ("),
        ("a life-", "a life-"),
        ("waited —", "waited —"),
        ("waited—", "waited—"),
        ("„", "„"),
        ("«", "«"),
        # a straight quote where it opens, and not where it closes,
        ('"', '"'),
        ("'", "'"),
        ("\"'", "\"'"),
        ('He said "', 'He said "'),
        ("He said '", "He said '"),
        ('("', '("'),
        ("One.\n'", "One.\n'"),
        ('"Late?"', '"Late?" '),
        ('"Late"', '"Late" '),
        ('"Late…"', '"Late…" '),
        ("'It is \"late\"'", "'It is \"late\"' "),
        ("He said 'no.'", "He said 'no.' "),
        ("the dogs'", "the dogs' "),
        ('(late)"', '(late)" '),
        # and between characters that are words by themselves.
        ("猫", "猫"),
        ("猫が", "猫が"),
        ("コー", "コー"),
        ("猫。", "猫。"),
        ("「", "「"),
        ("「猫」", "「猫」"),
        ("我喜欢猫，", "我喜欢猫，"),
        ("猫 ", "猫 "),
        ("the 猫", "the 猫"),
        ("猫 the", "猫 the "),
        # Nothing at all.
        ("", ""),
        (" ", " "),
        ("\r\n", "\n"),
        (" \n\t", " \n\t"),
    ],
)
def test_a_text_is_read_up_to_its_next_word(typed: str, read: str) -> None:
    assert with_separator(typed) == read


@pytest.mark.parametrize("typed", ["'" * 20_000, "a" + '"' * 20_000, "“" * 20_000])
def test_ever_so_many_quotes_are_only_quotes(typed: str) -> None:
    assert with_separator(typed).rstrip() == typed


TEXTS = st.text(max_size=12) | st.text(
    alphabet="aB1é猫か。「」한'’\"“”(—-… \u00a0\u2000\n\r\t.", max_size=12
)


@given(TEXTS)
@example("a\u0301 \r\n")
@example("\x1c\x85 a\x1c\x85")
def test_a_text_is_prepared_like_any_other_and_its_white_space_is_kept(typed: str) -> None:
    read = with_separator(typed)
    assert prepare(read).normalized == prepare(typed).normalized
    behind = read[len(read.rstrip()) :]
    was = typed[len(typed.rstrip()) :]
    if was or not typed.strip():
        assert behind == unicodedata.normalize("NFC", was.replace("\r\n", "\n")).replace(
            "\r", "\n"
        )
    else:
        assert behind in ("", " ")
    assert "\r" not in read
    assert with_separator(read) in (read, read + " "), "a text that is read is a text"
    if behind:
        assert with_separator(read) == read


@given(TEXTS, st.sampled_from("azé1한न.,!?;:”)]»…"))
def test_behind_a_letter_or_a_closing_sign_there_is_always_a_space(
    typed: str, last: str
) -> None:
    assert with_separator(typed + last).endswith(last + " ")


@given(TEXTS, st.sampled_from("“‘(«[{—–-¿¡猫かー。「」"))
def test_behind_an_opening_sign_there_is_never_one(typed: str, last: str) -> None:
    if last in "¿¡":
        return
    assert with_separator(typed + last).endswith(last)


# ---- what is asked ----


class Engine(ScriptedPredictor):
    """Says what it is told to say, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.model = "Toy"
        self.fault: EngineError | None = None
        self.top = TopWords(
            (TopWord("cook", 51.25), TopWord("captain", 7.5), TopWord("x", 1e-7)), True, 3
        )
        self.loaded: list[str] = []
        self.asked: list[Asking] = []
        self.closed = 0

    def load(self, loading: Any, on_progress: Any = None) -> Future[Loaded]:
        self.loaded.append(loading.path)
        identity = Identity(self.model, "toy.gguf", "0" * 64, "Q4", 1, "toy; CPU", 2048)
        future: Future[Loaded] = Future()
        future.set_result(Loaded(identity, "CPU", 0, 0))
        return future

    def top_words(self, asking: Asking, on_top: Any = None, on_progress: Any = None) -> Any:
        self.asked.append(asking)
        future: Future[Any] = Future()
        if self.fault:
            future.set_exception(self.fault)
        else:
            future.set_result({7: self.top})
        return future

    def close(self) -> None:
        self.closed += 1
        super().close()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    """Whoever is asked for words is this one."""
    made = Engine()
    monkeypatch.setattr(next_words, "open_engine", lambda *_, **__: made)
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    return made


Words = Callable[..., int]


@pytest.fixture
def ask(engine: Engine) -> Words:
    """`bitrace words` in this process; what it ends with."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            command_line()(["words", *arguments], prog_name="bitrace")
        code = ended.value.code
        assert isinstance(code, int)
        return code

    return run


def test_reader_is_asked_for_ten_words_behind_the_text(
    ask: Words, engine: Engine, starter_file: Path
) -> None:
    assert ask("The thief was the") == 0
    assert engine.loaded == [str(starter_file)]
    assert engine.asked == [
        Asking("starter", READER, "The thief was the ", n_words=10, most_decodes=16)
    ]
    assert engine.closed


def test_every_option_is_heard(ask: Words, engine: Engine, tmp_path: Path) -> None:
    model = tmp_path / "a model.gguf"
    model.write_bytes(b"GGUF")
    code = ask("“", "-k", "3", "--memory", "0", "--decodes", "0", "--model", str(model))
    assert code == 0
    assert engine.loaded == [str(model)]
    assert engine.asked == [Asking("starter", short_memory(0), "“", n_words=3, most_decodes=0)]


@pytest.mark.parametrize("options", [("--words", "1"), ("-k", "100"), ("-k", "1")])
def test_one_to_a_hundred_words_can_be_had(
    ask: Words, engine: Engine, options: tuple[str, str], starter_file: Path
) -> None:
    assert ask("a", *options) == 0
    assert engine.asked[0].n_words == int(options[1])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "b"],
        ["a", "-k", "0"],
        ["a", "-k", "101"],
        ["a", "-k", "-1"],
        ["a", "-k", "some"],
        ["a", "-k", "1.5"],
        ["a", "--memory", "-1"],
        ["a", "--decodes", "-1"],
        ["a", "--decodes", "1001"],
        ["a", "--format", "csv"],
        ["a", "--nonsense"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    ask: Words, engine: Engine, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert ask(*arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Usage: bitrace words" in told.err
    assert not engine.asked


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("gone.gguf", "no model file"),
        (".", "is a folder"),
        ("text", "not a model in GGUF form"),
    ],
)
def test_a_model_that_is_none_is_one_sentence(
    ask: Words,
    engine: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    told: str,
) -> None:
    (tmp_path / "text").write_text("a text")
    assert ask("a", "--model", str(tmp_path / model)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err
    assert said.err.count("\n") == 1
    assert engine.closed


@pytest.mark.parametrize(("fault", "code"), [(ModelError, 1), (EngineError, 3)])
def test_a_fault_of_the_engine_is_one_sentence(
    ask: Words,
    engine: Engine,
    capsys: pytest.CaptureFixture[str],
    fault: type[Any],
    code: int,
    starter_file: Path,
) -> None:
    engine.fault = fault("It \x1b[2J failed.")
    assert ask("a") == code
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "It �[2J failed.\n")
    assert engine.closed


# ---- what is printed ----


@pytest.fixture
def printed(
    ask: Words, capsys: pytest.CaptureFixture[str], starter_file: Path
) -> Callable[..., str]:
    """What a command prints."""

    def run(*arguments: str) -> str:
        assert ask(*arguments) == 0
        told = capsys.readouterr()
        assert told.err == ""
        return told.out

    return run


def test_the_table(printed: Callable[..., str]) -> None:
    assert printed("The thief was the").splitlines() == [
        "cook         51 %   0.96 bits",
        "captain     7.5 %   3.74 bits",
        "x         <0.01 %  29.90 bits",
        "",
        "No other word is more probable than these; the model was asked 3 times.",
        "Toy Q4 · CPU",
    ]


@pytest.mark.parametrize(("n", "told"), [(0, "0 times"), (1, "1 time"), (2, "2 times")])
@pytest.mark.parametrize("certified", [True, False])
def test_it_is_told_whether_they_are_certain(
    printed: Callable[..., str], engine: Engine, n: int, told: str, certified: bool
) -> None:
    engine.top = TopWords((TopWord("cook", 51.0),), certified, n)
    text = printed("The thief was the")
    assert f"asked {told}" in text and f"asked {told}s" not in text
    assert ("No other word is more probable" in text) is certified
    assert ("Not certified" in text and "--decodes" in text) is not certified
    assert json.loads(printed("a", "--format", "json"))["certified"] is certified


def test_no_words_at_all(printed: Callable[..., str], engine: Engine) -> None:
    engine.top = TopWords((), False, 0)
    assert printed("a").splitlines()[0] == ""
    assert json.loads(printed("a", "--format", "json"))["words"] == []


def test_the_json(printed: Callable[..., str]) -> None:
    told = json.loads(printed("It didn’t", "--format", "json", "--memory", "2"))
    assert told == {
        "model": {
            "name": "Toy",
            "file": "toy.gguf",
            "sha256": "0" * 64,
            "quantization": "Q4",
        },
        "backend": "toy; CPU",
        "text": "It didn't ",
        "memory": 2,
        "words": [
            {"word": "cook", "percent": 51.25, "bits": 0.964376},
            {"word": "captain", "percent": 7.5, "bits": 3.736966},
            {"word": "x", "percent": 0.0, "bits": 29.897353},
        ],
        "certified": True,
        "decodes": 3,
    }
    assert list(told["words"][0]) == ["word", "percent", "bits"]
    assert json.loads(printed("a", "--format", "json"))["memory"] is None
    assert json.loads(printed("a", "--format", "json", "--memory", "0"))["memory"] == 0


@pytest.mark.parametrize("share", [0.0, 5e-324, 1e-300, 100.0])
def test_numbers_at_their_ends_are_numbers(
    printed: Callable[..., str], engine: Engine, share: float
) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    engine.top = TopWords((TopWord("cook", share),), True, 1)
    told = json.loads(printed("a", "--format", "json"), parse_constant=refuse)
    assert math.isfinite(told["words"][0]["bits"])
    assert told["words"][0]["bits"] >= 0
    line = printed("a").splitlines()[0]
    assert "-" not in line and "inf" not in line and "nan" not in line


@pytest.mark.parametrize("form", ["table", "json"])
def test_nothing_from_outside_does_anything_to_a_terminal(
    printed: Callable[..., str],
    engine: Engine,
    hostile: tuple[str, ...],
    unsafe: Callable[[str], set[str]],
    form: str,
) -> None:
    for evil in hostile:
        engine.model = evil
        engine.top = TopWords((TopWord(f"co{evil}ok", 51.0),), True, 1)
        told = printed(f"The {evil} was the", "--format", form)
        assert not unsafe(told), evil
        if form == "json":
            facts = json.loads(told)
            assert facts["model"]["name"] == evil, "a program gets it as it is"
            assert facts["text"] == prepare(f"The {evil} was the").normalized + " "
            assert facts["words"][0]["word"] == f"co{evil}ok"


@given(typed=st.text(alphabet=st.characters(exclude_categories=[]), max_size=10))
def test_any_text_is_valid_json(typed: str) -> None:
    identity = Identity(typed, typed, "0" * 64, typed, 1, typed, 2048)
    loaded = Loaded(identity, typed, 0, 0)
    top = TopWords((TopWord(typed, 50.0),), True, 1)
    told = next_words._json(with_separator(typed), READER, loaded, top)
    assert told.isascii()
    assert all(sign.isprintable() or sign == "\n" for sign in told)
    facts = json.loads(told)
    assert facts["text"] == with_separator(typed)
    assert facts["words"][0]["word"] == facts["model"]["name"] == typed


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (100.0, "100 %"),
        (10.0, "10 %"),
        (9.94, "9.9 %"),
        (1.0, "1.0 %"),
        (0.994, "0.99 %"),
        (0.01, "0.01 %"),
        (0.0099, "<0.01 %"),
        (0.0, "<0.01 %"),
    ],
)
def test_a_share_has_as_many_places_as_it_needs(share: float, told: str) -> None:
    assert percent(share) == told


@given(st.floats(0, 100))
def test_no_share_is_wider_than_its_column(share: float) -> None:
    assert len(percent(share)) <= 8


# ---- in a process of its own ----

ALONE = """
import sys
from concurrent.futures import Future
from engine.predictor import TopWord, TopWords
from engine.scripted import ScriptedPredictor
from tui import engine_room

class Engine(ScriptedPredictor):
    def top_words(self, asking, on_top=None, on_progress=None):
        future = Future()
        future.set_result({0: TopWords((TopWord("cook", 50.0),), True, 1)})
        return future

engine_room.open_link = lambda *_, **__: Engine()
sys.argv[0] = "bitrace"
from tui.__main__ import main
main()
"""


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path, starter_file: Path) -> None:
    """Also if what is printed fits into a buffer, which is emptied only in the end."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    command = 'set -o pipefail; "$0" -c "$1" words "The thief was" | true'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, ALONE],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**environ, "BITRACE_HOME": str(tmp_path / "home")},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_starter_models_words(
    bitrace: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    starter_file: Path,
    unsafe: Callable[[str], set[str]],
) -> None:
    text = "\x1b[2JThe ferry leaves at seven, and only four"
    done = bitrace(tmp_path / "home", "words", text, "-k", "3", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert not unsafe(done.stdout)
    told = json.loads(done.stdout)
    assert told["text"] == text + " "
    assert told["model"]["file"] == starter_file.name
    shares = [word["percent"] for word in told["words"]]
    assert len(shares) == 3
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 100
    assert told["words"][0]["word"] in ("people", "of", "passengers", "hours", "men", "or")
    for word in told["words"]:
        assert word["bits"] == pytest.approx(-math.log2(word["percent"] / 100), abs=1e-5)
