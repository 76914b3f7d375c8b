"""The same game line by line."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.bets import Bet, Slip
from engine.errors import EngineError, ModelError, StoreError
from engine.race import Locked, Race
from tui.opening import Opened, open_again
from tui.paths import Paths
from tui.plain import BLANK, CURTAIN_LINES, PlainRace
from tui.play import open_store
from tui.settings import Settings
from tui.store import Store

BITS = {"instinct": 7.0, "goldfish": 6.0, "reader": 2.0}


class Terminal(io.StringIO):
    """Lines typed at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def minds(prompt: Callable[..., Any], script: Callable[..., Any]) -> Any:
    """Minds whose bits are the same for all words."""
    return prompt(script(BITS))


@pytest.fixture
def play(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], minds: Any
) -> Callable[..., str]:
    """Plays a race with the given lines typed; what was told."""

    def run(
        opened: Opened,
        *lines: str,
        yes: bool = False,
        predictor: Any = None,
        typed: type[io.StringIO] = io.StringIO,
    ) -> str:
        monkeypatch.setattr("sys.stdin", typed("".join(f"{line}\n" for line in lines)))
        assert PlainRace(opened, predictor or minds, yes).run() == 0
        told = capsys.readouterr()
        assert told.err == ""
        return told.out

    return run


def left_open(paths: Paths) -> Race | None:
    """The race left open, as another start of bitrace finds it."""
    found = open_again(open_store(paths), Settings())
    return found.race if found else None


# ---- a race ----


def test_a_whole_race(play: Callable[..., str], opened: Callable[..., Opened]) -> None:
    one = opened(source="Kept by Ann.")
    told = play(one, "cook 50", "soup 50", "ledger 50", "there 25")
    assert told.startswith("Harbour · The ledger\n4 words to predict, against Goldfish and")
    assert f"The missing one was the {BLANK}" in told
    assert "Target 1 of 4, ann: words and percent?" in told
    assert re.search(r"ann +1\.0 bits +50 % +insight \+6\.0\n", told)
    assert re.search(r"Goldfish +6\.0 bits +1\.6 % +insight \+1\.0\n", told)
    assert re.search(r"Reader +2\.0 bits +25 % +insight \+5\.0\n", told)
    assert re.search(r"Instinct +7\.0 bits +0\.78 %\n", told)
    assert "It was still there at noon." in told, "the rest of the passage is told, too"
    assert "You win, by 3.1 bits before Reader." in told
    assert "ann: insight +23.1 bits, cost 4.9." in told
    assert "Reader: insight +20.0 bits, cost 8.0." in told
    assert "Goldfish: insight +4.0 bits, cost 24.0." in told
    assert "You knew: 1.0 bits; with four words of memory it was 7.0." in told
    assert "bitrace ledger ▁▁▁▂ +23.1 bits · Reader +20.0" in told
    assert "All minds are beaten" in told
    assert told.rstrip().endswith("Source: Kept by Ann.")


def test_each_word_is_told_after_its_slip_and_before_the_next(
    play: Callable[..., str], opened: Callable[..., Opened]
) -> None:
    """Also when the minds have read before the slip comes, as they mostly have."""
    told = play(opened(), *["x 5"] * 4)
    order = re.findall(r"Target \d|The word: \w+|_{9}", told)
    words = ("cook", "soup", "ledger", "there")
    assert order == [
        step
        for number, word in enumerate(words, 1)
        for step in (BLANK, f"Target {number}", f"The word: {word}")
    ]


def test_no_word_is_told_before_its_slip(
    play: Callable[..., str], opened: Callable[..., Opened]
) -> None:
    told = play(opened(), "x 5", "x 5", "x 5", "x 5")
    for hidden in (("cook", "fog"), ("soup", "Ann wrote"), ("pillow",), ("noon",)):
        before, found, told = told.partition("The word: ")
        assert found
        assert not [text for text in hidden if text in before]


def test_it_is_plain(
    play: Callable[..., str], opened: Callable[..., Opened], unsafe: Callable[[str], set[str]]
) -> None:
    told = play(opened(), "cook 50", yes=True)
    assert "\x1b" not in told
    assert "\r" not in told
    assert not unsafe(told)


def test_an_empty_line_passes_when_it_comes_twice(
    play: Callable[..., str], opened: Callable[..., Opened], paths: Paths
) -> None:
    told = play(opened(), "", "", "", "soup 60")
    assert told.count("An empty slip passes.") == 2
    race = left_open(paths)
    assert race is not None
    assert race.slip(0, 0) == Slip()
    assert race.slip(1, 0) == Slip((Bet("soup", 60),))


def test_with_yes_one_empty_line_passes(
    play: Callable[..., str], opened: Callable[..., Opened]
) -> None:
    told = play(opened(), "", "", "", "", yes=True)
    assert "An empty slip passes." not in told
    assert "ann: insight +0.0 bits, cost 28.0." in told


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("cook 60 cook 20", "the same word twice"),
        ("well-known 20", "two words: bet on the first"),
        ("cook 200", "a stake is 1 to 99"),
        ("\x1b[J 5", "a bet is one word"),
        ("co\x1bok 5 6", "two stakes after"),
        ("x" * 100_000 + " 5 6", "two stakes after"),
    ],
)
def test_a_bad_slip_is_asked_for_again(
    play: Callable[..., str],
    opened: Callable[..., Opened],
    paths: Paths,
    unsafe: Callable[[str], set[str]],
    line: str,
    why: str,
) -> None:
    told = play(opened(), line, "cook 60")
    assert "Not taken: " in told
    assert why in told
    assert not unsafe(told)
    assert told.count("Target 1 of 4") == 1
    race = left_open(paths)
    assert race is not None
    assert race.slip(0, 0) == Slip((Bet("cook", 60),))


def test_a_word_alone_has_the_stake_typed_last(
    play: Callable[..., str], opened: Callable[..., Opened], paths: Paths
) -> None:
    play(opened(), "cook", "soup 70", "ledger")
    race = left_open(paths)
    assert race is not None
    assert [race.slip(target, 0).rest for target in range(3)] == [50, 30, 30]


# ---- leaving and going on ----


def test_the_end_of_input_pauses(
    play: Callable[..., str], opened: Callable[..., Opened], paths: Paths
) -> None:
    told = play(opened(), "cook 60")
    assert told.rstrip().endswith("Go on with: bitrace resume --plain")
    assert "Paused at target 2 of 4." in told
    again = open_again(open_store(paths), Settings())
    assert again is not None
    later = play(again, "soup 60", "ledger 60", "there 60")
    assert re.search(r"Going on at target 2; so far ann \+6\.3 bits?\.", later)
    assert "A slip is words" not in later
    assert f"who stirred the {BLANK}" in later
    assert "The ferry left" in later, "what came before is told again"
    assert "The word: cook" not in later
    assert "You win" in later
    assert left_open(paths) is None


def test_no_input_at_all(play: Callable[..., str], opened: Callable[..., Opened]) -> None:
    assert "Paused at target 1 of 4." in play(opened())


def test_a_slip_whose_word_was_still_to_be_told(
    play: Callable[..., str], opened: Callable[..., Opened]
) -> None:
    one = opened()
    race = one.store.append(one.race, [Locked(0, 0, Slip((Bet("cook", 60),)), "at")])
    told = play(Opened(one.store, race, one.text), "soup 60")
    assert told.index("The word: cook") < told.index("Target 2 of 4")
    assert "Target 1 of 4, ann" not in told


def test_the_primer_comes_first_and_once(
    play: Callable[..., str], opened: Callable[..., Opened], paths: Paths
) -> None:
    told = play(opened(primer="A lemma:\n\ncooks oversleep."), "cook 60")
    assert told.index("A lemma:\n\ncooks oversleep.") < told.index("The ferry left")
    again = open_again(open_store(paths), Settings())
    assert "A lemma" not in play(again)


# ---- several players ----


def test_players_write_in_turn(play: Callable[..., str], opened: Callable[..., Opened]) -> None:
    two = opened(players=("ann", "bo"))
    told = play(two, "cook 50", "cook 25", "soup 50", "soup 25", *["x 5"] * 4)
    order = re.findall(r"Target (\d) of 4, (\w+):", told)
    names = ["ann", "bo", "bo", "ann", "ann", "bo", "bo", "ann"]
    assert order == [(str(1 + place // 2), name) for place, name in enumerate(names)]
    assert "before" in told
    assert "ann: insight" in told
    assert "bo: insight" in told
    assert "\n" * CURTAIN_LINES not in told, "no curtain where nobody looks"


def test_a_curtain_at_a_terminal(
    play: Callable[..., str], opened: Callable[..., Opened]
) -> None:
    two = opened(players=("ann", "bo"))
    told = play(two, "cook 50", "cook 25", typed=Terminal)
    first, _, behind = told.partition("Target 1 of 4, ann")
    assert "\n" * CURTAIN_LINES not in first
    hidden, _, after = behind.partition("Target 1 of 4, bo")
    assert "\n" * CURTAIN_LINES in hidden, "what ann typed is gone from the screen"
    assert hidden.rstrip().endswith(f"The missing one was the {BLANK}")
    assert "\n" * CURTAIN_LINES not in after.partition("The word: cook")[0]


def test_the_sense_of_a_pause_between_two_players(
    play: Callable[..., str], opened: Callable[..., Opened], paths: Paths
) -> None:
    play(opened(players=("ann", "bo")), "cook 50")
    again = open_again(open_store(paths), Settings())
    told = play(again, "cook 25")
    assert "Target 1 of 4, bo:" in told
    assert "Target 1 of 4, ann:" not in told


# ---- minds that take their time, and faults ----


def test_the_minds_are_waited_for(
    opened: Callable[..., Opened],
    held: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minds = held()
    heard = threading.Event()

    class Ear(io.StringIO):
        def write(self, text: str) -> int:
            if "still reading" in text:
                assert "cook" not in self.getvalue()
                heard.set()
                minds.release()
            return super().write(text)

    out = Ear()
    monkeypatch.setattr("sys.stdin", io.StringIO("cook 50\n"))
    monkeypatch.setattr("sys.stdout", out)
    assert PlainRace(opened(), minds, passes_unasked=False).run() == 0
    assert heard.is_set()
    assert out.getvalue().count("still reading") == 1
    assert "The word: cook" in out.getvalue()


@pytest.mark.parametrize("error", [EngineError("It died."), ModelError("No model.")])
def test_a_fault_before_anything_was_locked_in(
    opened: Callable[..., Opened],
    prompt: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    paths: Paths,
    error: Exception,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(type(error), match=str(error)):
        PlainRace(opened(), prompt(fault=error), passes_unasked=False).run()
    assert "The race is kept" not in capsys.readouterr().out
    assert left_open(paths) is None


def test_a_fault_later_keeps_what_was_locked_in(
    opened: Callable[..., Opened],
    held: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    paths: Paths,
) -> None:
    minds = held()

    class Failing(io.StringIO):
        def readline(self, *_: Any) -> str:
            minds.fail("reader", EngineError("It died."))
            return "cook 50\n"

    monkeypatch.setattr("sys.stdin", Failing())
    with pytest.raises(EngineError, match=r"It died\."):
        PlainRace(opened(), minds, passes_unasked=False).run()
    told = capsys.readouterr().out
    assert "The race is kept. Go on with: bitrace resume --plain" in told
    assert "The word" not in told
    race = left_open(paths)
    assert race is not None
    assert race.slip(0, 0) == Slip((Bet("cook", 50),))


def test_a_slip_that_cannot_be_written(
    opened: Callable[..., Opened],
    minds: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("There is no room left.")

    one = opened()
    monkeypatch.setattr(Store, "append", refuse)
    monkeypatch.setattr("sys.stdin", io.StringIO("cook 50\n"))
    with pytest.raises(StoreError, match="no room left"):
        PlainRace(one, minds, passes_unasked=False).run()
    assert "The word" not in capsys.readouterr().out


# ---- hostile strings ----


def test_strings_that_mean_harm_do_nothing(
    play: Callable[..., str],
    opened: Callable[..., Opened],
    hostile: tuple[str, ...],
    unsafe: Callable[[str], set[str]],
) -> None:
    evil = " ".join(hostile)
    text = f"{evil}\n\nThe first is [[here]]. {evil} The second is [[there]]. {evil}"
    one = opened(text, ("[/]", "[red]"), title=evil, source=evil, primer=evil, passage=evil)
    told = play(one, *["x 5"] * 4)
    assert not unsafe(told)
    assert "[@click=app.quit]go[/]" in told
    assert "[red]: insight" in told
    assert told.count("[2J") >= 5


# ---- in a process of its own ----


def test_a_real_race_in_one_go_and_in_two(
    bitrace: Callable[..., Any], tmp_path: Path, starter_file: Path
) -> None:
    """The same slips give the same bits, whether the race is left in between or not."""
    text = tmp_path / "story.txt"
    text.write_text(
        "The ferry left the harbour at seven, and only four people had come aboard. Ann, who "
        "kept the ledger, counted them twice, because the captain had told her to expect "
        "five. The missing one was the cook. He had overslept, as he did whenever the fog came "
        "in, and so the captain cooked, and Ann wrote in her ledger that the soup, which the "
        "cook would have salted, had been left to the fog.",
        encoding="utf-8",
    )
    play = ("play", str(text), "--plain", "--targets", "2", "--player", "ann")
    slips = ["ledger 40 fog 10\n", "fog 25\n"]
    home = tmp_path / "one"
    whole = bitrace(home, *play, typed="".join(slips))
    assert whole.returncode == 0, whole.stderr
    assert whole.stderr == ""
    assert "\x1b" not in whole.stdout
    halves = tmp_path / "two"
    first = bitrace(halves, *play, typed="nonsense 0\n" + slips[0])
    assert first.returncode == 0, first.stderr
    assert "Not taken" in first.stdout
    assert "Paused at target 2 of 2. Go on with: bitrace resume --plain" in first.stdout
    second = bitrace(halves, "resume", "--plain", typed=slips[1])
    assert second.returncode == 0, second.stderr
    numbers = re.compile(r"^  \w+ +\d+\.\d bits.*$|^\w+: insight.*$|^bitrace .*$", re.MULTILINE)
    assert len(numbers.findall(whole.stdout)) == 2 * 4 + 3 + 1
    assert numbers.findall(first.stdout + second.stdout) == numbers.findall(whole.stdout)

    nothing = bitrace(halves, "resume", "--plain")
    assert nothing.returncode == 1
    assert nothing.stderr == "No race has been left open: `bitrace play` begins one.\n"

    cards = bitrace(halves, "scores", "export", "-o", "-")
    same = bitrace(home, "scores", "export", "-o", "-")
    assert cards.returncode == same.returncode == 0

    def told(lines: str) -> list[Any]:
        card = json.loads(lines)
        return [[turn["instinct_bits"], turn["bits"], turn["minds"]] for turn in card["turns"]]

    assert told(cards.stdout) == told(same.stdout)
