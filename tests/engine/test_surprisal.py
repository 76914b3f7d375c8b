"""A word's bits against enumeration, against loops, and against sums done by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from engine.canonical import read_all
from engine.surprisal import Row, locate, token_starts
from engine.words import prepare, words

# Weights of a row are float32: good to a ten-millionth of a word's probability.
_ROUNDING = 1e-6

table_of = Mapping[tuple[bytes, ...], Mapping[bytes, float]]


def last_word_bits(model: Any, text: str) -> float:
    """Bits of the last word of a text, read from its start."""
    return read_all(model, text, words(text)[-1:]).bits[len(words(text)) - 1]


def all_bits(model: Any, text: str) -> list[float]:
    found = words(text)
    bits = read_all(model, text, found).bits
    return [bits[word.index] for word in found]


def enumerate_word(model: Any, naive: SimpleNamespace, before: str, word: str) -> float:
    """The word's probability behind `before`, over every way to spell it in tokens.

    All token sequences that spell what is left of the separator and the word, and then end
    it, in one token or the next; divided by all by which any word can begin.
    """
    raw = (before + word).encode()
    tokens = model.tokenize(raw)
    place = naive.place_of(
        raw, naive.starts_of(tokens, model.pieces), len(before.encode()), len(raw)
    )
    start = naive.starts_of(tokens, model.pieces)[place.j0]
    context = [model.start_token, *tokens[: place.j0]]
    single = naive.kind_of(word[0]) == "single"

    def mass(context: list[int], wanted: bytes) -> float:
        """Of sequences behind `context` that spell `wanted` and end the word."""
        row = model.next(context)
        total = 0.0
        for token, piece in enumerate(model.pieces):
            if not piece:
                continue
            if piece == wanted:
                after = model.next([*context, token])
                total += row[token] * (
                    1.0 if single else sum(after[t] for t in naive.ends(model.pieces))
                )
            elif wanted.startswith(piece):
                total += row[token] * mass([*context, token], wanted[len(piece) :])
            elif piece.startswith(wanted) and (
                single or not naive.continues(piece[len(wanted) :])
            ):
                total += row[token]
        return total

    row = model.next(context)
    given_mass = sum(
        row[t] for t in naive.given(model.pieces, raw[start : len(before.encode())])
    )
    return mass(context, raw[start:]) / given_mass


# ---- (a) where every word has one spelling in tokens ----

# Letters come singly, so that a word has one spelling; but tokens straddle its end, and hold
# two Han characters.
_ONE_SPELLING = [
    b" a", b" b", b" c", b"a", b"b", b"c", b".", b"\n", b" (", b"\n\n", b" a.", b"b,", b"c\n",
    "猫".encode(), "犬".encode(), "猫犬".encode(), " 猫".encode(), " 犬".encode(), b"a?!",
    b"c (",
]  # fmt: skip
_GLUED = ["", "ab ", "ab c\n", "c (", "b\n\n", "cab\n"]


def spellings(alphabet: str, longest: int) -> list[str]:
    return [
        "".join(letters)
        for n in range(1, longest + 1)
        for letters in itertools.product(alphabet, repeat=n)
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("before", _GLUED)
def test_where_words_have_one_spelling_bits_are_those_of_enumeration_and_all_sum_to_one(
    toy: Any, naive: SimpleNamespace, before: str, seed: int
) -> None:
    model = toy(_ONE_SPELLING, seed=seed)
    longest = 3
    total = 0.0
    for word in [*spellings("abc", longest), "猫", "犬"]:
        probability = 2.0 ** -last_word_bits(model, before + word)
        assert probability == pytest.approx(
            enumerate_word(model, naive, before, word), rel=_ROUNDING
        )
        total += probability
    for letters in itertools.product("abc", repeat=longest):
        total += still_going(model, naive, before, "".join(letters))
    assert total == pytest.approx(1.0, abs=_ROUNDING)


def still_going(model: Any, naive: SimpleNamespace, before: str, stem: str) -> float:
    """Probability of all words that begin with `stem` and go on."""
    raw = (before + stem).encode()
    tokens = model.tokenize(raw)
    starts = naive.starts_of(tokens, model.pieces)
    place = naive.place_of(raw, starts, len(before.encode()), len(raw))
    path = 1.0
    for j in range(place.j0, place.j1 + 1):
        path *= model.next([model.start_token, *tokens[:j]])[tokens[j]]
    after = model.next([model.start_token, *tokens])
    ends = sum(after[t] for t in naive.ends(model.pieces))
    first = model.next([model.start_token, *tokens[: place.j0]])
    rest = raw[starts[place.j0] : place.a]
    return path * (1 - ends) / sum(first[t] for t in naive.given(model.pieces, rest))


# ---- (b) where words have several ----

# No piece holds both a comma and what follows it: so the tokens up to the separator, and with
# them the condition, are the same for all words at a place.
_MORE_PIECES = st.lists(
    st.sampled_from(
        [b"ab", b"ba", b"aa", b"aba", b" ab", b" ba", b" a", b" b", b" bab", b"a,", b"ab,",
         b"b,", b" ", b"  ", " 猫".encode(), "猫犬".encode(), "犬猫".encode(), "犬,".encode(),
         "a猫".encode()]
    ),
    unique=True,
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize(("even", "slack"), [(True, 1e-9), (False, _ROUNDING)])
@given(more=_MORE_PIECES, seed=st.integers(0, 1000), before=st.sampled_from(["", "ab, ", "b,"]))
def test_all_words_at_a_place_sum_to_one_at_the_most(
    toy: Any,
    naive: SimpleNamespace,
    even: bool,
    slack: float,
    more: list[bytes],
    seed: int,
    before: str,
) -> None:
    singles = [b"a", b"b", b",", b" ", "猫".encode(), "犬".encode()]
    model = toy(list(dict.fromkeys([*singles, *more])), seed=seed, even=even)
    total, all_spellings = 0.0, 0.0
    for word in [*spellings("ab", 4), "猫", "犬"]:
        probability = 2.0 ** -last_word_bits(model, before + word)
        # Other spellings of the same word are left out, never added.
        whole = enumerate_word(model, naive, before, word)
        assert probability <= whole * (1 + _ROUNDING)
        total += probability
        all_spellings += whole
    assert total <= 1 + slack
    # How much that is, with --hypothesis-show-statistics.
    left_out = round(100 * max(0.0, all_spellings - total), -1)
    event("probability in other spellings, in percent", left_out)


# ---- (c) awkward tokens, summed by hand ----


def by_hand(toy: Any, pieces: Sequence[str | bytes], table: table_of) -> Any:
    raw = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]
    return toy(raw, table=table)


def bits(probability: float) -> Any:
    return pytest.approx(-math.log2(probability), abs=1e-5)


def test_a_plain_word(toy: Any) -> None:
    model = by_hand(
        toy,
        ["The", " cat", " ca", "t", "s", " dog", ".", "'s", "'"],
        {
            (): {b"The": 0.5, b"s": 0.3, b".": 0.2},
            (b"The",): {b" cat": 0.2, b" ca": 0.1, b" dog": 0.3, b".": 0.25, b"s": 0.15},
            (b"The", b" cat"): {b"s": 0.4, b".": 0.3, b"'s": 0.1, b"'": 0.15, b"": 0.05},
        },
    )
    the, cat = all_bits(model, "The cat.")
    # "The" is over with " cat", " ca", " dog" and "."; "s" would go on.
    assert the == bits(0.5 * 0.85 / 0.8)
    # Over with ".", a bare apostrophe and the end. "." cannot follow where a word comes.
    assert cat == bits(0.2 * 0.5 / 0.6)


def test_a_word_at_the_end_must_end_all_the_same(toy: Any) -> None:
    table = {(): {b"a": 0.5, b"b": 0.5}, (b"a",): {b"b": 0.75, b".": 0.25}}
    model = by_hand(toy, ["a", "b", "."], table)
    assert all_bits(model, "a") == all_bits(model, "a.") == [bits(0.5 * 0.25)]


def test_a_token_that_holds_the_end_of_the_word_and_what_follows(toy: Any) -> None:
    model = by_hand(
        toy,
        ["cat,", "cat", "cat. ", "cats", "cat's", "cat'", "dog", ",", " dog", "."],
        {
            (): {
                b"cat,": 0.3, b"cat": 0.2, b"cat. ": 0.05, b"cats": 0.1, b"cat's": 0.06,
                b"cat'": 0.04, b"dog": 0.1, b".": 0.15,
            },
            (b"cat,",): {b" dog": 0.5, b".": 0.5},
            (b"cat,", b" dog"): {b".": 1.0},
        },
    )  # fmt: skip
    cat, dog = all_bits(model, "cat, dog")
    # "cat" then "," is another spelling of the same text and is left out.
    assert cat == bits((0.3 + 0.05 + 0.04) / 0.85)
    assert dog == bits(1.0)


def test_a_token_that_could_have_held_what_follows(toy: Any) -> None:
    model = by_hand(
        toy,
        ["cat", "cat,", " dog", " dog.", ",", ".", "s"],
        {
            (): {b"cat": 0.5, b"cat,": 0.25, b".": 0.25},
            (b"cat",): {b" dog": 0.2, b" dog.": 0.1, b",": 0.3, b"s": 0.4},
            (b"cat", b" dog"): {b"s": 0.9, b".": 0.1},
        },
    )
    cat, dog = all_bits(model, "cat dog")
    assert cat == bits((0.5 * 0.6 + 0.25) / 0.75)
    assert dog == bits((0.2 * 0.1 + 0.1) / 0.3)


def test_a_token_that_holds_the_end_of_one_word_and_the_beginning_of_the_next(toy: Any) -> None:
    model = by_hand(
        toy,
        ["ep", "ic ar", "t", "ic", "ic.", "ic bo", "ic ", "epic,", "t,", "s", ".", " x", "ics"],
        {
            (): {b"ep": 0.4, b"epic,": 0.1, b"t": 0.1, b"s": 0.2, b".": 0.2},
            (b"ep",): {
                b"ic ar": 0.2, b"ic": 0.1, b"ic.": 0.05, b"ic bo": 0.15, b"ic ": 0.1,
                b"ics": 0.3, b".": 0.1,
            },
            (b"ep", b"ic ar"): {b"t": 0.3, b"t,": 0.2, b"s": 0.4, b".": 0.1},
            (b"ep", b"ic ar", b"t"): {b"s": 0.4, b" x": 0.5, b"": 0.1},
        },
    )  # fmt: skip
    epic, art = all_bits(model, "epic art")
    # Finished by tokens that go on with a space or a full stop; never by "ic" or "ics".
    assert epic == bits((0.1 + 0.4 * (0.2 + 0.05 + 0.15 + 0.1)) / 0.8)
    # The condition is what has been read of the token: "ic ", then a word.
    assert art == bits(0.2 * (0.3 * 0.6 + 0.2) / (0.2 + 0.15 + 0.1))


def test_a_space_that_is_a_token_of_its_own(toy: Any) -> None:
    model = by_hand(
        toy,
        ["a", "b", " ", " c", "  ", " .", ".", "'"],
        {
            (): {b"a": 1.0},
            (b"a",): {b" ": 0.4, b" c": 0.1, b"  ": 0.1, b" .": 0.15, b".": 0.25},
            (b"a", b" "): {b"b": 0.5, b"a": 0.2, b".": 0.1, b"'": 0.2},
            (b"a", b" ", b"b"): {b".": 0.7, b"b": 0.3},
        },
    )
    # The space is given, so are both tokens by which it can come before a word.
    assert all_bits(model, "a b")[1] == bits(0.4 * 0.5 * 0.7 / 0.5)


def test_only_the_last_space_of_a_separator_belongs_to_the_word(toy: Any) -> None:
    model = by_hand(
        toy,
        ["a", "—", " ", " b", " c", "s"],
        {
            (b"a",): {"—".encode(): 1.0},
            (b"a", "—".encode()): {b" b": 0.2, b" c": 0.2, b"s": 0.6},
            (b"a", "—".encode(), b" b"): {b" ": 0.5, b"s": 0.5},
        },
    )
    assert all_bits(model, "a— b")[1] == bits(0.2 * 0.5 / 0.4)


def test_after_a_quote_mark_nothing_of_the_separator_is_left(toy: Any) -> None:
    model = by_hand(
        toy,
        [' "', "No", "Yes", " No", ".", "w"],
        {
            (): {b"w": 1.0},
            (b"w",): {b' "': 0.01, b"w": 0.99},
            (b"w", b' "'): {b"No": 0.2, b"Yes": 0.3, b" No": 0.1, b".": 0.4},
            (b"w", b' "', b"No"): {b".": 1.0},
        },
    )
    assert all_bits(model, 'w "No')[1] == bits(0.2 / 0.5)


def test_two_han_characters_in_one_token(toy: Any) -> None:
    cat, dog, bird = "猫".encode(), "犬".encode(), "鳥".encode()
    model = by_hand(
        toy,
        [cat, dog, cat + dog, cat + bird, cat + dog + bird, "a", "。", bird],
        {
            (): {
                cat: 0.1, cat + dog: 0.2, cat + bird: 0.1, cat + dog + bird: 0.05, dog: 0.25,
                b"a": 0.1, "。".encode(): 0.2,
            },
        },
    )  # fmt: skip
    first, second = all_bits(model, "猫犬")
    # That the text's token reaches past 猫 is not known yet: alone it is 猫 as well.
    assert first == bits((0.1 + 0.2 + 0.1 + 0.05) / 0.8)
    assert first == all_bits(model, "猫")[0], "what comes after changes nothing"
    # Behind 猫, half of a token: the condition is all tokens that begin with 猫.
    assert second == bits((0.2 + 0.05) / (0.1 + 0.2 + 0.1 + 0.05))


def test_a_han_character_is_over_whatever_follows(toy: Any) -> None:
    cat, dog = "猫".encode(), "犬".encode()
    table = {
        (): {cat: 0.3, cat + b"a": 0.1, dog: 0.2, b"a": 0.25, b".": 0.15},
        (cat,): {b"a": 1.0},
    }
    model = by_hand(toy, [cat, dog, "a", cat + b"a", "."], table)
    assert all_bits(model, "猫") == [bits((0.3 + 0.1) / 0.85)]


def test_a_han_character_ends_the_word_before_it(toy: Any) -> None:
    cat = "猫".encode()
    table = {(): {b"a": 0.5, cat: 0.5}, (b"a",): {cat: 0.3, b"a": 0.5, b".": 0.2}}
    model = by_hand(toy, [cat, "a", "."], table)
    # Where no separator stands between them, any letter could have been next.
    assert all_bits(model, "a猫") == [bits(0.5 * (0.3 + 0.2)), bits(0.3 / 0.8)]


def test_characters_in_parts(toy: Any) -> None:
    model = by_hand(
        toy,
        ["a", b" \xc3", b"\xa9", b"\xa8", " b", ".", b"\xe2\x80", b"\x94"],
        {
            (): {b"a": 1.0},
            (b"a",): {b" \xc3": 0.2, b" b": 0.2, b".": 0.4, b"\xe2\x80": 0.2},
            (b"a", b" \xc3"): {b"\xa9": 0.5, b"\xa8": 0.5},
            (b"a", b" \xc3", b"\xa9"): {b".": 0.3, b"\xe2\x80": 0.5, b" b": 0.1, b"": 0.1},
        },
    )
    # A piece of a character may be a letter's: it counts as going on, here and behind é.
    a, e = all_bits(model, "a é")
    assert a == bits(1.0 * 0.8)
    assert e == bits(0.2 * 0.5 * 0.5 / 0.4)


def test_a_token_that_goes_on_with_part_of_a_dash(toy: Any) -> None:
    model = by_hand(
        toy,
        ["a", b"a\xe2\x80", b"\x94", "b", "a.", "ab", "."],
        {
            (): {b"a\xe2\x80": 0.2, b"a": 0.3, b"a.": 0.1, b"ab": 0.15, b".": 0.25},
            (b"a\xe2\x80",): {b"\x94": 1.0},
            (b"a\xe2\x80", b"\x94"): {b"b": 0.5, b"a": 0.25, b".": 0.25},
            (b"a\xe2\x80", b"\x94", b"b"): {b".": 1.0},
        },
    )
    # The part belongs to a dash, as the text says, so the text's own token ends the word.
    a, b = all_bits(model, "a—b")
    assert a == bits((0.2 + 0.1) / 0.75)
    assert b == bits(0.5 / 0.75)


def test_every_byte_a_token(toy: Any) -> None:
    model = by_hand(
        toy,
        ["n", b"\xc3", b"\xa9", " ", "'", "s"],
        {
            (): {b"n": 0.5, b"\xc3": 0.25, b" ": 0.25},
            (b"n",): {b"\xc3": 0.5, b" ": 0.5},
            (b"n", b"\xc3"): {b"\xa9": 0.5, b"n": 0.5},
            (b"n", b"\xc3", b"\xa9"): {b"n": 0.25, b" ": 0.25, b"'": 0.5},
        },
    )
    assert all_bits(model, "né") == [bits(0.5 * 0.5 * 0.5 * 0.75 / 0.75)]


def test_an_apostrophe_before_a_letter_goes_on_in_one_token_and_not_in_two(toy: Any) -> None:
    table = {
        (): {b"it": 1.0},
        (b"it",): {b"'s": 0.125, "’s".encode(): 0.125, b"'": 0.25, b" ": 0.5},
    }
    model = by_hand(toy, ["it", "'s", "’s", "'", " "], table)
    # E(it) holds a little of "it's", and bits.md says so.
    assert all_bits(model, "it") == [bits(0.75)]


def test_equal_pieces_add_up(toy: Any) -> None:
    model = toy(
        [b"a", b"b", b".", b"b", b"b."],
        table={(): {b"a": 0.25, b"b": 0.75}, (b"a",): {b".": 0.5, b"b": 0.5}},
    )
    (a,) = all_bits(model, "a")
    assert a == bits(0.25 * 0.5)


# ---- (d) tokens nobody uses ----


@pytest.mark.parametrize("seed", range(5))
def test_tokens_that_are_never_expected_change_nothing(
    toy: Any, bytewise: tuple[bytes, ...], seed: int
) -> None:
    text = "the cat's 猫犬。 né a—b, (the cats sat) n’t 12"
    unused = [
        b"",
        b" the",
        b"the.",
        b"cat's ",
        "猫犬".encode(),
        b" ",
        b"\xe2",
        b"zzz",
        b"s, and x",
    ]
    without = all_bits(toy(bytewise, seed=seed), text)
    with_them = all_bits(toy(bytewise, seed=seed, unused=unused), text)
    assert with_them == pytest.approx(without, abs=1e-9)
    assert len(without) > 10


# ---- (e) whatever is read ----

_AWKWARD = st.text(
    alphabet=st.sampled_from("acnste THE.,'’—\n (12é\u0301猫犬。か한אन😀"), max_size=25
) | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


@given(raw=_AWKWARD, seed=st.integers(0, 100))
@example("the cats, and 猫犬。猫s a—b 'the cat's", 0)
@example("猫犬 s猫 né\u0301\u0301 n’t", 1)
def test_bits_of_any_text_are_finite_and_those_of_the_loops(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...], raw: str, seed: int
) -> None:
    model = toy(bytewise, seed=seed)
    text = prepare(raw).normalized
    found = words(text)
    scored = read_all(model, text, found).bits
    assert list(scored) == [word.index for word in found]
    for word in found:
        assert math.isfinite(scored[word.index]) and scored[word.index] >= 0
        expected = naive.read(model, text, word.start, word.end)
        assert scored[word.index] == pytest.approx(expected, abs=1e-4, rel=_ROUNDING)


@given(
    st.lists(st.floats(-300, 300, width=32), min_size=2, max_size=30),
    st.data(),
)
def test_a_row_gives_log_probabilities_however_small(
    logits: list[float], data: st.DataObject
) -> None:
    row = Row(np.array(logits, dtype=np.float32))
    exact = np.array(logits, dtype=np.float64)
    log_total = exact.max() + math.log(np.exp(exact - exact.max()).sum())
    chosen = data.draw(
        st.lists(st.integers(0, len(logits) - 1), unique=True, min_size=1), "chosen"
    )
    top = exact[chosen].max()
    expected = top + math.log(np.exp(exact[chosen] - top).sum()) - log_total
    assert row.log_mass(np.array(chosen, dtype=np.int32)) == pytest.approx(
        expected, abs=1e-4, rel=1e-6
    )
    assert row.logprob(chosen[0]) == pytest.approx(exact[chosen[0]] - log_total, abs=1e-5)
    assert row.log_mass(np.array([], dtype=np.int32)) == -math.inf


# ---- where words lie ----


def test_words_are_found_in_bytes_and_tokens() -> None:
    text = 'é 猫犬 "no" x'
    pieces = ["é".encode(), b" ", "猫犬".encode(), b' "', b"no", b'"', b" x"]
    starts = token_starts(range(7), pieces)
    assert starts.tolist() == [0, 2, 3, 9, 11, 13, 14, 16]
    spans = list(locate(words(text), text, starts))
    assert [(s.start, s.end, s.first, s.last, s.single, s.reaches_past) for s in spans] == [
        (0, 2, 0, 0, False, False),
        (3, 6, 1, 2, True, True),
        (6, 9, 2, 2, True, False),
        (11, 13, 4, 4, False, False),
        (15, 16, 6, 6, False, False),
    ]
    assert [s.last_row for s in spans] == [1, 2, 3, 5, 7]
