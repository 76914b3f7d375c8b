"""The tutorial: a race that says how it goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from puzzles.builtin import load_builtin
from tui.tutorial import PASSAGE, coach


def test_the_first_target_is_within_25_words() -> None:
    pack, _, passage = PASSAGE.partition("/")
    text = load_builtin(pack).passage(passage)
    assert len(text.targets) == 5
    assert text.targets[0].index < 25


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_five_lessons(game: Callable[..., Any], size: tuple[int, int]) -> None:
    async with game(size=size) as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.until_writing()
        assert "Type a word and how sure you are" in play.words
        assert play.race.setup.tutorial
        assert play.region("PassageView").height >= 5, "the text can be read"
        told = [play.part("#coach")]
        for number, slip in enumerate(("teapot 60", "four 20", "aunt 10", "tea 80", "")):
            await play.type(slip)
            await play.press(*(["enter"] if slip else ["enter", "enter"]))
            await play.until_revealed()
            told.append(play.part("#coach"))
            assert len(play.part("#coach").splitlines()) <= 3
            if number == 0:
                assert re.search(r"You had 60 % on it: 0\.\d bits", play.words)
            await play.press("enter")
            if number < 4:
                await play.until_writing()
                told.append(play.part("#coach"))
        await play.until_on("ResultScreen")
        assert size[1] < 24 or "Tutorial: off the boards." in play.words
        assert len(set(told)) == 10 and all(told)


async def test_it_can_be_left_and_taken_up_again(game: Callable[..., Any]) -> None:
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("enter")
        await play.reveal("teapot 60")
        await play.press("enter")
        await play.until_writing()
        await play.leave()
        await play.until_seen("Go on with your race")
        await play.press("enter")
        await play.until_writing()
        assert "target 2 of 5" in play.lines[0]
        assert "stays on Instinct" in play.words


def test_what_is_said_before_a_word_does_not_depend_on_it(raced: Callable[..., Any]) -> None:
    turns = [("cook", 5.0, 4.0, "sea 20"), ("ledger", 5.0, 4.0, "sea 20")]
    one = raced(*turns, tutorial=True)
    setup = one.setup
    other = replace(setup.targets[1], word="x")
    changed = replace(one, setup=replace(setup, targets=(setup.targets[0], other)))
    before = replace(one, reveals=one.reveals[:1]), replace(changed, reveals=one.reveals[:1])
    assert coach(before[0], None) == coach(before[1], None) != ""
    assert coach(raced(*turns), None) == coach(raced(*turns), 0) == "", "only in the tutorial"


def test_both_first_lessons_tell_the_truth(raced: Callable[..., Any]) -> None:
    hit = raced(("cook", 5.0, 4.0, "cook 60"), tutorial=True)
    missed = raced(("cook", 5.0, 4.0, "sea 60"), tutorial=True)
    assert "60 % on it: 0.7 bits" in coach(hit, 0)
    assert "Not on your slip: 6.3 bits" in coach(missed, 0)
