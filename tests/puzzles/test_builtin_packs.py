"""The packs that come with the game."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.errors import PackError
from engine.starter import FILE, SHA256
from puzzles.builtin import builtin_folder, builtin_ids, load_builtin, open_builtin
from puzzles.readings import read_readings

ROOT = Path(__file__).parents[2]


def test_the_tutorial_pack_comes_first(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert builtin_ids()[0] == "warm-up"
    for id in ("anew", "voices", "warm-up", "liars"):
        (tmp_path / "packs" / id).mkdir(parents=True)
        (tmp_path / "packs" / id / "pack.toml").touch()
    (tmp_path / "packs" / "notes").mkdir()
    monkeypatch.setattr("puzzles.builtin.resources.files", lambda _: tmp_path)
    assert builtin_ids() == ("warm-up", "liars", "voices", "anew")


@pytest.mark.parametrize("id", builtin_ids())
def test_every_built_in_pack_is_whole(id: str) -> None:
    loaded = open_builtin(id)
    pack = loaded.pack
    assert pack.id == id
    assert (pack.license, pack.language) == ("CC0-1.0", "en")
    assert pack.description
    assert all(len(passage.targets) >= 5 for passage in pack.passages)
    readings = read_readings(loaded)
    assert readings.warnings == (), "a text has changed since it was baked"
    (starter,) = readings.readings
    assert (starter.identity.sha256, starter.identity.file) == (SHA256, FILE)
    for passage in pack.passages:
        baked = starter.passages[passage.id]
        assert {"reader", "instinct", "goldfish"} <= baked.bits.keys()
        assert ("stranger" in baked.bits) == bool(passage.primer)
        assert ("sage" in baked.bits) == bool(passage.preface)
        assert baked.tops.keys() == {target.index for target in passage.targets}
        assert baked.sixes.keys() == baked.tops.keys(), "no target is passed over in choice"


def test_there_are_nine_and_no_two_passages_are_alike() -> None:
    packs = [load_builtin(id) for id in builtin_ids()]
    assert [pack.id for pack in packs] == [
        *("warm-up", "days", "mysteries", "liars", "voices"),
        *("contracts", "twins", "lemmas", "machines"),
    ]
    passages = [passage for pack in packs for passage in pack.passages]
    assert len({passage.text.sha256 for passage in passages}) == len(passages) >= 48 + 31


@pytest.mark.parametrize("id", builtin_ids())
def test_every_built_in_pack_meets_its_bars(id: str) -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "docs" / "pack_quality.py", id],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "MISSED" not in told.stdout


@pytest.mark.parametrize("id", builtin_ids())
def test_keys_name_targets_and_say_why(id: str) -> None:
    passages = {passage.id: passage for passage in load_builtin(id).passages}
    table = tomllib.loads((builtin_folder(id) / "key.toml").read_text(encoding="utf-8"))
    assert {entry["id"] for entry in table["passages"]} == passages.keys()
    for entry in table["passages"]:
        targets = passages[entry["id"]].targets
        numbers = [known["target"] for known in entry["known"]]
        assert numbers == sorted(set(numbers))
        for known in entry["known"]:
            assert targets[known["target"] - 1].text == known["word"]
            assert len(known["why"]) > 10


@pytest.mark.parametrize("source", [p.source for p in load_builtin("machines").passages])
def test_facts_have_sources(source: str) -> None:
    assert re.search(r"\b(1[89]|20)\d\d\b", source), "a year"


def test_a_missed_bar_is_told(tmp_path: Path) -> None:
    """The script on a pack whose key claims nothing."""
    script = ROOT / "docs" / "pack_quality.py"
    code = (
        "import runpy, sys; import puzzles.builtin as b; from pathlib import Path;"
        f"b._packs = lambda: Path({str(tmp_path)!r}); sys.argv = ['x', 'liars'];"
        f"runpy.run_path({str(script)!r}, run_name='__main__')"
    )
    copy = tmp_path / "liars"
    shutil.copytree(builtin_folder("liars"), copy)
    ids = [passage.id for passage in load_builtin("liars").passages]
    (copy / "key.toml").write_text(
        "".join(f'[[passages]]\nid = "{id}"\nknown = []\n' for id in ids)
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 1, told.stderr
    assert "MISSED the follower beats Reader in too few passages" in told.stdout


def test_an_unknown_pack_is_answered_with_those_there_are() -> None:
    with pytest.raises(PackError, match=r"no built-in pack '\.\./x': there are warm-up"):
        load_builtin("../x")
