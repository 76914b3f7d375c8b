"""The canonical reading: the one way in which all scores are got.

The same text through the same quantized model gives other bits when it is handled in another
way, because kernels round by shape. So the handling is fixed here, to the letter; see
`engine.minds.READING_VERSION` for when that changes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelError, TextError
from engine.surprisal import Row, Span, Tally, locate, token_starts
from engine.vocabulary import Vocabulary
from engine.words import Word

LARGEST_WINDOW = 2048
SMALLEST_WINDOW = 2
"""Tokens below which there is no room for context and a block behind it."""
LARGEST_BLOCK = 128

_NO_TOKEN = -1
"""Stands for the token behind the text's last one, which only its row is asked about."""


class TokenModel(Protocol):
    """What a reading needs of a model. The real one is `engine.llama.Model`."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def start_token(self) -> int:
        """BOS where the model wants one, else a new line."""
        ...

    @property
    def window(self) -> int:
        """Tokens the cache holds: the trained context, at most `LARGEST_WINDOW`."""
        ...

    @property
    def all_rows(self) -> bool:
        """Whether this backend gives other bits when fewer rows are asked for."""
        ...

    def tokenize(self, text: bytes) -> list[int]:
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


@dataclass(frozen=True, slots=True)
class Scored:
    """What a reading found."""

    bits: dict[int, float]
    """Word index → surprisal in bits."""
    n_tokens: int
    token_bits: float | None
    """Plain sum over all tokens, where it was asked for."""


OnBits: TypeAlias = Callable[[dict[int, float]], None]
OnProgress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Watch:
    """How a long reading is followed and stopped."""

    on_bits: OnBits = lambda _bits: None
    on_progress: OnProgress = lambda _done, _total: None
    check: Callable[[], None] = lambda: None
    """Called between decodes; raises to stop the reading."""


_UNWATCHED = Watch()


def read_all(
    model: TokenModel,
    text: str,
    words: Sequence[Word],
    *,
    before: int = 0,
    all_tokens: bool = False,
    watch: Watch = _UNWATCHED,
) -> Scored:
    """Read a text from its start and score words of it (Reader).

    Args:
        model: the model that reads.
        text: normalized, with what comes before the passage.
        words: those to be scored, in order; offsets in characters of `text[before:]`.
        before: characters of `text` that come before the passage.
        all_tokens: also add up the bits of all tokens.
        watch: how the reading is followed and stopped.
    """
    found = locate_in(model, text, words, before)
    return _read(model, found, _blocks(model, found.tokens), all_tokens, watch)


def read_short(
    model: TokenModel,
    text: str,
    words: Sequence[Word],
    target: int,
    memory: int,
) -> float:
    """Bits of the word `words[target]` for a mind that remembers `memory` words.

    Args:
        model: the model that reads.
        text: the normalized passage alone.
        words: all words of the passage, at least up to the target.
        target: place of the target in `words`.
        memory: how many words before it are remembered.
    """
    word = words[target]
    start = 0
    if target >= memory:
        start = words[target - memory].start if memory else _end_before(words, target)
    piece = text[start : word.end]
    moved = Word(word.index, word.start - start, word.end - start, word.text)
    found = locate_in(model, piece, [moved], 0)
    if len(found.tokens) < model.window:
        blocks = iter([_single_block(model, found.tokens)])
    else:
        blocks = _blocks(model, found.tokens)
    return _read(model, found, blocks, False, _UNWATCHED).bits[word.index]


def _end_before(words: Sequence[Word], target: int) -> int:
    return words[target - 1].end if target else 0


@dataclass(frozen=True, slots=True)
class Located:
    """A tokenized text and its words among the tokens."""

    text: bytes
    tokens: list[int]
    starts: NDArray[np.int64]
    spans: list[Span]


def locate_in(model: TokenModel, text: str, words: Sequence[Word], before: int) -> Located:
    """Tokenize a text and find words in it.

    Raises:
        TextError: the pieces of the tokens do not add up to the text.
    """
    raw = text.encode()
    tokens = model.tokenize(raw)
    pieces = model.vocabulary.pieces
    if b"".join([pieces[token] for token in tokens]) != raw:
        raise TextError(
            "The model's vocabulary cannot spell this text byte for byte, so it has no bits: "
            "try another model."
        )
    starts = token_starts(tokens, pieces)
    return Located(raw, tokens, starts, locate(words, text, starts, before))


@dataclass(frozen=True, slots=True)
class _Block:
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

    def takes(self, tally: Tally) -> bool:
        """Whether a word is scored in this window: it ends here, or no other holds it."""
        span = tally.span
        return span.last_row <= self.window_end or span.first < self.next_window


def _single_block(model: TokenModel, tokens: list[int]) -> _Block:
    n_rows = len(tokens) + 1
    return _Block([model.start_token, *tokens], 0, 0, n_rows, n_rows, n_rows)


def _blocks(model: TokenModel, tokens: list[int]) -> Iterator[_Block]:
    """Cut start token and text into blocks; when the window is full, clear and go on from
    half a window back."""
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
            yield _Block(filled, position, first + position, len(block), done, done - kept)
        if done >= len(tokens):
            return
        first = done - kept


def _read(
    model: TokenModel, found: Located, blocks: Iterable[_Block], all_tokens: bool, watch: Watch
) -> Scored:
    queue = deque(Tally(span, found.text, model.vocabulary) for span in found.spans)
    bits: dict[int, float] = {}
    token_nats = 0.0
    tokens_done = 0
    for block in blocks:
        if not queue and not all_tokens:
            break
        watch.check()
        rows = _decode(model, block, queue, all_tokens)
        for j, row, tallies in rows:
            token = found.tokens[j] if j < len(found.tokens) else _NO_TOKEN
            if all_tokens and j == tokens_done and token != _NO_TOKEN:
                token_nats -= row.logprob(token)
                tokens_done += 1
            for tally in tallies:
                tally.see(j, int(found.starts[j]), token, row)
        fresh: dict[int, float] = {}
        while queue and queue[0].done:
            tally = queue.popleft()
            fresh[tally.span.key] = tally.bits
        bits |= fresh
        if fresh:
            watch.on_bits(fresh)
        watch.on_progress(
            min(block.first_row + block.n_rows, len(found.tokens)), len(found.tokens)
        )
    return Scored(bits, len(found.tokens), token_nats / math.log(2) if all_tokens else None)


def _decode(
    model: TokenModel, block: _Block, queue: Iterable[Tally], all_tokens: bool
) -> Iterator[tuple[int, Row, list[Tally]]]:
    """Decode a block; yield the rows somebody asked for, each with the words that did."""
    asked: dict[int, list[Tally]] = {}
    end = block.first_row + block.n_rows
    for tally in queue:
        if tally.span.first >= end or not block.takes(tally):
            break
        for j in range(max(tally.next_row, block.first_row), min(tally.span.last_row + 1, end)):
            asked.setdefault(j, []).append(tally)
    useful = range(block.first_row, end) if all_tokens else sorted(asked)
    wanted = (
        range(block.first_row, block.first_row + len(block.tokens))
        if model.all_rows
        else useful
    )
    if block.position == 0:
        model.clear()
    logits = model.decode(block.tokens, block.position, [j - block.first_row for j in wanted])
    place = {j: place for place, j in enumerate(wanted)}
    for j in useful:
        yield j, Row(logits[place[j]]), asked.get(j, [])
