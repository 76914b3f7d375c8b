"""Which words of a passage are played: drawn the same for everybody, or marked by an author."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from engine.errors import InputError
from engine.race import Target
from engine.words import Word, fold, has_digit, is_single, n_letters, sha256, words

SHORTEST_PASSAGE = 60
"""Words a text needs for a race."""
USUAL_TARGETS = 8
USUAL_SEED = 0
SHORTEST_OPENING = 25
USUAL_OPENING = 40
SPACING = 3
"""Two targets are at least this many words apart."""
RETURNING_SHARE = 5 / 8
"""Of the targets, those whose form occurred earlier in the passage: where memory pays."""


def draw(normalized: str, n: int, seed: int, uniform: bool) -> tuple[Target, ...]:
    """Draw the targets of an unmarked passage.

    Args:
        normalized: the passage.
        n: how many are wanted; fewer are drawn when fewer fit.
        seed: another seed gives another draw.
        uniform: any eligible word of two letters or more, instead of five returning words to
            three new ones. Only this draw estimates the bits a word of the passage.

    Raises:
        InputError: the passage is too short, or has no word to draw.
    """
    found = words(normalized)
    check_length(len(found))
    seen: set[str] = set()
    returning: set[int] = set()
    for word in found:
        form = fold(word.text)
        if form in seen:
            returning.add(word.index)
        seen.add(form)
    order = _order(found, sha256(normalized), seed)
    chosen: list[Word] = []
    for opening in (USUAL_OPENING, SHORTEST_OPENING):
        eligible = [word for word in order if _eligible(word, opening, uniform)]
        chosen = _choose(eligible, n, None if uniform else returning)
        if len(chosen) == n:
            break
    if not chosen:
        raise InputError("The text has no words of four letters or more to draw targets from.")
    return as_targets(sorted(chosen, key=lambda word: word.index))


def thin_out(marked: Sequence[Target], n: int) -> tuple[Target, ...]:
    """Keep `n` of an author's targets: the last one, and the rest evenly spaced."""
    if n >= len(marked):
        return tuple(marked)
    last = len(marked) - 1
    return tuple(marked[last - (last * back) // max(1, n - 1)] for back in reversed(range(n)))


def as_targets(chosen: Iterable[Word]) -> tuple[Target, ...]:
    """Words as targets."""
    return tuple(Target(word.index, word.start, word.end, word.text) for word in chosen)


def check_length(n_words: int) -> None:
    """Refuse a text too short for a race.

    Raises:
        InputError: with the sentence.
    """
    if n_words < SHORTEST_PASSAGE:
        raise InputError(
            f"The text has {n_words} words: a race needs at least {SHORTEST_PASSAGE}."
        )


def _order(found: Iterable[Word], text_sha256: str, seed: int) -> list[Word]:
    def place(word: Word) -> bytes:
        return hashlib.sha256(f"{text_sha256}:{seed}:{word.index}".encode()).digest()

    return sorted(found, key=place)


def _eligible(word: Word, opening: int, uniform: bool) -> bool:
    if word.index < opening or has_digit(word.text):
        return False
    return is_single(word.text[0]) or n_letters(word.text) >= (2 if uniform else 4)


def _choose(order: list[Word], n: int, returning: set[int] | None) -> list[Word]:
    """Words in order, apart from one another; of both kinds their share, as far as they go."""
    chosen: list[Word] = []
    taken: set[int] = set()

    def take(word: Word) -> bool:
        near = range(word.index - SPACING + 1, word.index + SPACING)
        if len(chosen) == n or not taken.isdisjoint(near):
            return False
        chosen.append(word)
        taken.add(word.index)
        return True

    if returning is not None:
        room = {True: round(n * RETURNING_SHARE)}
        room[False] = n - room[True]
        for word in order:
            kind = word.index in returning
            if room[kind] and take(word):
                room[kind] -= 1
    for word in order:
        take(word)
    return chosen
