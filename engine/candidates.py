"""Bits of any given word at a place: what it would have cost, had it stood there.

Where candidates are compared, the printed word is one of them and read in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.canonical import UNWATCHED, Watch, read_short
from engine.errors import InputError, TextError
from engine.places import Place, places
from engine.surprisal import Row, Tally, span_of, token_starts
from engine.token_model import BRANCH_CELLS, TokenModel
from engine.words import is_single, only_word, words

_NO_TOKEN = -1


def check_candidates(candidates: Sequence[str]) -> None:
    """Refuse what is no word.

    Raises:
        InputError: with the first that is none.
    """
    for candidate in candidates:
        if only_word(candidate) != candidate:
            raise InputError(f"{candidate[:40]!r} is not exactly one word.")


def compare(
    model: TokenModel,
    text: str,
    asked: Mapping[int, Sequence[str]],
    *,
    before: int = 0,
    memory: int | None = None,
    watch: Watch = UNWATCHED,
) -> Iterator[tuple[int, list[float]]]:
    """Bits of candidates, place by place.

    A mind that reads everything has each candidate decoded alone behind what it has read; one
    that remembers `memory` words reads it in the printed word's place.

    Args:
        model: the model that reads.
        text: normalized, with what comes before the passage.
        asked: index of a word of the passage → the words to be tried in its place.
        before: characters of `text` that come before the passage.
        memory: how many words are remembered; None for all.
        watch: how the reading is followed and stopped.

    Returns:
        Word index and the candidates' surprisals in bits, in their order.

    Raises:
        InputError: a candidate is no word, or too long.
        TextError: the vocabulary cannot spell one.
    """
    for candidates in asked.values():
        check_candidates(candidates)
    found = words(text[before:])
    if memory is None:
        printed = [found[index] for index in sorted(asked)]
        for place in places(model, text, printed, before=before, watch=watch):
            yield place.key, [bits_at(model, place, word) for word in asked[place.key]]
        return
    for done, index in enumerate(sorted(asked), 1):
        bits: list[float] = []
        for word in asked[index]:
            watch.check()
            bits.append(read_short(model, text[before:], found, index, memory, instead=word))
        yield index, bits
        watch.on_progress(done, len(asked))


def bits_at(model: TokenModel, place: Place, candidate: str) -> float:
    """Decode a candidate alone behind its place and score it as any word, in bits.

    Raises:
        InputError: the candidate is too long.
        TextError: the vocabulary cannot spell it.
    """
    text = place.rest + candidate.encode()
    tokens = model.tokenize(text)
    if len(tokens) > BRANCH_CELLS:
        raise InputError(f"{candidate[:40]!r} is too long to be compared.")
    starts = token_starts(tokens, model.vocabulary.pieces)
    if int(starts[-1]) != len(text):
        raise TextError(f"The model's vocabulary cannot spell {candidate[:40]!r}.")
    begin = len(place.rest)
    span = span_of(
        place.key, begin, len(text), place.rest.endswith(b" "), is_single(candidate), starts
    )
    tally = Tally(span, text, model.vocabulary)
    logits = model.branch(place.position, [tokens], every_row=True)
    for j in range(span.first, span.last_row + 1):
        row = Row(logits[j - 1]) if j else place.row
        tally.see(j, int(starts[j]), tokens[j] if j < len(tokens) else _NO_TOKEN, row)
    return tally.bits
