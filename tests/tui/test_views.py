"""What is said about a race, in numbers and sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from engine.bets import parse
from engine.race import (
    Draw,
    Identified,
    Identity,
    Known,
    Locked,
    PackRef,
    Player,
    Race,
    Revealed,
    Setup,
    Started,
    Target,
    advance,
    replay,
)
from tui.heat import GLYPH_LIMITS, GLYPHS, glyph, heat, percent
from tui.literal import clean
from tui.turns import said
from tui.views import (
    SHARE_WIDTH,
    best_word,
    bits_a_word,
    lanes,
    next_opponent,
    player_names,
    reveal_rows,
    sense,
    share_line,
    signed,
    standing_notes,
    winner,
    written_out,
)

HALF = math.log2(100 / 50.5)
"""Bits of a word with 50 staked on it, for which Instinct had 1 in 100."""
HUNDREDTH = math.log2(100)


# ---- numbers ----


@pytest.mark.parametrize(
    ("bits", "step"),
    [
        (0.0, 0),
        (0.999, 0),
        (1.0, 1),
        (2.999, 1),
        (3.0, 2),
        (5.999, 2),
        (6.0, 3),
        (9.999, 3),
        (10.0, 4),
        (40.0, 4),
        (1e9, 4),
    ],
)
def test_steps_of_heat(bits: float, step: int) -> None:
    assert heat(bits) == step
    assert glyph(bits) == "▁▂▃▅▇"[step]


def test_each_step_has_a_glyph() -> None:
    assert len(GLYPHS) == len(GLYPH_LIMITS) + 1
    assert all(low < high for low, high in pairwise(GLYPH_LIMITS))


@pytest.mark.parametrize(
    ("bits", "shown"),
    [
        (0.0, "+0.0"),
        (-0.0, "+0.0"),
        (-0.04, "+0.0"),
        (0.04, "+0.0"),
        (-0.06, "-0.1"),
        (24.08, "+24.1"),
        (-1234.56, "-1234.6"),
    ],
)
def test_insight_is_signed(bits: float, shown: str) -> None:
    assert signed(bits) == shown


@given(st.floats(-1e6, 1e6))
def test_insight_is_never_minus_nothing(bits: float) -> None:
    shown = signed(bits)
    assert re.fullmatch(r"[+-]\d+\.\d", shown)
    assert shown != "-0.0"
    assert abs(float(shown) - bits) <= 0.0500001


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (100.0, "100 %"),
        (99.6, "100 %"),
        (10.0, "10 %"),
        (9.94, "9.9 %"),
        (1.0, "1.0 %"),
        (0.99, "0.99 %"),
        (0.01, "0.01 %"),
        (0.0099, "<0.01 %"),
        (0.0, "<0.01 %"),
    ],
)
def test_percent(share: float, shown: str) -> None:
    assert percent(share) == shown


@given(st.floats(0.01, 100.0))
def test_percent_has_two_figures_or_more(share: float) -> None:
    shown = percent(share)
    assert shown.endswith(" %")
    assert float(shown[:-2]) == pytest.approx(share, rel=0.051, abs=0.0051)
    assert len(shown) <= 7


# ---- lanes and rows ----


@pytest.fixture
def race(raced: Callable[..., Race]) -> Race:
    """Two targets: half staked on the first, a wrong bet at the second."""
    return raced(
        ("cook", HUNDREDTH, {"goldfish": 5.0, "reader": 2.0}, "cook 50"),
        ("soup", HUNDREDTH, {"goldfish": 7.0, "reader": 1.0}, "stew 75"),
        minds=("goldfish", "reader"),
    )


def test_lanes_are_the_insight_so_far(race: Race) -> None:
    ann, goldfish, reader = lanes(
        race, {race.setup.players[0].id: "writing", "reader": "locked in"}
    )
    assert ann.insight_bits == pytest.approx(HUNDREDTH - HALF - 2)
    assert goldfish.insight_bits == pytest.approx(2 * HUNDREDTH - 12)
    assert reader.insight_bits == pytest.approx(2 * HUNDREDTH - 3)
    assert [lane.name for lane in (ann, goldfish, reader)] == ["ann", "Goldfish", "Reader"]
    assert [lane.state for lane in (ann, goldfish, reader)] == ["writing", "", "locked in"]
    assert [lane.is_player for lane in (ann, goldfish, reader)] == [True, False, False]


def test_rows_of_a_reveal(race: Race) -> None:
    ann, goldfish, reader, instinct = reveal_rows(race, 0)
    assert ann.bits == pytest.approx(HALF)
    assert ann.percent == pytest.approx(50.5)
    assert ann.change == pytest.approx(HUNDREDTH - HALF)
    assert goldfish.percent == pytest.approx(100 / 32)
    assert reader.percent == pytest.approx(25)
    assert instinct.percent == pytest.approx(1)
    assert instinct.change is None
    assert [row.is_player for row in (ann, goldfish, reader, instinct)] == [True, *[False] * 3]


def test_a_slip_as_typed_in_full(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 5.0, 2.0, "cook sea"), ("soup", 5.0, 2.0, ""))
    assert said(race, 0, 0) == "cook 25 sea 25"
    assert said(race, 1, 0) == "passed"


# ---- sentences ----


@pytest.mark.parametrize(
    ("slip", "instinct", "start"),
    [
        ("cook 50", HUNDREDTH, "You knew: 1.0 bits;"),
        ("cook 5", 4.0, "You had an idea: 3.2 bits;"),
        ("cook 1", 3.0, "No better than habit: 2.9 bits;"),
        ("thief 20", 3.0, "No better than habit: 3.3 bits;"),
        ("thief 60", 3.0, "You were sure of something else: 4.3 bits;"),
        ("", 3.0, "A pass: Instinct's 3.0 bits are yours."),
    ],
)
def test_sense(raced: Callable[..., Race], slip: str, instinct: float, start: str) -> None:
    told = sense(raced(("cook", instinct, 2.0, slip)), 0)
    assert told.startswith(start)
    assert "pass" in start or told.endswith(f"with four words of memory it was {instinct:.1f}.")


def test_sense_among_several_tells_of_the_best(raced: Callable[..., Race]) -> None:
    race = raced(
        ("cook", 7.0, 2.0, "thief 50", "cook 50"),
        ("soup", 3.0, 2.0, "", ""),
        ("bed", 3.0, 2.0, "sea 60", "sea 70"),
        players=("ann", "[red]bo"),
    )
    assert sense(race, 0).startswith("[red]bo knew: 1.0 bits;")
    assert sense(race, 1) == "A pass: Instinct's 3.0 bits are everybody's."
    assert sense(race, 2).startswith("All were sure of something else: 4.3 bits;")


def test_sense_never_tells_minus_nothing(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 0.0, 0.0, "cook 99"), ("soup", 0.0, -0.0, ""))
    assert "-0.0" not in sense(race, 0)
    assert "-0.0" not in sense(race, 1)
    assert "-0.0" not in f"{reveal_rows(race, 0)[0].bits:.1f}"


def test_winner(raced: Callable[..., Race]) -> None:
    def who(instinct: float, reader: float, *slips: str) -> str:
        names = ("ann", "bo")[: len(slips)]
        return winner(raced(("cook", instinct, reader, *slips), players=names))

    assert who(HUNDREDTH, 4.0, "cook 50") == "You win, by 3.0 bits before Reader."
    assert who(HUNDREDTH, 1.0, "") == "Reader wins, by 5.6 bits before you."
    assert who(HUNDREDTH, 4.0, "cook 50", "cook 25") == "ann wins, by 1.0 bits before bo."
    assert who(HUNDREDTH, 4.0, "cook 25", "cook 50") == "bo wins, by 1.0 bits before ann."
    assert who(HUNDREDTH, 0.98, "cook 50") == "Reader wins, by a hair before you."
    assert who(3.0, 4.0, "thief 50").startswith("Instinct beats everybody")
    assert "by 0.0" not in who(3.0, 3.0, "")


def test_next_opponent(raced: Callable[..., Race]) -> None:
    def next_one(goldfish: float, reader: float, slip: str) -> str:
        minds = {"goldfish": goldfish, "reader": reader}
        turn = ("cook", HUNDREDTH, minds, slip)
        return next_opponent(raced(turn, minds=("goldfish", "reader")))

    assert next_one(6.0, 2.0, "") == "Next to beat: Goldfish, 0.6 bits ahead."
    assert next_one(6.0, 0.5, "cook 50") == "Next to beat: Reader, 0.5 bits ahead."
    assert next_one(0.5, 0.25, "cook 50") == "Next to beat: Goldfish, 0.5 bits ahead."
    assert next_one(6.0, 2.0, "cook 50").startswith("All minds are beaten.")
    assert "0.0 bits ahead" not in next_one(6.0, HALF - 0.01, "cook 50")


def test_best_word(raced: Callable[..., Race]) -> None:
    race = raced(
        ("cook", HUNDREDTH, 2.0, "cook 50", ""),
        ("soup", 9.0, 2.0, "soup 50", "stew 20"),
        players=("ann", "bo"),
    )
    assert "“soup”: 8.0 bits" in best_word(race, 0)
    assert "ann" in best_word(race, 0)
    assert "bo" in best_word(race, 1)
    assert "“" not in best_word(race, 1), "nothing was won, so no word is named"


def test_the_best_word_may_have_been_worth_little(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 2.0, 2.0, "cook 5"), ("soup", 2.0, 2.0, ""))
    assert best_word(race, 0).endswith("“cook”: 0.2 bits.")
    none = raced(("cook", 2.0, 2.0, "tea 1"), ("soup", 2.0, 2.0, ""))
    assert best_word(none, 0).endswith("nothing on any word.")


def test_bits_a_word(race: Race) -> None:
    assert bits_a_word(race, 0) == pytest.approx((HALF + HUNDREDTH + 2) / 2)


def test_written_out(raced: Callable[..., Race]) -> None:
    race = raced(
        ("cook", 9.0, 2.0, "cook 50", ""),
        ("straße", 9.0, 8.0, "thief 50", ""),
        players=("ann", "bo"),
    )
    # ann: 1.0 + 10.0 bits, bo: 18, Reader: 10; straße takes 7 bytes.
    assert "take 11 bytes; at ann's bits 2, at Reader's 2." in written_out(race, 0)
    assert "at bo's bits 3," in written_out(race, 1)
    alone = raced(("cook", 9.0, {"goldfish": 3.0}, ""), minds=("goldfish",))
    assert written_out(alone, 0) == "Written out these words take 4 bytes; at your bits 2."


def test_notes_on_where_a_race_stands(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 9.0, 2.0, "", ""), players=("ann", "bo"), attempts=(3, 1))
    (note,) = standing_notes(race)
    assert "ann" in note
    assert "race 3" in note
    assert len(list(standing_notes(advance(race, Known(1, "at"))))) == 2
    (only,) = list(standing_notes(advance(race, Known(0, "at"))))
    assert only == "ann knew the text: off the boards."
    alone = raced(("cook", 9.0, 2.0, ""), attempts=(2,))
    assert list(standing_notes(alone)) == [
        "You have raced this text before (race 2): practice."
    ]


# ---- the line to paste ----


def share(raced: Callable[..., Race], n: int = 5, **more: Any) -> str:
    words = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"] * 8
    turns = [(word, 9.0, 2.0, "x 60") for word in words[:n]]
    return share_line(raced(*turns, **more), 0)


def test_the_share_line(raced: Callable[..., Race]) -> None:
    race = raced(
        ("cook", 9.0, 2.0, "cook 50"),
        ("soup", 9.0, 8.0, "stew 60"),
        pack=PackRef("harbor", "1", "0" * 64),
        passage="ferry-ledger",
    )
    assert share_line(race, 0) == ("bitrace harbor/ferry-ledger ▁▇ +6.7 bits · Reader +8.0")


@pytest.mark.parametrize(
    "passage",
    [
        "x" * 300,
        "漢字" * 60,
        "👩‍🚀" * 40,
        "e\u0301" * 100,
        "[/][red]" * 20,
        "\x1b[2J\u202e" * 30,
        "a\nb" * 40,
        "",
    ],
)
@pytest.mark.parametrize("n", [1, 8, 40])
def test_the_share_line_is_one_line_of_80_columns(
    raced: Callable[..., Race], unsafe: Callable[[str], set[str]], passage: str, n: int
) -> None:
    for pack in (None, PackRef("p" * 40, "1", "0" * 64)):
        line = share(raced, n, passage=passage, pack=pack)
        assert cell_len(line) <= SHARE_WIDTH
        assert "\n" not in line
        assert not unsafe(line)
        assert line.startswith("bitrace ")
        assert "bits · Reader +" in line


@pytest.mark.parametrize("n", [60, 200])
def test_the_share_line_of_a_long_race(raced: Callable[..., Race], n: int) -> None:
    """`--targets` goes up to 200."""
    line = share(raced, n, passage="ferry-ledger")
    assert cell_len(line) <= SHARE_WIDTH
    assert "bits · Reader +" in line


def test_the_share_line_tells_no_word(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 9.0, 2.0, "cook 50"), ("soup", 9.0, 2.0, "stew 9"))
    assert not {"cook", "soup", "stew"} & set(re.findall(r"\w+", share_line(race, 0)))


# ---- whatever the names ----


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=24),
    st.sampled_from(["cook 50", "", "thief 99"]),
)
def test_sentences_are_safe_whatever_a_player_is_called(name: str, slip: str) -> None:
    identity = Identity("m", "m.gguf", "0" * 64, "q", 1, "cpu", 9)
    setup = Setup(
        "r",
        name,
        "0" * 64,
        (Target(0, 0, 4, "cook"),),
        Draw("marked", 1, 0),
        (Player("1", name), Player("2", "bo")),
        (2, 1),
        ("reader",),
        "at",
        passage=name,
    )
    race = replay(
        [
            Started(setup),
            Identified(identity, {"reader": identity}),
            Locked(0, 0, parse(slip), "at"),
            Locked(0, 1, parse(""), "at"),
            Revealed(0, 7.0, {"reader": 2.0}, "at"),
        ]
    )
    told = [
        *player_names(race),
        sense(race, 0),
        winner(race),
        next_opponent(race),
        best_word(race, 0),
        written_out(race, 0),
        share_line(race, 0),
        *standing_notes(race),
    ]
    for sentence in told:
        assert clean(sentence) == sentence
