"""The model's process from inside: what it answers, and that nothing stops its answering.

Most of it is tried with a made-up library in this process; descriptors, logs and ends need a
process of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from engine import wire
from engine.canonical import read_all, read_short
from engine.errors import EngineError, ModelError
from engine.llama import Facts
from engine.minds import READING_VERSION
from engine.words import words
from engine.worker import Worker

TEXT = "The cats sat, né; the cat didn't. " * 12
PRIMER = "A cat and the 12 cats.\n\n"
FRACTIONS = [n / 1000 for n in range(1001)]


def closing(toy: Any) -> Any:
    """The made-up model with what a real one has besides: it can be closed, once."""

    class Closing(toy):  # type: ignore[misc]
        closed = False

        def decode(self, *args: Any) -> Any:
            assert not self.closed, "read with after it was closed"
            return super().decode(*args)

        def close(self) -> None:
            assert not self.closed, "closed twice"
            self.closed = True

    return Closing


class FakeLibrary:
    """Loads made-up models and counts."""

    def __init__(self, toy: Any, pieces: Sequence[bytes]) -> None:
        self.loaded: list[tuple[str, int]] = []
        self.fault: Exception | None = None
        self.on_gpu = 0
        """Layers that each model has on a GPU."""
        self._toy = toy
        self._pieces = pieces
        self.models: list[Any] = []
        self.open_at_load: list[int] = []
        """How many models took up memory when each was loaded."""

    def load(self, path: Path, gpu_layers: int, on_progress: Callable[[float], None]) -> Any:
        self.loaded.append((path.name, gpu_layers))
        self.open_at_load.append(sum(not model.closed for model in self.models))
        if self.fault:
            raise self.fault
        for fraction in FRACTIONS:
            on_progress(fraction)
        model = closing(self._toy)(self._pieces, seed=len(path.read_bytes()))
        model.path = path
        model.facts = Facts(
            name=path.stem,
            quantization="Q4_1",
            backend="toy 1; CPU",
            place="CPU",
            layers=self.on_gpu,
            layers_of=7,
            window=model.window,
        )
        self.models.append(model)
        return model


class Asked:
    """A worker with what it is asked and what it answers."""

    def __init__(self, cache: Path) -> None:
        self._out = BytesIO()
        self.worker = Worker(self._out, cache)
        self._ids = 0

    def __call__(self, form: Callable[..., Any], **fields: Any) -> list[wire.Answer]:
        """Ask for something; all answers, the last of which ends it."""
        self._ids += 1
        return self.ask(form(id=self._ids, **fields))

    def ask(self, request: Any) -> list[wire.Answer]:
        self._out.seek(0)
        self._out.truncate()
        self.worker.answer(request)
        *lines, rest = self._out.getvalue().split(b"\n")
        assert rest == b"", "a line without its end"
        answers = [wire.ANSWER.validate_json(line) for line in lines]
        assert {answer.id for answer in answers} == {request.id}
        passing = (wire.Bits, wire.Progress)
        assert [isinstance(answer, passing) for answer in answers].index(False) == (
            len(answers) - 1
        ), "something after the end"
        return answers

    def load(self, path: Path, role: str = "starter", gpu_layers: int = -1) -> Any:
        return self(wire.Load, role=role, path=str(path), gpu_layers=gpu_layers)[-1]

    def read(self, **changes: Any) -> list[wire.Answer]:
        usual: dict[str, Any] = {
            "role": "starter",
            "memory": None,
            "text": TEXT,
            "before": 0,
            "words": None,
            "all_tokens": False,
        }
        return self(wire.Read, **{**usual, **changes})


def bits_of(answers: Sequence[wire.Answer]) -> dict[int, float]:
    """All bits told, each word once."""
    told = [
        item
        for answer in answers
        if isinstance(answer, wire.Bits)
        for item in answer.bits.items()
    ]
    assert len(dict(told)) == len(told), "a word told twice"
    return dict(told)


def assert_failed(answers: Sequence[wire.Answer], fault: type[Exception], part: str) -> None:
    (answer,) = answers
    assert isinstance(answer, wire.Failed)
    assert answer.fault == fault.__name__
    assert part in answer.message
    assert "\n" not in answer.message and answer.message.endswith(".")


@pytest.fixture
def fake(toy: Any, bytewise: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    """What the worker takes for llama.cpp."""
    made = FakeLibrary(toy, bytewise)
    monkeypatch.setattr("engine.llama.Library", lambda log: made)
    return made


@pytest.fixture
def asked(fake: FakeLibrary, tmp_path: Path) -> Asked:
    return Asked(tmp_path / "cache")


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "toy.gguf"
    path.write_bytes(b"GGUF and more")
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files whose hash was got from their bytes."""
    from engine import remembered

    seen: list[Path] = []
    real = remembered.file_sha256

    def counting(path: Path) -> str:
        seen.append(path)
        return real(path)

    monkeypatch.setattr(remembered, "file_sha256", counting)
    return seen


# ---- loading ----


def test_a_model_is_loaded(asked: Asked, model_file: Path) -> None:
    *progress, answer = asked(wire.Load, role="starter", path=str(model_file), gpu_layers=-1)
    assert answer == wire.IsLoaded(
        id=1,
        model="toy",
        file="toy.gguf",
        sha256=hashlib.sha256(b"GGUF and more").hexdigest(),
        quantization="Q4_1",
        reading_version=READING_VERSION,
        backend="toy 1; CPU",
        window=2048,
        place="CPU",
        layers=0,
        layers_of=7,
    )
    assert all(isinstance(one, wire.Progress) for one in progress)


def test_progress_rises_to_1_and_does_not_flood(asked: Asked, model_file: Path) -> None:
    answers = asked(wire.Load, role="starter", path=str(model_file), gpu_layers=-1)
    told = [answer.fraction for answer in answers if isinstance(answer, wire.Progress)]
    assert told == sorted(set(told))
    assert 10 <= len(told) <= len(FRACTIONS) / 10
    assert told[-1] == 1.0


def test_the_same_file_is_loaded_once(
    asked: Asked, model_file: Path, fake: FakeLibrary
) -> None:
    first = asked.load(model_file)
    before = bits_of(asked.read())
    second = asked.load(model_file)
    assert second == first.model_copy(update={"id": second.id})
    assert second.id != first.id
    assert fake.loaded == [("toy.gguf", -1)]
    assert bits_of(asked.read()) == before


def test_a_changed_file_is_loaded_anew(
    asked: Asked, model_file: Path, fake: FakeLibrary
) -> None:
    first = asked.load(model_file)
    before = bits_of(asked.read())
    model_file.write_bytes(b"GGUF and something else")
    second = asked.load(model_file)
    assert len(fake.loaded) == 2
    assert second.sha256 == hashlib.sha256(b"GGUF and something else").hexdigest()
    assert second.sha256 != first.sha256
    assert bits_of(asked.read()) != before


def test_a_model_is_let_go_before_another_takes_its_place(
    asked: Asked, model_file: Path, fake: FakeLibrary, tmp_path: Path
) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF but longer than the first one")
    asked.load(model_file)
    asked.load(other, role="raced")
    for path in (model_file, other, model_file):
        asked.load(path, role="raced")
    assert fake.open_at_load == [0, 1, 1, 1, 1]
    assert bits_of(asked.read()) and bits_of(asked.read(role="raced"))


def test_other_layers_are_loaded_anew(
    asked: Asked, model_file: Path, fake: FakeLibrary
) -> None:
    asked.load(model_file, gpu_layers=-1)
    asked.load(model_file, gpu_layers=3)
    asked.load(model_file, gpu_layers=3)
    assert fake.loaded == [("toy.gguf", -1), ("toy.gguf", 3)]


def test_each_role_has_its_model(asked: Asked, model_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF but longer than the first one")
    asked.load(model_file)
    starter = bits_of(asked.read())
    asked.load(other, role="raced")
    assert bits_of(asked.read(role="starter")) == starter
    assert bits_of(asked.read(role="raced")) != starter


@pytest.mark.parametrize(
    ("content", "part"), [(None, "no model file"), (b"GGM", "not a model in GGUF form")]
)
def test_a_file_that_is_no_model_never_reaches_the_library(
    asked: Asked, tmp_path: Path, fake: FakeLibrary, content: bytes | None, part: str
) -> None:
    path = tmp_path / "bad.gguf"
    if content is not None:
        path.write_bytes(content)
    answers = asked(wire.Load, role="starter", path=str(path), gpu_layers=-1)
    assert_failed(answers, ModelError, part)
    assert not fake.loaded
    assert_failed(asked.read(), EngineError, "'starter'")


def test_a_load_that_fails_leaves_other_roles_alone(
    asked: Asked, model_file: Path, fake: FakeLibrary, tmp_path: Path
) -> None:
    asked.load(model_file)
    before = bits_of(asked.read())
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF, so it seems")
    fake.fault = ModelError(f"{bad} is damaged.")
    answers = asked(wire.Load, role="raced", path=str(bad), gpu_layers=-1)
    assert_failed(answers, ModelError, str(bad))
    assert_failed(asked.read(role="raced"), EngineError, "'raced'")
    assert bits_of(asked.read()) == before


def test_after_a_load_that_failed_the_old_model_is_not_taken_for_the_new_one(
    asked: Asked, model_file: Path, fake: FakeLibrary, tmp_path: Path
) -> None:
    asked.load(model_file)
    before = bits_of(asked.read())
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF, so it seems")
    fake.fault = ModelError("Damaged.")
    asked.load(bad)
    assert_failed(asked.read(), EngineError, "'starter'")
    # And it can be had back.
    fake.fault = None
    assert asked.load(model_file).model == "toy"
    assert bits_of(asked.read()) == before


# ---- what is remembered ----


def test_the_hash_of_a_file_is_remembered(
    asked: Asked, model_file: Path, hashed: list[Path], tmp_path: Path
) -> None:
    first = asked.load(model_file)
    again = Asked(tmp_path / "cache").load(model_file)
    assert again.sha256 == first.sha256
    assert hashed == [model_file]
    model_file.write_bytes(b"GGUF, changed")
    changed = Asked(tmp_path / "cache").load(model_file)
    assert changed.sha256 == hashlib.sha256(b"GGUF, changed").hexdigest()
    assert len(hashed) == 2


def test_a_cache_that_cannot_be_read_is_done_without(
    asked: Asked, model_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "models.json").write_bytes(b"\xff{")
    assert asked.load(model_file).sha256 == hashlib.sha256(b"GGUF and more").hexdigest()


@pytest.mark.parametrize("way", ["file", "further up", "nowhere"])
def test_a_cache_that_cannot_be_written_is_done_without(
    fake: FakeLibrary, model_file: Path, way: str
) -> None:
    cache = {
        "file": model_file,
        "further up": model_file / "cache",
        "nowhere": Path("/proc/nonexistent/cache"),
    }[way]
    answer = Asked(cache).load(model_file)
    assert isinstance(answer, wire.IsLoaded)
    assert answer.sha256 == hashlib.sha256(b"GGUF and more").hexdigest()


@pytest.mark.parametrize("on_gpu", [0, 5])
@pytest.mark.parametrize("matter", [True, False])
def test_whether_rows_matter_is_remembered(
    asked: Asked,
    model_file: Path,
    fake: FakeLibrary,
    tmp_path: Path,
    matter: bool,
    on_gpu: int,
) -> None:
    fake.on_gpu = on_gpu
    asked.load(model_file)
    (model,) = fake.models
    # Nobody knows yet: on a CPU it has never mattered, elsewhere it may.
    assert model.all_rows == (on_gpu > 0)
    if matter:
        round_by_rows(model)
    (answer,) = asked(wire.CheckRows, role="starter")
    assert answer == wire.HasChecked(id=answer.id, rows_matter=matter)
    assert model.all_rows == matter
    # The next process knows it when it loads the same file, wherever that lies.
    moved = tmp_path / "moved.gguf"
    moved.write_bytes(model_file.read_bytes())
    Asked(tmp_path / "cache").load(moved)
    assert fake.models[-1] is not model
    assert fake.models[-1].all_rows == matter
    # Of another file nothing is known.
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF, another one")
    Asked(tmp_path / "cache").load(other)
    assert fake.models[-1].all_rows == (on_gpu > 0)


def round_by_rows(model: Any) -> None:
    """Let a made-up model say something else where all rows are asked for."""
    decode = model.decode

    def rounding(tokens: Any, position: int, wanted: Any) -> Any:
        rows = decode(tokens, position, wanted)
        if len(wanted) == len(tokens):
            rows[:, 1::2] += 0.01
        return rows

    model.decode = rounding


def test_rows_of_a_model_that_is_not_loaded(asked: Asked) -> None:
    assert_failed(asked(wire.CheckRows, role="raced"), EngineError, "'raced'")


# ---- reading ----


@pytest.fixture
def direct(asked: Asked, model_file: Path, fake: FakeLibrary) -> Any:
    """The model that the worker has loaded."""
    asked.load(model_file)
    return fake.models[-1]


@pytest.mark.parametrize("all_tokens", [True, False])
@pytest.mark.parametrize("wanted", [None, [0], [3, 17, 50], [50, 3, 17], []])
def test_reader_reads_as_canonical_does(
    asked: Asked, direct: Any, wanted: list[int] | None, all_tokens: bool
) -> None:
    found = words(TEXT)
    chosen = found if wanted is None else [found[index] for index in sorted(wanted)]
    expected = read_all(direct, TEXT, chosen, all_tokens=all_tokens)
    answers = asked.read(words=wanted, all_tokens=all_tokens)
    assert bits_of(answers) == expected.bits
    end = answers[-1]
    assert isinstance(end, wire.HasRead)
    assert (end.n_tokens, end.token_bits) == (expected.n_tokens, expected.token_bits)


def test_bits_and_progress_come_while_it_reads(asked: Asked, direct: Any) -> None:
    answers = asked.read()
    progress = [answer.fraction for answer in answers if isinstance(answer, wire.Progress)]
    assert progress == sorted(progress) and progress[-1] == 1.0
    assert len(progress) > 1
    first_bits = next(n for n, one in enumerate(answers) if isinstance(one, wire.Bits))
    last_bits = max(n for n, one in enumerate(answers) if isinstance(one, wire.Bits))
    assert any(isinstance(one, wire.Progress) for one in answers[first_bits:last_bits])


@pytest.mark.parametrize("wanted", [None, [40, 2, 0]])
def test_short_memory_reads_as_canonical_does(
    asked: Asked, direct: Any, wanted: list[int] | None
) -> None:
    found = words(TEXT)
    indices = range(len(found)) if wanted is None else wanted
    expected = {index: read_short(direct, TEXT, found, index, 4) for index in indices}
    answers = asked.read(memory=4, words=wanted)
    assert bits_of(answers) == expected
    progress = [answer.fraction for answer in answers if isinstance(answer, wire.Progress)]
    assert progress == sorted(progress) and progress[-1] == 1.0


def test_words_are_those_of_the_passage(asked: Asked, direct: Any) -> None:
    joined = PRIMER + TEXT
    expected = read_all(direct, joined, words(TEXT), before=len(PRIMER)).bits
    assert bits_of(asked.read(text=joined, before=len(PRIMER))) == expected
    assert expected != bits_of(asked.read())


def test_short_memory_never_reaches_before_the_passage(asked: Asked, direct: Any) -> None:
    alone = bits_of(asked.read(memory=4))
    joined = asked.read(memory=4, text=PRIMER + TEXT, before=len(PRIMER))
    assert bits_of(joined) == alone


@pytest.mark.parametrize("memory", [None, 4])
@pytest.mark.parametrize("text", ["", "…", "\n\n"])
def test_a_text_without_words(asked: Asked, direct: Any, text: str, memory: int | None) -> None:
    answers = asked.read(text=text, memory=memory, all_tokens=True)
    assert bits_of(answers) == {}
    assert isinstance(answers[-1], wire.HasRead)


# ---- giving up ----


@pytest.mark.parametrize("memory", [None, 4])
def test_what_was_given_up_before_it_began_is_not_done(
    asked: Asked, direct: Any, memory: int | None
) -> None:
    n_decodes = len(direct.calls)
    asked.worker.cancel(77)
    request = wire.Read(
        id=77,
        role="starter",
        memory=memory,
        text=TEXT,
        before=0,
        words=None,
        all_tokens=False,
    )
    assert asked.ask(request) == [wire.Cancelled(id=77)]
    assert len(direct.calls) == n_decodes


def test_a_load_that_was_given_up_before_it_began_is_not_done(
    asked: Asked, model_file: Path, fake: FakeLibrary
) -> None:
    asked.worker.cancel(77)
    request = wire.Load(id=77, role="starter", path=str(model_file), gpu_layers=-1)
    assert asked.ask(request) == [wire.Cancelled(id=77)]
    assert not fake.loaded


@pytest.mark.parametrize("memory", [None, 4])
def test_a_reading_is_given_up_between_two_decodes(
    asked: Asked, direct: Any, memory: int | None
) -> None:
    decode = direct.decode
    whole = bits_of(asked.read(memory=memory))
    n_decodes = len(direct.calls)

    def giving_up(*args: Any) -> Any:
        asked.worker.cancel(77)
        return decode(*args)

    direct.decode = giving_up
    request = wire.Read(
        id=77,
        role="starter",
        memory=memory,
        text=TEXT,
        before=0,
        words=None,
        all_tokens=False,
    )
    answers = asked.ask(request)
    assert answers[-1] == wire.Cancelled(id=77)
    assert len(direct.calls) == n_decodes + 1
    assert len(bits_of(answers)) < len(whole)
    # What was not given up is read as ever.
    direct.decode = decode
    assert bits_of(asked.read(memory=memory)) == whole


# ---- faults ----


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (RuntimeError("kernel says\nno"), "RuntimeError"),
        (KeyError(3), "KeyError"),
        (AssertionError(), "AssertionError"),
        (OSError(5, "Input/output error"), "OSError"),
        (RecursionError(), "RecursionError"),
        (MemoryError(), "not enough memory"),
        (EngineError("llama.cpp could not read on."), "could not read on"),
    ],
)
def test_whatever_happens_in_a_reading_is_one_sentence_and_the_worker_goes_on(
    asked: Asked,
    direct: Any,
    capfd: pytest.CaptureFixture[str],
    fault: Exception,
    part: str,
) -> None:
    whole = bits_of(asked.read())
    decode = direct.decode

    def failing(*args: Any) -> Any:
        raise fault

    direct.decode = failing
    assert_failed(asked.read(), EngineError, part)
    out, log = capfd.readouterr()
    assert out == ""
    # What was not foreseen is in the log, to its place.
    assert ("Traceback" in log and "failing" in log) == (part == type(fault).__name__)
    direct.decode = decode
    assert bits_of(asked.read()) == whole


@pytest.mark.parametrize("memory", [None, 4])
def test_a_word_that_is_not_there(asked: Asked, direct: Any, memory: int | None) -> None:
    answers = asked.read(words=[3, 10_000], memory=memory)
    assert isinstance(answers[-1], wire.Failed) and answers[-1].fault == "EngineError"
    assert bits_of(asked.read(words=[3], memory=memory)).keys() == {3}


def test_a_model_file_that_vanishes_while_it_is_looked_at(
    asked: Asked, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import shelf

    def check_and_remove(path: Path) -> None:
        path.unlink()

    monkeypatch.setattr(shelf, "check_file", check_and_remove)
    answers = asked(wire.Load, role="starter", path=str(model_file), gpu_layers=-1)
    assert isinstance(answers[-1], wire.Failed)
    monkeypatch.undo()
    assert_failed(asked.read(), EngineError, "'starter'")


# ---- as a process ----

WAIT_S = 60.0

NOISY = """
import ctypes, os, sys
from engine import llama, worker

def versions():
    os.write(1, b"1: noise on descriptor 1\\n")
    os.write(2, b"2: noise on descriptor 2\\n")
    print("3: a print", flush=True)
    print("4: a complaint", file=sys.stderr, flush=True)
    os.system("echo 5: a program of its own")
    library = ctypes.CDLL(None)
    library.puts(b"6: noise of a C library")
    library.fflush(None)
    return {"noise": "made"}

llama.versions = versions
worker.main(sys.argv[1:])
"""
"""A worker among whose libraries one writes where answers go."""


class Talk:
    """A worker's process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def say(self, line: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def hear(self) -> wire.Answer:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "no answer"
        return wire.ANSWER.validate_json(line)

    def ask(self, request: Any) -> wire.Answer:
        self.say(request.model_dump_json().encode() + b"\n")
        return self.hear()

    def end(self) -> int:
        """Close its input; its exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(WAIT_S)


@contextmanager
def a_process(log: Path, cache: Path, code: str = "") -> Iterator[Talk]:
    what = ["-c", code] if code else ["-m", "engine.worker"]
    command = [sys.executable, "-P", *what, "--log", str(log), "--cache", str(cache)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    watchdog = threading.Timer(WAIT_S, process.kill)
    watchdog.start()
    with process:
        try:
            yield Talk(process)
        finally:
            process.kill()
            watchdog.cancel()


NOT_LOADED = wire.Read(
    id=3, role="nobody", memory=None, text="a", before=0, words=None, all_tokens=False
)


def test_what_libraries_print_goes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "engine.log"
    with a_process(log, tmp_path / "cache", NOISY) as talk:
        for number in (1, 2):
            answer = talk.ask(wire.Inspect(id=number))
            assert isinstance(answer, wire.Inspected), answer
            assert (answer.id, answer.versions) == (number, {"noise": "made"})
        assert talk.end() == 0
    noise = [line for line in log.read_text().splitlines() if line[:2] in NOISE]
    assert sorted(noise) == sorted(2 * noise[: len(NOISE)])
    assert {line[:2] for line in noise} == NOISE


NOISE = {f"{n}:" for n in range(1, 7)}


@pytest.mark.parametrize("log", ["/proc/nonexistent/x.log", "folder", "file/x.log"])
def test_a_log_that_cannot_be_written_does_not_stop_it(tmp_path: Path, log: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with a_process(tmp_path / log, tmp_path / "cache", NOISY) as talk:
        assert isinstance(talk.ask(wire.Inspect(id=1)), wire.Inspected)
        answer = talk.ask(NOT_LOADED)
        assert isinstance(answer, wire.Failed) and answer.fault == "EngineError"
        assert talk.end() == 0


STUMBLING = """
import sys
from engine import llama, worker

def versions():
    raise RuntimeError("not foreseen")

llama.versions = versions
worker.main(sys.argv[1:])
"""


@pytest.mark.parametrize("log", ["engine.log", "/dev/full"])
def test_a_fault_is_answered_also_when_the_disk_is_full(tmp_path: Path, log: str) -> None:
    with a_process(tmp_path / log, tmp_path / "cache", STUMBLING) as talk:
        for number in (1, 2):
            answer = talk.ask(wire.Inspect(id=number))
            assert isinstance(answer, wire.Failed), answer
            assert (answer.id, answer.fault) == (number, "EngineError")
            assert "RuntimeError" in answer.message


def test_a_log_is_added_to_until_it_is_too_large(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("what was there\n")
    with a_process(log, tmp_path / "cache") as talk:
        talk.ask(NOT_LOADED)
        talk.end()
    assert log.read_text().startswith("what was there\n")
    log.write_text("what was there\n" * 200_000)
    with a_process(log, tmp_path / "cache") as talk:
        talk.ask(NOT_LOADED)
        talk.end()
    assert log.stat().st_size < 100_000


def test_a_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    with a_process(log, tmp_path / "cache") as talk:
        talk.ask(NOT_LOADED)
        talk.end()
    assert log.stat().st_mode & 0o077 == 0


def test_it_ends_when_its_input_ends(tmp_path: Path) -> None:
    with a_process(tmp_path / "log", tmp_path / "cache") as talk:
        assert talk.end() == 0


@pytest.mark.parametrize(
    "last",
    [NOT_LOADED.model_dump_json().encode()[:-10], b'{"kind":"rea', b"\xff", b"\n"],
    ids=["almost a request", "begin of a request", "no text", "an empty line"],
)
def test_it_ends_when_its_input_ends_in_the_middle_of_a_line(
    tmp_path: Path, last: bytes
) -> None:
    """So it does if the game is killed while it asks for something long."""
    with a_process(tmp_path / "log", tmp_path / "cache") as talk:
        assert talk.ask(NOT_LOADED).id == 3
        talk.say(last)
        assert talk.process.stdin
        talk.process.stdin.close()
        try:
            talk.process.wait(20)
        except subprocess.TimeoutExpired:
            pytest.fail("it lives on, with nobody to ask it anything")


@pytest.mark.parametrize("line", [b"\n", b"hello\n", b'{"kind":"quit","id":1}\n'])
def test_a_line_that_is_no_request_does_not_leave_it_deaf(tmp_path: Path, line: bytes) -> None:
    with a_process(tmp_path / "log", tmp_path / "cache") as talk:
        talk.say(line)
        # Either it goes on, or it ends and is started again.
        talk.say(NOT_LOADED.model_dump_json().encode() + b"\n")
        watchdog = threading.Timer(20, talk.process.kill)
        watchdog.start()
        heard = talk.process.stdout.readline() if talk.process.stdout else b""
        in_time = watchdog.is_alive()
        watchdog.cancel()
        assert in_time, "it lives on and hears nothing"
        assert not heard or json.loads(heard)["id"] == 3


def test_requests_are_answered_in_the_order_of_asking(tmp_path: Path) -> None:
    with a_process(tmp_path / "log", tmp_path / "cache") as talk:
        for number in range(50):
            request = NOT_LOADED.model_copy(update={"id": number})
            talk.say(request.model_dump_json().encode() + b"\n")
        assert [talk.hear().id for _ in range(50)] == list(range(50))


def test_it_needs_no_more_of_the_environment_than_python_does(tmp_path: Path) -> None:
    """Standing in a folder that holds packages of the same names changes nothing."""
    for name in ("engine", "numpy", "pydantic", "llama_cpp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        trap = [sys.executable, "-c", "import engine"]
        assert subprocess.run(trap, stderr=subprocess.DEVNULL).returncode != 0
        with a_process(tmp_path / "log", tmp_path / "cache") as talk:
            assert isinstance(talk.ask(wire.Inspect(id=1)), wire.Inspected)
    finally:
        os.chdir(before)
