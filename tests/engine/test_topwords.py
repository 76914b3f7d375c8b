"""A model's most probable words: the search against a sum over every word there is."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import Watch, read_all
from engine.predictor import TopWords
from engine.topwords import top_words
from engine.words import leading_word, words

_PLENTY = 1000

# Words of at most four letters, each spelt in one way: a letter behind a letter is a token
# whose piece says how far it is.
_LETTERS = "abc"


def finite_toy(toy: Any, seed: int) -> Any:
    """A toy whose words end for certain after three letters, so that all can be listed."""
    pieces = [f" {a}" for a in _LETTERS] + list(_LETTERS) + [".", " 猫", "b."]
    model = toy([piece.encode() for piece in pieces], seed=seed)
    full = model._logits
    going_on = [model._ids[letter.encode()] for letter in _LETTERS]
    going_on.append(model._ids[b"b."])

    def logits(digest: bytes, context: Any) -> Any:
        found = full(digest, context)
        run = 0
        for token in reversed(context):
            if not model.pieces[token][-1:].isalpha():
                break
            run += 1
        if run >= 3:
            found[going_on] = -200.0
        return found

    model._logits = logits
    return model


def every_word(model: Any, context: str) -> dict[str, float]:
    """Every word behind a text and its probability, by one reading of each."""
    found: dict[str, float] = {}
    spelt = [
        "".join(letters) for n in (1, 2, 3) for letters in itertools.product(_LETTERS, repeat=n)
    ]
    for word in [*spelt, "猫"]:
        text = f"{context} {word}"
        last = words(text)[-1]
        found[word] = 2.0 ** -read_all(model, text, [last]).bits[last.index]
    return found


def ask(model: Any, text: str, n_words: int, most_decodes: int = _PLENTY) -> TopWords:
    ((_, top),) = top_words(model, text, None, n_words, most_decodes=most_decodes)
    return top


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n_words", [1, 3, 10, 40])
def test_the_best_words_are_those_of_enumeration(toy: Any, seed: int, n_words: int) -> None:
    model = finite_toy(toy, seed)
    expected = every_word(model, "a.")
    assert sum(expected.values()) == pytest.approx(1, abs=1e-4)
    top = ask(model, "a. ", n_words)
    assert top.certified
    assert len(top.words) == min(n_words, len(expected))
    least = min(expected[found.word] for found in top.words)
    others = expected.keys() - {found.word for found in top.words}
    assert all(expected[word] <= least * 1.0001 for word in others)
    for found in top.words:
        # What was left when it was certain which words they are can only add to them.
        assert found.percent / 100 <= expected[found.word] * 1.0001


@pytest.mark.parametrize("seed", range(4))
def test_a_search_to_the_end_finds_every_word_s_probability(toy: Any, seed: int) -> None:
    model = finite_toy(toy, seed)
    expected = every_word(model, "a.")
    top = ask(model, "a. ", len(expected))
    assert top.certified
    found = {one.word: one.percent / 100 for one in top.words}
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_certified_early_is_what_a_long_search_finds(toy: Any, seed: int) -> None:
    model = finite_toy(toy, seed)
    for most_decodes in range(4):
        early = ask(model, "a. ", 3, most_decodes)
        assert early.n_decodes <= most_decodes
        if early.certified:
            late = ask(model, "a. ", _PLENTY).words[:3]
            assert {found.word for found in early.words} == {found.word for found in late}


def test_a_limit_of_decodes_is_told(toy: Any) -> None:
    model = finite_toy(toy, 1)
    top = ask(model, "a. ", 10, most_decodes=1)
    assert not top.certified and top.n_decodes == 1
    assert len(model.branched) == 1
    assert ask(model, "a. ", 10, most_decodes=0).n_decodes == 0


def test_a_certificate_is_not_given_for_less_than_was_asked(toy: Any) -> None:
    # There are only four words; each of them is found, and so nothing is left to find.
    table = {
        (): {b" a": 0.5, b" b": 0.3, b" c": 0.15, b".": 0.05},
        **{(first,): {b".": 1.0} for first in (b" a", b" b", b" c")},
    }
    model = toy([b" a", b" b", b" c", b"a", b"."], table=table)
    top = ask(model, " ", 3)
    assert top.certified
    assert [found.word for found in top.words] == ["a", "b", "c"]
    shares = [50 / 0.95, 30 / 0.95, 15 / 0.95]
    assert [found.percent for found in top.words] == pytest.approx(shares, rel=1e-4)


def test_a_dear_path_that_ends_well_beats_a_cheap_one_that_goes_on(toy: Any) -> None:
    table = {
        (): {b" a": 0.6, b" b": 0.4},
        (b" a",): {b"a": 0.5, b"b": 0.5},
        (b" a", b"a"): {b".": 1.0},
        (b" a", b"b"): {b".": 1.0},
        (b" b",): {b".": 0.9, b"a": 0.1},
        (b" b", b"a"): {b".": 1.0},
    }
    model = toy([b" a", b" b", b"a", b"b", b"."], table=table)
    top = ask(model, " ", 1)
    assert [(found.word, round(found.percent)) for found in top.words] == [("b", 36)]
    assert top.certified


def test_other_spellings_of_a_word_add_up(toy: Any) -> None:
    table = {
        (): {b" ab": 0.3, b" a": 0.45, b" b": 0.25},
        (b" ab",): {b".": 1.0},
        (b" a",): {b"b": 1.0},
        (b" a", b"b"): {b".": 1.0},
        (b" b",): {b".": 1.0},
    }
    model = toy([b" ab", b" a", b" b", b"b", b"."], table=table)
    top = ask(model, " ", 2)
    shares = [(found.word, round(found.percent)) for found in top.words]
    assert shares == [("ab", 75), ("b", 25)]


def test_forms_that_differ_only_in_case_are_one(toy: Any) -> None:
    table = {
        (): {b" The": 0.3, b" the": 0.35, b" a": 0.34},
        **{(first,): {b".": 1.0} for first in (b" The", b" the", b" a")},
    }
    model = toy([b" The", b" the", b" a", b"."], table=table)
    top = ask(model, " ", 5)
    assert [found.word for found in top.words] == ["the", "a"]
    assert top.words[0].percent == pytest.approx(65 / 0.99, abs=0.1)


def test_a_token_that_holds_a_word_and_more_finishes_it(toy: Any) -> None:
    table = {(): {b" a.": 0.5, b" a": 0.2, " 猫犬".encode(): 0.3}, (b" a",): {b".": 1.0}}
    model = toy([b" a.", b" a", " 猫犬".encode(), b"a", b"."], table=table)
    top = ask(model, " ", 5)
    shares = [(found.word, round(found.percent)) for found in top.words]
    assert shares[:2] == [("a", 70), ("猫", 30)]
    assert top.certified


def test_characters_in_parts_are_put_together(toy: Any) -> None:
    e = "é".encode()
    table = {
        (): {b" caf": 0.8, b" a": 0.2},
        (b" caf",): {e[:1]: 1.0},
        (b" caf", e[:1]): {e[1:]: 1.0},
        (b" caf", e[:1], e[1:]): {b".": 1.0},
        (b" a",): {b".": 1.0},
    }
    model = toy([b" caf", e[:1], e[1:], b" a", b"a", b"."], table=table)
    top = ask(model, " ", 2)
    assert [(found.word, round(found.percent)) for found in top.words] == [
        ("café", 80),
        ("a", 20),
    ]


def test_a_separate_space_before_a_digit(toy: Any) -> None:
    table = {
        (b".",): {b" ": 0.5, b" a": 0.5},
        (b".", b" "): {b"1": 0.9, b"2": 0.1},
        (b".", b" ", b"1"): {b"2": 0.5, b".": 0.5},
        (b".", b" ", b"1", b"2"): {b".": 1.0},
        (b".", b" ", b"2"): {b".": 1.0},
        (b".", b" a"): {b".": 1.0},
    }
    model = toy([b" ", b" a", b"1", b"2", b"a", b"."], table=table)
    top = ask(model, ". ", 4)
    shares = [(found.word, found.percent) for found in top.words]
    for (word, percent), expected in zip(shares, (50, 22.5, 22.5, 5), strict=True):
        assert percent == pytest.approx(expected, abs=0.01), word
    assert {word for word, _ in shares} == {"a", "1", "12", "2"}


# ---- in a text ----

_TEXT = "the cat sat. The cats, a 12 cat; né 猫 sat on (the cat) and the zzz sat."


@pytest.mark.parametrize("memory", [None, 3])
def test_places_of_a_text_are_those_behind_its_beginnings(
    toy: Any, bytewise: tuple[bytes, ...], memory: int | None
) -> None:
    model = toy(bytewise, seed=3)
    found = words(_TEXT)
    tops = dict(top_words(model, _TEXT, range(len(found)), 4, memory=memory))
    assert list(tops) == list(range(len(found)))
    n_alike = 0
    for word in found:
        before = _TEXT[: word.start]
        tokens = model.tokenize(_TEXT.encode())
        cut = model.tokenize(before.removesuffix(" ").encode())
        if tokens[: len(cut)] != cut or (memory and word.index < memory):
            continue  # a token reaches over the place
        ((index, alone),) = top_words(model, before, None, 4, memory=memory)
        n_alike += 1
        assert index == word.index
        assert alone.words == tops[word.index].words
    assert n_alike > 8


@pytest.mark.parametrize("seed", range(4))
def test_the_rank_of_the_printed_word(toy: Any, seed: int) -> None:
    model = finite_toy(toy, seed)
    expected = every_word(model, "a.")
    order = sorted(expected, key=expected.__getitem__, reverse=True)
    for word in order[::4]:
        ((_, top),) = top_words(model, f"a. {word}", [1], 40, most_decodes=_PLENTY)
        assert top.rank_certain
        assert top.rank == 1 + order.index(word)


@pytest.mark.parametrize("seed", range(4))
def test_a_rank_is_uncertain_only_where_the_search_ended_above_the_word(
    toy: Any, seed: int
) -> None:
    model = finite_toy(toy, seed)
    expected = every_word(model, "a.")
    order = sorted(expected, key=expected.__getitem__, reverse=True)
    n_uncertain = 0
    for word in order:
        ((_, top),) = top_words(model, f"a. {word}", [1], 2)
        assert top.rank is not None
        if top.rank_certain:
            assert top.rank == 1 + order.index(word)
        else:
            n_uncertain += 1
            assert order.index(word) >= 2, "the words that were certified have certain ranks"
    assert n_uncertain


def test_no_more_branches_than_there_is_room_for(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    # The toy itself refuses more; a search for a hundred words wants as many as it can get.
    model = toy(bytewise, seed=5)
    top = ask(model, "the cat ", 100, most_decodes=20)
    assert len(top.words) <= 100 and top.n_decodes == 20
    assert max(len(call.branches) for call in model.branched) > 8


def test_a_check_that_raises_stops_the_search(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    class Stop(Exception):
        pass

    n_calls = 0

    def check() -> None:
        nonlocal n_calls
        n_calls += 1
        if n_calls > 4:
            raise Stop

    with pytest.raises(Stop):
        dict(top_words(toy(bytewise), _TEXT, range(9), 5, watch=Watch(check=check)))


# ---- where a word is over ----


@pytest.mark.parametrize(
    ("spelt", "word", "goes_on"),
    [
        (b"", "", True),
        (b"the", "the", True),
        (b"the.", "the", False),
        (b"the cat", "the", False),
        (b"don'", "don", False),
        (b"don't", "don't", True),
        (b"don't.", "don't", False),
        ("猫".encode(), "猫", True),
        ("猫犬".encode(), "猫", False),
        ("猫".encode() + "犬".encode()[:1], "猫", False),
        (b"caf" + "é".encode()[:1], "", True),
        (b"x'" + "é".encode()[:1], "", True),
        (b"the " + "é".encode()[:1], "the", False),
        ("😀".encode(), "", False),
        ("😀".encode()[:2], "", True),
        (b"\xff", "", False),
        (b"a\xffb", "", False),
        (b".", "", False),
        (b" a", "", False),
    ],
)
def test_the_word_that_bytes_begin_with(spelt: bytes, word: str, goes_on: bool) -> None:
    assert leading_word(spelt) == (word, goes_on)


@given(st.text(), st.integers(0, 20))
def test_the_word_of_a_cut_text_is_the_texts_own_or_not_yet_one(text: str, cut: int) -> None:
    raw = text.encode("utf-8", "ignore")
    whole, _ = leading_word(raw)
    part, goes_on = leading_word(raw[:cut])
    if part and not goes_on:
        assert whole == part
    if whole and not part and cut < len(raw):
        assert goes_on, "what is cut can go on"


def test_percents_are_shares_of_all_words(toy: Any) -> None:
    for seed in range(5):
        top = ask(finite_toy(toy, seed), "a. ", 100)
        assert math.fsum(found.percent for found in top.words) == pytest.approx(100, abs=0.01)
