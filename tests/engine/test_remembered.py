"""What is remembered about model files: losing it costs time, never a result."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.remembered import Remembered, file_key

MOST = 200


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "not yet" / "there" / "models.json"


def test_what_was_put_is_got_also_by_another(file: Path) -> None:
    memory = Remembered(file)
    assert memory.get("a") is None
    memory.put("a", "1")
    memory.put("sha256:/é 猫:\n\"'", "2")
    assert memory.get("a") == "1"
    again = Remembered(file)
    assert (again.get("a"), again.get("sha256:/é 猫:\n\"'"), again.get("b")) == ("1", "2", None)


def test_a_value_takes_the_place_of_the_one_before(file: Path) -> None:
    memory = Remembered(file)
    memory.put("a", "1")
    memory.put("a", "2")
    assert Remembered(file).get("a") == "2"


def test_two_that_share_a_file_see_each_other(file: Path) -> None:
    one, other = Remembered(file), Remembered(file)
    one.put("a", "1")
    other.put("b", "2")
    assert (one.get("b"), other.get("a")) == ("2", "1")


@pytest.mark.parametrize("value", ["", "\udcff", "\0", "é" * 1000])
def test_any_string_is_remembered(file: Path, value: str) -> None:
    Remembered(file).put(f"key {value}", value)
    assert Remembered(file).get(f"key {value}") == value


def test_the_oldest_go_first_when_there_are_too_many(file: Path) -> None:
    memory = Remembered(file)
    for number in range(MOST):
        memory.put(f"key {number}", str(number))
    assert memory.get("key 0") == "0"
    memory.put("key 0", "again")  # now the newest
    memory.put("one more", "x")
    assert memory.get("key 1") is None
    assert memory.get("key 2") == "2"
    assert memory.get("key 0") == "again"
    assert memory.get("one more") == "x"


def test_a_file_that_has_grown_too_large_is_cut(file: Path) -> None:
    file.parent.mkdir(parents=True)
    entries = ", ".join(f'"key {number}": "{number}"' for number in range(10 * MOST))
    file.write_text("{" + entries + "}")
    Remembered(file).put("a", "1")
    assert file.stat().st_size < MOST * 100
    assert Remembered(file).get(f"key {10 * MOST - 1}") == f"{10 * MOST - 1}"


BROKEN = {
    "empty": b"",
    "cut short": b'{"a": "1", "b',
    "no text": b"\xff\xfe\x00",
    "a list": b'["a", "1"]',
    "null": b"null",
    "a number": b"1",
    "a number too long": b"1" * 10_000,
    "too deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_dropped(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    memory = Remembered(file)
    assert memory.get("a") is None
    memory.put("a", "2")
    assert Remembered(file).get("a") == "2"


@given(content=st.binary(max_size=200))
def test_no_file_is_so_broken_that_it_matters(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_bytes(content)
    Remembered(file).put("a", "2")
    assert Remembered(file).get("a") == "2"


def test_values_that_are_no_strings_are_dropped(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text('{"a": 1, "b": null, "c": ["x"], "d": "kept"}')
    memory = Remembered(file)
    assert [memory.get(key) for key in "abcd"] == [None, None, None, "kept"]


def a_folder_that_cannot_be_made(tmp_path: Path) -> Path:
    return Path("/proc/nonexistent")


def a_file_in_the_way(tmp_path: Path) -> Path:
    (tmp_path / "cache").write_text("not a folder")
    return tmp_path / "cache"


def a_file_further_up(tmp_path: Path) -> Path:
    return a_file_in_the_way(tmp_path) / "bitrace"


def a_link_to_nowhere(tmp_path: Path) -> Path:
    (tmp_path / "cache").symlink_to(tmp_path / "gone" / "cache")
    return tmp_path / "cache"


@pytest.mark.parametrize(
    "folder",
    [a_folder_that_cannot_be_made, a_file_in_the_way, a_file_further_up, a_link_to_nowhere],
)
def test_a_folder_that_cannot_be_written_is_put_up_with(tmp_path: Path, folder: object) -> None:
    assert callable(folder)
    memory = Remembered(folder(tmp_path) / "models.json")
    memory.put("a", "1")
    assert memory.get("a") in (None, "1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_put_up_with(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o500)
    memory = Remembered(folder / "models.json")
    memory.put("a", "1")
    assert memory.get("a") is None


def test_a_folder_where_the_file_should_be_is_put_up_with(file: Path) -> None:
    file.mkdir(parents=True)
    memory = Remembered(file)
    memory.put("a", "1")
    assert memory.get("a") is None
    # And nothing is left lying beside it.
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_nothing_is_left_beside_the_file(file: Path) -> None:
    Remembered(file).put("a", "1")
    assert [path.name for path in file.parent.iterdir()] == [file.name]


# ---- keys of files ----


def test_a_file_has_the_same_key_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"abc")
    os.utime(path, ns=(1, 1_000_000_000))
    key = file_key(path)
    assert file_key(path) == key
    os.utime(path, ns=(1, 1_000_000_001))
    later = file_key(path)
    path.write_bytes(b"abcd")
    os.utime(path, ns=(1, 1_000_000_000))
    longer = file_key(path)
    other = tmp_path / "other.gguf"
    other.write_bytes(b"abc")
    os.utime(other, ns=(1, 1_000_000_000))
    assert len({key, later, longer, file_key(other)}) == 4


def test_a_file_has_one_key_by_whatever_way_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"abc")
    (tmp_path / "link.gguf").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    assert file_key(path) == file_key(Path("model.gguf")) == file_key(tmp_path / "link.gguf")
