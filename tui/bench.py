"""`bitrace bench`: how fast a race is read on this machine, and what memory it takes."""

from __future__ import annotations

import itertools
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engine.facts import n_threads
from engine.minds import INSTINCT, READER
from engine.predictor import Asking, Comparison, Job, Loading
from engine.starter import starter_model
from engine.targets import draw
from engine.words import fold, n_letters, only_word, sha256, words
from puzzles.builtin import TUTORIAL, load_builtin
from tui.engine_room import STARTER, open_link, wait_for
from tui.literal import clean
from tui.paths import Paths, find_paths
from tui.progress import Progress

if TYPE_CHECKING:
    from engine.link import Link

USUAL_RUNS = 5
N_WORDS = 384
"""Words of the text that is read: somewhat more than a usual passage."""
N_TARGETS = 12

_N_SHORT = 20
_N_TOP = 10
_N_CASE = 40
_LONG_WORD = 4
_STEPS = 5
"""Things timed in a run, for the bar."""

FIGURES = {
    "load_s": ("starting and loading the model", "s", 2),
    "all_words_tokens_per_s": ("reading, all words scored", "tokens/s", 0),
    "twelve_targets_tokens_per_s": (f"reading, {N_TARGETS} targets", "tokens/s", 0),
    "short_memory_ms": (f"a word with {INSTINCT.memory} words of memory", "ms", 1),
    "top_words_ms": ("a mind's own five words", "ms", 1),
    "own_memory_mb": ("memory of this process", "MB", 0),
    "model_memory_mb": ("memory of the model's process", "MB", 0),
}
"""What is measured in every run, by its name in JSON: what it is, its unit, decimal places."""

Answer = TypeVar("Answer")
OnProgress = Callable[[float], None]


def run(as_json: bool, runs: int = USUAL_RUNS) -> int:
    """Measure, and print what was measured.

    Args:
        as_json: for programs.
        runs: how often; each time the model is loaded anew.

    Raises:
        BitraceError: the starter model cannot be used.
    """
    progress = Progress()
    try:
        facts = examine(find_paths(), runs, progress.on("measuring"), progress.say)
    finally:
        progress.clear()
    told = json.dumps(facts, indent=1) if as_json else "\n".join(_lines(facts))
    sys.stdout.write(told + "\n")
    return 0


def examine(
    paths: Paths, runs: int, on_progress: OnProgress, on_notice: Callable[[str], None]
) -> dict[str, Any]:
    """Everything `bench` tells, as one JSON object.

    Args:
        paths: where the engine's log is, and what it remembers of the model file.
        runs: how often everything is measured.
        on_progress: gets fractions from 0 to 1.
        on_notice: gets a line when the engine died; the figures of that run are none then.
    """
    text = _text()
    facts: dict[str, Any] = {"runs": runs, "threads": n_threads()}
    measured: dict[str, list[float]] = {name: [] for name in FIGURES}
    steps = itertools.count(1)
    for _ in range(runs):
        link = open_link(paths, on_notice)
        try:
            bench = _Run(link, text, lambda: on_progress(next(steps) / (runs * _STEPS)))
            for name, value in bench.measure().items():
                measured[name].append(value)
            facts["model"] = {**asdict(bench.loaded.identity), "place": bench.loaded.place}
            facts["text"] = _about(text, bench.n_tokens)
            if "case" not in facts:  # the same each time
                facts["case"] = bench.case_gift()
        finally:
            link.close()
    facts["figures"] = {name: _spread(values) for name, values in measured.items()}
    return facts


def _text() -> str:
    """What is read, whatever is on this machine: the first words of the first pack."""
    passages = load_builtin(TUTORIAL).passages
    whole = "\n\n".join(passage.text.normalized for passage in passages)
    return whole[: words(whole)[:N_WORDS][-1].end]


def _about(text: str, n_tokens: int) -> dict[str, Any]:
    return {
        "pack": TUTORIAL,
        "words": len(words(text)),
        "tokens": n_tokens,
        "sha256": sha256(text),
    }


class _Run:
    """Everything once, with a model that has just been loaded.

    Args:
        link: a link to a process that has not been started; no reading is kept in it.
        text: what is read.
        on_step: called after each thing that was measured.
    """

    def __init__(self, link: Link, text: str, on_step: Callable[[], None]) -> None:
        self._link = link
        self._text = text
        self._on_step = on_step
        self._words = words(text)
        loading = Loading(STARTER, str(starter_model()))
        self._load_s, self.loaded = self._timed(lambda: link.load(loading))
        # The first decode brings the model's pages in, which is no reading's fault.
        self.n_tokens = wait_for(link.read(Job(STARTER, READER, text, words=(0,)))).n_tokens

    def measure(self) -> dict[str, float]:
        """The figures of this run, by their names; without those that cannot be had here."""
        long = [word.index for word in self._words if n_letters(word.text) >= _LONG_WORD]
        last = len(self._words) - 1
        some = (last * place // (N_TARGETS - 1) for place in range(N_TARGETS))
        found = {
            "load_s": self._load_s,
            "all_words_tokens_per_s": self.n_tokens / self._read_s(None),
            # To the last word, so that both readings go through the same tokens.
            "twelve_targets_tokens_per_s": self.n_tokens / self._read_s(some),
            "short_memory_ms": 1000 * self._short_s(long[-_N_SHORT:]),
            "top_words_ms": 1000 * self._top_s(long[-_N_TOP:]),
        }
        of = {"own_memory_mb": os.getpid(), "model_memory_mb": self._link.pid}
        memory = {name: _resident_mb(pid) for name, pid in of.items()}
        return found | {name: size for name, size in memory.items() if size is not None}

    def _read_s(self, wanted: Iterable[int] | None) -> float:
        indices = None if wanted is None else tuple(wanted)
        job = Job(STARTER, READER, self._text, words=indices)
        return self._timed(lambda: self._link.read(job))[0]

    def _short_s(self, wanted: list[int]) -> float:
        job = Job(STARTER, INSTINCT, self._text, words=tuple(wanted))
        return self._timed(lambda: self._link.read(job))[0] / len(wanted)

    def _timed(self, ask: Callable[[], Future[Answer]]) -> tuple[float, Answer]:
        """Seconds until the answer was there, and the answer."""
        begun = time.perf_counter()
        answer = wait_for(ask())
        elapsed_s = time.perf_counter() - begun
        self._on_step()
        return elapsed_s, answer

    def _top_s(self, wanted: list[int]) -> float:
        """The median time from one place to the next; on the way to the first there is more
        to read than a block."""
        told: list[float] = []
        asking = Asking(STARTER, READER, self._text, words=tuple(wanted))
        self._timed(
            lambda: self._link.top_words(asking, lambda _: told.append(time.perf_counter()))
        )
        return statistics.median(later - earlier for earlier, later in itertools.pairwise(told))

    def case_gift(self) -> dict[str, float]:
        """What a bet gains by being matched without regard to case, in bits: the words that
        fold to the printed one, beside the printed one alone, at targets of a race."""
        targets = draw(self._text, _N_CASE, seed=0, uniform=True)
        forms = {target.index: _forms(target.word) for target in targets}
        compared = wait_for(
            self._link.compare(Comparison(STARTER, READER, self._text, forms))
        ).values()
        gifts = [bits[0] + math.log2(sum(2**-one for one in bits)) for bits in compared]
        return {
            "words": len(gifts),
            "mean_bits": round(statistics.mean(gifts), 4),
            "most_bits": round(max(gifts), 4),
        }


def _forms(word: str) -> tuple[str, ...]:
    """A word as printed, then in the other ways of writing it that a bet on it may mean."""
    forms = dict.fromkeys((word, word.lower(), word.capitalize(), word.upper()))
    return tuple(form for form in forms if fold(form) == fold(word) and only_word(form) == form)


def _resident_mb(pid: int | None) -> float | None:
    """Megabytes of a process that are in memory, where Linux tells."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError, ValueError):
        return None


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    spread = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, 3) for name, value in spread.items()}


def _lines(facts: dict[str, Any]) -> list[str]:
    text, case, runs = facts["text"], facts["case"], facts["runs"]
    model, threads = facts["model"], facts["threads"]
    width = max(len(what) for what, _, _ in FIGURES.values())
    lines = [
        f"{model['model']} {model['quantization']} · {model['place']}, "
        f"{threads} thread{'s' * (threads != 1)}",
        f"{text['words']} words of the pack {text['pack']}, {text['tokens']} tokens; "
        f"{runs} run{'s' * (runs != 1)}",
        "",
        f"{'':{width}}  {'median':>15}  from least to most",
    ]
    for name, (what, unit, digits) in FIGURES.items():
        spread = facts["figures"][name]
        if spread is None:
            lines.append(f"{what:{width}}  {'not told here':>15}")
            continue
        median, least, most = (f"{spread[key]:.{digits}f}" for key in spread)
        lines.append(f"{what:{width}}  {f'{median} {unit}':>15}  {least} – {most}")
    lines += [
        "",
        f"Bets are matched without regard to case: a gift of {case['mean_bits']:.3f} bits a "
        f"word ({case['words']} words, {case['most_bits']:.3f} at most).",
    ]
    return [clean(line) for line in lines]
