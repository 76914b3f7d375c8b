"""Markdown as a document: its headings begin chapters, and marks become what they mean.

What may be meant otherwise stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from engine.errors import InputError
from engine.words import words
from puzzles.documents import Document, chapter, one_line
from puzzles.front_matter import front_matter
from puzzles.texts import prose

_MOST_MARKS = 100_000
"""Line ends and characters that may be marks: reading takes some microseconds for each."""
_MARKS = "\n[]!<>|`*_&\\#"
_LONGEST = 20_000
"""Characters of a paragraph within which marks are looked for."""

_ADDRESS = re.compile(r"[/#@:]|\w\.\w")
_SMALL_TAG = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|em|i|img|kbd|mark|q|s|small|span|strong|sub|sup|u|wbr)\b"
    r"[^<>]*>|<!--.*-->",
    re.IGNORECASE | re.DOTALL,
)
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_ONLY_MARKUP = re.compile(r"(?:<!--(?:[^-]|-(?!->))*+-->|</?[A-Za-z][^<>]*+>|\s++)*+")


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph or the like, without marks."""

    text: str
    start: int
    end: int
    """Lines that it stands on."""
    level: int = 0
    """Of a heading: 1 to 6."""
    divides: bool = False
    """Whether it begins a chapter."""


class _Parser(MarkdownIt):
    """What is Markdown for sure."""

    def validateLink(self, url: str) -> bool:
        """Whether it is an address; in `[Anna]: Yes.` and `[sic](thus)` none is meant."""
        return _ADDRESS.search(url) is not None


def read_markdown(shown: str) -> Document:
    """The chapters of a text in Markdown: each heading of the first two levels begins one.

    Emphasis, code within lines, links, quotes and tables lose their marks. Left out are a
    leading YAML block, which may name title, author and language, fenced code, pictures and
    comments. There may be no chapter at all.

    Raises:
        InputError: it has more marks than any text that is to be read.
    """
    if sum(map(shown.count, _MARKS)) > _MOST_MARKS:
        raise InputError(f"this text has over {_MOST_MARKS:,} lines and marks: divide it.")
    front = front_matter(shown)
    found = list(_sections(prose(shown)))
    first = next((title for title, _ in found if title), "")
    chapters = (chapter(title, body) for title, body in found)
    return Document(
        title=one_line(front.get("title", first)),
        author=one_line(front.get("author", "")),
        language=one_line(front.get("lang", front.get("language", ""))),
        chapters=tuple(part for part in chapters if part is not None),
    )


def _sections(markdown: str) -> Iterator[tuple[str, str]]:
    """Title and text of what each heading of the first two levels begins."""
    title = ""
    body: list[_Block] = []
    for block in _blocks(markdown):
        if block.divides:
            yield title, _joined(body)
            title, body = one_line(block.text), []
        elif block.text:
            body.append(block)
    yield title, _joined(body)


def _joined(blocks: list[_Block]) -> str:
    """A text of blocks: a blank line is between them where one is, and around headings."""
    parts = [block.text for block in blocks[:1]]
    for before, block in pairwise(blocks):
        near = before.end == block.start and not before.level and not block.level
        parts += ["\n" if near else "\n\n", block.text]
    return "".join(parts)


def _blocks(markdown: str) -> Iterator[_Block]:
    """What is to be read, in order; the texts of some may be empty."""
    # Marks within paragraphs are looked for afterwards, and not in those that are too long.
    parser = _Parser("commonmark").enable("table").disable("inline")
    env: dict[str, object] = {}
    lines = markdown.split("\n")
    tokens = parser.parse(markdown, env)
    item = ""
    start = end = 0
    cells: list[str] = []
    for n, token in enumerate(tokens):
        start, end = token.map or (start, end)
        if token.type == "list_item_open":
            item += f"{token.info}{token.markup} "
        elif token.type == "list_item_close":
            item = ""
        elif token.type == "tr_close":
            # Between the head of a table and the rest there is a line of marks only.
            n_marks = tokens[n - 1].tag == "th"
            yield _Block(" ".join(cells).strip(), start, end + n_marks)
            cells = []
        elif token.type == "hr":
            yield _Block(lines[start].strip(" \t>"), start, end)
        elif token.type == "code_block" or (
            token.type == "html_block" and not _ONLY_MARKUP.fullmatch(token.content)
        ):
            yield _Block(token.content.strip("\n"), start, end)
        elif token.type == "inline":
            text = _plain(parser, token.content, env)
            opened = tokens[n - 1]
            if opened.tag in ("td", "th"):
                cells.append(text)
            elif opened.type == "heading_open":
                yield from _heading(opened, text, lines)
            else:
                yield _Block(item + text if text else "", start, end)
            item = ""


def _heading(opened: Token, text: str, lines: list[str]) -> Iterator[_Block]:
    """A heading, unless it may be a paragraph above a line that divides."""
    start, end = opened.map or (0, 0)
    if opened.markup in ("-", "=") and ("\n" in text or not words(text)):
        yield _Block(text, start, end - 1)
        yield _Block(lines[end - 1].strip(" \t>"), end - 1, end)
    else:
        level = int(opened.tag[1:])
        yield _Block(text, start, end, level, divides=level <= 2 and opened.level == 0)


def _plain(parser: MarkdownIt, content: str, env: dict[str, object]) -> str:
    """What is within a paragraph, without marks."""
    if len(content) > _LONGEST:
        return content
    tokens: list[Token] = []
    parser.inline.parse(content, parser, env, tokens)
    parts: list[str] = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "image" and parts:
            parts[-1] = parts[-1].rstrip(" ")
        elif token.type == "html_inline" and _SMALL_TAG.fullmatch(token.content):
            parts.append("\n" if _BREAK.match(token.content) else "")
        elif token.type in ("text", "text_special", "code_inline", "html_inline"):
            parts.append(token.content)
    return "".join(parts).strip()
