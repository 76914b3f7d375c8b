"""A player's best races: the same as a replay of every race would tell."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from engine.bets import parse
from engine.race import Identified, Identity, Locked, Race, Revealed
from engine.setup import Mode
from tui.beginning import Terms
from tui.bests import best_insights
from tui.opening import Opened
from tui.paths import Paths
from tui.play import open_store
from tui.store import Store

IDENTITY = Identity("scripted", "", "0" * 64, "none", 1, "script", 0)
OTHER = "Another ferry left, and on it was the [[captain]] with the [[thief]] beside him."


@pytest.fixture
def play(opened: Callable[..., Opened]) -> Callable[..., Race]:
    """Plays a race on disk: for each target Instinct's bits and a slip for each player."""

    def make(*turns: tuple[Any, ...], **more: Any) -> Race:
        one = opened(**more)
        race, store = one.race, one.store
        race = store.append(
            race, [Identified(IDENTITY, dict.fromkeys(race.setup.minds, IDENTITY))]
        )
        minds = dict.fromkeys(race.setup.minds, 3.0)
        for target, (bits, *slips) in enumerate(turns):
            locked = [Locked(target, who, parse(slip), "at") for who, slip in enumerate(slips)]
            race = store.append(race, [*locked, Revealed(target, bits, minds, "at")])
        store.close()
        return race

    return make


@pytest.fixture
def store(paths: Paths) -> Any:
    """The store, opened once more."""
    return open_store(paths)


def best(store: Store, name: str, *texts: str, mode: Mode = "open") -> dict[str, float]:
    return best_insights(store, store.player(name).id, texts, mode)


TURNS = ((5.0, "cook 60"), (7.5, ""), (2.0, "pen 50 ledger 20"), (9.0, "elsewhere 30"))


def test_the_best_of_several_races_is_what_a_replay_tells(
    play: Callable[..., Race], store: Store
) -> None:
    better = tuple((bits, "cook 99" if bits == 5.0 else "") for bits, _ in TURNS)
    races = [play(*TURNS), play(*better), play(*TURNS)]
    totals = [race.total(0).insight_bits for race in races]
    assert max(totals) == totals[1]
    text = races[0].setup.text_sha256
    assert best(store, "ann", text) == {text: pytest.approx(totals[1])}


def test_sums_below_zero_count_too(play: Callable[..., Race], store: Store) -> None:
    race = play(*((3.0, "wrong 99") for _ in range(4)))
    total = race.total(0).insight_bits
    assert total < -20
    text = race.setup.text_sha256
    assert best(store, "ann", text) == {text: pytest.approx(total)}


def test_each_player_of_a_race_has_their_own(play: Callable[..., Race], store: Store) -> None:
    turns = tuple((bits, slip, "soup 50") for bits, slip in TURNS)
    race = play(*turns, players=("ann", "bo"))
    text = race.setup.text_sha256
    assert best(store, "ann", text)[text] == pytest.approx(race.total(0).insight_bits)
    assert best(store, "bo", text)[text] == pytest.approx(race.total(1).insight_bits)
    assert best(store, "carl", text) == {}


@pytest.mark.parametrize(
    ("mode", "lines"),
    [
        ("choice", ("50", "3", "90", "", "1", "60", "30", "20")),
        ("shannon", ("cook", "a b soup", "x", "soup", "", "the ledger", "there", "a b c d e")),
    ],
)
def test_each_mode_has_its_own_best(
    play: Callable[..., Race],
    opened: Callable[..., Opened],
    played: Callable[..., Any],
    store: Store,
    mode: Mode,
    lines: tuple[str, ...],
) -> None:
    words = ("anchor", "barrel", "candle", "dagger", "engine", "feather")
    others = {"elsewhere": {word: word for word in words}, "terms": Terms(mode=mode)}
    plain = played(opened(players=("ann", "bo"), **others)).race
    race = played(opened(players=("ann", "bo"), **others), *lines).race
    text = race.setup.text_sha256
    for player, name in enumerate(("ann", "bo")):
        told = best(store, name, text, mode=mode)
        totals = [one.total(player).insight_bits for one in (race, plain)]
        assert abs(totals[0] - totals[1]) > 0.1
        assert told == {text: pytest.approx(max(totals))}
    assert best(store, "ann", text) == {}, "of its own mode alone"
    open_one = play(*TURNS)
    assert best(store, "ann", text) == {text: pytest.approx(open_one.total(0).insight_bits)}
    assert best(store, "ann", text, mode=mode)[text] != pytest.approx(
        open_one.total(0).insight_bits
    )


def test_the_first_races_told_no_mode(
    play: Callable[..., Race], store: Store, paths: Paths
) -> None:
    race = play(*TURNS)
    with sqlite3.connect(paths.store_file) as db:
        db.execute(
            "UPDATE events SET version = 1, body = json_remove(body, '$.setup.mode')"
            " WHERE kind = 'started'"
        )
    text = race.setup.text_sha256
    assert best(store, "ann", text) == {text: pytest.approx(race.total(0).insight_bits)}
    assert best(store, "ann", text, mode="choice") == {}


def test_only_finished_races_and_only_the_texts_asked_for(
    play: Callable[..., Race], store: Store
) -> None:
    other = play((4.0, "captain 50"), (6.0, "thief 9"), text=OTHER)
    play(*TURNS[:3])
    asked = {race.setup.text_sha256 for race in (other,)} | {"0" * 64}
    assert set(best(store, "ann", *asked)) == {other.setup.text_sha256}
    unfinished = play(*TURNS[:1]).setup.text_sha256
    assert best(store, "ann", unfinished) == {}
    assert best(store, "ann") == {}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("started", "no JSON"),
        ("started", "{}"),
        ("started", '{"setup": {"targets": []}}'),
        ("started", '{"setup": {"targets": [{"word": 7}]}}'),
        ("locked", "[1]"),
        ("locked", '{"target": 0, "player": 0, "slip": {"bets": [7]}, "at": ""}'),
        ("revealed", '{"target": 0, "instinct_bits": NaN, "minds": {}, "at": ""}'),
        ("revealed", '{"target": 0, "instinct_bits": "many", "minds": {}, "at": ""}'),
    ],
)
def test_a_damaged_race_is_passed_over(
    play: Callable[..., Race], store: Store, paths: Paths, kind: str, body: str
) -> None:
    sure = [(9.0, slip) for slip in ("cook 99", "soup 99", "ledger 99", "there 99")]
    before, good, behind = play(*sure), play(*TURNS), play(*sure)
    with sqlite3.connect(paths.store_file) as db:
        for damaged in (before, behind):
            db.execute(
                "UPDATE events SET body = ? WHERE race_id = ? AND kind = ?"
                " AND ifnull(json_extract(body, '$.target'), 0) = 0",
                (body, damaged.setup.race_id, kind),
            )
    text = good.setup.text_sha256
    assert best(store, "ann", text) == {text: pytest.approx(good.total(0).insight_bits)}


def test_thousands_of_races_are_quick_enough(
    play: Callable[..., Race], store: Store, paths: Paths
) -> None:
    race = play(*TURNS)
    other = play((4.0, "captain 50"), (6.0, "thief 9"), text=OTHER)
    with sqlite3.connect(paths.store_file) as db:
        for one, n in ((race, 300), (other, 4000)):
            _copy(db, one.setup.race_id, n)
    text = race.setup.text_sha256
    begun = time.perf_counter()
    assert best(store, "ann", text) == {text: pytest.approx(race.total(0).insight_bits)}
    assert time.perf_counter() - begun < 0.5


def _copy(db: sqlite3.Connection, race_id: str, n: int) -> None:
    """Keep a race so many times more."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
    for into, columns, source in (
        (
            "races",
            "id || i, started_at, finished_at, title, text_sha256, pack, passage, touched",
            "races WHERE id = ?",
        ),
        ("race_players", "race_id || i, player_id, place", "race_players WHERE race_id = ?"),
        ("events", "race_id || i, seq, version, kind, body", "events WHERE race_id = ?"),
    ):
        db.execute(
            f"INSERT INTO {into} {numbers} SELECT {columns} FROM n, {source}", (n, race_id)
        )
