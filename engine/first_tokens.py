"""How probable a mind holds the first token of each of many words at a place.

A word is scored by all its tokens and its end, and each word needs a decode for that (see
`engine.candidates`). Here nothing is decoded for a word, so that thousands of them can be put
in an order. That order is all it is good for: words that begin with the same token stand level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np

from engine.candidates import check_candidates
from engine.canonical import UNWATCHED, Watch, decode_block, tokenize
from engine.errors import EngineError
from engine.minds import memory_start
from engine.places import Place, place_short, places
from engine.predictor import LEAST_LOG2
from engine.surprisal import Row, locate
from engine.token_model import TokenModel
from engine.vocabulary import Tokens
from engine.windows import single_block
from engine.words import Word, words

_NOT_SPELT = -1
"""Stands for the first token of a word that the vocabulary cannot spell."""


def first_tokens(
    model: TokenModel,
    text: str,
    asked: Mapping[int, Sequence[str]],
    *,
    before: int = 0,
    memory: int | None = None,
    watch: Watch = UNWATCHED,
) -> Iterator[tuple[int, list[float]]]:
    """log2 probability of words' first tokens, place by place.

    A mind that remembers `memory` words costs one decode a place; one that reads everything
    costs its reading as far as the last place.

    Args:
        model: the model that reads.
        text: normalized, with what comes before the passage.
        asked: index of a word of the passage → the words to be tried in its place.
        before: characters of `text` that come before the passage.
        memory: how many words are remembered; None for all.
        watch: how the reading is followed and stopped.

    Returns:
        Word index and log2 of the probability of each word's first token among all tokens, in
        the order of asking: from `LEAST_LOG2`, which a word has that the vocabulary cannot
        spell, to 0.

    Raises:
        InputError: what is tried is no word.
        EngineError: the passage has no word of such an index.
    """
    check_candidates(tuple(dict.fromkeys(chain.from_iterable(asked.values()))))
    found = words(text[before:])
    if not all(0 <= index < len(found) for index in asked):
        raise EngineError("A word was asked for that the text does not have.")
    if memory is None:
        printed = [found[index] for index in sorted(asked)]
        reached = places(model, text, printed, before=before, watch=watch)
    else:
        reached = _short_places(model, text[before:], found, sorted(asked), memory, watch)
    firsts = _Firsts(model)
    for place in reached:
        yield place.key, _log2(place.row, firsts.of(place.rest, asked[place.key]))


def _short_places(
    model: TokenModel,
    text: str,
    found: Sequence[Word],
    wanted: Sequence[int],
    memory: int,
    watch: Watch,
) -> Iterator[Place]:
    """The places of some words for a mind that remembers `memory` words, in order."""
    for done, index in enumerate(wanted, 1):
        watch.check()
        yield _short_place(model, text, found, index, memory)
        watch.on_progress(done, len(wanted))


def _short_place(
    model: TokenModel, text: str, found: Sequence[Word], target: int, memory: int
) -> Place:
    """As `engine.places.place_short`, but decoded without filling, as short memories are read,
    and only as far as the place: a quarter of the time for a few words of memory."""
    word = found[target]
    start = memory_start(found, target, memory)
    moved = Word(word.index, word.start - start, word.end - start, word.text)
    piece = text[start : word.end]
    cut = tokenize(model, piece)
    span = next(locate([moved], piece, cut.starts))
    if span.first >= model.window:
        return place_short(model, text, found, target, memory)
    logits = decode_block(model, single_block(model, cut.tokens[: span.first]), [span.first])
    rest = cut.text[int(cut.starts[span.first]) : span.start]
    return Place(word.index, Row(logits[0]), rest, span.first + 1)


class _Firsts:
    """First tokens of words, each looked up once for all places with the same separator."""

    def __init__(self, model: TokenModel) -> None:
        self._model = model
        self._known: dict[bytes, dict[str, int]] = {}
        """What the first token has to bring of the separator → word → token."""

    def of(self, rest: bytes, tried: Sequence[str]) -> Tokens:
        """(tried,) the first token of `rest` and each word, tokenized as one string."""
        known = self._known.setdefault(rest, {})
        for word in tried:
            if word not in known:
                known[word] = self._look_up(rest + word.encode())
        return np.fromiter(map(known.__getitem__, tried), np.int32, len(tried))

    def _look_up(self, text: bytes) -> int:
        tokens = self._model.tokenize(text)
        pieces = self._model.vocabulary.pieces
        spelt = b"".join([pieces[token] for token in tokens])
        return tokens[0] if spelt == text else _NOT_SPELT


def _log2(row: Row, tokens: Tokens) -> list[float]:
    """log2 probabilities of tokens, `LEAST_LOG2` at least."""
    log2s = np.maximum(row.log_probs(np.maximum(tokens, 0)) / math.log(2), LEAST_LOG2)
    log2s[tokens == _NOT_SPELT] = LEAST_LOG2
    # Rounding can leave a certain token a hair above one.
    return np.minimum(log2s, 0.0).tolist()
