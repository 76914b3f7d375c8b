"""What is played: from what was asked for to a passage with its targets (game.md, A race)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from engine.baked import Baked
from engine.errors import InputError
from engine.setup import Draw, Mode, PackRef, Target
from engine.targets import (
    SHORTEST_PASSAGE,
    USUAL_TARGETS,
    as_targets,
    check_length,
    draw,
    thin_out,
)
from engine.words import Text, prepare, words
from puzzles.builtin import TUTORIAL, open_builtin
from puzzles.documents import load_document
from puzzles.library import Library
from puzzles.load import Loaded, Pack, Passage, load_source
from puzzles.readings import read_readings
from puzzles.sources import looks_like_pack, open_source
from puzzles.texts import cut, excerpt_from, excerpts, load_text
from tui.literal import clean
from tui.paths import typed_path

_BOOK_ENDING = ".epub"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a player asked for."""

    what: str | None = None
    """A file, a pack or a passage of one; None for the next warm-up passage."""
    players: tuple[str, ...] = ()
    n_targets: int | None = None
    seed: int = 0
    uniform: bool = False
    from_word: str | None = None
    whole: bool = False
    model: str = ""
    gpu_layers: int = -1
    by_id: bool = False
    """It is the id of a pack, whatever files there are of that name."""
    further: tuple[str, ...] = ()
    """Models that race beside the first."""
    mode: Mode | None = None
    """None for the one in the settings, or what is usual for so many players."""
    against: tuple[str, ...] = ()
    """Names of racers; none for those in the settings, or the usual ones."""
    clock_s: int | None = None
    """Seconds a target; 0 for no clock, None for the one in the settings."""
    tutorial: bool = False
    """Whether players are told how the game goes while they race."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A passage with its targets, ready to be raced."""

    title: str
    text: Text
    targets: tuple[Target, ...]
    draw: Draw
    pack: PackRef | None = None
    passage: str = ""
    origin: str = ""
    source: str = ""
    primer: str = ""
    preface: str = ""
    primer_sha256: str | None = None
    preface_sha256: str | None = None
    baked: tuple[Baked, ...] = ()
    """What models have read of the passage, as it came with the pack."""
    elsewhere: Mapping[str, str] = field(default_factory=dict[str, str])
    """Words by their folded form that may be among the six, in the choice mode."""
    warnings: tuple[str, ...] = ()
    """What was wrong with readings that came with the pack and are not used."""


@dataclass(frozen=True, slots=True)
class Book:
    """A text that is no pack."""

    name: str
    """Safe to show."""
    text: Text
    sections: Sequence[Text]
    """The parts that no excerpt goes across: a book's chapters."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was asked for, read and good, before anything is known of who plays."""

    what: Loaded | Book
    passage_id: str | None = None
    origin: str = ""


def find(wish: Wish, library: Library) -> Found:
    """Read what was asked for: a file or folder, else a pack by its id. Writes nothing.

    Args:
        wish: what was asked for.
        library: where packs are found by id.

    Raises:
        InputError: it is not there, or has faults.
    """
    if wish.what is None:
        return Found(open_builtin(TUTORIAL))
    what = wish.what
    id, _, passage_id = what.partition("/")
    if wish.by_id:
        return Found(library.open(id), passage_id or None)
    path = typed_path(what)
    if path.is_file() or (path.exists() and id not in library):
        is_pack = looks_like_pack(path)
        found = load_source(open_source(path)) if is_pack else _read_book(path)
        return Found(found, origin=str(path.resolve()))
    if id in library:
        return Found(library.open(id), passage_id or None)
    if path.parent.exists() and looks_like_pack(path.parent):
        pack = load_source(open_source(path.parent))
        return Found(pack, path.name, str(path.parent.resolve()))
    raise InputError(
        f"There is no file and no pack {what!r}. The packs there are: {library.told_ids}."
    )


def choose(wish: Wish, found: Found, played: Set[str]) -> Chosen:
    """A passage of what was found, with its targets.

    Args:
        wish: what was asked for.
        found: what `find` gave for it.
        played: SHA-256 of the texts that the players have raced on.

    Raises:
        InputError: it cannot be raced on.
    """
    if isinstance(found.what, Book):
        chosen = _from_book(found.what, wish, played)
    else:
        chosen = _from_pack(found.what, found.passage_id, wish, played)
    return replace(chosen, origin=found.origin)


def next_passage(pack: Pack, played: Set[str]) -> Passage:
    """The first passage of a pack not raced on yet; the first of all when all have been."""
    fresh = (passage for passage in pack.passages if passage.text.sha256 not in played)
    return next(fresh, pack.passages[0])


def _from_pack(loaded: Loaded, passage_id: str | None, wish: Wish, played: Set[str]) -> Chosen:
    pack = loaded.pack
    if wish.from_word or wish.whole:
        raise InputError(
            "--from and --whole are for texts; a pack's passage is played as it is."
        )
    passage = pack.passage(passage_id) if passage_id else next_passage(pack, played)
    marked = as_targets(passage.targets)
    if marked and not wish.uniform:
        targets = marked if wish.n_targets is None else thin_out(marked, wish.n_targets)
        how = Draw("marked", len(targets), wish.seed)
    else:
        targets, how = _drawn(passage.text, wish)
    readings = read_readings(loaded)
    return Chosen(
        title=f"{pack.title} · {passage.title}",
        text=passage.text,
        targets=targets,
        draw=how,
        pack=PackRef(pack.id, pack.version, pack.sha256),
        passage=passage.id,
        source=passage.source,
        primer=passage.primer,
        preface=passage.preface,
        primer_sha256=_hash_of(passage.primer),
        preface_sha256=_hash_of(passage.preface),
        baked=readings.of(passage.id),
        warnings=tuple(
            str(fault) for fault in readings.warnings if fault.passage in (None, passage.id)
        ),
    )


def _from_book(book: Book, wish: Wish, played: Set[str]) -> Chosen:
    name, text = book.name, book.text
    check_length(len(words(text.normalized)))
    if wish.from_word:
        excerpt = cut(text, *excerpt_from(text, wish.from_word))
    elif wish.whole:
        excerpt = text
    else:
        parts = (
            cut(section, start, end)
            for section in book.sections
            for start, end in excerpts(section)
        )
        first = next(parts)
        fresh = (part for part in chain([first], parts) if part.sha256 not in played)
        excerpt = next(fresh, first)
    targets, how = _drawn(excerpt, wish)
    return Chosen(title=name, text=excerpt, targets=targets, draw=how, passage=name)


def _read_book(path: Path) -> Book:
    name = clean(path.name)
    if path.suffix.lower() != _BOOK_ENDING:
        text = load_text(path)
        return Book(name, text, [text])
    chapters = [chapter.text for chapter in load_document(path).chapters]
    text = prepare("\n\n".join(chapter.shown for chapter in chapters))
    long = [one for one in chapters if len(words(one.normalized)) >= SHORTEST_PASSAGE]
    return Book(name, text, long or [text])


def _hash_of(text: str) -> str | None:
    return prepare(text).sha256 if text else None


def _drawn(text: Text, wish: Wish) -> tuple[tuple[Target, ...], Draw]:
    n = wish.n_targets or USUAL_TARGETS
    targets = draw(text.normalized, n, wish.seed, wish.uniform)
    return targets, Draw("uniform" if wish.uniform else "returning", n, wish.seed)
