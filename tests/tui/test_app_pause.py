"""A race that is paused, left and gone on with, in every mode; who knows the text."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest

from engine.predictor import Comparison
from engine.scripted import ScriptedPredictor
from engine.shannon import MISSED
from tui.beginning import Terms
from tui.opening import Opened, open_again
from tui.paths import Paths
from tui.play import open_store
from tui.screens.turn_panel import PANEL_IDS
from tui.settings import Settings
from tui.widgets.clock import ClockView

CLOCK_S = 20
SHORT = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "The missing one was the [[cook]]. So it was the captain who lit the [[stove]]."
)
ELSEWHERE = {
    word: word for word in ("anchor", "barrel", "candle", "dagger", "engine", "feather")
}
HALF = {
    "open": (["steward 41"], "steward 41"),
    "choice": (["3"], "27 %"),
    "shannon": (["purser", "steward"], "✗ purser"),
}
"""By mode what is typed, with Enter between, and what of it is on the screen."""

Opening = Callable[..., Opened]
Game = Callable[..., Any]


@dataclass
class Time:
    """Time that goes on when it is told to."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def go_on(self, play: Any, seconds: float) -> None:
        """Let so much time pass, and have all clocks look at it."""
        self.now_s += seconds
        for screen in play.app.screen_stack:
            for clock in screen.query(ClockView):
                clock._tick()
        await play.pilot.pause()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that all clocks go by; by themselves they do not look at it."""
    time = Time()
    monkeypatch.setattr(ClockView.__init__, "__defaults__", (time, None))
    monkeypatch.setattr("tui.widgets.clock._TICK_S", 3600.0)
    return time


@pytest.fixture
def begin(opened: Opening) -> Opening:
    """Begins a race of two targets against the clock."""

    def start(mode: Any, players: tuple[str, ...] = ("ann",)) -> Opened:
        terms = Terms(mode=mode, clock_s=CLOCK_S)
        return opened(SHORT, players=players, terms=terms, elsewhere=ELSEWHERE)

    return start


async def until_turn(play: Any, name: str = "") -> None:
    """Wait for a turn; where a name is given, open that player's curtain first."""
    if name:
        await play.until_on("Curtain")
        assert f"{name}'s turn" in play.text
        await play.press("enter")
    panel = f"#{PANEL_IDS[play.race.setup.mode]}"
    await play.until(lambda: play.on == "RaceScreen" and play.shows(panel), "the turn")
    await play.settle()


async def half_a_turn(play: Any) -> None:
    """Type something, and lock nothing in."""
    typed, seen = HALF[play.race.setup.mode]
    for number, part in enumerate(typed):
        if number:
            await play.press("enter")
        await play.type(part)
    await play.until_seen(seen)


def everything(play: Any) -> str:
    """The frame, and the picture of it that the app itself can export."""
    picture = play.app.export_screenshot()
    return play.text + "\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))


def secrets(play: Any) -> list[str]:
    """What a pause has to hide: passage, blank, what is typed, staked, guessed; the clock."""
    sixes = [word for six in play.race.sixes.values() for word in six]
    return ["ferry", "harbour", "missing", "▁▁", "▕", "0:", "steward", "purser", "27 %", *sixes]


async def pause(play: Any) -> None:
    """Pause the race; nothing of it is to be seen then."""
    shown = everything(play)
    assert len([one for one in secrets(play) if one in shown]) > 5, "before, much of it is"
    await play.press("escape")
    await play.until_on("PauseScreen")
    shown = everything(play)
    assert not [one for one in secrets(play) if one in shown]


def on_disk(paths: Paths) -> list[Any]:
    """The times that have been written down, as target, player and seconds."""
    with sqlite3.connect(paths.store_file) as db:
        rows = db.execute("SELECT body FROM events WHERE kind = 'clocked' ORDER BY seq")
        return [tuple(json.loads(body).values()) for (body,) in rows.fetchall()]


@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_a_pause_hides_all_and_stops_the_clock(
    game: Game, begin: Opening, paths: Paths, clock: Time, mode: Any
) -> None:
    async with game(begin(mode)) as play:
        await until_turn(play)
        await half_a_turn(play)
        turn = play.part(f"#{PANEL_IDS[mode]}")
        await clock.go_on(play, 6.5)
        assert play.part("#clock").startswith("0:14 ")
        await pause(play)
        assert on_disk(paths) == [(0, 0, 6.5)], "whatever becomes of the app now"
        await clock.go_on(play, 1000)
        await play.press("x", "7", "backspace")
        await play.press("escape")
        await until_turn(play)
        assert play.part("#clock").startswith("0:14 ")
        assert play.part(f"#{PANEL_IDS[mode]}") == turn, "what was typed is still there"
        await pause(play)
        await clock.go_on(play, 1000)
        await play.press("ctrl+t")
        await until_turn(play)
        assert play.race.known == {0}
        assert play.part("#clock").startswith("0:14 ")
        await clock.go_on(play, 2)
        await play.leave()
        await play.until_on("HomeScreen")
    clock.now_s += 5000
    again = open_again(open_store(paths), Settings())
    assert again is not None
    assert again.race.used_s == {(0, 0): 8.5}
    async with game(again) as play:
        await until_turn(play)
        assert play.part("#clock").startswith("0:12 ")
        assert ("✗ purser" in play.text) is (mode == "shannon"), "a guess is a guess"
        assert "steward" not in play.text
        await clock.go_on(play, 11)
        assert play.race.locked == {}
        await clock.go_on(play, 0.5)
        await play.until(lambda: (0, 0) in play.race.locked, "the end of the time")
        assert play.race.locked[0, 0].by_clock
        await play.until_revealed()
        await play.press("enter")
        await until_turn(play)
        assert play.part("#clock").startswith("0:20 "), "the next turn has all of its own"
        assert play.race.known == {0}


@pytest.mark.parametrize("mode", ["choice", "shannon"])
async def test_three_players_one_of_whom_was_interrupted(
    game: Game, begin: Opening, paths: Paths, clock: Time, mode: Any
) -> None:
    """Each has their own time, knows the text or does not, and passes by themselves."""
    passes = ["enter"] if mode == "choice" else ["enter", "enter"]
    async with game(begin(mode, ("ann", "bo", "cy"))) as play:
        await until_turn(play, "ann")
        await clock.go_on(play, 3)
        await play.press(*passes)
        await until_turn(play, "bo")
        assert play.part("#clock").startswith("0:20 ")
        await half_a_turn(play)
        await play.press("ctrl+t")
        assert play.race.known == {1}
        await clock.go_on(play, 15)
        await pause(play)
        assert "I know this text" not in play.text, "bo has said so"
        await play.press("l")
        await play.until_on("HomeScreen")
    assert on_disk(paths) == [(0, 1, 15.0)]
    async with game(open_again(open_store(paths), Settings()), size=(120, 60)) as play:
        await play.until_on("Curtain")
        await clock.go_on(play, 1000)
        await until_turn(play, "bo")
        assert play.part("#clock").startswith("0:05 ")
        await clock.go_on(play, 1)
        await play.press(*passes)
        await until_turn(play, "cy")
        assert play.part("#clock").startswith("0:20 ")
        if mode == "shannon":
            await play.press("enter")
            assert "Stop guessing?" in play.text, "each is asked"
            await play.press("escape")
            await play.until_on("PauseScreen")
            await play.press("ctrl+t")
            await until_turn(play)
            assert play.race.known == {1, 2}
            assert "Stop guessing?" in play.text, "all is as it was"
            await play.press("enter")
        else:
            await play.press("enter")
        await play.until_revealed()
        await play.press("ctrl+t")
        assert "in their own turn" in play.told, "nobody writes"
        race = play.race
        assert all(not locked.by_clock for locked in race.locked.values())
        if mode == "choice":
            stakes = [[bet.percent for bet in race.slip(0, n).bets] for n in range(3)]
            assert stakes == [[17, 17, 17, 17, 16, 16]] * 3
        else:
            assert race.guesses == {(0, 1): ("purser",)}
            assert [race.rank(0, player) for player in range(3)] == [MISSED] * 3
        await play.press("enter")
        for name in ("bo", "cy", "ann"):
            await until_turn(play, name)
            await play.press(*passes)
        await play.until_revealed()
        await play.press("enter")
        await play.until_on("ResultScreen")
        assert play.race.known == ({1} if mode == "choice" else {1, 2})
        for name, knew in (("ann", False), ("bo", True), ("cy", mode == "shannon")):
            assert (f"{name} knew the text: off the boards." in play.words) is knew


class SlowDraw(ScriptedPredictor):
    """Draws no six words until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self._drawing: list[tuple[Comparison, Future[Any]]] = []

    def first_tokens(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        future: Future[dict[int, tuple[float, ...]]] = Future()
        self._drawing.append((comparison, future))
        return future

    def release(self) -> None:
        for comparison, future in self._drawing:
            future.set_result(super().first_tokens(comparison).result())


@pytest.mark.parametrize("players", [("ann",), ("ann", "bo")])
async def test_six_words_that_come_during_a_pause_begin_no_turn(
    game: Game, begin: Opening, clock: Time, players: tuple[str, ...]
) -> None:
    minds = SlowDraw()
    async with game(begin("choice", players), minds) as play:
        await play.until_seen("Six words are being drawn")
        await play.settle()
        await play.press("escape")
        await play.until_on("PauseScreen")
        minds.release()
        await play.until(lambda: play.race.phase == "writing", "six words")
        await clock.go_on(play, 1000)
        await play.settle()
        assert play.on == "PauseScreen"
        assert play.race.locked == {}
        await play.press("escape")
        await until_turn(play, "" if len(players) == 1 else "ann")
        assert play.part("#clock").startswith("0:20 ")
        await clock.go_on(play, 4)
        assert play.part("#clock").startswith("0:16 ")
