"""The passage as it is shown: what is seen of it, and in which pieces."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bets import parse
from engine.race import (
    Draw,
    Identified,
    Identity,
    Locked,
    Player,
    Race,
    Revealed,
    Setup,
    Started,
    advance,
)
from engine.targets import as_targets
from engine.words import Text, prepare, words
from tui.literal import clean
from tui.passage_text import BLANK, Piece, in_full, in_play, reflow

WORDS = st.lists(st.from_regex(r"[a-zé漢]{1,9}", fullmatch=True), min_size=6, max_size=40)
GAPS = st.lists(
    st.sampled_from([" ", "\n", "\n\n", ", ", " [/] ", " \x1b[2J ", "\t", ".\r\n", " \u202e"]),
    min_size=40,
    max_size=40,
)
IDENTITY = Identity("m", "m.gguf", "0" * 64, "q", 1, "cpu", 9)


def race_on(text: Text, every: int, n_done: int) -> Race:
    """A race whose targets are every so-manieth word, some of them done."""
    found = as_targets(words(text.normalized)[1::every])
    setup = Setup(
        "r",
        "t",
        text.sha256,
        found,
        Draw("marked", len(found), 0),
        (Player("1", "ann"),),
        (1,),
        ("reader",),
        "at",
    )
    race = advance(None, Started(setup))
    race = advance(race, Identified(IDENTITY, {"reader": IDENTITY}))
    for target in range(min(n_done, len(found))):
        race = advance(race, Locked(target, 0, parse("x 50"), "at"))
        race = advance(race, Revealed(target, 2.0 + target, {"reader": 12.0}, "at"))
    return race


def shown(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


# ---- lines ----


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_reflowing_keeps_length_and_is_safe(text: str) -> None:
    flowed = reflow(text)
    assert len(flowed) == len(text)
    assert clean(flowed, newlines=True) == flowed
    assert reflow(flowed) == flowed


@given(st.text(st.sampled_from("ab \n\t\x1b"), max_size=400))
def test_reflowing_only_joins_lines(text: str) -> None:
    before = clean(text, newlines=True)
    for old, new in zip(before, reflow(text), strict=True):
        assert old == new or (old, new) == ("\n", " ")


def test_lines_wrapped_by_hand_are_joined() -> None:
    wrapped = "A line that somebody wrapped by hand in an editor,\n" * 4
    assert reflow(wrapped.strip()) == wrapped.strip().replace("\n", " ")
    two = f"{wrapped.strip()}\n\n{wrapped.strip()}"
    assert reflow(two).count("\n") == 2, "paragraphs stay apart"


def test_whether_lines_are_joined_does_not_depend_on_what_follows() -> None:
    """Else the length of lines that nobody has seen yet would show."""
    seen = "A line of forty-four characters, or about it\nand here a second, with the "
    race = race_on(prepare(f"{seen}cook."), 1, len(words(seen)) - 1)
    assert race.setup.targets[race.target].word == "cook"
    short = in_play(race, prepare(seen + "cook.\n" + "short\n" * 9).shown)
    long = in_play(race, prepare(seen + "cook.\n" + f"{'A longer line. ' * 5}\n" * 9).shown)
    assert short == long


def test_short_lines_stay() -> None:
    verse = "The ferry left\nthe harbour late,\nand four had come\nwhere five might wait."
    assert reflow(verse) == verse


def test_one_line_a_paragraph_stays() -> None:
    text = "\n\n".join(
        "A paragraph that is one long line in its file, whatever its length." * 2
    )
    assert reflow(text) == text


# ---- while it is played ----


@given(WORDS, GAPS, st.integers(2, 5), st.integers(0, 12))
def test_only_what_comes_before_the_blank_is_shown(
    found: list[str], gaps: list[str], every: int, n_done: int
) -> None:
    text = prepare("".join(word + gap for word, gap in zip(found, gaps, strict=False)))
    race = race_on(text, every, n_done)
    pieces = in_play(race, text.shown)
    assert [piece for piece in pieces if piece.kind == "blank"] == (
        [] if race.phase == "finished" else [Piece(BLANK, "blank")]
    )
    assert all(clean(piece.text, newlines=True) == piece.text for piece in pieces)
    told = "".join(
        piece.text[:-1] if piece.kind == "target" else piece.text
        for piece in pieces
        if piece.kind != "blank"
    )
    if race.phase == "finished":
        end = race.setup.targets[-1].end
    else:
        end = race.setup.targets[race.target].start
        assert pieces[-1].kind == "blank"
    flat = clean(text.shown, newlines=True).replace("\n", " ")
    assert told.replace("\n", " ") == flat[:end]


@given(WORDS, GAPS, st.integers(2, 5), st.integers(1, 12))
def test_a_word_just_revealed_ends_what_is_shown(
    found: list[str], gaps: list[str], every: int, n_done: int
) -> None:
    text = prepare("".join(word + gap for word, gap in zip(found, gaps, strict=False)))
    race = race_on(text, every, n_done)
    fresh = race.target - 1
    pieces = in_play(race, text.shown, fresh)
    target = race.setup.targets[fresh]
    assert pieces[-1].kind == "fresh"
    assert pieces[-1].target == fresh
    assert pieces[-1].text[:-1] == text.shown[target.start : target.end]
    assert [piece.kind for piece in pieces].count("fresh") == 1
    assert "blank" not in [piece.kind for piece in pieces]


@given(WORDS, GAPS, st.integers(2, 5), st.data())
def test_the_same_is_shown_whatever_comes_behind(
    found: list[str], gaps: list[str], every: int, data: st.DataObject
) -> None:
    head = prepare("".join(word + gap for word, gap in zip(found, gaps, strict=False)))
    n_done = data.draw(st.integers(0, 3))
    race = race_on(head, every, n_done)
    if race.phase == "finished":
        return
    cut = race.setup.targets[race.target].start
    behind = data.draw(st.sampled_from(["x", "word " * 50, "a\nb\n" * 30, "long " * 20 + "\n"]))
    other = prepare(head.shown[:cut] + "y" + behind)
    same = race_on(head, every, n_done)
    assert in_play(race, head.shown) == in_play(same, other.shown)


def test_the_blank_does_not_depend_on_the_word() -> None:
    blanks = set()
    for word in ("a", "word", "antidisestablishmentarianism", "漢"):
        text = prepare(f"Then {word} came.")
        blanks.add(shown(in_play(race_on(text, 9, 0), text.shown)))
    assert blanks == {f"Then {BLANK}"}


def test_the_cheapest_slip_colours_a_target(raced: Callable[..., Race]) -> None:
    race = raced(
        ("cook", 7.0, 2.0, "thief 90", "cook 50"),
        ("soup", 7.0, 2.0, "", "thief 99"),
        players=("ann", "bo"),
    )
    text = "cook soup"
    pieces = [piece for piece in in_play(race, text) if piece.kind == "target"]
    assert [(piece.text, piece.heat) for piece in pieces] == [("cook▁", 0), ("soup▅", 3)]


# ---- at the end ----


@given(WORDS, GAPS, st.integers(2, 5))
def test_the_whole_passage_at_the_end(found: list[str], gaps: list[str], every: int) -> None:
    text = prepare("".join(word + gap for word, gap in zip(found, gaps, strict=False)))
    race = race_on(text, every, 99)
    pieces = in_full(race, text.shown, 0, "reader")
    told = "".join(
        piece.text[:-2] if piece.kind == "target" else piece.text for piece in pieces
    )
    flat = clean(text.shown, newlines=True).replace("\n", " ")
    assert told.replace("\n", " ") == flat
    targets = [piece for piece in pieces if piece.kind == "target"]
    assert [piece.target for piece in targets] == list(range(race.target))
    assert all(piece.text.endswith("▇") for piece in targets), "Reader paid 12 bits"


@pytest.mark.parametrize(("rival", "mark"), [("reader", "▁▂"), (None, "▁")])
def test_glyphs_of_player_and_rival(
    raced: Callable[..., Race], rival: str | None, mark: str
) -> None:
    race = raced(("cook", 7.0, 2.0, "cook 50"))
    (piece,) = [piece for piece in in_full(race, "cook", 0, rival) if piece.kind == "target"]
    assert piece.text == f"cook{mark}"
