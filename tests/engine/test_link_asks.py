"""What else a mind expected, asked through the link: top words and candidates, for real."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.candidates import compare
from engine.errors import EngineError, InputError
from engine.link import Link
from engine.minds import GOLDFISH, INSTINCT, READER, STRANGER, Mind
from engine.predictor import Asking, Comparison, Job, Loading, TopWords
from engine.topwords import top_words
from engine.words import prepare, words

WAIT_S = 120.0
ROLE = "starter"
TEXT = (
    "The ferry leaves at seven, and only four people came aboard this morning. The cook was "
    "asleep. The captain was steering. So the thief was the schoolteacher."
)
LAST = len(words(TEXT)) - 1


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory, starter_file: Path) -> Iterator[Link]:
    folder = tmp_path_factory.mktemp("link")
    link = Link(folder / "engine.log", folder / "cache")
    link.load(Loading(ROLE, str(starter_file))).result(WAIT_S)
    yield link
    link.close()


@pytest.fixture(scope="module")
def long_text(reference: Path) -> str:
    return prepare((reference / "sample.txt").read_text("utf-8")).normalized


# Threads change no bit, so a reading in this process must come to the same numbers.


@pytest.mark.parametrize("mind", [READER, INSTINCT])
def test_top_words_are_those_of_a_search_in_this_process(
    link: Link, starter: Any, mind: Mind
) -> None:
    wanted = (3, 14, LAST)
    told: dict[int, TopWords] = {}
    fractions: list[float] = []
    asking = Asking(ROLE, mind, TEXT, words=wanted, n_words=6)
    found = link.top_words(asking, told.update, fractions.append).result(WAIT_S)
    assert found == dict(top_words(starter, TEXT, wanted, 6, memory=mind.memory))
    assert told == found
    if mind.reads_all:
        assert fractions and fractions[-1] == 1.0
    for top in found.values():
        assert len(top.words) == 6 and top.certified
        shares = [one.percent for one in top.words]
        assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100


def test_top_words_behind_the_end(link: Link, starter: Any) -> None:
    text = "So the thief was the "
    ((index, top),) = link.top_words(Asking(ROLE, READER, text)).result(WAIT_S).items()
    assert index == len(words(text))
    assert {index: top} == dict(top_words(starter, text, None, 5))
    assert top.rank is None


@pytest.mark.parametrize("mind", [READER, GOLDFISH])
def test_candidates_have_the_bits_of_a_reading_in_this_process(
    link: Link, starter: Any, mind: Mind
) -> None:
    asked = {LAST: ("schoolteacher", "captain", "cook", "Ωmega"), 3: ("at", "on")}
    found = link.compare(Comparison(ROLE, mind, TEXT, asked)).result(WAIT_S)
    expected = dict(compare(starter, TEXT, asked, memory=mind.memory))
    assert found == {index: tuple(bits) for index, bits in expected.items()}


def test_the_printed_word_among_candidates_costs_about_what_reading_it_cost(
    link: Link, long_text: str
) -> None:
    wanted = range(30, 250, 40)
    found = words(long_text)
    asked = {index: (found[index].text,) for index in wanted}
    compared = link.compare(Comparison(ROLE, READER, long_text, asked)).result(WAIT_S)
    read = link.read(Job(ROLE, READER, long_text, words=tuple(wanted))).result(WAIT_S).bits
    for index in wanted:
        # One is decoded alone, the other in a block of 128: kernels round by shape, up to half
        # a bit on a word of twenty.
        assert compared[index][0] == pytest.approx(read[index], abs=0.6)
    short = link.compare(Comparison(ROLE, INSTINCT, long_text, asked)).result(WAIT_S)
    alone = link.read(Job(ROLE, INSTINCT, long_text, words=tuple(wanted))).result(WAIT_S).bits
    assert {index: bits for index, (bits,) in short.items()} == alone


def test_a_primer_is_read_by_those_who_read_it(link: Link) -> None:
    primer = "The schoolteacher stole the ledger; remember it: the schoolteacher.\n\n"
    asked = {LAST: ("schoolteacher",)}
    behind = Comparison(ROLE, READER, primer + TEXT, asked, len(primer))
    with_primer = link.compare(behind).result(WAIT_S)[LAST][0]
    without = link.compare(Comparison(ROLE, STRANGER, TEXT, asked)).result(WAIT_S)[LAST][0]
    assert with_primer < without - 3
    ranks = [
        link.top_words(asking).result(WAIT_S)[LAST].rank
        for asking in (
            Asking(ROLE, READER, primer + TEXT, len(primer), (LAST,)),
            Asking(ROLE, STRANGER, TEXT, words=(LAST,)),
        )
    ]
    assert None not in ranks and ranks == sorted(ranks) and ranks[0] != ranks[1]


def test_asking_changes_no_bit_of_later_readings(link: Link) -> None:
    before = link.read(Job(ROLE, READER, TEXT)).result(WAIT_S).bits
    asking = Asking(ROLE, READER, TEXT, words=tuple(range(20)))
    link.top_words(asking).result(WAIT_S)
    link.compare(Comparison(ROLE, READER, TEXT, {5: ("a", "the")})).result(WAIT_S)
    assert link.read(Job(ROLE, READER, TEXT)).result(WAIT_S).bits == before


def test_what_cannot_be_asked_is_answered_with_a_sentence(link: Link) -> None:
    two = link.compare(Comparison(ROLE, READER, TEXT, {3: ("two words",)}))
    with pytest.raises(InputError, match="'two words' is not exactly one word"):
        two.result(WAIT_S)
    long = link.compare(Comparison(ROLE, READER, TEXT, {3: ("z" * 2000,)}))
    with pytest.raises(InputError, match="too long to be compared"):
        long.result(WAIT_S)
    with pytest.raises(EngineError):
        link.top_words(Asking(ROLE, READER, TEXT, words=(999,))).result(WAIT_S)
    with pytest.raises(EngineError):
        link.compare(Comparison("nobody", READER, TEXT, {3: ("a",)})).result(WAIT_S)
    # And the engine goes on.
    assert link.top_words(Asking(ROLE, READER, TEXT, words=(3,))).result(WAIT_S).keys() == {3}


def test_top_words_can_be_given_up(link: Link, long_text: str) -> None:
    first = threading.Event()
    told: list[int] = []

    def on_top(tops: dict[int, TopWords]) -> None:
        told.extend(tops)
        first.set()

    everywhere = tuple(range(len(words(long_text))))
    future = link.top_words(Asking(ROLE, READER, long_text, words=everywhere), on_top)
    assert first.wait(WAIT_S)
    link.cancel(future)
    assert future.cancelled()
    # What was given up is not worked off first: it would take half a minute.
    assert link.top_words(Asking(ROLE, READER, TEXT, words=(3,))).result(WAIT_S).keys() == {3}
    assert len(told) < len(everywhere)


def test_killed_while_it_looks_for_top_words(
    tmp_path: Path, starter_file: Path, long_text: str
) -> None:
    notices: list[str] = []
    link = Link(tmp_path / "engine.log", tmp_path / "cache", notices.append)
    try:
        link.load(Loading(ROLE, str(starter_file))).result(WAIT_S)
        killed: list[int] = []

        def on_top(_tops: dict[int, TopWords]) -> None:
            if not killed and link.pid is not None:
                killed.append(link.pid)
                os.kill(link.pid, signal.SIGKILL)

        asking = Asking(ROLE, READER, long_text, words=(3, 40, 150))
        found = link.top_words(asking, on_top).result(WAIT_S)
        assert found.keys() == {3, 40, 150}
        assert killed and link.pid != killed[0] and len(notices) == 1
    finally:
        link.close()
