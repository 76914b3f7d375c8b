"""Six words that come with a pack: there and back, when they are used, and those there are."""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.baked import Baked, Six
from engine.choice import N_WORDS, pool
from engine.ladder import RUNGS
from engine.minds import INSTINCT, READER, READING_VERSION
from engine.race import Identity
from engine.starter import SHA256
from engine.words import fold, words
from puzzles.builtin import builtin_ids, open_builtin
from puzzles.bundle import bundle
from puzzles.load import Loaded, load_source
from puzzles.readings import Readings, pack_reading, read_readings, readings_files
from puzzles.sources import bundle_source, open_source
from tui.bake import targets_of
from tui.pools import elsewhere_in

TEXT = "the ferry left the harbour with captain cook thief girl and a ledger "
N_TEXT = 5
PACK = """
format = 1
id = "harbor"
title = "H"
[[passages]]
id = "one"
title = "T"
text = "{one}"
[[passages]]
id = "two"
title = "T"
text = "{two}"
"""
AT = 20
WORD = words(TEXT * N_TEXT)[AT].text
SIX = ("anchor", "barrel", WORD, "candle", "dagger", "engine")
BITS = {"reader": (4.0, 1 / 3, 0.5, 900.0, 6.25, 0.0), "instinct": (1.0, 2, 3, 4, 5, 6)}
IDENTITY = Identity("SmolLM2", "s.gguf", SHA256, "Q4_1", READING_VERSION, "CPU", 2048)


def open_pack(folder: Path, one: str = TEXT * N_TEXT, two: str = "other " * 60) -> Loaded:
    path = folder / "harbor.toml"
    path.write_text(PACK.format(one=one, two=two))
    return load_source(open_source(path))


def baked(n_words: int, sixes: dict[int, Six]) -> Baked:
    return Baked(
        IDENTITY,
        {mind: dict.fromkeys(range(n_words), 2.0) for mind in ("reader", "instinct")},
        {},
        {f"memory_{rung}": {AT: 1.0} for rung in RUNGS},
        sixes,
    )


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return open_pack(tmp_path)


@pytest.fixture
def files(loaded: Loaded) -> dict[str, bytes]:
    """A pack's readings as files: the first passage has six words at one place."""
    n_words = [len(words(passage.text.normalized)) for passage in loaded.pack.passages]
    both = {"one": baked(n_words[0], {AT: Six(SIX, BITS)}), "two": baked(n_words[1], {})}
    return readings_files([pack_reading(loaded.pack, IDENTITY, both)])


def read(loaded: Loaded, files: dict[str, bytes]) -> Readings:
    return read_readings(load_source(bundle_source(bundle(loaded, files), "h.bitrace")))


def changed(files: dict[str, bytes], change: Any) -> dict[str, bytes]:
    """The same files after a change to the first passage's six words, or to the whole."""
    ((name, raw),) = files.items()
    body = copy.deepcopy(json.loads(raw))
    change(body)
    return {name: json.dumps(body).encode()}


# ---- there and back ----


def test_six_words_come_back_as_they_were_baked(loaded: Loaded, files: Any) -> None:
    found = read(loaded, files)
    assert found.warnings == ()
    (one,) = found.of("one")
    (six,) = one.sixes.values()
    assert (list(one.sixes), six.words) == ([AT], SIX)
    assert six.bits == {
        "reader": (4.0, 0.333333, 0.5, 900.0, 6.25, 0.0),
        "instinct": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
    }
    (two,) = found.of("two")
    assert two.sixes == {}
    assert one.at([AT]).sixes == one.sixes
    assert one.at([AT + 1]).sixes == {}


def test_a_reading_from_before_there_were_sixes_is_used_for_all_else(
    loaded: Loaded, files: Any
) -> None:
    def older(body: Any) -> None:
        del body["texts_sha256"]
        for passage in body["passages"].values():
            del passage["sixes"]

    found = read(loaded, changed(files, older))
    assert found.warnings == ()
    (one,) = found.of("one")
    assert (one.sixes, one.bits["reader"][AT]) == ({}, 2.0)


# ---- when they are used ----


def test_they_are_not_used_where_another_text_of_the_pack_has_changed(
    tmp_path: Path, files: Any
) -> None:
    """Other words could stand among the six now; what was read of this text still holds."""
    other = open_pack(tmp_path, two="other " * 60 + "words")
    found = read(other, files)
    (one,) = found.of("one")
    assert (one.sixes, one.bits["reader"][AT]) == ({}, 2.0)
    assert [fault.passage for fault in found.warnings] == ["two"], "that one is stale"


def test_nor_where_it_is_not_said_which_texts_they_were_drawn_from(
    loaded: Loaded, files: Any
) -> None:
    without = changed(files, lambda body: body.update(texts_sha256=None))
    (one,) = read(loaded, without).of("one")
    assert one.sixes == {}


def six_in(body: Any) -> Any:
    return body["passages"]["one"]["sixes"][str(AT)]


def with_word(place: int, word: str) -> Any:
    return lambda body: six_in(body)["words"].__setitem__(place, word)


@pytest.mark.parametrize(
    "change",
    [
        with_word(2, "feather"),
        with_word(0, "barrel"),
        with_word(0, "BARREL"),
        with_word(0, "two words"),
        with_word(0, ""),
        with_word(0, "\x1b[2J"),
        with_word(0, "safe\u202egnp"),
        lambda body: six_in(body)["bits"].update(nobody=[1.0] * 6),
        lambda body: body["passages"]["one"]["sixes"].update({"999": six_in(body)}),
        lambda body: body["passages"]["one"]["sixes"].update({str(AT + 1): six_in(body)}),
    ],
)
def test_sixes_that_do_not_fit_their_passage_are_told(
    loaded: Loaded, files: Any, change: Any
) -> None:
    found = read(loaded, changed(files, change))
    assert found.of("one") == ()
    assert len(found.of("two")) == 1
    (fault,) = found.warnings
    assert (fault.passage, "does not fit its passage" in fault.message) == ("one", True)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: six_in(body).update(words=list(SIX[:5])),
        lambda body: six_in(body).update(words=[*SIX, "feather"]),
        lambda body: six_in(body)["bits"].update(reader=[1.0] * 5),
        lambda body: six_in(body)["bits"].update(reader=[1.0] * 7),
        lambda body: six_in(body)["bits"].update(reader=[-1.0, *[1.0] * 5]),
        lambda body: six_in(body)["bits"].update(reader=[1001.0, *[1.0] * 5]),
        lambda body: six_in(body)["bits"].update(reader=["1.0"] * 6),
        lambda body: six_in(body)["bits"].update(reader=None),
        lambda body: body["passages"]["one"]["sixes"].update({"x": six_in(body)}),
        lambda body: six_in(body).update(more=1),
        lambda body: body.update(texts_sha256="short"),
    ],
)
def test_a_file_of_another_form_is_not_used(loaded: Loaded, files: Any, change: Any) -> None:
    found = read(loaded, changed(files, change))
    assert found.readings == ()
    (fault,) = found.warnings
    assert "damaged" in fault.message


# ---- those that come with the game ----


@pytest.mark.parametrize("id", builtin_ids())
def test_every_target_of_a_built_in_pack_has_its_six(id: str) -> None:
    """Drawn by the rules, from this pack as it is."""
    loaded = open_builtin(id)
    readings = read_readings(loaded)
    for passage in loaded.pack.passages:
        (baked,) = readings.of(passage.id)
        assert baked.identity.sha256 == SHA256
        found = words(passage.text.normalized)
        rest = elsewhere_in(loaded.pack, passage)
        pools = {
            target.index: set(pool(passage.text.normalized, target.index, rest))
            for target in targets_of(passage)
        }
        wide = {index for index, pooled in pools.items() if len(pooled) >= N_WORDS - 1}
        assert baked.sixes.keys() == wide == pools.keys(), "none is passed over"
        for index, six in baked.sixes.items():
            truth = found[index].text
            others = set(six.words) - {truth}
            assert len(others) == N_WORDS - 1
            assert others <= pools[index]
            met = {fold(word.text) for word in found[:index]}
            assert len({fold(word) in met for word in six.words}) == 1, "all met, or none"
            assert len({word[:1].isupper() for word in six.words}) == 1
            assert {READER.key, INSTINCT.key, "goldfish"} <= six.bits.keys()
            assert six.bits.keys() == baked.bits.keys()
            assert all(len(bits) == N_WORDS for bits in six.bits.values())


def test_the_true_word_stands_at_each_place_as_often() -> None:
    stood: Counter[int] = Counter()
    for id in builtin_ids():
        loaded = open_builtin(id)
        readings = read_readings(loaded)
        for passage in loaded.pack.passages:
            found = words(passage.text.normalized)
            for baked in readings.of(passage.id):
                for index, six in baked.sixes.items():
                    stood[six.words.index(found[index].text)] += 1
    n = sum(stood.values())
    assert n > 350
    # Chi-squared of five degrees of freedom: by chance beyond that once in a thousand times.
    assert sum((stood[place] - n / 6) ** 2 / (n / 6) for place in range(6)) < 20.515
