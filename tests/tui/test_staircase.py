"""The picture of the staircase: drawn to an eighth of a cell, in any size, and what it says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Size

from engine.ladder import Staircase, steps
from engine.minds import READER, STRANGER, short_memory
from engine.race import Race
from tui.screens.base import SCREENS_CSS
from tui.stairs import Stair, Stairs, memory_sense, stairs
from tui.widgets.staircase import MEAN, OWN, StaircaseView

LABELS = ("0", "1", "2", "4", "8", "16", "32", "64", "128", "all")
WORD = (14.2, 12.9, 12.1, 13.1, 8.2, 6.0, 3.4, 2.2, 1.3, 0.9)
MEANS = (11.7, 8.4, 7.4, 6.8, 6.2, 5.7, 5.1, 4.8, 4.5, 4.4)
EIGHTHS = " ▁▂▃▄▅▆▇█"
GUTTER = 7


def frame(bits: Any = WORD, means: Any = MEANS, own_bits: float = 1.7, **more: Any) -> Stairs:
    """A frame of the picture."""
    labels = more.pop("labels", LABELS)
    found = tuple(Stair(*step) for step in zip(labels, bits, means, strict=False))
    known = [one for one in (*bits, *means, own_bits, 8.0) if one is not None]
    facts = {"word": "husband", "heading": "“husband”, target 4 of 8", "own": "you"}
    return Stairs(
        **{**facts, "n_words": 8, "scale_bits": max(known), **more},
        stairs=found,
        own_bits=own_bits,
    )


class Picture(App[None]):
    """The widget and nothing else."""

    CSS_PATH = SCREENS_CSS
    CSS = "StaircaseView { padding: 0; }"

    def __init__(self, shown: Stairs) -> None:
        super().__init__()
        self._shown = shown

    def compose(self) -> ComposeResult:
        yield StaircaseView()

    def on_mount(self) -> None:
        self.query_one(StaircaseView).show(self._shown)

    @property
    def lines(self) -> list[str]:
        return [strip.text for strip in self.screen._compositor.render_strips()]


@asynccontextmanager
async def drawn(shown: Stairs, width: int, height: int) -> AsyncGenerator[Picture]:
    app = Picture(shown)
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        yield app


async def rows_of(shown: Stairs, width: int = 80, height: int = 18) -> list[str]:
    async with drawn(shown, width, height) as app:
        return [line.rstrip() for line in app.lines]


SMALL = """\
“husband”, target 4 of 8            ━ mean of 8  ─ you 1.7
      │█████▃▃▃▃▃     ▄▄▄▄▄
      │█━━█████████████████
   10 ┤██████━━████████████
      │███████████━━███━━███━━██
      │██████████████████████████━━██ ━━   ━━   ━━   ━━
      │██████████████████████████████▅▅▅▅▅▁▁▁▁▁
  1.7 ┤────────────────────────────────────────▅▅▅▅▅▄▄▄▄▄
words    0    1    2    4    8   16   32   64   128  all
husba… 14.2 12.9 12.1 13.1  8.2  6.0  3.4  2.2  1.3  0.9
mean   11.7  8.4  7.4  6.8  6.2  5.7  5.1  4.8  4.5  4.4"""

USUAL = """\
“husband”, target 4 of 8                                ━ mean of 8  ─ you 1.7
      │███████▁▁▁▁▁▁▁       ▂▂▂▂▂▂▂
      │██━━━█████████▄▄▄▄▄▄▄███████
   10 ┤████████████████████████████
      │████████████████████████████
      │█████████━━━████━━━█████████▆▆▆▆▆▆▆
      │███████████████████████━━━████━━━██▂▂▂▂▂▂▂
    5 ┤█████████████████████████████████████━━━██  ━━━    ━━━    ━━━    ━━━
      │██████████████████████████████████████████▃▃▃▃▃▃▃
  1.7 ┤─────────────────────────────────────────────────▄▄▄▄▄▄▄──────────────
      │████████████████████████████████████████████████████████▇▇▇▇▇▇▇▅▅▅▅▅▅▅
    0 └──────────────────────────────────────────────────────────────────────
words     0      1      2      4      8     16     32     64     128    all
husba…  14.2   12.9   12.1   13.1    8.2    6.0    3.4    2.2    1.3    0.9
mean    11.7    8.4    7.4    6.8    6.2    5.7    5.1    4.8    4.5    4.4"""

LARGE = """\
“husband”, target 4 of 8                                                                  ━ mean of 8  ─ you 1.7
      │██████████
      │██████████▂▂▂▂▂▂▂▂▂▂          ▄▄▄▄▄▄▄▄▄▄
      │████████████████████▂▂▂▂▂▂▂▂▂▂██████████
      │██━━━━━█████████████████████████████████
      │████████████████████████████████████████
   10 ┤████████████████████████████████████████
      │████████████████████████████████████████
      │████████████━━━━━███████████████████████
      │██████████████████████████████████████████████████
      │██████████████████████━━━━━█████━━━━━█████████████
      │██████████████████████████████████████████━━━━━███
      │████████████████████████████████████████████████████━━━━━███
    5 ┤████████████████████████████████████████████████████████████  ━━━━━     ━━━━━     ━━━━━
      │████████████████████████████████████████████████████████████                                ━━━━━
      │████████████████████████████████████████████████████████████▄▄▄▄▄▄▄▄▄▄
      │██████████████████████████████████████████████████████████████████████
  1.7 ┤────────────────────────────────────────────────────────────────────────────────────────────────────
      │████████████████████████████████████████████████████████████████████████████████▆▆▆▆▆▆▆▆▆▆▂▂▂▂▂▂▂▂▂▂
      │████████████████████████████████████████████████████████████████████████████████████████████████████
    0 └────────────────────────────────────────────────────────────────────────────────────────────────────
words      0         1         2         4         8         16        32        64       128       all
husba…    14.2      12.9      12.1      13.1       8.2       6.0       3.4       2.2       1.3       0.9
mean      11.7       8.4       7.4       6.8       6.2       5.7       5.1       4.8       4.5       4.4"""  # noqa: E501


@pytest.mark.parametrize(
    ("size", "expected"),
    [((58, 11), SMALL), ((78, 15), USUAL), ((112, 24), LARGE)],
    ids=["58x11", "78x15", "112x24"],
)
async def test_the_picture(size: tuple[int, int], expected: str) -> None:
    assert "\n".join(await rows_of(frame(), *size)) == expected


class Sized(StaircaseView):
    """Has a size without a screen."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._given = Size(width, height)

    @property
    def content_size(self) -> Size:
        return self._given

    def line(self, shown: Stairs, y: int) -> str:
        self._stairs = shown
        return "".join(text for text, _, _ in self._cells(shown, y))


def eighths(column: str) -> int:
    """How high a column of the picture is filled. The line of no bits lies on full cells."""
    return sum(8 if one == OWN else EIGHTHS.index(one) for one in column)


one_step = st.tuples(st.floats(0, 30), st.one_of(st.none(), st.floats(0, 30)))


@given(st.lists(one_step, min_size=10, max_size=11), st.integers(58, 160), st.integers(9, 60))
def test_every_step_is_as_high_as_its_bits(
    drawn_steps: list[tuple[float, float | None]], width: int, height: int
) -> None:
    bits, means = zip(*drawn_steps, strict=True)
    shown = frame(bits, means, own_bits=0.0, labels=(*LABELS[:-1], "all", "all+"))
    view = Sized(width, height)
    lines = [view.line(shown, y) for y in range(height)]
    assert all(cell_len(line) <= width for line in lines)
    axis = any("└" in line for line in lines)
    picture = lines[1 : height - 3 - axis]
    step = (width - GUTTER) // len(bits)
    for place, (of, mean) in enumerate(drawn_steps):
        left = GUTTER + place * step
        column = "".join(line[left] for line in picture)
        top = eighths(column)
        assert top == max(1, round(8 * len(picture) * of / shown.scale_bits))
        middle = "".join(line[left + step // 2] for line in picture)
        marks = [row for row, one in enumerate(middle) if one == MEAN]
        assert len(marks) == (mean is not None)
        if mean is not None:
            up = len(picture) - 1 - marks[0]
            assert abs(up + 0.5 - len(picture) * mean / shown.scale_bits) <= 1.5001
            told_apart = 8 * len(picture) * abs(mean - of) / shown.scale_bits > 1
            if 0 < up < len(picture) - 1 and told_apart:
                above, below = 8 * up >= top, 8 * up + 8 <= top
                assert above if mean > of else below, "on the right side of the step's end"


@given(st.floats(0, 30), st.integers(9, 60))
def test_the_player_s_line_is_where_their_bits_are(own_bits: float, height: int) -> None:
    shown = frame((30.0,) * 10, (None,) * 10, own_bits)
    view = Sized(80, height)
    lines = [view.line(shown, y) for y in range(height)]
    rows = [y for y, line in enumerate(lines) if OWN * 70 in line and "└" not in line]
    axis = any("└" in line for line in lines)
    n_rows = height - 4 - axis
    (row,) = rows
    up = n_rows - row
    assert abs(up + 0.5 - n_rows * own_bits / 30) <= 0.5001
    assert lines[row].startswith(f"{own_bits:5.1f} ┤")


async def test_what_has_not_been_read_is_a_gap() -> None:
    bits = (14.2, None, None, 13.1, *(None,) * 5, 0.9)
    means = (None, None, None, 6.8, *(None,) * 5, 4.4)
    rows = await rows_of(frame(bits, means, own_bits=4.0), 78, 15)
    assert rows[-2].split() == ["husba…", "14.2", "…", "…", "13.1", *"…" * 5, "0.9"]
    assert rows[-1].split() == ["mean", "…", "…", "…", "6.8", *"…" * 5, "4.4"]
    assert rows[10][14:28] == "   ·      ·   "
    assert not {*EIGHTHS[1:]} & {*"".join(row[14:28] for row in rows)}


async def test_one_word_has_no_mean() -> None:
    rows = await rows_of(frame(n_words=1), 78, 15)
    assert "mean" not in "".join(rows)
    assert MEAN not in "".join(rows)
    assert rows[-1].startswith("husba…")


async def test_nothing_to_show_yet() -> None:
    app = Picture(frame())
    async with app.run_test(size=(60, 12)) as pilot:
        app.query_one(StaircaseView)._stairs = None
        app.query_one(StaircaseView).refresh()
        await pilot.pause()
        assert not "".join(app.lines).strip()


@pytest.mark.parametrize("word", ["漢字" * 9, "👩‍🚀" * 9, "x" * 99, "नमस्ते", "é"])
@pytest.mark.parametrize("width", [58, 78])
async def test_words_and_names_of_any_width_keep_the_columns(word: str, width: int) -> None:
    usual = await rows_of(frame(), width, 15)
    shown = frame(word=word, heading=f"“{word}”, target 4 of 8", own=word)
    async with drawn(shown, width, 15) as app:
        assert {cell_len(line) for line in app.lines} == {width}
        assert f"{MEAN} mean of 8" in app.lines[0]
        assert app.lines[0].rstrip().endswith(" 1.7")
        assert app.lines[1:-2] == [row.ljust(width) for row in usual[1:-2]]
        assert cell_len(app.lines[-2].partition("14.2")[0]) == usual[-2].index("14.2")


async def test_steps_have_the_colours_of_their_bits() -> None:
    async with drawn(frame(), 78, 15) as app:
        view = app.query_one(StaircaseView)
        steps_of = [segment for segment in view.render_line(10) if "█" in segment.text]
        colours = [str(segment.style.color) for segment in steps_of if segment.style]
        assert len(set(colours)) == 4, "10 bits or more, 6, 3, 1"
        # Full cells have their colour behind them, too, and the player's line lies on that.
        behind = [str(segment.style.bgcolor) for segment in steps_of if segment.style]
        assert behind == colours
        line = [segment for segment in view.render_line(9) if OWN in segment.text]
        assert [str(segment.style.bgcolor) for segment in line if segment.style][:3] == colours[
            :3
        ]


async def test_it_is_drawn_anew_when_it_grows() -> None:
    app = Picture(frame())
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        await pilot.resize_terminal(112, 24)
        await pilot.pause()
        assert "\n".join(line.rstrip() for line in app.lines) == LARGE


# ---- what there is to say ----


@pytest.fixture
def race(raced: Callable[..., Race]) -> Race:
    """Two targets; Instinct's and Reader's bits, a slip each."""
    return raced(("cook", 7.0, 2.0, "cook 50"), ("soup", 5.0, 1.0, "thief 75"))


def climbed(race: Race, primer: str = "", **of: list[float]) -> Staircase:
    """A staircase of a race with the bits given by the minds' keys."""
    indices = tuple(target.index for target in race.setup.targets)
    minds = steps(primer)
    bits = {mind.key: dict(zip(indices, of.get(mind.key, ()), strict=False)) for mind in minds}
    return Staircase(indices, minds, bits)


WHOLE = {
    **{mind.key: [9.0, 8.0] for mind in steps()},
    "memory_4": [7.04, 5.0],
    "reader": [2.0, 5.5],
    "stranger": [8.0, 6.5],
}


def test_the_frame_of_a_target(race: Race) -> None:
    shown = stairs(race, climbed(race, **WHOLE), 1, 0, "Soup\x1b")
    assert [stair.label for stair in shown.stairs] == list(LABELS)
    assert shown.stairs[3] == Stair("4", 5.0, 6.02)
    assert shown.stairs[-1] == Stair("all", 5.5, 3.75)
    assert shown.word == "Soup\ufffd"
    assert shown.heading == "“Soup\ufffd”, target 2 of 2"
    assert shown.own == "you"
    assert shown.own_bits == pytest.approx(7.0)
    assert shown.n_words == 2


def test_one_scale_for_all_targets(race: Race) -> None:
    staircase = climbed(race, **WHOLE)
    scales = {stairs(race, staircase, target, 0, "x").scale_bits for target in (0, 1)}
    assert scales == {9.0}
    high = climbed(race, **{**WHOLE, "memory_0": [23.0, 1.0]})
    assert stairs(race, high, 1, 0, "x").scale_bits == 23.0
    assert stairs(race, climbed(race), 0, 0, "x").scale_bits == 8.0, "at least"


def test_a_player_s_bits_are_on_the_scale(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 20.0, 2.0, "thief 99"))
    shown = stairs(race, climbed(race), 0, 0, "cook")
    assert shown.scale_bits == shown.own_bits > 26


def test_what_memory_was_worth(race: Race) -> None:
    first = memory_sense(race, climbed(race, **WHOLE), 0, 0)
    assert first == [
        "With 4 words of memory it was 7.0 bits, with all of them 2.0: memory was worth 5.0. "
        "You paid 1.0.",
        "Over 2 words: from 6.0 bits a word to 3.8; you paid 4.0.",
    ]
    second = memory_sense(race, climbed(race, **WHOLE), 1, 0)
    assert "memory cost 0.5." in second[0]


@pytest.mark.parametrize(
    ("few", "everything", "told"),
    [
        (13.14, 1.16, "13.1 bits, with all of them 1.2: memory was worth 11.9."),
        (5.04, 4.96, "5.0 bits, with all of them 5.0: memory changed nothing."),
        (5.04, 5.06, "5.0 bits, with all of them 5.1: memory cost 0.1."),
    ],
)
def test_what_is_said_adds_up(race: Race, few: float, everything: float, told: str) -> None:
    staircase = climbed(race, memory_4=[few], reader=[everything])
    (sentence,) = memory_sense(race, staircase, 0, 0)
    assert told in sentence


def test_nothing_is_said_of_what_has_not_been_read(race: Race) -> None:
    assert memory_sense(race, climbed(race), 0, 0) == []
    assert memory_sense(race, climbed(race, reader=[2.0, 1.0]), 0, 0) == []
    only_first = climbed(race, memory_4=[7.0], reader=[2.0])
    assert len(memory_sense(race, only_first, 0, 0)) == 1
    assert memory_sense(race, only_first, 1, 0) == []


def test_what_the_primer_was_worth(race: Race) -> None:
    staircase = climbed(race, "A lemma.", **WHOLE)
    assert staircase.minds[-2:] == (STRANGER, READER)
    shown = stairs(race, staircase, 0, 0, "cook")
    assert [stair.label for stair in shown.stairs[-2:]] == ["all", "all+"]
    told = memory_sense(race, staircase, 0, 0)
    assert "with all of them and the primer 2.0" in told[0]
    assert told[-1] == "The primer was worth 7.0 bits to Reader (all → all+)."
    worse = climbed(race, "A lemma.", **{**WHOLE, "stranger": [1.0, 1.0]})
    assert memory_sense(race, worse, 0, 0)[-1].startswith("The primer cost 5.5 bits to Reader")


def test_one_target_has_no_mean_to_speak_of(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 7.0, 2.0, "cook 50"))
    staircase = climbed(race, memory_4=[7.0], reader=[2.0])
    assert len(memory_sense(race, staircase, 0, 0)) == 1


def test_among_several_the_player_is_named(raced: Callable[..., Race]) -> None:
    race = raced(("cook", 7.0, 2.0, "", "cook 50"), players=("ann", "[b]bo\x1b"))
    staircase = climbed(race, memory_4=[7.0], reader=[2.0])
    assert stairs(race, staircase, 0, 1, "cook").own == "[b]bo\ufffd"
    assert memory_sense(race, staircase, 0, 1)[0].endswith("[b]bo\ufffd paid 1.0.")


def test_the_step_it_is_compared_with_is_instinct_s() -> None:
    assert short_memory(4) in steps()
