"""Every screen in the smallest terminal, the usual one and a large one; and below that."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.geometry import Region
from textual.widget import Widget

from tui.opening import Opened

SIZES = ((60, 20), (80, 24), (120, 40))
TOO_SMALL = ((59, 20), (60, 19), (59, 19), (20, 5), (1, 1))


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """A size in which everything has room."""
    return request.param


def outside(play: Any) -> list[str]:
    """Widgets that are not wholly on the screen; what can be scrolled to is."""
    room = Region(0, 0, *play.screen.size)
    found: list[str] = []

    def look(widget: Widget) -> None:
        for child in widget.children:
            if not child.display:
                continue
            if not room.contains_region(child.region):
                found.append(f"{child} at {child.region}")
            if child.max_scroll_y == 0 and child.max_scroll_x == 0:
                look(child)

    look(play.screen)
    return found


def sentence(play: Any) -> str:
    """What the guard says, if nothing else is on the screen."""
    return " ".join(play.text.split())


async def test_home(game: Callable[..., Any], size: tuple[int, int]) -> None:
    async with game(size=size) as play:
        await play.until_seen("Begin here")
        assert not outside(play)
        for text in ("b i t r a c e", "Say what comes next", "five words", "Quit"):
            assert text in play.text
        assert "New here? Press Enter" in play.words
        for key in ("t today", "o open a text", "p packs"):
            assert key in play.text


async def test_writing(
    game: Callable[..., Any], opened: Callable[..., Opened], size: tuple[int, int]
) -> None:
    async with game(opened(), size=size) as play:
        await play.until_writing()
        assert not outside(play)
        assert "Harbour · The ledger" in play.lines[0]
        assert play.lines[0].rstrip().endswith("target 1 of 4")
        for name, state in play.lanes.items():
            (line,) = [line for line in play.lines if line.startswith(f" {name} ")]
            assert line.rstrip().endswith(state)
        for key in ("lock in", "complete", "pause", "I know this text", "F1 help"):
            assert key in play.text


async def test_the_passage_is_the_largest_thing(
    game: Callable[..., Any], opened: Callable[..., Opened], size: tuple[int, int]
) -> None:
    async with game(opened(), size=size) as play:
        await play.until_writing()
        rows = play.region("#passage").height - 2
        assert rows >= 4
        others = ("#head", "#lanes", "#slip", "Foot")
        assert all(rows + 2 > play.region(other).height for other in others)


async def test_what_is_said_about_a_slip_is_not_cut_off(
    game: Callable[..., Any], opened: Callable[..., Opened], size: tuple[int, int]
) -> None:
    async with game(opened(), size=size) as play:
        await play.until_writing()
        assert "Instinct keeps 100 %" in play.words
        assert "the rest stays on Instinct" in play.words
        await play.press("enter")
        assert "Enter passes." in play.words
        await play.type("cook 60 thief 12")
        assert "Instinct keeps 28 %" in play.words
        assert "right 0.7 bits · wrong +1.8 and Instinct's" in play.words
        await play.type(" 3")
        await play.press("enter")
        assert "two stakes after thief: one word, one stake" in play.words


@pytest.mark.parametrize(
    ("slip", "instinct", "sense"),
    [
        ("thief 99", 12.3, "sure of something else: 18.9 bits; with four words of memory"),
        ("cook 99", 12.3, "You knew: 0.0 bits; with four words of memory it was 12.3."),
        ("cook 2", 5.1, "had an idea: 4.4 bits; with four words of memory it was 5.1."),
        ("thief 1", 12.3, "No better than habit: 12.3 bits; with four words of memory"),
        ("", 12.3, "A pass: Instinct's 12.3 bits are yours."),
    ],
)
async def test_the_reveal(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    prompt: Callable[..., Any],
    script: Callable[..., Any],
    size: tuple[int, int],
    slip: str,
    instinct: float,
    sense: str,
) -> None:
    bits = {"instinct": instinct, "goldfish": 24.0, "reader": 1.0}
    async with game(opened(), prompt(script(bits)), size) as play:
        await play.until_writing()
        await play.reveal(slip)
        assert not outside(play)
        await play.until_seen("Reader expected")
        assert not outside(play)
        rows = play.part("#reveal").splitlines()
        told = " ".join(" ".join(rows).split())
        assert sense in told
        assert f"it was {instinct}." in told or "A pass" in sense
        for name, row in zip(("ann", "Goldfish", "Reader", "Instinct"), rows, strict=False):
            assert row.startswith(f"{name} ")
            assert "%" in row
            assert "bits" in row
            assert "insight" in row or name == "Instinct"
        assert rows[1].endswith(f"insight {instinct - 24:+.1f}")
        words = play.part("#top-words").replace("\n", " ")
        assert words.count(" %") == 6
        assert "▸ cook, " in words
        assert "go on" in play.lines[-2]
        assert play.region("#passage").height - 2 >= 3


async def test_the_result(
    game: Callable[..., Any], opened: Callable[..., Opened], size: tuple[int, int]
) -> None:
    one = opened(source="a source", players=["ann"])
    async with game(one, size=size) as play:
        await play.finish("cook 60", "soup 60")
        assert not outside(play)
        assert "wins, by" in play.words or "You win, by" in play.words
        for key in ("again", "next", "e card", "home", "F1 help"):
            assert key in play.words
        await play.press("end")
        await play.until_seen("bitrace ledger")
        await play.press("tab")
        await play.until_seen("target 1 of 4")
        assert not outside(play)
        assert "choose" in play.words
        assert "Instinct" in play.words
        assert "Reader expected" in play.words
        assert play.region("#full-text").height - 2 >= 3
        for key in ("← choose", "⇥ tab", "r again", "n next", "e card", "esc home", "F1 help"):
            assert key in play.lines[-2]


async def test_what_lies_over_a_screen(
    game: Callable[..., Any],
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    async with game(size=size) as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_on("OpenText")
        assert not outside(play)
        assert "Esc back" in play.text
        await play.type("no such text")
        await play.press("enter")
        await play.until_on("Notice")
        assert not outside(play)
        assert "Enter goes back" in play.text
        await play.press("enter", "f1")
        await play.until_on("HelpScreen")
        assert not outside(play)
        assert "How a race goes" in play.text
        await play.press(*["pagedown"] * 6)
        assert "Leave bitrace" in play.text


async def test_the_curtain(
    game: Callable[..., Any], opened: Callable[..., Opened], size: tuple[int, int]
) -> None:
    name = "a name of twenty-four ch"
    async with game(opened(players=(name, "bo")), size=size) as play:
        await play.until_on("Curtain")
        assert not outside(play)
        assert f"{name}'s turn" in play.text
        assert "Enter opens the curtain" in play.text


@pytest.mark.parametrize("small", TOO_SMALL, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_too_small_for_home(game: Callable[..., Any], small: tuple[int, int]) -> None:
    async with game(size=small) as play:
        await play.settle()
        width, height = small
        told = f"bitrace needs 60×20 characters; here are {width}×{height}."
        assert "".join(told.split()).startswith("".join(sentence(play).split()))
        assert sentence(play) == told or small == (1, 1)


@pytest.mark.parametrize("small", TOO_SMALL[:4], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_too_small_for_writing(
    game: Callable[..., Any], opened: Callable[..., Opened], small: tuple[int, int]
) -> None:
    told = f"bitrace needs 60×20 characters; here are {small[0]}×{small[1]}."
    async with game(opened()) as play:
        await play.until_writing()
        await play.type("cook 60 th")
        await play.pilot.resize_terminal(*small)
        await play.until(lambda: sentence(play) == told, told)
        await play.pilot.resize_terminal(80, 24)
        await play.until_seen("The missing one was the")
        assert "▁▁▁▁▁▁▁▁▁" in play.text
        assert play.slip == "cook 60 th"
        await play.type("ief 20")
        assert play.slip == "cook 60 thief 20", "the line still has the keys"
        await play.press("enter")
        await play.until_revealed()


@pytest.mark.parametrize("small", TOO_SMALL[:4], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_too_small_for_the_reveal(
    game: Callable[..., Any], opened: Callable[..., Opened], small: tuple[int, int]
) -> None:
    told = f"bitrace needs 60×20 characters; here are {small[0]}×{small[1]}."
    async with game(opened()) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        await play.pilot.resize_terminal(*small)
        await play.until(lambda: sentence(play) == told, told)
        await play.pilot.resize_terminal(80, 24)
        await play.until_seen("You knew")
        await play.press("enter")
        await play.until_writing()
        assert "target 2 of 4" in play.lines[0]


@pytest.mark.parametrize("keys", [["o"], ["f1"], ["o", *"nothing", "enter"]])
async def test_too_small_for_what_lies_over_a_screen(
    game: Callable[..., Any],
    keys: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press(*keys)
        await play.until(lambda: play.on != "HomeScreen", "what lies over it")
        before = play.text
        for width, height in ((59, 20), (20, 5)):
            await play.pilot.resize_terminal(width, height)
            await play.pilot.pause()
            told = f"bitrace needs 60×20 characters; here are {width}×{height}."
            assert told in play.words
        await play.pilot.resize_terminal(80, 24)
        await play.until(lambda: play.text == before, "the same again")
        await play.press("escape")
        await play.until_on("HomeScreen")


async def test_too_small_for_the_curtain(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened(players=("ann", "bo"))) as play:
        await play.until_on("Curtain")
        for size in ((59, 20), (20, 5), (80, 24)):
            await play.pilot.resize_terminal(*size)
            await play.pilot.pause()
            assert "harbour" not in play.text, "the curtain stays closed"
        await play.press("enter")
        await play.until_writing()


async def test_too_small_for_the_result(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened()) as play:
        await play.finish()
        await play.pilot.resize_terminal(59, 20)
        await play.pilot.pause()
        assert sentence(play) == "bitrace needs 60×20 characters; here are 59×20."
        await play.pilot.resize_terminal(60, 20)
        await play.until_seen("wins")
        await play.press("tab")
        await play.until_seen("target 1 of 4")


async def test_begun_too_small_and_grown(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened(), size=(20, 5)) as play:
        await play.until(lambda: play.on == "RaceScreen", "the race")
        await play.settle()
        assert "cook" not in play.text
        assert sentence(play) == "bitrace needs 60×20 characters; here are 20×5."
        await play.pilot.resize_terminal(80, 24)
        await play.until_writing()
        assert "The missing one was the ▁▁▁▁▁▁▁▁▁" in play.words
        await play.type("cook 60")
        assert play.slip == "cook 60"


async def test_the_passage_is_wrapped_anew_for_each_width(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened()) as play:
        await play.until_writing()
        for width in (120, 61, 80, 200, 60):
            await play.pilot.resize_terminal(width, 30)
            await play.pilot.pause()
            region = play.region("#passage")
            rows = play.lines[region.y + 1 : region.bottom - 1]
            text = " ".join(" ".join(row.strip("│ ") for row in rows).split())
            assert text.startswith("The ferry left the harbour at seven, and only four people")
            assert text.endswith("The missing one was the ▁▁▁▁▁▁▁▁▁")
            assert all(row.startswith("│ ") and row.endswith(" │") for row in rows)


WIDE = (
    "漢字かな交じり文を続ける。" * 12,
    " then 👩‍🚀 and 👨‍👩‍👧‍👦 came, " * 9,
    "e\u0301te\u0301 नमस्ते שלום مرحبا " * 9,
    "x" * 400,
)


@pytest.mark.parametrize("wide", WIDE)
async def test_letters_of_all_widths_stay_inside(
    game: Callable[..., Any], opened: Callable[..., Opened], wide: str
) -> None:
    async with game(opened(f"{wide} then the [[word]] {wide} and the [[end]]")) as play:
        await play.until_writing()
        assert {cell_len(line) for line in play.lines} == {80}
        assert "▁▁▁▁▁▁▁▁▁" in play.text
        await play.reveal("word 20")
        assert {cell_len(line) for line in play.lines} == {80}
        await play.press("enter")
        await play.finish()
        await play.press("tab")
        await play.until_seen("“word”, target 1 of 2")
        assert {cell_len(line) for line in play.lines} == {80}
        region = play.region("#full-text")
        rows = play.lines[region.y + 1 : region.bottom - 1]
        shown = "".join("".join(row.strip("│ ").split()) for row in rows)
        assert unicodedata.normalize("NFC", "".join(wide.split()))[:60] in shown


async def test_a_name_of_wide_letters_keeps_its_column(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened(players=("漢字" * 12,))) as play:
        await play.until_writing()
        await play.reveal("cook 20")
        assert {cell_len(line) for line in play.lines} == {80}
        rows = [line for line in play.lines if " bits" in line and "%" in line]
        assert len({cell_len(row[: row.index(" bits")]) for row in rows}) == 1
