"""Six words: how they are drawn, and how a hundred points on them are scored."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine.bets import Bet, Slip
from engine.choice import (
    EVEN,
    LEAST_STAKE,
    MOST_POOLED,
    N_WORDS,
    STEP,
    draw,
    in_case_of,
    lot,
    pool,
    raised,
    renormalized,
    score,
    staked,
    thinned,
    vocabulary,
)
from engine.errors import SlipError
from engine.words import Words, fold, n_letters, words

N_SEEDS = 3_000
CHI_SQUARED_5 = 20.515
"""Of five degrees of freedom: what chance alone goes beyond once in a thousand times."""

TEXT_SHA256 = hashlib.sha256(b"a passage").hexdigest()
POOLED = (
    "anchor", "barrel", "candle", "dagger", "engine", "feather", "garden", "hammer", "island",
    "jacket", "kettle", "ladder", "mirror", "needle", "orchard", "pillow", "quarry", "ribbon",
    "saddle", "tunnel",
)  # fmt: skip

# ---- the pool ----

SHORT = ["the", "a", "of", "on", "to", "it", "cat", "sea", "owl", "dog"]
LONG = ["boat", "wave", "tide", "rope", "cook", "captain", "harbour", "lantern", "anchor"]
ODD = ["didn't", "1870", "B2", "café", "CAFÉ", "McDuff", "Straße", "STRASSE", "I", "猫", "犬"]


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int, dict[str, str]]:
    """A text, a place in it, and words from elsewhere by their folded forms."""
    cased = st.sampled_from([*SHORT, *LONG]).flatmap(
        lambda word: st.sampled_from([word, word.capitalize(), word.upper()])
    )
    some = st.lists(cased | st.sampled_from(ODD), min_size=1, max_size=60)
    text = draw(st.sampled_from([" ", ". ", ", "])).join(draw(some))
    elsewhere = vocabulary([words(" ".join(draw(some)))])
    return text, draw(st.integers(0, len(words(text)) - 1)), elsewhere


def met_before(found: Words, index: int) -> set[str]:
    return {fold(word.text) for word in found[:index]}


def pattern(word: str) -> str:
    """How a word's letters are cased; a single letter is as it begins a sentence."""
    if word == word.lower():
        return "lower"
    if len(word) > 1 and word == word.upper():
        return "upper"
    return "title" if word == word[:1].upper() + word[1:].lower() else "its own"


@given(places())
def test_all_are_of_the_true_word_s_class(place: tuple[str, int, dict[str, str]]) -> None:
    text, index, elsewhere = place
    found = words(text)
    truth, met = found[index].text, met_before(found, index)
    forms = [fold(word) for word in pool(text, index, elsewhere)]
    assert len(forms) == len(set(forms)), "no two fold to the same"
    assert fold(truth) not in forms
    if fold(truth) in met:
        assert set(forms) <= met
    else:
        here = {fold(word.text) for word in found}
        assert set(forms) <= elsewhere.keys() - here, "nor do any come later in the text"


@given(places())
def test_all_take_the_case_of_the_true_word(place: tuple[str, int, dict[str, str]]) -> None:
    text, index, elsewhere = place
    truth = words(text)[index].text
    pooled = pool(text, index, elsewhere)
    if pattern(truth) == "its own":
        assert pooled == ()
    for word in pooled:
        caseless = word.lower() == word.upper()
        assert pattern(word) == pattern(truth) or caseless or 1 in (len(word), len(truth))


@given(places())
def test_none_is_shorter_than_it_may_be_or_holds_a_digit(
    place: tuple[str, int, dict[str, str]],
) -> None:
    text, index, elsewhere = place
    truth = words(text)[index].text
    for word in pool(text, index, elsewhere):
        assert not any(character.isdigit() for character in word)
        single = {"猫", "犬"}
        assert (word in single) == (truth in single), "Han beside Han alone"
        assert word in single or n_letters(word) >= min(4, n_letters(truth))


@given(places())
def test_the_pool_is_the_same_whoever_asks_and_whatever_comes_behind(
    place: tuple[str, int, dict[str, str]],
) -> None:
    text, index, elsewhere = place
    found = words(text)
    pooled = pool(text, index, elsewhere)
    assert pooled == tuple(sorted(pooled, key=fold))
    assert pooled == pool(text, index, dict(reversed(elsewhere.items())))
    if fold(found[index].text) in met_before(found, index):
        upto = text[: found[index].end]
        assert pooled == pool(upto, index, {}), "of the met ones, what came before decides"


def test_what_is_met_comes_from_the_passage_and_what_is_not_from_elsewhere() -> None:
    text = "The ferry left the harbour with captain and cook and thief and girl; the ferry"
    elsewhere = vocabulary([words("anchor, barrel; ferry candle dagger engine harbour fog")])
    last = len(words(text)) - 1
    assert pool(text, last, elsewhere) == (
        "captain", "cook", "girl", "harbour", "left", "thief", "with",
    )  # fmt: skip
    assert pool(text, 1, elsewhere) == ("anchor", "barrel", "candle", "dagger", "engine")


def test_beside_a_long_word_stand_no_four_letters_unless_they_must() -> None:
    longer = "anchor barrel candle dagger engine"
    four = "rope tide wave boat"
    elsewhere = vocabulary([words(f"{longer} {four} of fog")])
    assert pool("the harbour", 1, elsewhere) == tuple(longer.split())
    fewer = vocabulary([words(f"{longer[:-7]} {four} of fog")])
    assert pool("the harbour", 1, fewer) == tuple(sorted(f"{longer[:-7]} {four}".split()))
    assert set(pool("the sea", 1, elsewhere)) == {*longer.split(), *four.split(), "fog"}
    assert "of" in pool("go to", 1, elsewhere)


def test_the_longer_the_word_the_longer_those_beside_it() -> None:
    six, five, four = "anchor barrel candle dagger", "ferry lanes", "rope tide wave boat"
    elsewhere = vocabulary([words(f"{six} feather {five} {four}")])
    eight = pool("the umbrella", 1, elsewhere)
    assert eight == tuple(sorted(f"{six} feather".split()))
    fewer = vocabulary([words(f"{six} {five} {four}")])
    assert pool("the umbrella", 1, fewer) == tuple(sorted(f"{six} {five}".split()))
    assert pool("the umbrella", 1, fewer) == pool("the harbour", 1, fewer)


NAMES = ("Anna", "Boris", "Cyril", "Dora", "Edwin", "Fred")
COMMON = ("anchor", "barrel", "candle", "dagger", "engine", "feather")


def test_names_stand_among_names_and_other_words_among_others() -> None:
    """In another case than its own a word could not be the true one, and all would see it."""
    met = f"{' '.join(NAMES)} saw {' '.join(COMMON)} and then Edwin took candle. Candle"
    (edwin,), (candle, begins) = (
        [word.index for word in words(met)[13:] if fold(word.text) == form]
        for form in ("edwin", "candle")
    )
    assert set(pool(met, edwin, {})) == {*NAMES} - {"Edwin"}
    assert set(pool(met, candle, {})) == {*COMMON, "then", "took"} - {"candle"}
    shown = {word.capitalize() for word in (*COMMON, "then", "took")}
    assert set(pool(met, begins, {})) == shown - {"Candle"}, "known from where it stood first"
    elsewhere = vocabulary([words(f"{' '.join((*NAMES, *COMMON))}. There it is, there")])
    unmet = "the girl sees Gloria and pillow"
    assert set(pool(unmet, 3, elsewhere)) == {*NAMES}
    assert set(pool(unmet, 5, elsewhere)) == {*COMMON, "there"}


def test_where_there_are_too_few_names_others_stand_in() -> None:
    elsewhere = vocabulary([words(" ".join((*NAMES[:3], *COMMON[:3])))])
    shown = {*NAMES[:3], *(word.capitalize() for word in COMMON[:3])}
    assert set(pool("he met Gloria", 2, elsewhere)) == shown


@pytest.mark.parametrize("before", ["", "It was late. ", "He said: “"])
def test_a_word_that_begins_a_sentence_is_not_alone_among_names(before: str) -> None:
    """It has a capital for its place, and is no name; among names only it would stand out."""
    text = f"{before}Nobody had come aboard"
    index = next(word.index for word in words(text) if word.text == "Nobody")
    elsewhere = vocabulary([words(" ".join((*NAMES, *COMMON)))])
    shown = {*NAMES, *(word.capitalize() for word in COMMON)}
    assert set(pool(text, index, elsewhere)) == shown


@pytest.mark.parametrize("before", ["he and ", "the man, ", "the so-called "])
def test_a_capital_within_a_sentence_is_a_name_s(before: str) -> None:
    index = len(words(before))
    elsewhere = vocabulary([words(" ".join((*NAMES, *COMMON)))])
    assert set(pool(f"{before}Gloria came", index, elsewhere)) == {*NAMES}


@pytest.mark.parametrize(
    ("word", "like", "shown"),
    [
        ("Harbour", "cook", "harbour"),
        ("harbour", "Cook", "Harbour"),
        ("harbour", "COOK", "HARBOUR"),
        ("harbour", "I", "Harbour"),
        ("McDuff", "cook", "mcduff"),
        ("harbour", "McDuff", None),
        ("harbour", "iPhone", None),
        ("didn't", "Cook", "Didn't"),
        ("straße", "COOK", "STRASSE"),
        ("猫", "犬", "猫"),
    ],
)
def test_cases(word: str, like: str, shown: str | None) -> None:
    assert in_case_of(word, like) == shown


def test_a_vocabulary_holds_no_digits_and_no_lone_letters() -> None:
    found = vocabulary([words("Tide a B 1870 B2 猫 don't"), words("sea boat")])
    assert found == {"tide": "Tide", "猫": "猫", "don't": "don't", "sea": "sea", "boat": "boat"}


def test_a_large_vocabulary_is_thinned_out_the_same_for_everybody() -> None:
    many = {f"word{n}": f"word{n}" for n in range(MOST_POOLED + 500)}
    kept = thinned(many, "lot")
    assert len(kept) == MOST_POOLED
    assert kept.items() <= many.items()
    assert kept == thinned(dict(reversed(many.items())), "lot")
    assert list(kept) == sorted(kept)
    assert kept.keys() != thinned(many, "another lot").keys()
    few = dict(list(many.items())[:MOST_POOLED])
    assert thinned(few, "lot") == few


# ---- the draw ----


@st.composite
def draws(draw: st.DrawFn) -> tuple[str, tuple[str, ...], list[float], str]:
    """A true word, a pool, log2 probabilities with ties, and a lot."""
    forms = draw(st.lists(st.sampled_from(POOLED), min_size=1, max_size=20, unique=True))
    truth, *pooled = forms
    firsts = st.sampled_from([-1074.0, -7.0, -3.0, 0.0]) | st.floats(-1074, 0)
    log2s = draw(st.lists(firsts, min_size=len(forms), max_size=len(forms)))
    return truth, tuple(pooled), log2s, lot(TEXT_SHA256, draw(st.integers(0, 10**6)), 7)


@given(draws())
def test_six_words_are_drawn_and_the_true_one_is_among_them(
    drawn: tuple[str, tuple[str, ...], list[float], str],
) -> None:
    truth, pooled, firsts, a_lot = drawn
    six = draw(truth, pooled, firsts, a_lot)
    if len(pooled) < N_WORDS - 1:
        assert six is None, "such a target is passed over"
        return
    assert six is not None
    assert len(six) == len({fold(word) for word in six}) == N_WORDS
    assert truth in six
    assert set(six) <= {truth, *pooled}
    assert draw(truth, pooled, firsts, a_lot) == six


@given(draws())
def test_they_are_nearest_to_the_true_word_in_instinct_s_order(
    drawn: tuple[str, tuple[str, ...], list[float], str],
) -> None:
    truth, pooled, firsts, a_lot = drawn
    six = draw(truth, pooled, firsts, a_lot)
    assume(six is not None)
    assert six is not None
    rank = ranks(truth, pooled, firsts)
    places = sorted(rank[word] for word in six)
    assert places == list(range(places[0], places[0] + N_WORDS)), "with no gap between"


def ranks(truth: str, pooled: Sequence[str], firsts: Sequence[float]) -> dict[str, int]:
    """Places in Instinct's order, ties by spelling."""
    by_word = dict(zip((truth, *pooled), firsts, strict=True))
    order = sorted(by_word, key=lambda word: (-by_word[word], word))
    return {word: place for place, word in enumerate(order)}


@given(draws(), st.randoms(use_true_random=False))
def test_the_order_of_the_pool_does_not_matter(
    drawn: tuple[str, tuple[str, ...], list[float], str], source: object
) -> None:
    truth, pooled, firsts, a_lot = drawn
    pairs = list(zip(pooled, firsts[1:], strict=True))
    source.shuffle(pairs)  # type: ignore[attr-defined]
    shuffled = [word for word, _ in pairs], [firsts[0], *(first for _, first in pairs)]
    assert draw(truth, *shuffled, a_lot) == draw(truth, pooled, firsts, a_lot)


def test_how_many_stand_above_is_as_the_lots_say() -> None:
    """Over many seeds, where there is room on both sides."""
    firsts = [-10.0, *(-float(place) for place in range(20))]
    rank = ranks("true", POOLED, firsts)
    above: Counter[int] = Counter()
    for seed in range(N_SEEDS):
        six = draw("true", POOLED, firsts, lot(TEXT_SHA256, seed, 7))
        assert six is not None
        above[sum(rank[word] < rank["true"] for word in six)] += 1
    lots = (1, 2, 2, 2, 2, 5)
    expected = {n: N_SEEDS * share / sum(lots) for n, share in enumerate(lots)}
    assert above.keys() == expected.keys()
    assert chi_squared(above, expected) < CHI_SQUARED_5


@pytest.mark.parametrize("place", range(6))
def test_a_side_that_runs_out_is_filled_from_the_other(place: int) -> None:
    """With five others there is nothing to choose."""
    pooled = POOLED[:5]
    firsts = [-place - 0.5, *(-float(rank) for rank in range(5))]
    for seed in range(30):
        six = draw("true", pooled, firsts, lot(TEXT_SHA256, seed, 7))
        assert six is not None
        assert set(six) == {"true", *pooled}


def chi_squared(seen: Mapping[int, int], expected: Mapping[int, float]) -> float:
    return sum((seen.get(key, 0) - one) ** 2 / one for key, one in expected.items())


@pytest.mark.parametrize("truth", ["cook", "Harbour", "antidisestablishmentarianism", "猫"])
@pytest.mark.parametrize("index", [7, 40])
def test_the_true_word_stands_at_each_place_as_often(truth: str, index: int) -> None:
    firsts = [-7.5, *(-float(rank) for rank in range(len(POOLED)))]
    stood: Counter[int] = Counter()
    for seed in range(N_SEEDS):
        six = draw(truth, POOLED, firsts, lot(TEXT_SHA256, seed, index))
        assert six is not None
        stood[six.index(truth)] += 1
    assert chi_squared(stood, dict.fromkeys(range(N_WORDS), N_SEEDS / N_WORDS)) < CHI_SQUARED_5


def test_where_a_word_stands_tells_nothing_of_what_habit_thinks_of_it() -> None:
    """Place among the six against rank under Instinct, of all of them."""
    firsts = [-7.5, *(-float(rank) for rank in range(len(POOLED)))]
    rank = ranks("true", POOLED, firsts)
    stood: Counter[int] = Counter()
    for seed in range(N_SEEDS):
        six = draw("true", POOLED, firsts, lot(TEXT_SHA256, seed, 7))
        assert six is not None
        order = sorted(six, key=rank.__getitem__)
        stood.update(place * N_WORDS + order.index(word) for place, word in enumerate(six))
    expected = dict.fromkeys(range(N_WORDS**2), N_SEEDS / N_WORDS)
    # 36 cells whose rows and columns are given: 25 degrees of freedom.
    assert chi_squared(stood, expected) < 52.62


def test_seeds_passages_and_places_have_lots_of_their_own() -> None:
    firsts = [-7.5, *(-float(rank) for rank in range(len(POOLED)))]
    other = hashlib.sha256(b"another passage").hexdigest()
    lots = [
        lot(text, seed, index)
        for text in (TEXT_SHA256, other)
        for seed in range(5)
        for index in (7, 40)
    ]
    assert len(set(lots)) == len(lots)
    assert len({draw("true", POOLED, firsts, one) for one in lots}) > 15


# ---- stakes ----


@st.composite
def shares(draw: st.DrawFn, n: int = N_WORDS) -> tuple[int, ...]:
    """Whole percents of at least one that make a hundred."""
    cuts = st.lists(st.integers(1, 99), min_size=n - 1, max_size=n - 1, unique=True)
    edges = [0, *sorted(draw(cuts)), 100]
    return tuple(end - start for start, end in itertools.pairwise(edges))


steps = st.integers(-99, 99) | st.sampled_from([STEP, -STEP, 1, -1, 5])


def test_stakes_begin_even() -> None:
    assert EVEN == (17, 17, 17, 17, 16, 16)
    assert sum(EVEN) == 100


@given(shares(), st.integers(0, N_WORDS - 1), steps)
def test_moving_keeps_a_hundred_and_one_on_each(
    stakes: tuple[int, ...], place: int, by: int
) -> None:
    moved = raised(list(stakes), place, by)
    assert sum(moved) == 100
    assert min(moved) >= LEAST_STAKE == 1
    # As many points as were asked for, or as there were.
    others = sum(stakes) - stakes[place]
    room = others - (N_WORDS - 1) if by > 0 else stakes[place] - 1
    assert moved[place] - stakes[place] == math.copysign(min(abs(by), room), by)


@given(shares(), st.integers(0, N_WORDS - 1), steps)
def test_the_others_give_and_take_evenly(stakes: tuple[int, ...], place: int, by: int) -> None:
    moved = raised(stakes, place, by)
    gone = {other: stakes[other] - moved[other] for other in range(N_WORDS) if other != place}
    most = max(gone.values()) if by > 0 else -min(gone.values())
    for other, given_up in gone.items():
        even = abs(given_up) in (most, most - 1)
        assert even or (by > 0 and moved[other] == LEAST_STAKE), "less only where no more is"
        assert given_up * by >= 0, "nobody else gains"


@given(shares(), st.integers(0, N_WORDS - 1))
def test_ten_points_up_and_down_again(stakes: tuple[int, ...], place: int) -> None:
    assume(all(stake > 2 for other, stake in enumerate(stakes) if other != place))
    assert raised(raised(stakes, place), place, -STEP) == stakes
    if stakes[place] > STEP:
        assert raised(raised(stakes, place, -STEP), place) == stakes


def test_keys_pressed_one_after_the_other() -> None:
    assert raised(EVEN, 0) == (27, 15, 15, 15, 14, 14)
    assert raised(raised(EVEN, 0), 0) == (37, 13, 13, 13, 12, 12)
    stakes = EVEN
    for _ in range(20):
        stakes = raised(stakes, 3)
    assert stakes == (1, 1, 1, 95, 1, 1)
    assert raised(stakes, 3) == stakes
    assert raised(stakes, 0) == (11, 1, 1, 85, 1, 1)
    assert raised(stakes, 0, -5) == stakes


@given(shares())
def test_a_slip_of_stakes(stakes: tuple[int, ...]) -> None:
    slip = staked(POOLED[:6], list(stakes))
    assert slip == Slip(tuple(map(Bet, POOLED[:6], stakes)))
    assert slip.rest == 0, "nothing stays on Instinct"
    for word, stake in zip(POOLED[:6], stakes, strict=True):
        assert score(slip, word, 2.0).bits == pytest.approx(-math.log2(stake / 100), abs=1e-12)


@pytest.mark.parametrize(
    ("stakes", "why"),
    [
        ((17, 17, 17, 17, 16, 17), "stakes add up to 101: they have to make 100"),
        ((17, 17, 17, 17, 16, 15), "stakes add up to 99: they have to make 100"),
        ((0, 20, 20, 20, 20, 20), "each word keeps at least 1 percent"),
        ((-5, 25, 20, 20, 20, 20), "each word keeps at least 1 percent"),
        ((20, 20, 20, 20, 20), "6 words want 6 stakes"),
        ((), "6 words want 6 stakes"),
        ((14, 14, 14, 14, 14, 15, 15), "6 words want 6 stakes"),
    ],
)
def test_stakes_that_are_refused(stakes: tuple[int, ...], why: str) -> None:
    with pytest.raises(SlipError) as caught:
        staked(POOLED[:6], stakes)
    assert str(caught.value) == why


@given(shares(), st.integers(0, N_WORDS - 1), st.floats(0, 1000))
def test_insight_is_instinct_s_bits_among_the_six_less_one_s_own(
    stakes: tuple[int, ...], place: int, instinct: float
) -> None:
    scored = score(staked(POOLED[:6], stakes), POOLED[place], instinct)
    assert scored.bits == -math.log2(stakes[place] / 100)
    assert scored.insight_bits == instinct - scored.bits
    assert scored.bits > 0


# ---- among six ----

surprisals = st.lists(
    st.floats(0, 1074) | st.sampled_from([0.0, 1074.0]), min_size=N_WORDS, max_size=N_WORDS
)


@given(surprisals)
@example([0.0] * 6)
@example([1074.0] * 6)
@example([0.0, 1074.0, 1074.0, 1074.0, 1074.0, 1074.0])
@example([1073.0, 1074.0, 1074.0, 1074.0, 1074.0, 1074.0])
def test_probabilities_of_the_six_make_one(bits: list[float]) -> None:
    among = renormalized(bits)
    assert math.fsum(2.0**-one for one in among) == pytest.approx(1, abs=1e-9)
    assert all(math.isfinite(one) and one >= 0 for one in among)
    # One against another stays as it was.
    for one, mine in zip(bits, among, strict=True):
        assert mine - among[0] == pytest.approx(one - bits[0], abs=1e-6)


@given(surprisals, st.permutations(range(N_WORDS)))
def test_the_order_of_the_six_moves_no_bits(bits: list[float], order: list[int]) -> None:
    among = renormalized(bits)
    shuffled = renormalized([bits[place] for place in order])
    assert shuffled == pytest.approx([among[place] for place in order], abs=1e-9)
