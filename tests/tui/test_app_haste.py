"""Keys that come faster than the screen follows: bouncing, held down, typed ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.bets import Bet, Slip
from tui.opening import Opened
from tui.paths import Paths
from tui.play import open_store


def n_races(paths: Paths) -> int:
    store = open_store(paths)
    try:
        return store.count_races()
    finally:
        store.close()


async def test_enter_bounces_at_home(game: Callable[..., Any], paths: Paths) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("enter", "enter")
        await play.until_writing()
        assert n_races(paths) == 1
        assert play.race.locked == {}


async def test_enter_bounces_at_a_slip(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened()) as play:
        await play.until_writing()
        await play.type("cook 60")
        await play.press("enter", "enter")
        await play.settle()
        assert play.race.locked.keys() == {(0, 0)}
        assert play.race.slip(0, 0) == Slip((Bet("cook", 60),))


async def test_enter_bounces_before_the_curtain(
    game: Callable[..., Any], opened: Callable[..., Opened], held: Callable[[], Any]
) -> None:
    """What one player locks in is never locked in for the next."""
    async with game(opened(players=("ann", "bo")), held()) as play:
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        await play.type("cook 60")
        await play.press("enter", "enter")
        await play.settle()
        assert play.race.locked.keys() == {(0, 0)}
        if play.on == "Curtain":
            await play.press("enter")
        await play.until_writing()
        assert play.slip == ""
        assert play.lanes["bo"] == "writing"


async def test_enter_is_held_at_the_curtain(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened(players=("ann", "bo"))) as play:
        await play.until_on("Curtain")
        await play.press("enter", "enter")
        await play.until_writing()
        await play.settle()
        assert play.race.locked == {}


@pytest.mark.parametrize("key", ["enter", "space"])
async def test_the_key_bounces_at_the_last_reveal(
    game: Callable[..., Any], opened: Callable[..., Opened], key: str
) -> None:
    async with game(opened("A text that leads to just one [[word]].")) as play:
        await play.until_writing()
        await play.reveal("word 60")
        await play.press(*[key] * 4)
        await play.until_on("ResultScreen")
        await play.settle()
        assert play.on == "ResultScreen"
        assert len(play.app.screen_stack) == 2


async def test_escape_bounces(game: Callable[..., Any], opened: Callable[..., Opened]) -> None:
    async with game(opened()) as play:
        await play.until_writing()
        await play.press("escape", "escape", "escape")
        await play.until_on("PauseScreen")
        await play.press("l", "l", "l")
        await play.until_on("HomeScreen")
        await play.settle()
        assert len(play.app.screen_stack) == 1


@pytest.mark.parametrize("key", ["r", "n"])
async def test_a_new_race_is_begun_once(
    game: Callable[..., Any], paths: Paths, key: str
) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.finish()
        assert n_races(paths) == 1
        await play.press(key, key, key)
        await play.until_writing()
        assert n_races(paths) == 2
        assert len(play.app.screen_stack) == 2


async def test_a_notice_is_left_once(game: Callable[..., Any], paths: Paths) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_on("OpenText")
        await play.type("nothing")
        await play.press("enter")
        await play.until_on("Notice")
        await play.press("escape", "escape", "escape")
        await play.until_on("HomeScreen")
        assert play.app.is_running


async def test_help_is_opened_once(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("f1", "f1", "f1")
        await play.settle()
        await play.press("escape")
        await play.until_on("HomeScreen")
        assert len(play.app.screen_stack) == 1


async def test_a_whole_slip_typed_ahead_of_the_reveal(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    """Nothing but Enter and Space goes on, and what was typed before is not the next slip."""
    async with game(opened()) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        await play.type("soup")
        assert play.shows("#reveal")
        await play.press("enter")
        await play.until_writing()
        assert play.slip == ""
        assert play.race.target == 1
