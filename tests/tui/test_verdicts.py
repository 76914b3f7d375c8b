"""What is said of a race that is over: it is true, whatever was played."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.baked import Baked, Six
from engine.bets import parse
from engine.race import (
    Draw,
    Identified,
    Identity,
    Locked,
    Player,
    Race,
    Revealed,
    Setup,
    Started,
    Target,
    replay,
)
from engine.setup import Ghost
from engine.starter import SHA256
from tui.clipboard import may_copy
from tui.literal import clean
from tui.racer_rows import shortlist
from tui.verdicts import bounds_sentence, nobody_sentence, primer_sentence, standing, verdict
from tui.views import share_line

IDENTITY = Identity("m", "m.gguf", "0" * 64, "q", 1, "cpu", 9)
STARTER = replace(IDENTITY, sha256=SHA256)


def ghost(name: str, *bits: float) -> Ghost:
    """Somebody who raced before, and paid so much at each word."""
    return Ghost(f"ghost:{name}", name, f"id of {name}", dict(enumerate(bits)), {})


# ---- Nobody ----


def test_nobody_pays_less_than_all_who_are_here(raced: Callable[..., Race]) -> None:
    race = raced(
        ("cook", 9.0, 2.0, "cook 50", ""),
        ("soup", 9.0, 2.0, "", "soup 50"),
        players=("ann", "bo"),
        mixtures=("nobody",),
        crowd=(ghost("carl", 0.5, 0.5),),
    )
    # 2**-10.0 + 2**-10.0 + 2**-1, a third of it: 2.6 bits.
    told = "Nobody paid 2.6 bits in all, less than any of you: ann, the best here, paid 10.0."
    assert nobody_sentence(race) == told
    alone = raced(("cook", 9.0, 2.0, ""), mixtures=("nobody",), crowd=(ghost("\x1b[2J", 1.0),))
    assert nobody_sentence(alone) == "Nobody paid 2.0 bits in all, less than you with 9.0."


def test_nobody_has_no_word_as_dear(raced: Callable[..., Race]) -> None:
    turns = (("cook", 9.0, 2.0, "cook 99", "x 50"), ("soup", 9.0, 2.0, "y 50", "soup 99"))
    race = raced(*turns, players=("ann", "bo"), mixtures=("nobody",))
    # 1.0 bits, the mean of 0.99 and 2**-10; then bo's 0.99 has a thousandth of the weight.
    told = nobody_sentence(race)
    assert (
        told == "Nobody's dearest word cost 9.0 bits. Each of you had a dearer one: even "
        "ann's cost 10.0."
    )
    alone = raced(
        ("cook", 9.0, 2.0, "cook 99"),
        ("soup", 9.0, 2.0, "y 50"),
        mixtures=("nobody",),
        crowd=(ghost("carl", 10.0, 0.0),),
    )
    told = nobody_sentence(alone)
    assert told == "Nobody's dearest word cost 9.0 bits, yours 10.0."


def test_nobody_stays_near_the_best(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 9.0, 2.0, "", "cook 50"), players=("ann", "bo"), mixtures=("nobody",))
    assert nobody_sentence(race) == (
        "Nobody stayed within 1.0 bits of bo, the best of 2, without knowing who that would be."
    )
    same = raced(("cook", 9.0, 2.0, "", ""), players=("ann", "bo"), mixtures=("nobody",))
    assert "within 0.1 bits of ann" in (nobody_sentence(same) or "")
    crowd = (ghost("[red]\x1bcarl", 2.0), ghost("dora", 8.0))  # log2 3 − log2 2.0 bits
    other = raced(("cook", 2.0, 2.0, "y 1"), mixtures=("nobody",), crowd=crowd)
    assert nobody_sentence(other) == (
        "Nobody stayed within 0.6 bits of [red]\ufffdcarl, the best of 3, without knowing who "
        "that would be."
    )


def test_nobody_says_nothing_where_it_is_one_or_none(raced: Callable[..., Race]) -> None:
    assert nobody_sentence(raced(("cook", 9.0, 2.0, ""), mixtures=("nobody",))) is None
    two = raced(("cook", 9.0, 2.0, "", ""), players=("ann", "bo"))
    assert nobody_sentence(two) is None
    unplayed = raced(("cook", 9.0, 2.0), players=("ann", "bo"), mixtures=("nobody",))
    assert nobody_sentence(unplayed) is None


BITS = st.floats(0.0, 30.0).map(lambda bits: round(bits, 3))


@given(st.data())
def test_what_is_said_of_nobody_is_true(data: st.DataObject) -> None:
    n_words = data.draw(st.integers(1, 6))
    row = st.lists(BITS, min_size=n_words, max_size=n_words)
    instinct = data.draw(row)
    stakes = data.draw(
        st.lists(
            st.lists(st.integers(0, 99), min_size=n_words, max_size=n_words),
            min_size=1,
            max_size=4,
        )
    )
    crowd = data.draw(st.lists(row, max_size=3))
    told = nobody_sentence(_race(instinct, stakes, crowd))
    people = [
        [
            -math.log2(stake / 100 + (1 - stake / 100) * 2.0**-bits)
            for stake, bits in zip(of, instinct, strict=True)
        ]
        for of in stakes
    ]
    everybody = people + crowd
    if len(everybody) == 1:
        assert told is None
        return
    assert told is not None
    # Straight from what a mixture is: the mean of what all had on all words so far.
    joint = [
        math.log2(len(everybody)) - math.log2(sum(2.0 ** -sum(paid[:n]) for paid in everybody))
        for n in range(n_words + 1)
    ]
    nobody = [after - before for before, after in pairwise(joint)]
    best = min(sum(paid) for paid in everybody)
    assert joint[-1] >= best - 1e-6, "it never beats the best of all"
    numbers = [float(number) for number in re.findall(r"\d+\.\d", told)]
    about = pytest.approx
    if "in all" in told:
        assert joint[-1] < min(sum(paid) for paid in people)
        assert numbers[0] == about(joint[-1], abs=0.0501)
        assert numbers[1] == about(min(sum(paid) for paid in people), abs=0.0501)
    elif "dear" in told:
        assert all(max(nobody) < max(paid) for paid in people)
        assert numbers[0] == about(max(nobody), abs=0.0501)
        assert numbers[1] == about(min(max(paid) for paid in people), abs=0.0501)
    else:
        (within,) = numbers
        assert best - 1e-6 <= joint[-1] <= best + within + 1e-6
        assert within <= max(0.1, math.ceil(10 * math.log2(len(everybody))) / 10)
        assert f"the best of {len(everybody)}" in told


def _race(instinct: list[float], stakes: list[list[int]], crowd: list[list[float]]) -> Race:
    """A race in which each player staked so much on each word."""
    players = tuple(Player(str(place), f"p{place}") for place in range(len(stakes)))
    n_words = len(instinct)
    setup = Setup(
        "r",
        "A race",
        "0" * 64,
        tuple(Target(at, 2 * at, 2 * at + 1, "a") for at in range(n_words)),
        Draw("marked", n_words, 0),
        players,
        (1,) * len(players),
        (),
        "at",
        mixtures=("nobody",),
        crowd=tuple(ghost(f"c{place}", *bits) for place, bits in enumerate(crowd)),
    )
    events: list[Any] = [Started(setup), Identified(IDENTITY, {})]
    for at, bits in enumerate(instinct):
        for player, of in enumerate(stakes):
            slip = parse(f"a {of[at]}" if of[at] else "")
            events.append(Locked(at, player, slip, "at"))
        events.append(Revealed(at, bits, {}, "at"))
    return replay(events)


# ---- Shannon's bounds ----


def test_bounds_of_a_player(raced: Callable[..., Race]) -> None:
    turns = [
        ("cook", 9.0, 2.0, "cook", "stew cook"),
        ("soup", 9.0, 2.0, "soup", "stew pea"),
        ("book", 9.0, 2.0, "page book", "book"),
        ("bed", 9.0, 2.0, "bed", "bed"),
    ]
    race = raced(*turns, players=("ann", "bo"), mode="shannon")
    # Three at the first guess, one at the second: 0.811 bits, and 2 · ¼ · log2 2.
    assert bounds_sentence(race, 0) == (
        "Shannon's bounds on ann's knowledge: 0.5 to 0.8 bits a word."
    )
    assert bounds_sentence(race, 1) == (
        "Shannon's bounds on bo's knowledge: not available, since a word was missed."
    )
    assert bounds_sentence(raced(*(turn[:4] for turn in turns)), 0) is None


def test_bounds_that_cross_are_not_told(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 9.0, 2.0, "a b c cook"), mode="shannon")
    assert "not available, since late guesses" in (bounds_sentence(race, 0) or "")
    at_once = raced(("cook", 9.0, 2.0, "cook"), mode="shannon")
    assert "your knowledge: 0.0 to 0.0 bits" in (bounds_sentence(at_once, 0) or "")


# ---- the primer ----


@pytest.mark.parametrize(
    ("stranger", "told"),
    [
        (9.0, "The primer was worth 10.0 bits to Reader."),
        (4.01, "The primer was worth nothing to Reader."),
        (2.5, "The primer cost Reader 3.0 bits: it led astray."),
    ],
)
def test_what_the_primer_was_worth(
    raced: Callable[..., Race], stranger: float, told: str
) -> None:
    minds = {"reader": 4.0, "stranger": stranger}
    turns = (("cook", 9.0, minds, ""), ("soup", 9.0, minds, ""))
    race = raced(*turns, minds=("reader", "stranger"), primer="Once …")
    assert primer_sentence(race) == told
    assert primer_sentence(raced(*turns, minds=("reader", "stranger"))) is None


def baked(bits: dict[str, dict[int, float]], sixes: dict[int, Six] | None = None) -> Baked:
    return Baked(STARTER, bits, {}, {}, sixes or {})


def test_stranger_need_not_race_where_it_is_baked(raced: Callable[..., Race]) -> None:
    turns = (("cook", 9.0, 4.0, ""), ("soup", 9.0, 3.0, ""))
    read = baked({"stranger": {0: 6.0, 1: 7.0}, "reader": {0: 1.0, 1: 1.0}})
    race = raced(*turns, primer="Once …", baked=(read,))
    assert primer_sentence(race) == "The primer was worth 6.0 bits to Reader."
    assert primer_sentence(raced(*turns, primer="Once …")) is None
    part = baked({"stranger": {0: 6.0}})
    assert primer_sentence(raced(*turns, primer="Once …", baked=(part,))) is None
    # That of the starter model says nothing of another model's Reader.
    other = raced(*turns, primer="Once …", baked=(read,), model_path="other.gguf")
    assert primer_sentence(other) is None
    absent = raced(
        ("cook", 9.0, {}, ""), ("soup", 9.0, {}, ""), minds=(), primer="…", baked=(read,)
    )
    assert primer_sentence(absent) == "The primer was worth 11.0 bits to Reader."


def test_the_primer_among_six_words(raced: Callable[..., Race]) -> None:
    six = ("anchor", "barrel", "cook", "candle", "dagger", "engine")
    read = baked({"stranger": {0: 30.0}}, {0: Six(six, {"stranger": (20, 20, 20, 20, 20, 20)})})
    race = raced(("cook", 2.0, 1.0, "50"), mode="choice", primer="Once …", baked=(read,))
    assert race.sixes[0] == six
    assert primer_sentence(race) == "Among the six, the primer was worth 1.6 bits to Reader."
    other = baked({"stranger": {0: 30.0}}, {0: Six(six[::-1], {"stranger": (20,) * 6})})
    unread = raced(("cook", 2.0, 1.0, "50"), mode="choice", primer="Once …", baked=(other,))
    assert primer_sentence(unread) is None, "bits of other words are not these words' bits"


# ---- all of it ----


def test_the_best_player_comes_first(raced: Callable[..., Race]) -> None:
    race = raced(
        ("cook", 9.0, 2.0, "", "cook 50", "cook 99"),
        players=("ann", "bo", "carl"),
        mixtures=("nobody",),
    )
    assert standing(race) == [2, 1, 0]
    told = list(verdict(race))
    assert told[0].startswith("Nobody")
    rates = [line.partition(":")[0] for line in told if "bits a word" in line]
    assert rates == ["carl", "bo", "ann"]
    assert told[-1].startswith("Next to beat") or told[-1].startswith("All minds")


def test_to_choose_among_six_is_not_to_write_out(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 2.0, 1.0, "50"), mode="choice")
    told = list(verdict(race))
    assert "You: 1.0 bits a word among six, where Instinct pays 2.0." in told
    assert not any("Written out" in line for line in told)
    assert any("Written out" in line for line in verdict(raced(("cook", 2.0, 1.0, ""))))


@pytest.mark.parametrize(("mode", "turn"), [("choice", "50"), ("shannon", "cook")])
def test_the_share_line_tells_the_mode(
    raced: Callable[..., Race], mode: str, turn: str
) -> None:
    race = raced(("cook", 2.0, 1.0, turn), mode=mode, passage="ferry-ledger")
    assert share_line(race, 0).startswith(f"bitrace ferry-ledger {mode} ▂ ")
    long = raced(("cook", 2.0, 1.0, turn), mode=mode, passage="x" * 200)
    assert f" {mode} " in share_line(long, 0)
    assert len(share_line(long, 0)) == 80


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_names_are_safe(name: str) -> None:
    race = _race([2.0, 3.0], [[0, 50], [40, 0]], [[1.0, 1.0], [0.0, 0.0]])
    players = tuple(replace(player, name=name) for player in race.setup.players)
    crowd = tuple(replace(one, name=name) for one in race.setup.crowd)
    for there in (race.setup.crowd, crowd):
        named = replace(race, setup=replace(race.setup, players=players, crowd=there))
        for line in verdict(named):
            assert clean(line) == line


# ---- small things ----


@pytest.mark.parametrize(
    ("environ", "may"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({}, True),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux"}, True),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
    ],
)
def test_which_terminals_are_asked_to_copy(environ: dict[str, str], may: bool) -> None:
    assert may_copy(environ) is may


@given(st.lists(st.integers()), st.one_of(st.none(), st.integers(1, 12)))
def test_a_shortlist_keeps_the_first_in_rank_in_their_order(
    numbers: list[int], most: int | None
) -> None:
    kept, n_more = shortlist(numbers, most, lambda number: number)
    assert len(kept) + n_more == len(numbers)
    if most is None or len(numbers) <= most:
        assert kept == numbers
        return
    assert len(kept) == max(1, most - 1)
    assert sorted(kept) == sorted(numbers)[: len(kept)]
    rest = iter(numbers)
    assert all(number in rest for number in kept), "in their order"
