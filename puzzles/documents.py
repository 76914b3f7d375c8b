"""Texts of several chapters from outside, in a form that a pack can hold.

What is in a `Document` is clean: no character that a pack may not hold, line ends `\\n`,
composed. Words and punctuation are those of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.words import Text, prepare, words
from puzzles.characters import allowed
from puzzles.files import printable, read
from puzzles.texts import is_markdown, prepared

MOST_BYTES_EPUB = 32_000_000
LONGEST_TITLE = 100
"""Characters of a title, of a document or chapter."""

_LINE_ENDS = re.compile(r"\r\n?|\f")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a document that belongs together."""

    title: str
    """One line; empty for none."""
    text: Text
    """Without the title; has a word."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text from outside."""

    title: str
    author: str
    language: str
    """Each one line; empty where the file does not say."""
    chapters: tuple[Chapter, ...]
    """In reading order; at least one."""


def load_document(path: Path) -> Document:
    """The document in a file: an EPUB of at most 32 MB, else text of at most 5 MB in UTF-8.

    EPUB and Markdown are told by their names. A text is one chapter; of Markdown each heading
    of the first two levels begins one. Where the file names no title, its own name is it.

    Raises:
        InputError: the file cannot be read, is not of its form, or has no text.
    """
    name = printable(str(path))
    is_epub = path.suffix.lower() == ".epub"
    raw = read(path, name, MOST_BYTES_EPUB) if is_epub else read(path, name)
    shown = "" if is_epub else prepared(raw, name).shown
    # What reads books and Markdown is imported only for them, and needs what is defined here.
    try:
        if is_epub:
            from puzzles.epub import read_epub

            document = read_epub(raw)
        elif is_markdown(path.name):
            from puzzles.markdown import read_markdown

            document = read_markdown(shown)
        else:
            document = _plain(shown)
    except InputError as error:
        raise _in_file(name, error) from None
    if not document.chapters:
        raise InputError(f"{name} has no text: choose a file that has some.")
    title = document.title or one_line(path.stem)
    return Document(title, document.author, document.language, document.chapters)


def clean(raw: str) -> Text:
    """A text without the characters that a pack may not hold, nor blank lines in front.

    Control characters become spaces, and what only steers writing is gone.
    """
    held = allowed(_LINE_ENDS.sub("\n", raw))
    return prepare(_LEADING_BLANK_LINES.sub("", held))


def one_line(raw: str, most: int = LONGEST_TITLE) -> str:
    """A clean text in one line, `most` characters at the most, cut between words if it can."""
    line = " ".join(clean(raw).shown.split())
    if len(line) <= most:
        return line
    head = line[:most]
    return (head.rpartition(" ")[0] or head[:-1]) + "…"


def chapter(title: str, raw: str) -> Chapter | None:
    """A chapter of what was read; None where there is no word."""
    text = clean(raw)
    return Chapter(one_line(title), text) if words(text.normalized) else None


def _in_file(name: str, error: InputError) -> InputError:
    """The same faults, a line each, with the file's name in front."""
    return InputError("\n".join(f"{name}: {line}" for line in str(error).split("\n")))


def _plain(shown: str) -> Document:
    only = chapter("", shown)
    return Document("", "", "", (only,) if only else ())
