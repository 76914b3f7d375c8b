"""What there is to say about a race, for the screens and for plain mode alike. No widgets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

from rich.cells import cell_len

from engine.bets import PASS
from engine.minds import INSTINCT, READER, is_guest, mind_of
from engine.race import Race
from engine.racers import Kind, Racer, racers, total, turn_score
from engine.shannon import MISSED
from tui.beforehand import Beforehand
from tui.heat import glyph
from tui.literal import clean
from tui.turns import said

SHARE_WIDTH = 80
_NO_STATES: Mapping[str, str] = {}
_LONGEST_SPARK = 24
_KNEW = 3.0
_KNEW_AMONG_SIX = 1.0
_EVEN_SIX = 2.5
"""Bits of a word among six with even stakes, at the least."""
_GUESSED = 0.5


@dataclass(frozen=True, slots=True)
class Lane:
    """How far a racer is."""

    name: str
    insight_bits: float
    state: str = ""
    """`writing`, `locked in`, or nothing."""
    kind: Kind = "mind"

    @property
    def is_player(self) -> bool:
        """Whether it is somebody at this terminal."""
        return self.kind == "player"


@dataclass(frozen=True, slots=True)
class RevealRow:
    """What a racer had on a revealed word."""

    name: str
    bits: float | None
    """None for one who was not there."""
    percent: float
    """What stood on the true word."""
    change: float | None
    """Change of the lane, in bits of insight; None for Instinct, which has none."""
    kind: Kind = "mind"
    said: str = ""
    """What a player or a ghost said here."""

    @property
    def is_player(self) -> bool:
        """Whether it is somebody at this terminal."""
        return self.kind == "player"


def signed(bits: float) -> str:
    """Insight as shown: signed, one place; never −0.0."""
    rounded = round(bits, 1) + 0.0
    return f"{rounded:+.1f}"


def player_names(race: Race) -> list[str]:
    """The players' names, ready for the screen."""
    return [clean(player.name) for player in race.setup.players]


def called(race: Race, player: int, start: bool = False) -> str:
    """A player in a sentence: `you`, or their name among several.

    Args:
        race: the race.
        player: which.
        start: the sentence begins with it.
    """
    if len(race.setup.players) > 1:
        return player_names(race)[player]
    return "You" if start else "you"


def owned(race: Race, player: int, start: bool = False) -> str:
    """Whose something is, in a sentence: `your`, or `ann's` among several."""
    if len(race.setup.players) > 1:
        return f"{player_names(race)[player]}'s"
    return "Your" if start else "your"


def mind_line(race: Race, key: str) -> str:
    """A mind by its name; the Reader of a further model by that model's."""
    if not is_guest(key):
        return mind_of(key).name
    identity = Beforehand(race.setup).identity(key) or race.minds.get(key)
    if identity is not None:
        return clean(identity.model)
    files = (model.path for model in race.setup.further_models if model.key == key)
    return clean(PurePath(next(files, key)).stem)


def racer_name(race: Race, racer: Racer) -> str:
    """A racer by its name, ready for the screen."""
    match racer.kind:
        case "player":
            return player_names(race)[racer.place]
        case "mind":
            return mind_line(race, racer.key)
        case "ghost":
            return clean(race.setup.ghosts[racer.place].name)
        case "mixture":
            return racer.key.capitalize()


def lanes(race: Race, states: Mapping[str, str] = _NO_STATES) -> list[Lane]:
    """All lanes: the players', the minds', the ghosts', the mixtures'.

    Args:
        race: the race.
        states: by a racer's key, what to say behind its lane.
    """
    return [
        Lane(
            racer_name(race, racer),
            total(race, racer).insight_bits,
            states.get(racer.key, ""),
            racer.kind,
        )
        for racer in racers(race.setup)
    ]


def reveal_rows(race: Race, target: int) -> list[RevealRow]:
    """What everybody had on a revealed word: the racers as in their lanes, then Instinct."""
    rows = [_reveal_row(race, racer, target) for racer in racers(race.setup)]
    instinct = race.reveals[target].instinct_bits
    return [*rows, RevealRow(INSTINCT.name, instinct, _share(instinct), None)]


def _reveal_row(race: Race, racer: Racer, target: int) -> RevealRow:
    name, score = racer_name(race, racer), turn_score(race, racer, target)
    told = ""
    if racer.kind == "player":
        told = said(race, target, racer.place)
    elif racer.kind == "ghost":
        word = race.setup.targets[target].index
        told = clean(race.setup.ghosts[racer.place].said.get(word, ""))
    if score is None:
        return RevealRow(name, None, 0.0, None, racer.kind, told)
    percent = _share(score.bits)
    return RevealRow(name, score.bits, percent, score.insight_bits, racer.kind, told)


def sense(race: Race, target: int) -> str:
    """One line of sense about a revealed word."""
    instinct = race.reveals[target].instinct_bits
    scores = [race.score(target, player) for player in range(len(race.setup.players))]
    best = min(range(len(scores)), key=lambda player: scores[player].bits)
    alone = len(scores) == 1
    who = called(race, best, start=True)
    habit = f"with four words of memory it was {instinct:.1f}"
    if race.setup.mode == "open" and all(
        race.slip(target, player) == PASS for player in range(len(scores))
    ):
        whose = "yours" if alone else "everybody's"
        return f"A pass: Instinct's {instinct:.1f} bits are {whose}."
    score = scores[best]
    if race.setup.mode == "shannon":
        return f"{_guess_sense(race, target, best)}: {score.bits:.1f} bits; {habit}."
    if race.setup.mode == "choice":
        paid = f"{INSTINCT.name} paid {instinct:.1f} for it"
        return f"{_choice_sense(race, best, score.bits)}: {score.bits:.1f} bits; {paid}."
    if score.insight_bits >= _KNEW:
        return f"{who} knew: {score.bits:.1f} bits; {habit}."
    if score.insight_bits >= _GUESSED:
        return f"{who} had an idea: {score.bits:.1f} bits; {habit}."
    if score.insight_bits > -_GUESSED:
        return f"No better than habit: {score.bits:.1f} bits; {habit}."
    nobody = "You were" if alone else "All were"
    return f"{nobody} sure of something else: {score.bits:.1f} bits; {habit}."


def _choice_sense(race: Race, player: int, bits: float) -> str:
    who, alone = called(race, player, start=True), len(race.setup.players) == 1
    if bits <= _KNEW_AMONG_SIX:
        return f"{who} knew"
    if bits < _EVEN_SIX:
        return f"{who} had an idea"
    if bits < _EVEN_SIX + _GUESSED:
        return f"{'You' if alone else 'All'} left it open"
    return f"{'You were' if alone else 'All were'} surer of something else"


def _guess_sense(race: Race, target: int, player: int) -> str:
    who, rank = called(race, player, start=True), race.rank(target, player)
    if rank == MISSED:
        return "Nobody guessed it" if len(race.setup.players) > 1 else "Not guessed"
    ordinal = ("first", "second", "third", "fourth", "fifth")[rank - 1]
    return f"{who} had it at the {ordinal} guess"


def winner(race: Race) -> str:
    """Who has won, as a sentence."""
    standing = sorted(lanes(race), key=lambda lane: -lane.insight_bits)
    if standing[0].insight_bits < 0:
        return f"{INSTINCT.name} beats everybody: none of them saved a bit."
    # Instinct itself is at 0: whoever races alone races it.
    first, second = (*standing, Lane(INSTINCT.name, 0.0))[:2]
    lead = first.insight_bits - second.insight_bits
    alone = len(race.setup.players) == 1
    wins = "You win" if alone and first.is_player else f"{first.name} wins"
    if first.kind == "mixture":
        wins = f"{first.name}, who does not exist, wins"
    behind = "you" if alone and second.is_player else second.name
    return f"{wins}, by {_lead(lead)} before {behind}."


def next_opponent(race: Race) -> str:
    """Whom to beat next, as a sentence."""
    best = max(race.total(player).insight_bits for player in range(len(race.setup.players)))
    others = (lane for lane in lanes(race) if not lane.is_player)
    # A mixture of one is that one: ahead by nothing but rounding.
    ahead = [lane for lane in others if round(lane.insight_bits - best, 6) > 0]
    if not ahead:
        return "All minds are beaten. Next: a bigger model, with --model FILE."
    nearest = min(ahead, key=lambda lane: lane.insight_bits)
    return f"Next to beat: {nearest.name}, {_lead(nearest.insight_bits - best)} ahead."


def best_word(race: Race, player: int) -> str:
    """The word at which a player's understanding was worth most, as a sentence."""
    scores = [race.score(target, player) for target in range(race.target)]
    target = max(range(len(scores)), key=lambda place: scores[place].insight_bits)
    worth = scores[target].insight_bits
    who = called(race, player)
    if round(worth, 1) <= 0:
        return f"Following the text saved {who} nothing on any word."
    word = clean(race.setup.targets[target].word)
    return f"Following the text saved {who} most at “{word}”: {worth:.1f} bits."


def bits_a_word(race: Race, player: int) -> float:
    """A player's mean bits a target."""
    return race.total(player).bits / len(race.setup.targets)


def written_out(race: Race, player: int) -> str:
    """What the targets take in bytes, plain and at the racers' bits, as a sentence."""
    plain = sum(len(target.word.encode()) for target in race.setup.targets)
    parts = [f"at {owned(race, player)} bits {_bytes(race.total(player).bits)}"]
    if READER.key in race.setup.minds:
        parts.append(f"at {READER.name}'s {_bytes(race.mind_total(READER.key).bits)}")
    return f"Written out these words take {plain} bytes; {', '.join(parts)}."


def share_line(race: Race, player: int) -> str:
    """A line to paste, without spoilers, at most 80 columns."""
    setup = race.setup
    where = f"{setup.pack.id}/{setup.passage}" if setup.pack else setup.passage
    spark = _spark([race.score(target, player).bits for target in range(race.target)])
    mode = "" if setup.mode == "open" else f" {setup.mode}"
    tail = f"{mode} {spark} {signed(race.total(player).insight_bits)} bits"
    for key in setup.minds:
        if key == READER.key:
            tail += f" · {READER.name} {signed(race.mind_total(key).insight_bits)}"
    shown = clean(where)
    while shown and cell_len(f"bitrace {shown}{tail}") > SHARE_WIDTH:
        shown = shown[:-1]
    return f"bitrace {shown}{tail}"


def standing_notes(race: Race) -> Iterable[str]:
    """What keeps players' races off the boards, if anything."""
    if race.setup.tutorial or race.setup.practised:
        yield f"{'Tutorial' if race.setup.tutorial else 'Practice'}: off the boards."
        return
    for player, times in enumerate(race.setup.attempts):
        who = called(race, player, start=True)
        if player in race.known:
            yield f"{who} knew the text: off the boards."
        elif times > 1:
            has = "has" if len(race.setup.players) > 1 else "have"
            yield f"{who} {has} raced this text before (race {times}): practice."


def _lead(bits: float) -> str:
    return f"{bits:.1f} bits" if round(bits, 1) else "a hair"


def _spark(costs: Sequence[float]) -> str:
    """A glyph a word; of long races each stands for the mean of some words."""
    n = min(len(costs), _LONGEST_SPARK)
    cuts = [len(costs) * place // n for place in range(n + 1)]
    groups = [costs[start:end] for start, end in pairwise(cuts)]
    return "".join(glyph(sum(group) / len(group)) for group in groups)


def _share(bits: float) -> float:
    return 100 * 2.0**-bits


def _bytes(bits: float) -> int:
    return math.ceil(bits / 8)
