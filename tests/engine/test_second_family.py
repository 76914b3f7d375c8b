"""A second tokenizer family: Gemma, with SentencePiece-style tokens, in the starter's place.

What the starter model is held to holds here too; and what this family does differently (a
mark for the space, tokens for single bytes, a start token of its own, runs of spaces and
whole tags as tokens) is looked at by itself. Skipped where the extra `gemma` is missing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.canonical import Scored, read_all, read_short
from engine.errors import TextError
from engine.words import Word, prepare, words

_ROUNDING = 1e-5
"""Bits by which float32 sums may differ from the same in float64."""


@pytest.fixture(scope="module")
def text(reference: Path) -> str:
    return prepare((reference / "sample.txt").read_text("utf-8")).normalized


@pytest.fixture(scope="module")
def found(text: str) -> Sequence[Word]:
    return words(text)


@pytest.fixture(scope="module")
def whole(gemma: Any, text: str, found: Sequence[Word]) -> Scored:
    return read_all(gemma, text, found, all_tokens=True)


def pieces_of(model: Any, text: str) -> list[bytes]:
    return [model.vocabulary.pieces[token] for token in model.tokenize(text.encode())]


# ---- the family ----


def test_it_is_another_family(gemma: Any) -> None:
    from llama_cpp import llama_cpp as api

    assert api.llama_vocab_type(gemma._vocab) == api.LLAMA_VOCAB_TYPE_SPM
    pieces = gemma.vocabulary.pieces
    assert len(pieces) == 262_144
    # Byte fallback: there is a token for every byte, so every text can be spelled.
    assert {piece for piece in pieces if len(piece) == 1} == {bytes([b]) for b in range(256)}


def test_it_begins_with_a_start_token_of_its_own(gemma: Any) -> None:
    assert gemma.vocabulary.pieces[gemma.start_token] == b""
    assert gemma.start_token not in gemma.tokenize(b"A <bos> <s> \x02 b")


_TEXTS = [
    "The lamp was lit.",
    " a space before the first word",
    "  two spaces,   three,    four and a\ttab\t\tor two",
    "\nA new line first.\n\nThen two, \n then\n\n\n\n\n\nsix.",
    "<h1>Tags</h1> are <b>tokens</b> here: <table><tr><td>cell</td></tr></table>.",
    "Rare letters 𒀀𒁀 𐌰𐌱 ꙮ, and control characters \x00\x01\x7f in between.",
    "Signs ☃ ∮ 🜁 🫠 and a mark on nothing \u0301; a number Ⅻ ½ ٣.",
    "café naïve Ångström, Привет, мир!",
    "x" * 300 + " " + "-" * 300,
    "'", "a", " ", "",
]  # fmt: skip


@pytest.mark.parametrize("one", _TEXTS)
def test_the_pieces_add_up_and_bits_are_finite(gemma: Any, one: str) -> None:
    assert b"".join(pieces_of(gemma, one)) == one.encode()
    found = words(one)
    scored = read_all(gemma, one, found, all_tokens=True)
    assert list(scored.bits) == [word.index for word in found]
    for bits in scored.bits.values():
        assert math.isfinite(bits) and bits >= 0
    assert scored.token_bits is not None and math.isfinite(scored.token_bits)
    assert (scored.token_bits > 0) == bool(one)


def test_no_space_is_put_before_a_text(gemma: Any) -> None:
    # Some vocabularies of this family do; the pieces would not add up to such a text.
    assert pieces_of(gemma, "The lamp") == [b"The", b" lamp"]
    assert pieces_of(gemma, " The lamp") == [b" The", b" lamp"]
    assert pieces_of(gemma, "lamp")[0] == b"lamp"


def test_the_mark_for_the_space_cannot_be_told_from_a_space(gemma: Any) -> None:
    # U+2581 stands for the space inside this tokenizer: a text that holds it comes out with
    # spaces instead, which are other bytes.
    for one in ("a\u2581b", "bars \u2581\u2582\u2583", "\u2581"):
        with pytest.raises(TextError, match="byte for byte"):
            read_all(gemma, one, words(one))
    assert read_all(gemma, "bars \u2582\u2583", words("bars \u2582\u2583")).bits


def test_a_letter_that_has_no_token_is_spelled_in_bytes(
    gemma: Any, read_slowly: Callable[..., Any]
) -> None:
    one = "Scribes wrote 𒀀𒁀 and 𐌰𐌱𐌲, too."
    found = words(one)
    assert [word.text for word in found[2:5]] == ["𒀀𒁀", "and", "𐌰𐌱𐌲"]
    rare = [piece for piece in pieces_of(gemma, one) if piece[0] >= 0x80]
    assert any(len(piece) == 1 for piece in rare)
    bits = read_all(gemma, one, found).bits
    slow = read_slowly(gemma, one)
    for word in found[2:5]:
        assert bits[word.index] == pytest.approx(slow.bits(word), abs=_ROUNDING)


# ---- names of tokens in a text ----


def test_the_names_of_control_tokens_are_plain_characters(gemma: Any) -> None:
    from llama_cpp import llama_cpp as api

    special = {
        token: api.llama_vocab_get_text(gemma._vocab, token)
        for token, piece in enumerate(gemma.vocabulary.pieces)
        if not piece
    }
    names = set(special.values())
    assert {b"<bos>", b"<eos>", b"<pad>", b"<start_of_turn>", b"<end_of_turn>"} <= names
    for name in names:
        tokens = gemma.tokenize(b"It said " + name + b" here.")
        assert not special.keys() & set(tokens)
        pieces = [gemma.vocabulary.pieces[token] for token in tokens]
        assert b"".join(pieces) == b"It said " + name + b" here."


@pytest.mark.parametrize("name", ["<end_of_turn>", "<bos>", "<start_of_image>", "<0x41>"])
def test_words_around_and_inside_of_names_have_their_bits(
    gemma: Any, read_slowly: Callable[..., Any], name: str
) -> None:
    one = f"It said {name} and stopped."
    found = words(one)
    assert [word.text for word in found if word.start >= 8 and word.end <= 8 + len(name)]
    bits = read_all(gemma, one, found).bits
    slow = read_slowly(gemma, one)
    for word in found[2:-2]:
        assert bits[word.index] == pytest.approx(slow.bits(word), abs=_ROUNDING)


# ---- the fast path is the slow one ----


@pytest.mark.parametrize("rest", ["", " ", "  ", "<", " (", "\n"])
def test_what_may_come_where_a_word_comes(
    gemma: Any, naive: SimpleNamespace, rest: str
) -> None:
    vocabulary = gemma.vocabulary
    expected = naive.given(vocabulary.pieces, rest.encode())
    assert expected
    assert set(vocabulary.given(rest.encode()).tolist()) == expected


@pytest.mark.parametrize("end", [" the", "s", "'", "<", " ", "\n", "е", "語", "1"])
def test_what_finishes_a_word_and_holds_more(
    gemma: Any, naive: SimpleNamespace, end: str
) -> None:
    pieces, raw = gemma.vocabulary.pieces, end.encode()
    for single in (False, True):
        found = set(gemma.vocabulary.beyond(raw, single).tolist())
        assert found == naive.beyond(pieces, raw, single)


def test_what_ends_a_word(gemma: Any, naive: SimpleNamespace) -> None:
    assert set(gemma.vocabulary.ends.tolist()) == naive.ends(gemma.vocabulary.pieces)


@pytest.mark.parametrize(
    "one",
    [
        "Nobody's boat came  home in 1984.",
        '"Keep <b>still</b>," Ann\n\nsaid—late.',
    ],
)
def test_fast_is_slow(gemma: Any, read_slowly: Callable[..., Any], one: str) -> None:
    found = words(one)
    scored = read_all(gemma, one, found, all_tokens=True)
    slow = read_slowly(gemma, one)
    for word in found:
        assert scored.bits[word.index] == pytest.approx(slow.bits(word), abs=_ROUNDING)
    assert scored.token_bits == pytest.approx(slow.token_bits, abs=_ROUNDING * 20)


# ---- identical to the last bit ----


def test_words_lie_where_they_are_said_to(
    text: str, found: Sequence[Word], whole: Scored
) -> None:
    assert list(whole.bits) == [word.index for word in found]
    assert all(text[word.start : word.end] == word.text for word in found)
    assert all(math.isfinite(bits) and bits >= 0 for bits in whole.bits.values())


def test_a_text_in_two_parts_has_the_bits_of_the_whole(
    gemma: Any, text: str, found: Sequence[Word], whole: Scored
) -> None:
    cut = text.index("\n\n") + 2
    first = [word for word in found if word.end <= cut]
    then = words(text[cut:])
    assert len(first) + len(then) == len(found)
    parts = [
        *read_all(gemma, text, first).bits.values(),
        *read_all(gemma, text, then, before=cut).bits.values(),
    ]
    assert parts == list(whole.bits.values())
    assert math.fsum(parts) == math.fsum(whole.bits.values())


@pytest.mark.parametrize("n_words", [1, 90, 150])
def test_a_prefix_read_alone(
    gemma: Any, text: str, found: Sequence[Word], whole: Scored, n_words: int
) -> None:
    prefix = text[: found[n_words - 1].end]
    tokens = gemma.tokenize(prefix.encode())
    assert gemma.tokenize(text.encode())[: len(tokens)] == tokens
    alone = read_all(gemma, prefix, found[:n_words]).bits
    assert alone == {index: whole.bits[index] for index in range(n_words)}


def test_few_words_asked_for_or_all_rows(
    gemma: Any,
    text: str,
    found: Sequence[Word],
    whole: Scored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = found[3:140:17]
    expected = {word.index: whole.bits[word.index] for word in some}
    assert read_all(gemma, text, some).bits == expected
    monkeypatch.setattr(gemma, "all_rows", True)
    assert read_all(gemma, text, some).bits == expected


def test_beyond_what_its_layers_look_back_on(gemma: Any, text: str) -> None:
    # Most layers attend to 512 tokens only; what lies further back leaves their cache.
    twice = f"{text}\n\n{text}"
    found = words(twice)
    assert len(gemma.tokenize(twice.encode())) > 640
    last = found[-40:]
    prefix = twice[: last[-20].end]
    assert gemma.tokenize(twice.encode())[: len(gemma.tokenize(prefix.encode()))] == (
        gemma.tokenize(prefix.encode())
    )
    late = read_all(gemma, twice, last).bits
    early = read_all(gemma, prefix, words(prefix)[-30:]).bits
    shared = late.keys() & early.keys()
    assert len(shared) == 21
    assert {i: late[i] for i in shared} == {i: early[i] for i in shared}


# ---- what memory is worth ----


def test_more_memory_fewer_bits(
    gemma: Any, text: str, found: Sequence[Word], whole: Scored
) -> None:
    some = found[::5]
    four, twelve = (
        statistics.mean(read_short(gemma, text, found, word.index, k) for word in some)
        for k in (4, 12)
    )
    assert statistics.mean(whole.bits[word.index] for word in some) < twelve < four
