"""A finished race in each mode, shown, and its screen taken apart piece by piece.

What the minds would have paid with other memories, and Reader's best words, are no part of the
race: they are compared with what the script says.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from engine.setup import Ghost
from tui.beginning import Terms
from tui.company import Company
from tui.paths import Paths

ELSEWHERE = {word: word for word in ("anchor", "barrel", "candle", "dagger", "feather")}
PRIMER = "Four people live on this boat."
TURNS = {
    ("open", 1): ["cook 50", "thief 20 stew 30", "", "there 99"],
    ("open", 3): [
        *("cook 50", "stew 20", "the 1 cook 9"),
        *("soup 10 tea 33", "", "soup 80 stew 5"),
        *("ledger 70", "book 60 ledger 6", "captain 90"),
        *("there 4", "", "there 95 here 2"),
    ],
    ("choice", 1): ["50", "95", "", "5"],
    ("choice", 3): ["50", "", "1", "80", "30", "5", "", "1", "60", "20", "44", "95"],
    ("shannon", 1): ["cook", "stew soup", "ledger", "here it there"],
    ("shannon", 3): [
        *("cook", "a b c d e", "the boy cook"),
        *("", "soup", "x y z soup"),
        *("ledger", "book ledger", "a b c d ledger"),
        *("it there", "there", "sea there"),
    ],
}
"""Mode and number of players → turns in the order in which they are taken."""
CROWD = {1: (3.4, 2.6, 1.3, 2.9), 3: (6.4, 4.6, 5.3, 4.9)}
"""Number of players → what somebody else once paid, whom Nobody mixes in."""
FOOT = r".*F1 help|scripted none · script"


@dataclass(frozen=True)
class Mind:
    """As much of a mind as the script looks at."""

    key: str
    memory: int | None


@dataclass(frozen=True)
class Word:
    """As much of a word as the script looks at."""

    text: str


def scripted(mind: Any, word: Any) -> float:
    """Bits that fall with memory, differ from word to word and from mind to mind."""
    base = {"reader": 1.0, "stranger": 2.0}.get(mind.key)
    if base is None:
        # No more than the passage has before its last word, as with a real model.
        base = 3.0 if mind.memory is None else 4 + 8 / (1 + min(mind.memory, 32))
    letters = sum(map(ord, word.text.casefold()))
    return base + letters * round(base + 2) % 11 * 0.63


class Frame:
    """What is on the screen: it is taken away as it is checked."""

    def __init__(self, play: Any) -> None:
        self._play = play
        self._rows: list[str] = list(play.lines)

    @property
    def lines(self) -> list[str]:
        """What is left, without borders."""
        return [row.strip(" │╭╮╰╯") for row in self._rows]

    def cut(self, selector: str) -> list[str]:
        """Take away all that stands where a widget is; nothing where there is none."""
        if not self._play.shows(selector):
            return []
        part = self._play.part(selector).splitlines()
        area = self._play.region(selector)
        for y in range(area.y, area.bottom):
            row = self._rows[y]
            self._rows[y] = row[: area.x] + " " * area.width + row[area.right :]
        return part

    def take(self, pattern: str) -> Iterator[re.Match[str]]:
        """Take the lines that are so away, from above to below."""
        found = [re.fullmatch(pattern, line) for line in self.lines]
        self._rows = [
            "" if match else row for row, match in zip(self._rows, found, strict=True)
        ]
        return (match for match in found if match)

    def one(self, pattern: str) -> tuple[Any, ...]:
        """Take the only line that is so away."""
        found = list(self.take(pattern))
        assert len(found) == 1, (pattern, "\n".join(self.lines))
        return found[0].groups()

    def check_edges(self, n_words: int) -> None:
        """Head and foot, and then there is nothing more."""
        assert int(self.one(r"Harbour · The ledger +(\d+) words")[0]) == n_words
        assert len(list(self.take(FOOT))) == 2
        left = [line for line in self.lines if re.search(r"[\d▁▂▃▅▇]", line)]
        assert not left, "nobody has checked this"


@pytest.fixture(scope="session")
def frame_of() -> type[Frame]:
    """Takes apart what is on the screen."""
    return Frame


@pytest.fixture(scope="session")
def bits_of() -> Callable[[str, str], float]:
    """What the script says of a word for a mind, by its key: `memory_4` has four words."""

    def bits(key: str, word: str) -> float:
        memory = int(key.removeprefix("memory_")) if key.startswith("memory_") else None
        return scripted(Mind(key, memory), Word(word))

    return bits


@pytest.fixture
def company(marked: str) -> Callable[[int], Company]:
    """Three minds, a ghost that was at two words, one of the crowd, and both mixtures."""
    parts = marked.split("[[")[:-1]
    before = [len(re.findall(r"\w+", "".join(parts[: n + 1]))) for n in range(len(parts))]
    slips = dict(zip(before[:2], ("cook 20", "tea 7 stew 30"), strict=True))
    absent = Ghost("ghost:1", "dora", "x", dict(zip(slips, (2.25, 6.5), strict=True)), slips)

    def come(n_players: int) -> Company:
        paid = dict(zip(before, CROWD[n_players], strict=True))
        return Company(
            minds=("goldfish", "reader", "stranger"),
            ghosts=(absent,),
            crowd=(Ghost("ghost:2", "emil", "y", paid, {}),),
            mixtures=("nobody", "centaur"),
        )

    return come


@pytest.fixture
def shown(
    game: Any,
    opened: Any,
    played: Any,
    prompt: Any,
    company: Callable[[int], Company],
    paths: Paths,
    kept: Any,
) -> Callable[[str, int], AbstractAsyncContextManager[tuple[Any, Any]]]:
    """Shows the result of a race in a mode by so many players, and gives what was kept."""

    @asynccontextmanager
    async def show(mode: Any, n_players: int) -> AsyncGenerator[tuple[Any, Any]]:
        one = opened(
            players=("ann", "bo", "cy")[:n_players],
            terms=Terms(mode=mode, company=company(n_players)),
            elsewhere=ELSEWHERE,
            primer=PRIMER,
        )
        predictor = prompt(scripted)
        session = played(one, *TURNS[mode, n_players], predictor=predictor)
        log = kept(paths.store_file)
        assert len(log.words) == len(log.reveals) == 4
        async with game(predictor=predictor, size=(120, 40)) as play:
            await play.until_seen("warm-up")
            play.app.races.show_result(session)
            await play.until_on("ResultScreen")
            await play.until(
                lambda: play.screen._hindsight.state == "done", "all has been read"
            )
            await play.settle()
            yield play, log

    return show
