"""Plain mode: the same game line by line, for screen readers, pipes and scripts."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from engine.bets import FIRST_STAKE, PASS, Slip, last_stake, parse
from engine.errors import BitraceError, SlipError
from tui.heat import percent
from tui.literal import clean
from tui.session import Listeners, Session
from tui.views import (
    best_word,
    mind_line,
    next_opponent,
    player_names,
    reveal_rows,
    share_line,
    signed,
    standing_notes,
    winner,
    written_out,
)

if TYPE_CHECKING:
    from engine.predictor import Predictor
    from tui.play import Opened

BLANK = "_________"
CURTAIN_LINES = 60
_POLL_S = 0.2


class PlainRace:
    """One race on standard input and output. No control sequence is ever written.

    Args:
        opened: the race.
        predictor: who reads.
        passes_unasked: an empty line passes without a second one.
    """

    def __init__(self, opened: Opened, predictor: Predictor, passes_unasked: bool) -> None:
        self._session = Session(opened.store, opened.race, opened.text, opened.gpu_layers)
        self._store = opened.store
        self._predictor = predictor
        self._passes_unasked = passes_unasked
        self._changed = threading.Event()
        self._fault: BitraceError | None = None
        self._stakes = [FIRST_STAKE] * len(opened.race.setup.players)
        self._told = 0

    def run(self) -> int:
        """Play to the end of the race or of the input.

        Raises:
            BitraceError: the engine failed; what was locked in is kept.
        """
        self._session.start(self._predictor, Listeners(self._changed.set, self._on_fault))
        try:
            self._tell_beginning()
            while self._session.race.phase != "finished":
                if not self._turn():
                    return self._pause()
            self._tell_end()
            return 0
        except BitraceError:
            self._discard_or_keep()
            raise
        finally:
            self._session.stop()

    def _on_fault(self, error: BitraceError) -> None:
        self._fault = error
        self._changed.set()

    def _turn(self) -> bool:
        """Everybody's slip for one target, then the word. False at the end of input."""
        race = self._session.race
        target = race.target
        self._tell_text()
        for place, player in enumerate(race.to_write):
            if place and sys.stdin and sys.stdin.isatty():
                self._say("\n" * CURTAIN_LINES)
                self._say(f"…{clean(self._near_text())}{BLANK}")
            slip = self._ask_slip(player)
            if slip is None:
                return False
            self._session.lock(player, slip)
            self._raise_fault()
        self._wait_for_reveal(target)
        self._tell_reveal(target)
        return True

    def _ask_slip(self, player: int) -> Slip | None:
        race = self._session.race
        name = player_names(race)[player]
        n = len(race.setup.targets)
        asked_to_pass = False
        self._say(f"\nTarget {race.target + 1} of {n}, {name}: words and percent?")
        while True:
            line = sys.stdin.readline() if sys.stdin else ""  # None where it is closed
            if not line:
                return None
            if not line.strip():
                if asked_to_pass or self._passes_unasked:
                    return PASS
                asked_to_pass = True
                self._say("An empty slip passes. An empty line once more to pass, or a slip.")
                continue
            try:
                slip = parse(line, self._stakes[player])
            except SlipError as error:
                self._say(f"Not taken: {clean(str(error))}. Again, please.")
                continue
            self._stakes[player] = last_stake(line) or self._stakes[player]
            return slip

    def _wait_for_reveal(self, target: int) -> None:
        waited = 0
        while self._session.race.target == target:
            self._raise_fault()
            if self._session.reveal():
                return
            self._changed.wait(_POLL_S)
            self._changed.clear()
            waited += 1
            if waited == 5:
                self._say("The minds are still reading …")

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _pause(self) -> int:
        race = self._session.race
        self._await_engine()
        self._say(
            f"\nPaused at target {race.target + 1} of {len(race.setup.targets)}. "
            "Go on with: bitrace resume --plain"
        )
        return 0

    def _await_engine(self) -> None:
        """Let a model that cannot be loaded be told before the race is left."""
        while not self._session.engine_ready:
            self._raise_fault()
            self._changed.wait(_POLL_S)
            self._changed.clear()
        self._raise_fault()

    def _discard_or_keep(self) -> None:
        if self._store.discard_unplayed(self._session.race):
            return
        self._say("\nThe race is kept. Go on with: bitrace resume --plain")

    def _near_text(self) -> str:
        target = self._session.race.setup.targets[self._session.race.target]
        return self._session.text.shown[max(0, target.start - 300) : target.start]

    def _tell_beginning(self) -> None:
        race = self._session.race
        setup = race.setup
        self._say(clean(setup.title))
        against = " and ".join(mind_line(race, key) for key in setup.minds)
        self._say(f"{len(setup.targets)} words to predict, against {against}.")
        if race.target == 0:
            self._say(
                "A slip is words, each with the percent you stake on it: harbour 60 sea 20. "
                "What you do not stake stays on Instinct."
            )
            if setup.primer:
                self._say(f"\nFirst read this:\n\n{clean(setup.primer, newlines=True)}")
        else:
            totals = ", ".join(
                f"{name} {signed(race.total(player).insight_bits)}"
                for player, name in enumerate(player_names(race))
            )
            self._say(f"Going on at target {race.target + 1}; so far {totals} bits.")

    def _tell_text(self) -> None:
        target = self._session.race.setup.targets[self._session.race.target]
        piece = self._session.text.shown[self._told : target.start]
        self._say(f"\n{clean(piece, newlines=True)}{BLANK}")
        self._told = target.start

    def _tell_reveal(self, target: int) -> None:
        race = self._session.race
        where = race.setup.targets[target]
        self._say(f"\nThe word: {clean(self._session.text.shown[where.start : where.end])}")
        rows = reveal_rows(race, target)
        width = max(len(row.name) for row in rows)
        for row in rows:
            change = "" if row.change is None else f"  insight {signed(row.change)}"
            share = percent(row.percent)
            self._say(f"  {row.name:{width}} {row.bits:6.1f} bits  {share:>12}{change}")

    def _tell_end(self) -> None:
        race = self._session.race
        rest = self._session.text.shown[self._told :]
        self._say(f"\n{clean(rest, newlines=True)}\n")
        self._say(winner(race))
        for player, name in enumerate(player_names(race)):
            total = race.total(player)
            self._say(
                f"{name}: insight {signed(total.insight_bits)} bits, cost {total.bits:.1f}."
            )
        for key in race.setup.minds:
            insight = signed(race.mind_total(key).insight_bits)
            self._say(f"{mind_line(race, key)}: insight {insight} bits.")
        for player in range(len(race.setup.players)):
            self._say(best_word(race, player))
            self._say(written_out(race, player))
            self._say(share_line(race, player))
        for note in standing_notes(race):
            self._say(note)
        self._say(next_opponent(race))
        if race.setup.source:
            self._say(f"Source: {clean(race.setup.source)}")

    def _say(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
