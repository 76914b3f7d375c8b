"""The screen before a race: what it will be, and who races how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region

from engine.baked import Baked
from engine.errors import BitraceError, InputError, StoreError
from engine.race import Identity
from engine.setup import Player
from puzzles.readings import PackReading, Readings
from tui.choose import Wish, find
from tui.literal import clean
from tui.opening import open_found
from tui.paths import Paths
from tui.play import library_of, open_store, play_wish
from tui.previews import Offer, Preview, offer, preview
from tui.rivals import Rival, asking_for, can_race, ticked
from tui.settings import Settings
from tui.store import Store

SIZES = ((60, 20), (80, 24), (120, 40))
ANN = Settings(player="ann")
BIG = Identity("Grande-70B", "Grande-70B.gguf", "ab" * 32, "Q4_1", 2, "script", 2048)
GUEST = "reader@abababab"
PACK = '''
format = 1
id = "harbour"
title = "The harbour"

[[passages]]
id = "ledger"
title = "The ledger"
primer = "Four people live on this boat: a captain, a cook, a thief and a girl called Ann."
preface = "Ann tells it. She has seen everything."
text = """{text}"""

[[passages]]
id = "again"
title = "Once more"
text = """{text} A winter storm tore three boats from their ropes, and broke the lighthouse \
window over the northern cliff before anybody could climb the stairs with candles."""
'''


@pytest.fixture
def pack(tmp_path: Path, marked: str) -> str:
    """A pack of two passages, the first one with primer and preface."""
    path = tmp_path / "harbour.toml"
    path.write_text(PACK.format(text=marked), encoding="utf-8")
    return str(path)


@pytest.fixture
def read_by_big(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pack comes with a bigger model's reading of its passage `ledger`."""
    baked = Baked(BIG, {"reader": dict.fromkeys(range(200), 1.0)}, {}, {})
    readings = Readings((PackReading(BIG, {"ledger": baked}, b""),), ())
    monkeypatch.setattr("tui.choose.read_readings", lambda loaded: readings)


@pytest.fixture
def offered(paths: Paths) -> Callable[..., Offer]:
    """Offers a race as it was asked for."""

    def make(what: str, settings: Settings = ANN, **more: Any) -> Offer:
        wish = Wish(what, **more)
        return offer(open_store(paths), wish, find(wish, library_of(paths)), settings)

    return make


def written(paths: Paths) -> tuple[int, list[str]]:
    """How many races there are, and the names of the players."""
    store = open_store(paths)
    try:
        return store.count_races(), [player.name for player in store.players()]
    finally:
        store.close()


async def show(play: Any, what: str) -> None:
    await play.until_seen("Begin here")
    play.app.races.begin(what)
    await play.until_on("StartScreen")
    await play.until_seen("▸ Begin")


async def go(play: Any, row: str) -> None:
    """Go down to a row."""
    for _ in range(20):
        if f"▸ {row}" in play.text:
            return
        await play.press("down")
    raise AssertionError(f"there is no row {row}:\n{play.text}")


async def tick(play: Any, *names: str) -> None:
    """Tick rivals, or untick them, from above to below."""
    await go(play, "Against")
    opponents = play.screen.query_one("OpponentList")
    await play.press("home")
    for name in names:
        for _ in range(opponents.option_count):
            if opponents._names[opponents.highlighted] == name:
                break
            await play.press("down")
        await play.press("space")


def against(play: Any) -> dict[str, bool]:
    """Who could race, and whether they will."""
    rivals = play.screen._offer.preview.rivals
    rows = [str(option.prompt) for option in play.screen.query_one("OpponentList").options]
    for row, rival in zip(rows, rivals, strict=True):
        assert row[4:].startswith(clean(rival.called))
    return {
        rival.called: row.startswith("[x]") for row, rival in zip(rows, rivals, strict=True)
    }


def mode(play: Any) -> str:
    """The mode that is chosen."""
    (row,) = [line for line in play.lines if "(•)" in line]
    return row.partition("(•)")[2].split()[0]


async def test_a_race_is_one_enter_away_and_nothing_is_written_before(
    game: Callable[..., Any], pack: str, paths: Paths
) -> None:
    async with game() as play:
        await show(play, pack)
        assert play.lines[0].startswith(" The harbour · The ledger ")
        assert "4 words to predict · 116 to read · about 2 minutes" in play.text
        assert "A primer is read first." in play.text
        assert mode(play) == "open"
        assert "ann against Goldfish, Reader" in play.text
        assert against(play) == {
            "Goldfish": True,
            "Reader": True,
            "Sage": False,
            "Stranger": False,
            "Nobody": False,
            "Centaur": False,
        }
        assert "⏎ begin" in play.lines[-2]
        assert written(paths) == (0, [])
        await play.press("escape")
        await play.until_on("HomeScreen")
        assert written(paths) == (0, [])
        play.app.races.begin(pack)
        await play.begin()
        await play.until_on("RaceScreen")
        setup = play.race.setup
        assert (setup.mode, setup.minds) == ("open", ("goldfish", "reader"))
        assert (setup.against, setup.clock_s, setup.passage) == ((), None, "ledger")
        assert written(paths) == (1, ["ann"])
        assert len(play.app.screen_stack) == 2


async def test_everything_can_be_changed_for_this_race(
    game: Callable[..., Any], pack: str, paths: Paths, read_by_big: None
) -> None:
    async with game() as play:
        await show(play, pack)
        assert against(play)["Grande-70B"]
        await go(play, "Mode")
        assert "← before" in play.lines[-2]
        await play.press("right")
        assert mode(play) == "choice"
        await play.press("space")
        assert mode(play) == "Shannon"
        await play.press("right", "left", "left", "left")
        assert mode(play) == "open"
        await play.press("left")
        assert mode(play) == "Shannon"
        await go(play, "Players")
        await play.type("bo")
        await play.press("enter")
        await play.type("cy")
        await play.press("enter")
        assert "ann  ‹bo›" not in play.text
        assert "ann   bo  ‹cy›" in play.text
        assert mode(play) == "Shannon", "it was chosen"
        await play.press("left", "left")
        assert "‹ann›  bo   cy" in play.text
        await play.press("backspace")
        assert "bo  ‹cy›" in play.text
        await go(play, "Clock")
        await play.press("right", "right")
        assert "‹ 20 seconds a word ›" in play.text
        assert against(play)["Nobody"], "of two people"
        await tick(play, "goldfish", "sage", "stranger", "centaur")
        assert "bo, cy against Reader, Sage, Stranger, Grande-70B" in play.text
        await play.press("enter")
        await play.until_on("Notice" if play.on == "Notice" else "RaceScreen")
        setup = play.race.setup
        assert [player.name for player in setup.players] == ["bo", "cy"]
        assert (setup.mode, setup.clock_s) == ("shannon", 20)
        assert setup.minds == ("reader", "sage", "stranger", GUEST)
        assert setup.mixtures == ("nobody", "centaur")
        assert setup.against[-1] == "ghost:baked", "the next passage has other readers"
        assert written(paths) == (1, ["cy", "bo"])
        assert play.app.settings == ANN, "it holds for this race"
        assert not paths.settings_file.exists()


async def test_three_at_one_terminal_choose_among_six(
    game: Callable[..., Any], pack: str
) -> None:
    async with game() as play:
        await show(play, pack)
        await go(play, "Players")
        for number in range(1, 8):
            await play.type(f"player {number}")
            await play.press("enter")
            assert mode(play) == ("open" if number < 2 else "choice")
        assert "about 11 minutes" in play.text, "one after the other"
        await play.type("one more")
        await play.press("enter")
        assert "9 players are too many: 8 at the most." in play.told
        assert play.screen.query_one("PlayerLine").value == "one more", "it can be mended"
        await play.press("down")
        assert "▸ Players" in play.text
        await play.press(*["backspace"] * 8)
        for number in range(7, 1, -1):
            assert f"‹player {number}›" in play.text
            await play.press("backspace")
        assert mode(play) == "open"
        assert "ann  ‹player" in play.text
        await play.press("backspace")
        assert "‹ann›" in play.text
        await play.press("backspace")
        assert "Somebody has to play" in play.told
        await play.type("ANN")
        await play.press("enter")
        assert "Two players have the same name" in play.told
        await play.press(*["backspace"] * 3)
        await play.type("bo")
        await play.press("down")
        assert "▸ Clock" in play.text, "a name that was written counts"
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert [player.name for player in play.race.setup.players] == ["ann", "bo"]


async def test_who_has_played_here_is_known(game: Callable[..., Any], pack: str) -> None:
    async with game() as play:
        play.app.store.player("Zacharias")
        await show(play, pack)
        await go(play, "Players")
        await play.type("zach")
        await play.until_seen("zacharias")
        await play.press("right", "enter")
        await play.until_seen("‹Zacharias›")


async def test_somebody_has_to_race_and_the_centaur_takes_reader_along(
    game: Callable[..., Any], pack: str, tmp_path: Path
) -> None:
    model = tmp_path / "Mine [red].gguf"
    model.write_bytes(b"GGUF" + bytes(20))
    wish = Wish(pack, further=(str(model),), against=("goldfish",))
    async with game() as play:
        await play.until_seen("Begin here")
        found = find(wish, play.app.races.library)
        play.app.races.show_start(offer(play.app.store, wish, found, ANN))
        await play.until_on("StartScreen")
        assert against(play)["Mine [red]"]
        await tick(play, "goldfish")
        assert "Somebody has to race against you" in play.told
        assert against(play)["Goldfish"]
        await tick(play, "centaur")
        assert against(play)["Reader"]
        await tick(play, "reader")
        assert not against(play)["Centaur"]
        await tick(play, f"model:{model}")
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert play.race.setup.minds == ("goldfish",)
        assert play.race.setup.further_models == ()


async def test_what_is_set_and_what_is_asked_for_is_there(
    game: Callable[..., Any], offered: Callable[..., Offer], pack: str, paths: Paths
) -> None:
    settings = Settings("bo", mode="shannon", clock_s=30, against=("centaur", "sage"))
    one = offered(pack, settings)
    async with game(settings=settings, offered=one) as play:
        await play.until_on("StartScreen")
        assert mode(play) == "Shannon"
        assert "30 seconds a word" in play.text
        assert "bo against Reader, Sage, Centaur" in play.text
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert play.race.setup.against == ("centaur", "sage")
    two = offered(pack, settings, players=("cy", "di"), mode="open", clock_s=0, n_targets=2)
    async with game(settings=settings, offered=two) as play:
        await play.until_on("StartScreen")
        assert mode(play) == "open"
        assert "2 words to predict" in play.text
        assert "none" in play.text
        await play.press("enter")
        await play.until_on("RaceScreen")
        setup = play.race.setup
        assert (setup.mode, setup.clock_s, len(setup.targets)) == ("open", None, 2)
        assert [player.name for player in setup.players] == ["cy", "di"]


async def test_leaving_what_the_app_was_started_for_ends_it(
    game: Callable[..., Any], offered: Callable[..., Offer], pack: str, paths: Paths
) -> None:
    async with game(offered=offered(pack)) as play:
        await play.until_on("StartScreen")
        await play.press("escape", "escape")
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 0
        assert play.app.sentence == ""
    assert written(paths) == (0, [])
    async with game(offered=offered(pack)) as play:
        await play.press("enter")
        await play.until_on("RaceScreen")
        await play.leave()
        await play.until_on("HomeScreen")
        play.app.races.begin(pack)
        await play.until_on("StartScreen")
        await play.press("escape")
        await play.until_on("HomeScreen")
        assert play.app.is_running, "only the race it was started for ends it"


async def test_your_best_is_offered_where_there_is_one(
    game: Callable[..., Any], pack: str
) -> None:
    async with game(size=(120, 40)) as play:
        await show(play, pack)
        await play.begin()
        await play.press("enter")
        await play.finish("cook 60")
        await play.press("escape")
        await play.until_on("HomeScreen")
        library, store = play.app.races.library, play.app.store
        wish = Wish(pack)
        second = offer(store, wish, find(wish, library), ANN)
        assert second.preview.title.endswith("Once more"), "the first was raced"
        found = replace(find(wish, library), passage_id="ledger")
        play.app.races.show_start(offer(store, wish, found, ANN))
        await play.until_seen("Raced before by you: practice, off the boards.")
        assert against(play)["Your best"] is False
        await go(play, "Mode")
        await play.press("right")
        assert "Your best" not in against(play), "in this mode there is none"
        await play.press("left")
        await tick(play, "ghost:best")
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert [ghost.name for ghost in play.race.setup.ghosts] == ["ann's best"]


async def test_what_cannot_be_is_told_and_nothing_is_lost(
    game: Callable[..., Any], pack: str, monkeypatch: pytest.MonkeyPatch, paths: Paths
) -> None:
    begin = Store.begin

    def refuse(*_: object) -> None:
        raise StoreError("There is no room left for /x/bitrace.db.")

    async with game() as play:
        await show(play, "days")
        await go(play, "Mode")
        await play.press("right")
        assert "A day's race is the same for everybody" in play.told
        assert mode(play) == "open"
        await play.press("escape")
        await show_again(play, pack)
        await go(play, "Clock")
        await play.press("right")
        monkeypatch.setattr(Store, "begin", refuse)
        await play.press("enter")
        await play.until_on("Notice")
        assert "no room left" in play.words
        await play.press("enter")
        await play.until_on("StartScreen")
        assert "10 seconds a word" in play.text
        monkeypatch.setattr(Store, "begin", begin)
        await play.press("enter")
        await play.until_on("RaceScreen")
        assert play.race.setup.clock_s == 10
        play.app.go_home()
        play.app.races.begin("nowhere")
        await play.until_on("Notice")
        assert "There is no file and no pack 'nowhere'" in play.words


async def show_again(play: Any, what: str) -> None:
    await play.until_on("HomeScreen")
    play.app.races.begin(what)
    await play.until_on("StartScreen")


def outside(play: Any) -> list[str]:
    """Rows that take keys and are not wholly on the screen."""
    room = Region(0, 0, *play.screen.size)
    return [
        f"{widget} at {widget.region}"
        for widget in play.screen.walk_children()
        if widget.is_on_screen and not room.contains_region(widget.region)
    ]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_all_sizes(
    game: Callable[..., Any],
    offered: Callable[..., Offer],
    pack: str,
    read_by_big: None,
    size: tuple[int, int],
) -> None:
    async with game(offered=offered(pack), size=size) as play:
        await play.until_seen("▸ Begin")
        assert not outside(play)
        for row in ("Mode", "Players", "Clock", "Against"):
            await go(play, row)
            assert not outside(play)
        await play.press(*["down"] * 6)
        for told in ("Centaur", "you and Reader, mixed by merit", "space tick", "⏎ begin"):
            assert told in play.text
        await play.press("f1")
        await play.until_on("HelpScreen")
        assert "Begin the race" in play.words or size[1] < 24
        await play.press("escape", "down")
        assert "▸ Begin" in play.text, "round and round"
    names = tuple(f"a rather long name, no {n}" for n in range(8))
    async with game(offered=offered(pack, players=names), size=size) as play:
        await play.until_seen("▸ Begin")
        await play.press("down")
        assert mode(play) == "choice"
        await play.press("down")
        assert "+ a name" in play.text
        for name in names[-4:]:
            assert name in play.text, "in one piece"
        await play.press("up", "up", "up", "space")
        await play.until_seen("[x] Centaur")  # scrolled to


async def test_the_mouse_does_all_of_it(game: Callable[..., Any], pack: str) -> None:
    async with game() as play:
        await show(play, pack)
        where = play.region("ModeLines")
        await play.pilot.click(offset=(30, where.y + 2))
        assert mode(play) == "Shannon"
        where = play.region("#option-clock_s")
        await play.pilot.click(offset=(30, where.y))
        assert "‹ 10 seconds a word ›" in play.text
        await play.pilot.click(offset=(18, where.y))
        assert "‹ none ›" in play.text
        where = play.region("OpponentList")
        await play.pilot.click(offset=(10, where.y + 2))
        assert against(play)["Sage"]
        where = play.region("#option-begin")
        await play.pilot.click(offset=(10, where.y))
        await play.until_on("RaceScreen")
        assert play.race.setup.minds == ("goldfish", "reader", "sage")


async def test_hostile_names_do_nothing(
    game: Callable[..., Any],
    marked: str,
    tmp_path: Path,
    hostile: tuple[str, ...],
    unsafe: Callable[[str], set[str]],
    offered: Callable[..., Offer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evil = " ".join(hostile).replace("/", "").replace("\x00", "")
    path = tmp_path / f"{evil}.txt"
    path.write_text(marked, encoding="utf-8")
    model = tmp_path / f"{evil}.gguf"
    model.write_bytes(b"GGUF" + bytes(20))
    one = offered(str(path), further=(str(model),), players=("[red]bo[/red]", "[/]"))
    one.store.player("[bold]an \x1b[2J")
    async with game(offered=one, size=(400, 40)) as play:
        await play.until_seen("▸ Begin")
        assert clean(path.name) in play.lines[0]
        assert f"[x] {clean(evil)}" in play.text
        assert "[red]bo[/red]" in play.text
        await go(play, "Players")
        await play.type("[bold]a")
        await play.settle()
        await play.press("right", "enter")
        assert "‹[bold]an �[2J›" in play.text or "control characters" in play.told
        assert not unsafe(play.text + play.told)
        assert not unsafe(play.app.export_screenshot())


# ---- what is known before ----


def look(paths: Paths, what: str, settings: Settings = ANN, **more: Any) -> Preview:
    wish = Wish(what, **more)
    store = open_store(paths)
    try:
        return preview(store, wish, find(wish, library_of(paths)), settings)
    finally:
        store.close()


def test_a_preview_is_the_race_that_is_begun(paths: Paths, pack: str) -> None:
    asked: list[tuple[Settings, dict[str, Any]]] = [
        (ANN, {}),
        (ANN, {"players": ("a", "b", "c")}),
        (ANN, {"against": ("ghost:best", "sage,nobody"), "n_targets": 3}),
        (replace(ANN, against=("stranger",), clock_s=45), {"mode": "choice", "seed": 3}),
        (ANN, {"against": ("centaur",), "uniform": True, "n_targets": 5}),
    ]
    for settings, more in asked:
        seen = look(paths, pack, settings, **more)
        store = open_store(paths)
        wish = Wish(pack, **more)
        setup = open_found(store, wish, find(wish, library_of(paths)), settings).race.setup
        store.close()
        assert (seen.title, seen.mode) == (setup.title, setup.mode)
        assert seen.n_targets == len(setup.targets)
        assert seen.players == tuple(player.name for player in setup.players)
        assert (seen.clock_s or None) == setup.clock_s
        racing = {*setup.minds, *setup.mixtures}
        assert {name for name in seen.coming if name != "ghost:best"} == racing


def test_looking_makes_no_player(paths: Paths, pack: str) -> None:
    look(paths, pack, players=("nobody knows",))
    assert written(paths) == (0, [])
    store = open_store(paths)
    assert store.find_player("é") is None
    made = store.player("é")
    assert store.find_player(" e\u0301 ") == made == Player(made.id, "é")
    store.close()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"players": ("a", "A")}, "the same name"),
        ({"players": ("\x1b",)}, "control characters"),
        ({"model": "nowhere.gguf"}, "nowhere.gguf"),
        ({"further": ("nowhere.gguf",)}, "nowhere.gguf"),
        ({"against": ("reeder",)}, "There is no racer 'reeder'"),
        ({"against": ("ghost:nowhere.json",)}, "nowhere.json"),
        ({"from_word": "cook"}, "--from and --whole are for texts"),
    ],
)
def test_what_cannot_be_begun_is_told_before(
    paths: Paths, pack: str, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BitraceError, match=sentence):
        look(paths, pack, **more)


RIVALS = tuple(
    Rival(name, name, "")
    for name in ("goldfish", "reader", GUEST, "reader@2", "model:/a.gguf", "ghost:x", "centaur")
)


def test_asking_for_those_who_were_ticked() -> None:
    wish = Wish("x", against=("sage",), further=("/a.gguf",), clock_s=3)
    everybody = [one.name for one in RIVALS]
    asked = asking_for(wish, RIVALS, everybody)
    assert asked.against == ("goldfish", "reader", "ghost:x", "centaur", "ghost:baked")
    assert asked.further == ("/a.gguf",)
    assert replace(asked, against=("sage",)) == wish
    asked = asking_for(wish, RIVALS, [GUEST])
    assert (asked.against, asked.further) == ((GUEST,), ())


def test_ticking() -> None:
    assert ticked({"reader"}, "goldfish") == {"reader", "goldfish"}
    assert ticked({"goldfish"}, "centaur") == {"goldfish", "centaur", "reader"}
    assert ticked({"goldfish", "centaur", "reader"}, "reader") == {"goldfish"}
    assert ticked({"centaur", "reader"}, "centaur") == {"reader"}
    assert can_race({"reader", "model:x"})
    assert not can_race({"model:x"})
    assert not can_race(())


# ---- from the command line ----


@pytest.fixture
def started(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the app is started with, at a terminal."""
    asked: list[Any] = []

    def run(paths: Paths, settings: Settings, what: Any) -> int:
        asked.append(what)
        return 0

    monkeypatch.setenv("BITRACE_HOME", str(paths.data.parent))
    monkeypatch.setattr("tui.play.find_paths", lambda: paths)
    monkeypatch.setattr("tui.__main__.at_terminal", lambda: True)
    monkeypatch.setattr("tui.app.run_start", run)
    monkeypatch.setattr("tui.app.run_race", run)
    return asked


def test_at_a_terminal_a_race_is_asked_about(
    started: list[Any], pack: str, paths: Paths
) -> None:
    assert play_wish(Wish(pack, players=("bo",)), plain=False, unasked=False) == 0
    (one,) = started
    assert isinstance(one, Offer)
    assert one.preview.players == ("bo",)
    assert written(paths) == (0, [])
    with pytest.raises(InputError, match="--from"):
        play_wish(Wish(pack, from_word="cook"), plain=False, unasked=False)
    assert len(started) == 1, "before there is a screen"
    assert play_wish(Wish(pack, players=("bo",)), plain=False, unasked=True) == 0
    assert started[1].race.setup.players[0].name == "bo"
    assert written(paths) == (1, ["bo"])
