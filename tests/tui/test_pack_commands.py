"""`bitrace packs` as a user meets it, and as a stranger's pack does: what is printed, byte for
byte, what it ends with, and what is on disk afterwards.

`bake` and `new` have tests of their own.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from puzzles.builtin import builtin_ids
from tui.packs.listing import fitted

TEXT = "word " * 57 + "\nWho? The [[thief]].\n"
HEAD = 'format = 1\nid = "harbor"\ntitle = "Harbour"\n'
GOOD = f"{HEAD}[[passages]]\nid = 'one'\ntitle = 'The lamp'\ntext = '''{TEXT}'''\n"
NAMED = f"{HEAD}[[passages]]\nid = 'one'\ntitle = 'The lamp'\nfile = 'lamp.txt'\n"
TEN_FAULTS = f"""format = 2
id = "Harbor"
title = "H\\u001b[2J"
colour = "red"
[[passages]]
id = "one"
title = "T"
text = '''
{TEXT} [[two words]]
[[9]] [[
'''
[[passages]]
id = "one"
title = " "
text = "Too short."
theme = 7
"""
MARKUP = "[/] [red]x[/red] [@click=app.quit]go[/]"

Command = Callable[..., CompletedProcess[str]]


def zipped(files: dict[str, str | bytes], mode: int = 0) -> bytes:
    """A bundle; `mode` is that of its last file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, (name, content) in enumerate(files.items()):
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (mode if n == len(files) - 1 else 0) << 16
            archive.writestr(info, content)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a user stands."""
    path = tmp_path / "desk"
    path.mkdir()
    (path / "harbor.toml").write_text(GOOD)
    return path


@pytest.fixture
def packs(
    bitrace: Command, folder: Path, tmp_path: Path, unsafe: Callable[[str], set[str]]
) -> Command:
    """Runs `bitrace packs`; nothing it prints can act on a terminal."""

    def run(*arguments: str, code: int = 0, **more: Any) -> CompletedProcess[str]:
        done = bitrace(tmp_path / "home", "packs", *arguments, cwd=folder, **more)
        assert done.returncode == code, done.stdout + done.stderr
        assert not unsafe(done.stdout + done.stderr)
        assert "Traceback" not in done.stderr
        assert not any(0xE000 <= ord(c) <= 0xF8FF for c in done.stdout + done.stderr)
        return done

    return run


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file() and not path.is_symlink()
        else None
        for path in folder.rglob("*")
    }


# ---- the life of a pack ----


def test_a_pack_is_added_shown_and_removed(packs: Command, folder: Path, tmp_path) -> None:
    before = tree(folder)
    done = packs("add", "harbor.toml")
    assert done.stdout == "Added Harbour: play it with `bitrace play harbor`.\n"
    assert done.stderr == ""
    listed = packs("list").stdout.splitlines()
    assert [line.split()[0] for line in listed[1:]] == [*builtin_ids(), "harbor"]
    assert "Harbour" in listed[-1]
    shown = packs("show", "harbor").stdout
    assert shown.startswith("Harbour (harbor, version 1)\n")
    assert "The lamp" in shown and "No readings are baked in." in shown
    assert "thief" not in shown and "Who?" not in shown
    again = packs("add", "harbor.toml", code=1)
    assert (again.stdout, "installed already" in again.stderr) == ("", True)
    assert again.stderr.count("\n") == 1
    assert packs("add", "harbor.toml", "--replace").stdout.startswith("Added Harbour")
    assert packs("remove", "harbor").stdout == "Removed harbor. Races on it are kept.\n"
    gone = packs("show", "harbor", code=1)
    assert "There is no pack 'harbor': there are warm-up" in gone.stderr
    assert tree(folder) == before


def test_the_json_forms(packs: Command) -> None:
    packs("add", "harbor.toml")
    listed = json.loads(packs("list", "--format", "json").stdout)
    assert list(listed) == ["packs", "broken"]
    assert [pack["id"] for pack in listed["packs"]] == [*builtin_ids(), "harbor"]
    assert listed["broken"] == []
    shown = json.loads(packs("show", "harbor", "--format", "json").stdout)
    (passage,) = shown.pop("passages")
    assert shown == listed["packs"][-1]
    assert shown["n_words"] == passage["n_words"] == 60
    assert (shown["builtin"], shown["models"], passage["n_targets"]) == (False, [], 1)
    assert "thief" not in json.dumps(shown) + json.dumps(passage)


def test_a_bundle_passes_a_pack_around(packs: Command, folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "pack.toml").write_text(NAMED)
    (folder / "mine" / "lamp.txt").write_text(TEXT)
    (folder / "mine" / "key.toml").write_text("secret")
    done = packs("bundle", "mine")
    assert done.stdout.startswith(
        str(folder / "harbor.bitrace") + ": Harbour, without readings"
    )
    with zipfile.ZipFile(folder / "harbor.bitrace") as archive:
        assert archive.namelist() == ["lamp.txt", "pack.toml"]
    packs("bundle", "mine/", "--output", "other.bitrace")
    raw = (folder / "harbor.bitrace").read_bytes()
    assert (folder / "other.bitrace").read_bytes() == raw
    packs("add", "harbor.bitrace")
    assert "The lamp" in packs("show", "harbor").stdout
    for where in ("nowhere/x.bitrace", "mine"):
        failed = packs("bundle", "mine", "-o", where, code=1)
        assert "cannot be written" in failed.stderr
    assert sorted(path.name for path in folder.iterdir()) == [
        *("harbor.bitrace", "harbor.toml"),
        *("mine", "other.bitrace"),
    ]


def test_the_schema_says_what_the_loader_does(packs: Command) -> None:
    schema = json.loads(packs("schema").stdout)
    assert schema["title"] == "bitrace pack"
    assert schema["required"] == ["format", "id", "title", "passages"]
    assert schema["additionalProperties"] is False
    passage = schema["$defs"]["PassageFile"]
    assert passage["oneOf"] == [{"required": ["text"]}, {"required": ["file"]}]
    assert "theme" in passage["properties"]


@pytest.mark.parametrize(
    "arguments",
    [["add"], ["add", "a", "b"], ["remove"], ["check"], ["show"], ["list", "x"], ["nonsense"]],
)
def test_usage_errors(packs: Command, tmp_path: Path, arguments: list[str]) -> None:
    assert "Usage: bitrace packs" in packs(*arguments, code=2).stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["add", "nothing.toml"], "nothing.toml: this file does not exist: check the path."),
        (["add", "."], "no pack.toml in this folder"),
        (["add", "a\x1bb.toml"], "a\ufffdb.toml: this file does not exist"),
        (["add", "~nobody-of-that-name/x"], "There can be no file"),
        (["remove", "warm-up"], "comes with the game"),
        (["remove", "../../desk/harbor"], "There is no pack '../../desk/harbor'"),
        (["show", "\x1b[2J"], r"There is no pack '\x1b[2J'"),
        (["bundle", "nothing"], "does not exist"),
    ],
)
def test_what_cannot_be_done(packs: Command, folder: Path, arguments, part: str) -> None:
    before = tree(folder)
    done = packs(*arguments, code=1)
    assert done.stdout == ""
    assert part in done.stderr
    assert done.stderr.count("\n") == 1
    assert tree(folder) == before


# ---- check ----


def test_a_good_pack_is_checked(packs: Command, folder: Path, tmp_path: Path) -> None:
    done = packs("check", "harbor.toml", "--no-model")
    assert done.stdout.splitlines()[-1] == "harbor.toml: no faults."
    assert "warning: harbor.toml, author: nobody is told who wrote it: add it." in done.stdout
    row = next(line for line in done.stdout.splitlines() if "The lamp" in line)
    assert row.split() == ["one", "The", "lamp", "60", "1", "1"]
    assert not (tmp_path / "home").exists()


def test_all_of_ten_faults_are_told(packs: Command, folder: Path) -> None:
    (folder / "ten.toml").write_text(TEN_FAULTS)
    done = packs("check", "ten.toml", code=1)
    *lines, last = done.stdout.splitlines()
    assert last == f"ten.toml: {len(lines)} faults."
    told = json.loads(packs("check", "ten.toml", "--format", "json", code=1).stdout)
    assert list(told) == ["faults", "warnings", "packs"]
    assert (told["warnings"], told["packs"][0]["passages"]) == ([], [])
    assert {tuple(one) for one in told["faults"]} == {
        ("file", "line", "passage", "field", "message")
    }
    at = len(TEXT.splitlines())
    expected = [
        ("ten.toml", 1, None, "format"),
        ("ten.toml", 2, None, "id"),
        ("ten.toml", 3, None, "title"),
        ("ten.toml", 4, None, "colour"),
        ("ten.toml", 9 + at, "one", "text"),
        ("ten.toml", 10 + at, "one", "text"),
        ("ten.toml", 10 + at, "one", "text"),
        ("ten.toml", 13 + at, "one", "id"),
        ("ten.toml", 14 + at, "one", "title"),
        ("ten.toml", 15 + at, "one", "text"),
        ("ten.toml", 16 + at, "one", "theme"),
    ]
    assert [
        (one["file"], one["line"], one["passage"], one["field"]) for one in told["faults"]
    ] == expected
    assert len(lines) == len(expected)
    for line, one in zip(lines, told["faults"], strict=True):
        assert line.endswith(f"{one['field']}: {one['message']}")


def test_faults_of_text_files_and_of_several_packs(packs: Command, folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "pack.toml").write_text(NAMED)
    (folder / "mine" / "lamp.txt").write_text(TEXT + "\n[[a b]]")
    (folder / "mine" / "notes.txt").write_text("x")
    done = packs("check", "mine", "harbor.toml", "gone", "--no-model", code=1)
    assert "lamp.txt, line 4, passage one: [[a b]] holds 2 words" in done.stdout
    assert "mine: 1 fault." in done.stdout
    assert "harbor.toml: no faults." in done.stdout
    assert "gone: this file does not exist" in done.stdout
    done = packs("check", "mine", "harbor.toml", "--no-model", "--format", "json", code=1)
    told = json.loads(done.stdout)
    assert [(one["file"], one["line"]) for one in told["faults"]] == [("mine/lamp.txt", 4)]
    assert [(one["file"], one["field"]) for one in told["warnings"]] == [
        ("harbor.toml", "author"),
        ("harbor.toml", "license"),
        ("harbor.toml", None),
    ]
    assert [pack["name"] for pack in told["packs"]] == ["mine", "harbor.toml"]
    assert [len(pack["passages"]) for pack in told["packs"]] == [0, 1]


def test_a_fault_says_of_which_pack_it_is(packs: Command, folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "pack.toml").write_text(HEAD)
        (folder / name / "x.toml").write_text(HEAD)
        (folder / name / "x.bitrace").write_bytes(b"PK")
        (folder / name / "y.bitrace").write_bytes(zipped({"pack.toml": GOOD, "../x": "x"}))
    several = ["a", "a/x.toml", "b/x.toml", "a/x.bitrace", "b/y.bitrace", "a/gone.toml"]
    told = json.loads(packs("check", *several, "--format", "json", code=1).stdout)
    assert [one["file"] for one in told["faults"]] == [
        *("a/pack.toml", "a/x.toml", "b/x.toml"),
        *("a/x.bitrace", "b/y.bitrace/../x", "a/gone.toml"),
    ]


def test_an_installed_pack_is_checked_by_its_id(packs: Command, folder: Path) -> None:
    packs("add", "harbor.toml")
    (folder / "harbor.toml").unlink()
    done = packs("check", "harbor", *builtin_ids(), "--no-model")
    assert "harbor: no faults." in done.stdout
    assert "warm-up: no faults." in done.stdout


# ---- strangers ----


def test_markup_is_shown_as_it_stands(packs: Command, folder: Path) -> None:
    text = f"{MARKUP} {TEXT}"
    (folder / "markup.toml").write_text(
        GOOD.replace("Harbour", MARKUP).replace("The lamp", "[/] [red]").replace(TEXT, text)
        + 'source = "[bold]"\n'
    )
    done = packs("check", "markup.toml", "--no-model")
    assert "[/] [red]" in done.stdout
    packs("add", "markup.toml")
    assert "[/] [red]x[/red] [@click=app.quit]" in packs("list").stdout
    shown = packs("show", "harbor").stdout
    assert shown.startswith(MARKUP + " (harbor")
    assert "[/] [red]" in shown


def test_markup_in_faults_is_told_as_it_stands(packs: Command, folder: Path) -> None:
    (folder / "[red].toml").write_text(GOOD + '"[/]" = 1\n' + GOOD.partition("\n[[")[2][:0])
    done = packs("check", "[red].toml", code=1)
    assert done.stdout.startswith("[red].toml, line ")
    assert "[/]: unknown key" in done.stdout


@pytest.mark.parametrize("command", ["check", "add", "bundle"])
def test_every_hostile_string_in_every_field(
    packs: Command, folder: Path, tmp_path: Path, command: str, hostile: tuple[str, ...]
) -> None:
    passages = "".join(
        f"[[passages]]\nid = 'p{n}'\ntitle = {json.dumps(text)}\n{json.dumps(text)} = 1\n"
        f"source = {json.dumps(text)}\nfile = {json.dumps(text + '.txt')}\n"
        for n, text in enumerate(hostile)
    )
    source = HEAD.replace('"Harbour"', json.dumps("".join(hostile))) + passages
    (folder / "bad.toml").write_text(source)
    (folder / "bad").mkdir()
    (folder / "bad" / "pack.toml").write_text(source)
    before = tree(folder)
    for name in ("bad.toml", "bad"):
        done = packs(command, name, code=1)
        told = done.stdout if command == "check" else done.stderr
        assert told.count("\n") > 2 * len(hostile)
    assert tree(folder) == before
    assert not (tmp_path / "home" / "data" / "packs").exists()


def strangers(folder: Path) -> dict[str, str]:
    """Packs that mean harm, by what is said of them."""
    blank = b"a" * 40_000_000
    lying = zipped({"pack.toml": NAMED, "lamp.txt": blank})
    lying = lying.replace(struct.pack("<L", len(blank)), struct.pack("<L", 300))
    link = zipped({"pack.toml": GOOD, "l": "/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    (folder / "bomb.bitrace").write_bytes(zipped({"pack.toml": b"#" * 40_000_000}))
    (folder / "lying.bitrace").write_bytes(lying)
    (folder / "escape.bitrace").write_bytes(zipped({"pack.toml": GOOD, "../../x.txt": "x"}))
    (folder / "absolute.bitrace").write_bytes(zipped({"pack.toml": GOOD, "/tmp/x.txt": "x"}))
    (folder / "link.bitrace").write_bytes(link)
    (folder / "alike.bitrace").write_bytes(zipped({"pack.toml": GOOD, "PACK.toml": GOOD}))
    (folder / "name.bitrace").write_bytes(zipped({"pack.toml": GOOD, "\x1b]0;x\x07": "x"}))
    (folder / "title.toml").write_text(GOOD.replace("Harbour", "H\\u001b]0;owned\\u0007"))
    (folder / "brackets.toml").write_text(HEAD + "a = " + "[" * 1_000_000)
    (folder / "text.toml").write_text(GOOD.replace(TEXT, "[" * 1_000_000))
    (folder / "raw.toml").write_bytes(GOOD.encode().replace(b"Harbour", b"\x1b[2J\x9b\xff"))
    (folder / "leads.toml").write_text(NAMED.replace("lamp.txt", "../../../etc/x.txt"))
    (folder / "none.bitrace").write_bytes(b"PK\5\6")
    return {
        "bomb.bitrace": "100 times its size",
        "lying.bitrace": "100 times its size",
        "escape.bitrace": ".. part",
        "absolute.bitrace": "absolute name",
        "link.bitrace": "link or a device",
        "alike.bitrace": "but for case",
        "name.bitrace": "control or private-use",
        "title.toml": "U+001B",
        "brackets.toml": "nested too deeply",
        "text.toml": "over 500,000 characters",
        "raw.toml": "not valid UTF-8",
        "leads.toml": "need a folder",
        "none.bitrace": "no zip archive",
    }


def test_strangers_are_refused_and_leave_nothing(
    packs: Command, bitrace: Command, folder: Path, tmp_path: Path, unsafe
) -> None:
    expected = strangers(folder)
    home, before = tmp_path / "home", tree(folder)
    around = {path.name for path in tmp_path.iterdir()}
    done = packs("check", *expected, "--format", "json", code=1)
    told = json.loads(done.stdout)
    assert len(told["faults"]) == len(expected)
    for (name, part), one in zip(expected.items(), told["faults"], strict=True):
        assert one["file"].startswith(name)
        assert part in one["message"], name
    done = packs("check", *expected, code=1)
    assert done.stdout.count("1 fault.") == len(expected)
    for name in ("bomb.bitrace", "escape.bitrace", "title.toml"):
        done = packs("add", name, code=1)
        assert (done.stdout, expected[name] in done.stderr) == ("", True)
        assert done.stderr.count("\n") == 1
    assert not (home / "data" / "packs").exists()
    # Played, they leave no race, and nothing outside the home.
    for name, part in expected.items():
        if name in ("lying.bitrace", "link.bitrace", "title.toml", "text.toml", "raw.toml"):
            done = bitrace(home, "play", name, "--plain", cwd=folder)
            assert done.returncode == 1
            assert part in done.stderr
            assert not unsafe(done.stdout + done.stderr)
            assert "Traceback" not in done.stderr
    done = bitrace(home, "resume", "--plain", cwd=folder)
    assert "No race has been left open" in done.stderr
    assert tree(folder) == before
    assert {path.name for path in tmp_path.iterdir()} <= around | {"home"}


def test_a_damaged_pack_is_listed_and_in_nobodys_way(packs: Command, folder, tmp_path) -> None:
    packs("add", "harbor.toml")
    (folder / "lamp.toml").write_text(GOOD.replace("harbor", "lamp").replace("Harbour", "Lamp"))
    packs("add", "lamp.toml")
    installed = tmp_path / "home" / "data" / "packs"
    (installed / "harbor.bitrace").write_bytes(b"\x1b[2J no zip")
    (installed / "dangling.bitrace").symlink_to("nowhere")
    listed = packs("list").stdout
    for id in ("harbor", "dangling"):
        assert f" damaged: {id}.bitrace: " in listed
    assert "Lamp" in listed
    told = json.loads(packs("list", "--format", "json").stdout)
    assert [one["id"] for one in told["broken"]] == ["dangling", "harbor"]
    assert "no zip archive" in packs("show", "harbor", code=1).stderr
    packs("remove", "harbor")
    packs("remove", "dangling")
    assert "damaged" not in packs("list").stdout


def test_readings_that_are_not_used_are_told(packs: Command, folder: Path) -> None:
    name = f"readings/{'ab' * 8}-2.json"
    (folder / "read.bitrace").write_bytes(zipped({"pack.toml": GOOD, name: '{"\x1b[2J": 1}'}))
    for command in (["check", "--no-model"], ["add"], ["bundle", "-o", "out.bitrace"]):
        done = packs(*command, "read.bitrace")
        told = done.stdout if command[0] == "check" else done.stderr
        assert f"warning: {name}: these readings are damaged and not used" in told
    with zipfile.ZipFile(folder / "out.bitrace") as archive:
        assert archive.namelist() == ["pack.toml"]
    assert "No readings are baked in." in packs("show", "harbor").stdout


def test_a_home_that_cannot_be_used(bitrace: Command, folder: Path) -> None:
    (folder / "file").touch()
    done = bitrace(folder / "file", "packs", "add", "harbor.toml", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Nothing has changed." in done.stderr
    done = bitrace(folder / "file", "packs", "list", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")


def test_titles_in_a_column_have_its_width() -> None:
    for text in ("", "a" * 99, "字" * 40, "a" + "字" * 40, "e\u0301" * 40, "[red]" * 20):
        shown = fitted(text, 36)
        from rich.cells import cell_len

        assert cell_len(shown) == 36
        assert shown.rstrip("… ") in text
    assert fitted("\x1b[2J", 8) == "\ufffd[2J    "
