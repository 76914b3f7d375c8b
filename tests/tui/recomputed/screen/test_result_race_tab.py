"""The result's first tab: who won, lanes, sentences, lines to paste."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.choose import Wish
from tui.opening import open_wish
from tui.paths import Paths
from tui.play import library_of, open_store
from tui.settings import Settings

HALVES = {"━": 2, "╍": 2, "╸": 1, "╺": 1}
LEAST_SCALE = 10.0
OF_NOBODY = {("open", 1): "paid less", ("shannon", 1): "paid less", ("open", 3): "within"}
"""What is said of Nobody where it is not of its dearest word."""
TODAY = date(2026, 3, 8)
A_DAY = timedelta(days=1)
ROW = r"(.{10})([ ·])([ ━╍╸╺│]+?) +([+-]\d+\.\d)"


@pytest.mark.parametrize("n_players", [1, 3])
@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_lanes_sentences_and_lines_to_paste_follow_from_what_was_kept(
    mode: str, n_players: int, shown: Any, frame_of: Any, sentences: Any, is_near: Any
) -> None:
    async with shown(mode, n_players) as (play, log):
        assert play.screen.query_one("#race-page").max_scroll_y == 0, "all is in sight"
        frame = frame_of(play)
        check_lanes(log, frame.cut("#lanes"), is_near)
        checks = sentences(log)
        claimed = {line for line in frame.lines if checks.claim(line)}
        assert all(len(list(frame.take(re.escape(line)))) == 1 for line in claimed)
        frame.check_edges(len(log.words))
    said, order = checks.said, log.best_first
    assert len(said["lead"]) == len(said["primer"]) == 1
    assert said["rate"] == said["best"] == said["share"] == order
    assert said["bytes"] == ([] if mode == "choice" else order)
    assert sorted(said["bounds"] + said["no bounds"]) == sorted(order * (mode == "shannon"))
    assert len(said["bounds"]) == (mode == "shannon")
    kinds = [kind for kind in ("paid less", "dearest", "within") if said[kind]]
    assert kinds == [OF_NOBODY.get((mode, n_players), "dearest")]
    insights = {name: log.insight(name) for name in log.costs}
    is_ahead = max(insights.values()) > max(insights[name] for name in order) + 1e-6
    assert len(said["next"]) == is_ahead


def check_lanes(log: Any, rows: list[str], is_near: Any) -> None:
    """A row each: the number, and a bar to half a cell on a scale that all share."""
    insights = {name: log.insight(name) for name in log.costs}
    low = min(0.0, *insights.values())
    high = max(LEAST_SCALE + low, 0.0, *insights.values())
    found = [re.fullmatch(ROW, row) for row in rows]
    assert [row and row[1].strip() for row in found] == list(log.costs)
    # Bars end at the column of numbers, which is eight cells wide.
    width = max(len(row) for row in rows) - 11 - 8
    zero = width * -low / (high - low)
    for row, (name, insight) in zip(found, insights.items(), strict=True):
        assert row
        is_near(row[4], insight)
        bar = row[3]
        exact = 2 * abs(insight) * width / (high - low)
        halves = sum(HALVES.get(sign, 0) for sign in bar)
        # The zero line stands between two cells, which may cost the longest bars one half.
        is_longest = insight in (low, high)
        assert abs(halves - exact) <= (1.501 if is_longest else 0.501), name
        if ends := re.search("[━╍╸╺]+", bar):
            edge = ends.start() if insight > 0 else ends.end()
            assert abs(edge - zero) <= 0.501, name
        is_unreal = log.kinds[name] in ("ghost", "mixture")
        assert (row[2] == "·") == is_unreal
        assert ("━" in bar) <= (not is_unreal) and ("╍" in bar) <= is_unreal


# ---- the streak ----


async def test_days_in_a_row_follow_from_what_was_kept(
    game: Any, days_raced: Callable[..., Any], frame_of: Any, paths: Paths
) -> None:
    """One was there each day but one, the other never before."""
    for ago in (4, 2, 1):
        days_raced(ago, "ann")
    session = days_raced(0, "ann", "bo")
    kept = days_of(paths.store_file)
    assert [len(kept[name]) for name in ("ann", "bo")] == [4, 1]
    async with game(size=(120, 40)) as play:
        await play.until_seen("warm-up")
        play.app.races.show_result(session)
        await play.until_on("ResultScreen")
        told = frame_of(play).one(
            r"ann: Day (\d+) in a row\. bo: Day (\d+) of a streak\. "
            r"The next one comes tomorrow\."
        )
    for shown, name in zip(told, ("ann", "bo"), strict=True):
        back = 0
        while TODAY - back * A_DAY in kept[name]:
            back += 1
        assert int(shown) == back


@pytest.fixture
def days_raced(
    paths: Paths, played: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Plays the race of a day so long ago to its end."""

    def race(ago: int, *names: str) -> Any:
        day = TODAY - ago * A_DAY
        for place in ("tui.today.local_day", "tui.screens.result.local_day"):
            monkeypatch.setattr(place, lambda: day)
        monkeypatch.setattr("tui.beginning.now", lambda: f"{day}T12:00:00.000+00:00")
        wish = Wish(what="days", players=names)
        return played(open_wish(open_store(paths), wish, Settings(), library_of(paths)))

    return race


def days_of(file: Path) -> dict[str, set[date]]:
    """Each player's days whose race was begun then and finished since."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT race_id, kind, body FROM events").fetchall()
    connection.close()
    days: dict[str, set[date]] = {}
    for race_id, kind, body in rows:
        if kind != "started":
            continue
        setup = json.loads(body)["setup"]
        n_shown = sum(row[:2] == (race_id, "revealed") for row in rows)
        assert n_shown == len(setup["targets"])
        day = datetime.fromisoformat(setup["started_at"]).astimezone().date()
        for player in setup["players"]:
            days.setdefault(player["name"], set()).add(day)
    return days
