"""The surprisal of a word from a model over tokens.

The separator before a word is given and a word must end, so summing token log-probabilities
is not enough: Pimentel and Meister (2024), "How to Compute the Probability of a Word"; Oh and
Schuler (2024), "Leading Whitespaces of Language Models' Subword Vocabulary Pose a Confound
for Calculating Word Probabilities". Natural logs inside, bits only in `Tally.bits`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.vocabulary import Tokens, Vocabulary
from engine.words import Word, is_single

_SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a word lies among the bytes and tokens of the text that is read."""

    key: int
    """What the asker calls it."""
    start: int
    end: int
    """The word is the bytes [start, end)."""
    first: int
    last: int
    """Its tokens, both included; the first may bring the separator."""
    single: bool
    """A Han or Kana character, over by itself."""
    reaches_past: bool
    """The last token holds bytes behind the word."""

    @property
    def last_row(self) -> int:
        """The last token whose row the word needs."""
        return self.last if self.reaches_past else self.last + 1


class Row:
    """The model's distribution over one next token.

    Args:
        logits: (vocabulary,) float32, valid until the next decode.
    """

    __slots__ = ("_log_sum", "_logits", "_top", "_weights")

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self._top = float(logits.max())
        self._logits = logits
        self._weights = np.exp(logits - np.float32(self._top))
        self._log_sum = math.log(self._weights.sum(dtype=np.float64))

    def logprob(self, token: int) -> float:
        """Log-probability of a token, in nats."""
        return float(self._logits[token]) - self._top - self._log_sum

    def log_probs(self, tokens: Tokens) -> NDArray[np.float64]:
        """Log-probabilities of some tokens, in nats."""
        return self._logits[tokens].astype(np.float64) - (self._top + self._log_sum)

    def log_mass(self, tokens: Tokens) -> float:
        """Log of the probability that the next token is one of `tokens`, in nats."""
        if not len(tokens):
            return -math.inf
        mass = float(self._weights[tokens].sum(dtype=np.float64))
        if mass > _SMALLEST_NORMAL:
            return math.log(mass) - self._log_sum
        # So improbable that float32 has lost it: once more around their own maximum.
        chosen = self._logits[tokens].astype(np.float64)
        top = float(chosen.max())
        return top + math.log(np.exp(chosen - top).sum()) - self._top - self._log_sum


class Tally:
    """One word being scored, row by row in the order of its tokens."""

    __slots__ = (
        "_beyond",
        "_given",
        "_path",
        "_text",
        "_vocabulary",
        "_whole",
        "next_row",
        "span",
    )

    def __init__(self, span: Span, text: bytes, vocabulary: Vocabulary) -> None:
        self.span = span
        self.next_row = span.first
        self._text = text
        self._vocabulary = vocabulary
        self._path = 0.0
        self._given = 0.0
        self._whole: float | None = None
        """Log-probability of the tokens that are the word and no more, its end included."""
        self._beyond: list[float] = []

    def see(self, j: int, start: int, token: int, row: Row) -> None:
        """Take in the row that predicts token `j`.

        Args:
            j: index of the token, from `span.first` to `span.last_row`.
            start: byte offset at which it starts.
            token: its id; any number for the row behind the text's last token.
        """
        span = self.span
        self.next_row = j + 1
        if j > span.last:
            ends = 0.0 if span.single else row.log_mass(self._vocabulary.ends)
            self._whole = self._path + ends
            return
        if j == span.first:
            self._given = row.log_mass(self._vocabulary.given(self._text[start : span.start]))
        word_end = self._text[start : span.end]
        finishing = self._vocabulary.beyond(word_end, span.single)
        if j == span.last and span.reaches_past:
            finishing = self._reach_past(word_end, finishing, token, row)
        if len(finishing):
            self._beyond.append(self._path + row.log_mass(finishing))
        self._path += row.logprob(token)

    def _reach_past(self, word_end: bytes, finishing: Tokens, token: int, row: Row) -> Tokens:
        """The word's last token holds more than the word; the tokens that finish it."""
        if self.span.single:
            # That it goes on like this is not known before the next word: the character's own
            # token is the character as well, and then it is over.
            alone = self._vocabulary.exactly(word_end)
            if alone is not None:
                self._whole = self._path + row.logprob(alone)
        elif token not in finishing:
            # A token that holds the word and then part of a character: what the part belongs
            # to is known from the text, so the token itself counts.
            return np.append(finishing, np.int32(token))
        return finishing

    @property
    def done(self) -> bool:
        """Whether all its rows have been seen."""
        return self.next_row > self.span.last_row

    @property
    def bits(self) -> float:
        """The word's surprisal in bits, once all its rows have been seen."""
        terms = list(self._beyond)
        if self._whole is not None:
            terms.append(self._whole)
        nats = self._given - _log_sum_exp(terms)
        return max(0.0, nats / math.log(2))


def locate(
    words: Iterable[Word], text: str, starts: NDArray[np.int64], before: int = 0
) -> Iterator[Span]:
    """Find words among the tokens of a text, each when it is asked for.

    Args:
        words: in order; their offsets are characters of `text[before:]`.
        text: the text as tokenized.
        starts: (tokens + 1,) byte offset at which each token starts; the last is the length
            of the text.
        before: characters of `text` that come before the passage.
    """
    at_character = 0
    at_byte = 0
    for word in words:
        start = at_byte + len(text[at_character : before + word.start].encode())
        end = start + len(text[before + word.start : before + word.end].encode())
        at_character, at_byte = before + word.end, end
        after_space = word.start + before > 0 and text[before + word.start - 1] == " "
        single = is_single(text[before + word.start])
        yield span_of(word.index, start, end, after_space, single, starts)


def span_of(
    key: int, start: int, end: int, after_space: bool, single: bool, starts: NDArray[np.int64]
) -> Span:
    """A word's place among tokens, from its bytes [start, end)."""
    first = _token_at(starts, start - 1 if after_space else start)
    last = _token_at(starts, end - 1)
    return Span(key, start, end, first, last, single, int(starts[last + 1]) > end)


def token_starts(tokens: Sequence[int], pieces: Sequence[bytes]) -> NDArray[np.int64]:
    """Byte offset at which each token starts, and the length of all: (tokens + 1,)."""
    lengths = np.fromiter((len(pieces[token]) for token in tokens), np.int64, len(tokens))
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))


def _token_at(starts: NDArray[np.int64], byte: int) -> int:
    return int(np.searchsorted(starts, byte, side="right")) - 1


def _log_sum_exp(terms: list[float]) -> float:
    top = max(terms)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(term - top) for term in terms))
