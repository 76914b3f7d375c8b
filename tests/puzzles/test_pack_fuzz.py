"""Whatever stands in a file, a folder or a bundle: a pack comes out, or faults do.

Nothing else: no other exception, nothing that takes over two seconds or 200 MB, nothing
written, nothing that a terminal would obey. 500 cases of each kind in the usual run, 25,000
under `--long`.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puzzles.advice import advice
from puzzles.bundle import bundle
from puzzles.faults import PackFaults
from puzzles.load import load_source
from puzzles.readings import read_readings, readings_files
from puzzles.sources import bundle_source, open_source

LONGEST_S = 2.0
MOST_MORE_KB = 200_000
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
usual = settings(max_examples=500, suppress_health_check=_QUIET, database=None)
long = settings(max_examples=25_000, suppress_health_check=_QUIET, database=None)

TEXT = "word " * 57 + "\nWho? The [[thief]]."
HEAD = 'format = 1\nid = "harbor"\ntitle = "Harbour"\n'
ONE = '[[passages]]\nid = "one"\ntitle = "T"\n'
GOOD = f'{HEAD}{ONE}text = """\n{TEXT}"""\n'
NAMED = f'{HEAD}{ONE}file = "lamp.txt"\n'
HOSTILE = "\0\x07\x1b\x7f\x85\x9b\u061c\u200e\u202e\u2066\ue000\U000f0000\ud800\ufeff\u2028"


# ---- what is watched ----


class Watch:
    """Notes whatever this process does to the file system while it is on."""

    CHANGES = frozenset(
        f"os.{name}"
        for name in (
            "mkdir",
            "rename",
            "remove",
            "rmdir",
            "link",
            "symlink",
            "truncate",
            "chmod",
        )
    )

    def __init__(self) -> None:
        self.on = False
        self.seen: list[tuple[Any, ...]] = []

    def __call__(self, event: str, details: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            _, mode, flags = details
            writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
            if (isinstance(mode, str) and set(mode) & set("wax+")) or flags & writes:
                self.seen.append((event, *details))
        elif event in self.CHANGES or event.startswith(("subprocess", "socket", "os.exec")):
            self.seen.append((event, *details))


@pytest.fixture(scope="module")
def watch() -> Watch:
    found = Watch()
    sys.addaudithook(found)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def memory_kb(what: str) -> int:
    """Memory of this process, now (VmRSS) or at its most (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{what}:\s+(\d+)", status)
    assert found
    return int(found.group(1))


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    """All cases of a kind together keep within the memory that one may take."""
    if not Path("/proc/self/clear_refs").exists():
        yield
        return
    Path("/proc/self/clear_refs").write_text("5")  # forget the most so far
    before = memory_kb("VmRSS")
    yield
    assert memory_kb("VmHWM") - before < MOST_MORE_KB


def judge(watch: Watch, path: Path) -> None:
    """Have a path read in all ways a pack is read."""
    watch.seen.clear()
    watch.on = True
    started = time.process_time()
    try:
        loaded = load_source(open_source(path))
        readings = read_readings(loaded)
        told = [*advice(loaded), *readings.warnings]
        again = bundle(loaded, readings_files(readings.readings))
    except PackFaults as error:
        assert error.faults
        told = list(error.faults)
    else:
        assert load_source(bundle_source(again, "x.bitrace")).pack == loaded.pack
        shown = (
            loaded.pack.title,
            loaded.pack.author,
            *(p.title for p in loaded.pack.passages),
        )
        assert not any(character in text for text in shown for character in HOSTILE[:-2])
        assert not any(c in p.text.shown for p in loaded.pack.passages for c in HOSTILE[:-2])
    finally:
        watch.on = False
    assert time.process_time() - started < LONGEST_S
    assert watch.seen == []
    for one in told:
        assert str(one).isprintable()
        assert one.file
        assert len(one.message) > 10
        assert len(str(one)) < 2_000


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def fresh(folder: Path) -> Path:
    path = folder / "pack"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


# ---- bytes ----


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


SEEDS = {
    "harbor.toml": GOOD.encode(),
    "harbor.bitrace": packed({"pack.toml": NAMED.encode(), "lamp.txt": TEXT.encode()}),
}


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes]:
    """A good file with a few of its bytes changed, cut out or put in; or any bytes at all."""
    name = draw(st.sampled_from(sorted(SEEDS)))
    if draw(st.integers(0, 9)) == 0:
        return name, draw(st.binary(max_size=2_000))
    raw = SEEDS[name]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(raw)))
        cut = draw(st.sampled_from([0, 1, 1, 2, 7, 50]))
        new = draw(st.binary(max_size=4) | st.sampled_from([b"[[", b"]]", b"'''", b'"', b"\n"]))
        raw = raw[:at] + new + raw[at + cut :]
    return name, raw


def check_bytes(folder: Path, watch: Watch, case: tuple[str, bytes]) -> None:
    judge(watch, put(folder, *case))


@usual
@given(case=spoiled())
def test_bytes(folder: Path, watch: Watch, case: tuple[str, bytes]) -> None:
    check_bytes(folder, watch, case)


@pytest.mark.long
@long
@given(case=spoiled())
def test_bytes_long(folder: Path, watch: Watch, case: tuple[str, bytes]) -> None:
    check_bytes(folder, watch, case)


# ---- TOML trees ----

CHARACTERS = st.sampled_from(
    [*HOSTILE, *"aZ9 .-_/\\[]{}'\"\n\t#=é你’", "e\u0301", "[[a]]", "../"]
)
SOME = st.lists(CHARACTERS, max_size=6).map("".join)
WORD = SOME | st.sampled_from(["", "one", "lamp.txt", "en", TEXT])
LEAF = st.one_of(
    WORD,
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.booleans(),
    st.sampled_from([1, "harbor", TEXT, "x" * 30_000, "e" + "\u0301\u0316" * 3_000]),
)
KEYS = [
    *("format", "id", "title", "author", "license", "language", "description", "version"),
    *("passages", "source", "theme", "primer", "preface", "text", "file", "colour"),
]
KEY = st.sampled_from(KEYS) | WORD
TREE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(KEY, TREE, max_size=3)
PASSAGE = st.fixed_dictionaries(
    {"id": st.sampled_from(["one", "two", "x y"]) | LEAF, "title": st.just("T") | LEAF},
    optional={"text": st.just(TEXT) | TREE, "file": st.just("lamp.txt") | WORD, "more": TREE},
)


def written(value: Any) -> str:
    """A value in TOML, as it is and however bad."""
    if isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=len(value) % 2 == 0)
        return re.sub(r"(?:\\u[dD][89abAB]..)+", "\\\\uFFFD", quoted)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        pairs = (f"{written(key)} = {written(inner)}" for key, inner in value.items())
        return f"{{{', '.join(pairs)}}}"
    return str(value)


@st.composite
def trees(draw: st.DrawFn) -> str:
    """A table with the keys of a pack, or nearly, and any values."""
    top: dict[str, Any] = {"format": 1, "id": "harbor", "title": "H"} | draw(FIELDS)
    for key in draw(st.lists(st.sampled_from(sorted(top)), max_size=1)):
        del top[key]
    passages = draw(st.lists(PASSAGE, max_size=3))
    lines = [f"{written(key)} = {written(value)}" for key, value in top.items()]
    if draw(st.booleans()):
        lines.append(f"passages = {written(passages)}")
    else:
        for passage in passages:
            lines += ["[[passages]]"]
            lines += [f"{written(key)} = {written(value)}" for key, value in passage.items()]
    return "\n".join(lines)


def check_tree(folder: Path, watch: Watch, toml: str) -> None:
    raw = toml.encode(errors="surrogatepass")
    judge(watch, put(folder, "tree.toml", raw))
    inside = fresh(folder)
    put(inside, "lamp.txt", TEXT.encode())
    judge(watch, put(inside, "pack.toml", raw).parent)


@usual
@given(toml=trees())
def test_trees(folder: Path, watch: Watch, toml: str) -> None:
    check_tree(folder, watch, toml)


@pytest.mark.long
@long
@given(toml=trees())
def test_trees_long(folder: Path, watch: Watch, toml: str) -> None:
    check_tree(folder, watch, toml)


# ---- structures of archives ----

NAME = st.one_of(
    st.sampled_from(["pack.toml", "lamp.txt", "LAMP.TXT", "a/b.txt", "a/", "readings/x.json"]),
    st.sampled_from(
        ["readings/" + "0" * 16 + "-2.json", "../x", "/x", "a/b/c/d", "C:x", "a\\b"]
    ),
    SOME,
).map(lambda name: name.encode(errors="surrogatepass"))
CONTENT = st.one_of(
    st.sampled_from([NAMED, GOOD, TEXT, "", "{}", "[" * 5_000]).map(str.encode),
    st.binary(max_size=60),
    st.integers(1, 400).map(lambda n: b"\0" * n * 1_000),
)
SIZE = st.sampled_from([None] * 12 + [0, 1, 1_000, 0xFFFFFFFF])
MODE = st.sampled_from([0] * 8 + [stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """A bundle entry by entry, with whatever can be wrong with one."""
    files, directory, n = b"", b"", 0
    entries = draw(st.lists(st.tuples(NAME, CONTENT), max_size=4))
    if draw(st.integers(0, 3)):
        entries = [(b"pack.toml", NAMED.encode()), (b"lamp.txt", TEXT.encode()), *entries]
    for name, content in entries:
        method = draw(st.sampled_from([8] * 8 + [0] * 8 + [12, 99]))
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        data = packer.compress(content) + packer.flush() if method == 8 else content
        sizes = [
            zlib.crc32(content) if draw(st.integers(0, 20)) else 7,
            len(data) if (size := draw(SIZE)) is None else size,
            len(content) if (size := draw(SIZE)) is None else size,
        ]
        flags = draw(st.sampled_from([0x800] * 12 + [0, 1, 8]))
        header = draw(st.sampled_from([len(files)] * 12 + [0, 1, 0xFFFFFFFF]))
        local = draw(st.sampled_from([name] * 12 + [b"other"]))
        files += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, 33, *sizes, len(local), 0
        )
        files += local + data
        directory += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", draw(st.sampled_from([3, 0])) << 8, 20, flags, method, 0, 33, *sizes),
            *(len(name), 0, 0, 0, 0, draw(MODE) << 16, header),
        )
        directory += name
        n += 1
    n = draw(st.sampled_from([n] * 12 + [0, 1, 0xFFFF]))
    comment = draw(st.sampled_from([b""] * 6 + [b"PK\5\6", b"x" * 22]))
    start = draw(st.sampled_from([len(files)] * 12 + [0, 5]))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, n, n, len(directory), start, len(comment))
    return files + directory + end + comment


def check_archive(folder: Path, watch: Watch, raw: bytes) -> None:
    judge(watch, put(folder, "made.bitrace", raw))


@usual
@given(raw=archives())
def test_archives(folder: Path, watch: Watch, raw: bytes) -> None:
    check_archive(folder, watch, raw)


@pytest.mark.long
@long
@given(raw=archives())
def test_archives_long(folder: Path, watch: Watch, raw: bytes) -> None:
    check_archive(folder, watch, raw)


# ---- markup ----

PIECE = st.sampled_from(
    [
        *("[[", "]]", "[", "]", "\\[[", "\\", "[[word]]", "[[two words]]", "[[9]]", "[[é]]"),
        *(
            "[/]",
            "[red]",
            "[@click=app.quit]",
            "word ",
            "e",
            "\u0301",
            "’",
            "'",
            "don’t ",
            "你",
        ),
        *("\n", "\r\n", "\n\n", " ", "\t", "```\n", "---\n", "~~~\n", "# ", "<b>", "&amp;"),
        *("\u200d", "\ufe0f", "\U0001f600", "\ufdfa", "\u0344", "ΐ", "ﬁ", "\u0130"),
        *("\x1b[2J", "\u202e", "\ue000", "\ufeff", "[" * 50, "[[" * 30, "\u0301" * 40),
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """The name of a text file, and what might stand in it."""
    before = draw(st.sampled_from(["", TEXT + " ", "w " * 60]))
    pieces = "".join(draw(st.lists(PIECE, max_size=40)))
    return draw(st.sampled_from(["lamp.txt", "lamp.md"])), before + pieces * draw(
        st.sampled_from([1] * 9 + [300])
    )


def check_text(folder: Path, watch: Watch, case: tuple[str, str]) -> None:
    name, text = case
    inside = fresh(folder)
    put(inside, name, text.encode())
    judge(watch, put(inside, "pack.toml", NAMED.replace("lamp.txt", name).encode()).parent)
    title = written(text[-110:])
    one = f'[[passages]]\nid = "one"\ntitle = {title}\nprimer = {written(text[-15_000:])}\n'
    quoted = f"text = {written(text)}\n" if len(text) % 2 else f"text = '''{text}'''\n"
    judge(watch, put(folder, "text.toml", (HEAD + one + quoted).encode()))


@usual
@given(case=texts())
def test_markup(folder: Path, watch: Watch, case: tuple[str, str]) -> None:
    check_text(folder, watch, case)


@pytest.mark.long
@long
@given(case=texts())
def test_markup_long(folder: Path, watch: Watch, case: tuple[str, str]) -> None:
    check_text(folder, watch, case)


# ---- the watch itself ----


def test_the_watch_sees_what_is_written(folder: Path, watch: Watch) -> None:
    watch.seen.clear()
    watch.on = True
    (folder / "seen").write_text("x")
    (folder / "seen").read_text()
    (folder / "seen").unlink()
    (folder / "seen").mkdir()
    watch.on = False
    assert [event for event, *_ in watch.seen] == ["open", "os.remove", "os.mkdir"]
    (folder / "seen").rmdir()


def test_the_seeds_are_good(folder: Path) -> None:
    for name, raw in SEEDS.items():
        assert load_source(open_source(put(folder, name, raw))).pack.id == "harbor"
