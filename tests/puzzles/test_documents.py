"""Documents: their chapters, and that what is in them can stand in a pack."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.words import prepare, words
from puzzles.documents import LONGEST_TITLE, Document, clean, load_document, one_line
from puzzles.files import MOST_BYTES
from puzzles.schema import PassageFile
from puzzles.texts import load_text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


def load(folder: Path, name: str, raw: bytes | str) -> Document:
    path = folder / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return load_document(path)


def parts(document: Document) -> list[tuple[str, str]]:
    return [(chapter.title, chapter.text.shown) for chapter in document.chapters]


@pytest.mark.parametrize("name", ["the lamp.txt", "the lamp", "the lamp.py"])
def test_a_text_is_one_chapter(folder: Path, name: str) -> None:
    document = load(folder, name, "\ufeff# It’s\r\n\r\nday.\n")
    assert parts(document) == [("", "# It’s\n\nday.")]
    assert (document.title, document.author, document.language) == ("the lamp", "", "")


def test_a_title_of_what_is_no_printable_name(folder: Path) -> None:
    assert load(folder, "a\x1b[2J\u202e.txt", "text").title == "a [2J"


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# One\na\n## Two\nb", [("One", "a"), ("Two", "b")]),
        ("before\n# One #\na", [("", "before"), ("One", "a")]),
        ("   ## One ##  \n\na\n\n\n", [("One", "a")]),
        ("One\n===\na\n\nTwo\n---\nb", [("One", "a"), ("Two", "b")]),
        ("# One\n### Deep\na", [("One", "### Deep\na")]),
        ("# One\n## Two\nb", [("Two", "b")]),
        ("#\na", [("", "a")]),
        ("##   \na", [("", "a")]),
        ("#hash\na\n\n    # code\n\\# no", [("", "#hash\na\n\n    # code\n\\# no")]),
        ("# One\n```\n# code\n```\na", [("One", "a")]),
        ("one\ntwo\n---\nthree", [("", "one\ntwo\n---\nthree")]),
        ("one\n\n---\n\ntwo", [("", "one\n\n---\n\ntwo")]),
        ("- one\n---\ntwo", [("", "- one\n---\ntwo")]),
        ("> one\n---\ntwo", [("", "> one\n---\ntwo")]),
        ("1. one\n---\ntwo", [("", "1. one\n---\ntwo")]),
        ("***\n---\ntwo", [("", "***\n---\ntwo")]),
        ("# *A* **b** `c` _d_ e_f [g](http://h) ![i](j) \\* <b>k</b>\nx", [
            ("A b c d e_f g i * k", "x")
        ]),
        ("# One\n*em* **strong** [a](b) `c`", [("One", "*em* **strong** [a](b) `c`")]),
        ("# C#\na", [("C#", "a")]),
        ("# One\n\n***\n", []),
    ],
)  # fmt: skip
def test_chapters_of_markdown(folder: Path, markdown: str, expected) -> None:
    if expected:
        assert parts(load(folder, "a.md", markdown)) == expected
        assert parts(load(folder, "A.Markdown", markdown.replace("\n", "\r\n"))) == expected
    else:
        with pytest.raises(InputError, match=r"a\.md has no text: choose"):
            load(folder, "a.md", markdown)


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("title: A b\nauthor: C\nlang: de", ("A b", "C", "de")),
        ("Title: \"A: b\"\nauthor: 'C'\nlanguage: pt-BR", ("A: b", "C", "pt-BR")),
        ("title: [A]\nauthor: {b: c}\nauthor: D\nlang:", ("One", "D", "")),
        ("  title: nested\nsubtitle: x\ntitle: |\n  A", ("One", "", "")),
        ('title: "', ('"', "", "")),
    ],
)
@pytest.mark.parametrize("end", ["---", "..."])
def test_front_matter(folder: Path, front: str, end: str, expected) -> None:
    document = load(folder, "a.md", f"---\n{front}\n{end}\n# One\ntext")
    assert (document.title, document.author, document.language) == expected
    assert parts(document) == [("One", "text")]


def test_front_matter_that_is_none(folder: Path) -> None:
    document = load(folder, "a.md", "---\ntitle: A\n\nnever closed")
    assert (document.title, parts(document)) == ("a", [("", "---\ntitle: A\n\nnever closed")])
    assert load(folder, "a.md", "text\n---\ntitle: A\n---\nb").title == "text"


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"a\0b", "is a binary file"),
        (b"a\xff", "not valid UTF-8"),
        (b"", "has no text"),
        (b"... \xe2\x80\xae !", "has no text"),
        (b"a" * (MOST_BYTES + 1), "over 5 MB"),
    ],
)
@pytest.mark.parametrize("name", ["essay.md", "essay.txt"])
def test_what_is_no_document(folder: Path, name: str, raw: bytes, part: str) -> None:
    with pytest.raises(InputError, match=rf"essay\.\w+ .*{part}"):
        load(folder, name, raw)
    with pytest.raises(InputError, match="is a folder"):
        load_document(folder)


def test_an_epub_is_told_by_its_name(folder: Path) -> None:
    with pytest.raises(InputError, match=r"a\.EPUB: this is no zip archive"):
        load(folder, "a.EPUB", b"text")
    with pytest.raises(InputError, match=r"big\.epub is over 32 MB"):
        load(folder, "big.epub", b"a" * 32_000_001)


def test_what_no_pack_may_hold_is_taken_out() -> None:
    assert clean("a\x1b[2J\r\nb\x85c\td\u202ee\ue000f\ud800g\u200d\x0ch\ri").shown == (
        "a [2J\nb c\tdefg\u200d\nh\ni"
    )
    assert clean(" \n\t\n  a\n\n") == prepare("  a")


@given(st.text() | st.text(st.sampled_from("a\x07\x85\u202e\ue000\u2028\ud800 \n\r")))
def test_whatever_is_cleaned_can_stand_in_a_pack(raw: str) -> None:
    text = clean(raw)
    assert text == clean(text.shown) == prepare(text.shown)
    PassageFile(id="aa", title=f"x{one_line(raw)}", text=text.shown)
    assert len(one_line(raw)) <= LONGEST_TITLE


def test_a_long_line_is_cut_between_words() -> None:
    assert one_line("one two three", 9) == "one two…"
    assert one_line("one two three", 8) == "one two…"
    assert one_line("one two three", 7) == "one…"
    assert one_line("onetwothree", 7) == "onetwo…"
    assert one_line("one two", 7) == "one two"


LINES = [
    "# A",
    "## *B* #",
    "===",
    "---",
    "```",
    "~~~~",
    "a b.",
    "",
    "title: c",
    "- d",
    "\u202e",
]


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_no_word_of_markdown_is_lost_but_titles(folder: Path, lines: list[str]) -> None:
    try:
        document = load(folder, "a.md", "\n".join(lines))
    except InputError:
        return
    whole = words(load_text(folder / "a.md").normalized)
    kept = [word.text for part in document.chapters for word in words(part.text.normalized)]
    titles = {"A", "B", "a", "b", "c", "d", "title"}
    left = iter(word.text for word in whole)
    assert all(word in left for word in kept)
    assert len(whole) - len(kept) <= sum(line in LINES for line in lines) * 2
    assert all(
        set(part.title.split()) <= titles | {"b.", "title:"} for part in document.chapters
    )


@pytest.mark.parametrize(
    "hostile",
    ["# " + "[" * 300_000, "[](" * 100_000 + "\n===", "# " + " #" * 150_000, "# *_`<" * 150_000,
     "#\n" * 70_000 + "a", "a\n\n" * 100_000, " " * 300_000 + "x", "\n" * 300_000 + "x"],
)  # fmt: skip
def test_no_text_takes_long(folder: Path, hostile: str) -> None:
    started = time.perf_counter()
    load(folder, "a.md", "text\n\n" + hostile)
    assert time.perf_counter() - started < 5
