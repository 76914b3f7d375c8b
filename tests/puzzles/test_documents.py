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
from puzzles.markdown import read_markdown
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
        ("# One\n### Deep\na", [("One", "Deep\n\na")]),
        ("# One\n## Two\nb", [("Two", "b")]),
        ("#\na", [("", "a")]),
        ("##   \na", [("", "a")]),
        ("#hash\na\n\n    # code\n\\# no", [("", "#hash\na\n\n# code\n# no")]),
        ("# One\n```\n# code\n```\na", [("One", "a")]),
        ("one\ntwo\n---\nthree", [("", "one\ntwo\n---\nthree")]),
        ("one\n*two*\n===\nthree", [("", "one\ntwo\n===\nthree")]),
        ("> # One\na\n\n- # Two", [("", "One\n\na\n\nTwo")]),
        ("one\n\n---\n\ntwo", [("", "one\n\n---\n\ntwo")]),
        ("- one\n---\ntwo", [("", "- one\n---\ntwo")]),
        ("> one\n---\ntwo", [("", "one\n---\ntwo")]),
        ("1. one\n---\ntwo", [("", "1. one\n---\ntwo")]),
        ("***\n---\ntwo", [("", "***\n---\ntwo")]),
        ("# *A* **b** `c` _d_ e_f [g](http://h) ![i](j.png) \\* <b>k</b>\nx", [
            ("A b c d e_f g * k", "x")
        ]),
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
    ("markdown", "expected"),
    [
        ("*em* **strong _both_** __a__ snake_case_name 2 * 3 * 4",
         "em strong both a snake_case_name 2 * 3 * 4"),
        ("`co*d*e` and ``a`b``", "co*d*e and a`b"),
        ("[the *lamp*](http://h/x) <http://h> [a][b] [b]\n\n[b]: #place 'T'",
         "the lamp http://h a b"),
        ("see ![a picture](p.png) here ![b][p].\n\n![alone](p.png)\n\nend\n\n[p]: p.png",
         "see here.\n\nend"),
        ("[![badge](b.svg)](http://h)\n\ntext", "text"),
        ("[Anna]: Yes.\n\nHe [sic](thus) said. [1] [ ] [^2]", None),
        ("one  \ntwo\\\nthree\nfour", "one\ntwo\nthree\nfour"),
        ("\\*a\\* \\[b\\] &amp; &eacute; &nosuch;", "*a* [b] & é &nosuch;"),
        ("- one\n- *two*\n  - three\n\n* four", "- one\n- two\n- three\n\n* four"),
        ("1986. A year\n\n2) b\n\n   c", "1986. A year\n\n2) b\n\nc"),
        ("> a *b*\nc\n>\n> > d", "a b\nc\n\nd"),
        ("| a | *b* |\n|---|:-:|\n| c | d |\n| e |\n\nf", "a b\nc d\ne\n\nf"),
        ("a | b\nc | d", None),
        ("a\n\n* * *\n\nb\n***\nc", None),
        ("    The first *line*\nwas set in.", "The first *line*\nwas set in."),
        ("a <b>b</b> <i class='x'>c</i><br>d <Name> <!-- no --> 1 < 2 > 0",
         "a b c\nd <Name>  1 < 2 > 0"),
        ("<!-- no\n\nno -->\n\n<div align='center'>\n\na\n\n</div>", "a"),
        ("<p>\nkept *as* it is</p>\n\na", None),
        ("a ~~b~~ $x_1$ {c} :d: a@b.org http://h/a_b_c", None),
        ("**never closed, [nor this](, `nor this", None),
        ("*" + "long " * 4_000 + "*", None),
    ],
)  # fmt: skip
def test_marks_of_markdown(folder: Path, markdown: str, expected: str | None) -> None:
    """Without an expected text: it stays as it is."""
    only = "first\n\n" + (markdown if expected is None else expected)
    assert parts(load(folder, "a.md", "first\n\n" + markdown)) == [("", only)]


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


MARKS = [
    *("# ", "\n", "\n\n", "- ", "1. ", "> ", "    ", "\t", "| ", "|-|\n", "---", "===", "***"),
    *(
        "`",
        "```",
        "*",
        "__",
        "[a]",
        "(b.c)",
        "![",
        "](",
        "]: /x",
        "<b>",
        "<!--",
        "-->",
        "<div>",
    ),
    *(
        "\\",
        "&amp;",
        "&#0;",
        "&#xd800;",
        "word ",
        "\u2028",
        "\x85",
        "\ufeff",
        "<br>",
        "http://[x",
    ),
]


@given(st.lists(st.sampled_from(MARKS) | st.text(max_size=3), max_size=25).map("".join))
def test_any_markdown_is_read(markdown: str) -> None:
    for part in read_markdown(prepare("word " + markdown).shown).chapters:
        PassageFile(id="aa", title=f"x{part.title}", text=part.text.shown)
        assert part.text == clean(part.text.shown)


@pytest.mark.parametrize(
    "hostile",
    ["# " + "[" * 300_000, "# " + "[" * 99_000, "[](" * 45_000 + "\n===", "# *_`<" * 24_000,
     "# " + " #" * 99_000, "#\n" * 49_000 + "a", "a\n\n" * 49_000, " " * 300_000 + "x",
     "\n" * 99_000 + "x", ("![" * 9_000 + "\n\n") * 5, ("[" * 19_000 + "\n\n") * 5,
     "- " * 99_000, ">" * 99_000, "<!---->" * 33_000 + "x", ("*_`<" * 4_900 + "\n\n") * 5,
     "|a" * 49_000 + "\n|-", ("<![CDATA[" * 2_200 + "\n\n") * 10, ("`" * 99 + " ") * 900,
     "[a]: /b\n" * 24_000],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_no_text_takes_long(folder: Path, hostile: str) -> None:
    started = time.perf_counter()
    try:
        load(folder, "a.md", "text\n\n" + hostile)
    except InputError as error:
        assert "a.md: this text has over 100,000 lines and marks: divide it." in str(error)
    assert time.perf_counter() - started < 5
