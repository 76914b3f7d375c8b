"""Reader's best words at the reveal: beside the rows or below them, when they come, if ever."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from engine.errors import EngineError
from engine.predictor import Asking, TopWord, TopWords
from engine.scripted import ScriptedPredictor
from engine.words import words
from tui.opening import Opened
from tui.widgets.topwords import TopWordsView

BITS = {"instinct": 7.0, "goldfish": 6.0, "reader": 5.0}
FIVE = (("captain", 21.0), ("man", 9.1), ("boy", 4.0), ("mate", 3.2), ("thief", 2.0))


def tops(rank: int = 214, certain: bool = True) -> TopWords:
    return TopWords(tuple(TopWord(*word) for word in FIVE), True, 2, rank, certain)


@pytest.fixture
def minds(late: Callable[..., Any], script: Callable[..., Any]) -> Any:
    """Has read at once, and tells no best words until it is told to."""
    return late(script(BITS))


def at(one: Opened, target: int) -> int:
    return one.race.setup.targets[target].index


async def test_beside_the_rows_where_there_is_room(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    one = opened()
    async with game(one, minds, size=(120, 40)) as play:
        await play.until_writing()
        minds.tell({at(one, 0): tops()})
        await play.reveal("cook 50")
        assert play.part("#top-words").splitlines() == [
            "Reader expected",
            "captain                     21 %",
            "man                        9.1 %",
            "boy                        4.0 %",
            "mate                       3.2 %",
            "thief                      2.0 %",
            "▸ cook, 214th                3.1 %",
        ]
        rows, beside = play.region("#reveal"), play.region("#top-words")
        assert (rows.y, rows.right) == (beside.y, beside.x)
        (reader,) = [row for row in play.part("#reveal").splitlines() if "Reader" in row]
        assert "3.1 %" in reader, "as in the row beside it"


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_below_them_where_it_is_narrow(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any, size: tuple[int, int]
) -> None:
    one = opened()
    async with game(one, minds, size) as play:
        await play.until_writing()
        minds.tell({at(one, 0): tops(certain=False)})
        await play.reveal("cook 50")
        lines = play.part("#top-words").splitlines()
        assert len(lines) == 2
        assert " ".join(" ".join(lines).split()).replace(" · ", " ") == (
            "Reader expected captain 21 % man 9.1 % boy 4.0 % mate 3.2 % thief 2.0 % "
            "▸ cook, about 214th, 3.1 %"
        )
        assert all(not line.endswith(("captain", "man", "cook,", "about")) for line in lines)
        assert play.region("#top-words").y == play.region("#reveal").bottom


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_when_they_come_late_nothing_moves(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any, size: tuple[int, int]
) -> None:
    one = opened()
    async with game(one, minds, size) as play:
        await play.until_writing()
        await play.reveal("cook 50")
        assert "still to come" in play.part("#top-words")
        before = [play.region(part) for part in ("#passage", "#reveal", "#top-words")]
        rest = play.lines[: play.region("#reveal").bottom]
        minds.tell({at(one, 0): tops()})
        await play.until_seen("captain")
        assert before == [play.region(part) for part in ("#passage", "#reveal", "#top-words")]
        below = size[0] < 96
        assert not below or rest == play.lines[: play.region("#reveal").bottom]
        await play.press("enter")
        await play.until_writing()
        assert "captain" not in play.part("#slip")
        assert not play.shows("#top-words")


async def test_they_are_asked_for_behind_all_readings(
    game: Callable[..., Any], opened: Callable[..., Opened], prompt: Callable[..., Any]
) -> None:
    asked: list[Any] = []
    predictor = prompt()
    read, top_words = predictor.read, predictor.top_words
    predictor.read = lambda job, *more: asked.append(job) or read(job, *more)
    predictor.top_words = lambda asking, *more: asked.append(asking) or top_words(asking, *more)
    one = opened(primer="A lemma.", preface="Think.")
    async with game(one, predictor) as play:
        await play.until_seen("A lemma.")
        await play.settle()
        *_, last = asked
        assert [job.mind.key for job in asked] == ["instinct", "reader", "goldfish", "reader"]
        assert isinstance(last, Asking)
        assert last.words == tuple(target.index for target in one.race.setup.targets)
        assert last.text == "A lemma.\n\n" + one.text.normalized
        assert last.before == len("A lemma.\n\n")
        assert last.role == "starter"
        assert last.n_words == 5


async def test_a_race_does_not_wait_for_them(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    async with game(opened(), minds) as play:
        await play.finish("cook 50", "soup 50")
        assert play.race.phase == "finished"


async def test_a_fault_in_them_stops_nothing(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    async with game(opened(), minds) as play:
        await play.until_writing()
        minds.fail(EngineError("The engine died."))
        await play.reveal("cook 50")
        assert not play.shows("#top-words"), "there is nothing to wait for"
        assert "died" not in play.told
        await play.press("enter")
        await play.finish()


async def test_a_fault_while_the_word_is_shown(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    async with game(opened(), minds) as play:
        await play.until_writing()
        await play.reveal("cook 50")
        assert play.shows("#top-words")
        minds.fail(EngineError("The engine died."))
        await play.until(lambda: not play.shows("#top-words"), "that they are not waited for")
        assert play.shows("#reveal")


async def test_words_of_the_target_that_is_shown(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    one = opened()
    async with game(one, minds) as play:
        await play.until_writing()
        minds.tell({at(one, 1): tops()})
        await play.reveal("cook 50")
        assert "still to come" in play.text, "those of the next target are nobody's business"
        assert "captain 21 %" not in play.words
        await play.press("enter")
        await play.until_writing()
        await play.reveal("soup 50")
        assert "captain 21 %" in play.words
        assert "▸ soup, 214th" in play.words


async def test_gone_on_with_only_the_rest_is_asked_for(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    one = opened()
    async with game(one, minds) as play:
        await play.until_writing()
        await play.reveal("cook 50")
        await play.press("enter")
        await play.until_writing()
        await play.leave()
        await play.until_seen("Go on with your race")
        await play.press("enter")
        await play.until_writing()
        first, second = minds.asked
        assert second.words == first.words[1:]


async def test_many_players_have_the_rows_to_themselves(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    names = [f"p{number}" for number in range(8)]
    one = opened(players=names)
    async with game(one, minds) as play:
        for _ in names:
            await play.until_on("Curtain")
            await play.press("enter")
            await play.until_writing()
            await play.lock("cook 60")
        await play.until_revealed()
        assert not play.shows("#top-words")
        assert "cook▁" in play.text
        await play.pilot.resize_terminal(120, 40)
        await play.until(lambda: play.shows("#top-words"), "room for them")


async def test_a_terminal_that_changes_during_the_reveal(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    one = opened()
    async with game(one, minds, size=(120, 40)) as play:
        await play.until_writing()
        minds.tell({at(one, 0): tops()})
        await play.reveal("cook 50")
        assert play.shows("#lanes")
        await play.pilot.resize_terminal(60, 20)
        await play.until(lambda: not play.shows("#lanes"), "that the lanes give way")
        await play.until_seen("cook▁")
        assert "▸ cook, 214th, 3.1 %" in play.words
        assert play.region("#passage").height - 2 >= 3


async def test_a_click_on_them_goes_on(
    game: Callable[..., Any], opened: Callable[..., Opened], minds: Any
) -> None:
    async with game(opened(), minds) as play:
        await play.until_writing()
        await play.reveal("cook 50")
        await play.pilot.click("#top-words")
        await play.until_writing()


async def test_what_a_model_says_does_nothing_to_the_terminal(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    minds: Any,
    hostile: tuple[str, ...],
    unsafe: Callable[[str], set[str]],
) -> None:
    one = opened()
    evil = tuple(TopWord(word, 9.0) for word in (*hostile, "x" * 300, "漢字" * 90))
    for size in ((80, 40), (120, 40)):
        async with game(one, minds, size) as play:
            await play.until_writing()
            minds.tell({at(one, play.race.target): TopWords(evil, True, 1, 99, True)})
            await play.reveal("cook 50")
            await play.until_seen("[red]x[/red]")
            assert not unsafe(play.text)
            assert "…" in play.part("#top-words")
            await play.leave()
            await play.until_on("HomeScreen")
        one = opened()


async def test_without_reader_there_is_nothing_to_ask(
    game: Callable[..., Any], opened: Callable[..., Opened], late: Callable[..., Any]
) -> None:
    from dataclasses import replace

    one = opened()
    setup = replace(one.race.setup, minds=("goldfish",), race_id="g" * 32)
    one = replace(one, race=one.store.begin(setup, one.text))
    minds = late()
    async with game(one, minds) as play:
        await play.until_writing()
        await play.reveal("cook 50")
        assert minds.asked == []
        assert not play.shows("#top-words")


class OnlyReads(ScriptedPredictor):
    """Asked for best words it never answers, and remembers what was given up."""

    def __init__(self) -> None:
        super().__init__()
        self.given_up: list[Future[Any]] = []

    def top_words(self, asking: Asking, *more: Any) -> Future[dict[int, TopWords]]:  # type: ignore[override]
        assert asking.words is not None
        assert max(asking.words) < len(words(asking.text[asking.before :]))
        return Future()

    def cancel(self, future: Future[Any]) -> None:
        self.given_up.append(future)
        super().cancel(future)


async def test_leaving_gives_them_up(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    minds = OnlyReads()
    async with game(opened(), minds) as play:
        await play.until_writing()
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until(lambda: minds.given_up, "that they are given up")


def test_a_list_and_a_sentence_have_as_many_lines_as_they_say() -> None:
    from tui.expected import Expected

    view = TopWordsView()
    view._found = [Expected(f"word{n}", 10.0 + n, "", n == 3) for n in range(6)]
    for width in range(20, 130):
        lines = view._lines(width)
        assert all(line.cell_length <= max(width, 40) for line in lines), width
        assert sum("▸" in line.plain for line in lines) == 1
        assert len(lines) == 7 or width > 45
