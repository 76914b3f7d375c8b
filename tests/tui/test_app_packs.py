"""The Packs screen: what is there, playing it, and adding, checking and removing packs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region

from engine.errors import StoreError
from puzzles import facts as kept
from puzzles.facts import PackFacts, PassageFacts
from puzzles.faults import Fault, PackFaults
from puzzles.library import Broken, Library
from tui.literal import clean
from tui.packs.checking import check, lines
from tui.paths import Paths
from tui.play import open_store
from tui.settings import Settings

SIZES = ((60, 20), (80, 24), (120, 40))
TEXT = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "Ann, who kept the ledger, counted them twice, because the captain had told her to expect "
    "five. The missing one was the [[cook]]. He had overslept, as he did whenever the fog came "
    "in, and nobody had thought of waking him. So it was the captain who lit the stove, and "
    "the thief, who was hungry, who stirred the [[soup]]. Ann wrote all of it in her book of"
)
WORDS = ("days", "nights", "weeks", "months", "years")
BAD = """\
format = 1
id = "Bad Id"
title = ""
colour = "red"
""" + "".join(
    f'[[passages]]\nid = "p{n}"\ntitle = "[red]x[/red] [/]"\ntext = "[[two words]] [[open"\n'
    for n in range(12)
)
"""Has over thirty faults."""


def toml(id: str = "harbor", title: str = "Harbour mysteries", n: int = 3) -> str:
    """A pack of so many passages."""
    parts = [
        f'format = 1\nid = "{id}"\ntitle = "{title}"\nauthor = "Quill"\nlicense = "CC0-1.0"\n'
        'description = "Crimes by the sea. [red]Not red[/red] [/]"\n'
    ]
    for number, word in zip(range(n), WORDS, strict=False):
        parts.append(
            f'[[passages]]\nid = "ferry-{number}"\ntitle = "The ledger of {word}"\n'
            f'theme = "smuggling"\ntext = """\n{TEXT} {word}.\n"""\n'
        )
    return "\n".join(parts)


@pytest.fixture
def library(paths: Paths) -> Library:
    """The packs of the player."""
    return Library(paths.packs, paths.pack_index)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a pack to a file."""

    def make(text: str | None = None, name: str = "harbor.toml", **more: Any) -> Path:
        path = tmp_path / "packs of mine" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text or toml(**more), encoding="utf-8")
        return path

    return make


@pytest.fixture
def harbor(library: Library, write: Callable[..., Path]) -> str:
    """An installed pack's id."""
    return library.add(write()).id


async def show(play: Any, pack: str = "") -> None:
    """Go from home to the packs, and to one by its title."""
    await play.until_seen("Begin here")
    await play.press("p")
    await play.until_on("PacksScreen")
    await play.until_seen("your best")
    await play.settle()
    if pack:
        await play.press("end")
        await play.until(lambda: pack in play.part("#pack-about"), pack)
        await play.until(lambda: rows(play), "its passages")


def rows(play: Any) -> list[list[str]]:
    """The rows of the table of passages, without the heading: a cell a string."""
    table = play.screen.query_one("#passages")
    return [[str(cell) for cell in table.get_row_at(n)] for n in range(table.row_count)]


def bests(play: Any) -> list[str]:
    """The column of best races, without the row of the next one."""
    return [row[-1] for row in rows(play) if not row[0].startswith("▸")]


def listed(play: Any) -> list[str]:
    """Ids in the list."""
    return [option.id for option in play.screen.query_one("#pack-list").options]


def told(play: Any, what: str) -> str:
    """What stands in a part of the screen, as running text."""
    return " ".join(play.part(what).replace("│", "").split())


async def add(play: Any, path: Path | str) -> None:
    """Ask for a pack to be added, by its path."""
    await play.press("a")
    await play.until_on("OpenText")
    await play.paste(str(path))
    await play.press("enter")
    await play.until(lambda: play.on != "OpenText", "the end of asking")


def report(play: Any) -> list[str]:
    """The lines that are looked through, as they were before they were wrapped."""
    return list(play.screen.query_one("#report")._lines)


async def test_the_app_starts_without_reading_a_pack(
    game: Callable[..., Any], library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for id in ("warm-up", "days"):
        library.passages(id)  # what home tells of these is kept

    def refuse(*_: object) -> None:
        raise AssertionError("a pack is read")

    for name in ("list", "open", "installed_ids", "add"):
        monkeypatch.setattr(Library, name, refuse)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.settle()
        assert "Packs" in play.text
        assert "p packs" in play.lines[-2]


async def test_what_there_is(game: Callable[..., Any], harbor: str, library: Library) -> None:
    first = library.passages("warm-up")
    async with game() as play:
        await show(play)
        assert play.lines[0].startswith(" Packs ")
        assert " packs · " in play.lines[0]
        ids = listed(play)
        assert ids[0] == "warm-up", "the built-in ones first"
        assert ids[-1] == harbor
        assert f"Warm-up  0 of {len(first)} raced" in play.part("#pack-about")
        assert "comes with the game" in play.part("#pack-about")
        assert rows(play)[0][0] == f"▸ Next: {first[0].title}"
        assert [row[0] for row in rows(play)[1:]] == [one.title for one in first]
        numbers = [f"{first[0].n_words}", f"{first[0].n_targets}", f"{first[0].minutes:.0f}"]
        assert rows(play)[1][-4:] == [*numbers, "–"]
        await play.press("end")
        await play.until_seen("Harbour mysteries  0 of 3 raced")
        about = play.part("#pack-about")
        for told in ("harbor · by Quill · CC0-1.0 · en · added", "[red]Not red[/red] [/]"):
            assert told in about
        assert "No readings baked in" in about
        (line,) = [row for row in play.part("#pack-list").splitlines() if "Harbour" in row]
        assert "3 texts" in line
        assert line.endswith("min")


async def test_enter_and_enter_play_the_next_passage(
    game: Callable[..., Any], library: Library
) -> None:
    async with game() as play:
        await show(play)
        await play.press("enter")
        await play.press("enter")
        await play.begin()
        await play.until_writing()
        assert play.race.setup.pack.id == "warm-up"
        assert play.race.setup.passage == library.passages("warm-up")[0].id


async def test_a_passage_is_played_and_what_came_of_it_is_shown(
    game: Callable[..., Any], harbor: str, paths: Paths
) -> None:
    async with game() as play:
        await show(play, "Harbour mysteries")
        assert bests(play) == ["–", "–", "–"]
        await play.press("enter", "down", "down", "enter")
        await play.begin()
        await play.finish("cook 60")
        race = play.race
        assert (race.setup.pack.id, race.setup.passage) == (harbor, "ferry-1")
        await play.press("escape")
        await play.until_on("PacksScreen")
        best = f"{race.total(0).insight_bits:+.1f} bits"
        await play.until(lambda: bests(play) == ["–", best, "–"], best)
        assert "1 of 3 raced" in play.part("#pack-about")
        assert rows(play)[0][0].startswith("▸ Next: The ledger of days")
        await play.press("n")
        await play.begin()
        await play.until_writing()
        assert play.race.setup.passage == "ferry-0"
        await play.leave()
        await play.until_on("PacksScreen")
        await play.press("escape", "escape")
        await play.until_on("HomeScreen")
        await play.until_seen("Go on with your race")


async def test_the_race_left_open_goes_on(game: Callable[..., Any], harbor: str) -> None:
    async with game() as play:
        await show(play, "Harbour mysteries")
        await play.press("n")
        await play.begin()
        await play.until_writing()
        race_id = play.race.setup.race_id
        await play.reveal("cook 60")
        await play.press("enter")
        await play.until_writing()
        await play.leave()
        await play.until_on("PacksScreen")
        await play.until(lambda: bests(play)[0] == "left open", "left open")
        assert rows(play)[0][0].startswith("▸ Next: The ledger of nigh")
        await play.press("enter", "home", "down", "enter")
        await play.until_writing()
        assert play.race.setup.race_id == race_id
        assert "target 2 of 2" in play.lines[0]


async def test_where_all_has_been_raced_nothing_is_next(
    game: Callable[..., Any], library: Library, write: Callable[..., Path]
) -> None:
    library.add(write(n=1))
    async with game() as play:
        await show(play, "Harbour mysteries")
        await play.press("n")
        await play.begin()
        await play.finish()
        await play.press("escape")
        await play.until_on("PacksScreen")
        await play.until(lambda: len(rows(play)) == 1, "one row")
        assert bests(play) == ["+0.0 bits"]
        await play.press("enter")
        await play.press("enter")
        await play.begin()
        await play.until_writing()
        assert play.race.setup.attempts == (2,)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("HARBOUR", {"harbor"}),
        ("mysteries harb", {"harbor"}),
        ("lamp", {"lamp"}),
        ("quill", {"harbor", "lamp"}),
        ("smuggling", {"harbor", "lamp"}),
        ("quill warm-up", set()),
        ("[/]", set()),
        ("zzz", set()),
        ("   ", None),
    ],
)
async def test_filters(
    game: Callable[..., Any],
    library: Library,
    write: Callable[..., Path],
    harbor: str,
    typed: str,
    expected: set[str] | None,
) -> None:
    library.add(write(name="lamp.toml", id="lamp", title="The keeper"))
    async with game() as play:
        await show(play)
        everything = listed(play)
        await play.settle()
        await play.press("slash")
        await play.type(typed)
        await play.until(
            lambda: set(listed(play)) == (set(everything) if expected is None else expected),
            str(expected),
        )
        if expected == set():
            assert "No pack fits this filter. Esc shows all" in play.words
            assert not rows(play)
        elif expected:
            assert f"{len(expected)} of {len(everything)} packs" in play.lines[0]
            await play.until(lambda: rows(play), "its passages")
            await play.press("down", "enter")
            await play.press("enter")
            await play.begin()
            await play.until_writing()
            assert play.race.setup.pack.id in expected
            return
        await play.press("escape")
        assert listed(play) == everything
        assert play.on == "PacksScreen"
        await play.press("escape")
        await play.until_on("HomeScreen")


async def test_letters_in_the_filter_are_no_commands(game: Callable[..., Any]) -> None:
    async with game() as play:
        await show(play)
        await play.press("slash")
        await play.type("acfinxq")
        await play.settle()
        assert play.on == "PacksScreen"
        assert play.screen.query_one("#pack-filter").value == "acfinxq"


@pytest.mark.parametrize("form", ["file", "folder", "bundle"])
async def test_a_pack_is_added_by_its_path(
    game: Callable[..., Any], write: Callable[..., Path], paths: Paths, form: str
) -> None:
    path = write() if form == "file" else write(name="pack.toml")
    if form == "folder":
        path = path.parent
    elif form == "bundle":
        other = Library(paths.packs.parent / "elsewhere", paths.pack_index.parent / "there")
        other.add(path)
        path = paths.packs.parent / "elsewhere" / "harbor.bitrace"
    async with game() as play:
        await show(play)
        await add(play, path)
        await play.until_seen("Added: Harbour mysteries")
        await play.until_seen("Harbour mysteries  0 of 3 raced")
        assert listed(play)[-1] == "harbor"
        assert chosen(play) == "harbor", "it is shown"
        assert (paths.packs / "harbor.bitrace").is_file()


async def test_a_pack_is_picked_from_the_tree(
    game: Callable[..., Any],
    write: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = write(name="pack.toml").parent
    (tmp_path / "notes.txt").write_text("no pack", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    async with game() as play:
        await show(play)
        await play.press("a")
        await play.until_on("OpenText")
        await play.until_seen("empty")
        assert "Which pack is to be added?" in play.text
        await play.press("tab", "backspace")
        await play.until_seen(folder.name)
        assert "notes.txt" not in play.text
        at = next(
            n
            for n, node in enumerate(play.screen.query_one("TextTree").root.children, 1)
            if node.data.path == folder
        )
        await play.press(*["down"] * at, "enter")
        await play.until_seen("Added: Harbour mysteries")


async def test_a_pack_added_under_a_filter_is_shown(
    game: Callable[..., Any], write: Callable[..., Path]
) -> None:
    async with game() as play:
        await show(play)
        await play.press("slash")
        await play.type("warm")
        await play.until(lambda: listed(play) == ["warm-up"], "one pack")
        await play.press("enter")
        await add(play, write())
        await play.until(lambda: chosen(play) == "harbor", "the new one")
        assert "warm-up" in listed(play)
        assert play.screen.query_one("#pack-filter").value == ""


async def test_a_key_pressed_twice_shows_one_report(game: Callable[..., Any]) -> None:
    async with game() as play:
        await show(play)
        await play.press("c", "c", "c")
        await play.until_on("PackReport")
        await play.settle()
        await play.press("escape")
        await play.until_on("PacksScreen")
        await play.press("escape")
        await play.until_on("HomeScreen")


async def test_nothing_picked_changes_nothing(game: Callable[..., Any], paths: Paths) -> None:
    async with game() as play:
        await show(play)
        await play.press("a")
        await play.until_on("OpenText")
        await play.press("escape")
        await play.until_on("PacksScreen")
        await play.settle()
        assert not paths.packs.exists()


async def test_all_faults_of_a_pack_are_shown_and_it_is_not_added(
    game: Callable[..., Any], write: Callable[..., Path], paths: Paths
) -> None:
    path = write(BAD)
    async with game() as play:
        await show(play)
        before = listed(play)
        await add(play, path)
        await play.until_on("PackReport")
        expected = lines(check(str(path))[0])
        assert len(expected) > 25
        assert report(play) == expected
        assert " faults" in play.lines[0]
        assert "line 2, id: must be 2 to 40 of the characters" in play.words
        await play.press("end")
        await play.until_seen("harbor.toml: ")
        assert "faults." in play.words
        await play.press("escape")
        await play.until_on("PacksScreen")
        assert listed(play) == before
        assert not paths.packs.exists()


@pytest.mark.parametrize(
    "typed", ["no such file", ".", "x" * 300, "warm-up", "~nobody-there/x"]
)
async def test_what_is_no_pack_is_told(
    game: Callable[..., Any],
    paths: Paths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    async with game() as play:
        await show(play)
        await add(play, typed)
        await play.until_on("PackReport")
        assert "1 fault." in play.words
        await play.press("enter")
        await play.until_on("PacksScreen")
        assert not paths.packs.exists()


@pytest.mark.parametrize("answer", ["y", "n", "enter", "escape", "down"])
async def test_an_id_that_is_taken(
    game: Callable[..., Any],
    write: Callable[..., Path],
    library: Library,
    harbor: str,
    answer: str,
) -> None:
    newer = write(name="newer.toml", title="Harbour once more")
    async with game() as play:
        await show(play)
        await add(play, newer)
        await play.until_on("Question")
        assert (
            "A pack harbor is installed already (Harbour mysteries). "
            "Put the new one (Harbour once more) in its place?"
        ) in told(play, "#question")
        await play.press(*([answer, "enter"] if answer == "down" else [answer]))
        await play.until_on("PacksScreen")
        if answer in ("y", "down"):
            await play.until_seen("Harbour once more  0 of 3 raced")
        await play.settle()
        kept = "Harbour once more" if answer in ("y", "down") else "Harbour mysteries"
        assert library.facts(harbor).title == kept
        assert listed(play).count(harbor) == 1


async def test_the_id_of_a_built_in_pack_cannot_be_taken(
    game: Callable[..., Any], write: Callable[..., Path], paths: Paths
) -> None:
    async with game() as play:
        await show(play)
        await add(play, write(id="warm-up"))
        await play.until_on("Notice")
        assert "comes with the game: give yours another" in told(play, "#notice")
        await play.press("enter")
        await play.until_on("PacksScreen")
        assert not paths.packs.exists()


async def test_a_pack_that_cannot_be_kept(
    game: Callable[..., Any], write: Callable[..., Path], paths: Paths
) -> None:
    paths.packs.parent.mkdir(parents=True)
    paths.packs.write_text("in the way", encoding="utf-8")
    async with game() as play:
        await show(play)
        await add(play, write())
        await play.until_on("Notice")
        assert "The pack cannot be kept" in play.words


@pytest.mark.parametrize("key", ["x", "delete"])
async def test_a_pack_is_removed_when_that_is_meant(
    game: Callable[..., Any], harbor: str, library: Library, paths: Paths, key: str
) -> None:
    async with game() as play:
        await show(play, "Harbour mysteries")
        await play.press("n")
        await play.begin()
        await play.finish()
        await play.press("escape")
        await play.until_on("PacksScreen")
        await play.press(key)
        await play.until_on("Question")
        assert "Take away the pack harbor (Harbour mysteries)?" in told(play, "#question")
        await play.press("enter")
        await play.until_on("PacksScreen")
        assert harbor in library, "Enter alone keeps it"
        await play.press(key)
        await play.until_on("Question")
        await play.press("y")
        await play.until(lambda: harbor not in listed(play), "the list without it")
        assert "Removed: harbor. Races on it are kept." in play.told
        assert harbor not in library
        assert not list(paths.packs.iterdir())
    assert open_store(paths).count_races() == 1


async def test_built_in_packs_stay(game: Callable[..., Any]) -> None:
    async with game() as play:
        await show(play)
        await play.press("x")
        await play.until_on("Notice")
        sentence = "Warm-up comes with the game: it cannot be removed."
        assert sentence in told(play, "#notice")


async def test_a_pack_removed_elsewhere(
    game: Callable[..., Any], harbor: str, library: Library
) -> None:
    async with game() as play:
        await show(play, "Harbour mysteries")
        library.remove(harbor)
        await play.press("c")
        await play.until_on("Notice")
        assert "There is no pack 'harbor'" in play.words
        await play.press("enter")
        await play.until_on("PacksScreen")
        await play.until(lambda: "There is no pack 'harbor'" in play.told, "the same, told")
        await play.until(lambda: not rows(play), "no passages")
        await play.press("n", "enter", "enter")
        assert play.on == "PacksScreen"


async def test_a_damaged_pack_is_listed_and_can_be_removed(
    game: Callable[..., Any], harbor: str, paths: Paths
) -> None:
    bundle = paths.packs / "harbor.bitrace"
    bundle.write_bytes(bundle.read_bytes()[:200])
    async with game() as play:
        await show(play)
        await play.press("end")
        await play.until_seen("harbor is damaged")
        (line,) = [row for row in play.part("#pack-list").splitlines() if "harbor" in row]
        assert line.endswith("damaged")
        assert not rows(play)
        await play.press("n", "i")
        assert play.on == "PacksScreen"
        for key in ("enter", "c"):
            await play.press(key)
            await play.until_on("PackReport")
            assert "harbor.bitrace: this is no zip archive" in play.words
            assert "harbor: 1 fault." in play.words
            await play.press("escape")
            await play.until_on("PacksScreen")
        await play.press("x")
        await play.until_on("Question")
        await play.press("y")
        await play.until(lambda: "harbor" not in listed(play), "the list without it")
        assert not bundle.exists()


async def test_checking(
    game: Callable[..., Any], harbor: str, library: Library, write: Callable[..., Path]
) -> None:
    good = write(name="other.toml", id="other")
    async with game() as play:
        await show(play, "Harbour mysteries")
        await play.press("c")
        await play.until_on("PackReport")
        expected = lines(check(str(library.path(harbor)))[0])
        assert report(play)[:-1] == expected[:-1]
        assert report(play)[-1] == "harbor: no faults."
        assert "no faults" in play.lines[0]
        await play.press("escape", "f")
        await play.until_on("OpenText")
        assert "Which pack is to be checked?" in play.text
        await play.paste(str(good))
        await play.press("enter")
        await play.until_on("PackReport")
        assert report(play) == lines(check(str(good))[0])
        await play.press("escape")
        await play.until_on("PacksScreen")
        assert "other" not in library


async def test_about(game: Callable[..., Any], harbor: str) -> None:
    async with game() as play:
        await show(play, "Harbour mysteries")
        await play.press("i")
        await play.until_on("PackReport")
        for told in (
            "Harbour mysteries (harbor, version 1)",
            "ferry-1",
            "No readings are baked",
        ):
            assert told in play.words


async def test_help_and_keys(game: Callable[..., Any]) -> None:
    settings = Settings(player="ann", keys={"packs.add": "f5", "home.packs": "f6"})
    async with game(settings=settings) as play:
        await play.until_seen("Begin here")
        await play.press("f6")
        await play.until_on("PacksScreen")
        assert "f5 add" in play.lines[-2].lower()
        await play.press("f1")
        await play.until_on("HelpScreen")
        await play.press(*["pagedown"] * 5)
        assert "Take away a pack that was added" in play.words
        assert "Lock the slip in" not in play.words
        await play.press("escape", "f5")
        await play.until_on("OpenText")


async def test_the_palette_knows_the_packs(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("ctrl+p")
        await play.until_on("CommandPalette")
        await play.type("Packs")
        await play.until_seen("See, play, add and check packs")
        await play.press("enter")
        if play.on == "CommandPalette":
            await play.press("enter")
        await play.until_on("PacksScreen")
        await play.until_seen("your best")
        await play.press("ctrl+p")
        await play.until_on("CommandPalette")
        await play.type("Check a file")
        await play.until_seen("Tell every fault of a pack that is not installed")
        await play.press("enter")
        if play.on == "CommandPalette":
            await play.press("enter")
        await play.until_seen("Which pack is to be checked?")


async def test_the_row_at_home_leads_here(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        row = next(row for row, line in enumerate(play.lines) if "  Packs " in line)
        await play.pilot.click(offset=(play.region("#choices").x + 3, row))
        await play.until_on("PacksScreen")
        await play.press("escape")
        await play.until_on("HomeScreen")


async def test_the_mouse_chooses_and_plays(game: Callable[..., Any], library: Library) -> None:
    async with game() as play:
        await show(play)
        await play.pilot.click("#passages", offset=(4, 3))
        await play.until(lambda: play.on == "StartScreen" or bool(rows(play)), "a row")
        if play.on != "StartScreen":
            await play.pilot.click("#passages", offset=(4, 3))
        await play.begin()
        await play.until_writing()
        assert play.race.setup.passage == library.passages("warm-up")[1].id


async def test_a_store_that_cannot_be_read_leaves_the_passages(
    game: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("The store is [b]gone[/b].")

    monkeypatch.setattr("tui.bests.best_insights", refuse)
    async with game() as play:
        await show(play)
        await play.until_seen("The store is [b]gone[/b].")
        assert set(bests(play)) == {"–"}


@pytest.mark.parametrize(
    "error", [StoreError("No [/] packs today."), PermissionError(13, "No")]
)
async def test_packs_that_cannot_be_listed(
    game: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(Library, "list", refuse)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("p")
        await play.until_on("Notice")
        assert "No" in play.words
        await play.press("enter", *"ncix", "slash", *"ab", "enter", "enter", "escape", "escape")
        await play.until_on("HomeScreen")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_all_sizes(
    game: Callable[..., Any],
    harbor: str,
    write: Callable[..., Path],
    size: tuple[int, int],
) -> None:
    async with game(size=size) as play:
        await show(play, "Harbour mysteries")
        assert not cut_off(play)
        for key in ("/ filter", "a add", "c check", "x remove", "esc back", "F1 help"):
            assert key in play.lines[-2]
        for told in ("Harbour mysteries", "by Quill", "your best", "smuggling"):
            assert told in play.words or told == "smuggling"
        side_by_side = size[0] >= 96
        packs, passages = play.region("#pack-list"), play.region("#passages")
        assert (passages.x >= packs.right) == side_by_side
        assert (passages.y >= packs.bottom) != side_by_side
        assert passages.height >= 5
        await play.press("x")
        await play.until_on("Question")
        assert not cut_off(play)
        await play.press("n")
        await add(play, write(BAD))
        await play.until_on("PackReport")
        assert not cut_off(play)
        assert all(len(row.rstrip()) <= size[0] for row in play.lines)


@pytest.mark.parametrize("small", [(59, 20), (60, 19), (20, 5)])
async def test_too_small(game: Callable[..., Any], small: tuple[int, int]) -> None:
    async with game() as play:
        await show(play)
        before = play.text
        await play.pilot.resize_terminal(*small)
        await play.until(lambda: "bitrace needs 60×20 characters" in play.words, "the guard")
        await play.pilot.resize_terminal(80, 24)
        await play.until(lambda: play.text == before, "the same again")
        await play.pilot.resize_terminal(120, 40)
        await play.until(lambda: play.region("#passages").x > 40, "side by side")
        await play.pilot.resize_terminal(80, 24)
        await play.until(lambda: play.text == before, "the same again")


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light", "nord"])
async def test_other_colours(game: Callable[..., Any], harbor: str, theme: str) -> None:
    async with game(settings=Settings(player="ann", theme=theme)) as play:
        await show(play, "Harbour mysteries")
        await play.press("enter", "down")
        assert "The ledger of days" in play.text


def cut_off(play: Any) -> list[str]:
    """Widgets that are not wholly on the screen."""
    room = Region(0, 0, *play.screen.size)
    return [
        f"{widget} at {widget.region}"
        for widget in play.screen.query("*")
        if widget.display
        and widget.is_on_screen
        and widget.region.area
        and not room.contains_region(widget.region)
        and all(one.max_scroll_y == 0 == one.max_scroll_x for one in widget.ancestors)
    ]


@pytest.fixture
def evil(hostile: tuple[str, ...]) -> str:
    """All of them in one line."""
    return " ".join(hostile)


@pytest.fixture
def look(unsafe: Callable[[str], set[str]]) -> Callable[..., None]:
    """Looks at a frame: nothing that acts, and these strings as they are."""

    def check(play: Any, *expected: str) -> None:
        assert not unsafe(play.text)
        assert not unsafe(play.app.export_screenshot())
        shown = "".join(play.text.replace("│", "").split())
        for text in expected:
            assert "".join(clean(text).split()) in shown, f"{clean(text)!r} is not there"

    return check


def evil_pack(evil: str) -> tuple[PackFacts, tuple[PassageFacts, ...]]:
    """What a cache somebody has written to may tell."""
    pack = PackFacts(
        id="harbor",
        title=evil,
        author=evil,
        license=evil,
        language=evil,
        description=f"{evil}\n\n{evil}",
        version=evil,
        sha256="",
        n_passages=2,
        n_words=200,
        n_targets=0,
        minutes=3.0,
        models=(evil, evil),
    )
    passages = tuple(
        PassageFacts(f"p{n}", f"{n} {evil}", evil, 100, 0, f"{n:064}") for n in range(2)
    )
    return pack, passages


@pytest.mark.parametrize("size", [(60, 20), (400, 60)])
async def test_hostile_facts(
    game: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    evil: str,
    look: Callable[..., None],
    size: tuple[int, int],
) -> None:
    pack, passages = evil_pack(evil)
    error = PackFaults((Fault(evil, 3, evil, evil, evil),) * 3)
    monkeypatch.setattr(Library, "list", lambda _: ([pack], [Broken("broken", error)]))
    monkeypatch.setattr(Library, "facts", lambda *_: pack)
    monkeypatch.setattr(Library, "passages", lambda *_: passages)
    async with game(size=(120, 40)) as play:
        await show_anyway(play)
        await play.pilot.resize_terminal(*size)
        await play.until(lambda: rows(play), "its passages")
        look(play, "[red]x[/red]")
        if size[0] == 400:
            look(play, f"0 {evil}"[:40], evil)
        await play.pilot.hover("#passages", offset=(5, 2))
        await play.pilot.hover("#pack-list", offset=(5, 0))
        look(play)
        for key in ("i", "x"):
            await play.press(key)
            await play.until(lambda: play.on != "PacksScreen", "what lies over it")
            look(play)
            await play.press("escape")
            await play.until_on("PacksScreen")
        await play.press("end")
        await play.until_seen("broken is damaged")
        look(play)
        await play.press("enter")
        await play.until_on("PackReport")
        look(play, "[red]x[/red]")
        await play.press("escape", "slash")
        await play.paste(evil)
        look(play)


async def show_anyway(play: Any) -> None:
    """Home may have nothing to tell of packs that are not there."""
    await play.until_seen("Packs")
    await play.settle()
    await play.press("p")
    await play.until_on("PacksScreen")
    await play.settle()


async def test_hostile_files(
    game: Callable[..., Any],
    write: Callable[..., Path],
    paths: Paths,
    evil: str,
    look: Callable[..., None],
    unsafe: Callable[[str], set[str]],
) -> None:
    escaped = "".join(
        f"\\u{ord(sign):04x}" if unsafe(sign) else sign for sign in evil.replace("\\", "")
    )
    texts = {
        "title.toml": toml(title=escaped),
        "deep.toml": "a = " + "[" * 500_000,
        "[/].toml": toml(id="[/]"),
        "raw.toml": toml(title=evil),
        "zip.bitrace": "PK\x03\x04" + evil,
    }
    async with game(size=(120, 40)) as play:
        await show(play)
        for name, text in texts.items():
            await add(play, write(text, name))
            await play.until_on("PackReport")
            look(play)
            await play.press("escape")
            await play.until_on("PacksScreen")
        await add(play, f"/nowhere/{evil}")
        await play.until_on("PackReport")
        look(play)
        await play.press("escape")
        assert not paths.packs.exists()


async def test_brackets_in_a_pack_are_shown_as_they_are(
    game: Callable[..., Any], write: Callable[..., Path], look: Callable[..., None]
) -> None:
    title = "[/] [red]x[/red] [@click=app.quit]go[/]"
    async with game(size=(120, 40)) as play:
        await show(play)
        await add(play, write(title=title))
        await play.until(lambda: title in play.part("#pack-about"), title)
        look(play, f"Added: {title}")
        await play.press("x")
        await play.until_on("Question")
        look(play, title)
        await play.press("n", "c")
        await play.until_on("PackReport")
        look(play, "harbor: no faults.")


@pytest.fixture
def thousand(paths: Paths, library: Library) -> None:
    """A thousand packs that nobody has opened since they were added."""
    paths.packs.mkdir(parents=True)
    paths.pack_index.mkdir(parents=True)
    for n in range(1000):
        id = f"pack-{n:04}"
        (paths.packs / f"{id}.bitrace").write_bytes(b"not looked into")
        passages = tuple(
            PassageFacts(f"p{m}", f"Passage {m}", f"theme-{n % 10}", 300, 6, f"{n:060}{m:04}")
            for m in range(8)
        )
        facts = PackFacts(
            id, f"Pack number {n}", "Quill", "", "en", "", "1", "", 8, 2400, 48, 28.0, ()
        )
        (paths.pack_index / f"{id}.jsonl").write_bytes(
            kept.dump(library._stamp(id), facts, passages)
        )


def chosen(play: Any) -> str:
    """The pack under the cursor."""
    return play.screen.query_one("#pack-list").chosen


async def test_a_thousand_packs_keep_no_key_waiting(
    game: Callable[..., Any], thousand: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: set[threading.Thread] = set()

    def seen(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            readers.add(threading.current_thread())
            return method(*arguments)

        return call

    async with game() as play:
        await play.until_seen("Begin here")
        await play.settle()
        for name in ("list", "facts", "passages"):
            monkeypatch.setattr(Library, name, seen(getattr(Library, name)))
        longest = 0.0

        async def beat() -> None:
            nonlocal longest
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.005)
                longest = max(longest, time.perf_counter() - before)

        heart = asyncio.create_task(beat())
        await play.press("p")
        await play.until_seen("1,00")
        await play.press("end")
        await play.until_seen("Pack number 999  0 of 8 raced")
        await play.press(*["up"] * 40)
        await play.until(lambda: chosen(play) != "pack-0999", "another pack")
        at = int(chosen(play)[-4:])
        await play.until_seen(f"Pack number {at}  0 of 8 raced")
        await play.settle()
        await play.press("slash")
        await play.type("theme-7 99")
        await play.until_seen("Pack number 997")
        heart.cancel()
        assert chosen(play) == "pack-0997"
        assert all("99" in id and id[-1] == "7" for id in listed(play))
        assert readers, "packs have been read"
        assert threading.main_thread() not in readers
        assert longest < 1.0, "a stall that a player would notice, on a busy machine too"
