"""What a text is and what its words are (one definition for players, models and files).

All offsets are in characters of the *normalized* text, unless a name says bytes. The text on
the screen has the same length in characters: normalizing only exchanges ’ for ' between
letters after NFC, line ends and the end of the text have been settled for both.
"""

from __future__ import annotations

import hashlib
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import regex

from engine.errors import InputError

_KANA_OR_HAN = r"[[\p{L}\p{N}]&&[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]]"
_IN_WORD = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{_KANA_OR_HAN}]"
_WORD = regex.compile(rf"(?V1){_KANA_OR_HAN}\p{{M}}*|{_IN_WORD}+(?:['’]{_IN_WORD}+)*")
_SINGLE = regex.compile(rf"(?V1){_KANA_OR_HAN}")
_WORD_CHARACTER = regex.compile(r"[\p{L}\p{M}\p{N}]")
_LETTER = regex.compile(r"\p{L}")
_DIGIT = regex.compile(r"\p{N}")
_CURLY_BETWEEN_LETTERS = regex.compile(r"(?<=\p{L}\p{M}*)’(?=\p{L})")
MOST_MARKS = 50
"""Combining marks in a row. Composing takes as many steps as the square of their number."""
_TOO_MANY_MARKS = regex.compile(rf"\p{{M}}{{{MOST_MARKS + 1}}}")
_LINE_ENDS = regex.compile(r"\r\n?")

APOSTROPHES = "'’"


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a normalized text."""

    index: int
    """Its place among the words of the text, from 0."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    text: str
    """As printed, apostrophes straight."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in its two forms of equal length in characters."""

    shown: str
    """What people see: NFC, line ends `\\n`, trailing white space dropped."""
    normalized: str
    """What is read and hashed: `shown` with ' for ’ between letters."""

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the normalized text in UTF-8."""
        return sha256(self.normalized)


def sha256(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def prepare(raw: str) -> Text:
    """Bring a text from outside into the form everything else expects."""
    shown = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", raw)).rstrip()
    return Text(shown, _CURLY_BETWEEN_LETTERS.sub("'", shown))


def decode(raw: bytes, name: str) -> str:
    """UTF-8 bytes of a file as text.

    Raises:
        InputError: the bytes are no text, or none in UTF-8; the sentence names `name`.
    """
    if b"\0" in raw:
        raise InputError(f"{name} is a binary file, not a text.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not valid UTF-8 (byte {error.start}): save it as UTF-8 and try again."
        ) from None


def too_many_marks(text: str) -> int | None:
    """Where more combining marks stand in a row than any script needs; None for nowhere.

    Such a text is to be refused before it is prepared.
    """
    found = _TOO_MANY_MARKS.search(text)
    return None if found is None else found.start()


class Words(Sequence[Word]):
    """The words of a normalized text, each made when it is asked for.

    A book has a hundred thousand of them: only where they lie is kept, 16 bytes for each.
    """

    __slots__ = ("_ends", "_starts", "_text")

    def __init__(self, normalized: str) -> None:
        self._text = normalized
        self._starts = array("q")
        self._ends = array("q")
        for match in _WORD.finditer(normalized):
            start, end = match.span()
            self._starts.append(start)
            self._ends.append(end)

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Word: ...
    @overload
    def __getitem__(self, index: slice) -> list[Word]: ...
    def __getitem__(self, index: int | slice) -> Word | list[Word]:
        if isinstance(index, slice):
            return [self._word(at) for at in range(len(self))[index]]
        return self._word(range(len(self))[index])

    def starting_at(self, start: int) -> Word | None:
        """The word whose first character is at an offset, if one is."""
        index = bisect_left(self._starts, start)
        if index < len(self) and self._starts[index] == start:
            return self._word(index)
        return None

    def _word(self, index: int) -> Word:
        start, end = self._starts[index], self._ends[index]
        return Word(index, start, end, self._text[start:end])


def words(normalized: str) -> Words:
    """All words of a normalized text, in order."""
    return Words(normalized)


def only_word(text: str) -> str | None:
    """The text itself, apostrophes straight, if it is exactly one word; else None."""
    normalized = unicodedata.normalize("NFC", text).replace("’", "'")
    return normalized if _WORD.fullmatch(normalized) else None


def leading_word(spelt: bytes) -> tuple[str, bool]:
    """The word that bytes begin with, and whether it could still go on behind them.

    Empty where they are no word, or end in the middle of a character that may belong to it.
    """
    try:
        text, part = spelt.decode(), False
    except UnicodeDecodeError as error:
        if error.end < len(spelt) or error.reason != "unexpected end of data":
            return "", False
        text, part = spelt[: error.start].decode(), True
    match = _WORD.match(text)
    if match is None:
        return "", not text
    word, behind = match.group(), text[match.end() :]
    goes_on = not behind or (part and behind in APOSTROPHES)
    if is_single(word) or not goes_on:
        return word, goes_on and not part
    return ("" if part else word), True


def is_single(character: str) -> bool:
    """Whether a character is Han or Kana: a word by itself."""
    return _SINGLE.match(character) is not None


def is_word_character(character: str) -> bool:
    """Whether a character is a letter, mark or digit."""
    return _WORD_CHARACTER.match(character) is not None


def n_letters(word: str) -> int:
    """How many letters a word has (marks and digits are none)."""
    return len(_LETTER.findall(word))


def has_digit(word: str) -> bool:
    """Whether a word holds a digit or other number sign."""
    return _DIGIT.search(word) is not None


def fold(word: str) -> str:
    """The form in which words are compared: NFKC, case folded, ’ as '."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    # Folding can leave accents apart from their letters (ΐ), which the next comparison minds.
    return unicodedata.normalize("NFKC", folded).replace("’", "'")
