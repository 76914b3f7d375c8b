"""Packs from files: everything checked, all faults told at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from engine.errors import InputError, PackError
from engine.words import Text, Word, decode, prepare
from puzzles.faults import Fault, PackFaults, one_fault
from puzzles.files import printable, quoted
from puzzles.markup import Marked
from puzzles.outline import OutlineError, outline
from puzzles.report import Report
from puzzles.schema import PassageFile
from puzzles.sources import Source, open_source

MOST_LINES = 1_000_000
"""Of a pack's own file."""
MOST_DIGITS = 100_000
"""In a row. The parser needs a hundred times the memory of a number."""

_LONG_NUMBER = re.compile(rf"[0-9A-Fa-f_]{{{MOST_DIGITS + 1}}}")
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to race on."""

    id: str
    title: str
    text: Text
    """Without brackets."""
    targets: tuple[Word, ...]
    """The marked words; empty where the author marked none."""
    source: str
    """Shown only after the race."""
    theme: str
    primer: str
    """Read before the race, as shown; empty for none."""
    preface: str
    """What Sage reads first, as shown; empty for none."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Passages that belong together."""

    id: str
    title: str
    author: str
    license: str
    language: str
    description: str
    version: str
    sha256: str
    """Of the pack's file, hex; with text files, of the hashes of all. Readings don't count."""
    passages: tuple[Passage, ...]

    def passage(self, id: str) -> Passage:
        """One of the passages.

        Raises:
            PackError: there is none of that id; the sentence lists those there are.
        """
        for passage in self.passages:
            if passage.id == id:
                return passage
        there_are = ", ".join(passage.id for passage in self.passages)
        raise PackError(
            f"The pack {self.id} has no passage {quoted(id)}: choose one of {there_are}."
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """A pack and the files it consists of."""

    pack: Pack
    source: Source
    raw: bytes
    """The pack's own file."""
    texts: dict[str, bytes]
    """The text files that it names."""


def load_pack(path: Path) -> Pack:
    """The pack in a TOML file, a folder or a bundle.

    Raises:
        PackFaults: with everything that is wrong with it.
    """
    return load_source(open_source(path)).pack


def load_source(source: Source) -> Loaded:
    """A pack and its files.

    Raises:
        PackFaults: with everything that is wrong with it.
    """
    name = source.pack_file
    raw = source.read(name)
    try:
        written = decode(raw, "this file").replace("\r\n", "\n")
        _check_bounds(name, written)
        places = outline(written)
        table = tomllib.loads(written)
    except PackFaults:
        raise
    except OutlineError as error:
        raise PackFaults((Fault(name, error.line, None, None, error.message),)) from None
    except InputError as error:
        raise one_fault(name, str(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise PackFaults((_toml_fault(name, str(error), raw.count(b"\n") + 1),)) from None
    except (ValueError, RecursionError):
        message = "this is not valid TOML (a number or a nesting is too long): shorten it."
        raise one_fault(name, message) from None
    report = Report(source, places, cast("dict[str, object]", table))
    if report.file is None or report.faults:
        raise PackFaults(tuple(sorted(report.faults, key=lambda fault: fault.line or 0)))
    pack = Pack(
        **report.file.model_dump(exclude={"format", "passages"}),
        sha256=_sha256(raw, report.texts),
        passages=tuple(
            _passage(passage, report.marked[index])
            for index, passage in enumerate(report.file.passages)
        ),
    )
    return Loaded(pack, source, raw, report.texts)


def _check_bounds(name: str, written: str) -> None:
    """Refuse what the parser would take very long for, or very much memory.

    Raises:
        PackFaults: it has too many lines, or a number is too long.
    """
    if written.count("\n") > MOST_LINES:
        raise one_fault(name, f"this file has over {MOST_LINES:,} lines: divide the pack.")
    if (number := _LONG_NUMBER.search(written)) is not None:
        line = written.count("\n", 0, number.start()) + 1
        message = f"over {MOST_DIGITS:,} digits stand in a row: shorten them."
        raise PackFaults((Fault(name, line, None, None, message),))


def _sha256(raw: bytes, texts: dict[str, bytes]) -> str:
    if not texts:
        return hashlib.sha256(raw).hexdigest()
    parts = [("", raw), *sorted(texts.items())]
    told = "".join(f"{name}\0{hashlib.sha256(part).hexdigest()}\n" for name, part in parts)
    return hashlib.sha256(told.encode()).hexdigest()


def _passage(passage: PassageFile, marked: Marked) -> Passage:
    return Passage(
        id=passage.id,
        title=passage.title,
        text=marked.text,
        targets=marked.targets,
        source=passage.source,
        theme=passage.theme,
        primer=prepare(passage.primer).shown,
        preface=prepare(passage.preface).shown,
    )


def _toml_fault(name: str, reason: str, last_line: int) -> Fault:
    """What the TOML parser has to say, for an author."""
    place = _AT_LINE.search(reason)
    line = place.group(1) if place else None
    advice = "mend it there"
    if reason.startswith("Unescaped '\\'"):
        advice = "write \\\\ for a backslash (\\\\[[ for plain brackets), or quote with '''"
    what = printable(_AT_LINE.sub("", reason)[:200], 200)
    message = f"this is not valid TOML ({what}): {advice}."
    return Fault(name, int(line) if line else last_line, None, None, message)
