"""What is read once a race is over: the staircase, and best words that are still missing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, Literal, TypeAlias

from engine.baked import Baked
from engine.errors import BitraceError, EngineError
from engine.ladder import Bits, Ladder, Staircase
from engine.minds import INSTINCT, READER, STRANGER, is_guest, short_memory
from engine.predictor import Loaded, Predictor, TopWords
from engine.race import Race
from engine.words import prepare
from tui.beforehand import Beforehand
from tui.engine_room import STARTER, Engines
from tui.readings import ask_words, changed_since, error_of

State: TypeAlias = Literal["reading", "stopped", "failed", "done"]


class Hindsight:
    """Reads on after a race: best words that are missing, then the staircase.

    Args:
        race: a finished race.
        normalized: its passage.
        engines: which models.
        tops: best words by word index; what comes in is put there.
    """

    def __init__(
        self, race: Race, normalized: str, engines: Engines, tops: dict[int, TopWords]
    ) -> None:
        self._race = race
        self._text = normalized
        self._engines = engines
        self._tops = tops
        before = Beforehand(race.setup)
        self._known = _known(race, engines.raced_role, before.raced)
        tops.update(before.tops)
        self._ladder: Ladder | None = None
        self._predictor: Predictor | None = None
        self._asked: list[Future[Any]] = []
        # Begun on one thread, left on another.
        self._lock = threading.RLock()
        self._left = False
        self._on_change: Callable[[], None] = lambda: None
        self.state: State = "reading"
        self._before = 0.0
        self.fraction = 0.0
        """How much of the staircase's work is done, from 0 to 1."""
        self.fault = ""
        """What keeps it from being read, if anything."""

    @property
    def staircase(self) -> Staircase | None:
        """As far as it has been read; None before it is begun."""
        return self._ladder.staircase if self._ladder else None

    def start(self, predictor: Predictor, on_change: Callable[[], None]) -> None:
        """Ask for all that is missing.

        Args:
            predictor: who reads.
            on_change: called when something came in, on the engine's threads.
        """
        with self._lock:
            if self._left:
                return
            self._predictor = predictor
            self._on_change = on_change
            self.state, self.fault, self._before = "reading", "", self.fraction
            known = self._ladder.staircase.bits if self._ladder else self._known
            self._ladder = Ladder(
                predictor,
                self._engines.raced_role,
                self._text,
                (target.index for target in self._race.setup.targets),
                known,
                prepare(self._race.setup.primer).normalized,
                self._on_progress,
            )
            try:
                self._ask(predictor, self._ladder)
            except BitraceError as error:
                self._fail(error)
        on_change()  # what is known from the race can be shown

    def pause(self) -> None:
        """Give up what has not been read; `start` goes on with it."""
        with self._lock:
            if self.state != "reading":
                return
            self.state = "stopped"
            self._give_up()

    def leave(self) -> None:
        """Nobody looks any more."""
        with self._lock:
            self._left = True
            self.pause()

    def _ask(self, predictor: Predictor, ladder: Ladder) -> None:
        role = self._engines.raced_role
        targets = (target.index for target in self._race.setup.targets)
        setup = self._race.setup
        has_words = READER.key in setup.minds and setup.mode != "choice"
        missing = tuple(index for index in targets if has_words and index not in self._tops)
        if missing or not ladder.staircase.is_whole:
            loaded = predictor.load(self._engines.loading(role))
            loaded.add_done_callback(self._on_loaded)
            self._asked = [loaded]
        if missing:
            self._asked.append(
                ask_words(predictor, role, setup, self._text, missing, self._take_words)
            )
        ladder.start().add_done_callback(self._on_climbed)

    def _take_words(self, tops: dict[int, TopWords]) -> None:
        self._tops.update(tops)
        self._on_change()

    def _on_progress(self, fraction: float) -> None:
        self.fraction = self._before + (1 - self._before) * fraction
        self._on_change()

    def _on_loaded(self, future: Future[Loaded]) -> None:
        if (error := error_of(future)) is not None:
            self._fail(error)
            return
        for key, known in self._race.minds.items():
            if is_guest(key):
                continue
            if (fault := changed_since(known, future.result().identity)) is not None:
                self._fail(fault)

    def _on_climbed(self, future: Future[Staircase]) -> None:
        if (error := error_of(future)) is not None:
            self._fail(error)
            return
        with self._lock:
            if self.state == "reading":
                self.state = "done"
        self._on_change()

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, CancelledError):
            return
        with self._lock:
            if self.state != "reading":
                return
            self.state = "failed"
            if not isinstance(error, BitraceError):
                error = EngineError(f"The engine failed: {error}")
            self.fault = str(error)
            self._give_up()
        self._on_change()

    def _give_up(self) -> None:
        if self._ladder is None or self._predictor is None:
            return
        self._ladder.cancel()
        for future in self._asked:
            if not future.done():
                self._predictor.cancel(future)


def _known(race: Race, role: str, before: Baked | None) -> Bits:
    """Bits of a staircase that the race itself has brought."""
    if before is not None:
        return {**before.stairs, **before.bits}
    setup = race.setup
    if setup.mode == "choice":
        return {}  # its bits are among six words, those of the staircase among all
    turns = list(zip(setup.targets, race.reveals, strict=False))
    known = {
        mind.key: {target.index: reveal.minds[mind.key] for target, reveal in turns}
        for mind in (READER, STRANGER)
        if mind.key in setup.minds
    }
    if role == STARTER and INSTINCT.memory is not None:  # Instinct is the starter model's
        habit = {target.index: reveal.instinct_bits for target, reveal in turns}
        known[short_memory(INSTINCT.memory).key] = habit
    return known
