"""Three players and two ghosts, in every mode: the app is closed half way, and goes on."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.racers import costs, racers
from engine.scripted import ScriptedPredictor
from engine.setup import Mode
from engine.shannon import is_right
from tui.beginning import Terms
from tui.cards import write_cards
from tui.company import Company, Invitation, gather, split_names
from tui.ghosts import Course
from tui.opening import Opened, open_again
from tui.paths import Paths
from tui.play import open_store
from tui.screens.turn_panel import PANEL_IDS
from tui.session import Listeners, Session
from tui.settings import Settings
from tui.views import racer_name

PATIENCE_S = 15.0
THREE = ("ann", "bo", "cy")
EVERYBODY = [*THREE, "Reader", "ann's best", "dora", "Nobody", "Centaur"]
SHORT = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "The missing one was the [[cook]]. So it was the captain who lit the [[stove]]."
)
ELSEWHERE = {
    word: word for word in ("anchor", "barrel", "candle", "dagger", "engine", "feather")
}
EARLIER = {
    "open": [("sea 90", "fire 90"), ("cook 70", "fire 30"), ("stew 20", "stove 80")],
    "choice": [("20", "10"), ("70", "5"), ("10", "80")],
    "shannon": [("", "a b"), ("cook", "fire stove"), ("stew", "stove")],
}
"""By mode a worse and a better race of ann, and one of dora."""
FIRST = {"open": ("cook 40", "sea 30", "cook 5"), "choice": ("1", "33", "26")}
LAST = {"open": ("stove 20", "stove 60", "fire 9"), "choice": ("4", "21", "555")}
GUESSES = ("sea cook", "mate", "cook", "fire stove", "oven stove", "lamp")
"""What they say at the two targets, in the order in which they are asked: then bo begins."""

Opening = Callable[..., Opened]


@pytest.fixture
def company(opened: Opening, played: Any, paths: Paths, tmp_path: Path) -> Callable[..., Any]:
    """The ghosts of earlier races on this text: ann's best, and dora's by her card."""

    def come(mode: Mode) -> tuple[Company, Path]:
        found = [
            played(begin(opened, mode, (name,)), *turns).race
            for name, turns in zip(("ann", "ann", "dora"), EARLIER[mode], strict=True)
        ]
        bits = [race.total(0).bits for race in found]
        assert bits[1] < bits[0], "the second is the better one"
        card, setup = tmp_path / "dora's card.jsonl", found[2].setup
        write_cards(found[2], card)
        store = open_store(paths)
        names = split_names(["reader,nobody,centaur,ghost:best", f"ghost:{card}"])
        course = Course(setup.text_sha256, mode, setup.targets, setup.draw.seed)
        players = tuple(store.player(name) for name in THREE)
        company = gather(store, Invitation(names=names, players=players, course=course))
        store.close()
        assert [sum(ghost.bits.values()) for ghost in company.ghosts] == pytest.approx(bits[1:])
        return company, card

    return come


def begin(
    opened: Opening, mode: Mode, players: tuple[str, ...], company: Company | None = None
) -> Opened:
    terms = Terms(mode=mode, company=company or Company())
    return opened(SHORT, players=players, terms=terms, elsewhere=ELSEWHERE)


async def until_turn(play: Any, name: str) -> None:
    """Open a player's curtain."""
    await play.until_on("Curtain")
    assert f"{name}'s turn" in play.text
    await play.press("enter")
    panel = f"#{PANEL_IDS[play.race.setup.mode]}"
    await play.until(lambda: play.on == "RaceScreen" and play.shows(panel), "the turn")
    await play.settle()


async def say(play: Any, line: str) -> None:
    """A turn: a slip; keys on six words; guesses, which are stopped where none is right."""
    if play.race.setup.mode != "shannon":
        await play.type(line)
        await play.press("enter")
        return
    truth = play.race.setup.targets[play.race.target].word
    for guess in line.split():
        await play.type(guess)
        await play.press("enter")
        if is_right(guess, truth):
            return
    await play.press("enter", "enter")


def at_once(opened: Opening, like: Session, company: Company) -> dict[str, Any]:
    """What everybody pays in a race of the same turns that nobody interrupts."""
    said, setup = like.race, like.race.setup
    one = begin(opened, setup.mode, THREE, company)
    session, news = Session(one.store, one.race, one.text), threading.Event()
    minds = ScriptedPredictor()
    session.start(minds, Listeners(on_change=news.set))
    while (race := session.race).phase != "finished":
        news.clear()
        session.draw()
        session.reveal()
        if session.race.phase == "writing":
            target, player = session.race.target, session.race.to_write[0]
            for word in said.guesses.get((target, player), ()):
                session.guess(player, word)
            if (target, player) not in session.race.locked:
                session.lock(player, said.slip(target, player))
        elif session.race == race:
            assert news.wait(PATIENCE_S), "the minds have read"
    minds.close()
    one.store.close()
    return paid(session)


def paid(session: Session) -> dict[str, Any]:
    race = session.race
    return {racer_name(race, racer): costs(race, racer) for racer in racers(race.setup)}


@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_a_race_with_ghosts_goes_on_as_it_was(
    game: Any, opened: Opening, company: Any, paths: Paths, mode: Mode
) -> None:
    ghosts, card = company(mode)
    first, last = FIRST.get(mode, GUESSES[:3]), LAST.get(mode, GUESSES[3:])
    async with game(begin(opened, mode, THREE, ghosts), size=(120, 40)) as play:
        for name, line in zip(THREE, first, strict=True):
            await until_turn(play, name)
            await say(play, line)
        await play.until_revealed()
        await play.press("enter")
        await until_turn(play, "bo")
        await say(play, last[0])
        await until_turn(play, "cy")
        # Half a turn: what was guessed is kept, what was not locked in is not.
        await play.type("oven" if mode == "shannon" else last[1])
        await play.press(*["enter"] * (mode == "shannon"))
        before, racing = play.race, list(play.lanes)
        assert sorted(racing) == sorted(EVERYBODY)
    card.unlink()
    again = open_again(open_store(paths), Settings())
    assert again is not None
    assert again.race == before
    assert again.race.setup.ghosts == ghosts.ghosts
    async with game(again, size=(120, 40)) as play:
        await until_turn(play, "cy")
        assert list(play.lanes) == racing
        assert play.lanes["bo"] == "locked in"
        await say(play, "stove" if mode == "shannon" else last[1])
        await until_turn(play, "ann")
        await say(play, last[2])
        await play.until_revealed()
        for name in EVERYBODY:
            row = re.compile(rf" {name}[ ·].* bits .* %  insight ")
            assert len([line for line in play.lines if row.match(line)]) == 1, name
        await play.press("enter")
        await play.until_on("ResultScreen")
        session = play.screen._session
    assert session.race.locked.keys() == {(at, who) for at in range(2) for who in range(3)}
    assert session.race.setup == before.setup
    assert session.race.reveals[0] == before.reveals[0]
    assert paid(session) == at_once(opened, session, ghosts)
