"""Players and races on disk. Every locked turn is here before its word is shown."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
import uuid
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine import race_log
from engine.errors import InputError, RaceError, StoreError
from engine.race import Event, Player, Race, Setup, Started, advance, replay
from engine.words import Text, prepare
from tui import store_schema
from tui.literal import clean

_REVEALED = "EXISTS (SELECT 1 FROM events WHERE race_id = races.id AND kind = 'revealed')"
"""A race counts from the first word shown, even if it was then abandoned."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A race in the list of races."""

    race_id: str
    title: str
    started_at: str
    """UTC, ISO 8601."""
    finished: bool
    n_targets: int
    n_revealed: int


@dataclass(frozen=True, slots=True)
class RaceOn:
    """A race of somebody on a text."""

    text_sha256: str
    race_id: str
    started_at: str
    """UTC, ISO 8601."""
    finished: bool


class Store:
    """The store of one player's computer. Each is used by the thread that opened it.

    Any method raises StoreError where the file cannot be read or written; then nothing of what
    it was to write is kept, and the store can be used on.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path
        self._logs: dict[str, tuple[Race, int]] = {}
        """The races seen here as they were last, each with its number of events on disk."""

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open the store in a file; a new one is made with its folder.

        Raises:
            StoreError: it cannot be opened, is no store, or a newer bitrace wrote it.
        """
        return cls(store_schema.connect(path), path)

    def close(self) -> None:
        """Close the file. May be called twice."""
        with store_schema.telling(self._path):
            self._db.close()

    def player(self, name: str) -> Player:
        """The player of that name; made if there is none.

        Raises:
            InputError: the name is empty.
        """
        name = _as_kept(name)
        if not name:
            raise InputError("A player needs a name: type at least one letter.")
        found = self.find_player(name)
        if found is None:
            with self._transaction():
                self._db.execute(
                    "INSERT INTO players (id, name, created_at) VALUES (?, ?, ?)"
                    " ON CONFLICT (name) DO NOTHING",
                    (uuid.uuid4().hex, name, datetime.now(UTC).isoformat(timespec="seconds")),
                )
            found = self.find_player(name)
        assert found is not None
        return found

    def find_player(self, name: str) -> Player | None:
        """The player of that name, if there is one. None is made."""
        found = self._rows("SELECT id, name FROM players WHERE name = ?", _as_kept(name))
        return Player(*found[0]) if found else None

    def players(self) -> list[Player]:
        """All players: who raced last comes first, who never did last, the newest before."""
        rows = self._rows(
            "SELECT players.id, name FROM players"
            " LEFT JOIN race_players ON player_id = players.id"
            " LEFT JOIN races ON races.id = race_id"
            " GROUP BY players.id ORDER BY MAX(touched) DESC, players.rowid DESC"
        )
        return [Player(*row) for row in rows]

    def begin(self, setup: Setup, text: Text) -> Race:
        """Start a race and keep its passage with it.

        Raises:
            RaceError: the text is not the one the race was set up for.
        """
        if prepare(text.shown).sha256 != setup.text_sha256:
            raise RaceError("The passage is not the one that this race was set up for.")
        started = Started(setup)
        race = advance(None, started)
        with self._transaction():
            # Two texts that differ in their apostrophes have one hash; the first one is kept.
            self._db.execute(
                "INSERT INTO texts (sha256, shown) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (setup.text_sha256, text.shown),
            )
            # Names of files may hold bytes that are no text; the event keeps them as they are.
            self._db.execute(
                "INSERT INTO races (id, started_at, title, text_sha256, pack, passage)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    setup.race_id,
                    setup.started_at,
                    clean(setup.title),
                    setup.text_sha256,
                    setup.pack.id if setup.pack else None,
                    clean(setup.passage),
                ),
            )
            self._db.executemany(
                "INSERT INTO race_players (race_id, player_id, place) VALUES (?, ?, ?)",
                [(setup.race_id, who.id, place) for place, who in enumerate(setup.players)],
            )
            self._write(race, 0, [started])
        self._logs[setup.race_id] = race, 1
        return race

    def append(self, race: Race, events: Sequence[Event]) -> Race:
        """The race after these events, once all of them are on disk.

        Args:
            race: as `begin`, `append` or `load` gave it last.
            events: kept together or not at all.

        Raises:
            RaceError: an event does not fit, or the race has gone on elsewhere. Nothing
                is kept then.
        """
        race_id = race.setup.race_id
        if race_id not in self._logs:
            self.load(race_id)
        last, n_events = self._logs[race_id]
        if race != last:
            raise _elsewhere()
        for event in events:
            race = advance(race, event)
        with self._transaction():
            on_disk = self._db.execute(
                "SELECT COUNT(*) FROM events WHERE race_id = ?", (race_id,)
            ).fetchone()
            if on_disk != (n_events,):
                raise _elsewhere()
            self._write(race, n_events, events)
        self._logs[race_id] = race, n_events + len(events)
        return race

    def discard_unplayed(self, race: Race) -> bool:
        """Take back a race in which nothing has been locked in; whether it was one."""
        race_id = race.setup.race_id
        with self._transaction():
            # Asked on disk: another window may have played it on meanwhile.
            (n_locked,) = self._db.execute(
                "SELECT COUNT(*) FROM events WHERE race_id = ? AND kind = 'locked'", (race_id,)
            ).fetchone()
            if n_locked:
                return False
            for table, key in (
                ("events", "race_id"),
                ("race_players", "race_id"),
                ("races", "id"),
            ):
                self._db.execute(f"DELETE FROM {table} WHERE {key} = ?", (race_id,))
        self._logs.pop(race_id, None)
        return True

    def load(self, race_id: str) -> tuple[Race, Text]:
        """A race as it was left, and its passage.

        Raises:
            StoreError: there is no such race, it is damaged, or a newer bitrace wrote it.
        """
        shown = self._rows(
            "SELECT shown FROM races JOIN texts ON sha256 = text_sha256 WHERE id = ?", race_id
        )
        if not shown:
            raise self._no_race(race_id)
        rows = self._rows(
            "SELECT seq, kind, version, body FROM events WHERE race_id = ? ORDER BY seq",
            race_id,
        )
        if [row[0] for row in rows] != list(range(len(rows))):
            raise self._damaged(race_id, "turns are missing")
        try:
            # A damaged body may hold anything where a number belongs.
            race = replay(_event(*row[1:]) for row in rows)
        except (RaceError, TypeError, ValueError) as error:
            raise self._damaged(race_id, str(error)) from error
        text = prepare(shown[0][0])
        if race.setup.race_id != race_id or text.sha256 != race.setup.text_sha256:
            raise self._damaged(race_id, "its passage is another one")
        self._logs[race_id] = race, len(rows)
        return race, text

    def open_race(self) -> Entry | None:
        """The unfinished race that was played last; None if there is none."""
        return self._latest("finished_at IS NULL")

    def last_race(self) -> Entry | None:
        """The finished race that was played last; None if there is none."""
        return self._latest("finished_at IS NOT NULL")

    def entry(self, race_id: str) -> Entry:
        """A race for a list.

        Raises:
            StoreError: there is no such race, or it is damaged.
        """
        rows = self._rows(
            "SELECT title, started_at, finished_at IS NOT NULL,"
            " (SELECT json_array_length(body, '$.setup.targets') FROM events"
            "  WHERE race_id = races.id AND seq = 0),"
            " (SELECT COUNT(*) FROM events WHERE race_id = races.id AND kind = 'revealed')"
            " FROM races WHERE id = ?",
            race_id,
        )
        if not rows:
            raise self._no_race(race_id)
        title, started_at, finished, n_targets, n_revealed = rows[0]
        if n_targets is None:
            raise self._damaged(race_id, "its beginning is missing")
        return Entry(race_id, title, started_at, bool(finished), n_targets, n_revealed)

    def n_attempts(self, player_id: str, text_sha256: str) -> int:
        """How many races of a player on a text count: those in which a word was shown."""
        return self._number(
            "SELECT COUNT(*) FROM races WHERE text_sha256 = ?"
            " AND id IN (SELECT race_id FROM race_players WHERE player_id = ?)"
            f" AND {_REVEALED}",
            text_sha256,
            player_id,
        )

    def played_texts(self, player_ids: Iterable[str]) -> set[str]:
        """SHA-256 of the texts on which any of these players has a race that counts."""
        rows = self._rows(
            "SELECT DISTINCT text_sha256 FROM races JOIN race_players ON race_id = races.id"
            f" WHERE player_id IN (SELECT value FROM json_each(?)) AND {_REVEALED}",
            json.dumps(list(player_ids)),
        )
        return {row[0] for row in rows}

    def score_events(self, player_id: str, texts: Iterable[str] | None = None) -> list[Any]:
        """What a player's scores follow from, race by race, the first one first.

        A row an event: the text's SHA-256, the race, the player's place in it, kind, version
        and body; of the beginning, which may be long, only targets, mode and what is practised.

        Args:
            player_id: of the player.
            texts: SHA-256 of the texts whose races are wanted; None for all.
        """
        of_texts = " AND text_sha256 IN (SELECT value FROM json_each(?))"
        return self._rows(
            "SELECT text_sha256, race_id, place, kind, version,"
            " CASE WHEN kind = 'started' AND json_valid(body)"
            "  THEN json_extract(body, '$.setup.targets', '$.setup.mode', '$.setup.practised')"
            "  ELSE body END"
            " FROM races JOIN race_players ON race_players.race_id = races.id"
            " JOIN events USING (race_id)"
            " WHERE player_id = ? AND kind IN ('started', 'guessed', 'locked', 'revealed')"
            f"{'' if texts is None else of_texts} ORDER BY races.rowid, seq",
            player_id,
            *([] if texts is None else [json.dumps(list(texts))]),
        )

    def text(self, sha256: str) -> str | None:
        """The text of a race, as it was shown; None where it is not kept."""
        rows = self._rows("SELECT shown FROM texts WHERE sha256 = ?", sha256)
        return rows[0][0] if rows else None

    def races_on(self, player_id: str, texts: Iterable[str]) -> list[RaceOn]:
        """A player's races on some texts, the first one first."""
        rows = self._rows(
            "SELECT text_sha256, race_id, started_at, finished_at IS NOT NULL"
            " FROM races JOIN race_players ON race_players.race_id = races.id"
            " WHERE player_id = ? AND text_sha256 IN (SELECT value FROM json_each(?))"
            " ORDER BY races.rowid",
            player_id,
            json.dumps(list(texts)),
        )
        return [RaceOn(text, race, at, bool(finished)) for text, race, at, finished in rows]

    def finished_on(self, text_sha256: str) -> list[str]:
        """Ids of the finished races on a text, the first one first."""
        rows = self._rows(
            "SELECT id FROM races WHERE text_sha256 = ? AND finished_at IS NOT NULL"
            " ORDER BY rowid",
            text_sha256,
        )
        return [row[0] for row in rows]

    def count_races(self) -> int:
        """All races, finished or not."""
        return self._number("SELECT COUNT(*) FROM races")

    def _write(self, race: Race, n_before: int, events: Sequence[Event]) -> None:
        """Write the events that led to `race`, behind `n_before` others."""
        race_id = race.setup.race_id
        self._db.executemany(
            "INSERT INTO events (race_id, seq, kind, version, body) VALUES (?, ?, ?, ?, ?)",
            [(race_id, seq, *_row(event)) for seq, event in enumerate(events, n_before)],
        )
        finished_at = race.reveals[-1].at if race.phase == "finished" else None
        self._db.execute(
            "UPDATE races SET finished_at = ?, touched = (SELECT MAX(touched) + 1 FROM races)"
            " WHERE id = ?",
            (finished_at, race_id),
        )

    def _latest(self, condition: str) -> Entry | None:
        rows = self._rows(
            f"SELECT id FROM races WHERE {condition} ORDER BY touched DESC LIMIT 1"
        )
        return self.entry(rows[0][0]) if rows else None

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with store_schema.telling(self._path), store_schema.transaction(self._db):
            yield

    def _rows(self, query: str, *values: str) -> list[Any]:
        with store_schema.telling(self._path):
            return self._db.execute(query, values).fetchall()

    def _number(self, query: str, *values: str) -> int:
        return self._rows(query, *values)[0][0]

    def _no_race(self, race_id: str) -> StoreError:
        return StoreError(f"There is no race {race_id} in {self._path}: choose another one.")

    def _damaged(self, race_id: str, what: str) -> StoreError:
        return StoreError(
            f"The race {race_id} in {self._path} is damaged: {what}. "
            "It cannot be shown or gone on with; the other races are not touched by this."
        )


def _as_kept(name: str) -> str:
    """A player's name as it is kept."""
    # Typed on another keyboard é may be two characters; the name is the same.
    return unicodedata.normalize("NFC", clean(name)).strip()


def _row(event: Event) -> tuple[str, int, str]:
    """Kind, version and body of an event."""
    kind, body = race_log.dump(event)
    try:
        return kind, race_log.EVENT_VERSION, json.dumps(body, allow_nan=False)
    except ValueError:
        raise RaceError(
            "The bits of this turn are not finite, so it is not kept: start the race again."
        ) from None


def _event(kind: str, version: int, body: str) -> Event:
    return race_log.load(kind, version, json.loads(body))


def _elsewhere() -> RaceError:
    return RaceError(
        "This race is being played in another window: go on there, or open it again here."
    )
