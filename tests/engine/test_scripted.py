"""The predictor without a model keeps to what the game asks of every predictor."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future

import pytest

from engine.errors import BitraceError, EngineError
from engine.minds import GOLDFISH, INSTINCT, READER, READING_VERSION, Mind, short_memory
from engine.predictor import Job, Loading, Predictor, Reading
from engine.scripted import ScriptedPredictor, by_hash
from engine.words import Word, words

WAIT_S = 30.0
TEXT = "The ferry leaves at seven, and only four people came aboard."


def a_job(*wanted: int, mind: Mind = READER, text: str = TEXT, before: int = 0) -> Job:
    return Job("starter", mind, text, before, wanted or None)


def by_place(mind: Mind, word: Word) -> float:
    return word.index + (0.5 if mind.reads_all else 0.0)


@pytest.fixture
def patient() -> Iterator[ScriptedPredictor]:
    """Does not answer while a test runs."""
    predictor = ScriptedPredictor(by_place, delay_s=3600)
    yield predictor
    predictor.close()


def test_it_is_a_predictor() -> None:
    predictor: Predictor = ScriptedPredictor()
    for name in ("load", "read", "cancel", "close"):
        assert callable(getattr(predictor, name))


def test_a_model_is_loaded_at_once_and_says_that_it_is_a_script() -> None:
    loaded = ScriptedPredictor().load(Loading("starter", "/models/a.gguf")).result(0)
    assert loaded.identity.model == "scripted"
    assert loaded.identity.backend == "script"
    assert loaded.identity.file == "/models/a.gguf"
    assert loaded.identity.reading_version == READING_VERSION
    assert len(loaded.identity.sha256) == 64
    assert loaded.place


def test_bits_of_all_words_where_none_are_named() -> None:
    reading = ScriptedPredictor(by_place).read(a_job()).result(WAIT_S)
    assert reading.bits == {word.index: word.index + 0.5 for word in words(TEXT)}
    assert reading.token_bits is None


def test_bits_of_the_words_asked_for_alone() -> None:
    streamed: dict[int, float] = {}
    future = ScriptedPredictor(by_place).read(a_job(3, 0, 7), streamed.update)
    reading = future.result(WAIT_S)
    assert reading.bits == {0: 0.5, 3: 3.5, 7: 7.5}
    assert streamed == reading.bits


def test_no_words_asked_for() -> None:
    job = Job("starter", READER, TEXT, 0, ())
    assert ScriptedPredictor(by_place).read(job).result(WAIT_S).bits == {}


def test_words_are_those_of_the_passage_not_of_what_comes_before() -> None:
    seen: list[str] = []

    def script(mind: Mind, word: Word) -> float:
        seen.append(word.text)
        return 1.0

    primer = "A primer of six words here.\n\n"
    job = Job("starter", READER, primer + TEXT, len(primer), (0, 3))
    assert set(ScriptedPredictor(script).read(job).result(WAIT_S).bits) == {0, 3}
    assert seen == ["The", "at"]


def test_all_tokens_are_added_up_where_that_is_asked_for() -> None:
    job = Job("starter", READER, TEXT, 0, (1, 2), all_tokens=True)
    reading = ScriptedPredictor(by_place).read(job).result(WAIT_S)
    assert reading.token_bits == pytest.approx(sum(reading.bits.values()))


def test_the_usual_script_says_the_same_each_time_and_more_memory_costs_less() -> None:
    found = words(TEXT * 20)
    for word in found:
        instinct, goldfish, reader = (
            by_hash(mind, word) for mind in (INSTINCT, GOLDFISH, READER)
        )
        assert 1 <= reader <= goldfish <= instinct <= 9
        assert by_hash(short_memory(4), word) == instinct
    assert len({by_hash(INSTINCT, word) for word in found}) > len(found) / 4
    again = ScriptedPredictor().read(a_job(mind=INSTINCT)).result(WAIT_S)
    assert again.bits == {word.index: by_hash(INSTINCT, word) for word in words(TEXT)}


# ---- taking its time ----


def test_with_a_delay_the_answer_comes_on_another_thread() -> None:
    threads: list[int] = []
    predictor = ScriptedPredictor(by_place, delay_s=0.05)
    future = predictor.read(a_job(2), lambda bits: threads.append(threading.get_ident()))
    assert future.result(WAIT_S).bits == {2: 2.5}
    assert len(threads) == 1 and threads[0] != threading.get_ident()


def test_bits_come_before_the_answer() -> None:
    order: list[str] = []
    answered = threading.Event()

    def on_done(_future: Future[Reading]) -> None:
        order.append("answer")
        answered.set()

    predictor = ScriptedPredictor(by_place, delay_s=0.05)
    predictor.read(a_job(2), lambda bits: order.append("bits")).add_done_callback(on_done)
    assert answered.wait(WAIT_S)
    assert order == ["bits", "answer"]


def test_answers_come_in_the_order_of_asking() -> None:
    order: list[int] = []
    futures: list[Future[Reading]] = []
    predictor = ScriptedPredictor(by_place, delay_s=0.05)
    for number in range(400):
        future = predictor.read(a_job(1))
        future.add_done_callback(lambda _done, number=number: order.append(number))
        futures.append(future)
    for future in futures:
        future.result(WAIT_S)
    assert order == list(range(400))


def test_what_is_not_answered_yet_can_be_given_up(patient: ScriptedPredictor) -> None:
    futures = [patient.read(a_job(1)) for _ in range(3)]
    time.sleep(0.05)  # also what other threads have set about by now
    assert not any(future.done() for future in futures)
    for future in futures:
        patient.cancel(future)
        assert future.cancelled()
        with pytest.raises(CancelledError):
            future.result(0)


def test_what_was_given_up_has_no_late_bits() -> None:
    predictor = ScriptedPredictor(by_place, delay_s=0.05)
    for _ in range(100):
        late: list[dict[int, float]] = []
        given_up = predictor.read(a_job(1), late.append)
        predictor.cancel(given_up)
        if given_up.cancelled():  # else it was answered before
            break
    # Asked after the one given up, answered after its time.
    assert predictor.read(a_job(2)).result(WAIT_S).bits == {2: 2.5}
    assert given_up.cancelled() and late == []


def test_giving_up_what_is_answered_changes_nothing() -> None:
    predictor = ScriptedPredictor(by_place)
    future = predictor.read(a_job(1))
    future.result(WAIT_S)
    predictor.cancel(future)
    assert future.result(0).bits == {1: 1.5}


def test_closing_gives_up_what_is_not_answered_yet(patient: ScriptedPredictor) -> None:
    future = patient.read(a_job(1))
    patient.close()
    with pytest.raises((CancelledError, EngineError)):
        future.result(WAIT_S)


def test_a_program_ends_although_an_answer_is_still_to_come() -> None:
    code = (
        "from engine.minds import READER\n"
        "from engine.predictor import Job\n"
        "from engine.scripted import ScriptedPredictor\n"
        "future = ScriptedPredictor(delay_s=3600).read(Job('starter', READER, 'a word'))\n"
        "assert not future.done()\n"
    )
    try:
        subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=WAIT_S)
    except subprocess.TimeoutExpired:
        pytest.fail("it waits for the answer")


# ---- faults ----


@pytest.mark.parametrize("delay_s", [0.0, 0.05])
def test_a_fault_fails_every_reading_with_a_sentence(delay_s: float) -> None:
    fault = EngineError("The engine died.")
    predictor = ScriptedPredictor(by_place, delay_s, fault)
    told: list[dict[int, float]] = []
    for _ in range(2):
        future = predictor.read(a_job(1), told.append)
        with pytest.raises(EngineError, match="died"):
            future.result(WAIT_S)
    assert told == []
    # What fails is reading; a model can still be loaded.
    assert predictor.load(Loading("starter", "a")).result(WAIT_S)


@pytest.mark.parametrize("wanted", [100, -1000])
def test_a_word_that_is_not_there_fails_the_future(wanted: int) -> None:
    future = ScriptedPredictor(by_place).read(a_job(wanted))
    assert isinstance(future.exception(WAIT_S), BitraceError)
