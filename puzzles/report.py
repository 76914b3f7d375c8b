"""A pack's table against the rules: what it says where it is good, and else every fault."""

from __future__ import annotations

import unicodedata
from typing import cast

from pydantic import ValidationError

from engine.errors import InputError
from engine.words import MOST_MARKS, decode, too_many_marks
from puzzles.faults import Fault, PackFaults
from puzzles.files import printable
from puzzles.markup import Marked, MarkupError, parse
from puzzles.outline import Outline
from puzzles.schema import MOST_PASSAGES, PackFile, check_text, is_id, sentence
from puzzles.sources import Source
from puzzles.texts import is_markdown, prose

FEWEST_WORDS = 60
MOST_WORDS = 20_000
"""Words of a passage."""
MOST_WORDS_IN_ALL = 500_000
"""Of all passages: a shelf of novels."""


class Report:
    """What a pack's file holds, as the parser gave it, and the faults found in it.

    Args:
        source: the pack's files.
        places: where its keys stand.
        table: what the parser made of it.
    """

    def __init__(self, source: Source, places: Outline, table: dict[str, object]) -> None:
        self._source = source
        self._places = places
        self._table = table
        self._passages = _tables(table.get("passages"))
        self._refused: set[tuple[int | None, str | None]] = set()
        """Where the form was broken: (index of the passage, key)."""
        self.faults: list[Fault] = []
        self.texts: dict[str, bytes] = {}
        """Text files that were read, by name."""
        self._read_already: dict[str, Marked] = {}
        """Text files without faults, by name: several passages may name one."""
        self.file = self._validate()
        """The pack as it is written; None where its form is broken."""
        self.marked = self._marked()
        """The texts, by index of the passage, that have no faults."""

    def _add(
        self, passage: int | None, key: str | None, message: str, line_inside: int | None = None
    ) -> None:
        """Note a fault; `line_inside` is the line within the key's text, from 1."""
        self._refused.add((passage, key))
        line = self._places.line(passage, key)
        place = self._places.keys.get((passage, key or ""))
        if place is not None and line_inside is not None:
            line = place.line_in(str(self._value(passage, key)), line_inside)
        field = None if key is None else printable(key, 40)
        name = self._source.pack_file
        self.faults.append(Fault(name, line, self._label(passage), field, message))

    def _add_in_file(self, passage: int, name: str, message: str, line: int | None) -> None:
        """Note a fault in a text file, which has lines of its own."""
        self.faults.append(Fault(printable(name), line, self._label(passage), None, message))

    def _value(self, passage: int | None, key: str | None) -> object:
        table = self._table if passage is None else self._passages[passage]
        return table.get(key or "", "")

    def _label(self, passage: int | None) -> str | None:
        if passage is None:
            return None
        id = self._passages[passage].get("id")
        return str(id) if is_id(id) else f"number {passage + 1}"

    def _validate(self) -> PackFile | None:
        """Check the form, that ids are unique, and that each passage has one text."""
        file = None
        try:
            file = PackFile.model_validate(self._table)
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False):
                if details["type"] in ("too_short", "too_long"):
                    continue
                passage, key = _where(details["loc"])
                line_inside = details.get("ctx", {}).get("line")
                self._add(passage, key, sentence(details), line_inside)
        # Counted here, since the models leave out of their count what they have refused.
        if isinstance(self._table.get("passages"), list) and not (
            1 <= len(self._passages) <= MOST_PASSAGES
        ):
            advice = "divide it" if self._passages else "add one"
            self._add(None, "passages", f"a pack has 1 to {MOST_PASSAGES} passages: {advice}.")
        first: dict[object, int] = {}
        for index, passage in enumerate(self._passages):
            for key in ("primer", "preface", "text"):
                if (fault := _too_many_marks(passage.get(key))) is not None:
                    self._add(index, key, *fault)
            id = passage.get("id")
            if is_id(id) and first.setdefault(id, index) != index:
                self._add(
                    index, "id", f"passage number {first[id] + 1} has this id: choose another."
                )
            if "text" not in passage and "file" not in passage:
                self._add(index, "text", "this key is missing: add it (or `file`).")
            elif "text" in passage and "file" in passage:
                self._add(index, "file", "there is a `text` too: leave one of them out.")
        return file

    def _marked(self) -> dict[int, Marked]:
        marked: dict[int, Marked] = {}
        n_words = 0
        for index, passage in enumerate(self._passages):
            name: str | None = None
            text = passage.get("text")
            if "text" not in passage and isinstance(file := passage.get("file"), str):
                if (index, "file") in self._refused:
                    continue
                name = unicodedata.normalize("NFC", file)  # as sources tell names
                if name in self._read_already:
                    marked[index] = self._read_already[name]
                    continue
                text = self._read(index, name)
            if not isinstance(text, str) or (index, "text") in self._refused:
                continue
            if (found := self._parse(index, name, text)) is not None:
                marked[index] = found
                n_words += found.n_words
                if name is not None:
                    self._read_already[name] = found
            if n_words > MOST_WORDS_IN_ALL:
                message = f"have over {MOST_WORDS_IN_ALL:,} words in all: divide the pack."
                self._add(None, "passages", message)
                break
        return marked

    def _read(self, index: int, name: str) -> str | None:
        """The text in a file; None where it cannot be used."""
        if self._source.kind == "file":
            self._add(
                index,
                "file",
                "texts in files of their own need a folder: name this file pack.toml and put "
                "both in one.",
            )
            return None
        try:
            raw = self._source.read(name)
            text = decode(raw, "this file")
        except PackFaults as error:
            self._add(index, "file", error.faults[0].message)
            return None
        except InputError as error:
            self._add_in_file(index, name, str(error), None)
            return None
        self.texts[name] = raw
        text = text.replace("\r\n", "\n")
        if (fault := check_text(text) or _too_many_marks(text)) is not None:
            self._add_in_file(index, name, *fault)
            return None
        return prose(text) if is_markdown(name) else text

    def _parse(self, index: int, name: str | None, text: str) -> Marked | None:
        """A text without its brackets; None where it has faults, which are noted."""
        try:
            marked = parse(text)
        except MarkupError as error:
            for line, message in error.faults:
                if name is None:
                    self._add(index, "text", message, line)
                else:
                    # Of Markdown lines have been left out: theirs would be others.
                    self._add_in_file(index, name, message, None if is_markdown(name) else line)
            return None
        n_words = marked.n_words
        if FEWEST_WORDS <= n_words <= MOST_WORDS:
            return marked
        advice = "write more" if n_words < FEWEST_WORDS else "divide it"
        what = f"has {n_words:,} words, a passage {FEWEST_WORDS} to {MOST_WORDS:,}: {advice}."
        if name is None:
            self._add(index, "text", what)
        else:
            self._add_in_file(index, name, what, None)
        return None


def _too_many_marks(text: object) -> tuple[str, int] | None:
    """What is wrong with the combining marks of a text, and on which of its lines."""
    if not isinstance(text, str) or (start := too_many_marks(text)) is None:
        return None
    message = f"has over {MOST_MARKS} combining marks in a row: take some out."
    return message, text.count("\n", 0, start) + 1


def _tables(passages: object) -> list[dict[str, object]]:
    """The passages as tables; those that are none as empty ones."""
    if not isinstance(passages, list):
        return []
    return [
        cast("dict[str, object]", passage) if isinstance(passage, dict) else {}
        for passage in cast("list[object]", passages)
    ]


def _where(loc: tuple[int | str, ...]) -> tuple[int | None, str | None]:
    """Index of the passage and key of a place in the table."""
    if len(loc) == 1:
        return None, str(loc[0])
    return int(loc[1]), str(loc[2]) if len(loc) > 2 else None
