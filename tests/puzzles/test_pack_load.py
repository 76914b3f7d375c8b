"""Packs from files: what is read, and how all that is wrong is told."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BitraceError, PackError
from puzzles.faults import MOST_SHOWN, Fault, PackFaults
from puzzles.files import MOST_BYTES
from puzzles.load import Pack, load_pack
from puzzles.markup import parse
from puzzles.report import MOST_WORDS, MOST_WORDS_IN_ALL
from puzzles.schema import MOST_PASSAGES, PackFile, PassageFile

WORDS = "word " * 57
HEAD = 'format = 1\nid = "harbor"\ntitle = "Harbour"\n'
PASSAGE = f"""[[passages]]
id = "ferry-ledger"
title = "The ledger"
text = '''
{WORDS}
Who? The [[thief]].'''
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


def load(folder: Path, source: str | bytes) -> Pack:
    path = folder / "harbor.toml"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return load_pack(path)


def faults(folder: Path, source: str | bytes) -> tuple[Fault, ...]:
    with pytest.raises(PackFaults) as raised:
        load(folder, source)
    told = raised.value.faults
    assert str(raised.value).split("\n")[:MOST_SHOWN] == [str(f) for f in told[:MOST_SHOWN]]
    assert all(str(fault).isprintable() for fault in told)
    return told


def fault(folder: Path, source: str | bytes) -> Fault:
    (only,) = faults(folder, source)
    return only


def test_a_pack_of_the_least(folder: Path) -> None:
    pack = load(folder, HEAD + PASSAGE)
    (passage,) = pack.passages
    expected = parse(f"{WORDS}\nWho? The [[thief]].")
    assert (passage.text, passage.targets) == (expected.text, expected.targets)
    assert pack.sha256 == hashlib.sha256((HEAD + PASSAGE).encode()).hexdigest()
    assert (pack.version, pack.language, pack.author, passage.primer) == ("1", "en", "", "")
    with pytest.raises(FrozenInstanceError):
        pack.id = "other"  # type: ignore[misc]


def test_a_pack_of_everything(folder: Path) -> None:
    head = HEAD + (
        'author = "A"\nlicense = "CC0-1.0"\nlanguage = "pt-BR"\nversion = "2.0"\n'
        'description = "Two\\n\\tlines."\n'
    )
    more = 'source = "S"\ntheme = "m"\nprimer = "Cafe\u0301\\r\\n"\npreface = "\u200c\u200d"\n'
    pack = load(folder, head + PASSAGE + more.replace("\\r", ""))
    assert (pack.author, pack.license, pack.language) == ("A", "CC0-1.0", "pt-BR")
    assert (pack.version, pack.description) == ("2.0", "Two\n\tlines.")
    passage = pack.passage("ferry-ledger")
    assert (passage.source, passage.theme, passage.title) == ("S", "m", "The ledger")
    assert (passage.primer, passage.preface) == ("Café", "\u200c\u200d")


def test_line_ends_and_byte_order_mark_change_nothing(folder: Path) -> None:
    plain = load(folder, HEAD + PASSAGE)
    windows = load(folder, b"\xef\xbb\xbf" + (HEAD + PASSAGE).replace("\n", "\r\n").encode())
    assert windows.passages == plain.passages
    assert windows.sha256 != plain.sha256


def test_an_unknown_passage_is_answered_with_those_there_are(folder: Path) -> None:
    pack = load(folder, HEAD + PASSAGE + PASSAGE.replace("ferry-ledger", "lamp"))
    assert pack.passage("lamp").id == "lamp"
    with pytest.raises(
        PackError, match=r"no passage '\\x1b': choose one of ferry-ledger, lamp"
    ):
        pack.passage("\x1b")


def test_all_faults_are_told_at_once(folder: Path) -> None:
    source = (
        'format = 2\nid = "Harbor"\ntitle = "H\\u001b"\ncolour = "red"\n'
        + PASSAGE.replace("[[thief]]", "[[tall thief]] [[x")
        + 'file = "lamp.txt"\n'
        + PASSAGE.replace("title", "theme").replace("Who?", "\\u202e\u202e")
        + '[[passages]]\nid = "a b"\ntitle = 3\ntext = "Too short."\n'
    )
    assert [(f.line, f.passage, f.field) for f in faults(folder, source)] == [
        (1, None, "format"),
        (2, None, "id"),
        (3, None, "title"),
        (4, None, "colour"),
        (10, "ferry-ledger", "text"),
        (10, "ferry-ledger", "text"),
        (11, "ferry-ledger", "file"),
        (12, "ferry-ledger", "title"),
        (13, "ferry-ledger", "id"),
        (17, "ferry-ledger", "text"),
        (19, "number 3", "id"),
        (20, "number 3", "title"),
        (21, "number 3", "text"),
    ]
    with pytest.raises(PackFaults) as raised:
        load(folder, source)
    lines = str(raised.value).split("\n")
    assert lines[3].startswith("harbor.toml, line 4, colour: unknown key: leave it out (")
    assert lines[6].startswith(
        "harbor.toml, line 11, passage ferry-ledger, file: there is a `text` too: leave one"
    )
    assert lines[7].endswith("passage ferry-ledger, title: this key is missing: add it.")
    assert "passage number 1 has this id" in lines[8]
    assert lines[10].startswith("harbor.toml, line 19, passage number 3, id: must be 2 to 40")
    assert "has 2 words, a passage 60 to 20,000: write more" in lines[12]


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("format", "true", "must be 1"),
        ("format", "1.0", "must be 1"),
        ("format", '"1"', "must be 1"),
        ("format", "0x" + "f" * 5_000, "must be 1"),
        ("id", '"a"', "2 to 40"),
        ("id", f'"{"a" * 41}"', "2 to 40"),
        ("id", '"ab\\n"', "2 to 40"),
        ("id", '"äb"', "2 to 40"),
        ("title", '" \\t"', "is blank"),
        ("title", f'"{"a" * 121}"', "over 120 characters"),
        ("title", '"a\\nb"', "U+000A"),
        ("title", '"a\\tb"', "U+0009"),
        ("title", "['a']", "must be text"),
        ("language", '"english language"', "language code"),
        ("version", "1", "must be text"),
        ("author", "1979-05-27", "must be text"),
        ("license", "{a = 1}", "must be text"),
        ("description", f'"{"a" * 2_001}"', "over 2,000 characters"),
    ],
)
def test_a_key_of_the_pack_that_breaks_a_rule(folder, key: str, value: str, part: str) -> None:
    lines = [line for line in HEAD.splitlines() if not line.startswith(f"{key} ")]
    told = fault(folder, "\n".join([*lines, f"{key} = {value}", PASSAGE]))
    assert part in told.message
    assert (told.field, told.line) == (key, len(lines) + 1)


@pytest.mark.parametrize(
    "character",
    "\0\x07\x1b\x7f\x85\x9b\u061c\u200e\u200f\u202a\u202e\u2066\u2069\ue000\U000f0000",
)
@pytest.mark.parametrize("model", [PackFile, PassageFile])
def test_no_field_takes_a_hostile_character(folder, character: str, model) -> None:
    escape = f"\\U{ord(character):08X}"
    fields = [name for name in model.model_fields if name not in ("format", "passages")]
    pack = {"id": "harbor", "title": "Harbour"}
    passage = {"id": "one", "title": "T", "text": WORDS + "and so on"}
    chosen = pack if model is PackFile else passage
    for name in fields:
        chosen[name] = chosen.get(name, "en") + escape
    source = "format = 1\n" + "".join(f'{key} = "{value}"\n' for key, value in pack.items())
    source += "[[passages]]\n" + "".join(f'{k} = "{v}"\n' for k, v in passage.items())
    assert {told.field for told in faults(folder, source)} == set(fields)


@pytest.mark.parametrize(
    ("passages", "part"),
    [
        ("", "this key is missing: add it"),
        ("passages = []", f"1 to {MOST_PASSAGES} passages: add one"),
        ("passages = 'x'", "must be tables"),
        ("[passages]\nid = 'one'", "must be tables"),
        ("passages = [1]", "must be a table"),
        ("[[passages]]\n" * (MOST_PASSAGES + 1), f"1 to {MOST_PASSAGES} passages: divide it"),
    ],
)
def test_passages_that_are_none(folder: Path, passages: str, part: str) -> None:
    (told,) = (told for told in faults(folder, HEAD + passages) if part in told.message)
    assert told.field == (None if "[1]" in passages else "passages")


def test_an_unknown_key_cannot_act_on_the_terminal(folder: Path) -> None:
    told = fault(folder, HEAD + f'"\\u001b[2J{"x" * 100}" = 1\n' + PASSAGE)
    assert "unknown key" in told.message
    assert told.field is not None
    assert told.field.isprintable()
    assert len(told.field) == 40


def test_the_most_passages_are_not_too_many(folder: Path) -> None:
    passages = [PASSAGE.replace("ferry-ledger", f"p{n}") for n in range(MOST_PASSAGES + 1)]
    assert len(load(folder, HEAD + "".join(passages[1:])).passages) == MOST_PASSAGES
    assert f"1 to {MOST_PASSAGES} passages" in fault(folder, HEAD + "".join(passages)).message


def test_the_number_of_words_is_bounded(folder: Path) -> None:
    def passage(n_words: int) -> str:
        return f'{HEAD}[[passages]]\nid = "one"\ntitle = "T"\ntext = "{"w " * n_words}"\n'

    for n_words in (60, MOST_WORDS):
        load(folder, passage(n_words))
    assert "has 59 words" in fault(folder, passage(59)).message
    assert "has 20,001 words" in fault(folder, passage(MOST_WORDS + 1)).message
    assert "over 500,000 characters" in fault(folder, passage(250_001)).message


@pytest.mark.parametrize(
    ("source", "line", "part"),
    [
        (b"\xffid", None, "not valid UTF-8 (byte 0)"),
        (b"id\0", None, "a binary file"),
        (HEAD + "title = 'again'", 4, "Cannot overwrite a value"),
        (HEAD + "author = \x1b", 4, "Invalid value"),
        (HEAD + "author = '", 4, "Expected"),
        (HEAD + 'author = "\\[["', 4, r"(\\[[ for plain brackets)"),
        (HEAD + f"author = {'9' * 5_000}", None, "a number or a nesting is too long"),
        (HEAD + "author = " + "[" * 4_000_000, 4, "nested too deeply"),
        (HEAD + "a = 1\n" * 700_000, 10_001, "too many keys"),
        ("a." * 2_000_000, 1, "nested too deeply"),
        (b"#" * (MOST_BYTES + 1), None, "over 5 MB"),
    ],
)
def test_a_file_that_is_no_pack(
    folder, source: str | bytes, line: int | None, part: str
) -> None:
    started = time.process_time()
    told = fault(folder, source)
    assert part in told.message
    assert (told.file, told.line, told.passage, told.field) == ("harbor.toml", line, None, None)
    assert time.process_time() - started < 5


def test_a_path_that_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for path, part in [
        (folder / "no\x1bne.toml", "does not exist"),
        (folder, "no pack.toml in this folder"),
        (folder / "pipe", "not an ordinary file"),
        (Path("/dev/zero"), "not an ordinary file"),
        (folder / "a\0b", "does not exist"),
        (folder / ("a" * 5_000), "cannot be read"),
    ]:
        with pytest.raises(PackFaults, match=part) as raised:
            load_pack(path)
        assert str(raised.value).isprintable()


def test_the_message_of_very_many_faults_is_short(folder: Path) -> None:
    passage = PASSAGE.replace("[[thief]]", "[[a b]] " * 30)
    source = HEAD + "".join(passage.replace("ferry", f"f{i}") for i in range(MOST_PASSAGES))
    told = faults(folder, source)
    assert len(told) == 20 * MOST_PASSAGES
    more = f"There are {len(told) - MOST_SHOWN} faults more"
    with pytest.raises(PackFaults, match=rf"\n{more}\.\Z") as raised:
        load(folder, source)
    assert str(raised.value).count("\n") == MOST_SHOWN


@given(st.binary(max_size=200))
def test_any_bytes_load_or_are_refused(folder: Path, raw: bytes) -> None:
    with pytest.raises(BitraceError):
        load(folder, raw)


TOMLISH = st.sampled_from(
    [
        *[
            "format = 1\n",
            "id = ",
            "title = ",
            "text = ",
            "passages = ",
            "[[passages]]\n",
            "\n",
        ],
        *["[", "]", "{", "}", "=", ",", ".", "'", '"', '"""\n', "\\", "#", "[passages]\n", "x"],
        *["1", "true", "1.5", "1979-05-27", '"one"\n', "'[[a]]'\n", f'"{WORDS} [[a]] b c"\n'],
        *[
            "\u202e",
            "\ue000",
            "\\u0000",
            "'\\''",
            "inf",
            "-1",
            "'''",
            "passages.",
            "[[x",
            "é\u0301",
        ],
    ]
)


@given(st.lists(TOMLISH, max_size=25), st.booleans())
def test_whatever_looks_like_toml_loads_or_is_refused(folder: Path, parts, head: bool) -> None:
    try:
        pack = load(folder, HEAD * head + "".join(parts))
    except PackFaults as error:
        assert error.faults
        assert all(str(told).isprintable() for told in error.faults)
    else:
        assert pack.passages


def test_a_pack_has_half_a_million_words(folder: Path) -> None:
    """Each passage is within its limit; together they are more than anybody loads in a wink."""
    long = "word " * MOST_WORDS

    def pack(n: int) -> str:
        return HEAD + "".join(
            f'[[passages]]\nid = "p{i:02}"\ntitle = "P"\ntext = "{long}"\n' for i in range(n)
        )

    fits = MOST_WORDS_IN_ALL // MOST_WORDS
    assert len(load(folder, pack(fits)).passages) == fits
    assert "over 500,000 words in all" in fault(folder, pack(fits + 1)).message
