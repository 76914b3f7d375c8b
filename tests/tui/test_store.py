"""The store: races kept and found again, and everything that can happen to its file."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.bets import Bet, Slip
from engine.errors import InputError, RaceError, StoreError
from engine.race import (
    Draw,
    Event,
    Identified,
    Identity,
    Known,
    Locked,
    PackRef,
    Player,
    Race,
    Revealed,
    Setup,
)
from engine.targets import as_targets
from engine.words import Text, prepare, words
from tui import store_schema
from tui.store import Entry, Store

AT = "2026-02-03T04:05:06+00:00"
TEXT = prepare("The cook’s ledger floats — “I put it in the water myself,” she said. " * 9)
INSTINCT = Identity("SmolLM2-135M", "s.gguf", "ab" * 32, "Q4_1", 1, "cpu", 2048)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bitrace.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.open(path)
    yield store
    store.close()


def setup(
    race_id: str, *players: Player, n: int = 3, text: Text = TEXT, title: str = "Ferry"
) -> Setup:
    """A race over `n` words of a text, the first ones over and over if it has fewer."""
    found = as_targets(words(text.normalized)[3::7])
    targets = tuple(replace(found[index % len(found)], index=index) for index in range(n))
    return Setup(
        race_id=race_id,
        title=title,
        text_sha256=text.sha256,
        targets=targets,
        draw=Draw("returning", n, 0),
        players=players,
        attempts=(1,) * len(players),
        minds=("reader",),
        started_at=AT,
        pack=PackRef("harbor", "1.0", "cd" * 32),
        passage="ferry",
    )


def locked(race: Race, player: int = 0, *bets: Bet) -> Locked:
    return Locked(race.target, player, Slip(bets), AT)


def revealed(race: Race) -> Revealed:
    return Revealed(race.target, 7.25, {"reader": 0.1 + race.target}, AT)


def play(store: Store, race: Race, n: int) -> Race:
    """Play `n` targets of a race."""
    for _ in range(n):
        race = store.append(race, [locked(race, player) for player in race.to_write])
        race = store.append(race, [revealed(race)])
    return race


def begin(store: Store, race_id: str, name: str = "ann", n: int = 3, text: Text = TEXT) -> Race:
    return store.begin(setup(race_id, store.player(name), n=n, text=text), text)


def told(path: Path, race_id: str = "r") -> list[tuple[int, str]]:
    """Numbers and kinds of a race's events, asked past the store."""
    connection = sqlite3.connect(path)
    query = "SELECT seq, kind FROM events WHERE race_id = ? ORDER BY seq"
    rows = connection.execute(query, (race_id,)).fetchall()
    connection.close()
    return rows


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_player_is_made_once(path: Path, store: Store) -> None:
    ann = store.player("ann")
    assert store.player(" ann ") == ann
    assert store.player("bo").id != ann.id
    assert store.player("Zoe\u0308") == store.player("Zoë")
    assert store.player("a\x1b[2J\udcff").name == "a\ufffd[2J\ufffd"
    assert len(ann.id) == 32
    store.close()
    assert Store.open(path).player("ann") == ann


@pytest.mark.parametrize("name", ["", "  ", "\t\n"])
def test_a_player_needs_a_name(name: str, store: Store) -> None:
    with pytest.raises(InputError, match="needs a name"):
        store.player(name)
    assert store.players() == []


def test_players_come_most_recent_first(store: Store) -> None:
    for name in ("ann", "bo", "cy"):
        store.player(name)
    assert [player.name for player in store.players()] == ["cy", "bo", "ann"]
    first = begin(store, "1", "bo")
    begin(store, "2", "ann")
    assert [player.name for player in store.players()] == ["ann", "bo", "cy"]
    play(store, first, 1)
    assert [player.name for player in store.players()] == ["bo", "ann", "cy"]


def test_a_race_is_found_again_as_it_was_left(path: Path, store: Store) -> None:
    players = store.player("ann"), store.player("bo")
    race = store.begin(setup("r", *players), TEXT)
    race = store.append(race, [Identified(INSTINCT, {"reader": INSTINCT}), Known(1, AT)])
    race = store.append(race, [locked(race, 0, Bet("mer", 60), Bet("été", 1))])
    race = store.append(race, [locked(race, 1), revealed(race)])
    race = store.append(race, [locked(race, 1, Bet("sea", 99))])
    assert store.load("r") == (race, TEXT)
    store.close()
    again = Store.open(path)
    assert again.load("r") == (race, TEXT)
    assert again.entry("r") == Entry(
        "r", "Ferry", AT, finished=False, n_targets=3, n_revealed=1
    )
    race = play(again, again.append(race, [locked(race, 0), revealed(race)]), 1)
    assert race.phase == "finished"
    assert again.entry("r").finished
    again.close()


def test_names_of_files_that_are_no_text(store: Store) -> None:
    title = "caf\udce9\x1b.txt"
    race = store.begin(setup("r", store.player("ann"), title=title), TEXT)
    assert store.entry("r").title == "caf\ufffd\ufffd.txt"
    assert race.setup.title == title
    assert store.load("r")[0] == race


def test_a_text_is_kept_once_and_checked(path: Path, store: Store) -> None:
    straight = Text(TEXT.normalized, TEXT.normalized)
    assert straight.shown != TEXT.shown
    assert (
        begin(store, "1").setup.text_sha256
        == begin(store, "2", text=straight).setup.text_sha256
    )
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT shown FROM texts").fetchall() == [(TEXT.shown,)]
    connection.close()
    with pytest.raises(RaceError, match="not the one"):
        store.begin(setup("3", store.player("ann")), prepare("Another text."))
    assert store.count_races() == 2


def test_the_race_to_go_on_with_is_the_one_played_last(store: Store) -> None:
    assert store.open_race() is None
    assert store.last_race() is None
    one, two = begin(store, "1"), begin(store, "2")
    assert store.open_race() == store.entry("2")
    one = play(store, one, 2)
    assert store.open_race() == store.entry("1")
    play(store, one, 1)
    assert store.open_race() == store.entry("2")
    assert store.last_race() == store.entry("1")
    play(store, two, 3)
    assert store.open_race() is None
    assert store.last_race() == store.entry("2")
    assert store.count_races() == 2


def test_a_race_counts_from_the_first_word_shown(store: Store) -> None:
    other = prepare(
        "Another text, of other words than the one above, and a bit longer than it."
    )
    ann, bo, cy = (store.player(name) for name in ("ann", "bo", "cy"))
    race = store.begin(setup("1", ann, bo), TEXT)
    race = store.append(race, [locked(race, 0), locked(race, 1)])
    assert store.n_attempts(ann.id, TEXT.sha256) == 0
    assert store.played_texts([ann.id, bo.id]) == set()
    store.append(race, [revealed(race)])
    assert store.n_attempts(ann.id, TEXT.sha256) == store.n_attempts(bo.id, TEXT.sha256) == 1
    assert store.n_attempts(cy.id, TEXT.sha256) == store.n_attempts(ann.id, other.sha256) == 0
    play(store, begin(store, "2", "ann"), 3)
    assert store.n_attempts(ann.id, TEXT.sha256) == 2
    play(store, begin(store, "3", "cy", n=1, text=other), 1)
    assert store.played_texts([bo.id]) == {TEXT.sha256}
    assert store.played_texts([bo.id, cy.id]) == {TEXT.sha256, other.sha256}
    assert store.played_texts([]) == set()


def test_an_event_that_does_not_fit_leaves_nothing(path: Path, store: Store) -> None:
    race = begin(store, "r")
    before = told(path)
    for events in (
        [revealed(race)],
        [locked(race), locked(race)],
        [locked(race), replace(revealed(race), target=1)],
    ):
        with pytest.raises(RaceError):
            store.append(race, events)
    with pytest.raises(RaceError, match="not finite"):
        store.append(race, [locked(race), replace(revealed(race), instinct_bits=float("inf"))])
    assert told(path) == before
    assert play(store, race, 3).phase == "finished"


def test_two_windows_cannot_both_play_a_turn(path: Path, store: Store) -> None:
    race = begin(store, "r")
    other = Store.open(path)
    theirs, _ = other.load("r")
    race = play(store, race, 1)
    before = told(path)
    with pytest.raises(RaceError, match="being played in another window"):
        other.append(theirs, [locked(theirs, 0, Bet("peeked", 99))])
    assert told(path) == before
    theirs, _ = other.load("r")
    play(other, theirs, 1)
    with pytest.raises(RaceError, match="another window"):
        store.append(race, [Known(0, AT)])
    other.close()


def test_only_a_race_that_nobody_played_is_taken_back(path: Path, store: Store) -> None:
    race = begin(store, "kept")
    other = Store.open(path)
    theirs, _ = other.load("kept")
    store.append(race, [locked(race)])
    # In their window nothing is locked in yet; on disk it is.
    assert not other.discard_unplayed(theirs)
    other.close()
    assert told(path, "kept") == [(0, "started"), (1, "locked")]
    race = begin(store, "unplayed")
    race = store.append(race, [Identified(INSTINCT, {"reader": INSTINCT}), Known(0, AT)])
    assert store.discard_unplayed(race)
    assert told(path, "unplayed") == []
    assert store.count_races() == 1
    assert store.open_race() == store.entry("kept")
    with pytest.raises(StoreError, match="no race unplayed"):
        store.append(race, [locked(race)])


def test_an_old_state_of_the_race_cannot_go_on(path: Path, store: Store) -> None:
    start = begin(store, "r")
    store.append(start, [locked(start)])
    with pytest.raises(RaceError):
        store.append(start, [locked(start, 0, Bet("twice", 50))])
    assert told(path) == [(0, "started"), (1, "locked")]


def test_a_race_that_was_not_loaded_here_goes_on(path: Path, store: Store) -> None:
    race = play(store, begin(store, "r"), 1)
    other = Store.open(path)
    assert play(other, race, 2).phase == "finished"
    other.close()


def test_a_fault_halfway_keeps_all_or_nothing(path: Path, store: Store) -> None:
    race = begin(store, "r")
    change(
        path,
        "CREATE TRIGGER fault BEFORE INSERT ON events WHEN NEW.kind = 'revealed'"
        " BEGIN SELECT RAISE(ABORT, 'made to fail'); END",
    )
    with pytest.raises(StoreError, match="made to fail"):
        store.append(race, [locked(race), revealed(race)])
    assert told(path) == [(0, "started")]
    change(path, "DROP TRIGGER fault")
    race = store.append(race, [locked(race), revealed(race)])
    assert store.load("r") == (race, TEXT)


def test_a_race_that_is_not_there(store: Store) -> None:
    for ask in (store.load, store.entry):
        with pytest.raises(StoreError, match="no race nowhere in"):
            ask("nowhere")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE events SET version = 3 WHERE seq = 1", "newer bitrace: update"),
        ("UPDATE events SET body = '{' WHERE seq = 1", "is damaged"),
        ("UPDATE events SET body = '[]' WHERE seq = 1", "is damaged"),
        ("UPDATE events SET kind = 'dreamt' WHERE seq = 1", "'dreamt' in the store is damaged"),
        ("UPDATE events SET seq = 9 WHERE seq = 2", "turns are missing"),
        ("DELETE FROM events WHERE seq = 1", "turns are missing"),
        ("DELETE FROM events", "is damaged"),
        ("UPDATE events SET body = json_set(body, '$.target', 2) WHERE seq = 1", "is damaged"),
        (
            "UPDATE events SET body = json_set(body, '$.target', 'x') WHERE seq = 1",
            "is damaged",
        ),
        ("UPDATE events SET body = CAST(X'80' AS TEXT) WHERE seq = 1", "UTF-8"),
        ("UPDATE texts SET shown = shown || ' More.'", "its passage is another one"),
        ("DROP TABLE texts", "no such table"),
    ],
)
def test_damage_is_told(statement: str, sentence: str, path: Path, store: Store) -> None:
    play(store, begin(store, "r"), 2)
    store.close()
    change(path, statement)
    again = Store.open(path)
    with pytest.raises(StoreError, match=sentence):
        again.load("r")
    again.close()


def test_no_folder_and_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(StoreError, match="BITRACE_HOME"):
        Store.open(tmp_path / "home" / "data" / "bitrace.db")
    with pytest.raises(StoreError, match=r"bitrace.db cannot be opened.*BITRACE_HOME"):
        Store.open(Path("/proc/bitrace.db"))
    (tmp_path / "bitrace.db").mkdir()
    with pytest.raises(StoreError, match=r"bitrace.db cannot be opened"):
        Store.open(tmp_path / "bitrace.db")


def refused(path: Path, sentence: str) -> None:
    """Opening a file fails with a sentence that names it, and leaves it as it was."""
    before = path.read_bytes()
    with pytest.raises(StoreError, match=sentence) as caught:
        Store.open(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_of_a_newer_bitrace(path: Path, store: Store) -> None:
    begin(store, "r")
    store.close()
    change(path, "PRAGMA user_version = 2")
    refused(path, "written by a newer bitrace: update")
    change(path, "PRAGMA user_version = 1")
    again = Store.open(path)
    assert again.count_races() == 1
    again.close()


@pytest.mark.parametrize("raw", [b"Dear diary, " * 100, b"\x00" * 5000, b"SQLite format 3\x00"])
def test_a_file_that_is_no_store(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "bitrace.db").write_bytes(raw)
    refused(tmp_path / "bitrace.db", "is not a bitrace store, or damaged")


def test_a_database_of_another_program(tmp_path: Path) -> None:
    change(tmp_path / "bitrace.db", "CREATE TABLE bookmarks (url)")
    refused(tmp_path / "bitrace.db", "a database, but not one of bitrace's")


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "bitrace.db").touch()
    store = Store.open(tmp_path / "bitrace.db")
    assert store.count_races() == 0
    store.close()


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_flipped_header_bytes(flip: int, path: Path, store: Store) -> None:
    race = play(store, begin(store, "r"), 2)
    store.close()
    whole = path.read_bytes()
    n_refused = 0
    for place in range(100):
        broken = bytearray(whole)
        broken[place] ^= flip
        path.write_bytes(broken)
        try:
            again = Store.open(path)
        except StoreError:
            n_refused += 1
            assert path.read_bytes() == broken
            continue
        try:
            assert again.load("r")[0] == race
        except StoreError as error:
            assert str(path) in str(error)
        again.close()
    assert n_refused >= 20


def test_damage_further_in(path: Path, store: Store) -> None:
    play(store, begin(store, "r", n=40), 40)
    store.close()
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xa5" * (len(raw) - 4096)
    path.write_bytes(raw)
    again = Store.open(path)
    for ask in (again.players, again.open_race, again.count_races, lambda: again.load("r")):
        with pytest.raises(StoreError, match=f"{path} is damaged. It has been left as it is"):
            ask()
    with pytest.raises(StoreError, match="is damaged"):
        again.player("bo")
    again.close()
    assert path.read_bytes() == raw


def test_a_disk_without_room(path: Path) -> None:
    connection = store_schema.connect(path)
    store = Store(connection, path)
    race = store.begin(setup("r", store.player("ann"), store.player("bo"), n=900), TEXT)
    connection.execute("PRAGMA max_page_count = 40")
    with pytest.raises(StoreError, match=r"There is no room left for .*bitrace\.db"):
        while True:
            turn: list[Event] = [locked(race, 0), locked(race, 1), revealed(race)]
            race = store.append(race, turn)
    assert race.target > 3
    assert store.load("r")[0] == race
    assert len(told(path)) == 1 + 3 * race.target
    connection.execute("PRAGMA max_page_count = 4000")
    assert play(store, race, 2) == store.load("r")[0]
    store.close()


def test_a_file_that_is_locked(path: Path) -> None:
    connection = store_schema.connect(path)
    store = Store(connection, path)
    race = begin(store, "r")
    connection.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is in use by another program"):
        store.append(race, [locked(race)])
    assert store.load("r")[0] == race
    other.execute("ROLLBACK")
    assert play(store, race, 1).target == 1
    other.close()
    store.close()


def test_how_the_file_is_kept(path: Path) -> None:
    connection = store_schema.connect(path)
    settings = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "user_version")
    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in settings]
    assert found == ["wal", 2, 1, 10_000, 1]
    connection.close()


def test_an_old_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StoreError, match=r"needs 3\.37"):
        Store.open(path)


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.count_races()


PLAYER = """
import sys
from pathlib import Path
from engine.bets import Slip
from engine.errors import RaceError, StoreError
from engine.race import Locked, Revealed
from tui.store import Store

def step(race):
    '''Play half a turn and say so once it is on disk.'''
    form = Locked if race.phase == "writing" else Revealed
    rest = (0, Slip(), "now") if form is Locked else (7.0, {"reader": 1.0}, "now")
    after = store.append(race, [form(race.target, *rest)])
    print(form.__name__.lower(), race.target, flush=True)
    return after

store = Store.open(Path(sys.argv[1]))
race, _ = store.load("r")
"""
TO_THE_END = """
sys.stdin.readline()
while race.phase != "finished":
    try:
        race = step(race)
    except RaceError:
        race, _ = store.load("r")
"""
TILL_FULL = """
import resource, signal
before = resource.getrlimit(resource.RLIMIT_FSIZE)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = Path(sys.argv[1] + "-wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 400_000, before[1]))
try:
    while True:
        race = step(race)
except StoreError as error:
    print(f"# {race.target} {error}", flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, before)
for _ in range(4):
    race = step(race)
"""
READ_ONLY = """
import os
store.close()
file = Path(sys.argv[1])
file.chmod(0o444)
file.parent.chmod(mode)
if os.getuid() == 0:
    os.setuid(65534)  # permissions do not bind root
try:
    Store.open(file).player("zoe")
except StoreError as error:
    print(error)
"""
MAKER = """
import sys
from pathlib import Path
from tui.store import Store
sys.stdin.readline()
for n in range(20):
    store = Store.open(Path(sys.argv[1]).with_name(f"{n}.db"))
    print(store.player("ann").id)
    store.close()
"""


def child(code: str, path: Path) -> subprocess.Popen[str]:
    """A process that begins when it is sent a line, if its code waits for one."""
    command = [sys.executable, "-c", code, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def together(code: str, path: Path) -> list[str]:
    """What two processes print that run the same code at the same time."""
    both = [child(code, path) for _ in range(2)]
    time.sleep(0.3)  # both are ready and wait
    for process in both:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    return outputs


def said(output: str) -> list[str]:
    """What a child says it has played, whole lines only."""
    return [line for line in output.splitlines(keepends=True) if line.endswith("\n")]


def kept(path: Path) -> list[str]:
    """The turns on disk, in the words of a child; that they fit together is checked."""
    store = Store.open(path)
    race, text = store.load("r")
    store.close()
    assert text == TEXT
    kinds = told(path)
    assert [seq for seq, _ in kinds] == list(range(len(kinds)))
    assert len(kinds) == 1 + len(race.locked) + len(race.reveals)
    return [f"{kind} {number // 2}\n" for number, (_, kind) in enumerate(kinds[1:])]


def test_killed_at_any_moment(path: Path, store: Store) -> None:
    begin(store, "r", n=3000)
    store.close()
    chance = random.Random(7)
    played: list[str] = []
    for run in range(10):
        process = child(PLAYER + TO_THE_END, path)
        assert process.stdin and process.stdout
        process.stdin.write("go\n")
        process.stdin.flush()
        first = ""
        if run % 5 != 4:  # now and then it is killed while it starts
            first = process.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        output = first + process.stdout.read()
        assert process.wait() == -9
        process.stdin.close()
        process.stdout.close()
        played += said(output)
        # One turn may be on disk that it had no time to tell of.
        there = kept(path)
        assert there[: len(played)] == played
        assert len(there) <= len(played) + 1
        played = there
    assert len(played) > 20


def test_two_processes_play_one_race(path: Path, store: Store) -> None:
    begin(store, "r", n=40)
    store.close()
    outputs = together(PLAYER + TO_THE_END, path)
    assert sorted(said("".join(outputs))) == sorted(kept(path))
    assert len(kept(path)) == 80


def test_two_processes_make_one_store(path: Path) -> None:
    one, two = together(MAKER, path)
    assert one == two
    assert len(set(one.split())) == 20


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_disk_that_fills_up(path: Path, store: Store) -> None:
    begin(store, "r", n=500)
    # This store stays open, so that the log keeps what the limit is counted from.
    output, _ = child(PLAYER + TILL_FULL, path).communicate(timeout=60)
    lines = said(output)
    (fault,) = [line for line in lines if line.startswith("#")]
    assert f"The disk refused to read or write {path}" in fault
    at = lines.index(fault)
    assert at > 10
    assert len(lines) == at + 5
    assert kept(path) == lines[:at] + lines[at + 1 :]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of another kind")
@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        (0o777, "{path} cannot be written: allow writing to it"),
        (0o555, "The folder {path.parent} cannot be used: it is read-only"),
    ],
)
def test_a_file_or_folder_that_cannot_be_written(mode: int, sentence: str) -> None:
    # Not pytest's folder, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "data" / "bitrace.db"
        store = Store.open(path)
        begin(store, "r")
        store.close()
        before = path.read_bytes()
        process = child(f"mode = {mode}{PLAYER}{READ_ONLY}", path)
        assert process.communicate(timeout=60)[0].startswith(sentence.format(path=path))
        path.parent.chmod(0o755)
        assert path.read_bytes() == before
