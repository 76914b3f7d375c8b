"""The result of races with stakes on six words, with guesses, and with all kinds of racers."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region

from engine.setup import Ghost
from engine.targets import as_targets
from puzzles.markup import parse as parse_marked
from tui.beginning import Terms
from tui.company import Company
from tui.screens.result import TextTab
from tui.views import Lane, RevealRow
from tui.widgets.lanes import LanesView
from tui.widgets.reveal import RevealPanel

PEOPLE = ("ann", "bo", "carl", "dora", "emil", "fay", "guido", "hildegard")
ELSEWHERE = {
    word: word for word in ("anchor", "barrel", "candle", "dagger", "feather", "garden")
}
BITS = {"instinct": 7.0, "goldfish": 6.0, "reader": 2.0, "stranger": 3.5}


@pytest.fixture
def targets(marked: str) -> tuple[int, ...]:
    """Word indices of the passage's targets."""
    return tuple(target.index for target in as_targets(parse_marked(marked).targets))


@pytest.fixture
def everybody(targets: tuple[int, ...]) -> Callable[..., Company]:
    """Six racers beside the players: three minds, a ghost that was at two words, mixtures."""

    def make(name: str = "ann's best", said: str = "cook 50 sea 20") -> Company:
        here = targets[:2]
        ghost = Ghost("ghost:1", name, "x", dict.fromkeys(here, 2.0), dict.fromkeys(here, said))
        crowd = (Ghost("ghost:2", name, "y", dict.fromkeys(targets, 2.5), {}),)
        minds = ("goldfish", "reader", "stranger")
        return Company(
            minds=minds, ghosts=(ghost,), crowd=crowd, mixtures=("nobody", "centaur")
        )

    return make


@pytest.fixture
def result(
    game: Any, opened: Any, played: Any, prompt: Any, script: Any, everybody: Any
) -> Callable[..., Any]:
    """Shows the result of a race in a mode that was played with these turns."""

    @asynccontextmanager
    async def show(mode: str, *turns: str, **more: Any) -> AsyncGenerator[Any]:
        size = more.pop("size", (80, 24))
        terms = Terms(mode=mode, company=more.pop("company", None) or everybody())
        predictor = prompt(script(BITS))
        one = opened(terms=terms, elsewhere=ELSEWHERE, **more)
        session = played(one, *turns, predictor=predictor)
        async with game(predictor=predictor, size=size) as play:
            await play.until_seen("warm-up")
            play.app.races.show_result(session)
            await play.until_on("ResultScreen")
            await play.settle()
            yield play

    return show


def outside(play: Any, within: str) -> list[str]:
    """Widgets beyond the terminal that nothing scrolls to."""
    room = Region(0, 0, *play.screen.size)
    return [
        str(widget)
        for widget in play.screen.query(f"{within}, {within} > *")
        if widget.display and widget.region.area
        if not room.contains_region(widget.region) and not widget.parent.allow_vertical_scroll
    ]


async def text_tab(play: Any) -> None:
    await play.press("tab")
    await play.until(lambda: isinstance(play.screen.focused, TextTab), "the text")


# ---- six words ----


async def test_the_six_words_stand_with_everybodys_stakes(result: Any) -> None:
    turns = ("50", "30", "", "", "95", "5")
    async with result("choice", *turns, players=("ann", "bo", "carl"), size=(120, 40)) as play:
        six = play.race.sixes[0]
        await text_tab(play)
        head, *rows = play.part("#six").splitlines()
        order = sorted(range(3), key=lambda player: play.race.total(player).bits)
        names = [PEOPLE[player] for player in order]
        assert head.split() == [*names, "Reader", "Instinct"]
        assert [row.removeprefix("▸ ").split()[0] for row in rows] == list(six)
        (true,) = [row for row in rows if row.startswith("▸")]
        stakes = [{"ann": "50", "bo": "30", "carl": "17"}[name] for name in names]
        # All six cost each mind the same here: one in six.
        assert re.findall(r"[\d.]+", true)[:3] in (stakes, [*stakes[:2], "16"])
        assert true.split()[-4:] == ["17", "%", "17", "%"]
        assert "cook 50 anchor" not in play.part("#bets"), "stakes stand in the table"
        assert "1.0 bits     50 %" in play.part("#bets")
        assert not play.shows("#text-words"), "what Reader expected among all words is no part"
        await play.press("right")
        assert "▸ soup" in play.part("#six")


async def test_alone_the_six_are_yours(result: Any) -> None:
    async with result("choice", "50", size=(60, 20)) as play:
        await play.press("end")
        await play.until(
            lambda: "You: 2.2 bits a word among six, where Instinct pays 2.6." in play.words,
            "what six words cost",
        )
        await text_tab(play)
        assert play.part("#six").splitlines()[0].split() == ["you", "Reader", "Instinct"]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_fourteen_racers_can_all_be_seen(
    result: Any, mode: str, size: tuple[int, int]
) -> None:
    names = (*PEOPLE, "Goldfish", "Reader", "Stranger", "ann's best", "Nobody", "Centaur")
    turns = {"open": "cook 50", "choice": "50", "shannon": "a b cook"}[mode]
    async with result(mode, *[turns] * 8, players=PEOPLE, size=size) as play:
        assert len(play.screen.query_one(LanesView)._lanes) == len(names)
        assert play.region("#lanes").height == len(names)
        assert not outside(play, "#race-page")
        seen = play.text
        await play.press("end")
        await play.until(
            lambda: "bitrace ledger" in play.text.split("To paste")[-1], "the share lines"
        )
        seen += play.text
        assert all(name in seen for name in PEOPLE)
        await text_tab(play)
        assert not outside(play, "TextTab")
        assert play.region("#full-text").height >= 4
        seen = play.text
        for _ in range(12):
            await play.press("down")
            seen += play.text
        assert all(f" {name} " in seen or f" {name}·" in seen for name in (*names, "Instinct"))
        if mode == "choice":
            assert "more below" in seen
            assert "cook 50" in seen, "whoever has no room in the table is told below"
        await play.press(*["up"] * 12, "right")
        assert "“soup”, target 2 of 4" in play.text


# ---- guesses ----


async def test_guesses_are_told_with_what_came_of_them(result: Any) -> None:
    turns = ("cook", "stew pea soup", "ledger", "there")
    async with result("shannon", *turns, size=(120, 40)) as play:
        assert "Shannon's bounds on your knowledge: 0.7 to 0.8 bits a word." in play.words
        assert "bitrace ledger shannon " in play.text
        await text_tab(play)
        assert "cook ✓" in play.part("#bets")
        await play.press("right")
        assert "stew ✗ · pea ✗ · soup ✓" in play.part("#bets")
        assert not play.shows("#six")


async def test_a_missed_word_leaves_no_bounds(result: Any) -> None:
    async with result("shannon", "cook", "stew", size=(120, 40)) as play:
        assert "not available, since a word was missed." in play.words


# ---- those who are not there ----


async def test_ghosts_and_mixtures_are_told_from_the_others(result: Any) -> None:
    async with result("open", "cook 99", "soup 50", primer="Once.", size=(120, 40)) as play:
        rows = {row[:10].strip(): row[10:] for row in play.part("#lanes").splitlines()}
        assert {name: row[0] for name, row in rows.items()} == {
            **dict.fromkeys(("ann", "Goldfish", "Reader", "Stranger"), " "),
            **dict.fromkeys(("ann's best", "Nobody", "Centaur"), "·"),
        }
        assert {name for name, row in rows.items() if "╍" in row and "━" not in row} == {
            "ann's best",
            "Nobody",
            "Centaur",
        }
        assert "The primer was worth 6.0 bits to Reader." in play.words
        assert "Nobody paid 11.0 bits in all, less than you with 15.0." in play.words
        await text_tab(play)
        assert re.search(r"ann's best· +2.0 bits +25 % +cook 50 sea 20", play.part("#bets"))
        await play.press("left")
        assert re.search(r"ann's best·absent\s*$", play.part("#bets"), re.MULTILINE)


async def test_a_ghost_may_be_called_anything(
    result: Any,
    everybody: Any,
    hostile: tuple[str, ...],
    unsafe: Callable[[str], set[str]],
) -> None:
    evil = " ".join(hostile)
    company = everybody(evil, evil)
    async with result("choice", "50", company=company, size=(120, 40)) as play:
        for key in ("tab", "right", "y"):
            assert not unsafe(play.text)
            await play.press(key)
        assert not unsafe(play.app.export_screenshot())


# ---- the line to paste ----


async def test_the_line_is_copied_and_shown(
    result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TERM_PROGRAM", raising=False)
    async with result("open", "cook 50", players=PEOPLE) as play:
        await text_tab(play)
        await play.press("y")
        await play.until_seen("Copied, if your terminal allows it:")
        lines = play.app.clipboard.splitlines()
        assert len(lines) == len(PEOPLE)
        for line in lines:
            assert line in play.text
            assert cell_len(line) <= 80
        assert "cook" not in play.app.clipboard


@pytest.mark.parametrize(
    ("variable", "value"), [("TERM", "linux"), ("TERM_PROGRAM", "Apple_Terminal")]
)
async def test_where_nothing_is_copied_it_is_only_shown(
    result: Any, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    async with result("open", "cook 50") as play:
        await play.press("y")
        await play.until_seen("Mark it to copy it:")
        assert "bitrace ledger ▁" in play.text
        assert "Copied" not in play.text
        assert play.app.clipboard == ""


# ---- a crowd where there is little room ----


class Crowded(App[None]):
    """Lanes and a reveal with many racers."""

    CSS = "LanesView, RevealPanel { height: auto; }" + "".join(
        f".reveal--heat-{step} {{ color: red; }}" for step in range(5)
    )

    def compose(self) -> ComposeResult:
        yield LanesView()
        yield RevealPanel()


def rows_of(app: App[None], widget: type) -> list[str]:
    area = app.screen.query_one(widget).region
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    return [line[area.x : area.right].rstrip() for line in lines[area.y : area.bottom]]


async def test_a_low_terminal_shows_players_reader_and_the_best() -> None:
    minds = [("SmolLM2-360M", 3.0), ("Goldfish", 6.0), ("Reader", 9.0), ("Sage", 1.0)]
    rows = [RevealRow(name, 5.0, 3.0, 2.0, "player") for name in PEOPLE[:6]]
    rows += [RevealRow(name, bits, 1.0, 1.0) for name, bits in minds]
    rows += [RevealRow("carl's", None, 0.0, None, "ghost", "x")]
    rows += [RevealRow("Nobody", 2.0, 1.0, 1.0, "mixture")]
    rows += [RevealRow("Instinct", 9.5, 1.0, None)]
    for height, more in ((20, 5), (22, 3), (40, 0)):
        async with Crowded().run_test(size=(80, height)) as pilot:
            panel = pilot.app.screen.query_one(RevealPanel)
            pilot.app.screen.query_one(LanesView).display = False
            panel.show(rows, "You knew.")
            await pilot.pause()
            shown = rows_of(pilot.app, RevealPanel)
            assert shown[-1] == "You knew."
            names = [row[:10].strip() for row in shown[:-1]]
            assert names[:6] == list(PEOPLE[:6])
            assert "Reader" in names
            assert "Instinct" in names
            if more:
                assert names[-1] == f"+{more} more"
                assert len(names) == len(rows) - more + 1 == height - 11
                assert "carl's" not in names
            else:
                assert len(names) == len(rows)
            if height == 22:
                assert names[6:10] == ["Reader", "Sage", "Nobody", "Instinct"]


@pytest.mark.parametrize("width", [60, 61, 72, 80, 96, 120, 200])
async def test_what_each_had_said_has_the_room_there_is(width: int) -> None:
    slip = "headland 35 glorious 23 beach 11 cloud 11 loudspeakers 10 landladies 10"
    rows = [RevealRow(name, 12.3, 12.3, -12.3, "player", slip) for name in PEOPLE[:3]]
    async with Crowded().run_test(size=(width, 40)) as pilot:
        pilot.app.screen.query_one(LanesView).display = False
        pilot.app.screen.query_one(RevealPanel).show(rows, "You knew.")
        await pilot.pause()
        *shown, sense = rows_of(pilot.app, RevealPanel)
        assert (len(shown), sense) == (3, "You knew."), "a row each"
        for row in shown:
            assert "insight -12.3" in row
            assert ("headland 35" in row) == (width >= 72)
            assert len(row) > width - 16 or width < 72, "to the edge, or all of forty cells"


async def test_lanes_may_be_told_how_many_rows_there_are() -> None:
    lanes = [Lane(name, -5.0, "writing", "player") for name in PEOPLE[:2]]
    minds = (("Goldfish", 1.0), ("Reader", -9.0), ("Sage", 7.0), ("Stranger", 3.0))
    lanes += [Lane(name, insight) for name, insight in minds]
    async with Crowded().run_test(size=(80, 24)) as pilot:
        view = pilot.app.screen.query_one(LanesView)
        for most, names in (
            (None, ["ann", "bo", "Goldfish", "Reader", "Sage", "Stranger"]),
            (6, ["ann", "bo", "Goldfish", "Reader", "Sage", "Stranger"]),
            (5, ["ann", "bo", "Reader", "Sage", "+2 more"]),
            (3, ["ann", "bo", "+4 more"]),
        ):
            view.show(lanes, most)
            await pilot.pause()
            assert [row[:10].strip() for row in rows_of(pilot.app, LanesView)] == names


async def test_a_lane_just_at_the_zero_line_keeps_its_row() -> None:
    lanes = [Lane("ann", -500.0, "", "player"), Lane("Reader", 0.1)]
    async with Crowded().run_test(size=(80, 24)) as pilot:
        pilot.app.screen.query_one(LanesView).show(lanes)
        await pilot.pause()
        assert len(rows_of(pilot.app, LanesView)) == 2
