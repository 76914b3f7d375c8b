"""The file of a book's chapters: XHTML, however badly it is written, as plain paragraphs."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from engine.words import fold, words
from puzzles.documents import Chapter, chapter, one_line

FEWEST_WORDS = 20
"""What has fewer is a title page and the like, and no chapter."""

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = _HEADINGS | {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div"),
    *("dl", "dt", "figcaption", "figure", "footer", "form", "header", "hr", "html", "li"),
    *("main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"),
}
_LEFT_OUT = {
    *("audio", "canvas", "head", "iframe", "math", "noscript", "object", "rp", "rt", "script"),
    *("style", "svg", "template", "title", "video"),
}
_LONGEST_NOTE_MARK = 5
_SECTION = re.compile(r"<!\[(?:CDATA\[)?")
_BLANK = re.compile(r"[ \t\n\r\f]+")
_BLANK_IN_LINE = re.compile(r"[ \t\r\f]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_MANY_BREAKS = re.compile(r"\n{3,}")
# Marks of layout that stand within words.
_LAYOUT = str.maketrans("", "", "\u00ad\ufeff\u2060")


@dataclass(slots=True)
class Titles:
    """What the table of contents calls a file and, by their ids, places in it."""

    whole: str = ""
    places: dict[str, str] = field(default_factory=dict[str, str])


def chapters_in(raw: bytes, titles: Titles) -> Iterator[Chapter]:
    """The chapters of a file, each begun by an entry of the table of contents."""
    reader = _Reader(titles)
    # What never ends is left out by not closing the reader; the last words are no such thing.
    reader.feed(_SECTION.sub(_section, _decoded(raw)) + "<p>")
    reader.end_block()
    if (
        sum(len(words(block.text)) for part in reader.parts for block in part.blocks)
        < FEWEST_WORDS
    ):
        return
    for part in reader.parts:
        title, blocks = _titled(part)
        found = chapter(title, "\n\n".join(block.text for block in blocks))
        if found is not None:
            yield found


def _section(match: re.Match[str]) -> str:
    """Marked sections: their text is text, and the parser fails at those it does not know."""
    return "" if match.group().endswith("[CDATA[") else "<!"


def _decoded(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Books that are not what they should be are nearly all in this.
        return raw.decode("cp1252", errors="replace")


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph or heading."""

    text: str
    heading: bool


@dataclass(slots=True)
class _Part:
    """What an entry of the table of contents begins."""

    title: str
    blocks: list[_Block] = field(default_factory=list[_Block])


def _titled(part: _Part) -> tuple[str, list[_Block]]:
    """Title and text of a part; its title, if that is printed as a heading, is in no text."""
    blocks = part.blocks
    if not part.title:
        at = next((n for n, block in enumerate(blocks) if block.heading), None)
        if at is None:
            return "", blocks
        return one_line(blocks[at].text), blocks[:at] + blocks[at + 1 :]
    title = _compared(part.title)
    n_headings = 0
    for block in blocks:
        line = _compared(block.text)
        if line != title and not (block.heading and line in title):
            break
        n_headings += 1
    return part.title, blocks[n_headings:]


def _compared(line: str) -> str:
    """The words of a line, each with spaces around, as far as headings and titles agree."""
    return "".join(f" {fold(word.text)} " for word in words(line))


class _Reader(HTMLParser):
    """The paragraphs of a chapter's file, however badly it is written."""

    def __init__(self, titles: Titles) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = [_Part(titles.whole)]
        self._places = dict(titles.places)
        self._next_part: _Part | None = None
        self._line: list[str] = []
        self._heading = False
        self._n_pre = 0
        self._left_out = ""
        self._n_left_out = 0
        self._links = 0
        self._mark: tuple[str, int, bool] | None = None
        """Of what may be the mark of a note: tag, where it began, whether it is a link."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = tag.rpartition(":")[2]
        if self._left_out and tag != "body":
            self._n_left_out += tag == self._left_out
            return
        self._left_out = ""
        if tag in _BLOCKS:
            self.end_block()
        given = dict(attrs)
        self._begin_part(given.get("id") or given.get("name") or "")
        if tag in _LEFT_OUT:
            self._left_out, self._n_left_out = tag, 1
        elif tag == "br":
            self._line.append("\n")
        elif tag in ("td", "th"):
            self._line.append(" ")
        elif tag == "pre":
            self._n_pre += 1
        elif tag in _HEADINGS:
            self._heading = True
        elif tag in ("a", "sup"):
            self._begin_mark(tag, given)

    def handle_endtag(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if self._left_out:
            self._n_left_out -= tag == self._left_out
            if self._n_left_out == 0:
                self._left_out = ""
            return
        if self._mark is not None and self._mark[0] == tag:
            _, start, linked = self._mark
            self._mark = None
            if linked and len("".join(self._line[start:]).strip()) <= _LONGEST_NOTE_MARK:
                del self._line[start:]
        if tag == "a":
            self._links = max(0, self._links - 1)
        if tag in _BLOCKS:
            self.end_block()
        if tag in _HEADINGS:
            self._heading = False
        if tag == "pre":
            self._n_pre = max(0, self._n_pre - 1)

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            blank = _BLANK_IN_LINE if self._n_pre else _BLANK
            self._line.append(blank.sub(" ", data))

    def end_block(self) -> None:
        """What comes now is another paragraph."""
        line = _BLANK_IN_LINE.sub(" ", "".join(self._line)).translate(_LAYOUT)
        text = _MANY_BREAKS.sub("\n\n", _AROUND_BREAK.sub("\n", line)).strip()
        self._line, self._mark, self._links = [], None, 0
        if text:
            self.parts[-1].blocks.append(_Block(text, self._heading))
        if self._next_part is not None:
            self.parts.append(self._next_part)
            self._next_part = None

    def _begin_part(self, place: str) -> None:
        """Begin what the table of contents says begins here; within a paragraph, behind it."""
        title = self._places.pop(place, None)
        if title is not None:
            self._next_part = _Part(title)
            if not any(piece.strip() for piece in self._line):
                self.end_block()

    def _begin_mark(self, tag: str, given: dict[str, str | None]) -> None:
        linked = tag == "a" and given.get("href") is not None
        self._links += linked
        if self._mark is not None:
            self._mark = (*self._mark[:2], self._mark[2] or linked)
        elif tag == "sup":
            self._mark = (tag, len(self._line), self._links > 0)
        elif linked and "noteref" in f"{given.get('epub:type')} {given.get('role')}":
            self._mark = (tag, len(self._line), True)
