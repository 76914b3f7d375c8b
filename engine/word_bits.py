"""Bits of a text's words, eight bytes a word. Standard library only."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence


class WordBits(Mapping[int, float]):
    """Word index → bits, for texts of any length; a word without bits is no key.

    Meant for all words of a text: it takes room for every word up to the last that has bits.

    Args:
        all_bits: of the first words, none missing.
    """

    __slots__ = ("_bits", "_n")

    def __init__(self, all_bits: Sequence[float] = ()) -> None:
        self._bits = array("d", all_bits)
        self._n = len(all_bits)

    def update(self, more: Mapping[int, float]) -> None:
        """Take in the bits of some words.

        Raises:
            IndexError: a word before the first.
        """
        for index, bits in more.items():
            if index < 0:
                raise IndexError(index)
            if (missing := index + 1 - len(self._bits)) > 0:
                self._bits.extend([math.nan] * missing)
            self._n += math.isnan(self._bits[index]) - math.isnan(bits)
            self._bits[index] = bits

    def __getitem__(self, index: int) -> float:
        if not 0 <= index < len(self._bits) or math.isnan(self._bits[index]):
            raise KeyError(index)
        return self._bits[index]

    def __iter__(self) -> Iterator[int]:
        return (index for index, bits in enumerate(self._bits) if not math.isnan(bits))

    def __len__(self) -> int:
        return self._n
