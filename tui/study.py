"""`bitrace study`: what people's recorded answers score, beside the models."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import InputError
from engine.minds import INSTINCT, READER, Mind
from engine.predictor import Job, Loaded, OnProgress, Predictor
from engine.study import CROWD_WEIGHT, Answer, Answers, Costs, mean, score
from puzzles.files import printable
from tui.engine_room import STARTER, Engines, describe, open_engine, wait_for
from tui.literal import clean
from tui.paths import find_paths
from tui.progress import Progress
from tui.score import model_file
from tui.study_rows import Passage, Row, read_rows

_PLACES = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted."""

    answers: str
    """A CSV file."""
    texts: str
    """The folder of the passages' texts."""
    form: str = "table"
    """`table` or `json`."""
    model: str = ""
    """A GGUF file for Reader; empty for the starter model. Instinct is always the latter's."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What everybody paid at a target."""

    passage: Passage
    word: int
    answers: Answers
    costs: Costs


def run(asked: Asked) -> int:
    """Score recorded answers and print what they come to.

    Raises:
        BitraceError: the answers, a text or a model cannot be used; nothing is printed on
            standard output then.
    """
    progress = Progress()
    rows, misfits = read_rows(asked.answers, asked.texts)
    if misfits:
        progress.say("\n".join(misfits))
    if not rows:
        name = printable(asked.answers)
        raise InputError(f"{name} has no answer that fits a text: there is nothing to score.")
    engines = Engines(model_file(asked.model) if asked.model else "")
    engine = open_engine(find_paths(), on_notice=progress.say, lazy=True)
    try:
        loaded = [
            wait_for(engine.load(loading, progress.on("loading")))
            for loading in engines.loadings()
        ]
        scored = _Scorer(rows, engine, progress).score(engines.raced_role)
    finally:
        engine.close()
        progress.clear()  # when nobody is left who could draw it again
    if asked.form == "json":
        sys.stdout.write(_json(scored))
    else:
        sys.stdout.write("\n".join([*_lines(scored, loaded, len(misfits)), ""]))
    return 0


# ---- the scores ----


class _Scorer:
    """Scores all targets of some rows."""

    def __init__(self, rows: Sequence[Row], engine: Predictor, progress: Progress) -> None:
        self._engine = engine
        self._progress = progress
        self._passages = {row.passage.name: row.passage for row in rows}
        self._counts: dict[str, dict[int, dict[Answer, float]]] = {
            name: {} for name in self._passages
        }
        """Passage → word index → answer → how many people gave it."""
        for row in rows:
            counts = self._counts[row.passage.name].setdefault(row.word, {})
            counts[row.answer] = counts.get(row.answer, 0.0) + row.count

    def score(self, reader_role: str) -> list[Scored]:
        """All targets, in the order of the passages' first rows and then of their words."""
        instinct = self._read(STARTER, INSTINCT)
        reader = self._read(reader_role, READER)
        scored: list[Scored] = []
        for name, places in self._counts.items():
            passage = self._passages[name]
            for word in sorted(places):
                answers = Answers(passage.words[word].text, places[word])
                costs = score(answers, instinct[name][word], reader[name][word])
                scored.append(Scored(passage, word, answers, costs))
        return scored

    def _read(self, role: str, mind: Mind) -> dict[str, Mapping[int, float]]:
        """Passage → word index → bits of its targets."""
        show = self._progress.on(mind.name)
        n_all = sum(len(places) for places in self._counts.values())
        n_done = 0
        bits: dict[str, Mapping[int, float]] = {}
        for name, places in self._counts.items():
            text = self._passages[name].text.normalized
            job = Job(role, mind, text, words=tuple(sorted(places)))
            part = _part(show, n_done / n_all, len(places) / n_all)
            bits[name] = wait_for(self._engine.read(job, on_progress=part)).bits
            n_done += len(places)
        return bits


def _part(show: OnProgress, before: float, share: float) -> OnProgress:
    """A callback for a part of some work, which begins where `before` of it is done."""
    return lambda fraction: show(before + share * fraction)


# ---- what is printed ----


def _json(scored: Sequence[Scored]) -> str:
    """For programs; a target a line."""
    costs = mean([one.costs for one in scored])
    head = json.dumps({"words": len(scored), **_rounded(costs)}, indent=1).removesuffix("\n}")
    rows = ",".join(f"\n  {json.dumps(_facts(one))}" for one in scored)
    return f'{head},\n "rows": [{rows}\n ]\n}}\n'


def _facts(one: Scored) -> dict[str, Any]:
    """A target as a JSON object."""
    place, people = one.passage.words[one.word], one.answers.people
    return {
        "passage": one.passage.name,
        "word": one.word,
        "text": one.passage.text.shown[place.start : place.end],
        "people": int(people) if people.is_integer() else round(people, _PLACES),
        "share": round(one.answers.share, _PLACES),
        **_rounded(one.costs),
    }


def _rounded(costs: Costs) -> dict[str, float]:
    return {who: round(bits, _PLACES) for who, bits in asdict(costs).items()}


def _lines(scored: Sequence[Scored], loaded: Sequence[Loaded], n_misfits: int) -> list[str]:
    """For people: who pays how much, and of what that is the mean."""
    costs = mean([one.costs for one in scored])
    crowd = f"{100 * CROWD_WEIGHT:.0f} %, the rest on Instinct"
    table = (
        (costs.instinct, f"Instinct, the starter model with {INSTINCT.memory} words of memory"),
        (costs.person, "one person, each answer staked by the share of people who gave it"),
        (costs.crowd, f"all people's answers mixed ({crowd})"),
        (costs.reader, "Reader, who remembers all"),
        (costs.centaur, "all people and Reader, mixed half and half"),
    )
    return [
        "bits a word",
        *(f"{bits:11.2f}  {who}" for bits, who in table),
        "",
        _extent(scored, n_misfits),
        *_models(loaded),
    ]


def _extent(scored: Sequence[Scored], n_misfits: int) -> str:
    n_passages = len({one.passage.name for one in scored})
    n_people = math.fsum(one.answers.people for one in scored)
    parts = [
        f"{_number_of(len(scored), 'word')} of {_number_of(n_passages, 'passage')}",
        f"{n_people:,.12g} answers",
        *([f"{_number_of(n_misfits, 'row')} left out"] if n_misfits else []),
    ]
    return ", ".join(parts)


def _models(loaded: Sequence[Loaded]) -> list[str]:
    """Whose bits these are: one model's, or the starter model's and Reader's."""
    names = ("",) if len(loaded) == 1 else ("Instinct: ", "Reader: ")
    return [clean(name + describe(one)) for name, one in zip(names, loaded, strict=True)]


def _number_of(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"
