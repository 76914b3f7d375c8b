"""Today's race: which passage it is, what is hidden until then, and the days in a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, timedelta
from subprocess import CompletedProcess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from puzzles.builtin import load_builtin
from puzzles.facts import PassageFacts
from tui.choose import Wish, find
from tui.opening import open_next, open_wish
from tui.paths import Paths
from tui.play import library_of, open_store
from tui.settings import Settings
from tui.store import RaceOn
from tui.today import (
    PACK,
    day_of,
    days_kept,
    hidden,
    in_a_row,
    listed,
    local_day,
    passage_of,
    settle,
    streak,
    to_come,
)

TODAY = date(2026, 11, 24)
A_DAY = timedelta(days=1)
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
FACTS = [
    PassageFacts(f"p{place}", f"Passage {place}", "sea", 100, 5, f"{place:064x}")
    for place in range(5)
]


def test_days_are_counted_from_the_first_of_1970() -> None:
    assert passage_of(date(1970, 1, 1), 36) == 0
    assert passage_of(date(1970, 2, 6), 36) == 0
    assert passage_of(TODAY, 36) == 20781 % 36


@given(DAYS, st.integers(1, 60))
def test_each_passage_has_its_day(today: date, n: int) -> None:
    assert passage_of(today + A_DAY, n) == (passage_of(today, n) + 1) % n
    coming = {day_of(place, n, today): place for place in range(n)}
    assert sorted(coming) == [today + ahead * A_DAY for ahead in range(n)]
    assert all(passage_of(day, n) == place for day, place in coming.items())


@given(DAYS, st.sets(st.integers(0, 4)))
def test_what_was_raced_and_todays_can_be_seen_and_nothing_else(
    today: date, raced: set[int]
) -> None:
    seen = {FACTS[place].text_sha256 for place in raced}
    now = passage_of(today, len(FACTS))
    away = set(range(5)) - raced - {now}
    assert hidden(FACTS, seen, today).keys() == away
    told = listed(PACK, FACTS, seen, today)
    assert told[0].title == f"Passage {now}", "today's comes first"
    shown = {one.title for one in told if not one.title.startswith("hidden, ")}
    assert shown == {f"Passage {place}" for place in raced | {now}}
    for one in told[len(shown) :]:
        assert (one.theme, one.title.split(",")[0]) == ("", "hidden")
        assert one.id not in {fact.id for fact in FACTS}
    assert to_come(PACK, FACTS, seen, today) == {FACTS[place].text_sha256 for place in away}
    assert listed("liars", FACTS, seen, today) == tuple(FACTS)
    assert to_come("liars", FACTS, seen, today) == set()


@given(st.sets(st.integers(0, 30)))
def test_a_streak_ends_today_or_yesterday(ago: set[int]) -> None:
    days = {TODAY - back * A_DAY for back in ago}
    begin = 0 if 0 in ago else 1
    n = 0
    while begin + n in ago:
        n += 1
    assert streak(days, TODAY) == n


def test_only_a_race_on_its_own_day_that_was_finished_is_kept() -> None:
    texts = [f"{place:064x}" for place in range(5)]
    todays = texts[passage_of(TODAY, 5)]
    other = texts[passage_of(TODAY + A_DAY, 5)]
    noon = f"{TODAY.isoformat()}T12:00:00.000+00:00"
    races = [RaceOn(todays, "a", noon, False), RaceOn(other, "b", noon, True)]
    assert days_kept(races, texts, UTC) == set()
    assert days_kept([*races, RaceOn(todays, "c", noon, True)], texts, UTC) == {TODAY}


@pytest.mark.parametrize(("n", "told"), [(0, ""), (1, ""), (2, "2 days in a row")])
def test_a_streak_is_told_from_two_days_on(n: int, told: str) -> None:
    assert in_a_row(n) == told


def test_all_play_the_same(paths: Paths) -> None:
    library = library_of(paths)
    found = find(Wish(what=PACK), library)
    pack = load_builtin(PACK)
    for day in (TODAY, TODAY + A_DAY):
        wish, chosen = settle(Wish(what=PACK, clock_s=20), found, [set()], day)
        place = passage_of(day, len(pack.passages))
        assert chosen.passage_id == pack.passages[place].id
        assert (wish.mode, wish.clock_s) == ("open", 20)
    for other in (Wish(mode="choice"), Wish(n_targets=2), Wish(seed=3), Wish(uniform=True)):
        with pytest.raises(InputError, match="the same for everybody"):
            settle(other, found, [set()], TODAY)


def test_another_day_is_hidden_until_it_comes_or_was_raced(paths: Paths) -> None:
    pack = load_builtin(PACK)
    n = len(pack.passages)
    tomorrow = pack.passages[passage_of(TODAY + A_DAY, n)]
    found = find(Wish(what=f"{PACK}/{tomorrow.id}"), library_of(paths))
    with pytest.raises(InputError, match="hidden until its day: 25 November"):
        settle(Wish(), found, [set()], TODAY)
    _, chosen = settle(Wish(), found, [{tomorrow.text.sha256}], TODAY)
    assert chosen.passage_id == tomorrow.id
    with pytest.raises(InputError, match="has no passage 'nothing'"):
        settle(Wish(), find(Wish(what=f"{PACK}/nothing"), library_of(paths)), [set()], TODAY)


def test_after_todays_there_is_none_before_tomorrow(paths: Paths) -> None:
    store, library = open_store(paths), library_of(paths)
    opened = open_wish(store, Wish(what=PACK, players=("ann",)), Settings(), library)
    pack = load_builtin(PACK)
    place = passage_of(local_day(), len(pack.passages))
    assert opened.race.setup.passage == pack.passages[place].id
    ann = opened.race.setup.players[0].id
    assert open_next(store, opened.race, Settings(), library).race.setup.attempts == (1,)
    store._db.execute("INSERT INTO events VALUES (?, 1, 2, 'revealed', '{}')", (_last(store),))
    assert pack.passages[place].text.sha256 in store.played_texts([ann])
    with pytest.raises(InputError, match="comes tomorrow"):
        open_next(store, opened.race, Settings(), library)
    store.close()


def test_nothing_is_told_of_the_hidden_ones(
    bitrace: Callable[..., CompletedProcess[str]], paths: Paths, tmp_path: object
) -> None:
    pack = load_builtin(PACK)
    place = passage_of(local_day(), len(pack.passages))
    for form in ("table", "json"):
        told = bitrace(tmp_path, "packs", "show", PACK, "--format", form)
        assert told.returncode == 0, told.stderr
        assert pack.passages[place].title in told.stdout
        others = [one for one in pack.passages if one is not pack.passages[place]]
        assert not [one.id for one in others if one.id in told.stdout]
        assert not [one.title for one in others if f"{one.title}  " in told.stdout]


def _last(store: object) -> str:
    return store._db.execute("SELECT id FROM races ORDER BY rowid DESC").fetchone()[0]  # type: ignore[attr-defined]
