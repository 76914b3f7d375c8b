"""Books in the form EPUB, versions 2 and 3: their chapters as plain text.

Nothing outside the book is looked at, whatever it refers to.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import cast
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree as _ElementTree  # pyright: ignore[reportMissingTypeStubs]
from defusedxml.common import (  # pyright: ignore[reportMissingTypeStubs]
    DefusedXmlException,
)

from engine.errors import InputError
from engine.words import fold, words
from puzzles.documents import Chapter, Document, chapter, one_line
from puzzles.files import printable
from puzzles.zips import EPUB, Archive, open_archive

FEWEST_WORDS = 20
"""What has fewer is a title page and the like, and no chapter."""

_MOST_XML = 3_000_000
"""Bytes of a file of the book's frame; its chapters may be larger."""
_MOST_TAGS = 1_000_000
"""Of all chapters: reading takes a few microseconds for each."""
_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Methods that hide fonts, never text."""
_NCX = "application/x-dtbncx+xml"
_CHAPTERS = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_TYPE = "{http://www.idpf.org/2007/ops}type"
_NO_CHAPTER = {
    "cover",
    "title-page",
    "titlepage",
    "toc",
    "copyright-page",
    "index",
    "loi",
    "lot",
}

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


@dataclass(frozen=True, slots=True)
class _Package:
    """What the book says of itself."""

    title: str
    author: str
    language: str
    spine: tuple[str, ...]
    """Names of the chapters' files, in reading order."""
    contents: tuple[str, ...]
    """Names of the files with a table of contents, the best first."""
    guide: dict[str, str]
    """Kind of what is in a file, by its name, where the book tells."""


@dataclass(slots=True)
class _Titles:
    """What the table of contents calls a file and, by their ids, places in it."""

    whole: str = ""
    places: dict[str, str] = field(default_factory=dict[str, str])


def read_epub(raw: bytes) -> Document:
    """The chapters of a book, in reading order, with the titles of its table of contents.

    Left out are what the book sets beside its text (`linear="no"`), its table of contents,
    title pages, pictures, and the marks of notes. There may be no chapter at all.

    Raises:
        InputError: it is no EPUB, is damaged or protected, or breaks the limits of archives.
    """
    archive = open_archive(raw, EPUB)
    if _CONTAINER not in archive.names:
        raise InputError(f"this is no EPUB, for it has no {_CONTAINER}: choose another file.")
    package = _package(archive)
    _refuse_protected(archive, package.spine)
    titles, kinds = _contents(archive, package)
    left_out = {name for name, kind in kinds.items() if kind in _NO_CHAPTER}
    found: list[Chapter] = []
    n_tags = 0
    for name in package.spine:
        if name in left_out or name in package.contents:
            continue
        raw = archive.read(name)
        n_tags += raw.count(b"<")
        if n_tags > _MOST_TAGS:
            raise InputError(f"this book has over {_MOST_TAGS:,} tags: choose another.")
        found += _chapters(raw, titles.get(name, _Titles()))
    return Document(package.title, package.author, package.language, tuple(found))


def _xml(archive: Archive, name: str) -> Element:
    """A file of the frame, read by a parser that knows the harm XML can do."""
    raw = archive.read(name)
    where = printable(name)
    if len(raw) > _MOST_XML:
        raise InputError(f"{where} is over {_MOST_XML // 1_000_000} MB: get the book again.")
    parse = cast("Callable[[bytes], Element]", _ElementTree.fromstring)  # pyright: ignore
    try:
        return parse(raw)
    except DefusedXmlException:
        message = "declares entities, as only harmful files do: choose another book."
        raise InputError(f"{where} {message}") from None
    except (ParseError, ValueError, LookupError):
        raise InputError(f"{where} is not valid XML: get the book again.") from None


def _package(archive: Archive) -> _Package:
    name = ""
    for rootfile in _xml(archive, _CONTAINER).iterfind(".//{*}rootfile"):
        name = name or _resolved("", rootfile.get("full-path", ""))[0]
    if name not in archive.names:
        message = "does not name the book's package: get the book again."
        raise InputError(f"{_CONTAINER} {message}")
    root = _xml(archive, name)
    items = {item.get("id", ""): item for item in root.iterfind("{*}manifest/{*}item")}
    files = {id: _resolved(name, item.get("href", ""))[0] for id, item in items.items()}
    spine = root.find("{*}spine")
    refs = [] if spine is None else list(spine.iterfind("{*}itemref"))
    chapters = [
        files[ref.get("idref", "")]
        for ref in refs
        if ref.get("linear") != "no"
        and ref.get("idref", "") in items
        and items[ref.get("idref", "")].get("media-type") in _CHAPTERS
    ]
    navs = [
        files[id] for id, item in items.items() if "nav" in item.get("properties", "").split()
    ]
    ncxs = [files[id] for id, item in items.items() if item.get("media-type") == _NCX]
    guide: dict[str, str] = {}
    for reference in root.iterfind("{*}guide/{*}reference"):
        file, place = _resolved(name, reference.get("href", ""))
        if not place:
            guide[file] = reference.get("type", "").lower()
    return _Package(
        title=_metadata(root, "title"),
        author=_metadata(root, "creator"),
        language=_metadata(root, "language"),
        spine=tuple(file for file in dict.fromkeys(chapters) if file in archive.names),
        contents=tuple(file for file in (*navs, *ncxs) if file in archive.names),
        guide=guide,
    )


def _metadata(root: Element, key: str) -> str:
    """What the book says of itself; several authors, but one title and one language."""
    found = [
        line
        for element in root.iterfind(f"{{*}}metadata//{{*}}{key}")
        if (line := one_line("".join(element.itertext())))
    ]
    return one_line(", ".join(found if key == "creator" else found[:1]))


def _refuse_protected(archive: Archive, spine: tuple[str, ...]) -> None:
    if _ENCRYPTION not in archive.names:
        return
    for data in _xml(archive, _ENCRYPTION).iterfind(".//{*}EncryptedData"):
        method = data.find("{*}EncryptionMethod")
        if method is not None and method.get("Algorithm") in _FONTS_ONLY:
            continue
        for reference in data.iterfind(".//{*}CipherReference"):
            if _resolved("", reference.get("URI", ""))[0] in spine:
                raise InputError(
                    "this book is protected against copying (DRM), so its text cannot be "
                    "read: choose one that is not."
                )


def _resolved(base: str, href: str) -> tuple[str, str]:
    """Name of the file in the archive that a reference in another means, and place in it.

    The name is empty where it means nothing in the archive.
    """
    path, _, place = href.strip().partition("#")
    path = unquote(path)
    if path.startswith("/") or ":" in path.partition("/")[0]:
        return "", ""
    parts = base.split("/")[:-1] if path else base.split("/")
    for part in path.split("/"):
        if part == ".." and not parts:
            return "", ""
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return unicodedata.normalize("NFC", "/".join(parts)), unquote(place)


def _contents(archive: Archive, package: _Package) -> tuple[dict[str, _Titles], dict[str, str]]:
    """The titles of the files and their kinds, as far as the book tells."""
    titles: dict[str, _Titles] = {}
    kinds = dict(package.guide)
    for name in package.contents:
        try:
            root = _xml(archive, name)
        except InputError:
            # The book can be read without: chapters have headings.
            continue
        for link in root.iterfind(".//{*}nav//{*}a"):
            file, place = _resolved(name, link.get("href", ""))
            if not place and link.get(_TYPE):
                kinds[file] = link.get(_TYPE, "").lower()
        if titles:
            continue
        for href, label in _entries(root):
            file, place = _resolved(name, href)
            entry = titles.setdefault(file, _Titles())
            if place:
                entry.places.setdefault(place, one_line(label))
            else:
                entry.whole = entry.whole or one_line(label)
    return titles, kinds


def _entries(root: Element) -> Iterator[tuple[str, str]]:
    """Reference and title of each entry of a table of contents, of either version."""
    for nav in root.iterfind(".//{*}nav"):
        if "toc" in nav.get(_TYPE, "").split():
            for link in nav.iterfind(".//{*}a"):
                yield link.get("href", ""), "".join(link.itertext())
    for point in root.iterfind(".//{*}navPoint"):
        content, label = point.find("{*}content"), point.find("{*}navLabel/{*}text")
        if content is not None and label is not None:
            yield content.get("src", ""), "".join(label.itertext())


def _chapters(raw: bytes, titles: _Titles) -> Iterator[Chapter]:
    """The chapters of a file."""
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

    def __init__(self, titles: _Titles) -> None:
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
