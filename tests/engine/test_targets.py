"""Which words are played (game.md, "A race"), against the rules told once more, slowly."""

from __future__ import annotations

import hashlib
import itertools
import random
import unicodedata

import pytest
import regex
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.race import Target
from engine.targets import as_targets, check_length, draw, thin_out
from engine.words import Word, prepare, words

_POOL = (
    "harbour", "ledger", "captain", "sea", "it", "a", "the", "didn't", "Harbour", "LEDGER",
    "x2y4z", "212", "猫", "犬", "か", "tide", "Tide", "life-jacket", "été", "Brevik", "o'clock",
    "一", "year7", "straße", "schoolteacher", "do", "is", "of", "½",
)  # fmt: skip


def a_text(n_words: int, seed: int = 0, pool: tuple[str, ...] = _POOL) -> str:
    source = random.Random(seed)
    return " ".join(source.choice(pool) for _ in range(n_words))


def new_words(n: int) -> str:
    """A text of words that never return."""
    letters = "abcdefghij"
    return " ".join("word" + "".join(letters[int(d)] for d in f"{i:04}") for i in range(n))


# ---- the rules once more ----


def may_be_drawn(word: Word, uniform: bool) -> bool:
    if regex.search(r"\p{N}", word.text):
        return False
    if regex.match(r"[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]", word.text):
        return True
    return sum(unicodedata.category(c)[0] == "L" for c in word.text) >= (2 if uniform else 4)


def returns(word: Word, found: list[Word]) -> bool:
    folded = unicodedata.normalize("NFKC", word.text).casefold()
    return any(
        unicodedata.normalize("NFKC", earlier.text).casefold() == folded
        for earlier in found[: word.index]
    )


def slow_draw(text: str, n: int, seed: int, uniform: bool) -> list[Word]:
    """Go through the words in the order of their hashes; take what the rules let through."""
    found = words(text)
    text_hash = hashlib.sha256(text.encode()).hexdigest()
    order = sorted(
        found,
        key=lambda w: hashlib.sha256(f"{text_hash}:{seed}:{w.index}".encode()).hexdigest(),
    )
    for opening in (40, 25):
        candidates = [w for w in order if w.index >= opening and may_be_drawn(w, uniform)]
        wanted_returning = round(n * 5 / 8)
        chosen: list[Word] = []
        for fill_gaps in (False, True):
            for word in candidates:
                if len(chosen) == n:
                    break
                if any(abs(word.index - other.index) < 3 for other in chosen):
                    continue
                if not fill_gaps and not uniform:
                    kind = returns(word, found)
                    of_kind = sum(returns(other, found) == kind for other in chosen)
                    if of_kind >= (wanted_returning if kind else n - wanted_returning):
                        continue
                chosen.append(word)
        if len(chosen) == n:
            break
    return sorted(chosen, key=lambda word: word.index)


def drawn(text: str, n: int = 8, seed: int = 0, uniform: bool = False) -> tuple[Target, ...]:
    return draw(text, n, seed, uniform)


@given(
    st.integers(60, 130),
    st.integers(0, 10_000),
    st.integers(1, 20),
    st.integers(0, 5),
    st.booleans(),
)
def test_the_draw_follows_the_rules(
    n_words: int, text_seed: int, n: int, seed: int, uniform: bool
) -> None:
    text = a_text(n_words, text_seed)
    assert len(words(text)) >= 60
    expected = slow_draw(text, n, seed, uniform)
    if not expected:
        with pytest.raises(InputError):
            drawn(text, n, seed, uniform)
        return
    targets = drawn(text, n, seed, uniform)
    assert targets == tuple(Target(w.index, w.start, w.end, w.text) for w in expected)


@given(st.integers(60, 200), st.integers(0, 10_000), st.integers(1, 30), st.booleans())
def test_targets_are_far_enough_in_and_apart(
    n_words: int, text_seed: int, n: int, uniform: bool
) -> None:
    text = a_text(n_words, text_seed)
    try:
        targets = drawn(text, n, 0, uniform)
    except InputError:
        assume(False)
        return
    found = words(text)
    assert 1 <= len(targets) <= n
    assert targets[0].index >= 25
    for target in targets:
        assert may_be_drawn(found[target.index], uniform)
        assert text[target.start : target.end] == target.word == found[target.index].text
    for one, next_ in itertools.pairwise(targets):
        assert next_.index - one.index >= 3


def test_a_long_text_leaves_an_opening_of_forty() -> None:
    for seed in range(20):
        targets = drawn(a_text(300, seed), seed=seed)
        assert len(targets) == 8
        assert targets[0].index >= 40


def test_a_short_text_leaves_an_opening_of_twenty_five() -> None:
    # Behind 40 words of 66 there is room for eight only if they lie well.
    starts = [drawn(a_text(66, seed))[0].index for seed in range(20)]
    assert all(start >= 25 for start in starts)
    assert min(starts) < 40


def test_five_returning_words_and_three_new_ones() -> None:
    for seed in range(20):
        text = a_text(60, seed, ("harbour", "ledger", "tides")) + " " + interleaved(60)
        found = words(text)
        kinds = [returns(found[target.index], found) for target in drawn(text, seed=seed)]
        assert (kinds.count(True), kinds.count(False)) == (5, 3)


def interleaved(n: int) -> str:
    return " ".join(f"{new} harbour" for new in new_words(n).split())


def test_case_does_not_make_a_word_new() -> None:
    text = a_text(60, 1, ("harbour", "ledger")) + " " + " ".join(["HARBOUR", "Ledger"] * 40)
    found = words(text)
    assert all(returns(found[target.index], found) for target in drawn(text))


def test_where_nothing_returns_new_words_fill_the_gaps() -> None:
    assert len(drawn(new_words(120))) == 8


def test_where_all_returns_returning_words_fill_the_gaps() -> None:
    assert len(drawn(a_text(120, 0, ("harbour", "ledger")))) == 8


def test_fewer_where_fewer_fit() -> None:
    text = " ".join(["so it is"] * 30)
    at = {50: "harbour", 51: "ledger", 80: "captain"}
    parts = [at.get(n, word) for n, word in enumerate(text.split())]
    targets = drawn(" ".join(parts))
    assert len(targets) == 2
    assert targets[0].word in ("harbour", "ledger")
    assert targets[1].word == "captain"


def test_a_text_without_a_word_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="four letters"):
        drawn(" ".join(["so it is"] * 30))
    # Two letters are enough for the uniform draw.
    assert len(drawn(" ".join(["so it is"] * 30), uniform=True)) == 8
    with pytest.raises(InputError):
        drawn(" ".join(["a 12 x2"] * 30), uniform=True)


def test_uniform_takes_words_whether_they_return_or_not() -> None:
    text = a_text(60, 2, ("harbour", "ledger")) + " " + interleaved(100)
    found = words(text)
    shares = [
        sum(returns(found[target.index], found) for target in drawn(text, 20, seed, True)) / 20
        for seed in range(40)
    ]
    # Half of the words return; the other draw would give five in eight each time.
    assert 0.42 < sum(shares) / len(shares) < 0.58
    assert len(set(shares)) > 3


def test_everybody_gets_the_same_and_other_seeds_and_texts_get_others() -> None:
    text = a_text(300, 3)
    assert drawn(text) == drawn(text)
    assert len({drawn(text, seed=seed) for seed in range(10)}) == 10
    starts = {tuple(t.index for t in drawn(a_text(300, seed))) for seed in range(10)}
    assert len(starts) == 10


def test_a_draw_that_was_shared_stays_the_same() -> None:
    """Cards and boards rest on it: a change here makes old races incomparable."""
    text = " ".join(f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" * 8)
    assert [target.index for target in drawn(text)] == [63, 69, 73, 77, 92, 125, 180, 199]
    assert [target.index for target in drawn(text, 4, 7, True)] == [47, 62, 146, 202]


def test_more_targets_than_fit_end_all_the_same() -> None:
    targets = drawn(new_words(200), 10_000)
    # All behind the opening of 25, as close as they may lie, no closer.
    assert 30 < len(targets) <= (200 - 25 + 2) // 3


@pytest.mark.parametrize("n_words", [0, 1, 59])
def test_a_text_too_short_is_refused(n_words: int) -> None:
    with pytest.raises(InputError, match=f"{n_words} words.*at least 60"):
        drawn(new_words(n_words))
    with pytest.raises(InputError):
        check_length(n_words)


def test_sixty_words_are_enough() -> None:
    check_length(60)
    assert len(drawn(new_words(60))) == 8


def test_chinese_is_drawn_character_by_character() -> None:
    text = prepare("船长没有离开舵轮海面很平静。" * 10).normalized
    targets = drawn(text)
    assert len(targets) == 8
    assert all(target.end - target.start == 1 for target in targets)


# ---- fewer of an author's targets ----


def marked(n: int) -> tuple[Target, ...]:
    return tuple(Target(10 * i, 50 * i, 50 * i + 4, f"word{i}") for i in range(n))


@given(st.integers(1, 40), st.integers(1, 50))
def test_thinning_keeps_the_last_and_spaces_the_rest(n: int, wanted: int) -> None:
    kept = thin_out(marked(n), wanted)
    places = [target.index // 10 for target in kept]
    assert len(places) == min(n, wanted) == len(set(places))
    assert places == sorted(places)
    assert places[-1] == n - 1
    if len(places) > 1:
        assert places[0] == 0
        gaps = [after - before for before, after in itertools.pairwise(places)]
        assert max(gaps) - min(gaps) <= 1
    if wanted >= n:
        assert kept == marked(n)


def test_thinning_to_one_keeps_the_last() -> None:
    assert thin_out(marked(8), 1) == marked(8)[-1:]


def test_thinning_to_some() -> None:
    assert [t.index // 10 for t in thin_out(marked(8), 3)] == [0, 4, 7]


def test_words_as_targets() -> None:
    assert as_targets(words("The sea")[1:]) == (Target(1, 4, 7, "sea"),)
