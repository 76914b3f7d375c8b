"""The result's third tab: the staircase as a picture, in numbers, and in sentences."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tui.screens.result_tabs import MemoryTab

RUNGS = {str(n): f"memory_{n}" for n in (0, 1, 2, 4, 8, 16, 32, 64, 128)}
STEPS = {**RUNGS, "all": "stranger", "all+": "reader"}
GUTTER = 7
EIGHTHS = " ▁▂▃▄▅▆▇█"
LEAST_SCALE = 8.0
SENTENCES = (
    r"With 4 words of memory it was (\S+) bits, with all of them and the primer (\S+): "
    r"memory (was worth|cost) ([\d.]+\d)\.(?: (\w+) paid ([\d.]+\d)\.)? "
    r"Over 4 words: from (\S+) bits a word to ([\d.]+\d)(?:; (\w+) paid ([\d.]+\d))?\. "
    r"The primer (was worth|cost) (\S+) bits to Reader \(all → all\+\)\."
)


@pytest.mark.parametrize("n_players", [1, 3])
@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_the_staircase_is_what_the_script_says(
    mode: str, n_players: int, shown: Any, frame_of: Any, checks_of: Any
) -> None:
    async with shown(mode, n_players) as (play, log):
        checks = checks_of(log)
        await play.press("tab", "tab")
        await play.until(lambda: isinstance(play.screen.focused, MemoryTab), "the memory")
        for target, word in enumerate(log.words):
            await play.until_seen(f"“{word}”, target {target + 1} of 4")
            frame = frame_of(play)
            checks.picture(frame.cut("#staircase"), target)
            checks.sentences(" ".join(frame.cut("#memory-sense")).strip(), target)
            frame.check_edges(len(log.words))
            await play.press("right")


@pytest.fixture
def checks_of(is_near: Any, bits_of: Any) -> Callable[[Any], Checks]:
    """Checks the parts of the tab against what was kept and what the script says."""
    return lambda log: Checks(log, is_near, bits_of)


class Checks:
    """The tab, part by part."""

    def __init__(self, log: Any, is_near: Any, bits_of: Any) -> None:
        self._log, self._near = log, is_near
        self._best = log.best_first[0]
        self._called = self._best if len(log.players) > 1 else "you"
        self._compares = log.setup["mode"] != "choice"
        """Among six words one's bits are of another kind than those of the steps."""
        self._steps = {
            label: [bits_of(key, word) for word in log.words] for label, key in STEPS.items()
        }
        self._means = {label: sum(bits) / 4 for label, bits in self._steps.items()}
        if self._compares:
            assert self._steps["4"] == pytest.approx(log.instinct)
            assert self._steps["all"] == pytest.approx(log.costs["Stranger"])
            assert self._steps["all+"] == pytest.approx(log.costs["Reader"])
        own: list[float] = log.costs[self._best] if self._compares else []
        self._scale = max(LEAST_SCALE, *own, *(max(of) for of in self._steps.values()))

    def picture(self, lines: list[str], target: int) -> None:
        """Heading, axis, steps and means to the eighth of a row, numbers."""
        log, word = self._log, self._log.words[target]
        own = log.costs[self._best][target] if self._compares else None
        heading, *rows = filter(None, lines)
        found = re.fullmatch(
            r"“(.+)”, target (\d+) of 4 +━ mean of (\d)(?: +─ (\w+) (\S+))?", heading
        )
        assert found
        assert (found[1], found[2], found[3]) == (word, str(target + 1), "4")
        assert found[4] == (self._called if own is not None else None)
        if own is not None:
            self._near(found[5], own)
        end = next(place for place, row in enumerate(rows) if "└" in row)
        assert re.fullmatch(r"0 └─+", rows[end])
        self._check_axis(rows[:end], own)
        self._check_steps(rows[:end], rows[end].count("─"), target, own)
        labels, bits, means = (row.split() for row in rows[end + 1 :])
        assert labels == ["words", *STEPS]
        assert (bits.pop(0), means.pop(0)) == (word, "mean")
        for shown, mean, label in zip(bits, means, STEPS, strict=True):
            self._near(shown, self._steps[label][target])
            self._near(mean, self._means[label])

    def _up(self, bits: float, height: int) -> float:
        """Where bits are between the rows, from 0 at the bottom's middle."""
        return height * bits / self._scale - 0.5

    def _check_axis(self, rows: list[str], own: float | None) -> None:
        """Each number stands in the row whose middle is nearest."""
        height, n_ticks = len(rows), 0
        for place, row in enumerate(rows):
            found = re.match(r"(?:(\S+) ┤|│)", row)
            assert found, row
            is_own = "." in (found[1] or "")
            assert ("─" in row) == is_own, "the player's line goes across from its number"
            if not found[1]:
                continue
            if is_own:
                assert own is not None
                self._near(found[1], own)
            bits = own if is_own and own is not None else float(found[1])
            up = min(height - 1, self._up(bits, height))
            assert abs(height - 1 - place - up) <= 0.501, row
            n_ticks += 1
        assert n_ticks >= 3
        assert sum("─" in row for row in rows) == (own is not None)

    def _check_steps(self, rows: list[str], width: int, target: int, own: float | None) -> None:
        """How high each step is, and where the mean goes across it."""
        height, cells = len(rows), width // len(STEPS)
        bodies = [re.split("[│┤]", row, maxsplit=1)[1].ljust(width) for row in rows]
        for place, label in enumerate(STEPS):
            column = [body[place * cells : (place + 1) * cells] for body in bodies]
            first = [row[0] for row in column]
            top = next(at for at, sign in enumerate(first) if sign not in " ─")
            eighths = 8 * (height - 1 - top) + EIGHTHS.index(first[top])
            exact = 8 * height * self._steps[label][target] / self._scale
            # The player's own line hides one row of a step that ends at its edge.
            is_hidden = top > 0 and first[top - 1] == "─"
            assert abs(eighths - exact) <= 0.501 or (is_hidden and 0 <= exact - eighths <= 8.5)
            assert set(first[top + 1 :]) <= {"█", "─"}
            (mean,) = [at for at, row in enumerate(column) if "━" in row]
            # Where the step ends, the mean gives way by a row to the side it is on.
            up = min(height - 1, self._up(self._means[label], height))
            assert abs(height - 1 - mean - up) <= (1.501 if abs(mean - top) == 1 else 0.501)
            if mean != top:
                is_above = self._means[label] >= self._steps[label][target]
                assert (mean < top) == is_above, label

    def sentences(self, told: str, target: int) -> None:
        """What memory was worth at the word and over all words, and the primer."""
        found = re.fullmatch(SENTENCES, told)
        assert found, told
        few, everything, verb, worth, who, own = found.groups()[:6]
        self._near(few, self._steps["4"][target])
        self._near(everything, self._steps["all+"][target])
        # Of the numbers as they are shown, so that they add up.
        gain = float(worth) if verb == "was worth" else -float(worth)
        assert gain == pytest.approx(float(few) - float(everything))
        self._check_own(who and who.lower(), own, self._log.costs[self._best][target])
        few, everything, who, own, verb, primer = found.groups()[6:]
        self._near(few, self._means["4"])
        self._near(everything, self._means["all+"])
        self._check_own(who, own, self._log.paid(self._best) / 4)
        saved = sum(self._steps["all"]) - sum(self._steps["all+"])
        self._near(primer, saved if verb == "was worth" else -saved)

    def _check_own(self, who: str | None, shown: str | None, bits: float) -> None:
        assert who == (self._called if self._compares else None)
        if shown is not None:
            self._near(shown, bits)
