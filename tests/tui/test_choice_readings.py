"""Six words from their draw to the reveal: live, resumed, baked, and by the real model."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import choice
from engine.choice import EVEN, N_WORDS, renormalized, staked
from engine.errors import EngineError
from engine.ladder import Staircase
from engine.minds import (
    GOLDFISH,
    INSTINCT,
    READER,
    READING_VERSION,
    SAGE,
    STRANGER,
    Mind,
    guest_key,
    mind_of,
    short_memory,
)
from engine.predictor import Comparison, Loaded, Predictor
from engine.race import Drawn, Identity, Race
from engine.scripted import ScriptedPredictor, by_hash
from engine.starter import SHA256
from engine.words import Word, fold, words
from puzzles.load import Loaded as LoadedPack
from puzzles.load import load_source
from puzzles.readings import PackReading, pack_reading, read_readings, readings_files
from puzzles.sources import open_source
from tui.bake import bake, draw_sixes
from tui.beginning import Terms
from tui.choice_readings import baked_sixes
from tui.choose import Wish
from tui.company import Company
from tui.engine_room import STARTER, open_engine
from tui.opening import Opened, open_again, open_wish
from tui.paths import Paths
from tui.play import library_of, open_store
from tui.session import Listeners, Session
from tui.settings import Settings
from tui.stairs import stairs

PATIENCE_S = 20.0
ELSEWHERE = (
    "anchor barrel candle dagger engine feather garden hammer island jacket kettle ladder "
    "mirror needle orchard pillow quarry ribbon saddle tunnel"
)
PRIMER = "Four people live on this boat."
PREFACE = "Ann tells it."
ALL_MINDS = (GOLDFISH.key, READER.key, SAGE.key, STRANGER.key)

PACK = '''
format = 1
id = "harbour"
title = "The harbour"
[[passages]]
id = "ledger"
title = "The ledger"
text = """{one}"""
[[passages]]
id = "shore"
title = "The shore"
text = """{two}"""
'''
SHORE = f"On the shore lay {ELSEWHERE.replace(' ', ' and ')}, and nobody knew whose it was. "
BIG = Identity("Grande-70B", "grande.gguf", "ab" * 32, "Q4_1", READING_VERSION, "script", 2048)
SMALL = replace(BIG, model="SmolLM2", file="small.gguf", sha256=SHA256)
GUEST = guest_key(READER, BIG.sha256)
DRAWN, NONE, OTHERS = "drawn", "", "others"


class Asked(ScriptedPredictor):
    """Remembers what was asked of it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.drawn: list[Comparison] = []
        self.compared: list[Comparison] = []

    def first_tokens(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        self.drawn.append(comparison)
        return super().first_tokens(comparison)

    def compare(self, comparison: Comparison) -> Future[dict[int, tuple[float, ...]]]:
        self.compared.append(comparison)
        return super().compare(comparison)

    def read(self, *args: Any, **more: Any) -> Any:
        pytest.fail("bits among all words are of no use here")

    def top_words(self, *args: Any, **more: Any) -> Any:
        pytest.fail("best words would tell of others than the six")


class Nobody(Asked):
    """Is asked nothing."""

    def load(self, *args: Any, **more: Any) -> Any:
        pytest.fail("a model was loaded")

    def first_tokens(self, *args: Any, **more: Any) -> Any:
        pytest.fail("six words were drawn")

    def compare(self, *args: Any, **more: Any) -> Any:
        pytest.fail("words were compared")


Opening = Callable[..., Opened]


@pytest.fixture
def chosen(opened: Opening) -> Opening:
    """Begins a race with stakes on six words, none of which have been drawn."""

    def begin(**more: Any) -> Opened:
        terms = Terms(mode="choice", company=Company(minds=ALL_MINDS))
        rest = choice.vocabulary([words(ELSEWHERE)])
        return opened(
            **{"terms": terms, "elsewhere": rest, "primer": PRIMER, "preface": PREFACE, **more}
        )

    return begin


def play(
    session: Session,
    predictor: Predictor,
    until: int | None = None,
    faults: list[Any] | None = None,
) -> Race:
    """Play with even stakes until so many words have been shown, or to the end."""
    news = threading.Event()
    found: list[Any] = [] if faults is None else faults
    session.start(
        predictor, Listeners(news.set, lambda error: (found.append(error), news.set()))
    )
    give_up = time.monotonic() + PATIENCE_S
    while session.race.target != until and session.race.phase != "finished" and not found:
        news.clear()
        session.draw()
        session.reveal()
        race = session.race
        if race.phase == "writing":
            session.lock(race.to_write[0], staked(race.sixes[race.target], EVEN))
        else:
            news.wait(0.02)
        assert time.monotonic() < give_up, f"the race stands still: {race.phase}"
    session.stop()
    assert not found or faults is not None, found
    return session.race


def bits_by(script: Callable[[Mind, Word], float], mind: Mind, index: int, word: str) -> float:
    return script(mind, Word(index, 0, 0, word))


def drawn_by_hand(race: Race, normalized: str) -> dict[int, tuple[str, ...]]:
    """The six of each target, from the rules, as the script has first tokens."""
    elsewhere = choice.vocabulary([words(ELSEWHERE)])
    sixes: dict[int, tuple[str, ...]] = {}
    for number, target in enumerate(race.setup.targets):
        pooled = choice.pool(normalized, target.index, elsewhere)
        firsts = [
            -bits_by(by_hash, INSTINCT, target.index, word) for word in (target.word, *pooled)
        ]
        lot = choice.lot(race.setup.text_sha256, race.setup.draw.seed, target.index)
        six = choice.draw(target.word, pooled, firsts, lot)
        assert six is not None
        sixes[number] = six
    return sixes


def check_reveals(race: Race, script: Callable[[Mind, Word], float]) -> None:
    """Every mind is scored on the same six, and by its share among them."""
    for number, (target, reveal) in enumerate(
        zip(race.setup.targets, race.reveals, strict=True)
    ):
        six = race.sixes[number]
        assert reveal.six.keys() == {INSTINCT.key, *race.setup.minds}
        for key, bits in reveal.six.items():
            raw = [bits_by(script, mind_of(key), target.index, word) for word in six]
            assert bits == pytest.approx(renormalized(raw))
            assert math.fsum(2.0**-one for one in bits) == pytest.approx(1)
        at = six.index(target.word)
        assert reveal.instinct_bits == reveal.six[INSTINCT.key][at]
        assert reveal.minds == {key: reveal.six[key][at] for key in race.setup.minds}


# ---- drawn live ----


def test_six_are_drawn_once_and_all_minds_read_the_same(chosen: Opening) -> None:
    one, minds = chosen(), Asked()
    race = play(Session(one.store, one.race, one.text), minds)
    assert race.phase == "finished"
    assert dict(race.sixes) == drawn_by_hand(race, one.text.normalized)
    check_reveals(race, by_hash)
    (drawing,) = minds.drawn
    assert (drawing.role, drawing.mind, drawing.before) == (STARTER, INSTINCT, 0)
    assert drawing.asked.keys() == {target.index for target in race.setup.targets}
    for index, tried in drawing.asked.items():
        (target,) = (target for target in race.setup.targets if target.index == index)
        assert tried[0] == target.word
    asked = {target.index: race.sixes[n] for n, target in enumerate(race.setup.targets)}
    assert minds.compared[0].mind == INSTINCT
    by_mind = {comparison.mind.key: comparison for comparison in minds.compared}
    assert by_mind.keys() == {INSTINCT.key, *ALL_MINDS} and len(minds.compared) == 5
    assert all(comparison.asked == asked for comparison in minds.compared)
    # Each conditions on what it conditions on elsewhere.
    normalized = one.text.normalized
    before = {
        key: comparison.text.removesuffix(normalized) for key, comparison in by_mind.items()
    }
    assert before == {
        INSTINCT.key: "",
        GOLDFISH.key: "",
        STRANGER.key: "",
        READER.key: f"{PRIMER}\n\n",
        SAGE.key: f"{PREFACE}\n\n{PRIMER}\n\n",
    }
    assert all(len(before[key]) == comparison.before for key, comparison in by_mind.items())


def test_the_draw_is_waited_for_and_the_reading_is_not(chosen: Opening) -> None:
    one = chosen(terms=Terms(mode="choice"))
    held: dict[str, Future[Any]] = {}

    class Held(Asked):
        def first_tokens(self, comparison: Comparison) -> Future[Any]:
            held["draw"] = Future()
            self.drawn.append(comparison)
            return held["draw"]

        def compare(self, comparison: Comparison) -> Future[Any]:
            held[comparison.mind.key] = Future()
            self.compared.append(comparison)
            return held[comparison.mind.key]

    minds, script = Held(), ScriptedPredictor()
    session = Session(one.store, one.race, one.text)
    session.start(minds, Listeners())
    session.draw()
    assert (session.race.phase, minds.compared) == ("drawing", [])
    held["draw"].set_result(script.first_tokens(minds.drawn[0]).result())
    session.draw()
    assert session.race.phase == "writing"
    assert len(session.race.sixes) == 4, "all at once"
    session.lock(0, staked(session.race.sixes[0], EVEN))
    assert session.race.phase == "waiting"
    for comparison in minds.compared:
        assert not session.reveal(), "not before the last mind has read"
        assert session.race.target == 0
        assert not session.is_locked(comparison.mind.key)
        held[comparison.mind.key].set_result(script.compare(comparison).result())
        assert session.is_locked(comparison.mind.key)
    assert session.reveal()
    session.stop()
    one.store.close()


@pytest.mark.parametrize("what", ["first_tokens", "compare"])
def test_a_model_that_fails_is_told_once(
    chosen: Opening, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, minds, faults = chosen(), Asked(), list[Any]()

    def fail(*args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(EngineError("The engine died."))
        return future

    monkeypatch.setattr(minds, what, fail)
    race = play(Session(one.store, one.race, one.text), minds, faults=faults)
    assert [str(fault) for fault in faults] == ["The engine died."]
    assert race.target == 0
    one.store.close()


def test_the_result_is_there_before_its_staircase(raced: Callable[..., Race]) -> None:
    """Bits among six words are no steps of it, and of the others none has been read yet."""
    race = raced(("cook", 2.0, 1.0, "50"), ("soup", 3.0, 2.0, "20"), mode="choice")
    minds = (short_memory(0), INSTINCT, READER)
    at = tuple(target.index for target in race.setup.targets)
    nothing = Staircase(at, minds, {mind.key: {} for mind in minds})
    found = stairs(race, nothing, 0, 0, "cook")
    assert (found.own_bits, {stair.bits for stair in found.stairs}) == (None, {None})
    assert found.scale_bits > 0


# ---- left and gone on with ----


def test_a_race_that_was_left_keeps_its_words(chosen: Opening, paths: Paths) -> None:
    one = chosen()
    first = Session(one.store, one.race, one.text)
    race = play(first, Asked(), until=2)
    session = Session(one.store, race, one.text)
    session.start(Asked(), Listeners())
    session.lock(0, staked(race.sixes[2], EVEN))
    session.stop()
    one.store.close()

    again = open_again(open_store(paths), Settings())
    assert again is not None
    assert again.race.sixes == race.sixes == drawn_by_hand(race, one.text.normalized)
    assert (again.race.target, again.race.locked.keys()) == (2, {(0, 0), (1, 0), (2, 0)})

    minds = Asked()
    finished = play(Session(again.store, again.race, again.text), minds)
    assert (finished.phase, minds.drawn) == ("finished", []), "nothing is drawn again"
    left = {target.index for target in finished.setup.targets[2:]}
    assert all(comparison.asked.keys() == left for comparison in minds.compared)
    check_reveals(finished, by_hash)
    assert len(finished.locked) == 4
    again.store.close()


def test_where_some_were_drawn_only_the_others_are(chosen: Opening) -> None:
    one = chosen()
    expected = drawn_by_hand(one.race, one.text.normalized)
    race = one.store.append(one.race, [Drawn(0, expected[0]), Drawn(2, expected[2])])
    minds = Asked()
    finished = play(Session(one.store, race, one.text), minds)
    (drawing,) = minds.drawn
    targets = finished.setup.targets
    assert drawing.asked.keys() == {targets[1].index, targets[3].index}
    assert dict(finished.sixes) == expected
    check_reveals(finished, by_hash)
    one.store.close()


def test_another_seed_draws_others(chosen: Opening) -> None:
    sixes: list[Mapping[int, tuple[str, ...]]] = []
    for seed in (0, 1):
        one = chosen()
        setup = replace(one.race.setup, race_id=str(seed))
        setup = replace(setup, draw=replace(setup.draw, seed=seed))
        race = play(Session(one.store, one.store.begin(setup, one.text), one.text), Asked())
        assert dict(race.sixes) == drawn_by_hand(race, one.text.normalized)
        sixes.append(race.sixes)
        one.store.close()
    assert sixes[0] != sixes[1]


# ---- baked with a pack ----


def read_by(who: Identity, bits: float, loaded: LoadedPack, sixes: str) -> PackReading:
    """What a script says as if it were a model; of six words, of none, or of others."""

    def script(mind: Mind, word: Word) -> float:
        return bits + by_hash(mind, word) / 10

    predictor, pack = ScriptedPredictor(script), loaded.pack
    drawn = draw_sixes(predictor, "x", pack) if sixes else {}
    if sixes == OTHERS:
        drawn = {
            id: {index: six[::-1] for index, six in of.items()} for id, of in drawn.items()
        }
    model = Loaded(who, "CPU", 0, 30)
    return pack_reading(pack, who, bake(predictor, "x", model, pack, drawn, lambda part: None))


@pytest.fixture
def make_pack(tmp_path: Path, marked: str) -> Callable[..., Path]:
    """Writes a pack of two passages as a folder, with readings made by a script."""

    def make(*readings: Any, two: str = "", read_two: str = "") -> Path:
        folder = tmp_path / "harbour"
        folder.mkdir(exist_ok=True)
        file = folder / "pack.toml"
        text = two or SHORE * 2
        file.write_text(PACK.format(one=marked, two=read_two or text), encoding="utf-8")
        loaded = load_source(open_source(folder))
        made = [read_by(who, bits, loaded, sixes) for who, bits, sixes in readings]
        for name, raw in readings_files(made).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(raw)
        file.write_text(PACK.format(one=marked, two=text), encoding="utf-8")
        return folder

    return make


MakePack = Callable[..., Path]


def begun(paths: Paths, pack: Path, **more: Any) -> Opened:
    wish = Wish(what=str(pack / "ledger"), **{"players": ("ann",), "mode": "choice", **more})
    return open_wish(open_store(paths), wish, Settings(), library_of(paths))


def finished(one: Opened, predictor: Predictor, faults: list[Any] | None = None) -> Race:
    race = play(Session(one.store, one.race, one.text), predictor, faults=faults)
    one.store.close()
    return race


def test_words_that_come_with_a_pack_are_there_at_once(
    paths: Paths, make_pack: MakePack
) -> None:
    folder = make_pack((SMALL, 6.0, DRAWN))
    one = begun(paths, folder)
    (baked,) = read_readings(load_source(open_source(folder))).of("ledger")
    targets = one.race.setup.targets
    assert (len(targets), one.race.phase) == (4, "writing")
    assert one.race.setup.pool == (), "nothing is left to be drawn"
    assert one.race.sixes == {n: baked.sixes[at.index].words for n, at in enumerate(targets)}
    race = finished(one, Nobody())
    for target, reveal in zip(targets, race.reveals, strict=True):
        for key in (INSTINCT.key, *race.setup.minds):
            expected = renormalized(baked.sixes[target.index].bits[key])
            assert reveal.six[key] == pytest.approx(expected)
    assert race.instinct == SMALL


def test_a_race_on_baked_words_goes_on_when_its_pack_is_gone(
    paths: Paths, make_pack: MakePack
) -> None:
    folder = make_pack((SMALL, 6.0, DRAWN))
    one = begun(paths, folder)
    race = play(Session(one.store, one.race, one.text), Nobody(), until=1)
    one.store.close()
    for file in sorted(folder.rglob("*.*"), reverse=True):
        file.unlink()
    again = open_again(open_store(paths), Settings())
    assert again is not None and again.race.sixes == race.sixes
    assert finished(again, Nobody()).phase == "finished"


def test_another_seed_draws_live_beside_what_is_baked(
    paths: Paths, make_pack: MakePack
) -> None:
    folder = make_pack((SMALL, 6.0, DRAWN))
    first = begun(paths, folder)
    baked = baked_sixes(first.race.setup)
    first.store.close()
    one = begun(paths, folder, seed=3)
    assert len(baked) == 4 and baked_sixes(one.race.setup) == {}
    assert one.race.phase == "drawing"
    assert {"anchor", "tunnel"} <= {fold(word) for word in one.race.setup.pool}
    minds = Asked()
    left = play(Session(one.store, one.race, one.text), minds, until=2)
    assert left.instinct is not None
    assert left.instinct.model == "scripted", "who has read is named, not who had before"
    race = finished(replace(one, race=left), minds)
    assert len(minds.drawn) == 1
    assert race.sixes.keys() == baked.keys() and race.sixes != baked
    check_reveals(race, by_hash)  # not by what was baked of other words


def test_other_targets_than_those_baked_are_drawn_live(
    paths: Paths, make_pack: MakePack
) -> None:
    one = begun(paths, make_pack((SMALL, 6.0, DRAWN)), uniform=True, n_targets=6)
    minds = Asked()
    race = finished(one, minds)
    assert len(minds.drawn) == 1
    assert len(race.sixes) == len(race.setup.targets) > 3


def test_words_baked_before_another_text_changed_are_not_used(
    paths: Paths, make_pack: MakePack
) -> None:
    changed = SHORE * 2 + "Lantern, compass, rudder and harpoon lay there too."
    folder = make_pack((SMALL, 6.0, DRAWN), two=changed, read_two=SHORE * 2)
    one = begun(paths, folder)
    assert one.race.setup.baked, "what was read of this text still holds"
    assert (one.race.sixes, one.race.phase) == ({}, "drawing")
    assert {"compass", "harpoon"} <= {fold(word) for word in one.race.setup.pool}
    minds = Asked()
    race = finished(one, minds)
    assert len(minds.drawn) == 1
    check_reveals(race, by_hash)


@pytest.mark.parametrize(
    ("sixes", "more", "races"),
    [
        (DRAWN, {}, True),
        (NONE, {}, False),
        (DRAWN, {"seed": 3}, False),
        (DRAWN, {"uniform": True}, False),
        (NONE, {"mode": "open"}, True),
        (DRAWN, {"mode": "open", "seed": 3}, True),
    ],
)
def test_who_is_baked_races_on_six_words_if_those_are_baked_too(
    paths: Paths, make_pack: MakePack, sixes: str, more: dict[str, Any], races: bool
) -> None:
    one = begun(paths, make_pack((SMALL, 6.0, DRAWN), (BIG, 1.0, sixes)), **more)
    assert (GUEST in one.race.setup.minds) is races
    one.store.close()


def test_a_guest_is_scored_on_the_same_six(paths: Paths, make_pack: MakePack) -> None:
    folder = make_pack((SMALL, 6.0, DRAWN), (BIG, 1.0, DRAWN))
    one = begun(paths, folder)
    race = finished(one, Nobody())
    (big,) = (
        baked
        for baked in read_readings(load_source(open_source(folder))).of("ledger")
        if baked.identity == BIG
    )
    for number, (target, reveal) in enumerate(
        zip(race.setup.targets, race.reveals, strict=True)
    ):
        six = big.sixes[target.index]
        assert six.words == race.sixes[number]
        assert reveal.six[GUEST] == pytest.approx(renormalized(six.bits[READER.key]))
        assert reveal.minds[GUEST] == reveal.six[GUEST][six.words.index(target.word)]


@pytest.mark.parametrize("starter_sixes", [DRAWN, NONE])
def test_a_guest_that_was_read_on_other_words_does_not_race(
    paths: Paths, make_pack: MakePack, starter_sixes: str
) -> None:
    """Baked by other rules, or where the starter's are still to be drawn: nobody could read
    for it, and the race would wait for ever."""
    folder = make_pack((SMALL, 6.0, starter_sixes), (BIG, 1.0, OTHERS))
    one = begun(paths, folder)
    assert GUEST not in one.race.setup.minds
    assert finished(one, Asked()).phase == "finished"


# ---- with the starter model ----


@pytest.fixture
def engine(paths: Paths, starter_file: Path) -> Iterator[Predictor]:
    """The real one, in its process."""
    found = open_engine(paths)
    yield found
    found.close()


def test_the_real_model_draws_and_reads_as_it_did_for_the_packs(
    paths: Paths, engine: Predictor, unbaked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live, on the first passage of the first pack, against what was baked of it."""
    from puzzles.builtin import open_builtin

    (baked,) = read_readings(open_builtin("warm-up")).of("milk-money")
    wish = Wish(what="warm-up/milk-money", players=("ann",), mode="choice")
    one = open_wish(open_store(paths), wish, Settings(), library_of(paths))
    assert (one.race.setup.baked, one.race.phase) == ((), "drawing")
    race = finished(one, engine)
    assert race.phase == "finished"
    assert race.instinct is not None and race.instinct.sha256 == SHA256
    same = race.instinct.backend == baked.identity.backend
    for number, (target, reveal) in enumerate(
        zip(race.setup.targets, race.reveals, strict=True)
    ):
        six = race.sixes[number]
        assert target.word in six and len({fold(word) for word in six}) == N_WORDS
        assert reveal.six.keys() == {INSTINCT.key, READER.key, GOLDFISH.key}
        for key, bits in reveal.six.items():
            assert math.fsum(2.0**-one for one in bits) == pytest.approx(1)
            if same:
                expected = renormalized(baked.sixes[target.index].bits[key])
                assert bits == pytest.approx(expected, abs=1e-5)
        assert not same or six == baked.sixes[target.index].words
        assert reveal.minds[READER.key] == reveal.six[READER.key][six.index(target.word)]
    # It has understood something, and habit has not.
    assert race.mind_total(READER.key).bits < race.instinct_bits
    hindsight_six = [reveal.six for reveal in race.reveals]
    assert all(len(bits) == N_WORDS for six in hindsight_six for bits in six.values())
