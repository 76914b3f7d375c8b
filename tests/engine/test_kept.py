"""Readings on disk: what was kept comes back to the last digit, and nothing else ever does."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kept import FORM, MOST_BYTES, NOTHING, Entry, Kept, Key
from engine.predictor import Reading
from engine.word_bits import WordBits

KEY = Key("b" * 64, "t" * 64, "m" * 64, None, 2048, 1, "build; CPU")
N_WORDS = 4
WHOLE = Entry(WordBits([0.0, 1.25, 1 / 3, 13.7]), 6, 20.5, whole=True)
PART = Entry({1: 1.25, 3: 13.7}, 6)
BITS = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "not yet" / "there"


@pytest.fixture
def kept(folder: Path) -> Kept:
    return Kept(folder)


def entry_file(folder: Path) -> Path:
    """The only file in a folder."""
    (file,) = folder.iterdir()
    return file


def signed(body: bytes) -> bytes:
    """An entry that says of itself that it is whole."""
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def told(**changes: Any) -> dict[str, Any]:
    """What an entry says, in its own terms."""
    return {
        "form": FORM,
        "key": asdict(KEY),
        "words": [1, 3],
        "bits": [1.25, 13.7],
        "n_tokens": 6,
        "token_bits": None,
        **changes,
    }


def plant(folder: Path, raw: bytes, key: Key = KEY) -> Path:
    """Put bytes where an entry is looked for."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / key.name
    path.write_bytes(raw)
    return path


def plant_told(folder: Path, found: object, key: Key = KEY) -> Path:
    return plant(folder, signed(json.dumps(found).encode()), key)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def is_same(found: Entry | None, entry: Entry) -> bool:
    return found == entry and found is not None and found.whole is entry.whole


# ---- what was kept ----


def test_nothing_is_known_at_first(kept: Kept, folder: Path) -> None:
    assert kept.get(KEY, N_WORDS) is None
    assert not folder.exists(), "the folder is made only when there is something to keep"


@pytest.mark.parametrize("entry", [WHOLE, PART], ids=["whole", "part"])
def test_what_was_put_is_got_also_by_another(kept: Kept, folder: Path, entry: Entry) -> None:
    kept.put(KEY, entry)
    assert is_same(kept.get(KEY, N_WORDS), entry)
    assert is_same(Kept(folder).get(KEY, N_WORDS), entry)
    assert entry_file(folder).name == KEY.name, "and nothing else is left lying about"


def test_a_text_without_words_is_kept_too(kept: Kept) -> None:
    kept.put(KEY, Entry(WordBits(), 3, 7.5, whole=True))
    assert is_same(kept.get(KEY, 0), Entry(WordBits(), 3, 7.5, whole=True))
    kept.put(KEY, Entry({}, 3, 7.5))
    assert is_same(kept.get(KEY, 0), Entry({}, 3, 7.5))


@given(bits=st.lists(BITS, max_size=20), token_bits=st.none() | BITS)
def test_bits_come_back_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, bits: list[float], token_bits: float | None
) -> None:
    kept = Kept(tmp_path_factory.getbasetemp() / "last digit")
    kept.put(KEY, Entry(WordBits(bits), 9, token_bits, whole=True))
    found = kept.get(KEY, len(bits))
    assert found is not None
    assert list(map(float.hex, found.bits.values())) == list(map(float.hex, bits))
    assert found.token_bits == token_bits


@given(bits=st.dictionaries(st.integers(0, 10**6), BITS, max_size=20))
def test_so_do_those_of_some_words(
    tmp_path_factory: pytest.TempPathFactory, bits: dict[int, float]
) -> None:
    kept = Kept(tmp_path_factory.getbasetemp() / "some words")
    kept.put(KEY, Entry(bits, 9))
    assert is_same(kept.get(KEY, 10**6 + 1), Entry(bits, 9))


def test_an_entry_takes_the_place_of_the_one_before(kept: Kept, folder: Path) -> None:
    kept.put(KEY, PART)
    kept.put(KEY, WHOLE)
    assert is_same(kept.get(KEY, N_WORDS), WHOLE)
    assert entry_file(folder).name == KEY.name


# ---- under which key ----


@pytest.mark.parametrize("field", [field.name for field in fields(Key)])
def test_with_anything_else_in_its_key_nothing_is_found(
    kept: Kept, folder: Path, field: str
) -> None:
    kept.put(KEY, WHOLE)
    now = getattr(KEY, field)
    for other in ["x" * 64, ""] if isinstance(now, str) else [0, 1 - (now or 0), 10**9]:
        if other != now:
            assert kept.get(replace(KEY, **{field: other}), N_WORDS) is None
    assert is_same(kept.get(KEY, N_WORDS), WHOLE)


def test_what_stands_in_one_field_does_not_count_for_another(kept: Kept) -> None:
    kept.put(replace(KEY, before_sha256="1", text_sha256="23"), WHOLE)
    assert kept.get(replace(KEY, before_sha256="12", text_sha256="3"), N_WORDS) is None
    assert kept.get(replace(KEY, before_sha256="23", text_sha256="1"), N_WORDS) is None


@pytest.mark.parametrize("backend", ["../../x", "\0\x1b[2J", "é\ud800", "x" * 10_000])
def test_an_entrys_name_is_plain_whatever_its_key_holds(
    kept: Kept, folder: Path, backend: str
) -> None:
    key = replace(KEY, backend=backend)
    kept.put(key, PART)
    assert is_same(kept.get(key, N_WORDS), PART)
    assert entry_file(folder).name.isprintable()
    assert len(entry_file(folder).name) < 100


# ---- what is damaged ----


@given(place=st.integers(min_value=0), mask=st.integers(1, 255), whole=st.booleans())
def test_a_flipped_bit_anywhere_is_seen(
    tmp_path_factory: pytest.TempPathFactory, place: int, mask: int, whole: bool
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    kept = Kept(folder)
    kept.put(KEY, WHOLE if whole else PART)
    path = folder / KEY.name
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] ^= mask
    path.write_bytes(raw)
    assert kept.get(KEY, N_WORDS) is None
    assert not path.exists(), "and is dropped"
    kept.put(KEY, PART)
    assert is_same(kept.get(KEY, N_WORDS), PART), "what is read again is kept again"


def test_an_entry_cut_anywhere_is_dropped(kept: Kept, folder: Path) -> None:
    kept.put(KEY, WHOLE)
    raw = entry_file(folder).read_bytes()
    for length in range(len(raw)):
        path = plant(folder, raw[:length])
        assert kept.get(KEY, N_WORDS) is None
        assert not path.exists()


@pytest.mark.parametrize("more", [b"\n", b" ", b"\0", b"}", b"x" * 1000])
def test_an_entry_with_something_behind_it_is_dropped(
    kept: Kept, folder: Path, more: bytes
) -> None:
    kept.put(KEY, WHOLE)
    path = plant(folder, entry_file(folder).read_bytes() + more)
    assert kept.get(KEY, N_WORDS) is None
    assert not path.exists()


@given(raw=st.binary(max_size=200))
def test_no_bytes_are_so_odd_that_they_matter(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "odd"
    for planted in (raw, signed(raw)):
        path = plant(folder, planted)
        assert Kept(folder).get(KEY, N_WORDS) is None
        assert not path.exists()


def test_an_entry_larger_than_all_may_be_is_not_even_read(
    kept: Kept, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plant(folder, b"")
    os.truncate(path, MOST_BYTES + 1)  # takes no room on the disk

    def reads(self: Path) -> bytes:
        raise AssertionError("64 MB have been read for nothing")

    monkeypatch.setattr(Path, "read_bytes", reads)
    assert kept.get(KEY, N_WORDS) is None
    assert not path.exists()


def test_a_disk_that_gives_nothing_back_is_put_up_with(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    kept.put(KEY, WHOLE)
    monkeypatch.setattr(Path, "read_bytes", fails)
    assert kept.get(KEY, N_WORDS) is None


# ---- what is foreign ----


def test_an_entry_by_our_own_rules_is_taken(kept: Kept, folder: Path) -> None:
    """So that each of those below is dropped for the one thing that is wrong with it."""
    plant_told(folder, told())
    assert is_same(kept.get(KEY, N_WORDS), PART)
    plant_told(folder, told(words=None, bits=[0, 1.25, 1 / 3, 13.7], token_bits=20.5))
    assert is_same(kept.get(KEY, N_WORDS), WHOLE)


DEEP = b"[" * 10_000 + b"]" * 10_000
FOREIGN: dict[str, dict[str, Any]] = {
    "an older form": {"form": FORM - 1},
    "a newer form": {"form": FORM + 1},
    "a form by its name": {"form": str(FORM)},
    "no form": {"form": None},
    "no key": {"key": None},
    "a key that is a name": {"key": KEY.name},
    "a key with something more": {"key": {**asdict(KEY), "more": 1}},
    "no bits": {"bits": None},
    "bits by word": {"bits": {"1": 1.25, "3": 13.7}},
    "NaN": {"bits": [1.25, math.nan]},
    "infinity": {"bits": [1.25, math.inf]},
    "less than nothing": {"bits": [1.25, -1e-300]},
    "a string": {"bits": [1.25, "13.7"]},
    "null": {"bits": [1.25, None]},
    "true": {"bits": [1.25, True]},
    "a list of lists": {"bits": [1.25, [13.7]]},
    "a number beyond floats": {"bits": [1.25, 10**400]},
    "too few bits": {"bits": [1.25]},
    "too many bits": {"bits": [1.25, 13.7, 2.0]},
    "words repeated": {"words": [1, 1]},
    "words out of order": {"words": [3, 1]},
    "a word behind the text": {"words": [1, N_WORDS]},
    "a word before it": {"words": [-1, 3]},
    "half a word": {"words": [1, 3.0]},
    "true words": {"words": [False, True]},
    "words as strings": {"words": ["1", "3"]},
    "one word": {"words": 1},
    "words by bits": {"words": {"1": 3}},
    "all words, one missing": {"words": None, "bits": [1.0] * (N_WORDS - 1)},
    "all words, one too many": {"words": None, "bits": [1.0] * (N_WORDS + 1)},
    "a negative count": {"n_tokens": -1},
    "half a token": {"n_tokens": 6.5},
    "a true count": {"n_tokens": True},
    "no count": {"n_tokens": None},
    "a count as a string": {"n_tokens": "6"},
    "tokens of NaN": {"token_bits": math.nan},
    "tokens of less than nothing": {"token_bits": -1.0},
    "tokens as a string": {"token_bits": "20.5"},
    "tokens as a list": {"token_bits": [20.5]},
    "true tokens": {"token_bits": True},
    "tokens beyond floats": {"token_bits": 10**400},
}


@pytest.mark.parametrize("changes", FOREIGN.values(), ids=FOREIGN.keys())
def test_an_entry_that_says_something_else_is_dropped(
    kept: Kept, folder: Path, changes: dict[str, Any]
) -> None:
    path = plant_told(folder, told(**changes))
    assert kept.get(KEY, N_WORDS) is None
    assert not path.exists()
    kept.put(KEY, PART)
    assert is_same(kept.get(KEY, N_WORDS), PART)


@pytest.mark.parametrize("field", told().keys())
def test_an_entry_that_leaves_something_out_is_dropped(
    kept: Kept, folder: Path, field: str
) -> None:
    found = told(words=None, bits=[0.0, 1.25, 1 / 3, 13.7], token_bits=1.5)
    del found[field]
    path = plant_told(folder, found)
    entry = kept.get(KEY, N_WORDS)
    if field == "token_bits":
        assert entry is not None and entry.token_bits is None
    else:
        assert entry is None
        assert not path.exists()


BODIES = {
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a string": b'"form"',
    "nothing": b"",
    "too deep": DEEP,
    "too deep in a field": json.dumps(told()).encode()[:-1] + b', "more": ' + DEEP + b"}",
    "too long a number": b"1" * 10_000,
    "too long a count": json.dumps(told()).encode().replace(b": 6", b": " + b"6" * 5_000),
    "no UTF-8": b'{"form": "\xff"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_an_entry_that_is_none_is_dropped(kept: Kept, folder: Path, body: bytes) -> None:
    path = plant(folder, signed(body))
    assert kept.get(KEY, N_WORDS) is None
    assert not path.exists()


def test_anothers_entry_under_this_name_is_dropped(kept: Kept, folder: Path) -> None:
    other = replace(KEY, text_sha256="another text")
    kept.put(other, PART)
    (folder / other.name).rename(folder / KEY.name)
    assert kept.get(KEY, N_WORDS) is None
    assert list(folder.iterdir()) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(told())), JSON, max_size=3))
def test_whatever_an_entry_says_what_is_got_of_it_is_bits_of_words(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "says"
    plant_told(folder, told(**changes))
    entry = Kept(folder).get(KEY, N_WORDS)
    if entry is None:
        return
    assert all(type(index) is int and 0 <= index < N_WORDS for index in entry.bits)
    numbers = [*entry.bits.values(), entry.token_bits or 0.0]
    assert all(type(one) is float and math.isfinite(one) and one >= 0 for one in numbers)
    assert not entry.whole or len(entry.bits) == N_WORDS


# ---- what is no file ----


def a_folder_instead(path: Path) -> None:
    path.mkdir(parents=True)
    (path / "something").write_text("in it")


def a_pipe_instead(path: Path) -> None:
    path.parent.mkdir(parents=True)
    os.mkfifo(path)


def a_link_to_nowhere(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("gone")


def a_link_to_itself(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    "make", [a_folder_instead, a_pipe_instead, a_link_to_nowhere, a_link_to_itself]
)
def test_what_is_no_file_is_no_entry(
    kept: Kept, folder: Path, make: Callable[[Path], None]
) -> None:
    make(folder / KEY.name)
    got: list[Entry | None] = []
    # A pipe is waited on for ever, if it is waited on.
    thread = threading.Thread(target=lambda: got.append(kept.get(KEY, N_WORDS)), daemon=True)
    thread.start()
    thread.join(20)
    assert got == [None]
    kept.put(KEY, PART)
    if make is a_folder_instead:
        assert kept.get(KEY, N_WORDS) is None, "nobody's folder is emptied for it"
        assert (folder / KEY.name / "something").exists()
        assert [path.name for path in folder.iterdir()] == [KEY.name]
    else:
        assert is_same(kept.get(KEY, N_WORDS), PART)


def nowhere(tmp_path: Path) -> Path:
    return Path("/proc/nonexistent/readings")


def behind_a_file(tmp_path: Path) -> Path:
    (tmp_path / "cache").write_text("not a folder")
    return tmp_path / "cache" / "readings"


def a_file_itself(tmp_path: Path) -> Path:
    (tmp_path / "readings").write_text("not a folder")
    return tmp_path / "readings"


def behind_a_broken_link(tmp_path: Path) -> Path:
    (tmp_path / "cache").symlink_to(tmp_path / "gone" / "cache")
    return tmp_path / "cache"


@pytest.mark.parametrize("where", [nowhere, behind_a_file, a_file_itself, behind_a_broken_link])
def test_a_folder_that_cannot_be_had_is_put_up_with(
    tmp_path: Path, where: Callable[[Path], Path]
) -> None:
    folder = where(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    kept = Kept(folder)
    assert kept.get(KEY, N_WORDS) is None
    kept.put(KEY, WHOLE)
    kept.get(KEY, N_WORDS)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_is_put_up_with(kept: Kept, folder: Path) -> None:
    kept.put(KEY, WHOLE)
    folder.chmod(0o500)
    assert is_same(kept.get(KEY, N_WORDS), WHOLE)
    kept.put(KEY, PART)
    assert is_same(kept.get(KEY, N_WORDS), WHOLE)
    folder.chmod(0o700)


def test_an_entry_that_can_be_read_but_not_touched_is_good(
    kept: Kept, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    kept.put(KEY, WHOLE)
    monkeypatch.setattr(os, "utime", fails)
    assert is_same(kept.get(KEY, N_WORDS), WHOLE)
    assert entry_file(folder).name == KEY.name


# ---- whole or not at all ----


@pytest.mark.parametrize("step", ["write", "replace", "open"])
def test_a_full_disk_leaves_what_was_there_and_nothing_else(
    kept: Kept, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    kept.put(KEY, PART)
    full = OSError(errno.ENOSPC, "No space left on device")

    def fails(*_: Any, **__: Any) -> None:
        raise full

    made = tempfile.NamedTemporaryFile

    def made_small(*arguments: Any, **options: Any) -> Any:
        file = made(*arguments, **options)
        file.file.write(b"half")
        file.write = fails
        return file

    with monkeypatch.context() as patch:
        if step == "replace":
            patch.setattr(Path, "replace", fails)
        else:
            patch.setattr(
                tempfile, "NamedTemporaryFile", made_small if step == "write" else fails
            )
        kept.put(KEY, WHOLE)
    assert is_same(kept.get(KEY, N_WORDS), PART)
    assert entry_file(folder).name == KEY.name


WRITER = """
import sys
from pathlib import Path
from engine.kept import Entry, Kept, Key
from engine.word_bits import WordBits

folder, bits, n_words = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
kept = Kept(folder)
key = Key("b" * 64, "t" * 64, "m" * 64, None, 2048, 1, "build; CPU")
for _ in range(60):
    kept.put(key, Entry(WordBits([bits] * n_words), 1, bits, whole=True))
"""


def test_two_processes_that_keep_the_same_leave_one_of_both_whole(folder: Path) -> None:
    n_words = 20_000  # more than goes to the disk at one go
    kept = Kept(folder)
    both = {bits: Entry(WordBits([bits] * n_words), 1, bits, whole=True) for bits in (1.5, 2.5)}
    kept.put(KEY, both[1.5])
    command = [sys.executable, "-P", "-c", WRITER, str(folder)]
    writers = [
        subprocess.Popen([*command, str(bits), str(n_words)], cwd=Path(__file__).parents[2])
        for bits in both
    ]
    looks = 0
    while any(writer.poll() is None for writer in writers):
        found = kept.get(KEY, n_words)
        assert found is not None, "half an entry was seen"
        assert found == both[found.token_bits or 0.0]
        looks += 1
    assert looks, "they were never seen at work"
    assert [writer.returncode for writer in writers] == [0, 0]
    assert entry_file(folder).name == KEY.name


# ---- within bounds ----


def named(number: int) -> Key:
    return replace(KEY, text_sha256=str(number))


@pytest.fixture
def one_size(kept: Kept, folder: Path) -> int:
    """Bytes of an entry of those below."""
    kept.put(named(0), PART)
    size = size_of(folder)
    entry_file(folder).unlink()
    return size


def age(folder: Path, number: int, seconds: int) -> None:
    """Let an entry have been used so long ago."""
    os.utime(folder / named(number).name, (10**9 - seconds, 10**9 - seconds))


def test_the_longest_unused_go_when_there_is_too_much(folder: Path, one_size: int) -> None:
    kept = Kept(folder, 10 * one_size + 20)
    for number in range(10):
        kept.put(named(number), PART)
        age(folder, number, 100 - number)
    assert len(list(folder.iterdir())) == 10
    age(folder, 7, 1000)
    kept.put(named(10), PART)
    left = {number for number in range(11) if kept.get(named(number), N_WORDS)}
    assert left == {2, 3, 4, 5, 6, 8, 9, 10}, "as many as fill four fifths of the room"
    assert size_of(folder) <= 0.8 * (10 * one_size + 20)


def test_to_be_got_is_to_be_used(folder: Path, one_size: int) -> None:
    kept = Kept(folder, 10 * one_size + 20)
    for number in range(10):
        kept.put(named(number), PART)
        age(folder, number, 100 - number)
    assert kept.get(named(0), N_WORDS)
    kept.put(named(10), PART)
    assert kept.get(named(0), N_WORDS)
    assert kept.get(named(1), N_WORDS) is None


@pytest.mark.parametrize("others", [0, 10**8], ids=["as old", "from days to come"])
def test_what_was_just_kept_stays(folder: Path, one_size: int, others: int) -> None:
    kept = Kept(folder, 3 * one_size + 20)
    for number in range(20):
        kept.put(named(number), PART)
        assert kept.get(named(number), N_WORDS)
        assert size_of(folder) <= 3 * one_size + 20
        for path in folder.iterdir():
            status = path.stat()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + others * 10**9))


def test_entries_of_the_same_moment_do_not_cost_the_newest(
    folder: Path, one_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system's clock is too coarse to tell which of two was written first."""
    kept = Kept(folder, 3 * one_size + 20)
    same = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        os.utime(self, (10**9, 10**9))
        return same(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    for number in range(30):
        kept.put(named(number), PART)
        assert (folder / named(number).name).exists()


def test_an_entry_larger_than_all_may_be_is_not_kept(folder: Path, one_size: int) -> None:
    kept = Kept(folder, 2 * one_size)
    kept.put(named(0), PART)
    kept.put(named(1), Entry(WordBits([1.5] * 1000), 1, whole=True))
    assert kept.get(named(1), 1000) is None
    assert is_same(kept.get(named(0), N_WORDS), PART), "nor does anything go for it"
    assert entry_file(folder).name == named(0).name


def test_what_others_left_in_the_folder_counts_and_goes(folder: Path, one_size: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tmpleft").write_bytes(b"x" * 3 * one_size)
    os.utime(folder / "tmpleft", (10**9, 10**9))
    (folder / "a folder").mkdir()
    kept = Kept(folder, 3 * one_size)
    kept.put(named(0), PART)
    assert not (folder / "tmpleft").exists()
    assert (folder / "a folder").exists()
    assert is_same(kept.get(named(0), N_WORDS), PART)


# ---- what is known of a reading ----

INDICES = st.sets(st.integers(0, 9))


@given(known=INDICES, asked=st.none() | INDICES.map(sorted))
def test_what_is_known_and_what_is_missing_make_up_what_is_asked(
    known: set[int], asked: list[int] | None
) -> None:
    entry = Entry({index: index + 0.5 for index in known})
    found, missing = entry.of(asked), entry.missing(asked)
    if asked is None:
        assert (found, missing) == ({}, None), "some of a text are not all of it"
    else:
        assert missing is not None
        assert sorted([*found, *missing]) == asked
        assert all(found[index] == index + 0.5 for index in found)
    whole = Entry(WordBits([index + 0.5 for index in range(10)]), whole=True)
    assert whole.missing(asked) == ()
    assert set(whole.of(asked)) == set(range(10) if asked is None else asked)


def test_a_word_that_a_whole_text_does_not_have_is_missing() -> None:
    assert WHOLE.missing([2, N_WORDS]) == (N_WORDS,)
    assert dict(WHOLE.of([2, N_WORDS])) == {2: 1 / 3}


def test_nothing_has_nothing() -> None:
    assert NOTHING.missing([0]) == (0,)
    assert NOTHING.missing([]) == ()
    assert NOTHING.missing(None) is None


@given(one=INDICES, other=INDICES)
def test_two_readings_of_a_text_make_up_one_entry(one: set[int], other: set[int]) -> None:
    entry = Entry(dict.fromkeys(one, 1.5)).with_more(
        Reading(dict.fromkeys(other, 1.5), 7, None), False
    )
    assert entry == Entry(dict.fromkeys(one | other, 1.5), 7)
    assert not entry.whole


def test_what_is_known_of_a_whole_text_is_not_lost() -> None:
    assert WHOLE.with_more(Reading({2: 1 / 3}, 0, None), False) == WHOLE
    assert WHOLE.with_more(Reading({}, 0, 20.5), False) == WHOLE
    whole = PART.with_more(Reading(WordBits([0.0, 1.25, 1 / 3, 13.7]), 6, 20.5), True)
    assert whole == WHOLE
    again = whole.with_more(Reading(WordBits([0.0, 1.25, 1 / 3, 13.7]), 6, None), True)
    assert again.token_bits == 20.5
