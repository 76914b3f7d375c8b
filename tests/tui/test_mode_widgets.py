"""What choice, guessing and the clock put on the screen of a race, and its pause."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, OptionList, Static

import tui
from engine import choice
from engine.bets import Bet
from tui.app import Bitrace
from tui.commands import bindings
from tui.literal import clean
from tui.messages import GuessingStopped, GuessMade, SlipPlaced, TimeUp
from tui.screens.base import SCREENS_CSS
from tui.screens.pause import PauseScreen
from tui.widgets.choice import CHOSEN, ChoicePanel, SixWords, _fitted
from tui.widgets.clock import ClockView
from tui.widgets.guesses import GuessPanel, WrongGuesses

SIX = ("harbour", "sea", "captain", "cook", "passenger", "thief")
PRICES = (1.8, 3.1, 3.9, 4.4, 4.7, 1.3)
SIZES = ((60, 20), (80, 24), (120, 40))
PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pilot looks this often whether the app has come to rest; usually every 20 ms."""
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.005)


class Host(App[None]):
    """A passage of sorts, with one widget below it."""

    CSS_PATH = Path(tui.__file__).with_name("bitrace.tcss")
    CSS = "#passage { height: 1fr; }"
    HORIZONTAL_BREAKPOINTS = Bitrace.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = Bitrace.VERTICAL_BREAKPOINTS
    BINDINGS = bindings("app")

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.told: list[Message] = []
        self._widget = widget

    def on_mount(self) -> None:
        self.push_screen(_Race(self._widget))

    def tell(self, message: Message) -> None:
        self.told.append(message)


class _Race(Screen[None]):
    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("race")

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self._widget = widget

    def compose(self) -> ComposeResult:
        yield Static("The secret passage.", id="passage")
        yield self._widget
        yield Footer(compact=True)

    def _tell(self, message: Message) -> None:
        assert isinstance(self.app, Host)
        self.app.tell(message)

    on_slip_placed = on_guess_made = on_guessing_stopped = on_time_up = _tell


class Play:
    """A running host, somebody at its keys, and what they see."""

    def __init__(self, app: Host, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot
        self.press = pilot.press

    @property
    def told(self) -> list[Message]:
        """What the widget has told its screen."""
        return self.app.told

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < give_up, f"never came: {what}\n{self.text}"
            await self.pilot.pause(0.005)


@asynccontextmanager
async def playing(widget: Widget, size: tuple[int, int] = (80, 24)) -> AsyncGenerator[Play]:
    app = Host(widget)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        await pilot.pause()
        yield Play(app, pilot)


class Now:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def stakes(panel: ChoicePanel) -> list[int]:
    return [bet.percent for bet in panel.slip.bets]


# ---- choice ----


async def test_a_key_puts_ten_points_on_its_word_taken_evenly() -> None:
    async with playing(panel := ChoicePanel()) as play:
        panel.begin(SIX)
        await play.pilot.pause()
        assert [bet.word for bet in panel.slip.bets] == list(SIX)
        assert stakes(panel) == list(choice.EVEN)
        assert "2.6 bits whichever comes" in play.text
        await play.press("2")
        assert stakes(panel) == [15, 27, 15, 15, 14, 14]
        assert f"{CHOSEN}2 sea" in play.text
        assert "27 %" in play.text
        assert "right 1.9 bits · worst 2.8" in play.text
        await play.press("6", "6")
        assert stakes(panel) == [11, 23, 11, 11, 10, 34]
        assert play.text.count(CHOSEN) == 1
        assert f"{CHOSEN}6 thief" in play.text


async def test_no_word_goes_beyond_its_limits_and_all_can_be_undone() -> None:
    async with playing(panel := ChoicePanel()) as play:
        panel.begin(SIX)
        seen: list[tuple[list[int], str]] = []
        for key in ["3"] * 8:
            seen.append((stakes(panel), play.text))
            await play.press(key)
        assert stakes(panel) == [1, 1, 95, 1, 1, 1]
        assert "right 0.1 bits · worst 6.6" in play.text
        await play.press("3", "3")
        assert stakes(panel) == [1, 1, 95, 1, 1, 1], "there is no more to be had"
        await play.press("left", "down")
        assert stakes(panel) == [1, 1, 95, 1, 1, 1], "a word keeps its one"
        for before, text in reversed(seen[1:]):
            await play.press("backspace")
            assert stakes(panel) == before
            assert play.text == text, "with the word that was chosen"
        await play.press("backspace", "backspace", "backspace")
        assert stakes(panel) == list(choice.EVEN)


async def test_arrows_choose_a_word_and_change_its_stake() -> None:
    async with playing(panel := ChoicePanel()) as play:
        panel.begin(SIX)
        await play.press("right", "tab", "tab", "left")
        assert f"{CHOSEN}3 captain" in play.text
        assert stakes(panel) == list(choice.EVEN)
        await play.press("up")
        assert stakes(panel) == [16, 16, 22, 16, 15, 15]
        await play.press("shift+up")
        assert stakes(panel)[2] == 23
        await play.press("shift+down", "shift+down", "down")
        assert stakes(panel)[2] == 16
        assert sum(stakes(panel)) == 100
        await play.press("right", "right", "right", "right")
        assert f"{CHOSEN}1 harbour" in play.text, "around the end"
        await play.press("shift+tab")
        assert f"{CHOSEN}6 thief" in play.text


async def test_stakes_are_locked_in_once_until_they_are_given_back() -> None:
    async with playing(panel := ChoicePanel()) as play:
        panel.begin(SIX)
        await play.press("4", "enter", "enter", "5", "up", "backspace", "left", "enter")
        (placed,) = play.told
        assert isinstance(placed, SlipPlaced)
        assert placed.slip.stake_on("cook") == 27
        assert placed.slip == panel.slip, "what was locked in stands as it was"
        panel.give_back()
        await play.press("5", "enter")
        assert len(play.told) == 2
        assert placed.slip != panel.slip
        panel.begin(tuple(reversed(SIX)), (50, 10, 10, 10, 10, 10))
        await play.press("backspace", "enter")
        last = play.told[-1]
        assert isinstance(last, SlipPlaced)
        assert last.slip.bets[0] == Bet("thief", 50), "nothing of the turn before"


@pytest.mark.parametrize("size", SIZES)
async def test_a_click_on_a_word_is_its_key(size: tuple[int, int]) -> None:
    async with playing(panel := ChoicePanel(), size) as play:
        for place, word in enumerate(SIX):
            panel.begin(SIX)
            await play.pilot.pause()
            row = next(y for y, line in enumerate(play.lines) if f"{place + 1} {word}" in line)
            at = play.lines[row].index(word)
            await play.pilot.click(offset=(at, row))
            assert stakes(panel)[place] == choice.EVEN[place] + 10
            assert sum(stakes(panel)) == 100
            end = at + play.lines[row][at:].index("%")
            await play.pilot.click(offset=(end, row))
            assert stakes(panel)[place] == choice.EVEN[place] + 20, "its percent is the word's"


@pytest.mark.parametrize(("size", "rows"), list(zip(SIZES, (4, 5, 8), strict=True)))
async def test_the_rows_of_the_panel_tell_nothing_of_the_words(
    size: tuple[int, int], rows: int, hostile: tuple[str, ...], unsafe: Callable[..., set[str]]
) -> None:
    long = ("Geschwindigkeitsbegrenzung", "Geschwindigkeitsbegrenzungen", "x" * 300)
    wide = ("漢字" * 20, "カタカナ", "한국어" * 9)
    evil = [hostile[place::6] for place in range(6)]
    sixes = [SIX, (*long, *wide), tuple(" ".join(texts) for texts in evil), ("a",) * 6]
    async with playing(panel := ChoicePanel(), size) as play:
        for six in sixes:
            panel.begin(six)
            await play.press("1")
            assert panel.region.height == rows
            assert all(cell_len(line) == size[0] for line in play.lines)
            area = panel.region
            shown = play.lines[area.y : area.bottom]
            assert sum(line.count("%") for line in shown) >= 6
            assert not unsafe(play.text)
            bars = {tuple(line.count(sign) for sign in "━╾─") for line in shown if "%" in line}
            assert all(sum(bar) for bar in bars), "there is a bar in every row"
        panel.begin((*long, *wide))
        await play.pilot.pause()
        assert play.text.count("Geschwindi") == 2
        assert "zung " in play.text
        assert any(end in play.text for end in ("zungen ", "…ngen ")), "they are told apart"


async def test_another_size_lays_the_words_out_anew() -> None:
    async with playing(panel := ChoicePanel(), (120, 40)) as play:
        panel.begin(SIX)
        await play.pilot.pause()
        assert panel.query_one(SixWords).region.height == 6
        await play.pilot.resize_terminal(60, 20)
        await play.until(lambda: panel.query_one(SixWords).region.height == 3, "two columns")
        assert "1 harbour" in play.text and "6 thief" in play.text


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_word_is_fitted_to_its_cells(word: str, cells: int) -> None:
    shown = _fitted(word, cells)
    assert shown.cell_length == cells
    if cell_len(clean(word)) <= cells:
        assert shown.plain.rstrip(" ") == clean(word).rstrip(" ")
    else:
        assert "…" in shown.plain


# ---- guessing ----


async def test_guessing_until_there_is_an_answer() -> None:
    async with playing(panel := GuessPanel()) as play:
        panel.begin((), PRICES, ("ferry", "harbour"))
        await play.pilot.pause()
        assert "guess 1 of 5" in play.text
        assert "right 1.8 bits · missed +1.3 and Instinct's" in play.text
        await play.press(*"harb", "tab")
        assert panel.typed == "harbour", "completed from the text"
        await play.press("tab")
        assert panel.typed == "harbour", "there is no next bet to go to"
        await play.press("enter", "enter")
        (made,) = play.told
        assert isinstance(made, GuessMade) and made.word == "harbour"
        panel.give_back()
        assert panel.typed == "harbour", "it stays"
        await play.press("enter")
        assert len(play.told) == 2
        panel.wrong(("harbour",))
        await play.pilot.pause()
        assert panel.typed == ""
        assert "not: ✗ harbour" in play.text
        assert "guess 2 of 5" in play.text
        assert "right 3.1 bits · missed +1.3 and Instinct's" in play.text


async def test_what_is_no_guess_is_not_taken() -> None:
    async with playing(panel := GuessPanel()) as play:
        panel.begin(("Harbour", "sea"), PRICES, ())
        await play.pilot.pause()
        assert "not: ✗ Harbour  ✗ sea" in play.text
        assert "guess 3 of 5" in play.text
        await play.press(*"harbour")
        assert "harbour was guessed before" in play.text, "it is said before it costs a key"
        await play.press("enter")
        assert "not taken: harbour was guessed before" in play.text
        await play.press("space", "x", "enter")
        assert "not taken: " in play.text
        assert not play.told
        await play.press("ctrl+u")
        await play.press("space", *"cook", "space", "enter")
        (made,) = play.told
        assert isinstance(made, GuessMade) and made.word == "cook"


async def test_stopping_is_asked_about_once() -> None:
    async with playing(panel := GuessPanel()) as play:
        panel.begin((), PRICES, ())
        await play.press("enter")
        question = "Stop guessing? The word counts as missed. Enter stops."
        assert question in play.text
        await play.press("a")
        assert question not in play.text
        await play.press("backspace", "enter")
        assert question in play.text, "after a key it is asked again"
        assert not play.told
        await play.press("enter", "enter", "enter")
        (stopped,) = play.told
        assert isinstance(stopped, GuessingStopped)
        panel.begin((), PRICES, ())
        await play.press("enter")
        assert len(play.told) == 1, "the next turn asks anew"
        await play.press("enter")
        assert len(play.told) == 2


@pytest.mark.parametrize("size", SIZES)
async def test_guesses_have_room_in_one_line(
    size: tuple[int, int], hostile: tuple[str, ...], unsafe: Callable[..., set[str]]
) -> None:
    four = ("harbourmaster", "Geschwindigkeitsbegrenzungen", "漢字" * 20, "[red]x[/red]")
    async with playing(panel := GuessPanel(), size) as play:
        for guesses in (four, hostile[:4], hostile[4:8]):
            panel.begin(guesses, PRICES, hostile)
            await play.pilot.pause()
            assert "guess 5 of 5" in play.text
            assert "right 4.7 bits" in play.text
            line = play.lines[panel.query_one(WrongGuesses).region.y]
            assert line.count("✗") == len(guesses)
            assert cell_len(line) == size[0]
            assert not unsafe(play.text)
        panel.line.value = "a\x1b[31mb\u202ec"
        await play.pilot.pause()
        assert panel.typed == clean("a\x1b[31mb\u202ec")
        assert not unsafe(play.text)


# ---- the clock ----


async def test_the_clock_tells_once_that_time_is_up() -> None:
    now = Now()
    async with playing(clock := ClockView(now)) as play:
        assert not clock.is_on_screen or not clock.region.area
        clock.run(20)
        await play.until(lambda: "0:20 ▕██████████▏" in play.text, "a full bar")
        now.s += 3.7
        await play.until(lambda: "0:17 ▕█████████░▏" in play.text, "seconds rounded up")
        assert not clock.has_class("-last") and not clock.is_up
        now.s += 11.4
        await play.until(lambda: "0:05 ▕███░░░░░░░▏" in play.text, "the last five")
        assert clock.has_class("-last")
        assert not play.told
        now.s += 100
        await play.until(lambda: play.told, "that time is up")
        assert "0:00 ▕░░░░░░░░░░▏" in play.text
        assert clock.is_up
        now.s += 100
        await ticks(play)
        assert clock.stop() == 20, "no more than there was"
        assert clock.stop() == 0
        assert not clock.is_up
        await ticks(play)
        assert [type(message) for message in play.told] == [TimeUp]


class Counted(ClockView):
    """Counts its ticks."""

    n_ticks = 0

    def _tick(self) -> None:
        self.n_ticks += 1
        super()._tick()


async def test_a_stopped_clock_does_not_go_on() -> None:
    now = Now()
    async with playing(clock := Counted(now)) as play:
        clock.run(8, whole_s=20)
        await play.until(lambda: "0:08 ▕████░░░░░░▏" in play.text, "what is left of a turn")
        now.s += 2.5
        await play.until(lambda: clock.n_ticks, "a tick")
        assert clock.stop() == 2.5
        assert clock.stop() == 0
        now.s += 100
        n_ticks = clock.n_ticks
        await ticks(play)
        assert clock.n_ticks == n_ticks
        assert not play.told
        assert "▕" not in play.text
        clock.run(5.5)
        now.s += 1
        clock.run(None)
        assert clock.stop() == 0
        now.s += 100
        await ticks(play)
        assert not play.told
        clock.run(75)
        await play.until(lambda: "1:15 ▕██████████▏" in play.text, "minutes")
        await clock.remove()
        now.s += 100
        n_ticks = clock.n_ticks
        await ticks(play)
        assert clock.n_ticks == n_ticks
        assert not play.told


async def ticks(play: Play) -> None:
    """Wait until any clock would have ticked: another one has."""
    now = Now()
    other = ClockView(now)
    told = len(play.told)
    await play.app.screen.mount(other)
    other.run(1)
    now.s += 1
    await play.until(lambda: len(play.told) > told, "a tick")
    assert isinstance(play.told.pop(), TimeUp)
    await other.remove()


# ---- pause ----


async def paused(play: Play, can_know: bool = True, lines: Sequence[str] = ()) -> list[Any]:
    answers: list[Any] = []
    screen = PauseScreen("Harbour · The ledger", 3, 12, lines, can_know)
    play.app.push_screen(screen, answers.append)
    await play.until(lambda: "The race is paused" in play.text, "the pause")
    return answers


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], "on"),
        (["escape"], "on"),
        (["l"], "leave"),
        (["down", "enter"], "leave"),
        (["ctrl+t"], "known"),
        (["up", "enter"], "known"),
    ],
)
async def test_the_ways_out_of_a_pause(keys: list[str], answer: str) -> None:
    async with playing(Static()) as play:
        answers = await paused(play)
        await play.press(*keys)
        assert answers == [answer]


@pytest.mark.parametrize("size", SIZES)
async def test_a_pause_hides_the_race(
    size: tuple[int, int], hostile: tuple[str, ...], unsafe: Callable[..., set[str]]
) -> None:
    async with playing(Static(), size) as play:
        assert "The secret passage." in play.text
        lines = ["ann +24.1", "Reader +20.7", *hostile, *"abcdefghijk"]
        answers = await paused(play, False, lines)
        for text in ("Harbour · The ledger", "target 3 of 12", *lines[:2], "Go on", "Leave –"):
            assert text in play.text
        assert "secret" not in play.text
        assert "I know this text" not in play.text
        assert not unsafe(play.text)
        assert play.app.screen.query_one("#pause").region.bottom <= size[1] - 1
        assert play.app.screen.query_one(OptionList).region.height == 2
        await play.press("ctrl+t")
        assert not answers, "it cannot be said again"
        await play.press("tab", *["pagedown"] * 9)
        await play.until(
            lambda: any(line.strip(" │") == "k" for line in play.lines), "the last line"
        )
        await play.press("escape")
        assert answers == ["on"]
        assert "The secret passage." in play.text
