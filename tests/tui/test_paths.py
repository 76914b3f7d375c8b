"""Folders: BITRACE_HOME, the system's places, and folders that cannot be had."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import StoreError
from tui.paths import find_paths, make


def test_one_folder_for_everything(tmp_path: Path) -> None:
    paths = find_paths({"BITRACE_HOME": str(tmp_path)})
    assert paths.settings_file == tmp_path / "settings" / "settings.toml"
    assert paths.store_file == tmp_path / "data" / "bitrace.db"
    assert paths.engine_log == tmp_path / "logs" / "engine.log"
    assert paths.app_log == tmp_path / "logs" / "app.log"
    assert paths.cache == tmp_path / "cache"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("environ", [{}, {"BITRACE_HOME": ""}])
def test_the_usual_places(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    paths = find_paths(environ)
    folders = (paths.settings, paths.data, paths.cache, paths.logs)
    assert all(
        folder.is_relative_to(tmp_path) and "bitrace" in folder.parts for folder in folders
    )
    assert len(set(folders)) == 4


def test_a_tilde_and_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for home in ("~/game", "game"):
        assert find_paths({"BITRACE_HOME": home}).data == tmp_path / "game" / "data"


def test_the_home_of_nobody() -> None:
    with pytest.raises(StoreError, match="BITRACE_HOME is ~nobody-at-all/x"):
        find_paths({"BITRACE_HOME": "~nobody-at-all/x"})


def test_make_makes_all_and_is_content_with_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert make(folder) == folder
    assert make(folder) == folder
    assert folder.is_dir()


@pytest.mark.parametrize("below", ["", "data", "data/deep"])
def test_a_file_in_the_way(below: str, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    folder = tmp_path / "home" / below
    with pytest.raises(StoreError, match=r"a file is in the way.*BITRACE_HOME") as caught:
        make(folder)
    assert str(folder) in str(caught.value)
    assert (tmp_path / "home").read_text() == "mine"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_folder_where_none_can_be_made() -> None:
    with pytest.raises(StoreError, match=r"/proc/bitrace/data .*BITRACE_HOME"):
        make(Path("/proc/bitrace/data"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_the_reason_is_told(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=os.strerror(number)):
        make(tmp_path / "new")


def test_a_folder_that_is_there_but_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions do not bind root
    with pytest.raises(StoreError, match="it is read-only"):
        make(tmp_path)


def test_light_modules_stay_light() -> None:
    heavy = {"textual", "rich", "pydantic", "platformdirs", "numpy", "regex", "typer"}
    code = (
        "import sys, tui.paths, tui.settings, tui.literal; tui.literal.clean('x');"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
