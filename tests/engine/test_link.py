"""The link to the model's process: the right bits come through, whatever happens to it.

Readings are compared for equality with `engine.canonical` in this process. Where only the
link's own conduct is looked at, a stand-in takes the process's place.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from engine.canonical import Scored, read_all, read_short
from engine.errors import BitraceError, EngineError, ModelError
from engine.gguf import file_sha256
from engine.link import MOST_DEATHS, Link
from engine.minds import INSTINCT, READER, READING_VERSION, Mind
from engine.predictor import Job, Loading, Predictor, Reading
from engine.words import prepare, words

WAIT_S = 120.0
"""Until something counts as hanging, with a real model."""
STAND_IN_WAIT_S = 20.0
"""The same where nothing has to be computed."""

STARTER = "starter"

PYTHON = sys.executable
"""Kept, since tests put something else in its place."""

OpenLink = Callable[..., Link]


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that hashes of files are got once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "engine.log"


@pytest.fixture
def open_link(log: Path, cache_folder: Path) -> Iterator[OpenLink]:
    """Opens links; closes them in the end."""
    opened: list[Link] = []

    def open_one(on_notice: Callable[[str], None] | None = None) -> Link:
        opened.append(Link(log, cache_folder, on_notice))
        return opened[-1]

    yield open_one
    for link in opened:
        link.close()


@pytest.fixture(scope="session")
def shared_link(
    cache_folder: Path, starter_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Link]:
    """A link with the starter model, for tests that leave it as it is."""
    link = Link(tmp_path_factory.mktemp("logs") / "engine.log", cache_folder)
    link.load(Loading(STARTER, str(starter_file))).result(WAIT_S)
    yield link
    link.close()


@pytest.fixture(scope="session")
def text(reference: Path) -> str:
    return prepare((reference / "sample.txt").read_text("utf-8")).normalized


@pytest.fixture(scope="session")
def whole(starter: Any, text: str) -> Scored:
    """What Reader says in this process."""
    return read_all(starter, text, words(text), all_tokens=True)


class Pieces:
    """What came in through `on_bits`, and waiting for it."""

    def __init__(self) -> None:
        self.bits: dict[int, float] = {}
        self.n_calls = 0
        self.first = threading.Event()

    def __call__(self, bits: dict[int, float]) -> None:
        self.bits.update(bits)
        self.n_calls += 1
        self.first.set()

    def wait(self) -> None:
        assert self.first.wait(WAIT_S), "no bits"


def a_job(text: str, mind: Mind = READER, *wanted: int, role: str = STARTER) -> Job:
    return Job(role, mind, text, 0, wanted or None)


def kill(link: Link) -> None:
    assert link.pid is not None
    os.kill(link.pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self/stat").exists()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = WAIT_S) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(what)


def wait_for_end(pid: int) -> None:
    wait_until(lambda: not is_running(pid), "the process lives on", 30)


def assert_sentence(error: BitraceError, *parts: str) -> None:
    sentence = str(error)
    assert "\n" not in sentence and sentence.endswith(".")
    assert all(part in sentence for part in parts), sentence


def write_tiny(path: Path, seed: int = 0, context: int = 2048) -> Path:
    """Write a model of one layer with random weights, its tokens hardly more than bytes."""
    width, forward, n_tokens = 32, 64, 258
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    spelled = [*map(chr, plain), *(chr(256 + n) for n in range(len(others)))]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(forward)
    writer.add_block_count(1)
    writer.add_head_count(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    writer.add_vocab_size(n_tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(["<|end|>", *spelled, "th"])
    writer.add_token_types([gguf.TokenType.CONTROL] + [gguf.TokenType.NORMAL] * 257)
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    source = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd": (n_tokens, width),
        "output_norm": (width,),
        "output": (n_tokens, width),
        "blk.0.attn_norm": (width,),
        "blk.0.ffn_norm": (width,),
        "blk.0.ffn_gate": (forward, width),
        "blk.0.ffn_up": (forward, width),
        "blk.0.ffn_down": (width, forward),
        **{f"blk.0.attn_{part}": (width, width) for part in ("q", "k", "v", "output")},
    }
    for name, shape in shapes.items():
        drawn = (source.standard_normal(shape) * 0.3).astype(np.float32)
        writer.add_tensor(f"{name}.weight", drawn)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def tiny_file(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "tiny.gguf")


SHORT = "The ferry leaves at seven, and only four people came aboard."


# ---- loading ----


def test_the_starter_model_is_loaded(
    open_link: OpenLink, starter_file: Path, log: Path
) -> None:
    link: Predictor = open_link()
    fractions: list[float] = []
    loaded = link.load(Loading(STARTER, str(starter_file)), fractions.append).result(WAIT_S)
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] == 1.0
    assert len(set(fractions)) > 3
    identity = loaded.identity
    assert identity.sha256 == file_sha256(starter_file)
    assert identity.file == starter_file.name
    assert identity.quantization == "Q4_1"
    assert identity.model == "SmolLM2-135M-Instruct"
    assert identity.reading_version == READING_VERSION
    assert identity.window == 2048
    assert "llama-cpp-python" in identity.backend
    assert loaded.place == "CPU"
    assert (loaded.layers, loaded.layers_of) == (0, 31)
    # What libraries say is in the log, and did not get among the answers.
    assert "llama" in log.read_text()


def test_the_process_starts_when_it_is_first_asked(open_link: OpenLink) -> None:
    link = open_link()
    assert link.pid is None
    inspected = link.inspect().result(WAIT_S)
    assert "llama-cpp-python" in inspected.versions
    assert any(device.kind == "CPU" for device in inspected.devices)
    pid = link.pid
    assert pid and pid != os.getpid()
    link.inspect().result(WAIT_S)
    assert link.pid == pid


def test_ctrl_c_in_the_terminal_does_not_reach_the_process(shared_link: Link) -> None:
    """It goes to all of the terminal's foreground group; the process is in none of it."""
    assert shared_link.pid
    assert os.getsid(shared_link.pid) == shared_link.pid != os.getsid(0)


def test_rows_are_checked(shared_link: Link) -> None:
    assert shared_link.check_rows(STARTER).result(WAIT_S) is False


BAD_FILES: dict[str, Callable[[Path, Path], object]] = {
    "missing": lambda path, starter: None,
    "a folder": lambda path, starter: path.mkdir(),
    "empty": lambda path, starter: path.write_bytes(b""),
    "other bytes": lambda path, starter: path.write_bytes(os.urandom(5000)),
    "bytes that begin like a model": lambda path, starter: path.write_bytes(
        b"GGUF\x03\0\0\0" + b"\xa5" * 5000
    ),
    "cut short": lambda path, starter: path.write_bytes(starter.read_bytes()[:1_000_000]),
}


@pytest.mark.parametrize("way", BAD_FILES)
def test_a_file_that_is_no_model_is_one_sentence(
    shared_link: Link, starter_file: Path, tmp_path: Path, way: str
) -> None:
    path = tmp_path / "bad.gguf"
    BAD_FILES[way](path, starter_file)
    pid = shared_link.pid
    with pytest.raises(ModelError) as caught:
        shared_link.load(Loading("bad", str(path))).result(WAIT_S)
    assert_sentence(caught.value, str(path))
    # And what was loaded before still reads, in the same process.
    with pytest.raises(EngineError, match="'bad'"):
        shared_link.read(a_job(SHORT, role="bad")).result(WAIT_S)
    assert shared_link.read(a_job(SHORT, INSTINCT, 3)).result(WAIT_S).bits.keys() == {3}
    assert shared_link.pid == pid


def test_a_pipe_is_no_model(open_link: OpenLink, tmp_path: Path) -> None:
    path = tmp_path / "pipe.gguf"
    os.mkfifo(path)
    with pytest.raises(ModelError) as caught:
        open_link().load(Loading(STARTER, str(path))).result(30)
    assert_sentence(caught.value, str(path))


# ---- reading ----


def test_reader_has_the_bits_of_a_reading_in_this_process(
    shared_link: Link, text: str, whole: Scored
) -> None:
    pieces, fractions = Pieces(), []
    job = Job(STARTER, READER, text, all_tokens=True)
    reading = shared_link.read(job, pieces, fractions.append).result(WAIT_S)
    assert reading == Reading(whole.bits, whole.n_tokens, whole.token_bits)
    # They came in pieces, while it was read.
    assert pieces.bits == reading.bits and pieces.n_calls > 1
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and len(fractions) > 1


def test_reader_behind_a_primer(shared_link: Link, starter: Any) -> None:
    primer = "Né 猫. A ferry, a theft.\n\n"
    job = Job(STARTER, READER, primer + SHORT, len(primer), (0, 4))
    chosen = [words(SHORT)[index] for index in (0, 4)]
    expected = read_all(starter, primer + SHORT, chosen, before=len(primer)).bits
    reading = shared_link.read(job).result(WAIT_S)
    assert reading.bits == expected
    assert reading.token_bits is None


def test_short_memory_has_the_bits_of_a_reading_in_this_process(
    shared_link: Link, starter: Any, text: str
) -> None:
    found = words(text)
    wanted = (0, 2, 70, 71, 200, len(found) - 1)
    pieces = Pieces()
    reading = shared_link.read(a_job(text, INSTINCT, *wanted), pieces).result(WAIT_S)
    assert reading.bits == {
        index: read_short(starter, text, found, index, 4) for index in wanted
    }
    assert pieces.bits == reading.bits
    assert reading.token_bits is None


def test_no_words_asked_for(shared_link: Link) -> None:
    for mind in (READER, INSTINCT):
        job = Job(STARTER, mind, SHORT, 0, ())
        assert shared_link.read(job).result(WAIT_S).bits == {}


def test_a_role_that_nobody_loaded(shared_link: Link) -> None:
    with pytest.raises(EngineError) as caught:
        shared_link.read(a_job(SHORT, role="raced")).result(WAIT_S)
    assert_sentence(caught.value, "'raced'")


def test_five_thousand_words(open_link: OpenLink, tiny_file: Path, library: Any) -> None:
    """Many windows, and the longest line that has to cross the wall."""
    drawn = np.random.default_rng(1).integers(0, 5, 5000)
    long = " ".join(["a", "né", "cat", "sat,", "猫"][n] for n in drawn)
    model = library.load(tiny_file, 0, lambda fraction: None)
    found = words(long)
    assert len(found) == 5000
    expected = read_all(model, long, found, all_tokens=True)
    assert expected.n_tokens > 5 * model.window
    link = open_link()
    link.load(Loading(STARTER, str(tiny_file)))
    job = Job(STARTER, READER, long, all_tokens=True)
    reading = link.read(job).result(WAIT_S)
    assert reading == Reading(expected.bits, expected.n_tokens, expected.token_bits)


def test_several_threads_at_once_each_get_their_own(shared_link: Link, starter: Any) -> None:
    texts = [f"Number {n}, {SHORT} It was {10 * n} past five." for n in range(6)]
    answers: dict[tuple[int, str], dict[int, float]] = {}
    barrier = threading.Barrier(len(texts))

    def ask(n: int) -> None:
        barrier.wait(WAIT_S)
        reader = shared_link.read(a_job(texts[n]))
        instinct = shared_link.read(a_job(texts[n], INSTINCT, n, n + 5))
        answers[n, "instinct"] = instinct.result(WAIT_S).bits
        answers[n, "reader"] = reader.result(WAIT_S).bits

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    for n, one in enumerate(texts):
        found = words(one)
        assert answers[n, "reader"] == read_all(starter, one, found).bits
        expected = {index: read_short(starter, one, found, index, 4) for index in (n, n + 5)}
        assert answers[n, "instinct"] == expected
    assert len(answers) == 12


# ---- giving up ----


@pytest.mark.parametrize("mind", [READER, INSTINCT], ids=["reader", "instinct"])
def test_after_a_long_reading_was_given_up_others_are_answered(
    shared_link: Link, text: str, mind: Mind
) -> None:
    long = f"{text}\n\n" * 60  # several minutes
    pieces, queued_pieces = Pieces(), Pieces()
    future = shared_link.read(a_job(long, mind), pieces)
    queued = shared_link.read(a_job(text), queued_pieces)
    pieces.wait()
    shared_link.cancel(queued)
    shared_link.cancel(future)
    n_calls = pieces.n_calls
    assert future.cancelled() and queued.cancelled()
    later = shared_link.read(a_job(SHORT, INSTINCT, 2)).result(WAIT_S)
    assert later.bits.keys() == {2}
    assert pieces.n_calls == n_calls
    assert queued_pieces.n_calls == 0
    with pytest.raises(CancelledError):
        future.result(0)


def test_giving_up_what_is_answered_changes_nothing(shared_link: Link) -> None:
    future = shared_link.read(a_job(SHORT, INSTINCT, 2))
    bits = future.result(WAIT_S).bits
    shared_link.cancel(future)
    assert future.result(0).bits == bits
    assert shared_link.read(a_job(SHORT, INSTINCT, 2)).result(WAIT_S).bits == bits


# ---- deaths ----


def test_killed_in_the_middle_of_a_reading(
    open_link: OpenLink, starter_file: Path, text: str, whole: Scored
) -> None:
    notices: list[str] = []
    link = open_link(notices.append)
    link.load(Loading(STARTER, str(starter_file))).result(WAIT_S)
    pieces = Pieces()
    future = link.read(a_job(text), pieces)
    queued = link.read(a_job(text, READER, 1, 5))
    pieces.wait()
    killed = link.pid
    kill(link)
    assert future.result(WAIT_S).bits == whole.bits
    assert pieces.bits == whole.bits
    assert queued.result(WAIT_S).bits == {index: whole.bits[index] for index in (1, 5)}
    assert link.pid != killed
    (notice,) = notices
    assert "\n" not in notice and notice.endswith(".")


def test_killed_while_it_loads(open_link: OpenLink, starter_file: Path) -> None:
    notices: list[str] = []
    link = open_link(notices.append)
    killed = threading.Event()

    def on_progress(fraction: float) -> None:
        if not killed.is_set():
            killed.set()
            kill(link)

    future = link.load(Loading(STARTER, str(starter_file)), on_progress)
    assert future.result(WAIT_S).identity.sha256 == file_sha256(starter_file)
    assert len(notices) == 1
    assert link.read(a_job(SHORT, INSTINCT, 2)).result(WAIT_S).bits.keys() == {2}


def test_killed_on_every_attempt(
    open_link: OpenLink, starter_file: Path, text: str, whole: Scored, log: Path
) -> None:
    notices: list[str] = []
    link = open_link(notices.append)
    link.load(Loading(STARTER, str(starter_file))).result(WAIT_S)
    killed: set[int | None] = set()

    def on_bits(bits: dict[int, float]) -> None:
        if link.pid not in killed:
            killed.add(link.pid)
            kill(link)

    with pytest.raises(EngineError) as caught:
        link.read(a_job(text), on_bits).result(WAIT_S)
    assert str(log) in str(caught.value)
    assert len(killed) == MOST_DEATHS == 3
    assert len(notices) == MOST_DEATHS - 1
    # The link is as good as new, the model is loaded again by itself.
    wanted = (1, 5, 9)
    reading = link.read(a_job(text, READER, *wanted)).result(WAIT_S)
    assert reading.bits == {index: whole.bits[index] for index in wanted}


@pytest.mark.parametrize("noticed", [True, False])
def test_killed_while_idle(
    open_link: OpenLink, starter_file: Path, starter: Any, noticed: bool
) -> None:
    link = open_link()
    link.load(Loading(STARTER, str(starter_file))).result(WAIT_S)
    kill(link)
    if noticed:
        wait_until(lambda: link.pid is None, "the death is not noticed")
    expected = read_short(starter, SHORT, words(SHORT), 5, 4)
    assert link.read(a_job(SHORT, INSTINCT, 5)).result(WAIT_S).bits == {5: expected}


def test_two_models_are_loaded_again_each_under_its_role(
    open_link: OpenLink, tmp_path: Path
) -> None:
    link = open_link()
    before: dict[str, dict[int, float]] = {}
    for seed, role in enumerate(("starter", "raced")):
        path = write_tiny(tmp_path / f"{role}.gguf", seed)
        link.load(Loading(role, str(path))).result(WAIT_S)
        before[role] = link.read(a_job(SHORT, role=role)).result(WAIT_S).bits
    assert before["starter"] != before["raced"]
    kill(link)
    for role in ("raced", "starter"):
        assert link.read(a_job(SHORT, role=role)).result(WAIT_S).bits == before[role]


def test_a_model_file_that_is_gone_when_it_is_needed_again(
    open_link: OpenLink, tiny_file: Path
) -> None:
    link = open_link()
    link.load(Loading(STARTER, str(tiny_file))).result(WAIT_S)
    tiny_file.unlink()
    # What is loaded is loaded.
    assert link.read(a_job(SHORT, INSTINCT, 2)).result(WAIT_S).bits.keys() == {2}
    kill(link)
    futures = [link.read(a_job(SHORT, mind)) for mind in (READER, INSTINCT)]
    for future in futures:
        with pytest.raises(ModelError) as caught:
            future.result(WAIT_S)
        assert_sentence(caught.value, str(tiny_file))
    # When it is back it can be loaded and read with.
    write_tiny(tiny_file)
    link.load(Loading(STARTER, str(tiny_file))).result(WAIT_S)
    assert link.read(a_job(SHORT, INSTINCT, 2)).result(WAIT_S).bits.keys() == {2}


def test_a_model_file_that_has_changed_when_it_is_needed_again(
    open_link: OpenLink, tiny_file: Path
) -> None:
    """Its bits would pass for those of the model whose identity was told."""
    link = open_link()
    loaded = link.load(Loading(STARTER, str(tiny_file))).result(WAIT_S)
    write_tiny(tiny_file, seed=1)
    assert file_sha256(tiny_file) != loaded.identity.sha256
    kill(link)
    with pytest.raises(ModelError) as caught:
        link.read(a_job(SHORT)).result(WAIT_S)
    assert_sentence(caught.value, tiny_file.name)
    # Not even those asked for later, by somebody who has not heard of it.
    with pytest.raises(BitraceError):
        link.read(a_job(SHORT)).result(WAIT_S)
    # Loaded anew it says who it is, and reads.
    again = link.load(Loading(STARTER, str(tiny_file))).result(WAIT_S)
    assert again.identity.sha256 == file_sha256(tiny_file)
    assert link.read(a_job(SHORT)).result(WAIT_S).bits


# ---- ends ----


def test_closing_ends_the_process_and_gives_up_what_waits(
    open_link: OpenLink, starter_file: Path, text: str
) -> None:
    notices: list[str] = []
    link = open_link(notices.append)
    link.load(Loading(STARTER, str(starter_file)))
    pieces = Pieces()
    reading = link.read(a_job(text * 20), pieces)
    waiting = link.inspect()
    pieces.wait()
    pid = link.pid
    assert pid and is_running(pid)
    link.close()
    wait_for_end(pid)
    assert reading.cancelled() and waiting.cancelled()
    assert link.pid is None
    link.close()
    # It is no accident, and nobody is told of one.
    assert not notices
    with pytest.raises(EngineError, match="closed"):
        link.read(a_job(SHORT)).result(WAIT_S)
    assert link.pid is None


def test_closing_what_was_never_asked(open_link: OpenLink) -> None:
    link = open_link()
    link.close()
    assert link.pid is None


PARENT = """
import sys, time
from pathlib import Path
from engine.link import Link
from engine.minds import READER
from engine.predictor import Job, Loading
log, cache, model, doing = sys.argv[1:]
link = Link(Path(log), Path(cache))
link.load(Loading("starter", model)).result()
if doing == "reading":
    pid = link.pid
    long = "The ferry leaves at seven, and four people came. " * 5000
    link.read(Job("starter", READER, long), lambda bits: print(pid, flush=True))
    time.sleep(600)
print(link.pid, flush=True)
if doing == "idle":
    time.sleep(600)
"""
"""A game that opens a link, says its process's id, and is killed or just ends."""


@pytest.mark.parametrize("doing", ["idle", "reading", "nothing more"])
def test_the_process_ends_when_its_parent_does(
    tmp_path: Path, cache_folder: Path, starter_file: Path, doing: str
) -> None:
    arguments = [tmp_path / "log", cache_folder, starter_file, doing]
    command = [sys.executable, "-P", "-c", PARENT, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        watchdog = threading.Timer(WAIT_S, parent.kill)
        watchdog.start()
        try:
            assert parent.stdout
            pid = int(parent.stdout.readline())
            if doing == "nothing more":
                assert parent.wait(WAIT_S) == 0
        finally:
            watchdog.cancel()
            parent.kill()
    wait_for_end(pid)


def test_packages_of_the_same_name_where_the_player_stands(
    tmp_path: Path, cache_folder: Path, tiny_file: Path
) -> None:
    standing = tmp_path / "elsewhere"
    for name in ("engine", "llama_cpp", "numpy", "pydantic"):
        (standing / name).mkdir(parents=True)
        (standing / name / "__init__.py").write_text("raise SystemExit('a trap')")
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=standing,
            env=environ,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
        )

    # The game itself is not started in a way that would fall into it; its process is.
    assert "a trap" in run("-c", "import engine").stderr
    arguments = [str(tmp_path / "log"), str(cache_folder), str(tiny_file), "nothing more"]
    done = run("-P", "-c", PARENT, *arguments)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


# ---- the link's own conduct, with a stand-in for the process ----

STAND_IN = r"""
import json, os, sys
folder = sys.argv[1]
with open(folder + "/starts", "a") as file:
    file.write(f"{os.getpid()}\n")

def say(request, kind, **fields):
    line = json.dumps({"id": request["id"], "kind": kind, **fields}).encode() + b"\n"
    os.write(1, line)

def once(what):
    try:
        open(f"{folder}/{what}", "x").close()
    except FileExistsError:
        return False
    return True

missing = set()
for line in sys.stdin.buffer:
    request = json.loads(line)
    if request["kind"] == "load":
        path = request["path"]
        missing.discard(request["role"])
        if os.path.exists(path):
            say(request, "progress", fraction=1.0)
            say(request, "is_loaded", model="m", file=path, sha256="0" * 64, window=10,
                quantization="Q", reading_version=1, backend="b", place="CPU", layers=0,
                layers_of=1)
        else:
            missing.add(request["role"])
            say(request, "failed", fault="ModelError", message=f"There is no {path}.")
    if request["kind"] != "read":
        continue
    text = request["text"]
    if request["role"] in missing:
        say(request, "failed", fault="EngineError", message="Not loaded.")
        continue
    if text == "dies":
        os._exit(1)
    if text == "never":
        continue
    if text == "dies in a line" and once("line"):
        os.write(1, b'{"id": 1, "kind": "has_re')
        os._exit(1)
    if text == "says what is no answer" and once("noise"):
        os.write(1, b"llama_load: 99 %\n")
    if text == "hears no more" and once("deaf"):
        os.close(0)
        say(request, "bits", bits={"0": 1.5})
        while not os.path.exists(folder + "/die"):
            pass
        os._exit(1)
    say(request, "bits", bits={"0": len(text) / 2})
    say(request, "progress", fraction=1.0)
    say(request, "has_read", n_tokens=1, token_bits=None)
open(folder + "/ended", "x").close()
"""
"""Speaks as the worker does, without a model; some texts make it misbehave."""


class StandIn:
    """A program that takes the place of Python, and what it leaves behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        script = folder / "stand_in.py"
        script.write_text(STAND_IN)
        self.program = folder / "python"
        command = shlex.join([PYTHON, "-I", "-S", str(script), str(folder)])
        self.program.write_text(f"#!/bin/sh\nexec {command}\n")
        self.program.chmod(0o755)

    @property
    def pids(self) -> list[int]:
        """Of all that were started."""
        starts = self.folder / "starts"
        return [int(pid) for pid in starts.read_text().split()] if starts.exists() else []


@pytest.fixture
def stand_in(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> StandIn:
    made = StandIn(tmp_path_factory.mktemp("stand-in"))
    monkeypatch.setattr(sys, "executable", str(made.program))
    return made


def answer(future: Future[Reading]) -> dict[int, float]:
    return future.result(STAND_IN_WAIT_S).bits


FINE = {0: 2.0}
"""What the stand-in says of the text `fine`."""


def test_a_request_that_kills_each_time_does_not_take_others_with_it(
    open_link: OpenLink, stand_in: StandIn, log: Path
) -> None:
    notices: list[str] = []
    link = open_link(notices.append)
    first = link.read(a_job("fine"))
    deadly = link.read(a_job("dies"))
    after = [link.read(a_job("fine")) for _ in range(3)]
    with pytest.raises(EngineError) as caught:
        answer(deadly)
    assert str(log) in str(caught.value)
    assert [answer(future) for future in (first, *after)] == [FINE] * 4
    assert len(stand_in.pids) == MOST_DEATHS + 1
    assert 1 <= len(notices) <= MOST_DEATHS


def test_deaths_are_counted_for_each_request_by_itself(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    link = open_link()
    futures = [link.read(a_job(text)) for text in ("dies", "dies", "fine")]
    for future in futures[:2]:
        with pytest.raises(EngineError):
            answer(future)
    assert answer(futures[2]) == FINE
    assert len(stand_in.pids) == 2 * MOST_DEATHS + 1


def test_asking_again_as_soon_as_one_hears_of_the_deaths(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    link = open_link()
    again: list[Future[Reading]] = []
    heard = threading.Event()

    def ask_again(_future: Future[Reading]) -> None:
        again.append(link.read(a_job("fine")))
        heard.set()

    link.read(a_job("dies")).add_done_callback(ask_again)
    assert heard.wait(STAND_IN_WAIT_S)
    assert answer(again[0]) == FINE
    assert answer(link.read(a_job("fine"))) == FINE
    link.close()
    # One process to each death and one that lives: no second one beside it.
    assert len(stand_in.pids) == MOST_DEATHS + 1
    for pid in stand_in.pids:
        wait_for_end(pid)


def test_a_death_in_the_middle_of_a_line(open_link: OpenLink, stand_in: StandIn) -> None:
    link = open_link()
    future = link.read(a_job("dies in a line"))
    assert answer(future) == {0: len("dies in a line") / 2}
    assert len(stand_in.pids) == 2


def test_a_line_that_is_no_answer_does_not_leave_the_link_deaf(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    link = open_link()
    future = link.read(a_job("says what is no answer"))
    assert answer(future) == {0: len("says what is no answer") / 2}
    assert answer(link.read(a_job("fine"))) == FINE


def boom(*_args: Any) -> None:
    raise RuntimeError("a listener's own fault")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("where", ["on_bits", "on_progress"])
def test_a_listener_that_fails_does_not_leave_the_link_deaf(
    open_link: OpenLink, stand_in: StandIn, where: str
) -> None:
    link = open_link()
    future = link.read(a_job("fine"), **{where: boom})
    assert answer(link.read(a_job("fine"))) == FINE
    assert future.done()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_notice_that_nobody_can_take_does_not_leave_the_link_deaf(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    link = open_link(boom)
    deadly = link.read(a_job("dies"))
    with pytest.raises(EngineError):
        answer(deadly)
    assert answer(link.read(a_job("fine"))) == FINE


def test_a_notice_may_come_while_another_thread_asks(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    """As with a screen whose thread takes the notice and also asks."""
    asked: list[Future[Reading]] = []

    def on_notice(line: str) -> None:
        other = threading.Thread(target=lambda: asked.append(link.read(a_job("fine"))))
        other.start()
        other.join(STAND_IN_WAIT_S)
        assert not other.is_alive(), "the notice holds the others up"

    failures: list[BaseException] = []

    def noticing(line: str) -> None:
        try:
            on_notice(line)
        except BaseException as error:
            failures.append(error)

    link = open_link(noticing)
    with pytest.raises(EngineError):
        answer(link.read(a_job("dies")))
    assert not failures
    assert [answer(future) for future in asked] == [FINE] * len(asked)


def test_what_is_answered_and_given_up_at_once(open_link: OpenLink, stand_in: StandIn) -> None:
    """The two come from different threads and may meet at any point."""
    link = open_link()
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for n in range(1500):
            future = link.read(a_job("fine"))
            for _ in range(n % 50 * 10):
                if future.done():
                    break
            link.cancel(future)
            assert future.done()
    finally:
        sys.setswitchinterval(usual)
    assert answer(link.read(a_job("fine"))) == FINE
    assert len(stand_in.pids) == 1


class GivenUpMeanwhile(Future[Any]):
    """Is given up by its owner at the last moment before it would be answered."""

    def set_result(self, result: Any) -> None:
        self.cancel()
        super().set_result(result)

    def set_exception(self, exception: BaseException | None) -> None:
        self.cancel()
        super().set_exception(exception)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("text", ["fine", "dies"])
def test_what_is_given_up_at_the_last_moment_does_not_leave_the_link_deaf(
    open_link: OpenLink, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    link = open_link()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("engine.link.Future", GivenUpMeanwhile)
        given_up = link.read(a_job(text))
    assert answer(link.read(a_job("fine"))) == FINE
    assert given_up.done()


def test_a_new_model_is_not_held_up_by_an_old_one_that_is_gone(
    open_link: OpenLink, stand_in: StandIn, tmp_path: Path
) -> None:
    link = open_link()
    old, new = tmp_path / "old.gguf", tmp_path / "new.gguf"
    old.touch()
    new.touch()
    link.load(Loading("raced", str(old))).result(STAND_IN_WAIT_S)
    old.unlink()
    kill(link)
    wait_until(lambda: link.pid is None, "the death is not noticed", STAND_IN_WAIT_S)
    loaded = link.load(Loading("raced", str(new)))
    assert loaded.result(STAND_IN_WAIT_S).identity.file == str(new)
    assert answer(link.read(a_job("fine", role="raced"))) == FINE


def test_a_model_that_is_gone_fails_its_own_readings_alone(
    open_link: OpenLink, stand_in: StandIn, tmp_path: Path
) -> None:
    link = open_link()
    files = {role: tmp_path / f"{role}.gguf" for role in ("starter", "raced")}
    for role, file in files.items():
        file.touch()
        link.load(Loading(role, str(file))).result(STAND_IN_WAIT_S)
    files["raced"].unlink()
    kill(link)
    wait_until(lambda: link.pid is None, "the death is not noticed", STAND_IN_WAIT_S)
    # What is asked first waits until both models have been tried.
    futures = {role: link.read(a_job("fine", role=role)) for role in ("starter", "raced")}
    assert answer(futures["starter"]) == FINE
    # It fails by the file, or, asked a little later, because nothing is loaded.
    assert isinstance(futures["raced"].exception(STAND_IN_WAIT_S), BitraceError)


def test_a_process_that_cannot_be_started_fails_the_future(
    open_link: OpenLink, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    link = open_link()
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", str(tmp_path / "gone" / "python"))
        future = link.read(a_job("fine"))
        error = future.exception(STAND_IN_WAIT_S)
    assert isinstance(error, EngineError)
    assert_sentence(error)


def test_a_program_that_is_gone_when_it_is_needed_again(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    link = open_link()
    assert answer(link.read(a_job("fine"))) == FINE
    stand_in.program.unlink()
    never = link.read(a_job("never"))
    kill(link)
    assert isinstance(never.exception(STAND_IN_WAIT_S), EngineError)


@pytest.mark.parametrize("lone", ["\ud800", "a \udcff b"])
def test_half_a_character_in_a_text_fails_the_future_and_nothing_else(
    open_link: OpenLink, stand_in: StandIn, lone: str
) -> None:
    link = open_link()
    future = link.read(a_job(lone))
    assert isinstance(future.exception(STAND_IN_WAIT_S), BitraceError)
    assert_not_poisoned(link)


def test_a_file_name_that_is_no_text_fails_the_future_and_nothing_else(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    """Linux knows such names, and the command line hands them on."""
    link = open_link()
    future = link.load(Loading(STARTER, os.fsdecode(b"/models/\xff.gguf")))
    assert isinstance(future.exception(STAND_IN_WAIT_S), BitraceError)
    assert_not_poisoned(link)


def assert_not_poisoned(link: Link) -> None:
    """Others are answered, also after a death, when all that waits is asked again."""
    assert answer(link.read(a_job("fine"))) == FINE
    kill(link)
    assert answer(link.read(a_job("fine"))) == FINE


def test_closing_lets_the_process_end_by_itself(
    open_link: OpenLink, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.link._CLOSING_S", STAND_IN_WAIT_S)
    link = open_link()
    assert answer(link.read(a_job("fine"))) == FINE
    link.close()
    assert (stand_in.folder / "ended").exists()


def test_a_process_that_does_not_end_by_itself_is_ended(
    open_link: OpenLink, stand_in: StandIn
) -> None:
    link = open_link()
    assert answer(link.read(a_job("fine"))) == FINE
    pid = link.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    link.close()
    wait_for_end(pid)


ASKING_THE_DEAF = """
import sys, threading
from pathlib import Path
from engine.link import Link
from engine.minds import READER
from engine.predictor import Job
program, folder = sys.argv[1:]
sys.executable = program
link = Link(Path(folder, "log"), Path(folder, "cache"))
deaf = threading.Event()
first = link.read(Job("starter", READER, "hears no more"), lambda bits: deaf.set())
assert deaf.wait(20)
second = link.read(Job("starter", READER, "fine"))
Path(folder, "die").touch()
assert second.result(20).bits == {0: 2.0}
assert first.result(20)
link.close()
"""


def test_nothing_of_a_death_gets_onto_the_terminal(tmp_path: Path, stand_in: StandIn) -> None:
    """Newer Pythons say at once what older ones say in development mode: that a stream could
    not be closed. On a screen that is being drawn that is dirt."""
    arguments = [str(stand_in.program), str(stand_in.folder)]
    done = subprocess.run(
        [PYTHON, "-P", "-X", "dev", "-W", "ignore", "-c", ASKING_THE_DEAF, *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and done.stdout == ""
