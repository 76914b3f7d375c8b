"""Nothing seen before all have locked in depends on the true word, in any mode, with any
racers; and of six words neither order nor case nor what was met tells which is true."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine import choice
from engine.choice import N_WORDS
from engine.minds import INSTINCT
from engine.race import Drawn, Race
from engine.racers import CENTAUR, NOBODY
from engine.scripted import ScriptedPredictor, by_hash
from engine.setup import Ghost, Mode
from engine.words import Word, fold, prepare, words
from puzzles.markup import parse
from tui.beginning import Terms
from tui.company import Company
from tui.opening import Opened
from tui.pace import pace
from tui.passage_text import BLANK
from tui.plain import PlainRace
from tui.widgets.clock import ClockView
from tui.widgets.guesses import GuessLine
from tui.widgets.slip import SlipLine

OPENING = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "Ann, who kept the ledger, counted them twice.\n\nThe missing one was the "
)
WORDS = ("I", "cook", "漢", "straße", "antidisestablishmentarianism")
REST = ". He had overslept. Then came the [[end]], which nobody had foreseen."
SECOND = "cook]]. Behind him came the [["
SIX = ("cook", "anchor", "ox", "antidisestablishmentarianism", "straße", "mayor")
LAST_SIX = ("barrel", "end", "candle", "dagger", "engine", "feather")
N_SEEDS = 3_000
CHI_SQUARED_5 = 20.515
"""Of five degrees of freedom: what chance alone goes beyond once in a thousand times."""

Opening = Callable[..., Opened]


@pytest.fixture(autouse=True)
def time_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a clock shows must not depend on how fast a test is."""
    monkeypatch.setattr(ClockView.__init__, "__defaults__", (lambda: 0.0, None))


def text_of(word: str, before: str = OPENING) -> str:
    return f"{before}[[{word}]]{REST}"


def company_on(text: str) -> Company:
    """Everybody there can be. What ghosts said and paid depends on the words."""
    bits: dict[int, float] = {}
    said: dict[int, str] = {}
    for target in parse(text).targets:
        bits[target.index] = 1.0 + len(target.text)
        said[target.index] = f"{target.text} 60"
    ghost = Ghost("ghost:1", "bo's best", "id of bo", bits, said)
    crowd = Ghost("ghost:2", "cy", "id of cy", bits, said)
    return Company(ghosts=(ghost,), crowd=(crowd,), mixtures=(NOBODY, CENTAUR))


@pytest.fixture
def begin(opened: Opening) -> Opening:
    """Begins a race with everybody in it, a clock, and six words where they are given."""

    def start(text: str, mode: Mode, players: tuple[str, ...] = ("ann",)) -> Opened:
        terms = Terms(mode=mode, clock_s=90, company=company_on(text))
        one = opened(text, players=players, terms=terms)
        if mode == "choice":
            sixes = [SIX] * (len(one.race.setup.targets) - 1) + [LAST_SIX]
            drawn = [Drawn(target, six) for target, six in enumerate(sixes)]
            race = one.store.append(one.race, drawn)
            one = Opened(one.store, race, one.text)
        return one

    return start


@pytest.fixture
def race_on(game: Callable[..., Any], begin: Opening) -> Callable[..., Any]:
    """Starts the app on such a race, all minds having read."""

    @asynccontextmanager
    async def start(one: Opened, size: tuple[int, int]) -> AsyncGenerator[Any]:
        async with game(one, size=size) as play:
            await play.until(lambda: play.on in ("RaceScreen", "Curtain"), "the race")
            await play.settle()
            for line in (SlipLine, GuessLine):
                for found in play.app.screen_stack[1].query(line):
                    found.cursor_blink = False
            session = play.app.screen_stack[1]._session
            await play.until(
                lambda: not (session._readings.doing or session.words_to_come), "all to be read"
            )
            if play.on == "RaceScreen":
                await play.until_seen(BLANK)
            yield play

    return start


def seen(play: Any) -> list[Any]:
    """All that can be seen: texts with their styles line by line, notices, the title."""
    strips = play.screen._compositor.render_strips()
    frame = [[(part.text, str(part.style)) for part in strip] for strip in strips]
    return [play.on, *frame, play.told, play.app.title, play.app.sub_title]


STEPS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "open": [("captain 40 ca", ("tab", "up")), (" captain 3", ("enter",)), (" ant", ("tab",))],
    "shannon": [
        ("capt", ()),
        ("ain", ("enter",)),
        ("captain", ("enter",)),
        ("", ("ctrl+u", *"ant", "tab")),
    ],
    "choice": [("33", ()), ("", ("right", "up", "backspace")), ("4", ())],
}
"""A turn half taken, as what is typed and then pressed: a slip that is refused, a wrong guess
and the same again, stakes; at last the beginning of the longer word, to be completed."""


async def half_a_turn(play: Any) -> list[Any]:
    """What is seen while a turn is taken, and behind it the pause."""
    frames = [seen(play)]
    for typed, pressed in STEPS[play.race.setup.mode]:
        await play.type(typed)
        await play.press(*pressed)
        frames.append(seen(play))
    await play.press("escape")
    await play.until_on("PauseScreen")
    frames.append(seen(play))
    await play.press("escape")
    await play.until_on("RaceScreen")
    await play.pilot.pause()
    return [*frames, seen(play), play.app.export_screenshot().splitlines()]


def true_words(mode: Mode) -> tuple[str, str]:
    """A short one and a long one; where six are shown, two of them."""
    short = "ox" if mode == "choice" else "I"
    return short, "antidisestablishmentarianism"


def check_alike(frames: list[list[Any]]) -> None:
    """That they are the same byte for byte, told line by line."""
    first, second = frames
    assert len(first) == len(second)
    for step, (one, other) in enumerate(zip(first, second, strict=True)):
        assert len(one) == len(other), step
        for line, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            assert mine == theirs, f"step {step}, line {line}"
    assert len({str(step) for step in first}) > len(first) // 2, "something was to be seen"


@pytest.mark.parametrize(
    ("mode", "size"),
    [("open", (120, 40)), ("shannon", (60, 20)), ("choice", (60, 20)), ("choice", (120, 40))],
)
async def test_what_is_seen_does_not_depend_on_the_word(
    race_on: Any, begin: Opening, mode: Mode, size: tuple[int, int]
) -> None:
    frames: list[list[Any]] = []
    for word in true_words(mode):
        async with race_on(begin(text_of(word), mode), size) as play:
            assert play.lanes["Reader"] == "locked in"
            frames.append(await half_a_turn(play))
            assert play.race.guesses == ({(0, 0): ("captain",)} if mode == "shannon" else {})
    check_alike(frames)


@pytest.mark.parametrize("mode", ["open", "shannon", "choice"])
async def test_nor_at_a_later_word_behind_a_curtain_when_others_have_locked_in(
    race_on: Any, begin: Opening, mode: Mode
) -> None:
    """Two players; the first word has been shown, and with it what ghosts and minds had."""
    ends = {"open": ["ctrl+u", *"captain 4", "enter"], "choice": ["enter"]}
    frames: list[list[Any]] = []
    for word in true_words(mode):
        one = begin(
            text_of(word, f"{OPENING}[[{SECOND}".removesuffix("[[")), mode, ("ann", "bo")
        )
        async with race_on(one, (80, 24)) as play:
            for player in range(2):
                await play.until_on("Curtain")
                await play.press("enter")
                await play.until_on("RaceScreen")
                await play.type({"open": "cook 60", "shannon": "cook"}.get(mode, "1"))
                await play.press("enter")
                await play.until(lambda one=player: (0, one) in play.race.locked, "the slip")
            await play.until_revealed()
            told = [seen(play)]
            await play.press("enter")
            for player in (1, 0):
                await play.until_on("Curtain")
                told.append(seen(play))
                await play.press("enter")
                await play.until_on("RaceScreen")
                told += await half_a_turn(play)
                assert play.race.to_write[0] == player
                if player:  # the other's turn ends; nobody may see what came of it
                    await play.press(*ends.get(mode, ["ctrl+u", "enter", "enter"]))
            assert (play.race.target, len(play.race.setup.targets)) == (1, 3)
            frames.append(told)
    check_alike(frames)


async def test_frames_of_other_openings_do_differ(race_on: Any, begin: Opening) -> None:
    """So that what is compared is what is seen."""
    frames: list[list[Any]] = []
    for before in (OPENING, OPENING.replace("seven", "eight")):
        async with race_on(begin(text_of("cook", before), "open"), (80, 24)) as play:
            frames.append([seen(play)])
    with pytest.raises(AssertionError, match="step 0"):
        check_alike(frames)


def test_the_time_a_text_takes_to_appear_does_not_depend_on_the_word() -> None:
    texts = [parse(text_of(word)) for word in WORDS]
    starts = {text.targets[0].start for text in texts}
    (start,) = starts
    paces = {str(pace(text.text.normalized, 0, start, 240)) for text in texts}
    assert len(paces) == 1


# ---- plain mode ----

TYPED = {
    "open": "captain 0\ncaptain 40 captain 2\n?help\n",
    "shannon": "two words\ncaptain\ncaptain\nsea\n?help\n",
    "choice": "7\ncook 200\n?help\n",
}


@pytest.mark.parametrize("players", [("ann",), ("ann", "bo")])
@pytest.mark.parametrize("mode", ["open", "shannon", "choice"])
def test_plain_mode_tells_nothing_before_the_word_is_shown(
    begin: Opening,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mode: Mode,
    players: tuple[str, ...],
) -> None:
    ends = {"open": "captain 40\n", "shannon": "\n\n", "choice": "\n\n"}
    told: list[str] = []
    for word in SIX if mode == "choice" else WORDS:
        first = TYPED[mode] + ends[mode] * (len(players) - 1)
        monkeypatch.setattr("sys.stdin", io.StringIO(first + TYPED[mode]))
        one = begin(text_of(word), mode, players)
        race = PlainRace(one, ScriptedPredictor(), passes_unasked=False, monotonic=lambda: 0.0)
        assert race.run() == 0
        told.append(capsys.readouterr().out)
        one.store.close()
    assert "Paused at target 1" in told[0]
    assert "Not taken" in told[0]
    assert all(other == told[0] for other in told)


# ---- of six words ----

PLACES = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "Ann, who kept the ledger, counted them twice, because the captain had told Ann to expect "
    "Boris, Cyril, Dora, Edwin, Fred and Gustav.\n\nThe missing one was the [[cook]]. He had "
    "overslept, and nobody had thought of waking him. So it was the [[captain]] who lit the "
    "stove, and [[Edwin]] who stirred the soup for [[Gloria]]. “[[Nothing]] is lost,” she "
    "said. AND [[NOBODY]] LOOKED."
)
ELSEWHERE = (
    "Anchor and barrel, candle, dagger, engine, feather; Hannah, Isaac, Judith, Kevin, Laura "
    "and Martin met there. There it was: a lantern, a pillow, a quarry."
)


def sixes_at(number: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """The six words at a target by each of many seeds, and the true one."""
    found = parse(PLACES)
    target, normalized = found.targets[number], found.text.normalized
    pooled = choice.pool(normalized, target.index, choice.vocabulary([words(ELSEWHERE)]))
    firsts = [
        -by_hash(INSTINCT, Word(target.index, 0, 0, word)) for word in (target.text, *pooled)
    ]
    for seed in range(N_SEEDS):
        lot = choice.lot(found.text.sha256, seed, target.index)
        six = choice.draw(target.text, pooled, firsts, lot)
        assert six is not None
        yield six, target.text


@pytest.mark.parametrize("number", range(6))
def test_neither_order_nor_case_nor_what_was_met_tells_the_true_one(number: int) -> None:
    found = parse(PLACES)
    before = words(found.text.normalized)[: found.targets[number].index]
    met = {fold(word.text) for word in before}
    stood: Counter[int] = Counter()
    for six, truth in sixes_at(number):
        stood[six.index(truth)] += 1
        assert len({fold(word) in met for word in six}) == 1, "all met before, or none"
        patterns = {(word[0].isupper(), word[1:].isupper()) for word in six}
        assert len(patterns) == 1
    expected = N_SEEDS / N_WORDS
    statistic = sum((stood[place] - expected) ** 2 / expected for place in range(N_WORDS))
    assert statistic < CHI_SQUARED_5


def test_names_are_shown_among_names() -> None:
    """In the middle of a sentence a capital is a name's, and other words would stand out."""
    names = {"ann", "boris", "cyril", "dora", "edwin", "fred", "gustav", "gloria"}
    names |= {"hannah", "isaac", "judith", "kevin", "laura", "martin"}
    for number, expected in ((0, False), (1, False), (2, True), (3, True)):
        shown = {fold(word) for six, _ in sixes_at(number) for word in six}
        assert (shown <= names) is expected
        assert expected or not shown & names


def test_the_race_tells_the_screen_no_more_than_the_six(begin: Opening) -> None:
    """Of all that a turn begins with, only the words differ where the true one does."""
    races: list[Race] = []
    for word in SIX:
        one = begin(text_of(word), "choice")
        races.append(one.race)
        assert prepare(one.text.shown[: one.race.setup.targets[0].start]).shown == (
            prepare(OPENING).shown
        )
        one.store.close()
    assert len({race.sixes[0] for race in races}) == 1
    assert len({race.setup.targets[0].start for race in races}) == 1
