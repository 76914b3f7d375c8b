"""A race being played: the one way in which slips reach the disk and words the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine import shannon
from engine.bets import PASS, Slip
from engine.errors import BitraceError
from engine.predictor import Predictor, TopWords
from engine.race import (
    Clocked,
    Drawn,
    Event,
    Guessed,
    Known,
    Locked,
    Race,
    advance,
)
from engine.words import Text
from tui.choice_readings import ChoiceReadings
from tui.engine_room import Engines
from tui.hindsight import Hindsight
from tui.readings import Readings

if TYPE_CHECKING:
    from tui.store import Store


def now() -> str:
    """The time as it is written in events: UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def nothing() -> None:
    """For when nobody listens."""


def ignore(_error: BitraceError) -> None:
    """For when nobody listens."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told what goes on; called on the engine's threads."""

    on_change: Callable[[], None] = nothing
    on_fault: Callable[[BitraceError], None] = ignore


class Session:
    """A race, where it is kept, and what the minds say.

    Args:
        store: where the log is kept.
        race: the race as it stands.
        text: its passage.
        gpu_layers: layers to offload; -1 for all.
    """

    def __init__(self, store: Store, race: Race, text: Text, gpu_layers: int = -1) -> None:
        self._store = store
        self.race = race
        self.text = text
        self._engines = Engines(race.setup.model_path, gpu_layers, race.setup.further_models)
        self._readings: Readings | None = None
        self._tops: dict[int, TopWords] = {}

    def start(self, predictor: Predictor, listeners: Listeners) -> None:
        """Have the passage read; players need not wait for it.

        Raises:
            NoInstinctError: the starter model is not installed.
        """
        if self.race.phase == "finished":
            return
        kind = ChoiceReadings if self.race.setup.mode == "choice" else Readings
        self._readings = kind(
            predictor,
            self.race,
            self.text.normalized,
            self._engines,
            self._tops,
            listeners.on_change,
            listeners.on_fault,
        )
        self._readings.start()

    def stop(self) -> None:
        """Stop reading; the race stays where it is."""
        if self._readings:
            self._readings.stop()

    def look_back(self) -> Hindsight:
        """What is to be read about the race now that it is over."""
        return Hindsight(self.race, self.text.normalized, self._engines, self._tops)

    def draw(self) -> None:
        """Take the six words of all targets for which they are there.

        Raises:
            StoreError: it could not be written; nothing has changed.
        """
        if not isinstance(self._readings, ChoiceReadings):
            return
        events: list[Event] = []
        for target in range(self.race.target, len(self.race.setup.targets)):
            six = self._readings.six(target)
            if target not in self.race.sixes and six is not None:
                events.append(Drawn(target, six))
        self._append(events)

    def guess(self, player: int, word: str) -> bool:
        """Guess a word. When this returns it is on disk.

        The right one ends the turn, and so does the last.

        Args:
            player: whose turn it is.
            word: from `shannon.check_guess`.

        Returns:
            Whether it is the true word.

        Raises:
            StoreError: it could not be written; nothing has changed.
            RaceError: it is not this player's turn.
        """
        target = self.race.target
        guessed = Guessed(target, player, word, now())
        after = advance(self.race, guessed)
        right = after.rank(target, player) != shannon.MISSED
        if right or len(after.guesses[target, player]) == shannon.MOST_GUESSES:
            self._end_turn([guessed], Locked(target, player, PASS, now()))
        else:
            self._append([guessed])
        return right

    def keep_time(self, player: int, used_s: float) -> None:
        """Write down how much of their time a player has used, before the race is left.

        Raises:
            StoreError: it could not be written; nothing has changed.
        """
        self._append([Clocked(self.race.target, player, used_s)])

    def lock(self, player: int, slip: Slip, by_clock: bool = False) -> None:
        """Lock a slip in; where one guesses, a pass ends the guessing. When this returns it
        is on disk.

        The word is shown in the same breath if nobody else has to write and all bits are
        there: one transaction, so that a player waits for the disk once.

        Raises:
            StoreError: it could not be written; nothing has changed.
            RaceError: it is not this player's turn.
        """
        self._end_turn([], Locked(self.race.target, player, slip, now(), by_clock))

    def _end_turn(self, events: list[Event], locked: Locked) -> None:
        race = self.race
        for event in (*events, locked):
            race = advance(race, event)
        self._append([*events, locked, *self._reveal(race)])

    def reveal(self) -> bool:
        """Show the word if all have locked in and all bits are there.

        Returns:
            Whether it was shown now.

        Raises:
            StoreError: it could not be written; nothing has changed.
        """
        events = self._reveal(self.race)
        self._append(events)
        return bool(events)

    def say_known(self, player: int) -> None:
        """A player knows this text: the race stays off the boards for them."""
        if player not in self.race.known:
            self._append([Known(player, now())])

    def is_locked(self, mind: str) -> bool:
        """Whether a mind's reading of the current target is there."""
        return self._readings is not None and self._readings.has(mind, self.race.target)

    def top_words(self, target: int) -> TopWords | None:
        """Reader's best words at a target; None while they are not there.

        They say what the word may be, so that nobody gets them before it is shown.
        """
        if target >= self.race.target:
            return None
        return self._tops.get(self.race.setup.targets[target].index)

    @property
    def words_to_come(self) -> bool:
        """Whether Reader's best words are being asked for."""
        return self._readings is not None and self._readings.words_to_come

    @property
    def engine_ready(self) -> bool:
        """Whether the models are loaded, or there is nothing to load."""
        return self._readings is None or self._readings.ready

    @property
    def engine_line(self) -> str:
        """What the engine is and does, without a number that could tell anything."""
        if self._readings is None:
            return ""
        parts = (self._readings.place, self._readings.doing)
        return " · ".join(part for part in parts if part)

    def _reveal(self, race: Race) -> list[Event]:
        if race.phase != "waiting" or self._readings is None:
            return []
        shown = self._readings.revealed(race.target, now())
        if shown is None:
            return []
        return [shown] if race.instinct else [self._readings.identified(), shown]

    def _append(self, events: list[Event]) -> None:
        if events:
            self.race = self._store.append(self.race, events)
