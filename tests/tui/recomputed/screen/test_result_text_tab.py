"""The result's second tab: at each target bits, percents and slips of all, glyphs in the text,
the six words, and the words that Reader expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tui.screens.result import TextTab

LEGEND = r"(.+) bits and Reader's: ▁ under 1 … ▇ 10 or more"
N_BEST = 5


@pytest.mark.parametrize("n_players", [1, 3])
@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_each_target_shows_what_was_kept_of_it(
    mode: str, n_players: int, shown: Any, frame_of: Any, checks_of: Any
) -> None:
    async with shown(mode, n_players) as (play, log):
        checks = checks_of(log)
        await play.press("tab")
        await play.until(lambda: isinstance(play.screen.focused, TextTab), "the text")
        for target in range(len(log.words)):
            await play.until_seen(f"target {target + 1} of")
            assert play.screen.query_one("#bets-row").max_scroll_y == 0, "all is in sight"
            frame = frame_of(play)
            checks.bets(frame.cut("#bets"), target)
            six, expected = frame.cut("#six"), frame.cut("#text-words")
            assert bool(six) == (mode == "choice") != bool(expected)
            if six:
                checks.six(six, target)
            else:
                checks.expected(expected, target)
            checks.glyphs(" ".join(frame.cut("#full-text")))
            word, place, n = frame.one(r"“(.+)”, target (\d+) of (\d+)")
            assert (word, int(place), int(n)) == (log.words[target], target + 1, 4)
            whose = "Your" if n_players == 1 else f"{log.best_first[0]}'s"
            assert frame.one(LEGEND) == (whose,)
            frame.check_edges(len(log.words))
            await play.press("right")
        assert {line for line in checks.told if line in ("passed", "no guess")} == {
            ("open", 1): {"passed"},
            ("open", 3): {"passed"},
            ("shannon", 3): {"no guess"},
        }.get((mode, n_players), set())


@pytest.fixture
def checks_of(
    is_near: Any, is_share: Any, glyphs_of: Any, bits_of: Any, marked: str
) -> Callable[[Any], Checks]:
    """Checks the parts of the tab against what was kept."""
    words = re.findall(r"\w+", re.sub(r"\[\[|\]\]", "", marked))
    return lambda log: Checks(log, words, is_near, is_share, glyphs_of, bits_of)


class Checks:
    """The tab, part by part."""

    def __init__(
        self,
        log: Any,
        words: list[str],
        is_near: Any,
        is_share: Any,
        glyphs_of: Any,
        bits_of: Any,
    ) -> None:
        self._log, self._words = log, words
        self._near, self._share = is_near, is_share
        self._glyphs, self._bits = glyphs_of, bits_of
        self.told: list[str] = []
        """What stands behind the numbers, of all who were there."""

    def bets(self, lines: list[str], target: int) -> None:
        """A row each: bits, percent, and what was said."""
        log = self._log
        paid = {name: costs[target] for name, costs in log.costs.items()}
        rows = zip(lines, (paid | {"Instinct": log.instinct[target]}).items(), strict=True)
        for line, (name, bits) in rows:
            mark = "·" if log.kinds.get(name) in ("ghost", "mixture") else ""
            if bits is None:
                assert re.fullmatch(rf"{name} *·absent", line), line
                continue
            found = re.fullmatch(rf"{name} *{mark} +(\S+) bits +(\S+) %(?: +(.+))?", line)
            assert found, line
            self._near(found[1], bits)
            self._share(found[2], 100 * 2**-bits)
            self.told.append(found[3] or "")
            assert self.told[-1] == self._said(name, target)

    def _said(self, name: str, target: int) -> str:
        log = self._log
        mode, truth = log.setup["mode"], log.words[target]
        if log.kinds.get(name) == "ghost":
            (ghost,) = log.setup["ghosts"]
            return ghost["said"][str(log.setup["targets"][target]["index"])]
        if name not in log.players or mode == "choice":
            return ""
        player = log.players.index(name)
        if mode == "open":
            bets = log.turn(target, player)["slip"]["bets"]
            return " ".join(f"{bet['word']} {bet['percent']}" for bet in bets) or "passed"
        told = [f"{one} {'✓' if one == truth else '✗'}" for one in log.guesses(target, player)]
        return " · ".join(told) or "no guess"

    def six(self, lines: list[str], target: int) -> None:
        """A row a word: the players' stakes, and what stood on it for Reader and Instinct."""
        log, truth = self._log, self._log.words[target]
        order = log.best_first
        names = order if len(order) > 1 else ["you"]
        assert lines[0].split() == [*names, "Reader", "Instinct"]
        kept = log.reveals[target]
        for place, (line, word) in enumerate(zip(lines[1:], log.six(target), strict=True)):
            found = re.fullmatch(r"(▸ )?(\w+) +((?:\S+ % *)+)", line)
            assert found, line
            assert (found[2], bool(found[1])) == (word, word == truth)
            *stakes, reader, instinct = re.findall(r"(\S+) %", found[3])
            for stake, name in zip(stakes, order, strict=True):
                bets = log.turn(target, log.players.index(name))["slip"]["bets"]
                assert [int(stake)] == [b["percent"] for b in bets if b["word"] == word]
            for share, key, mind in (
                (reader, "reader", "reader"),
                (instinct, "instinct", "memory_4"),
            ):
                self._share(share, 100 * 2 ** -kept["six"][key][place])
                # Among the six alone: what the script gives to them is made to add up to 1.
                given = {one: 2 ** -self._bits(mind, one) for one in log.six(target)}
                self._share(share, 100 * given[word] / sum(given.values()))

    def expected(self, lines: list[str], target: int) -> None:
        """Reader's five best words, the printed one among them or below."""
        log, truth = self._log, self._log.words[target]
        index = log.setup["targets"][target]["index"]
        assert self._words[index] == truth
        bits = {
            word: self._bits("reader", word)
            for word in dict.fromkeys(word.lower() for word in self._words[: index + 1])
        }
        assert bits[truth] == pytest.approx(log.costs["Reader"][target])
        best = sorted(bits, key=lambda word: (bits[word], word))
        assert lines[0] == "Reader expected"
        rows = [
            re.fullmatch(r"(▸ )?(\w+)(?:, (\d+)(?:st|nd|rd|th))? +(\S+) %", line)
            for line in lines[1:]
            if line
        ]
        words = [row[2] for row in rows if row]
        assert sorted(words) == sorted({*best[:N_BEST], truth})
        assert len(rows) == len(words) and words == sorted(words, key=bits.__getitem__)
        for row in rows:
            assert row
            self._share(row[4], 100 * 2 ** -bits[row[2]])
            assert bool(row[1]) == (row[2] == truth)
            place = 1 + best.index(row[2])
            assert row[3] == (str(place) if place > N_BEST else None)

    def glyphs(self, text: str) -> None:
        """Two behind each target, and nowhere else: of the best player's bits, of Reader's."""
        log = self._log
        mine, reader = (self._glyphs(log.costs[one]) for one in (log.best_first[0], "Reader"))
        both = map("".join, zip(mine, reader, strict=True))
        shown = re.findall(r"(\w+)([▁▂▃▅▇]+)", text)
        assert shown == list(zip(log.words, both, strict=True))
        assert not re.search(r"\d", text)
