"""Plain texts from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.words import Text, prepare
from puzzles.files import MOST_BYTES
from puzzles.texts import load_text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts")


def load(folder: Path, name: str, raw: bytes | str) -> Text:
    path = folder / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return load_text(path)


@pytest.mark.parametrize("name", ["essay.txt", "essay", "essay.py"])
def test_a_text_is_taken_as_it_is(folder: Path, name: str) -> None:
    raw = "\ufeff---\r\na: b\r\n---\r\nIt’s [[here]] \x1b[2J\u202e.\n\n```\ncode\n```\n"
    assert load(folder, name, raw) == prepare(raw.removeprefix("\ufeff"))


@pytest.mark.parametrize(
    ("markdown", "prose"),
    [
        ("---\ntitle: A\n\n---\nText.\n", "Text."),
        ("---  \r\ntitle: A\r\n...\r\nText.\r\n", "Text."),
        ("---\nnever closed\n", "---\nnever closed"),
        ("Text.\n---\na: b\n---\n", "Text.\n---\na: b\n---"),
        ("----\na: b\n----\n", "----\na: b\n----"),
        ("one\n```python\ncode\n\n```\ntwo", "one\n\ntwo"),
        ("one\n~~~ a`b\n```\n~~~~ \ntwo", "one\n\ntwo"),
        ("one\n````\n```\ncode\n````\ntwo", "one\n\ntwo"),
        ("one\n```\ncode\n``` not yet\n```\ntwo", "one\n\ntwo"),
        ("one\n   ```\ncode\n   ```\ntwo", "one\n\ntwo"),
        ("one\n```\nnever closed", "one"),
        ("one ```\ntwo\n``` ", "one ```\ntwo"),
        ("one\n```inline``` code\ntwo", "one\n```inline``` code\ntwo"),
        ("one\n    ```\ntwo", "one\n    ```\ntwo"),
        ("# A *b* [c](d) `e` <f>", "# A *b* [c](d) `e` <f>"),
    ],
)
@pytest.mark.parametrize("name", ["essay.md", "ESSAY.MD"])
def test_of_markdown_front_matter_and_code_are_left_out(
    folder: Path, name: str, markdown: str, prose: str
) -> None:
    assert load(folder, name, markdown).shown == prose


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"a\0b", "is a binary file"),
        (b"a\xff", r"not valid UTF-8 \(byte 1\)"),
        (b"", "has no text"),
        (b"\xef\xbb\xbf \n\t\r\n", "has no text"),
        (b"```\ncode\n```\n", "has no text"),
        (b"a" * (MOST_BYTES + 1), "over 5 MB"),
    ],
)
def test_what_is_no_text(folder: Path, raw: bytes, part: str) -> None:
    with pytest.raises(InputError, match=rf"essay\.md .*{part}"):
        load(folder, "essay.md", raw)


def test_the_largest_text_is_read(folder: Path) -> None:
    assert len(load(folder, "essay.txt", b"a" * MOST_BYTES).shown) == MOST_BYTES


def test_a_path_that_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for path, part in [
        (folder / "\x1b[2J\u202e.txt", "does not exist"),
        (folder, "is a folder"),
        (folder / "pipe", "not an ordinary file"),
        (folder / "a\0b", "does not exist"),
        (folder / ("a" * 5_000), "cannot be read"),
    ]:
        with pytest.raises(InputError, match=part) as raised:
            load_text(path)
        assert str(raised.value).isprintable()
        assert len(str(raised.value)) < 200


def test_a_file_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (folder / "mine.txt").write_text("text")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"mine\.txt cannot be read \(permission denied\)"):
        load_text(folder / "mine.txt")


@given(st.binary(max_size=100), st.sampled_from(["a.md", "a.txt"]))
def test_any_bytes_are_a_text_or_refused(folder: Path, raw: bytes, name: str) -> None:
    try:
        text = load(folder, name, raw)
    except InputError as error:
        assert str(error).isprintable()
    else:
        assert text == prepare(text.shown)


@given(st.lists(st.sampled_from(["```", "~~~~", "---", "a", "", "\r", " ```x`", "    ```"])))
def test_any_markdown_is_a_text_or_empty(folder: Path, lines: list[str]) -> None:
    try:
        text = load(folder, "a.md", "\n".join(lines))
    except InputError as error:
        assert "has no text" in str(error)
    else:
        assert set(text.shown.split("\n")) <= set(
            prepare("\n".join(lines)).shown.split("\n")
        ) | {""}


def test_marks_that_would_take_minutes_to_compose_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("One line.\nTwo a" + "\u0301\u0316" * 40_000, encoding="utf-8")
    with pytest.raises(InputError, match="over 50 combining marks in a row in line 2"):
        load_text(path)
    path.write_text("e" + "\u0301" * 50, encoding="utf-8")
    assert load_text(path).shown
