"""Words that an author may want to mark: where habit is lost and memory is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from engine.minds import INSTINCT, READER, Mind
from engine.predictor import Job, Predictor
from engine.words import Words, has_digit, is_single, n_letters, words
from puzzles.advice import EARLIEST_TARGET
from puzzles.drafts import Draft, DraftPassage
from tui.engine_room import STARTER, wait_for

DISTANCE = 8
"""Words from one suggestion to the next, at least."""
MOST = 10
WORDS_EACH = 30
"""Suggestions in a passage: one for so many words, up to the most."""
LEAST_SAVED_BITS = 3.0
"""Instinct's bits less Reader's: what memory is worth there."""
MOST_READER_BITS = 6.0
"""Bits from which Reader is lost too."""
_FEWEST_LETTERS = 4
_READERS_SHARE = 0.2
"""Of the time a passage takes."""


def suggest(predictor: Predictor, draft: Draft, on_progress: Callable[[float], None]) -> Draft:
    """A draft with suggestions marked.

    Args:
        predictor: who reads; has been told to load the starter model.
        draft: without marks.
        on_progress: gets fractions from 0 to 1.

    Raises:
        BitraceError: the model failed.
    """
    marked: list[DraftPassage] = []
    for place, passage in enumerate(draft.passages):

        def show(fraction: float, place: int = place) -> None:
            on_progress((place + fraction) / len(draft.passages))

        marked.append(replace(passage, marks=_marks(predictor, passage.text.normalized, show)))
    return replace(draft, passages=tuple(marked))


def choose(saved: Mapping[int, float], n_words: int) -> tuple[int, ...]:
    """Word indices, in order, of the best suggestions that are not too near to each other.

    Args:
        saved: word index → bits saved by memory there.
        n_words: of the passage.
    """
    most = min(MOST, max(1, n_words // WORDS_EACH))
    chosen: list[int] = []
    for word in sorted(saved, key=lambda word: (-saved[word], word)):
        if saved[word] < LEAST_SAVED_BITS or len(chosen) == most:
            break
        if all(abs(word - other) >= DISTANCE for other in chosen):
            chosen.append(word)
    return tuple(sorted(chosen))


def _marks(predictor: Predictor, text: str, show: Callable[[float], None]) -> tuple[int, ...]:
    def read(
        mind: Mind, wanted: tuple[int, ...], begin: float, share: float
    ) -> Mapping[int, float]:
        job = Job(STARTER, mind, text, words=wanted)
        future = predictor.read(
            job, on_progress=lambda fraction: show(begin + share * fraction)
        )
        return wait_for(future).bits

    all_words = words(text)
    eligible = tuple(_eligible(all_words))
    reader = read(READER, eligible, 0.0, _READERS_SHARE)
    # Habit is read only where memory has a chance: that is most of the work.
    found = tuple(word for word in eligible if reader[word] <= MOST_READER_BITS)
    instinct = read(INSTINCT, found, _READERS_SHARE, 1 - _READERS_SHARE)
    return choose({word: instinct[word] - reader[word] for word in found}, len(all_words))


def _eligible(found: Words) -> list[int]:
    return [
        word.index
        for word in found
        if word.index >= EARLIEST_TARGET
        and not has_digit(word.text)
        and (n_letters(word.text) >= _FEWEST_LETTERS or is_single(word.text[0]))
    ]
