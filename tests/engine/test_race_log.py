"""Events as JSON: what was written is read again, and damage is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bets import Bet, Slip
from engine.errors import StoreError
from engine.race import (
    Draw,
    Event,
    Identified,
    Identity,
    Known,
    Locked,
    PackRef,
    Player,
    Revealed,
    Setup,
    Started,
    Target,
    replay,
)
from engine.race_log import EVENT_VERSION, dump, load

names = st.text(max_size=12)
counts = st.integers(0, 10_000)
bits = st.floats(0, 5000)
slips = st.builds(Slip, st.lists(st.builds(Bet, names, st.integers(1, 99))).map(tuple))
identities = st.builds(Identity, names, names, names, names, counts, names, counts)


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=3).map(tuple)


setups = st.builds(
    Setup,
    race_id=names,
    title=names,
    text_sha256=names,
    targets=tuples(st.builds(Target, counts, counts, counts, names)),
    draw=st.builds(Draw, st.sampled_from(["marked", "returning", "uniform"]), counts, counts),
    players=tuples(st.builds(Player, names, names)),
    attempts=tuples(counts),
    minds=tuples(names),
    started_at=names,
    pack=st.none() | st.builds(PackRef, names, names, names),
    passage=names,
    source=names,
    primer=names,
    primer_sha256=st.none() | names,
    preface_sha256=st.none() | names,
    model_path=names,
    clock_s=st.none() | counts,
)
events = st.one_of(
    st.builds(Started, setups),
    st.builds(Identified, identities, st.dictionaries(names, identities, max_size=3)),
    st.builds(Locked, counts, counts, slips, names),
    st.builds(Known, counts, names),
    st.builds(Revealed, counts, bits, st.dictionaries(names, bits, max_size=3), names),
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
    # And what is written of it the second time is the same.
    assert json.dumps(dump(again)) == json.dumps(dump(event))


@given(events)
def test_a_body_shares_nothing_with_its_event(event: Event) -> None:
    before = through_json(event)
    empty(dump(event)[1])
    assert through_json(event) == before


def empty(body: Any) -> None:
    if isinstance(body, dict):
        for value in body.values():
            empty(value)
        body.clear()


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (Known(1, "now"), "known"),
        (Revealed(0, 4.5, {"reader": 2.25}, "now"), "revealed"),
        (Locked(0, 1, Slip((Bet("sea", 60),)), "now"), "locked"),
    ],
)
def test_kinds_have_the_names_that_are_on_disk(event: Event, kind: str) -> None:
    assert dump(event)[0] == kind


def test_the_form_on_disk_stays_readable() -> None:
    """Written once, by hand: a change that cannot read it must raise the version."""
    assert load(
        "locked",
        1,
        {
            "target": 2,
            "player": 0,
            "slip": {"bets": [{"word": "sea", "percent": 60}]},
            "at": "2026-11-23T19:07:00Z",
        },
    ) == Locked(2, 0, Slip((Bet("sea", 60),)), "2026-11-23T19:07:00Z")
    assert load(
        "revealed", 1, {"target": 2, "instinct_bits": 4.5, "minds": {"reader": 2.0}, "at": ""}
    ) == Revealed(2, 4.5, {"reader": 2.0}, "")
    assert load("known", 1, {"player": 0, "at": ""}) == Known(0, "")


def test_a_race_is_the_same_after_it_was_on_disk(make_setup: Any, make_identity: Any) -> None:
    log: list[Event] = [
        Started(make_setup(n_players=2)),
        Identified(make_identity("a"), {"reader": make_identity("b")}),
        Locked(0, 0, Slip((Bet("sea", 60), Bet("tide", 39))), "1"),
        Known(1, "2"),
        Locked(0, 1, Slip(), "3"),
        Revealed(0, 1 / 3, {"reader": 0.1 + 0.2}, "4"),
    ]
    assert replay(through_json(event) for event in log) == replay(log)


def test_an_event_of_a_newer_version_is_not_guessed_at() -> None:
    kind, body = dump(Known(0, "now"))
    with pytest.raises(StoreError, match="newer bitrace"):
        load(kind, EVENT_VERSION + 1, body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("unknown", {}),
        ("", {}),
        ("known", {}),
        ("known", {"player": 0}),
        ("known", {"player": 0, "at": "", "more": 1}),
        ("known", None),
        ("known", []),
        ("started", {}),
        ("started", {"setup": None}),
        ("started", {"setup": {}}),
        ("locked", {"target": 0, "player": 0, "at": "", "slip": None}),
        ("locked", {"target": 0, "player": 0, "at": "", "slip": {"bets": [{"word": "a"}]}}),
        ("locked", {"target": 0, "player": 0, "at": "", "slip": {"bets": [None]}}),
        ("identified", {"instinct": {}, "minds": {}}),
        ("revealed", {"target": 0, "at": "", "minds": {}}),
    ],
)
def test_a_damaged_event_is_told_in_a_sentence(kind: str, body: Any) -> None:
    with pytest.raises(StoreError, match="damaged"):
        load(kind, EVENT_VERSION, body)


def test_each_field_of_a_setup_that_is_missing_is_noticed_or_has_a_default(
    make_setup: Any,
) -> None:
    kind, body = dump(Started(make_setup()))
    required = {
        "race_id", "title", "text_sha256", "targets", "draw", "players", "attempts", "minds",
        "started_at",
    }  # fmt: skip
    assert required < set(body["setup"])
    for name in required:
        less = {key: value for key, value in body["setup"].items() if key != name}
        with pytest.raises(StoreError):
            load(kind, EVENT_VERSION, {"setup": less})
