"""What an author might want to mend: each warning, and none where all is well."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from puzzles.advice import advice
from puzzles.builtin import builtin_ids, open_builtin
from puzzles.faults import Fault
from puzzles.load import load_source
from puzzles.sources import open_source

BEFORE = "the boat went out and the boat came in while a cat sat on the wall again " * 4
"""Seventeen words, four times; all in small letters."""
GOOD = f"{BEFORE}so that the [[cat]] was as wet as the [[wall]] and the [[boat]] was dry."
HEAD = 'format = 1\nid = "harbor"\ntitle = "Harbour"\n'
SHARED = 'author = "A"\nlicense = "CC0-1.0"\n'


def passage(text: str = GOOD, id: str = "one", **keys: str) -> str:
    keys = {"id": id, "title": "T", "text": text, **keys}
    return "[[passages]]\n" + "".join(f"{key} = '''{value}'''\n" for key, value in keys.items())


@pytest.fixture
def advise(tmp_path: Path):
    def run(source: str, **more: str) -> list[Fault]:
        path = tmp_path / "harbor"
        path.mkdir(exist_ok=True)
        (path / "pack.toml").write_text(source, encoding="utf-8")
        for name, content in more.items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(content, encoding="utf-8")
        found = list(advice(load_source(open_source(path))))
        assert all(str(one).isprintable() for one in found)
        return found

    return run


def messages(found: list[Fault]) -> list[str]:
    assert {one.passage for one in found} <= {"one"}
    return [one.message for one in found]


def test_a_good_pack_needs_no_advice(advise) -> None:
    assert advise(HEAD + SHARED + passage()) == []


@pytest.mark.parametrize("id", builtin_ids())
def test_the_built_in_packs_need_none_about_names_numbers_or_marks(id: str) -> None:
    told = [one.message for one in advice(open_builtin(id))]
    assert not [one for one in told if "name never" in one or "]]" in one or "nobody is" in one]


def test_nobody_knows_whose_a_pack_is(advise) -> None:
    found = advise(HEAD + passage())
    assert [(one.file, one.line, one.passage, one.field) for one in found] == [
        ("pack.toml", None, None, "author"),
        ("pack.toml", None, None, "license"),
    ]
    assert [one.field for one in advise(HEAD + 'author = "A"\n' + passage())] == ["license"]


def test_two_passages_with_one_text(advise) -> None:
    other = passage(GOOD.replace("wet", "dry"), "two")
    found = advise(HEAD + SHARED + passage() + other + passage(id="three") + passage(id="four"))
    assert [(one.passage, one.message) for one in found] == [
        ("three", "has the same text as one."),
        ("four", "has the same text as one."),
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (GOOD.replace("as wet", "as]] wet"), "]] stands in it without [[ before"),
        (GOOD.replace("[[", "").replace("]]", ""), "no word is marked: targets will be drawn"),
        (GOOD.replace("[[boat]]", "boat"), "only 2 of its words are marked"),
        (GOOD.replace("while a cat", "while a [[cat]]", 1), "target comes after 11 words"),
        (GOOD.replace("was as", "[[was]] as"), '"cat" and "was" are nearly side by side'),
        (GOOD.replace("[[cat]]", "[[Miller]]"), '"Miller" looks like a name never mentioned'),
        (GOOD.replace("[[cat]]", "‘[[Miller]]’"), '"Miller" looks like a name never mentioned'),
        (GOOD.replace("[[cat]]", "[[eleven]]"), '"eleven" is a number not mentioned before'),
    ],
)
def test_what_may_be_a_mistake(advise, text: str, part: str) -> None:
    (only,) = [
        one
        for one in messages(advise(HEAD + SHARED + passage(text)))
        if "]]" not in part or "no word" not in one
    ]
    assert part in only


@pytest.mark.parametrize(
    "text",
    [
        # A word that begins a sentence has a capital for that alone.
        GOOD.replace("so that the [[cat]]", "so. [[Then]] the cat"),
        GOOD.replace("so that the [[cat]]", "so? “[[Then]] the cat"),
        GOOD.replace("so that the [[cat]]", "so.” [[Then]] the cat"),
        GOOD.replace("so that the [[cat]]", "so\n[[Then]] the cat"),
        GOOD.replace("so that the [[cat]]", "so – (“yes!”) [[Then]] the cat"),
        # It has been mentioned, in whichever letters.
        GOOD.replace("a cat", "Ann Miller’s cat", 1).replace("[[cat]]", "[[Ann]]"),
        GOOD.replace("the wall", "MILLER", 1).replace("[[cat]]", "[[Miller]]"),
        GOOD.replace("the wall", "eleven", 1).replace("[[cat]]", "[[Eleven]]"),
        # Twenty-five words are enough, three apart are too.
        GOOD.replace("boat came in", "boat [[came]] in", 2).replace("[[came]]", "came", 1),
        GOOD.replace("the [[wall]] and the", "the [[wall]] and [[the]]").replace(
            "[[the]] [[boat]]", "the [[boat]]"
        ),
    ],
)
def test_what_is_none(advise, text: str) -> None:
    assert messages(advise(HEAD + SHARED + passage(text))) == []


def test_what_the_primer_mentions_can_be_known(advise) -> None:
    text = GOOD.replace("[[cat]]", "[[Miller]]").replace("[[wall]]", "[[nine]]")
    assert len(advise(HEAD + SHARED + passage(text))) == 2
    assert advise(HEAD + SHARED + passage(text, primer="miller has nine cats")) == []
    # The preface is read by Sage alone.
    assert len(advise(HEAD + SHARED + passage(text, preface="miller has nine cats"))) == 2


@pytest.mark.parametrize(
    ("language", "n_warnings"), [("en", 2), ("en-GB", 2), ("de", 0), ("de-AT", 0), ("fr", 1)]
)
def test_names_and_numbers_are_told_as_the_language_has_them(
    advise, language, n_warnings
) -> None:
    text = GOOD.replace("[[cat]]", "[[Haus]]").replace("[[wall]]", "[[nine]]")
    found = advise(HEAD + SHARED + f'language = "{language}"\n' + passage(text))
    assert len(found) == n_warnings


def test_a_file_that_no_passage_names(advise) -> None:
    source = HEAD + SHARED + passage()
    more = {"key.toml": "", "readings/x.json": "{}", "lamp.txt": "x", "a/Notes.md": "x"}
    found = advise(source, **more)
    assert [one.file for one in found] == ["a/Notes.md", "lamp.txt"]
    assert {one.message for one in found} == {
        "no passage names this file: it will not be in the bundle."
    }
    named = source.replace("text = ", "# ").replace(GOOD, "x")
    named = HEAD + SHARED + "[[passages]]\nid = 'one'\ntitle = 'T'\nfile = 'lamp.txt'\n"
    assert [one.file for one in advise(named, **{"lamp.txt": GOOD})] == ["a/Notes.md"]


def test_very_many_targets_take_no_time(tmp_path: Path) -> None:
    def word(n: int) -> str:
        return "".join(chr(97 + int(digit)) for digit in f"{n:05}")

    text = " ".join(word(n) for n in range(10_000))
    text += " ".join(f" a b [[X{word(n)}]]" for n in range(3_300))
    path = tmp_path / "harbor.toml"
    path.write_text(HEAD + SHARED + passage(text))
    loaded = load_source(open_source(path))
    started = time.process_time()
    assert len(list(advice(loaded))) == 3_300
    assert time.process_time() - started < 2
