"""The Options screen: each choice is kept at once, or told that it cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.constants import TEXTUAL_ANIMATIONS
from textual.geometry import Region
from textual.theme import Theme

from engine.minds import MINDS
from tui.commands import COMMANDS
from tui.keys import key_faults
from tui.option_rows import OPPONENTS, ROWS, STEPS, stepped, ticked, told
from tui.paths import Paths
from tui.settings import RACERS, Settings, load, save
from tui.theme import THEME

SIZES = ((60, 20), (80, 24), (120, 40))
ANN = Settings(player="ann")
THEMES = ["bitrace", "nord"]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for models; nothing is found anywhere else."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    folder = paths.data / "models"
    folder.mkdir(parents=True)
    return folder


def model(path: Path, n_bytes: int = 8) -> Path:
    path.write_bytes(b"GGUF")
    os.truncate(path, n_bytes)
    return path


async def show(play: Any) -> None:
    await play.until_seen("Begin here")
    play.app.open_options()
    await play.until_on("OptionsScreen")
    await play.until_seen("▸ Player")


async def go(play: Any, label: str) -> None:
    """Go to a row by its label."""
    assert label in [row.label for row in ROWS]
    while f"▸ {label} " not in play.text:
        await play.press("down")


def value(play: Any, label: str) -> str:
    """What stands in a row."""
    (line,) = [line for line in play.lines if line.strip(" ▸").startswith(label + " ")]
    return line.strip(" ▸").removeprefix(label).strip()


def outside(play: Any) -> list[str]:
    """Widgets that are not wholly on the screen."""
    room = Region(0, 0, *play.screen.size)
    return [
        f"{widget} at {widget.region}"
        for widget in play.screen.walk_children()
        if widget.is_on_screen and not room.contains_region(widget.region)
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_all_can_be_seen(
    game: Callable[..., Any], paths: Paths, models: Path, size: tuple[int, int]
) -> None:
    for number in range(40):
        model(models / f"model {number:02}.gguf")
    against = tuple(f"ghost:/cards/{number}" for number in range(9))
    async with game(size=size) as play:
        await show(play)
        assert not outside(play)
        kept = play.part("#option-file").replace("\n", "").replace(" ", "")
        assert kept == f"Kept in {paths.settings_file}".replace(" ", "")
        for row in ROWS:
            assert f"▸ {row.label}" in play.text
            assert row.help in play.words
            assert value(play, row.label)
            await play.press("down")
        assert "▸ Player" in play.text, "round and round"
        for key in ("← before", "→ next", "⏎ choose", "esc back", "F1 help"):
            assert key in play.lines[-2]
        await play.press("f1")
        await play.until_on("HelpScreen")
        assert "The option above" in play.words or size[1] < 40
        await play.press("escape")
        await play.until_on("OptionsScreen")
        await go(play, "Model")
        await play.press("enter")
        await play.until_on("ModelPicker")
        await play.settle()
        assert not outside(play)
        assert "model 00.gguf" in play.text
        assert "Enter takes it · Tab to type a path · Esc back" in play.text
        assert "or the path of a .gguf file" in play.text
        await play.press("end")
        assert "model 39.gguf" in play.text
        await play.press("escape")
        await play.until_on("OptionsScreen")
        play.app.keep_settings(replace(play.app.settings, against=against))
        await go(play, "Opponents")
        await play.press("enter")
        await play.until_on("Opponents")
        assert not outside(play)
        for name, what in OPPONENTS.values():
            assert f"[ ] {name:10} {what}" in play.text
        assert "Esc back" in play.text
        await play.press("end")
        assert "ghost:/cards/8" in play.text


async def test_what_is_gone_through(game: Callable[..., Any], paths: Paths) -> None:
    async with game() as play:
        await show(play)
        await go(play, "Mode")
        await play.press("right")
        assert value(play, "Mode") == "‹ open ›"
        assert load(paths.settings_file) == replace(ANN, mode="open")
        await play.press("left", "left")
        assert value(play, "Mode") == "‹ Shannon ›"
        await go(play, "Clock")
        await play.press("space", "enter")
        assert value(play, "Clock") == "‹ 20 seconds a word ›"
        await go(play, "Reading pace")
        await play.press("left")
        assert value(play, "Reading pace") == "‹ 400 words a minute ›"
        assert load(paths.settings_file) == play.app.settings
        assert play.app.settings == replace(ANN, mode="shannon", clock_s=20, pace_wpm=400)
        await play.press("escape")
        await play.until_on("HomeScreen")


async def test_themes_are_seen_as_they_are_gone_through(
    game: Callable[..., Any], paths: Paths
) -> None:
    async with game() as play:
        await show(play)
        await go(play, "Theme")
        others = sorted(set(play.app.available_themes) - {THEME.name})
        for key, theme in (
            ("left", others[-1]),
            ("right", THEME.name),
            ("right", others[0]),
            ("right", others[1]),
        ):
            await play.press(key)
            assert play.app.theme == theme
            assert value(play, "Theme") == f"‹ {theme} ›"
            assert load(paths.settings_file).theme == theme


async def test_a_theme_from_the_palette_is_kept(game: Callable[..., Any], paths: Paths) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        play.app.theme = "nord"
        await play.until(lambda: play.app.settings.theme == "nord", "its keeping")
        assert load(paths.settings_file).theme == "nord"


async def test_motion(game: Callable[..., Any], paths: Paths) -> None:
    async with game() as play:
        assert play.app.animation_level == TEXTUAL_ANIMATIONS
        await show(play)
        await go(play, "Motion")
        await play.press("right")
        assert value(play, "Motion") == "‹ off ›"
        assert play.app.animation_level == "none"
        assert not load(paths.settings_file).motion
        await play.press("left")
        assert play.app.animation_level == TEXTUAL_ANIMATIONS


async def test_the_environment_keeps_all_still(
    game: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.TEXTUAL_ANIMATIONS", "none")
    async with game() as play:
        await play.until_seen("Begin here")
        assert play.app.settings.motion
        assert play.app.animation_level == "none"


async def test_motion_is_off_from_the_start(game: Callable[..., Any]) -> None:
    async with game(settings=replace(ANN, motion=False)) as play:
        await play.until_seen("Begin here")
        assert play.app.animation_level == "none"


async def test_the_player_is_named_in_place(game: Callable[..., Any], paths: Paths) -> None:
    async with game() as play:
        await show(play)
        before = play.region("#option-player")
        await play.press("enter")
        assert "Enter keeps the name" in play.words
        assert play.region("#name-row") == before, "in its place"
        await play.press("end")
        await play.type(" o")
        await play.press("enter")
        assert value(play, "Player") == "ann o"
        assert "▸ Player" in play.text
        assert load(paths.settings_file).player == "ann o"
        await play.press("enter")
        await play.type("x")
        await play.press("escape")
        assert play.on == "OptionsScreen"
        assert value(play, "Player") == "ann o", "left as it was"
        await play.press("enter")
        await play.type("bo")
        await play.press("down")
        assert "▸ Model" in play.text
        assert value(play, "Player") == "bo", "kept when one goes on"
        await play.press("up", "enter")
        await play.type("  ")
        await play.press("enter")
        assert load(paths.settings_file).player == ""
        assert value(play, "Player") == told(
            Settings(), "player", THEMES, value(play, "Player")
        )


async def test_a_name_that_cannot_be_shown_is_refused(
    game: Callable[..., Any], paths: Paths, unsafe: Callable[[str], set[str]]
) -> None:
    async with game() as play:
        await show(play)
        await play.press("enter")
        await play.paste("x" * 30)
        assert len(play.screen.query_one("#name-line").value) <= 24
        play.screen.query_one("#name-line").value = "\x07[/]"
        await play.press("enter")
        assert "A player's name is 1 to 24 characters" in play.told
        assert not unsafe(play.told)
        assert play.app.settings == ANN
        await play.press("down")
        assert "▸ Player" in play.text, "it waits for a better one"
        play.app.clear_notifications()
        click = play.region("#option-clock_s")
        await play.pilot.click(offset=(30, click.y))
        play.app.clear_notifications()
        await play.settle()
        assert value(play, "Player") == "ann"
        assert value(play, "Clock") == "‹ 10 seconds a word ›", "a click is Enter"
        await play.pilot.click(offset=(18, click.y))
        assert value(play, "Clock") == "‹ none ›", "a click on ‹ is ←"


async def test_a_model_is_picked(
    game: Callable[..., Any],
    paths: Paths,
    models: Path,
    tmp_path: Path,
    unsafe: Callable[[str], set[str]],
) -> None:
    model(models / "Llama-3B.gguf", 2_000_000_000)
    evil = model(models / "[red]a[b]\x1b[2J\u202e.gguf", 42_000_000)
    mine = model(tmp_path / "mine.gguf")
    (tmp_path / "text.gguf").write_text("Dear Ann", encoding="utf-8")
    async with game() as play:
        await show(play)
        await go(play, "Model")
        assert value(play, "Model") == "the starter model"
        await play.press("right")
        await play.until_on("ModelPicker")
        await play.settle()
        rows = play.part("#picker OptionList").splitlines()
        assert rows[0] == "The starter model"
        assert rows[1].split("  ", 1)[0] == "[red]a[b]\ufffd[2J\ufffd.gguf"
        assert [row.split("  ")[-1].strip() for row in rows[1:3]] == ["42 MB", "2.0 GB"]
        await play.press("down")
        assert "".join(play.part("#picker-detail").split()).startswith("in/")
        assert not unsafe(play.text)
        await play.press("enter")
        await play.until_on("OptionsScreen")
        assert load(paths.settings_file).model == str(evil)
        assert value(play, "Model") == "[red]a[b]\ufffd[2J\ufffd.gguf"
        assert not unsafe(play.text)
        await play.press("enter")
        await play.until_on("ModelPicker")
        await play.settle()
        assert play.part("#picker").count("[red]a[b]") == 1, "what is chosen is there once"
        assert "in/" in "".join(play.part("#picker-detail").split()), "and is stood on"
        await play.press("tab")
        for typed, why in (
            ("no.gguf", "There is no model file"),
            (str(tmp_path), "is a folder"),
            (str(tmp_path / "text.gguf"), "is not a model in GGUF form"),
            ("~nobody-of-that-name/a.gguf", "There can be no file"),
        ):
            play.screen.query_one("Input").value = typed
            await play.press("enter")
            assert why in play.told
            assert play.on == "ModelPicker"
        play.screen.query_one("Input").value = f"../{mine.name}"
        await play.press("enter")
        await play.until_on("OptionsScreen")
        assert Path(load(paths.settings_file).model).samefile(mine)
        mine.unlink()
        play.app.clear_notifications()
        await play.press("enter")
        await play.until_on("ModelPicker")
        assert "not there" in play.text
        await play.press("escape")
        await play.until_on("OptionsScreen")
        assert value(play, "Model") == "mine.gguf"
        await play.press("enter", "home", "enter")
        await play.until_on("OptionsScreen")
        assert load(paths.settings_file).model == ""


async def test_looking_for_models_keeps_nobody_waiting(
    game: Callable[..., Any], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from threading import Event

    go_on = Event()

    def slow(*_: Any) -> Any:
        go_on.wait(10)
        yield ()

    monkeypatch.setattr("tui.screens.model_picker.find_models", slow)
    async with game() as play:
        await show(play)
        await go(play, "Model")
        await play.press("enter")
        await play.until_seen("Looking for others")
        go_on.set()
        await play.settle()
        await play.until_seen("No other was found")
        assert "Put GGUF files in" in play.words
        await play.press("enter")
        await play.until_on("OptionsScreen")


async def test_opponents_are_ticked(game: Callable[..., Any], paths: Paths) -> None:
    settings = replace(ANN, against=("sage", "ghost:[/]\x1b[2J"))
    async with game(settings=settings) as play:
        await show(play)
        await go(play, "Opponents")
        assert value(play, "Opponents") == "Sage, ghost:[/]\ufffd[2J"
        await play.press("enter")
        await play.until_on("Opponents")
        assert "[x] ghost:[/]\ufffd[2J" in play.text
        assert "[ ] The usual" in play.text
        await play.press("end", "enter", "home", "down", "space")
        assert "[ ] ghost:[/]" in play.text
        assert load(paths.settings_file).against == ("reader", "sage")
        await play.press("end", "enter", "home", "down", "down", "space")
        assert load(paths.settings_file).against == (
            "reader",
            "goldfish",
            "sage",
            "ghost:[/]\x1b[2J",
        )
        await play.press("home", "space")
        assert "[x] The usual" in play.text
        assert play.text.count("[x]") == 1
        assert load(paths.settings_file).against == ()
        await play.press("escape")
        await play.until_on("OptionsScreen")
        assert value(play, "Opponents") == "Goldfish, Reader, the pack's models"


async def test_what_cannot_be_kept_is_told_and_the_old_stands(
    game: Callable[..., Any], paths: Paths
) -> None:
    paths.settings.parent.mkdir(exist_ok=True)
    paths.settings.write_text("in the way", encoding="utf-8")
    async with game() as play:
        await show(play)
        await go(play, "Theme")
        await play.press("right")
        assert "a file is in the way" in play.told
        assert value(play, "Theme") == "‹ bitrace ›"
        assert play.app.theme == "bitrace"
        await go(play, "Opponents")
        await play.press("enter")
        await play.until_on("Opponents")
        await play.press("down", "space")
        assert "[x] The usual" in play.text
        assert "[ ] Reader" in play.text
        await play.press("escape")
        await play.until_on("OptionsScreen")
        await go(play, "Player")
        await play.press("enter")
        await play.type("x")
        await play.press("enter", "escape")
        assert value(play, "Player").split()[0] == "ann"
        assert play.app.settings == ANN


async def test_what_was_edited_by_hand_meanwhile_counts(
    game: Callable[..., Any], paths: Paths
) -> None:
    by_hand = Settings(
        player="bo", theme="nord", clock_s=25, keys={"options.back": "f8"}, motion=False
    )
    async with game() as play:
        await play.until_seen("Begin here")
        save(paths.settings_file, by_hand)
        await show(play)
        assert (play.app.theme, play.app.animation_level) == ("nord", "none")
        assert value(play, "Player") == "bo"
        await go(play, "Clock")
        assert value(play, "Clock") == "‹ 25 seconds a word ›"
        await play.press("right")
        assert value(play, "Clock") == "‹ 30 seconds a word ›"
        assert load(paths.settings_file) == replace(by_hand, clock_s=30)
        await play.press("f8")
        await play.until_on("HomeScreen")
        paths.settings_file.write_text("player = [", encoding="utf-8")
        play.app.open_options()
        await play.until_on("Notice")
        assert "it is not TOML" in play.words
        await play.press("enter")
        await play.until_on("HomeScreen")
        assert paths.settings_file.read_text(encoding="utf-8") == "player = ["


async def test_hostile_settings_do_nothing(
    game: Callable[..., Any], hostile: tuple[str, ...], unsafe: Callable[[str], set[str]]
) -> None:
    evil = " ".join(hostile)
    settings = Settings(player=evil, model=f"/{evil}", theme=evil, against=(f"ghost:{evil}",))
    async with game(size=(220, 40), settings=settings) as play:
        await show(play)
        play.app.register_theme(Theme("[/] [red]", "#ffffff"))
        assert not unsafe(play.text)
        assert "[/] [red]x[/red]" in value(play, "Player")
        assert "(there is no such theme)" in value(play, "Theme")
        await go(play, "Theme")
        await play.press("right")
        assert play.app.theme == THEME.name
        await play.press("right")
        assert value(play, "Theme") == "‹ [/] [red] ›"
        await go(play, "Player")
        await play.press("enter")
        assert "[red]x[/red]" in play.text
        assert not unsafe(play.text)
        assert not unsafe(play.app.export_screenshot())


async def test_keys_that_would_do_nothing_are_told(
    game: Callable[..., Any], unsafe: Callable[[str], set[str]]
) -> None:
    keys = {"home.pakcs": "f5", "home.open": "spaec", "\x1b[2J": "[/]"}
    async with game(size=(120, 40), settings=replace(ANN, keys=keys)) as play:
        await play.until_seen("Begin here")
        assert "'home.pakcs' is no command: is 'home.packs' meant?" in play.told
        assert "home.open has the key 'spaec', which is none" in play.told
        assert not unsafe(play.text)


@pytest.mark.parametrize(
    "key",
    ["f5", "ctrl+t", "a", "/", "slash", "at", "shift+up", "exclamation_mark", "é", "f1, x"],
)
def test_keys(key: str) -> None:
    assert key_faults({"home.open": key}) == []


@pytest.mark.parametrize("key", ["", "F5", "control+t", "ctrl+", "pgup", "enter,,", "a b"])
def test_what_is_no_key(key: str) -> None:
    assert len(key_faults({"home.open": key})) >= 1


def test_our_own_keys_are_keys() -> None:
    assert key_faults({command.id: command.key for command in COMMANDS}) == []


def test_rows_tell_everything_that_can_be_chosen() -> None:
    assert list(OPPONENTS) == list(RACERS)
    assert all(
        OPPONENTS[key][0] == mind.name for key, mind in MINDS.items() if key in OPPONENTS
    )
    for name, steps in STEPS.items():
        settings = Settings()
        said = set[str]()
        for _ in steps:
            said.add(told(settings, name, THEMES, ""))
            settings = stepped(settings, name, 1, THEMES)
        assert settings == Settings(), "once round"
        assert len(said) == len(steps)


def test_going_through_from_a_value_set_by_hand() -> None:
    odd = Settings(clock_s=3600, pace_wpm=60, theme="gone")
    assert stepped(odd, "clock_s", 1, THEMES).clock_s == 0
    assert stepped(odd, "clock_s", -1, THEMES).clock_s == 600
    assert stepped(odd, "pace_wpm", 1, THEMES).pace_wpm == 150
    assert stepped(odd, "theme", 1, THEMES).theme == "bitrace"
    assert stepped(odd, "theme", -1, THEMES).theme == "nord"


def test_ticking() -> None:
    assert ticked((), "sage") == ("sage",)
    assert ticked(("sage", "ghost:a"), "reader") == ("reader", "sage", "ghost:a")
    assert ticked(("sage", "ghost:a"), "ghost:a") == ("sage",)
    assert ticked(("sage",), "ghost:a") == ("sage", "ghost:a")
    assert ticked(("sage",), "sage") == ()
    assert ticked(("sage", "ghost:a"), "") == ()
