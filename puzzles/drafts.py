"""From a text to a pack that an author goes on with: its passages, their titles and ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.words import Text, words
from puzzles.dividing import LONGEST, SHORTEST, spans
from puzzles.documents import Chapter, Document, clean, one_line
from puzzles.files import quoted
from puzzles.schema import MOST_PASSAGES, is_id
from puzzles.texts import FEWEST_WORDS, cut

_LONGEST_ID = 40
_LONGEST_OPENING = 40
"""Characters of a title that is made of a passage's first words."""
_MOST_CHARACTERS = 200_000
"""Of a passage; real ones have two thousand."""
_MOST_BYTES_IN_ALL = 4_000_000
"""Of the texts; with all the rest the file must keep under the 5 MB that are read."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MOST_LANGUAGE = 35
_BETWEEN = re.compile(r"[^a-z0-9]+")


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


def draft(document: Document, id: str = "") -> Draft:
    """A pack of a whole document.

    Args:
        document: the text.
        id: the pack's; without one it is made from the title.

    Raises:
        InputError: the text is too short or too long for a pack, or `id` cannot be one.
    """
    if id:
        check_id(id)
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


def check_id(id: str) -> None:
    """Refuse what cannot be the id of a pack.

    Raises:
        InputError: it cannot.
    """
    if not is_id(id):
        raise InputError(
            f"{quoted(id)} cannot be the id of a pack: give 2 to 40 of a-z, 0-9 and -."
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
        texts = [cut(chapter.text, start, end) for start, end in spans(chapter.text)]
        for number, text in enumerate(texts, start=1):
            title = _numbered(chapter.title or only_title, number) or _opening(text)
            id = _unused(_slug(title, f"part-{len(found) + 1}"), ids)
            found.append(DraftPassage(id, title, text))
    if len(found) > MOST_PASSAGES:
        raise too_long
    longest = max(len(passage.text.shown) for passage in found)
    n_bytes = sum(len(passage.text.shown.encode()) for passage in found)
    if longest > _MOST_CHARACTERS or n_bytes > _MOST_BYTES_IN_ALL:
        raise InputError(
            "The text has far more other characters than words: choose one that is to be read."
        )
    return tuple(found)


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
