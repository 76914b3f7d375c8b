"""Token sets by byte prefix, without ever looping over the vocabulary in Python.

The pieces are sorted by bytes once, so that all tokens beginning with a prefix are a slice.
What comes *behind* the prefix is classified ahead, for every byte position of the sorted
pieces laid end to end; a set is then a slice and one comparison of arrays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.words import APOSTROPHES, is_single, is_word_character

Tokens = NDArray[np.int32]
Flags = NDArray[np.bool_]

_REMEMBERED_SETS = 64
_PADDING = 4


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What begins at each byte of the pieces laid end to end: (bytes + padding,)."""

    begins_word: Flags
    """A letter, mark or digit, or only part of a character."""
    continues: Flags
    """What visibly continues a word (see `Vocabulary`)."""


class Vocabulary:
    """The pieces of a model's tokens, and the sets of tokens a word's probability needs.

    A piece *continues* a word when it begins with a letter, mark or digit that is no word by
    itself, with only part of a character, or with an apostrophe before one of these.
    Everything else, the empty piece of special tokens included, *ends* it.
    """

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = pieces
        order = sorted(range(len(pieces)), key=pieces.__getitem__)
        self._sorted = [pieces[token] for token in order]
        self._order: Tokens = np.array(order, dtype=np.int32)
        self._length = np.array([len(piece) for piece in self._sorted], dtype=np.int64)
        self._offset = np.concatenate(([0], np.cumsum(self._length)[:-1])).astype(np.int64)
        self._kinds = _classify(self._sorted, self._offset, self._length)
        continuing = (self._length > 0) & self._kinds.continues[self._offset]
        self.ends: Tokens = np.sort(self._order[~continuing])
        """Tokens that do not continue a word, in order of their ids."""
        self.continuing: Tokens = np.sort(self._order[continuing])
        """All others."""
        self._given: OrderedDict[bytes, Tokens] = OrderedDict()

    def __len__(self) -> int:
        return len(self.pieces)

    def given(self, rest: bytes) -> Tokens:
        """Tokens by which a word can follow on `rest`, the separator a token has to bring.

        They equal `rest` (when it is not empty) or begin with it and go on with a letter,
        mark or digit, or with part of a character.
        """
        if (known := self._given.get(rest)) is not None:
            self._given.move_to_end(rest)
            return known
        where, behind, longer = self._beginning_with(rest)
        wanted = longer & self._kinds.begins_word[behind]
        if rest:
            wanted |= ~longer
        found = self._order[where][wanted]
        self._given[rest] = found
        if len(self._given) > _REMEMBERED_SETS:
            self._given.popitem(last=False)
        return found

    def beyond(self, word_end: bytes, single: bool) -> Tokens:
        """Tokens that finish a word and hold more: `word_end`, then what does not continue it.

        A word that is a `single` Han or Kana character is over at once: every longer token
        counts.
        """
        where, behind, longer = self._beginning_with(word_end)
        if not single:
            longer &= ~self._kinds.continues[behind]
        return self._order[where][longer]

    def exactly(self, spelt: bytes) -> int | None:
        """The token whose piece is `spelt`; the first by its id if there are several."""
        where, _, longer = self._beginning_with(spelt)
        found = self._order[where][~longer]
        return int(found.min()) if len(found) else None

    def _beginning_with(self, prefix: bytes) -> tuple[slice, NDArray[np.int64], Flags]:
        """The slice of sorted pieces beginning with `prefix`, the byte position behind it in
        each, and whether anything stands there."""
        first = bisect_left(self._sorted, prefix)
        last = bisect_left(self._sorted, True, lo=first, key=lambda p: not p.startswith(prefix))
        where = slice(first, last)
        return where, self._offset[where] + len(prefix), self._length[where] > len(prefix)


def _classify(
    pieces: list[bytes], offset: NDArray[np.int64], length: NDArray[np.int64]
) -> _Kinds:
    """Decode the character that begins at every byte position, and say what it means."""
    joined = np.frombuffer(b"".join(pieces) + bytes(_PADDING), dtype=np.uint8)
    n = len(joined) - _PADDING
    at = np.arange(n)
    lead = joined[:n]
    width = np.select(
        [lead < 0x80, (lead >= 0xC2) & (lead < 0xE0), (lead >= 0xE0) & (lead < 0xF0),
         (lead >= 0xF0) & (lead < 0xF5)],
        [1, 2, 3, 4],
        default=0,
    )  # fmt: skip
    piece_end = np.repeat(offset + length, length)
    code = np.select(
        [width == 1, width == 2, width == 3, width == 4],
        [lead, lead & 0x1F, lead & 0x0F, lead & 0x07],
        default=0,
    ).astype(np.int32)
    complete = (width > 0) & (at + width <= piece_end)
    for step in (1, 2, 3):
        following = joined[step : n + step]
        needed = width > step
        complete &= ~needed | ((following & 0xC0) == 0x80)
        code = np.where(needed, (code << 6) | (following & 0x3F), code)
    part = ((lead & 0xC0) == 0x80) | ((width > 1) & ~complete)

    present, inverse = np.unique(np.where(complete, code, 0), return_inverse=True)
    characters = [_character(value) for value in present.tolist()]

    def those(kind: Callable[[str], bool]) -> Flags:
        return np.array([kind(c) for c in characters], dtype=np.bool_)[inverse] & complete

    is_word, single = those(is_word_character), those(is_single)
    apostrophe = those(APOSTROPHES.__contains__)

    goes_on = part | (is_word & ~single)
    behind = np.minimum(at + width, n - 1) if n else at
    after_apostrophe = apostrophe & (at + width < piece_end) & goes_on[behind]
    return _Kinds(
        begins_word=np.append(part | is_word, [False] * _PADDING),
        continues=np.append(goes_on | after_apostrophe, [False] * _PADDING),
    )


def _character(code: int) -> str:
    return "\0" if code > 0x10FFFF or 0xD800 <= code < 0xE000 else chr(code)
