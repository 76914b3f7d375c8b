"""The canonical reading: the one way in which all scores are got.

The same text through the same quantized model gives other bits when it is handled in another
way, because kernels round by shape. So the handling is fixed here, to the letter; see
`engine.minds.READING_VERSION` for when that changes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import TextError
from engine.minds import memory_start
from engine.surprisal import Row, Span, Tally, locate, token_starts
from engine.token_model import TokenModel
from engine.windows import Block, blocks, single_block
from engine.words import Word

_NO_TOKEN = -1
"""Stands for the token behind the text's last one, which only its row is asked about."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a reading found."""

    bits: dict[int, float]
    """Word index → surprisal in bits; empty where they were only told as they came."""
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


UNWATCHED = Watch()


def read_all(
    model: TokenModel,
    text: str,
    words: Iterable[Word],
    *,
    before: int = 0,
    all_tokens: bool = False,
    watch: Watch = UNWATCHED,
    keep: bool = True,
) -> Scored:
    """Read a text from its start and score words of it (Reader).

    The words are gone through once, as the reading comes to them; without `keep` nothing is
    kept of those behind it, and a text may be of any length.

    Args:
        model: the model that reads.
        text: normalized, with what comes before the passage.
        words: those to be scored, in order; offsets in characters of `text[before:]`.
        before: characters of `text` that come before the passage.
        all_tokens: also add up the bits of all tokens.
        watch: how the reading is followed and stopped.
        keep: also return the bits.
    """
    found = tokenize(model, text)
    spans = locate(words, text, found.starts, before)
    bits: dict[int, float] = {}

    def told(fresh: dict[int, float]) -> None:
        if keep:
            bits.update(fresh)
        watch.on_bits(fresh)

    followed = replace(watch, on_bits=told)
    n_tokens, token_bits = _read(
        model, found, spans, blocks(model, found.tokens), all_tokens, followed
    )
    return Scored(bits, n_tokens, token_bits)


def read_short(
    model: TokenModel,
    text: str,
    words: Sequence[Word],
    target: int,
    memory: int,
    instead: str | None = None,
) -> float:
    """Bits of the word `words[target]` for a mind that remembers `memory` words.

    Args:
        model: the model that reads.
        text: the normalized passage alone.
        words: all words of the passage, at least up to the target.
        target: place of the target in `words`.
        memory: how many words before it are remembered.
        instead: another word, to be scored in the target's place.
    """
    word = words[target]
    start = memory_start(words, target, memory)
    put = word.text if instead is None else instead
    piece = text[start : word.start] + put
    at = word.start - start
    found = tokenize(model, piece)
    spans = locate([Word(word.index, at, at + len(put), put)], piece, found.starts)
    cut = (
        iter([single_block(model, found.tokens)])
        if len(found.tokens) < model.window
        else blocks(model, found.tokens)
    )
    bits: dict[int, float] = {}
    _read(model, found, spans, cut, False, Watch(bits.update))
    return bits[word.index]


@dataclass(frozen=True, slots=True)
class Tokenized:
    """A text in its tokens."""

    text: bytes
    tokens: Sequence[int]
    starts: NDArray[np.int64]
    """(tokens + 1,) byte offset at which each token starts, and the length of all."""


def tokenize(model: TokenModel, text: str) -> Tokenized:
    """Cut a text into the model's tokens.

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
    return Tokenized(raw, tokens, token_starts(tokens, pieces))


class _Ahead:
    """The words that the reading has come to, taken from those still to come one by one."""

    def __init__(self, spans: Iterable[Span], make: Callable[[Span], Tally]) -> None:
        self._tallies = (make(span) for span in spans)
        self._next = next(self._tallies, None)
        self._reached: deque[Tally] = deque()

    def __bool__(self) -> bool:
        return bool(self._reached) or self._next is not None

    def wants(self, block: Block) -> bool:
        """Whether a block's window holds anything that is still to be scored."""
        return bool(self._reached) or (self._next is not None and block.takes(self._next.span))

    def in_reach(self, block: Block) -> Iterator[Tally]:
        """The words that need rows of a block and are scored in its window."""
        while (tally := self._next) is not None and tally.span.first < block.end:
            if not block.takes(tally.span):
                break
            self._reached.append(tally)
            self._next = next(self._tallies, None)
        return iter(self._reached)

    def take_done(self) -> dict[int, float]:
        """Let go of the words that have seen all their rows; their bits."""
        done: dict[int, float] = {}
        while self._reached and self._reached[0].done:
            tally = self._reached.popleft()
            done[tally.span.key] = tally.bits
        return done


def _read(
    model: TokenModel,
    found: Tokenized,
    spans: Iterable[Span],
    cut: Iterable[Block],
    all_tokens: bool,
    watch: Watch,
) -> tuple[int, float | None]:
    """Read block by block; how many tokens there are, and their bits if `all_tokens`."""
    ahead = _Ahead(spans, lambda span: Tally(span, found.text, model.vocabulary))
    token_nats = 0.0
    tokens_done = 0
    n_tokens = len(found.tokens)
    for block in cut:
        if not all_tokens:
            if not ahead:
                break
            if not ahead.wants(block):
                continue  # all in later windows, which begin with an empty cache
        watch.check()
        for j, row, tallies in _decode(model, block, ahead.in_reach(block), all_tokens):
            token = found.tokens[j] if j < n_tokens else _NO_TOKEN
            if all_tokens and j == tokens_done and token != _NO_TOKEN:
                token_nats -= row.logprob(token)
                tokens_done += 1
            for tally in tallies:
                tally.see(j, int(found.starts[j]), token, row)
        if fresh := ahead.take_done():
            watch.on_bits(fresh)
        watch.on_progress(min(block.end, n_tokens), n_tokens)
    return n_tokens, token_nats / math.log(2) if all_tokens else None


def _decode(
    model: TokenModel, block: Block, tallies: Iterable[Tally], all_tokens: bool
) -> Iterator[tuple[int, Row, list[Tally]]]:
    """Decode a block; yield the rows somebody asked for, each with the words that did."""
    asked: dict[int, list[Tally]] = {}
    for tally in tallies:
        first = max(tally.next_row, block.first_row)
        for j in range(first, min(tally.span.last_row + 1, block.end)):
            asked.setdefault(j, []).append(tally)
    useful = range(block.first_row, block.end) if all_tokens else sorted(asked)
    logits = decode_block(model, block, useful)
    for place, j in enumerate(useful):
        yield j, Row(logits[place]), asked.get(j, [])


def decode_block(model: TokenModel, block: Block, useful: Sequence[int]) -> NDArray[np.float32]:
    """Decode a block in the canonical way.

    Args:
        model: the model that reads.
        block: what is decoded.
        useful: the rows that are needed, ascending, all of them in the block.

    Returns:
        (len(useful), vocabulary) logits, valid until the next decode.
    """
    if block.position == 0:
        model.clear()
    places = [j - block.first_row for j in useful]
    asked = range(len(block.tokens)) if model.all_rows else _enough(places, block)
    logits = model.decode(block.tokens, block.position, asked)
    return logits if len(asked) == len(places) else logits[[asked.index(at) for at in places]]


def _enough(places: list[int], block: Block) -> list[int]:
    """Places whose rows are asked for: those needed, and more from the front where that is
    too few for the bits not to depend on how many they are."""
    missing = block.least_rows - len(places)
    if not places or missing <= 0:
        return places
    needed = set(places)
    others = [at for at in range(block.least_rows) if at not in needed]
    return sorted([*places, *others[:missing]])
