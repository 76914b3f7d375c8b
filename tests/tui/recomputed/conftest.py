"""Every number that is shown of a race, recomputed from what was kept: past the game.

Nothing of `engine` or `tui` is used here. What a race came to follows from its rows in the
store by the rules of the game, written down once more.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

MISSED = 6
GLYPHS = "▁▂▃▅▇"


class Log:
    """What is kept of the only race in a store."""

    def __init__(self, file: Path) -> None:
        connection = sqlite3.connect(file)
        rows = connection.execute("SELECT kind, body FROM events ORDER BY seq").fetchall()
        connection.close()
        self.events = [(kind, json.loads(body)) for kind, body in rows]
        (started,) = self.of("started")
        self.setup = started["setup"]
        self.words = [target["word"] for target in self.setup["targets"]]
        self.players = [player["name"] for player in self.setup["players"]]
        self.reveals = self.of("revealed")
        self.instinct = [one["instinct_bits"] for one in self.reveals]
        self.kinds = dict.fromkeys(self.players, "player")
        self.costs: dict[str, list[float | None]] = {
            name: [self._bits(target, player) for target in range(len(self.reveals))]
            for player, name in enumerate(self.players)
        }
        for key in self.setup["minds"]:
            self._add(key.capitalize(), "mind", [one["minds"][key] for one in self.reveals])
        for ghost in self.setup["ghosts"]:
            self._add(ghost["name"], "ghost", self.as_it_was(ghost))
        people = [self.costs[name] for name in self.players]
        crowd = [self.as_it_was(ghost) for ghost in self.setup["crowd"]]
        for mixture, mixed in {
            "nobody": [*people, *crowd],
            "centaur": [*people, self.costs.get("Reader", [])],
        }.items():
            if mixture in self.setup["mixtures"]:
                self._add(mixture.capitalize(), "mixture", _mixed(mixed))

    def _add(self, name: str, kind: str, paid: list[float | None]) -> None:
        assert name not in self.costs
        self.costs[name], self.kinds[name] = paid, kind

    def of(self, kind: str) -> list[Any]:
        return [body for found, body in self.events if found == kind]

    def turn(self, target: int, player: int) -> Any:
        (found,) = (
            one
            for one in self.of("locked")
            if (one["target"], one["player"]) == (target, player)
        )
        return found

    def guesses(self, target: int, player: int) -> list[str]:
        return [
            one["word"]
            for one in self.of("guessed")
            if (one["target"], one["player"]) == (target, player)
        ]

    def rank(self, target: int, player: int) -> int:
        guesses = [guess.lower() for guess in self.guesses(target, player)]
        truth = self.words[target].lower()
        return 1 + guesses.index(truth) if truth in guesses else MISSED

    def six(self, target: int) -> list[str]:
        (found,) = (one["six"] for one in self.of("drawn") if one["target"] == target)
        return found

    def as_it_was(self, ghost: Any) -> list[float | None]:
        return [ghost["bits"].get(str(target["index"])) for target in self.setup["targets"]]

    def _bits(self, target: int, player: int) -> float:
        bets = self.turn(target, player)["slip"]["bets"]
        stakes = {bet["word"]: bet["percent"] / 100 for bet in bets}
        truth, instinct = self.words[target], self.instinct[target]
        if self.setup["mode"] == "choice":
            assert sum(bet["percent"] for bet in bets) == 100
            return -math.log2(stakes[truth])
        if self.setup["mode"] == "open":
            rest = 1 - sum(stakes.values())
            return -math.log2(stakes.get(truth, 0.0) + rest * 2**-instinct)
        counts = Counter({1: 3.0, 2: 1.2, 3: 0.7, 4: 0.5, 5: 0.4, MISSED: 4.2})
        counts.update(self.rank(before, player) for before in range(target))
        rank = self.rank(target, player)
        return -math.log2(counts[rank] / sum(counts.values())) + instinct * (rank == MISSED)

    def paid(self, name: str) -> float:
        return sum(bits for bits in self.costs[name] if bits is not None)

    def insight(self, name: str) -> float:
        there = zip(self.instinct, self.costs[name], strict=True)
        return sum(instinct - bits for instinct, bits in there if bits is not None)

    @property
    def best_first(self) -> list[str]:
        """The players' names."""
        return sorted(self.players, key=self.paid)

    def bounds(self, player: int) -> tuple[float, float]:
        ranks = [self.rank(target, player) for target in range(len(self.words))]
        q = [ranks.count(rank) / len(ranks) for rank in range(1, MISSED + 1)]
        lower = sum(i * (a - b) * math.log2(i) for i, (a, b) in enumerate(pairwise(q), 1))
        return lower, -sum(share * math.log2(share) for share in q if share)


def _mixed(paid: list[list[float | None]]) -> list[float | None]:
    """The mixture in closed form: the mean of what each gives to all words so far."""
    everybody = [[bits for bits in one if bits is not None] for one in paid]
    assert len({len(one) for one in everybody}) == 1, "all were at all words"
    given = [
        sum(2 ** -sum(one[:n]) for one in everybody) / len(everybody)
        for n in range(len(everybody[0]) + 1)
    ]
    return [-math.log2(after / before) for before, after in pairwise(given)]


def near(shown: str, bits: float) -> None:
    """Shown to one place."""
    assert re.fullmatch(r"[+-]?\d+\.\d", shown)
    assert abs(float(shown) - bits) <= 0.0500001, (shown, bits)


def near_percent(shown: str, share: float) -> None:
    """Shown with as many places as it needs, in percent."""
    if shown == "<0.01":
        assert share < 0.0100001
    else:
        places = 0 if share >= 10 else 1 if share >= 1 else 2
        assert abs(float(shown) - share) <= 0.5000001 * 10**-places, (shown, share)


def spark(paid: list[float | None]) -> str:
    """Bits as glyphs."""
    steps = (sum(bits >= limit for limit in (1, 3, 6, 10)) for bits in paid if bits is not None)
    return "".join(GLYPHS[step] for step in steps)


class Sentences:
    """What is said of a race at its end; one who plays alone is called `you`."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._checks: dict[str, tuple[Callable[..., str], str]] = {
            "lead": (
                self._lead,
                r"(.+?)(?:, who does not exist,)? wins?, by (\S+ bits|a hair) before (.+)\.",
            ),
            "rate": (
                self._rate,
                r"(.+): (\S+) bits a word( among six)?, where Instinct pays (\S+)\.",
            ),
            "best": (
                self._best,
                r"Following the text saved (.+) "
                r"(most at “.+”: \S+ bits|nothing on any word)\.",
            ),
            "bytes": (
                self._bytes,
                r"Written out these words take (\d+) bytes; at (your|.+'s) bits (\d+), "
                r"at Reader's (\d+)\.",
            ),
            "bounds": (
                self._bounds,
                r"Shannon's bounds on (your|.+'s) knowledge: (\S+) to (\S+) bits a word\.",
            ),
            "no bounds": (
                self._no_bounds,
                r"Shannon's bounds on (your|.+'s) knowledge: not available, "
                r"since (a word was missed|late guesses were right more than early ones)\.",
            ),
            "paid less": (
                self._paid_less,
                r"Nobody paid (\S+) bits in all, less than "
                r"(?:you with|any of you: (.+), the best here, paid) (\S+)\.",
            ),
            "dearest": (
                self._dearest,
                r"Nobody's dearest word cost (\S+) bits"
                r"(?:, yours|\. Each of you had a dearer one: even (.+)'s cost) (\S+)\.",
            ),
            "within": (
                self._within,
                r"Nobody stayed within (\S+) bits of (.+), the best of (\d+),.*",
            ),
            "primer": (
                self._primer,
                r"(The|Among the six, the) primer (was worth|cost) (?:Reader )?(\S+) bits"
                r"(?: to Reader|: it led astray)\.",
            ),
            "next": (self._next, r"Next to beat: (.+), (\S+) bits ahead\."),
            "share": (
                self._share,
                r"bitrace \S+(?: (\w+))? ([▁▂▃▅▇]+) (\S+) bits · Reader (\S+)",
            ),
        }
        self.said: dict[str, list[str]] = {kind: [] for kind in self._checks}
        """Kind of sentence → of whom each was said, from above to below."""

    def claim(self, line: str) -> bool:
        """Check a line; whether it is a sentence with numbers."""
        for kind, (check, pattern) in self._checks.items():
            if found := re.fullmatch(pattern, line):
                self.said[kind].append(check(*found.groups()))
                return True
        return False

    def _who(self, told: str) -> str:
        players = self._log.players
        if told.lower() in ("you", "your"):
            assert len(players) == 1
            return players[0]
        name = told.removesuffix("'s") if told not in self._log.costs else told
        assert name in self._log.costs
        assert len(players) > 1 or name not in players
        return name

    def _lead(self, first: str, lead: str, second: str) -> str:
        first, log = self._who(first), self._log
        ahead = log.insight(first)
        behind = 0.0 if second == "Instinct" else log.insight(self._who(second))
        near("0.0" if lead == "a hair" else lead.removesuffix(" bits"), ahead - behind)
        others = [log.insight(name) for name in log.costs if name != first]
        assert ahead >= max(others) == pytest.approx(behind)
        return first

    def _rate(self, told: str, rate: str, among: str | None, habit: str) -> str:
        log, name = self._log, self._who(told)
        near(rate, log.paid(name) / len(log.words))
        near(habit, sum(log.instinct) / len(log.words))
        assert bool(among) == (log.setup["mode"] == "choice")
        return name

    def _best(self, told: str, most: str) -> str:
        log, name = self._log, self._who(told)
        pairs = zip(log.instinct, log.costs[name], strict=True)
        saved = [instinct - bits for instinct, bits in pairs if bits is not None]
        if most == "nothing on any word":
            assert max(saved) < 0.05
        else:
            word, worth = re.findall(r"“(.+)”: (\S+) bits", most)[0]
            near(worth, max(saved))
            assert log.words[saved.index(max(saved))] == word
        return name

    def _bytes(self, plain: str, told: str, mine: str, reader: str) -> str:
        log, name = self._log, self._who(told)
        assert int(plain) == len("".join(log.words).encode())
        assert int(mine) == math.ceil(log.paid(name) / 8)
        assert int(reader) == math.ceil(log.paid("Reader") / 8)
        return name

    def _bounds(self, told: str, lower: str, upper: str) -> str:
        name = self._who(told)
        assert MISSED not in self._ranks(name)
        low, high = self._log.bounds(self._log.players.index(name))
        near(lower, low)
        near(upper, high)
        assert low <= high
        return name

    def _no_bounds(self, told: str, why: str) -> str:
        name = self._who(told)
        assert (MISSED in self._ranks(name)) == (why == "a word was missed")
        if why != "a word was missed":
            low, high = self._log.bounds(self._log.players.index(name))
            assert low > high
        return name

    def _ranks(self, name: str) -> list[int]:
        player = self._log.players.index(name)
        return [self._log.rank(target, player) for target in range(len(self._log.words))]

    def _paid_less(self, nobody: str, told: str | None, best: str) -> str:
        log = self._log
        name = self._who(told or "you")
        near(nobody, log.paid("Nobody"))
        near(best, log.paid(name))
        assert log.paid("Nobody") < log.paid(name) == min(map(log.paid, log.players))
        return name

    def _dearest(self, nobody: str, told: str | None, least: str) -> str:
        log = self._log
        worst = {name: max(bits or 0.0 for bits in log.costs[name]) for name in log.costs}
        name = self._who(told or "you")
        near(nobody, worst["Nobody"])
        near(least, worst[name])
        assert worst["Nobody"] < worst[name] == min(worst[name] for name in log.players)
        return name

    def _within(self, within: str, told: str, n: str) -> str:
        log = self._log
        totals = {name: log.paid(name) for name in log.players}
        for ghost in log.setup["crowd"]:
            totals[ghost["name"]] = sum(bits or 0.0 for bits in log.as_it_was(ghost))
        name = told if told in totals else self._who(told)
        assert totals[name] == pytest.approx(min(totals.values()))
        assert int(n) == len(totals) == len(log.players) + len(log.setup["crowd"])
        over = log.paid("Nobody") - totals[name]
        assert over <= float(within) + 1e-9 and float(within) <= max(0.1, over + 0.1)
        assert over <= math.log2(len(totals))
        return name

    def _primer(self, start: str, verb: str, worth: str) -> str:
        saved = self._log.paid("Stranger") - self._log.paid("Reader")
        near(worth, saved if verb == "was worth" else -saved)
        assert (start == "The") == (self._log.setup["mode"] != "choice")
        return "Reader"

    def _next(self, told: str, lead: str) -> str:
        log = self._log
        best = max(log.insight(one) for one in log.players)
        near(lead, log.insight(told) - best)
        ahead = [log.insight(one) for one in log.costs if log.insight(one) > best + 1e-6]
        assert log.insight(told) == pytest.approx(min(ahead))
        return told

    def _share(self, mode: str | None, glyphs: str, insight: str, reader: str) -> str:
        log = self._log
        assert (mode or "open") == log.setup["mode"]
        near(reader, log.insight("Reader"))
        left = [name for name in log.best_first if name not in self.said["share"]]
        near(insight, log.insight(left[0]))
        assert glyphs == spark(log.costs[left[0]])
        return left[0]


@pytest.fixture(scope="session")
def kept() -> type[Log]:
    """Reads what is kept of the only race in a store."""
    return Log


@pytest.fixture(scope="session")
def sentences() -> type[Sentences]:
    """Checks sentences about a race."""
    return Sentences


@pytest.fixture(scope="session")
def is_near() -> Callable[[str, float], None]:
    """Compares bits as they are shown with what they are."""
    return near


@pytest.fixture(scope="session")
def is_share() -> Callable[[str, float], None]:
    """Compares percents as they are shown with what they are."""
    return near_percent


@pytest.fixture(scope="session")
def glyphs_of() -> Callable[[list[float | None]], str]:
    """Makes glyphs of bits."""
    return spark
