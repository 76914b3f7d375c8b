"""What home offers, found out after it is first shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from puzzles.builtin import TUTORIAL
from puzzles.library import Library
from tui import today
from tui.bests import best_insights
from tui.opening import default_name
from tui.practice import practice_line
from tui.settings import Settings
from tui.store import Store
from tui.views import signed

if TYPE_CHECKING:
    from tui.screens.home import HomeFacts


def home_facts(store: Store, settings: Settings, library: Library, now: datetime) -> HomeFacts:
    """What home offers. No pack is read for it once its facts are kept.

    Args:
        store: where races are kept.
        settings: the player's.
        library: the packs.
        now: the time.

    Raises:
        BitraceError: the store or a built-in pack cannot be read.
    """
    from tui.screens.home import HomeFacts

    player = store.find_player(default_name(settings))
    player_id = player.id if player else ""
    played = store.played_texts([player_id])
    passages = library.passages(TUTORIAL)
    fresh = (passage for passage in passages if passage.text_sha256 not in played)
    passage = next(fresh, passages[0])
    entry = store.open_race()
    return HomeFacts(
        first_start=store.count_races() == 0,
        next_title=passage.title,
        next_targets=passage.n_targets,
        open_title=entry.title if entry else "",
        open_progress=f"target {entry.n_revealed + 1} of {entry.n_targets}" if entry else "",
        today=_today(store, player_id, library, now.astimezone().date()),
        practice=practice_line(store, player_id, now),
    )


def _today(store: Store, player_id: str, library: Library, day: date) -> str:
    """Today's race in a few words: its title, or how it went, and the days in a row."""
    passages = library.passages(today.PACK)
    passage = passages[today.passage_of(day, len(passages))]
    texts = [one.text_sha256 for one in passages]
    kept = today.days_kept(store.races_on(player_id, texts), texts)
    parts = [passage.title, f"{passage.n_targets} words"]
    if day in kept:
        best = best_insights(store, player_id, [passage.text_sha256])
        insight = best.get(passage.text_sha256)
        told = "done" if insight is None else f"{signed(insight)} bits"
        parts = [told, "the next one comes tomorrow"]
    if (row := today.in_a_row(today.streak(kept, day))) != "":
        parts.append(row)
    return " · ".join(parts)
