"""What the minds say in the choice mode: the six words of each target, then bits of each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from engine import choice
from engine.errors import BitraceError
from engine.minds import INSTINCT, mind_of
from engine.predictor import Comparison, Predictor, TopWords
from engine.race import Race, Revealed
from engine.setup import Setup, Target
from tui.beforehand import Beforehand
from tui.engine_room import STARTER, Engines
from tui.readings import Readings, error_of, text_for, turn


def baked_sixes(setup: Setup) -> dict[int, tuple[str, ...]]:
    """Target → its six words, of those that were drawn before the race."""
    before = Beforehand(setup)
    sixes = ((number, before.six(one.index)) for number, one in enumerate(setup.targets))
    return {number: six for number, six in sixes if six is not None}


class ChoiceReadings(Readings):
    """Has six words drawn where none are known, then all minds read them.

    Args: see `Readings`.
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
        targets = race.setup.targets
        sixes = {**baked_sixes(race.setup), **race.sixes}
        self._sixes = {targets[number].index: six for number, six in sixes.items()}
        """Word index → the six words."""
        self._six_bits: dict[str, dict[int, tuple[float, ...]]] = {}
        """Racer → word index → bits of each of the six, among them."""
        super().__init__(predictor, race, normalized, engines, tops, on_change, on_fault)

    def six(self, target: int) -> tuple[str, ...] | None:
        """The six words of a target, once they are drawn."""
        return self._sixes.get(self._race.setup.targets[target].index)

    def revealed(self, target: int, at: str) -> Revealed | None:
        """See `Readings`."""
        shown = super().revealed(target, at)
        if shown is None:
            return None
        index = self._race.setup.targets[target].index
        six = {key: bits[index] for key, bits in self._six_bits.items()}
        return Revealed(target, shown.instinct_bits, shown.minds, at, six)

    def _known_bits(self, key: str) -> dict[int, float]:
        self._six_bits[key] = {}
        found: dict[int, float] = {}
        for index, six in self._sixes.items():
            bits = self._before.six_bits(key, index, six)
            if bits is not None:
                found[index] = self._take(key, index, bits)
        return found

    def _take(self, key: str, index: int, bits: tuple[float, ...]) -> float:
        """Keep what a racer expects of six words; its bits of the true one among them."""
        among = choice.renormalized(bits)
        self._six_bits[key][index] = among
        return among[self._sixes[index].index(self._truths[index])]

    @property
    def _truths(self) -> dict[int, str]:
        return {target.index: target.word for target in self._race.setup.targets}

    def _ask_all(self) -> None:
        pools = {
            target: (target.word, *self._pool(target))
            for target in self._race.setup.targets[self._race.target :]
            if target.index not in self._sixes
        }
        if not pools:
            self._compare_all()
            return
        asked = {target.index: words for target, words in pools.items()}
        drawing = Comparison(STARTER, INSTINCT, self._text, asked)
        future = self._predictor.first_tokens(drawing)
        future.add_done_callback(lambda done: self._on_drawn(done, pools))
        self._asked.append(future)

    def _ask_words(self) -> None:
        """Not asked for: here Reader, too, has only the six."""

    def _pool(self, target: Target) -> tuple[str, ...]:
        elsewhere = choice.by_form(self._race.setup.pool)
        return choice.pool(self._text, target.index, elsewhere)

    def _on_drawn(
        self,
        future: Future[dict[int, tuple[float, ...]]],
        pools: dict[Target, tuple[str, ...]],
    ) -> None:
        if (error := error_of(future)) is not None:
            self._fail(error)
            return
        for target, (truth, *pooled) in pools.items():
            firsts = future.result()[target.index]
            setup = self._race.setup
            lot = choice.lot(setup.text_sha256, setup.draw.seed, target.index)
            six = choice.draw(truth, pooled, firsts, lot)
            assert six is not None, "targets with too small a pool were left out"
            self._sixes[target.index] = six
        self._compare_all()
        self._on_change()

    def _compare_all(self) -> None:
        for key in sorted(self._to_read, key=turn):
            self._compare(key)

    def _compare(self, key: str) -> None:
        mind = mind_of(key)
        text, before = text_for(mind, self._race.setup, self._text)
        asked = {
            index: self._sixes[index] for index in self._wanted if index not in self._bits[key]
        }
        role = self._engines.role_of(key)
        future = self._predictor.compare(Comparison(role, mind, text, asked, before))

        def compared(done: Future[Any]) -> None:
            if error_of(done) is None:
                for index, bits in done.result().items():
                    self._bits[key][index] = self._take(key, index, bits)
            self._on_read(done)

        future.add_done_callback(compared)
        self._asked.append(future)
