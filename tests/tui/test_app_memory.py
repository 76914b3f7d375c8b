"""The Memory tab: the staircase as it is read, stopped, gone on with, and left."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.cells import cell_len

from engine.bets import parse
from engine.errors import BitraceError, EngineError, ModelError, NoInstinctError
from engine.ladder import RUNGS
from engine.minds import Mind
from engine.predictor import Asking, Job, Loaded, Loading, OnBits, Reading, TopWord, TopWords
from engine.scripted import ScriptedPredictor
from engine.words import Word
from tui.opening import Opened
from tui.screens.result_tabs import MemoryTab, TextTab
from tui.session import Listeners, Session
from tui.settings import Settings

SIZES = ((60, 20), (80, 24), (120, 40))
READ = ["0", "1", "2", "8", "16", "32", "64", "128"]
"""Rungs that the race itself does not bring."""


def by_memory(mind: Mind, word: Word) -> float:
    """Less with more memory, and more for the first target than for the others."""
    memory = {"instinct": 4, "goldfish": 12}.get(mind.key, mind.memory)
    bits = 1.0 if memory is None else 12.0 - memory.bit_length()
    if mind.key == "stranger":
        bits = 3.5
    return bits + (2.0 if word.text == "cook" else 0.0)


class Told(ScriptedPredictor):
    """Has read when it has been asked; once told to wait it holds every reading back."""

    def __init__(self) -> None:
        super().__init__(by_memory)
        self.waits = False
        self.jobs: list[Job] = []
        self.loadings: list[Loading] = []
        self.askings: list[Asking] = []
        self.held: list[tuple[Job, OnBits, Future[Reading]]] = []
        self.loaded: Loaded | BitraceError | None = None

    def load(self, loading: Loading, on_progress: Any = None) -> Future[Loaded]:
        self.loadings.append(loading)
        if self.loaded is None:
            return super().load(loading)
        future: Future[Loaded] = Future()
        if isinstance(self.loaded, Loaded):
            future.set_result(self.loaded)
        else:
            future.set_exception(self.loaded)
        return future

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: Any = None
    ) -> Future[Reading]:
        future: Future[Reading] = Future()
        self.jobs.append(job)
        assert on_bits is not None
        if self.waits:
            self.held.append((job, on_bits, future))
        else:
            future.set_result(self._read(job, on_bits, None))
        return future

    def top_words(self, asking: Asking, on_top: Any = None, *_: Any) -> Future[Any]:
        self.askings.append(asking)
        future: Future[Any] = Future()
        if not self.waits:
            words = tuple(TopWord(word, 9.0) for word in ("captain", "man"))
            tops = {index: TopWords(words, True, 1, 7, True) for index in asking.words or ()}
            on_top(tops)
            future.set_result(tops)
        return future

    def release(self, n_jobs: int) -> None:
        """Let the first readings that wait be done."""
        waiting = [one for one in self.held if not one[2].done()]
        for job, on_bits, future in waiting[:n_jobs]:
            future.set_result(self._read(job, on_bits, None))

    def tell(self, at: int, n_words: int) -> None:
        """Give some words of a reading that waits."""
        job, on_bits, _ = self.held[at]
        on_bits(dict(list(self._read(job, None, None).bits.items())[:n_words]))

    def fail(self, at: int, error: Exception) -> None:
        self.held[at][2].set_exception(error)

    @property
    def given_up(self) -> list[Job]:
        return [job for job, _, future in self.held if future.cancelled()]


@pytest.fixture
def minds() -> Told:
    return Told()


@pytest.fixture
def memory(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Told
) -> Callable[..., Any]:
    """Shows the Memory tab of a race played with the given slips; then passes."""

    @asynccontextmanager
    async def show(*slips: str, waits: bool = False, **more: Any) -> AsyncGenerator[Any]:
        size = more.pop("size", (80, 24))
        settings = more.pop("settings", None)
        change = more.pop("change", None)
        one = change(opened(**more)) if change else opened(**more)
        session = Session(one.store, one.race, one.text)
        session.start(minds, Listeners())
        left = iter(slips)
        while session.race.phase != "finished":
            session.lock(session.race.to_write[0], parse(next(left, "")))
        session.stop()
        one.store.close()
        minds.jobs.clear()
        minds.askings.clear()
        minds.loadings.clear()
        minds.waits = waits
        async with game(predictor=minds, size=size, settings=settings) as play:
            await play.until_seen("warm-up")
            await play.settle()
            minds.loadings.clear()
            play.app.races.show_result(session)
            await play.until_on("ResultScreen")
            await play.press("tab")
            await play.until(lambda: isinstance(play.screen.focused, TextTab), "the text")
            await play.press("tab")
            await play.until(lambda: isinstance(play.screen.focused, MemoryTab), "the tab")
            await play.settle()
            yield play

    return show


def numbers(play: Any) -> list[list[str]]:
    """What stands in the table below the picture."""
    rows = [row.split() for row in play.part("#staircase").splitlines()]
    begin = next(place for place, row in enumerate(rows) if row and row[0] == "words")
    return rows[begin:]


WHOLE = [
    ["words", "0", "1", "2", "4", "8", "16", "32", "64", "128", "all"],
    ["cook", "14.0", "13.0", "12.0", "11.0", "10.0", "9.0", "8.0", "7.0", "6.0", "3.0"],
    ["mean", "12.5", "11.5", "10.5", "9.5", "8.5", "7.5", "6.5", "5.5", "4.5", "1.5"],
]


@pytest.mark.parametrize("size", SIZES)
async def test_the_staircase(memory: Callable[..., Any], size: tuple[int, int]) -> None:
    async with memory("cook 50", size=size) as play:
        words, cook, mean = numbers(play)
        assert words == ["words", *map(str, RUNGS), "all"]
        # 64 words reach the beginning of the passage: 128 add nothing to the first target.
        bits = (14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 7.0, 3.0)
        assert cook == ["cook", *map(str, bits)]
        assert mean[:8] == ["mean", *(str(one - 1.5) for one in bits[:7])]
        assert mean[-1] == "1.5"
        assert "With 4 words of memory it was 11.0 bits, with all of them 3.0:" in play.words
        assert "memory was worth 8.0. You paid 1.0." in play.words
        assert "Over 4 words: from 9.5 bits a word to 1.5; you paid" in play.words
        assert "“cook”, target 1 of 4" in play.text
        assert "─ you 1.0" in play.text
        assert "rungs read" not in play.text
        assert {cell_len(line) for line in play.lines} == {size[0]}
        picture = play.part("#staircase").splitlines()
        heights = [row for row in picture if "█" in row]
        assert len(heights) >= (4 if size[1] == 20 else 8)
        for key in ("← choose", "⇥ tab", "r again", "n next", "e card", "esc home", "F1 help"):
            assert key in play.lines[-2]


async def test_the_targets_are_chosen_on_both_tabs_alike(memory: Callable[..., Any]) -> None:
    async with memory("cook 50", "soup 25") as play:
        await play.press("right")
        assert "“soup”, target 2 of 4" in play.text
        assert "─ you 2.0" in play.text.replace("1.9", "2.0")
        assert numbers(play)[1][1:4] == ["12.0", "11.0", "10.0"]
        await play.press("left", "left")
        assert "“there”, target 4 of 4" in play.text
        await play.press("tab", "tab")
        await play.until_seen("Race")
        await play.until(lambda: isinstance(play.screen.focused, TextTab), "the text")
        assert "“there”, target 4 of 4" in play.text
        await play.press("right", "right", "right")
        assert "“ledger”, target 3 of 4" in play.text
        await play.press("tab")
        await play.until(lambda: isinstance(play.screen.focused, MemoryTab), "the tab")
        assert "“ledger”, target 3 of 4" in play.text


async def test_only_what_the_race_did_not_bring_is_read(
    memory: Callable[..., Any], minds: Told
) -> None:
    async with memory() as play:
        assert [str(job.mind.memory) for job in minds.jobs] == READ
        indices = tuple(target.index for target in play.race.setup.targets)
        assert minds.jobs[0].words == indices
        assert {job.role for job in minds.jobs} == {"starter"}
        assert [loading.role for loading in minds.loadings] == ["starter"]


async def test_as_it_comes_in(memory: Callable[..., Any], minds: Told) -> None:
    async with memory(waits=True) as play:
        assert "… 2 of 10 rungs read" in play.words
        assert "c stops" in play.words
        assert numbers(play)[1] == ["cook", "…", "…", "…", "11.0", *"…" * 5, "3.0"]
        assert numbers(play)[2] == ["mean", "…", "…", "…", "9.5", *"…" * 5, "1.5"]
        assert "With 4 words of memory it was 11.0 bits" in play.words, "known from the race"
        minds.tell(0, 1)
        await play.until(lambda: numbers(play)[1][1] == "14.0", "the first word")
        assert numbers(play)[2][1] == "…", "a mean over some would compare other words"
        minds.release(1)
        await play.until_seen("3 of 10 rungs read")
        assert numbers(play)[2][1] == "12.5"
        minds.release(99)
        await play.until(lambda: "rungs read" not in play.text, "all of it")
        assert "…" not in numbers(play)[1]


async def test_the_player_stops_it_and_goes_on(memory: Callable[..., Any], minds: Told) -> None:
    async with memory(waits=True) as play:
        minds.release(2)
        await play.until_seen("4 of 10 rungs read")
        await play.press("c")
        await play.until_seen("Stopped: 4 of 10 rungs read. c goes on.")
        assert [str(job.mind.memory) for job in minds.given_up] == READ[2:]
        assert numbers(play)[1][1:4] == ["14.0", "13.0", "…"]
        minds.jobs.clear()
        await play.press("c")
        await play.until_seen("… 4 of 10 rungs read")
        await play.settle()
        assert [str(job.mind.memory) for job in minds.jobs] == READ[2:], "nothing twice"
        minds.release(99)
        await play.until(lambda: "rungs read" not in play.text, "all of it")
        jobs = len(minds.jobs)
        await play.press("c")
        assert len(minds.jobs) == jobs, "there is nothing to stop"


async def test_how_much_is_done_never_falls(memory: Callable[..., Any], minds: Told) -> None:
    def percent(play: Any) -> int:
        words = play.words.split()
        return int(words[words.index("%", words.index("rungs")) - 1])

    async with memory(waits=True) as play:
        seen = [percent(play)]
        for _ in range(7):
            minds.release(1)
            await play.until(lambda: percent(play) > seen[-1], "more")
            seen.append(percent(play))
        await play.press("c", "c")
        await play.until_seen("c stops")
        await play.settle()
        assert percent(play) == seen[-1]
        minds.tell(-1, 1)
        await play.until(lambda: percent(play) > seen[-1], "more")


@pytest.mark.parametrize("key", ["escape", "r", "n"])
async def test_leaving_gives_it_up(memory: Callable[..., Any], minds: Told, key: str) -> None:
    async with memory(waits=True, origin="") as play:
        before = len(minds.held)
        await play.press(key)
        await play.until(lambda: play.on != "ResultScreen", "another screen")
        await play.until(lambda: len(minds.given_up) == before, "that all is given up")


async def test_left_at_once_nothing_is_asked(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Told
) -> None:
    one = opened()
    session = Session(one.store, one.race, one.text)
    session.start(minds, Listeners())
    while session.race.phase != "finished":
        session.lock(0, parse(""))
    one.store.close()
    hindsight = session.look_back()
    hindsight.leave()
    minds.jobs.clear()
    hindsight.start(minds, lambda: None)
    assert minds.jobs == []
    assert hindsight.staircase is None


FAULTS = [EngineError("The engine died [/] 3 times."), ValueError("oops")]


@pytest.mark.parametrize("error", FAULTS)
async def test_a_fault_is_told_on_the_tab_and_tried_again(
    memory: Callable[..., Any], minds: Told, error: Exception
) -> None:
    async with memory(waits=True) as play:
        minds.release(1)
        minds.fail(1, error)
        await play.until_seen("c tries again")
        assert "3 of 10 rungs read." in play.words
        assert ("died [/] 3" if isinstance(error, BitraceError) else "oops") in play.words
        assert play.on == "ResultScreen"
        assert len(minds.given_up) == 6, "nothing goes on behind it"
        minds.waits = False
        await play.press("c")
        await play.until(lambda: "tries again" not in play.text, "all of it")
        assert "…" not in numbers(play)[1]


@pytest.mark.parametrize(
    "error", [ModelError("/x.gguf holds no model."), NoInstinctError("Not installed.")]
)
async def test_without_a_model_what_the_race_brought_is_shown(
    memory: Callable[..., Any],
    minds: Told,
    error: BitraceError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise error

    if isinstance(error, NoInstinctError):
        session_ready: list[Any] = []
        leave = Session.look_back

        def look_back(session: Session) -> Any:
            monkeypatch.setattr("engine.starter.starter_model", refuse)
            session_ready.append(session)
            return leave(session)

        monkeypatch.setattr(Session, "look_back", look_back)
    async with memory(waits=True) as play:
        if isinstance(error, ModelError):
            minds.loaded = error
            await play.press("c", "c")
        await play.until_seen("c tries again")
        assert str(error) in play.words
        assert numbers(play)[1][4] == "11.0"


async def test_bits_of_another_model_are_not_shown(
    memory: Callable[..., Any], minds: Told
) -> None:
    async with memory(waits=True) as play:
        loaded = ScriptedPredictor().load(Loading("starter", "x")).result()
        from dataclasses import replace

        identity = replace(loaded.identity, sha256="1" * 64)
        minds.loaded = replace(loaded, identity=identity)
        await play.press("c")
        minds.held.clear()
        await play.press("c")
        await play.until_seen("changed since")
        assert len(minds.given_up) == len(minds.held)
        assert numbers(play)[1][1] == "…"


async def test_with_a_primer_there_is_one_step_more(
    memory: Callable[..., Any], minds: Told
) -> None:
    for size in SIZES:
        async with memory("cook 50", primer="A lemma.", size=size) as play:
            assert numbers(play)[0][-3:] == ["128", "all", "all+"]
            assert numbers(play)[1][-2:] == ["5.5", "3.0"]
            assert "The primer was worth 10.0 bits to Reader" in play.words
            assert minds.jobs[0].mind.key == "stranger"
            assert {job.before for job in minds.jobs} == {0}


async def test_among_several_the_best_player_s_bits_are_the_line(
    memory: Callable[..., Any],
) -> None:
    async with memory("", "cook 50", players=("ann", "bo")) as play:
        assert "─ bo 1.0" in play.text
        assert "bo paid 1.0." in play.words


async def test_another_model_s_staircase_is_its_own(
    memory: Callable[..., Any], minds: Told
) -> None:
    """Instinct is the starter model's: no step of another model's staircase."""
    from dataclasses import replace

    def raced(one: Opened) -> Opened:
        setup = replace(one.race.setup, model_path="/models/other.gguf", race_id="o" * 32)
        return replace(one, race=one.store.begin(setup, one.text))

    async with memory(change=raced) as play:
        assert {job.role for job in minds.jobs} == {"raced"}
        assert sorted({job.mind.memory for job in minds.jobs}) == [*RUNGS]
        assert [loading.role for loading in minds.loadings] == ["raced"]
        assert numbers(play)[1][4] == "11.0"


async def test_words_that_are_missing_are_asked_for(
    memory: Callable[..., Any],
    minds: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(minds, "askings", [])
    async with memory("cook 50") as play:
        assert minds.askings == [], "all had come during the race"
        await play.press("tab", "tab")
        await play.until_seen("▸ cook, 7th, 12 %")
        assert "captain 9.0 %" in play.words


async def test_words_that_had_not_come_are_asked_for_when_the_result_opens(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Told, late: Any
) -> None:
    one = opened()
    session = Session(one.store, one.race, one.text)
    session.start(late(by_memory), Listeners())
    while session.race.phase != "finished":
        session.lock(0, parse("cook 50"))
    session.stop()
    one.store.close()
    minds.waits = True
    async with game(predictor=minds) as play:
        await play.until_seen("warm-up")
        play.app.races.show_result(session)
        await play.until_on("ResultScreen")
        await play.press("tab")
        await play.settle()
        await play.until_seen("still to come")
        (asking,) = minds.askings
        assert asking.words == tuple(target.index for target in one.race.setup.targets)
        assert asking.mind.key == "reader"
        await play.press("tab")
        await play.until_seen("c stops")
        await play.press("c")
        await play.until_seen("Stopped")
        await play.press("tab", "tab")
        await play.until_seen("target 1 of 4")
        await play.until(lambda: "still to come" not in play.text, "that none are promised")


@pytest.mark.parametrize("theme", ["bitrace", "ansi-dark", "ansi-light", "textual-light"])
async def test_the_picture_is_the_same_in_all_themes(
    memory: Callable[..., Any], theme: str
) -> None:
    async with memory("cook 50", settings=Settings(player="ann", theme=theme)) as play:
        assert play.app.theme == theme
        picture = play.part("#staircase").splitlines()
        assert picture[0].endswith("━ mean of 4  ─ you 1.0")
        assert sum("█" in row for row in picture) >= 8
        assert sum("━━━" in row for row in picture) >= 2
        assert any("──────" in row for row in picture)


async def test_without_colours_the_picture_is_the_same(
    memory: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with memory("cook 50") as play:
        coloured = play.lines[3:]
    monkeypatch.setenv("NO_COLOR", "1")
    async with memory("cook 50") as play:
        assert play.app.no_color
        assert play.lines[3:] == coloured


async def test_one_target_has_a_staircase_and_no_mean(memory: Callable[..., Any]) -> None:
    async with memory(text="One sentence leads up to a single [[word]].") as play:
        assert "mean of" not in play.text
        assert "Over 1 words" not in play.words
        await play.press("left", "right", "right")
        assert "“word”, target 1 of 1" in play.text


async def test_tab_pressed_twice_at_once_goes_two_tabs_on(memory: Callable[..., Any]) -> None:
    async with memory() as play:
        for _ in range(4):
            await play.press("tab", "tab", "tab")
            await play.until(lambda: isinstance(play.screen.focused, MemoryTab), "the tab")
            await play.settle()
            assert "words of memory" in play.words


async def test_help_tells_of_the_keys(memory: Callable[..., Any]) -> None:
    async with memory() as play:
        await play.press("f1")
        await play.until_on("HelpScreen")
        await play.press(*["pagedown"] * 4)
        assert "Stop reading the staircase, or go on with it" in play.words
