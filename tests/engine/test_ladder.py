"""The staircase: each step as if read by itself, no text read twice, and how it comes in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BitraceError, EngineError
from engine.ladder import RUNGS, Ladder, Staircase, steps
from engine.link import Link
from engine.minds import READER, STRANGER, Mind, short_memory
from engine.predictor import Job, Loading, OnBits, Predictor, Reading
from engine.scripted import ScriptedPredictor
from engine.starter import starter_model
from engine.words import words

WAIT_S = 60.0
PASSAGE = "“The ferry, said Ann, leaves at seven. " + "And so it went on and on. " * 30
LAST = len(words(PASSAGE)) - 1


def conditions_on(mind: Mind, text: str, before: int, index: int) -> str:
    """What a mind sees of a text up to the end of a word: minds.py's sentences, by slices."""
    found = words(text[before:])
    end = found[index].end
    if mind.memory is None:
        return text[: before + end]
    if mind.memory > index:
        start = 0
    elif mind.memory > 0:
        start = found[index - mind.memory].start
    else:
        start = found[index - 1].end if index else 0
    return text[before:][start:end]


class Conditioned(ScriptedPredictor):
    """Bits by a hash of what is conditioned on; has answered when it has been asked.

    Args:
        fails_at: how many jobs are answered before one fails, if one does.
    """

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self.texts: list[tuple[int, str]] = []
        self.cancelled: list[Future[Any]] = []
        self._fails_at = fails_at

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: Any = None
    ) -> Future[Reading]:
        future: Future[Reading] = Future()
        if len(self.jobs) == self._fails_at:
            self.jobs.append(job)
            future.set_exception(EngineError("The engine died."))
            return future
        self.jobs.append(job)
        bits: dict[int, float] = {}
        for index in job.words or ():
            seen = conditions_on(job.mind, job.text, job.before, index)
            # Another arithmetic for minds that read all, as with a real model.
            key = f"{job.mind.reads_all}:{seen}"
            self.texts.append((index, key))
            bits[index] = 20 * hashlib.sha256(key.encode()).digest()[0] / 255
            if on_bits:
                on_bits({index: bits[index]})
        future.set_result(Reading(bits, 0, None))
        return future

    def cancel(self, future: Future[Any]) -> None:
        self.cancelled.append(future)
        super().cancel(future)


class Held(ScriptedPredictor):
    """Answers nothing by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[Job, OnBits, Future[Reading]]] = []

    def read(
        self, job: Job, on_bits: OnBits | None = None, on_progress: Any = None
    ) -> Future[Reading]:
        assert on_bits is not None
        future: Future[Reading] = Future()
        self.held.append((job, on_bits, future))
        return future


def naive(predictor: Predictor, passage: str, wanted: list[int], primer: str = "") -> Any:
    """Every step of every word read by itself."""
    bits: dict[str, dict[int, float]] = {}
    for mind in steps(primer):
        before = mind.before(primer)
        bits[mind.key] = {
            index: predictor.read(Job("starter", mind, before + passage, len(before), (index,)))
            .result(WAIT_S)
            .bits[index]
            for index in wanted
        }
    return bits


def climbed(predictor: Predictor, *wanted: int, **more: Any) -> Staircase:
    return Ladder(predictor, "starter", PASSAGE, wanted, **more).start().result(WAIT_S)


# ---- steps ----


def test_the_rungs_are_powers_of_two_up_to_128_and_then_all() -> None:
    assert [mind.memory for mind in steps()] == [0, 1, 2, 4, 8, 16, 32, 64, 128, None]
    assert steps()[-1] == READER
    assert (0, *(2**power for power in range(8))) == RUNGS


def test_with_a_primer_the_passage_alone_is_a_step() -> None:
    assert steps("A lemma.")[-2:] == (STRANGER, READER)
    assert len(steps("A lemma.")) == 11


# ---- against the slow truth ----

passages = st.lists(
    st.tuples(st.sampled_from(["“", " ", ", ", ".\n\n", " – "]), st.sampled_from("abcde漢")),
    min_size=1,
    max_size=200,
).map(lambda parts: "".join(separator + letter * 2 for separator, letter in parts))


@given(passages, st.data(), st.sampled_from(["", "A lemma."]))
def test_every_step_is_as_if_it_had_been_read_alone(
    passage: str, data: st.DataObject, primer: str
) -> None:
    n = len(words(passage))
    wanted = sorted(data.draw(st.sets(st.integers(0, n - 1), max_size=5)))
    truth = naive(Conditioned(), passage, wanted, primer)
    known = {
        key: {index: bits for index, bits in of.items() if data.draw(st.booleans())}
        for key, of in truth.items()
        if data.draw(st.booleans())
    }
    predictor = Conditioned()
    told: list[float] = []
    ladder = Ladder(predictor, "starter", passage, wanted, known, primer, told.append)
    staircase = ladder.start().result(0)
    assert staircase.bits == truth
    assert staircase == ladder.staircase
    assert staircase.is_whole
    assert [job.role for job in predictor.jobs] == ["starter"] * len(predictor.jobs)
    # No text is read twice, and none whose bits are known.
    assert len(set(predictor.texts)) == len(predictor.texts)
    for key, of in known.items():
        mind = next(mind for mind in steps(primer) if mind.key == key)
        text = mind.before(primer) + passage
        for index in of:
            seen = conditions_on(mind, text, len(mind.before(primer)), index)
            assert (index, f"{mind.reads_all}:{seen}") not in predictor.texts
    assert told == sorted(told)
    assert all(0 < fraction <= 1 for fraction in told)
    assert not told or told[-1] == pytest.approx(1)


def test_a_real_model_says_the_same_step_by_step(starter_file: Path, tmp_path: Path) -> None:
    passage = PASSAGE[:100]
    link = Link(tmp_path / "engine.log", tmp_path / "cache")
    try:
        link.load(Loading("starter", str(starter_model())))
        wanted = [2, 18]
        ladder = Ladder(link, "starter", passage, wanted)
        assert ladder.start().result(WAIT_S).bits == naive(link, passage, wanted)
    finally:
        link.close()


# ---- what is made of the bits ----


def test_the_mean_is_over_all_words_or_none() -> None:
    bits: Mapping[str, Mapping[int, float]] = {
        "memory_0": {3: 8.0, 5: 4.0},
        "memory_1": {5: 3.0},
        "reader": {3: 1.0, 5: 2.0},
    }
    minds = (short_memory(0), short_memory(1), READER)
    staircase = Staircase((3, 5), minds, bits)
    assert staircase.means == (6.0, None, 1.5)
    assert staircase.of(3) == (8.0, None, 1.0)
    assert staircase.of(5) == (4.0, 3.0, 2.0)
    assert staircase.n_whole == 2
    assert not staircase.is_whole


def test_a_staircase_of_no_words() -> None:
    predictor = Conditioned()
    staircase = climbed(predictor)
    assert predictor.jobs == []
    assert set(staircase.means) == {None}
    assert staircase.is_whole


def test_a_word_asked_for_twice_is_one_word() -> None:
    assert climbed(Conditioned(), 7, 3, 7).words == (3, 7)


# ---- in which order, and what is known ----


def test_the_whole_text_comes_first_and_then_the_cheap_steps() -> None:
    predictor = Conditioned()
    climbed(predictor, LAST, primer="A lemma.")
    assert [job.mind.memory for job in predictor.jobs] == [None, None, *RUNGS]
    stranger, reader = predictor.jobs[:2]
    assert (stranger.text, stranger.before) == (PASSAGE, 0)
    assert reader.text == "A lemma.\n\n" + PASSAGE
    assert reader.text[reader.before :] == PASSAGE
    assert all(job.text == PASSAGE for job in predictor.jobs[2:])


def test_what_is_known_is_not_asked_for() -> None:
    predictor = Conditioned()
    staircase = climbed(
        predictor, LAST, known={"reader": {LAST: 1.25}, "memory_4": {LAST: 9.5, 3: 7.0}}
    )
    assert [job.mind.memory for job in predictor.jobs] == [0, 1, 2, 8, 16, 32, 64, 128]
    assert staircase.of(LAST)[-1] == 1.25
    assert staircase.of(LAST)[3] == 9.5


def test_steps_that_reach_past_the_beginning_are_read_once() -> None:
    """Word 2 of a passage that begins with a quotation mark: with 2 words of memory the mark
    is not seen, with 4 it is, and with 8 nothing is added."""
    predictor = Conditioned()
    staircase = climbed(predictor, 2)
    assert [job.mind.memory for job in predictor.jobs] == [None, 0, 1, 2, 4]
    assert len(set(staircase.of(2)[4:-1])) == 1


# ---- as it comes in ----


@pytest.fixture
def held() -> Iterator[Held]:
    predictor = Held()
    yield predictor
    predictor.close()


def test_what_has_come_in_so_far(held: Held) -> None:
    told: list[float] = []
    ladder = Ladder(held, "starter", PASSAGE, [40, LAST], on_progress=told.append)
    future = ladder.start()
    assert ladder.staircase.n_whole == 0
    _, reader_bits, _ = held.held[0]
    reader_bits({40: 2.0})
    reader_bits({LAST: 4.0})
    assert ladder.staircase.means[-1] == 3.0
    job, memory_bits, _ = held.held[1]
    assert job.mind.memory == 0
    memory_bits({40: 11.0})
    assert ladder.staircase.of(40)[0] == 11.0
    assert ladder.staircase.means[0] is None
    assert len(told) == 3
    assert told == sorted(told)
    assert told[-1] < 0.7, "the dear steps are still to come"
    assert not future.done()


def test_bits_told_again_by_an_engine_that_died_count_once(held: Held) -> None:
    told: list[float] = []
    ladder = Ladder(held, "starter", PASSAGE, [LAST], on_progress=told.append)
    ladder.start()
    for _ in range(50):
        held.held[0][1]({LAST: 2.0})
    assert len(set(told)) == 1


def test_cancelled_it_keeps_what_it_has_and_tells_nothing_more(held: Held) -> None:
    told: list[float] = []
    ladder = Ladder(held, "starter", PASSAGE, [LAST], on_progress=told.append)
    future = ladder.start()
    held.held[0][1]({LAST: 2.0})
    ladder.cancel()
    assert all(one.cancelled() for _, _, one in held.held)
    with pytest.raises(CancelledError):
        future.result(0)
    before = list(told)
    held.held[1][1]({LAST: 9.0})  # was on its way
    assert told == before
    assert ladder.staircase.of(LAST)[-1] == 2.0


def test_what_was_kept_need_not_be_read_again(held: Held) -> None:
    ladder = Ladder(held, "starter", PASSAGE, [LAST])
    ladder.start()
    held.held[0][1]({LAST: 2.0})
    ladder.cancel()
    predictor = Conditioned()
    again = climbed(predictor, LAST, known=ladder.staircase.bits)
    assert [job.mind.memory for job in predictor.jobs] == [*RUNGS]
    assert again.of(LAST)[-1] == 2.0


@pytest.mark.parametrize("fails_at", [0, 3, 9])
def test_a_fault_is_told_once_and_ends_it(fails_at: int) -> None:
    predictor = Conditioned(fails_at)
    future = Ladder(predictor, "starter", PASSAGE, [LAST]).start()
    with pytest.raises(EngineError, match="The engine died"):
        future.result(0)
    assert len(predictor.jobs) == fails_at + 1, "nothing is asked of what has failed"


def test_a_fault_gives_up_what_waits(held: Held) -> None:
    future = Ladder(held, "starter", PASSAGE, [LAST]).start()
    faults: list[BaseException | None] = []
    future.add_done_callback(lambda done: faults.append(done.exception()))
    held.held[2][2].set_exception(EngineError("The engine died."))
    assert all(one.cancelled() for at, (_, _, one) in enumerate(held.held) if at != 2)
    (fault,) = faults
    assert isinstance(fault, BitraceError)


def test_an_engine_that_is_closed_cancels_it() -> None:
    predictor = ScriptedPredictor(delay_s=3600)
    future = Ladder(predictor, "starter", PASSAGE, [LAST]).start()
    predictor.close()
    with pytest.raises(CancelledError):
        future.result(WAIT_S)


def test_answers_from_another_thread(script_of: Callable[[], ScriptedPredictor]) -> None:
    ladder = Ladder(script_of(), "starter", PASSAGE, range(0, LAST, 7))
    assert ladder.start().result(WAIT_S).is_whole


@pytest.fixture
def script_of() -> Callable[[], ScriptedPredictor]:
    return lambda: ScriptedPredictor(delay_s=0.001)
