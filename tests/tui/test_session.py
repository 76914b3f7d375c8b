"""A race being played: slips on disk before words on the screen, and going on after a break."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bets import PASS, Bet, Slip, parse
from engine.errors import EngineError, InputError, ModelError, RaceError, StoreError
from engine.predictor import Loaded, Loading
from engine.race import Race
from tui.beginning import begin_again
from tui.choose import Wish
from tui.opening import Opened, check_names, open_again, open_wish
from tui.paths import Paths
from tui.play import library_of, open_store
from tui.session import Listeners, Session
from tui.settings import Settings
from tui.store import Store


@pytest.fixture
def one(opened: Callable[..., Opened]) -> Iterator[Opened]:
    found = opened()
    yield found
    found.store.close()


@pytest.fixture
def session_of(prompt: Callable[..., Any]) -> Callable[..., Session]:
    """Makes a session whose readings have been asked for, and by default have been given."""

    def make(opened: Opened, predictor: Any = None, **listeners: Any) -> Session:
        session = Session(opened.store, opened.race, opened.text)
        session.start(predictor or prompt(), Listeners(**listeners))
        return session

    return make


def on_disk(paths: Paths) -> list[str]:
    """Kinds of events, asked past the store."""
    connection = sqlite3.connect(paths.store_file)
    rows = connection.execute("SELECT kind FROM events ORDER BY seq").fetchall()
    connection.close()
    return [row[0] for row in rows]


def again(paths: Paths) -> Opened:
    """The race left open, as another start of bitrace finds it."""
    found = open_again(open_store(paths), Settings())
    assert found is not None
    return found


# ---- locking and revealing ----


def test_a_slip_and_its_word_are_written_together(
    one: Opened, paths: Paths, session_of: Callable[..., Session]
) -> None:
    session = session_of(one)
    written: list[list[str]] = []
    append = one.store.append

    def watch(race: Race, events: Any) -> Race:
        written.append([type(event).__name__ for event in events])
        return append(race, events)

    one.store.append = watch  # type: ignore[method-assign]
    session.lock(0, parse("cook 60"))
    session.lock(0, parse("soup 60"))
    assert written == [["Locked", "Identified", "Revealed"], ["Locked", "Revealed"]]
    assert session.race.target == 2
    first = ["started", "locked", "identified", "revealed"]
    assert on_disk(paths) == [*first, "locked", "revealed"]


def test_a_lock_before_the_readings_is_on_disk_at_once(
    one: Opened, paths: Paths, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    minds = held()
    told: list[bool] = []
    session = session_of(one, minds, on_change=lambda: told.append(True))
    session.lock(0, parse("cook 60"))
    assert on_disk(paths) == ["started", "locked"]
    assert session.race.phase == "waiting"
    assert not session.reveal()
    minds.release("reader", "goldfish")
    assert not session.reveal(), "Instinct has not read"
    minds.release("instinct")
    assert told
    assert session.reveal()
    assert session.race.target == 1
    assert on_disk(paths)[2:] == ["identified", "revealed"]
    assert not session.reveal(), "nothing is left to be shown"


def test_the_word_waits_for_all_players(
    opened: Callable[..., Opened], session_of: Callable[..., Session]
) -> None:
    session = session_of(opened(players=("ann", "bo")))
    session.lock(0, PASS)
    assert session.race.target == 0
    assert not session.reveal()
    with pytest.raises(RaceError):
        session.lock(0, PASS)
    session.lock(1, PASS)
    assert session.race.target == 1


def test_what_cannot_be_written_has_not_happened(
    one: Opened,
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    session_of: Callable[..., Session],
) -> None:
    session = session_of(one)
    before = session.race

    def refuse(*_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr(Store, "append", refuse)
    with pytest.raises(StoreError):
        session.lock(0, parse("cook 60"))
    with pytest.raises(StoreError):
        session.say_known(0)
    assert session.race is before
    assert on_disk(paths) == ["started"]
    monkeypatch.undo()
    session.lock(0, parse("cook 60"))
    assert session.race.target == 1


def test_known_is_written_once(
    one: Opened, paths: Paths, session_of: Callable[..., Session]
) -> None:
    session = session_of(one)
    session.say_known(0)
    session.say_known(0)
    assert on_disk(paths) == ["started", "known"]
    assert again(paths).race.known == {0}


def test_bits_come_from_the_minds(
    one: Opened,
    script: Callable[..., Any],
    prompt: Callable[..., Any],
    session_of: Callable[..., Session],
) -> None:
    bits = {"instinct": 7.0, "goldfish": 5.0, "reader": 2.0}
    session = session_of(one, prompt(script(bits)))
    session.lock(0, parse("cook 50"))
    (reveal,) = session.race.reveals
    assert reveal.instinct_bits == 7.0
    assert reveal.minds == {"goldfish": 5.0, "reader": 2.0}
    assert session.race.instinct is not None
    assert session.race.instinct.model == "scripted"


def test_who_has_read_how_far(
    one: Opened, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    minds = held()
    session = session_of(one, minds)
    assert not session.is_locked("reader")
    minds.tell("reader", 2)
    assert session.is_locked("reader")
    assert not session.is_locked("goldfish")
    assert session.engine_line == "scripted none · script · reading"
    minds.release()
    assert session.engine_line == "scripted none · script"


def test_nothing_is_told_after_stopping(
    one: Opened, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    minds = held()
    faults: list[Exception] = []
    session = session_of(one, minds, on_fault=faults.append)
    futures = [future for _, _, future in minds._held.values()]
    session.stop()
    assert all(future.cancelled() for future in futures)
    assert not faults


def test_a_fault_is_told_once(
    one: Opened, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    minds = held()
    faults: list[Exception] = []
    session_of(one, minds, on_fault=faults.append)
    minds.fail("reader", EngineError("It died."))
    minds.fail("goldfish", EngineError("It died."))
    assert [str(fault) for fault in faults] == ["It died."]


def test_a_fault_that_is_none_of_ours_is_told_as_the_engine_s(
    one: Opened, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    minds = held()
    faults: list[Exception] = []
    session_of(one, minds, on_fault=faults.append)
    minds.fail("reader", ValueError("oops"))
    (fault,) = faults
    assert isinstance(fault, EngineError)


def test_the_primer_is_read_by_those_who_read_all(
    opened: Callable[..., Opened], held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    one = opened(primer="A lemma.")
    minds = held()
    session_of(one, minds)
    jobs = {key: job for key, (job, _, _) in minds._held.items()}
    assert jobs["reader"].text == "A lemma.\n\n" + one.text.normalized
    assert jobs["reader"].text[jobs["reader"].before :] == one.text.normalized
    for key in ("instinct", "goldfish"):
        assert jobs[key].text == one.text.normalized
        assert jobs[key].before == 0


def test_each_mind_reads_its_own_opening(
    opened: Callable[..., Opened], held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    one = opened(primer="A lemma’s end.", preface="What would a sage say?")
    assert one.race.setup.preface == "What would a sage say?"
    setup = replace(one.race.setup, minds=("stranger", "reader", "sage"), race_id="s" * 32)
    one = replace(one, race=one.store.begin(setup, one.text))
    minds = held()
    session_of(one, minds)
    passage = one.text.normalized
    jobs = {key: job for key, (job, _, _) in minds._held.items()}
    assert jobs["stranger"].text == passage
    assert jobs["reader"].text == f"A lemma's end.\n\n{passage}"
    assert jobs["sage"].text == f"What would a sage say?\n\nA lemma's end.\n\n{passage}"
    for key in ("stranger", "reader", "sage"):
        assert jobs[key].text[jobs[key].before :] == passage
    assert jobs["instinct"].before == 0


# ---- going on ----


def test_only_what_is_left_is_read_again(
    one: Opened, paths: Paths, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    session = session_of(one)
    session.lock(0, PASS)
    session.lock(0, PASS)
    session.stop()
    minds = held()
    session_of(again(paths), minds)
    left = tuple(target.index for target in one.race.setup.targets[2:])
    assert {job.words for job, _, _ in minds._held.values()} == {left}


def test_a_slip_locked_before_the_break_is_revealed_after_it(
    one: Opened, paths: Paths, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    session = session_of(one, held())
    session.lock(0, parse("cook 60"))
    session.stop()
    later = session_of(again(paths))
    assert later.race.phase == "waiting"
    assert later.reveal()
    assert later.race.slip(0, 0) == Slip((Bet("cook", 60),))


def test_a_finished_race_asks_for_nothing(
    one: Opened, held: Callable[[], Any], session_of: Callable[..., Session]
) -> None:
    session = session_of(one)
    for _ in range(4):
        session.lock(0, PASS)
    assert session.race.phase == "finished"
    minds = held()
    done = Session(one.store, session.race, one.text)
    done.start(minds, Listeners())
    assert minds.asked == set()
    assert done.engine_ready


@pytest.fixture
def other_model(prompt: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a predictor whose model is another one in the given facts."""

    def make(**facts: Any) -> Any:
        predictor = prompt()
        load = predictor.load

        def load_other(loading: Loading, on_progress: Any = None) -> Future[Loaded]:
            loaded = load(loading).result()
            future: Future[Loaded] = Future()
            future.set_result(replace(loaded, identity=replace(loaded.identity, **facts)))
            return future

        predictor.load = load_other
        return predictor

    return make


@pytest.mark.parametrize("facts", [{"sha256": "1" * 64}, {"reading_version": 99}])
def test_a_model_file_that_changed_meanwhile_stops_the_race(
    one: Opened,
    paths: Paths,
    facts: dict[str, Any],
    session_of: Callable[..., Session],
    other_model: Callable[..., Any],
) -> None:
    session = session_of(one)
    session.lock(0, PASS)
    session.stop()
    faults: list[Exception] = []
    later = session_of(again(paths), other_model(**facts), on_fault=faults.append)
    (fault,) = faults
    assert isinstance(fault, ModelError)
    assert "has changed since" in str(fault)
    assert not later.engine_ready
    later.lock(0, PASS)
    assert later.race.phase == "waiting", "no bits of another model"


def test_another_build_of_the_same_model_is_no_other_model(
    one: Opened,
    paths: Paths,
    session_of: Callable[..., Session],
    other_model: Callable[..., Any],
) -> None:
    session = session_of(one)
    session.lock(0, PASS)
    session.stop()
    faults: list[Exception] = []
    later = session_of(again(paths), other_model(backend="other"), on_fault=faults.append)
    assert not faults
    later.lock(0, PASS)
    assert later.race.target == 2


def test_before_the_first_word_the_model_may_change(
    one: Opened,
    paths: Paths,
    session_of: Callable[..., Session],
    other_model: Callable[..., Any],
) -> None:
    session = session_of(one)
    session.stop()
    faults: list[Exception] = []
    session_of(again(paths), other_model(sha256="1" * 64), on_fault=faults.append)
    assert not faults


def test_a_race_begun_again_counts_itself(
    one: Opened, paths: Paths, session_of: Callable[..., Session]
) -> None:
    session = session_of(one)
    session.lock(0, PASS)
    race = begin_again(one.store, session.race, one.text)
    assert race.setup.attempts == (2,)
    assert race.setup.race_id != one.race.setup.race_id
    assert race.setup.targets == one.race.setup.targets
    assert race.reveals == ()
    unseen = begin_again(one.store, race, one.text)
    assert unseen.setup.attempts == (2,), "a race in which no word was shown does not count"


def test_a_file_that_is_gone_or_changed_is_gone_on_with_as_it_was(
    tmp_path: Path, paths: Paths, marked: str, session_of: Callable[..., Session]
) -> None:
    file = tmp_path / "story.txt"
    file.write_text(marked.replace("[[", "").replace("]]", ""), encoding="utf-8")
    begun = open_wish(
        open_store(paths), Wish(str(file), ("ann",)), Settings(), library_of(paths)
    )
    session = session_of(begun)
    session.lock(0, PASS)
    session.stop()
    file.write_text("Something else. " * 99, encoding="utf-8")
    assert again(paths).text == begun.text
    file.unlink()
    found = again(paths)
    assert found.text == begun.text
    later = session_of(found)
    later.lock(0, PASS)
    assert later.race.target == 2


# ---- pulled plugs ----

_PLAYER = """
import signal, sys, time
from pathlib import Path
from engine.bets import parse
from engine.scripted import ScriptedPredictor
from tui.choose import Wish
from tui.paths import find_paths
from tui.opening import open_wish
from tui.play import library_of, open_store
from tui.session import Listeners, Session
from tui.settings import Settings

paths = find_paths()
store = open_store(paths)
wish = Wish("warm-up/last-bus", ("ann",))
opened = open_wish(store, wish, Settings(), library_of(paths))
session = Session(store, opened.race, opened.text)
session.start(ScriptedPredictor(), Listeners())
for target in range(5):
    session.lock(0, parse(f"bus {10 + target}"))
    while session.race.target == target:
        session.reveal()
        time.sleep(0.001)
print(session.race.total(0), flush=True)
signal.pause()
"""


def test_a_player_whose_plug_is_pulled_goes_on_at_the_sixth_target(
    tmp_path: Path, paths: Paths, session_of: Callable[..., Session]
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(_PLAYER)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BITRACE_HOME": str(paths.data.parent)},
    )
    assert child.stdout is not None
    try:
        total = child.stdout.readline().strip()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    found = again(paths)
    assert found.race.target == 5
    assert str(found.race.total(0)) == total
    assert [found.race.slip(target, 0).rest for target in range(5)] == [90, 89, 88, 87, 86]
    session = session_of(found)
    session.lock(0, parse("bus 15"))
    assert session.race.target == 6
    wish = Wish("warm-up/last-bus", ("bo",))
    straight = session_of(open_wish(found.store, wish, Settings(), library_of(paths)))
    for target in range(6):
        straight.lock(0, parse(f"bus {10 + target}"))
    assert straight.race.total(0) == session.race.total(0)
    for ours, theirs in zip(session.race.reveals, straight.race.reveals, strict=True):
        assert (ours.instinct_bits, ours.minds) == (theirs.instinct_bits, theirs.minds)


def test_bits_after_a_break_are_those_without_one(
    opened: Callable[..., Opened], paths: Paths, session_of: Callable[..., Session]
) -> None:
    def slips() -> Iterator[Slip]:
        return (parse(f"cook {20 + target}") for target in range(4))

    straight = session_of(opened())
    for slip in slips():
        straight.lock(0, slip)
    broken = session_of(opened())
    for slip in slips():
        broken.lock(0, slip)
        broken.stop()
        if broken.race.phase != "finished":
            broken = session_of(again(paths))
    assert broken.race.phase == "finished"
    assert broken.race.setup.race_id != straight.race.setup.race_id
    for target in range(4):
        first, second = straight.race.reveals[target], broken.race.reveals[target]
        assert (first.instinct_bits, first.minds) == (second.instinct_bits, second.minds)
    assert straight.race.total(0) == broken.race.total(0)


# ---- who plays ----


@pytest.mark.parametrize(
    "names",
    [
        ("ann", "Ann"),
        ("ann", " ann"),
        ("ann ", "ann"),
        ("Zoë", "Zoe\u0308"),
        ("straße", "STRASSE"),
    ],
)
def test_two_players_who_are_one_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="the same name"):
        check_names(names)


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 25, "\x1b[2J", "a\nb", "a\tb", "\u202e", "\ud800", "\x9b"]
)
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="1 to 24 characters without control"):
        check_names((name,))


@pytest.mark.parametrize("name", ["ann", "Zoë", "漢字", "[/]", "O'Brien", "x" * 24, "👩‍🚀"])
def test_names_that_can_be_used(name: str) -> None:
    check_names((name,))


def test_at_most_eight_players() -> None:
    check_names(tuple("abcdefgh"))
    with pytest.raises(InputError, match="9 players are too many"):
        check_names(tuple("abcdefghi"))
