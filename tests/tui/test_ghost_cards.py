"""Ghosts from card files: a friend's card races, and no other file gets past the door."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import card
from engine.errors import BitraceError, InputError
from engine.race import Race
from tui.beginning import Terms
from tui.cards import card_lines
from tui.company import Invitation, gather
from tui.ghost_cards import ghost_from
from tui.ghosts import Course
from tui.play import open_store

TURNS = {
    "open": ("cook 60", "stew 30 soup 20", "", "passe\u0301 9"),
    "choice": ("60", "3", "", "95"),
    "shannon": ("cook", "stew soup", "", "one two three four five"),
}
BITS = {
    "open": ((7.5, 3.25), (6.0, 2.0), (0.123456789, 5.0), (12.0, 1.0)),
    "choice": ((2.5, 3.25), (3.0, 2.0), (0.123456789, 5.0), (4.0, 1.0)),
    "shannon": ((7.5, 3.25), (6.0, 2.0), (0.123456789, 5.0), (12.0, 1.0)),
}
WORDS = ("cook", "soup", "ledger", "there")


@pytest.fixture(params=["open", "choice", "shannon"])
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def run(raced: Callable[..., Race]) -> Callable[..., Race]:
    """A finished race of Ann and Bo in a mode."""

    def make(mode: str = "open", **more: Any) -> Race:
        rows = zip(WORDS, BITS[mode], TURNS[mode], strict=True)
        turns = [(word, *bits, turn, TURNS[mode][0]) for word, bits, turn in rows]
        return raced(*turns, mode=mode, **{"players": ("Ann", "Bo"), **more})

    return make


def course_of(race: Race) -> Course:
    setup = race.setup
    return Course(setup.text_sha256, setup.mode, setup.targets, setup.draw.seed)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Any]:
    """Writes something to a file and makes a ghost of it."""

    def from_(written: Any, course: Course) -> Any:
        file = tmp_path / "card.jsonl"
        if isinstance(written, dict):
            written = json.dumps(written)
        file.write_bytes(written if isinstance(written, bytes) else written.encode())
        return ghost_from(str(file), course)

    return from_


def made(race: Race, place: int = 0) -> dict[str, Any]:
    """A player's card, to be spoilt."""
    return json.loads(card_lines(race).splitlines()[place])


def signed_again(spoilt: dict[str, Any]) -> dict[str, Any]:
    """With the hash of what now stands there."""
    return {**spoilt, "hash": card.card_hash(spoilt)}


# ---- cards that race ----


def test_a_card_becomes_a_ghost(run: Any, load: Any, mode: str) -> None:
    race = run(mode)
    ghost = load(made(race), course_of(race))
    assert ghost.name == "Ann"
    assert ghost.player_id == race.setup.players[0].id
    assert ghost.key == f"ghost:{made(race)['hash'][:8]}"
    paid = {
        target.index: race.score(at, 0).bits for at, target in enumerate(race.setup.targets)
    }
    assert ghost.bits == pytest.approx(paid, abs=1e-6)
    told = {
        "open": ("cook 60", "stew 30 soup 20", "passed", "passe\u0301 9"),
        "choice": ("cook 60 anchor 8", "anchor 20", "anchor 17", "there 95"),
        "shannon": ("cook ✓", "stew ✗ · soup ✓", "no guess", "one ✗ · two ✗ · three ✗"),
    }[mode]
    for target, said in zip(race.setup.targets, told, strict=True):
        assert ghost.said[target.index].startswith(said)


def test_the_first_card_of_the_course_is_taken(run: Any, load: Any) -> None:
    race, other = run(), run("shannon")
    lines = card_lines(other) + "\n" + card_lines(race)
    assert load(lines, course_of(race)).name == "Ann"
    assert load(lines.replace("\n", "\r\n"), course_of(other)).bits.keys()
    # A card laid out over many lines is one, too.
    assert load(json.dumps(made(race, 1), indent=4), course_of(race)).name == "Bo"


def test_another_writer_may_write_whole_numbers(run: Any, load: Any) -> None:
    race = run()
    written = made(race)
    written["turns"][1]["instinct_bits"] = 6
    assert load(signed_again(written), course_of(race)).name == "Ann"


def test_a_card_is_invited_by_its_file(run: Any, tmp_path: Path, paths: Any) -> None:
    race = run()
    file = tmp_path / "friend's card.jsonl"
    file.write_text(card_lines(race))
    store = open_store(paths)
    invitation = Invitation((f"ghost:{file}",), (store.player("dora"),), course_of(race))
    company = gather(store, invitation)
    assert [ghost.name for ghost in company.ghosts] == ["Ann"]
    store.close()


def test_the_race_of_a_session_comes_back_as_it_was(
    opened: Any, played: Any, load: Any, mode: str
) -> None:
    words = ["anchor", "barrel", "candle", "dagger", "engine", "feather"]
    one = opened(terms=Terms(mode=mode), elsewhere={word: word for word in words})
    race = played(one, *TURNS[mode][:2]).race
    ghost = load(made(race), course_of(race))
    assert sum(ghost.bits.values()) == pytest.approx(race.total(0).bits, abs=1e-5)


# ---- cards of other races ----


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"text_sha256": "1" * 64}, "it was run on another text"),
        ({"mode": "shannon"}, "it was run in the mode choice, this one is shannon"),
        ({"seed": 4}, "its six words were drawn by seed 0, here it is 4"),
        ({"targets": ()}, "other words were to be predicted"),
    ],
)
def test_what_differs_is_told(run: Any, load: Any, other: dict[str, Any], told: str) -> None:
    race = run("choice")
    with pytest.raises(InputError, match=told):
        load(made(race), replace(course_of(race), **other))


def test_seeds_matter_only_where_six_are_drawn(run: Any, load: Any) -> None:
    race = run()
    assert load(made(race), replace(course_of(race), seed=4)).name == "Ann"


def test_several_cards_of_other_races(run: Any, load: Any) -> None:
    with pytest.raises(
        InputError, match="each of the 2 cards is of another race: it was run in"
    ):
        load(card_lines(run()), course_of(run("shannon")))


# ---- cards that are wrong ----


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "fewer bits": (
        lambda one: one["turns"][1].update(bits=0.5),
        "numbers do not follow from its slips",
    ),
    "bits by a hair": (
        lambda one: one["turns"][1].update(bits=one["turns"][1]["bits"] - 5e-6),
        "numbers do not follow from its slips",
    ),
    "another sum": (
        lambda one: one["totals"].update(insight_bits=99.0),
        "numbers do not follow from its slips",
    ),
    "another sum of a mind": (
        lambda one: one["totals"]["minds"].update(reader=1.0),
        "numbers do not follow from its slips",
    ),
    "no sum of a mind": (
        lambda one: one["totals"].update(minds={}),
        "numbers do not follow from its slips",
    ),
    "a mind missing at a turn": (
        lambda one: one["turns"][2].update(minds={}),
        "numbers do not follow from its slips",
    ),
    "another slip": (
        lambda one: one["turns"][0]["slip"][0].update(percent=99),
        "numbers do not follow from its slips",
    ),
    "over 99 percent": (
        lambda one: one["turns"][1]["slip"][0].update(percent=98),
        "a slip breaks a rule",
    ),
    "one word twice": (
        lambda one: one["turns"][1]["slip"][1].update(word="Stew"),
        "a slip breaks a rule",
    ),
    "two words": (
        lambda one: one["turns"][1]["slip"][1].update(word="of\x1b[2J"),
        "a slip breaks a rule",
    ),
    "another word": (
        lambda one: one["turns"][0].update(word="stew"),
        "words are not those of the text",
    ),
    "another place": (
        lambda one: one["turns"][0].update(start=1),
        "words are not those of the text",
    ),
    "a turn too few": (
        lambda one: one["turns"].pop(),
        "words are not those of the text",
    ),
    "six words": (
        lambda one: one["turns"][0].update(
            six=[{"word": word, "instinct_bits": 2.0, "minds": {}} for word in "abcdef"]
        ),
        "a slip breaks a rule",
    ),
    "guesses": (lambda one: one["turns"][0].update(guesses=["cook"]), "a slip breaks a rule"),
    "bits below zero": (lambda one: one["turns"][0].update(bits=-1.0), "turns.0.bits"),
    "huge bits": (lambda one: one["turns"][0].update(bits=1e300), "turns.0.bits"),
    "bits as text": (lambda one: one["turns"][0].update(bits="1.0"), "turns.0.bits"),
    "half a percent": (
        lambda one: one["turns"][0]["slip"][0].update(percent=0.5),
        "turns.0.slip.0.percent",
    ),
    "yes for a number": (lambda one: one.update(attempt=True), "attempt"),
    "a key of its own": (lambda one: one.update(extra=1), "extra"),
    "a key too few": (lambda one: one.pop("known"), "known"),
    "no turns": (lambda one: one.update(turns=[]), "turns"),
    "a newer form": (lambda one: one.update(format=2), "update bitrace"),
    "an escape in the name": (
        lambda one: one["player"].update(name="Ann\x1b]0;owned\x07"),
        "player.name",
    ),
    "a turned name": (lambda one: one["player"].update(name="a\u202eb"), "player.name"),
    "no name": (lambda one: one["player"].update(name=""), "player.name"),
    "a mode of its own": (lambda one: one.update(mode="chess"), "mode"),
    "an escape in a key": (
        lambda one: one["totals"]["minds"].update({"\x1b[2J" * 9: "x"}),
        "totals.minds",
    ),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_card_is_refused_in_a_sentence(
    run: Any, load: Any, unsafe: Callable[[str], set[str]], how: str
) -> None:
    race, (spoil, told) = run(), WRONG[how]
    spoilt = made(race)
    spoil(spoilt)
    with pytest.raises(InputError) as error:
        load(signed_again(spoilt), course_of(race))
    assert told in str(error.value)
    assert not unsafe(str(error.value))
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)
    assert not {"stew", "soup"} & set(str(error.value).split()), "the race is still to come"


@pytest.mark.parametrize(
    ("mode", "spoil"),
    [
        ("choice", lambda turn: turn.pop("six")),
        ("choice", lambda turn: turn["six"].pop()),
        ("choice", lambda turn: turn["six"][0].update(word="cook")),
        ("choice", lambda turn: turn["six"][0].update(minds={})),
        ("choice", lambda turn: turn["six"][0].update(instinct_bits=0.1)),
        ("choice", lambda turn: turn["six"][2]["minds"].update(reader=0.1)),
        ("choice", lambda turn: turn.update(instinct_bits=4.0)),
        ("choice", lambda turn: turn["slip"][0].update(percent=40)),
        ("choice", lambda turn: turn["slip"][0].update(word="other")),
        ("choice", lambda turn: turn.update(slip=[])),
        ("shannon", lambda turn: turn.pop("guesses")),
        ("shannon", lambda turn: turn["guesses"].append("late")),
        ("shannon", lambda turn: turn.update(guesses=["a", "A", "cook"])),
        ("shannon", lambda turn: turn.update(guesses=["of course", "cook"])),
        ("shannon", lambda turn: turn.update(guesses=[])),
        ("shannon", lambda turn: turn.update(slip=[{"word": "cook", "percent": 50}])),
    ],
)
def test_wrong_turns_of_other_modes(run: Any, load: Any, mode: str, spoil: Any) -> None:
    race = run(mode)
    spoilt = made(race)
    spoil(spoilt["turns"][0])
    with pytest.raises(InputError, match=r"is wrong in itself|is no card of bitrace"):
        load(signed_again(spoilt), course_of(race))


def test_a_card_that_was_changed(run: Any, load: Any) -> None:
    race = run()
    with pytest.raises(InputError, match="is not as it was written"):
        load({**made(race), "known": True}, course_of(race))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n \n",
        b"no JSON",
        b"[]",
        b"7",
        b'"card"',
        b"null",
        b"{}",
        b'{"format": 1',
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"format": ' * 200_000,
        b'{"turns": [NaN]}',
        b"1" * 5_000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_no_card(run: Any, load: Any, raw: bytes) -> None:
    with pytest.raises(InputError, match=r"is no card of bitrace|holds no card"):
        load(raw, course_of(run()))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(run: Any, load: Any, number: str) -> None:
    race = run()
    text = json.dumps(made(race)).replace('"bits": 7.5', f'"bits": {number}')
    text = text.replace('"instinct_bits": 7.5', f'"instinct_bits": {number}')
    assert number in text
    with pytest.raises(InputError, match="is no card of bitrace"):
        load(text, course_of(race))


def test_files_that_are_too_large_or_none(run: Any, load: Any, tmp_path: Path) -> None:
    course = course_of(run())
    with pytest.raises(InputError, match="over 5 MB"):
        load(b" " * 5_000_001, course)
    for path, told in (
        (str(tmp_path / "gone.json"), "does not exist"),
        (str(tmp_path), "is a folder"),
        ("", "is a folder"),
        ("a\0b", "does not exist"),
        ("/dev/zero", "not an ordinary file"),
    ):
        with pytest.raises(InputError, match=told):
            ghost_from(path, course)
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    with pytest.raises(InputError, match="not an ordinary file"):
        ghost_from(str(fifo), course)


def test_the_wrong_line_is_named(run: Any, load: Any) -> None:
    lines = card_lines(run("shannon")) + "{}\n"
    with pytest.raises(InputError, match=r"card\.jsonl, line 3 is no card"):
        load(lines, course_of(run()))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_stands_in_a_card_it_is_a_ghost_or_a_sentence(
    run: Any, load: Any, unsafe: Callable[[str], set[str]], data: st.DataObject
) -> None:
    race = run(data.draw(st.sampled_from(["open", "choice", "shannon"])))
    spoilt = made(race)
    part: Any = spoilt
    while True:
        key = data.draw(
            st.sampled_from(list(part) if isinstance(part, dict) else range(len(part)))
        )
        inner = part[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        part = inner
    part[key] = data.draw(JSON)
    try:
        written = signed_again(spoilt)
    except ValueError:  # not to be written as a card at all
        written = spoilt
    try:
        ghost = load(written, course_of(race))
    except BitraceError as error:
        assert not unsafe(str(error))
    else:
        assert all(math.isfinite(bits) and bits >= 0 for bits in ghost.bits.values())
        assert not any(unsafe(text) for text in (ghost.name, *ghost.said.values()))
