"""Ways of remembering: what each reads before the passage, and where its memory begins."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.minds import (
    GOLDFISH,
    INSTINCT,
    MINDS,
    OPPONENTS,
    READER,
    SAGE,
    STRANGER,
    Mind,
    memory_start,
    short_memory,
)
from engine.words import prepare, words

PRIMER = "It was morning."
PREFACE = "A story of the sea."


# ---- which there are ----


def test_minds_are_found_by_their_keys() -> None:
    assert all(MINDS[key].key == key for key in MINDS)
    assert set(MINDS.values()) == {INSTINCT, GOLDFISH, STRANGER, READER, SAGE}
    assert set(OPPONENTS) <= set(MINDS.values())
    assert len({mind.name for mind in MINDS.values()}) == len(MINDS)


def test_who_remembers_how_much() -> None:
    assert (INSTINCT.memory, GOLDFISH.memory) == (4, 12)
    assert [mind.key for mind in MINDS.values() if mind.reads_all] == [
        "stranger",
        "reader",
        "sage",
    ]


@pytest.mark.parametrize("k", [0, 1, 4, 128])
def test_a_short_memory_is_of_so_many_words_and_of_nothing_before_them(k: int) -> None:
    mind = short_memory(k)
    assert mind.memory == k
    assert str(k) in mind.key and str(k) in mind.name
    assert not mind.reads_all, "not even no memory at all is all of it"
    assert mind.before(PRIMER, PREFACE) == ""
    assert short_memory(k) == mind != short_memory(k + 1)


def test_no_short_memory_is_taken_for_a_mind_with_a_name() -> None:
    assert not {short_memory(k).key for k in range(200)} & MINDS.keys()


def test_a_mind_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        READER.memory = 3  # type: ignore[misc]


# ---- what comes before the passage ----


@pytest.mark.parametrize(
    ("mind", "before"),
    [
        (READER, f"{PRIMER}\n\n"),
        (SAGE, f"{PREFACE}\n\n{PRIMER}\n\n"),
        (STRANGER, ""),
        (GOLDFISH, ""),
        (INSTINCT, ""),
    ],
)
def test_what_each_reads_before_the_passage(mind: Mind, before: str) -> None:
    assert mind.before(PRIMER, PREFACE) == before


def test_nothing_is_read_of_what_is_not_there() -> None:
    assert READER.before("") == READER.before("", PREFACE) == ""
    assert SAGE.before("", PREFACE) == f"{PREFACE}\n\n"
    assert SAGE.before(PRIMER) == f"{PRIMER}\n\n"
    assert SAGE.before("") == ""


@given(
    mind=st.sampled_from([*MINDS.values(), short_memory(2)]),
    primer=st.sampled_from(["", PRIMER]),
    preface=st.sampled_from(["", PREFACE]),
)
def test_a_mind_differs_from_reader_where_it_reads_anything_else(
    mind: Mind, primer: str, preface: str
) -> None:
    same = mind != READER and (mind.memory, mind.before(primer, preface)) == (
        READER.memory,
        READER.before(primer, preface),
    )
    assert mind.differs(primer, preface) is not same


@pytest.mark.parametrize(
    ("primer", "preface", "differing"),
    [
        ("", "", {"instinct", "goldfish", "reader"}),
        (PRIMER, "", {"instinct", "goldfish", "stranger", "reader"}),
        ("", PREFACE, {"instinct", "goldfish", "reader", "sage"}),
        (PRIMER, PREFACE, set(MINDS)),
    ],
)
def test_without_a_primer_stranger_is_reader_and_without_a_preface_sage_is(
    primer: str, preface: str, differing: set[str]
) -> None:
    assert {key for key, mind in MINDS.items() if mind.differs(primer, preface)} == differing


# ---- where a memory begins ----

TEXTS = st.text(alphabet="ab1 ’'-—\n“.猫か\u0301é", max_size=40).map(
    lambda raw: prepare(raw).normalized
)


@given(text=TEXTS, memory=st.integers(0, 12))
@example(text="“The ferry leaves.", memory=2)
@example(text="One", memory=0)
def test_a_memory_reaches_back_over_so_many_words_and_no_further(
    text: str, memory: int
) -> None:
    found = words(text)
    for target in range(len(found) + 1):  # also behind the last word
        start = memory_start(found, target, memory)
        remembered = [word for word in found[:target] if word.start >= start]
        assert len(remembered) == min(memory, target)
        if memory > target:
            assert start == 0, "the passage's start, what stands before its words included"
        elif memory:
            assert start == remembered[0].start
        else:
            assert start == (found[target - 1].end if target else 0)


def test_with_as_many_words_as_there_are_the_memory_begins_at_the_first() -> None:
    """What stands before it is reached only by a memory of more."""
    found = words("“The ferry leaves.")
    assert [memory_start(found, 2, memory) for memory in range(5)] == [10, 5, 1, 0, 0]
    assert [memory_start(found, 0, memory) for memory in range(3)] == [0, 0, 0]
