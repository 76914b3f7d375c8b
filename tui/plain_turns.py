"""Turns in plain mode: what a player is asked in each mode, and how long they have."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from engine.bets import FIRST_STAKE, PASS, Slip, last_stake, parse
from engine.choice import EVEN, staked
from engine.errors import RaceError, SlipError
from engine.setup import Mode
from engine.shannon import MOST_GUESSES, check_guess
from tui.literal import clean
from tui.plain_lines import Left, Lines, TimeIsUp, tell
from tui.plain_stakes import FORMS, read_stakes
from tui.session import Session
from tui.views import player_names

COMMAND = "?"
"""Begins a line that is no answer: no word to bet on has one."""
HOW_TO: dict[Mode, str] = {
    "open": "A slip is words, each with the percent you stake on it: harbour 60 sea 20. "
    "What you do not stake stays on Instinct.",
    "choice": "Of six words one is the true one, and each gets its share of 100 percent: type "
    f"{FORMS}. An empty line keeps them even.",
    "shannon": f"Guess the word, {MOST_GUESSES} guesses at the most, one a line. The sooner it "
    "comes, the less it costs; an empty line stops.",
}
COMMANDS = "?known: I know this text. ?pause: leave, and go on later. ?help: all this again."

Taken = TypeVar("Taken")


class Turns:
    """Asks players for their turns, and locks them in.

    Args:
        session: the race.
        lines: what is typed.
        passes_unasked: an empty line passes without a second one.
        monotonic: tells the time, in seconds from anywhere.
    """

    def __init__(
        self,
        session: Session,
        lines: Lines,
        passes_unasked: bool,
        monotonic: Callable[[], float],
    ) -> None:
        self._session = session
        self._lines = lines
        self._passes_unasked = passes_unasked
        self._monotonic = monotonic
        self._stakes = [FIRST_STAKE] * len(session.race.setup.players)
        self._ends_s: float | None = None
        """When the time of the turn is up, by `monotonic`; None where there is no clock."""

    def play(self, player: int) -> None:
        """Have a player say something, or their time run out. What they said is on disk.

        Raises:
            Left: the race is left; the time used is kept.
            BitraceError: it could not be kept.
        """
        race = self._session.race
        ask = {"open": self._bet, "choice": self._stake, "shannon": self._guess}
        left_s = self._left_s(player)
        self._ends_s = None if left_s is None else self._monotonic() + left_s
        try:
            ask[race.setup.mode](player)
        except TimeIsUp:
            self._lines.forget()
            tell("\nTime is up.")
            self._session.lock(player, self._as_it_stands, by_clock=True)
        except (Left, KeyboardInterrupt):
            if self._session.race.target == race.target:
                self._keep_time(player)
            raise

    def wait_for(self, player: int) -> None:
        """Let a player begin their time themselves.

        Raises:
            Left: the race is left.
        """
        left_s = self._left_s(player)
        if left_s:
            name = player_names(self._session.race)[player]
            tell(f"\n{name}: Enter begins your time, {in_seconds(left_s)}.")
            self._ends_s = None
            self._line(player)

    def _left_s(self, player: int) -> float | None:
        """Seconds a player has left at this target; None where there is no clock."""
        race = self._session.race
        if race.setup.clock_s is None:
            return None
        return max(0.0, race.setup.clock_s - race.used_s.get((race.target, player), 0.0))

    def _keep_time(self, player: int) -> None:
        clock_s = self._session.race.setup.clock_s
        if clock_s is None or self._ends_s is None:
            return
        left_s = max(0.0, self._ends_s - self._monotonic())
        with suppress(RaceError):  # interrupted when the turn was over
            self._session.keep_time(player, clock_s - left_s)

    @property
    def _as_it_stands(self) -> Slip:
        race = self._session.race
        return staked(race.sixes[race.target], EVEN) if race.setup.mode == "choice" else PASS

    # ---- one turn in each mode ----

    def _bet(self, player: int) -> None:
        self._ask(player, "words and percent?")
        empty = "An empty slip passes. An empty line once more to pass, or a slip."
        stake = self._stakes[player]
        slip, last = self._read(
            player, lambda line: (parse(line, stake), last_stake(line)), empty
        )
        self._stakes[player] = last or stake
        self._session.lock(player, slip)

    def _stake(self, player: int) -> None:
        race = self._session.race
        six = race.sixes[race.target]
        named = [f"{number} {clean(word)}" for number, word in enumerate(six, 1)]
        tell(f"\n{'   '.join(named)}")
        self._ask(player, "six stakes, numbers to push, or words and percents?")
        empty = "An empty line keeps them even. An empty line once more, or stakes."
        stakes = self._read(player, lambda line: read_stakes(line, six), empty)
        self._session.lock(player, staked(six, stakes))
        shares = [f"{clean(word)} {stake}" for word, stake in zip(six, stakes, strict=True)]
        tell(f"Staked: {', '.join(shares)}.")

    def _guess(self, player: int) -> None:
        race = self._session.race
        made = list(race.guesses.get((race.target, player), ()))
        before = f"so far {', '.join(clean(guess) for guess in made)}; " if made else ""
        self._ask(player, f"{before}guess {len(made) + 1} of {MOST_GUESSES}?")
        empty = (
            "No more guesses? The word counts as missed. An empty line once more, or a word."
        )
        while len(made) < MOST_GUESSES:
            guess = self._read(player, partial(_guess_of, made=tuple(made)), empty)
            if not guess:
                self._session.lock(player, PASS)
                return
            is_right = self._session.guess(player, guess)
            made.append(guess)
            if is_right:
                tell(f"Yes, at guess {len(made)}.")
                return
            last = len(made) == MOST_GUESSES
            tell("No." if last else f"No. Guess {len(made) + 1} of {MOST_GUESSES}?")

    # ---- lines ----

    def _ask(self, player: int, what: str) -> None:
        race = self._session.race
        left_s = self._left_s(player)
        who = player_names(race)[player]
        if left_s is not None:
            who += f", {in_seconds(left_s)}"
        tell(f"\nTarget {race.target + 1} of {len(race.setup.targets)}, {who}: {what}")

    def _read(self, player: int, read: Callable[[str], Taken], when_empty: str) -> Taken:
        """What a line says; one that says nothing is asked for again.

        Args:
            player: whose turn it is.
            read: gives what a line says, or a `SlipError`; also of an empty one.
            when_empty: what is told at an empty line, before a second one is taken.
        """
        is_sure = self._passes_unasked
        while True:
            line = self._line(player).strip()
            if not line and not is_sure:
                is_sure = True
                tell(when_empty)
                continue
            try:
                return read(line)
            except SlipError as error:
                tell(f"Not taken: {clean(str(error))}. Again, please.")
                is_sure = self._passes_unasked

    def _line(self, player: int) -> str:
        """A line that is no command."""
        while True:
            left_s = None if self._ends_s is None else self._ends_s - self._monotonic()
            if left_s is not None and left_s <= 0:
                raise TimeIsUp
            line = self._lines.next(left_s)
            if not line.lstrip().startswith(COMMAND):
                return line
            self._obey(player, line.strip())

    def _obey(self, player: int, command: str) -> None:
        race = self._session.race
        match command.lower():
            case "?known":
                self._session.say_known(player)
                named = len(race.setup.players) > 1
                whose = f" for {player_names(race)[player]}" if named else ""
                tell(f"Noted: this race stays off the boards{whose}. Play on for practice.")
            case "?pause":
                raise Left
            case "?help":
                tell(f"{HOW_TO[race.setup.mode]}\n{COMMANDS}")
            case _:
                tell("Not taken: after ? comes known, pause or help. Again, please.")


def _guess_of(line: str, made: tuple[str, ...]) -> str:
    """A guess; an empty line is none."""
    return check_guess(line, made) if line else ""


def in_seconds(left_s: float) -> str:
    """A time as it is told, rounded up."""
    seconds = math.ceil(left_s)
    return f"{seconds} second{'s' if seconds != 1 else ''}"
