"""Bundles: what is in them, and that they are what they were made of."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from puzzles.bundle import bundle
from puzzles.faults import PackFaults
from puzzles.files import MOST_BYTES
from puzzles.load import Loaded, load_source
from puzzles.sources import bundle_source, open_source

TEXT = "word " * 60 + "and a [[word]].\n"
HEAD = 'format = 1\nid = "harbor"\ntitle = "Harbour"\n'
NAMED = HEAD + '[[passages]]\nid = "one"\ntitle = "T"\nfile = "texts/a.txt"\n'


def folder(path: Path, **more: str | bytes) -> Path:
    (path / "texts").mkdir(parents=True)
    (path / "pack.toml").write_text(NAMED)
    (path / "texts" / "a.txt").write_text(TEXT)
    for name, content in more.items():
        (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def loaded(path: Path) -> Loaded:
    return load_source(open_source(path))


def names(raw: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_equal_packs_make_equal_bytes(tmp_path: Path) -> None:
    one, other = loaded(folder(tmp_path / "a")), loaded(folder(tmp_path / "b", notes="x"))
    readings = {"readings/b.json": b"2", "readings/a.json": b"1"}
    backwards = dict(reversed(readings.items()))
    assert bundle(one, readings) == bundle(other, backwards) == bundle(one, readings)
    # A bundle's bundle is itself.
    raw = bundle(one, {})
    assert bundle(load_source(bundle_source(raw, "x.bitrace")), {}) == raw
    (tmp_path / "b" / "texts" / "a.txt").write_text(TEXT + "More.")
    assert bundle(loaded(tmp_path / "b"), readings) != bundle(one, readings)


def test_only_what_the_pack_names_is_in_a_bundle(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", **{"key.toml": "secret", "notes.txt": "x", ".env": "x"})
    (path / "texts" / "b.txt").write_text("x")
    (path / "readings").mkdir()
    (path / "readings" / "x.json").write_text("{}")
    raw = bundle(loaded(path), {"readings/one.json": b"{}"})
    assert names(raw) == ["pack.toml", "readings/one.json", "texts/a.txt"]


def test_a_bundle_tells_nothing_of_the_machine_it_was_made_on(tmp_path: Path) -> None:
    raw = bundle(loaded(folder(tmp_path / "somebody")), {})
    assert b"somebody" not in raw
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert (info.create_system, info.external_attr >> 16) == (3, 0o100644)
            assert (info.extra, info.comment) == (b"", b"")


@pytest.mark.parametrize("form", ["file", "folder"])
def test_a_bundle_is_the_pack_it_was_made_of(tmp_path: Path, form: str) -> None:
    path = folder(tmp_path / "a")
    if form == "file":
        path = tmp_path / "harbor.toml"
        inline = NAMED.replace('file = "texts/a.txt"', f'text = """{TEXT}"""\nprimer = "é’s"')
        path.write_bytes(b"\xef\xbb\xbf" + inline.replace("\n", "\r\n").encode())
    before = loaded(path)
    raw = bundle(before, {})
    after = load_source(bundle_source(raw, "harbor.bitrace"))
    assert after.pack == before.pack
    assert after.pack.sha256 == before.pack.sha256
    assert (after.raw, after.texts) == (before.raw, before.texts)
    (tmp_path / "other.bitrace").write_bytes(raw)
    assert loaded(tmp_path / "other.bitrace").pack == before.pack


def test_readings_are_no_part_of_what_a_pack_is(tmp_path: Path) -> None:
    before = loaded(folder(tmp_path / "a"))
    raw = bundle(before, {"readings/one.json": b"{}"})
    source = bundle_source(raw, "x.bitrace")
    assert load_source(source).pack.sha256 == before.pack.sha256
    assert source.read("readings/one.json") == b"{}"


def test_no_bundle_is_made_that_others_would_refuse(tmp_path: Path) -> None:
    before = loaded(folder(tmp_path / "a"))
    many = {f"readings/{n}.json": b"{}" for n in range(199)}
    with pytest.raises(PackFaults, match="201 files"):
        bundle(before, many)
    with pytest.raises(PackFaults, match="over 5 MB"):
        bundle(before, {"readings/a.json": random.Random(1).randbytes(MOST_BYTES + 1)})
    with pytest.raises(PackFaults, match="100 times its size"):
        bundle(before, {"readings/a.json": b"0" * 4_000_000})
    with pytest.raises(PackFaults, match=r"empty, \. or \.\. part"):
        bundle(before, {"../a.json": b"0"})


def test_a_name_that_is_composed_otherwise_is_bundled(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "pack.toml").write_text(NAMED.replace("texts/a", "cafe\u0301"), encoding="utf-8")
    (path / "cafe\u0301.txt").write_text(TEXT)
    before = loaded(path)
    raw = bundle(before, {})
    assert names(raw) == ["caf\u00e9.txt", "pack.toml"]
    assert load_source(bundle_source(raw, "x.bitrace")).pack == before.pack
