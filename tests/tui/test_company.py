"""Who races beside the players; and eight players at one terminal, against the clock."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from engine.baked import Baked
from engine.bets import PASS
from engine.errors import InputError
from engine.minds import READER, guest_key
from engine.race import Identity, Race
from engine.racers import CENTAUR, NOBODY, expert_costs
from engine.scripted import ScriptedPredictor
from engine.setup import FurtherModel
from engine.starter import SHA256
from tui.beforehand import MOST_GUESTS
from tui.beginning import Terms, begin_again
from tui.company import Company, Invitation, further_models, gather, split_names
from tui.ghosts import Course
from tui.opening import Opened
from tui.paths import Paths
from tui.play import open_store
from tui.session import Listeners, Session
from tui.store import Store
from tui.widgets.clock import ClockView

CLOCK_S, LATE_S = 1, 1.5
SHORT = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "The missing one was the [[cook]]. So it was the captain who lit the [[stove]]."
)
ELSEWHERE = ("anchor", "barrel", "candle", "dagger", "engine", "feather", "garden")

# ---- names ----


def test_names_are_split_and_told_once() -> None:
    assert split_names(["reader, Nobody", "reader", "", "CENTAUR"]) == (
        "reader",
        "nobody",
        "centaur",
    )
    assert split_names(["ghost:Best,ghost:My Card.json"]) == (
        "ghost:best",
        "ghost:My Card.json",
    )
    assert split_names(["Reader@AB12cd34"]) == ("reader@ab12cd34",)
    assert split_names([]) == ()


@pytest.mark.parametrize(
    "typed", ["somebody", "instinct", "goldfish@ab12", "reader@", "@", "ghost"]
)
def test_names_of_nobody_known(typed: str) -> None:
    with pytest.raises(InputError, match="There is no racer"):
        split_names([typed])


# ---- who comes ----


def identity(sha256: str) -> Identity:
    return Identity("A model", "a.gguf", sha256, "Q4_1", 2, "script", 2048)


def baked(sha256: str) -> Baked:
    return Baked(identity(sha256), {READER.key: {}}, {}, {})


@pytest.fixture
def store(paths: Paths) -> Iterator[Store]:
    """The store of the home that races are begun in."""
    found = open_store(paths)
    yield found
    found.close()


@pytest.fixture
def come(store: Store) -> Callable[..., Company]:
    """Who comes when these are asked for, to a race of ann on a course nobody has run."""

    def ask(*names: str, players: tuple[str, ...] = ("ann",), **more: Any) -> Company:
        people = tuple(store.player(name) for name in players)
        course = more.pop("course", Course("ab" * 32, "open", ()))
        return gather(store, Invitation(names=names, players=people, course=course, **more))

    return ask


Come = Callable[..., Company]


def test_the_usual_company(come: Come) -> None:
    alone = come()
    assert (alone.minds, alone.mixtures, alone.ghosts) == (("goldfish", "reader"), (), ())
    assert alone.warnings == ()
    two = come(players=("ann", "bo"))
    assert (two.minds, two.mixtures) == (("goldfish", "reader"), (NOBODY,))


def test_models_that_come_with_the_pack_come_unasked_and_by_name(come: Come) -> None:
    guests = [guest_key(READER, f"{n}" * 64) for n in range(5)]
    readings = tuple(baked(f"{n}" * 64) for n in range(5))
    usual = come(baked=(baked(SHA256), *readings))
    assert usual.minds == ("goldfish", "reader", *guests[:MOST_GUESTS])
    assert come("ghost:baked", baked=readings).minds == tuple(guests[:MOST_GUESTS])
    assert come("reader", guests[1], baked=readings).minds == ("reader", guests[1])
    missing = come("reader", "reader@99999999", baked=readings)
    assert missing.minds == ("reader",)
    assert missing.warnings == ("No model that comes with this passage is reader@99999999.",)


def test_who_reads_what_there_is_not_stays_away(come: Come) -> None:
    none = come("sage", "stranger", "reader")
    assert none.minds == ("reader",)
    assert [warning.split()[0] for warning in none.warnings] == ["Sage", "Stranger"]
    both = come("sage", "stranger", "reader", "goldfish", has_primer=True, has_preface=True)
    assert both.minds == ("goldfish", "reader", "sage", "stranger"), "in one order for all"
    assert both.warnings == ()
    alone = come("sage")
    assert alone.minds == ("goldfish", "reader"), "somebody has to race"


def test_the_centaur_brings_its_reader(come: Come) -> None:
    company = come("centaur", "goldfish")
    assert (company.minds, company.mixtures) == (("goldfish", "reader"), (CENTAUR,))


def test_nobody_of_one_is_told_to_be_one(come: Come) -> None:
    company = come("nobody")
    assert company.mixtures == (NOBODY,)
    assert company.warnings == (
        "Nobody is made of many people, and you are the only one so far.",
    )
    assert come("nobody", players=("ann", "bo")).warnings == ()


def test_no_best_yet(come: Come) -> None:
    company = come("ghost:best")
    assert company.ghosts == () and "There is no best race" in company.warnings[0]
    assert company.minds == ("goldfish", "reader")


def test_further_models_race_as_themselves(come: Come, tmp_path: Path) -> None:
    files = [tmp_path / "one.gguf", tmp_path / "two.gguf"]
    for number, file in enumerate(files):
        file.write_bytes(b"GGUF" + bytes([number]))
    models = further_models(files, tmp_path)
    assert [model.path for model in models] == list(map(str, files))
    assert len({model.key for model in models}) == 2
    with pytest.raises(InputError, match="given twice"):
        further_models([files[0], files[0]], None)
    company = come(further=models)
    assert company.minds == ("goldfish", "reader", *(model.key for model in models))
    assert company.further_models == models
    # One that has read the passage before need not be loaded, and races once.
    read = FurtherModel(guest_key(READER, "ab" * 32), "big.gguf")
    again = come(further=(read,), baked=(baked("ab" * 32),))
    assert (again.minds.count(read.key), again.further_models) == (1, ())


# ---- earlier results ----

Opening = Callable[..., Opened]
Playing = Callable[..., Session]


def course_of(race: Race) -> Course:
    setup = race.setup
    return Course(setup.text_sha256, setup.mode, setup.targets, setup.draw.seed)


def test_one_s_best_races_again_as_it_was(come: Come, opened: Opening, played: Playing) -> None:
    races = [played(opened(), *[f"{word} 50"] * 4).race for word in ("fog", "cook", "sea")]
    best = max(races, key=lambda race: race.total(0).insight_bits)
    played(opened(players=("bo",)), "cook 99", "soup 99", "ledger 99", "there 99")
    company = come("ghost:best", course=course_of(best))
    (ghost,) = company.ghosts
    assert ghost.name == "ann's best"
    targets = best.setup.targets
    assert ghost.bits == {at.index: best.score(n, 0).bits for n, at in enumerate(targets)}
    assert list(ghost.said.values()) == ["cook 50"] * 4
    assert ghost.player_id == best.setup.players[0].id
    both = come("ghost:best", players=("ann", "bo"), course=course_of(best))
    assert [ghost.name for ghost in both.ghosts] == ["ann's best", "bo's best"]


def test_in_another_race_the_best_by_now_races(
    store: Store, opened: Opening, played: Playing, come: Come, tmp_path: Path
) -> None:
    worse = played(opened(terms=Terms(against=("ghost:best", "reader"))), "cook 20").race
    one = opened(terms=Terms(against=("ghost:best", "reader"), company=come("ghost:best")))
    better = played(one, "cook 60").race
    again = begin_again(store, worse, one.text)
    assert again.setup.minds == (READER.key,)
    assert [dict(ghost.bits) for ghost in again.setup.ghosts] == [
        {
            target.index: better.score(number, 0).bits
            for number, target in enumerate(better.setup.targets)
        }
    ]
    gone = replace(better.setup, against=(f"ghost:{tmp_path / 'gone.json'}",))
    kept = begin_again(store, replace(better, setup=gone), one.text)
    assert kept.setup.ghosts == better.setup.ghosts, "as they came before"


@pytest.mark.parametrize(
    "change",
    [
        {"text_sha256": "cd" * 32},
        {"mode": "shannon"},
        {"targets": ()},
    ],
)
def test_only_races_on_the_same_course_compare(
    come: Come, opened: Opening, played: Playing, change: dict[str, Any]
) -> None:
    race = played(opened(players=("ann", "bo"))).race
    course = course_of(race)
    assert len(come("ghost:best", "nobody", course=course).crowd) == 1
    other = come("ghost:best", "nobody", course=replace(course, **change))
    assert (other.ghosts, other.crowd) == ((), ())


def test_on_six_words_those_of_another_seed_do_not_compare(
    come: Come, opened: Opening, played: Playing
) -> None:
    elsewhere = {word: word for word in ELSEWHERE}
    one = opened(SHORT, terms=Terms(mode="choice"), elsewhere=elsewhere)
    course = course_of(played(one, "40", "60").race)
    assert len(come("ghost:best", course=course).ghosts) == 1
    assert come("ghost:best", course=replace(course, seed=1)).ghosts == ()


def test_the_crowd_is_everybody_else_s_first_race(
    come: Come, opened: Opening, played: Playing
) -> None:
    first = played(opened(players=("bo", "cy")), "cook 60", "sea 10").race
    played(opened(players=("bo",)), "cook 99", "soup 99")
    played(opened(players=("ann",)), "cook 99")
    company = come("nobody", course=course_of(first))
    assert [ghost.name for ghost in company.crowd] == ["bo", "cy"]
    assert company.warnings == (), "there are others"
    index = first.setup.targets[0].index
    assert company.crowd[0].bits[index] == first.score(0, 0).bits, "not what bo did again"
    assert company.ghosts == (), "the crowd has no lanes of its own"
    # Unasked, they make a Nobody too; where nobody mixes them, they are not kept.
    assert come(course=course_of(first)).mixtures == (NOBODY,)
    assert come("reader", course=course_of(first)).crowd == ()
    assert come(players=("ann", "bo", "cy"), course=course_of(first)).crowd == ()


def test_who_had_left_a_race_before_is_not_of_the_crowd(
    come: Come, opened: Opening, played: Playing, prompt: Callable[[], ScriptedPredictor]
) -> None:
    """A word was shown then: the race that was finished is not the first."""
    one = opened(players=("bo",))
    left = Session(one.store, one.race, one.text)
    left.start(prompt(), Listeners())
    left.lock(0, PASS)
    left.stop()
    assert left.race.target == 1
    race = played(opened(players=("bo",)), "cook 99").race
    assert race.setup.attempts == (2,)
    assert come("nobody", course=course_of(race)).crowd == ()


def test_who_knew_the_text_is_not_of_the_crowd(
    come: Come, opened: Opening, played: Playing
) -> None:
    """Such a race is off the boards, and Nobody mixes what is on them."""
    one = opened(players=("bo", "cy"))
    session = Session(one.store, one.race, one.text)
    session.say_known(0)
    race = played(replace(one, race=session.race), "cook 99", "sea 10").race
    assert race.known == {0}
    company = come("nobody", course=course_of(race))
    assert [ghost.name for ghost in company.crowd] == ["cy"]


def test_whom_one_races_stays_with_the_race(
    come: Come, opened: Opening, played: Playing, paths: Paths
) -> None:
    first = played(opened(players=("bo",)), "cook 60").race
    played(opened(players=("ann",)), "sea 60")
    company = come("reader", "ghost:best", "nobody", "centaur", course=course_of(first))
    race = played(opened(terms=Terms(company=company)), "cook 30").race
    assert race.setup.mixtures == (NOBODY, CENTAUR)
    again, _ = open_store(paths).load(race.setup.race_id)
    assert again.setup == race.setup
    assert [name for name, _ in expert_costs(again, NOBODY)] == ["ann", "bo"]
    assert [name for name, _ in expert_costs(again, CENTAUR)] == ["ann", "Reader"]
    assert expert_costs(again, NOBODY) == expert_costs(race, NOBODY)


# ---- eight at one terminal ----

EIGHT = ("ann", "bo", "cy", "di", "ed", "flo", "gus", "hal")
TYPED = {"open": "captain 40", "choice": "11", "shannon": "captain"}


@dataclass
class Time:
    """Time that goes on when it is told to."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The time that all clocks go by; they look at it often."""
    told = Time()
    monkeypatch.setattr(ClockView.__init__, "__defaults__", (told, None))
    monkeypatch.setattr("tui.widgets.clock._TICK_S", 0.01)
    return told


def locked_on_disk(paths: Paths) -> Counter[tuple[int, int]]:
    """How often each turn was locked in, from the log."""
    with sqlite3.connect(paths.store_file) as db:
        rows = db.execute("SELECT body FROM events WHERE kind = 'locked'").fetchall()
    bodies = [json.loads(row[0]) for row in rows]
    return Counter((body["target"], body["player"]) for body in bodies)


class Eight:
    """Eight players at the keys: some are done in time, some are not, some just so."""

    def __init__(self, play: Any, clock: Time) -> None:
        self._play = play
        self._clock = clock
        self.taken: list[tuple[int, int]] = []
        """Turns as they came."""

    async def to_the_end(self) -> None:
        while self._play.on != "ResultScreen":
            await self._play.until(lambda: self._state is not None, "something to be done")
            if self._state == "turn":
                await self._turn()
            elif self._state != "end":
                before = self._place
                self._play._key("enter")
                await self._play.until(lambda was=before: self._place != was, "to go on")

    @property
    def _state(self) -> str | None:
        play = self._play
        if play.on == "ResultScreen":
            return "end"
        if play.on == "Curtain" and play.screen.is_running:
            return "curtain"
        if play.on != "RaceScreen":
            return None
        if play.shows("#reveal"):
            return "reveal"
        return "turn" if self._runs else None

    @property
    def _runs(self) -> bool:
        """Whether somebody's clock does."""
        screen = self._play.screen
        is_writing = screen._turns.writer is not None
        return is_writing and screen.query_one(ClockView)._began_s is not None

    @property
    def _place(self) -> Any:
        return self._play.on, self._play.shows("#reveal"), len(self._play.race.locked)

    async def _turn(self) -> None:
        play, race = self._play, self._play.race
        turn = race.target, play.screen._turns.writer
        assert turn[1] == race.to_write[0]
        self.taken.append(turn)
        how = len(self.taken) % 5
        for key in TYPED[race.setup.mode] if how else "":
            play._key(key)
        await play.pilot.pause()
        if how == 1:
            play._key("enter")
            await play.pilot.pause()
        elif how == 2:  # Enter, and no time left when it comes
            play._key("enter")
            self._clock.now_s += LATE_S
        else:
            self._clock.now_s += LATE_S
            if how == 3:  # Enter, too late
                play._key("enter")
        if race.setup.mode == "shannon" and how == 1:  # a wrong guess: the turn goes on
            await play.until(lambda: turn in play.race.guesses, "the guess")
            self._clock.now_s += LATE_S
        await play.until(lambda: turn in play.race.locked, f"turn {turn} to end")


@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_eight_against_the_clock_lose_no_turn(
    game: Callable[..., Any], opened: Opening, paths: Paths, clock: Time, mode: Any
) -> None:
    company = Company(mixtures=(NOBODY, CENTAUR))
    n_targets = 2 if mode == "choice" else 1
    one = opened(
        SHORT if n_targets == 2 else SHORT.replace("[[stove]]", "stove"),
        players=EIGHT,
        terms=Terms(mode=mode, clock_s=CLOCK_S, company=company),
        elsewhere={word: word for word in ELSEWHERE},
    )
    async with game(one, ScriptedPredictor(delay_s=0.1)) as play:
        eight = Eight(play, clock)
        await eight.to_the_end()
        race = play.race
    every = [(target, player) for target in range(n_targets) for player in range(8)]
    assert sorted(eight.taken) == every, "each had one turn"
    assert [player for _, player in eight.taken] == [*range(8), *range(1, 8), 0][: len(every)]
    assert locked_on_disk(paths) == dict.fromkeys(every, 1), "each was locked in once"
    kept, _ = open_store(paths).load(race.setup.race_id)
    assert kept == race and race.phase == "finished"
    for player in range(8):
        turns = [race.score(target, player) for target in range(n_targets)]
        assert race.total(player).bits == pytest.approx(sum(turn.bits for turn in turns))
        assert all(turn.bits > 0 for turn in turns)
    for number, (target, player) in enumerate(eight.taken, 1):
        locked = race.locked[target, player]
        guesses = race.guesses.get((target, player), ())
        how = number % 5
        if how in (0, 4):
            assert locked.by_clock, "who was late was locked in by the clock"
        if how == 1:
            assert locked.by_clock is (mode == "shannon"), "a guess alone ends no turn"
        if mode == "open":
            said = [(bet.word, bet.percent) for bet in locked.slip.bets]
            assert said == ([("captain", 40)] if how else [])
        elif mode == "choice":
            stakes = [bet.percent for bet in locked.slip.bets]
            assert stakes == ([37, 13, 13, 13, 12, 12] if how else [17, 17, 17, 17, 16, 16])
        else:
            assert guesses == (("captain",) if how else ())
            assert locked.slip.bets == ()
