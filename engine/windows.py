"""How a text is cut for reading: blocks of one size, in windows that overlap by half.

A quantized model gives other bits when the same text is handled in other portions, so the
portions are fixed here, to the letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.errors import ModelError
from engine.surprisal import Span
from engine.token_model import LARGEST_BLOCK, SMALLEST_WINDOW, TokenModel

LEAST_ROWS = 16
"""With fewer than eight rows asked for, llama.cpp takes other kernels for the last layer, and
Gemma's bits were seen to move by up to 0.002; twice as many cost next to nothing more."""


@dataclass(frozen=True, slots=True)
class Block:
    """Tokens decoded at once, and the rows they give (row j predicts token j of the text)."""

    tokens: list[int]
    position: int
    """Where in the cache they go; at 0 the cache is cleared first."""
    first_row: int
    n_rows: int
    """Rows that mean something: those behind filling tokens do not."""
    window_end: int
    """The last row of its window."""
    next_window: int
    """The first row of the window after it."""
    least_rows: int = 0
    """How many rows are asked for at least, needed or not."""

    @property
    def end(self) -> int:
        """The row behind its last one."""
        return self.first_row + self.n_rows

    def takes(self, span: Span) -> bool:
        """Whether a word is scored in this window: it ends here, or no other holds it."""
        return span.last_row <= self.window_end or span.first < self.next_window


def single_block(model: TokenModel, tokens: Sequence[int]) -> Block:
    """Start token and text at once, without filling."""
    n_rows = len(tokens) + 1
    return Block([model.start_token, *tokens], 0, 0, n_rows, n_rows, n_rows)


def blocks(model: TokenModel, tokens: Sequence[int]) -> Iterator[Block]:
    """Cut start token and text into blocks; when the window is full, clear and go on from
    half a window back.

    Raises:
        ModelError: the model's window holds next to nothing.
    """
    if model.window < SMALLEST_WINDOW:
        raise ModelError(f"A context of {model.window} tokens is too small to read with.")
    size = min(LARGEST_BLOCK, model.window // 2)
    usable = model.window // size * size
    kept = model.window // 2 - 1
    first = 0
    while True:
        sequence = [model.start_token, *tokens[first : first + usable - 1]]
        done = first + usable - 1
        for position in range(0, len(sequence), size):
            block = sequence[position : position + size]
            filled = block + [model.start_token] * (size - len(block))
            least = min(LEAST_ROWS, size)
            yield Block(
                filled, position, first + position, len(block), done, done - kept, least
            )
        if done >= len(tokens):
            return
        first = done - kept
