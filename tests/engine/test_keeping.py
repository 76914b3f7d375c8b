"""Answers from kept readings: the same as fresh ones, in their order, and never of another's.

The one who is asked for what is not kept is a script here, or a person's hand.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import identities
from engine.errors import BitraceError, EngineError, InputError, ModelError
from engine.keeping import Keeping
from engine.kept import Entry, Kept, Key
from engine.link import Link
from engine.minds import READER, READING_VERSION, SAGE, STRANGER, Mind, short_memory
from engine.predictor import (
    Asking,
    Comparison,
    Job,
    Loaded,
    Loading,
    Predictor,
    Reading,
)
from engine.race import Identity
from engine.words import sha256, words

WAIT_S = 20.0
"""Until something counts as hanging."""
REAL_WAIT_S = 120.0
"""The same with a real model."""
STARTER = "starter"
TEXT = "The ferry leaves at seven, and only four people came aboard."
N_WORDS = len(words(TEXT))
PRIMER = "It was morning.\n\n"
IDENTITY = Identity("Toy", "toy.gguf", "a" * 64, "Q4", READING_VERSION, "toy; CPU", 2048)
LOADED = Loaded(IDENTITY, "CPU", 0, 30)

Make: TypeAlias = Callable[..., "Desk"]


def bits_of(loaded: Loaded, job: Job, index: int) -> float:
    """Bits with all their digits, by all that bits may depend on."""
    text = job.text if job.mind.reads_all else job.text[job.before :]
    facts = repr((asdict(loaded), job.mind.memory, text, index))
    return struct.unpack("<H", bytes.fromhex(sha256(facts))[:2])[0] / 7919


def read_all(loaded: Loaded, job: Job) -> Reading:
    """What a reading finds."""
    n_words = len(words(job.text[job.before :]))
    wanted = range(n_words) if job.words is None else job.words
    if any(not 0 <= index < n_words for index in wanted):
        raise EngineError("There is no such word.")
    return Reading(
        {index: bits_of(loaded, job, index) for index in wanted},
        len(job.text) if job.mind.reads_all else 0,
        bits_of(loaded, replace(job, words=None), -1) if job.all_tokens else None,
    )


@dataclass
class Call:
    """Something that a predictor was asked."""

    what: Any
    """A `Loading`, `Job`, `Asking` or `Comparison`."""
    future: Future[Any]
    listeners: tuple[Any, ...] = ()
    loaded: Loaded | None = None
    """What was under its role when it was asked."""


@dataclass
class Desk:
    """A predictor that answers at once, or when it is told to.

    Bits depend on the model that is loaded under a role when a job comes in.
    """

    loaded: Loaded = LOADED
    """What is found in every model file."""
    fault: BitraceError | None = None
    """What every load fails with."""
    prompt: bool = True
    calls: list[Call] = field(default_factory=list)
    cancelled: list[Future[Any]] = field(default_factory=list)
    closed: int = 0
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Goes up with every call."""
    roles: dict[str, Loaded] = field(default_factory=dict)

    def load(self, loading: Loading, on_progress: Any = None) -> Future[Loaded]:
        if self.fault is None:
            self.roles[loading.role] = self.loaded
        return self._take(loading, self.loaded, on_progress)

    def read(self, job: Job, on_bits: Any = None, on_progress: Any = None) -> Future[Reading]:
        return self._take(job, self.roles.get(job.role), on_bits, on_progress)

    def top_words(self, asking: Asking, on_top: Any = None, on_progress: Any = None) -> Any:
        return self._take(asking, self.roles.get(asking.role), on_top, on_progress)

    def compare(self, comparison: Comparison) -> Any:
        return self._take(comparison, self.roles.get(comparison.role))

    def first_tokens(self, comparison: Comparison) -> Any:
        return self._take(comparison, self.roles.get(comparison.role))

    def cancel(self, future: Future[Any]) -> None:
        self.cancelled.append(future)
        future.cancel()

    def close(self) -> None:
        self.closed += 1
        for call in self.calls:
            call.future.cancel()

    def _take(self, what: Any, loaded: Loaded | None, *listeners: Any) -> Future[Any]:
        call = Call(what, Future(), listeners, loaded)
        self.calls.append(call)
        if self.prompt:
            self.answer(call)
        self.asked.release()
        return call.future

    def answer(self, call: Call) -> None:
        """Do what a call asks."""
        try:
            if isinstance(call.what, Loading):
                if self.fault is not None:
                    raise self.fault
                call.future.set_result(self.loaded)
            elif call.loaded is None:
                raise EngineError(f"No model is loaded as {call.what.role!r}.")
            elif isinstance(call.what, Job):
                reading = read_all(call.loaded, call.what)
                if call.listeners[0]:
                    for index, bits in reading.bits.items():
                        call.listeners[0]({index: bits})
                call.future.set_result(reading)
            else:
                call.future.set_result({0: call.what})
        except BitraceError as error:
            call.future.set_exception(error)

    def wait(self, n_calls: int = 1) -> Call:
        """Wait for so many calls more; the last of them."""
        for _ in range(n_calls):
            assert self.asked.acquire(timeout=WAIT_S), "nothing was asked"
        return self.calls[-1]

    @property
    def jobs(self) -> list[Job]:
        return [call.what for call in self.calls if isinstance(call.what, Job)]

    @property
    def loads(self) -> list[Loading]:
        return [call.what for call in self.calls if isinstance(call.what, Loading)]


class Listener:
    """What came in through `on_bits`."""

    def __init__(self) -> None:
        self.told: list[tuple[int, float]] = []

    def __call__(self, bits: dict[int, float]) -> None:
        self.told += bits.items()


@pytest.fixture(autouse=True)
def build(monkeypatch: pytest.MonkeyPatch) -> None:
    """On any machine a llama.cpp that knows processors only."""
    monkeypatch.setattr(identities, "cpu_build", lambda: "build")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file; nobody looks into it here."""
    path = tmp_path / "toy.gguf"
    path.write_bytes(b"GGUF")
    return path


@pytest.fixture
def loading(model: Path) -> Loading:
    return Loading(STARTER, str(model))


@pytest.fixture
def over(cache: Path) -> Iterator[Callable[..., Keeping]]:
    """Makes one that keeps what a predictor says; all are closed in the end."""
    made: list[Keeping] = []

    def make(predictor: Predictor, lazy: bool = False, folder: Path = cache) -> Keeping:
        made.append(Keeping(lambda: predictor, folder, lazy))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def never(cache: Path) -> Iterator[Keeping]:
    """Where asking anybody is an error."""

    def make() -> Predictor:
        raise AssertionError("the model's process has been started")

    keeps = Keeping(make, cache, lazy=True)
    yield keeps
    keeps.close()


def a_job(
    *wanted: int, text: str = TEXT, mind: Mind = READER, before: str = "", **more: Any
) -> Job:
    """A job for some words, or for all."""
    return Job(STARTER, mind, before + text, len(before), wanted or None, **more)


def ask(keeps: Keeping, job: Job) -> Reading:
    return keeps.read(job).result(WAIT_S)


def begin(keeps: Keeping, loading: Loading) -> Loaded:
    return keeps.load(loading).result(REAL_WAIT_S)


# ---- from what is kept ----


@pytest.mark.parametrize(
    "job",
    [
        a_job(),
        a_job(all_tokens=True),
        a_job(mind=short_memory(2)),
        a_job(mind=short_memory(0)),
        a_job(before=PRIMER),
        a_job(3, 1, 5),
        a_job(text="… — !"),
        a_job(text="… — !", all_tokens=True),
        a_job(text=""),
    ],
)
def test_a_second_reading_asks_nobody_and_says_the_same(
    over: Callable[..., Keeping], never: Keeping, loading: Loading, job: Job
) -> None:
    keeps = over(desk := Desk())
    assert begin(keeps, loading) == LOADED
    fresh = ask(keeps, job)
    assert fresh == read_all(LOADED, job)
    assert ask(keeps, job) == fresh
    assert desk.jobs == [job]
    # And in another process, where not even the model is loaded.
    assert begin(never, loading) == LOADED
    again = ask(never, job)
    assert again == fresh
    assert all(again.bits[index].hex() == bits.hex() for index, bits in fresh.bits.items())


def test_a_reading_of_all_answers_for_some_words(
    over: Callable[..., Keeping], never: Keeping, loading: Loading
) -> None:
    keeps = over(Desk())
    begin(keeps, loading)
    whole = ask(keeps, a_job(all_tokens=True))
    begin(never, loading)
    assert ask(never, a_job(4, 2)).bits == {index: whole.bits[index] for index in (4, 2)}
    assert ask(never, a_job(4)).token_bits is None, "nobody asked for them"
    assert ask(never, a_job(4, all_tokens=True)) == replace(whole, bits={4: whole.bits[4]})


def test_who_listens_hears_of_every_word_and_of_the_end(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(Desk())
    begin(keeps, loading)
    whole = ask(keeps, a_job())
    listener, fractions = Listener(), list[float]()
    keeps.read(a_job(), listener, fractions.append).result(WAIT_S)
    assert sorted(listener.told) == sorted(whole.bits.items())
    assert fractions == [1.0]


CHANGES: dict[str, tuple[Job, Loaded]] = {
    "the text": (a_job(text=TEXT + " So"), LOADED),
    "what comes before": (a_job(before=PRIMER), LOADED),
    "where the passage begins": (Job(STARTER, READER, TEXT, 4), LOADED),
    "the memory": (a_job(mind=short_memory(0)), LOADED),
    "the model": (a_job(), replace(LOADED, identity=replace(IDENTITY, sha256="b" * 64))),
    "the window": (a_job(), replace(LOADED, identity=replace(IDENTITY, window=512))),
    "the rules": (
        a_job(),
        replace(LOADED, identity=replace(IDENTITY, reading_version=READING_VERSION + 1)),
    ),
    "the backend": (a_job(), replace(LOADED, identity=replace(IDENTITY, backend="b; CPU"))),
    "the layers on a device": (a_job(), replace(LOADED, place="CUDA0 9/30 layers")),
}


@pytest.mark.parametrize(("job", "loaded"), CHANGES.values(), ids=CHANGES.keys())
def test_with_any_other_condition_a_text_is_read_anew(
    over: Callable[..., Keeping], loading: Loading, job: Job, loaded: Loaded
) -> None:
    first = over(Desk())
    begin(first, loading)
    ask(first, a_job())
    second = over(desk := Desk(loaded))
    begin(second, loading)
    assert ask(second, job) == read_all(loaded, job)
    assert desk.jobs == [job]
    third = over(desk := Desk())
    begin(third, loading)
    assert ask(third, a_job()) == read_all(LOADED, a_job())
    assert desk.jobs == [], "the first reading is still kept"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a_job(mind=short_memory(3)), a_job(mind=short_memory(3), before=PRIMER)),
        (a_job(mind=STRANGER), a_job(mind=READER)),
        (a_job(mind=SAGE, before=PRIMER), a_job(mind=READER, before=PRIMER)),
    ],
    ids=["a short memory never reaches before", "Stranger without", "Sage without"],
)
def test_what_conditions_on_the_same_is_read_once(
    over: Callable[..., Keeping], loading: Loading, one: Job, other: Job
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    assert ask(keeps, one) == ask(keeps, other)
    assert desk.jobs == [one]


def test_a_model_under_another_name_and_role_has_the_same_readings(
    over: Callable[..., Keeping], loading: Loading, model: Path
) -> None:
    keeps = over(desk := Desk())
    copy = model.with_name("copy.gguf")
    copy.write_bytes(b"GGUF")
    for one in (loading, Loading("raced", str(copy))):
        begin(keeps, one)
        ask(keeps, replace(a_job(), role=one.role))
    assert len(desk.jobs) == 1


# ---- some words ----


def test_only_what_is_missing_is_asked_for_and_all_is_kept(
    over: Callable[..., Keeping], never: Keeping, loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    ask(keeps, a_job(1, 3))
    assert ask(keeps, a_job(5, 3, 4)) == read_all(LOADED, a_job(3, 4, 5))
    assert [job.words for job in desk.jobs] == [(1, 3), (5, 4)]
    begin(never, loading)
    assert ask(never, a_job(1, 3, 4, 5)) == read_all(LOADED, a_job(1, 3, 4, 5))


def test_what_was_asked_at_the_same_time_is_kept_too(
    over: Callable[..., Keeping], never: Keeping, loading: Loading
) -> None:
    """Neither knew of the other's words when it was asked."""
    keeps = over(desk := Desk())
    begin(keeps, loading)
    desk.prompt = False
    futures = [keeps.read(a_job(0, 1)), keeps.read(a_job(1, 2))]
    desk.wait(3)
    for call in desk.calls[1:]:
        desk.answer(call)
    assert [future.result(WAIT_S).bits.keys() for future in futures] == [{0, 1}, {1, 2}]
    begin(never, loading)
    assert ask(never, a_job(0, 1, 2)) == read_all(LOADED, a_job(0, 1, 2))


def test_some_words_read_late_do_not_take_the_place_of_all(
    over: Callable[..., Keeping], never: Keeping, loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    desk.prompt = False
    futures = [keeps.read(a_job()), keeps.read(a_job(1, 2))]
    desk.wait(3)
    for call in desk.calls[1:]:
        desk.answer(call)
    for future in futures:
        future.result(WAIT_S)
    begin(never, loading)
    assert ask(never, a_job()) == read_all(LOADED, a_job())


def test_all_tokens_are_read_where_they_are_not_known(
    over: Callable[..., Keeping], never: Keeping, loading: Loading
) -> None:
    keeps = over(Desk())
    begin(keeps, loading)
    ask(keeps, a_job(1, 2))
    job = a_job(2, 3, all_tokens=True)
    listener = Listener()
    assert keeps.read(job, listener).result(WAIT_S) == read_all(LOADED, job)
    assert sorted(index for index, _ in listener.told) == [2, 3]
    begin(never, loading)
    assert ask(never, a_job(1, 2, 3, all_tokens=True)) == read_all(
        LOADED, a_job(1, 2, 3, all_tokens=True)
    )


ASKED: st.SearchStrategy[Job] = st.builds(
    Job,
    st.just(STARTER),
    st.sampled_from([READER, STRANGER, short_memory(2)]),
    st.sampled_from([TEXT, PRIMER + TEXT, "Another text altogether, and not a short one."]),
    st.sampled_from([0, len(PRIMER)]),
    st.none() | st.lists(st.integers(0, 3), unique=True, max_size=4).map(tuple),
    st.booleans(),
)


@settings(max_examples=60)
@given(jobs=st.lists(ASKED, max_size=6), at_once=st.booleans())
def test_whatever_was_asked_before_answers_are_as_if_there_were_no_keeping(
    tmp_path_factory: pytest.TempPathFactory, jobs: list[Job], at_once: bool
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "toy.gguf").write_bytes(b"GGUF")
    keeps = Keeping(Desk, folder / "cache")
    begin(keeps, Loading(STARTER, str(folder / "toy.gguf")))
    futures: list[Future[Reading]] = []
    listeners = [Listener() for _ in jobs]
    for job, listener in zip(jobs, listeners, strict=True):
        futures.append(keeps.read(job, listener))
        if not at_once:
            futures[-1].result(WAIT_S)
    for job, future, listener in zip(jobs, futures, listeners, strict=True):
        true = read_all(LOADED, job)
        found = future.result(WAIT_S)
        assert found.bits == true.bits
        assert found.token_bits == true.token_bits
        assert sorted(listener.told) == sorted(true.bits.items()), "each word once"
    keeps.close()


@settings(max_examples=60)
@given(
    wanted=st.lists(
        st.none() | st.lists(st.integers(0, 5), unique=True, max_size=4).map(tuple), max_size=6
    )
)
def test_no_word_is_read_twice_unless_all_are(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[tuple[int, ...] | None]
) -> None:
    folder = tmp_path_factory.mktemp("twice")
    (folder / "toy.gguf").write_bytes(b"GGUF")
    desk = Desk()
    keeps = Keeping(lambda: desk, folder / "cache")
    begin(keeps, Loading(STARTER, str(folder / "toy.gguf")))
    for some in wanted:
        ask(keeps, replace(a_job(), words=some))
    asked = [job.words for job in desk.jobs]
    assert asked.count(None) <= 1
    known = [index for some in asked if some is not None for index in some]
    assert len(known) == len(set(known))
    assert () not in asked, "nobody is asked for nothing"
    keeps.close()


def test_a_word_that_the_text_does_not_have_is_the_engines_to_refuse(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    ask(keeps, a_job())
    with pytest.raises(EngineError, match="no such word"):
        ask(keeps, a_job(2, N_WORDS))
    assert desk.jobs[-1].words == (N_WORDS,)


# ---- what is not to be trusted ----


def key_of(job: Job) -> Key:
    """Under what its reading is kept."""
    return Key(
        sha256(job.text[: job.before]),
        sha256(job.text[job.before :]),
        IDENTITY.sha256,
        job.mind.memory,
        IDENTITY.window,
        IDENTITY.reading_version,
        f"{IDENTITY.backend}; CPU",
    )


def test_the_key_is_as_these_tests_have_it(
    over: Callable[..., Keeping], cache: Path, loading: Loading
) -> None:
    keeps = over(Desk())
    begin(keeps, loading)
    ask(keeps, a_job(before=PRIMER))
    assert [path.name for path in (cache / "readings").iterdir()] == [
        key_of(a_job(before=PRIMER)).name
    ]


@pytest.mark.parametrize(
    "entry",
    [
        Entry([1.0] * (N_WORDS - 1), whole=True),  # type: ignore[arg-type]
        Entry([1.0] * (N_WORDS + 1), whole=True),  # type: ignore[arg-type]
        Entry({0: 1.0, N_WORDS: 1.0}),
        Entry({0: 1.0, -1: 1.0}),
        Entry({0: 1.0, 1: float("nan")}),
    ],
)
def test_an_entry_that_does_not_fit_the_text_is_read_again(
    over: Callable[..., Keeping], cache: Path, loading: Loading, entry: Entry
) -> None:
    if isinstance(entry.bits, list):
        entry = replace(entry, bits=dict(enumerate(entry.bits)))
    Kept(cache / "readings").put(key_of(a_job()), entry)
    keeps = over(Desk())
    begin(keeps, loading)
    assert ask(keeps, a_job(0, 1)) == read_all(LOADED, a_job(0, 1))
    assert ask(keeps, a_job()) == read_all(LOADED, a_job())


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "rename", "folder"])
def test_a_damaged_entry_is_read_again(
    over: Callable[..., Keeping], cache: Path, loading: Loading, damage: str
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    ask(keeps, a_job())
    (path,) = (cache / "readings").iterdir()
    raw = path.read_bytes()
    if damage == "flip":
        path.write_bytes(raw[:-9] + bytes([raw[-9] ^ 1]) + raw[-8:])
    elif damage == "cut":
        path.write_bytes(raw[:-1])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "rename":
        ask(keeps, a_job(text="Another text, as long as the first one was, word by word: so."))
        other = next(one for one in path.parent.iterdir() if one != path)
        other.rename(path)
    else:
        path.unlink()
        path.mkdir()
    desk.calls.clear()
    assert ask(keeps, a_job()) == read_all(LOADED, a_job())
    assert desk.jobs == [a_job()]


def test_a_reading_of_all_that_lacks_a_word_is_not_kept_as_one(
    over: Callable[..., Keeping], loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bits that would come to stand under another word's index."""
    keeps = over(desk := Desk())
    begin(keeps, loading)
    desk.prompt = False
    future = keeps.read(a_job())
    call = desk.wait(2)
    lacking = read_all(LOADED, a_job(0, *range(2, N_WORDS)))
    call.future.set_result(lacking)
    assert future.result(WAIT_S) == lacking
    desk.prompt = True
    assert ask(keeps, a_job(0, 2)).bits == read_all(LOADED, a_job(0, 2)).bits
    assert len(desk.jobs) == 1, "what it had is known"
    assert ask(keeps, a_job()) == read_all(LOADED, a_job())
    assert len(desk.jobs) == 2


@pytest.mark.parametrize("where", ["a file in the way", "nowhere"])
def test_a_cache_that_cannot_be_had_costs_nothing_but_time(
    over: Callable[..., Keeping], loading: Loading, tmp_path: Path, where: str
) -> None:
    folder = Path("/proc/nonexistent")
    if where == "a file in the way":
        folder = tmp_path / "cache"
        folder.write_text("not a folder")
    for _ in range(2):
        keeps = over(desk := Desk(), lazy=True, folder=folder)
        assert begin(keeps, loading) == LOADED
        assert ask(keeps, a_job()) == read_all(LOADED, a_job())
        assert desk.jobs == [a_job()]


def test_half_a_character_is_the_engines_to_refuse(
    over: Callable[..., Keeping], cache: Path, loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    job = a_job(text="half \ud83d a character")
    assert keeps.read(job).result(WAIT_S)
    assert keeps.read(job).result(WAIT_S)
    assert desk.jobs == [job, job]
    assert not (cache / "readings").exists()


def test_a_role_without_a_model_is_the_engines_to_refuse(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    with pytest.raises(EngineError, match="No model is loaded as 'starter'"):
        ask(keeps, a_job())
    assert desk.jobs == [a_job()]


def test_a_listener_that_stumbles_costs_no_reading(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    def stumble(_: Any) -> None:
        raise RuntimeError("a listener's fault")

    keeps = over(Desk())
    begin(keeps, loading)
    fresh = ask(keeps, a_job())
    assert keeps.read(a_job(), stumble, stumble).result(WAIT_S) == fresh


def test_a_fault_of_our_own_is_told_and_does_not_leave_anybody_waiting(
    over: Callable[..., Keeping], loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("a fault of our own")

    keeps = over(Desk())
    begin(keeps, loading)
    with monkeypatch.context() as patch:
        patch.setattr(Kept, "put", fails)
        with pytest.raises(EngineError, match="a fault of our own"):
            ask(keeps, a_job())
    with monkeypatch.context() as patch:
        patch.setattr(Kept, "get", fails)
        with pytest.raises(EngineError, match="a fault of our own"):
            ask(keeps, a_job())
    assert ask(keeps, a_job()) == read_all(LOADED, a_job()), "and the next is answered"


# ---- order ----


def test_what_is_kept_does_not_come_before_what_was_asked_earlier(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    ask(keeps, a_job(1))
    desk.prompt = False
    desk.calls.clear()
    listener = Listener()
    slow = keeps.read(a_job(2))
    quick = keeps.read(a_job(1), listener)
    slower = keeps.read(a_job(3))
    desk.wait(4)  # the load, the first, and these two
    before: list[tuple[bool, bool]] = []
    quick.add_done_callback(lambda _: before.append((slow.done(), slower.done())))
    assert listener.told, "although its bits are told at once"
    assert not quick.done()
    desk.answer(desk.calls[0])
    assert quick.result(WAIT_S) == read_all(LOADED, a_job(1))
    desk.answer(desk.calls[1])
    slower.result(WAIT_S)
    assert before == [(True, False)]


@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_what_is_kept_does_not_wait_for_what_came_to_nothing(
    over: Callable[..., Keeping], loading: Loading, how: str
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    ask(keeps, a_job(1))
    desk.prompt = False
    pending = [keeps.read(a_job(index)) for index in (2, 3)]
    in_turn = threading.Event()
    quick = keeps.read(a_job(1), lambda _: in_turn.set())
    assert in_turn.wait(WAIT_S)
    for future, call in zip(reversed(pending), reversed(desk.calls), strict=False):
        assert not quick.done()
        if how == "cancel":
            keeps.cancel(future)
        else:
            call.future.set_exception(EngineError("The engine died."))
    assert quick.result(WAIT_S) == read_all(LOADED, a_job(1))


def test_a_reading_is_by_the_model_that_was_loaded_when_it_was_asked(
    over: Callable[..., Keeping], loading: Loading, model: Path, cache: Path
) -> None:
    """Also where another model is to be loaded under the same role before its turn comes."""
    desk = Desk(prompt=False)
    keeps = over(desk)
    other = Loading(STARTER, str(model.with_name("other.gguf")))
    first, reading, second = keeps.load(loading), keeps.read(a_job()), keeps.load(other)
    after = keeps.read(a_job())
    desk.answer(desk.wait())
    assert first.result(WAIT_S) == LOADED
    desk.wait(2)
    assert [call.what for call in desk.calls] == [loading, a_job(), other]
    desk.answer(desk.calls[1])
    assert reading.result(WAIT_S) == read_all(LOADED, a_job())
    desk.loaded = replace(LOADED, identity=replace(IDENTITY, sha256="b" * 64))
    desk.roles[STARTER] = desk.loaded
    desk.answer(desk.calls[2])
    assert second.result(WAIT_S) == desk.loaded
    desk.answer(desk.wait())
    assert after.result(WAIT_S) == read_all(desk.loaded, a_job())


def test_everything_is_asked_in_its_order(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    asking = Asking(STARTER, READER, TEXT, words=(1,))
    comparison = Comparison(STARTER, READER, TEXT, {1: ("boat", "ferry")})
    futures = [
        keeps.load(loading),
        keeps.read(a_job(1)),
        keeps.top_words(asking),
        keeps.read(a_job(2)),
        keeps.compare(comparison),
        keeps.first_tokens(comparison),
        keeps.read(a_job(3)),
    ]
    for future in futures:
        future.result(WAIT_S)
    asked = [loading, a_job(1), asking, a_job(2), comparison, comparison, a_job(3)]
    assert [call.what for call in desk.calls] == asked


def test_best_words_and_candidates_are_passed_on_with_their_listeners(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    asking = Asking(STARTER, READER, TEXT, words=(1,))
    comparison = Comparison(STARTER, READER, TEXT, {1: ("boat", "ferry")})
    on_top, on_progress = Listener(), Listener()
    assert keeps.top_words(asking, on_top, on_progress).result(WAIT_S) == {0: asking}
    assert desk.calls[-1].listeners == (on_top, on_progress)
    assert keeps.compare(comparison).result(WAIT_S) == {0: comparison}
    assert keeps.first_tokens(comparison).result(WAIT_S) == {0: comparison}


def test_how_far_a_load_is_is_told(over: Callable[..., Keeping], loading: Loading) -> None:
    keeps = over(desk := Desk())
    told = list[float]()
    keeps.load(loading, told.append).result(WAIT_S)
    desk.calls[0].listeners[0](0.5)
    assert told == [0.5]


# ---- giving up ----


def test_a_reading_that_waits_for_its_turn_is_never_asked(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk(prompt=False))
    keeps.load(loading)
    desk.wait()
    futures = [keeps.read(a_job(index)) for index in (1, 2, 3)]
    keeps.cancel(futures[1])
    assert futures[1].cancelled()
    desk.prompt = True
    desk.answer(desk.calls[0])
    assert futures[2].result(WAIT_S) == read_all(LOADED, a_job(3))
    assert desk.jobs == [a_job(1), a_job(3)]
    assert desk.cancelled == []


def test_a_reading_that_was_asked_is_cancelled_there(
    over: Callable[..., Keeping], loading: Loading, cache: Path
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    desk.prompt = False
    future = keeps.read(a_job())
    call = desk.wait(2)
    keeps.cancel(future)
    keeps.cancel(future)
    assert future.cancelled()
    assert desk.cancelled == [call.future]
    assert not (cache / "readings").exists()


def test_a_load_is_cancelled_where_it_was_asked(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk(prompt=False))
    future = keeps.load(loading)
    call = desk.wait()
    keeps.cancel(future)
    assert future.cancelled()
    assert desk.cancelled == [call.future]


def test_a_reading_cancelled_while_it_is_being_asked_is_cancelled_there(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    class Meddling(Desk):
        """Takes a moment, in which its caller gives up."""

        def read(self, job: Job, on_bits: Any = None, on_progress: Any = None) -> Any:
            keeps.cancel(futures[0])
            return super().read(job, on_bits, on_progress)

    keeps = over(desk := Meddling())
    begin(keeps, loading)
    desk.prompt = False
    futures: list[Future[Reading]] = []
    hold = threading.Event()
    keeps._waiting.put(lambda: hold.wait(WAIT_S) and None)
    futures.append(keeps.read(a_job()))
    hold.set()
    call = desk.wait(2)
    with pytest.raises(CancelledError):
        call.future.result(WAIT_S)
    assert desk.cancelled == [call.future]
    assert futures[0].cancelled()


def test_what_the_engine_gives_up_is_given_up(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    desk.prompt = False
    future = keeps.read(a_job())
    desk.wait(2).future.cancel()
    with pytest.raises(CancelledError):
        future.result(WAIT_S)


def test_what_has_been_answered_can_be_cancelled_to_no_effect(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    future = keeps.read(a_job())
    future.result(WAIT_S)
    keeps.cancel(future)
    assert future.result() == read_all(LOADED, a_job())
    assert desk.cancelled == []


def test_an_answer_that_comes_too_late_disturbs_nothing(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    class Deaf(Desk):
        """Goes on with what was given up."""

        def cancel(self, future: Future[Any]) -> None:
            self.cancelled.append(future)

    keeps = over(desk := Deaf())
    begin(keeps, loading)
    desk.prompt = False
    future = keeps.read(a_job())
    call = desk.wait(2)
    keeps.cancel(future)
    desk.answer(call)
    assert future.cancelled()
    desk.prompt = True
    assert ask(keeps, a_job()) == read_all(LOADED, a_job())


def test_closing_ends_what_was_asked_and_what_waits(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    ask(keeps, a_job(5))
    desk.prompt = False
    asked = keeps.read(a_job(1))
    desk.wait(3)
    raced = keeps.load(Loading("raced", "other.gguf"))
    desk.wait()
    waiting = [keeps.read(replace(a_job(2), role="raced")), keeps.read(a_job(3))]
    waiting.append(keeps.read(a_job(5)))  # although it is kept
    keeps.close()
    keeps.close()
    assert desk.closed
    for future in (asked, raced, *waiting):
        with pytest.raises(CancelledError):
            future.result(WAIT_S)
    assert desk.jobs == [a_job(5), a_job(1)]
    keeps.cancel(asked)


@pytest.mark.parametrize("what", ["load", "read", "top_words", "compare", "first_tokens"])
def test_when_it_has_been_closed_it_says_so(
    over: Callable[..., Keeping], loading: Loading, what: str
) -> None:
    keeps = over(desk := Desk())
    begin(keeps, loading)
    ask(keeps, a_job())
    keeps.close()
    future: Future[Any] = {
        "load": lambda: keeps.load(loading),
        "read": lambda: keeps.read(a_job()),
        "top_words": lambda: keeps.top_words(Asking(STARTER, READER, TEXT)),
        "compare": lambda: keeps.compare(Comparison(STARTER, READER, TEXT, {})),
        "first_tokens": lambda: keeps.first_tokens(Comparison(STARTER, READER, TEXT, {})),
    }[what]()
    with pytest.raises(EngineError, match="closed"):
        future.result(WAIT_S)
    assert len(desk.calls) == 2


def test_closing_starts_nobody(never: Keeping) -> None:
    never.close()


# ---- models known from before ----


def test_a_model_is_loaded_only_when_something_has_to_be_read(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    begin(over(Desk(), lazy=True), loading)
    keeps = over(desk := Desk(), lazy=True)
    assert begin(keeps, loading) == LOADED
    assert desk.calls == []
    told = list[float]()
    keeps.load(loading, told.append).result(WAIT_S)
    assert desk.calls == []
    assert ask(keeps, a_job()) == read_all(LOADED, a_job())
    assert [call.what for call in desk.calls] == [loading, a_job()]
    desk.calls[0].listeners[0](0.5)
    assert told == [0.5], "who asked hears how far it is"
    ask(keeps, a_job(text="Another text."))
    assert desk.loads == [loading], "once is enough"


def test_what_was_put_off_is_forgotten_for_another_model(
    over: Callable[..., Keeping], loading: Loading, model: Path
) -> None:
    begin(over(Desk(), lazy=True), loading)
    keeps = over(desk := Desk(other_identity(sha256="b" * 64)), lazy=True)
    begin(keeps, loading)
    other = Loading(STARTER, str(model.with_name("other.gguf")))
    Path(other.path).write_bytes(b"GGUF")
    begin(keeps, other)
    assert ask(keeps, a_job()) == read_all(desk.loaded, a_job())
    assert desk.loads == [other]


def test_a_known_models_words_are_told_while_another_still_reads(
    over: Callable[..., Keeping], loading: Loading, model: Path
) -> None:
    first = over(Desk(), lazy=True)
    begin(first, loading)
    ask(first, a_job())
    keeps = over(desk := Desk(), lazy=True)
    raced = Loading("raced", str(model.with_name("raced.gguf")))
    begin(keeps, raced)
    desk.prompt = False
    pending = keeps.read(replace(a_job(text="A long text."), role="raced"))
    told = threading.Event()
    known = keeps.load(loading)
    reading = keeps.read(a_job(), lambda _: told.set())
    assert told.wait(WAIT_S)
    assert not known.done() and not reading.done(), "although answers keep their order"
    desk.answer(desk.calls[-1])
    assert pending.result(WAIT_S) and known.result(WAIT_S) == LOADED
    assert reading.result(WAIT_S) == read_all(LOADED, a_job())


@pytest.mark.parametrize("what", ["top_words", "compare", "first_tokens"])
def test_a_model_is_loaded_for_what_is_never_kept(
    over: Callable[..., Keeping], loading: Loading, what: str
) -> None:
    begin(over(Desk(), lazy=True), loading)
    keeps = over(desk := Desk(), lazy=True)
    begin(keeps, loading)
    asking = Asking(STARTER, READER, TEXT)
    comparison = Comparison(STARTER, READER, TEXT, {})
    future: Future[Any] = (
        keeps.top_words(asking) if what == "top_words" else getattr(keeps, what)(comparison)
    )
    future.result(WAIT_S)
    assert desk.loads == [loading]


def test_without_being_lazy_a_known_model_is_loaded_at_once(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    begin(over(Desk(), lazy=True), loading)
    keeps = over(desk := Desk())
    begin(keeps, loading)
    assert desk.loads == [loading]


def test_where_a_device_may_have_come_or_gone_a_model_is_always_loaded(
    over: Callable[..., Keeping], loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "cpu_build", lambda: None)
    for _ in range(2):
        keeps = over(desk := Desk(), lazy=True)
        begin(keeps, loading)
        assert desk.loads == [loading]


def touched(model: Path) -> None:
    os.utime(model, ns=(1, model.stat().st_mtime_ns + 1))


def longer(model: Path) -> None:
    status = model.stat()
    model.write_bytes(b"GGUF!")
    os.utime(model, ns=(status.st_atime_ns, status.st_mtime_ns))


def another(model: Path) -> None:
    status = model.stat()
    beside = model.with_name("new.gguf")
    beside.write_bytes(b"FUGG")
    os.utime(beside, ns=(status.st_atime_ns, status.st_mtime_ns))
    beside.replace(model)


@pytest.mark.parametrize("change", [touched, longer, another])
def test_a_model_file_that_has_changed_is_loaded_anew(
    over: Callable[..., Keeping],
    loading: Loading,
    model: Path,
    change: Callable[[Path], None],
) -> None:
    first = over(Desk(), lazy=True)
    begin(first, loading)
    ask(first, a_job())
    change(model)
    other = replace(LOADED, identity=replace(IDENTITY, sha256="b" * 64))
    keeps = over(desk := Desk(other), lazy=True)
    assert begin(keeps, loading) == other
    assert desk.loads == [loading]
    assert ask(keeps, a_job()) == read_all(other, a_job())


@pytest.mark.parametrize("what", ["build", "layers"])
def test_another_llama_cpp_or_other_layers_are_another_model(
    over: Callable[..., Keeping],
    loading: Loading,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    begin(over(Desk(), lazy=True), loading)
    if what == "build":
        monkeypatch.setattr(identities, "cpu_build", lambda: "another build")
    else:
        loading = replace(loading, gpu_layers=0)
    begin(over(desk := Desk(), lazy=True), loading)
    assert desk.loads == [loading]


def test_a_file_that_changes_while_it_is_loaded_is_not_remembered(
    over: Callable[..., Keeping], loading: Loading, model: Path
) -> None:
    keeps = over(desk := Desk(prompt=False), lazy=True)
    future = keeps.load(loading)
    call = desk.wait()
    status = model.stat()
    touched(model)
    desk.answer(call)
    future.result(WAIT_S)
    for time in (model.stat().st_mtime_ns, status.st_mtime_ns):
        os.utime(model, ns=(1, time))
        begin(over(desk := Desk(), lazy=True), loading)
        assert desk.loads == [loading], "which of the two was read nobody knows"


def other_identity(**changes: Any) -> Loaded:
    return replace(LOADED, identity=replace(IDENTITY, **changes))


@pytest.mark.parametrize(
    "now",
    [
        other_identity(sha256="b" * 64),
        other_identity(backend="toy 2; CPU"),
        other_identity(window=1024),
        other_identity(model="Toy 2"),
        replace(LOADED, place="CUDA0 3/30 layers"),
    ],
)
def test_a_model_that_is_not_what_it_was_is_refused_once(
    over: Callable[..., Keeping], cache: Path, loading: Loading, now: Loaded
) -> None:
    begin(over(Desk(), lazy=True), loading)
    keeps = over(desk := Desk(now), lazy=True)
    assert begin(keeps, loading) == LOADED
    futures: list[Future[Any]] = [
        keeps.read(a_job()),
        keeps.read(a_job(1)),
        keeps.top_words(Asking(STARTER, READER, TEXT)),
        keeps.compare(Comparison(STARTER, READER, TEXT, {})),
        keeps.first_tokens(Comparison(STARTER, READER, TEXT, {})),
    ]
    for future in futures:
        with pytest.raises(ModelError, match="another way now: try once more") as caught:
            future.result(WAIT_S)
        assert loading.path in str(caught.value)
    assert desk.jobs == [], "no bits of one are told for another's"
    assert not (cache / "readings").exists()
    # The next run knows it as it is.
    keeps = over(desk := Desk(now), lazy=True)
    assert begin(keeps, loading) == now
    assert ask(keeps, a_job()) == read_all(now, a_job())


def test_after_a_refusal_loading_again_puts_it_right(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    begin(over(Desk(), lazy=True), loading)
    now = other_identity(sha256="b" * 64)
    keeps = over(Desk(now), lazy=True)
    begin(keeps, loading)
    with pytest.raises(ModelError):
        ask(keeps, a_job())
    assert begin(keeps, loading) == now
    assert ask(keeps, a_job()) == read_all(now, a_job())


def test_what_is_remembered_is_remembered_when_the_refusal_is_told(
    over: Callable[..., Keeping], loading: Loading, cache: Path
) -> None:
    """A command that is refused ends at once."""
    begin(over(Desk(), lazy=True), loading)
    keeps = over(Desk(other_identity(sha256="b" * 64)), lazy=True)
    begin(keeps, loading)
    seen: list[str] = []
    looked = threading.Event()

    def look(_: Future[Any]) -> None:
        seen.append((cache / "identities.json").read_text())
        looked.set()

    keeps.read(a_job()).add_done_callback(look)
    assert looked.wait(WAIT_S)
    assert "b" * 64 in seen[0]


@pytest.mark.parametrize("lazy", [False, True])
def test_what_a_load_fails_with_reaches_all_who_ask(
    over: Callable[..., Keeping], loading: Loading, lazy: bool
) -> None:
    if lazy:
        begin(over(Desk(), lazy=True), loading)
    keeps = over(desk := Desk(fault=ModelError("The file is damaged.")), lazy=lazy)
    futures: list[Future[Any]] = [
        keeps.load(loading),
        keeps.read(a_job()),
        keeps.read(a_job(1)),
        keeps.top_words(Asking(STARTER, READER, TEXT)),
        keeps.compare(Comparison(STARTER, READER, TEXT, {})),
        keeps.first_tokens(Comparison(STARTER, READER, TEXT, {})),
    ]
    if lazy:
        assert futures.pop(0).result(WAIT_S) == LOADED
    for future in futures:
        with pytest.raises(ModelError, match=r"The file is damaged\."):
            future.result(WAIT_S)
    assert [call.what for call in desk.calls] == [loading]
    desk.fault = None
    assert begin(keeps, loading) == LOADED
    assert ask(keeps, a_job()) == read_all(LOADED, a_job())


def test_a_load_that_failed_is_not_remembered(
    over: Callable[..., Keeping], loading: Loading
) -> None:
    with pytest.raises(ModelError):
        begin(over(Desk(fault=ModelError("It is damaged.")), lazy=True), loading)
    begin(over(desk := Desk(), lazy=True), loading)
    assert desk.loads == [loading]


def test_an_engine_that_cannot_be_made_is_told(cache: Path, loading: Loading) -> None:
    def make() -> Predictor:
        raise InputError("There is no engine.")

    keeps = Keeping(make, cache)
    with pytest.raises(InputError, match="no engine"):
        begin(keeps, loading)
    with pytest.raises(InputError, match="no engine"):
        ask(keeps, a_job())
    keeps.close()


def test_a_model_without_a_file_is_the_engines_to_refuse(
    over: Callable[..., Keeping], tmp_path: Path
) -> None:
    for path in ("gone.gguf", "nul\0byte", "x" * 5000):
        keeps = over(desk := Desk(), lazy=True)
        begin(keeps, Loading(STARTER, path))
        assert len(desk.loads) == 1


REMEMBERED: dict[str, Any] = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "null": "null",
    "a number": "3",
    "too deep": "[" * 10_000 + "]" * 10_000,
    "too deep a name": '{"identity": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "no identity": json.dumps({"place": "CPU", "layers": 0, "layers_of": 0}),
    "an identity that is a name": json.dumps({**asdict(LOADED), "identity": "Toy"}),
    "an identity that is a list": json.dumps({**asdict(LOADED), "identity": [1]}),
    "half an identity": json.dumps({**asdict(LOADED), "identity": {"model": "Toy"}}),
    "something more": json.dumps({**asdict(LOADED), "more": 1}),
    "something less": json.dumps({"identity": asdict(IDENTITY)}),
    "other rules": json.dumps(asdict(other_identity(reading_version=READING_VERSION - 1))),
}


@pytest.mark.parametrize("told", REMEMBERED.values(), ids=REMEMBERED.keys())
def test_what_is_wrongly_remembered_is_not_trusted(
    over: Callable[..., Keeping], cache: Path, loading: Loading, told: str
) -> None:
    begin(over(Desk(), lazy=True), loading)
    file = cache / "identities.json"
    (name,) = json.loads(file.read_text())
    file.write_text(json.dumps({name: told}))
    keeps = over(desk := Desk(), lazy=True)
    assert begin(keeps, loading) == LOADED
    assert desk.loads == [loading]
    assert begin(over(desk := Desk(), lazy=True), loading) == LOADED
    assert desk.loads == [], "and it is remembered rightly"


def test_two_models_are_each_what_they_are(
    over: Callable[..., Keeping], loading: Loading, model: Path
) -> None:
    """The player's model must not be scored by the starter model's readings."""
    raced = Loading("raced", str(model.with_name("raced.gguf")))
    Path(raced.path).write_bytes(b"GGUF")
    other = other_identity(sha256="b" * 64, model="Raced")

    class Two(Desk):
        def load(self, loading: Loading, on_progress: Any = None) -> Future[Loaded]:
            self.loaded = other if loading.role == "raced" else LOADED
            return super().load(loading, on_progress)

    for n_jobs in (2, 0):
        keeps = over(desk := Two(), lazy=True)
        assert (begin(keeps, loading), begin(keeps, raced)) == (LOADED, other)
        assert ask(keeps, a_job()) == read_all(LOADED, a_job())
        assert ask(keeps, replace(a_job(), role="raced")) == read_all(other, a_job())
        assert len(desk.jobs) == n_jobs


# ---- with the real model ----


def test_kept_and_fresh_bits_of_the_starter_model_are_equal(
    never: Keeping, cache: Path, starter_file: Path, tmp_path: Path
) -> None:
    keeps = Keeping(lambda: Link(tmp_path / "engine.log", cache), cache)
    begin(keeps, starter := Loading(STARTER, str(starter_file)))
    jobs = [a_job(all_tokens=True), a_job(1, 4, mind=short_memory(2)), a_job(3, before=PRIMER)]
    fresh = [keeps.read(job).result(REAL_WAIT_S) for job in jobs]
    keeps.close()
    begin(never, starter)
    for job, reading in zip(jobs, fresh, strict=True):
        assert ask(never, job) == reading
        assert all(bits > 0 for bits in reading.bits.values())
    assert len(fresh[0].bits) == N_WORDS
    assert fresh[0].token_bits and fresh[0].n_tokens
