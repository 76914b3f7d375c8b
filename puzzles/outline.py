"""A first look at a TOML file: is it bounded, and on which lines do its keys stand.

One pass over the characters, before a parser builds anything. Whatever is no TOML is left to
the parser: up to the first fault both see the same strings, brackets and keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.errors import PackError

MOST_DEPTH = 8
"""Brackets within brackets, dots of a key counted."""
MOST_KEYS = 10_000
"""Keys, parts of dotted keys and items of arrays in all."""

_TOKEN = re.compile(r"\"\"\"|'''|[\"'\[\]{}=.,]|#[^\n]*|\n\s*")
_STRING_END = {
    '"""': re.compile(r'\\.|"{3,5}', re.DOTALL),
    "'''": re.compile(r"'{3,5}"),
    '"': re.compile(r"\\.|[\"\n]"),
    "'": re.compile(r"['\n]"),
}


class OutlineError(PackError):
    """The file is nested too deeply or has too many keys."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands. Lines count from 1."""

    line: int
    text_line: int
    """Where the text of a string begins: the line after the quotes if they end a line."""
    n_breaks: int
    """Line breaks in the string as it is written."""

    def line_in(self, value: str, line: int) -> int:
        """The line of the file for a line of the string; the key's where escapes hide it."""
        return self.text_line + line - 1 if value.count("\n") == self.n_breaks else self.line


@dataclass(slots=True)
class Outline:
    """Where things are in a file."""

    headers: list[int] = field(default_factory=list[int])
    """Line of each `[[passages]]`."""
    keys: dict[tuple[int | None, str], Place] = field(
        default_factory=dict[tuple[int | None, str], Place]
    )
    """(index of the passage, or None for the pack; key) → its place."""

    def line(self, passage: int | None, key: str | None) -> int | None:
        """The line of a key; where it is not written, that of its passage."""
        if key is not None and (place := self.keys.get((passage, key))) is not None:
            return place.line
        if passage is None:
            return None
        return self.headers[passage] if passage < len(self.headers) else None


def outline(source: str) -> Outline:
    """Look over a file, line ends `\\n`.

    Raises:
        OutlineError: it is nested deeper or has more keys than a pack can need.
    """
    scan = _Scan(source)
    position = 0
    while (match := _TOKEN.search(source, position)) is not None:
        token, position = match.group(), match.end()
        if token[0] in "\"'":
            position = scan.string(token, position)
        elif token[0] == "\n":
            scan.line_end(token, position)
        elif token[0] != "#":
            scan.structure(token, match.start())
    return scan.outline


@dataclass(slots=True)
class _Scan:
    """How far the pass has come."""

    source: str
    outline: Outline = field(default_factory=Outline)
    line: int = 1
    depth: int = 0
    n_dots: int = 0
    """Dots since the last bracket, comma or line end."""
    n_keys: int = 0
    statement: int = 0
    """Offset where the statement began: a header, or a key and its value."""
    in_header: bool = False
    untouched: bool = True
    """Only bare characters have been seen of the statement."""
    keyed: bool = False
    """The key of the statement has been seen."""
    awaited: tuple[int | None, str] | None = None
    """The key of a pack or passage whose value is to come."""
    passage: int | None = None
    recording: bool = True
    """Whether keys belong to the pack or a passage, not to some other table."""

    def line_end(self, token: str, end: int) -> None:
        """Pass over a line end and the blank lines behind it."""
        self.line += token.count("\n")
        self.n_dots = 0
        if self.depth == 0:
            self.statement, self.untouched = end, True
            self.keyed, self.awaited = False, None

    def string(self, quotes: str, start: int) -> int:
        """Pass over a string from behind its opening quotes; gives the offset behind it."""
        self.untouched = False
        end, inside = _STRING_END[quotes], start
        while (match := end.search(self.source, inside)) is not None:
            if match.group()[0] != "\\":
                break
            inside = match.end()
        stop = len(self.source) if match is None else match.start()
        n_breaks = self.source.count("\n", start, stop)
        trimmed = len(quotes) == 3 and self.source.startswith("\n", start)
        if self.awaited is not None:
            self.outline.keys[self.awaited] = Place(
                self.outline.keys[self.awaited].line, self.line + trimmed, n_breaks - trimmed
            )
            self.awaited = None
        self.line += n_breaks
        if match is None or match.group() == "\n":
            return stop
        return match.end()

    def structure(self, token: str, at: int) -> None:
        """Note a bracket, comma, dot or equals sign."""
        if token in "[{":
            self.in_header = self.in_header or (self.untouched and token == "[")
            self.depth += 1
        elif token in "]}":
            self.depth = max(0, self.depth - 1)
            if self.in_header and self.depth == 0:
                self._header(self.source[self.statement : at])
        elif token == "=" and self.depth == 0 and not self.keyed:
            self._key(_first_part(self.source[self.statement : at]))
        self.untouched = False
        self.n_dots = self.n_dots + 1 if token == "." else 0
        self.n_keys += token not in "]}"
        if self.depth + self.n_dots > MOST_DEPTH:
            raise OutlineError(self.line, "nested too deeply for a pack: make it flat.")
        if self.n_keys > MOST_KEYS:
            raise OutlineError(self.line, "too many keys and values for a pack: shorten it.")

    def _header(self, header: str) -> None:
        self.in_header = False
        name = header.strip("[] \t")
        self.recording = header.startswith("[[") and name.strip("\"'") == "passages"
        if self.recording:
            self.passage = len(self.outline.headers)
            self.outline.headers.append(self.line)
        place = Place(self.line, self.line, 0)
        self.outline.keys.setdefault((None, _first_part(name)), place)

    def _key(self, name: str) -> None:
        self.keyed = True
        if self.recording:
            self.awaited = (self.passage, name)
            self.outline.keys[self.awaited] = Place(self.line, self.line, 0)


def _first_part(key: str) -> str:
    """The first part of a key that may be dotted, without its quotes."""
    key = key.strip()
    if key[:1] in ("'", '"'):
        return key[1:].partition(key[0])[0]
    return key.partition(".")[0].strip()
