"""The result screen, tab by tab: every number on it, recomputed from what was kept.

What the minds would have paid with other memories, and Reader's best words, are no part of the
race: they are compared with what the script says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.setup import Ghost
from tui.beginning import Terms
from tui.company import Company
from tui.paths import Paths
from tui.screens.result import TextTab
from tui.screens.result_tabs import MemoryTab

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
    ("choice", 1): ["50", "5", "", "95"],
    ("choice", 3): ["50", "", "1", "80", "30", "5", "", "1", "60", "20", "44", "95"],
    ("shannon", 1): ["cook", "tea soup", "ledger", "here there"],
    ("shannon", 3): [
        *("cook", "a b c d e", "the boy cook"),
        *("stew", "soup", "x y z soup"),
        *("ledger", "book ledger", "a b c d ledger"),
        *("it there", "there", "sea there"),
    ],
}
FOOT = r".*F1 help|scripted none · script"
LEGEND = r".+ bits and Reader's: ▁ under 1 … ▇ 10 or more"
ROW = r"(.{10}\S{0,14})[·\s]\s*(\d+\.\d) bits +(<?[\d.]+) %   (.*)"


def scripted(mind: Any, word: Any) -> float:
    """Bits that fall with memory, differ from word to word and from mind to mind."""
    base = {"reader": 1.0, "stranger": 2.0}.get(mind.key)
    if base is None:
        # No more than the passage has before its last word, as with a real model.
        base = 3.0 if mind.memory is None else 4 + 8 / (1 + min(mind.memory, 32))
    letters = sum(map(ord, word.text.casefold()))
    return base + letters * round(base + 2) % 11 * 0.63


class Frame:
    """What is on the screen: a line is taken once it has been checked."""

    def __init__(self, play: Any) -> None:
        self.lines = [line.strip(" │╭╮╰╯") for line in play.lines]
        self.left = [line for line in self.lines if re.search(r"\d", line)]

    def take(self, pattern: str) -> Iterator[re.Match[str]]:
        """The lines that are so, from above to below."""
        found = [re.fullmatch(pattern, line) for line in self.left]
        self.left = [line for line, is_so in zip(self.left, found, strict=True) if not is_so]
        return (match for match in found if match)

    def one(self, pattern: str) -> tuple[Any, ...]:
        """The only line that is so."""
        found = list(self.take(pattern))
        assert len(found) == 1, (pattern, self.lines)
        return found[0].groups()

    def check_edges(self, n_words: int) -> None:
        """Head and foot, and then there is nothing more."""
        assert int(self.one(r"Harbour · The ledger +(\d+) words")[0]) == n_words
        list(self.take(FOOT))
        assert not self.left, "nobody has checked this"


@pytest.fixture
def finished(
    opened: Any, played: Any, prompt: Any, paths: Paths, kept: Any, marked: str
) -> Callable[..., tuple[Any, Any, Any]]:
    """A race in a mode by so many players, its predictor, and what was kept of it."""

    def race(mode: str, n_players: int) -> tuple[Any, Any, Any]:
        before = len(re.findall(r"\w+", marked.partition("[[soup]]")[0]))
        at = (len(re.findall(r"\w+", marked.partition("[[cook]]")[0])), before)
        ghost = Ghost(
            "ghost:1",
            "dora",
            "x",
            dict(zip(at, (2.25, 6.5), strict=True)),
            dict(zip(at, ("cook 20", "tea 7 stew 30"), strict=True)),
        )
        company = Company(
            minds=("goldfish", "reader", "stranger"),
            ghosts=(ghost,),
            mixtures=("nobody", "centaur") if n_players > 1 else ("centaur",),
        )
        one = opened(
            players=("ann", "bo", "cy")[:n_players],
            terms=Terms(mode=mode, company=company),
            elsewhere=ELSEWHERE,
            primer=PRIMER,
        )
        predictor = prompt(scripted)
        session = played(one, *TURNS[mode, n_players], predictor=predictor)
        return session, predictor, kept(paths.store_file)

    return race


@pytest.mark.parametrize("n_players", [1, 3])
@pytest.mark.parametrize("mode", ["open", "choice", "shannon"])
async def test_every_number_follows_from_what_was_kept(
    mode: str,
    n_players: int,
    game: Any,
    finished: Any,
    sentences: Any,
    is_near: Any,
    is_share: Any,
    glyphs_of: Any,
) -> None:
    session, predictor, log = finished(mode, n_players)
    check = Checks(log, sentences(log), is_near, is_share, glyphs_of)
    async with game(predictor=predictor, size=(160, 60)) as play:
        await play.until_seen("warm-up")
        play.app.races.show_result(session)
        await play.until_on("ResultScreen")
        await play.settle()
        check.race(play)
        await play.press("tab")
        await play.until(lambda: isinstance(play.screen.focused, TextTab), "the text")
        await play.until(lambda: play.screen._hindsight.state == "done", "all has been read")
        for target in range(len(log.words)):
            await play.until_seen(f"target {target + 1} of")
            check.text(play, target)
            await play.press("right")
        await play.press("tab")
        await play.until(lambda: isinstance(play.screen.focused, MemoryTab), "the memory")
        for target in range(len(log.words)):
            await play.until_seen(f"“{log.words[target]}”, target")
            check.memory(play, target)
            await play.press("right")


class Checks:
    """The tabs, one by one."""

    def __init__(
        self, log: Any, sentences: Any, is_near: Any, is_share: Any, glyphs_of: Any
    ) -> None:
        self._log, self._sentences = log, sentences
        self._near, self._share, self._glyphs = is_near, is_share, glyphs_of
        self._best = min(log.players, key=log.paid)

    @property
    def _is_choice(self) -> bool:
        return self._log.setup["mode"] == "choice"

    def race(self, play: Any) -> None:
        """Lanes, sentences, lines to paste."""
        log, frame = self._log, Frame(play)
        self._check_lanes(play, frame)
        claimed = {line for line in frame.lines if self._sentences.claim(line)}
        frame.left = [line for line in frame.left if line not in claimed]
        frame.check_edges(len(log.words))
        n = len(log.players)
        lead, rate, _, in_bytes, bounds, none, *nobody, primer, _, share = self._sentences.said
        assert (lead, rate, share, primer) == (1, n, n, 1)
        assert in_bytes == (0 if self._is_choice else n)
        assert bounds + none == (n if log.setup["mode"] == "shannon" else 0)
        assert (bounds > 0) == (log.setup["mode"] == "shannon")
        assert sum(nobody) == (n > 1)

    def _check_lanes(self, play: Any, frame: Frame) -> None:
        log = self._log
        width = play.region("#lanes").width - 2 - 11 - 8
        insights = {name: log.insight(name) for name in log.costs}
        low = min(0.0, *insights.values())
        high = max(10.0 + low, 0.0, *insights.values())
        found = list(frame.take(r"(.{10})[ ·]([ ━╍╸╺│]+?) +([+-]\d+\.\d)"))
        rows = {row[1].strip(): row for row in found}
        assert rows.keys() == log.costs.keys()
        for name, insight in insights.items():
            _, bar, shown = rows[name].groups()
            self._near(shown, insight)
            halves = sum({"━": 2, "╍": 2, "╸": 1, "╺": 1}.get(sign, 0) for sign in bar)
            assert abs(halves - 2 * abs(insight) * width / (high - low)) <= 1.01, name
            zero = width * -low / (high - low)
            ends = re.search("[━╍╸╺]+", bar)
            if ends:
                edge = ends.start() if insight > 0 else ends.end()
                assert abs(edge - zero) <= 1, name
            assert ("╍" in bar) <= (log.kinds[name] in ("ghost", "mixture"))

    def text(self, play: Any, target: int) -> None:
        """The bets, the six words, what Reader expected, and the colours as glyphs."""
        log, frame = self._log, Frame(play)
        words = play.part("#text-words") if play.shows("#text-words") else ""
        six = play.part("#six") if play.shows("#six") else ""
        bets = play.part("#bets")
        parts = [part.splitlines() for part in (six, bets, words)]
        self._check_bets(bets.splitlines(), target)
        assert bool(six) == self._is_choice != bool(words)
        if six:
            self._check_six(six.splitlines(), target)
        if words:
            self._check_words(words.splitlines(), target)
        inside = {line for part in parts for line in part}
        # What was checked stands side by side.
        frame.left = [
            line for line in frame.left if not any(one in line for one in inside if one)
        ]
        word, place, n = frame.one(r"“(.+)”, target (\d+) of (\d+)")
        assert (word, int(place), int(n)) == (log.words[target], target + 1, len(log.words))
        list(frame.take(LEGEND))
        mine, reader = (self._glyphs(log.costs[name]) for name in (self._best, "Reader"))
        shown = re.findall("([a-z]+)([▁▂▃▅▇]{2})", play.words)
        both = map("".join, zip(mine, reader, strict=True))
        assert shown == list(zip(log.words, both, strict=True))
        frame.check_edges(len(log.words))

    def _check_bets(self, lines: list[str], target: int) -> None:
        log = self._log
        assert len(lines) == len(log.costs) + 1
        for line, name in zip(lines, [*log.costs, "Instinct"], strict=True):
            paid = log.instinct[target] if name == "Instinct" else log.costs[name][target]
            if paid is None:
                assert re.fullmatch(rf"{name} *·absent", line)
                continue
            found = re.fullmatch(ROW, f"{line}   ")
            assert found, line
            assert found[1].strip(" ·") == name
            self._near(found[2], paid)
            self._share(found[3], 100 * 2**-paid)
            assert found[4].strip() == self._said(name, target)

    def _said(self, name: str, target: int) -> str:
        log = self._log
        if log.kinds.get(name) == "ghost":
            (ghost,) = log.setup["ghosts"]
            return ghost["said"][str(log.setup["targets"][target]["index"])]
        if name not in log.players or self._is_choice:
            return ""
        player = log.players.index(name)
        if log.setup["mode"] == "open":
            bets = log.turn(target, player)["slip"]["bets"]
            told = [f"{bet['word']} {bet['percent']}" for bet in bets]
            return " ".join(told) or "passed"
        truth = log.words[target]
        return " · ".join(
            f"{guess} {'✓' if guess == truth else '✗'}" for guess in log.guesses(target, player)
        )

    def _check_six(self, lines: list[str], target: int) -> None:
        log = self._log
        order = sorted(log.players, key=log.paid)
        players = order if len(order) > 1 else ["you"]
        assert lines[0].split() == [*players, "Reader", "Instinct"]
        reveal = log.reveals[target]["six"]
        assert all(
            sum(2**-cost for cost in bits) == pytest.approx(1) for bits in reveal.values()
        )
        for place, (line, word) in enumerate(zip(lines[1:], log.six(target), strict=True)):
            found = re.fullmatch(rf"(▸ )?{word} +((?:\S+ % *)+)", line)
            assert found, line
            assert bool(found[1]) == (word == log.words[target])
            shares = re.findall(r"(\S+) %", found[2])
            for share, name in zip(shares, order, strict=False):
                bets = log.turn(target, log.players.index(name))["slip"]["bets"]
                assert int(share) == next(b["percent"] for b in bets if b["word"] == word)
            for share, mind in zip(shares[len(order) :], ("reader", "instinct"), strict=True):
                self._share(share, 100 * 2 ** -reveal[mind][place])

    def _check_words(self, lines: list[str], target: int) -> None:
        log = self._log
        assert lines[0] == "Reader expected"
        printed = 0
        for line in lines[1:]:
            if not line:
                continue
            found = re.fullmatch(r"(▸ )?(\w+)(?:, (\d+)\w\w)? +(\S+) %", line)
            assert found, line
            self._share(found[4], 100 * 2 ** -_bits("reader", found[2]))
            if found[1]:
                printed += 1
                assert found[2] == log.words[target]
                self._share(found[4], 100 * 2 ** -log.costs["Reader"][target])
        assert printed == 1

    def memory(self, play: Any, target: int) -> None:
        """Steps and their means, the player's own line, and the sentences."""
        log, frame = self._log, Frame(play)
        word, place, n, of, own = frame.one(
            r"“(.+)”, target (\d+) of (\d+) +━ mean of (\d+)(?: +─ \w+ (\S+))?"
        )
        assert (word, int(place), int(n), int(of)) == (log.words[target], target + 1, 4, 4)
        paid = log.costs[self._best][target]
        assert (own is None) == self._is_choice
        if own:
            self._near(own, paid)
        (labels,) = frame.one(r"words +(.*all\+)")
        (bits,) = frame.one(rf"{word} +(.*)")
        (means,) = frame.one(r"mean +(.*)")
        keys = [
            {"all": "stranger", "all+": "reader"}.get(label, f"memory_{label}")
            for label in labels.split()
        ]
        self._keys = dict(zip(keys, zip(bits.split(), means.split(), strict=True), strict=True))
        for key, (bit, mean) in self._keys.items():
            self._near(bit, _bits(key, word))
            self._near(mean, sum(_bits(key, one) for one in log.words) / 4)
        for tick in frame.take(r"(\d+(?:\.\d)?) [┤└].*"):
            assert float(tick[1]) in (*range(0, 20, 2), 5, 15, float(own or 0))
        self._check_sense(frame, word, paid)
        frame.check_edges(len(log.words))

    def _check_sense(self, frame: Frame, word: str, paid: float) -> None:
        log = self._log
        few, everything, verb, worth, mine = frame.one(
            r"With 4 words of memory it was (\S+) bits, with all of them and the primer (\S+): "
            r"memory (was worth|cost) (\S+)\.(?: .+ paid (\S+)\.)?"
        )
        before, after = _bits("memory_4", word), _bits("reader", word)
        self._near(few, before)
        self._near(everything, after)
        gain = float(worth) if verb == "was worth" else -float(worth)
        assert gain == pytest.approx(float(few) - float(everything))
        few, everything, own = frame.one(
            r"Over 4 words: from (\S+) bits a word to ([\d.]+\d)(?:; .+ paid (\S+))?\."
        )
        self._near(few, sum(_bits("memory_4", one) for one in log.words) / 4)
        self._near(everything, sum(_bits("reader", one) for one in log.words) / 4)
        assert (mine is None) == (own is None) == self._is_choice
        if mine:
            self._near(mine, paid)
            self._near(own, log.paid(self._best) / 4)
        (primer,) = frame.one(r"The primer was worth (\S+) bits to Reader \(all → all\+\)\.")
        pairs = [(_bits("stranger", one), _bits("reader", one)) for one in log.words]
        self._near(primer, sum(without - with_it for without, with_it in pairs))


def _bits(key: str, word: str) -> float:
    """What the script says of a mind with so much memory."""
    memory = int(key.removeprefix("memory_")) if key.startswith("memory_") else None
    return scripted(Remembering(key, memory), Printed(word))


class Remembering:
    def __init__(self, key: str, memory: int | None) -> None:
        self.key, self.memory = key, memory


class Printed:
    def __init__(self, text: str) -> None:
        self.text = text
