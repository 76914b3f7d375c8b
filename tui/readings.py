"""What the minds say about a race's targets, as it comes in from the engine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from engine.errors import BitraceError, EngineError, ModelError
from engine.minds import INSTINCT, READER, Mind, mind_of
from engine.predictor import Asking, Job, Loaded, OnTop, Predictor, TopWords
from engine.race import Identified, Identity, Race, Revealed, Setup
from engine.words import prepare
from tui.beforehand import Beforehand
from tui.engine_room import STARTER, Engines, describe, describe_baked, loading_line


class Readings:
    """Asks for all bits a race still needs, and keeps them; then for Reader's best words.

    What was baked is there at once, and a model that has nothing left to read is not loaded.

    Callbacks come on the engine's threads; bits and words are only ever added to.

    Args:
        predictor: who is asked.
        race: the race as it stands; targets already revealed are not read again.
        normalized: the passage.
        engines: which models.
        tops: Reader's best words by word index; what comes in is put there.
        on_change: called when bits, words or progress came in.
        on_fault: called once with what keeps the race from going on.
    """

    def __init__(
        self,
        predictor: Predictor,
        race: Race,
        normalized: str,
        engines: Engines,
        tops: dict[int, TopWords],
        on_change: Callable[[], None],
        on_fault: Callable[[BitraceError], None],
    ) -> None:
        self._predictor = predictor
        self._race = race
        self._text = normalized
        self._engines = engines
        self._tops = tops
        self._on_change = on_change
        self._on_fault = on_fault
        self._before = Beforehand(race.setup)
        self._bits = {key: self._known_bits(key) for key in (INSTINCT.key, *race.setup.minds)}
        self._to_read = [key for key in self._bits if self._lacks(key)]
        tops.update(self._before.tops)
        self._loaded: dict[str, Loaded] = {}
        self._asked: list[Future[Any]] = []
        self._faulty = False
        self._done = 0
        self.doing = "starting" if self._to_read else ""
        """What the engine is at, for the foot of the screen."""
        self.words_to_come = False
        """Whether Reader's best words are being asked for."""

    def start(self) -> None:
        """Ask for everything: Instinct first, since nothing can be scored without it.

        Raises:
            NoInstinctError: the starter model is not installed.
        """
        roles = self._roles
        for loading in self._engines.loadings(roles):
            future = self._predictor.load(loading, self._on_loading)
            role = loading.role
            future.add_done_callback(lambda done, role=role: self._on_loaded(role, done))
            self._asked.append(future)
        self._ask_all()
        if READER.key in self._bits:
            self._ask_words()
        self._on_change()  # what was baked can be shown

    def stop(self) -> None:
        """Give up whatever has not been read."""
        self._faulty = True  # nothing more is told
        self.doing = ""
        for future in self._asked:
            if not future.done():
                self._predictor.cancel(future)

    def has(self, mind: str, target: int) -> bool:
        """Whether a mind's bits are there for a target."""
        return self._race.setup.targets[target].index in self._bits[mind]

    def revealed(self, target: int, at: str) -> Revealed | None:
        """The event that shows a target's word, once every mind's bits are there."""
        keys = (INSTINCT.key, *self._race.setup.minds)
        if not all(self.has(key, target) for key in keys) or not self.ready:
            return None
        index = self._race.setup.targets[target].index
        minds = {key: self._bits[key][index] for key in self._race.setup.minds}
        return Revealed(target, self._bits[INSTINCT.key][index], minds, at)

    def identified(self) -> Identified:
        """The event that says which models read; after the first `revealed`."""
        return Identified(
            self._identity(INSTINCT.key),
            {key: self._identity(key) for key in self._race.setup.minds},
        )

    @property
    def place(self) -> str:
        """The raced model and where it runs, for the foot of the screen."""
        if (loaded := self._loaded.get(self._engines.raced_role)) is not None:
            return describe(loaded)
        return describe_baked(self._before.raced.identity) if self._before.raced else ""

    @property
    def ready(self) -> bool:
        """Whether the models that still have to read are there."""
        return self._roles <= self._loaded.keys()

    @property
    def _roles(self) -> set[str]:
        """Models that still have to read."""
        return {self._engines.role_of(key) for key in self._to_read}

    def _identity(self, key: str) -> Identity:
        loaded = self._loaded.get(self._engines.role_of(key))
        if key in self._to_read and loaded is not None:
            return loaded.identity
        known = self._before.identity(key)
        assert known is not None, "what was not read now was read before"
        return known

    def _known_bits(self, key: str) -> dict[int, float]:
        """Bits of a racer's true words by word index that need not be read."""
        return dict(self._before.bits(key))

    def _lacks(self, key: str) -> bool:
        """Whether bits of a racer have still to be read."""
        return not all(word in self._bits[key] for word in self._wanted)

    @property
    def _wanted(self) -> tuple[int, ...]:
        targets = self._race.setup.targets[self._race.target :]
        return tuple(target.index for target in targets)

    def _ask_all(self) -> None:
        """Instinct first, since nothing can be scored without it."""
        for key in sorted(self._to_read, key=turn):
            self._ask(key)

    def _ask(self, key: str) -> None:
        mind, bits = mind_of(key), self._bits[key]
        text, before = text_for(mind, self._race.setup, self._text)
        job = Job(self._engines.role_of(key), mind, text, before, self._wanted)

        def on_bits(more: dict[int, float]) -> None:
            bits.update(more)
            self._on_change()

        future = self._predictor.read(job, on_bits)
        future.add_done_callback(self._on_read)
        self._asked.append(future)

    def _ask_words(self) -> None:
        """Behind all readings: no race waits for them, and none is stopped by their faults."""

        def on_top(tops: dict[int, TopWords]) -> None:
            self._tops.update(tops)
            self._on_change()

        def over(_future: Future[Any]) -> None:
            self.words_to_come = False
            self._on_change()

        missing = tuple(word for word in self._wanted if word not in self._tops)
        role, setup = self._engines.raced_role, self._race.setup
        if not missing or not self._engines.can_load(role):
            return
        if role not in self._roles:
            self._asked.append(self._predictor.load(self._engines.loading(role)))
        self.words_to_come = True
        future = ask_words(self._predictor, role, setup, self._text, missing, on_top)
        future.add_done_callback(over)
        self._asked.append(future)

    def _on_loading(self, fraction: float) -> None:
        self.doing = loading_line(fraction)
        self._on_change()

    def _on_loaded(self, role: str, future: Future[Loaded]) -> None:
        if (error := error_of(future)) is not None:
            self._fail(error)
            return
        loaded = future.result()
        known = self._race.instinct if role == STARTER else None
        for key, identity in self._race.minds.items():
            if self._before.identity(key) is None and self._engines.role_of(key) == role:
                known = identity
        if known is not None and (fault := changed_since(known, loaded.identity)) is not None:
            self._fail(fault)
            return
        self._loaded[role] = loaded
        self.doing = "reading"
        self._on_change()

    def _on_read(self, future: Future[Any]) -> None:
        if (error := error_of(future)) is not None:
            self._fail(error)
            return
        self._done += 1
        if self._done == len(self._to_read):
            self.doing = ""
        self._on_change()

    def _fail(self, error: BaseException) -> None:
        if self._faulty or isinstance(error, CancelledError):
            return
        self._faulty = True
        if not isinstance(error, BitraceError):
            error = EngineError(f"The engine failed: {error}")
        self._on_fault(error)


def turn(key: str) -> int:
    """When a racer is read: Instinct first, since nothing can be scored without it."""
    return 0 if key == INSTINCT.key else 1 if mind_of(key).reads_all else 2


def text_for(mind: Mind, setup: Setup, normalized: str) -> tuple[str, int]:
    """What a mind reads of a passage, and how many characters of it come before that."""
    primer, preface = prepare(setup.primer).normalized, prepare(setup.preface).normalized
    before = mind.before(primer, preface)
    return before + normalized, len(before)


def ask_words(
    predictor: Predictor,
    role: str,
    setup: Setup,
    normalized: str,
    wanted: tuple[int, ...],
    on_top: OnTop,
) -> Future[dict[int, TopWords]]:
    """Ask for Reader's best words at some targets.

    Args:
        predictor: who is asked.
        role: of the model that races.
        setup: of the race.
        normalized: its passage.
        wanted: indices of the targets among the passage's words.
        on_top: gets them place by place, on the engine's threads.
    """
    text, before = text_for(READER, setup, normalized)
    return predictor.top_words(Asking(role, READER, text, before, wanted), on_top)


def changed_since(known: Identity, now: Identity) -> ModelError | None:
    """What is wrong where a model is not the one that a race was begun with."""
    if (known.sha256, known.reading_version) == (now.sha256, now.reading_version):
        return None
    return ModelError(
        f"This race was begun with {known.file}, which has changed since: its bits "
        "would not compare. Start a new race."
    )


def error_of(future: Future[Any]) -> BaseException | None:
    """What a future failed with, if it did."""
    return CancelledError() if future.cancelled() else future.exception()
