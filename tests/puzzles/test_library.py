"""Installed packs: whole or not at all, and never in each other's way."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import InputError, PackError, StoreError
from puzzles.builtin import builtin_ids
from puzzles.faults import PackFaults
from puzzles.library import Library

TEXT = "word " * 60
LONGEST_S = 2.0

Write = Callable[..., Path]


def toml(id: str = "harbor", title: str = "Harbour", text: str = TEXT, **keys: str) -> str:
    more = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    passage = f'[[passages]]\nid = "one"\ntitle = "T"\ntext = """{text}"""\n'
    return f'format = 1\nid = "{id}"\ntitle = "{title}"\n{more}{passage}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def packs(home: Path) -> Path:
    return home / "packs"


@pytest.fixture
def library(home: Path, packs: Path) -> Library:
    return Library(packs, home / "cache")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a pack in one file."""

    def make(id: str = "harbor", **more: str) -> Path:
        path = tmp_path / f"{id}.toml"
        path.write_text(toml(id, **more))
        return path

    return make


def tree(folder: Path) -> dict[str, bytes | None]:
    """All that is below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def added(library: Library) -> list[str]:
    """Ids of the listed packs that did not come with the game."""
    return [pack.id for pack in library.list()[0] if not pack.builtin]


# ---- adding, listing, removing ----


def test_before_anything_is_added(library: Library, home: Path) -> None:
    listed, broken = library.list()
    assert [pack.id for pack in listed] == list(builtin_ids())
    assert all(pack.builtin for pack in listed)
    assert (broken, library.installed_ids()) == ([], ())
    assert "warm-up" in library and "harbor" not in library
    assert not (home / "packs").exists()


def test_what_a_crash_left_behind_is_swept_away(
    library: Library, write: Write, packs: Path
) -> None:
    library.add(write())
    old, new = packs / ".harbor.bitrace.1.2.new", packs / ".harbor.bitrace.3.4.new"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    library.add(write(), replace=True)
    assert (old.exists(), new.exists()) == (False, True), "somebody may be writing the new one"


def test_a_pack_that_is_added(library: Library, write: Write, packs: Path) -> None:
    facts = library.add(write(author="A", license="CC0-1.0", language="pt", version="2"))
    assert (facts.id, facts.title, facts.author, facts.license) == (
        *("harbor", "Harbour"),
        *("A", "CC0-1.0"),
    )
    assert (facts.language, facts.version, facts.builtin, facts.models) == (
        "pt",
        "2",
        False,
        (),
    )
    assert (facts.n_passages, facts.n_words, facts.n_targets) == (1, 60, 0)
    assert facts.minutes == pytest.approx(60 / 200 + 8 * 20 / 60)
    assert [path.name for path in packs.iterdir()] == ["harbor.bitrace"]
    assert "harbor" in library
    assert library.path("harbor") == packs / "harbor.bitrace"
    assert library.facts("harbor") == facts
    (passage,) = library.passages("harbor")
    assert (passage.id, passage.title, passage.n_words, passage.n_targets) == (
        "one",
        "T",
        60,
        0,
    )
    assert library.open("harbor").pack.passages[0].text.sha256 == passage.text_sha256


def test_packs_are_listed_by_title_after_the_built_in_ones(library, write: Write) -> None:
    for id, title in [
        ("one", "zebra"),
        ("two", "Apple"),
        ("three", "älter"),
        ("four", "apple"),
    ]:
        library.add(write(id, title=title))
    assert [pack.id for pack in library.list()[0]] == [
        *builtin_ids(),
        *("four", "two", "one", "three"),
    ]
    assert library.installed_ids() == ("four", "one", "three", "two")


def test_the_second_pack_with_an_id_is_refused(library, write: Write, packs: Path) -> None:
    library.add(write(title="First"))
    before = tree(packs)
    with pytest.raises(InputError, match=r"'harbor' is installed already.*--replace"):
        library.add(write(title="Second"))
    assert tree(packs) == before
    assert library.add(write(title="Second"), replace=True).title == "Second"
    assert library.facts("harbor").title == "Second"
    assert library.passages("harbor")
    assert len(tree(packs)) == 1


@pytest.mark.parametrize("id", builtin_ids())
@pytest.mark.parametrize("replace", [False, True])
def test_no_pack_takes_the_place_of_a_built_in_one(library, write, home, id, replace) -> None:
    path = write(id)
    with pytest.raises(InputError, match="comes with the game"):
        library.add(path, replace)
    assert not home.exists()


def test_a_pack_with_faults_is_not_added(library: Library, write: Write, home: Path) -> None:
    library.add(write())
    before = tree(home)
    for text in ("Too short.", TEXT + "[[a b]]", TEXT + "\\u001b"):
        with pytest.raises(PackFaults):
            library.add(write(text=text), replace=True)
    assert tree(home) == before


def test_a_pack_that_is_removed(library: Library, write: Write, home: Path) -> None:
    library.add(write())
    library.add(write("lamp"))
    library.remove("harbor")
    assert added(library) == ["lamp"]
    assert sorted(path.stem for path in home.rglob("*") if "harbor" in path.name) == []
    with pytest.raises(PackError, match=r"no pack 'harbor': there are .*warm-up.*lamp"):
        library.remove("harbor")


@pytest.mark.parametrize(
    "id", ["", "../harbor", "harbor.bitrace", "/etc", ".", "\x1b[2J", "a" * 999]
)
def test_what_is_no_id_touches_nothing(library, write: Write, home: Path, id: str) -> None:
    library.add(write())
    before = tree(home)
    for ask in (library.remove, library.open, library.path, library.facts, library.passages):
        with pytest.raises(PackError, match="There is no pack") as raised:
            ask(id)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 1_000
    assert tree(home) == before
    assert id not in library


def test_a_built_in_pack_stays(library: Library) -> None:
    with pytest.raises(PackError, match="comes with the game"):
        library.remove("warm-up")
    assert library.open("warm-up").pack.id == "warm-up"


def test_an_unknown_id_is_answered_with_not_too_many(library, write: Write, packs) -> None:
    library.add(write())
    content = (packs / "harbor.bitrace").read_bytes()
    for n in range(100):
        (packs / f"p{n}.bitrace").write_bytes(content)
    with pytest.raises(PackError, match="and more") as raised:
        library.path("nothing")
    assert str(raised.value).count(",") < 40


# ---- whole or not at all ----


class Unlucky(Exception):
    """Something nobody expected."""


@pytest.mark.parametrize("where", ["fsync", "replace"])
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), Unlucky(), KeyboardInterrupt()]
)
def test_what_cannot_be_written_leaves_what_was_there(
    library: Library, write: Write, home: Path, monkeypatch, where: str, error: BaseException
) -> None:
    def fail(*arguments, **more):
        raise error

    library.add(write(title="First"))
    before = tree(home)
    for id in ("harbor", "lamp"):
        path = write(id, title="Second")
        with monkeypatch.context() as patch:
            patch.setattr(os, where, fail)
            expected = StoreError if isinstance(error, OSError) else type(error)
            with pytest.raises(expected) as raised:
                library.add(path, replace=True)
        if isinstance(error, OSError):
            assert "no space left" in str(raised.value).lower()
            assert "Nothing has changed." in str(raised.value)
        assert tree(home) == before
    assert library.facts("harbor").title == "First"
    assert added(library) == ["harbor"]


def test_a_full_disk_in_the_middle_of_writing(library, write: Write, home, monkeypatch) -> None:
    library.add(write(title="First"))
    before = tree(home)
    real = Path.open

    def full(self: Path, mode: str = "r", *arguments, **more):
        file = real(self, mode, *arguments, **more)
        if "w" in mode:
            file.write(b"half")
            file.close()
            raise OSError(28, "No space left on device")
        return file

    path = write(title="Second")
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StoreError):
        library.add(path, replace=True)
    monkeypatch.undo()
    assert tree(home) == before


@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_whoever_is_killed_leaves_what_was_there(library, write, home, where: str) -> None:
    library.add(write(title="First"))
    before = tree(home)
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from puzzles.library import Library\n"
        f"os.{where} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Library(Path(sys.argv[1]), Path(sys.argv[2])).add(Path(sys.argv[3]), replace=True)\n"
    )
    for id in ("harbor", "lamp"):
        path = write(id, title="Second")
        arguments = [str(home / "packs"), str(home / "cache"), str(path)]
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
    after = tree(home)
    assert {name: after[name] for name in before} == before
    assert all(Path(name).name.startswith(".") for name in set(after) - set(before))
    assert library.facts("harbor").title == "First"
    assert added(library) == ["harbor"]
    assert library.add(write("lamp")).id == "lamp"


def test_several_processes_add_at_once(library: Library, write: Write, home: Path) -> None:
    paths: list[Path] = []
    for title in ("Alpha", "Beta"):
        path = write("harbor", title=title, text=f"{title} " * 500)
        paths.append(path.rename(path.with_name(f"{title}.toml")))
    code = (
        "import sys\nfrom pathlib import Path\nfrom puzzles.library import Library\n"
        "library = Library(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "for n in range(30):\n"
        "    facts = library.add(Path(sys.argv[3]), replace=True)\n"
        "    assert facts.title in ('Alpha', 'Beta'), facts\n"
        "    library.list()\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(home / "packs"), str(home / "cache"), str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for path in paths
    ]
    seen: set[str] = set()
    while any(process.poll() is None for process in running):
        listed, broken = library.list()
        assert broken == []
        seen |= {pack.title for pack in listed if not pack.builtin}
    assert [process.returncode for process in running] == [0, 0]
    assert seen <= {"Alpha", "Beta"}
    assert library.open("harbor").pack.title == library.facts("harbor").title
    assert set(tree(home)) == {
        *("cache", "cache/harbor.jsonl", "packs", "packs/harbor.bitrace"),
        *(f"cache/{id}.jsonl" for id in builtin_ids()),
    }


def test_a_pack_that_goes_while_packs_are_listed(library, write: Write, monkeypatch) -> None:
    library.add(write())
    library.add(write("lamp"))
    real = library.facts

    def gone(id: str):
        if id == "harbor" and "harbor" in library:
            library.remove("harbor")
        return real(id)

    monkeypatch.setattr(library, "facts", gone)
    listed, broken = library.list()
    assert [pack.id for pack in listed if not pack.builtin] == ["lamp"]
    assert broken == []


def test_nothing_is_written_beside_the_pack_or_where_one_stands(
    library: Library, write: Write, tmp_path: Path, home: Path, monkeypatch
) -> None:
    path = write()
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    library.add(path)
    library.list()
    library.passages("harbor")
    library.remove("harbor")
    after = tree(tmp_path)
    assert {name for name in after if not name.startswith("home")} == set(before)
    assert all(after[name] == before[name] for name in before)


def test_only_what_is_named_is_kept(library: Library, tmp_path: Path, packs: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "readings").mkdir(parents=True)
    (folder / "pack.toml").write_text(
        'format = 1\nid = "harbor"\ntitle = "H"\n[[passages]]\nid = "one"\ntitle = "T"\n'
        'file = "a.txt"\n'
    )
    (folder / "a.txt").write_text(TEXT)
    (folder / "secret.txt").write_text("mine alone")
    (folder / "key.toml").write_text("x = 1")
    (folder / "readings" / ("0" * 16 + "-2.json")).write_text("no reading")
    library.add(folder)
    with zipfile.ZipFile(packs / "harbor.bitrace") as archive:
        assert archive.namelist() == ["a.txt", "pack.toml"]


# ---- damage ----


def broken_by(packs: Path, how: str) -> None:
    path = packs / "harbor.bitrace"
    whole = path.read_bytes()
    if how == "half":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "flipped":
        path.write_bytes(whole[:60] + bytes([whole[60] ^ 0x55]) + whole[61:])
    else:
        path.unlink()
        if how == "folder":
            path.mkdir()
        elif how == "link":
            path.symlink_to("nowhere")
        elif how == "loop":
            path.symlink_to(path)
        elif how == "fifo":
            os.mkfifo(path)
        elif how == "other":
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                archive.writestr("pack.toml", toml("lighthouse"))
            path.write_bytes(out.getvalue())
        elif how == "builtin":
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                archive.writestr("pack.toml", toml("warm-up"))
            path.write_bytes(out.getvalue())


@pytest.mark.parametrize(
    "how", ["half", "empty", "flipped", "folder", "link", "loop", "fifo", "other", "builtin"]
)
@pytest.mark.parametrize("cached", [False, True])
def test_a_damaged_bundle_is_in_nobodys_way(library, write, home, packs, how, cached) -> None:
    library.add(write())
    library.add(write("lamp"))
    broken_by(packs, how)
    if not cached:
        for path in (home / "cache").iterdir():
            path.unlink()
    started = time.process_time()
    listed, (broken,) = library.list()
    assert time.process_time() - started < LONGEST_S
    assert [pack.id for pack in listed if not pack.builtin] == ["lamp"]
    assert broken.id == "harbor"
    assert str(broken.error).isprintable()
    assert "harbor.bitrace" in str(broken.error) or "pack.toml" in str(broken.error)
    for ask in (library.facts, library.passages, library.open):
        if ask == library.open and how in ("link", "loop"):
            continue
        with pytest.raises(PackFaults):
            ask("harbor")
    assert library.add(write(), replace=True) if how != "folder" else True
    if how == "folder":
        with pytest.raises(StoreError):
            library.remove("harbor")
    else:
        library.remove("harbor")
    assert "harbor" not in library or how == "folder"


def test_what_is_no_pack_in_the_folder_is_passed_over(library, write: Write, packs) -> None:
    library.add(write())
    content = (packs / "harbor.bitrace").read_bytes()
    for name in (
        "notes.txt",
        "Upper.bitrace",
        ".hidden.bitrace",
        "warm-up.bitrace",
        "lamp",
        "a.toml",
    ):
        (packs / name).write_bytes(content)
    (packs / "\x1b[2J.bitrace").write_bytes(content)
    (packs / f".lamp.bitrace.{os.getpid()}.1.new").write_bytes(b"half")
    assert library.installed_ids() == ("harbor",)
    assert len(library.list()[0]) == len(builtin_ids()) + 1
    assert library.path("warm-up") != packs / "warm-up.bitrace"


def test_folders_that_are_none(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").touch()
    library = Library(tmp_path / "file", tmp_path / "file")
    assert added(library) == []
    with pytest.raises(StoreError, match="Nothing has changed"):
        library.add(write())
    assert (tmp_path / "file").read_bytes() == b""
    library = Library(tmp_path / "file" / "packs", tmp_path / "cache")
    assert added(library) == []
    with pytest.raises(StoreError):
        library.add(write())


def test_a_folder_that_cannot_be_listed(library: Library, packs: Path, monkeypatch) -> None:
    def refuse(self: Path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\): check"):
        library.installed_ids()


# ---- what lists know ----


def test_a_list_opens_no_pack_twice(library: Library, write: Write, monkeypatch) -> None:
    library.add(write())
    library.list()
    monkeypatch.setattr("puzzles.library.load_source", lambda source: pytest.fail("opened"))
    assert added(library) == ["harbor"]
    assert library.passages("harbor")


def test_stale_facts_are_made_anew(library: Library, write: Write, packs: Path) -> None:
    library.add(write(title="First"))
    first = library.facts("harbor")
    other = Library(packs, packs.parent / "elsewhere")
    other.add(write(title="Other"), replace=True)
    assert library.facts("harbor").title == "Other"
    assert library.facts("harbor").sha256 != first.sha256
    other.add(write(text=TEXT + "More."), replace=True)
    assert library.passages("harbor")[0].n_words == 61


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:10],
        lambda raw: raw.split(b"\n")[0] + b"\n",
        lambda raw: raw.split(b"\n")[0] + b"\n{}\n",
        lambda raw: raw.split(b"\n")[0] + b"\n[1]\n",
        lambda raw: raw.split(b"\n")[0] + b"\n[" + b"[" * 100_000 + b"\n",
        lambda raw: raw.split(b"\n")[0] + raw.split(b"\n")[1].replace(b"60", b'"60"'),
        lambda raw: raw.split(b"\n")[0] + b"\n" + raw.split(b"\n")[1].replace(b"60", b'"60"'),
        lambda raw: raw.replace(b'"title"', b'"titel"'),
        lambda raw: raw.replace(b'"Harbour"', b"7"),
        lambda raw: raw.replace(b'"Harbour"', b"null"),
        lambda raw: raw.replace(b'"models": []', b'"models": 7'),
        lambda raw: raw.replace(b'"models": []', b'"models": null'),
        lambda raw: raw.replace(b'"n_words": 60', b'"n_words": "many"'),
        lambda raw: raw.replace(b'"minutes": ', b'"minutes": [], "x": '),
        lambda raw: raw.replace(b'"form": 1', b'"form": 0'),
        lambda raw: b"\xff\xfe" + raw,
        lambda raw: b"[" * 1_000_000,
        lambda raw: b"null\nnull\n",
        lambda raw: b"[]\n[]\n",
        lambda raw: os.urandom(500),
    ],
)
def test_damaged_facts_are_made_anew(library: Library, write: Write, home, damage) -> None:
    facts = library.add(write())
    passages = library.passages("harbor")
    path = home / "cache" / "harbor.jsonl"
    kept = path.read_bytes()
    path.write_bytes(damage(kept))
    assert library.facts("harbor") == facts
    path.write_bytes(damage(kept))
    assert library.passages("harbor") == passages
    path.write_bytes(damage(kept))
    assert library.list()[0][-1] == facts


def test_missing_facts_are_made_anew(library: Library, write: Write, home: Path) -> None:
    facts = library.add(write())
    (home / "cache" / "harbor.jsonl").unlink()
    assert library.facts("harbor") == facts
    first, second = (home / "cache" / "harbor.jsonl").read_bytes().splitlines()
    assert json.loads(first)["id"] == "harbor"
    assert json.loads(second)[0]["id"] == "one"


def test_facts_that_cannot_be_kept_are_told_all_the_same(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").touch()
    for cache in (tmp_path / "file", tmp_path / "file" / "cache"):
        library = Library(tmp_path / "packs", cache)
        facts = library.add(write(), replace=True)
        assert library.facts("harbor") == facts
        assert library.passages("harbor")
        assert added(library) == ["harbor"]
        library.remove("harbor")


def test_a_cache_folder_that_is_read_only(library, write: Write, home, monkeypatch) -> None:
    real = Path.open

    def refuse(self: Path, mode: str = "r", *arguments, **more):
        if "w" in mode and self.parent.name == "cache":
            raise OSError(30, "Read-only file system")
        return real(self, mode, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)
    facts = library.add(write())
    assert library.facts("harbor") == facts
    assert added(library) == ["harbor"]
    assert not list((home / "cache").iterdir())


def test_a_thousand_packs_are_listed_soon(library: Library, write: Write, packs: Path) -> None:
    library.add(write())
    with zipfile.ZipFile(packs / "harbor.bitrace") as archive:
        source = archive.read("pack.toml").decode()
    for n in range(100):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("pack.toml", source.replace('"harbor"', f'"p{n}"'))
        (packs / f"p{n}.bitrace").write_bytes(out.getvalue())
    library.list()
    started = time.process_time()
    listed, broken = library.list()
    # 200 ms for a thousand (tests/benchmarks measure it); ten times as much here.
    assert time.process_time() - started < 0.2
    assert (len(listed), broken) == (len(builtin_ids()) + 101, [])
