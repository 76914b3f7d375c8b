"""What is played: from what was asked for to a passage with its targets (game.md, A race)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from engine.errors import InputError
from engine.race import Draw, PackRef, Target
from engine.targets import USUAL_TARGETS, as_targets, check_length, draw, thin_out
from engine.words import Text, prepare, words
from puzzles.load import Pack, Passage, builtin_ids, load_builtin, load_pack
from puzzles.texts import cut, excerpt_from, excerpts, load_text
from tui.literal import clean
from tui.paths import typed_path

FIRST_PACK = "warm-up"
_PACK_ENDING = ".toml"


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


def choose(wish: Wish, played: Set[str]) -> Chosen:
    """Find what was asked for.

    Args:
        wish: what was asked for.
        played: SHA-256 of the texts that the players have raced on.

    Raises:
        InputError: it is not there, or cannot be raced on.
    """
    if wish.what is None:
        return _from_pack(load_builtin(FIRST_PACK), None, wish, played)
    what = wish.what
    path = typed_path(what)
    pack_id, _, passage_id = what.partition("/")
    if path.is_file() or (path.exists() and pack_id not in builtin_ids()):
        if path.is_file() and path.suffix == _PACK_ENDING:
            chosen = _from_pack(load_pack(path), None, wish, played)
        else:
            chosen = _from_text(load_text(path), clean(path.name), wish, played)
        return replace(chosen, origin=str(path.resolve()))
    if pack_id in builtin_ids():
        return _from_pack(load_builtin(pack_id), passage_id or None, wish, played)
    packs = ", ".join(builtin_ids())
    raise InputError(f"There is no file and no pack {what!r}. The packs there are: {packs}.")


def next_passage(pack: Pack, played: Set[str]) -> Passage:
    """The first passage of a pack not raced on yet; the first of all when all have been."""
    fresh = (passage for passage in pack.passages if passage.text.sha256 not in played)
    return next(fresh, pack.passages[0])


def _from_pack(pack: Pack, passage_id: str | None, wish: Wish, played: Set[str]) -> Chosen:
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
    )


def _from_text(text: Text, name: str, wish: Wish, played: Set[str]) -> Chosen:
    check_length(len(words(text.normalized)))
    if wish.from_word:
        excerpt = cut(text, *excerpt_from(text, wish.from_word))
    elif wish.whole:
        excerpt = text
    else:
        parts = [cut(text, start, end) for start, end in excerpts(text)]
        excerpt = next((part for part in parts if part.sha256 not in played), parts[0])
    targets, how = _drawn(excerpt, wish)
    return Chosen(title=name, text=excerpt, targets=targets, draw=how, passage=name)


def _hash_of(text: str) -> str | None:
    return prepare(text).sha256 if text else None


def _drawn(text: Text, wish: Wish) -> tuple[tuple[Target, ...], Draw]:
    n = wish.n_targets or USUAL_TARGETS
    targets = draw(text.normalized, n, wish.seed, wish.uniform)
    return targets, Draw("uniform" if wish.uniform else "returning", n, wish.seed)
