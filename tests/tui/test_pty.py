"""bitrace in a real terminal: what it sends, byte by byte, and what it leaves behind."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PATIENCE_S = 60.0
LEAVE = b"\x1b[?1049l"
"""Back from the alternate screen."""
SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|.)"
)
STORY = (
    "The ferry left the harbour at seven, and only four people had come aboard. Ann, who kept "
    "the ledger, counted them twice, because the captain had told her to expect five. The "
    "missing one was the cook. He had overslept, as he did whenever the fog came in, and so "
    "the captain cooked, and Ann wrote in her ledger that the soup was thin, and that the fog "
    "was not, and that the captain had no salt.\n"
)
HOSTILE = (
    "\x1b]2;owned\x07",
    "\x1b[31;7;5m",
    "\x1b[6n",
    "\x1b[?47h",
    "\x1bPowned\x1b\\",
    "\x9b6n",
    "\x9d2;owned\x9c",
    "\u202e",
    "\x08\x08",
)
"""What a text could do to a terminal that it was copied to."""


class Terminal:
    """A command in a terminal of its own.

    Args:
        home: its BITRACE_HOME.
        arguments: of the command.
        size: columns and rows.
        cwd: where it starts.
    """

    def __init__(self, home: Path, *arguments: str, size: tuple[int, int], cwd: Path) -> None:
        self.master, slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(slave)
        self.output = b""
        self._old = 0
        # A terminal tells its size itself; whoever runs the tests may have set another.
        unwanted = {"NO_COLOR", "COLUMNS", "LINES"}
        environ = {key: value for key, value in os.environ.items() if key not in unwanted}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tui", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={
                **environ,
                "BITRACE_HOME": str(home),
                "TERM": "xterm-256color",
                "PYTHONIOENCODING": "utf-8",
            },
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.slave = slave

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_for(self, seconds: float) -> bool:
        """Read what comes, waiting at most so long for it; whether something came."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            self.output += os.read(self.master, 65536)
        except OSError:
            return False
        return True

    @property
    def text(self) -> str:
        """What has been sent since the last key, less the escape sequences."""
        return SEQUENCE.sub(b"", self.output[self._old :]).decode(errors="replace")

    def until(self, text: str) -> None:
        """Wait until a text has been sent since the last key."""
        give_up = time.monotonic() + PATIENCE_S
        while text not in self.text:
            assert time.monotonic() < give_up, f"{text!r} never came, but {self.text[-3000:]}"
            assert self.read_for(0.2) or self.process.poll() is None, (
                f"it ended before {text!r} came: {self.text[-3000:]}"
            )

    def type(self, keys: str) -> None:
        """Press keys."""
        self._old = len(self.output)
        os.write(self.master, keys.encode())

    def begin(self) -> None:
        """Begin the race that is asked about, once it can be seen to take keys."""
        self.until("▸ Begin")
        self.until("Enter begins.")
        self.type("\r")

    def end(self) -> int:
        """Wait for the end of the command; its exit code."""
        give_up = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < give_up, f"it does not end: {self.text[-3000:]}"
            self.read_for(0.05)
        while self.read_for(0.05):
            pass
        return self.process.returncode

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was before."""
        return termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts bitrace in a terminal."""
    opened: list[Terminal] = []

    def run(*arguments: str, size: tuple[int, int] = (80, 24), home: str = "home") -> Terminal:
        terminal = Terminal(tmp_path / home, *arguments, size=size, cwd=tmp_path)
        opened.append(terminal)
        return terminal

    yield run
    for terminal in opened:
        terminal.close()


def modes_left_on(output: bytes) -> set[bytes]:
    """Private modes of the terminal that were switched on and never off again."""
    on: set[bytes] = set()
    for modes, how in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", output):
        for mode in modes.split(b";"):
            if how == b"h":
                on.add(mode)
            else:
                on.discard(mode)
    # 25 shows the cursor, 7 wraps lines: on is how terminals are found.
    return on - {b"25", b"7"}


def test_it_starts_and_quits_and_leaves_the_terminal_as_it_was(start: Start) -> None:
    terminal = start()
    terminal.until("b i t r a c e")
    assert not terminal.is_restored, "keys are read one by one"
    terminal.until("Begin here")
    terminal.type("q")
    assert terminal.end() == 0
    assert terminal.is_restored
    assert modes_left_on(terminal.output) == set()
    assert terminal.output.rfind(b"\x1b[?25h") > terminal.output.rfind(b"\x1b[?25l")
    after = terminal.output.rpartition(LEAVE)[2]
    assert SEQUENCE.sub(b"", after).strip() == b"", "nothing is told after a good end"


def test_a_small_terminal_is_told_what_is_needed_and_may_grow(start: Start) -> None:
    terminal = start(size=(20, 5))
    terminal.until("60×20")
    assert "Begin here" not in terminal.text
    terminal.resize(80, 24)
    os.kill(terminal.process.pid, signal.SIGWINCH)
    terminal.until("Begin here")
    terminal.type("q")
    assert terminal.end() == 0
    assert terminal.is_restored


def test_a_small_terminal_can_be_left(start: Start) -> None:
    terminal = start(size=(20, 5))
    terminal.until("60×20")
    terminal.type("\x11")
    assert terminal.end() == 0
    assert terminal.is_restored
    assert modes_left_on(terminal.output) == set()


PACK = """
format = 1
id = "hostile"
title = "[/] A [red]pack[/red] [@click=app.quit]go[/]"

[[passages]]
id = "first"
title = "[bold] [/] [[x]]"
source = "[/] the source [red]"
primer = "[red]Read[/red] [/] this."
text = '''{text}'''
"""


def test_a_hostile_pack_is_played(start: Start, tmp_path: Path, starter_file: Path) -> None:
    text = "So [/] said the [red]sea[/red] and [@click=app.quit]the ferry[/] did. " + STORY
    text = text.replace("the cook", "the [[cook]]").replace("was thin", "was [[thin]]")
    (tmp_path / "evil.toml").write_text(PACK.format(text=text), encoding="utf-8")
    terminal = start("play", "evil.toml", "--player", "[/][red]", size=(100, 30))
    terminal.until("[/][red] against Goldfish, Reader")
    terminal.until("[/] A [red]pack[/red] [@click=app.quit]go[/]")
    terminal.begin()
    terminal.until("Read this first")
    terminal.until("[red]Read[/red] [/] this.")
    terminal.until("[/] A [red]pack[/red] [@click=app.quit]go[/]")
    terminal.type("\r")
    terminal.until("So [/] said the [red]sea[/red] and [@click=app.quit]the ferry[/] did.")
    for slip, word in (("cook 60", "cook"), ("", "thin")):
        terminal.until("Instinct keeps 100 %")
        terminal.type(f"{slip}\r")
        if not slip:
            terminal.until("Pass?")
            terminal.type("\r")
        terminal.until("insight")
        terminal.until(word)
        terminal.until("[/][red]")
        terminal.type("\r")
    terminal.until("[/] the source [red]")
    terminal.type("\x1b")
    terminal.until("Play the next warm-up")
    terminal.type("q")
    assert terminal.end() == 0
    assert terminal.is_restored


def test_escape_sequences_of_a_text_never_reach_the_terminal(
    start: Start, tmp_path: Path, starter_file: Path
) -> None:
    name = "\x1b]2;owned\x07 [red].txt"
    text = f"So {' so '.join(HOSTILE)} it is. " + STORY + "".join(HOSTILE) + " The end."
    (tmp_path / name).write_text(text, encoding="utf-8")
    terminal = start("play", name, "--targets", "1", size=(120, 40))
    terminal.until("\ufffd]2;owned\ufffd [red].txt")
    terminal.begin()
    terminal.until("So \ufffd]2;owned\ufffd so")
    terminal.until("Instinct keeps 100 %")
    terminal.type("ledger 50\r")
    terminal.until("insight")
    terminal.type("\r")
    terminal.until("\ufffd]2;owned\ufffd [red].txt")
    terminal.until("bits a word")
    terminal.type("\t")
    terminal.until("target 1 of 1")
    terminal.type("\x1b")
    terminal.until("Play the next warm-up")
    terminal.type("q")
    assert terminal.end() == 0
    for sequence in HOSTILE:
        assert sequence.encode() not in terminal.output
    assert b"owned\x07" not in terminal.output
    assert b"\x9b" not in re.sub(rb"[\xc2-\xf4][\x80-\xbf]+", b"", terminal.output)


def test_a_damaged_model_is_told_when_the_screen_is_gone(start: Start, tmp_path: Path) -> None:
    (tmp_path / "half.gguf").write_bytes(b"GGUF" + bytes(range(256)) * 9)
    (tmp_path / "story.txt").write_text(STORY, encoding="utf-8")
    terminal = start("play", "story.txt", "--model", "half.gguf", "--yes")
    assert terminal.end() == 1
    assert terminal.is_restored
    assert modes_left_on(terminal.output) == set()
    after = SEQUENCE.sub(b"", terminal.output.rpartition(LEAVE)[2]).decode()
    assert "half.gguf" in after
    assert after.strip().count("\n") == 0
    assert "Traceback" not in terminal.text


@pytest.fixture
def plain(start: Start, tmp_path: Path, starter_file: Path) -> Terminal:
    """A text that is raced on line by line."""
    text = STORY + " ".join(HOSTILE)
    (tmp_path / "story.txt").write_text(text, encoding="utf-8")
    terminal = start("play", "story.txt", "--plain", "--targets", "2", "--player", "ann")
    terminal.until("Target 1 of 2, ann: words and percent?")
    return terminal


def test_plain_mode_in_a_terminal(plain: Terminal, start: Start) -> None:
    plain.type("nonsense 0\n")
    plain.until("Not taken: ")
    plain.type("ledger 40\n")
    plain.until("The word: ")
    plain.until("Target 2 of 2")
    plain.type("\x04")
    plain.until("Paused at target 2 of 2.")
    assert plain.end() == 0
    again = start("resume", "--plain")
    again.until("Going on at target 2")
    again.until("Target 2 of 2")
    again.type("\n\n")
    again.until("Written out these words take")
    assert again.end() == 0
    for terminal in (plain, again):
        assert b"\x1b" not in terminal.output
        assert terminal.is_restored


def test_interrupting_plain_mode_keeps_the_race(plain: Terminal, start: Start) -> None:
    plain.type("ledger 40\n")
    plain.until("Target 2 of 2")
    plain.type("\x03")
    assert plain.end() == 130
    assert "Traceback" not in plain.text
    again = start("resume", "--plain")
    again.until("Going on at target 2")
    again.type("\x04")
    assert again.end() == 0


def test_a_race_that_is_asked_about_and_not_wanted(start: Start, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text(STORY, encoding="utf-8")
    terminal = start("play", "story.txt")
    terminal.until("Enter begins.")
    terminal.type("\x1b")
    assert terminal.end() == 0
    assert terminal.is_restored
    after = terminal.output.rpartition(LEAVE)[2]
    assert SEQUENCE.sub(b"", after).strip() == b""
    again = start("resume", "--plain")
    again.until("No race has been left open")
    assert again.end() == 1
