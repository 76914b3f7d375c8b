"""The result: who won and by what, the coloured text, and where one goes from there."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import TabbedContent

from engine.bets import parse
from engine.card import card_hash
from tui.opening import Opened
from tui.screens.result import TextTab
from tui.session import Listeners, Session

BITS = {"instinct": 7.0, "goldfish": 6.0, "reader": 2.0}


@pytest.fixture
def minds(prompt: Callable[..., Any], script: Callable[..., Any]) -> Callable[[], Any]:
    """Makes minds whose bits are the same for all words."""
    return lambda: prompt(script(BITS))


@pytest.fixture
def result(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Callable[[], Any]
) -> Callable[..., Any]:
    """Shows the result of a race that was played with the given slips, then passes."""

    @asynccontextmanager
    async def show(*slips: str, **more: Any) -> AsyncGenerator[Any]:
        predictor = more.pop("minds", None) or minds()
        one = opened(**more)
        session = Session(one.store, one.race, one.text)
        session.start(predictor, Listeners())
        left = iter(slips)
        while session.race.phase != "finished":
            session.lock(session.race.to_write[0], parse(next(left, "")))
        one.store.close()
        async with game(predictor=predictor) as play:
            await play.until_seen("warm-up")
            play.app.races.show_result(session)
            await play.until_on("ResultScreen")
            yield play

    return show


async def test_the_race_tab(result: Callable[..., Any]) -> None:
    slips = ("cook 50", "soup 50", "ledger 50", "there 25")
    async with result(*slips, source="Kept by Ann [/].") as play:
        assert "Harbour · The ledger" in play.lines[0]
        assert "4 words" in play.lines[0]
        assert "You win, by 3.1 bits before Reader." in play.words
        lanes = {line.split()[0]: line.split()[-1] for line in play.lines if "━" in line}
        assert lanes["ann"] == "+23.1"
        assert lanes["Goldfish"] == "+4.0"
        assert lanes["Reader"] == "+20.0"
        assert "1.2 bits a word, where Instinct pays 7.0" in play.words
        assert "“cook”: 6.0 bits" in play.words
        assert "these words take 19 bytes; at your bits 1, at Reader's 1" in play.words
        assert "All minds are beaten" in play.words
        assert "Source: Kept by Ann [/]." in play.text
        assert "bitrace ledger ▁▁▁▂ +23.1 bits · Reader +20.0" in play.text


async def test_who_is_to_be_beaten_next(result: Callable[..., Any]) -> None:
    async with result("cook 50") as play:
        assert "Reader wins, by 14.0 bits before you." in play.words
        assert "Next to beat: Reader, 14.0 bits ahead." in play.words


async def test_nobody_saved_a_bit(
    result: Callable[..., Any], prompt: Callable[..., Any], script: Callable[..., Any]
) -> None:
    minds = prompt(script({"instinct": 3.0, "goldfish": 4.0, "reader": 5.0}))
    async with result("thief 90", "cook 90", minds=minds) as play:
        assert "Instinct beats everybody" in play.words
        assert "-0.0" not in play.text


async def test_the_text_tab_shows_the_bets_of_a_chosen_target(
    result: Callable[..., Any],
) -> None:
    async with result("cook 50", "thief 20 stew 30", "", "there 99") as play:
        await play.press("tab")
        await play.until(lambda: isinstance(play.screen.focused, TextTab), "the text")
        assert "Your bits and Reader's: ▁ under 1 … ▇ 10 or more" in play.text
        assert "cook▁▂" in play.text, "two glyphs: yours and Reader's"
        assert "stirred the soup▅▂" in play.words
        assert "“cook”, target 1 of 4" in play.text
        assert "cook 50" in play.text
        await play.press("right")
        assert "“soup”, target 2 of 4" in play.text
        assert "thief 20 stew 30" in play.text
        await play.press("right")
        assert "“ledger”, target 3 of 4" in play.text
        assert "passed" in play.text
        await play.press("right", "right")
        await play.until_seen("target 1 of 4")  # behind the last comes the first
        await play.press("left")
        assert "“there”, target 4 of 4" in play.text
        await play.until_seen("there▁▂")
        await play.press("tab", "tab")
        await play.until(
            lambda: play.screen.query_one(TabbedContent).active == "race-tab", "the first tab"
        )
        assert "You" in play.text


async def test_the_cursor_keeps_its_target_in_sight(result: Callable[..., Any]) -> None:
    gap = "A sentence of some length goes here for nothing. " * 30
    text = f"Opening. {gap}Now [[alpha]]. {gap}\n\nThen [[omega]]. {gap}"
    async with result(text=text) as play:
        await play.press("tab")
        await play.until_seen("alpha▅▂")
        assert "omega▅▂" not in play.text
        await play.press("right")
        await play.until_seen("omega▅▂")
        assert "alpha▅▂" not in play.text


async def test_again_is_practice(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Callable[[], Any]
) -> None:
    async with game(opened(), minds()) as play:
        await play.finish("cook 50")
        first = play.race
        assert "has raced this text before" not in play.words
        await play.press("r")
        await play.until_writing()
        assert play.race.setup.attempts == (2,)
        assert play.race.setup.targets == first.setup.targets
        assert play.race.setup.race_id != first.setup.race_id
        assert "target 1 of 4" in play.lines[0]
        await play.finish("cook 50")
        assert "You have raced this text before (race 2): practice." in play.words


async def test_a_race_that_was_only_begun_does_not_count(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Callable[[], Any]
) -> None:
    opened()
    async with game(opened(), minds()) as play:
        await play.finish()
        assert play.race.setup.attempts == (1,)


async def test_next_is_the_next_passage_of_the_pack(
    game: Callable[..., Any], minds: Callable[[], Any]
) -> None:
    async with game(predictor=minds()) as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.finish()
        assert "The milk money" in play.lines[0]
        await play.press("n")
        await play.until_writing()
        assert "How it broke" in play.lines[0]
        assert "target 1 of 8" in play.lines[0]


async def test_next_keeps_the_players(result: Callable[..., Any]) -> None:
    async with result(players=("ann", "bo")) as play:
        assert "ann" in play.text
        assert "bo" in play.text
        await play.press("n")
        await play.until_on("Curtain")
        assert [player.name for player in play.race.setup.players] == ["ann", "bo"]


async def test_one_player_is_you_and_several_are_named(result: Callable[..., Any]) -> None:
    async with result("cook 50") as play:
        told = play.part("#winner") + play.part("#sentences")
        assert "before you" in told
        assert "You: " in told
        assert "saved you most" in told
        assert "at your bits" in told
        assert "ann" not in told
    async with result("cook 50", players=("ann", "bo")) as play:
        told = play.part("#winner") + play.part("#sentences")
        assert "before ann" in told
        assert "ann: " in told
        assert "saved ann most" in told
        assert "at ann's bits" in told
        assert not {word.strip(":,.") for word in told.split()} & {"You", "you", "your"}
        await play.press("tab")
        await play.until_seen("ann's bits and Reader's")


async def test_next_of_a_text_that_is_gone_is_told(result: Callable[..., Any]) -> None:
    async with result(origin="/nowhere/[red]story.txt") as play:
        await play.press("n")
        await play.until_on("Notice")
        assert "/nowhere/[red]story.txt" in play.words
        await play.press("enter")
        await play.until_on("ResultScreen")


async def test_the_card_is_written_where_bitrace_was_started(
    result: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here [b]"
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with result("cook 50") as play:
        await play.press("e")
        (file,) = folder.iterdir()
        assert file.name in play.told
        assert "here [b]" in play.told
        (line,) = file.read_text(encoding="utf-8").splitlines()
        card = json.loads(line)
        assert card["hash"] == card_hash(card)
        assert card["totals"]["insight_bits"] == 6.011227
        await play.press("e")
        assert [path.name for path in folder.iterdir()] == [file.name]


async def test_a_card_that_cannot_be_written_is_told(
    result: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with result() as play:
        name = f"bitrace-{play.race.setup.race_id[:8]}.jsonl"
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).mkdir()
        await play.press("e")
        await play.until_on("Notice")
        assert "The card cannot be written" in play.words
        assert not [path for path in tmp_path.iterdir() if path.name.startswith(".bitrace")]
        await play.press("enter")
        await play.until_on("ResultScreen")


async def test_a_card_in_a_folder_that_is_gone_is_told(
    result: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    async with result() as play:
        monkeypatch.chdir(gone)
        gone.rmdir()
        await play.press("e")
        await play.until_on("Notice")
        await play.press("enter")
        await play.until_on("ResultScreen")
        monkeypatch.chdir(tmp_path)


async def test_home_from_the_result(result: Callable[..., Any]) -> None:
    async with result() as play:
        await play.press("escape")
        await play.until_on("HomeScreen")
        await play.until_seen("The milk money")
        assert "Go on with your race" not in play.text


async def test_help_tells_of_the_result(result: Callable[..., Any]) -> None:
    async with result() as play:
        await play.press("f1")
        await play.until_on("HelpScreen")
        assert "Write the card of this race" in play.words
        await play.press("escape")
        await play.until_on("ResultScreen")


async def test_a_race_of_one_target(result: Callable[..., Any]) -> None:
    text = "One sentence leads up to a single [[word]]."
    async with result("word 99", text=text) as play:
        await play.press("tab")
        await play.until_seen("“word”, target 1 of 1")
        await play.press("left", "right", "right")
        assert "target 1 of 1" in play.text
