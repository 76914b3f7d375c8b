"""Token sets by byte prefix, against loops over the whole vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.vocabulary import Vocabulary

# Pieces are laid together from these: whole characters of every kind, and heads and tails of
# characters, so that a head before a foreign tail happens too. Heads of which a foreign tail
# could make an overlong form or a surrogate (E0, ED, F0) come with their second byte: such
# bytes are no part of any text, and bits.md says nothing about them.
_WHOLE = [
    "a", "b", "the", "Z", "7", "½", " ", "  ", ".", ",", "\n", "-", "'", "’", "‘", "_", "\0",
    "é", "ß", "Ж", "न", "한", "א", "م", "\u0301", "\u0308", "\u3099", "猫", "犬", "〇", "か",
    "ー", "ｶ", "。", "、", "—", "…", "😀", "𝒳", "𠀀", "\u200d",
]  # fmt: skip
_CUT = [
    b"\xc3", b"\xa9", b"\xe2", b"\xe2\x80", b"\x99", b"\x80\x99", b"\xe7", b"\xe7\x8c", b"\xab",
    b"\x8c\xab", b"\xf0\x9f", b"\xf0\x9f\x98", b"\x98\x80", b"\xe3\x81", b"\x8b", b"\xbf",
]  # fmt: skip
_INVALID = [b"\xff", b"\xfe", b"\xc0", b"\xc1", b"\xf8"]
_FRAGMENTS = [*(character.encode() for character in _WHOLE), *_CUT, *_INVALID]

a_piece = st.lists(st.sampled_from(_FRAGMENTS), max_size=4).map(b"".join)
# Drawn from a small pool as well, so that pieces are often one another's prefixes.
close_pieces = st.lists(
    st.sampled_from([b"a", b" ", b"'", "猫".encode(), b"\xc3", b"\xa9"]), max_size=4
).map(b"".join)
vocabularies = (st.lists(a_piece, max_size=40) | st.lists(close_pieces, max_size=40)).filter(
    any
)


def ids(tokens: np.ndarray) -> list[int]:
    """Sorted, and each once: a set that names a token twice would count its mass twice."""
    listed = tokens.tolist()
    assert len(set(listed)) == len(listed)
    return sorted(listed)


@given(vocabularies)
def test_ends(naive: SimpleNamespace, pieces: list[bytes]) -> None:
    assert ids(Vocabulary(pieces).ends) == sorted(naive.ends(pieces))


@given(vocabularies, st.data())
def test_given(naive: SimpleNamespace, pieces: list[bytes], data: st.DataObject) -> None:
    rest = data.draw(prefixes(pieces))
    assert ids(Vocabulary(pieces).given(rest)) == sorted(naive.given(pieces, rest))


@given(vocabularies, st.booleans(), st.data())
def test_beyond(
    naive: SimpleNamespace, pieces: list[bytes], single: bool, data: st.DataObject
) -> None:
    word_end = data.draw(prefixes(pieces).filter(bool))
    found = Vocabulary(pieces).beyond(word_end, single)
    assert ids(found) == sorted(naive.beyond(pieces, word_end, single))


def prefixes(pieces: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Prefixes of the pieces, the whole pieces among them, and other bytes."""
    cuts = sorted({piece[:cut] for piece in pieces for cut in range(len(piece) + 1)})
    return st.sampled_from(cuts) | a_piece


@given(a_piece.filter(bool), st.integers(2, 5))
@example(b" a", 3)
def test_equal_pieces_are_all_in_the_same_sets(piece: bytes, times: int) -> None:
    vocabulary = Vocabulary([piece] * times)
    assert len(vocabulary.ends) in (0, times)
    assert len(vocabulary.given(piece)) == times
    assert len(vocabulary.beyond(piece[:1], True)) == (times if len(piece) > 1 else 0)


# ---- what the sentences mean, piece by piece ----


@pytest.mark.parametrize(
    "piece",
    ["s", "S", "7", "½", "é", "\u0301", "\u3099", "한", "न", "א", "'s", "’s", "'é", "'\u0301",
     "'7", "’한", "s. "],
)  # fmt: skip
def test_pieces_that_continue_a_word(piece: str) -> None:
    assert ids(Vocabulary([piece.encode()]).ends) == []


@pytest.mark.parametrize(
    "piece",
    [b"\xc3", b"\xa9", b"\xa9s", b"\xc3a", b"\xe7\x8c", b"\xf0\x9f\x98", b"'\xc3", b"'\xa9",
     "’".encode()[:1], "’".encode()[:2], "—".encode()[:1]],
)  # fmt: skip
def test_part_of_a_character_continues_a_word(piece: bytes) -> None:
    assert ids(Vocabulary([piece]).ends) == []


@pytest.mark.parametrize(
    "piece",
    [" ", " a", ".", ",", "\n", "-", "—", "…", "😀", "'", "’", "''", "' ", "'.", "'’s", "''s",
     "‘s", "_s", "猫", "か", "カ", "ー", "ｶ", "〇", "猫s", "'猫", "’か", "。"],
)  # fmt: skip
def test_pieces_that_end_a_word(piece: str) -> None:
    assert ids(Vocabulary([piece.encode()]).ends) == [0]


def test_the_empty_piece_of_special_tokens_ends_a_word() -> None:
    assert ids(Vocabulary([b"", b"a", b""]).ends) == [0, 2]


def test_bytes_that_are_part_of_no_character_end_a_word() -> None:
    assert ids(Vocabulary([b"\xff", b"\xc0", b"\xc1s", b"\xfe"]).ends) == [0, 1, 2, 3]


def test_the_apostrophe_at_the_end_of_one_piece_is_not_joined_to_the_next() -> None:
    # Sorted, the pieces lie end to end in memory: "'" right before "'a" and "a".
    pieces = [b"'", b"'a", b"a", "’".encode(), "’é".encode(), "é".encode(), b"\xc3"]
    assert ids(Vocabulary(pieces).ends) == [0, 3]


def test_a_character_cut_at_the_end_of_a_piece_is_not_completed_by_the_next() -> None:
    pieces = ["猫".encode()[:2], "猫".encode()[2:], b"\xc3", b"\xa9"]
    vocabulary = Vocabulary(pieces)
    assert ids(vocabulary.ends) == []
    assert ids(vocabulary.given(b"")) == [0, 1, 2, 3]
    # Sorted, these stand side by side, and together would hold a space without a break.
    vocabulary = Vocabulary([b"\x80\xc2", b"\xa0"])
    assert ids(vocabulary.given(b"\x80")) == [0]
    assert ids(vocabulary.beyond(b"\x80", False)) == []


def test_given_without_a_separator_takes_no_empty_piece() -> None:
    assert ids(Vocabulary([b"", b"a", b" ", "猫".encode(), b"'a"]).given(b"")) == [1, 3]


def test_given_after_a_space() -> None:
    pieces = [
        b"",
        b" ",
        b"  ",
        b" a",
        b" 7",
        b" '",
        b" 'a",
        " 猫".encode(),
        b" \xc3",
        b" .",
        b"a",
        b" ",
    ]
    assert ids(Vocabulary(pieces).given(b" ")) == [1, 3, 4, 7, 8, 11]


def test_beyond_takes_no_piece_that_is_only_the_word() -> None:
    pieces = [b"cat", b"cats", b"cat's", b"cat'", b"cat. ", "cat猫".encode(), b"cat\xe2", b"ca"]
    assert ids(Vocabulary(pieces).beyond(b"cat", False)) == [3, 4, 5]


def test_beyond_a_single_character_every_longer_piece_counts() -> None:
    pieces = ["猫".encode(), "猫犬".encode(), "猫s".encode(), "猫".encode() + b"\xe7", b"s"]
    assert ids(Vocabulary(pieces).beyond("猫".encode(), True)) == [1, 2, 3]


def test_a_vocabulary_of_empty_pieces() -> None:
    vocabulary = Vocabulary([b"", b""])
    assert ids(vocabulary.ends) == [0, 1]
    assert ids(vocabulary.given(b" ")) == []
    assert ids(vocabulary.beyond(b"a", False)) == []
    assert len(vocabulary) == 2


def test_remembered_sets_stay_right_when_more_are_asked_for_than_are_kept() -> None:
    separators = [b" " * n for n in range(1, 200)]
    vocabulary = Vocabulary([separator + b"a" for separator in separators])
    first = [ids(vocabulary.given(separator)) for separator in separators]
    again = [ids(vocabulary.given(separator)) for separator in reversed(separators)]
    assert first == again[::-1] == [[token] for token in range(len(separators))]
