"""The three forms of a pack, from people one does not know: what is read, what is refused."""

from __future__ import annotations

import base64
import io
import os
import random
import resource
import socket
import stat
import struct
import subprocess
import sys
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import PackError
from puzzles.faults import Fault, PackFaults
from puzzles.files import MOST_BYTES
from puzzles.load import MOST_DIGITS, MOST_LINES, Pack, load_pack, load_source
from puzzles.report import MOST_MARKS
from puzzles.schema import PackFile, PassageFile
from puzzles.sources import Source, looks_like_pack, open_source

WORDS = "word " * 57
TEXT = f"{WORDS}\nWho? The [[thief]].\n"
HEAD = 'format = 1\nid = "harbor"\ntitle = "Harbour"\n'
HOSTILE = "\0\x07\x1b\x7f\x85\x9b\u061c\u200e\u200f\u202a\u202e\u2066\u2069\ue000\U000f0000"
FORMS = ["file", "folder", "bundle"]
SEVERAL = ["folder", "bundle"]
LONGEST_S = 2.0
"""Of the process's own time: the machine may be shared."""

Files = dict[str, str | bytes]
Make = Callable[[str, Files], Path]


def passage(id: str = "one", **keys: str) -> str:
    keys = {"id": id, "title": "T", **keys}
    return "[[passages]]\n" + "".join(f"{key} = '''{value}'''\n" for key, value in keys.items())


NAMED: Files = {"pack.toml": HEAD + passage(file="lamp.txt"), "lamp.txt": TEXT}


def raw(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def zipped(files: Files, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), raw(content), method)
    return out.getvalue()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a pack in one of the forms; in one file only `pack.toml` is left of it."""

    def write(form: str, files: Files) -> Path:
        if form == "bundle":
            path = tmp_path / "harbor.bitrace"
            path.write_bytes(zipped(files))
            return path
        if form == "file":
            path = tmp_path / "harbor.toml"
            path.write_bytes(raw(files["pack.toml"]))
            return path
        path = tmp_path / "harbor"
        path.mkdir()
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(raw(content))
        return path

    return write


def faults(path: Path) -> tuple[Fault, ...]:
    started = time.process_time()
    with pytest.raises(PackFaults) as raised:
        load_pack(path)
    assert time.process_time() - started < LONGEST_S
    told = raised.value.faults
    assert told
    for fault in told:
        assert str(fault).isprintable()
        assert fault.message.endswith((".", ").")) and len(fault.message) > 15
    return told


def fault(path: Path) -> Fault:
    (only,) = faults(path)
    return only


# ---- three forms, one pack ----


def test_the_three_forms_say_the_same(make: Make) -> None:
    inline = load_pack(make("file", {"pack.toml": HEAD + passage(text=TEXT)}))
    folder = load_pack(make("folder", NAMED))
    bundle = load_pack(make("bundle", NAMED))
    assert inline.passages == folder.passages == bundle.passages
    assert [target.text for target in inline.passages[0].targets] == ["thief"]
    assert folder.sha256 == bundle.sha256 != inline.sha256


def test_a_packs_hash_is_that_of_all_that_it_names(make: Make, tmp_path: Path) -> None:
    path = make("folder", {**NAMED, "notes.txt": "unnamed", "readings/x.json": "{}"})
    first = load_pack(path).sha256
    (path / "notes.txt").write_text("changed")
    (path / "readings/x.json").unlink()
    assert load_pack(path).sha256 == first
    (path / "lamp.txt").write_text(TEXT + "More.")
    changed = load_pack(path).sha256
    assert changed != first
    (path / "pack.toml").write_text(HEAD + passage(file="lamp.txt", theme="m"))
    assert load_pack(path).sha256 not in (first, changed)


def test_two_texts_that_change_places_make_another_pack(make: Make) -> None:
    toml = HEAD + passage("one", file="a.txt") + passage("two", file="b.txt")
    other = TEXT.replace("Who", "What")
    path = make("folder", {"pack.toml": toml, "a.txt": TEXT, "b.txt": other})
    first = load_pack(path).sha256
    (path / "a.txt").write_text(other)
    (path / "b.txt").write_text(TEXT)
    assert load_pack(path).sha256 != first


def test_only_what_can_be_a_pack_looks_like_one(make: Make, tmp_path: Path) -> None:
    for name in ("a.toml", "b.TOML", "c.bitrace", "d.BITRACE"):
        assert looks_like_pack(tmp_path / name)
    for name in ("a.txt", "toml", "b.bitrace.zip", "nothing", "\0", "x" * 5_000):
        assert not looks_like_pack(tmp_path / name)
    assert not looks_like_pack(tmp_path)
    assert looks_like_pack(make("folder", NAMED))


@pytest.mark.parametrize("form", SEVERAL)
def test_the_files_of_a_source(make: Make, form: str) -> None:
    path = make(form, {**NAMED, "a/b/c.txt": "deep", "notes": "x"})
    source = open_source(path)
    assert (source.name, source.kind, source.pack_file) == (path.name, form, "pack.toml")
    assert sorted(source.names) == ["a/b/c.txt", "lamp.txt", "notes", "pack.toml"]
    assert source.read("a/b/c.txt") == b"deep"
    for name in ("b/c.txt", "a", "a/b", "", ".", "..", "../harbor", str(path), "LAMP.TXT"):
        with pytest.raises(PackFaults):
            source.read(name)


def test_nothing_but_what_the_pack_names_is_read(make: Make, monkeypatch) -> None:
    path = make("folder", {**NAMED, "other.txt": TEXT, "readings/x.json": "{}"})
    opened: list[str] = []
    real = Path.open

    def spy(self: Path, *arguments, **more):
        opened.append(self.name)
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", spy)
    load_pack(path)
    assert opened == ["pack.toml", "lamp.txt"]


def test_what_begins_with_a_dot_belongs_to_others(make: Make, tmp_path: Path) -> None:
    path = make("folder", NAMED)
    (path / ".git").mkdir()
    (path / ".git" / "x").symlink_to(tmp_path)
    (path / ".link").symlink_to("/etc/passwd")
    os.mkfifo(path / ".pipe")
    (path / ".hidden.txt").write_text(TEXT)
    assert load_pack(path)
    (path / "pack.toml").write_text(HEAD + passage(file=".hidden.txt"))
    assert "there is no file '.hidden.txt' in the folder" in fault(path).message


def test_nothing_is_written_by_reading(make: Make, tmp_path: Path, monkeypatch) -> None:
    paths = [make(form, NAMED) for form in SEVERAL]
    elsewhere = tmp_path / "cwd"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = sorted(tmp_path.rglob("*"))
    for path in paths:
        load_pack(path)
    assert sorted(tmp_path.rglob("*")) == before


# ---- limits ----


def noise(n: int) -> bytes:
    """Text that packs badly."""
    return base64.encodebytes(random.Random(1).randbytes(n))[:n]


@pytest.mark.parametrize("form", FORMS)
def test_the_packs_own_file_has_5_mb(make: Make, form: str) -> None:
    toml = b"#" + noise(MOST_BYTES).replace(b"\n", b"")[: MOST_BYTES // 2] + b"\n#"
    toml += b"+" * (MOST_BYTES - len(toml))
    assert "passages" in {told.field for told in faults(make(form, {"pack.toml": toml}))}
    path = make(form, {"pack.toml": toml + b"+"}) if form != "folder" else None
    if path is None:
        return
    assert "over 5 MB" in fault(path).message


@pytest.mark.parametrize("form", SEVERAL)
def test_a_text_has_5_mb_and_half_a_million_characters(make: Make, form: str) -> None:
    toml = HEAD + passage("one", file="a.txt") + passage("two", file="b.txt")
    texts = {"a.txt": noise(MOST_BYTES + 1), "b.txt": noise(MOST_BYTES)}
    large, long = sorted(
        faults(make(form, {"pack.toml": toml, **texts})), key=lambda told: told.file == "b.txt"
    )
    assert (large.file, large.line, large.passage, large.field) == (
        *("pack.toml", 7, "one"),
        "file",
    )
    assert "over 5 MB" in large.message
    assert (long.file, long.line, long.passage, long.field) == ("b.txt", None, "two", None)
    assert "over 500,000 characters" in long.message


@pytest.mark.parametrize("form", SEVERAL)
def test_a_pack_has_32_mb(make: Make, form: str) -> None:
    text = noise(4_500_000)
    names = [f"t{n}.txt" for n in range(8)]
    toml = HEAD + "".join(passage(name[:-4], file=name) for name in names)
    files = {"pack.toml": toml, **dict.fromkeys(names, text)}
    path = make(form, files)
    if form == "bundle":  # else its file is too large by itself
        path.write_bytes(zipped(files, zipfile.ZIP_DEFLATED))
    with pytest.raises(PackFaults) as raised:
        load_pack(path)
    told = [one for one in raised.value.faults if "32 MB" in one.message]
    assert [one.passage for one in told] == ["t7"]
    # Read once more, a file counts once.
    source = open_source(path)
    for _ in range(3):
        assert len(source.read("t0.txt")) == len(source.read("t1.txt")) == len(text)
    for name in names[2:7]:
        source.read(name)
    with pytest.raises(PackFaults, match="over 32 MB"):
        source.read(names[7])


@pytest.mark.parametrize("form", SEVERAL)
def test_a_pack_has_200_files(make: Make, form: str, tmp_path: Path) -> None:
    more = {f"a/{n}.txt": "x" for n in range(198)}
    path = make(form, {**NAMED, **more})
    assert load_pack(path)
    if form == "folder":
        (path / "b.txt").touch()
    else:
        path.write_bytes(zipped({**NAMED, **more, "b.txt": ""}))
    told = fault(path)
    assert (told.file, told.line, told.passage, told.field) == (path.name, None, None, None)
    assert "200" in told.message


def test_a_folder_is_not_walked_for_ever(make: Make, monkeypatch) -> None:
    path = make("folder", NAMED)
    for n in range(201):
        (path / f"d{n}").mkdir()
    assert "over 200 files" in fault(path).message
    other = path / "d0"
    for n in range(1_001):
        (other / f".{n}").touch()
    for n in range(1, 201):
        (path / f"d{n}").rmdir()
    told = fault(path)
    assert (told.file, "over 1,000 things" in told.message) == ("harbor/d0", True)


@pytest.mark.parametrize("form", SEVERAL)
def test_folders_go_three_deep(make: Make, form: str) -> None:
    toml = HEAD + passage(file="a/b/lamp.txt")
    assert load_pack(make(form, {"pack.toml": toml, "a/b/lamp.txt": TEXT}))


@pytest.mark.parametrize("form", SEVERAL)
def test_folders_go_no_four_deep(make: Make, form: str) -> None:
    toml = HEAD + passage(file="a/b/c/lamp.txt")
    told = fault(make(form, {"pack.toml": toml, "a/b/c/lamp.txt": TEXT}))
    assert told.file.startswith(("harbor/a/b/c", "harbor.bitrace/a/b/c"))
    assert "deep" in told.message or "too many folders" in told.message


def test_the_ratio_counts_bytes_that_are_read_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "bomb.bitrace"
    blank = b"word " * 4_000_000
    for name in ("pack.toml", "lamp.txt"):
        files = {**NAMED, name: blank}
        made = zipped(files, zipfile.ZIP_DEFLATED)
        path.write_bytes(made)
        assert "100 times its size" in faults(path)[0].message
        # All it says of sizes is brought down to a few bytes.
        lying = made.replace(struct.pack("<L", len(blank)), struct.pack("<L", 300))
        assert lying != made
        path.write_bytes(lying)
        assert "100 times its size" in faults(path)[0].message


def test_a_bomb_that_no_passage_names_is_never_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "harbor.bitrace"
    path.write_bytes(zipped({**NAMED, "b.txt": b"\0" * 40_000_000}, zipfile.ZIP_DEFLATED))
    started = time.process_time()
    assert load_pack(path)
    assert time.process_time() - started < 0.5


def test_a_bundle_is_not_read_beyond_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "large.bitrace"
    with path.open("wb") as file:
        file.truncate(10_000_000_000)
    assert "over 32 MB" in fault(path).message


# ---- names ----


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "name",
    [
        *["/etc/hosts.txt", "../out.txt", "a/../lamp.txt", "./lamp.txt", "a//lamp.txt"],
        *["..\\out.txt", "C:/lamp.txt", "~/lamp.txt", "lamp.txt/../lamp.txt", "file:lamp.txt"],
        *["LAMP.TXT", "lamp.txt ", "%6camp.txt", "other/../../out.txt", ".txt", "a/.txt"],
    ],
)
def test_a_text_lies_in_the_pack(make: Make, tmp_path: Path, form: str, name: str) -> None:
    (tmp_path / "out.txt").write_text(TEXT)
    path = make(form, {**NAMED, "pack.toml": HEAD + passage(file=name), "a/x.txt": "x"})
    told = fault(path)
    assert (told.line, told.passage, told.field) == (7, "one", "file")
    assert told.file == ("harbor.toml" if form == "file" else "pack.toml")


@pytest.mark.parametrize(
    "name", ["lamp", "lamp.toml", "", ".", "..", "/", "lamp.txt.gz", "a\0b"]
)
def test_a_text_is_named_as_one(make: Make, name: str) -> None:
    path = make("folder", {"pack.toml": HEAD + passage(file=name.replace("\0", "")), "x": ""})
    assert "must be the name of a text file" in fault(path).message


@pytest.mark.parametrize(
    "name", ["/etc/cron.txt", "../x.txt", "a/../../x.txt", "a\\..\\x.txt", "C:/x.txt", "a//b"]
)
def test_no_entry_of_a_bundle_leads_out(make: Make, tmp_path: Path, name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for known, content in NAMED.items():
            archive.writestr(known, raw(content))
        info = zipfile.ZipInfo("placeholder")
        info.filename = name
        archive.writestr(info, "x")
    path = tmp_path / "harbor.bitrace"
    path.write_bytes(out.getvalue())
    assert fault(path).file == f"harbor.bitrace/{name}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lamp.txt", "Lamp.txt"),
        ("a/x.txt", "A/y.txt"),
        ("a/x.txt", "a/X.txt"),
        ("straße.txt", "STRASSE.txt"),
        ("caf\u00e9.txt", "cafe\u0301.txt"),
        ("lamp.txt", "LAMP.TXT/x.txt"),
        ("PACK.TOML", "notes.txt"),
    ],
)
@pytest.mark.parametrize("form", SEVERAL)
def test_no_two_names_are_alike_but_for_case(
    make: Make, form: str, one: str, other: str
) -> None:
    path = make(form, {**NAMED, one: TEXT, other: TEXT})
    if form == "folder" and len(open_names(path)) < len({*NAMED, one, other}):
        pytest.skip("this file system does not tell them apart")
    told = fault(path)
    assert "case" in told.message or "is in a folder that is also a file" in told.message


def open_names(path: Path) -> list[Path]:
    return [found for found in path.rglob("*") if found.is_file()]


@pytest.mark.parametrize("form", SEVERAL)
@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("told", ["NFC", "NFD"])
def test_a_name_is_the_same_however_it_is_composed(make, form: str, on_disk, told) -> None:
    name = "Fähre/Café.txt"
    toml = HEAD + passage(file=unicodedata.normalize(told, name))
    files = {"pack.toml": toml, unicodedata.normalize(on_disk, name): TEXT}
    source = open_source(make(form, files))
    assert list(load_source(source).texts) == [unicodedata.normalize("NFC", name)]


@pytest.mark.parametrize("name", ["a\x1b[2J.txt", "a\n.txt", "a\u202e.txt", "\ue000", "a\x9b"])
@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("form", SEVERAL)
def test_no_name_can_act_on_a_terminal(make: Make, form, name: str, folder: bool) -> None:
    told = fault(make(form, {**NAMED, f"{name}/x.txt" if folder else name: "x"}))
    assert "rename it" in told.message


def test_a_name_that_is_not_utf_8(make: Make) -> None:
    path = make("folder", NAMED)
    (path / os.fsdecode(b"a\xff.txt")).touch()
    assert "rename it" in fault(path).message


def test_a_very_long_name_is_not_composed(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(3):
            archive.writestr(f"{n}" + "\u0301" * 16_000 + "\u0316" * 16_000, "x")
    path = tmp_path / "harbor.bitrace"
    path.write_bytes(out.getvalue())
    started = time.process_time()
    with pytest.raises(PackFaults):
        load_pack(path)
    assert time.process_time() - started < LONGEST_S


# ---- what is no ordinary file ----


@pytest.mark.parametrize("target", ["/etc/hosts", "lamp.txt", "/", ".", "nowhere", "link.txt"])
@pytest.mark.parametrize("name", ["link.txt", "readings", "a/link.txt"])
def test_no_link_in_a_folder_is_followed(make: Make, name: str, target: str) -> None:
    path = make("folder", {**NAMED, "a/x.txt": "x"})
    (path / name).symlink_to(target)
    told = fault(path)
    assert (told.file, "this is a link" in told.message) == (f"harbor/{name}", True)
    (path / "pack.toml").write_text(HEAD + passage(file=name))
    assert "this is a link" in fault(path).message


def test_the_packs_own_file_is_no_link(make: Make, tmp_path: Path) -> None:
    path = make("folder", NAMED)
    (path / "pack.toml").rename(tmp_path / "elsewhere.toml")
    for target in (tmp_path / "elsewhere.toml", tmp_path / "nowhere"):
        (path / "pack.toml").symlink_to(target)
        assert "this is a link" in fault(path).message
        (path / "pack.toml").unlink()


def test_a_link_to_a_whole_pack_is_ones_own(make: Make, tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(make("folder", NAMED))
    (tmp_path / "mine.bitrace").symlink_to(make("bundle", NAMED))
    assert load_pack(tmp_path / "mine") == load_pack(tmp_path / "mine.bitrace")


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "pack.toml", "folder"])
def test_what_is_no_ordinary_file_is_never_opened(make: Make, kind: str) -> None:
    path = make("folder", NAMED)
    name = "lamp.txt"
    (path / "lamp.txt").unlink()
    if kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path / name))
    elif kind == "device":
        try:
            os.mknod(path / name, stat.S_IFCHR | 0o666, os.makedev(1, 5))
        except PermissionError:
            pytest.skip("only root may make a device")
    elif kind == "folder":
        (path / name).mkdir()
        assert "there is no file 'lamp.txt'" in fault(path).message
        return
    else:
        name = "pack.toml" if kind == "pack.toml" else name
        (path / name).unlink(missing_ok=True)
        os.mkfifo(path / name)
    assert "not an ordinary file" in fault(path).message


def test_a_pipe_is_refused_though_no_passage_names_it(make: Make) -> None:
    path = make("folder", {**NAMED, "a/x.txt": "x"})
    os.mkfifo(path / "a" / "pipe")
    assert fault(path).file == "harbor/a/pipe"


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
@pytest.mark.parametrize("name", ["lamp.txt", "pack.toml", "unnamed"])
def test_nothing_else_is_in_a_bundle(tmp_path: Path, name: str, mode: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for known, content in {**NAMED, "unnamed": "/etc/passwd"}.items():
            info = zipfile.ZipInfo(known)
            info.external_attr = ((mode if known == name else stat.S_IFREG) | 0o777) << 16
            archive.writestr(info, raw(content))
    path = tmp_path / "harbor.bitrace"
    path.write_bytes(out.getvalue())
    told = fault(path)
    assert (told.file, "link or a device" in told.message) == (f"harbor.bitrace/{name}", True)


def test_a_folder_that_cannot_be_read(make: Make, monkeypatch) -> None:
    path = make("folder", {**NAMED, "a/x.txt": "x"})
    real = os.scandir

    def refuse(folder) -> Iterator[os.DirEntry[str]]:
        if Path(folder).name == "a":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    told = fault(path)
    assert (told.file, "cannot be read" in told.message) == ("harbor/a", True)


def test_a_folder_that_may_be_listed_and_no_more(make: Make) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs another user")
    path = make("folder", NAMED)
    for above in (path, *path.parents[:-2]):
        above.chmod(0o755)
    path.chmod(0o744)
    code = (
        "import os, sys, pathlib\n"
        "from puzzles.sources import looks_like_pack\n"
        "from puzzles.load import load_pack\n"
        "from puzzles.faults import PackFaults\n"
        "os.setuid(65534)\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "looks_like_pack(path)\n"
        "try:\n load_pack(path)\n"
        "except PackFaults as error:\n print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path])},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"no pack.toml" in done.stdout or b"cannot be" in done.stdout


@pytest.mark.parametrize("name", ["pack.toml", "lamp.txt"])
def test_a_file_that_goes_while_it_is_read(make: Make, name: str) -> None:
    path = make("folder", NAMED)
    source = open_source(path)
    (path / name).unlink()
    with pytest.raises(PackFaults, match="does not exist") as raised:
        load_source(source)
    assert len(raised.value.faults) == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_path_where_nothing_is(tmp_path: Path, form: str) -> None:
    for name in ("nothing", "nothing.toml", "nothing.bitrace", "no\x1bthing.toml", "a/b.toml"):
        assert "does not exist" in fault(tmp_path / name).message
    (tmp_path / "is.bitrace").mkdir()
    assert "no pack.toml in this folder" in fault(tmp_path / "is.bitrace").message


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\5\6", b"format = 1", b"\x1f\x8b", b"\0" * 99]
)
def test_a_bundle_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "harbor.bitrace"
    path.write_bytes(content)
    assert fault(path).file == "harbor.bitrace"


def test_a_bundle_without_a_pack(tmp_path: Path) -> None:
    path = tmp_path / "harbor.bitrace"
    for files in ({}, {"harbor/pack.toml": HEAD}, {"lamp.txt": TEXT}):
        path.write_bytes(zipped(files))
        assert "no pack.toml in it: make it with `packs bundle`" in fault(path).message


# ---- characters ----


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "content",
    [
        "Fährschiff".encode("latin-1"),
        (HEAD + passage(text=TEXT)).encode("utf-16"),
        b"\xed\xa0\x80",  # half a pair
        b"\xc0\xaf",  # too long a form
        b"\xf4\x90\x80\x80",  # beyond all there are
    ],
)
def test_a_pack_is_utf_8(make: Make, form: str, content: bytes) -> None:
    told = fault(make(form, {"pack.toml": content}))
    assert told.file == ("harbor.toml" if form == "file" else "pack.toml")
    assert "UTF-8" in told.message or "a binary file" in told.message


@pytest.mark.parametrize("form", SEVERAL)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-32"])
def test_a_text_is_utf_8(make: Make, form: str, encoding: str) -> None:
    told = fault(make(form, {**NAMED, "lamp.txt": ("Fährschiff " * 60).encode(encoding)}))
    assert (told.file, told.passage, told.field) == ("lamp.txt", "one", None)
    assert "UTF-8" in told.message or "a binary file" in told.message


@pytest.mark.parametrize("form", SEVERAL)
def test_no_text_takes_a_hostile_character(make: Make, form: str) -> None:
    paths = {f"t{n}.txt": f"First line.\r\n\r\n{WORDS}{c}\n{c}" for n, c in enumerate(HOSTILE)}
    toml = HEAD + "".join(passage(name[:-4], file=name) for name in paths)
    told = faults(make(form, {"pack.toml": toml, **paths}))
    assert {one.file for one in told} == set(paths)
    for one in told:
        character = HOSTILE[int(one.file[1:-4])]
        if character == "\0":
            assert "a binary file" in one.message
        else:
            assert (one.line, one.passage) == (3, one.file[:-4])
            assert f"U+{ord(character):04X}" in one.message


@pytest.mark.parametrize("character", HOSTILE)
@pytest.mark.parametrize("form", SEVERAL)
def test_no_field_takes_a_hostile_character(make: Make, form: str, character: str) -> None:
    escape = f"\\U{ord(character):08X}"
    pack = {"id": "harbor", "title": "Harbour"}
    one = {"id": "one", "title": "T", "text": TEXT.replace("\n", " ")}
    for table, model in ((pack, PackFile), (one, PassageFile)):
        for name in set(model.model_fields) - {"format", "passages", "file"}:
            table[name] = table.get(name, "en") + escape
    toml = "format = 1\n" + "".join(f'{key} = "{value}"\n' for key, value in pack.items())
    toml += "[[passages]]\n" + "".join(f'{key} = "{value}"\n' for key, value in one.items())
    told = faults(make(form, {"pack.toml": toml}))
    assert [(one.passage is not None, one.field) for one in told] == [
        *((False, name) for name in pack),
        *((True, name) for name in one),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_joiners_are_fine_everywhere(make: Make, form: str) -> None:
    joined = "می\u200cخواهم क्\u200dष"
    keys = dict.fromkeys(("title", "source", "theme", "primer", "preface"), joined)
    toml = HEAD.replace("Harbour", joined) + f'author = "{joined}"\ndescription = "{joined}"\n'
    pack = load_pack(make(form, {"pack.toml": toml + passage(**keys, text=joined + TEXT)}))
    assert joined in pack.title
    assert joined in pack.passages[0].text.shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("markup", ["[/]", "[red]", "[@click=app.quit]go[/]", "[[[thief]]]"])
def test_markup_of_others_is_plain_text(make: Make, form: str, markup: str) -> None:
    keys = {"title": markup, "source": markup, "primer": markup}
    toml = HEAD.replace("Harbour", markup) + passage(**keys, text=f"{markup} {TEXT}")
    pack: Pack = load_pack(make(form, {"pack.toml": toml}))
    (read,) = pack.passages
    assert pack.title == read.title == read.source == read.primer == markup
    assert read.text.shown.startswith(markup.replace("[[[thief]]]", "[thief]"))


# ---- bounds before anything is built ----


def peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("toml", "part"),
    [
        ("a = " + "[" * 1_000_000, "nested too deeply"),
        ("a = " + "{b=" * 300_000, "nested too deeply"),
        ("[" * 1_000_000, "nested too deeply"),
        ("a." * 500_000 + "b = 1", "nested too deeply"),
        ("[" + "a." * 9 + "b]", "nested too deeply"),
        ("a = [" + "1," * 10_001 + "]", "too many keys"),
        ("".join(f"k{n} = 1\n" for n in range(10_001)), "too many keys"),
        ("a = 0." + "1" * 4_900_000, "over 100,000 digits"),
        ("a = " + "1" * 4_900_000, "over 100,000 digits"),
        ("a = 0x" + "fF" * 2_400_000, "over 100,000 digits"),
        ("a = 1" + "_1" * 2_400_000, "over 100,000 digits"),
        ("a = " + "9" * MOST_DIGITS, "not valid TOML"),
        ("#\n" * 2_400_000, "over 1,000,000 lines"),
        ("\n" * (MOST_LINES + 1), "over 1,000,000 lines"),
    ],
)
def test_nothing_large_is_built(make: Make, form: str, toml: str, part: str) -> None:
    # In a bundle it is stored, since else it is refused for its ratio.
    path = make(form, {"pack.toml": HEAD + toml})
    before = peak_kb()
    assert part in fault(path).message
    assert peak_kb() - before < 200_000


@pytest.mark.parametrize("form", FORMS)
def test_a_megabyte_of_brackets_as_a_text(make: Make, form: str) -> None:
    for text in ("[" * 1_000_000, "[[" * 200_000, "[[a " * 100_000, "]]" * 240_000):
        files = {"pack.toml": HEAD + passage(text=text)}
        if form == "file":
            told = faults(make(form, files))
            assert {one.field for one in told} == {"text"}
    if form == "file":
        return
    texts = {"a.txt": "[" * 1_000_000, "b.txt": "[" * 499_999, "c.md": "[" * 499_999}
    texts |= {"d.txt": "[[a " * 120_000, "e.md": "]" * 499_999, "f.md": "\\[[" * 160_000}
    toml = HEAD + "".join(passage(name[0] * 2, file=name) for name in texts)
    told = faults(make(form, {"pack.toml": toml, **texts}))
    assert {one.file for one in told} == set(texts)


MARKS = "e" + "\u0301\u0316" * 100_000
"""Composing it would take a minute: it is sorted, one by one."""
SORTED_MARKS = "e" + "\u0301" * 100_000 + "\u0316" * 100_000


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["text", "primer", "preface"])
def test_very_many_accents_on_a_letter_are_refused(make: Make, form: str, key: str) -> None:
    for marks in (SORTED_MARKS[:90_000], SORTED_MARKS, MARKS):
        if key != "text":
            marks = "e" + "\u0301" * 9_000 + "\u0316" * 9_000
        escaped = marks.encode("ascii", "backslashreplace").decode()[:-6]
        lines = f'text = "{WORDS} so so so"\n{key} = "one\\n\\n{escaped}"\n'
        if key == "text":
            lines = lines.partition("\n")[2]
        toml = HEAD + '[[passages]]\nid = "one"\ntitle = "T"\n' + lines
        path = make(form, {"pack.toml": toml}) if form != "folder" else None
        if path is None:
            return
        told = fault(path)
        assert (told.field, told.passage) == (key, "one")
        assert "combining marks in a row" in told.message


@pytest.mark.parametrize("form", SEVERAL)
def test_very_many_accents_in_a_text_file_are_refused(make: Make, form: str) -> None:
    told = fault(make(form, {**NAMED, "lamp.txt": f"{WORDS}\n{SORTED_MARKS}\n"}))
    assert (told.file, told.line) == ("lamp.txt", 2)
    assert "combining marks in a row" in told.message


def test_some_accents_are_fine(make: Make) -> None:
    marks = "\u0301\u0316" * (MOST_MARKS // 2)
    text = f"{WORDS} so e{marks} and so on"
    assert load_pack(make("folder", {**NAMED, "lamp.txt": text}))


def test_a_text_that_many_passages_name_is_read_once(make: Make) -> None:
    names = [f"p{n}" for n in range(200)]
    toml = HEAD + "".join(passage(name, file="lamp.txt") for name in names)
    path = make("bundle", {"pack.toml": toml, "lamp.txt": "w " * 19_999 + "[[end]]"})
    started = time.process_time()
    pack = load_pack(path)
    assert time.process_time() - started < LONGEST_S
    assert {len(passage.targets) for passage in pack.passages} == {1}
    path.write_bytes(zipped({"pack.toml": toml, "lamp.txt": TEXT + "[[a b]]"}))
    assert [told.passage for told in faults(path)] == names


# ---- texts in files of their own ----


def test_faults_in_a_text_file_are_told_where_they_are(make: Make) -> None:
    toml = HEAD + "".join(passage(id, file=f"{id}.txt") for id in ("aa", "bb", "cc", "dd"))
    path = make(
        "folder",
        {
            "pack.toml": toml,
            "aa.txt": f"{WORDS}\r\n\r\nThe [[tall thief]].\r\nThe [[\r\n",
            "bb.txt": f"\ufeff{WORDS}\n\x1b",
            "cc.txt": "Too short.",
            "dd.txt": "w " * 20_001,
        },
    )
    assert [(t.file, t.line, t.passage, t.field) for t in faults(path)] == [
        ("cc.txt", None, "cc", None),
        ("dd.txt", None, "dd", None),
        ("bb.txt", 2, "bb", None),
        ("aa.txt", 3, "aa", None),
        ("aa.txt", 4, "aa", None),
    ]
    with pytest.raises(
        PackFaults, match=r"(?m)^aa\.txt, line 3, passage aa: \[\[tall thief\]\]"
    ):
        load_pack(path)


@pytest.mark.parametrize("form", SEVERAL)
def test_a_text_that_is_missing(make: Make, form: str) -> None:
    told = fault(make(form, {"pack.toml": HEAD + passage(file="lamp.txt")}))
    assert (told.file, told.line, told.passage, told.field) == ("pack.toml", 7, "one", "file")
    assert "there is no file" in told.message or "is not in the archive" in told.message


def test_a_pack_in_one_file_has_no_texts_beside_it(make: Make, tmp_path: Path) -> None:
    (tmp_path / "lamp.txt").write_text(TEXT)
    told = fault(make("file", NAMED))
    assert (told.line, told.field) == (7, "file")
    assert "name this file pack.toml" in told.message


@pytest.mark.parametrize("form", FORMS)
def test_a_passage_has_one_text(make: Make, form: str) -> None:
    both = fault(make(form, {**NAMED, "pack.toml": HEAD + passage(text=TEXT, file="lamp.txt")}))
    assert both.field == "file"
    assert "there is a `text` too" in both.message


@pytest.mark.parametrize("form", FORMS)
def test_a_passage_has_a_text(make: Make, form: str) -> None:
    told = fault(make(form, {**NAMED, "pack.toml": HEAD + passage()}))
    assert (told.field, told.message) == ("text", "this key is missing: add it (or `file`).")


@pytest.mark.parametrize("form", SEVERAL)
def test_markdown_is_read_without_code(make: Make, form: str) -> None:
    markdown = f"---\ntitle: x\n---\n{WORDS}\n```\n[[two words]]\n```\nWho? The [[thief]].\n"
    toml = HEAD + passage(file="lamp.md")
    (read,) = load_pack(make(form, {"pack.toml": toml, "lamp.md": markdown})).passages
    assert [target.text for target in read.targets] == ["thief"]
    assert "two words" not in read.text.shown
    assert "title" not in read.text.shown


def test_faults_in_markdown_have_no_line_since_lines_were_left_out(make: Make) -> None:
    markdown = f"---\na: b\n---\n{WORDS} [[two words]]"
    toml = HEAD + passage(file="lamp.md")
    told = fault(make("folder", {"pack.toml": toml, "lamp.md": markdown}))
    assert (told.file, told.line, told.passage) == ("lamp.md", None, "one")
    path = make("bundle", {"pack.toml": toml, "lamp.md": "---\na: b\n---\n\u202e" + WORDS})
    assert (fault(path).file, fault(path).line) == ("lamp.md", 4)


def test_ten_faults_of_a_folder_are_told_at_once(make: Make) -> None:
    toml = (
        HEAD.replace("format = 1", "format = 9")
        + 'colour = "red"\n'
        + passage("aa", file="aa.txt")
        + passage("aa", file="gone.txt", mood="x")
        + passage(
            "cc", text=f"{WORDS} [[a b]]", primer="\x1b".encode("unicode_escape").decode()
        )
        + passage("D", file="../x.txt", title=" ")
    )
    texts = {"aa.txt": "[[two words]] [[\n]] [[9]]"}
    told = faults(make("folder", {"pack.toml": toml, **texts}))
    assert len(told) >= 10
    assert {one.file for one in told} == {"pack.toml", "aa.txt"}


def test_a_source_made_by_hand_is_refused_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "harbor.toml"
    path.write_text(HEAD + passage(text=TEXT))
    source: Source = open_source(path)
    assert source.names == ("harbor.toml",)
    with pytest.raises(PackError, match=r"no file .* beside it"):
        source.read("lamp.txt")
