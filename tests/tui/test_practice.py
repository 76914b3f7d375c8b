"""Practice: what comes up again and when, and the race that is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bets import parse
from engine.errors import InputError
from engine.race import Race
from engine.scripted import ScriptedPredictor
from engine.setup import Practised
from engine.words import prepare, words
from tui.beginning import Terms
from tui.opening import Opened, open_next, open_practice
from tui.paths import Paths
from tui.play import library_of, open_store
from tui.practice import (
    BAD_BITS,
    FIRST_INTERVAL,
    LONGEST_INTERVAL,
    Try,
    due,
    practice_line,
    schedule,
    to_practise,
    tries_of,
)
from tui.practice_text import practice_on, stretch
from tui.session import Listeners, Session
from tui.settings import Settings
from tui.views import standing_notes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, TWO = Practised("a" * 64, 3), Practised("b" * 64, 7)


def tried(turn: Practised, *went: tuple[float, float]) -> list[Try]:
    """Tries so many days ago with so much insight."""
    return [Try(turn, NOW - days * DAY, bits) for days, bits in went]


def test_a_bad_turn_comes_up_a_day_later() -> None:
    (one,) = schedule(tried(ONE, (0.5, -2.0)))
    assert (one.turn, one.insight_bits, one.on) == (ONE, -2.0, NOW + DAY / 2)
    assert due(tried(ONE, (0.5, -2.0)), NOW) == []
    assert [each.turn for each in due(tried(ONE, (1, -2.0)), NOW)] == [ONE]


def test_what_never_went_badly_does_not_come_up() -> None:
    assert schedule(tried(ONE, (90, 0.0), (80, 3.0), (70, BAD_BITS))) == []


def test_each_good_try_in_a_row_doubles_the_time_and_a_bad_one_begins_anew() -> None:
    assert schedule(tried(ONE, (9, -1), (8, 2)))[0].on == NOW - 8 * DAY + 2 * DAY
    assert schedule(tried(ONE, (9, -1), (8, 2), (5, 2)))[0].on == NOW - 5 * DAY + 4 * DAY
    again = schedule(tried(ONE, (9, -1), (8, 2), (5, 2), (1, -3)))
    assert (again[0].on, again[0].insight_bits) == (NOW, -3)


def test_the_worst_comes_first() -> None:
    both = tried(ONE, (5, -1)) + tried(TWO, (3, -4))
    assert [one.turn for one in due(both, NOW)] == [TWO, ONE]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ONE, TWO, Practised("a" * 64, 4)]),
            st.integers(0, 10_000),
            st.floats(-20, 20),
        ),
        max_size=30,
    ),
    st.randoms(),
)
def test_spacing(given_tries: list[tuple[Practised, int, float]], random: Any) -> None:
    """Against a naive reading of the rule, try by try, and whatever their order."""
    # No two tries of a turn at one time: which came last would be open.
    at = {(turn, hours): bits for turn, hours, bits in given_tries}
    tries = [Try(turn, NOW - timedelta(hours=h), bits) for (turn, h), bits in at.items()]
    expected = {}
    for turn in {one.turn for one in tries}:
        mine = sorted((one for one in tries if one.turn == turn), key=lambda one: one.at)
        bad = [place for place, one in enumerate(mine) if one.insight_bits < BAD_BITS]
        if bad:
            n_good = len(mine) - 1 - bad[-1]
            wait = min(FIRST_INTERVAL * 2**n_good, LONGEST_INTERVAL)
            expected[turn] = (mine[-1].at + wait, min(one.insight_bits for one in mine))
    found = schedule(tries)
    assert {one.turn: (one.on, one.insight_bits) for one in found} == expected
    assert [one.insight_bits for one in found] == sorted(one.insight_bits for one in found)
    random.shuffle(tries)
    assert schedule(tries) == found


@given(st.integers(0, 400), st.integers(1, 60))
def test_a_stretch_leads_to_its_word(index: int, length: int) -> None:
    sentences = [
        f"Word{n} and" + " more" * (n % 7) + ("." if n % 3 else "?\n\n") for n in range(length)
    ]
    text = prepare(" ".join(sentences))
    found = words(text.normalized)
    one = stretch(Practised(text.sha256, index), text)
    if index >= len(found):
        assert one is None
        return
    assert one is not None
    assert one.shown in text.shown
    assert one.shown.startswith("Word") and one.shown[-1] in ".?", "whole sentences"
    chosen, practised = practice_on([one, one])
    assert [target.word for target in chosen.targets] == [found[index].text] * 2
    assert practised == (one.turn, one.turn)
    for target in chosen.targets:
        assert chosen.text.normalized[target.start : target.end] == target.word


def play(opened: Opened, *slips: str) -> Race:
    session = Session(opened.store, opened.race, opened.text)
    session.start(ScriptedPredictor(), Listeners())
    for slip in slips:
        target = session.race.target
        session.lock(0, parse(slip))
        while session.race.target == target:
            session.reveal()
    session.stop()
    return session.race


def later(paths: Paths, days: float) -> None:
    """Let all that is kept have happened so many days earlier."""
    store = open_store(paths)
    for row in store._db.execute("SELECT rowid, body FROM events").fetchall():
        body = json.loads(row[1])
        if "at" in body:
            body["at"] = (datetime.fromisoformat(body["at"]) - days * DAY).isoformat()
            store._db.execute(
                "UPDATE events SET body = ? WHERE rowid = ?", (json.dumps(body), row[0])
            )
    store.close()


def test_from_bad_turns_to_a_race_and_back(opened: Callable[..., Opened], paths: Paths) -> None:
    settings = Settings(player="ann")
    race = play(opened(), "wrong 99", "wrong 90", "ledger 99", "there 99")
    store = open_store(paths)
    ann = race.setup.players[0]
    assert practice_line(store, ann.id, datetime.now(UTC)) == "nothing is due"
    with pytest.raises(InputError, match="Nothing is due before"):
        open_practice(store, "ann", settings, datetime.now(UTC))
    store.close()
    later(paths, 1.1)
    store = open_store(paths)
    assert practice_line(store, ann.id, datetime.now(UTC)) == "2 words to try again"
    practice = open_practice(store, "ann", settings, datetime.now(UTC))
    setup = practice.race.setup
    bad = race.setup.targets[:2]
    assert [target.word for target in setup.targets] == [target.word for target in bad]
    assert setup.practised == tuple(
        Practised(race.setup.text_sha256, target.index) for target in bad
    )
    assert (setup.draw.how, setup.mode) == ("practice", "open")
    done = play(practice, "cook 80", "wrong 95")
    assert list(standing_notes(done)) == ["Practice: off the boards."]
    again, _ = store.load(done.setup.race_id)
    assert again == done, "a practice race is kept like any"
    tries = tries_of(store, ann.id)
    assert len(tries) == 6
    on = {one.turn.index: one.on for one in schedule(tries)}
    first, second = (on[target.index] for target in bad)
    later_by = first - second - DAY  # the words were shown some milliseconds apart
    assert abs(later_by) < timedelta(minutes=1), "what went well comes up later"
    with pytest.raises(InputError, match="Nothing is due"):
        open_next(store, done, settings, library_of(paths))
    store.close()
    later(paths, 1.5)
    store = open_store(paths)
    following = open_next(store, done, settings, library_of(paths))
    assert following.race.setup.practised == setup.practised[1:]
    store.close()


def test_guesses_and_six_words_are_practised_too(
    opened: Callable[..., Opened], paths: Paths
) -> None:
    from tui.beginning import begin

    one = opened()
    race = begin(one.store, _chosen(one), one.race.setup.players, Terms(mode="shannon"))
    session = Session(one.store, race, one.text)
    session.start(ScriptedPredictor(), Listeners())
    for guesses in (("no",), ("soup",)):
        target = session.race.target
        for guess in guesses:
            session.guess(0, guess)
        if session.race.to_write and session.race.target == target:
            session.lock(0, parse(""))
        while session.race.target == target:
            session.reveal()
    session.stop()
    tries = tries_of(one.store, race.setup.players[0].id)
    assert [round(each.insight_bits, 6) for each in tries] == [
        round(session.race.score(target, 0).insight_bits, 6) for target in range(2)
    ]
    assert tries[0].insight_bits < BAD_BITS


def test_who_has_not_raced_has_nothing_to_practise(paths: Paths) -> None:
    store = open_store(paths)
    with pytest.raises(InputError, match="play a few races first"):
        to_practise(store, store.player("ann").id, NOW)
    store.close()


async def test_practising_from_home(
    game: Callable[..., Any], opened: Callable[..., Opened], paths: Paths
) -> None:
    play(opened(), "wrong 99", "soup 90", "ledger 99", "there 99")
    later(paths, 2)
    async with game() as home:
        await home.until_seen("1 word to try again")
        row = next(row for row, line in enumerate(home.lines) if "Practise" in line)
        await home.pilot.click(offset=(home.region("#choices").x + 3, row))
        await home.until_writing()
        assert "Practice" in home.lines[0]
        await home.finish("cook 90")
        assert "Practice: off the boards." in home.words


def _chosen(one: Opened) -> Any:
    from tui.choose import Chosen

    setup = one.race.setup
    return Chosen(setup.title, one.text, setup.targets, setup.draw)
