"""Slips and what they score, against exact values and against what makes a rule proper."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine.bets import FIRST_STAKE, PASS, Bet, Slip, last_stake, parse, risk, score, slip
from engine.errors import SlipError

_REFERENCE = json.loads(
    (Path(__file__).parent.parent / "reference" / "bets.json").read_text("utf-8")
)


def bets_of(case: dict[str, Any]) -> list[Bet]:
    return [Bet(bet["word"], bet["percent"]) for bet in case["bets"]]


@pytest.mark.parametrize("case", _REFERENCE["cases"], ids=lambda case: case["name"])
def test_scores_of_the_reference(case: dict[str, Any]) -> None:
    scored = score(slip(bets_of(case)), case["truth"], case["instinct_bits"])
    assert scored.bits == pytest.approx(case["bits"], abs=1e-6)
    assert scored.insight_bits == pytest.approx(case["insight_bits"], abs=1e-6)


@pytest.mark.parametrize("case", _REFERENCE["refused"], ids=lambda case: case["why"])
def test_slips_the_reference_refuses(case: dict[str, Any]) -> None:
    with pytest.raises(SlipError) as caught:
        slip(bets_of(case))
    assert str(caught.value) == case["why"]


def test_the_reference_is_all_there() -> None:
    assert len(_REFERENCE["cases"]) == 9
    assert len(_REFERENCE["refused"]) == 6


@pytest.mark.parametrize(
    ("bets", "why"),
    [
        ([Bet("a", 100)], "a stake is 1 to 99 percent"),
        ([Bet("a", -5)], "a stake is 1 to 99 percent"),
        ([Bet("life-jacket", 10)], "two words: bet on the first"),
        ([Bet("life‑jacket", 10)], "two words: bet on the first"),
        ([Bet("sea–side", 10)], "two words: bet on the first"),
        ([Bet("-", 10)], "a bet is one word"),
        ([Bet("sea.", 10)], "a bet is one word"),
        ([Bet("猫犬", 10)], "a bet is one word"),
        ([Bet("didn’t", 10), Bet("DIDN'T", 10)], "the same word twice"),
        ([Bet("ﬁn", 10), Bet("fin", 10)], "the same word twice"),
        ([Bet("é", 10), Bet("e\u0301", 10)], "the same word twice"),
    ],
)
def test_other_slips_that_are_refused(bets: list[Bet], why: str) -> None:
    with pytest.raises(SlipError) as caught:
        slip(bets)
    assert str(caught.value) == why


# ---- the typed line ----


def typed(line: str, **options: int) -> list[tuple[str, int]]:
    return [(bet.word, bet.percent) for bet in parse(line, **options).bets]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("harbour 60 sea 20", [("harbour", 60), ("sea", 20)]),
        ("harbour 60% sea 20%", [("harbour", 60), ("sea", 20)]),
        ("harbour 60, sea 20", [("harbour", 60), ("sea", 20)]),
        ("  harbour\t60  ", [("harbour", 60)]),
        ("", []),
        ("   ", []),
        (" , ", []),
        ("harbour", [("harbour", 50)]),
        ("harbour sea", [("harbour", 25), ("sea", 25)]),
        ("a b c", [("a", 17), ("b", 17), ("c", 16)]),
        ("harbour 60 sea", [("harbour", 60), ("sea", 39)]),
        ("harbour sea 60", [("harbour", 39), ("sea", 60)]),
        ("harbour 90 sea coast", [("harbour", 90), ("sea", 5), ("coast", 4)]),
        ("harbour 98 sea", [("harbour", 98), ("sea", 1)]),
        ("a 20 b 20 c 20 d 20 e 19", [(word, 19 if word == "e" else 20) for word in "abcde"]),
        ("“harbour” 60", [("harbour", 60)]),
        ("(sea) tide.", [("sea", 25), ("tide", 25)]),
        ("didn’t 40", [("didn’t", 40)]),
        ("猫 60", [("猫", 60)]),
        ("harbour +60", [("harbour", 60)]),
        ("harbour ٦٠", [("harbour", 60)]),
    ],
)
def test_a_typed_line(line: str, expected: list[tuple[str, int]]) -> None:
    assert typed(line) == expected


@pytest.mark.parametrize(
    ("line", "default", "expected"),
    [
        ("harbour", 30, [30]),
        ("harbour sea", 30, [15, 15]),
        ("harbour sea", 99, [50, 49]),
        ("a b c d e", 3, [1, 1, 1, 1, 1]),
        ("harbour 60 sea", 20, [60, 20]),
        ("harbour 60 sea tide", 5, [60, 3, 2]),
    ],
)
def test_words_without_a_number_share_the_default(
    line: str, default: int, expected: list[int]
) -> None:
    assert [percent for _, percent in typed(line, default_stake=default)] == expected


def test_the_first_default_is_fifty() -> None:
    assert FIRST_STAKE == 50


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("life-jacket 50", "two words: bet on the first"),
        ("life-jacket", "two words: bet on the first"),
        ("60 harbour", "a word comes first, then its stake: word 60"),
        ("60", "a word comes first, then its stake: word 60"),
        ("harbour 60 20", "two stakes after harbour: one word, one stake"),
        ("harbour60", "no word to predict has a digit: leave a space, harbour 60"),
        ("harbour60%", "no word to predict has a digit: leave a space, harbour 60%"),
        ("4:15", "no word to predict has a digit"),
        ("harbour x2y 5", "no word to predict has a digit"),
        ("harbour 0", "a stake is 1 to 99 percent"),
        ("harbour 100", "a stake is 1 to 99 percent"),
        ("harbour -5", "a stake is 1 to 99 percent"),
        ("harbour 60 Harbour 20", "the same word twice"),
        ("a b c d e f", "five bets at the most"),
        ("a 60 b 40", "stakes add up to 100: at least 1 percent stays on instinct"),
        ("a 99 b", "nothing is left for b: stakes add up to 99 at the most"),
        ("a 50 b 48 c d", "nothing is left for c: stakes add up to 99 at the most"),
        ("60%%", "no word to predict has a digit"),
        ("!", "a bet is one word"),
        ("猫犬 50", "a bet is one word"),
    ],
)
def test_typed_lines_that_are_refused(line: str, why: str) -> None:
    with pytest.raises(SlipError) as caught:
        parse(line)
    assert str(caught.value) == why


@pytest.mark.parametrize(
    "line", ["harbour " + "9" * 5000, "9" * 5000, "harbour -" + "9" * 5000]
)
def test_an_endless_number_is_refused_like_any_other(line: str) -> None:
    with pytest.raises(SlipError):
        parse(line)
    assert last_stake(line) is None


@given(
    st.text(alphabet=st.sampled_from("abé猫 01269%,.-’'“+ \t\n²٣"), max_size=30) | st.text(),
    st.integers(1, 99),
)
def test_any_line_is_a_legal_slip_or_is_refused_in_a_sentence(line: str, default: int) -> None:
    try:
        parsed = parse(line, default)
    except SlipError as error:
        assert str(error)
        return
    assert slip(parsed.bets) == parsed
    assert 1 <= parsed.rest <= 100
    assert parse(line.replace("%", ""), default) == parsed


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("harbour 60 sea 20", 20),
        ("harbour 60 sea", 60),
        ("harbour 60%", 60),
        ("harbour", None),
        ("", None),
        ("harbour 100", None),
        ("harbour 0", None),
    ],
)
def test_the_last_stake_typed(line: str, expected: int | None) -> None:
    assert last_stake(line) == expected


# ---- which word a bet is on ----


@pytest.mark.parametrize(
    ("word", "truth"),
    [
        ("harbour", "Harbour"),
        ("HARBOUR", "harbour"),
        ("didn’t", "didn't"),
        ("didn't", "didn’t"),
        ("STRASSE", "Straße"),
        ("ﬁn", "fin"),
        ("ｓｅａ", "sea"),
        ("cafe", "café"),
        ("CAFE", "café"),
        ("naive", "Naïve"),
        ("e\u0301te\u0301", "été"),
        ("ete", "été"),
        ("μενω", "μένω"),
        ("еще", "ещё"),
        ("猫", "猫"),
        ("σίσυφος", "ΣΊΣΥΦΟΣ"),
    ],
)
def test_a_bet_that_is_met(word: str, truth: str) -> None:
    assert slip([Bet("other", 7), Bet(word, 40)]).stake_on(truth) == 40


@pytest.mark.parametrize(
    ("word", "truth"),
    [
        ("café", "cafe"),
        ("cafè", "café"),
        ("its", "it's"),
        ("harbours", "harbour"),
        ("か", "が"),
        ("한", "하"),
        ("ø", "o"),
    ],
)
def test_a_bet_that_is_not_met(word: str, truth: str) -> None:
    assert slip([Bet(word, 40)]).stake_on(truth) == 0


@pytest.mark.parametrize("order", [1, -1])
def test_a_word_with_and_without_accents_never_counts_twice(order: int) -> None:
    both = slip([Bet("cafe", 30), Bet("café", 20)][::order])
    assert both.stake_on("cafe") == both.stake_on("Cafe") == 30
    assert both.stake_on("café") == both.stake_on("CAFÉ") == 20
    # With none of its own, another accented form falls to the plain one.
    assert both.stake_on("cafè") == 30


def test_a_word_in_capitals_is_met_whatever_its_accents() -> None:
    truth = "Αΐδιος"
    assert slip([Bet(truth.upper(), 40)]).stake_on(truth) == 40


# ---- the score ----

words_to_bet_on = st.sampled_from(["sea", "Tide", "it's", "naïve", "猫", "straße"])


@st.composite
def slips(draw: st.DrawFn, most: int = 5) -> Slip:
    chosen = draw(st.lists(words_to_bet_on, unique=True, max_size=most))
    left = 99 - len(chosen)
    bets: list[Bet] = []
    for word in chosen:
        extra = draw(st.integers(0, left))
        left -= extra
        bets.append(Bet(word, 1 + extra))
    return slip(bets)


@given(slips(), st.floats(0, 5000), words_to_bet_on | st.just("elsewhere"))
@example(PASS, 5000.0, "sea")
@example(slip([Bet("sea", 99)]), 5000.0, "tide")
@example(slip([Bet("sea", 99)]), 0.0, "sea")
def test_bits_are_finite_and_as_the_rule_says(
    a_slip: Slip, instinct_bits: float, truth: str
) -> None:
    scored = score(a_slip, truth, instinct_bits)
    assert math.isfinite(scored.bits) and scored.bits >= 0
    assert scored.insight_bits == pytest.approx(instinct_bits - scored.bits)
    stake = sum(bet.percent for bet in a_slip.bets if bet.word.lower() == truth.lower())
    probability = stake / 100 + a_slip.rest / 100 * 2.0**-instinct_bits
    if probability > 1e-300:
        assert scored.bits == pytest.approx(-math.log2(probability), abs=1e-9)
    # Never worse than Instinct by more than what was taken from it.
    assert scored.bits <= instinct_bits - math.log2(a_slip.rest / 100) + 1e-9


@given(st.floats(0, 5000))
def test_a_pass_scores_what_instinct_scores(instinct_bits: float) -> None:
    assert score(PASS, "sea", instinct_bits).bits == instinct_bits
    assert score(PASS, "sea", instinct_bits).insight_bits == 0


def distributions(n: int) -> st.SearchStrategy[list[float]]:
    weights = st.lists(st.floats(1e-6, 1.0), min_size=n, max_size=n)
    return weights.map(lambda drawn: [weight / sum(drawn) for weight in drawn])


_ALL_WORDS = ["sea", "Tide", "it's", "naïve", "猫", "straße", "elsewhere", "cafe"]


@given(slips(), distributions(len(_ALL_WORDS)))
def test_what_a_slip_gives_to_all_words_adds_up_to_one(
    a_slip: Slip, instinct: list[float]
) -> None:
    given_out = [
        2.0 ** -score(a_slip, word, -math.log2(p)).bits
        for word, p in zip(_ALL_WORDS, instinct, strict=True)
    ]
    assert sum(given_out) == pytest.approx(1.0, abs=1e-9)


@given(
    st.lists(
        st.sampled_from(["cafe", "café", "cafè", "CAFE", "Café"]), unique=True, max_size=5
    ),
    st.floats(1, 20),
)
def test_forms_of_one_word_share_no_stake_twice(words: list[str], instinct_bits: float) -> None:
    try:
        a_slip = slip([Bet(word, 15) for word in words])
    except SlipError:
        assume(False)
        return
    # The forms that were bet on, each once: their stakes are what was staked, not more.
    assert sum(a_slip.stake_on(bet.word) for bet in a_slip.bets) == 100 - a_slip.rest


def expected_bits(belief: list[float], a_slip: Slip, instinct: list[float]) -> float:
    return sum(
        b * score(a_slip, word, -math.log2(p)).bits
        for b, word, p in zip(belief, _ALL_WORDS, instinct, strict=True)
    )


def entropy(belief: list[float]) -> float:
    return -sum(b * math.log2(b) for b in belief if b > 0)


@given(distributions(len(_ALL_WORDS)), distributions(len(_ALL_WORDS)), slips())
def test_no_slip_costs_less_than_the_entropy_of_ones_belief(
    belief: list[float], instinct: list[float], a_slip: Slip
) -> None:
    assert expected_bits(belief, a_slip, instinct) >= entropy(belief) - 1e-9


@given(distributions(len(_ALL_WORDS)), slips(), slips())
def test_the_slip_that_makes_the_sum_equal_ones_belief_is_the_best(
    instinct: list[float], best: Slip, other: Slip
) -> None:
    """For the belief b = s + rest · p_instinct of a legal slip s, that slip is the best one,
    whatever the stakes: so s = b − rest · p_instinct, never b itself."""
    belief = [
        best.stake_on(word) / 100 + best.rest / 100 * p
        for word, p in zip(_ALL_WORDS, instinct, strict=True)
    ]
    assert sum(belief) == pytest.approx(1.0)
    at_best = expected_bits(belief, best, instinct)
    assert at_best == pytest.approx(entropy(belief), abs=1e-9)
    assert expected_bits(belief, other, instinct) >= at_best - 1e-9


# ---- what is at risk ----


def test_risk_from_the_stakes_alone() -> None:
    shown = risk(slip([Bet("harbour", 60), Bet("sea", 20)]))
    assert shown is not None
    assert shown.right_bits == pytest.approx(-math.log2(0.6))
    assert shown.wrong_bits == pytest.approx(-math.log2(0.2))


def test_the_line_of_the_design() -> None:
    shown = risk(slip([Bet("harbour", 60)]))
    assert shown is not None
    assert (round(shown.right_bits, 1), round(shown.wrong_bits, 1)) == (0.7, 1.3)


def test_a_pass_risks_nothing() -> None:
    assert risk(PASS) is None


@given(slips().filter(lambda a_slip: bool(a_slip.bets)), st.floats(0, 100))
def test_risk_is_what_happens(a_slip: Slip, instinct_bits: float) -> None:
    shown = risk(a_slip)
    assert shown is not None
    wrong = score(a_slip, "elsewhere", instinct_bits)
    assert wrong.bits - instinct_bits == pytest.approx(shown.wrong_bits)
    largest = max(a_slip.bets, key=lambda bet: bet.percent)
    assert score(a_slip, largest.word, instinct_bits).bits <= shown.right_bits + 1e-9
