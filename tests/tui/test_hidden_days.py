"""The pack `days` on the screen of packs and in lists: nothing of what is still to come."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from puzzles.builtin import load_builtin
from puzzles.load import Passage
from tui.choose import Wish
from tui.opening import open_wish
from tui.paths import Paths
from tui.play import library_of, open_store
from tui.settings import Settings
from tui.today import PACK, local_day, passage_of

TODAY = date(2026, 11, 23)
"""Of its passage the check of packs would name a word to predict."""
A_DAY = timedelta(days=1)
ANN = Settings(player="ann")
IN_A_ROW = 4
"""Words that stand in a row in one story alone."""


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Says which day it is, from then on."""

    def make(today: date) -> None:
        for place in ("tui.today", "tui.screens.pack_work"):
            monkeypatch.setattr(f"{place}.local_day", lambda: today)

    return make


def passage_on(day: date) -> Passage:
    passages = load_builtin(PACK).passages
    return passages[passage_of(day, len(passages))]


def in_rows(text: str) -> set[str]:
    """Every few words in a row, without case and signs."""
    words = re.findall(r"\w+", text.casefold())
    return {" ".join(words[at : at + IN_A_ROW]) for at in range(len(words) - IN_A_ROW + 1)}


def leaks(told: str, shown: Sequence[Passage], n_raced: int) -> list[str]:
    """What a text tells of passages that are not to be seen, and of words to be predicted.

    Args:
        told: the text.
        shown: those to be seen, and at their end so many that were raced.
        n_raced: how many.
    """
    # What is told of the pack, and of those to be seen, is no secret.
    pack = load_builtin(PACK)
    public = in_rows(" ".join([pack.description, *(one.text.shown for one in shown)]))
    ids = {one.id for one in shown}
    hidden = [one for one in pack.passages if one.id not in ids]
    assert len(hidden) == len(pack.passages) - len(shown) > 30
    rows, found = in_rows(told), list[str]()
    for one in hidden:
        secrets = (one.id, one.title, one.text.sha256)
        found += [
            secret for secret in secrets if re.search(rf"(?<!\w){re.escape(secret)}", told)
        ]
        found += rows & in_rows(one.text.shown) - public
    raced = {target.text for one in shown[len(shown) - n_raced :] for target in one.targets}
    words = {target.text for one in pack.passages for target in one.targets} - raced
    found += [word for word in words if f'"{word}"' in told]
    return found


def table(play: Any) -> list[list[str]]:
    """The passages as they are listed, a cell a string, without the row of the next one."""
    passages = play.screen.query_one("#passages")
    rows = [passages.get_row_at(n) for n in range(passages.row_count)]
    return [[str(cell) for cell in row] for row in rows if not str(row[0]).startswith("▸")]


async def to_days(play: Any) -> None:
    """Go from home to the pack."""
    await play.until_seen("Begin here")
    await play.press("p")
    await play.until_on("PacksScreen")
    await play.until_seen("your best")
    await play.settle()
    await play.press("slash")
    await play.type(PACK)
    await play.press("enter")
    await play.until(lambda: "Days  " in play.part("#pack-about"), "the pack")
    await play.until(lambda: len(table(play)) > 30, "its passages")


async def report(play: Any, key: str) -> str:
    """All that a page of lines tells, by its key; back to the packs."""
    await play.press(key)
    await play.until_on("PackReport")
    await play.settle()
    told = "\n".join([*play.screen.query_one("#report")._lines, play.text])
    await play.press("escape")
    await play.until_on("PacksScreen")
    return told


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_only_todays_and_what_was_raced_can_be_seen(
    game: Callable[..., Any],
    played: Callable[..., Any],
    paths: Paths,
    day: Callable[[date], None],
    size: tuple[int, int],
) -> None:
    day(TODAY - A_DAY)
    wish = Wish(what=PACK, players=("ann",))
    race = played(open_wish(open_store(paths), wish, ANN, library_of(paths))).race
    day(TODAY)
    seen = [passage_on(TODAY), passage_on(TODAY - A_DAY)]
    assert race.setup.passage == seen[1].id
    async with game(size=size) as play:
        await to_days(play)
        width = len(max((row[0] for row in table(play)), key=len))
        assert [row[0].rstrip("…") for row in table(play)[:2]] == [
            one.title[:width].rstrip("…") for one in seen
        ]
        assert [row[-1] for row in table(play)[:2]] == [
            "–",
            f"{race.total(0).insight_bits + 0.0:+.1f} bits",
        ]
        for ahead, row in enumerate(table(play)[2:], 1):
            comes = TODAY + ahead * A_DAY
            assert row[0] == f"hidden, {comes.day} {comes:%b}"
            assert row[-1] == "–"
        told = [play.text, play.app.export_screenshot()]
        await play.press("enter", "ctrl+end")
        told += [play.text, "\n".join(" ".join(row) for row in table(play))]
        assert "hidden, " in play.text
        # A hidden one cannot be raced, and is not told of when that is tried.
        await play.press("enter")
        await play.until_on("Notice")
        told.append(play.text)
        assert "hidden until its day" in play.words
        await play.press("enter")
        await play.until_on("PacksScreen")
        for key in ("i", "c"):
            lines = await report(play, key)
            assert seen[0].title in lines and seen[1].title in lines, "those to be seen are"
            assert "hidden, 24 Nov" in lines
            told.append(lines)
    assert not leaks("\n".join(told), seen, 1)


async def test_no_filter_finds_the_theme_of_a_hidden_one(
    game: Callable[..., Any], day: Callable[[date], None]
) -> None:
    day(TODAY)
    shown = passage_on(TODAY)
    themes = {one.theme for one in load_builtin(PACK).passages}
    async with game() as play:
        await play.until_seen("Begin here")
        await play.press("p")
        await play.until_on("PacksScreen")
        await play.until_seen("your best")
        await play.settle()
        packs = play.screen.query_one("#pack-list")
        typed = play.screen.query_one("#pack-filter")
        found: set[str] = set()
        for theme in sorted(themes):
            typed.value = theme
            play.screen._show_list()
            await play.pilot.pause()
            if PACK in [option.id for option in packs.options]:
                found.add(theme)
        assert found == {shown.theme}


@pytest.mark.parametrize("form", ["table", "json"])
def test_lists_of_the_command_tell_no_word_of_them(
    bitrace: Callable[..., Any], tmp_path: Path, form: str
) -> None:
    before = local_day()
    told = [
        bitrace(tmp_path, "packs", *words, "--format", form)
        for words in (("list",), ("show", PACK), ("check", PACK))
    ]
    assert [one.returncode for one in told] == [0, 0, 0]
    shown = passage_on(before if local_day() == before else local_day())
    assert shown.title in told[1].stdout
    if form == "json":
        listed = json.loads(told[1].stdout)["passages"]
        assert [one["theme"] for one in listed[1:]] == [""] * (len(listed) - 1)
        # By its hash a text is known only to those who have it.
        for one in told:
            one.stdout = re.sub(r'"text_sha256": "\w+"', "", one.stdout)
    assert not leaks("\n".join(one.stdout + one.stderr for one in told), [shown], 0)
