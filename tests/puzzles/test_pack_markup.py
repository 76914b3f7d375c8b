"""Marks in a text: which words they name, and every way to get them wrong."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PackError
from engine.words import has_digit, prepare, words
from puzzles.markup import MOST_FAULTS, MarkupError, parse

ODD_TEXT = st.text(
    st.sampled_from("aeßIz 4٣²'’-.=<[]\\\n\r\t\u0301\u0308\u0323\u0338각가山田かガ\u3099ｶﾞéế")
    | st.characters(),
    max_size=40,
)


@pytest.mark.parametrize(
    ("marked", "plain", "targets"),
    [
        ("The [[thief]] ran.", "The thief ran.", [(1, 4, "thief")]),
        ("[[The]] thief [[ran]]", "The thief ran", [(0, 0, "The"), (2, 10, "ran")]),
        ("no marks", "no marks", []),
        ("a\r\nb\r[[c]]\r\n", "a\nb\nc", [(2, 4, "c")]),
        ("He [[didn’t]]’", "He didn’t’", [(1, 3, "didn't")]),
        ("cafe\u0301 au [[lait]]", "café au lait", [(2, 8, "lait")]),
        ("au [[cafe\u0301]] noir", "au café noir", [(1, 3, "café")]),
        ("[[life]]-jacket", "life-jacket", [(0, 0, "life")]),
        ("[[山]][[田]]", "山田", [(0, 0, "山"), (1, 1, "田")]),
        (r"\[[a]] [[b]]", "[[a]] b", [(1, 6, "b")]),
        (r"\\[[a]]", r"\[[a]]", []),
        ("[[[sic]]] [[[a]]", "[sic] [a", [(0, 1, "sic"), (1, 7, "a")]),
        ("[red] [/] [ ] ]] [x]] a[[b]]", None, None),
        ("[red] [/] [ ] ]] [x]] [[b]]", "[red] [/] [ ] ]] [x]] b", [(2, 22, "b")]),
    ],
)
def test_marks_and_literals(
    marked: str, plain: str | None, targets: list[tuple[int, int, str]]
) -> None:
    if plain is None:
        with pytest.raises(PackError):
            parse(marked)
        return
    found = parse(marked)
    assert found.text.shown == plain
    assert [(word.index, word.start, word.text) for word in found.targets] == targets


@pytest.mark.parametrize(
    ("marked", "faults"),
    [
        ("one\n[[two", [(2, "not closed")]),
        ("[[a\n[[b]] c]]", [(1, "not closed")]),
        ("[[]]", [(1, "[[]] holds no word")]),
        ("[[ – ]]", [(1, "holds no word")]),
        ("a\n\n[[two\nwords]]", [(3, "[[two\\nwords]] holds 2 words")]),
        ("[[life-jacket]]", [(1, "holds 2 words")]),
        ("[[山田]]", [(1, "holds 2 words")]),
        ("[[word.]]", [(1, "holds more than a word")]),
        ("[[ word]]", [(1, "holds more than a word")]),
        ("school[[teacher]]", [(1, "only a part of a word")]),
        ("[[school]]teacher", [(1, "only a part of a word")]),
        ("[[don]]'t", [(1, "only a part of a word")]),
        ("[[cafe]]\u0301", [(1, "only a part of a word")]),
        ("[[ᄀ]]ᅡ", [(1, "only a part of a word")]),
        ("=[[\u0338x]]", [(1, "cuts a character in two")]),
        ("=[[\u0315\u0338x]] [[b]]", [(1, "cuts a character in two")]),
        ("[[b4]] [[²]] [[٣]]", [(1, "holds a digit")] * 3),
        ("[[[[a]]]]", [(1, "too many [")]),
        ("[[[[", [(1, "too many [")]),
        ("[[a\\[[b]]", [(1, "holds 2 words")]),
        ("[[a b]]\r\n[[9]]\r[[", [(1, "2 words"), (2, "digit"), (3, "not closed")]),
        ("[[\x1b[2J\u202e]]", [(1, r"[[\x1b[2J\u202e]] holds more than a word")]),
    ],
)
def test_faults_name_their_line(marked: str, faults: list[tuple[int, str]]) -> None:
    with pytest.raises(MarkupError) as raised:
        parse(marked)
    told = raised.value.faults
    assert [line for line, _ in told] == [line for line, _ in faults]
    for (_, message), (_, part) in zip(told, faults, strict=True):
        assert part in message
        assert message.isprintable()
    assert str(raised.value).startswith(f"line {faults[0][0]}: ")


@given(ODD_TEXT, st.randoms(use_true_random=False), st.booleans())
def test_marked_words_come_back(raw, random, decomposed) -> None:
    text = prepare(raw)
    chosen = [
        word
        for word in words(text.normalized)
        if not has_digit(word.text)
        and text.shown[: word.start][-1:] != "\\"
        and random.random() < 0.5
    ]
    form = "NFD" if decomposed else "NFC"
    marked, done = "", 0
    for word in chosen:
        before = text.shown[done : word.start].replace("[[", "\\[[")
        marked += (
            f"{before}[[{unicodedata.normalize(form, text.shown[word.start : word.end])}]]"
        )
        done = word.end
    marked += text.shown[done:].replace("[[", "\\[[")
    found = parse(marked)
    assert found.text == text
    assert found.targets == tuple(chosen)


@given(ODD_TEXT, ODD_TEXT, ODD_TEXT)
def test_a_mark_anywhere_is_right_or_refused(before: str, inside: str, after: str) -> None:
    before, inside, after = (
        part.translate({91: None, 93: None, 92: None, 13: None})
        for part in (before, inside, after)
    )
    try:
        found = parse(f"{before}[[{inside}]]{after}")
    except PackError:
        return
    assert found.text == prepare(before + inside + after)
    (target,) = found.targets
    assert target in words(found.text.normalized)
    assert not has_digit(target.text)
    assert target.start == len(unicodedata.normalize("NFC", before))
    content = unicodedata.normalize("NFC", inside)
    assert found.text.shown[target.start : target.end] == content


@given(st.text(st.sampled_from("[[[]]]\\ab \n\r'’1\u0301") | st.characters(), max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        found = parse(text)
    except PackError as error:
        assert all(line.isprintable() for line in str(error).split("\n"))
    else:
        assert prepare(found.text.shown) == found.text


@pytest.mark.parametrize("unit", ["[", "[[ ", "[[a", "]", "[[]]", "\\[[", "[[\u0301]]", "\n[["])
def test_a_megabyte_of_brackets_takes_no_time(unit: str) -> None:
    started = time.process_time()
    try:
        parse(unit * (1_000_000 // len(unit)))
    except MarkupError as error:
        assert len(error.faults) <= MOST_FAULTS
    else:
        assert unit in ("]", "\\[[")
    assert time.process_time() - started < 5
