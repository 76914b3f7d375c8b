"""`bitrace packs new` and `bake`: from a text to a pack that others can play."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, PackError
from engine.minds import INSTINCT, READER
from engine.scripted import ScriptedPredictor
from engine.words import words
from puzzles.documents import load_document
from puzzles.drafts import draft
from puzzles.load import load_pack, load_source
from puzzles.readings import read_readings
from puzzles.sources import open_source
from tui.packs import baking, beginning
from tui.packs.suggesting import (
    DISTANCE,
    LEAST_SAVED_BITS,
    MOST,
    MOST_READER_BITS,
    WORDS_EACH,
    choose,
    suggest,
)

PARAGRAPH = (
    "The ferry left the harbour at seven, and only four people had come aboard that morning. "
    "Ann, who kept the ledger, counted them twice, because the captain expected five. "
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a text in it."""
    monkeypatch.setenv("BITRACE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    essay = "---\ntitle: On ferries\nauthor: Ann\n---\n" + "\n\n".join([PARAGRAPH * 3] * 6)
    (tmp_path / "essay.md").write_text(essay, encoding="utf-8")
    return tmp_path


def saving(saved: dict[str, float]) -> ScriptedPredictor:
    """A model that saves some bits by remembering, by word."""

    def of(mind: Any, word: Any) -> float:
        return 2.0 if mind is READER else 2.0 + saved.get(word.text, 0.0)

    return ScriptedPredictor(of)


# ---- beginning ----


def test_an_empty_pack_plays_as_it_stands(home: Path, capsys: Any) -> None:
    assert beginning.run("", "", False, "") == 0
    assert "my-pack.toml" in capsys.readouterr().out
    pack = load_pack(home / "my-pack.toml")
    assert pack.id == "my-pack"
    assert len(pack.passages[0].targets) >= 3


def test_a_text_becomes_a_pack(home: Path, capsys: Any) -> None:
    assert beginning.run("ferries", "essay.md", False, "") == 0
    pack = load_pack(home / "ferries.toml")
    assert (pack.id, pack.title, pack.author) == ("ferries", "On ferries", "Ann")
    told = words((PARAGRAPH * 18).strip())
    found = [w.text for p in pack.passages for w in words(p.text.normalized)]
    assert found == [word.text for word in told]
    assert f"{len(pack.passages)} passages" in capsys.readouterr().out


def test_nothing_is_written_over(home: Path) -> None:
    (home / "mine.toml").write_text("precious")
    for id, text, output in (("mine", "", ""), ("", "essay.md", "mine.toml")):
        with pytest.raises(InputError, match="there already"):
            beginning.run(id, text, False, output)
    assert (home / "mine.toml").read_text() == "precious"


def test_suggestions_need_a_text(home: Path) -> None:
    with pytest.raises(InputError, match="--from"):
        beginning.run("", "", True, "")


# ---- suggesting ----


@given(
    st.dictionaries(st.integers(0, 300), st.floats(-5, 20), max_size=60), st.integers(1, 900)
)
def test_suggestions_are_the_best_that_stand_apart(saved: dict[int, float], n: int) -> None:
    chosen = choose(saved, n)
    most = min(MOST, max(1, n // WORDS_EACH))
    assert len(chosen) <= most
    assert list(chosen) == sorted(set(chosen))
    assert all(saved[word] >= LEAST_SAVED_BITS for word in chosen)
    assert all(b - a >= DISTANCE for a, b in pairwise(chosen))
    for word, bits in saved.items():
        if word not in chosen and bits >= LEAST_SAVED_BITS and len(chosen) < most:
            near = [one for one in chosen if abs(one - word) < DISTANCE]
            assert any(saved[one] >= bits for one in near), "a better one was passed over"


def test_words_are_marked_where_memory_pays(home: Path) -> None:
    begun = draft(load_document(home / "essay.md"))
    found = suggest(
        saving({"harbour": 9.0, "ledger": 9.0, "captain": 2.9, "Ann": 9.0}),
        begun,
        lambda f: None,
    )
    marked = {
        words(passage.text.normalized)[index].text
        for passage in found.passages
        for index in passage.marks
    }
    assert marked == {"harbour", "ledger"}, "Ann is too short, captain saves too little"


def test_where_reader_is_lost_too_nothing_is_marked(home: Path) -> None:
    def of(mind: Any, word: Any) -> float:
        return MOST_READER_BITS + 0.1 if mind is READER else 30.0

    begun = draft(load_document(home / "essay.md"))
    found = suggest(ScriptedPredictor(of), begun, lambda fraction: None)
    assert all(passage.marks == () for passage in found.passages)


def test_habit_is_asked_only_where_memory_has_a_chance(home: Path) -> None:
    asked: dict[str, int] = {}

    class Counting(ScriptedPredictor):
        def read(self, job: Any, *more: Any, **others: Any) -> Any:
            asked[job.mind.key] = asked.get(job.mind.key, 0) + len(job.words)
            return super().read(job, *more, **others)

    begun = draft(load_document(home / "essay.md"))
    fractions: list[float] = []
    suggest(Counting(lambda mind, word: 2.0 + 9 * (word.index % 2)), begun, fractions.append)
    assert 0 < asked[INSTINCT.key] < asked[READER.key]
    assert all(0 <= fraction <= 1 for fraction in fractions)


# ---- baking ----


def test_a_pack_that_comes_with_the_game_is_not_baked(home: Path) -> None:
    with pytest.raises(PackError, match="comes with the game"):
        baking.run("warm-up", (), -1)


def test_all_models_are_looked_at_before_any_reads(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beginning.run("mine", "", False, "")
    monkeypatch.setattr(baking, "open_engine", lambda *_, **__: pytest.fail("began to read"))
    with pytest.raises(InputError, match=r"no-such\.gguf"):
        baking.run("mine.toml", ("", str(home / "no-such.gguf")), -1)
    assert not (home / "mine.bitrace").exists()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Baking with scripts in the place of models; the files' names are their hashes."""
    closed: list[str] = []

    class Model(ScriptedPredictor):
        def load(self, loading: Any, on_progress: Any = None) -> Any:
            from concurrent.futures import Future
            from dataclasses import replace

            loaded = super().load(loading, on_progress).result()
            who = replace(
                loaded.identity,
                model=Path(loading.path).name,
                sha256=(Path(loading.path).name[0] * 64),
                file=Path(loading.path).name,
                window=2048,
                reading_version=2,
            )
            future: Future[Any] = Future()
            future.set_result(replace(loaded, identity=who))
            return future

        def close(self) -> None:
            closed.append("closed")
            super().close()

    monkeypatch.setattr(baking, "open_engine", lambda *_, **__: Model())
    monkeypatch.setattr(baking, "model_file", lambda typed: typed or "0-starter")
    return closed


def read_by(path: Path) -> list[str]:
    readings = read_readings(load_source(open_source(path)))
    assert readings.warnings == ()
    return sorted(one.identity.model for one in readings.readings)


def test_a_file_becomes_a_bundle_and_models_add_up(home: Path, scripted: list[str]) -> None:
    beginning.run("mine", "", False, "")
    assert baking.run("mine.toml", (), -1) == 0
    made = home / "mine.bitrace"
    assert read_by(made) == ["0-starter"]
    assert baking.run("mine.bitrace", ("a-model", "b-model"), -1) == 0
    assert read_by(made) == ["0-starter", "a-model", "b-model"]
    assert baking.run("mine.toml", ("a-model",), -1) == 0
    assert read_by(made) == ["0-starter", "a-model", "b-model"], "read again, not lost"
    assert len(scripted) == 4
    assert load_pack(made) == load_pack(home / "mine.toml")


def test_a_folder_gets_its_readings_beside_it(home: Path, scripted: list[str]) -> None:
    beginning.run("mine", "", False, "")
    (home / "mine").mkdir()
    (home / "mine.toml").rename(home / "mine" / "pack.toml")
    baking.run("mine", ("a-model",), -1)
    assert [path.name for path in (home / "mine" / "readings").iterdir()] == [
        f"{'a' * 16}-2.json"
    ]
    assert read_by(home / "mine") == ["a-model"]


def test_an_installed_pack_is_baked_where_it_is(home: Path, scripted: list[str]) -> None:
    from tui.packs import keeping

    beginning.run("mine", "", False, "")
    keeping.add("mine.toml", False)
    (home / "mine.toml").unlink()
    baking.run("mine", (), -1)
    assert read_by(home / "home" / "data" / "packs" / "mine.bitrace") == ["0-starter"]


# ---- the whole way, with the starter model ----


def test_from_an_essay_to_a_race_without_a_model(
    tmp_path: Path, starter_file: Path, bitrace: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    home = tmp_path / "home"
    (tmp_path / "essay.txt").write_text(PARAGRAPH * 3, encoding="utf-8")

    def run(*arguments: str, typed: str = "") -> str:
        done = bitrace(home, *arguments, typed=typed, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = run("packs", "new", "mine", "--from", "essay.txt", "--suggest-targets")
    marked = load_pack(tmp_path / "mine.toml").passages[0].targets
    assert f"{len(marked)} word" in told
    assert marked, "in a text that repeats itself memory pays"
    assert "no faults" in run("packs", "check", "mine.toml")
    run("packs", "bake", "mine.toml")
    run("packs", "add", "mine.bitrace")
    assert "SmolLM2" in run("packs", "list")
    assert "insight" in run("play", "mine", "--plain", "--yes", typed="\n" * len(marked))
