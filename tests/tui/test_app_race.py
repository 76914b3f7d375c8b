"""The race on the screen: writing a slip, waiting, the word, and leaving."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Static

from engine.bets import Bet, Slip
from tui.garbage import settle
from tui.opening import Opened, open_again
from tui.passage_text import BLANK
from tui.play import open_store
from tui.settings import Settings
from tui.widgets.passage import PassageView


@pytest.fixture
def one(opened: Callable[..., Opened]) -> Opened:
    """A race of one player."""
    return opened()


async def test_what_is_shown_before_a_slip(game: Callable[..., Any], one: Opened) -> None:
    async with game(one) as play:
        await play.until_writing()
        assert " ".join(play.lines[0].split()) == "Harbour · The ledger target 1 of 4"
        assert "The missing one was the ▁▁▁▁▁▁▁▁▁" in play.words
        assert "cook" not in play.text
        assert play.lanes == {"ann": "writing", "Goldfish": "locked in", "Reader": "locked in"}
        assert "Instinct keeps 100 %" in play.text
        assert "scripted none · script" in play.lines[-1]


async def test_a_slip_says_what_is_at_risk_as_it_is_typed(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("cook 60 thief 20")
        assert "right 0.7 bits · wrong +2.3 and Instinct's" in play.text
        assert "Instinct keeps 20 %" in play.text
        bar = next(line for line in play.lines if "Instinct keeps" in line)
        assert (bar.count("█"), bar.count("▓"), bar.count("░")) == (30, 10, 10)


async def test_a_word_alone_has_the_stake_typed_last(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("cook")
        assert "Instinct keeps 50 %" in play.text
        await play.type(" 70")
        await play.press("enter")
        await play.until_revealed()
        await play.press("enter")
        await play.until_writing()
        assert play.slip == ""
        await play.type("soup")
        assert "Instinct keeps 30 %" in play.text


async def test_a_bad_slip_says_why_and_is_not_locked_in(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("cook 60 cook 20")
        assert "the same word twice" in play.text
        await play.press("enter")
        assert "not taken: the same word twice" in play.text
        assert play.race.locked == {}
        assert play.slip == "cook 60 cook 20"
        await play.press(*["backspace"] * 7)
        assert "right 0.7 bits" in play.text
        await play.press("enter")
        await play.until_revealed()
        assert play.race.slip(0, 0) == Slip((Bet("cook", 60),))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("well-known 20", "two words: bet on the first"),
        ("cook 70 thief 40", "stakes add up to 110"),
        ("60", "a word comes first"),
        ("a b c d e f", "five bets at the most"),
        ("cook 0", "a stake is 1 to 99"),
        ("[red] 5", "a bet is one word"),
        ("cook60", "no word to predict has a digit: leave a space, cook 60"),
    ],
)
async def test_why_a_slip_is_not_taken(
    game: Callable[..., Any], one: Opened, typed: str, why: str
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type(typed)
        assert why in play.text
        await play.press("enter")
        assert f"not taken: {why}" in play.text
        assert play.race.locked == {}


async def test_an_empty_slip_asks_once_and_then_passes(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.press("enter")
        assert "Pass?" in play.text
        assert play.race.locked == {}
        await play.press("enter")
        await play.until_revealed()
        assert play.race.slip(0, 0) == Slip()
        assert "A pass" in play.text
        await play.press("enter")
        await play.until_writing()
        await play.press("enter")
        assert "Pass?" in play.text, "it asks at every target"
        assert play.race.target == 1


async def test_typing_takes_the_question_back(game: Callable[..., Any], one: Opened) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.press("enter")
        await play.type("x")
        await play.press("backspace", "enter")
        assert "Pass?" in play.text
        assert play.race.locked == {}


async def test_stakes_change_by_five_and_by_one(game: Callable[..., Any], one: Opened) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("cook 60 thief 20")
        await play.press("up")
        assert play.slip == "cook 60 thief 25"
        await play.press("down", "down", "shift+down", "shift+down", "shift+up")
        assert play.slip == "cook 60 thief 14"
        await play.press("home", "up")
        assert play.slip == "cook 65 thief 14"
        assert "Instinct keeps 21 %" in play.text
        await play.press(*["up"] * 6)
        assert play.slip == "cook 85 thief 14"


async def test_the_first_change_starts_from_the_stake_that_is_shown(
    game: Callable[..., Any], one: Opened
) -> None:
    """Two words without a number have 25 each; five more on the first is 30."""
    async with game(one) as play:
        await play.until_writing()
        await play.type("cook thief")
        assert "Instinct keeps 50 %" in play.text
        await play.press("home", "shift+up")
        assert play.slip.startswith("cook 26")


async def test_tab_completes_from_the_text_seen_so_far(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("capt")
        await play.press("tab")
        assert play.slip == "captain"
        await play.press("tab")
        assert play.slip == "captain "
        await play.type("40 soup pil")
        await play.press("tab")
        assert play.slip == "captain 40 soup pil ", "soup and pillow come after the blank"
        await play.press("home", "tab")
        assert play.line.cursor_position == len("captain 40 soup")
        assert play.screen.focused is play.line


async def test_completion_knows_a_word_once_it_is_revealed(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("coo")
        await play.press("tab")
        assert play.slip == "coo "
        await play.press(*["backspace"] * 4)
        await play.reveal("")
        await play.press("enter")
        await play.until_writing()
        await play.type("coo")
        await play.press("tab")
        assert play.slip == "cook"


async def test_a_mind_is_locked_in_when_its_bits_are_there(
    game: Callable[..., Any], one: Opened, held: Callable[[], Any]
) -> None:
    minds = held()
    async with game(one, minds) as play:
        await play.until_writing()
        assert play.lanes == {"ann": "writing", "Goldfish": "reading", "Reader": "reading"}
        assert "locked in" not in play.text
        minds.tell("goldfish", 1)
        await play.pilot.pause()
        assert play.lanes["Goldfish"] == "locked in"
        assert play.lanes["Reader"] == "reading"
        assert play.text.count("locked in") == 1
        minds.release("reader", "instinct")
        await play.pilot.pause()
        assert play.lanes["Reader"] == "locked in"
        await play.reveal("cook 60")
        await play.press("enter")
        await play.until_writing()
        assert play.lanes["Goldfish"] == "reading", "it has told only the first word"
        assert play.lanes["Reader"] == "locked in"


async def test_a_player_need_not_wait_for_the_minds(
    game: Callable[..., Any], one: Opened, held: Callable[[], Any]
) -> None:
    minds = held()
    async with game(one, minds) as play:
        await play.until_writing()
        await play.lock("cook 60")
        await play.until_seen("The minds are still reading")
        assert play.race.slip(0, 0) == Slip((Bet("cook", 60),))
        assert play.lanes["ann"] == "locked in"
        assert "cook" not in play.text, "nothing is shown before all have locked in"
        await play.type("early 5")
        await play.press("enter", "space")
        minds.release("reader", "goldfish")
        await play.pilot.pause()
        assert play.race.target == 0, "Instinct has not read"
        minds.release("instinct")
        await play.until_revealed()
        assert "cook▁" in play.text
        await play.press("enter")
        await play.until_writing()
        assert play.slip == "", "keys pressed while waiting go nowhere"
        assert play.race.target == 1


async def test_the_reveal_tells_what_each_had_on_the_word(
    game: Callable[..., Any], one: Opened, script: Callable[..., Any], held: Callable[..., Any]
) -> None:
    minds = held(script({"instinct": 7.0, "goldfish": 6.0, "reader": 2.0}))
    async with game(one, minds) as play:
        await play.until_writing()
        minds.release()
        await play.reveal("cook 50")
        rows = {row.split()[0]: row for row in play.lines if " bits" in row and "%" in row}
        assert list(rows) == ["ann", "Goldfish", "Reader", "Instinct"]
        assert "1.0 bits" in rows["ann"]
        assert "50 %" in rows["ann"]
        assert "insight +6.0" in rows["ann"]
        assert "6.0 bits" in rows["Goldfish"]
        assert "1.6 %" in rows["Goldfish"]
        assert "insight +1.0" in rows["Goldfish"]
        assert "25 %" in rows["Reader"]
        assert "7.0 bits" in rows["Instinct"]
        assert "insight" not in rows["Instinct"]
        assert "You knew: 1.0 bits; with four words of memory it was 7.0." in play.words
        assert rows["Instinct"].count("━") > rows["Reader"].count("━")
        assert set(play.lanes.values()) == {""}


async def test_typing_ahead_during_the_reveal_goes_nowhere(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        await play.type("soup60xyz")
        await play.press("tab", "up", "down", "left", "backspace", "delete", "home", "f5")
        assert play.shows("#reveal")
        assert "target 1 of 4" in play.lines[0]
        await play.press("space")
        await play.until_writing()
        assert "target 2 of 4" in play.lines[0]
        assert play.slip == ""
        await play.type("soup 60")
        assert play.slip == "soup 60"


async def test_a_click_on_the_reveal_goes_on(game: Callable[..., Any], one: Opened) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        await play.pilot.click("#reveal")
        await play.until_writing()
        assert "target 2 of 4" in play.lines[0]


async def test_help_comes_and_goes_while_writing_and_at_the_reveal(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("cook 6")
        await play.press("f1")
        await play.until_on("HelpScreen")
        assert "Stake 5 more on this word" in play.words
        await play.press("escape")
        await play.until_writing()
        await play.type("0")
        assert play.slip == "cook 60"
        await play.press("enter")
        await play.until_revealed()
        await play.press("f1")
        await play.until_on("HelpScreen")
        await play.press("enter")
        await play.until_revealed()
        assert play.race.target == 1
        await play.press("enter")
        await play.until_writing()
        assert "target 2 of 4" in play.lines[0]


async def test_leaving_keeps_what_was_locked_in_and_going_on_begins_at_the_next(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        await play.press("enter")
        await play.until_writing()
        await play.type("soup 5")
        before = play.race
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until_seen("Go on with your race")
        await play.press("enter")
        await play.until_writing()
        assert play.race == before
        assert "target 2 of 4" in play.lines[0]
        await play.finish("soup 60")
        assert [play.race.slip(target, 0).rest for target in range(4)] == [40, 40, 100, 100]


async def test_leaving_at_the_reveal(game: Callable[..., Any], one: Opened) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until_seen("Harbour · The ledger, target 2 of 4")


async def test_leaving_while_the_minds_read(
    game: Callable[..., Any], one: Opened, held: Callable[[], Any]
) -> None:
    minds = held()
    async with game(one, minds) as play:
        await play.until_writing()
        await play.lock("cook 60")
        await play.until_seen("still reading")
        await play.leave()
        await play.until_on("HomeScreen")
        await play.until_seen("target 1 of 4")
        await play.press("enter")
        await play.until(lambda: play.shows("#waiting"), "that the minds still read")
        assert play.race.slip(0, 0) == Slip((Bet("cook", 60),)), "a slip can't be taken back"
        await play.settle()
        minds.release()
        await play.until_revealed()
        assert "cook▁" in play.text
        await play.press("enter")
        await play.until_writing()
        assert "target 2 of 4" in play.lines[0]


async def test_quitting_in_the_middle_keeps_the_race(
    game: Callable[..., Any], one: Opened, paths: Any
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        before = play.race
        await play.press("ctrl+q")
        await play.until(lambda: not play.app.is_running, "the end")
        assert play.left_with == 0
    again = open_again(open_store(paths), Settings())
    assert again is not None
    assert again.race == before


async def test_i_know_this_text(game: Callable[..., Any], one: Opened) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.type("cook 6")
        await play.press("ctrl+t")
        assert play.race.known == {0}
        assert "off the boards" in play.told
        await play.press("ctrl+t")
        await play.type("0")
        assert play.slip == "cook 60"
        await play.press("enter")
        await play.until_revealed()
        await play.press("enter")
        await play.finish()
        assert "You knew the text: off the boards." in play.words
        assert play.race.known == {0}


async def test_alone_one_can_say_so_at_the_reveal_too(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.reveal("cook 60")
        await play.press("ctrl+t")
        assert play.race.known == {0}


async def test_the_passage_can_be_paged_while_writing(
    game: Callable[..., Any], opened: Callable[..., Opened], marked: str
) -> None:
    long = "Beginning here. " + "A sentence of some length goes before. " * 60 + marked
    async with game(opened(long)) as play:
        await play.until_writing()
        assert BLANK in play.text
        assert "Beginning" not in play.text
        await play.type("cook")
        await play.press(*["pageup"] * 5)
        assert "Beginning here." in play.text
        assert BLANK not in play.text
        await play.press(*["pagedown"] * 5)
        assert BLANK in play.text
        assert play.slip == "cook"


async def test_the_blank_and_then_the_word_are_always_in_sight(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    gap = "A sentence of some length goes before the others. " * 40
    text = gap + gap.join(f"\n\nThen came the [[{word}]]. " for word in ("cook", "soup", "end"))
    for size in ((80, 24), (120, 40), (60, 20)):
        async with game(opened(text), size=size) as play:
            for word in ("cook", "soup", "end"):
                await play.until_writing()
                await play.until_seen(f"Then came the {BLANK}")
                await play.reveal("cook 60")
                await play.until_seen(f"Then came the {word}")
                await play.press("enter")


async def test_the_blank_stays_in_sight_when_the_terminal_changes(
    game: Callable[..., Any], opened: Callable[..., Opened], marked: str
) -> None:
    text = "A sentence of some length goes before the others. " * 60 + marked
    async with game(opened(text)) as play:
        await play.until_writing()
        for size in ((60, 20), (120, 40), (70, 21), (140, 30), (80, 24), (61, 40)) * 2:
            await play.pilot.resize_terminal(*size)
            await play.until_seen(BLANK)


async def test_the_scroll_bar_stands_where_the_text_does(
    game: Callable[..., Any],
    opened: Callable[..., Opened],
    marked: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the text is scrolled before the layout has found that a bar is needed."""
    monkeypatch.setattr(
        PassageView, "call_after_refresh", lambda _, callback, *arguments: callback(*arguments)
    )
    text = "A sentence of some length goes before the others. " * 60 + marked
    async with game(opened(text)) as play:
        await play.until_writing()
        await play.until_seen(BLANK)
        passage = play.screen.query_one(PassageView)
        assert passage.scroll_y == passage.max_scroll_y > 0
        assert passage.vertical_scrollbar.position == passage.scroll_y


async def test_the_primer_is_read_before_the_race(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    async with game(opened(primer="A lemma: cooks oversleep in fog.")) as play:
        await play.until_seen("A lemma: cooks oversleep in fog.")
        assert "Read this first" in play.text
        assert "harbour at seven" not in play.text
        await play.type("xyz")
        await play.press("enter")
        await play.until_writing()
        assert "harbour at seven" in play.text
        assert play.slip == ""
        await play.reveal("cook 60")
        await play.press("enter")
        await play.until_writing()
        await play.leave()
        await play.until_seen("Go on with your race")
        await play.press("enter")
        await play.until_writing()
        assert "target 2 of 4" in play.lines[0], "the primer is not asked for again"


async def test_a_long_primer_is_shown_from_its_beginning(
    game: Callable[..., Any], opened: Callable[..., Opened]
) -> None:
    primer = (
        "First of all. " + "Then there is more to read about the matter. " * 60 + "At last."
    )
    async with game(opened(primer=primer)) as play:
        await play.until_seen("Read this first")
        assert "First of all." in play.text
        await play.press(*["pagedown"] * 9)
        assert "At last." in play.text


async def test_a_word_that_was_still_to_be_shown_is_shown_after_the_primer(
    game: Callable[..., Any], opened: Callable[..., Opened], held: Callable[[], Any]
) -> None:
    one = opened(primer="A lemma: cooks oversleep in fog.")
    first, second = held(), held()
    async with game(one, first) as play:
        await play.until_seen("Read this first")
        await play.press("enter")
        await play.until_writing()
        await play.lock("cook 60")
        await play.until_seen("still reading")
        await play.leave()
        await play.until_seen("Go on with your race")
        play.app._predictor = second
        await play.press("enter")
        await play.until_on("RaceScreen")
        await play.settle()
        second.release()
        await play.pilot.pause()
        if "Read this first" in play.text:
            await play.press("enter")
        await play.until_revealed()
        assert "cook▁" in play.text
        assert "target 1 of 4" in play.lines[0]


async def test_the_last_reveal_leads_to_the_result(
    game: Callable[..., Any], one: Opened
) -> None:
    async with game(one) as play:
        await play.until_writing()
        for word in ("cook", "soup", "ledger", "there"):
            await play.until_writing()
            await play.reveal(f"{word} 90")
            assert f"{word}▁" in play.text
            assert play.on == "RaceScreen"
            await play.press("enter")
        await play.until_on("ResultScreen")


async def test_control_characters_never_stand_on_the_slip(
    game: Callable[..., Any], one: Opened, unsafe: Callable[[str], set[str]]
) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.paste("co\x1b[2Jok\u202e 60")
        assert not unsafe(play.slip)
        assert not unsafe(play.text)
        await play.press("enter")
        assert play.race.locked == {}
        assert "not taken" in play.text


async def test_a_very_long_line_is_cut(game: Callable[..., Any], one: Opened) -> None:
    async with game(one) as play:
        await play.until_writing()
        await play.paste("x" * 5000)
        assert len(play.slip) <= 200
        await play.type("cook 60 " + "x" * 300)
        assert len(play.slip) <= 200
        assert play.slip.endswith("xxx")


async def test_the_engine_line_tells_no_number_while_reading(
    game: Callable[..., Any], one: Opened, held: Callable[[], Any]
) -> None:
    minds = held()
    async with game(one, minds) as play:
        await play.until_writing()
        engine = play.screen.query_one("#engine", Static)
        assert str(engine.content) == "scripted none · script · reading"
        minds.tell("reader", 1)
        await play.pilot.pause()
        assert str(engine.content) == "scripted none · script · reading"
        minds.release()
        await play.pilot.pause()
        assert str(engine.content) == "scripted none · script"


def test_what_the_app_is_made_of_is_looked_through_once() -> None:
    try:
        settle()
        assert gc.get_freeze_count() > 10_000, "and left alone during the race"
        frozen = gc.get_freeze_count()
        settle()
        assert gc.get_freeze_count() < 1.5 * frozen, "what a race before was made of can go"
    finally:
        gc.unfreeze()
