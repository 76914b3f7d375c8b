"""What goes wrong while the app runs: engines that fail, stores that cannot write, faults of
our own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from engine.bets import Bet, Slip
from engine.errors import BitraceError, EngineError, ModelError, NoInstinctError, StoreError
from engine.predictor import Loaded
from engine.race import Locked, Race
from engine.scripted import ScriptedPredictor
from tui.faults import EXIT_FAULT
from tui.opening import Opened, open_again
from tui.paths import Paths
from tui.play import open_store
from tui.screens.race import RaceScreen
from tui.settings import Settings
from tui.store import Store

FAULTS = [
    (EngineError("The engine died 3 times on one request. Its log: /x/engine.log"), 3),
    (ModelError("/x/model.gguf is not a model in GGUF form."), 1),
    (NoInstinctError("The starter model is not installed."), 3),
]


def kept(paths: Paths) -> Race | None:
    """The race left open, as another start of bitrace would find it."""
    store = open_store(paths)
    try:
        found = open_again(store, Settings())
        return found.race if found else None
    finally:
        store.close()


class NoLoading(ScriptedPredictor):
    """Cannot load its model."""

    def __init__(self, error: BitraceError) -> None:
        super().__init__()
        self._error = error

    def load(self, loading: Any, on_progress: Any = None) -> Future[Loaded]:
        future: Future[Loaded] = Future()
        future.set_exception(self._error)
        return future


@pytest.mark.parametrize(("error", "code"), FAULTS, ids=["engine", "model", "instinct"])
async def test_a_race_asked_for_ends_with_the_fault(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    held: Callable[[], Any],
    paths: Paths,
    error: BitraceError,
    code: int,
) -> None:
    minds = held()
    async with game(opened(), minds) as play:
        await play.until_writing()
        minds.tell("instinct", 1)
        minds.tell("goldfish", 1)
        minds.tell("reader", 1)
        await play.reveal("cook 60")
        await play.press("enter")
        await play.until_writing()
        await play.type("soup 5")
        before = play.race
        minds.fail("reader", error)
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == code
        assert str(error) in play.app.sentence
        assert "bitrace resume" in play.app.sentence
    assert kept(paths) == before
    assert before.slip(0, 0) == Slip((Bet("cook", 60),))


@pytest.mark.parametrize(("error", "code"), FAULTS, ids=["engine", "model", "instinct"])
async def test_a_race_in_which_nothing_was_locked_in_is_not_kept(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    paths: Paths,
    error: BitraceError,
    code: int,
) -> None:
    async with game(opened(), ScriptedPredictor(fault=error)) as play:
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == code
        assert play.app.sentence == str(error)
    assert kept(paths) is None


async def test_a_fault_while_all_wait_for_the_minds(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    held: Callable[[], Any],
    paths: Paths,
) -> None:
    minds = held()
    async with game(opened(), minds) as play:
        await play.until_writing()
        await play.lock("cook 60")
        await play.until(lambda: play.shows("#waiting"), "the wait")
        minds.fail("goldfish", EngineError("The engine died."))
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 3
    race = kept(paths)
    assert race is not None
    assert race.slip(0, 0) == Slip((Bet("cook", 60),))


@pytest.mark.usefixtures("unbaked")
async def test_a_model_that_cannot_be_used_leads_back_home(
    game: Callable[..., Any], paths: Paths
) -> None:
    minds = NoLoading(ModelError("/x/model.gguf holds no model."))
    async with game(predictor=minds) as play:
        await play.until_seen("Begin here")
        assert play.on == "HomeScreen", "it is told when a race needs the model"
        await play.press("enter")
        await play.until_on("Notice")
        assert "/x/model.gguf holds no model." in play.words
        await play.press("enter")
        await play.until_on("HomeScreen")
        await play.until_seen("Begin here")
    assert kept(paths) is None


@pytest.mark.usefixtures("unbaked")
async def test_an_engine_that_fails_ends_the_app_begun_from_home_too(
    game: Callable[..., Any], paths: Paths
) -> None:
    async with game(predictor=NoLoading(EngineError("The engine died."))) as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 3
        assert play.app.sentence == "The engine died."
    assert kept(paths) is None


@pytest.mark.usefixtures("unbaked")
async def test_without_the_starter_model_and_readings_there_is_no_race(
    game: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise NoInstinctError("The starter model is not installed. Get it with: pip install x")

    monkeypatch.setattr("engine.starter.starter_model", missing)
    async with game() as play:
        await play.until_seen("Begin here")
        await play.until_seen("no starter model")
        await play.press("enter")
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 3
        assert "pip install" in play.app.sentence


async def test_without_the_starter_model_what_was_baked_is_raced(
    game: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise NoInstinctError("The starter model is not installed.")

    monkeypatch.setattr("engine.starter.starter_model", missing)
    async with game(predictor=NoLoading(EngineError("The engine died."))) as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.reveal("teapot 60")
        assert "teapot" in play.text


async def test_an_engine_that_cannot_be_started_for_a_race(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    class NoProcess(ScriptedPredictor):
        def load(self, loading: Any, on_progress: Any = None) -> Any:
            raise EngineError("The engine cannot be started: no memory.")

    async with game(opened(), NoProcess()) as play:
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 3
        assert play.app.sentence == "The engine cannot be started: no memory."


async def test_late_faults_of_a_race_that_was_left_are_nobody_s_business(
    game: Callable[..., Any], opened: Callable[..., Opened], held: Callable[[], Any]
) -> None:
    minds = held()
    async with game(opened(), minds) as play:
        await play.until_writing()
        futures = [future for _, _, future in minds._held.values()]
        await play.leave()
        await play.until_on("HomeScreen")
        await play.settle()
        assert all(future.cancelled() for future in futures), "nothing is read for nobody"
        assert play.app.is_running


async def test_a_slip_that_cannot_be_written_stays_on_the_line(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = opened()
    append = Store.append

    def refuse(*_: object) -> None:
        raise StoreError("There is no room left for /x/bitrace.db.")

    async with game(one) as play:
        await play.until_writing()
        monkeypatch.setattr(Store, "append", refuse)
        await play.lock("cook 60")
        await play.until(lambda: "no room left" in play.told, "a notice")
        assert "Not locked in" in play.told
        assert play.slip == "cook 60"
        assert play.race.locked == {}
        assert "target 1 of 4" in play.lines[0]
        assert "cook▁" not in play.text
        await play.press("ctrl+t")
        assert play.race.known == frozenset()
        monkeypatch.setattr(Store, "append", append)
        await play.press("enter")
        await play.until_revealed()
        assert play.race.slip(0, 0) == Slip((Bet("cook", 60),))


async def test_a_word_that_cannot_be_written_down_is_shown_later(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    held: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minds = held()
    append = Store.append

    def refuse(*_: object) -> None:
        raise StoreError("There is no room left for /x/bitrace.db.")

    async with game(opened(), minds) as play:
        await play.until_writing()
        await play.lock("cook 60")
        await play.until(lambda: play.shows("#waiting"), "the wait")
        monkeypatch.setattr(Store, "append", refuse)
        minds.release()
        await play.until(lambda: "no room left" in play.told, "a notice")
        assert play.race.target == 0
        assert "cook" not in play.text
        monkeypatch.setattr(Store, "append", append)
        await play.press("enter")
        await play.until_revealed()
        assert "cook▁" in play.text


async def test_after_a_word_could_not_be_written_the_race_can_be_left_and_gone_on_with(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    held: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minds = held()
    append = Store.append

    def refuse(*_: object) -> None:
        raise StoreError("There is no room left for /x/bitrace.db.")

    async with game(opened(), minds) as play:
        await play.until_writing()
        await play.lock("cook 60")
        await play.until(lambda: play.shows("#waiting"), "the wait")
        monkeypatch.setattr(Store, "append", refuse)
        minds.release()
        await play.until(lambda: "no room left" in play.told, "a notice")
        monkeypatch.setattr(Store, "append", append)
        await play.leave()
        await play.until_seen("Go on with your race")
        await play.press("enter")
        await play.until_on("RaceScreen")
        await play.settle()
        minds.release()
        await play.until_revealed()
        assert "cook▁" in play.text


async def test_a_race_that_cannot_be_begun_is_told(
    game: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("There is no room left for /x/bitrace.db.")

    async with game() as play:
        await play.until_seen("Begin here")
        monkeypatch.setattr(Store, "begin", refuse)
        await play.press("enter")
        await play.until_on("Notice")
        assert "no room left" in play.words
        await play.press("enter")
        await play.until_on("HomeScreen")


async def test_a_store_that_cannot_even_forget(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    held: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine fails, and the race, in which nothing was locked in, cannot be taken back."""

    def refuse(*_: object) -> None:
        raise StoreError("The disk refused to write.")

    minds = held()
    async with game(opened(), minds) as play:
        await play.until_writing()
        monkeypatch.setattr(Store, "discard_unplayed", refuse)
        minds.fail("reader", EngineError("The engine died."))
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 3
        assert "The engine died." in play.app.sentence


async def test_a_race_played_in_two_windows(
    game: Callable[..., Any], opened: Callable[..., Opened], paths: Paths
) -> None:
    async with game(opened()) as play:
        await play.until_writing()
        elsewhere = open_store(paths)
        entry = elsewhere.open_race()
        assert entry is not None
        race, _ = elsewhere.load(entry.race_id)
        elsewhere.append(race, [Locked(0, 0, Slip((Bet("thief", 9),)), "at")])
        await play.lock("cook 60")
        await play.until(lambda: "another window" in play.told, "a notice")
        assert play.slip == "cook 60"
        assert play.race.locked == {}


async def test_a_fault_of_ours_is_a_sentence_and_a_traceback_in_the_log(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = opened()

    def stumble(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError):
        async with game(one) as play:
            await play.until_writing()
            await play.reveal("cook 60")
            before = play.race
            app = play.app
            monkeypatch.setattr(RaceScreen, "_went_on", stumble)
            monkeypatch.setattr("tui.screens.race.in_play", stumble)
            await play.press("enter")
            await play.until(lambda: not play.app.is_running, "the end")
    assert app.return_code == EXIT_FAULT
    assert "fault of its own" in app.sentence
    assert str(paths.app_log) in app.sentence
    assert "ZeroDivisionError: on purpose" in paths.app_log.read_text(encoding="utf-8")
    assert kept(paths) == before
