"""What fits into a race where six words are given or one guesses, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.baked import Baked, Six
from engine.bets import PASS, Bet, Score, Slip, slip
from engine.choice import EVEN, staked
from engine.errors import RaceError, StoreError
from engine.predictor import TopWord, TopWords
from engine.race import (
    Clocked,
    Drawn,
    Event,
    Guessed,
    Identified,
    Identity,
    Known,
    Locked,
    Race,
    Revealed,
    Started,
    advance,
    replay,
)
from engine.race_log import EVENT_VERSION, dump, load
from engine.setup import (
    Draw,
    FurtherModel,
    Ghost,
    PackRef,
    Player,
    Practised,
    Setup,
    Target,
)
from engine.shannon import MISSED

AT = "2026-11-23T19:07:00Z"
OTHERS = ("anchor", "barrel", "candle", "dagger", "engine")
MODES = ("open", "choice", "shannon")
AMONG = (math.log2(6),) * 6


def six_of(target: int) -> tuple[str, ...]:
    return (*OTHERS[:2], f"word{target}", *OTHERS[2:])


def even(target: int) -> Slip:
    return staked(six_of(target), EVEN)


def shown(target: int, instinct_bits: float = 4.0, **more: Any) -> Revealed:
    return Revealed(target, instinct_bits, {"reader": 2.0}, AT, **more)


def of_six(target: int) -> Revealed:
    return shown(target, AMONG[0], six={"instinct": AMONG, "reader": AMONG})


@pytest.fixture
def begun(make_setup: Any) -> Callable[..., Race]:
    """A race in a mode, some of its events gone by."""

    def begin(mode: str, *events: Event, **changes: Any) -> Race:
        return replay([Started(make_setup(mode=mode, **changes)), *events])

    return begin


Begun = Callable[..., Race]

# ---- six words ----


def test_nobody_writes_before_six_words_are_drawn(begun: Begun) -> None:
    race = begun("choice")
    assert (race.phase, race.to_write) == ("drawing", (0, 1))
    with pytest.raises(RaceError, match="cannot lock in"):
        advance(race, Locked(0, 0, even(0), AT))
    with pytest.raises(RaceError, match="when all have locked in"):
        advance(race, of_six(0))
    race = advance(race, Drawn(0, six_of(0)))
    assert (race.phase, race.sixes[0]) == ("writing", six_of(0))
    for player in (0, 1):
        race = advance(race, Locked(0, player, even(0), AT))
    assert race.phase == "waiting"
    race = advance(race, of_six(0))
    assert (race.phase, race.target) == ("drawing", 1), "the next ones are still to come"


def test_six_words_may_be_drawn_ahead_in_any_order_and_once(begun: Begun) -> None:
    race = begun("choice", Drawn(1, six_of(1)), Drawn(0, six_of(0)))
    assert dict(race.sixes) == {0: six_of(0), 1: six_of(1)}
    for again in (six_of(0), six_of(0)[::-1]):
        with pytest.raises(RaceError, match="no six words to be drawn for target 1"):
            advance(race, Drawn(0, again))


@pytest.mark.parametrize(
    "six",
    [
        (),
        six_of(0)[:5],
        (*six_of(0), "feather"),
        (*six_of(0), "anchor"),
        ("anchor", "anchor", "word0", "barrel", "candle", "dagger"),
        ("Anchor", "anchor", "word0", "barrel", "candle", "dagger"),
        (*OTHERS, "feather"),
        six_of(1),
    ],
)
def test_six_are_six_different_ones_and_the_true_one_is_there(
    begun: Begun, six: tuple[str, ...]
) -> None:
    with pytest.raises(RaceError, match="not six with the true one"):
        advance(begun("choice"), Drawn(0, six))


@pytest.mark.parametrize("target", [-1, 2, 99])
def test_six_words_are_drawn_for_targets_there_are(begun: Begun, target: int) -> None:
    with pytest.raises(RaceError):
        advance(begun("choice"), Drawn(target, six_of(target % 2)))


@pytest.mark.parametrize("mode", ["open", "shannon"])
def test_elsewhere_nothing_is_drawn(begun: Begun, mode: str) -> None:
    with pytest.raises(RaceError, match="no six words to be drawn"):
        advance(begun(mode), Drawn(0, six_of(0)))


def test_stakes_are_on_the_six_in_their_order(begun: Begun) -> None:
    race = begun("choice", Drawn(0, six_of(0)))
    stakes = [Bet(word, stake) for word, stake in zip(six_of(0), EVEN, strict=True)]
    wrong = (
        PASS,
        slip([Bet("word0", 60)]),
        staked(six_of(0)[::-1], EVEN),
        staked(six_of(1), EVEN),
        Slip(tuple(stakes[:-1])),
        Slip((*stakes[:-1], Bet(stakes[-1].word, 15))),
        Slip((*stakes, Bet("feather", 0))),
    )
    for a_slip in wrong:
        with pytest.raises(RaceError, match="does not fit"):
            advance(race, Locked(0, 0, a_slip, AT))
    race = advance(race, Locked(0, 0, Slip(tuple(stakes)), AT))
    assert race.slip(0, 0) == even(0)


@pytest.mark.parametrize("stakes", [(100, 0, 0, 0, 0, 0), (102, -10, 2, 2, 2, 2)])
def test_each_of_the_six_keeps_a_point(begun: Begun, stakes: tuple[int, ...]) -> None:
    """Else a true word could cost infinitely much."""
    race = begun("choice", Drawn(0, six_of(0)))
    bets = tuple(map(Bet, six_of(0), stakes))
    with pytest.raises(RaceError, match="does not fit"):
        advance(race, Locked(0, 0, Slip(bets), AT))


def test_stakes_are_the_score(begun: Begun) -> None:
    sure = staked(six_of(0), (2, 2, 90, 2, 2, 2))
    race = begun(
        "choice",
        Drawn(0, six_of(0)),
        Locked(0, 0, sure, AT),
        Locked(0, 1, even(0), AT),
        of_six(0),
    )
    instinct = math.log2(6)
    assert race.score(0, 0) == Score(-math.log2(0.9), instinct + math.log2(0.9))
    assert race.total(1).bits == pytest.approx(-math.log2(0.17))
    assert race.reveals[0].six == {"instinct": AMONG, "reader": AMONG}


# ---- guesses ----


def test_a_turn_is_guessed_until_it_is_locked(begun: Begun) -> None:
    race = begun("shannon", Guessed(0, 0, "sea", AT), Guessed(0, 1, "tide", AT))
    assert race.guesses == {(0, 0): ("sea",), (0, 1): ("tide",)}
    assert (race.phase, race.to_write) == ("writing", (0, 1))
    race = advance(race, Guessed(0, 0, "WORD0", AT))
    assert race.rank(0, 0) == 2
    assert race.to_write == (0, 1), "a guess alone ends no turn"
    with pytest.raises(RaceError, match="has been guessed"):
        advance(race, Guessed(0, 0, "boat", AT))
    race = advance(race, Locked(0, 0, PASS, AT))
    with pytest.raises(RaceError, match="cannot lock in"):
        advance(race, Guessed(0, 0, "boat", AT))
    race = advance(race, Locked(0, 1, PASS, AT))
    assert race.phase == "waiting"


def test_there_are_five_guesses(begun: Begun) -> None:
    race = begun("shannon", *(Guessed(0, 0, word, AT) for word in OTHERS))
    with pytest.raises(RaceError, match="Nothing can be guessed"):
        advance(race, Guessed(0, 0, "word0", AT))
    assert race.rank(0, 0) == MISSED
    assert begun("shannon", *race_guesses(race)[:4], Guessed(0, 0, "word0", AT)).rank(0, 0) == 5


def race_guesses(race: Race) -> list[Event]:
    return [Guessed(0, 0, word, AT) for word in race.guesses[0, 0]]


@pytest.mark.parametrize("mode", ["open", "choice"])
def test_elsewhere_nothing_is_guessed(begun: Begun, mode: str) -> None:
    race = begun(mode, *([Drawn(0, six_of(0))] if mode == "choice" else []))
    with pytest.raises(RaceError, match="Nothing can be guessed"):
        advance(race, Guessed(0, 0, "sea", AT))


@pytest.mark.parametrize(
    "event",
    [
        Guessed(1, 0, "sea", AT),
        Guessed(-1, 0, "sea", AT),
        Guessed(0, 2, "sea", AT),
        Guessed(0, -1, "sea", AT),
    ],
)
def test_who_has_a_turn_guesses_at_its_target(begun: Begun, event: Event) -> None:
    with pytest.raises(RaceError):
        advance(begun("shannon"), event)


def test_who_guesses_stakes_nothing(begun: Begun) -> None:
    for a_slip in (slip([Bet("word0", 60)]), even(0)):
        with pytest.raises(RaceError, match="does not fit"):
            advance(begun("shannon"), Locked(0, 0, a_slip, AT))


def test_guesses_are_coded_by_the_player_s_own_race(begun: Begun) -> None:
    race = begun(
        "shannon",
        Guessed(0, 0, "word0", AT),
        Locked(0, 0, PASS, AT),
        Locked(0, 1, PASS, AT),
        shown(0, 7.0),
        Guessed(1, 1, "sea", AT),
        Locked(1, 1, PASS, AT),
        Guessed(1, 0, "Word1", AT),
        Locked(1, 0, PASS, AT),
        shown(1, 5.0),
    )
    assert race.phase == "finished"
    assert race.score(0, 0).bits == pytest.approx(-math.log2(3 / 10))
    assert race.score(1, 0).bits == pytest.approx(-math.log2(4 / 11))
    assert race.score(0, 1).bits == pytest.approx(-math.log2(4.2 / 10) + 7)
    assert race.score(1, 1).bits == pytest.approx(-math.log2(5.2 / 11) + 5)
    assert race.score(1, 1).insight_bits == pytest.approx(math.log2(5.2 / 11))
    assert race.total(0).insight_bits == pytest.approx(12 - race.total(0).bits)


# ---- slips in the open, and the clock in all modes ----


def test_in_the_open_something_stays_on_instinct(begun: Begun) -> None:
    for a_slip in (even(0), Slip((Bet("sea", 60), Bet("boat", 40)))):
        with pytest.raises(RaceError, match="does not fit"):
            advance(begun("open"), Locked(0, 0, a_slip, AT))
    advance(begun("open"), Locked(0, 0, slip([Bet("sea", 99)]), AT))


def writing(begun: Begun, mode: str, **more: Any) -> Race:
    return begun(mode, *([Drawn(0, six_of(0))] if mode == "choice" else []), **more)


def any_slip(mode: str) -> Slip:
    return even(0) if mode == "choice" else PASS


@pytest.mark.parametrize("mode", MODES)
def test_time_is_kept_for_each_turn(begun: Begun, mode: str) -> None:
    race = writing(begun, mode, clock_s=20)
    race = advance(race, Clocked(0, 0, 7.5))
    race = advance(race, Clocked(0, 1, 3.0))
    race = advance(race, Clocked(0, 0, 9.25))
    assert race.used_s == {(0, 0): 9.25, (0, 1): 3.0}, "the last one counts"
    assert race.to_write == (0, 1), "time ends no turn by itself"
    race = advance(race, Locked(0, 0, any_slip(mode), AT, by_clock=True))
    assert race.locked[0, 0].by_clock
    for event in (
        Clocked(0, 0, 10.0),
        Clocked(0, 2, 1.0),
        Clocked(0, -1, 1.0),
        Clocked(1, 1, 1.0),
        Clocked(-1, 1, 1.0),
    ):
        with pytest.raises(RaceError):
            advance(race, event)


@pytest.mark.parametrize("mode", MODES)
def test_no_time_runs_while_words_are_drawn_or_all_have_locked_in(
    begun: Begun, mode: str
) -> None:
    if mode == "choice":
        with pytest.raises(RaceError):
            advance(begun(mode), Clocked(0, 0, 1.0))
    race = writing(begun, mode, n_players=1)
    race = advance(race, Locked(0, 0, any_slip(mode), AT))
    with pytest.raises(RaceError):
        advance(race, Clocked(0, 0, 1.0))


@pytest.mark.parametrize("mode", MODES)
def test_a_turn_is_played_once_in_each_mode(begun: Begun, mode: str) -> None:
    race = advance(writing(begun, mode), Locked(0, 0, any_slip(mode), AT))
    for by_clock in (True, False):
        with pytest.raises(RaceError, match="cannot lock in"):
            advance(race, Locked(0, 0, any_slip(mode), AT, by_clock))
    with pytest.raises(RaceError, match="when all have locked in"):
        advance(race, shown(0))


# ---- what was given out stays as it was ----


def test_nothing_given_out_can_be_changed(begun: Begun) -> None:
    choosing = begun("choice", Drawn(0, six_of(0)), Clocked(0, 0, 1.0))
    guessing = begun("shannon", Guessed(0, 0, "sea", AT))
    for mapping in (choosing.sixes, choosing.used_s, guessing.guesses):
        with pytest.raises(TypeError):
            mapping[0] = ()  # type: ignore[index]
    before = begun("shannon")
    assert before.guesses == {} and guessing.guesses != before.guesses


# ---- on disk ----

names = st.text(max_size=8)
counts = st.integers(0, 10_000)
some_bits = st.floats(0, 1_000)
by_word = st.dictionaries(counts, some_bits, max_size=3)
sixes = st.lists(names, min_size=6, max_size=6).map(tuple)
six_bits = st.dictionaries(names, st.lists(some_bits, max_size=6).map(tuple), max_size=3)
identities = st.builds(Identity, names, names, names, names, counts, names, counts)
ghosts = st.builds(
    Ghost, names, names, names, by_word, st.dictionaries(counts, names, max_size=3)
)
top_words = st.builds(
    TopWords,
    st.lists(st.builds(TopWord, names, some_bits), max_size=2).map(tuple),
    st.booleans(),
    counts,
    st.none() | counts,
    st.booleans(),
)
baked = st.builds(
    Baked,
    identities,
    st.dictionaries(names, by_word, max_size=2),
    st.dictionaries(counts, top_words, max_size=2),
    st.dictionaries(names, by_word, max_size=2),
    st.dictionaries(counts, st.builds(Six, sixes, six_bits), max_size=2),
)


def several(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


setups = st.builds(
    Setup,
    race_id=names,
    title=names,
    text_sha256=names,
    targets=several(st.builds(Target, counts, counts, counts, names)),
    draw=st.builds(Draw, st.sampled_from(["marked", "practice"]), counts, counts),
    players=several(st.builds(Player, names, names)),
    attempts=several(counts),
    minds=several(names),
    started_at=names,
    mode=st.sampled_from(MODES),
    origin=names,
    preface=names,
    clock_s=st.none() | counts,
    against=several(names),
    further_models=several(st.builds(FurtherModel, names, names)),
    ghosts=several(ghosts),
    crowd=several(ghosts),
    mixtures=st.sampled_from([(), ("nobody",), ("nobody", "centaur")]),
    pool=several(names),
    baked=several(baked),
    practised=several(st.builds(Practised, names, counts)),
    tutorial=st.booleans(),
)
events = st.one_of(
    st.builds(Started, setups),
    st.builds(Drawn, counts, sixes),
    st.builds(Guessed, counts, counts, names, names),
    st.builds(Clocked, counts, counts, st.floats(0, 1e6)),
    st.builds(Locked, counts, counts, st.just(even(0)), names, st.booleans()),
    st.builds(Revealed, counts, some_bits, st.dictionaries(names, some_bits), names, six_bits),
)


def through_json(event: Event) -> Event:
    kind, body = dump(event)
    kind, body = json.loads(json.dumps([kind, body], allow_nan=False))
    return load(kind, EVENT_VERSION, body)


@given(events)
def test_every_event_is_read_as_it_was_written(event: Event) -> None:
    again = through_json(event)
    assert type(again) is type(event)
    assert again == event
    assert json.dumps(dump(again)) == json.dumps(dump(event))


@pytest.mark.parametrize("mode", MODES)
def test_a_race_is_the_same_after_it_was_on_disk(
    mode: str, make_setup: Any, make_identity: Any
) -> None:
    ghost = Ghost("ghost:1", "bo", "id9", {40: 2.0}, {40: "word0 60"})
    setup = make_setup(mode=mode, ghosts=(ghost,), crowd=(ghost,), mixtures=("nobody",))
    log: list[Event] = [
        Started(setup),
        Identified(make_identity("a"), {"reader": make_identity("b")}),
    ]
    for target in range(2):
        if mode == "choice":
            log.append(Drawn(target, six_of(target)))
        for player in range(2):
            if mode == "shannon":
                log.append(Guessed(target, player, f"guess{player}", AT))
            log.append(Clocked(target, player, 1 / 3))
            a_slip = even(target) if mode == "choice" else PASS
            log.append(Locked(target, player, a_slip, AT, by_clock=player == 1))
        log.append(of_six(target) if mode == "choice" else shown(target))
    race = replay(log)
    assert race.phase == "finished"
    again = replay(through_json(event) for event in log)
    assert again == race
    assert again.total(1) == race.total(1)


@pytest.mark.parametrize(
    ("event", "kind", "body"),
    [
        (Drawn(1, six_of(1)), "drawn", {"target": 1, "six": list(six_of(1))}),
        (
            Guessed(0, 1, "sea", AT),
            "guessed",
            {"target": 0, "player": 1, "word": "sea", "at": AT},
        ),
        (Clocked(0, 1, 2.5), "clocked", {"target": 0, "player": 1, "used_s": 2.5}),
    ],
)
def test_the_form_on_disk_stays_readable(event: Event, kind: str, body: Any) -> None:
    """Written once, by hand: a change that cannot read it must raise the version."""
    written_kind, written = dump(event)
    assert (written_kind, json.loads(json.dumps(written))) == (kind, body)
    assert load(kind, 2, body) == event


IDENTITY = {
    "model": "SmolLM2", "file": "s.gguf", "sha256": "ab" * 32, "quantization": "Q4_1",
    "reading_version": 1, "backend": "CPU", "window": 2048,
}  # fmt: skip
FIRST_SETUP: dict[str, Any] = {
    "race_id": "r1", "title": "T", "text_sha256": "0" * 64,
    "targets": [{"index": 3, "start": 15, "end": 19, "word": "cook"}],
    "draw": {"how": "marked", "n": 1, "seed": 0}, "players": [{"id": "id0", "name": "ann"}],
    "attempts": [1], "minds": ["reader"], "started_at": "2026-11-23T19:00:00Z",
    "mode": "open", "pack": {"id": "harbor", "version": "1", "sha256": "ab" * 32},
    "passage": "ledger", "source": "", "primer": "", "primer_sha256": None,
    "preface_sha256": None, "model_path": "", "clock_s": None,
}  # fmt: skip
"""As the first version wrote it."""
LATER_SETUP: dict[str, Any] = {
    **FIRST_SETUP,
    "origin": "/tmp/x.toml",
    "preface": "Hark.",
    "baked": [
        {
            "identity": IDENTITY,
            "bits": {"instinct": {"3": 7.5}, "reader": {"3": 2.5}},
            "tops": {
                "3": {
                    "words": [{"word": "cook", "percent": 60.0}],
                    "certified": True,
                    "n_decodes": 4,
                    "rank": 1,
                    "rank_certain": True,
                }
            },
            "stairs": {"memory_0": {"3": 11.0}},
        }
    ],
}
"""As it wrote it when there were readings with packs."""


@pytest.mark.parametrize("setup", [FIRST_SETUP, LATER_SETUP], ids=["first", "later"])
def test_a_race_of_version_1_is_still_to_be_played_and_shown(setup: dict[str, Any]) -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("started", {"setup": setup}),
        ("identified", {"instinct": IDENTITY, "minds": {"reader": IDENTITY}}),
        (
            "locked",
            {
                "target": 0,
                "player": 0,
                "slip": {"bets": [{"word": "cook", "percent": 60}]},
                "at": "1",
            },
        ),
        ("known", {"player": 0, "at": "2"}),
        ("revealed", {"target": 0, "instinct_bits": 7.5, "minds": {"reader": 2.5}, "at": "3"}),
    ]
    race = replay(load(kind, 1, body) for kind, body in bodies)
    assert race.phase == "finished"
    assert race.setup == Setup(
        race_id="r1",
        title="T",
        text_sha256="0" * 64,
        targets=(Target(3, 15, 19, "cook"),),
        draw=Draw("marked", 1, 0),
        players=(Player("id0", "ann"),),
        attempts=(1,),
        minds=("reader",),
        started_at="2026-11-23T19:00:00Z",
        pack=PackRef("harbor", "1", "ab" * 32),
        passage="ledger",
        origin=setup.get("origin", ""),
        preface=setup.get("preface", ""),
        baked=race.setup.baked,
    )
    assert race.locked[0, 0] == Locked(0, 0, slip([Bet("cook", 60)]), "1")
    assert not race.locked[0, 0].by_clock
    assert (race.reveals[0].six, race.known) == ({}, {0})
    assert race.score(0, 0).bits == pytest.approx(-math.log2(0.6 + 0.4 * 2**-7.5))
    for one in race.setup.baked:
        assert (one.bits["instinct"], one.sixes) == ({3: 7.5}, {})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("drawn", {}),
        ("drawn", {"target": 0}),
        ("drawn", {"target": 0, "six": None}),
        ("guessed", {"target": 0, "player": 0, "at": ""}),
        ("guessed", {"target": 0, "player": 0, "word": "a", "at": "", "more": 1}),
        ("clocked", {"target": 0, "player": 0}),
        ("clocked", []),
        ("revealed", {"target": 0, "instinct_bits": 1.0, "minds": {}, "at": "", "six": []}),
    ],
)
def test_a_damaged_event_is_told_in_a_sentence(kind: str, body: Any) -> None:
    with pytest.raises(StoreError, match="damaged"):
        load(kind, EVENT_VERSION, body)


def test_each_fact_about_racers_has_a_default_or_is_noticed(make_setup: Any) -> None:
    kind, body = dump(Started(make_setup()))
    later = {field.name for field in dataclasses.fields(Setup)} - FIRST_SETUP.keys()
    assert {"ghosts", "crowd", "mixtures", "pool", "against"} <= later
    less = {key: value for key, value in body["setup"].items() if key not in later}
    assert load(kind, EVENT_VERSION, {"setup": less}) == Started(make_setup())
    for broken in ({"ghosts": [None]}, {"practised": [{}]}, {"baked": [{}]}):
        with pytest.raises(StoreError, match="damaged"):
            load(kind, EVENT_VERSION, {"setup": {**body["setup"], **broken}})


def test_who_says_they_know_the_text_may_do_so_in_each_mode(begun: Begun) -> None:
    for mode in MODES:
        assert begun(mode, Known(1, AT)).known == {1}
