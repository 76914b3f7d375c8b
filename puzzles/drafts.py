"""From a text to a pack that an author goes on with: its passages, and the file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.errors import InputError
from engine.words import Text, has_digit, words
from puzzles.documents import Chapter, Document, clean, one_line
from puzzles.files import quoted
from puzzles.pieces import Closes, pieces
from puzzles.schema import FORMAT, MOST_PASSAGES, is_id
from puzzles.texts import FEWEST_WORDS, cut

SHORTEST = 150
USUAL = 300
LONGEST = 450
"""Words of a passage; a whole text of fewer than `SHORTEST` is one too."""

_LONGEST_ID = 40
_LONGEST_OPENING = 40
"""Characters of a title that is made of a passage's first words."""
_MOST_CHARACTERS = 200_000
_MOST_CHARACTERS_IN_ALL = 1_000_000
"""Of a passage and of a pack; real ones have two thousand and some hundred thousand."""
_FEWEST_IN_UNIT = 5
"""Words below which nothing stands apart: a number or a cry goes with what is next to it."""

_PRICES = {Closes.PARAGRAPH: 0.0, Closes.SENTENCE: 10.0, Closes.WORD: 1_000.0}
"""What a cut costs, where 1 is a passage 150 words off the usual length."""
_PRICE_IN_LONG = 0.5
"""Of a cut behind a sentence, in a paragraph that is too long for one passage."""
_PRICE_OF_A_WORD = 1e6
"""For each word by which a passage is too short or too long."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MOST_LANGUAGE = 35
_BETWEEN = re.compile(r"[^a-z0-9]+")

_NOTES = """\
# A pack for bitrace. Lines that begin with # are notes for you; delete them as you like.
# In a text, [[word]] marks a word to be predicted: choose words that a reader who follows
# can know and habit cannot. A text without marks gets its words drawn by lot. For plain
# brackets write \\\\[[ and for a plain backslash two of them.
# `bitrace packs check` with the name of this file says what is not right yet.
"""
_MORE_NOTES = """\
# A passage has 60 to 20,000 words. Besides the keys below it may have
#     theme = "mystery"       a word to choose passages by
#     primer = "..."          a text to be read before the race
#     preface = "..."         what the model called Sage reads first
# The passage here shows how it is done: put your own in its place.
"""
_EXAMPLE = """\
The lighthouse keeper has two clocks and trusts neither. The one in the kitchen is ten minutes \
fast, so that she is never late. The one on the stairs stopped years ago at noon; it is right \
twice a day, she says, which is twice more than the one in the kitchen.

Only the cat keeps proper time. At six he sits down beside his bowl, and at six, by the sound \
of it, the whole island knows. Last week he went visiting for a day, and nobody could say when \
to light the lamp.

Since then the keeper feeds him double, bows to him on the stairs, and has painted on his \
bowl, in her best hand, the word clock."""
_EXAMPLE_TARGETS = ("kitchen", "lamp", "clock")
"""Each where it is last."""


@dataclass(frozen=True, slots=True)
class DraftPassage:
    """A passage to be written into a pack."""

    id: str
    title: str
    text: Text
    marks: tuple[int, ...] = ()
    """Which of the words of the normalized text are targets.

    Not marked are words that a pack cannot mark: with a digit, or right behind a backslash.
    """


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack to be written."""

    id: str
    title: str
    author: str
    language: str
    """A code such as "en"."""
    passages: tuple[DraftPassage, ...]
    source: str = ""
    """Of every passage: title and author of the text they are from."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not divided: a sentence or so."""

    start: int
    end: int
    n_words: int
    closes: Closes
    price: float
    """Of a cut behind it."""


def draft(document: Document, id: str = "") -> Draft:
    """A pack of a whole document.

    Args:
        document: the text.
        id: the pack's; without one it is made from the title.

    Raises:
        InputError: the text is too short or too long for a pack, or `id` cannot be one.
    """
    if id and not is_id(id):
        raise _no_id(id)
    fits = len(document.language) <= _MOST_LANGUAGE and _LANGUAGE.fullmatch(document.language)
    passages = split(document)
    title = document.title or passages[0].title
    return Draft(
        id=id or _slug(title, "my-pack"),
        title=title,
        author=document.author,
        language=document.language if fits else "en",
        passages=passages,
        source=", ".join(part for part in (document.title, document.author) if part),
    )


def split(document: Document) -> tuple[DraftPassage, ...]:
    """The passages of a document, in order; every word is in one of them.

    Each has 150 to 450 words, about 300 where the text allows, and ends with a paragraph; in
    a paragraph of over 450 words, or where lengths fit in no other way, with a sentence. None
    goes across chapters, but a chapter of under 150 words goes with the next, the last with
    the one before.

    Raises:
        InputError: there are fewer than 60 words, or more than a pack can hold.
    """
    n_words = sum(len(words(chapter.text.normalized)) for chapter in document.chapters)
    if n_words < FEWEST_WORDS:
        raise InputError(
            f"The text has only {n_words} words, and a pack needs {FEWEST_WORDS}: "
            "choose a longer one."
        )
    too_long = InputError(
        f"The text has {n_words:,} words, more than a pack of {MOST_PASSAGES} passages holds: "
        "divide it and make a pack of each part."
    )
    if n_words > MOST_PASSAGES * LONGEST:
        raise too_long
    # A text that is all one has no other title than its own.
    only_title = document.title if len(document.chapters) == 1 else ""
    found: list[DraftPassage] = []
    ids: set[str] = set()
    for chapter in _joined(document.chapters):
        texts = [cut(chapter.text, start, end) for start, end in _spans(chapter.text)]
        for number, text in enumerate(texts, start=1):
            title = _numbered(chapter.title or only_title, number) or _opening(text)
            id = _unused(_slug(title, f"part-{len(found) + 1}"), ids)
            found.append(DraftPassage(id, title, text))
    if len(found) > MOST_PASSAGES:
        raise too_long
    sizes = [len(passage.text.shown) for passage in found]
    if max(sizes) > _MOST_CHARACTERS or sum(sizes) > _MOST_CHARACTERS_IN_ALL:
        raise InputError(
            "The text has far more other characters than words: choose one that is to be read."
        )
    return tuple(found)


def as_toml(draft: Draft) -> str:
    """The file of a pack, with notes for its author; `puzzles.load` reads the same texts."""
    return _file(draft, _NOTES)


def blank(id: str) -> str:
    """The file of a pack with one short passage that shows how it is done.

    Raises:
        InputError: `id` cannot be one.
    """
    if not is_id(id):
        raise _no_id(id)
    text = clean(_EXAMPLE)
    last = {word.text: word.index for word in words(text.normalized)}
    marks = tuple(last[word] for word in _EXAMPLE_TARGETS)
    example = DraftPassage("two-clocks", "Two clocks", text, marks)
    title = id.strip("-").replace("-", " ").capitalize() or id
    return _file(Draft(id, title, "", "en", (example,)), _NOTES + _MORE_NOTES)


def _file(draft: Draft, notes: str) -> str:
    lines = [
        notes,
        f"format = {FORMAT}",
        f"id = {_string(draft.id)}  # its name in commands: a-z, 0-9 and -",
        f"title = {_string(draft.title)}",
        f"author = {_string(draft.author)}",
        'license = ""  # who may copy it, for example "CC0-1.0"',
        f"language = {_string(draft.language)}",
        f"description = {_string(draft.description, 2_000)}  # a sentence or two for the list",
    ]
    for passage in draft.passages:
        lines += [
            "",
            "[[passages]]",
            f"id = {_string(passage.id)}",
            f"title = {_string(passage.title)}",
            f"source = {_string(draft.source, 500)}  # shown only after the race",
            f'text = """\n{_many_lines(_marked(passage))}\n"""',
        ]
    return "\n".join(lines) + "\n"


def _string(value: str, most: int = 120) -> str:
    """A value in one line, as TOML writes it."""
    line = one_line(value, most)
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _many_lines(text: str) -> str:
    """What stands between three quotes, as TOML writes it."""
    return text.replace("\\", "\\\\").replace('"""', '""\\"')


def _marked(passage: DraftPassage) -> str:
    """The text with its marks, and with a backslash before brackets that are none."""
    shown = passage.text.shown
    found = words(passage.text.normalized)
    parts: list[str] = []
    done = 0
    for index in sorted(set(passage.marks)):
        word = found[index]
        before = shown[done : word.start]
        if not has_digit(word.text) and not before.endswith(("\\", "\\[")):
            parts += [_plain(before), f"[[{shown[word.start : word.end]}]]"]
            done = word.end
    return "".join([*parts, _plain(shown[done:])])


def _plain(text: str) -> str:
    return text.replace("[[", "\\[[")


def _no_id(id: str) -> InputError:
    return InputError(
        f"{quoted(id)} cannot be the id of a pack: give 2 to 40 of a-z, 0-9 and -."
    )


def _joined(chapters: Sequence[Chapter]) -> list[Chapter]:
    """Chapters of at least 150 words; if there are several, for a single one may have fewer.

    The first long enough gives what is joined its title, else the first that has one.
    """
    groups: list[list[Chapter]] = []
    open_words = SHORTEST
    for chapter in chapters:
        if open_words >= SHORTEST:
            groups.append([])
            open_words = 0
        groups[-1].append(chapter)
        open_words += len(words(chapter.text.normalized))
    if open_words < SHORTEST and len(groups) > 1:
        last = groups.pop()
        groups[-1] += last
    return [group[0] if len(group) == 1 else _as_one(group) for group in groups]


def _as_one(group: list[Chapter]) -> Chapter:
    long = (part for part in group if len(words(part.text.normalized)) >= SHORTEST)
    titled = (part for part in group if part.title)
    title = next((part.title for part in (*long, *titled) if part.title), "")
    return Chapter(title, clean("\n\n".join(part.text.shown for part in group)))


def _spans(text: Text) -> list[tuple[int, int]]:
    """Start and end of the passages of a chapter, at the least price in all."""
    units = _units(text)
    before = [0]
    for unit in units:
        before.append(before[-1] + unit.n_words)
    prices = [0.0]
    starts = [0]
    for stop, unit in enumerate(units, start=1):
        least, best = float("inf"), 0
        for start in reversed(range(stop)):
            n_words = before[stop] - before[start]
            price = prices[start] + _price(n_words)
            if price <= least:
                least, best = price, start
            if n_words > LONGEST:
                break
        # The end of the chapter is no cut.
        prices.append(least + (unit.price if stop < len(units) else 0))
        starts.append(best)
    bounds = [len(units)]
    while bounds[-1]:
        bounds.append(starts[bounds[-1]])
    bounds.reverse()
    return [_span(units, start, stop) for start, stop in pairwise(bounds)]


def _span(units: list[_Unit], start: int, stop: int) -> tuple[int, int]:
    last = units[stop - 1]
    # What is between paragraphs has no words (a row of stars) and ends no passage; what is
    # between the words of a sentence has its marks.
    inside = last.closes is Closes.WORD and stop < len(units)
    return units[start].start, units[stop].start if inside else last.end


def _price(n_words: int) -> float:
    """Of a passage of so many words."""
    price = ((n_words - USUAL) / SHORTEST) ** 2
    if SHORTEST <= n_words <= LONGEST:
        return price
    return price + _PRICE_OF_A_WORD * max(SHORTEST - n_words, n_words - LONGEST)


def _units(text: Text) -> list[_Unit]:
    """The units of a chapter, in order; together they have all its words."""
    units: list[_Unit] = []
    for paragraph in _by_paragraph(text):
        # A short paragraph goes with what it stands before, as a heading does.
        if units and units[-1].n_words < _FEWEST_IN_UNIT:
            paragraph[0] = _merged(units.pop(), paragraph[0])
        units += paragraph
    if len(units) > 1 and units[-1].n_words < _FEWEST_IN_UNIT:
        last = units.pop()
        units[-1] = _merged(units[-1], last)
    return units


def _by_paragraph(text: Text) -> Iterator[list[_Unit]]:
    """The units of each paragraph; only one alone may have few words."""
    units: list[_Unit] = []
    for piece in pieces(text):
        unit = _Unit(piece.start, piece.end, piece.n_words, piece.closes, _PRICES[piece.closes])
        ends = piece.closes is Closes.PARAGRAPH
        few = units and (units[-1].n_words < _FEWEST_IN_UNIT)
        if units and (few or (ends and unit.n_words < _FEWEST_IN_UNIT)):
            unit = _merged(units.pop(), unit)
        units.append(unit)
        if ends:
            yield _priced(units)
            units = []


def _priced(paragraph: list[_Unit]) -> list[_Unit]:
    """A paragraph whose sentences are good places to cut if it is too long for a passage."""
    if sum(unit.n_words for unit in paragraph) <= LONGEST:
        return paragraph
    return [
        replace(unit, price=_PRICE_IN_LONG) if unit.closes is Closes.SENTENCE else unit
        for unit in paragraph
    ]


def _merged(one: _Unit, two: _Unit) -> _Unit:
    return replace(two, start=one.start, n_words=one.n_words + two.n_words)


def _numbered(title: str, number: int) -> str:
    return f"{title} ({number})" if title and number > 1 else title


def _opening(text: Text) -> str:
    """The first words of a passage, in one line."""
    found = words(text.normalized)
    start = found[0].start
    end = min(found[0].end, start + _LONGEST_OPENING)
    for word in found:
        if word.end - start > _LONGEST_OPENING:
            break
        end = max(end, word.end)
    return one_line(text.shown[start:end])


def _slug(title: str, otherwise: str) -> str:
    """An id made of a title, as far as it can be spelt in a to z."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    id = _BETWEEN.sub("-", plain.replace("'", "")).strip("-")[:_LONGEST_ID].strip("-")
    return id if is_id(id) else otherwise


def _unused(id: str, ids: set[str]) -> str:
    """The id, with a number if it is taken; it is taken from now on."""
    chosen, number = id, 1
    while chosen in ids:
        number += 1
        end = f"-{number}"
        chosen = id[: _LONGEST_ID - len(end)].rstrip("-") + end
    ids.add(chosen)
    return chosen
