"""Settings: read, written, edited by hand and broken."""

from __future__ import annotations

import os
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import StoreError
from tui.settings import Settings, load, save

# Hypothesis rarely draws these by itself; all of them need care in TOML.
AWKWARD = st.sampled_from(
    ['"', "\\", "\x00", "\x1b", "\x7f", "\n", "\r\n", "\x85", "\u2028", "'''"]
)
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])) | AWKWARD).map("".join)
SETTINGS = st.builds(
    Settings,
    player=TEXTS,
    model=TEXTS,
    gpu_layers=st.integers(-1, 2**31 - 1),
    theme=TEXTS,
    keys=st.dictionaries(TEXTS, TEXTS, max_size=4),
)


def write(folder: Path, toml: str | bytes) -> Path:
    path = folder / "settings.toml"
    path.write_bytes(toml.encode() if isinstance(toml, str) else toml)
    return path


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_no_file_gives_the_usual_settings(tmp_path: Path) -> None:
    settings = load(tmp_path / "none" / "settings.toml")
    assert settings == Settings(player="", model="", gpu_layers=-1, theme="bitrace", keys={})


@given(SETTINGS)
def test_what_is_saved_is_loaded(settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.toml"
        save(path, settings)
        assert load(path) == settings
        assert names(Path(folder)) == ["settings.toml"]
        tomllib.loads(path.read_bytes().decode())


def test_a_file_written_by_hand(tmp_path: Path) -> None:
    path = write(
        tmp_path, '\ufeff# mine\r\nplayer = "Zoë"\r\n[keys]\r\n"race.known" = "ctrl+k"\r\n'
    )
    assert load(path) == Settings(player="Zoë", keys={"race.known": "ctrl+k"})


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("player = ann", r"it is not TOML: .*line 1"),
        ('theme = "nord"\nplayer ann\n', r"not TOML: .*line 2"),
        (b'player = "\xff"', r"it is not UTF-8 text, from byte 10 on"),
        ('colour = "red"', r"there is no setting 'colour', only player, model, gpu_layers"),
        ("player = 3", r'player must be a text in quotes, as in player = "…"'),
        ('theme = ["nord"]', r"theme must be a text"),
        ("model = 2020-02-02", r"model must be a text"),
        ('gpu_layers = "all"', r"gpu_layers must be -1 \(all\) or a number of layers"),
        ("gpu_layers = true", r"gpu_layers must be"),
        ("gpu_layers = 1.5", r"gpu_layers must be"),
        ("gpu_layers = -2", r"gpu_layers must be"),
        (f"gpu_layers = {2**31}", r"gpu_layers must be"),
        pytest.param(f"gpu_layers = {'9' * 5000}", r"it is not TOML", id="digits"),
        ('keys = "ctrl+t"', r"keys must be a table: a line \[keys\]"),
        ("[keys]\nhelp = 1", r"under \[keys\], help must be a key in quotes"),
        ('[keys]\nrace.known = "k"', r"under \[keys\], race must be a key in quotes"),
    ],
)
def test_what_is_wrong_is_said(toml: str | bytes, sentence: str, tmp_path: Path) -> None:
    path = write(tmp_path, toml)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=sentence) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "delete it to go back to the usual settings" in str(caught.value)
    assert path.read_bytes() == before


def test_a_folder_where_the_file_belongs(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(StoreError, match="Is a directory"):
        load(tmp_path / "settings.toml")
    with pytest.raises(StoreError, match="cannot be kept"):
        save(tmp_path / "settings.toml", Settings())
    assert names(tmp_path) == ["settings.toml"]


def test_saving_makes_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    save(path, Settings(player="ann"))
    assert load(path).player == "ann"


def test_saving_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("mine")
    with pytest.raises(StoreError, match="BITRACE_HOME"):
        save(tmp_path / "home" / "settings.toml", Settings())


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "bitrace.toml"
    link = tmp_path / "settings.toml"
    link.symlink_to(real)
    save(link, Settings(player="ann"))
    assert link.is_symlink()
    assert load(real).player == "ann"


def test_a_crash_before_the_rename_leaves_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.toml"
    save(path, Settings(player="ann"))

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match="No space left on device"):
        save(path, Settings(player="bo"))
    assert load(path).player == "ann"
    assert names(tmp_path) == ["settings.toml"]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    with pytest.raises(StoreError, match="bytes that are no text"):
        save(path, Settings(model=os.fsdecode(b"/models/\xff.gguf")))
    assert not path.exists()
