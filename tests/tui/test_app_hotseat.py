"""Several players at one terminal: each writes behind a curtain."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import EngineError
from tui.opening import Opened


@pytest.fixture
def two(opened: Callable[..., Opened]) -> Opened:
    """A race of two players."""
    return opened(players=("ann", "bo"))


async def write(play: Any, slip: str) -> None:
    """Open the curtain and lock a slip in."""
    await play.until_on("Curtain")
    await play.press("enter")
    await play.until_writing()
    await play.lock(slip)


def everything(play: Any) -> str:
    """The frame, and the picture of it that the app itself can export."""
    picture = play.app.export_screenshot()
    return play.text + "\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", picture))


async def test_a_curtain_before_each_turn(game: Callable[..., Any], two: Opened) -> None:
    async with game(two) as play:
        await play.until_on("Curtain")
        assert "ann's turn" in play.text
        assert "harbour" not in play.text, "the curtain hides the passage"
        await play.type("cook 60")
        await play.press("space", "escape", "tab")
        assert play.on == "Curtain", "only Enter opens it"
        await play.press("enter")
        await play.until_writing()
        assert play.slip == "", "nothing typed at the curtain gets through"
        assert play.lanes == {
            "ann": "writing",
            "bo": "",
            "Goldfish": "locked in",
            "Reader": "locked in",
        }
        await play.lock("cook 60")
        await play.until_on("Curtain")
        assert "bo's turn" in play.text
        assert "ann's" not in play.text
        await play.press("enter")
        await play.until_writing()
        assert play.lanes["ann"] == "locked in"
        assert play.lanes["bo"] == "writing"


async def test_nobody_sees_the_slip_of_another(game: Callable[..., Any], two: Opened) -> None:
    async with game(two) as play:
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        await play.type("steward 61 purser 17")
        assert "steward" in everything(play), "one's own slip is seen"
        await play.press("enter")
        await play.until_on("Curtain")
        hidden = ("steward", "purser", "61", "Instinct keeps 22")
        assert not [word for word in hidden if word in everything(play)]
        await play.press("enter")
        await play.until_writing()
        assert not [word for word in hidden if word in everything(play)]
        assert "Instinct keeps 100 %" in play.text
        assert play.slip == ""
        await play.press("ctrl+z", "up", "ctrl+y")
        assert not [word for word in hidden if word in everything(play)]
        await play.type("st")
        await play.press("tab")
        assert not [word for word in hidden if word in everything(play)]


async def test_nobody_sees_the_other_fail(game: Callable[..., Any], two: Opened) -> None:
    async with game(two) as play:
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        await play.type("steward 61 steward 7")
        await play.press("enter")
        assert "not taken" in play.text
        await play.press(*["backspace"] * 10)
        await play.press("enter")
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        assert "not taken" not in play.text
        assert "Pass?" not in play.text
        await play.press("enter")
        assert "Pass?" in play.text, "each is asked before passing"


async def test_the_word_comes_when_both_have_locked_in(
    game: Callable[..., Any], two: Opened, held: Callable[[], Any]
) -> None:
    minds = held()
    async with game(two, minds) as play:
        await write(play, "cook 60")
        await play.until_on("Curtain")
        await play.settle()
        minds.release()
        await play.pilot.pause()
        assert play.on == "Curtain"
        assert play.race.target == 0
        await write(play, "thief 60")
        await play.until_revealed()
        assert "cook▁" in play.text
        rows = [line for line in play.lines if " bits" in line and "%" in line]
        assert [row.split()[0] for row in rows] == [
            "ann",
            "bo",
            "Goldfish",
            "Reader",
            "Instinct",
        ]
        assert "ann" in play.words.rpartition("Instinct")[2], "whose bits the sense tells"


async def test_who_writes_first_rotates(game: Callable[..., Any], two: Opened) -> None:
    async with game(two) as play:
        order: list[str] = []
        for target in range(4):
            for _ in range(2):
                await play.until_on("Curtain")
                order.append("ann" if "ann's turn" in play.text else "bo")
                await write(play, f"cook {20 + target}")
            await play.until_revealed()
            await play.press("enter")
        assert order == ["ann", "bo", "bo", "ann", "ann", "bo", "bo", "ann"]
        await play.until_on("ResultScreen")


async def test_each_has_a_default_stake_of_their_own(
    game: Callable[..., Any], two: Opened
) -> None:
    async with game(two) as play:
        await write(play, "cook 80")
        await write(play, "cook 20")
        await play.until_revealed()
        await play.press("enter")
        await play.until_on("Curtain")
        assert "bo's turn" in play.text
        await play.press("enter")
        await play.until_writing()
        await play.type("soup")
        assert "Instinct keeps 80 %" in play.text
        await play.press("enter")
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        await play.type("soup")
        assert "Instinct keeps 20 %" in play.text


async def test_leaving_between_two_turns_keeps_the_first(
    game: Callable[..., Any], two: Opened
) -> None:
    async with game(two) as play:
        await write(play, "cook 60")
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until_seen("Go on with your race")
        await play.press("enter")
        await play.until_on("Curtain")
        assert "bo's turn" in play.text
        await write(play, "cook 50")
        await play.until_revealed()


async def test_only_who_writes_says_that_they_know_the_text(
    game: Callable[..., Any], two: Opened
) -> None:
    async with game(two) as play:
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        await play.press("ctrl+t")
        assert play.race.known == {0}


async def test_between_two_turns_nobody_is_taken_to_know_the_text(
    game: Callable[..., Any], two: Opened
) -> None:
    async with game(two) as play:
        await write(play, "cook 60")
        await write(play, "thief 60")
        await play.until_revealed()
        await play.press("ctrl+t")
        assert play.race.known == frozenset()
        assert "in their own turn" in play.told
        await play.press("enter")
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        await play.press("ctrl+t")
        assert play.race.known == {1}


async def test_a_reading_that_fails_behind_the_curtain_is_told(
    game: Callable[..., Any], two: Opened, held: Callable[[], Any]
) -> None:
    minds = held()
    async with game(two, minds) as play:
        await play.until_on("Curtain")
        await play.settle()
        minds.fail("instinct", EngineError("The engine died."))
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 3
        assert "The engine died." in play.app.sentence


async def test_a_player_named_like_a_mind(
    game: Callable[..., Any], opened: Callable[..., Opened], held: Callable[[], Any]
) -> None:
    async with game(opened(players=("Reader", "bo")), held()) as play:
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        states = [line for line in play.lines if line.startswith(" Reader ")]
        assert [state.split()[-1] for state in states] == ["writing", "reading"]


async def test_eight_players_have_room(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    names = [f"player {number}" for number in range(8)]
    async with game(opened(players=names)) as play:
        await play.until_on("Curtain")
        await play.press("enter")
        await play.until_writing()
        assert play.shows("#risk")
        assert "▁▁▁▁▁▁▁▁▁" in play.text
        await play.lock("cook 60")
        for _ in range(7):
            await write(play, "cook 60")
        await play.until_revealed()
        assert "cook▁" in play.text, "the word is in sight"
        shown = play.text
        # The lanes give way: a row each says what changed, and the word stays in sight.
        assert not [name for name in names if name not in shown], "a row each"
        assert "knew:" in shown
        assert "go on" in play.lines[-2]
