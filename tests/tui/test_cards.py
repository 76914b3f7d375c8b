"""Finished races as cards in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.bets import PASS, parse
from engine.card import card_hash
from engine.errors import InputError, StoreError
from engine.race import Race
from tui.cards import card_lines, export_race, write_cards
from tui.opening import Opened
from tui.paths import Paths
from tui.session import Listeners, Session


@pytest.fixture(autouse=True)
def at_home(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line looks into the same folders."""
    monkeypatch.setenv("BITRACE_HOME", str(paths.data.parent))


@pytest.fixture
def raced_to(opened: Callable[..., Opened], prompt: Callable[..., Any]) -> Callable[..., Race]:
    """Plays so many targets of a race."""

    def play(n_targets: int = 4, **more: Any) -> Race:
        one = opened(**more)
        session = Session(one.store, one.race, one.text)
        session.start(prompt(), Listeners())
        for _ in range(n_targets):
            for player in session.race.to_write:
                session.lock(player, parse("cook 50") if player == 0 else PASS)
        one.store.close()
        return session.race

    return play


def cards(text: str) -> list[dict[str, Any]]:
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_the_last_race_goes_to_standard_output(
    raced_to: Callable[..., Race], capsys: pytest.CaptureFixture[str]
) -> None:
    raced_to()
    race = raced_to(players=("bo",))
    raced_to(2)
    assert export_race("last", "-") == 0
    (card,) = cards(capsys.readouterr().out)
    assert card["player"] == {"name": "bo", "id": race.setup.players[0].id}
    assert card["hash"] == card_hash(card)
    assert [turn["word"] for turn in card["turns"]] == ["cook", "soup", "ledger", "there"]
    assert card["turns"][0]["slip"] == [{"word": "cook", "percent": 50}]
    assert card["instinct"]["model"] == "scripted"
    assert set(card["minds"]) == {"goldfish", "reader"}


def test_a_card_for_each_player(
    raced_to: Callable[..., Race], capsys: pytest.CaptureFixture[str]
) -> None:
    race = raced_to(players=("ann", "bo"))
    assert export_race(race.setup.race_id, "-") == 0
    ann, bo = cards(capsys.readouterr().out)
    assert (ann["player"]["name"], bo["player"]["name"]) == ("ann", "bo")
    assert ann["totals"]["insight_bits"] != 0
    assert bo["totals"]["insight_bits"] == 0


def test_a_card_in_a_file(raced_to: Callable[..., Race], tmp_path: Path) -> None:
    race = raced_to()
    file = tmp_path / "card.jsonl"
    file.write_text("what was there before", encoding="utf-8")
    assert export_race("last", str(file)) == 0
    assert file.read_text(encoding="utf-8") == card_lines(race)
    assert {path.name for path in tmp_path.iterdir()} == {"home of bitrace", "card.jsonl"}


@pytest.mark.parametrize("players", [1, 2])
def test_brackets_and_letters_of_all_kinds_stay_as_they_are(
    raced_to: Callable[..., Race], tmp_path: Path, players: int
) -> None:
    names = ("Zoë 漢字", "[/]")[:players]
    race = raced_to(players=names, passage="é[red]漢")
    file = tmp_path / "card.jsonl"
    write_cards(race, file)
    found = cards(file.read_text(encoding="utf-8"))
    assert [card["player"]["name"] for card in found] == list(names)
    assert all(card["passage"] == "é[red]漢" for card in found)
    assert all(card["hash"] == card_hash(card) for card in found)


def test_before_any_race(paths: Paths) -> None:
    with pytest.raises(InputError, match="No race has been finished yet"):
        export_race("last", "-")
    assert not paths.data.exists(), "looking makes nothing"


def test_a_race_that_is_not_finished(raced_to: Callable[..., Race]) -> None:
    race = raced_to(3)
    with pytest.raises(InputError, match="No race has been finished yet"):
        export_race("last", "-")
    with pytest.raises(InputError, match="is not finished"):
        export_race(race.setup.race_id, "-")


@pytest.mark.parametrize("race_id", ["nothing", "", "\x1b[2J", "x" * 1000])
def test_a_race_there_is_not(raced_to: Callable[..., Race], race_id: str) -> None:
    raced_to()
    with pytest.raises(StoreError, match="There is no race"):
        export_race(race_id, "-")


@pytest.mark.parametrize("where", ["no/such/folder/card.jsonl", "folder", "file/card.jsonl"])
def test_a_card_that_cannot_be_written_leaves_nothing(
    raced_to: Callable[..., Race], tmp_path: Path, where: str
) -> None:
    raced_to()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.rglob("*") if "home" not in str(path))
    with pytest.raises(StoreError, match="The card cannot be written to"):
        export_race("last", str(tmp_path / where))
    after = sorted(path.name for path in tmp_path.rglob("*") if "home" not in str(path))
    assert before == after


def test_a_place_that_no_file_can_have(raced_to: Callable[..., Race]) -> None:
    raced_to()
    for where in ("~nobody-of-that-name/card.jsonl", "x" * 300):
        with pytest.raises((StoreError, InputError)) as told:
            export_race("last", where)
        assert str(told.value).endswith(".")
