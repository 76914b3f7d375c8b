r"""Targets marked in a text: `[[word]]` marks, `\[[` is a literal `[[`.

All other brackets are ordinary text, a `]]` that closes nothing too; a `[` may stand right
before a mark (`[[[word]]]` is a marked word in brackets).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from engine.errors import PackError
from engine.words import Text, Word, has_digit, prepare, words
from puzzles.files import quoted

MOST_FAULTS = 20
"""Faults told of one text; reading stops there."""

_NOT_CLOSED = "[[ is not closed: write ]] behind the word, or \\[[ for plain brackets."
_BRACKETS = re.compile(r"\\\[\[|\[\[+|\]\]")


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its brackets, and the words that were marked."""

    text: Text
    targets: tuple[Word, ...]
    """In order, with their index among all words of the normalized text."""
    n_words: int
    """Of the text."""


class MarkupError(PackError):
    """Marks that break the rules."""

    def __init__(self, faults: tuple[tuple[int, str], ...]) -> None:
        super().__init__("\n".join(f"line {line}: {message}" for line, message in faults))
        self.faults = faults
        """Line of the text, from 1, and sentence of each fault."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A pair of brackets: offsets in the text without brackets, line from 1."""

    start: int
    end: int
    line: int


def parse(text: str) -> Marked:
    """A text and its marked words.

    Raises:
        MarkupError: a mark is not closed, or not around exactly one word without digits.
    """
    # Composed first: taking out brackets from a composed text leaves it composed, unless a
    # bracket stood within a character, and such a mark is refused. So no offset moves later.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    plain, marks, faults = _take_out(unicodedata.normalize("NFC", lines))
    found = words(plain)
    marked: list[Word] = []
    for mark in marks:
        if len(faults) >= MOST_FAULTS:
            break
        word = found.starting_at(mark.start)
        if (message := _wrong(plain, mark, word)) is not None:
            faults.append((mark.line, message))
        elif word is not None:
            marked.append(word)
    if faults:
        raise MarkupError(tuple(sorted(faults, key=lambda fault: fault[0])))
    prepared = prepare(plain)
    targets = (
        Word(word.index, word.start, word.end, prepared.normalized[word.start : word.end])
        for word in marked
    )
    return Marked(prepared, tuple(targets), len(found))


def _take_out(text: str) -> tuple[str, list[_Mark], list[tuple[int, str]]]:
    """The text without brackets, its closed marks, and the faults of brackets alone."""
    pieces: list[str] = []
    marks: list[_Mark] = []
    faults: list[tuple[int, str]] = []
    opened: tuple[int, int] | None = None
    length, line, done = 0, 1, 0
    for match in _BRACKETS.finditer(text):
        if len(faults) >= MOST_FAULTS:
            break
        token = match.group()
        piece = text[done : match.start()]
        done = match.end()
        line += piece.count("\n")
        if token == "]]" and opened is not None:
            start, opened_on = opened
            marks.append(_Mark(start, length + len(piece), opened_on))
            opened = None
        elif token.startswith("[["):
            if opened is not None:
                faults.append((opened[1], _NOT_CLOSED))
            elif len(token) > 3:
                faults.append((line, "too many [ in a row: a mark is [[word]]."))
            piece += "[" * (len(token) - 2)
            opened = (length + len(piece), line) if len(token) <= 3 else None
        else:
            piece += token.removeprefix("\\")
        pieces.append(piece)
        length += len(piece)
    if opened is not None and len(faults) < MOST_FAULTS:
        faults.append((opened[1], _NOT_CLOSED))
    pieces.append(text[done:])
    return "".join(pieces), marks, faults


def _wrong(plain: str, mark: _Mark, word: Word | None) -> str | None:
    """What is wrong with a mark, given the word that starts where it starts."""
    content = plain[mark.start : mark.end]
    shown = f"[[{quoted(content)[1:-1]}]]"
    if word is None or word.end != mark.end:
        inside = words(content)
        if len(inside) > 1:
            return f"{shown} holds {len(inside)} words: mark exactly one."
        if not inside:
            return f"{shown} holds no word: put the brackets around one."
        if inside[0].text != content:
            return f"{shown} holds more than a word: leave only the word in the brackets."
        return f"{shown} is only a part of a word: mark the whole word."
    # Beside a whole word stands no combining mark, so only these few characters can compose.
    around = plain[max(0, mark.start - 1) : mark.end + 1]
    if not unicodedata.is_normalized("NFC", around):
        return f"{shown} cuts a character in two: put the brackets around a whole word."
    if has_digit(content):
        return f"{shown} holds a digit: mark a word without digits."
    return None
