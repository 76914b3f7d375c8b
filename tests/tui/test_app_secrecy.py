"""Nothing about the next word is seen before all have locked in: the same frames, whatever
the word is and whatever comes behind it."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError
from engine.predictor import TopWord, TopWords
from engine.scripted import ScriptedPredictor
from tui.opening import Opened
from tui.passage_text import BLANK
from tui.plain import PlainRace
from tui.session import Session
from tui.widgets.slip import SlipLine

OPENING = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "Ann, who kept the ledger, counted them twice.\n\nThe missing one was the "
)
WORDS = ("I", "cook", "漢", "straße", "antidisestablishmentarianism")
REST = (
    ".",
    ". He had overslept, as he did whenever the fog came in.",
    " boy. " + "And then a good deal more came to pass on the water. " * 40,
    ".\n\n" + "A line.\n" * 60,
)
SIZES = ((80, 24), (120, 40))


def frame(play: Any) -> list[list[tuple[str, str]]]:
    """All that is sent for a frame: texts with their styles, line by line."""
    strips = play.screen._compositor.render_strips()
    return [[(segment.text, str(segment.style)) for segment in strip] for strip in strips]


@pytest.fixture
def race_on(game: Callable[..., Any], opened: Callable[..., Opened]) -> Callable[..., Any]:
    """Starts the app on a race with the given word behind an opening, all minds having read."""

    @asynccontextmanager
    async def start(
        word: str, rest: str = REST[0], before: str = OPENING, **more: Any
    ) -> AsyncGenerator[Any]:
        size = more.pop("size", SIZES[0])
        one = opened(f"{before}[[{word}]]{rest} [[end]]", **more)
        async with game(one, size=size) as play:
            await play.until(lambda: play.on in ("RaceScreen", "Curtain"), "the race")
            await play.settle()
            (line,) = play.app.screen_stack[1].query(SlipLine)
            line.cursor_blink = False
            if play.on == "RaceScreen":
                await play.until_seen(BLANK)
            yield play

    return start


@pytest.mark.parametrize("size", SIZES)
async def test_frames_do_not_depend_on_the_word(
    race_on: Callable[..., Any], size: tuple[int, int]
) -> None:
    frames: list[Any] = []
    for word in WORDS:
        async with race_on(word, size=size) as play:
            assert play.lanes["Reader"] == play.lanes["Goldfish"] == "locked in"
            assert BLANK in play.text
            seen = [frame(play)]
            await play.type("captain 40 ca")
            seen.append(frame(play))
            await play.press("tab", "up", "pageup", "pagedown")
            await play.type(" captain 3")
            await play.press("enter")
            seen.append(frame(play))
            assert "not taken" in play.text
            frames.append(seen)
    assert frames == [frames[0]] * len(WORDS)


@pytest.mark.parametrize("size", SIZES)
async def test_frames_do_not_depend_on_what_comes_behind_the_word(
    race_on: Callable[..., Any], size: tuple[int, int]
) -> None:
    frames: list[Any] = []
    for rest in REST:
        async with race_on("cook", rest, size=size) as play:
            assert BLANK in play.text
            frames.append(frame(play))
    assert frames == [frames[0]] * len(REST)


async def test_a_long_opening_is_scrolled_alike(race_on: Callable[..., Any]) -> None:
    before = "A sentence of some length goes before the others. " * 60 + OPENING
    frames: list[Any] = []
    for word, rest in zip(WORDS, (*REST, REST[0]), strict=True):
        async with race_on(word, rest, before) as play:
            await play.press("pageup")
            await play.until(lambda: BLANK not in play.text, "another page")
            seen = [frame(play)]
            await play.press("pagedown")
            await play.until_seen(BLANK)
            frames.append([*seen, frame(play)])
    assert frames == [frames[0]] * len(WORDS)


async def test_the_second_target_is_as_secret_as_the_first(
    race_on: Callable[..., Any],
) -> None:
    frames: list[Any] = []
    for word, rest in zip(WORDS, (*REST, REST[0]), strict=True):
        async with race_on(word, rest, OPENING + "[[cook]]. Then came the ") as play:
            await play.until_writing()
            await play.reveal("")
            seen = [frame(play)]
            await play.press("enter")
            await play.until_writing()
            frames.append([*seen, frame(play)])
    assert frames == [frames[0]] * len(WORDS)


@pytest.mark.parametrize("size", SIZES)
async def test_how_lines_are_joined_does_not_depend_on_what_follows(
    race_on: Callable[..., Any], size: tuple[int, int]
) -> None:
    """Lines wrapped by hand are joined; only lines that are seen may decide about it."""
    before = "A line of forty-four characters, or about it\nand here a second, with the "
    long = "A line that is longer by far than those that stand before it.\n"
    rests = (" boy.\n" + "short\n" * 9, " boy.\n" + long * 9)
    frames: list[Any] = []
    for rest in rests:
        async with race_on("cook", rest, before, size=size) as play:
            frames.append(play.lines)
    assert frames[0] == frames[1]


async def test_how_lines_are_joined_does_not_depend_on_the_word(
    race_on: Callable[..., Any],
) -> None:
    before = "A line of forty-four characters, or about it\nand here a second, with the "
    assert len(before.partition("\n")[0]) == 44
    frames: list[Any] = []
    for word in ("I", "antidisestablishmentarianism"):
        async with race_on(word, before=before) as play:
            frames.append(play.lines)
    assert frames[0] == frames[1]


async def test_the_curtain_and_the_second_player_see_no_more(
    race_on: Callable[..., Any],
) -> None:
    frames: list[Any] = []
    for word, rest in zip(WORDS, (*REST, REST[0]), strict=True):
        async with race_on(word, rest, players=("ann", "bo")) as play:
            seen = [frame(play)]
            await play.press("enter")
            await play.until_writing()
            await play.lock("captain 40")
            await play.until_on("Curtain")
            seen.append(frame(play))
            await play.press("enter")
            await play.until_writing()
            frames.append([*seen, frame(play)])
    assert frames == [frames[0]] * len(WORDS)


async def test_waiting_for_the_minds_tells_nothing(
    game: Callable[..., Any], opened: Callable[..., Opened], held: Callable[[], Any]
) -> None:
    frames: list[Any] = []
    for word, rest in zip(WORDS, (*REST, REST[0]), strict=True):
        minds = held()
        async with game(opened(f"{OPENING}[[{word}]]{rest} [[end]]"), minds) as play:
            await play.until_writing()
            minds.release("reader")
            minds.tell("goldfish", 1)
            await play.lock("captain 40")
            await play.until(lambda: play.shows("#waiting"), "the wait")
            frames.append(frame(play))
    assert frames == [frames[0]] * len(WORDS)


def _nothing(minds: Any, one: Opened) -> None:
    """Reader's best words have not come."""


def _one_by_one(minds: Any, one: Opened) -> None:
    """Those of some targets are there."""
    for target in one.race.setup.targets:
        word = TopWord(target.word, 99.0)
        minds.tell({target.index: TopWords((word,), True, 1, 1, True)})


def _all(minds: Any, one: Opened) -> None:
    minds.release()


def _never(minds: Any, one: Opened) -> None:
    minds.fail(EngineError("The engine died."))


@pytest.mark.parametrize("size", [(60, 20), *SIZES])
@pytest.mark.parametrize("players", [("ann",), ("ann", "bo")])
async def test_frames_do_not_depend_on_reader_s_best_words(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    late: Callable[..., Any],
    size: tuple[int, int],
    players: tuple[str, ...],
) -> None:
    frames: list[Any] = []
    for come in (_nothing, _one_by_one, _all, _never):
        minds = late()
        one = opened(f"{OPENING}[[cook]]. Then came the [[end]].", players=players)
        async with game(one, minds, size) as play:
            await play.until(lambda: play.on in ("RaceScreen", "Curtain"), "the race")
            await play.settle()
            play.app.screen_stack[1].query_one(SlipLine).cursor_blink = False
            come(minds, one)
            await play.pilot.pause()
            seen = [frame(play)]
            for player in players:
                if len(players) > 1:
                    await play.until_on("Curtain")
                    seen.append(frame(play))
                    await play.press("enter")
                await play.until_writing()
                await play.type("captain 40")
                seen.append(frame(play))
                if player != players[-1]:
                    await play.press("enter")
            frames.append(seen)
    assert frames == [frames[0]] * 4


async def test_waiting_for_the_minds_tells_nothing_of_best_words(
    game: Callable[..., Any], opened: Callable[..., Opened], held: Callable[[], Any]
) -> None:
    frames: list[Any] = []
    for answers in (True, False):
        minds = held()
        minds.top_words = minds.top_words if answers else lambda *_: Future()
        one = opened(f"{OPENING}[[cook]]. Then came the [[end]].")
        async with game(one, minds) as play:
            await play.until_writing()
            await play.lock("captain 40")
            await play.until(lambda: play.shows("#waiting"), "the wait")
            frames.append(frame(play))
            minds.release("reader", "goldfish")
            await play.pilot.pause()
            frames.append(frame(play))
    assert frames[:2] == frames[2:]


def test_best_words_are_given_to_nobody_before_the_word_is_shown(
    opened: Callable[..., Opened],
) -> None:
    one = opened(f"{OPENING}[[cook]]. Then came the [[end]].")
    session = Session(one.store, one.race, one.text)
    tops = TopWords((TopWord("cook", 99.0),), True, 1, 1, True)
    session._tops.update({target.index: tops for target in one.race.setup.targets})
    assert session.top_words(0) is None
    assert session.top_words(1) is None
    one.store.close()


def test_plain_mode_tells_nothing(
    opened: Callable[..., Opened],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    told: list[str] = []
    for word, rest in zip(WORDS, (*REST, REST[0]), strict=True):
        monkeypatch.setattr("sys.stdin", io.StringIO("not a 0 slip\n\n"))
        one = opened(f"{OPENING}[[{word}]]{rest} [[end]]")
        assert PlainRace(one, ScriptedPredictor(), passes_unasked=False).run() == 0
        told.append(capsys.readouterr().out)
    assert "Paused" in told[0]
    assert told == [told[0]] * len(WORDS)
