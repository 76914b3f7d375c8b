"""Strings that mean harm, through every screen: shown as they are, doing nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets._footer import FooterKey

from engine.errors import EngineError, ModelError, StoreError
from engine.predictor import Loaded
from engine.scripted import ScriptedPredictor
from tui.literal import clean
from tui.opening import Opened
from tui.play import open_store
from tui.settings import Settings

WIDE = (220, 60)
"""Room for all of a hostile line."""


class HostileModel(ScriptedPredictor):
    """A model file that says hostile things of itself."""

    def __init__(self, says: str) -> None:
        super().__init__()
        self._says = says

    def load(self, loading: Any, on_progress: Any = None) -> Future[Loaded]:
        loaded = super().load(loading).result()
        identity = replace(loaded.identity, model=self._says, quantization=self._says)
        future: Future[Loaded] = Future()
        future.set_result(replace(loaded, identity=identity, place=self._says))
        return future


@pytest.fixture
def evil(hostile: tuple[str, ...]) -> str:
    """All of them in one line."""
    return " ".join(hostile)


@pytest.fixture
def look(unsafe: Callable[[str], set[str]], hostile: tuple[str, ...]) -> Callable[..., None]:
    """Looks at a frame: nothing that acts, and the strings as they are, if they are there."""

    def check(play: Any, *expected: str) -> None:
        assert not unsafe(play.text)
        assert not unsafe(play.app.export_screenshot())
        shown = "".join(play.text.replace("│", "").split())
        for text in expected:
            wanted = "".join(clean(text).split())
            assert wanted in shown, f"{clean(text)!r} is not shown as it is"

    return check


async def test_in_the_passage(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    hostile: tuple[str, ...],
    look: Callable[..., None],
) -> None:
    lines = "\n\n".join(f"A line: {text} - behind it." for text in hostile)
    between = " ".join(hostile)
    text = f"{lines}\n\nThe first is [[here]]. {between} The second is [[there]]. {lines}"
    async with game(opened(text), size=WIDE) as play:
        await play.until_writing()
        look(play, *hostile)
        await play.type("red x")
        await play.press("tab")
        look(play)
        await play.press(*["backspace"] * 5)
        await play.reveal("here 50")
        look(play, "here", *hostile)
        await play.press("enter")
        await play.finish()
        look(play)
        await play.press("tab")
        await play.until_seen("target 1 of 2")
        look(play)


async def test_in_title_source_and_primer(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    hostile: tuple[str, ...],
    evil: str,
    look: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # a card is written there
    one = opened(title=evil, source=evil, primer=evil.replace("\x00", "\n\n"), passage=evil)
    async with game(one, size=WIDE) as play:
        await play.until_seen("Read this first")
        look(play, evil, *evil.split("\x00"))
        await play.press("enter")
        await play.until_writing()
        look(play, evil)
        await play.leave()
        await play.until_seen("Go on with your race")
        look(play)
        await play.press("enter")
        await play.until_seen("Read this first")
        await play.press("enter")
        await play.finish()
        look(play, evil, f"Source: {evil}")
        await play.press("e")
        look(play)
        await play.press("escape")
        await play.until_on("HomeScreen")


async def test_brackets_in_names_of_players(
    game: Callable[..., Any], opened: Callable[..., Opened], look: Callable[..., None]
) -> None:
    names = ("[/]", "[red]bo[/red]")
    async with game(opened(players=names), size=WIDE) as play:
        for target in range(4):
            for turn in range(2):
                await play.until_on("Curtain")
                look(play, f"{names[(target + turn) % 2]}'s turn")
                await play.press("enter")
                await play.until_writing()
                look(play, "[/]", "[red]bo")
                await play.press("ctrl+t")
                await play.lock("thief 20")
            await play.until_revealed()
            look(play, "[/]", "[red]bo")
            await play.press("enter")
        await play.until_on("ResultScreen")
        look(play, *names, "[red]bo[/red] knew the text: off the boards.")
        await play.press("tab")
        await play.until_seen("target 1 of 4")
        look(play, *names)


@pytest.mark.parametrize("name", ["\x1b[2J", "a\u202eb", "\x9b", "a\nb", "\ud800"])
async def test_control_characters_in_a_name_are_refused(
    game: Callable[..., Any], look: Callable[..., None], name: str
) -> None:
    async with game(settings=Settings(player=name)) as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.until_on("Notice")
        assert "without control characters" in play.words
        look(play)


async def test_in_the_name_of_a_file(
    game: Callable[..., Any],
    marked: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hostile: tuple[str, ...],
    look: Callable[..., None],
) -> None:
    dropped = str.maketrans("", "", "/\x00\x07")
    names = [text.translate(dropped) + ".txt" for text in hostile]
    texts = tmp_path / "\x1b[31m[b]texts"
    folder = texts / "\x1b[32m[i]folder"
    folder.mkdir(parents=True)
    for name in names:
        (texts / name).write_text(marked, encoding="utf-8")
    monkeypatch.chdir(texts)
    async with game(size=WIDE) as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_seen("folder")
        look(play, texts.name, folder.name, *names)
        await play.pilot.hover("TextTree", offset=(6, 3))
        await play.press("tab", "down", "down", "enter")
        await play.begin()
        await play.until_writing()
        name = play.race.setup.title
        assert name in [clean(known) for known in names]
        look(play, name)
        await play.finish()
        look(play, name)
        await play.press("e")
        look(play)


async def test_a_name_that_is_no_text(
    game: Callable[..., Any],
    marked: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    look: Callable[..., None],
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "not\udcffutf8.txt").write_text(marked, encoding="utf-8")
    monkeypatch.chdir(folder)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_seen("not\ufffdutf8.txt")
        await play.press("tab", "down", "enter")
        await play.begin()
        await play.finish()
        look(play, "not\ufffdutf8.txt")
        await play.press("e")
        await play.until(lambda: "The card is in" in play.told, "the card")
        look(play)


async def test_in_a_path_that_is_typed(
    game: Callable[..., Any], evil: str, look: Callable[..., None]
) -> None:
    async with game(size=WIDE) as play:
        await play.until_seen("Begin here")
        await play.press("o")
        await play.until_on("OpenText")
        await play.paste(f"/nowhere/{evil}")
        look(play)
        await play.press("enter")
        await play.until_on("Notice")
        look(play, "no file")
        assert "[@click=app.quit]go[/]" in play.words


@pytest.mark.usefixtures("unbaked")
@pytest.mark.parametrize("error", [EngineError, ModelError])
async def test_in_what_the_engine_says(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    evil: str,
    look: Callable[..., None],
    error: type[EngineError],
    paths: Any,
) -> None:
    async with game(predictor=ScriptedPredictor(fault=error(evil)), size=WIDE) as play:
        await play.until_seen("Begin here")
        play.app._notice(evil)
        await play.until(lambda: play.told, "a notice")
        look(play, "[red]x[/red]")
        await play.press("enter")
        if error is ModelError:
            await play.until_on("Notice")
            look(play, evil)
        else:
            await play.until(lambda: not play.app.is_running, "the end")
            assert evil in play.app.sentence


@pytest.mark.usefixtures("unbaked")
async def test_in_what_a_model_says_of_itself(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    evil: str,
    look: Callable[..., None],
) -> None:
    async with game(predictor=HostileModel(evil), size=WIDE) as play:
        await play.until_seen("[red]x[/red]")
        look(play, evil)
        await play.press("enter")
        await play.until_writing()
        look(play, "[red]x[/red]")
        await play.finish()
        look(play, "[red]x[/red]")


async def test_in_what_the_store_says(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    evil: str,
    look: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = opened()

    def refuse(*_: object) -> None:
        raise StoreError(evil)

    async with game(one, size=WIDE) as play:
        await play.until_writing()
        monkeypatch.setattr(one.store, "append", refuse)
        await play.lock("cook 50")
        await play.until(lambda: play.told, "a notice")
        look(play, "Not locked in: [/] [red]x[/red]")
        await play.press("ctrl+t")
        look(play)


async def test_in_the_settings(
    game: Callable[..., Any], evil: str, look: Callable[..., None]
) -> None:
    settings = Settings(player="ann", theme=evil, keys={"home.open": "[/]", evil: "f9"})
    async with game(settings=settings) as play:
        await play.until_seen("Begin here")
        look(play)
        await play.press("f1")
        await play.until_on("HelpScreen")
        look(play)


async def test_tooltips_are_ours(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    evil: str,
    look: Callable[..., None],
) -> None:
    async with game(opened(title=evil), HostileModel(evil), WIDE) as play:
        await play.until_writing()
        await play.pilot.hover(FooterKey)
        await play.until(
            lambda: any(tip.display for tip in play.screen.query("Tooltip")), "a tooltip"
        )
        look(play)
        for selector in ("#title", "#passage", "#lanes", "#engine"):
            await play.pilot.hover(selector)
            await play.pilot.pause()
            look(play)


async def test_in_the_palette(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    evil: str,
    look: Callable[..., None],
) -> None:
    async with game(opened()) as play:
        await play.until_writing()
        await play.press("ctrl+p")
        await play.until_on("CommandPalette")
        await play.paste(evil)
        await play.settle()
        look(play)
        await play.press("escape")
        await play.until_writing()


def test_a_race_that_was_kept_is_listed_safely(
    opened: Callable[..., Opened], evil: str, paths: Any, unsafe: Callable[[str], set[str]]
) -> None:
    opened(title=evil)
    entry = open_store(paths).open_race()
    assert entry is not None
    assert not unsafe(entry.title)
