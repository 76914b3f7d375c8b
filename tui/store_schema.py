"""The store's file: its tables, how it is opened, and what its faults are called."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import StoreError
from tui.paths import HOME_VARIABLE, make

VERSION = 1
"""Kept in the file as `user_version`; rises when the tables change."""
BUSY_S = 10.0
"""How long to wait for another process that is writing, in seconds."""
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""

_TABLES = (
    """CREATE TABLE players (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created_at TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE texts (
        sha256 TEXT PRIMARY KEY,  -- of the normalized text
        shown TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE races (
        id TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        title TEXT NOT NULL,
        text_sha256 TEXT NOT NULL REFERENCES texts,
        pack TEXT,
        passage TEXT NOT NULL,
        -- Rises over all races with every write: wall clocks can stand still or go back.
        touched INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE race_players (
        race_id TEXT NOT NULL REFERENCES races,
        player_id TEXT NOT NULL REFERENCES players,
        place INTEGER NOT NULL,
        PRIMARY KEY (race_id, place)
    ) STRICT""",
    """CREATE TABLE events (
        race_id TEXT NOT NULL REFERENCES races,
        seq INTEGER NOT NULL,
        version INTEGER NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (race_id, seq)
    ) STRICT""",
    "CREATE INDEX races_by_touched ON races (touched)",
    "CREATE INDEX race_players_by_player ON race_players (player_id)",
)

_LEFT = "It has been left as it is."
_ELSEWHERE = f"or set {HOME_VARIABLE} to another folder"
_SENTENCES = {
    sqlite3.SQLITE_FULL: "There is no room left for {path}: free some space, then try again. "
    "All that was locked in before is safe.",
    sqlite3.SQLITE_IOERR: "The disk refused to read or write {path} ({error}): see that it is "
    "there and not full, then try again.",
    sqlite3.SQLITE_READONLY: "{path} cannot be written: allow writing to it and its folder, "
    f"{_ELSEWHERE}.",
    sqlite3.SQLITE_PERM: f"{{path}} may not be used by you: change who owns it, {_ELSEWHERE}.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened: see that it is a file, that its folder "
    f"can be written, {_ELSEWHERE}.",
    sqlite3.SQLITE_BUSY: "{path} is in use by another program: close other windows of bitrace, "
    "then try again.",
    sqlite3.SQLITE_NOTADB: f"{{path}} is not a bitrace store, or damaged. {_LEFT} "
    f"Move it away to start a new one, {_ELSEWHERE}.",
    sqlite3.SQLITE_CORRUPT: f"{{path}} is damaged. {_LEFT} "
    f"Put back a copy, move it away to start a new one, {_ELSEWHERE}.",
}
_OTHER = (
    "{path} cannot be used ({error}): try again. If it stays so, move it away to start a "
    f"new one, {_ELSEWHERE}."
)


def connect(path: Path) -> sqlite3.Connection:
    """Open the store's file; a new one is made with its tables.

    Raises:
        StoreError: it cannot be opened, is no store, or a newer bitrace wrote it; such a file
            is left as it is.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(
            f"Python comes with SQLite {sqlite3.sqlite_version} here, and bitrace needs 3.37: "
            "install bitrace with a newer Python."
        )
    make(path.parent)
    with telling(path):
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def telling(path: Path) -> Generator[None]:
    """Turn the faults of SQLite inside into sentences about `path`.

    Raises:
        StoreError: for every error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        sentence = _SENTENCES.get(_kind(error), _OTHER)
        raise StoreError(sentence.format(path=path, error=error)) from error


@contextmanager
def transaction(
    connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE"
) -> Generator[None]:
    """All that is written inside, or nothing. Writers wait for one another from the start."""
    try:
        connection.execute(begin)
        yield
        connection.execute("COMMIT")
    finally:
        # After some faults (a full disk) SQLite has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    with transaction(connection, "BEGIN"):
        _has_tables(connection, path)
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    with transaction(connection):
        # Asked again: another window may have made them meanwhile.
        if not _has_tables(connection, path):
            for table in _TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; a file once switched stays so.

    Where the disk cannot do it (some network drives) the other journal stays: slower, as safe.
    """
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # Two windows making the file at once: here alone SQLite does not wait by itself.
            if _kind(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.01)


def _kind(error: sqlite3.Error) -> int:
    """SQLite's primary code, the low byte; 0 for the errors of Python's module around it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _has_tables(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether this is a store already, and not an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (n_tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer bitrace: update bitrace to use it. {_LEFT}"
        )
    if version < VERSION and n_tables:
        raise StoreError(
            f"{path} is a database, but not one of bitrace's. {_LEFT} "
            f"Move it away, {_ELSEWHERE}."
        )
    return version == VERSION
