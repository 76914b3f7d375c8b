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
from tui.company import KNOWN_NAMES
from tui.settings import MODES, RACERS, Settings, load, save

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
    mode=st.sampled_from(MODES),
    against=st.lists(
        st.sampled_from(RACERS) | TEXTS.map("ghost:{}".format), unique=True, max_size=4
    ).map(tuple),
    clock_s=st.integers(0, 3600),
    pace_wpm=st.just(0) | st.integers(60, 1000),
    motion=st.booleans(),
)


def write(folder: Path, toml: str | bytes) -> Path:
    path = folder / "settings.toml"
    path.write_bytes(toml.encode() if isinstance(toml, str) else toml)
    return path


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_no_file_gives_the_usual_settings(tmp_path: Path) -> None:
    settings = load(tmp_path / "none" / "settings.toml")
    assert settings == Settings(
        player="",
        model="",
        gpu_layers=-1,
        theme="bitrace",
        keys={},
        mode="auto",
        against=(),
        clock_s=0,
        pace_wpm=0,
        motion=True,
    )


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


def test_a_file_from_before_there_was_more_to_choose(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'player = "ann"\nmodel = ""\ngpu_layers = 3\ntheme = "nord"\n[keys]\n'
    )
    assert load(path) == Settings(player="ann", gpu_layers=3, theme="nord")


def test_all_that_can_be_chosen_by_hand(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'mode = "shannon"\nagainst = ["sage", "sage", "ghost:/bo.json", "reader@0a1b2c3d"]\n'
        "clock_s = 20\npace_wpm = 250\nmotion = false\n",
    )
    assert load(path) == Settings(
        mode="shannon",
        against=("sage", "ghost:/bo.json", "reader@0a1b2c3d"),
        clock_s=20,
        pace_wpm=250,
        motion=False,
    )


def test_the_racers_of_the_settings_are_those_who_race() -> None:
    assert sorted(RACERS) == sorted(KNOWN_NAMES)


def test_the_file_says_what_each_setting_may_be(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save(path, Settings())
    lines = path.read_text(encoding="utf-8").splitlines()
    for place, line in enumerate(lines):
        if " = " in line and not line.startswith("#"):
            assert lines[place - 1].startswith("# "), line
    assert "# seconds a word, to 3600; 0 for no clock" in lines


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
        ('mode = "fast"', r'mode must be "auto" or "open" or "choice" or "shannon"'),
        ('mode = ["open"]', r"mode must be"),
        ('against = "reader"', r'against must be a list of names in quotes, as in \["reader"'),
        ("against = [1]", r"against must be a list of names in quotes"),
        (
            'against = ["reader", "Raeder"]',
            r"against names 'Raeder', but there are only reader,",
        ),
        ("clock_s = 3601", r"clock_s must be 0 \(no clock\) or 1 to 3600 seconds"),
        ("clock_s = -1", r"clock_s must be"),
        ("clock_s = true", r"clock_s must be"),
        ("clock_s = 2.5", r"clock_s must be .*, a whole number"),
        ("pace_wpm = 59", r"pace_wpm must be 0 \(the text at once\) or 60 to 1000 words a"),
        ("pace_wpm = 1001", r"pace_wpm must be"),
        ("pace_wpm = false", r"pace_wpm must be"),
        ("motion = 1", r"motion must be true or false, without quotes"),
        ('motion = "off"', r"motion must be true or false"),
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
