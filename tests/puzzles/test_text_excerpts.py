"""The parts of long texts that are raced on."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.words import Text, prepare, words
from puzzles.texts import cut, excerpt_from, excerpts


def sentence(n_words: int) -> str:
    return " ".join(["word"] * n_words) + "."


def paragraph(n_words: int, in_sentence: int = 10) -> str:
    full, rest = divmod(n_words, in_sentence)
    return " ".join([sentence(in_sentence)] * full + [sentence(rest)] * (rest > 0))


def texts(*n_words: int) -> Text:
    return prepare("\n\n".join(map(paragraph, n_words)))


def sizes(text: Text) -> list[int]:
    return [len(words(text.normalized[start:end])) for start, end in excerpts(text)]


@pytest.mark.parametrize(
    ("paragraphs", "expected"),
    [
        ([400], [400]),
        ([59], [59]),
        ([100, 100, 100, 100], [400]),
        ([100, 100, 100, 101], [300, 101]),
        ([150, 150, 150, 150], [300, 300]),
        ([240, 240, 240], [240, 240, 240]),
        ([130, 130, 130, 130], [260, 260]),
        ([100, 150, 100, 300], [250, 400]),
        ([300, 59, 300], [300, 359]),
        ([300, 100, 59], [300, 159]),
        ([390, 59], [390]),
        ([390, 60], [390, 60]),
        ([401], [300, 101]),
        ([1_000], [300, 300, 400]),
        ([1_045], [300, 300, 300, 145]),
        ([1_330], [300, 300, 300, 300, 130]),
        ([200, 350, 300], [400, 300]),
        ([200, 500, 300], [300, 400, 300]),
    ],
)
def test_where_excerpts_begin_and_end(paragraphs: list[int], expected: list[int]) -> None:
    assert sizes(texts(*paragraphs)) == expected


def test_a_paragraph_that_is_cut_loses_its_end() -> None:
    text = texts(200, 350, 300)
    (_, end), (start, _) = excerpts(text)
    assert text.shown[end - 5 : end] == "word."
    assert text.shown[:start].endswith("word.\n\n")
    assert len(words(text.normalized[end:start])) == 150


def test_without_any_ends_excerpts_end_with_words() -> None:
    text = prepare(" ".join(["word"] * 1_100))
    assert sizes(text) == [300, 300, 300, 200]
    assert all(text.shown[start:end].strip("word ") == "" for start, end in excerpts(text))


def test_a_long_sentence_is_cut_only_where_nothing_else_ends() -> None:
    text = prepare(f"{sentence(250)} {sentence(200)} {sentence(200)}")
    assert sizes(text) == [250, 400]


def test_han_is_cut_behind_its_sentences() -> None:
    text = prepare("山田川。" * 200)
    assert all(text.shown[end - 1] == "。" for _, end in excerpts(text))
    assert sizes(text) == [300, 300]


@pytest.mark.parametrize(
    ("end", "begin", "ends"),
    [
        (".", "Then", True),
        ("?", "Then", True),
        ("!", "Then", True),
        ("…", "Then", True),
        ("...", "then", True),
        (".”", "Then", True),
        (".)", "Then", True),
        ("?!’»]", "Then", True),
        (" Mr.", "Then", False),
        (" (Mrs.", "Then", False),
        (" e.g.", "then", False),
        (" J.", "Then", False),
        (" Summr.", "Then", True),
        (" XJ.", "Then", True),
        (" 3.14", "then", False),
        (";", "Then", False),
        ("”", "Then", False),
    ],
)
def test_what_ends_a_sentence(end: str, begin: str, ends: bool) -> None:
    before = " ".join(["word"] * 290)
    text = prepare(f"{before}{end} {begin} {' '.join(['word'] * 300)}.")
    (_, stop), *_ = excerpts(text)
    assert (text.shown[:stop] == before + end) == ends


def test_text_without_words_goes_with_what_is_beside_it() -> None:
    stars = "* * *"
    first = f"{paragraph(150)}\n\n{stars}\n\n… {paragraph(150)} … ?!"
    text = prepare(f"{stars}\n\n{first}\n\n{stars}\n\n… {paragraph(200)}\n\n{stars}")
    found = [text.shown[start:end] for start, end in excerpts(text)]
    assert found == [first, f"… {paragraph(200)}"]


def test_blank_lines_may_hold_white_space() -> None:
    text = prepare("\n \t\n \n".join([paragraph(250)] * 2))
    assert [text.shown[start:end] for start, end in excerpts(text)] == [paragraph(250)] * 2


SHORT_PARAGRAPHS = st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=6), max_size=12)
ANY_PARAGRAPHS = st.lists(
    st.lists(st.integers(1, 90) | st.just(500), min_size=1, max_size=20), max_size=8
)


def written(paragraphs: list[list[int]]) -> Text:
    return prepare("\n\n".join(" ".join(map(sentence, lengths)) for lengths in paragraphs))


@settings(max_examples=60, deadline=None)
@given(st.one_of(SHORT_PARAGRAPHS, ANY_PARAGRAPHS))
def test_excerpts_are_ordered_and_bounded_and_lose_little(paragraphs: list[list[int]]) -> None:
    text = written(paragraphs)
    n_words = sum(map(sum, paragraphs))
    found = excerpts(text)
    if n_words <= 400:
        assert found == ((0, len(text.shown)),)
        return
    assert all(end <= start for (_, end), (start, _) in pairwise(found))
    assert all(240 <= size <= 400 for size in sizes(text)[:-1])
    assert 60 <= sizes(text)[-1] <= 400
    longest_sentence = max(map(max, paragraphs))
    short = all(sum(lengths) <= 400 for lengths in paragraphs)
    for start, end in found:
        before = text.shown[:start]
        if short:
            assert before == "" or before.endswith("\n\n")
        if longest_sentence <= 90:
            assert before == "" or before.rstrip().endswith(".")
            assert text.shown[end - 1] == "."
    gaps = [text.shown[end:start] for (_, end), (start, _) in pairwise(found)]
    # Between two excerpts is lost, at the most, what remained of one short paragraph.
    assert all("\n\n" not in gap.strip() and gap.count("word") < 330 for gap in gaps)
    assert text.shown[: found[0][0]] == ""
    left_out = text.shown[found[-1][1] :]
    assert len(left_out.partition("\n\n")[2].split()) < 60


@settings(max_examples=60, deadline=None)
@given(ANY_PARAGRAPHS, st.data())
def test_an_excerpt_from_a_word_begins_where_it_should(paragraphs, data) -> None:
    text = written(paragraphs)
    found = words(text.normalized)
    number = data.draw(st.integers(1, max(1, len(found))))
    if not found:
        with pytest.raises(InputError, match="no word number"):
            excerpt_from(text, str(number))
        return
    at = found[number - 1].start
    begin = text.shown.rfind("\n\n", 0, at) + 2 if "\n\n" in text.shown[:at] else 0
    if len(words(text.normalized[begin:at])) > 150:
        begin = max(begin, text.shown.rfind(". ", 0, at) + 2)
    if len(words(text.normalized[begin:at])) > 150:
        begin = at
    if (remain := len(words(text.normalized[begin:]))) < 60:
        with pytest.raises(InputError, match=f"only {remain} words"):
            excerpt_from(text, str(number))
        return
    start, end = excerpt_from(text, str(number))
    assert start == begin
    assert 60 <= len(words(text.normalized[start:end])) <= 400
    assert remain <= 400 or len(words(text.normalized[start:end])) >= 240


def test_an_excerpt_begins_with_the_paragraph_of_a_word() -> None:
    text = prepare(f"{paragraph(300)}\n\nHere it’s Ｓtraße. {paragraph(300)}")
    start, end = excerpt_from(text, "STRASSE")
    assert text.shown[start:].startswith("Here it’s")
    assert end == len(text.shown)
    assert excerpt_from(text, " it's ") == excerpt_from(text, "it’s") == (start, end)
    assert excerpt_from(text, "301") == (start, end)
    assert excerpt_from(text, "word") == excerpts(text)[0]
    text = texts(400, 60)
    assert excerpt_from(text, "460")[1] == len(text.shown)


@pytest.mark.parametrize(
    ("n_before", "in_sentence", "left"),
    [(150, 10, 150), (151, 10, 1), (160, 10, 0), (160, 500, 0)],
)
def test_far_into_a_paragraph_an_excerpt_begins_with_the_sentence(
    n_before, in_sentence, left
) -> None:
    lead = paragraph(n_before, in_sentence).removesuffix(".")
    if n_before % in_sentence == 0:
        lead += "."
    text = prepare(f"{lead} target {' '.join(['word'] * 70)}.")
    start, _ = excerpt_from(text, "target")
    assert len(words(text.normalized[start : text.normalized.index("target")])) == left


@pytest.mark.parametrize(
    ("where", "part"),
    [
        ("0", "no word number '0': choose one from 1 to 500"),
        ("501", "no word number '501'"),
        ("9" * 5_000, "no word number '9999"),
        ("-3", "'-3' is not one word"),
        ("", "'' is not one word"),
        ("two words", "'two words' is not one word"),
        ("\x1b[2J\u202e", r"'\\x1b\[2J\\u202e' is not one word"),
        ("absent", "no word 'absent': choose one that it has"),
        ("500", "From '500' on the text has only 50 words"),
    ],
)
def test_a_place_that_cannot_be_begun_at(where: str, part: str) -> None:
    text = texts(400, 50, 50)
    with pytest.raises(InputError, match=part) as raised:
        excerpt_from(text, where)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 200


@example(" a b ", 0, 5)
@example("a b c", 1, 4)
@given(
    st.text(st.sampled_from("aé’' \n.\u0301山") | st.characters(), max_size=30),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_a_cut_is_a_text_of_its_own(raw: str, start: int, end: int) -> None:
    text = prepare(raw)
    part = cut(text, start, end)
    assert part == prepare(part.shown)
    assert part.shown == text.shown[start:end].strip()
    assert len(part.shown) == len(part.normalized)


@given(st.text(st.sampled_from("ab’'. \n。山\u0301") | st.characters(), max_size=60), st.data())
def test_any_text_divides(unit: str, data) -> None:
    text = prepare(unit * data.draw(st.integers(1, 100)))
    n_words = len(words(text.normalized))
    found = excerpts(text)
    if n_words <= 400:
        assert found == ((0, len(text.shown)),)
        return
    spans = [(word.start, word.end) for word in words(text.normalized)]
    for start, end in found:
        inside = [span for span in spans if start < span[1] and span[0] < end]
        assert 60 <= len(inside) <= 400
        assert start <= inside[0][0]
        assert inside[-1][1] <= end
        assert (
            words(cut(text, start, end).normalized)[-1].text
            == text.normalized[slice(*inside[-1])]
        )


def test_a_word_longer_than_a_slice_stays_whole() -> None:
    text = prepare("b" * 9_001 + " a" * 500)
    assert sizes(text)[0] == 300
    assert excerpt_from(text, "b" * 9_001)[0] == 0
    assert excerpt_from(text, "2")[0] == 0


@pytest.mark.parametrize(
    "unit", ["a ", "a. ", "a\n\n", "a", ". ", ".", '."', "\n \n", "山", "word’s "]
)
def test_time_grows_with_length_alone(unit: str) -> None:
    def seconds(n_characters: int) -> float:
        text = prepare(unit * (n_characters // len(unit)) + "end")
        started = time.process_time()
        excerpts(text)
        with suppress(InputError):
            excerpt_from(text, "end")
        return time.process_time() - started

    # The least of three, since what else runs on this machine is in them.
    long, short = (min(seconds(n) for _ in range(3)) for n in (100_000, 25_000))
    assert long < 0.2 + 8 * short
