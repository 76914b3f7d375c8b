"""Players, minds, ghosts and mixtures as one idea: what each paid, and what mixes whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bets import PASS, Bet, Score, Slip, slip
from engine.race import Event, Locked, Race, Revealed, Started, advance, replay
from engine.racers import (
    CENTAUR,
    NOBODY,
    Racer,
    costs,
    expert_costs,
    racers,
    total,
    turn_score,
)
from engine.setup import Ghost

AT = "2026-11-23T19:07:00Z"


def word_index(target: int) -> int:
    """Of the setups that the tests make."""
    return 40 + 5 * target


def ghost(name: str, bits: dict[int, float]) -> Ghost:
    """Bits by target."""
    by_word = {word_index(target): one for target, one in bits.items()}
    return Ghost(f"ghost:{name}", name, f"id of {name}", by_word, {})


def sure(target: int, percent: int) -> Slip:
    return slip([Bet(f"word{target}", percent)]) if percent else PASS


def raced(
    setup: Any, slips: Sequence[Sequence[int]], minds: Sequence[dict[str, float]]
) -> Race:
    """A race in which at each target each player stakes so much on the true word."""
    log: list[Event] = [Started(setup)]
    for target, (percents, read) in enumerate(zip(slips, minds, strict=True)):
        log += [
            Locked(target, player, sure(target, percent), AT)
            for player, percent in enumerate(percents)
        ]
        log.append(Revealed(target, 6.0, read, AT))
    return replay(log)


def mixed(rows: Sequence[Sequence[float | None]]) -> list[float | None]:
    """The rule in floats, by itself: weights, then their shares."""
    weights = [1.0] * len(rows[0])
    found: list[float | None] = []
    for row in rows:
        here = [place for place, bits in enumerate(row) if bits is not None]
        held = sum(weights[place] for place in here)
        if not here:
            found.append(None)
            continue
        chance = sum(weights[place] / held * 2 ** -(row[place] or 0.0) for place in here)
        for place in here:
            weights[place] *= 2 ** -(row[place] or 0.0) / chance
        found.append(-math.log2(chance))
    return found


@pytest.fixture
def setup(make_setup: Any) -> Any:
    """Two players, two minds, two ghosts, a crowd, both mixtures."""
    return make_setup(
        n_players=2,
        n_targets=3,
        minds=("goldfish", "reader"),
        ghosts=(ghost("best", {0: 1.0, 1: 2.0, 2: 3.0}), ghost("card", {1: 4.0})),
        crowd=(ghost("cy", {0: 2.0, 2: 2.0}), ghost("di", {})),
        mixtures=(NOBODY, CENTAUR),
    )


@pytest.fixture
def race(setup: Any) -> Race:
    read = [
        {"goldfish": 5.0, "reader": 1.5},
        {"goldfish": 4.0, "reader": 9.0},
        {"goldfish": 3.0, "reader": 0.5},
    ]
    return raced(setup, [(80, 0), (10, 60), (0, 99)], read)


def by_key(race: Race) -> dict[str, Racer]:
    return {racer.key: racer for racer in racers(race.setup)}


# ---- who races ----


def test_all_have_a_lane_in_a_fixed_order(race: Race) -> None:
    assert racers(race.setup) == (
        Racer("player", "id0", 0),
        Racer("player", "id1", 1),
        Racer("mind", "goldfish", 0),
        Racer("mind", "reader", 1),
        Racer("ghost", "ghost:best", 0),
        Racer("ghost", "ghost:card", 1),
        Racer("mixture", NOBODY, 0),
        Racer("mixture", CENTAUR, 1),
    )


def test_the_crowd_is_mixed_and_has_no_lanes(race: Race) -> None:
    assert "ghost:cy" not in by_key(race)
    names = [name for name, _ in expert_costs(race, NOBODY)]
    assert names == ["Player 0", "Player 1", "cy", "di"]


# ---- what they paid ----


def test_everybody_s_costs_are_those_of_the_race(race: Race) -> None:
    racer = by_key(race)
    for player in range(2):
        paid = costs(race, racer[f"id{player}"])
        assert paid == tuple(race.score(target, player).bits for target in range(3))
    assert costs(race, racer["reader"]) == (1.5, 9.0, 0.5)
    assert costs(race, racer["ghost:best"]) == (1.0, 2.0, 3.0)
    assert costs(race, racer["ghost:card"]) == (None, 4.0, None)


def test_only_what_was_shown_has_a_cost(race: Race, setup: Any) -> None:
    for shown in range(3):
        begun = replay([Started(setup)])
        for target in range(shown):
            for player in range(2):
                begun = advance(begun, Locked(target, player, race.slip(target, player), AT))
            begun = advance(begun, race.reveals[target])
        for one in racers(setup):
            assert len(costs(begun, one)) == shown
            # What is said now does not depend on what comes.
            assert costs(begun, one) == costs(race, one)[:shown]
        assert total(begun, racers(setup)[0]) == begun.total(0)


def test_sums_are_over_the_targets_at_which_one_was(race: Race) -> None:
    racer = by_key(race)
    assert total(race, racer["id0"]).bits == pytest.approx(race.total(0).bits)
    assert total(race, racer["id1"]).insight_bits == pytest.approx(race.total(1).insight_bits)
    assert total(race, racer["reader"]) == race.mind_total("reader")
    assert total(race, racer["ghost:card"]) == Score(4.0, 2.0)
    assert turn_score(race, racer["ghost:card"], 0) is None
    assert turn_score(race, racer["ghost:card"], 1) == Score(4.0, 2.0)
    for one in racers(race.setup):
        turns = [turn_score(race, one, target) for target in range(3)]
        there = [turn for turn in turns if turn is not None]
        assert total(race, one).bits == pytest.approx(sum(turn.bits for turn in there))
        insight = sum(turn.insight_bits for turn in there)
        assert total(race, one).insight_bits == pytest.approx(insight)


# ---- mixtures ----


def test_nobody_is_all_people_those_absent_left_out(race: Race) -> None:
    paid = dict(expert_costs(race, NOBODY))
    assert paid["cy"] == (2.0, None, 2.0)
    assert paid["di"] == (None, None, None)
    rows = list(zip(*paid.values(), strict=True))
    assert costs(race, by_key(race)[NOBODY]) == pytest.approx(mixed(rows), abs=1e-9)


def test_neither_minds_nor_ghosts_that_race_are_people(race: Race, make_setup: Any) -> None:
    alone = make_setup(n_players=2, n_targets=3, minds=("reader",), mixtures=(NOBODY,))
    slips = [(80, 0), (10, 60), (0, 99)]
    far = raced(alone, slips, [{"reader": 900.0}] * 3)
    near = raced(alone, slips, [{"reader": 0.0}] * 3)
    nobody = by_key(near)[NOBODY]
    assert costs(far, nobody) == costs(near, nobody)
    with_ghost = make_setup(
        n_players=2, n_targets=3, mixtures=(NOBODY,), ghosts=(ghost("best", {0: 0.1}),)
    )
    haunted = raced(with_ghost, slips, [{"reader": 0.0}] * 3)
    assert costs(haunted, nobody) == costs(near, nobody)


def test_the_centaur_is_the_players_and_reader(race: Race) -> None:
    paid = dict(expert_costs(race, CENTAUR))
    assert list(paid) == ["Player 0", "Player 1", "Reader"]
    assert paid["Reader"] == (1.5, 9.0, 0.5)
    rows = list(zip(*paid.values(), strict=True))
    assert costs(race, by_key(race)[CENTAUR]) == pytest.approx(mixed(rows), abs=1e-9)


def test_without_reader_the_centaur_is_the_players(make_setup: Any) -> None:
    setup = make_setup(n_players=1, n_targets=2, minds=("goldfish",), mixtures=(CENTAUR,))
    race = raced(setup, [(60,), (0,)], [{"goldfish": 1.0}] * 2)
    assert [name for name, _ in expert_costs(race, CENTAUR)] == ["Player 0"]
    assert costs(race, by_key(race)[CENTAUR]) == pytest.approx(
        costs(race, by_key(race)["id0"]), abs=1e-9
    )


@given(st.data())
def test_the_promise_holds_in_a_race(make_setup: Any, data: st.DataObject) -> None:
    """Nobody is never beaten by more than log2 of the people by any of them, if all played
    all targets; nor the Centaur by its halves."""
    n_players, n_crowd = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 3))
    n_targets = data.draw(st.integers(1, 5))
    bits = st.floats(0, 100)
    crowd = tuple(
        ghost(f"c{place}", {target: data.draw(bits) for target in range(n_targets)})
        for place in range(n_crowd)
    )
    setup = make_setup(
        n_players=n_players, n_targets=n_targets, crowd=crowd, mixtures=(NOBODY, CENTAUR)
    )
    slips = [
        [data.draw(st.sampled_from([0, 1, 50, 99])) for _ in range(n_players)]
        for _ in range(n_targets)
    ]
    race = raced(setup, slips, [{"reader": data.draw(bits)} for _ in range(n_targets)])
    for mixture, n in ((NOBODY, n_players + n_crowd), (CENTAUR, n_players + 1)):
        experts = expert_costs(race, mixture)
        assert len(experts) == n
        best = min(sum(one or 0.0 for one in paid) for _, paid in experts)
        assert total(race, by_key(race)[mixture]).bits <= best + math.log2(n) + 1e-6
