"""Plain texts from outside, and the parts of long ones that are raced on.

All offsets are in characters, the same in both forms of a `Text`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

from engine.errors import InputError
from engine.words import MOST_MARKS, Text, decode, fold, only_word, prepare, too_many_marks
from puzzles.files import printable, quoted, read
from puzzles.pieces import (
    LONG,
    Closes,
    Piece,
    count_words,
    paragraphs,
    pieces,
    sentences,
    word_spans,
)

FEWEST_WORDS = 60
"""Words a race needs."""
SHORTEST = 240
USUAL = 300
LONGEST = LONG
"""Words of an excerpt; a text of so many is one, whole."""
FARTHEST_START = 150
"""An excerpt begins at most so many words before the word that was asked for."""

_FRONT_MATTER = re.compile(r"---[^\S\n]*\n(?:.*\n)*?(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*\Z)|~{3,})")
_MOST_DIGITS = 9
"""Of the number of a word; no text has more words."""


def load_text(path: Path) -> Text:
    """The text of a file of at most 5 MB in UTF-8.

    Of Markdown (`.md`) a leading YAML block and fenced code are left out, nothing else.

    Raises:
        InputError: the file cannot be read, is no text, or is empty.
    """
    name = printable(str(path))
    text = prepared(read(path, name), name)
    if is_markdown(path.name):
        text = prepare(prose(text.shown))
    if not text.shown:
        raise InputError(f"{name} has no text: choose a file that has some.")
    return text


def prepared(raw: bytes, name: str) -> Text:
    """The text in a file.

    Args:
        raw: what stands in it.
        name: what the sentences call it.

    Raises:
        InputError: it is no text, or one that would take very long to compose.
    """
    text = decode(raw, name)
    if (start := too_many_marks(text)) is not None:
        line = text.count("\n", 0, start) + 1
        raise InputError(
            f"{name} has over {MOST_MARKS} combining marks in a row in line {line}: take some "
            "out."
        )
    return prepare(text)


def excerpts(text: Text) -> tuple[tuple[int, int], ...]:
    """Start and end of the parts of a text that are raced on, in order, none overlapping.

    A text of up to 400 words is one part, whole. Else each has 240 to 400 words, about 300
    where the text allows, from a paragraph's start to a paragraph's end or, if none is there,
    a sentence's; what that leaves of a paragraph is in no part, unless the paragraph is over
    400 words: then the next part begins with the next sentence. The last part may have fewer
    words, 60 at the least. Where no sentence ends, parts end with any word.
    """
    ahead = _Ahead(pieces(text))
    if ahead.ended:
        return ((0, len(text.shown)),)
    found: list[tuple[int, int]] = []
    while ahead.n_words >= FEWEST_WORDS:
        found.append(ahead.take())
    return tuple(found)


def excerpt_from(text: Text, where: str) -> tuple[int, int]:
    """Start and end of the excerpt that begins with the paragraph of a given word.

    With the sentence instead if the paragraph began over 150 words before, and with the word
    itself if the sentence did too.

    Args:
        text: the whole text.
        where: number of the word, from 1, or the word, of which the first occurrence counts.

    Raises:
        InputError: there is no such word, or fewer than 60 words remain.
    """
    where = where.strip()
    if where.isdecimal():
        at = _numbered(text.normalized, where)
    else:
        at = _first(text.normalized, where)
    ahead = _Ahead(pieces(text, _start_before(text, at)))
    if ahead.n_words < FEWEST_WORDS:
        raise InputError(
            f"From {quoted(where)} on the text has only {ahead.n_words} words, and a race "
            f"needs {FEWEST_WORDS}: begin earlier."
        )
    return ahead.take()


def cut(text: Text, start: int, end: int) -> Text:
    """A part of a text as a text of its own, without white space at its ends."""
    return prepare(text.shown[start:end].lstrip())


class _Ahead:
    """The pieces from where the next excerpt begins: just over its longest, or to the end."""

    def __init__(self, source: Iterator[Piece]) -> None:
        self._source = source
        self._pieces: deque[Piece] = deque()
        self._fill()

    def _fill(self) -> None:
        self.n_words = sum(piece.n_words for piece in self._pieces)
        self.ended = False
        """Whether the text ends within the pieces."""
        while self.n_words <= LONGEST and not self.ended:
            following = next(self._source, None)
            if following is None:
                self.ended = True
            else:
                self._pieces.append(following)
                self.n_words += following.n_words

    def take(self) -> tuple[int, int]:
        """The next excerpt; what comes ahead then begins the one after it."""
        start = self._pieces[0].start
        taken = [self._pieces.popleft() for _ in range(self._best_length())]
        while self._pieces and not self._pieces[0].may_start:
            self._pieces.popleft()
            self._pieces.extend(islice(self._source, 1))
        self._fill()
        return start, taken[-1].end

    def _best_length(self) -> int:
        """How many pieces make the best excerpt."""
        if self.ended:
            return len(self._pieces)
        best = (Closes.WORD + 1, 0, 0)
        n_words = 0
        for n, (piece, following) in enumerate(pairwise(self._pieces), start=1):
            n_words += piece.n_words
            if n_words >= SHORTEST:
                # What no excerpt can begin with is lost: then as little as possible.
                wanted = USUAL if following.may_start else LONGEST
                best = min(best, (piece.closes, abs(n_words - wanted), n))
        return best[-1]


def is_markdown(name: str) -> bool:
    """Whether a file is Markdown, by its name."""
    return name.lower().endswith((".md", ".markdown"))


def prose(markdown: str) -> str:
    """Markdown without a leading YAML block and without fenced code."""
    front = _FRONT_MATTER.match(markdown)
    kept: list[str] = []
    fence = ""
    for line in markdown[front.end() if front else 0 :].split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence = mark.group(1)
            # What stands before code and after it are two paragraphs.
            kept.append("")
        elif not fence:
            kept.append(line)
        elif mark and mark.group(1).startswith(fence) and not line[mark.end() :].strip():
            fence = ""
    return "\n".join(kept)


def _numbered(normalized: str, number: str) -> int:
    """Offset of the word with a number from 1."""
    spans = word_spans(normalized, 0, len(normalized))
    place = int(number) - 1 if len(number) <= _MOST_DIGITS else -1
    if place >= 0 and (found := next(islice(spans, place, None), None)) is not None:
        return found[0]
    n_words = count_words(normalized, 0, len(normalized))
    raise InputError(
        f"The text has no word number {quoted(number)}: choose one from 1 to {n_words}."
    )


def _first(normalized: str, word: str) -> int:
    """Offset of the first occurrence of a word."""
    if only_word(word) is None:
        raise InputError(f"{quoted(word)} is not one word: give a word or its number.")
    wanted = fold(word)
    for start, end in word_spans(normalized, 0, len(normalized)):
        if fold(normalized[start:end]) == wanted:
            return start
    raise InputError(f"The text has no word {quoted(word)}: choose one that it has.")


def _start_before(text: Text, at: int) -> int:
    """Where an excerpt begins that is to hold the word at an offset."""
    start, end = next(span for span in paragraphs(text.shown) if span[1] > at)
    if count_words(text.normalized, start, at) <= FARTHEST_START:
        return start
    start = next(first for first, stop in sentences(text.shown, start, end) if stop > at)
    return start if count_words(text.normalized, start, at) <= FARTHEST_START else at
