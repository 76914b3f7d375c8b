"""The packs that come with the game."""

from __future__ import annotations

import pytest

from engine.errors import PackError
from puzzles.builtin import builtin_ids, load_builtin


def test_the_tutorial_pack_comes_first(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert builtin_ids()[0] == "warm-up"
    for id in ("anew", "voices", "warm-up", "liars"):
        (tmp_path / "packs" / id).mkdir(parents=True)
        (tmp_path / "packs" / id / "pack.toml").touch()
    (tmp_path / "packs" / "notes").mkdir()
    monkeypatch.setattr("puzzles.builtin.resources.files", lambda _: tmp_path)
    assert builtin_ids() == ("warm-up", "liars", "voices", "anew")


@pytest.mark.parametrize("id", builtin_ids())
def test_every_built_in_pack_loads(id: str) -> None:
    pack = load_builtin(id)
    assert pack.id == id
    assert pack.license
    assert all(len(passage.targets) >= 5 for passage in pack.passages)


def test_an_unknown_pack_is_answered_with_those_there_are() -> None:
    with pytest.raises(PackError, match=r"no built-in pack '\.\./x': there are warm-up"):
        load_builtin("../x")
