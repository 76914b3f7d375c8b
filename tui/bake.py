"""Baking: having models read a pack once, so that nobody who plays it needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from engine.baked import Baked, Six
from engine.choice import N_WORDS, lot, pool
from engine.choice import draw as draw_six
from engine.ladder import Ladder
from engine.minds import GOLDFISH, INSTINCT, READER, SAGE, STRANGER, Mind, short_memory
from engine.predictor import Asking, Comparison, Job, Loaded, Predictor, TopWords
from engine.race import Target
from engine.targets import USUAL_TARGETS, as_targets, draw
from engine.words import prepare
from puzzles.load import Pack, Passage
from tui.engine_room import wait_for
from tui.pools import elsewhere_in

N_TOP = 10
"""Best words that are baked at each target."""


Sixes: TypeAlias = Mapping[int, tuple[str, ...]]
"""Word index → the six words of the choice mode there."""


def bake(
    predictor: Predictor,
    role: str,
    loaded: Loaded,
    pack: Pack,
    sixes: Mapping[str, Sixes],
    on_progress: Callable[[float], None],
) -> dict[str, Baked]:
    """What one model has to say about a whole pack, by id of the passage.

    Args:
        predictor: who reads.
        role: of the model.
        loaded: the model.
        pack: the pack.
        sixes: from `draw_sixes`; passages without any are baked for the other modes.
        on_progress: gets fractions from 0 to 1.

    Raises:
        BitraceError: the model failed.
    """
    costs = [_cost(passage) for passage in pack.passages]
    found: dict[str, Baked] = {}
    done = 0.0
    for passage, cost in zip(pack.passages, costs, strict=True):

        def show(fraction: float, done: float = done, cost: float = cost) -> None:
            on_progress((done + fraction * cost) / sum(costs))

        drawn = sixes.get(passage.id, {})
        found[passage.id] = _Baker(predictor, role, loaded, passage, drawn).bake(show)
        done += cost
    return found


def draw_sixes(predictor: Predictor, role: str, pack: Pack) -> dict[str, Sixes]:
    """The six words at the targets of all passages, by id of the passage.

    Args:
        predictor: who is asked.
        role: of the starter model, whose Instinct they are drawn by.
        pack: the pack.

    Raises:
        BitraceError: the model failed.
    """
    return {passage.id: _draw(predictor, role, pack, passage) for passage in pack.passages}


def _draw(predictor: Predictor, role: str, pack: Pack, passage: Passage) -> Sixes:
    text, rest = passage.text, elsewhere_in(pack, passage)
    pools = {
        target.index: (target.word, *pool(text.normalized, target.index, rest))
        for target in targets_of(passage)
    }
    wide = {index: tried for index, tried in pools.items() if len(tried) >= N_WORDS}
    if not wide:
        return {}
    firsts = wait_for(predictor.first_tokens(Comparison(role, INSTINCT, text.normalized, wide)))
    drawn = {
        index: draw_six(tried[0], tried[1:], firsts[index], lot(text.sha256, 0, index))
        for index, tried in wide.items()
    }
    return {index: six for index, six in drawn.items() if six is not None}


def targets_of(passage: Passage) -> tuple[Target, ...]:
    """The words at which a race on a passage usually stops."""
    marked = as_targets(passage.targets)
    return marked or draw(passage.text.normalized, USUAL_TARGETS, 0, uniform=False)


def minds_of(passage: Passage) -> tuple[Mind, ...]:
    """Who can race on a passage: those whose reading of it is their own."""
    primer, preface = _normalized(passage.primer), _normalized(passage.preface)
    long = (mind for mind in (STRANGER, SAGE) if mind.differs(primer, preface))
    return (READER, *long, INSTINCT, GOLDFISH)


def _normalized(text: str) -> str:
    return prepare(text).normalized


def _cost(passage: Passage) -> float:
    """About what a passage costs to read, against others."""
    return len(passage.text.normalized) + 150.0 * len(targets_of(passage))


class _Baker:
    """Has one passage read."""

    def __init__(
        self,
        predictor: Predictor,
        role: str,
        loaded: Loaded,
        passage: Passage,
        sixes: Sixes,
    ) -> None:
        self._predictor = predictor
        self._role = role
        self._loaded = loaded
        self._passage = passage
        self._sixes = sixes
        self._text = passage.text.normalized
        self._primer = _normalized(passage.primer)
        self._targets = tuple(target.index for target in targets_of(passage))

    def bake(self, show: Callable[[float], None]) -> Baked:
        """Read all there is."""
        bits: dict[str, dict[int, float]] = {}
        minds = minds_of(self._passage)
        for step, mind in enumerate(minds):
            share = 0.6 / len(minds)

            def show_part(fraction: float, step: int = step, share: float = share) -> None:
                show(share * (step + fraction))

            bits[mind.key] = self._read(mind, show_part)
        tops = self._top_words()
        show(0.7)
        stairs = self._climb(bits, lambda fraction: show(0.7 + 0.3 * fraction))
        return Baked(self._loaded.identity, bits, tops, stairs, self._read_sixes(minds))

    def _read(self, mind: Mind, show: Callable[[float], None]) -> dict[int, float]:
        before = mind.before(self._primer, _normalized(self._passage.preface))
        job = Job(self._role, mind, before + self._text, len(before))
        return dict(wait_for(self._predictor.read(job, on_progress=show)).bits)

    def _read_sixes(self, minds: tuple[Mind, ...]) -> dict[int, Six]:
        """What each mind expects of the six words at each target."""
        if not self._sixes:
            return {}
        read = {mind.key: self._compare(mind) for mind in minds}
        return {
            index: Six(six, {mind: bits[index] for mind, bits in read.items()})
            for index, six in self._sixes.items()
        }

    def _compare(self, mind: Mind) -> dict[int, tuple[float, ...]]:
        before = mind.before(self._primer, _normalized(self._passage.preface))
        comparison = Comparison(self._role, mind, before + self._text, self._sixes, len(before))
        return wait_for(self._predictor.compare(comparison))

    def _top_words(self) -> dict[int, TopWords]:
        before = READER.before(self._primer)
        asking = Asking(
            self._role, READER, before + self._text, len(before), self._targets, N_TOP
        )
        return wait_for(self._predictor.top_words(asking))

    def _climb(
        self, bits: dict[str, dict[int, float]], show: Callable[[float], None]
    ) -> dict[str, dict[int, float]]:
        known = dict(bits)
        if INSTINCT.memory is not None:
            known[short_memory(INSTINCT.memory).key] = bits[INSTINCT.key]
        ladder = Ladder(
            self._predictor, self._role, self._text, self._targets, known, self._primer, show
        )
        staircase = wait_for(ladder.start())
        return {
            mind.key: dict(staircase.bits[mind.key])
            for mind in staircase.minds
            if mind.memory is not None
        }
