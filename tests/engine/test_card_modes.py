"""Cards of races with stakes on six words and with guesses: all follows from them alone."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections import Counter
from typing import Any

import pytest

from engine.bets import PASS
from engine.card import PLACES, card_hash, make
from engine.choice import EVEN, renormalized, staked
from engine.race import (
    Drawn,
    Event,
    Guessed,
    Identified,
    Locked,
    Race,
    Revealed,
    Started,
    replay,
)
from engine.setup import Target

WORDS = ("harbour", "Schoolteacher", "didn't", "été")
OTHERS = ("anchor", "barrel", "candle", "dagger", "engine")
GUESSES = (
    (("harbour",), ("sea", "HARBOUR")),
    (("a", "b", "c", "d", "schoolteacher"), ()),
    (("was", "did"), ("didn’t",)),
    (("hiver", "ete"), ("a", "b", "c", "d", "e")),
)
"""By target and player."""
PRIOR = (3, 1.2, 0.7, 0.5, 0.4, 4.2)
AT = "2026-11-23T19:07:00Z"


def setup_of(make_setup: Any, mode: str) -> Any:
    targets = tuple(
        Target(40 + 5 * n, 200 + 30 * n, 200 + 30 * n + len(word), word)
        for n, word in enumerate(WORDS)
    )
    return make_setup(
        n_players=2, n_targets=4, targets=targets, mode=mode, minds=("goldfish", "reader")
    )


def six_of(target: int) -> tuple[str, ...]:
    """The true word stands somewhere else each time."""
    return (*OTHERS[:target], WORDS[target], *OTHERS[target:])


def among(target: int, mind: int) -> tuple[float, ...]:
    """Bits of many places that belong to probabilities which make one."""
    return renormalized([math.pi * (1 + (place * 7 + target + mind) % 5) for place in range(6)])


@pytest.fixture
def chosen(make_setup: Any, make_identity: Any) -> Race:
    """A finished race with stakes on six words."""
    minds = {"goldfish": make_identity("starter"), "reader": make_identity("gemma")}
    log: list[Event] = [
        Started(setup_of(make_setup, "choice")),
        Identified(make_identity("starter"), minds),
    ]
    for target in range(4):
        six = six_of(target)
        log.append(Drawn(target, six))
        for player, stakes in enumerate((EVEN, (3, 41, 7, 29, 11, 9))):
            log.append(Locked(target, player, staked(six, stakes), AT, by_clock=player == 1))
        bits = {key: among(target, n) for n, key in enumerate(("instinct", *minds))}
        true = {key: one[target] for key, one in bits.items()}
        read = {key: true[key] for key in minds}
        log.append(Revealed(target, true["instinct"], read, AT, bits))
    return replay(log)


@pytest.fixture
def guessed(make_setup: Any, make_identity: Any) -> Race:
    """A finished race with guesses: early, late, none, wrong ones only."""
    minds = {"goldfish": make_identity("starter"), "reader": make_identity("gemma")}
    log: list[Event] = [
        Started(setup_of(make_setup, "shannon")),
        Identified(make_identity("starter"), minds),
    ]
    for target in range(4):
        for player in range(2):
            for word in GUESSES[target][player]:
                log.append(Guessed(target, player, word, AT))
            log.append(Locked(target, player, PASS, AT))
        instinct = 3 + math.pi * target
        read = {"goldfish": instinct / 3, "reader": instinct / 7}
        log.append(Revealed(target, instinct, read, AT))
    return replay(log)


def as_json(card: dict[str, Any]) -> Any:
    return json.loads(json.dumps(card))


def check_totals(card: Any) -> None:
    totals = card["totals"]
    for key in ("bits", "instinct_bits"):
        assert totals[key] == round(sum(turn[key] for turn in card["turns"]), 6)
    assert totals["insight_bits"] == round(totals["instinct_bits"] - totals["bits"], 6)
    for mind in card["minds"]:
        paid = sum(turn["minds"][mind] for turn in card["turns"])
        assert totals["minds"][mind] == round(paid, 6)


# ---- six words ----


@pytest.mark.parametrize("player", [0, 1])
def test_a_choice_follows_from_its_card_alone(chosen: Race, player: int) -> None:
    card = as_json(make(chosen, player))
    assert card["mode"] == "choice"
    for target, turn in enumerate(card["turns"]):
        assert set(turn) == {
            "word", "start", "slip", "instinct_bits", "bits", "minds", "locked_at", "six",
        }  # fmt: skip
        assert [one["word"] for one in turn["six"]] == list(six_of(target))
        assert [bet["word"] for bet in turn["slip"]] == list(six_of(target)), "as shown"
        (mine,) = (bet["percent"] for bet in turn["slip"] if bet["word"] == turn["word"])
        assert turn["bits"] == round(-math.log2(mine / 100), 6)
        # What everybody had on the true word is what they had on it among the six.
        (true,) = (one for one in turn["six"] if one["word"] == turn["word"])
        assert turn["instinct_bits"] == true["instinct_bits"]
        assert turn["minds"] == true["minds"]
        for key in ("goldfish", "reader"):
            whole = math.fsum(2 ** -one["minds"][key] for one in turn["six"])
            assert whole == pytest.approx(1, abs=1e-5)
        assert math.fsum(2 ** -one["instinct_bits"] for one in turn["six"]) == pytest.approx(
            1, abs=1e-5
        )
        for place, one in enumerate(turn["six"]):
            assert set(one) == {"word", "instinct_bits", "minds"}
            assert one["instinct_bits"] == round(among(target, 0)[place], PLACES)
    check_totals(card)


def test_both_players_cards_tell_the_same_six(chosen: Race) -> None:
    one, two = make(chosen, 0), make(chosen, 1)
    assert [turn["six"] for turn in one["turns"]] == [turn["six"] for turn in two["turns"]]
    assert [turn["slip"] for turn in one["turns"]] != [turn["slip"] for turn in two["turns"]]


# ---- guesses ----


def rank_of(guesses: list[str], word: str) -> int:
    """By hand, for these words."""
    plain = {"été": "ete"}.get(word, word).casefold()
    folded = [guess.casefold().replace("’", "'") for guess in guesses]
    return folded.index(plain) + 1 if plain in folded else 6


@pytest.mark.parametrize("player", [0, 1])
def test_guessing_follows_from_its_card_alone(guessed: Race, player: int) -> None:
    card = as_json(make(guessed, player))
    assert card["mode"] == "shannon"
    seen: Counter[int] = Counter()
    for target, turn in enumerate(card["turns"]):
        assert set(turn) == {
            "word", "start", "slip", "instinct_bits", "bits", "minds", "locked_at", "guesses",
        }  # fmt: skip
        assert turn["slip"] == []
        assert turn["guesses"] == list(GUESSES[target][player])
        rank = rank_of(turn["guesses"], turn["word"])
        chance = (seen[rank] + PRIOR[rank - 1]) / (target + 10)
        by_habit = turn["instinct_bits"] if rank == 6 else 0.0
        assert turn["bits"] == pytest.approx(-math.log2(chance) + by_habit, abs=1.1e-6)
        seen[rank] += 1
    assert sum(seen.values()) == 4
    check_totals(card)


def test_the_ranks_are_those_meant(guessed: Race) -> None:
    ranks = [[guessed.rank(target, player) for target in range(4)] for player in range(2)]
    assert ranks == [[1, 5, 6, 2], [2, 6, 1, 6]]


# ---- for all modes ----


@pytest.fixture(params=["chosen", "guessed"])
def race(request: pytest.FixtureRequest) -> Race:
    """One of each mode."""
    return request.getfixturevalue(request.param)


def test_open_turns_have_neither(race: Race) -> None:
    key = {"choice": "guesses", "shannon": "six"}[race.setup.mode]
    for turn in make(race, 0)["turns"]:
        assert key not in turn


def test_rounding_moves_nothing_anybody_sees(race: Race) -> None:
    for player in range(2):
        card = make(race, player)
        assert card["totals"]["bits"] == pytest.approx(race.total(player).bits, abs=1e-5)
        insight = race.total(player).insight_bits
        assert card["totals"]["insight_bits"] == pytest.approx(insight, abs=1e-5)


def test_the_hash_covers_guesses_and_the_six(race: Race) -> None:
    card = make(race, 1)
    text = json.dumps(
        {key: value for key, value in card.items() if key != "hash"},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    assert card["hash"] == hashlib.sha256(text.encode()).hexdigest()
    hashes = {card["hash"]}
    for target in range(4):
        other = copy.deepcopy(card)
        turn = other["turns"][target]
        if "six" in turn:
            turn["six"][0], turn["six"][1] = turn["six"][1], turn["six"][0]
        else:
            turn["guesses"].append("more")
        hashes.add(card_hash(other))
    assert len(hashes) == 5
    assert card_hash(as_json(card)) == card["hash"]


def test_the_mode_is_hashed_too(race: Race) -> None:
    card = make(race, 0)
    assert card_hash({**card, "mode": "open"}) != card["hash"]
