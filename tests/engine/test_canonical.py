"""The canonical reading, watched through a toy that records what it is asked
(bits.md, "One canonical reading")."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import Watch, read_all, read_short
from engine.errors import ModelError, TextError
from engine.words import Word, words

# Trained contexts: the usual, one that is no multiple of the block, and tiny or odd ones.
_WINDOWS = [2048, 300, 100, 10, 7, 5]

_PARTS = (
    "the", "cat", "cats", "sat", "didn't", "life-jacket", "né", "猫犬", "か", "12", "a—b",
    "한국", "zzzz", "(the", "cat)", "\"No,\"", "word.\n", "שלום", "x’s", "😀",
)  # fmt: skip


def a_text(n_words: int, seed: int = 0) -> str:
    source = random.Random(seed)
    return " ".join(source.choice(_PARTS) for _ in range(n_words)).strip()


# ---- bits.md, item 5, as loops ----


def block_size(window: int) -> int:
    return min(128, window // 2)


def windows(n_tokens: int, window: int) -> Iterator[tuple[int, int]]:
    """First and last row of each window; row j predicts token j."""
    held = window // block_size(window) * block_size(window)
    first = 0
    while True:
        last = first + held - 1  # one place is the start token's
        yield first, last
        if last >= n_tokens:
            return
        first = last - (window // 2 - 1)


def slow_bits(model: Any, naive: SimpleNamespace, text: str, word: Word) -> float:
    """The word's bits in the first window that holds all its rows.

    Where none does, bits.md has no rule but that no part of the word is passed over: it
    begins in the last window that holds its first row, and goes on in those behind it.
    """
    raw = text.encode()
    tokens = model.tokenize(raw)
    a, b = (len(text[:at].encode()) for at in (word.start, word.end))
    place = naive.place_of(raw, naive.starts_of(tokens, model.pieces), a, b)
    all_windows = list(windows(len(tokens), model.window))
    begins_in = next(n for n, (_, last) in enumerate(all_windows) if place.last_row <= last)
    while all_windows[begins_in][0] > place.j0:
        begins_in -= 1

    def row(j: int) -> Any:
        first = next(first for first, last in all_windows[begins_in:] if j <= last)
        return model.next([model.start_token, *tokens[first:j]])

    return naive.word_bits(model, raw, tokens, a, b, row)


def sequences(model: Any) -> list[list[int]]:
    """What was decoded between one clearing of the cache and the next, filling included."""
    found: list[list[int]] = []
    for call in model.calls:
        if call.cleared:
            found.append([])
        assert call.position == len(found[-1]), "blocks follow on one another"
        found[-1].extend(call.tokens)
    return found


# ---- blocks ----


def test_blocks_of_128_from_position_0_the_last_one_filled_with_start_tokens(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    text = a_text(100)
    model = toy(bytewise)
    tokens = model.tokenize(text.encode())
    assert 256 < len(tokens) < 2047 and (len(tokens) + 1) % 128
    read_all(model, text, words(text))
    assert [call.cleared for call in model.calls] == [True] + [False] * (len(model.calls) - 1)
    assert [call.position for call in model.calls] == list(range(0, len(tokens) + 1, 128))
    assert {len(call.tokens) for call in model.calls} == {128}
    (sequence,) = sequences(model)
    n = len(tokens) + 1
    assert sequence[:n] == [model.start_token, *tokens]
    assert set(sequence[n:]) == {model.start_token}


@pytest.mark.parametrize("n_tokens", [1, 127, 128, 129, 255, 256])
def test_texts_that_just_fill_a_block(toy: Any, naive: SimpleNamespace, n_tokens: int) -> None:
    model = toy([b"a", b" a", b"b", b"."])
    text = "a" + " a" * (n_tokens - 1)
    found = words(text)
    assert len(model.tokenize(text.encode())) == n_tokens
    bits = read_all(model, text, found).bits
    assert len(bits) == n_tokens
    # The row behind the last token is needed too, so 128 tokens take two blocks.
    assert len(model.calls) == -(-(n_tokens + 1) // 128)
    assert bits[n_tokens - 1] == pytest.approx(slow_bits(model, naive, text, found[-1]))


def test_only_rows_that_somebody_needs_are_asked_for(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...]
) -> None:
    text = a_text(100)
    raw = text.encode()
    model = toy(bytewise)
    starts = naive.starts_of(model.tokenize(raw), model.pieces)
    targets = words(text)[5::9]
    needed: set[int] = set()
    for word in targets:
        a, b = (len(text[:at].encode()) for at in (word.start, word.end))
        place = naive.place_of(raw, starts, a, b)
        needed |= set(range(place.j0, place.last_row + 1))
    read_all(model, text, targets)
    for call in model.calls:
        wanted = {j - call.position for j in needed} & set(range(128))
        assert wanted <= set(call.wanted)
        # Kernels for few rows round otherwise: the number asked for must not show.
        assert len(call.wanted) == (max(16, len(wanted)) if wanted else 0)


def test_all_rows_are_asked_for_where_the_backend_wants_it(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    text = a_text(60)
    model = toy(bytewise, all_rows=True)
    few = read_all(model, text, words(text)[3:5]).bits
    assert all(call.wanted == tuple(range(128)) for call in model.calls)
    assert few == read_all(toy(bytewise), text, words(text)[3:5]).bits
    model.calls.clear()
    read_short(model, text, words(text), 9, 4)
    assert [call.wanted for call in model.calls] == [tuple(range(len(model.calls[0].tokens)))]


def test_nothing_is_decoded_behind_the_last_word_asked_for(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    text = a_text(300)
    model = toy(bytewise)
    read_all(model, text, words(text)[:3])
    assert len(model.calls) == 1
    read_all(model, text, [])
    assert len(model.calls) == 1


# ---- windows ----


@pytest.mark.parametrize("window", _WINDOWS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_text_longer_than_the_window_goes_on_from_half_a_window_back(
    toy: Any, bytewise: tuple[bytes, ...], window: int, seed: int
) -> None:
    text = a_text(900 if window > 1000 else window + 30, seed)
    model = toy(bytewise, window=window)
    tokens = model.tokenize(text.encode())
    read_all(model, text, words(text), all_tokens=True)
    size = block_size(window)
    assert {len(call.tokens) for call in model.calls} == {size}
    expected = list(windows(len(tokens), window))
    assert len(expected) > 1, "the text is too short to show anything"
    found = sequences(model)
    assert len(found) == len(expected)
    for sequence, (first, last) in zip(found, expected, strict=True):
        assert len(sequence) <= window
        real = [model.start_token, *tokens[first:last]]
        assert sequence[: len(real)] == real
        assert set(sequence[len(real) :]) <= {model.start_token}


@pytest.mark.parametrize("window", _WINDOWS)
@pytest.mark.parametrize("seed", [3, 4])
def test_every_word_has_the_bits_of_the_first_window_that_holds_all_of_it(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...], window: int, seed: int
) -> None:
    text = a_text(900 if window > 1000 else window + 30, seed)
    model = toy(bytewise, window=window)
    found = words(text)
    bits = read_all(model, text, found).bits
    assert list(bits) == [word.index for word in found]
    assert all(math.isfinite(value) for value in bits.values())
    # In the large windows the slow truth is slow: all words near their edges, some others.
    tokens = model.tokenize(text.encode())
    edges = [
        len(b"".join(model.pieces[token] for token in tokens[:last]).decode(errors="replace"))
        for _, last in windows(len(tokens), window)
    ]
    chosen = [
        word
        for word in found
        if window < 300
        or word.index % 10 == 0
        or any(abs(word.start - edge) < 50 for edge in edges)
    ]
    expected = {word.index: slow_bits(model, naive, text, word) for word in chosen}
    assert {index: bits[index] for index in expected} == pytest.approx(
        expected, abs=1e-4, rel=1e-6
    )


def test_a_word_whose_rows_straddle_is_scored_wholly_in_the_next_window(toy: Any) -> None:
    # Window 10: blocks of 5, rows 0…9 in the first window, the second begins at token 5.
    model = toy([b"a", b"b", b" a", b" b", b"."], window=10)
    text = "a b a b a b a baba b"  # the word `baba` is tokens 7…10: rows 7…11
    assert len(model.tokenize(text.encode())) == 12
    (word,) = words(text)[7:8]
    assert word.text == "baba"
    read_all(model, text, [word])
    rows: list[tuple[int, int]] = []
    sequence = -1
    for call in model.calls:
        sequence += call.cleared
        rows += [(sequence, call.position + place) for place in call.wanted]
    # Row 7 is the third of the second window, which begins behind token 4; the first window
    # holds no word that is asked for and is passed over. Of a block all rows are asked for
    # where it has less than sixteen.
    assert {(0, place) for place in range(2, 7)} <= set(rows)
    assert {sequence for sequence, _ in rows} == {0}


@pytest.mark.parametrize("window", [2, 3, 5, 7, 10, 100])
def test_a_word_longer_than_a_window_still_has_bits(
    toy: Any, naive: SimpleNamespace, window: int
) -> None:
    model = toy([b"a", b"b", b" a", b" b", b"."], window=window)
    text = "a b " + "ab" * window + " a b. a"
    found = words(text)
    bits = read_all(model, text, found).bits
    assert list(bits) == list(range(len(found)))
    assert all(math.isfinite(value) and value >= 0 for value in bits.values())
    expected = {word.index: slow_bits(model, naive, text, word) for word in found}
    assert bits == pytest.approx(expected, abs=1e-4, rel=1e-6)


@pytest.mark.parametrize("window", [1, 0])
def test_a_context_without_room_for_a_token_is_refused(toy: Any, window: int) -> None:
    # A damaged file may say so of itself; it must not be read in endless small steps.
    model = toy([b"a", b" a", b"."], window=window)
    text = "a a a a"
    with pytest.raises(ModelError):
        read_all(model, text, words(text))


# ---- the same bits, however they are asked for ----


@pytest.mark.parametrize("window", [2048, 100, 10])
def test_a_prefix_read_alone_has_identical_bits(
    toy: Any, bytewise: tuple[bytes, ...], window: int
) -> None:
    # By shape: a last block that was not filled would show, as it does in real kernels.
    model = toy(bytewise, window=window, by_shape=True)
    text = a_text(150, 5)
    found = words(text)
    whole = read_all(model, text, found).bits
    tokens = model.tokenize(text.encode())
    n_cuts = 0
    for last in found[::7]:
        prefix = text[: last.end]
        cut = model.tokenize(prefix.encode())
        if cut != tokens[: len(cut)]:
            continue  # the whole text's token reaches past the cut
        n_cuts += 1
        alone = read_all(model, prefix, found[: last.index + 1]).bits
        assert alone == {index: whole[index] for index in range(last.index + 1)}
    assert n_cuts > 10


_SUBSETS_TEXT = a_text(120, 6)


@given(st.sets(st.integers(0, len(words(_SUBSETS_TEXT)) - 1)), st.sampled_from([2048, 100, 10]))
def test_which_words_are_asked_for_changes_no_bit(
    toy: Any, bytewise: tuple[bytes, ...], wanted: set[int], window: int
) -> None:
    found = words(_SUBSETS_TEXT)
    model = toy(bytewise, window=window, by_shape=True)
    whole = read_all(model, _SUBSETS_TEXT, found).bits
    some = read_all(model, _SUBSETS_TEXT, [found[index] for index in sorted(wanted)]).bits
    assert some == {index: whole[index] for index in sorted(wanted)}


def test_what_was_read_before_changes_no_bit(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    text, other = a_text(80, 7), a_text(200, 8)
    model = toy(bytewise, by_shape=True)
    first = read_all(model, text, words(text)).bits
    read_all(model, other, words(other))
    short = read_short(model, text, words(text), 30, 4)
    assert read_all(model, text, words(text)).bits == first
    assert read_short(model, text, words(text), 30, 4) == short


@pytest.mark.parametrize("seed", range(4))
def test_short_texts_have_the_bits_of_one_reading_without_blocks(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...], seed: int
) -> None:
    text = a_text(60, seed)
    model = toy(bytewise, seed=seed)
    bits = read_all(model, text, words(text)).bits
    for word in words(text):
        expected = naive.read(model, text, word.start, word.end)
        assert bits[word.index] == pytest.approx(expected, abs=1e-4, rel=1e-6)


# ---- all tokens ----


@pytest.mark.parametrize("window", [2048, 100, 7])
def test_the_plain_sum_over_all_tokens(
    toy: Any, bytewise: tuple[bytes, ...], window: int
) -> None:
    text = a_text(100, 9) + "…"
    model = toy(bytewise, window=window)
    tokens = model.tokenize(text.encode())
    scored = read_all(model, text, words(text)[:2], all_tokens=True)
    assert scored.n_tokens == len(tokens)
    expected = 0.0
    for j, token in enumerate(tokens):
        first = next(first for first, last in windows(len(tokens), window) if j <= last)
        expected -= math.log2(model.next([model.start_token, *tokens[first:j]])[token])
    assert scored.token_bits == pytest.approx(expected, rel=1e-6)
    without = read_all(model, text, words(text)[:2])
    assert without.token_bits is None
    assert without.bits == scored.bits
    assert without.n_tokens == len(tokens)


def test_tokens_are_added_up_where_there_are_no_words(toy: Any) -> None:
    model = toy([b"a", b".", b"!"])
    scored = read_all(model, ".!.", [], all_tokens=True)
    expected = -sum(
        math.log2(model.next([0, *[2, 3, 2][:j]])[token]) for j, token in enumerate([2, 3, 2])
    )
    assert scored.bits == {}
    assert scored.token_bits == pytest.approx(expected, rel=1e-6)


# ---- short memory ----

_PASSAGE = "“The cat's 猫 sat, né cats; (the zz).\n\nthe cat didn't"


@pytest.mark.parametrize(
    ("target", "memory", "slice_"),
    [
        (6, 0, "; (the"),
        (6, 1, "cats; (the"),
        (6, 4, "猫 sat, né cats; (the"),
        (8, 0, ").\n\nthe"),
        (8, 1, "zz).\n\nthe"),
        (0, 0, "“The"),
        (0, 1, "“The"),
        (0, 4, "“The"),
        (1, 0, " cat's"),
        (1, 1, "The cat's"),
        (1, 4, "“The cat's"),
        (3, 4, "“The cat's 猫 sat"),
        (4, 4, "The cat's 猫 sat, né"),
        (10, 4, "(the zz).\n\nthe cat didn't"[1:]),
        (10, 12, _PASSAGE),
    ],
)
def test_short_memory_is_one_decode_of_its_slice(
    toy: Any,
    naive: SimpleNamespace,
    bytewise: tuple[bytes, ...],
    target: int,
    memory: int,
    slice_: str,
) -> None:
    model = toy(bytewise)
    found = words(_PASSAGE)
    bits = read_short(model, _PASSAGE, found, target, memory)
    (call,) = model.calls
    assert call.cleared and call.position == 0
    # Not filled up.
    assert call.tokens == (model.start_token, *model.tokenize(slice_.encode()))
    expected = naive.read(model, slice_, len(slice_) - len(found[target].text), len(slice_))
    assert bits == pytest.approx(expected, abs=1e-4, rel=1e-6)


@pytest.mark.parametrize("n_tokens", [6, 7, 8, 20])
def test_short_memory_in_a_tiny_window(toy: Any, n_tokens: int) -> None:
    # Up to the window it is one decode; beyond, it is read in blocks like any other text.
    model = toy([b"a", b" a", b"."], window=8)
    text = "a" + " a" * (n_tokens - 1)
    bits = read_short(model, text, words(text), n_tokens - 1, n_tokens - 1)
    assert math.isfinite(bits) and bits >= 0
    assert (len(model.calls) == 1) == (n_tokens + 1 <= 8)


# ---- what comes before the passage ----


@pytest.mark.parametrize("primer", ["The né 猫.", "“No,” the cat", ""])
@pytest.mark.parametrize("window", [2048, 10])
def test_behind_a_primer_words_have_the_bits_of_the_joined_text(
    toy: Any, bytewise: tuple[bytes, ...], primer: str, window: int
) -> None:
    passage = a_text(40, 10)
    joined = f"{primer}\n\n{passage}"
    model = toy(bytewise, window=window, by_shape=True)
    before = len(joined) - len(passage)
    behind = read_all(model, joined, words(passage), before=before).bits
    n_before = len(words(primer))
    whole = read_all(model, joined, words(joined)).bits
    assert len(whole) == n_before + len(words(passage))
    assert behind == {index: whole[n_before + index] for index in range(len(words(passage)))}
    alone = read_all(model, passage, words(passage)).bits
    assert behind[0] != alone[0]


@pytest.mark.parametrize("passage", ["cats sat", "xs sat"])
def test_what_is_just_before_the_passage_counts_as_its_separator(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...], passage: str
) -> None:
    # Once the space is part of the word's first token, once a token of its own.
    model = toy(bytewise)
    joined = f"The {passage}"
    bits = read_all(model, joined, words(passage), before=4).bits
    assert bits[0] == pytest.approx(
        naive.read(model, joined, 4, joined.index(" sat")), abs=1e-4
    )


# ---- watching ----


class Stop(Exception):
    pass


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_check_that_raises_stops_the_reading(
    toy: Any, bytewise: tuple[bytes, ...], after: int
) -> None:
    text = a_text(300, 11)
    model = toy(bytewise)

    def check() -> None:
        if len(model.calls) == after:
            raise Stop

    with pytest.raises(Stop):
        read_all(model, text, words(text), watch=Watch(check=check))
    assert len(model.calls) == after
    # And the next reading is not disturbed by what is left in the cache.
    again = read_all(model, text, words(text)).bits
    assert again == read_all(toy(bytewise), text, words(text)).bits


@pytest.mark.parametrize("window", [2048, 100, 7])
def test_bits_are_delivered_as_they_come_each_once_and_in_order(
    toy: Any, bytewise: tuple[bytes, ...], window: int
) -> None:
    text = a_text(300, 12)
    model = toy(bytewise, window=window)
    delivered: list[tuple[int, float]] = []
    after: list[int] = []
    progress: list[tuple[int, int]] = []

    def on_bits(bits: dict[int, float]) -> None:
        assert bits, "nothing to tell"
        delivered.extend(bits.items())
        after.append(len(model.calls))

    watch = Watch(on_bits=on_bits, on_progress=lambda done, of: progress.append((done, of)))
    scored = read_all(model, text, words(text), watch=watch)
    assert [index for index, _ in delivered] == [word.index for word in words(text)]
    assert dict(delivered) == scored.bits
    # As they come: the first ones behind the first blocks, not all at the end.
    assert after[0] <= 2 and after == sorted(set(after)) and len(after) > 2
    assert [of for _, of in progress] == [scored.n_tokens] * len(model.calls)
    assert progress[-1] == (scored.n_tokens, scored.n_tokens)


# ---- texts a vocabulary cannot spell ----


def test_a_text_that_the_pieces_do_not_add_up_to_is_refused(toy: Any) -> None:
    class Lossy(toy):  # type: ignore[misc]
        def tokenize(self, text: bytes) -> list[int]:
            """As tokenizers do that put every text in lower case."""
            return super().tokenize(text.lower())

    model = Lossy([b"a", b" a"])
    assert read_all(model, "a a", words("a a")).bits
    with pytest.raises(TextError, match="byte for byte"):
        read_all(model, "a A", words("a A"))
    with pytest.raises(TextError, match="byte for byte"):
        read_short(model, "a A", words("a A"), 1, 4)


def test_words_keep_the_keys_they_came_with(toy: Any, bytewise: Sequence[bytes]) -> None:
    text = a_text(50, 13)
    chosen = words(text)[7:40:5]
    assert list(read_all(toy(bytewise), text, chosen).bits) == [w.index for w in chosen]
