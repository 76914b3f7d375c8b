"""A race is its log of events, and nothing that does not fit gets into it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bets import PASS, Bet, Score, slip
from engine.errors import RaceError
from engine.race import (
    Event,
    Identified,
    Known,
    Locked,
    Race,
    Revealed,
    Started,
    advance,
    replay,
)

AT = "2026-11-23T19:07:00Z"
SLIP = slip([Bet("harbour", 60), Bet("sea", 20)])


def started(make_setup: Any, **changes: Any) -> Race:
    return advance(None, Started(make_setup(**changes)))


def revealed(target: int, instinct_bits: float = 4.0, reader: float = 2.0) -> Revealed:
    return Revealed(target, instinct_bits, {"reader": reader}, AT)


def played(make_setup: Any, n_players: int = 2, n_targets: int = 2) -> list[Event]:
    """A whole race, in the order of play."""
    events: list[Event] = [Started(make_setup(n_players=n_players, n_targets=n_targets))]
    for target in range(n_targets):
        events += [Locked(target, player, SLIP, AT) for player in range(n_players)]
        events.append(revealed(target, 4.0 + target))
    return events


# ---- the course of a race ----


def test_the_phases_of_a_race(make_setup: Any) -> None:
    race = started(make_setup, n_players=2, n_targets=2)
    assert (race.phase, race.target, race.to_write) == ("writing", 0, (0, 1))
    race = advance(race, Locked(0, 0, SLIP, AT))
    assert (race.phase, race.target, race.to_write) == ("writing", 0, (1,))
    race = advance(race, Locked(0, 1, PASS, AT))
    assert (race.phase, race.target, race.to_write) == ("waiting", 0, ())
    race = advance(race, revealed(0))
    assert (race.phase, race.target, race.to_write) == ("writing", 1, (1, 0))
    race = advance(race, Locked(1, 1, PASS, AT))
    race = advance(race, Locked(1, 0, PASS, AT))
    race = advance(race, revealed(1))
    assert (race.phase, race.target) == ("finished", 2)


@pytest.mark.parametrize("n_players", [1, 2, 3, 5])
def test_the_order_rotates_by_target(make_setup: Any, n_players: int) -> None:
    race = started(make_setup, n_players=n_players, n_targets=7)
    firsts: list[int] = []
    for target in range(7):
        order = race.to_write
        assert sorted(order) == list(range(n_players))
        assert order == tuple((order[0] + turn) % n_players for turn in range(n_players))
        firsts.append(order[0])
        for player in order:
            race = advance(race, Locked(target, player, PASS, AT))
        race = advance(race, revealed(target))
    assert firsts == [target % n_players for target in range(7)]


def test_players_may_lock_in_in_any_order(make_setup: Any) -> None:
    race = started(make_setup, n_players=3)
    race = advance(race, Locked(0, 2, SLIP, AT))
    assert race.to_write == (0, 1)
    race = advance(race, Locked(0, 0, PASS, AT))
    assert race.to_write == (1,)
    assert (race.slip(0, 2), race.slip(0, 0)) == (SLIP, PASS)


def test_identities_and_who_knows_the_text(make_setup: Any, make_identity: Any) -> None:
    race = started(make_setup, n_players=2)
    assert race.instinct is None and dict(race.minds) == {} and race.known == frozenset()
    instinct, reader = make_identity("starter"), make_identity("other")
    race = advance(race, Identified(instinct, {"reader": reader}))
    assert (race.instinct, dict(race.minds)) == (instinct, {"reader": reader})
    race = advance(advance(race, Known(1, AT)), Known(1, AT))
    assert race.known == {1}


# ---- what does not fit ----


def test_nothing_happens_before_the_start(make_setup: Any, make_identity: Any) -> None:
    for event in (
        Locked(0, 0, SLIP, AT),
        revealed(0),
        Known(0, AT),
        Identified(make_identity(), {}),
    ):
        with pytest.raises(RaceError, match="not started"):
            advance(None, event)


def test_a_race_starts_once(make_setup: Any) -> None:
    with pytest.raises(RaceError, match="already started"):
        advance(started(make_setup), Started(make_setup()))


def test_a_turn_is_played_once(make_setup: Any) -> None:
    race = advance(started(make_setup, n_players=2), Locked(0, 0, SLIP, AT))
    with pytest.raises(RaceError, match="Player 1 cannot lock in target 1"):
        advance(race, Locked(0, 0, PASS, AT))
    assert race.slip(0, 0) == SLIP


def test_no_word_is_shown_before_all_have_locked_in(make_setup: Any) -> None:
    race = started(make_setup, n_players=2)
    for _ in range(2):
        with pytest.raises(RaceError, match="when all have locked in"):
            advance(race, revealed(0))
        race = advance(race, Locked(0, race.to_write[0], SLIP, AT))
    assert advance(race, revealed(0)).target == 1


@pytest.mark.parametrize("target", [-1, 1, 2, 99])
def test_only_the_target_being_played_takes_events(make_setup: Any, target: int) -> None:
    race = started(make_setup, n_players=1, n_targets=2)
    with pytest.raises(RaceError, match="not the one being played"):
        advance(race, Locked(target, 0, SLIP, AT))
    race = advance(race, Locked(0, 0, SLIP, AT))
    with pytest.raises(RaceError, match="not the one being played"):
        advance(race, revealed(target))


def test_a_word_is_shown_once(make_setup: Any) -> None:
    race = advance(started(make_setup, n_players=1), Locked(0, 0, SLIP, AT))
    race = advance(race, revealed(0))
    with pytest.raises(RaceError, match="not the one being played"):
        advance(race, revealed(0))
    with pytest.raises(RaceError, match="not the one being played"):
        advance(race, Locked(0, 0, PASS, AT))


@pytest.mark.parametrize("player", [-1, 2, 99])
def test_only_players_of_the_race_lock_in(make_setup: Any, player: int) -> None:
    with pytest.raises(RaceError, match="cannot lock in"):
        advance(started(make_setup, n_players=2), Locked(0, player, SLIP, AT))


@pytest.mark.parametrize("player", [-1, 2])
def test_only_players_of_the_race_know_the_text(make_setup: Any, player: int) -> None:
    with pytest.raises(RaceError):
        advance(started(make_setup, n_players=2), Known(player, AT))


def test_nothing_is_played_after_the_end(make_setup: Any) -> None:
    race = replay(played(make_setup))
    for event in (Locked(2, 0, SLIP, AT), revealed(2), Locked(1, 0, SLIP, AT), revealed(1)):
        with pytest.raises(RaceError):
            advance(race, event)


def test_a_reveal_has_bits_for_every_mind_that_races(make_setup: Any) -> None:
    race = advance(started(make_setup, n_players=1), Locked(0, 0, SLIP, AT))
    with pytest.raises(RaceError):
        advance(race, Revealed(0, 4.0, {}, AT))


# ---- immutability ----


def test_an_event_leaves_the_race_before_it_as_it_was(make_setup: Any) -> None:
    events = played(make_setup, n_players=3, n_targets=3)
    races: list[Race] = []
    race: Race | None = None
    for event in events:
        race = advance(race, event)
        races.append(race)
    for n, earlier in enumerate(races, 1):
        assert earlier == replay(events[:n])


def test_nothing_in_a_race_can_be_changed(make_setup: Any, make_identity: Any) -> None:
    race = advance(
        replay(played(make_setup)), Identified(make_identity(), {"reader": make_identity()})
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        race.reveals = ()  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        race.setup.title = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        race.locked[0, 0] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        race.minds["reader"] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        race.reveals[0].minds["reader"] = 0.0  # type: ignore[index]


def test_what_the_caller_does_to_its_mapping_later_does_not_change_a_race(
    make_setup: Any, make_identity: Any
) -> None:
    race = advance(started(make_setup, n_players=1), Locked(0, 0, SLIP, AT))
    identities = {"reader": make_identity("one")}
    race = advance(race, Identified(make_identity(), identities))
    bits = {"reader": 2.0}
    race = advance(race, Revealed(0, 4.0, bits, AT))
    identities["reader"] = make_identity("two")
    bits["reader"] = 0.5
    assert race.minds["reader"].model == "one"
    assert race.mind_score(0, "reader").bits == 2.0


def test_an_event_that_is_refused_changes_nothing(make_setup: Any) -> None:
    race = started(make_setup, n_players=2)
    before = dataclasses.replace(race)
    with pytest.raises(RaceError):
        advance(race, revealed(0))
    assert race == before


# ---- replay ----


def test_a_log_without_events_is_no_race() -> None:
    with pytest.raises(RaceError, match="no events"):
        replay([])


@st.composite
def logs(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """What happens in a race, without its setup; players lock in in any order."""
    n_players, n_targets = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    moves: list[tuple[str, Any]] = [("setup", (n_players, n_targets))]
    for target in range(n_targets):
        for player in draw(st.permutations(range(n_players))):
            if draw(st.integers(0, 4)) == 0:
                moves.append(("event", Known(player, AT)))
            a_slip = draw(st.sampled_from([PASS, SLIP, slip([Bet("word1", 99)])]))
            moves.append(("event", Locked(target, player, a_slip, AT)))
        bits = draw(st.floats(0, 40)), draw(st.floats(0, 40))
        moves.append(("event", revealed(target, *bits)))
    cut = draw(st.integers(1, len(moves)))
    return moves[:cut]


@given(logs())
def test_replay_is_the_same_as_going_step_by_step(
    make_setup: Any, moves: list[tuple[str, Any]]
) -> None:
    (_, (n_players, n_targets)), *rest = moves
    events: list[Event] = [Started(make_setup(n_players=n_players, n_targets=n_targets))]
    events += [event for _, event in rest]
    steps = list(stepwise(events))
    assert replay(events) == steps[-1]
    assert replay(iter(events)) == steps[-1]
    race = steps[-1]
    n_reveals = sum(isinstance(event, Revealed) for event in events)
    assert race.target == n_reveals
    assert (race.phase == "finished") == (n_reveals == n_targets)
    # Totals are the sums of what each turn came to.
    for player in range(n_players):
        turns = [race.score(target, player) for target in range(n_reveals)]
        total = race.total(player)
        assert total.bits == pytest.approx(sum(turn.bits for turn in turns))
        assert total.insight_bits == pytest.approx(race.instinct_bits - total.bits)


def stepwise(events: list[Event]) -> Iterator[Race]:
    race: Race | None = None
    for event in events:
        race = advance(race, event)
        yield race


# ---- scores ----


def test_scores_follow_from_slips_and_reveals(make_setup: Any) -> None:
    race = started(make_setup, n_players=2, n_targets=2)
    right = slip([Bet("WORD0", 50)])
    wrong = slip([Bet("other", 75)])
    for event in (
        Locked(0, 0, right, AT),
        Locked(0, 1, wrong, AT),
        revealed(0, 4.0, 2.5),
        Locked(1, 0, PASS, AT),
        Locked(1, 1, PASS, AT),
        revealed(1, 3.0, 3.5),
    ):
        race = advance(race, event)
    by_habit = 0.5 * 2**-4
    assert 2 ** -race.score(0, 0).bits == pytest.approx(0.5 + by_habit)
    assert race.score(0, 1).bits == pytest.approx(6.0)
    assert race.score(0, 1).insight_bits == pytest.approx(-2.0)
    assert race.score(1, 0) == Score(3.0, 0.0)
    assert race.total(1).bits == pytest.approx(9.0)
    assert race.total(1).insight_bits == pytest.approx(-2.0)
    assert race.mind_score(0, "reader") == Score(2.5, 1.5)
    assert race.mind_total("reader") == Score(6.0, 1.0)
    assert race.instinct_bits == 7.0


def test_before_the_first_reveal_totals_are_nothing(make_setup: Any) -> None:
    race = started(make_setup)
    assert race.total(0) == race.mind_total("reader") == Score(0.0, 0.0)
    assert race.instinct_bits == 0


def test_a_slip_of_the_race_is_the_one_locked_in(make_setup: Any) -> None:
    race = replay(played(make_setup))
    assert race.slip(1, 1) == SLIP
