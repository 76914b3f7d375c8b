"""Finding model files: where they may be, and nothing else that lies there."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tui.model_files import Bounds, ModelFile, Place, find_models, places
from tui.paths import Paths

HUB = "hub/models--ann--tiny/snapshots/{}/tiny.gguf"


def still() -> float:
    """A clock that stands."""
    return 0.0


def model(path: Path, n_bytes: int = 8, magic: bytes = b"GGUF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(magic.ljust(n_bytes, b"\0"))
    return path


def found(folder: Path, depth: int = 4, bounds: Bounds | None = None) -> list[str]:
    """Names of the models below a folder, from there."""
    (models,) = find_models((Place(folder, depth),), still, bounds=bounds or Bounds())
    return [model.path.relative_to(folder).as_posix() for model in models]


def test_only_models_are_found(tmp_path: Path) -> None:
    for name in (
        "b.gguf",
        "A.GGUF",
        "deep/in/c.gguf",
        "a folder.gguf/d.gguf",
        "[/]\x1b[2J.gguf",
    ):
        model(tmp_path / name)
    model(tmp_path / "text.gguf", magic=b"Dear")
    model(tmp_path / "short.gguf", n_bytes=0, magic=b"GG")
    model(tmp_path / "blob")
    model(tmp_path / ".hidden" / "e.gguf")
    model(tmp_path / "mmproj-tiny.gguf")
    (tmp_path / "nowhere.gguf").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.gguf")
    assert found(tmp_path) == [
        "[/]\x1b[2J.gguf",
        "A.GGUF",
        "b.gguf",
        "deep/in/c.gguf",
        "a folder.gguf/d.gguf",
    ]


def test_a_name_that_is_no_text_cannot_be_kept_and_is_not_offered(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.gguf")).write_bytes(b"GGUF")
    assert found(tmp_path) == []


def test_what_cannot_be_read_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model(tmp_path / "a.gguf")
    locked = model(tmp_path / "locked.gguf")
    opened: Any = Path.open

    def refuse(path: Path, *args: Any) -> Any:
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", refuse)
    assert found(tmp_path) == ["a.gguf"]
    assert found(tmp_path / "a.gguf") == [], "a file is no folder"
    assert found(tmp_path / "none") == []


def test_a_model_in_parts_is_one(tmp_path: Path) -> None:
    for part, n_bytes in ((1, 10), (2, 20), (4, 40)):
        model(tmp_path / f"big-0000{part}-of-00004.gguf", n_bytes)
    model(tmp_path / "lost-00002-of-00002.gguf")
    model(tmp_path / "many-00001-of-99999.gguf", 7)
    ((big, many),) = find_models((Place(tmp_path, 0),), still)
    assert big == ModelFile(tmp_path / "big-00001-of-00004.gguf", 30)
    assert many.n_bytes == 7


def test_a_file_with_several_names_is_told_once(tmp_path: Path) -> None:
    blob = model(tmp_path / "hub/models--ann--tiny/blobs/0a1b", 12)
    for revision in ("one", "two"):
        link = tmp_path / HUB.format(revision)
        link.parent.mkdir(parents=True)
        link.symlink_to(blob)
    os.link(blob, tmp_path / "same.gguf")
    wanted = (Place(tmp_path / "hub", 4), Place(tmp_path, 0))
    (first,), rest = find_models(wanted, still)
    assert first.path.name == "tiny.gguf", "by the name in the snapshot, not that of the blob"
    assert first.n_bytes == 12
    assert rest == ()


def test_no_loop_is_walked(tmp_path: Path) -> None:
    model(tmp_path / "in" / "a.gguf")
    (tmp_path / "in" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    ticks = count()
    long = Bounds(seconds=1000)
    ((only,),) = find_models((Place(tmp_path, 9),), lambda: float(next(ticks)), bounds=long)
    assert only.path == tmp_path / "in" / "a.gguf"
    assert next(ticks) <= 6, "the time is asked for once an entry"


def test_a_place_may_be_a_link(tmp_path: Path) -> None:
    model(tmp_path / "real" / "a.gguf")
    (tmp_path / "models").symlink_to(tmp_path / "real")
    assert found(tmp_path / "models") == ["a.gguf"]


def test_looking_ends(tmp_path: Path) -> None:
    for number in range(4):
        model(tmp_path / f"{number}.gguf")
    model(tmp_path / "deep" / "er" / "x.gguf")
    assert len(found(tmp_path)) == 5
    assert len(found(tmp_path, depth=1)) == 4
    assert len(found(tmp_path, bounds=Bounds(models=2))) == 2
    assert len(found(tmp_path, bounds=Bounds(entries=3))) <= 3
    ticks = count()
    (models,) = find_models(
        (Place(tmp_path, 4),), lambda: float(next(ticks)), bounds=Bounds(seconds=2)
    )
    assert len(models) <= 2
    assert list(find_models((Place(tmp_path, 4),), still, lambda: True)) == []


def test_each_place_is_told_when_it_is_known(tmp_path: Path) -> None:
    model(tmp_path / "a" / "a.gguf")
    model(tmp_path / "b" / "b.gguf")
    finding = find_models((Place(tmp_path / "a", 0), Place(tmp_path / "b", 0)), still)
    assert [model.path.name for model in next(finding)] == ["a.gguf"]
    model(tmp_path / "b" / "c.gguf")
    assert [model.path.name for model in next(finding)] == ["b.gguf", "c.gguf"]


@pytest.fixture
def folders(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Path]]:
    """The places for an environment, with a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")

    def of(**environ: str) -> list[Path]:
        return [place.folder for place in places(paths, environ)]

    return of


def test_where_models_may_be(
    folders: Callable[..., list[Path]], paths: Paths, tmp_path: Path
) -> None:
    cache = tmp_path / ".cache"
    assert folders() == [
        paths.data / "models",
        Path(),
        cache / "huggingface" / "hub",
        tmp_path / ".lmstudio" / "models",
        cache / "lm-studio" / "models",
        cache / "llama.cpp",
    ]
    assert Path("/big/hub") in folders(HF_HOME="/big")
    assert Path("/big/hub") in folders(XDG_CACHE_HOME="/x", HF_HUB_CACHE="/big/hub")
    assert Path("/x/huggingface/hub") in folders(XDG_CACHE_HOME="/x")
    assert Path("/llama") in folders(XDG_CACHE_HOME="/x", LLAMA_CACHE="/llama")


def test_a_user_without_a_home(
    folders: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert Path("/big/hub") in folders(HF_HOME="/big")


def test_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model(tmp_path / "a.gguf")
    ((mine,),) = find_models((Place(Path(), 2),), still)
    assert mine.path == tmp_path / "a.gguf"
    here = tmp_path / "gone"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    assert list(find_models((Place(Path(), 2),), still)) == [()]
