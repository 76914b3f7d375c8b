"""Drafts: how a text becomes passages, and that the file written is the pack meant."""

from __future__ import annotations

import time
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.words import has_digit, words
from puzzles.dividing import LONGEST, SHORTEST
from puzzles.documents import Chapter, Document, chapter, clean, one_line
from puzzles.draft_file import as_toml, blank
from puzzles.drafts import Draft, DraftPassage, draft, split
from puzzles.load import Pack, load_pack
from puzzles.schema import MOST_PASSAGES, is_id


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drafts")


def loaded(folder: Path, source: str) -> Pack:
    path = folder / "pack.toml"
    path.write_bytes(source.encode())
    return load_pack(path)


def sentence(n_words: int, word: str = "word") -> str:
    return " ".join([word] * n_words).capitalize() + "."


def paragraph(n_words: int, n_each: int = 15) -> str:
    lengths = [n_each] * (n_words // n_each) + [n_words % n_each]
    return " ".join(sentence(n) for n in lengths if n)


def document(*chapters: tuple[str, str]) -> Document:
    made = [chapter(title, text) for title, text in chapters]
    return Document("T", "A", "en", tuple(part for part in made if part is not None))


def whole(*lengths: int) -> Document:
    return document(("", "\n\n".join(paragraph(n) for n in lengths)))


def sizes(document: Document) -> list[int]:
    return [len(words(passage.text.normalized)) for passage in split(document)]


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ((60,), [60]),
        ((149,), [149]),
        ((450,), [450]),
        ((100, 100, 100, 100, 100, 100), [300, 300]),
        ((300, 300, 300), [300, 300, 300]),
        ((300, 100), [400]),  # a remainder is joined to the one before
        ((400, 100), [250, 250]),  # or shares with it, where both would be too long
        ((440, 440), [440, 440]),
        ((20, 440), [225, 235]),
        ((200, 200, 200), [200, 400]),
        ((150,) * 9, [300, 300, 300, 450]),
        ((460,), [225, 235]),
        ((900,), [300, 300, 300]),
        ((80, 900, 80), [355, 350, 355]),
        ((2, 300, 2, 300), [302, 302]),  # a heading stays with what it is of
    ],
)
def test_lengths(lengths: tuple[int, ...], expected: list[int]) -> None:
    found = sizes(whole(*lengths))
    assert sum(found) == sum(lengths)
    assert all(
        abs(n - wanted) <= 20 for n, wanted in zip(sorted(found), sorted(expected), strict=True)
    )
    if set(expected) <= set(lengths):
        assert sorted(found) == sorted(expected)


def test_a_text_without_sentences_is_divided_anyhow() -> None:
    found = sizes(document(("", "word, " * 1_000)))
    assert sum(found) == 1_000
    assert all(SHORTEST <= n <= LONGEST for n in found)
    texts = split(document(("", "word, (" * 1_000)))
    assert "".join(passage.text.shown for passage in texts).count("(") == 1_000


@pytest.mark.parametrize("text", ["", "...", "word " * 59])
def test_too_short(text: str) -> None:
    found = chapter("", text)
    with pytest.raises(InputError, match=r"has only \d+ words, and a pack needs 60: choose"):
        split(Document("T", "", "", (found,) if found else ()))


def test_too_long_for_a_pack() -> None:
    too_long = f"more than a pack of {MOST_PASSAGES} passages holds: divide it"
    n_words = MOST_PASSAGES * LONGEST + 1
    with pytest.raises(InputError, match=f"has {n_words:,} words, {too_long}"):
        split(whole(n_words))
    many = [("", paragraph(SHORTEST))] * MOST_PASSAGES
    assert len(split(document(*many))) == MOST_PASSAGES
    n_words = (MOST_PASSAGES + 1) * SHORTEST
    with pytest.raises(InputError, match=f"has {n_words:,} words, {too_long}"):
        split(document(*many, many[0]))
    for dashes in ("-" * 200_001, "- " * 600_000):
        with pytest.raises(InputError, match="far more other characters than words"):
            split(document(("", paragraph(100) + " " + dashes + paragraph(100))))


@pytest.mark.parametrize("word", ["word", "слово", "उपन्यास"])
def test_the_longest_text_is_a_pack_that_can_be_read(folder: Path, word: str) -> None:
    usual = "\n\n".join([sentence(15, word)] * 20)
    begun = draft(document(*[("Chapter", usual)] * MOST_PASSAGES), "novel")
    started = time.process_time()
    pack = loaded(folder, as_toml(begun))
    assert time.process_time() - started < 10
    assert [passage.text for passage in pack.passages] == [p.text for p in begun.passages]


def test_chapters_stay_apart_unless_they_are_short() -> None:
    long, short = paragraph(300), paragraph(50)
    found = split(document(("One", long), ("Two", long)))
    assert [(p.id, p.title) for p in found] == [("one", "One"), ("two", "Two")]
    # A short one goes with the next, whose title counts; the last with the one before.
    found = split(document(("Motto", short), ("One", long), ("Two", long), ("End", short)))
    assert [(p.title, len(words(p.text.normalized))) for p in found] == [
        ("One", 350),
        ("Two", 350),
    ]
    # Of short ones only, the first that has a title.
    found = split(document(("", short), ("B", short), ("C", short), ("D", long)))
    assert [p.title for p in found] == ["B", "D"]
    assert [p.title for p in split(document(("A", short), ("B", short)))] == ["A"]


def test_titles_and_ids() -> None:
    found = split(document(("It’s Übel & Straße!", paragraph(600)), ("漢字", paragraph(300))))
    assert [(p.id, p.title) for p in found] == [
        ("its-ubel-strasse", "It’s Übel & Straße!"),
        ("its-ubel-strasse-2", "It’s Übel & Straße! (2)"),
        ("part-3", "漢字"),
    ]
    text = "«The  ferry to\nSkarholm leaves at seven, on the hour» and " + paragraph(70)
    named, other = split(document(("", text + paragraph(80)), ("End", paragraph(200))))
    assert named.title == "The ferry to Skarholm leaves at seven"
    assert named.id == "the-ferry-to-skarholm-leaves-at-seven"
    assert other.title == "End"
    (only,) = split(_untitled("x" * 60 + " " + paragraph(70)))
    assert only.title == "x" * 40
    # A text of one chapter without a title has the document's.
    assert [p.title for p in split(whole(300, 300))] == ["T", "T (2)"]
    same = split(document(*[("A" * 99, paragraph(300))] * 12))
    assert [p.id for p in same][:2] == ["a" * 40, "a" * 38 + "-2"]
    assert same[-1].id == "a" * 37 + "-12"
    assert len({p.id for p in same}) == 12


def _untitled(text: str) -> Document:
    return Document("", "", "", document(("", text)).chapters)


PIECE = st.one_of(
    st.integers(0, 40).map(sentence),
    st.sampled_from(["\n\n", "\n", " ", '"', "* * *\n\n", "III\n\n", "don’t"]),
    st.sampled_from(["你好。", "e.g. "]),
    st.sampled_from(["[[", "\\", "[[word]]", '"""', "'''", "\t", "\r", "\\[[", "x1 "]),
    st.sampled_from(["\x1b", "é\u0301"]),
    st.text(max_size=5),
)
TEXT = st.lists(PIECE | st.integers(40, 600).map(paragraph), max_size=12).map("".join)


@given(
    st.lists(st.tuples(st.sampled_from(["", "One", "É\u202e", "a" * 150]), TEXT), max_size=4)
)
def test_no_word_is_lost_and_lengths_are_kept(chapters: list[tuple[str, str]]) -> None:
    book = document(*chapters)
    spoken = [word.text for part in book.chapters for word in words(part.text.normalized)]
    if len(spoken) < 60:
        with pytest.raises(InputError):
            split(book)
        return
    found = split(book)
    kept = [word.text for passage in found for word in words(passage.text.normalized)]
    assert kept == spoken
    for passage in found:
        n_words = len(words(passage.text.normalized))
        assert n_words <= LONGEST
        assert n_words >= min(SHORTEST, len(spoken))
        assert is_id(passage.id)
    assert len({passage.id for passage in found}) == len(found)


@given(TEXT.map(lambda text: text + "\n\n" + paragraph(200)), st.text(max_size=130), st.data())
def test_the_file_is_the_pack_that_was_meant(
    folder: Path, text: str, title: str, data: st.DataObject
) -> None:
    book = document((title, text))
    line = one_line(title)
    begun = draft(Document(line, line, line, book.chapters), "my-pack")
    marked = []
    for passage in begun.passages:
        n_words = len(words(passage.text.normalized))
        marks = tuple(data.draw(st.lists(st.integers(0, n_words - 1), max_size=5)))
        marked.append(DraftPassage(passage.id, passage.title, passage.text, marks))
    pack = loaded(folder, as_toml(Draft(**_fields(begun), passages=tuple(marked))))
    assert (pack.id, pack.license) == ("my-pack", "")
    assert len(pack.passages) == len(marked)
    for passage, meant in zip(pack.passages, marked, strict=True):
        assert (passage.id, passage.title, passage.text) == (meant.id, meant.title, meant.text)
        assert [word.index for word in passage.targets] == _markable(meant)


def _fields(begun: Draft) -> dict[str, str]:
    names = ("id", "title", "author", "language", "source", "description")
    return {name: getattr(begun, name) for name in names}


def _markable(passage: DraftPassage) -> list[int]:
    found = words(passage.text.normalized)
    return [
        index
        for index in sorted(set(passage.marks))
        if not has_digit(found[index].text)
        and not passage.text.shown[: found[index].start].endswith(("\\", "\\["))
    ]


@pytest.mark.parametrize(
    "around",
    ["{}", "[{}]", "[[{}]]", "[[[{}]]]", "\\[[{}", "\\{}", "\\[{}",
     '"""{}"""', "'''{}'''", '"{}"""',
     "]]{}[[", "\\\\{}\\", "\t{}\t", "{}\\[[", "{}[[[[",
     "’{}’", "\\\"{}\\\"\\", "[ [{}] ]", "[[ {}[[{}"],
)  # fmt: skip
def test_any_text_around_a_mark(folder: Path, around: str) -> None:
    text = clean(paragraph(60) + " " + around.replace("{}", "target"))
    found = words(text.normalized)
    marks = tuple(word.index for word in found if word.text == "target")
    passage = DraftPassage("one", "One", text, marks)
    (only,) = loaded(folder, as_toml(Draft("my-pack", "T", "", "en", (passage,)))).passages
    assert only.text == text
    assert [word.index for word in only.targets] == _markable(passage)
    if around not in ("\\{}", "\\[{}", "\\\\{}\\"):
        assert len(only.targets) == len(marks) > 0


def test_what_a_draft_says_of_itself(folder: Path) -> None:
    text = clean(paragraph(60))
    book = Document('The "Lamp"\\', "A. Writer", "pt-BR", (Chapter("One", text),))
    begun = draft(book)
    assert begun.id == "the-lamp"
    pack = loaded(folder, as_toml(begun))
    assert (pack.title, pack.author, pack.language) == ('The "Lamp"\\', "A. Writer", "pt-BR")
    assert pack.passages[0].source == 'The "Lamp"\\, A. Writer'
    assert draft(Document("漢字", "", "no language", book.chapters)).id == "my-pack"
    untitled = draft(Document("", "", "x" * 36, book.chapters))
    assert (untitled.title, untitled.language, untitled.source) == ("One", "en", "")
    for id in ("Lamp", "a", "a b", "\x1b"):
        with pytest.raises(InputError, match="cannot be the id of a pack"):
            draft(book, id)
        with pytest.raises(InputError, match="cannot be the id of a pack"):
            blank(id)


@pytest.mark.parametrize("id", ["harbor", "my-pack", "--", "a-", "0" * 40])
def test_an_empty_pack_is_a_pack(folder: Path, id: str) -> None:
    source = blank(id)
    pack = loaded(folder, source)
    assert pack.id == id
    (example,) = pack.passages
    assert [word.text for word in example.targets] == ["kitchen", "lamp", "clock"]
    for earlier, later in pairwise(example.targets):
        assert later.index - earlier.index >= 8
    assert len(words(example.text.normalized)) >= 60
    assert max(map(len, source.split('text = """')[0].splitlines())) <= 96
    assert set(tomllib.loads(source)) >= {"format", "id", "title", "license", "description"}


def test_the_notes_show_the_escapes_as_they_are_to_be_written(folder: Path) -> None:
    source = blank("harbor").replace("Only the cat", "Only \\\\[[the]] cat")
    assert "brackets write \\\\[[ and" in source
    (example,) = loaded(folder, source).passages
    assert "Only [[the]] cat" in example.text.shown


@pytest.mark.parametrize(
    "text",
    ["a. " * 30_000, "a\n\n" * 30_000, "word " * 30_000, "漢" * 90_000, "a b c d e. " * 6_000],
    ids=lambda text: text[:4].strip(),
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    try:
        split(document(("", text)))
    except InputError as error:
        assert "more than a pack" in str(error)
    assert time.process_time() - started < 10
