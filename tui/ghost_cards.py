"""Ghosts from card files: somebody else's result, raced as it was.

A card is played over again as a race, by the same rules, so that whatever does not follow from
its slips is found out. Files may come from strangers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from engine import bets, card, choice, shannon
from engine.bets import PASS, Bet, Slip
from engine.errors import InputError, RaceError, SlipError
from engine.minds import INSTINCT
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
from engine.setup import Draw, Ghost, Identity, PackRef, Player, Setup, Target
from puzzles.files import printable, read
from tui.card_form import CardForm, TurnForm
from tui.ghosts import Course, ghost_of
from tui.literal import clean
from tui.paths import typed_path

_TOLERANCE = 1.5e-6
"""Bits: cards have six places, and another computer's logarithm may differ in the last."""
_LEFT_OVER = 1e-4
"""By how much the probabilities of six words may fail to add up to one."""
_LONGEST_REASON = 120


def ghost_from(path: str, course: Course) -> Ghost:
    """The first card in a file that is of a course, as a racer.

    Args:
        path: as typed, of a file with a card, or with a card a line.
        course: what it has to have in common with the race.

    Raises:
        InputError: the file cannot be read, a card in it is none or is wrong in itself, or
            all are of other races.
    """
    file = typed_path(path)
    name = printable(str(file))
    differs: list[str] = []
    for where, raw in _cards(read(file, name), name):
        form = _form(raw, where)
        if (difference := _difference(form, course)) is None:
            return ghost_of(_checked(form, where, course), 0, clean(form.player.name))
        differs.append(difference)
    if not differs:
        raise InputError(f"{name} holds no card: write one with `bitrace scores export`.")
    which = "the card" if len(differs) == 1 else f"each of the {len(differs)} cards"
    raise InputError(f"In {name}, {which} is of another race: {differs[0]}.")


def race_of(form: CardForm, targets: tuple[Target, ...]) -> Race:
    """A card played over again.

    Args:
        form: the card.
        targets: of its passage; their words and starts are the card's.

    Raises:
        RaceError: its turns break a rule.
        SlipError: a slip does.
    """
    setup = Setup(
        race_id="",
        title="",
        text_sha256=form.text_sha256,
        targets=targets,
        draw=Draw(form.targets.how, form.targets.n, form.targets.seed),
        players=(Player(form.player.id, form.player.name),),
        attempts=(form.attempt,),
        minds=tuple(form.minds),
        started_at="",
        mode=form.mode,
        pack=PackRef(**form.pack.model_dump()) if form.pack else None,
        passage=form.passage,
        primer_sha256=form.primer_sha256,
        preface_sha256=form.preface_sha256,
        clock_s=form.clock_s,
    )
    identities = {key: Identity(**one.model_dump()) for key, one in form.minds.items()}
    events: list[Event] = [
        Started(setup),
        Identified(Identity(**form.instinct.model_dump()), identities),
    ]
    for target, turn in enumerate(form.turns):
        events += _events(form, target, turn)
    return replay(events)


def _events(form: CardForm, target: int, turn: TurnForm) -> Iterator[Event]:
    at, slip = turn.locked_at, PASS
    in_six: dict[str, tuple[float, ...]] = {}
    if (turn.six is None) == (form.mode == "choice"):
        raise RaceError("six words belong to the choice mode")
    if (turn.guesses is None) == (form.mode == "shannon"):
        raise RaceError("guesses belong to the mode in which one guesses")
    written = tuple(Bet(bet.word, bet.percent) for bet in turn.slip)
    if turn.six is not None:
        six = tuple(one.word for one in turn.six)
        yield Drawn(target, six)
        slip = choice.staked(six, [bet.percent for bet in written])
        in_six = {key: tuple(one.minds[key] for one in turn.six) for key in form.minds}
        in_six[INSTINCT.key] = tuple(one.instinct_bits for one in turn.six)
    elif turn.guesses is not None:
        for number, guess in enumerate(turn.guesses):
            yield Guessed(target, 0, shannon.check_guess(guess, turn.guesses[:number]), at)
    else:
        slip = bets.slip(written)
    if slip != Slip(written):
        raise RaceError("a slip is not of the words that were shown")
    yield Locked(target, 0, slip, at)
    yield Revealed(target, turn.instinct_bits, turn.minds, at, in_six)


def _cards(raw: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """What may be cards, each with where it is: the whole file, or its lines."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        lines = [(number, line) for number, line in enumerate(raw.splitlines(), 1)]
        for number, line in lines:
            if line.strip():
                yield f"{name}, line {number}" if len(lines) > 1 else name, line
    else:
        yield name, raw


def _form(raw: bytes, where: str) -> CardForm:
    try:
        form = CardForm.model_validate_json(raw)
        # From what is written: another writer may write 2 where we write 2.0.
        right = card.card_hash(json.loads(raw)) == form.hash
    except ValidationError as error:
        raise InputError(_sentence(error, where)) from None
    except (ValueError, RecursionError):
        raise InputError(f"{where} is no card of bitrace: take another file.") from None
    if not right:
        raise InputError(f"{where} is not as it was written: its hash is another one.")
    return form


def _sentence(error: ValidationError, where: str) -> str:
    (first, *_) = error.errors(include_url=False, include_context=False, include_input=False)
    if first["type"] == "json_invalid" or not first["loc"]:
        return f"{where} is no card of bitrace: it is no whole JSON object."
    if first["loc"] == ("format",) and first["type"] == "less_than_equal":
        return f"{where} is no card of a form that this bitrace knows: update bitrace."
    place = printable(".".join(str(part) for part in first["loc"]))
    reason = first["msg"][:1].lower() + first["msg"][1:_LONGEST_REASON]
    return f"{where} is no card of bitrace: {place}: {printable(reason, _LONGEST_REASON)}."


def _difference(form: CardForm, course: Course) -> str | None:
    """In what a card is not of a course, as part of a sentence."""
    if form.text_sha256 != course.text_sha256:
        return "it was run on another text"
    if form.mode != course.mode:
        return f"it was run in the mode {form.mode}, this one is {course.mode} (--mode)"
    if form.targets.starts != tuple(target.start for target in course.targets):
        return "other words were to be predicted (--targets, --seed)"
    if form.mode == "choice" and form.targets.seed != course.seed:
        return f"its six words were drawn by seed {form.targets.seed}, here it is {course.seed}"
    return None


def _checked(form: CardForm, where: str, course: Course) -> Race:
    """The race of a card that is right in itself."""
    wrong = InputError(f"{where} is wrong in itself: its numbers do not follow from its slips.")
    places = [(turn.word, turn.start) for turn in form.turns]
    if places != [(target.word, target.start) for target in course.targets]:
        raise InputError(f"{where} is wrong in itself: its words are not those of the text.")
    if any(turn.minds.keys() != form.minds.keys() for turn in form.turns):
        raise wrong
    try:
        race = race_of(form, course.targets)
    except (RaceError, SlipError, KeyError):
        # Why would tell words of a passage that is still to be raced.
        raise InputError(f"{where} is wrong in itself: a slip breaks a rule.") from None
    if not (_same(form, card.make(race, 0)) and all(map(_six_fit, form.turns))):
        raise wrong
    return race


def _same(form: CardForm, made: dict[str, Any]) -> bool:
    """Whether the numbers of a card are those that its slips come to."""
    turns = zip(form.turns, made["turns"], strict=True)
    if any(abs(turn.bits - again["bits"]) > _TOLERANCE for turn, again in turns):
        return False
    written, again = form.totals.model_dump(), made["totals"]
    if written["minds"].keys() != again["minds"].keys():
        return False
    sums = [(written[key], again[key]) for key in again if key != "minds"]
    sums += [(written["minds"][key], bits) for key, bits in again["minds"].items()]
    return all(abs(one - other) <= _TOLERANCE * len(form.turns) for one, other in sums)


def _six_fit(turn: TurnForm) -> bool:
    """Whether the bits of six words are those of the turn, and of words among which one is."""
    if turn.six is None:
        return True
    place = [one.word for one in turn.six].index(turn.word)
    columns = [(turn.instinct_bits, [one.instinct_bits for one in turn.six])]
    columns += [
        (bits, [one.minds[key] for one in turn.six]) for key, bits in turn.minds.items()
    ]
    return all(
        abs(column[place] - bits) <= _TOLERANCE
        and abs(math.fsum(2.0**-one for one in column) - 1) <= _LEFT_OVER
        for bits, column in columns
    )
