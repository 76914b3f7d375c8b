"""The author's guide says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from puzzles.builtin import builtin_ids, load_builtin
from puzzles.files import MOST_BYTES
from puzzles.load import load_pack
from puzzles.report import FEWEST_WORDS, MOST_WORDS
from puzzles.schema import PackFile, PassageFile
from puzzles.zips import BUNDLE

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "packs.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", [*PackFile.model_fields, *PassageFile.model_fields])
def test_every_key_is_told(key: str) -> None:
    if key != "passages":
        assert re.search(rf"`{key}`", GUIDE)


def test_the_limits_are_those_that_hold() -> None:
    assert f"{MOST_BYTES // 1_000_000} MB" in GUIDE
    assert f"{BUNDLE.most_bytes_all // 1_000_000} MB" in GUIDE
    assert f"{BUNDLE.most_files} files, folders three deep" in GUIDE
    assert (BUNDLE.most_depth, BUNDLE.most_ratio) == (3, 100)
    assert f"{FEWEST_WORDS} to {MOST_WORDS:,} words" in GUIDE


def test_the_example_is_a_pack_once_its_text_is_whole(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(format = 1\n.*?)```", GUIDE, re.DOTALL)
    whole = example.replace("…", "And so it went on, night after night, for years. " * 4)
    (tmp_path / "night.toml").write_text(whole, encoding="utf-8")
    pack = load_pack(tmp_path / "night.toml")
    assert [target.text for target in pack.passages[0].targets] == ["hand", "keeper"]


def test_readme_tells_of_all_packs() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE)
    assert sorted(told) == sorted(builtin_ids())
    assert {load_builtin(id).id for id in told} == set(told)
