"""How fast the reading is beside other ways of reading, as ratios; and what memory it takes.

    pytest tests/benchmarks/test_ratios.py -s

Figures, not verdicts: each is printed with the bound it is meant for. What is compared takes
turns in one run, reads the same tokens and has the same threads; loading is never counted.

`llama-perplexity` has to come from the llama.cpp that the binding was built from, and be built
for this processor (cmake's default) if the binding was. The binding's archive has all of it:

    pip download --no-deps --no-binary llama-cpp-python llama-cpp-python==0.3.36
    tar xzf llama_cpp_python-0.3.36.tar.gz
    cmake -S llama_cpp_python-0.3.36/vendor/llama.cpp -B build -DCMAKE_BUILD_TYPE=Release
    cmake --build build --target llama-perplexity
    export BITRACE_LLAMA_PERPLEXITY=$PWD/build/bin/llama-perplexity
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.facts import n_threads
from engine.link import Link
from engine.minds import READER
from engine.predictor import Job, Loading
from engine.words import words

Report = Callable[..., None]
Timed = Callable[[Callable[[], object]], float]

RUNS = 5
SLOW_RUNS = 2
PROGRAM = "BITRACE_LLAMA_PERPLEXITY"
CHUNK = 1024
"""Tokens that are read from an empty cache; a multiple of the block of the reading."""
N_CHUNKS = 2
HALF_THE_ROWS = ("-c", str(CHUNK), "-b", str(CHUNK))
"""As llama-perplexity comes: rows and probabilities of the second half of each chunk."""
STRIDE = CHUNK - 1
ALL_ROWS = ("-c", str(CHUNK - STRIDE // 2), "-b", "512", "--ppl-stride", str(STRIDE))
"""The same chunks with all their rows, as the reading needs them. It adds half the stride to
what it is told, and shares out its probabilities to no threads."""

_COMPLETE = """
import sys, time
from llama_cpp import Llama
path, file, n_threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
text = open(file, encoding="utf-8").read()
model = Llama(
    path, n_ctx=2048, n_threads=n_threads, n_threads_batch=n_threads, logits_all=True,
    verbose=False,
)
for _ in sys.stdin:
    model.reset()  # or it would not read again what it has read before
    begun = time.perf_counter()
    done = model.create_completion(text, max_tokens=1, echo=True, logprobs=1)
    print(time.perf_counter() - begun, done["usage"]["prompt_tokens"], flush=True)
"""


def n_tokens(link: Link, text: str) -> int:
    """Tokens of a text; nothing is decoded for it."""
    return link.read(Job("starter", READER, text, words=())).result(60).n_tokens


def read(link: Link, text: str, wanted: tuple[int, ...] | None = None) -> None:
    """Score words of a text, all of them by default."""
    link.read(Job("starter", READER, text, words=wanted)).result(300)


def spread_out(text: str, n: int) -> tuple[int, ...]:
    """As many targets as a race has, from where races begin to the last word."""
    last = len(words(text)) - 1
    return tuple(40 + (last - 40) * place // (n - 1) for place in range(n))


def chunks_of(link: Link, text: str) -> list[str]:
    """The beginning of a text in pieces that fill a chunk each, the start token included."""
    ends = [word.end for word in words(text)]
    pieces: list[str] = []
    at = 0
    for _ in range(N_CHUNKS):
        start = at

        def size(end: int, start: int = start) -> int:
            return n_tokens(link, text[start:end])

        at = ends[bisect_right(ends, CHUNK - 1, key=lambda end: size(max(start, end))) - 1]
        pieces.append(text[start:at])
    return pieces


@pytest.fixture
def llama_perplexity() -> str:
    """llama.cpp's own program."""
    program = os.environ.get(PROGRAM) or shutil.which("llama-perplexity")
    if program is None:
        pytest.skip(f"no llama-perplexity on PATH or in {PROGRAM}; see this file's beginning")
    return program


def run_perplexity(
    program: str, model: Path, file: Path, rows: tuple[str, ...]
) -> tuple[float, float]:
    """Let llama-perplexity read `N_CHUNKS` chunks of a file.

    Its line `prompt eval time` is of no use here: it counts the tokens of all decodes and
    leaves out the time of the first, which is half of what it does.

    Returns:
        Seconds from before it tokenizes to behind its last probability, by the times in its
        log; and the seconds that it says the decoding of the first chunk took.
    """
    command = [program, "-m", str(model), "-f", str(file), "-t", str(n_threads())]
    command += ["-ub", "128", "--chunks", str(N_CHUNKS), "--perf", "-lv", "4", *rows]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    def when(said: str) -> float:
        found = re.search(rf"(\d+)\.(\d\d)\.(\d{{3}})\.(\d{{3}}) I \S+ +{said}", done.stderr)
        assert found, done.stderr[-2000:]
        minutes, seconds, ms, us = (int(part) for part in found.groups())
        return 60 * minutes + seconds + ms / 1e3 + us / 1e6

    decoding = re.search(r"([\d.]+) seconds per pass", done.stderr)
    assert decoding, done.stderr[-2000:]
    return when("load time =") - when("tokenizing the input"), float(decoding.group(1))


def test_against_llama_perplexity(
    link: Link,
    sample: str,
    starter_file: Path,
    llama_perplexity: str,
    report: Report,
    report_ratio: Report,
    timed: Timed,
    tmp_path: Path,
) -> None:
    text = f"{sample}\n\n" * (N_CHUNKS * CHUNK // 350 + 1)
    file = tmp_path / "text.txt"
    file.write_text(text, encoding="utf-8")
    pieces = chunks_of(link, text)
    ours = sum(n_tokens(link, piece) for piece in pieces)
    theirs = N_CHUNKS * CHUNK
    assert theirs - ours < 20, "the pieces do not fill the chunks"
    modes = {"rows of half the tokens": HALF_THE_ROWS, "rows of all tokens": ALL_ROWS}
    rates: list[float] = []
    others: dict[str, list[tuple[float, float]]] = {mode: [] for mode in modes}
    for _ in range(RUNS):
        rates.append(ours / timed(lambda: [read(link, piece) for piece in pieces]))
        for mode, rows in modes.items():
            others[mode].append(run_perplexity(llama_perplexity, starter_file, file, rows))
    report(f"{ours} tokens, all words", rates, "tokens/s", "at least 220")
    for mode, seconds in others.items():
        what = f"llama-perplexity, {theirs} tokens, {mode}"
        walls = [theirs / wall for wall, _ in seconds]
        decoding = [CHUNK / alone for _, alone in seconds]
        report(what, walls, "tokens/s", "the measure")
        report("  its decoding alone, as it says", decoding, "tokens/s", "to be known")
        report_ratio(f"all words : llama-perplexity, {mode}", rates, walls, "at least 1.0")


@contextmanager
def completions(model: Path, file: Path) -> Iterator[Callable[[], tuple[float, int]]]:
    """The binding's own way to probabilities: seconds and tokens of each call on a file."""
    command = [sys.executable, "-c", _COMPLETE, str(model), str(file), str(n_threads())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        asked, answers = process.stdin, process.stdout
        assert asked and answers

        def complete() -> tuple[float, int]:
            asked.write("\n")
            asked.flush()
            seconds, n = answers.readline().split()
            return float(seconds), int(n)

        yield complete
        asked.close()


@pytest.mark.parametrize("times", [1, 5])
def test_against_create_completion(
    link: Link,
    sample: str,
    starter_file: Path,
    report: Report,
    report_ratio: Report,
    timed: Timed,
    tmp_path: Path,
    times: int,
) -> None:
    text = "\n\n".join([sample] * times)  # the longer, the slower it is for each token
    file = tmp_path / "text.txt"
    file.write_text(text, encoding="utf-8")
    n = n_tokens(link, text)
    ours: list[float] = []
    theirs: list[float] = []
    with completions(starter_file, file) as complete:
        for _ in range(SLOW_RUNS):
            ours.append(n / timed(lambda: read(link, text)))
            seconds, n_read = complete()
            theirs.append(n_read / seconds)
    report(f"{n} tokens, all words", ours, "tokens/s", "at least 220")
    report("Llama.create_completion(echo, logprobs=1)", theirs, "tokens/s", "the measure")
    report_ratio("all words : create_completion", ours, theirs, "at least 15")


@pytest.mark.parametrize("times", [1, 3])
def test_race_against_all_words(
    link: Link,
    sample: str,
    report: Report,
    report_ratio: Report,
    timed: Timed,
    times: int,
) -> None:
    text = "\n\n".join([sample] * times)
    targets = spread_out(text, 12)
    n = n_tokens(link, text)
    everything: list[float] = []
    race: list[float] = []
    for _ in range(RUNS):
        everything.append(n / timed(lambda: read(link, text)))
        race.append(n / timed(lambda: read(link, text, targets)))
    report(f"{n} tokens, all words", everything, "tokens/s", "the measure")
    report(f"{n} tokens, twelve targets", race, "tokens/s", "more than that")
    report_ratio("twelve targets : all words", race, everything, "at least 1.2")


@pytest.mark.parametrize(
    ("model", "room_mb"), [("starter_file", 250), ("gemma_file", 700)], ids=["starter", "gemma"]
)
def test_memory_of_the_child(
    model: str,
    room_mb: int,
    request: pytest.FixtureRequest,
    sample: str,
    memory_mb: Callable[[int | None, str], float],
    tmp_path: Path,
) -> None:
    file: Path = request.getfixturevalue(model)
    link = Link(tmp_path / "engine.log", tmp_path / "cache")
    try:
        link.load(Loading("starter", str(file))).result(60)
        text = "\n\n".join([sample] * 8)
        job = Job("starter", READER, text, all_tokens=True)
        n = link.read(job).result(600).n_tokens
        now, most = (memory_mb(link.pid, field) for field in ("VmRSS", "VmHWM"))
    finally:
        link.close()
    file_mb = file.stat().st_size / 1e6
    print(
        f"\nchild with {file.name} ({file_mb:.0f} MB) after {n} tokens: {now:.0f} MB resident, "
        f"{most:.0f} MB at most; meant: at most {file_mb + room_mb:.0f} (file + {room_mb})"
    )
    assert n >= 2048
