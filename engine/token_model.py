"""What a reading needs of a model. The real one is `engine.llama.Model`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.vocabulary import Vocabulary

LARGEST_WINDOW = 2048
SMALLEST_WINDOW = 2
"""Tokens below which there is no room for context and a block behind it."""
LARGEST_BLOCK = 128
MOST_BRANCHES = 16
"""Continuations that are decoded at once."""
BRANCH_CELLS = 256
"""Tokens that all continuations decoded at once may have."""


class TokenModel(Protocol):
    """A model over tokens, with a cache for one text and for short branches off it."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def start_token(self) -> int:
        """BOS where the model wants one, else a new line."""
        ...

    @property
    def window(self) -> int:
        """Tokens of a text the cache holds: the trained context, at most `LARGEST_WINDOW`."""
        ...

    @property
    def all_rows(self) -> bool:
        """Whether this backend gives other bits when fewer rows are asked for."""
        ...

    def tokenize(self, text: bytes) -> Sequence[int]:
        """Tokens of a text, no special ones added, none parsed."""
        ...

    def clear(self) -> None:
        """Empty the cache."""
        ...

    def decode(
        self, tokens: Sequence[int], position: int, wanted: Sequence[int]
    ) -> NDArray[np.float32]:
        """Decode tokens at `position` on, one sequence, in one batch.

        Returns:
            (len(wanted), vocabulary) logits behind the tokens at the places `wanted`; only
            valid until the next call.
        """
        ...

    def branch(
        self, position: int, branches: Sequence[Sequence[int]], every_row: bool
    ) -> NDArray[np.float32]:
        """Decode continuations of what the cache holds before `position`, then forget them.

        Each is a sequence of its own, all in one batch: at most `MOST_BRANCHES`, with at most
        `BRANCH_CELLS` tokens together. What the text's own sequence holds stays as it is.

        Returns:
            Logits behind the last token of each (branches, vocabulary), or with `every_row`
            behind every token, one branch after the other; valid until the next call.
        """
        ...
