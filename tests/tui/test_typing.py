"""What the keys do to a line being typed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.bets import MOST_STAKED, Slip, parse
from engine.errors import SlipError
from engine.words import fold
from tui.typing import complete, completions, restake

WORD = st.sampled_from(["cook", "thief", "Ann's", "mer", "été", "straße", "漢", "x"])
STAKE = st.one_of(st.none(), st.integers(1, 99))
BETWEEN = st.sampled_from([" ", "  ", ", ", ","])
CHANGE = st.sampled_from([-5, -1, 1, 5])
SEEN = [
    "The",
    "ferry",
    "harbour",
    "Straße",
    "Harbour's",
    "hare",
    "été",
    "ﬁre",
    "thief",
    "İzmir",
]


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Lines as players type them: words, some with stakes, signs between them."""
    parts: list[str] = []
    for word in draw(st.lists(WORD, min_size=1, max_size=5, unique=True)):
        stake = draw(STAKE)
        parts.append(word)
        if stake is not None:
            parts.append(draw(st.sampled_from([" ", "  "])))
            parts.append(str(stake) + draw(st.sampled_from(["", "", "%"])))
        parts.append(draw(BETWEEN))
    if draw(st.booleans()):
        parts.pop()
    return "".join(parts)


def slip_of(line: str, default: int) -> Slip | None:
    try:
        return parse(line, default)
    except SlipError:
        return None


# ---- stakes ----


@pytest.mark.parametrize(
    ("line", "caret", "change", "new"),
    [
        ("cook 60", 7, 5, "cook 65"),
        ("cook 60", 0, -5, "cook 55"),
        ("cook 60 thief 20", 16, 5, "cook 60 thief 25"),
        ("cook 60 thief 20", 3, 5, "cook 65 thief 20"),
        ("cook 60 thief 20", 7, 1, "cook 61 thief 20"),
        ("cook 60 thief 38", 16, 5, "cook 60 thief 39"),
        ("cook 3", 6, -5, "cook 1"),
        ("cook 97", 7, 5, "cook 99"),
        ("cook", 4, 5, "cook 55"),
        ("cook 60 thief", 13, 5, "cook 60 thief 39"),
        ("cook 60%", 8, 5, "cook 65"),
        ("cook, 60", 8, 5, "cook 65"),
        ("", 0, 5, ""),
        ("60", 2, 5, "60"),
    ],
)
def test_restaking(line: str, caret: int, change: int, new: str) -> None:
    assert restake(line, caret, change, 50)[0] == new


@given(lines(), CHANGE, st.integers(1, 99), st.data())
def test_a_stake_stays_within_what_is_left(
    line: str, change: int, default: int, data: st.DataObject
) -> None:
    caret = data.draw(st.integers(0, len(line)))
    before = slip_of(line, default)
    assume(before is not None)
    assert before is not None
    new, place = restake(line, caret, change, default)
    assert 0 <= place <= len(new)
    after = slip_of(new, default)
    assert after is not None, f"{line!r} becomes {new!r}, which is no slip"
    assert [bet.word for bet in after.bets] == [bet.word for bet in before.bets]
    assert sum(bet.percent for bet in after.bets) <= MOST_STAKED


@given(
    st.lists(
        st.tuples(WORD, st.integers(1, 40)), min_size=1, max_size=5, unique_by=lambda b: b[0]
    ),
    st.lists(BETWEEN, min_size=5, max_size=5),
    CHANGE,
    st.data(),
)
def test_only_the_stake_under_the_caret_changes(
    bets: list[tuple[str, int]], between: list[str], change: int, data: st.DataObject
) -> None:
    line = ""
    starts: list[int] = []
    for (word, stake), gap in zip(bets, between, strict=False):
        starts.append(len(line))
        line += f"{word} {stake}{gap}"
    assume(sum(stake for _, stake in bets) <= MOST_STAKED)
    chosen = data.draw(st.integers(0, len(bets) - 1))
    caret = starts[chosen] + len(bets[chosen][0])
    new, place = restake(line, caret, change, 50)
    slip = parse(new)
    others = sum(stake for at, (_, stake) in enumerate(bets) if at != chosen)
    expected = max(1, min(bets[chosen][1] + change, MOST_STAKED - others))
    wanted = [(w, expected if at == chosen else stake) for at, (w, stake) in enumerate(bets)]
    assert [(bet.word, bet.percent) for bet in slip.bets] == wanted
    assert new[:place].endswith(f"{bets[chosen][0]} {expected}")


@given(lines(), CHANGE, st.integers(1, 99))
def test_a_stake_changes_by_what_was_asked(line: str, change: int, default: int) -> None:
    """From the stake that the slip has, whether it was typed or is its share of the default."""
    before = slip_of(line, default)
    assume(before is not None)
    assert before is not None
    staked = before.bets[-1].percent
    free = MOST_STAKED - sum(bet.percent for bet in before.bets)
    new, _ = restake(line, len(line), change, default)
    after = slip_of(new, default)
    assert after is not None
    wanted = max(1, staked + change)
    # Words without a number may give way to a stake that rises.
    least = wanted if change < 0 else min(wanted, staked + free)
    assert least <= after.bets[-1].percent <= wanted


@given(st.text(max_size=60), st.integers(0, 60), CHANGE, st.integers(1, 99))
def test_restaking_takes_any_line(line: str, caret: int, change: int, default: int) -> None:
    new, place = restake(line, min(caret, len(line)), change, default)
    assert 0 <= place <= len(new)


# ---- completing ----


@pytest.mark.parametrize(
    ("line", "caret", "new"),
    [
        ("har", 3, "hare"),
        ("harb", 4, "harbour's"),
        ("HARBOUR'", 8, "HARBOUR's"),
        ("sea 20 fer", 10, "sea 20 ferry"),
        ("sea,fer", 7, "sea,ferry"),
        ("fer 60", 3, "ferry 60"),
        ("ferry", 5, "ferry "),
        ("xyz", 3, "xyz "),
        ("", 0, ""),
        ("   ", 3, "   "),
        ("sea 20", 6, "sea 20 "),
    ],
)
def test_completing(line: str, caret: int, new: str) -> None:
    assert complete(line, caret, SEEN)[0] == new


def test_the_latest_word_comes_first() -> None:
    assert completions("har", 3, SEEN) == ["hare", "Harbour's", "harbour"]
    assert completions("harb", 2, SEEN) == [], "within a word nothing is completed"
    assert completions("sea 2", 5, SEEN) == []


def test_with_nothing_to_complete_the_caret_goes_to_the_next_bet() -> None:
    assert complete("cook 60 thief 20", 4, SEEN) == ("cook 60 thief 20", 13)
    assert complete("cook 60 thief 20", 16, SEEN) == ("cook 60 thief 20 ", 17)


@given(lines() | st.text(max_size=40), st.data())
def test_completing_never_changes_what_stands_before_the_word(
    line: str, data: st.DataObject
) -> None:
    caret = data.draw(st.integers(0, len(line)))
    new, place = complete(line, caret, SEEN)
    assert 0 <= place <= len(new)
    if completions(line, caret, SEEN):
        assert new.startswith(line[:caret]), "what was typed stays as typed"
        assert new.endswith(line[caret:]), "what stands behind stays"
        assert place == len(new) - len(line[caret:])
    else:
        assert new == line or new == line.rstrip() + " "


@given(st.data())
def test_a_completed_word_is_a_word_that_was_seen(data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(SEEN))
    typed = data.draw(st.sampled_from([word, word.lower(), word.upper(), fold(word)]))
    part = typed[: data.draw(st.integers(1, len(typed)))]
    assume(completions(part, len(part), SEEN))
    new, _ = complete(part, len(part), SEEN)
    assert fold(new) in {fold(seen) for seen in SEEN}
