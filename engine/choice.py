"""The mode in which the true word hides among six, and each gets its share of a hundred.

How the six are drawn (game.md, Modes): all are of the true word's class, met earlier in the
passage or not; of those that could stand there, some that Instinct expects just more than the
true word, and some just less, by a seeded lot. So what tells the true word is understanding.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from engine.bets import Bet, Score, Slip
from engine.errors import SlipError
from engine.words import Word, fold, has_digit, is_single, n_letters, only_word, words

N_WORDS = 6
EVEN = (17, 17, 17, 17, 16, 16)
"""Stakes to begin with, in percent."""
LEAST_STAKE = 1
STEP = 10
"""Points that one key moves."""
FEWEST_LETTERS = 4
"""Of an eligible word; of shorter true words as many as they have. Han and Kana: any."""
_LONG = ((8, 6), (7, 5))
"""From so many letters of a true word the others have so many at least: so that the longest of
the six is not the true one more often than by chance."""
_OPENING = " \n\"'“”‘’«»([–—-"
_ENDS_SENTENCE = ".!?…:"
_LOTS = (1, 2, 2, 2, 2, 5)
"""How often, of 14 times, so many of the others stand above the true word, from none to five.

Were it the same for each number, the true word would be Instinct's likeliest of the six in
24 % of the built-in packs' targets and its least likely in 11 %: words that are nearest by
their first token are behind it as whole words, and where habit expects it most of all nothing
stands above it. By these lots each rank comes about as often (docs/draw_report.py).
"""
_N_ABOVE = tuple(above for above, lots in enumerate(_LOTS) for _ in range(lots))
MOST_POOLED = 4000
"""Words in a pool; beyond, a lot decides, the same for everybody."""


def pool(text: str, index: int, elsewhere: Mapping[str, str]) -> tuple[str, ...]:
    """Words that could stand in a word's place, in its case, apart from itself.

    Args:
        text: the passage, normalized.
        index: of the true word among its words.
        elsewhere: words of other texts by their folded form, from `vocabulary`.

    Returns:
        In the order of their folded forms; empty where the true word's case is its own.
    """
    found = words(text)
    truth = found[index]
    earlier = by_form(word.text for word in found[:index])
    if (mine := fold(truth.text)) in earlier:
        forms: Mapping[str, str] = earlier
    else:
        here = {fold(word.text) for word in found}
        forms = {form: word for form, word in elsewhere.items() if form not in here}
    pooled: tuple[str, ...] = ()
    is_name = _is_name(forms.get(mine, truth.text))
    kinds = (None,) if is_name and _opens_sentence(text, truth) else (is_name, None)
    for letters, kind in product(_least_letters(truth.text), kinds):
        pooled = tuple(_fitting(forms, mine, truth.text, letters, kind))
        if len(pooled) >= N_WORDS - 1:
            break
    return pooled


def by_form(those: Iterable[str]) -> dict[str, str]:
    """Words by their folded form: in lower case, if they ever are."""
    found: dict[str, str] = {}
    for word in those:
        form = fold(word)
        if form not in found or _is_name(found[form]):
            found[form] = word
    return found


def _is_name(word: str) -> bool:
    """Whether a word has a capital; of `by_form` those have one that always do."""
    return word != word.lower()


def _opens_sentence(text: str, word: Word) -> bool:
    """Whether a word may have its capital for its place alone."""
    before = text[: word.start].rstrip(_OPENING)
    return not before or before[-1] in _ENDS_SENTENCE or "\n" in text[len(before) : word.start]


def _least_letters(truth: str) -> Iterator[int]:
    """How many letters the others have at least; fewer where those before are too few."""
    n = n_letters(truth)
    yield from (least for letters, least in _LONG if n >= letters)
    yield min(FEWEST_LETTERS, n)


def _fitting(
    forms: Mapping[str, str], mine: str, like: str, letters: int, names: bool | None
) -> Iterator[str]:
    """Words that fit; where it is asked for only names, which are always capitalized, or none:
    in another case than their own they could not be the true word, and anybody would see it."""
    for form in sorted(forms):
        if form == mine or not _eligible(forms[form], like, letters):
            continue
        if names is not None and _is_name(forms[form]) != names:
            continue
        shown = in_case_of(forms[form], like)
        if shown is not None and fold(shown) == form:
            yield shown


def vocabulary(texts: Iterable[Sequence[Word]]) -> dict[str, str]:
    """Words of other texts by their folded form, for `pool`."""
    return by_form(
        word.text
        for found in texts
        for word in found
        if not has_digit(word.text) and (len(word.text) > 1 or is_single(word.text))
    )


def lot(text_sha256: str, seed: int, index: int) -> str:
    """By what the six words of a target are drawn: the same for everybody.

    Args:
        text_sha256: of the passage.
        seed: another gives another draw.
        index: of the target among the passage's words.
    """
    return f"{text_sha256}:{seed}:{index}"


def draw(
    truth: str,
    pooled: Sequence[str],
    log2_firsts: Sequence[float],
    lot: str,
) -> tuple[str, ...] | None:
    """The six, shuffled.

    Args:
        truth: the true word.
        pooled: from `pool`.
        log2_firsts: Instinct's log2 probability of the first token of the true word, then of
            each pooled word.
        lot: from `lot`.

    Returns:
        None where fewer than five could stand there: such a target is passed over.
    """
    n_others = N_WORDS - 1
    if len(pooled) < n_others:
        return None
    ranked = sorted(
        zip(log2_firsts, (truth, *pooled), strict=True), key=lambda one: (-one[0], one[1])
    )
    order = [word for _, word in ranked]
    at = order.index(truth)
    above, below = order[:at], order[at + 1 :]
    n_above = _N_ABOVE[_number(f"{lot}:above") % len(_N_ABOVE)]
    n_above = max(min(n_above, len(above)), n_others - len(below))
    six = [*above[len(above) - n_above :], truth, *below[: n_others - n_above]]
    return tuple(sorted(six, key=lambda word: _number(f"{lot}:{fold(word)}")))


def thinned(forms: Mapping[str, str], lot: str) -> dict[str, str]:
    """At most `MOST_POOLED` words of a vocabulary."""
    if len(forms) <= MOST_POOLED:
        return dict(forms)
    kept = sorted(forms, key=lambda form: _number(f"{lot}:{form}"))[:MOST_POOLED]
    return {form: forms[form] for form in sorted(kept)}


def in_case_of(word: str, like: str) -> str | None:
    """A word in the case pattern of another; None where that pattern is its own (`McDuff`)."""
    if like == like.lower():
        shown = word.lower()
    elif like == like.upper() and len(like) > 1:
        shown = word.upper()
    elif like == like[:1].upper() + like[1:].lower():
        shown = word[:1].upper() + word[1:].lower()
    else:
        return None
    return shown if only_word(shown) == shown else None


def renormalized(bits: Sequence[float]) -> tuple[float, ...]:
    """Surprisals among given words alone: their probabilities add up to one.

    Args:
        bits: of each word, among all words there are.
    """
    least = min(bits)
    total = math.log2(math.fsum(2.0 ** (least - one) for one in bits))
    return tuple(one - least + total for one in bits)


def raised(stakes: Sequence[int], place: int, by: int = STEP) -> tuple[int, ...]:
    """Stakes with more on one word, taken evenly from the others, or less, given to them.

    Args:
        stakes: in percent, together 100.
        place: of the word, from 0.
        by: points; fewer are moved where the others have no more to give.
    """
    moved = list(stakes)
    others = [other for other in range(len(stakes)) if other != place]
    step = 1 if by > 0 else -1
    left = abs(by)
    while left:
        givers = others if step > 0 else [place]
        if all(moved[giver] <= LEAST_STAKE for giver in givers):
            break
        for other in others:
            giver, taker = (other, place) if step > 0 else (place, other)
            if left and moved[giver] > LEAST_STAKE:
                moved[giver] -= 1
                moved[taker] += 1
                left -= 1
    return tuple(moved)


def staked(six: Sequence[str], stakes: Sequence[int]) -> Slip:
    """The slip of six stakes.

    Raises:
        SlipError: they are not six whole percents of at least 1 that add up to 100.
    """
    if len(stakes) != len(six):
        raise SlipError(f"{len(six)} words want {len(six)} stakes")
    if any(stake < LEAST_STAKE for stake in stakes):
        raise SlipError(f"each word keeps at least {LEAST_STAKE} percent")
    if sum(stakes) != 100:
        raise SlipError(f"stakes add up to {sum(stakes)}: they have to make 100")
    return Slip(tuple(Bet(word, stake) for word, stake in zip(six, stakes, strict=True)))


def score(slip: Slip, truth: str, instinct_bits: float) -> Score:
    """Score stakes on the true word.

    Args:
        slip: from `staked`.
        truth: the true word.
        instinct_bits: of the true word among the six.
    """
    bits = -math.log2(slip.stake_on(truth) / 100) + 0.0
    return Score(bits, instinct_bits - bits)


def _eligible(word: str, truth: str, letters: int) -> bool:
    if has_digit(word):
        return False
    if is_single(word[0]) or is_single(truth[0]):
        return is_single(word[0]) and is_single(truth[0])
    return n_letters(word) >= letters


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
