"""From what was asked for to a passage with its targets."""

from __future__ import annotations

import zipfile
from collections.abc import Set
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import InputError, PackError
from engine.words import sha256, words
from puzzles.builtin import TUTORIAL, builtin_ids, load_builtin
from puzzles.library import Library
from tui import choose as choosing
from tui.choose import Chosen, Wish, next_passage

FILLER = "The ferry left the harbour at seven, and only four people had come aboard. "
PACK = """
format = 1
id = "mine"
title = "Mine"

[[passages]]
id = "first"
title = "The first"
source = "me"
primer = "Read this."
preface = "Say that."
text = '''{marked}'''

[[passages]]
id = "second"
title = "The second"
text = '''{unmarked}'''
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pack(folder: Path) -> Path:
    """A pack with a marked passage of five targets, and one without marks."""
    marked = FILLER * 5 + "".join(f"Then came the [[{word}]] at once. " for word in "abcde")
    file = folder / "mine.toml"
    file.write_text(PACK.format(marked=marked, unmarked=FILLER * 9), encoding="utf-8")
    return file


@pytest.fixture
def long(folder: Path) -> Path:
    """A text of three excerpts or more, each paragraph with its number."""
    file = folder / "long.txt"
    paragraphs = [f"Paragraph{number} begins. " + FILLER * 7 for number in range(12)]
    file.write_text("\n\n".join(paragraphs), encoding="utf-8")
    return file


def wish(what: object = None, **more: object) -> Wish:
    return replace(Wish(what=None if what is None else str(what)), **more)


def choose(wish: Wish, played: Set[str]) -> Chosen:
    """With no packs but the built-in ones."""
    nowhere = Path("no packs here")
    found = choosing.find(wish, Library(nowhere, nowhere))
    return choosing.choose(wish, found, played)


def n_words(chosen: Chosen) -> int:
    return len(words(chosen.text.normalized))


# ---- packs ----


def test_without_a_wish_the_first_warm_up() -> None:
    pack = load_builtin(TUTORIAL)
    chosen = choose(Wish(), set())
    first = pack.passages[0]
    assert chosen.title == f"{pack.title} · {first.title}"
    assert chosen.text == first.text
    assert chosen.draw.how == "marked"
    assert [target.word for target in chosen.targets] == [word.text for word in first.targets]
    assert chosen.pack is not None
    assert (chosen.pack.id, chosen.pack.sha256) == (pack.id, pack.sha256)
    assert chosen.passage == first.id
    assert chosen.origin == ""


def test_a_folder_named_like_a_pack_is_not_asked_for(folder: Path) -> None:
    (folder / TUTORIAL).mkdir()
    assert choose(Wish(), set()).pack is not None
    assert choose(wish(TUTORIAL), set()).pack is not None


def test_passages_come_one_after_the_other() -> None:
    pack = load_builtin(TUTORIAL)
    played: set[str] = set()
    found: list[str] = []
    for _ in pack.passages:
        chosen = choose(wish(TUTORIAL), played)
        found.append(chosen.passage)
        played.add(chosen.text.sha256)
    assert found == [passage.id for passage in pack.passages]
    assert next_passage(pack, played) == pack.passages[0], "then the first again"


def test_a_passage_by_its_name() -> None:
    chosen = choose(wish("warm-up/last-bus"), set())
    assert chosen.passage == "last-bus"
    assert len(chosen.targets) == 8
    with pytest.raises(PackError, match="no passage 'nothing': choose one of milk-money"):
        choose(wish("warm-up/nothing"), set())


def test_a_pack_in_a_file(pack: Path) -> None:
    chosen = choose(wish(pack.name), set())
    assert chosen.title == "Mine · The first"
    assert chosen.origin == str(pack)
    assert chosen.pack is not None
    assert chosen.pack.id == "mine"
    assert (chosen.primer, chosen.source) == ("Read this.", "me")
    assert chosen.primer_sha256 == sha256("Read this.")
    assert chosen.preface_sha256 == sha256("Say that.")
    second = choose(wish(pack), {chosen.text.sha256})
    assert second.passage == "second"
    assert second.draw.how == "returning"
    assert second.primer_sha256 is None
    assert len(second.targets) == 8


def test_a_faulty_pack_tells_where(folder: Path) -> None:
    (folder / "bad.toml").write_text("format = 1\nid = 'bad'\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"bad\.toml"):
        choose(wish("bad.toml"), set())


@pytest.mark.parametrize(
    ("n", "kept"),
    [(1, "e"), (2, "ae"), (3, "ace"), (4, "abde"), (5, "abcde"), (200, "abcde")],
)
def test_fewer_targets_of_a_marked_passage_keep_the_last(pack: Path, n: int, kept: str) -> None:
    chosen = choose(wish(pack, n_targets=n), set())
    found = "".join(target.word for target in chosen.targets)
    assert len(found) == len(kept)
    assert found[-1] == "e"
    assert found[0] == kept[0]
    assert sorted(set(found)) == list(found), "in the order of the text, none twice"
    assert chosen.draw.how == "marked"
    assert chosen.draw.n == len(kept)


def test_any_word_may_be_drawn_from_a_marked_passage(pack: Path) -> None:
    chosen = choose(wish(pack, uniform=True, n_targets=3), set())
    assert chosen.draw.how == "uniform"
    assert len(chosen.targets) == 3


@pytest.mark.parametrize("more", [{"whole": True}, {"from_word": "ferry"}])
def test_parts_of_a_pack_cannot_be_asked_for(more: dict[str, object]) -> None:
    with pytest.raises(InputError, match="--from and --whole are for texts"):
        choose(wish("warm-up", **more), set())


# ---- texts ----


def test_a_file_wins_over_a_pack_of_its_name(folder: Path) -> None:
    (folder / "warm-up").write_text(FILLER * 9, encoding="utf-8")
    chosen = choose(wish("warm-up"), set())
    assert chosen.pack is None
    assert chosen.title == "warm-up"
    assert chosen.origin == str(folder / "warm-up")
    assert choose(wish("warm-up/last-bus"), set()).pack is not None


def test_a_text_of_up_to_four_hundred_words_is_raced_whole(folder: Path) -> None:
    (folder / "short.txt").write_text(FILLER * 6, encoding="utf-8")
    chosen = choose(wish("short.txt"), set())
    assert chosen.text.shown == (FILLER * 6).strip()
    assert chosen.passage == chosen.title == "short.txt"
    assert choose(wish("short.txt"), {chosen.text.sha256}) == chosen


def test_excerpts_advance_when_they_have_been_played(long: Path) -> None:
    played: set[str] = set()
    starts: list[int] = []
    whole = long.read_text(encoding="utf-8")
    while (chosen := choose(wish(long), played)).text.sha256 not in played:
        assert 240 <= n_words(chosen) <= 400 or starts
        starts.append(whole.index(chosen.text.shown))
        played.add(chosen.text.sha256)
    assert len(starts) >= 3
    assert starts == sorted(starts)
    assert chosen.text.shown.startswith("Paragraph0")


def test_from_a_word_or_its_number(long: Path) -> None:
    played = {choose(wish(long), set()).text.sha256}
    at = choose(wish(long, from_word="Paragraph5"), played)
    assert at.text.shown.startswith("Paragraph5 begins.")
    assert 240 <= n_words(at) <= 400
    whole = long.read_text(encoding="utf-8")
    number = 1 + [word.text for word in words(whole)].index("Paragraph5")
    assert choose(wish(long, from_word=str(number)), set()).text == at.text
    with pytest.raises(InputError, match="no word 'nowhere'"):
        choose(wish(long, from_word="nowhere"), set())
    with pytest.raises(InputError, match="no word number '99999'"):
        choose(wish(long, from_word="99999"), set())


def test_the_whole_text(long: Path) -> None:
    chosen = choose(wish(long, whole=True), set())
    assert chosen.text.shown == long.read_text(encoding="utf-8").strip()


def test_targets_are_the_same_for_everybody_and_follow_the_seed(long: Path) -> None:
    usual = choose(wish(long), set())
    assert choose(wish(long), set()) == usual
    assert len(usual.targets) == 8
    assert usual.draw == replace(usual.draw, how="returning", n=8, seed=0)
    other = choose(wish(long, seed=1), set())
    assert other.text == usual.text
    assert other.targets != usual.targets
    assert other.draw.seed == 1
    assert len(choose(wish(long, n_targets=20), set()).targets) == 20
    uniform = choose(wish(long, uniform=True), set())
    assert uniform.draw.how == "uniform"
    assert uniform.targets != usual.targets


@pytest.mark.parametrize("what", ["short.txt", "short.md"])
def test_a_text_that_is_too_short(folder: Path, what: str) -> None:
    (folder / what).write_text("Only these words. " * 3, encoding="utf-8")
    with pytest.raises(InputError, match="The text has 9 words: a race needs at least 60"):
        choose(wish(what), set())


# ---- what is not there ----


@pytest.mark.parametrize("what", ["nothing", "nothing/at-all", "no\x1bsuch", "[/]"])
def test_an_unknown_name_lists_the_packs(folder: Path, what: str) -> None:
    with pytest.raises(InputError) as told:
        choose(wish(what), set())
    assert str(told.value).isprintable()
    assert repr(what) in str(told.value)
    assert ", ".join(builtin_ids()) in str(told.value)


@pytest.mark.parametrize(
    "what",
    ["~nobody-of-that-name/x.txt", "x" * 300, "a/" * 3000, "nul\0in it", "not\udcffutf8"],
)
def test_a_name_that_no_file_can_have(folder: Path, what: str) -> None:
    with pytest.raises(InputError) as told:
        choose(wish(what), set())
    assert str(told.value).isprintable()


@pytest.mark.parametrize("what", ["texts", ".", "", "~"])
def test_a_folder_is_not_a_text(folder: Path, what: str) -> None:
    (folder / "texts").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        choose(wish(what), set())


# ---- packs in folders, bundles and the library; books ----


def test_a_folder_and_its_passages_can_be_named(folder: Path, pack: Path) -> None:
    (folder / "box").mkdir()
    pack.rename(folder / "box" / "pack.toml")
    assert choose(wish("box"), set()).passage == "first"
    chosen = choose(wish("box/second"), set())
    assert (chosen.passage, chosen.origin) == ("second", str(folder / "box"))
    with pytest.raises(PackError, match="no passage 'third'"):
        choose(wish("box/third"), set())


def test_a_passage_of_a_file_can_be_named(pack: Path) -> None:
    assert choose(wish("mine.toml/second"), set()).passage == "second"


def test_no_file_stands_in_the_way_of_a_pack_asked_for_by_its_id(folder: Path) -> None:
    (folder / "warm-up").mkdir()
    (folder / "warm-up" / "last-bus").write_text(FILLER * 9)
    assert choose(wish("warm-up/last-bus"), set()).pack is None
    assert choose(wish("warm-up/last-bus", by_id=True), set()).passage == "last-bus"


def test_an_installed_pack_goes_by_its_id(folder: Path, pack: Path) -> None:
    library = Library(folder / "packs", folder / "index")
    library.add(pack)
    pack.unlink()
    found = choosing.find(wish("mine/second"), library)
    chosen = choosing.choose(wish("mine/second"), found, set())
    assert (chosen.passage, chosen.origin) == ("second", "")


def test_no_excerpt_of_a_book_goes_across_chapters(folder: Path) -> None:
    chapters = {f"c{n}": f"Chapter{n} begins. " + FILLER * 20 for n in range(3)}
    book(folder / "book.epub", {"front": "A short word before.", **chapters})
    played: set[str] = set()
    found: list[str] = []
    for _ in range(3):
        chosen = choose(wish("book.epub"), played)
        played.add(chosen.text.sha256)
        found.append(chosen.text.shown.partition(" ")[0])
        assert chosen.text.shown.count("begins.") == 1
    assert found == ["Chapter0", "Chapter1", "Chapter2"]
    whole = choose(wish("book.epub", whole=True), set())
    assert whole.text.shown.count("begins.") == 3


def book(path: Path, chapters: dict[str, str]) -> None:
    """An EPUB of plain chapters."""
    items = "".join(
        f'<item id="{id}" href="{id}.xhtml" media-type="application/xhtml+xml"/>'
        for id in chapters
    )
    spine = "".join(f'<itemref idref="{id}"/>' for id in chapters)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("mimetype", "application/epub+zip")
        made.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
        )
        made.writestr(
            "book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/>'
            f"<manifest>{items}</manifest><spine>{spine}</spine></package>",
        )
        for id, text in chapters.items():
            made.writestr(
                f"{id}.xhtml",
                f'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{text}</p></body></html>',
            )
