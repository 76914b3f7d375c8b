"""People's recorded answers: a CSV of them, and the texts they belong to, in a folder."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.study import Answer, answer_of
from engine.words import Text, Words, words
from puzzles.files import printable, quoted, read
from puzzles.texts import prepared
from tui.literal import clean
from tui.paths import typed_path
from tui.score import MOST_BYTES

COLUMNS = ("passage", "word", "answer", "count")
MOST_PEOPLE = 1_000_000_000
"""In one row: beyond that a number means something else."""

_ENDING = ".txt"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that people were asked about."""

    name: str
    text: Text
    words: Words


@dataclass(frozen=True, slots=True)
class Row:
    """One answer at one target of a passage."""

    passage: Passage
    word: int
    """Index among the words of the passage."""
    answer: Answer
    count: float


class _Misfit(Exception):
    """A row that does not fit its text; the message goes on after a place."""


def read_rows(answers: str, folder: str) -> tuple[list[Row], list[str]]:
    """The rows that fit their texts, and a sentence for each that does not.

    Args:
        answers: a CSV file, as it was typed.
        folder: of the passages' texts, likewise.

    Raises:
        InputError: a file or the folder cannot be used.
    """
    name = printable(answers)
    raw = read(typed_path(answers), name, MOST_BYTES)
    shelf = _Shelf(folder)
    rows: list[Row] = []
    misfits: list[str] = []
    for line, fields in _records(prepared(raw, name).shown, name):
        try:
            rows.append(_row(fields, shelf))
        except _Misfit as misfit:
            misfits.append(clean(f"{name}, line {line}, is left out: {misfit}."))
    return rows, misfits


def _records(text: str, name: str) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows of a CSV below its head, each as the number of its first line, from 1, and its
    fields as in `COLUMNS`. There are fewer or more of them where the row has fewer than that,
    or more than the head.

    Raises:
        InputError: it has no such columns, or its quotation marks do not fit together.
    """
    lines = _csv_lines(text, name)
    _, first = next(lines, (1, list[str]()))
    head = [column.strip() for column in first]
    for column in COLUMNS:
        if (n := head.count(column)) != 1:
            found = f"{n} columns" if n else "no column"
            raise InputError(
                f"{name} has {found} {column!r}: its first line has to name each of "
                f"{', '.join(COLUMNS)} once, with commas between them."
            )
    places = [head.index(column) for column in COLUMNS]
    for line, fields in lines:
        # Spreadsheets fill rows up with empty fields; any others would shift the answer.
        over = [field for field in fields[len(head) :] if field.strip()]
        yield line, [fields[place] for place in places if place < len(fields)] + over


def _csv_lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV that are not empty, with the numbers of their first lines, from 1."""
    # Strict: a quote left open would else swallow the rows behind it unseen.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"{name} is not in order as CSV in line {line} ({error}): look at its "
                "quotation marks."
            ) from None
        if any(field.strip() for field in fields):
            yield line, fields


def _row(fields: Sequence[str], shelf: _Shelf) -> Row:
    """What a row says.

    Raises:
        _Misfit: it does not fit its text.
        InputError: its text cannot be used.
    """
    if len(fields) != len(COLUMNS):
        amount = "fewer fields than the columns need"
        if len(fields) > len(COLUMNS):
            amount = "more fields than the first line (an answer with a comma is to be quoted)"
        raise _Misfit(f"it has {amount}")
    name, word, answer, count = (field.strip() for field in fields)
    passage = shelf.passage(name)
    index, people = _number(word), _number(count)
    if index is None or not index.is_integer():
        raise _Misfit(f"its word {quoted(word)} is not a whole number")
    if not 0 <= index < len(passage.words):
        raise _Misfit(
            f"there is no word {quoted(word)} in {quoted(name + _ENDING)}, which has "
            f"{len(passage.words)} words, counted from 0"
        )
    if people is None or not 0 < people <= MOST_PEOPLE:
        raise _Misfit(f"its count {quoted(count)} is not a positive number up to a billion")
    return Row(passage, int(index), answer_of(answer), people)


def _number(field: str) -> float | None:
    """A number written out in a field (`12`, and as spreadsheets do, `12.0`); else None."""
    try:
        # What only Python takes for a number is none.
        return None if "_" in field else float(field)
    except ValueError:
        return None


class _Shelf:
    """The texts of a folder, each read when it is first asked for.

    Args:
        folder: as it was typed.

    Raises:
        InputError: it is no folder that can be looked into.
    """

    def __init__(self, folder: str) -> None:
        self._folder = typed_path(folder)
        self._name = printable(folder)
        try:
            files = sorted(path.name for path in self._folder.iterdir())
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
            raise InputError(
                f"{self._name} is no folder of texts ({reason}): name one with --texts."
            ) from None
        # A name is looked up here and never made into a path, so that none leads elsewhere.
        self._files = {_composed(file): file for file in files if file.endswith(_ENDING)}
        self._passages: dict[str, Passage] = {}

    def passage(self, name: str) -> Passage:
        """A passage by its name.

        Raises:
            _Misfit: there is none of that name.
            InputError: its text cannot be used.
        """
        if name not in self._passages:
            self._passages[name] = self._read(name)
        return self._passages[name]

    def _read(self, name: str) -> Passage:
        if not _is_plain(name):
            raise _Misfit(f"{quoted(name)} is not the plain name of a passage")
        file = self._files.get(name + _ENDING)
        if file is None:
            raise _Misfit(f"there is no text {quoted(name + _ENDING)} in {self._name}")
        path = self._folder / file
        shown_name = printable(str(path))
        text = prepared(read(path, shown_name, MOST_BYTES), shown_name)
        if not text.shown.strip():
            raise InputError(f"{shown_name} has no text: there is nothing to score.")
        return Passage(name, text, words(text.normalized))


def _is_plain(name: str) -> bool:
    """Whether a passage's name can be that of a file in a folder, and of nothing elsewhere."""
    if not name or name.startswith(".") or ".." in name:
        return False
    return name.isprintable() and not set(name) & set("/\\:")


def _composed(name: str) -> str:
    """A name in the one form in which accents compare: some systems take letters apart."""
    return unicodedata.normalize("NFC", name)
