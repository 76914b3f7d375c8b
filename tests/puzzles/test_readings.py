"""Baked readings: what fits is read, and nothing else is ever used."""

from __future__ import annotations

import copy
import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.baked import Baked
from engine.ladder import RUNGS
from engine.minds import MINDS, READING_VERSION
from engine.predictor import TopWord, TopWords
from engine.race import Identity
from engine.words import prepare
from puzzles.bundle import bundle
from puzzles.load import Loaded, load_source
from puzzles.readings import (
    MOST_MODELS,
    PackReading,
    Readings,
    pack_reading,
    read_readings,
    reading_name,
    readings_files,
)
from puzzles.sources import bundle_source, open_source

N_WORDS = 60
PRIMER = "It rained, café’s and all."
SHA256 = "ab" * 32
NAME = f"readings/{SHA256[:16]}-{READING_VERSION}.json"


def toml(primer: str = PRIMER, text: str = "word " * N_WORDS) -> str:
    return (
        'format = 1\nid = "harbor"\ntitle = "H"\n[[passages]]\nid = "one"\ntitle = "T"\n'
        f'primer = "{primer}"\ntext = "{text}"\n[[passages]]\nid = "two"\ntitle = "T"\n'
        f'preface = "A preface."\ntext = "{"other " * N_WORDS}"\n'
    )


def identity(sha256: str = SHA256, **more: Any) -> Identity:
    fields = {
        "model": "SmolLM2 135M",
        "file": "smol.gguf",
        "sha256": sha256,
        "quantization": "Q4_1",
        "reading_version": READING_VERSION,
        "backend": "CPU, one thread",
        "window": 2048,
    }
    return Identity(**{**fields, **more})


def baked(who: Identity, minds: tuple[str, ...] = ("reader", "instinct", "goldfish")) -> Baked:
    at = (3, 59)
    return Baked(
        who,
        {
            mind: {word: (place + 1) * word / 7 for word in range(N_WORDS)}
            for place, mind in enumerate(minds)
        },
        {
            at[0]: TopWords((TopWord("cat", 60.5), TopWord("dog’s", 1.0)), True, 12, 1, True),
            at[1]: TopWords((), False, 0),
        },
        {f"memory_{rung}": {word: rung / 9 + word for word in at} for rung in RUNGS},
    )


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return open_toml(tmp_path)


def open_toml(folder: Path, **more: str) -> Loaded:
    path = folder / "harbor.toml"
    path.write_text(toml(**more))
    return load_source(open_source(path))


def made(loaded: Loaded, who: Identity | None = None) -> PackReading:
    who = who or identity()
    return pack_reading(loaded.pack, who, {id: baked(who) for id in ("one", "two")})


def with_files(loaded: Loaded, files: dict[str, bytes]) -> Loaded:
    return load_source(bundle_source(bundle(loaded, files), "harbor.bitrace"))


def read(loaded: Loaded, files: dict[str, bytes]) -> Readings:
    """What is read of files; whatever they hold, the pack loads and warnings can be shown."""
    readings = read_readings(with_files(loaded, files))
    for warning in readings.warnings:
        assert str(warning).isprintable()
        assert warning.message.endswith(".")
        assert len(str(warning)) < 500
    return readings


# ---- there and back ----


def test_a_reading_comes_back_as_it_was_baked(loaded: Loaded) -> None:
    files = readings_files([made(loaded)])
    assert list(files) == [NAME]
    found = read(loaded, files)
    assert found.warnings == ()
    (reading,) = found.readings
    assert reading.identity == identity()
    expected = baked(identity())
    for id in ("one", "two"):
        (back,) = found.of(id)
        assert back.identity == identity()
        assert back.bits.keys() == expected.bits.keys()
        for mind, bits in expected.bits.items():
            assert dict(back.bits[mind]) == {
                word: round(cost, 6) for word, cost in bits.items()
            }
        assert back.tops == expected.tops
        assert back.stairs == {
            step: {word: round(cost, 6) for word, cost in bits.items()}
            for step, bits in expected.stairs.items()
        }
    assert found.of("three") == ()
    assert readings_files(found.readings) == files


def test_some_words_of_a_reading(loaded: Loaded) -> None:
    (back,) = read(loaded, readings_files([made(loaded)])).of("one")
    some = back.at([3, 4, 999])
    assert {mind: set(bits) for mind, bits in some.bits.items()} == {
        mind: {3, 4} for mind in ("reader", "instinct", "goldfish")
    }
    assert (set(some.tops), {tuple(bits) for bits in some.stairs.values()}) == ({3}, {(3,)})
    bits = back.bits["reader"]
    assert (len(bits), 59 in bits, 60 in bits, -1 in bits) == (60, True, False, False)
    for missing in (-1, 60):
        with pytest.raises(KeyError):
            bits[missing]


def test_readings_of_several_models_are_in_a_fixed_order(loaded: Loaded) -> None:
    who = [identity(digit * 64, model=f"Model {digit}") for digit in "9a1"]
    files = readings_files(made(loaded, one) for one in who)
    found = read(loaded, files)
    assert [one.identity.model for one in found.readings] == ["Model 1", "Model 9", "Model a"]
    assert [one.identity.model for one in found.of("two")] == ["Model 1", "Model 9", "Model a"]


def test_a_reading_of_a_part_of_the_pack(loaded: Loaded) -> None:
    part = pack_reading(loaded.pack, identity(), {"one": baked(identity())})
    found = read(loaded, readings_files([part]))
    assert (len(found.of("one")), len(found.of("two"))) == (1, 0)
    assert [(one.file, one.passage) for one in found.warnings] == [(NAME, "two")]
    assert "lack the passage" in found.warnings[0].message


def test_the_name_of_a_file() -> None:
    assert reading_name(identity("0123456789abcdef" * 4)) == (
        f"readings/0123456789abcdef-{READING_VERSION}.json"
    )


def test_only_files_that_are_named_as_readings_are_read(loaded: Loaded) -> None:
    (raw,) = readings_files([made(loaded)]).values()
    names = [
        *("readings/notes.txt", f"Readings/{NAME[9:]}", NAME.upper(), f"more/{NAME[9:]}"),
        *(NAME[:-5], NAME + "x", NAME.replace("ab", "AB"), NAME.replace("-2", "-"), NAME[9:]),
    ]
    for name in names:
        assert read(loaded, {name: raw}) == Readings((), ())


def test_no_readings_at_all(loaded: Loaded) -> None:
    assert read_readings(loaded) == Readings((), ())


def test_a_pack_in_one_file_has_no_readings(loaded: Loaded, tmp_path: Path) -> None:
    for name, raw in readings_files([made(loaded)]).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    assert read_readings(load_source(open_source(tmp_path / "harbor.toml"))).readings == ()
    (tmp_path / "harbor.toml").rename(tmp_path / "pack.toml")
    assert len(read_readings(load_source(open_source(tmp_path))).readings) == 1


# ---- stale ----


@pytest.mark.parametrize(
    ("more", "stale"),
    [
        ({"text": "word " * 59 + "words "}, True),
        ({"text": "word " * 60 + ". "}, True),
        ({"primer": "It rained."}, True),
        ({"primer": ""}, True),
        ({"text": "[[word]] " + "word " * 59}, False),
        ({"text": "word " * 60 + "   "}, False),
        ({"primer": PRIMER.replace("’", "'")}, False),
        ({"primer": PRIMER.replace("é", "e\u0301") + "  "}, False),
    ],
)
def test_a_text_that_has_changed_since_it_was_read(loaded, tmp_path, more, stale) -> None:
    files = readings_files([made(loaded)])
    found = read(open_toml(tmp_path, **more), files)
    assert len(found.of("two")) == 1
    assert len(found.of("one")) == (not stale)
    if stale:
        assert [(one.file, one.passage) for one in found.warnings] == [(NAME, "one")]
        assert "has changed since it was read" in found.warnings[0].message


def test_a_reading_of_another_pack_is_not_used_at_all(loaded: Loaded, tmp_path: Path) -> None:
    files = readings_files([made(loaded)])
    path = tmp_path / "harbor.toml"
    path.write_text(toml().replace("word ", "mord ").replace("other", "bother"))
    found = read(load_source(open_source(path)), files)
    assert found.readings == ()
    assert [one.passage for one in found.warnings] == ["one", "two"]


# ---- bad ----

Change = Callable[[dict[str, Any]], object]


def first(file: dict[str, Any]) -> dict[str, Any]:
    return file["passages"]["one"]


def put(**more: Any) -> Change:
    return lambda file: file.update(more)


def model(**more: Any) -> Change:
    return lambda file: file["model"].update(more)


def bits(*values: Any, mind: str = "reader") -> Change:
    def change(file: dict[str, Any]) -> None:
        first(file)["bits"][mind][: len(values)] = values

    return change


def one(**more: Any) -> Change:
    return lambda file: first(file).update(more)


def top(**more: Any) -> Change:
    return lambda file: first(file)["tops"]["3"].update(more)


def top_word(**more: Any) -> Change:
    return lambda file: first(file)["tops"]["3"]["words"][0].update(more)


@pytest.fixture
def changed(loaded: Loaded) -> Callable[[Change], Readings]:
    (raw,) = readings_files([made(loaded)]).values()

    def change(how: Change) -> Readings:
        file = copy.deepcopy(json.loads(raw))
        how(file)
        return read(loaded, {NAME: json.dumps(file).encode()})

    return change


HOSTILE = ["\x1b[2J", "a\nb", "a\tb", "\x9b2J", "safe\u202egnp.exe", "\u2066a", "\0", "\ue000"]


@pytest.mark.parametrize(
    ("how", "part"),
    [
        *((put(format=format), "damaged") for format in (0, 2, "1", 1.5, True, None)),
        (put(more=1), "damaged"),
        (put(passages=[]), "damaged"),
        (put(passages={"one": 1}), "damaged"),
        (lambda file: file.pop("model"), "damaged"),
        (lambda file: file["model"].pop("sha256"), "damaged"),
        (put(rungs=[0, 1]), "other rules"),
        (put(rungs=[]), "other rules"),
        (put(rungs=[*RUNGS, 256]), "other rules"),
        (put(rungs=[float(rung) + 0.5 for rung in RUNGS]), "damaged"),
        *((model(reading_version=n), "other rules") for n in (0, 1, 3, -1, 10**30)),
        (model(reading_version="2"), "damaged"),
        (model(reading_version=2.5), "damaged"),
        (model(sha256="cd" * 32), "is not named readings/cdcdcdcdcdcdcdcd-2.json"),
        (model(sha256="AB" * 32), "damaged"),
        (model(sha256="ab" * 32 + "\n"), "damaged"),
        (model(sha256="ab" * 8), "damaged"),
        (model(window=0), "damaged"),
        (model(model=""), "damaged"),
        (model(model="x" * 201), "damaged"),
        (model(quantization="x" * 41), "damaged"),
        (model(backend="x" * 1_001), "damaged"),
        *((model(model=name), "damaged") for name in HOSTILE),
        *((model(file=name), "damaged") for name in HOSTILE),
        *((model(quantization=name), "damaged") for name in HOSTILE),
        *((model(backend=name), "damaged") for name in HOSTILE),
        *(
            (bits(value), "damaged")
            for value in (
                *(-0.1, 1_000.1, 1e300, float("nan"), float("inf"), -float("inf"), 10**400),
                *("1", None, True, [], {}, [1.0]),
            )
        ),
        (one(text_sha256="x"), "damaged"),
        (one(bits=[]), "damaged"),
        (one(bits={mind: [] for mind in "abcdef"}), "damaged"),
        *((one(tops={index: {}}), "damaged") for index in ("-1", "1.5", "x", "", "9" * 99)),
        *((one(stairs={i: [1.0]}), "damaged") for i in ("-1", "٣", " 1", "1\n", "1234567")),
        (one(stairs={"3": [1.0] * (len(RUNGS) + 1)}), "damaged"),
        (top(words=[{"word": "a", "percent": 1.0}] * 51), "damaged"),
        (top(rank=0), "damaged"),
        (top(n_decodes=-1), "damaged"),
        (top(certified="yes"), "damaged"),
        (top_word(percent=100.1), "damaged"),
        (top_word(percent=-1), "damaged"),
        (top_word(percent=float("nan")), "damaged"),
        (top_word(word=""), "damaged"),
        (top_word(word="w" * 201), "damaged"),
    ],
)
def test_a_file_that_is_bad_as_a_whole(changed, how: Change, part: str) -> None:
    found = changed(how)
    assert found.readings == ()
    (warning,) = found.warnings
    assert (warning.file, warning.line, warning.passage, warning.field) == (
        *(NAME, None, None),
        None,
    )
    assert part in warning.message
    assert "not used" in warning.message


@pytest.mark.parametrize(
    ("how", "part"),
    [
        (one(text_sha256="0" * 64), "has changed"),
        (one(primer_sha256="0" * 64), "has changed"),
        (one(primer_sha256=None), "has changed"),
        (one(preface_sha256="0" * 64), "has changed"),
        (lambda file: first(file)["bits"]["reader"].pop(), "does not fit"),
        (lambda file: first(file)["bits"]["goldfish"].append(1.0), "does not fit"),
        (lambda file: first(file)["bits"].update(memory_3=[1.0] * N_WORDS), "does not fit"),
        (lambda file: first(file)["bits"].update({"\x1b[2J": [1.0] * N_WORDS}), "does not fit"),
        (one(bits={"reader": []}), "does not fit"),
        (lambda file: first(file)["tops"].update({"60": first(file)["tops"]["3"]}), "not fit"),
        (lambda file: first(file)["stairs"].update({"60": [1.0] * len(RUNGS)}), "not fit"),
        (one(stairs={"3": [1.0] * (len(RUNGS) - 1)}), "does not fit"),
        (one(stairs={"3": []}), "does not fit"),
        *(
            (top_word(word=word), "not fit")
            for word in ("two words", "\x1b", " cat", ".", "a\n")
        ),
        (lambda file: file["passages"].pop("one"), "lack the passage"),
    ],
)
def test_a_passage_that_is_bad_is_left_out_alone(changed, how: Change, part: str) -> None:
    found = changed(how)
    assert (len(found.of("one")), len(found.of("two"))) == (0, 1)
    (warning,) = found.warnings
    assert (warning.file, warning.passage) == (NAME, "one")
    assert part in warning.message


@pytest.mark.parametrize(
    "how",
    [
        bits(0, 1_000.0, 1e-30, -0.0),
        one(tops={}, stairs={}),
        lambda file: first(file)["bits"].pop("reader"),
        lambda file: first(file)["bits"].update(sage=[1.0] * N_WORDS, stranger=[1] * N_WORDS),
        lambda file: file["passages"].update({"\x1b[2J": first(file), "gone": first(file)}),
        model(model="模型 [red] é ‘7B’", quantization="", window=1),
    ],
)
def test_a_reading_that_is_odd_and_good(changed, how: Change) -> None:
    found = changed(how)
    assert (len(found.of("one")), len(found.of("two"))) == (1, 1)
    assert found.warnings == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"null",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"\0" * 100,
        b"[" * 90_000,
        b'{"format":' * 9_000,
        b'{"passages":' * 7_000 + b"1" + b"}" * 7_000,
        b'{"format": 1e400}',
        b'{"format": ' + b"9" * 90_000 + b"}",
        b'{"a": "\\ud800"}',
        b"import os",
    ],
)
def test_what_is_no_reading(loaded: Loaded, raw: bytes) -> None:
    started = time.process_time()
    found = read(loaded, {NAME: raw})
    assert time.process_time() - started < 2
    assert found.readings == ()
    assert ["damaged" in warning.message for warning in found.warnings] == [True]


@pytest.mark.parametrize("padding", [b" ", b"\n"])
def test_six_megabytes_of_json(loaded: Loaded, tmp_path: Path, padding: bytes) -> None:
    (raw,) = readings_files([made(loaded)]).values()
    (tmp_path / "pack.toml").write_bytes(loaded.raw)
    (tmp_path / "readings").mkdir()
    (tmp_path / NAME).write_bytes(raw + padding * 6_000_000)
    found = read_readings(load_source(open_source(tmp_path)))
    assert found.readings == ()
    assert "over 5 MB" in found.warnings[0].message
    (tmp_path / NAME).write_bytes(raw + padding * 4_000_000)
    assert len(read_readings(load_source(open_source(tmp_path))).readings) == 1


def test_a_damaged_reading_is_in_no_others_way(loaded: Loaded) -> None:
    files = readings_files(made(loaded, identity(digit * 64)) for digit in "123")
    files[sorted(files)[0]] = b"{"
    files[sorted(files)[1]] = b"[" * 5_000
    found = read(loaded, files)
    assert [one.identity.sha256 for one in found.readings] == ["3" * 64]
    assert len(found.warnings) == 2


def test_a_reading_that_cannot_be_unpacked(loaded: Loaded, tmp_path: Path) -> None:
    raw = bytearray(bundle(loaded, {NAME: b"{}" * 9}))
    at = raw.index(NAME.encode()) + len(NAME)
    raw[at : at + 3] = b"\xff\xff\xff"
    again = load_source(bundle_source(bytes(raw), "harbor.bitrace"))
    assert again.pack == loaded.pack
    found = read_readings(again)
    assert found.readings == ()
    assert [warning.file for warning in found.warnings] == [f"harbor.bitrace/{NAME}"]


def test_readings_of_very_many_models(loaded: Loaded) -> None:
    who = [identity(f"{n:016x}" + "0" * 48) for n in range(MOST_MODELS + 1)]
    files = readings_files(made(loaded, one) for one in who)
    found = read(loaded, files)
    assert len(found.readings) == MOST_MODELS
    assert [warning.message for warning in found.warnings] == [
        "there are readings of over 20 models: the rest is left out."
    ]
    files.popitem()
    assert read(loaded, files).warnings == ()


def test_very_many_bits_take_little_memory(tmp_path: Path) -> None:
    n_words, n_passages, n_models = 2_000, 50, 4
    (tmp_path / "w.txt").write_text("w " * n_words)
    (tmp_path / "pack.toml").write_text(
        'format = 1\nid = "harbor"\ntitle = "H"\n'
        + "".join(
            f'[[passages]]\nid = "p{n}"\ntitle = "T"\nfile = "w.txt"\n'
            for n in range(n_passages)
        )
    )
    passage = {
        "text_sha256": prepare("w " * n_words).sha256,
        "primer_sha256": None,
        "preface_sha256": None,
        "bits": {mind: [0] * n_words for mind in MINDS},
        "tops": {},
        "stairs": {},
    }
    (tmp_path / "readings").mkdir()
    for digit in range(n_models):
        who = identity(str(digit) * 64)
        fields = {field: getattr(who, field) for field in Identity.__dataclass_fields__}
        file = {
            "format": 1,
            "model": fields,
            "rungs": RUNGS,
            "passages": {f"p{n}": passage for n in range(n_passages)},
        }
        (tmp_path / reading_name(who)).write_text(json.dumps(file, separators=(",", ":")))
    loaded = load_source(open_source(tmp_path))
    tracemalloc.start()
    found = read_readings(loaded)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    n_bits = n_words * n_passages * n_models * len(MINDS)
    assert (len(found.readings), n_bits) == (n_models, 2_000_000)
    assert peak < 80_000_000
