"""Books in the form EPUB, versions 2 and 3: their chapters as plain text.

Nothing outside the book is looked at, whatever it refers to.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree as _ElementTree  # pyright: ignore[reportMissingTypeStubs]
from defusedxml.common import (  # pyright: ignore[reportMissingTypeStubs]
    DefusedXmlException,
)

from engine.errors import InputError
from puzzles.documents import Chapter, Document, one_line
from puzzles.epub_chapters import Titles, chapters_in
from puzzles.files import printable
from puzzles.zips import EPUB, Archive, open_archive

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
        found += chapters_in(raw, titles.get(name, Titles()))
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


def _contents(archive: Archive, package: _Package) -> tuple[dict[str, Titles], dict[str, str]]:
    """The titles of the files and their kinds, as far as the book tells."""
    titles: dict[str, Titles] = {}
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
            entry = titles.setdefault(file, Titles())
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
