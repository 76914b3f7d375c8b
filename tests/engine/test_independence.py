"""What a bit may not depend on, with real models, each to the last digit: what comes after
in the text, how it arrived, what was read before, what else is asked for and in what order,
and how many threads ask or compute.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.candidates import compare
from engine.canonical import Watch, read_all, read_short
from engine.errors import TextError
from engine.link import Link
from engine.minds import INSTINCT, READER, short_memory
from engine.predictor import Job, Loading
from engine.topwords import top_words
from engine.words import prepare, words

WAIT_S = 120.0
"""Until something counts as hanging."""

# Threads of a child that wait for each other give way meanwhile; else it would be many times
# slower on a machine that has something else to do.
_PATIENT = {"OMP_WAIT_POLICY": "passive"}

# More than a block on both models, with what is awkward in tokens.
TEXT = prepare(
    "Nobody at the quay had counted the barrels, so nobody missed the seventh. It hadn’t been "
    "full, Marta said, and it hadn’t been theirs.\n\n"
    "“Whose, then?” asked the harbour-master, who was new — he’d come in March from Ørsta, "
    "with two trunks & a parrot named 3.14. She shrugged: «Die Straße weiß es», as her "
    "grandmother used to say, 猫も. By noon the tide had turned. The barrel came back the way "
    "it went, along the wall, past the nets and the children, a little lower in the water "
    "than before, and nobody counted that either. At four o’clock the bell rang twice; "
    "somebody laughed, somebody swore, and the ferry left without its mate."
).normalized
FOUND = words(TEXT)
SHORT_MEMORY = 4

Bits = dict[int, float]
Read = Callable[..., Bits]


def read_by_reader(model: Any, text: str, wanted: Iterable[int]) -> Bits:
    found = words(text)
    return read_all(model, text, [found[index] for index in wanted]).bits


def read_by_short_memory(model: Any, text: str, wanted: Iterable[int]) -> Bits:
    found = words(text)
    return {index: read_short(model, text, found, index, SHORT_MEMORY) for index in wanted}


for_both_minds = pytest.mark.parametrize(
    "read", [read_by_reader, read_by_short_memory], ids=["reader", "short"]
)


@pytest.fixture(scope="module", params=["starter", "gemma"])
def model(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def reader_bits(model: Any) -> Bits:
    """Reader's bits of all words of the text, asked for all at once."""
    assert len(model.tokenize(TEXT.encode())) > 140
    return read_by_reader(model, TEXT, range(len(FOUND)))


SOME = [0, 1, 18, 45, 60, 85]
"""Words whose bits under a short memory are looked at; those of Reader are cheaper."""


@pytest.fixture(scope="module")
def short_bits(model: Any) -> Bits:
    """Bits of some words of the text with a short memory."""
    return read_by_short_memory(model, TEXT, SOME)


def picked(bits: Bits, wanted: Iterable[int]) -> Bits:
    return {index: bits[index] for index in wanted}


# ---- what comes after ----

_AFTER = {
    "a sentence": ". Nobody minded.",
    "a paragraph": ".\n\nThen it rained for a week, and they all forgot about it.",
    "another script": " — но никто не считал. 樽は戻った。",
    "noise": "?!" * 60,
    "a digit": " 7",
    "more than a window": " and nobody counted" * 900,
}


@pytest.mark.parametrize("after", _AFTER)
def test_what_comes_after(model: Any, reader_bits: Bits, short_bits: Bits, after: str) -> None:
    n_words = SOME[-1] + 1
    text = TEXT[: FOUND[n_words - 1].end] + _AFTER[after]
    cut = model.tokenize(TEXT[: FOUND[n_words - 1].end].encode())
    # Else what comes after would have changed what is read, and nothing would be shown.
    assert model.tokenize(text.encode())[: len(cut)] == cut
    assert words(text)[n_words - 1].text == FOUND[n_words - 1].text
    wanted = range(n_words)
    assert read_by_reader(model, text, wanted) == picked(reader_bits, wanted)
    assert read_by_short_memory(model, text, SOME[-2:]) == picked(short_bits, SOME[-2:])


@pytest.mark.parametrize("n_more", [1, 3, 20])
def test_what_is_asked_of_what_comes_after(model: Any, reader_bits: Bits, n_more: int) -> None:
    # The words behind the cut are scored too, from rows of the same last block.
    n_words = SOME[-1] + 1
    text = TEXT[: FOUND[n_words - 1].end] + " of the gulls that came" * n_more
    bits = read_by_reader(model, text, range(len(words(text))))
    assert len(bits) == n_words + 5 * n_more
    assert picked(bits, range(n_words)) == picked(reader_bits, range(n_words))


# ---- how the text arrives ----


def score_input(home: Path, pieces: Sequence[bytes], pause_s: float) -> Any:
    """What `bitrace score` prints for a text that comes through a pipe in pieces."""
    command = [sys.executable, "-P", "-m", "tui", "score", "-", "--format", "json"]
    process = subprocess.Popen(
        [*command, "--memory", str(SHORT_MEMORY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A home for each, so that no reading is kept from one to the next.
        env={**os.environ, **_PATIENT, "BITRACE_HOME": str(home)},
        bufsize=0,
    )
    assert process.stdin is not None
    for piece in pieces:
        process.stdin.write(piece)
        time.sleep(pause_s)
    told, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    return json.loads(told)


def test_the_portions_in_which_a_text_arrives(tmp_path: Path, starter_file: Path) -> None:
    text = "Né à 4 h; “it’s late”, 猫は。\r\n\r\nNobody counted the 🌊 barrels.\r\n"
    raw = text.encode()
    at_once = score_input(tmp_path / "a", [raw], 0.0)
    # Cut within characters and between the two parts of a line's end.
    cuts = [0, 2, raw.index("猫".encode()) + 1, raw.index(b"\r") + 1, raw.index(b"\n\r") + 2]
    cuts += [raw.index("🌊".encode()) + 2, len(raw) - 1, len(raw)]
    assert cuts == sorted(set(cuts))
    portions = [raw[a:b] for a, b in itertools.pairwise(cuts)]
    assert b"".join(portions) == raw
    in_portions = score_input(tmp_path / "b", portions, 0.1)
    assert in_portions == at_once
    assert [word["word"] for word in at_once["words"]] == [
        word.text for word in words(prepare(text).normalized)
    ]


# ---- what was read before ----


class _Stop(Exception):
    pass


def _stop_in_the_second_block(model: Any) -> None:
    n_checks = 0

    def check() -> None:
        nonlocal n_checks
        n_checks += 1
        if n_checks > 1:
            raise _Stop

    with pytest.raises(_Stop):
        read_all(model, TEXT, FOUND[-1:], watch=Watch(check=check))


def _fail_on_a_text(model: Any) -> None:
    half = "\u2581"  # what SentencePiece has for a space; other families read it well
    try:
        read_all(model, f"Nobody {half} counted.", words(f"Nobody {half} counted."))
    except TextError:
        return


_BEFORE: dict[str, Callable[[Any], object]] = {
    "nothing": lambda model: None,
    "something longer": lambda model: read_by_reader(model, TEXT[::-1], [80]),
    "something empty": lambda model: read_all(model, "", [], all_tokens=True),
    "a word alone": lambda model: read_by_reader(model, "猫", [0]),
    "short memory": lambda model: read_short(model, TEXT, FOUND, 20, 12),
    "no memory": lambda model: read_short(model, TEXT, FOUND, 20, 0),
    "candidates": lambda model: dict(compare(model, TEXT, {20: ["猫", "barrels"]})),
    "top words": lambda model: dict(top_words(model, TEXT, [20], 5)),
    "top words given up": lambda model: next(top_words(model, TEXT, [20, 60], 5)),
    "a reading given up": _stop_in_the_second_block,
    "a text refused": _fail_on_a_text,
}


@pytest.mark.parametrize("before", _BEFORE)
def test_what_was_read_before(
    model: Any, reader_bits: Bits, short_bits: Bits, before: str
) -> None:
    _BEFORE[before](model)
    assert read_by_reader(model, TEXT, range(60)) == picked(reader_bits, range(60))
    _BEFORE[before](model)
    assert read_by_short_memory(model, TEXT, SOME[2:4]) == picked(short_bits, SOME[2:4])


def test_what_another_model_read_before(starter: Any, gemma: Any) -> None:
    wanted = range(40)
    alone = read_by_reader(starter, TEXT, wanted)
    other = read_by_reader(gemma, TEXT, wanted)
    assert alone != other
    for read in (read_by_short_memory, read_by_reader):
        read(gemma, TEXT, SOME[:2])
        assert read_by_reader(starter, TEXT, wanted) == alone
        read(starter, TEXT, SOME[:2])
        assert read_by_reader(gemma, TEXT, wanted) == other


# ---- which others are asked for ----


def test_each_word_alone(model: Any, reader_bits: Bits) -> None:
    # Some; those around the edge of the block, which have rows on both sides; and those where
    # few rows were seen to be rounded in another way than many, by a thousandth of a bit.
    raw = TEXT.encode()
    pieces = [model.vocabulary.pieces[token] for token in model.tokenize(raw)]
    edge = len(b"".join(pieces[:127]).decode(errors="ignore"))
    near = [word.index for word in FOUND if abs(word.start - edge) < 12]
    assert len(near) > 2
    alone: Bits = {}
    for index in sorted({0, 18, 64, 65, 108, 109, *near}):
        alone |= read_by_reader(model, TEXT, [index])
    assert alone == picked(reader_bits, alone)


@pytest.mark.parametrize("seed", range(6))
def test_any_words_together(model: Any, reader_bits: Bits, seed: int) -> None:
    source = random.Random(seed)
    wanted = sorted(source.sample(range(len(FOUND)), 1 + 7 * seed))
    found = [FOUND[index] for index in wanted]
    scored = read_all(model, TEXT, found, all_tokens=seed % 2 == 1)
    assert scored.bits == picked(reader_bits, wanted)


def test_the_sum_over_tokens_and_the_words_asked_for(model: Any, reader_bits: Bits) -> None:
    few = read_all(model, TEXT, FOUND[20:23], all_tokens=True)
    every = read_all(model, TEXT, FOUND[:], all_tokens=True)
    assert few.token_bits == every.token_bits
    assert every.bits == reader_bits


# ---- the order of asking, and who asks ----


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory, starter_file: Path) -> Iterator[Link]:
    """A process that holds the starter model."""
    folder = tmp_path_factory.mktemp("link")
    link = Link(folder / "engine.log", folder / "cache")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _PATIENT.items():
            patch.setenv(name, value)
        link.load(Loading("starter", str(starter_file))).result(WAIT_S)
    yield link
    link.close()


@pytest.fixture
def both(link: Link, gemma_file: Path) -> Link:
    """The same process, with a second model, as in a race against another than the starter."""
    link.load(Loading("gemma", str(gemma_file))).result(WAIT_S)
    return link


@pytest.fixture(params=["starter", "gemma"])
def role(request: pytest.FixtureRequest) -> str:
    """A model that the process holds."""
    request.getfixturevalue("both" if request.param == "gemma" else "link")
    return request.param


_ASKED = [7, 40, 0, 33, 34, 12]
_PART = TEXT[: FOUND[50].end]
"""Less than a block."""


@for_both_minds
def test_the_order_of_asking(
    link: Link, request: pytest.FixtureRequest, role: str, read: Read
) -> None:
    # Each time a text of its own, so that nothing can have been kept from the time before.
    mind = READER if read is read_by_reader else INSTINCT
    orders = [_ASKED, sorted(_ASKED), sorted(_ASKED, reverse=True)]
    together = [
        link.read(Job(role, mind, f"{n}. {_PART}", 0, tuple(order)))
        for n, order in enumerate(orders)
    ]
    alone = {index: link.read(Job(role, mind, _PART, 0, (index,))) for index in _ASKED}
    model = request.getfixturevalue(role)
    for n, future in enumerate(together):
        assert future.result(WAIT_S).bits == read(model, f"{n}. {_PART}", sorted(_ASKED))
    expected = read(model, _PART, sorted(_ASKED))
    for index, future in alone.items():
        assert future.result(WAIT_S).bits == picked(expected, [index])


def test_models_and_minds_asked_in_turn(both: Link, starter: Any, gemma: Any) -> None:
    text = f"In turn. {_PART}"
    asked: list[tuple[str, int | None, int]] = [
        (role, memory, index)
        for index in _ASKED[:4]
        for role in ("starter", "gemma")
        for memory in (None, SHORT_MEMORY)
    ]
    random.Random(1).shuffle(asked)
    futures = [
        both.read(Job(role, READER if k is None else short_memory(k), text, 0, (index,)))
        for role, k, index in asked
    ]
    expected = {
        (role, k): read(model, text, sorted(_ASKED[:4]))
        for role, model in (("starter", starter), ("gemma", gemma))
        for k, read in ((None, read_by_reader), (SHORT_MEMORY, read_by_short_memory))
    }
    for (role, k, index), future in zip(asked, futures, strict=True):
        assert future.result(WAIT_S).bits == picked(expected[role, k], [index])


def test_four_threads_that_ask_at_once(
    link: Link, request: pytest.FixtureRequest, role: str
) -> None:
    text = f"At once. {_PART}"
    shares = [_ASKED, [0, 1, 2], [40, 34], [33]]
    answers: dict[tuple[int, str], Bits] = {}
    barrier = threading.Barrier(len(shares))

    def ask(n: int) -> None:
        barrier.wait(WAIT_S)
        asked = {
            mind.key: link.read(Job(role, mind, text, 0, tuple(shares[n])))
            for mind in ((READER, INSTINCT) if n % 2 else (INSTINCT, READER))
        }
        for key, future in asked.items():
            answers[n, key] = dict(future.result(WAIT_S).bits)

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(answers) == 8
    model = request.getfixturevalue(role)
    for n, share in enumerate(shares):
        assert answers[n, READER.key] == read_by_reader(model, text, sorted(share))
        assert answers[n, INSTINCT.key] == read_by_short_memory(model, text, share)


# ---- threads that compute ----


@pytest.mark.parametrize("n_threads", [1, 2, 4])
@pytest.mark.parametrize("file", ["starter_file", "gemma_file"])
def test_threads_that_compute(
    library: Any,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    n_threads: int,
) -> None:
    from llama_cpp import llama_cpp as api

    monkeypatch.setattr("engine.llama.n_threads", lambda: n_threads)
    path = request.getfixturevalue(file)
    threaded = library.load(path, 0, lambda fraction: None)
    assert api.llama_n_threads(threaded._context) == n_threads
    model = request.getfixturevalue(file.removesuffix("_file"))
    wanted = range(SOME[3])
    try:
        long = read_by_reader(threaded, TEXT, wanted)
        short = read_by_short_memory(threaded, TEXT, SOME[:3])
    finally:
        threaded.close()
    assert long == read_by_reader(model, TEXT, wanted)
    assert short == read_by_short_memory(model, TEXT, SOME[:3])
