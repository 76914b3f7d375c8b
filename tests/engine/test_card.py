"""The card: all shown can be recomputed from it, and no change goes unnoticed."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import random
from collections.abc import Iterator
from typing import Any

import pytest

from engine.bets import PASS, Bet, slip
from engine.card import card_hash, make
from engine.errors import RaceError
from engine.race import (
    Event,
    Identified,
    Known,
    Locked,
    PackRef,
    Race,
    Revealed,
    Started,
    Target,
    replay,
)

_IDENTITY_KEYS = {
    "model", "file", "sha256", "quantization", "reading_version", "backend", "window",
}  # fmt: skip
_WORDS = ("harbour", "Schoolteacher", "didn't", "猫")


@pytest.fixture
def race(make_setup: Any, make_identity: Any) -> Race:
    return finished(make_setup, make_identity)


def finished(make_setup: Any, make_identity: Any, **changes: Any) -> Race:
    """A race of two players and two minds, with bits of many places."""
    targets = tuple(
        Target(40 + 5 * n, 200 + 30 * n, 200 + 30 * n + len(word), word)
        for n, word in enumerate(_WORDS)
    )
    usual: dict[str, Any] = {
        "targets": targets,
        "minds": ("goldfish", "reader"),
        "attempts": (1, 3),
        "pack": PackRef("harbor", "1.2", "ab" * 32),
        "passage": "ferry-ledger",
        "primer_sha256": "cd" * 32,
        "clock_s": 20,
    }
    setup = make_setup(n_players=2, n_targets=len(_WORDS), **{**usual, **changes})
    slips = [
        [slip([Bet("harbour", 61), Bet("sea", 20)]), PASS],
        [slip([Bet("captain", 99)]), slip([Bet("SCHOOLTEACHER", 33)])],
        [slip([Bet("didn’t", 7), Bet("did", 1), Bet("was", 90)]), slip([Bet("not", 50)])],
        [PASS, slip([Bet("猫", 3)])],
    ]
    minds = {
        "goldfish": make_identity("starter"),
        "reader": make_identity("gemma"),
        "spectator": make_identity("other"),
    }
    events: list[Event] = [Started(setup), Identified(make_identity("starter"), minds)]
    for target in range(len(_WORDS)):
        for player in (0, 1) if target % 2 == 0 else (1, 0):
            at = f"2026-11-23T19:0{target}:0{player}Z"
            events.append(Locked(target, player, slips[target][player], at))
        bits = 3 + math.pi * target
        read = {"goldfish": bits / 3, "reader": bits / 7, "spectator": 1.0}
        events.append(Revealed(target, bits, read, f"2026-11-23T19:0{target}:09Z"))
        if target == 1:
            events.append(Known(1, "2026-11-23T19:01:10Z"))
    return replay(events)


def as_json(card: dict[str, Any]) -> Any:
    return json.loads(json.dumps(card))


# ---- its form ----


def test_all_keys_of_the_design_are_there(race: Race) -> None:
    card = as_json(make(race, 0))
    assert set(card) == {
        "format", "pack", "passage", "text_sha256", "primer_sha256", "preface_sha256", "mode",
        "targets", "attempt", "known", "clock_s", "player", "instinct", "minds", "turns",
        "totals", "hash",
    }  # fmt: skip
    assert set(card["pack"]) == {"id", "version", "sha256"}
    assert set(card["targets"]) == {"how", "n", "seed", "starts"}
    assert set(card["player"]) == {"name", "id"}
    assert set(card["instinct"]) == _IDENTITY_KEYS
    assert set(card["minds"]) == {"goldfish", "reader"}
    assert all(set(mind) == _IDENTITY_KEYS for mind in card["minds"].values())
    assert set(card["totals"]) == {"bits", "instinct_bits", "insight_bits", "minds"}
    for turn in card["turns"]:
        assert set(turn) == {
            "word", "start", "slip", "instinct_bits", "bits", "minds", "locked_at",
        }  # fmt: skip
        assert set(turn["minds"]) == {"goldfish", "reader"}
        assert all(set(bet) == {"word", "percent"} for bet in turn["slip"])


def test_what_the_card_says_is_what_happened(race: Race) -> None:
    card = as_json(make(race, 1))
    setup = race.setup
    assert card["pack"] == {"id": "harbor", "version": "1.2", "sha256": "ab" * 32}
    assert (card["passage"], card["mode"], card["clock_s"]) == ("ferry-ledger", "open", 20)
    assert card["text_sha256"] == setup.text_sha256
    assert (card["primer_sha256"], card["preface_sha256"]) == ("cd" * 32, None)
    assert card["targets"] == {
        "how": "returning", "n": 4, "seed": 0, "starts": [200, 230, 260, 290],
    }  # fmt: skip
    assert card["player"] == {"name": "Player 1", "id": "id1"}
    assert card["instinct"]["model"] == "starter"
    assert card["minds"]["reader"]["model"] == "gemma"
    assert [turn["word"] for turn in card["turns"]] == list(_WORDS)
    assert [turn["start"] for turn in card["turns"]] == [200, 230, 260, 290]
    assert card["turns"][1]["slip"] == [{"word": "SCHOOLTEACHER", "percent": 33}]
    assert card["turns"][0]["slip"] == []
    assert [turn["locked_at"] for turn in card["turns"]] == [
        f"2026-11-23T19:0{target}:01Z" for target in range(4)
    ]


def test_each_player_has_a_card_of_their_own(race: Race) -> None:
    one, two = make(race, 0), make(race, 1)
    assert (one["attempt"], two["attempt"]) == (1, 3)
    assert (one["known"], two["known"]) == (False, True)
    assert one["hash"] != two["hash"]
    # What everybody shares.
    for key in ("text_sha256", "targets", "instinct", "minds", "pack"):
        assert one[key] == two[key]


def test_a_plain_text_has_no_pack(make_setup: Any, make_identity: Any) -> None:
    assert make(finished(make_setup, make_identity, pack=None), 0)["pack"] is None


def test_no_card_before_the_end(make_setup: Any, make_identity: Any, race: Race) -> None:
    setup = race.setup
    begun: list[Event] = [
        Started(setup),
        Identified(make_identity(), {"goldfish": make_identity(), "reader": make_identity()}),
        Locked(0, 0, PASS, ""),
        Locked(0, 1, PASS, ""),
        Revealed(0, 4.0, {"goldfish": 1.0, "reader": 1.0}, ""),
    ]
    for n in range(1, len(begun) + 1):
        with pytest.raises(RaceError, match="not finished"):
            make(replay(begun[:n]), 0)


def test_no_card_without_knowing_which_models_read(make_setup: Any) -> None:
    events: list[Event] = [
        Started(make_setup(n_players=1, n_targets=1)),
        Locked(0, 0, PASS, ""),
        Revealed(0, 4.0, {"reader": 1.0}, ""),
    ]
    with pytest.raises(RaceError):
        make(replay(events), 0)


# ---- recomputed from itself ----


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, float):
        yield value


def long_race(make_setup: Any, make_identity: Any) -> Race:
    """Forty turns: enough for bits that were rounded too late to show in the sixth place."""
    source = random.Random(0)
    setup = make_setup(n_players=2, n_targets=40, minds=("goldfish", "reader"))
    minds = {"goldfish": make_identity(), "reader": make_identity()}
    events: list[Event] = [Started(setup), Identified(make_identity(), minds)]
    for target in range(40):
        for player in range(2):
            word = source.choice([f"word{target}", "other"])
            bet = Bet(word, source.randint(1, 99))
            events.append(Locked(target, player, slip([bet]), ""))
        read = {"goldfish": source.uniform(0, 20), "reader": source.uniform(0, 20)}
        events.append(Revealed(target, source.uniform(0, 20), read, ""))
    return replay(events)


@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize("make_race", [finished, long_race])
def test_everything_follows_from_the_card_alone(
    make_setup: Any, make_identity: Any, make_race: Any, player: int
) -> None:
    """By the rules as game.md has them, from rounded numbers only."""
    card = as_json(make(make_race(make_setup, make_identity), player))
    for turn in card["turns"]:
        rest = 100 - sum(bet["percent"] for bet in turn["slip"])
        word = turn["word"].casefold()
        stake = sum(
            bet["percent"]
            for bet in turn["slip"]
            if bet["word"].casefold().replace("’", "'") == word
        )
        p = stake / 100 + rest / 100 * 2 ** -turn["instinct_bits"]
        assert turn["bits"] == round(-math.log2(p), 6)
    totals = card["totals"]
    assert totals["bits"] == round(sum(turn["bits"] for turn in card["turns"]), 6)
    assert totals["instinct_bits"] == round(
        sum(turn["instinct_bits"] for turn in card["turns"]), 6
    )
    assert totals["insight_bits"] == round(totals["instinct_bits"] - totals["bits"], 6)
    for mind in ("goldfish", "reader"):
        assert totals["minds"][mind] == round(
            sum(turn["minds"][mind] for turn in card["turns"]), 6
        )
    assert all(number == round(number, 6) for number in numbers(card))
    assert not any(str(number) == "-0.0" for number in numbers(card))


def test_rounding_moves_nothing_anybody_sees(race: Race) -> None:
    card = make(race, 0)
    assert card["totals"]["bits"] == pytest.approx(race.total(0).bits, abs=1e-5)
    assert card["totals"]["insight_bits"] == pytest.approx(race.total(0).insight_bits, abs=1e-5)
    assert card["totals"]["minds"]["reader"] == pytest.approx(
        race.mind_total("reader").bits, abs=1e-5
    )
    # The bits had more places than six, so there was something to round.
    assert race.reveals[1].instinct_bits != card["turns"][1]["instinct_bits"]


# ---- the hash ----


def hash_by_hand(card: dict[str, Any]) -> str:
    less = {key: value for key, value in card.items() if key != "hash"}
    text = json.dumps(less, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def test_the_hash_is_of_the_card_without_it_keys_sorted_no_spaces(race: Race) -> None:
    card = make(race, 0)
    assert card["hash"] == card_hash(card) == hash_by_hand(card)
    assert card_hash({}) == hashlib.sha256(b"{}").hexdigest()
    assert card_hash({"b": [1.5, "猫"], "a": None, "hash": "x"}) == (
        hashlib.sha256('{"a":null,"b":[1.5,"猫"]}'.encode()).hexdigest()
    )


def test_the_hash_is_the_same_after_the_card_was_on_disk(race: Race) -> None:
    card = make(race, 0)
    assert make(race, 0) == card
    assert card_hash(as_json(card)) == card["hash"]
    indented = json.loads(json.dumps(card, indent=2, ensure_ascii=True))
    assert card_hash(indented) == card["hash"]


def shuffled(value: Any, source: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        source.shuffle(keys)
        return {key: shuffled(value[key], source) for key in keys}
    if isinstance(value, list):
        return [shuffled(inner, source) for inner in value]
    return value


def test_the_hash_does_not_depend_on_the_order_of_keys(race: Race) -> None:
    card = make(race, 0)
    for seed in range(10):
        other = shuffled(card, random.Random(seed))
        assert list(other) != list(card)
        assert card_hash(other) == card["hash"]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all values that hold no others, the card's own hash left out."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if path or key != "hash":
                yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path


def changed(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return round(value + 1e-6, 6)
        case str():
            return value + "x"
        case None:
            return "x"
        case _:
            return [1]


def test_any_change_changes_the_hash(race: Race) -> None:
    card = as_json(make(race, 0))
    paths = list(leaves(card))
    assert len(paths) > 60
    hashes = {card["hash"]}
    for path in paths:
        other = copy.deepcopy(card)
        holder = other
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = changed(holder[path[-1]])
        hashes.add(card_hash(other))
    # All different from the card's and from one another.
    assert len(hashes) == len(paths) + 1


def test_what_is_added_or_taken_away_changes_the_hash(race: Race) -> None:
    card = make(race, 0)
    assert card_hash({**card, "more": 1}) != card["hash"]
    for key in card:
        less = {k: v for k, v in card.items() if k != key}
        assert (card_hash(less) == card["hash"]) == (key == "hash")
    swapped = as_json(card)
    swapped["turns"][0], swapped["turns"][1] = swapped["turns"][1], swapped["turns"][0]
    assert card_hash(swapped) != card["hash"]


def test_numbers_that_are_none_are_refused(race: Race) -> None:
    with pytest.raises(ValueError):
        card_hash({**make(race, 0), "bits": math.nan})
