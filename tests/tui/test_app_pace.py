"""A text that appears at a reading pace, on the screen of a race, in every mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from engine.words import words
from tui.beginning import Terms
from tui.opening import Opened, open_again
from tui.paths import Paths
from tui.play import open_store
from tui.screens.turn_panel import PANEL_IDS
from tui.settings import Settings
from tui.widgets.clock import ClockView

WORDS_A_SECOND = 4
PACED = Settings(player="ann", pace_wpm=60 * WORDS_A_SECOND)
WIDE = (120, 40)
CLOCK_S = 20
ELSEWHERE = {
    word: word for word in ("anchor", "barrel", "candle", "dagger", "engine", "feather")
}
FAR_S = 3600.0

Opening = Callable[..., Opened]
Game = Callable[..., Any]


@dataclass
class Time:
    """Time that goes on when it is told to, for clocks and for the text that appears."""

    monkeypatch: pytest.MonkeyPatch
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s

    def go_on(self, play: Any, seconds: float) -> None:
        """Let so much time pass, and have those who wait for it know."""
        self.now_s += seconds
        (race,) = (one for one in play.app.screen_stack if hasattr(one, "_appearing"))
        with self.monkeypatch.context() as tick:
            tick.setattr("tui.screens.appearing._TICK_S", seconds)
            race._appearing._tick()
        race.query_one(ClockView)._tick()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that all go by; by itself nothing ticks."""
    time = Time(monkeypatch)
    monkeypatch.setattr(ClockView.__init__, "__defaults__", (time, None))
    monkeypatch.setattr("tui.widgets.clock._TICK_S", FAR_S)
    monkeypatch.setattr("tui.screens.appearing._TICK_S", FAR_S)
    return time


def read(play: Any) -> str:
    """What of the passage is there, as running text."""
    framed = play.part("#passage").translate(dict.fromkeys(map(ord, "│╭╮╰╯─"), " "))
    return " ".join(framed.split())


def stretches(one: Opened, number: int) -> list[str]:
    """What of the text before a target is there after each word, and at last all of it."""
    text, targets = one.text.normalized, one.race.setup.targets
    begun = targets[number - 1].end if number else 0
    found = [
        text[begun : begun + word.end] for word in words(text[begun : targets[number].start])
    ]
    return [" ".join(part.split()) for part in (*found, text[begun : targets[number].start])]


def is_appearing(play: Any) -> bool:
    """Whether there is more to come and nobody can write; a target is not even a blank."""
    assert not play.shows(f"#{PANEL_IDS[play.race.setup.mode]}")
    assert not play.shows("#clock")
    assert "▁▁▁▁" not in play.text
    return "Enter shows all of it." in play.text


async def begun(play: Any) -> None:
    """Wait for the race, all minds having read."""
    await play.until_on("RaceScreen")
    await play.settle()


async def test_words_appear_at_the_pace(game: Game, opened: Opening, clock: Time) -> None:
    one = opened(terms=Terms(clock_s=CLOCK_S))
    async with game(one, size=WIDE, settings=PACED) as play:
        await begun(play)
        *parts, whole = stretches(one, 0)
        assert len(parts) > 30
        for part in parts:
            assert is_appearing(play)
            assert read(play) == part
            if part in parts[:2]:
                await play.press("x", "tab", "5", "up")
                assert read(play) == part, "only Enter and Space show more"
            clock.go_on(play, 1 / WORDS_A_SECOND)
            await play.pilot.pause()
        await play.until_writing()
        assert read(play) == f"{whole} {'▁' * 9}"
        assert play.slip == "", "nothing typed meanwhile is in it"
        # The clock has not run before; now it does.
        assert clock.now_s > 5
        assert play.part("#clock").startswith("0:20 ")
        clock.go_on(play, 3)
        await play.pilot.pause()
        assert play.part("#clock").startswith("0:17 ")
        # The second stretch appears by itself, behind all that was there.
        await play.reveal("cook 60")
        await play.press("enter")
        before = f"{whole} cook▁"
        parts = stretches(one, 1)
        for part in parts[:3]:
            assert is_appearing(play)
            assert read(play) == before + part
            clock.go_on(play, 1 / WORDS_A_SECOND)
            await play.pilot.pause()
        await play.press("space")
        await play.until_writing()
        assert read(play) == f"{before}{parts[-1]} {'▁' * 9}", "Space shows all, too"
        assert play.part("#clock").startswith("0:20 ")
        assert play.race.used_s == {}


@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_a_key_shows_all_of_it_and_does_no_more(
    game: Game, opened: Opening, clock: Time, paths: Paths, mode: Any
) -> None:
    """A pause stops it where it is; a race that is left begins the stretch anew."""
    one = opened(terms=Terms(mode=mode, clock_s=CLOCK_S), elsewhere=ELSEWHERE)
    panel = f"#{PANEL_IDS[mode]}"
    async with game(one, size=WIDE, settings=PACED) as play:
        await begun(play)
        parts = stretches(one, 0)
        clock.go_on(play, 5 / WORDS_A_SECOND)
        await play.pilot.pause()
        assert is_appearing(play)
        assert read(play) == parts[5]
        await play.press("escape")
        await play.until_on("PauseScreen")
        assert parts[1] not in play.words, "what was there is hidden"
        clock.go_on(play, 1000)
        await play.press("escape")
        await play.until_on("RaceScreen")
        assert is_appearing(play)
        assert read(play) == parts[5]
        clock.go_on(play, 1 / WORDS_A_SECOND)
        await play.pilot.pause()
        assert read(play) == parts[6], "it goes on"
        await play.press("enter")
        await play.until(lambda: play.shows(panel), "the turn")
        assert read(play) == f"{parts[-1]} {'▁' * 9}"
        assert play.part("#clock").startswith("0:20 ")
        assert play.race.locked == {}
        for question in ("Pass?", "Stop guessing?"):
            assert question not in play.text, "the key has shown the text, and that is all"
        # Back from a pause, or when something has been read, it does not appear again.
        await play.press("escape")
        await play.until_on("PauseScreen")
        await play.press("escape")
        await play.until(lambda: play.on == "RaceScreen" and play.shows(panel), "the turn")
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until_seen("Go on with your race")
        await play.press("enter")
        await begun(play)
        assert is_appearing(play)
        assert read(play) == parts[0]
    # Those who chose no pace have all of it at once.
    again = open_again(open_store(paths), Settings())
    async with game(again, size=WIDE, settings=Settings(player="ann")) as play:
        await begun(play)
        await play.until(lambda: play.shows(panel), "the turn")
        assert read(play) == f"{parts[-1]} {'▁' * 9}"


async def test_all_see_it_appear_before_the_first_curtain(
    game: Game, opened: Opening, clock: Time
) -> None:
    """The primer comes before; each has the whole of their own time."""
    one = opened(
        players=("ann", "bo"), terms=Terms(clock_s=CLOCK_S), primer="Read the primer of it."
    )
    async with game(one, size=WIDE, settings=PACED) as play:
        await begun(play)
        assert "Read the primer of it." in play.words
        clock.go_on(play, 1000)
        await play.pilot.pause()
        assert "The ferry" not in play.text, "nothing appears before that has been read"
        await play.press("enter")
        assert is_appearing(play)
        parts = stretches(one, 0)
        assert read(play) == parts[0]
        for number, name in enumerate(("ann", "bo")):
            if not number:
                await play.press("enter")
            await play.until_on("Curtain")
            assert f"{name}'s turn" in play.text
            assert parts[2] not in play.words
            clock.go_on(play, 1000)
            await play.press("enter")
            await play.until_writing()
            assert read(play) == f"{parts[-1]} {'▁' * 9}", "the second sees it at once"
            assert play.part("#clock").startswith("0:20 ")
            clock.go_on(play, 4)
            await play.lock("cook 60")
        await play.until_revealed()
        assert all(not locked.by_clock for locked in play.race.locked.values())


async def test_six_words_come_while_the_text_appears(
    game: Game, opened: Opening, clock: Time, held: Callable[[], Any]
) -> None:
    """And where they come later, that is waited for."""
    one = opened(terms=Terms(mode="choice"), elsewhere=ELSEWHERE)
    async with game(one, held(), size=WIDE, settings=PACED) as play:
        await begun(play)
        await play.until(lambda: play.race.phase == "writing", "six words")
        assert is_appearing(play)
        assert not [word for word in play.race.sixes[0] if f"1 {word}" in play.text]
        assert read(play) == stretches(one, 0)[0]
        await play.press("enter")
        await play.until(lambda: play.shows("#choice"), "the turn")
        assert [word for word in play.race.sixes[0] if f"1 {word}" in play.words]


async def test_it_needs_no_key(game: Game, opened: Opening) -> None:
    """Timers and all; a pace that nobody could follow."""
    async with game(opened(), settings=Settings(player="ann", pace_wpm=12_000)) as play:
        await play.until_writing()
        assert play.race.target == 0
        assert play.race.locked == {}
