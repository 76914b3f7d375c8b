"""A race being played: the one way in which slips reach the disk and words the screen."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.bets import Slip
from engine.errors import BitraceError
from engine.predictor import Predictor, TopWords
from engine.race import Event, Known, Locked, Player, Race, Setup, advance
from engine.words import Text
from tui.beforehand import opponents, to_keep
from tui.engine_room import Engines
from tui.hindsight import Hindsight
from tui.readings import Readings

if TYPE_CHECKING:
    from tui.choose import Chosen
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
        self._engines = Engines(race.setup.model_path, gpu_layers)
        self._readings: Readings | None = None
        self._tops: dict[int, TopWords] = {}

    def start(self, predictor: Predictor, listeners: Listeners) -> None:
        """Have the passage read; players need not wait for it.

        Raises:
            NoInstinctError: the starter model is not installed.
        """
        if self.race.phase == "finished":
            return
        self._readings = Readings(
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

    def lock(self, player: int, slip: Slip) -> None:
        """Lock a slip in. When this returns it is on disk.

        The word is shown in the same breath if nobody else has to write and all bits are
        there: one transaction, so that a player waits for the disk once.

        Raises:
            StoreError: it could not be written; nothing has changed.
            RaceError: it is not this player's turn.
        """
        locked = Locked(self.race.target, player, slip, now())
        self._append([locked, *self._reveal(advance(self.race, locked))])

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


def begin(
    store: Store,
    chosen: Chosen,
    players: list[Player],
    model: str = "",
    minds: tuple[str, ...] | None = None,
) -> Race:
    """Begin a race and write it down.

    Args:
        store: where it is kept.
        chosen: the passage with its targets.
        players: who plays, in their first order.
        model: path of the model that races; empty for the starter model.
        minds: keys of the minds that race; None for the usual opponents and the Readers that
            come with the pack.

    Raises:
        StoreError: it could not be written.
    """
    text_sha256 = chosen.text.sha256
    setup = Setup(
        race_id=uuid.uuid4().hex,
        title=chosen.title,
        text_sha256=text_sha256,
        targets=chosen.targets,
        draw=chosen.draw,
        players=tuple(players),
        attempts=tuple(1 + store.n_attempts(player.id, text_sha256) for player in players),
        minds=opponents(chosen.baked) if minds is None else minds,
        started_at=now(),
        pack=chosen.pack,
        passage=chosen.passage,
        origin=chosen.origin,
        source=chosen.source,
        primer=chosen.primer,
        primer_sha256=chosen.primer_sha256,
        preface=chosen.preface,
        preface_sha256=chosen.preface_sha256,
        model_path=model,
        baked=to_keep(chosen.baked, (target.index for target in chosen.targets)),
    )
    return store.begin(setup, chosen.text)


def begin_again(store: Store, race: Race, text: Text) -> Race:
    """Begin another race of the same players on the same text and targets.

    Raises:
        StoreError: it could not be written.
    """
    players = race.setup.players
    attempts = tuple(
        1 + store.n_attempts(player.id, race.setup.text_sha256) for player in players
    )
    setup = replace(race.setup, race_id=uuid.uuid4().hex, attempts=attempts, started_at=now())
    return store.begin(setup, text)
