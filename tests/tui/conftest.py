"""What the tests of the app share: the app at somebody's keys, and a predictor that obeys.

All is handed out as fixtures, since test modules cannot import one another.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

import pytest
from textual import events
from textual.css.query import NoMatches
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen

from engine.bets import PASS, Slip, parse
from engine.choice import EVEN, staked
from engine.errors import BitraceError
from engine.minds import Mind
from engine.predictor import (
    Asking,
    Job,
    OnBits,
    OnProgress,
    OnTop,
    Predictor,
    Reading,
    TopWords,
)
from engine.race import (
    Draw,
    Drawn,
    Guessed,
    Identified,
    Identity,
    Locked,
    Player,
    Race,
    Revealed,
    Setup,
    Started,
    advance,
)
from engine.scripted import Script, ScriptedPredictor, by_hash
from engine.shannon import MOST_GUESSES
from engine.targets import as_targets
from engine.words import Word, prepare, words
from puzzles.markup import parse as parse_marked
from puzzles.readings import Readings
from tui.app import Bitrace
from tui.beginning import Terms, begin
from tui.choose import Chosen
from tui.opening import Opened
from tui.paths import Paths, find_paths
from tui.play import open_store
from tui.previews import Offer
from tui.session import Listeners, Session
from tui.settings import Settings
from tui.widgets.lanes import LanesView
from tui.widgets.slip import SlipLine

PATIENCE_S = 15.0
"""How long a condition is waited for before a test gives up."""
LONGEST_RUN_S = 120.0
"""How long a command may take."""

MARKED = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "Ann, who kept the ledger, counted them twice, because the captain had told her to expect "
    "five.\n\n"
    "The missing one was the [[cook]]. He had overslept, as he did whenever the fog came in, "
    "and nobody had thought of waking him. So it was the captain who lit the stove, and the "
    "thief, who was hungry, who stirred the [[soup]]. Ann wrote all of it down in her big "
    "[[ledger]], and then she hid the book where no thief would ever look for it: under the "
    "pillow of the man who was not [[there]]. It was still there at noon."
)
"""A passage with four targets."""

HOSTILE = (
    "[/]",
    "[red]x[/red]",
    "[@click=app.quit]go[/]",
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1b]8;;http://x.test\x1b\\link\x1b]8;;\x1b\\",
    "\x9b2J",
    "\x9d0;t\x9c",
    "safe\u202egnp.exe",
    "\u2066a\u2069",
    "nul\x00del\x7f",
)
"""Strings that mean harm. Some hold brackets, which are to be shown as they are."""

_IDENTITY = Identity("scripted", "", "0" * 64, "none", 1, "script", 0)
_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}

FRAME_S = 0.04
"""After this the last key can be seen: Textual draws sixty times a second."""


class PromptPredictor(ScriptedPredictor):
    """Has answered when it has been asked."""

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: OnProgress | None = None
    ) -> Future[Reading]:
        future = super().read(job, on_bits, on_progress)
        wait([future])
        return future


class HeldPredictor(ScriptedPredictor):
    """Answers no reading until it is told to, mind by mind."""

    def __init__(self, script: Script = by_hash) -> None:
        super().__init__(script)
        self._held: dict[str, tuple[Job, OnBits | None, Future[Reading]]] = {}

    @property
    def asked(self) -> set[str]:
        """Keys of the minds that have been asked to read."""
        return set(self._held)

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: OnProgress | None = None
    ) -> Future[Reading]:
        future: Future[Reading] = Future()
        self._held[job.mind.key] = job, on_bits, future
        return future

    def tell(self, mind: str, n_words: int) -> None:
        """Give a mind's first words; the reading goes on."""
        job, on_bits, _ = self._held[mind]
        assert on_bits is not None
        bits = super().read(job).result().bits
        on_bits(dict(list(bits.items())[:n_words]))

    def release(self, *minds: str) -> None:
        """Let these minds finish, or all of them."""
        for mind in minds or tuple(self._held):
            job, on_bits, future = self._held[mind]
            future.set_result(super().read(job, on_bits).result())

    def fail(self, mind: str, error: BitraceError) -> None:
        """Let a mind's reading fail."""
        self._held[mind][2].set_exception(error)


class LatePredictor(PromptPredictor):
    """Has read when it has been asked, and tells no best words until it is told to."""

    def __init__(self, script: Script = by_hash) -> None:
        super().__init__(script)
        self.asked: list[Asking] = []
        self._held: list[tuple[Asking, OnTop | None, Future[dict[int, TopWords]]]] = []

    def top_words(
        self, asking: Asking, on_top: OnTop | None = None, on_progress: OnProgress | None = None
    ) -> Future[dict[int, TopWords]]:
        future: Future[dict[int, TopWords]] = Future()
        self.asked.append(asking)
        self._held.append((asking, on_top, future))
        return future

    def tell(self, tops: dict[int, TopWords]) -> None:
        """Give these words to whoever asked last; there is more to come."""
        _, on_top, _ = self._held[-1]
        assert on_top is not None
        on_top(tops)

    def release(self) -> None:
        """Give all words that have been asked for."""
        for asking, on_top, future in self._held:
            if not future.done():
                future.set_result(super().top_words(asking, on_top).result())

    def fail(self, error: BitraceError) -> None:
        """Let all that has been asked for fail."""
        for _, _, future in self._held:
            future.set_exception(error)


@dataclass
class Game:
    """A running app, somebody at its keys, and what they see."""

    app: Bitrace
    pilot: Pilot[Any]

    @property
    def screen(self) -> Screen[Any]:
        """The screen on top."""
        return self.app.screen

    @property
    def on(self) -> str:
        """Name of the class of the screen on top."""
        return type(self.app.screen).__name__

    @property
    def left_with(self) -> int | None:
        """What the process would end with."""
        code = self.app.return_value
        return code if code is not None else self.app.return_code

    @property
    def race(self) -> Race:
        """The race that is played or shown."""
        for screen in reversed(self.app.screen_stack):
            if (session := getattr(screen, "_session", None)) is not None:
                return session.race
        raise AssertionError("no race is on the screen")

    def _key(self, name: str) -> None:
        driver = self.app._driver
        assert driver is not None
        key = {" ": "space"}.get(name, name)
        key = unicodedata.name(key).lower().replace(" ", "_") if _is_sign(key) else key
        event = events.Key(key, name if len(name) == 1 else None)
        event.set_sender(self.app)
        driver.send_message(event)

    async def press(self, *keys: str) -> None:
        """Press keys by their names; the same key several times as fast as one can."""
        for key, following in zip_longest(keys, keys[1:]):
            self._key(key)
            if key != following:
                await self.pilot.pause()
        await self.pilot.pause(FRAME_S)

    async def type(self, text: str) -> None:
        """Type a text, faster than the app is drawn."""
        for character in text:
            self._key(character)
        await self.pilot.pause(FRAME_S)

    async def paste(self, text: str) -> None:
        """Paste a text, as a terminal sends it."""
        driver = self.app._driver
        assert driver is not None
        event = events.Paste(text)
        event.set_sender(self.app)
        driver.send_message(event)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition."""
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            if self.app._exception is not None:
                raise self.app._exception
            assert time.monotonic() < give_up, (
                f"never came: {what}; on the screen is {self.on}:\n{self.text}"
            )
            await self.pilot.pause(0.005)
        await self.pilot.pause()

    async def until_on(self, screen: str) -> None:
        """Wait for a screen, by the name of its class."""
        await self.until(lambda: self.on == screen and self.screen.is_running, screen)

    async def until_seen(self, text: str) -> None:
        """Wait for a text on the screen."""
        await self.until(lambda: text in self.text, repr(text))

    async def settle(self) -> None:
        """Wait until the threads of the app are done, and all they said is dealt with."""
        await self.app.workers.wait_for_complete()
        await self.pilot.pause()

    async def until_writing(self) -> None:
        """Wait until a slip can be typed and all minds have been asked."""
        await self.until(
            lambda: self.on == "RaceScreen" and self.shows("#slip"), "a line to type on"
        )
        await self.settle()

    async def lock(self, slip: str) -> None:
        """Type a slip and lock it in; an empty one passes."""
        await self.type(slip)
        await self.press(*["enter"] * (1 if slip else 2))

    async def begin(self) -> None:
        """Begin the race that is asked about."""
        await self.until_on("StartScreen")
        await self.press("enter")

    async def leave(self) -> None:
        """Leave the race by its pause."""
        await self.press("escape")
        await self.until_on("PauseScreen")
        await self.press("l")

    async def reveal(self, slip: str) -> None:
        """Lock a slip in and wait for the word."""
        await self.lock(slip)
        await self.until_revealed()

    async def until_revealed(self) -> None:
        """Wait for a word to be shown."""
        await self.until(
            lambda: self.on == "RaceScreen" and self.shows("#reveal"), "the reveal"
        )

    async def finish(self, *slips: str) -> None:
        """Play the race of one player to its end: these slips, then passes."""
        await self.until_writing()
        for slip in [*slips, *[""] * len(self.race.setup.targets)]:
            await self.reveal(slip)
            await self.press("enter")
            if self.race.phase == "finished":
                break
        await self.until_on("ResultScreen")

    def shows(self, selector: str) -> bool:
        """Whether a widget of the screen on top is there and shown."""
        try:
            widget = self.screen.query_one(selector)
        except NoMatches:
            return False
        return widget.is_on_screen and bool(widget.region.area)

    def region(self, selector: str) -> Region:
        """Where a widget is."""
        return self.screen.query_one(selector).region

    @property
    def lines(self) -> list[str]:
        """The frame, a string a line, as it is sent to the terminal."""
        return [strip.text for strip in self.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """The frame in one piece."""
        return "\n".join(self.lines)

    @property
    def words(self) -> str:
        """The frame as running text: without borders, white space as one space."""
        return " ".join(self.text.translate(dict.fromkeys(map(ord, "│╭╮╰╯─"), " ")).split())

    def part(self, selector: str) -> str:
        """What stands where a widget is, a line a row, without white space at the ends."""
        area = self.region(selector)
        rows = self.lines[area.y : area.bottom]
        return "\n".join(row[area.x : area.right].strip() for row in rows)

    @property
    def lanes(self) -> dict[str, str]:
        """What stands behind each lane, by the racer's name."""
        return {lane.name: lane.state for lane in self.screen.query_one(LanesView)._lanes}

    @property
    def told(self) -> str:
        """Notices that have come up and not gone."""
        return "\n".join(notice.message for notice in self.app._notifications)

    @property
    def line(self) -> SlipLine:
        """The line a slip is typed on."""
        return self.screen.query_one(SlipLine)

    @property
    def slip(self) -> str:
        """What stands on it."""
        return self.line.value


def _is_sign(key: str) -> bool:
    return len(key) == 1 and not key.isalnum()


class Play(Protocol):
    """Starts the app: `async with game(opened) as play:`."""

    def __call__(
        self,
        opened: Opened | None = None,
        predictor: Predictor | None = None,
        size: tuple[int, int] = (80, 24),
        settings: Settings | None = None,
        offered: Offer | None = None,
    ) -> AbstractAsyncContextManager[Game]: ...


@pytest.fixture(autouse=True)
def no_search_for_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race has Python look for garbage, which here has all tests' objects to look through."""
    monkeypatch.setattr("tui.screens.race.settle", lambda: None)
    monkeypatch.setattr("tui.screens.race.tidy", lambda: None)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """Folders of a player who has never played."""
    return find_paths({"BITRACE_HOME": str(tmp_path / "home of bitrace")})


@pytest.fixture
def game(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Starts the app, by default from home with a script that answers at once."""
    # Pilot looks this often whether the app has come to rest; usually every 20 ms.
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.005)

    @asynccontextmanager
    async def start(
        opened: Opened | None = None,
        predictor: Predictor | None = None,
        size: tuple[int, int] = (80, 24),
        settings: Settings | None = None,
        offered: Offer | None = None,
    ) -> AsyncGenerator[Game]:
        app = Bitrace(
            paths,
            settings or Settings(player="ann"),
            opened,
            predictor or PromptPredictor(),
            offered,
        )
        try:
            async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
                await pilot.pause()
                yield Game(app, pilot)
        finally:
            app.close()

    return start


@pytest.fixture
def unbaked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pack comes with readings: every race needs its model."""
    monkeypatch.setattr("tui.choose.read_readings", lambda loaded: Readings((), ()))


@pytest.fixture
def held() -> Callable[..., HeldPredictor]:
    """Makes a predictor that answers no reading until it is told to."""
    return HeldPredictor


@pytest.fixture
def late() -> Callable[..., LatePredictor]:
    """Makes a predictor that reads at once and tells no best words until it is told to."""
    return LatePredictor


@pytest.fixture
def prompt() -> Callable[..., ScriptedPredictor]:
    """Makes a predictor that has answered when it has been asked."""
    return PromptPredictor


@pytest.fixture
def marked() -> str:
    """A passage with four targets in brackets: cook, soup, ledger, there."""
    return MARKED


@pytest.fixture
def opened(paths: Paths) -> Callable[..., Opened]:
    """Begins a race on a text with its targets in brackets, past all checks of its form."""

    def open_it(
        text: str = MARKED,
        players: Iterable[str] = ("ann",),
        title: str = "Harbour · The ledger",
        terms: Terms | None = None,
        **more: Any,
    ) -> Opened:
        store = open_store(paths)
        found = parse_marked(text)
        chosen = Chosen(
            title=title,
            text=found.text,
            targets=as_targets(found.targets),
            draw=Draw("marked", len(found.targets), 0),
            **{"passage": "ledger", **more},
        )
        race = begin(store, chosen, [store.player(name) for name in players], terms)
        return Opened(store, race, chosen.text)

    return open_it


@pytest.fixture
def played() -> Callable[..., Session]:
    """Plays a race to its end: so many turns as they are given, then others.

    A turn is typed as a slip; as words to be guessed; as the percent on the true one of six
    words, the others having the rest evenly. The others are a pass, no guess, an even slip.
    """

    def play(one: Opened, *turns: str, predictor: Predictor | None = None) -> Session:
        session, news = Session(one.store, one.race, one.text), threading.Event()
        session.start(predictor or PromptPredictor(), Listeners(on_change=news.set))
        left = iter(turns)
        while (race := session.race).phase != "finished":
            news.clear()
            session.draw()
            session.reveal()
            if session.race.phase == "writing":
                player = session.race.to_write[0]
                for event in _turn(session.race, player, next(left, "")):
                    if isinstance(event, Guessed):
                        session.guess(event.player, event.word)
                    else:
                        session.lock(event.player, event.slip)
            elif session.race == race:
                assert news.wait(PATIENCE_S), "the minds have read"
        one.store.close()
        return session

    return play


def _turn(race: Race, player: int, line: str) -> Iterator[Guessed | Locked]:
    """What a player does at the target that is played, from how the tests write it."""
    target = race.target
    truth = race.setup.targets[target].word
    if race.setup.mode == "open":
        yield Locked(target, player, parse(line), "at")
    elif race.setup.mode == "choice":
        six = race.sixes[target]
        stakes = list(EVEN)
        if line:
            stake, others = int(line), 100 - int(line)
            shares = iter([others // 5 + (place < others % 5) for place in range(5)])
            stakes = [stake if word == truth else next(shares) for word in six]
        yield Locked(target, player, staked(six, stakes), "at")
    else:
        guesses = line.split()
        for word in guesses:
            yield Guessed(target, player, word, "at")
        if truth not in guesses and len(guesses) < MOST_GUESSES:
            yield Locked(target, player, PASS, "at")  # a session ends other turns itself


_OTHERS = ("anchor", "barrel", "candle", "dagger", "engine")


def _among(bits: float) -> tuple[float, ...]:
    """Bits of six words, of which the third has so many and the others share the rest."""
    other = -math.log2((1 - 2.0**-bits) / 5)
    return (other, other, bits, other, other, other)


@pytest.fixture
def raced() -> Callable[..., Race]:
    """Makes a race without a store.

    Its arguments: for each target a word, Instinct's bits, Reader's bits and each player's
    turn, as `played` has it; names of the players; further facts of the setup.
    """

    def make(*turns: tuple[Any, ...], players: Iterable[str] = ("ann",), **more: Any) -> Race:
        text = " ".join(turn[0] for turn in turns)
        prepared = prepare(text)
        found = as_targets(words(prepared.normalized))
        assert len(found) == len(turns), "one word a turn"
        people = tuple(Player(f"{place:032}", name) for place, name in enumerate(players))
        setup = Setup(
            **{
                "race_id": "r" * 32,
                "title": "A race",
                "text_sha256": prepared.sha256,
                "targets": found,
                "draw": Draw("marked", len(found), 0),
                "players": people,
                "attempts": (1,) * len(people),
                "minds": ("reader",),
                "started_at": "2026-02-03T04:05:06.000+00:00",
                "passage": "a-passage",
                **more,
            }
        )
        race = advance(None, Started(setup))
        race = advance(race, Identified(_IDENTITY, dict.fromkeys(setup.minds, _IDENTITY)))
        for target, (word, instinct, minds, *slips) in enumerate(turns):
            told = minds if isinstance(minds, dict) else {"reader": minds}
            in_six: dict[str, tuple[float, ...]] = {}
            if setup.mode == "choice":
                race = advance(race, Drawn(target, (*_OTHERS[:2], word, *_OTHERS[2:])))
                in_six = {key: _among(bits) for key, bits in told.items()}
                in_six["instinct"] = _among(instinct)
            for player, line in enumerate(slips):
                if isinstance(line, Slip):
                    race = advance(race, Locked(target, player, line, "at"))
                    continue
                for event in _turn(race, player, line):
                    race = advance(race, event)
                if player in race.to_write:  # by a guess
                    race = advance(race, Locked(target, player, PASS, "at"))
            if len(slips) == len(people):
                race = advance(race, Revealed(target, instinct, told, "at", in_six))
        return race

    return make


@pytest.fixture
def script() -> Callable[[dict[str, float], float], Script]:
    """Makes a script: bits by the mind's key, the same for all words."""

    def make(bits: dict[str, float], others: float = 5.0) -> Script:
        def of(mind: Mind, word: Word) -> float:
            return bits.get(mind.key, others)

        return of

    return make


@pytest.fixture
def hostile() -> tuple[str, ...]:
    """Strings that mean harm."""
    return HOSTILE


@pytest.fixture
def unsafe() -> Callable[[str], set[str]]:
    """Tells which characters of a text must not reach a terminal; line feeds may."""

    def find(text: str) -> set[str]:
        return {
            repr(character)
            for character in text
            if (unicodedata.category(character) in ("Cc", "Cs") and character != "\n")
            or unicodedata.bidirectional(character) in _DIRECTIONS
            or character in "\u200e\u200f\u061c"
        }

    return find


@pytest.fixture(scope="session")
def bitrace() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line in a process of its own, with its own home and no terminal."""

    def run(
        home: Path,
        *arguments: str,
        typed: str | bytes = "",
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tui", *arguments],
            input=typed.encode() if isinstance(typed, str) else typed,
            capture_output=True,
            cwd=cwd,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "BITRACE_HOME": str(home)}
            | (env or {}),
            timeout=LONGEST_RUN_S,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return run
