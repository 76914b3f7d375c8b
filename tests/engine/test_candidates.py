"""Bits of any word at a place (bits.md, "One canonical reading", 3), through a toy."""

from __future__ import annotations

import random
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from engine.candidates import compare
from engine.canonical import Watch, read_all, read_short
from engine.errors import InputError, ModelError, TextError
from engine.words import words

_PARTS = (
    "the", "cat", "cats", "sat", "didn't", "life-jacket", "né", "猫犬", "か", "12", "a—b",
    "한국", "zzzz", "(the", "cat)", "\"No,\"", "word.\n", "x's",
)  # fmt: skip
CANDIDATES = ("the", "cat", "cats", "x", "didn't", "né", "猫", "か", "12", "한국", "Zwölf")


def a_text(n_words: int, seed: int = 0) -> str:
    source = random.Random(seed)
    return " ".join(source.choice(_PARTS) for _ in range(n_words)).strip()


def slow_bits(model: Any, naive: SimpleNamespace, text: str, at: int, candidate: str) -> float:
    """The candidate decoded behind the text's own tokens up to j0, `rem` + candidate being
    tokenized as one string."""
    word = words(text)[at]
    raw = text.encode()
    a, b = (len(text[:place].encode()) for place in (word.start, word.end))
    tokens = model.tokenize(raw)
    starts = naive.starts_of(tokens, model.pieces)
    j0 = naive.place_of(raw, starts, a, b).j0
    put = raw[starts[j0] : a] + candidate.encode()
    joined = [*tokens[:j0], *model.tokenize(put)]
    return naive.word_bits(
        model,
        raw[: starts[j0]] + put,
        joined,
        a,
        a + len(candidate.encode()),
        lambda j: model.next([model.start_token, *joined[:j]]),
    )


@pytest.mark.parametrize("seed", range(6))
def test_candidates_have_the_bits_of_the_slow_truth(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...], seed: int
) -> None:
    text = a_text(60, seed)
    model = toy(bytewise, seed=seed)
    asked = dict.fromkeys(range(0, len(words(text)), 5), CANDIDATES)
    found = dict(compare(model, text, asked))
    assert list(found) == list(asked)
    for at, bits in found.items():
        expected = [slow_bits(model, naive, text, at, candidate) for candidate in CANDIDATES]
        assert bits == pytest.approx(expected, abs=1e-4, rel=1e-6)


def test_each_candidate_is_decoded_alone(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    model = toy(bytewise)
    text = a_text(40)
    dict(compare(model, text, {7: CANDIDATES, 3: ("cat",)}))
    assert len(model.branched) == len(CANDIDATES) + 1
    assert all(len(call.branches) == 1 and call.every_row for call in model.branched)


@pytest.mark.parametrize("window", [2048, 300, 60])
def test_bits_do_not_depend_on_what_else_is_asked_nor_on_what_comes_after(
    toy: Any, bytewise: tuple[bytes, ...], window: int
) -> None:
    # By shape, as real kernels round: what is decoded before a place must be the same.
    text = a_text(200, 3)
    model = toy(bytewise, window=window, by_shape=True)
    found = words(text)
    places = range(4, len(found), 11)
    together = dict(compare(model, text, dict.fromkeys(places, CANDIDATES)))
    n_cuts = 0
    for at in places:
        alone = dict(compare(model, text, {at: CANDIDATES[2:4]}))
        assert alone[at] == together[at][2:4]
        cut = text[: found[at].end]
        tokens = model.tokenize(cut.encode())
        if model.tokenize(text.encode())[: len(tokens)] == tokens:
            n_cuts += 1
            assert dict(compare(model, cut, {at: CANDIDATES}))[at] == together[at]
    assert n_cuts > 5


def test_asking_for_candidates_changes_no_later_reading(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    text = a_text(100, 4)
    model = toy(bytewise, by_shape=True)
    before = read_all(model, text, words(text)).bits
    dict(compare(model, text, dict.fromkeys(range(5, 40, 5), CANDIDATES)))
    assert read_all(model, text, words(text)).bits == before


def test_the_printed_word_costs_what_reading_it_cost(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    # Without rounding by shape the two ways of reading are one, where no token reaches past.
    text = "the cat sat on a mat, né, the cats sat."
    model = toy(bytewise)
    found = words(text)
    bits = read_all(model, text, found).bits
    asked = {word.index: (word.text,) for word in found}
    compared = {at: tried[0] for at, tried in compare(model, text, asked)}
    n_equal = sum(compared[at] == pytest.approx(bits[at], abs=1e-4) for at in bits)
    assert n_equal >= len(found) - 1  # `cats, and` may be one token in the text


def test_short_memory_reads_the_candidate_in_the_words_place(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    text = "the cat sat on a mat. The cats sat."
    model = toy(bytewise)
    found = words(text)
    for memory in (0, 2, 12):
        told = dict(compare(model, text, {4: ("cat", "a"), 6: ("é",)}, memory=memory))
        put = text[: found[4].start] + "cat"
        assert told[4][0] == read_short(model, put, words(put), 4, memory)
        assert told[4][1] == read_short(model, text, found, 4, memory)
        put = text[: found[6].start] + "é"
        assert told[6] == [read_short(model, put, words(put), 6, memory)]


def test_behind_a_primer(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    model = toy(bytewise)
    primer, passage = "A cat.\n\n", "the cat sat."
    behind = dict(compare(model, primer + passage, {1: ("cat", "né")}, before=len(primer)))
    whole = dict(compare(model, primer + passage, {3: ("cat", "né")}))
    assert behind[1] == whole[3]
    short = dict(compare(model, primer + passage, {1: ("cat",)}, before=len(primer), memory=4))
    assert short == dict(compare(model, passage, {1: ("cat",)}, memory=4))


@pytest.mark.parametrize("candidate", ["", "two words", "life-jacket", "漢字", "!", "a.", " a"])
def test_what_is_no_word_is_refused(
    toy: Any, bytewise: tuple[bytes, ...], candidate: str
) -> None:
    with pytest.raises(InputError, match="is not exactly one word"):
        dict(compare(toy(bytewise), "the cat sat", {1: ("cat", candidate)}))


def test_a_candidate_longer_than_the_cells_is_refused(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    with pytest.raises(InputError, match="too long to be compared"):
        dict(compare(toy(bytewise), "the cat sat", {1: ("z" * 300,)}))


def test_a_candidate_that_no_piece_spells_is_refused(toy: Any) -> None:
    class Deaf(toy):
        def tokenize(self, text: bytes) -> Sequence[int]:
            return super().tokenize(text.replace(b"x", b""))

    with pytest.raises(TextError, match="cannot spell 'ax'"):
        dict(compare(Deaf([b"a", b" a", b"."]), "a a a", {1: ("ax",)}))


def test_a_candidate_costs_a_finite_number_of_bits(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    text = a_text(80, 9)
    found = dict(compare(toy(bytewise), text, dict.fromkeys(range(0, 60, 3), CANDIDATES)))
    assert all(0 <= one < 500 for bits in found.values() for one in bits)


def test_a_check_that_raises_stops_it(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    for memory in (None, 4):
        with pytest.raises(Stop):
            dict(
                compare(
                    toy(bytewise),
                    "the cat sat",
                    {1: ("a",)},
                    memory=memory,
                    watch=Watch(check=stop),
                )
            )


def test_a_tiny_window_is_refused(toy: Any) -> None:
    with pytest.raises(ModelError):
        dict(compare(toy([b"a", b" a", b"."], window=1), "a a", {1: ("a",)}))
