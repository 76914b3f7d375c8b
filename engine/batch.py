"""Filling llama.cpp's batch: tokens, where they go, which rows are wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


class Batch:
    """Tokens to be decoded at once.

    Args:
        native: a `llama_batch` with room for all that will be put in; its sequences one each.
    """

    def __init__(self, native: Any) -> None:
        self.native = native
        self.n_rows = 0
        """Rows that are wanted."""

    def clear(self) -> None:
        """Take everything out."""
        self.native.n_tokens = 0
        self.n_rows = 0

    def put(
        self, tokens: Sequence[int], position: int, sequence: int, wanted: Iterable[int]
    ) -> None:
        """Add tokens.

        Args:
            tokens: that follow on one another.
            position: of the first, in its sequence.
            sequence: which they belong to.
            wanted: places among them behind which a row is wanted.
        """
        native = self.native
        first = native.n_tokens
        for place, token in enumerate(tokens, first):
            native.token[place] = token
            native.pos[place] = position + place - first
            native.n_seq_id[place] = 1
            native.seq_id[place][0] = sequence
            native.logits[place] = 0
        for place in wanted:
            native.logits[first + place] = 1
            self.n_rows += 1
        native.n_tokens = first + len(tokens)
