"""The events of a race as JSON objects, as they are kept on disk."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from engine.baked import Baked, Six
from engine.bets import Bet, Slip
from engine.errors import StoreError
from engine.predictor import TopWord, TopWords
from engine.race import (
    Clocked,
    Draw,
    Drawn,
    Event,
    Ghost,
    Guessed,
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
)
from engine.setup import FurtherModel, Practised

EVENT_VERSION = 2
"""Rises when an event is written in another form; older forms stay readable."""

_KINDS: dict[str, type[Event]] = {
    "started": Started,
    "identified": Identified,
    "drawn": Drawn,
    "guessed": Guessed,
    "locked": Locked,
    "clocked": Clocked,
    "known": Known,
    "revealed": Revealed,
}


def dump(event: Event) -> tuple[str, dict[str, Any]]:
    """An event's kind and its body, ready for `json.dumps`."""
    kind = next(kind for kind, form in _KINDS.items() if isinstance(event, form))
    if isinstance(event, Identified):
        minds = {key: asdict(identity) for key, identity in event.minds.items()}
        return kind, {"instinct": asdict(event.instinct), "minds": minds}
    if isinstance(event, Revealed):
        return kind, {
            "target": event.target,
            "instinct_bits": event.instinct_bits,
            "minds": dict(event.minds),
            "at": event.at,
            "six": {mind: list(bits) for mind, bits in event.six.items()},
        }
    return kind, asdict(event)


def load(kind: str, version: int, body: dict[str, Any]) -> Event:
    """An event from its kind and body.

    Raises:
        StoreError: it was written by a newer bitrace, or is not an event.
    """
    if version > EVENT_VERSION:
        raise StoreError("This race was written by a newer bitrace: update to go on with it.")
    try:
        return _load(kind, body)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StoreError(f"An event of kind {kind!r} in the store is damaged.") from None


def _load(kind: str, body: dict[str, Any]) -> Event:
    match kind:
        case "started":
            return Started(_setup(body["setup"]))
        case "identified":
            minds = {key: Identity(**identity) for key, identity in body["minds"].items()}
            return Identified(Identity(**body["instinct"]), minds)
        case "locked":
            slip = Slip(tuple(Bet(**bet) for bet in body["slip"]["bets"]))
            by_clock = body.get("by_clock", False)
            return Locked(body["target"], body["player"], slip, body["at"], by_clock)
        case "drawn":
            return Drawn(body["target"], tuple(body["six"]))
        case "guessed":
            return Guessed(**body)
        case "clocked":
            return Clocked(**body)
        case "known":
            return Known(**body)
        case "revealed":
            return _revealed(body)
        case _:
            raise KeyError(kind)


def _setup(body: dict[str, Any]) -> Setup:
    fields = dict(body)
    fields["targets"] = tuple(Target(**target) for target in body["targets"])
    fields["draw"] = Draw(**body["draw"])
    fields["players"] = tuple(Player(**player) for player in body["players"])
    fields["attempts"] = tuple(body["attempts"])
    fields["minds"] = tuple(body["minds"])
    fields["pack"] = PackRef(**body["pack"]) if body["pack"] else None
    fields["baked"] = tuple(_baked(baked) for baked in body.get("baked", ()))
    fields["further_models"] = tuple(
        FurtherModel(**model) for model in body.get("further_models", ())
    )
    for ghosts in ("ghosts", "crowd"):
        fields[ghosts] = tuple(_ghost(ghost) for ghost in body.get(ghosts, ()))
    practised = body.get("practised", ())
    fields["practised"] = tuple(Practised(**turn) for turn in practised)
    for words in ("against", "mixtures", "pool"):
        fields[words] = tuple(body.get(words, ()))
    return Setup(**fields)


def _ghost(body: dict[str, Any]) -> Ghost:
    fields = dict(body)
    fields["bits"] = _by_word(body["bits"])
    fields["said"] = _by_word(body["said"])
    return Ghost(**fields)


def _revealed(body: dict[str, Any]) -> Revealed:
    fields = dict(body)
    fields["six"] = {mind: tuple(bits) for mind, bits in body.get("six", {}).items()}
    return Revealed(**fields)


def _baked(body: dict[str, Any]) -> Baked:
    return Baked(
        Identity(**body["identity"]),
        {mind: _by_word(bits) for mind, bits in body["bits"].items()},
        {word: _top_words(top) for word, top in _by_word(body["tops"]).items()},
        {step: _by_word(bits) for step, bits in body["stairs"].items()},
        {word: _six(six) for word, six in _by_word(body.get("sixes", {})).items()},
    )


def _six(body: dict[str, Any]) -> Six:
    bits = {mind: tuple(bits) for mind, bits in body["bits"].items()}
    return Six(tuple(body["words"]), bits)


def _by_word(body: dict[str, Any]) -> dict[int, Any]:
    """Keys of JSON objects are text; these were numbers of words."""
    return {int(word): value for word, value in body.items()}


def _top_words(body: dict[str, Any]) -> TopWords:
    fields = dict(body)
    fields["words"] = tuple(TopWord(**one) for one in body["words"])
    return TopWords(**fields)
