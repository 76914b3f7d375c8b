"""Home: what a player sees first, and the way from there into a race and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError
from engine.predictor import Loading
from engine.scripted import ScriptedPredictor
from tui.opening import Opened
from tui.paths import Paths
from tui.settings import Settings
from tui.store import Store


async def test_the_first_start_offers_to_begin(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        assert "New here?" in play.text
        assert "Open a text" in play.text
        assert "Quit" in play.text
        assert "Go on with your race" not in play.text
        assert "scripted" in play.lines[-1], "what the engine is stands at the foot"


async def test_the_first_reveal_is_three_enters_away(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert "The milk money" in play.lines[0]
        assert "target 1 of 5" in play.lines[0]
        assert len(play.words.partition("▁")[0].split()) < 35, "the text is short"
        await play.until_writing()
        await play.type("teapot")
        await play.press("enter")
        await play.until_revealed()
        assert "teapot▁" in play.text
        await play.press("enter")
        await play.until_writing()
        assert "target 2 of 5" in play.lines[0]


async def test_enter_begins_even_before_home_knows_what_it_offers(
    game: Callable[..., Any],
) -> None:
    async with game() as play:
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert "The milk money" in play.lines[0]


async def test_a_race_left_open_comes_first(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.until_writing()
        await play.reveal("teapot 60")
        await play.press("enter")
        await play.until_writing()
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until_seen("Go on with your race")
        assert "The milk money, target 2 of 5" in play.text
        assert "Paused" in play.told
        await play.press("enter")
        await play.until_writing()
        assert "target 2 of 5" in play.lines[0]
        assert "teapot▁" in play.text


async def test_what_has_been_raced_on_is_not_offered_next(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.finish()
        await play.press("escape")
        await play.until_on("HomeScreen")
        await play.until_seen("Play the next warm-up")
        assert "How it broke, 8 words to predict" in play.text
        assert "Go on with your race" not in play.text
        assert "New here?" not in play.text


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_home_offers_all_ways_to_play(
    game: Callable[..., Any], size: tuple[int, int]
) -> None:
    async with game(size=size) as play:
        await play.until_seen("Begin here")
        first = ("Begin here", "Today's race", "Packs", "Open a text", "Options", "Quit")
        assert all(one in play.text for one in first)
        await play.press("enter")
        await play.finish()
        await play.press("escape")
        await play.until_seen("Play the next warm-up")
        later = (
            "Today's race",
            "Practise",
            "Packs",
            "Open a text",
            "Tutorial",
            "Options",
            "Quit",
        )
        assert all(one in play.text for one in later)


async def test_today_is_raced_once(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("5 words")
        await play.press("t")
        await play.until_on("RaceScreen")
        assert "Days · " in play.lines[0]
        assert "target 1 of 5" in play.lines[0]
        await play.finish()
        assert "Day 1 of a streak. The next one comes tomorrow." in play.words
        await play.press("n")
        await play.until_on("Notice")
        assert "The next one comes tomorrow." in play.words
        await play.press("enter", "escape")
        await play.until_seen("the next one comes tomorrow")


@pytest.mark.parametrize("keys", [["q"], ["end", "enter"], ["ctrl+q"]])
async def test_quitting(game: Callable[..., Any], keys: list[str]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press(*keys)
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 0
        assert play.app.sentence == ""


async def test_a_text_is_opened_by_its_path(
    game: Callable[..., Any], tmp_path: Path, marked: str
) -> None:
    text = tmp_path / "a [b]story[red].txt"
    text.write_text(marked, encoding="utf-8")
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_on("OpenText")
        await play.type(str(text))
        await play.press("enter")
        await play.until_on("StartScreen")
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert "a [b]story[red].txt" in play.lines[0]
        assert play.race.setup.origin == str(text)
        assert play.race.setup.draw.how == "returning"


async def test_a_text_is_picked_from_the_tree(
    game: Callable[..., Any],
    tmp_path: Path,
    marked: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("story.txt", ".hidden.txt", "picture.png"):
        (folder / name).write_text(marked, encoding="utf-8")
    monkeypatch.chdir(folder)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_on("OpenText")
        await play.until_seen("story.txt")
        assert "hidden" not in play.text
        assert "picture" not in play.text
        await play.press("tab", "down", "enter")
        await play.until_on("StartScreen")
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert "story.txt" in play.lines[0]


async def test_opening_can_be_left(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_on("OpenText")
        await play.press("enter")
        assert play.on == "OpenText", "nothing was typed"
        await play.press("escape")
        await play.until_on("HomeScreen")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("no-such-file.txt", "no file and no pack 'no-such-file.txt'"),
        (".", "is a folder"),
        ("warm-up/nothing", "no passage 'nothing'"),
        ("~nobody-of-that-name/a.txt", "no file"),
        ("x" * 300, "no file"),
    ],
)
async def test_what_cannot_be_opened_is_told_and_home_stays(
    game: Callable[..., Any],
    paths: Paths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_on("OpenText")
        await play.paste(typed)
        await play.press("enter")
        await play.until_on("Notice")
        assert told in play.words
        await play.press("enter")
        await play.until_on("HomeScreen")
        assert "Begin here" in play.text
    assert Store.open(paths.store_file).count_races() == 0


async def test_a_folder_named_like_the_first_pack_is_not_in_the_way(
    game: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "warm-up").mkdir()
    monkeypatch.chdir(tmp_path)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert "The milk money" in play.lines[0]


async def test_a_home_that_cannot_be_written_is_told(
    game: Callable[..., Any], tmp_path: Path, paths: Paths
) -> None:
    file = tmp_path / "home of bitrace"
    file.write_text("in the way", encoding="utf-8")
    async with game() as play:
        await play.until_on("Notice")
        assert "a file is in the way" in play.words
        await play.press("enter")
        await play.settle()
        assert play.on == "HomeScreen", "it is told once, and home can be used"
        await play.press("enter")
        await play.until_on("Notice")
        assert "a file is in the way" in play.words
        await play.press("enter")
        await play.settle()
        await play.press("q")
        await play.until(lambda: not play.app.is_running, "the end")


async def test_a_name_in_the_settings_that_cannot_be_used_is_told(
    game: Callable[..., Any], unsafe: Callable[[str], set[str]]
) -> None:
    async with game(settings=Settings(player="\x1b[2J[/]")) as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.until_on("Notice")
        assert "A player's name is" in play.words
        assert "[/]" in play.words
        assert not unsafe(play.text)


async def test_an_engine_that_cannot_be_started_does_not_keep_home_from_opening(
    game: Callable[..., Any],
) -> None:
    class NoEngine(ScriptedPredictor):
        def load(self, loading: Loading, on_progress: Any = None) -> Any:
            raise EngineError("The engine cannot be started: no memory.")

    async with game(predictor=NoEngine()) as play:
        await play.until_seen("Begin here")
        await play.settle()
        assert play.app.is_running
        assert "Begin here" in play.text


async def test_help_tells_the_keys_of_the_screen(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("f1")
        await play.until_on("HelpScreen")
        assert "Race through a text of yours" in play.words
        assert "Lock the slip in" not in play.words
        await play.press("escape")
        await play.until_on("HomeScreen")


async def test_help_tells_the_keys_a_player_has_chosen(game: Callable[..., Any]) -> None:
    settings = Settings(player="ann", keys={"home.open": "f5"})
    async with game(settings=settings) as play:
        await play.until_seen("Begin here")
        await play.press("f1")
        await play.until_on("HelpScreen")
        (line,) = [line for line in play.lines if "Race through a text of yours" in line]
        assert "f5" in line.lower()
        await play.press("escape", "f5")
        await play.until_on("OpenText")


async def test_a_race_begun_elsewhere_is_shown_at_once(
    game: Callable[..., Any], opened: Callable[..., Opened], paths: Paths
) -> None:
    async with game(opened()) as play:
        await play.until_writing()
        assert "Harbour · The ledger" in play.lines[0]
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until_seen("Harbour · The ledger, target 1 of 4")


async def test_the_mouse_begins_and_opens(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        choices = play.region("#choices")
        (row,) = [row for row, line in enumerate(play.lines) if "Open a text" in line]
        await play.pilot.click(offset=(choices.x + 4, row))
        await play.until_on("OpenText")
        await play.press("escape")
        await play.until_on("HomeScreen")
        await play.pilot.click(offset=(choices.x + 4, choices.y))
        await play.until_writing()


@pytest.mark.parametrize("theme", ["textual-light", "textual-ansi", "nord", "no such theme"])
async def test_other_colours(
    game: Callable[..., Any], opened: Callable[..., Opened], theme: str
) -> None:
    settings = Settings(player="ann", theme=theme)
    async with game(opened(), settings=settings) as play:
        await play.until_writing()
        assert "The missing one was the ▁▁▁▁▁▁▁▁▁" in play.words
        for name in ("bitrace", "textual-light"):
            play.app.theme = name
            await play.pilot.pause()
            assert "The missing one was the ▁▁▁▁▁▁▁▁▁" in play.words
        await play.reveal("cook 60")
        assert "cook▁" in play.text


async def test_without_colours_nothing_is_lost(
    game: Callable[..., Any], opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with game(opened()) as play:
        await play.until_writing()
        await play.type("cook 60 thief 20")
        bar = next(line for line in play.lines if "Instinct keeps" in line)
        assert (bar.count("█"), bar.count("▓"), bar.count("░")) == (30, 10, 10)
        await play.press("enter")
        await play.until_revealed()
        assert "cook▁" in play.text


async def test_other_keys(game: Callable[..., Any], opened: Callable[..., Opened]) -> None:
    keys = {"slip.lock": "f2", "reveal.next": "f3", "race.pause": "f4", "slip.up": "f6"}
    async with game(opened(), settings=Settings(player="ann", keys=keys)) as play:
        await play.until_writing()
        await play.type("cook 60")
        await play.press("f6")
        assert play.slip == "cook 65"
        await play.press("f2")
        await play.until_revealed()
        await play.press("f3")
        await play.until_writing()
        assert "target 2 of 4" in play.lines[0]
        assert "f2 lock in" in play.lines[-2].lower()
        await play.press("f4")
        await play.until_on("PauseScreen")
