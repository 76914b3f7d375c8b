"""Texts of several chapters from outside, in a form that a pack can hold.

What is in a `Document` is clean: no character that `puzzles.schema` refuses, line ends `\\n`,
composed. Words and punctuation are those of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import regex

from engine.errors import InputError
from engine.words import Text, decode, prepare, words
from puzzles.files import printable, read
from puzzles.texts import is_markdown, prose

MOST_BYTES_EPUB = 32_000_000
LONGEST_TITLE = 100
"""Characters of a title, of a document or chapter."""

_LINE_ENDS = re.compile(r"\r\n?|\f")
_CONTROL = regex.compile(r"(?V1)[\p{Cc}--[\n\t]]")
_INVISIBLE = regex.compile(r"[\p{Co}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")

_FRONT_LINE = re.compile(r"(title|author|lang|language)[ \t]*:[ \t]*(\S.*)", re.IGNORECASE)
_HASHES = re.compile(r" {0,3}#{1,2}(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*")
_NO_HEADING = re.compile(r"\s*\Z| {4}|\t| {0,3}(?:[>|#]|[-*+][ \t]|\d+[.)][ \t]|[-=*_ ]+\Z)")
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_MARK = re.compile(r"\\([!-/:-@\[-`{-~])|\*+|`+|(?<!\w)_+|_+(?!\w)|<[^<>]*>")


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
    if path.suffix.lower() == ".epub":
        # What reads EPUBs is imported only for them, and needs what is defined here.
        from puzzles.epub import read_epub

        try:
            document = read_epub(read(path, name, MOST_BYTES_EPUB))
        except InputError as error:
            raise _in_file(name, error) from None
    else:
        shown = prepare(decode(read(path, name), name)).shown
        document = _markdown(shown) if is_markdown(path.name) else _plain(shown)
    if not document.chapters:
        raise InputError(f"{name} has no text: choose a file that has some.")
    title = document.title or one_line(path.stem)
    return Document(title, document.author, document.language, document.chapters)


def clean(raw: str) -> Text:
    """A text without the characters that a pack may not hold, nor blank lines in front.

    Control characters become spaces, and what only steers writing is gone.
    """
    lines = _LINE_ENDS.sub("\n", raw)
    held = _INVISIBLE.sub("", _CONTROL.sub(" ", lines))
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


def _markdown(shown: str) -> Document:
    front = _front_matter(shown)
    found = [(title, chapter(title, body)) for title, body in _sections(prose(shown))]
    first = next((title for title, _ in found if title), "")
    return Document(
        title=one_line(front.get("title", first)),
        author=one_line(front.get("author", "")),
        language=one_line(front.get("lang", front.get("language", ""))),
        chapters=tuple(part for _, part in found if part is not None),
    )


def _front_matter(shown: str) -> dict[str, str]:
    """Of a leading YAML block, the lines that name title, author and language."""
    lines = iter(shown.split("\n"))
    found: dict[str, str] = {}
    if next(lines).rstrip() != "---":
        return found
    for line in lines:
        if line.rstrip() in ("---", "..."):
            return found
        match = _FRONT_LINE.fullmatch(line.rstrip())
        # What begins with these is no simple value.
        if match is not None and match.group(2)[0] not in "[{|>&*!":
            found.setdefault(match.group(1).lower(), _unquoted(match.group(2)))
    return {}


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return value[1:-1]
    return value


def _sections(markdown: str) -> Iterator[tuple[str, str]]:
    """Title and text of what each heading of the first two levels begins."""
    title = ""
    body: list[str] = []
    for line in markdown.split("\n"):
        hashes = _HASHES.fullmatch(line)
        underlined = hashes is None and _UNDERLINE.fullmatch(line) and _may_be_title(body)
        if hashes is None and not underlined:
            body.append(line)
            continue
        heading = body.pop() if hashes is None else hashes.group(1) or ""
        yield title, "\n".join(body)
        title, body = _without_marks(heading), []
    yield title, "\n".join(body)


def _may_be_title(body: list[str]) -> bool:
    """Whether the last line is a paragraph by itself, so that an underline makes it a title."""
    if not body or _NO_HEADING.match(body[-1]):
        return False
    return len(body) == 1 or not body[-2].strip()


def _without_marks(heading: str) -> str:
    """A heading without the marks of links, emphasis and code."""
    short = heading[: 10 * LONGEST_TITLE].strip()
    return one_line(_MARK.sub(r"\1", _LINK.sub(r"\1", short)))
