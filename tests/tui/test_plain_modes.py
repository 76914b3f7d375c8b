"""Line by line in all modes: stakes on six words, guesses, a clock, and everybody who races."""

from __future__ import annotations

import io
import math
import os
import pty
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from engine.bets import PASS, Bet, Slip
from engine.choice import EVEN, raised
from engine.predictor import TopWord, TopWords
from engine.race import Race
from engine.scripted import ScriptedPredictor
from engine.setup import Ghost, Mode
from tui.beginning import Terms
from tui.company import Company
from tui.opening import Opened, open_again
from tui.paths import Paths
from tui.plain import PlainRace
from tui.play import open_store
from tui.settings import Settings

BITS = {"instinct": 7.0, "goldfish": 6.0, "reader": 2.0}
ELSEWHERE = ("table", "window", "garden", "letter", "candle", "bread", "winter", "river")
"""Words that are not in the passage."""
LONGEST_WAIT_S = 60.0


@pytest.fixture
def begun(opened: Callable[..., Opened], marked: str) -> Callable[..., Opened]:
    """Begins a race in some mode."""

    def make(
        mode: Mode = "open",
        players: tuple[str, ...] = ("ann",),
        text: str = marked,
        **terms: Any,
    ) -> Opened:
        elsewhere = {word: word for word in ELSEWHERE}
        return opened(text, players, terms=Terms(mode, **terms), elsewhere=elsewhere)

    return make


@pytest.fixture
def play(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    prompt: Callable[..., Any],
    script: Callable[..., Any],
) -> Callable[..., str]:
    """Plays a race with the given lines typed; what was told."""

    def run(
        opened: Opened, *lines: str, yes: bool = False, predictor: Any = None, **more: Any
    ) -> str:
        typed = more.pop("typed", None) or io.StringIO("".join(f"{line}\n" for line in lines))
        monkeypatch.setattr("sys.stdin", typed)
        minds = predictor or prompt(script(BITS))
        assert PlainRace(opened, minds, yes, **more).run() == 0
        told = capsys.readouterr()
        assert told.err == ""
        assert "\x1b" not in told.out
        return told.out

    return run


def left_open(paths: Paths) -> Race:
    """The race left open, as another start of bitrace finds it."""
    found = open_again(open_store(paths), Settings())
    assert found is not None
    return found.race


class Ear(io.StringIO):
    """An output that does something when something has been told."""

    def __init__(self) -> None:
        super().__init__()
        self._does: list[tuple[str, Callable[[], object]]] = []

    def on(self, told: str, do: Callable[[], object]) -> None:
        """What to do each time that a line holds this."""
        self._does.append((told, do))

    def write(self, text: str) -> int:
        written = super().write(text)
        for told, do in self._does:
            if told in text:
                do()
        return written


class SlowHand(io.StringIO):
    """Lines that each take some seconds of a clock that only they move."""

    def __init__(self, *lines: tuple[float, str]) -> None:
        super().__init__("".join(f"{line}\n" for _, line in lines))
        self._seconds = iter([seconds for seconds, _ in lines])
        self.now_s = 1000.0

    def readline(self, *_: Any) -> str:
        self.now_s += next(self._seconds, 0.0)
        return super().readline()

    def monotonic(self) -> float:
        return self.now_s


# ---- six words ----


def test_stakes_on_six_words(
    play: Callable[..., str], begun: Callable[..., Opened], paths: Paths
) -> None:
    told = play(begun("choice"), "40 20 10 10 10 10", "50 50", "11", "?pause")
    race = left_open(paths)
    six = race.sixes[0]
    assert "cook" in six and len(set(six)) == 6
    assert "   ".join(f"{number} {word}" for number, word in enumerate(six, 1)) in told
    stakes = (40, 20, 10, 10, 10, 10)
    assert race.slip(0, 0) == Slip(tuple(map(Bet, six, stakes)))
    shares = ", ".join(f"{word} {stake}" for word, stake in zip(six, stakes, strict=True))
    assert f"Staked: {shares}." in told
    mine = dict(zip(six, stakes, strict=True))["cook"]
    paid = -math.log2(mine / 100)
    # The script says the same of all words, so that all minds are even among six.
    assert re.search(rf"ann +{paid:.1f} bits +{mine} % +insight [+-]\d", told)
    assert re.search(r"Reader +2\.6 bits +17 % +insight \+0\.0", told)
    assert re.search(r"Instinct +2\.6 bits +17 %\n", told)
    reader = re.search(r"Reader staked: (.*)\.\n", told)
    assert reader and {share.split()[0] for share in reader[1].split(", ")} == set(six)
    assert "Not taken: 50 is none of the words 1 to 6. Again, please." in told
    assert [bet.percent for bet in race.slip(1, 0).bets] == list(raised(raised(EVEN, 0), 0))
    assert "Paused at target 3 of 4." in told


def test_an_empty_line_keeps_the_six_even_when_it_comes_twice(
    play: Callable[..., str], begun: Callable[..., Opened], paths: Paths
) -> None:
    told = play(begun("choice"), "", "9", "")
    assert told.count("An empty line once more") == 2, "asked anew after another line"
    assert left_open(paths).target == 0
    again = open_again(open_store(paths), Settings())
    assert again is not None
    play(again, "", "")
    race = left_open(paths)
    assert race.target == 1
    assert [bet.percent for bet in race.slip(0, 0).bets] == list(EVEN)
    again = open_again(open_store(paths), Settings())
    assert again is not None
    told = play(again, "", "", "", yes=True)
    assert "once more" not in told
    assert "Written out" not in told, "to tell one of six is not to write a word out"


def test_the_draw_is_waited_for(
    begun: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = threading.Event()

    class Drawing(ScriptedPredictor):
        def first_tokens(self, comparison: Any) -> Future[Any]:
            future: Future[Any] = Future()

            def draw() -> None:
                drawing.wait(LONGEST_WAIT_S)
                future.set_result(super(Drawing, self).first_tokens(comparison).result())

            threading.Thread(target=draw, daemon=True).start()
            return future

    monkeypatch.setattr("tui.plain._POLL_S", 0.01)
    monkeypatch.setattr("sys.stdin", io.StringIO("11\n"))
    out = Ear()
    waited: list[str] = []

    def draw() -> None:
        waited.append(out.getvalue())
        drawing.set()

    out.on("still reading", draw)
    monkeypatch.setattr("sys.stdout", out)
    opened = begun("choice")
    assert opened.race.phase == "drawing"
    assert PlainRace(opened, Drawing(), passes_unasked=False).run() == 0
    assert len(waited) == 1
    assert waited[0].rstrip().endswith("reading …")
    assert "The missing one was the ___" in waited[0], "there is something to read meanwhile"
    assert "Target 1" not in waited[0]
    assert "Staked: " in out.getvalue()


# ---- guesses ----


def test_guesses(play: Callable[..., str], begun: Callable[..., Opened], paths: Paths) -> None:
    told = play(
        begun("shannon"),
        *("captain", "CAPTAIN", "two words", "Cook"),
        *("a", "b", "c", "d", "e"),
        *("", "fog", "", ""),
        "?pause",
    )
    assert "Target 1 of 4, ann: guess 1 of 5?\nNo. Guess 2 of 5?\n" in told
    assert "Not taken: CAPTAIN was guessed before. Again, please." in told
    assert "Not taken: two words: guess the first. Again, please." in told
    assert "Yes, at guess 2.\n\nThe word: cook" in told
    assert "No. Guess 5 of 5?\nNo.\n\nThe word: soup" in told
    assert told.count("No more guesses?") == 2
    race = left_open(paths)
    assert race.guesses[0, 0] == ("captain", "Cook")
    assert race.guesses[1, 0] == tuple("abcde")
    assert race.guesses[2, 0] == ("fog",)
    assert [race.rank(target, 0) for target in range(3)] == [2, 6, 6]
    assert {locked.slip for locked in race.locked.values()} == {PASS}


def test_guesses_that_were_made_before_a_pause_are_told(
    play: Callable[..., str], begun: Callable[..., Opened], paths: Paths
) -> None:
    play(begun("shannon", ("ann", "bo")), "captain", "thief")
    again = open_again(open_store(paths), Settings())
    assert again is not None
    told = play(again, "thief", "cook", "cook")
    assert "Target 1 of 4, ann: so far captain, thief; guess 3 of 5?" in told
    assert "Not taken: thief was guessed before." in told
    assert "Yes, at guess 3." in told
    assert "Target 1 of 4, bo: guess 1 of 5?\nYes, at guess 1.\n\nThe word: cook" in told
    assert "(captain ✗ · thief ✗ · cook ✓)" in told


def test_bounds_where_no_word_was_missed(
    play: Callable[..., str], begun: Callable[..., Opened]
) -> None:
    told = play(begun("shannon", ("ann", "bo")), "cook", "soup", "fog", "soup")
    assert "bounds" not in told
    told = play(
        begun("shannon", ("ann", "bo")),
        *("cook", "cook", "soup", "soup", "ledger", "x", "ledger", "there", "there"),
        yes=True,
    )
    # Ann at the guesses 1 1 1 1 or with one 2, as the order turns; the other always at 1.
    found = re.findall(r"bounds on (\w+)'s knowledge: (\S+) to (\S+) bits a word", told)
    upper = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    lower = 2 * 0.25 * math.log2(2)
    assert sorted(one[1:] for one in found) == [
        ("0.0", "0.0"),
        (f"{lower:.1f}", f"{upper:.1f}"),
    ]


# ---- a clock ----


@pytest.mark.parametrize(
    ("mode", "bad", "stands"),
    [
        ("open", "nonsense 0", []),
        ("choice", "cook", list(EVEN)),
        ("shannon", "captain", []),
    ],
)
def test_at_zero_the_turn_is_locked_as_it_stands(
    play: Callable[..., str],
    begun: Callable[..., Opened],
    paths: Paths,
    mode: str,
    bad: str,
    stands: list[int],
) -> None:
    good = {"open": "soup 60", "choice": "1", "shannon": "soup"}[mode]
    hand = SlowHand((12, bad), (9, bad), (19, good), (0, "?pause"))
    opened = begun(mode, clock_s=20)
    told = play(opened, typed=hand, monotonic=hand.monotonic)
    assert "4 words to predict, 20 seconds for each, against" in told
    assert "Target 1 of 4, ann, 20 seconds: " in told
    assert told.count("Time is up.") == 1
    assert told.index("Time is up.") < told.index("The word: cook")
    race = left_open(paths)
    assert race.locked[0, 0].by_clock
    assert [bet.percent for bet in race.slip(0, 0).bets] == stands
    assert not race.locked[1, 0].by_clock
    assert race.target == 2
    if mode == "shannon":
        assert race.guesses[0, 0] == ("captain",), "what was guessed in time counts"


@pytest.mark.parametrize(("leaving", "left"), [("?pause", "10 seconds"), ("", "12 seconds")])
def test_time_that_was_used_is_kept(
    play: Callable[..., str],
    begun: Callable[..., Opened],
    paths: Paths,
    leaving: str,
    left: str,
) -> None:
    hand = SlowHand((8.5, "nonsense 0"), *([(2.0, leaving)] if leaving else []))
    play(begun("open", clock_s=20), typed=hand, monotonic=hand.monotonic)
    assert left_open(paths).used_s == {(0, 0): 10.5 if leaving else 8.5}
    again = open_again(open_store(paths), Settings())
    assert again is not None
    more = SlowHand((5, "?help"), (6, "x 0"), (1, "late 5"))
    told = play(again, typed=more, monotonic=more.monotonic)
    assert f"Target 1 of 4, ann, {left}: " in told
    late = "Time is up." in told
    assert late == bool(leaving), "of 20 seconds 11 are used now, and 8.5 or 10.5 were before"
    assert left_open(paths).slip(0, 0) == (PASS if late else Slip((Bet("late", 5),)))


def test_time_is_kept_at_an_interruption_too(
    begun: Callable[..., Opened],
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Interrupted(SlowHand):
        def readline(self, *_: Any) -> str:
            if line := super().readline():
                return line
            raise KeyboardInterrupt

    hand = Interrupted((8, "captain"))
    monkeypatch.setattr("sys.stdin", hand)
    with pytest.raises(KeyboardInterrupt):
        PlainRace(
            begun("shannon", clock_s=20), ScriptedPredictor(), False, hand.monotonic
        ).run()
    assert capsys.readouterr().out.endswith("Go on with: bitrace resume --plain\n")
    race = left_open(paths)
    assert race.used_s == {(0, 0): 8.0}
    assert race.guesses == {(0, 0): ("captain",)}


def test_at_a_terminal_players_begin_their_time(
    begun: Callable[..., Opened], paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's time runs while another one walks off, and no half a line is another's."""
    master, slave = pty.openpty()
    out = Ear()

    def press(keys: str) -> None:
        os.write(master, keys.encode())

    out.on("ann: Enter begins your time", lambda: press("\n"))
    out.on("bo: Enter begins your time", lambda: press("\n"))
    out.on("Target 1 of 2, ann", lambda: press("fog 60"))
    out.on("Target 1 of 2, bo", lambda: press("cook 60\n"))
    out.on("Target 2 of 2, bo", lambda: press("\x04"))
    monkeypatch.setattr("sys.stdout", out)
    text = "The ferry left at seven. The missing one was the [[cook]]. So it was [[he]]."
    with os.fdopen(slave, encoding="utf-8") as source:
        monkeypatch.setattr("sys.stdin", source)
        opened = begun("open", ("ann", "bo"), text, clock_s=1)
        assert PlainRace(opened, ScriptedPredictor(), passes_unasked=False).run() == 0
    os.close(master)
    race = left_open(paths)
    assert race.slip(0, 0) == PASS and race.locked[0, 0].by_clock
    assert race.slip(0, 1) == Slip((Bet("cook", 60),))
    told = out.getvalue()
    assert "ann: Enter begins your time, 1 second." in told
    ready = told.index("ann: Enter begins")
    assert "The ferry" not in told[:ready], "the text comes when the time runs"
    hidden = told.index("bo: Enter begins")
    assert "The ferry" not in told[told.index("Time is up") : hidden]
    shown = told[hidden : told.index("The word: ")]
    assert "The ferry left at seven. The missing one was the ___" in shown
    assert shown.count("_________") == 1


# ---- commands ----


def test_commands_are_no_bets(
    play: Callable[..., str], begun: Callable[..., Opened], paths: Paths
) -> None:
    told = play(begun(), "?help", " ?KNOWN ", "?harbour 50", "?", "cook 50", "?pause", "x 5")
    assert told.count("A slip is words") == 2
    assert told.count("?known: I know this text.") == 2
    assert "Noted: this race stays off the boards. Play on for practice." in told
    assert told.count("Not taken: after ? comes known, pause or help.") == 2
    assert told.rstrip().endswith("Paused at target 2 of 4. Go on with: bitrace resume --plain")
    race = left_open(paths)
    assert race.known == {0}
    assert race.slip(0, 0) == Slip((Bet("cook", 50),))


def test_whoever_knows_the_text_says_so_in_their_turn(
    play: Callable[..., str], begun: Callable[..., Opened]
) -> None:
    told = play(begun("shannon", ("ann", "bo")), "", "?known", *[""] * 7, yes=True)
    assert "off the boards for bo." in told
    assert "bo knew the text: off the boards." in told
    assert "ann knew" not in told


# ---- everybody who races ----


def test_ghosts_and_mixtures_are_told(
    play: Callable[..., str], begun: Callable[..., Opened], unsafe: Callable[[str], set[str]]
) -> None:
    words = [target.index for target in begun().race.setup.targets]
    said = {words[0]: "cook 90 \x1b[2Jsea 5", words[2]: "ledger 1"}
    ghost = Ghost(
        "ghost:1", "bo\x1b[2J's best", "b" * 32, {words[0]: 0.25, words[2]: 8.0}, said
    )
    company = Company(
        minds=("reader",), ghosts=(ghost,), crowd=(ghost,), mixtures=("nobody", "centaur")
    )
    told = play(begun(company=company), "cook 50", "soup 50", "ledger 50", "there 50")
    assert not unsafe(told)
    assert "against Reader, bo\ufffd[2J's best, Nobody and Centaur." in told
    best = r"bo\ufffd\[2J's best +"
    assert re.search(
        best + r"0\.2 bits +84 % +insight \+6\.8  \(cook 90 \ufffd\[2Jsea 5\)\n", told
    )
    assert len(re.findall(best + "was not there\n", told)) == 2
    assert re.search(
        r"bo\ufffd\[2J's best: insight \+5\.8 bits, cost 8\.2, at 2 of 4 words\.", told
    )
    end = told[told.index("You win") :]
    found = re.findall(r"^.+: insight ([+-]\d+\.\d) bits", end, re.MULTILINE)
    assert len(found) == 5
    assert found == sorted(found, key=float, reverse=True)
    assert "Nobody" in end


def top_of(*words: str, rank: int | None = None, certain: bool = True) -> TopWords:
    shares = tuple(TopWord(word, 40.0 - place) for place, word in enumerate(words))
    return TopWords(shares, True, 3, rank, certain)


@pytest.mark.parametrize(
    ("top", "told"),
    [
        (
            top_of("fog", "cook", "sea", rank=2),
            "fog 40 %, sea 38 %, cook 25 %; the true word was 3rd.",
        ),
        (top_of("fog", "sea", rank=214), "fog 40 %, sea 39 %; the true word was 214th, 25 %."),
        (
            top_of("fog", "sea", rank=214, certain=False),
            "fog 40 %, sea 39 %; the true word was about 214th, 25 %.",
        ),
        (top_of("fog", "sea"), "fog 40 %, sea 39 %; the true word was further down, 25 %."),
    ],
)
def test_what_reader_expected(
    play: Callable[..., str],
    begun: Callable[..., Opened],
    late: Callable[..., Any],
    script: Callable[..., Any],
    top: TopWords,
    told: str,
) -> None:
    opened = begun()
    minds = late(script(BITS))

    class Typist(io.StringIO):
        def readline(self, *_: Any) -> str:
            minds.tell({opened.race.setup.targets[0].index: top})
            return super().readline()

    heard = play(opened, predictor=minds, typed=Typist("cook 50\nsoup 50\n"))
    assert f"\nReader expected: {told}\n" in heard
    assert heard.count("Reader expected") == 1, "of the other word nothing has come yet"
    assert heard.index("The word: cook") < heard.index("Reader expected")
