"""Places in a text where a word is to come, and a reading that stops at each of them.

For everything that asks what else a mind expected there: candidates and top words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.canonical import UNWATCHED, Tokenized, Watch, decode_block, tokenize
from engine.minds import memory_start
from engine.surprisal import Row, Span, locate
from engine.token_model import TokenModel
from engine.windows import Block, blocks
from engine.words import Word


@dataclass(frozen=True, slots=True)
class Place:
    """A place, reached: the cache holds what comes before it."""

    key: int
    """Index of its word; that of the word that would come, where the text ends."""
    row: Row
    """What is expected as the first token."""
    rest: bytes
    """What that token has to bring of the separator."""
    position: int
    """Tokens in the cache that it is conditioned on, the start token among them."""


def places(
    model: TokenModel,
    text: str,
    words: Sequence[Word],
    *,
    before: int = 0,
    watch: Watch = UNWATCHED,
) -> Iterator[Place]:
    """The places of some words for a mind that reads everything, in order.

    What is decoded before a place is what the canonical reading decodes, whatever comes after
    it in the text. A branch may be decoded at each place before the next is asked for.

    Args:
        model: the model that reads.
        text: normalized, with what comes before the passage.
        words: in order; offsets in characters of `text[before:]`.
        before: characters of `text` that come before the passage.
        watch: how the reading is followed and stopped.
    """
    found = tokenize(model, text)
    waiting = list(locate(words, text, found.starts, before))
    for block in blocks(model, found.tokens):
        if not waiting:
            return
        if not block.takes(waiting[0]):
            continue  # in a later window, which begins with an empty cache
        watch.check()
        here = [span for span in waiting if span.first < block.end and block.takes(span)]
        waiting = waiting[len(here) :]
        yield from _decode(model, found, block, here)
        watch.on_progress(min(block.end, len(found.tokens)), len(found.tokens))


def place_short(
    model: TokenModel, text: str, words: Sequence[Word], target: int, memory: int
) -> Place:
    """The place of a word for a mind that remembers `memory` words of the passage."""
    word = words[target]
    start = memory_start(words, target, memory)
    moved = Word(word.index, word.start - start, word.end - start, word.text)
    return next(places(model, text[start : word.end], [moved]))


def place_behind(model: TokenModel, text: str, key: int) -> Place:
    """The place behind the end of a text, its last separator included."""
    rest = b" " if text.endswith(" ") else b""
    found = tokenize(model, text.removesuffix(" ") if rest else text)
    row = len(found.tokens)
    here = [Span(key, 0, 0, row, row - 1, False, False)]
    for block in blocks(model, found.tokens):
        if not block.takes(here[0]):
            continue
        if block.end > row:
            return next(_decode(model, found, block, here, rest))
        decode_block(model, block, [])
    raise AssertionError("the last block holds the last row")


def _decode(
    model: TokenModel,
    found: Tokenized,
    block: Block,
    spans: Sequence[Span],
    rest: bytes | None = None,
) -> Iterator[Place]:
    """Decode a block; the places in it."""
    rows = sorted({span.first for span in spans})
    # Branches are decoded before the next place is taken, and that overwrites the rows.
    logits = decode_block(model, block, rows).copy()
    for span in spans:
        start = int(found.starts[span.first])
        yield Place(
            span.key,
            Row(logits[rows.index(span.first)]),
            found.text[start : span.start] if rest is None else rest,
            block.position + span.first - block.first_row + 1,
        )
