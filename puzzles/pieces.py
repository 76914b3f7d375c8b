"""How a text divides into paragraphs, sentences and words, in one pass.

All offsets are in characters, the same in both forms of a `Text`. Everything here is an
iterator, so that of 5 MB never more than a little is held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain, islice
from typing import TypeAlias

import regex

from engine.words import Text, words

LONG = 400
"""Only within a paragraph of more words may an excerpt begin."""

_STEP = 20
"""Words after which even an endless sentence may be cut."""
_SLICE = 4_000
"""Characters whose words are held at once."""

_BLANK_LINE = re.compile(r"\n[^\S\n]*+\n")
_INK = re.compile(r"\S")
_CLOSING = r"[\"'”’»›)\]}」』）】〉》]*+"
# The scripts of the second kind of ends put no space behind them.
_SENTENCE_END = re.compile(rf"(?<![.!?…])[.!?…]++{_CLOSING}(?=\s|\Z)|[。！？]++{_CLOSING}")
_ABBREVIATION = regex.compile(
    r"(?:\A|[^\p{L}\p{M}\p{N}])(?:Mr|Mrs|Ms|Dr|St|Prof|Rev|Capt|Col|Gen|Lt|Sgt|Jr|Sr|Mme|Mlle"
    r"|etc|vs|cf|e\.g|i\.e|\p{Lu})\Z"
)
_LONGEST_ABBREVIATION = 4


class Closes(IntEnum):
    """What ends with a piece of text; the less, the better a place to cut."""

    PARAGRAPH = 0
    SENTENCE = 1
    WORD = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence, or at most 20 words of a longer one."""

    start: int
    end: int
    n_words: int
    closes: Closes
    may_start: bool
    """An excerpt may begin with it: it begins a paragraph, or its paragraph is too long."""


_Span: TypeAlias = tuple[int, int, int, Closes]
"""The fields of a piece but for the last."""


def pieces(text: Text, start: int = 0) -> Iterator[Piece]:
    """The pieces of a text; what stands at `start` begins a paragraph."""
    for first, end in paragraphs(text.shown, start):
        spans = _spans(text, first, end)
        head: list[_Span] = []
        n_words = 0
        while n_words <= LONG and (span := next(spans, None)) is not None:
            head.append(span)
            n_words += span[2]
        for span in chain(head, spans):
            yield Piece(*span, may_start=n_words > LONG or span[0] == first)


def paragraphs(shown: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Start and end of what stands between blank lines, without white space at the ends."""
    ends = (gap.span() for gap in _BLANK_LINE.finditer(shown, start))
    for end, after in chain(ends, [(len(shown), len(shown))]):
        first = _ink(shown, start, end)
        if first < end:
            yield first, first + len(shown[first:end].rstrip())
        start = after


def sentences(shown: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence of a paragraph."""
    for match in _SENTENCE_END.finditer(shown, start, end):
        before = shown[max(start, match.start() - _LONGEST_ABBREVIATION - 1) : match.start()]
        abbreviated = match.group() == "." and _ABBREVIATION.search(before)
        if match.end() < end and not abbreviated:
            yield start, match.end()
            start = _ink(shown, match.end(), end)
    yield start, end


def word_spans(normalized: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each word between two offsets."""
    size = _SLICE
    while start < end:
        stop = min(start + size, end)
        found = words(normalized[start:stop])
        # The last word of a slice may go on behind it: it is taken with the next.
        whole = found if stop == end else found[:-1]
        for word in whole:
            yield start + word.start, start + word.end
        size = _SLICE if whole or not found else size * 2
        start = start + found[-1].start if found and stop < end else stop


def count_words(normalized: str, start: int, end: int) -> int:
    """How many words stand between two offsets."""
    return sum(1 for _ in word_spans(normalized, start, end))


def _spans(text: Text, start: int, end: int) -> Iterator[_Span]:
    """The pieces of a paragraph; what has no words goes with its neighbours."""
    held: _Span | None = None
    wordless: int | None = None
    for first, stop in sentences(text.shown, start, end):
        wordless = first if wordless is None else wordless
        words_left = word_spans(text.normalized, first, stop)
        while run := list(islice(words_left, _STEP)):
            if held is not None:
                yield held
            begin = run[0][0] if wordless is None else wordless
            held = begin, run[-1][1], len(run), Closes.WORD
            wordless = None
        if held is not None and wordless is None:
            held = _closed(held, stop, Closes.SENTENCE)
    if held is not None:
        yield _closed(held, end, Closes.PARAGRAPH)


def _closed(span: _Span, end: int, closes: Closes) -> _Span:
    begin, _, n_words, _ = span
    return begin, end, n_words, closes


def _ink(shown: str, start: int, end: int) -> int:
    """Offset of the first character that is no white space; `end` where there is none."""
    found = _INK.search(shown, start, end)
    return found.start() if found else end
