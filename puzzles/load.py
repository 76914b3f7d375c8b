"""Packs from files: everything checked, all faults told at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from engine.errors import InputError, PackError
from engine.words import Text, Word, decode, prepare, words
from puzzles.files import printable, quoted, read
from puzzles.markup import Marked, MarkupError, parse
from puzzles.outline import Outline, OutlineError, outline
from puzzles.schema import MOST_PASSAGES, PackFile, PassageFile, is_id, sentence

FEWEST_WORDS = 60
MOST_WORDS = 20_000
MOST_SHOWN = 100
"""Faults in the message of an error; `PackFaults.faults` has all."""
TUTORIAL = "warm-up"
"""The built-in pack that comes first."""

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a pack, and where. Holds no unprintable characters."""

    file: str
    line: int | None
    """From 1; None where it cannot be found."""
    passage: str | None
    """Its id, or `number 3` where it has none that can be used."""
    field: str | None
    message: str
    """What is wrong and what to do."""

    def __str__(self) -> str:
        places = [
            self.file,
            f"line {self.line}" if self.line is not None else "",
            f"passage {self.passage}" if self.passage is not None else "",
            self.field or "",
        ]
        return f"{', '.join(place for place in places if place)}: {self.message}"


class PackFaults(PackError):
    """All faults of one pack, a line each."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        lines = [str(fault) for fault in faults[:MOST_SHOWN]]
        if len(faults) > MOST_SHOWN:
            lines.append(f"There are {len(faults) - MOST_SHOWN} faults more.")
        super().__init__("\n".join(lines))
        self.faults = faults


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
    """Of the file's bytes, hex."""
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


def load_pack(path: Path) -> Pack:
    """The pack in a TOML file of at most 5 MB.

    Raises:
        PackFaults: with everything that is wrong with it.
    """
    name = printable(path.name or str(path))
    try:
        return _load(read(path, "this file"), name)
    except PackFaults:
        raise
    except InputError as error:
        raise PackFaults((Fault(name, None, None, None, str(error)),)) from None


def builtin_ids() -> tuple[str, ...]:
    """The packs that come with the game, the tutorial's first."""
    files = resources.files("puzzles").joinpath("packs").iterdir()
    ids = [file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")]
    return tuple(sorted(ids, key=lambda id: (id != TUTORIAL, id)))


def load_builtin(id: str) -> Pack:
    """A pack that comes with the game.

    Raises:
        PackError: there is none of that id; the sentence lists those there are.
    """
    ids = builtin_ids()
    if id not in ids:
        raise PackError(f"There is no built-in pack {quoted(id)}: there are {', '.join(ids)}.")
    name = f"{id}.toml"
    return _load(resources.files("puzzles").joinpath("packs", name).read_bytes(), name)


def _load(raw: bytes, name: str) -> Pack:
    source = decode(raw, "this file").replace("\r\n", "\n")
    try:
        places = outline(source)
        table = tomllib.loads(source)
    except OutlineError as error:
        raise PackFaults((Fault(name, error.line, None, None, error.message),)) from None
    except tomllib.TOMLDecodeError as error:
        raise PackFaults((_toml_fault(name, str(error), source),)) from None
    except (ValueError, RecursionError):
        message = "this is not valid TOML (a number or a nesting is too long): shorten it."
        raise PackFaults((Fault(name, None, None, None, message),)) from None
    report = _Report(name, places, cast("dict[str, object]", table))
    file = _validate(report)
    marked = _marked(report)
    if file is None or report.faults:
        raise PackFaults(tuple(sorted(report.faults, key=lambda fault: fault.line or 0)))
    return Pack(
        **file.model_dump(exclude={"format", "passages"}),
        sha256=hashlib.sha256(raw).hexdigest(),
        passages=tuple(
            _passage(passage, marked[index]) for index, passage in enumerate(file.passages)
        ),
    )


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


def _toml_fault(name: str, reason: str, source: str) -> Fault:
    """What the TOML parser has to say, for an author."""
    place = _AT_LINE.search(reason)
    line = place.group(1) if place else None
    advice = "mend it there"
    if reason.startswith("Unescaped '\\'"):
        advice = "write \\\\ for a backslash (\\\\[[ for plain brackets), or quote with '''"
    what = printable(_AT_LINE.sub("", reason)[:200], 200)
    message = f"this is not valid TOML ({what}): {advice}."
    return Fault(name, int(line) if line else source.count("\n") + 1, None, None, message)


class _Report:
    """What a file holds, as the parser gave it, and the faults found in it."""

    def __init__(self, name: str, places: Outline, table: dict[str, object]) -> None:
        self.name = name
        self.places = places
        self.table = table
        self.passages = _tables(table.get("passages"))
        self.faults: list[Fault] = []
        self.refused: set[tuple[int | None, str | None]] = set()
        """Where the form was broken: (index of the passage, key)."""

    def add(
        self, passage: int | None, key: str | None, message: str, line_inside: int | None = None
    ) -> None:
        """Note a fault; `line_inside` is the line within the key's text, from 1."""
        self.refused.add((passage, key))
        line = self.places.line(passage, key)
        place = self.places.keys.get((passage, key or ""))
        if place is not None and line_inside is not None:
            line = place.line_in(str(self._value(passage, key)), line_inside)
        field = None if key is None else printable(key, 40)
        self.faults.append(Fault(self.name, line, self._label(passage), field, message))

    def _value(self, passage: int | None, key: str | None) -> object:
        table = self.table if passage is None else self.passages[passage]
        return table.get(key or "", "")

    def _label(self, passage: int | None) -> str | None:
        if passage is None:
            return None
        id = self.passages[passage].get("id")
        return str(id) if is_id(id) else f"number {passage + 1}"


def _tables(passages: object) -> list[dict[str, object]]:
    """The passages as tables; those that are none as empty ones."""
    if not isinstance(passages, list):
        return []
    return [
        cast("dict[str, object]", passage) if isinstance(passage, dict) else {}
        for passage in cast("list[object]", passages)
    ]


def _validate(report: _Report) -> PackFile | None:
    """Check the form and that ids are unique."""
    file = None
    try:
        file = PackFile.model_validate(report.table)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            if details["type"] in ("too_short", "too_long"):
                continue
            passage, key = _where(details["loc"])
            line_inside = details.get("ctx", {}).get("line")
            report.add(passage, key, sentence(details), line_inside)
    # Counted here, since the models leave out of their count what they have refused.
    if isinstance(report.table.get("passages"), list) and not (
        1 <= len(report.passages) <= MOST_PASSAGES
    ):
        advice = "divide it" if report.passages else "add one"
        report.add(None, "passages", f"a pack has 1 to {MOST_PASSAGES} passages: {advice}.")
    first: dict[object, int] = {}
    for index, passage in enumerate(report.passages):
        id = passage.get("id")
        if is_id(id) and first.setdefault(id, index) != index:
            report.add(
                index, "id", f"passage number {first[id] + 1} has this id: choose another."
            )
    return file


def _where(loc: tuple[int | str, ...]) -> tuple[int | None, str | None]:
    """Index of the passage and key of a place in the table."""
    if len(loc) == 1:
        return None, str(loc[0])
    return int(loc[1]), str(loc[2]) if len(loc) > 2 else None


def _marked(report: _Report) -> dict[int, Marked]:
    """The texts, by index of the passage, that have no faults of form."""
    marked: dict[int, Marked] = {}
    for index, passage in enumerate(report.passages):
        text = passage.get("text")
        if not isinstance(text, str) or (index, "text") in report.refused:
            continue
        try:
            marked[index] = parse(text)
        except MarkupError as error:
            for line, message in error.faults:
                report.add(index, "text", message, line)
            continue
        n_words = len(words(marked[index].text.normalized))
        if not FEWEST_WORDS <= n_words <= MOST_WORDS:
            advice = "write more" if n_words < FEWEST_WORDS else "divide it"
            report.add(
                index,
                "text",
                f"has {n_words:,} words, a passage {FEWEST_WORDS} to {MOST_WORDS:,}: {advice}.",
            )
    return marked
