"""Lines of plain mode: waited for no longer than there is time, and what they say."""

from __future__ import annotations

import io
import os
import pty
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.choice import EVEN, raised
from engine.errors import SlipError
from tui.plain_lines import Left, Lines, TimeIsUp
from tui.plain_stakes import read_stakes

SIX = ("cook", "boat", "Sea", "élan", "thief", "fog")
LONGEST_WAIT_S = 60.0


# ---- lines ----


def test_lines_come_in_time_or_late(tmp_path: Path) -> None:
    """A line that is late is the next answer; one that is there needs no time."""
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as source, os.fdopen(writing, "w") as typist:
        lines = Lines(source)
        assert not lines.at_terminal
        with pytest.raises(TimeIsUp):
            lines.next(0.05)
        typist.write("late\nin time\nthe last one")
        typist.flush()
        lines.forget()
        assert lines.next() == "late\n"
        assert lines.next(LONGEST_WAIT_S) == "in time\n"
        typist.close()
        assert lines.next() == "the last one"
        for _ in range(2):
            with pytest.raises(Left):
                lines.next()


def test_at_a_terminal_what_was_being_typed_is_forgotten() -> None:
    master, slave = pty.openpty()
    try:
        with os.fdopen(slave, encoding="utf-8") as source:
            lines = Lines(source)
            assert lines.at_terminal
            os.write(master, b"half a li")
            with pytest.raises(TimeIsUp):
                lines.next(0.1)
            lines.forget()
            os.write(master, b"another\n")
            assert lines.next(LONGEST_WAIT_S) == "another\n"
            with pytest.raises(TimeIsUp):
                lines.next(0.05)
            os.write(master, b"a moment too late\n")
            assert lines._coming is not None
            lines._coming.result(LONGEST_WAIT_S)
            lines.forget()
            os.write(master, b"mine\n")
            assert lines.next(LONGEST_WAIT_S) == "mine\n"
            os.write(master, b"\x04")
            with pytest.raises(Left):
                lines.next(LONGEST_WAIT_S)
    finally:
        os.close(master)


def test_no_input() -> None:
    with pytest.raises(Left):
        Lines(None).next()


def test_a_fault_of_the_input_is_not_waited_for() -> None:
    class Broken(io.StringIO):
        def readline(self, *_: Any) -> str:
            raise KeyError("broken")

    class HungUp(io.StringIO):
        def readline(self, *_: Any) -> str:
            raise OSError(5, "Input/output error")

    with pytest.raises(KeyError):
        Lines(Broken()).next()
    with pytest.raises(Left):
        Lines(HungUp()).next()


# ---- stakes as they are typed ----


@pytest.mark.parametrize(
    ("line", "stakes"),
    [
        ("", EVEN),
        ("40 20 10 10 10 10", (40, 20, 10, 10, 10, 10)),
        ("40, 20,10 10 10% 10 %", (40, 20, 10, 10, 10, 10)),
        ("95 1 1 1 1 1", (95, 1, 1, 1, 1, 1)),
        ("3", raised(EVEN, 2)),
        ("335", raised(raised(raised(EVEN, 2), 2), 4)),
        ("3 3 5", raised(raised(raised(EVEN, 2), 2), 4)),
        ("1 2 3 4 5 6", raised(raised(raised(raised(raised(raised(EVEN, 0), 1), 2), 3), 4), 5)),
        ("COOK 60", (60, 8, 8, 8, 8, 8)),
        ("sea 50 cook 40", (40, 3, 50, 3, 2, 2)),
        ("elan 95%", (1, 1, 1, 95, 1, 1)),
        ("cook 1 boat 2 sea 3 élan 4 thief 5 fog 85", (1, 2, 3, 4, 5, 85)),
    ],
)
def test_what_can_be_typed(line: str, stakes: tuple[int, ...]) -> None:
    assert sum(stakes) == 100
    assert read_stakes(line, SIX) == stakes


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("17 17 17 17 17 17", "stakes add up to 102: they have to make 100"),
        ("16 16 16 16 16 16", "stakes add up to 96"),
        ("100 0 0 0 0 0", "each word keeps at least 1"),
        ("50 50", "50 is none of the words 1 to 6"),
        ("33 5", "33 is none of the words 1 to 6"),
        ("307", "0 is none of the words 1 to 6"),
        ("7", "7 is none of the words 1 to 6"),
        ("3" * 1000, "more than 50 numbers"),
        ("9" * 5000 + " 1", "a whole percent"),
        ("-5 3", "-5 is none of the six"),
        ("³", "³ is none of the six"),
        ("cook", "a whole percent comes after cook: cook 60"),
        ("cook 60 sea", "a whole percent comes after sea"),
        ("cook sea 20", "a whole percent comes after cook"),
        ("cook 6.5", "a whole percent comes after cook"),
        ("cook " + "9" * 5000, "a whole percent comes after cook"),
        ("salt 50", "salt is none of the six words"),
        ("cook 50 Cook 20", "the same word twice"),
        ("cook 96", "stakes add up to 96: at most 95, so that each other word keeps 1"),
        ("cook 0", "each word keeps at least 1"),
        ("cook 1 boat 2 sea 3 élan 4 thief 5 fog 84", "stakes add up to 99"),
    ],
)
def test_what_cannot(line: str, why: str) -> None:
    with pytest.raises(SlipError) as refused:
        read_stakes(line, SIX)
    assert why in str(refused.value)


@given(st.lists(st.integers(0, 94), min_size=6, max_size=6), st.randoms())
def test_any_six_stakes_can_be_typed_in_any_form(shares: list[int], random: Any) -> None:
    whole = sum(shares) or 1
    stakes = [1 + share * 94 // whole for share in shares]
    stakes[0] += 100 - sum(stakes)
    exact = " ".join(map(str, stakes))
    assert read_stakes(exact, SIX) == tuple(stakes)
    named = list(zip(SIX, stakes, strict=True))
    random.shuffle(named)
    assert read_stakes(" ".join(f"{word} {n}" for word, n in named), SIX) == tuple(stakes)
    some = named[: random.randrange(1, 6)]
    found = read_stakes(" ".join(f"{word} {n}" for word, n in some), SIX)
    assert sum(found) == 100
    assert all(found[SIX.index(word)] == n for word, n in some)
    others = [n for word, n in zip(SIX, found, strict=True) if word not in dict(some)]
    assert max(others) - min(others) <= 1
    assert min(others) >= 1
