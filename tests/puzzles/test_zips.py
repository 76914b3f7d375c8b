"""Archives from strangers: what is read, and what is refused before it can do harm."""

from __future__ import annotations

import io
import random
import stat
import struct
import time
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puzzles.schema import PassageFile
from puzzles.zip_directory import MOST_FAULTS, ZipFaults
from puzzles.zips import ALLOWANCE, BUNDLE, EPUB, Archive, open_archive

SMALL = replace(BUNDLE, most_bytes_each=1_000_000, most_bytes_all=2_000_000)


@dataclass(frozen=True)
class Made:
    """An entry as written by hand; what is None follows from the data."""

    name: str | bytes
    data: bytes = b"text"
    packed: bytes | None = None
    method: int = 8
    flags: int = 0x800
    mode: int = 0
    crc: int | None = None
    n_bytes: int | None = None
    n_packed: int | None = None
    header: int | None = None
    local_name: bytes | None = None
    local_method: int | None = None
    disk: int = 0
    system: int = 3
    more: bytes = b""
    """Bytes behind the packed ones."""


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def archive(*entries: Made, claimed: int | None = None, comment: bytes = b"") -> bytes:
    files, directory = b"", b""
    for entry in entries:
        name = entry.name if isinstance(entry.name, bytes) else entry.name.encode()
        local_name = name if entry.local_name is None else entry.local_name
        packed = deflate(entry.data) if entry.method == 8 else entry.data
        packed = packed if entry.packed is None else entry.packed
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        n_bytes = len(entry.data) if entry.n_bytes is None else entry.n_bytes
        n_packed = len(packed) if entry.n_packed is None else entry.n_packed
        method = entry.method if entry.local_method is None else entry.local_method
        sizes = (crc, n_packed, n_bytes)
        header = len(files) if entry.header is None else entry.header
        files += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, entry.flags, method, 0, 33, *sizes, len(local_name), 0
        )
        files += local_name + packed + entry.more
        made_by = entry.system << 8 | 20
        directory += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", made_by, 20, entry.flags, entry.method, 0, 33, *sizes),
            *(len(name), 0, 0, entry.disk, 0, entry.mode << 16, header),
        )
        directory += name
    n = len(entries) if claimed is None else claimed
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, n, n, len(directory), len(files), len(comment)
    )
    return files + directory + end + comment


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


def told(raw: bytes, limits=BUNDLE) -> tuple[tuple[str, str], ...]:
    """The faults of an archive, whether on opening or on reading all of it."""
    with pytest.raises(ZipFaults) as raised:
        opened = open_archive(raw, limits)
        for name in opened.names:
            opened.read(name)
    for name, message in raised.value.faults:
        assert (name + message).isprintable()
        assert message.endswith(".")
        assert ": " in message
    assert len(str(raised.value).splitlines()) == len(raised.value.faults) <= MOST_FAULTS
    return raised.value.faults


def test_an_archive_made_by_hand_is_what_it_means() -> None:
    raw = archive(Made("a/"), Made("a/b.txt", b"one"), Made("ä.txt", b"two" * 99, method=0))
    raw = archive(
        Made("a/", b""), Made("a/b.txt", b"one"), Made("ä.txt", b"two" * 99, method=0)
    )
    opened = open_archive(raw, BUNDLE)
    assert opened.names == ("a/b.txt", "ä.txt")
    assert [opened.read(name) for name in opened.names] == [b"one", b"two" * 99]
    with zipfile.ZipFile(io.BytesIO(raw)) as same:
        assert same.read("a/b.txt") == b"one"


NAME = st.text(st.sampled_from("abÄé\u0301你 .-"), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..")
)


@given(
    st.dictionaries(NAME, st.binary(max_size=3_000) | st.just(b"a" * 90_000), max_size=6),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=30).filter(lambda comment: b"PK" not in comment),
)
def test_what_the_standard_library_packs_is_read(files, method: int, comment: bytes) -> None:
    folded = {unicodedata.normalize("NFC", name).casefold(): name for name in files}
    files = {name: files[name] for name in folded.values()}
    raw = zipped(files, method)
    raw = raw[:-2] + struct.pack("<H", len(comment)) + comment
    opened = open_archive(raw, BUNDLE)
    assert {name: opened.read(name) for name in opened.names} == {
        unicodedata.normalize("NFC", name): data for name, data in files.items()
    }


def test_an_archive_written_as_a_stream_is_read() -> None:
    class Stream(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.written += bytes(data)
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.txt", b"one" * 100)
        made.writestr("b.txt", b"two")
    assert open_archive(stream.written, BUNDLE).read("a.txt") == b"one" * 100


def test_no_archive_at_all() -> None:
    assert open_archive(archive(), BUNDLE).names == ()
    whole = zipped({"a.txt": b"text" * 100})
    for raw in (b"", b"PK\5\6", b"text", whole[:-1], whole[:-30], whole[: len(whole) // 2]):
        ((name, message),) = told(raw)
        assert name == ""
        assert "no zip archive" in message or "damaged" in message
    for raw in (b"x" + whole, whole + b"x"):
        assert "damaged" in told(raw)[0][1]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("/etc/passwd", "absolute name"),
        ("C:/a.txt", "absolute name"),
        ("\u212a:a.txt", "absolute name"),  # the Kelvin sign, which NFC makes a K
        ("../a.txt", "empty, . or .. part"),
        ("a/../b.txt", "empty, . or .. part"),
        ("a/..", "empty, . or .. part"),
        ("./a.txt", "empty, . or .. part"),
        ("a//b.txt", "empty, . or .. part"),
        ("a//", "empty, . or .. part"),
        ("", "empty, . or .. part"),
        ("a\\b.txt", "backslash"),
        ("..\\b.txt", "backslash"),
        ("a\x1b[2J.txt", "control or private-use"),
        ("a\0.txt", "control or private-use"),
        ("a\n.txt", "control or private-use"),
        ("a\x9b.txt", "control or private-use"),
        ("a\u202e.txt", "control or private-use"),
        ("a\ue000.txt", "control or private-use"),
        ("a\u2028.txt", "control or private-use"),
        (b"a\xff.txt", "not UTF-8"),
        (b"a\x81.txt", "not UTF-8"),
        ("a/b/c/d.txt", "too many folders: 2 are the most"),
        ("a/b/c/d/", "too many folders"),
        ("a" * 241, "over 240 characters"),
    ],
)
def test_a_name_that_is_refused(name: str | bytes, part: str) -> None:
    data = b"" if name and str(name)[-1] == "/" else b"text"
    for flags in (0, 0x800):
        ((_, message),) = told(archive(Made(name, data, flags=flags), Made("good.txt")))
        assert part in message


def test_no_name_takes_what_no_field_of_a_pack_takes() -> None:
    refused = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000]
    refused = [character for character in refused if _refused_by_schema(character)]
    assert len(refused) > 6_400
    for character in refused:
        ((_, message),) = told(archive(Made(f"a{character}b")))
        assert "control or private-use" in message


def _refused_by_schema(character: str) -> bool:
    if unicodedata.category(character) not in ("Cc", "Cf", "Co"):
        return False
    try:
        PassageFile(id="aa", title=f"a{character}", text="text")
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        (Made("a", mode=stat.S_IFLNK | 0o777), "link or a device"),
        (Made("a", mode=stat.S_IFLNK | 0o777, system=0), "link or a device"),
        (Made("a", mode=stat.S_IFLNK | 0o777, system=19), "link or a device"),
        (Made("a/", b"", mode=stat.S_IFLNK), "link or a device"),
        (Made("a", mode=stat.S_IFIFO), "link or a device"),
        (Made("a", mode=stat.S_IFCHR), "link or a device"),
        (Made("a", mode=stat.S_IFBLK), "link or a device"),
        (Made("a", mode=stat.S_IFSOCK), "link or a device"),
        (Made("a", mode=stat.S_IFDIR), "a file and a folder"),
        (Made("a/", b"text"), "a file and a folder"),
        (Made("a", flags=0x801), "encrypted"),
        (Made("a", flags=0x841), "encrypted"),
        (Made("a", method=12), "method 12"),
        (Made("a", method=14), "method 14"),
        (Made("a", method=9), "method 9"),
        (Made("a", method=0, local_method=8), "damaged"),
        (Made("a", local_name=b"b"), "damaged"),
        (Made("a", header=1), "damaged"),
        (Made("a", header=0xFFFFFFFF), "damaged"),
        (Made("a", n_packed=0xFFFFFFFF), "damaged"),
        (Made("a", n_packed=60), "damaged"),
        (Made("a", disk=1), "damaged"),
        (Made("a", n_bytes=3), "damaged"),
        (Made("a", n_bytes=5), "damaged"),
        (Made("a", n_bytes=0xFFFFFFFF), "damaged"),
        (Made("a", n_bytes=2, crc=zlib.crc32(b"te")), "damaged"),
        (Made("a", crc=1), "damaged"),
        (Made("a", method=0, n_bytes=3), "damaged"),
        (Made("a", packed=b"\xff\xff\xff"), "damaged"),
        (Made("a", packed=b""), "damaged"),
        (Made("a", packed=deflate(b"text")[:-1]), "damaged"),
        (Made("a", packed=deflate(b"text") + b"x"), "damaged"),
        (Made("a", b"x" * 70_000, packed=deflate(b"x" * 70_000) + b"x" * 70_000), "damaged"),
    ],
)
def test_an_entry_that_is_refused(entry: Made, part: str) -> None:
    ((_, message),) = told(archive(entry))
    assert part in message


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (("a.txt", "a.txt"), "named like a.txt but for case"),
        (("a.txt", "A.TXT"), "named like a.txt but for case"),
        (("straße", "STRASSE"), "but for case"),
        (("caf\u00e9", "cafe\u0301"), "but for case"),
        (("a/b", "A/c"), "named like a but for case"),
        (("a", "a/b"), "in a folder that is also a file"),
        (("a/b", "a"), "a file and also a folder"),
        (("a", "A/"), "in a folder that is also a file"),
        (("a/b/c", "A/B"), "but for case"),
    ],
)
def test_names_too_much_alike(names: tuple[str, ...], part: str) -> None:
    faults = told(archive(*(Made(name, b"" if name[-1] == "/" else b"x") for name in names)))
    assert part in faults[0][1]
    assert faults[0][0] == unicodedata.normalize("NFC", names[1])


def test_a_folder_named_twice_is_one() -> None:
    raw = archive(Made("a/", b""), Made("a/b"), Made("a/", b""), Made("a/c"))
    assert open_archive(raw, BUNDLE).names == ("a/b", "a/c")


def test_entries_that_share_bytes() -> None:
    one = Made("a", b"text" * 50)
    faults = told(archive(one, replace(one, name="b", local_name=b"a", header=0)))
    assert [message for _, message in faults] == [
        "the archive is damaged: get or make it again."
    ]
    # A quine-like bomb: the packed bytes of the first hold the header of the second.
    inner = archive(Made("b", b"text", method=0))[: 30 + 1 + 4]
    outer = Made("a", b"....." + inner, method=0)
    inside = Made("b", b"text", method=0, header=30 + 1 + 5)
    ((name, message),) = told(archive(outer, inside))
    assert (name, message.partition(":")[0]) == ("b", "shares bytes with a")


def test_all_faults_are_told_at_once() -> None:
    raw = archive(
        Made("../a"), Made("good"), Made("GOOD"), Made("b", mode=stat.S_IFLNK), Made("c\x1b")
    )
    assert [name for name, _ in told(raw)] == ["../a", "GOOD", "b", "c\ufffd"]
    faults = told(archive(*(Made(f"../{n}") for n in range(150))))
    assert len(faults) == MOST_FAULTS


def test_too_many_files_are_refused_at_once() -> None:
    whole = archive(*(Made(f"{n}") for n in range(200)))
    assert len(open_archive(whole, BUNDLE).names) == 200
    ((name, message),) = told(archive(*(Made(f"{n}") for n in range(201))))
    assert (name, "has 201 files and folders, at most 200" in message) == ("", True)
    # The claim is checked against what is there, in both directions.
    for claimed in (1, 3):
        assert "damaged" in told(archive(Made("a"), Made("b"), claimed=claimed))[0][1]
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 16)
    directory = entry * 690_000
    started = time.process_time()
    for n in (1, 200, 65_535):
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, n, n, len(directory), 0, 0)
        told(directory + end)
    assert time.process_time() - started < 1


def test_an_archive_in_parts_or_zip64_is_refused() -> None:
    raw = archive(Made("a"))
    parts = raw[:-18] + b"\1\0" + raw[-16:]
    assert "several parts" in told(parts)[0][1]
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    assert "ZIP64" in told(raw[:-22] + locator + raw[-22:])[0][1]


def test_bytes_are_counted_as_they_come() -> None:
    size = SMALL.most_bytes_each
    noise = random.Random(1).randbytes(size)
    for method in (0, 8):
        opened = open_archive(
            archive(*(Made(n, noise, method=method) for n in "ab"), Made("c", b"x")), SMALL
        )
        assert opened.read("a") == opened.read("b") == opened.read("a") == noise
        with pytest.raises(ZipFaults, match="files are over 2 MB in all"):
            opened.read("c")
        assert (
            "is over 1 MB" in told(archive(Made("a", noise + b"x", method=method)), SMALL)[0][1]
        )
        lying = Made("a", noise + b"x", method=method, n_bytes=10)
        assert "is over 1 MB" in told(archive(lying), SMALL)[0][1]


def test_what_unpacks_to_far_too_much_is_refused_soon() -> None:
    blank = b"\0" * ALLOWANCE
    assert open_archive(archive(Made("a", blank)), BUNDLE).read("a") == blank
    assert "100 times its size" in told(archive(Made("a", blank + b"\0")))[0][1]
    bomb = deflate(b"\0" * 50_000_000)
    started = time.process_time()
    for limits in (BUNDLE, EPUB):
        raw = archive(Made("a", b"", packed=bomb, n_bytes=10))
        assert "100 times its size" in told(raw, limits)[0][1]
    assert time.process_time() - started < 1


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ZipFaults, match=r"b\ufffd: is not in the archive: put it in\."):
        open_archive(archive(Made("a")), BUNDLE).read("b\x1b")


@given(st.data())
def test_a_changed_archive_is_refused_or_holds_what_it_held(data: st.DataObject) -> None:
    files = {"a.txt": b"one " * 30, "b/c.txt": b"two", "d": b""}
    raw = bytearray(zipped(files))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        opened: Archive = open_archive(bytes(raw), BUNDLE)
        found = [opened.read(name) for name in opened.names]
    except ZipFaults as error:
        assert all((name + message).isprintable() for name, message in error.faults)
    else:
        # Names are covered by no checksum, contents are.
        assert found == list(files.values())


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_any_bytes_are_an_archive_or_refused(before: bytes, comment: bytes) -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(before), 0, len(comment))
    for raw in (before, before + end + comment, b"PK\1\2" + before + end):
        try:
            open_archive(raw, BUNDLE)
        except ZipFaults as error:
            assert str(error)


def test_nothing_is_put_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_archive(archive(Made("a/b")), BUNDLE).read("a/b")
    assert list(tmp_path.iterdir()) == []
