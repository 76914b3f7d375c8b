"""Baked readings: what models have read of a pack, in files beside it.

A file for each model, `readings/<model>-<version>.json`: the first 16 hex digits of its file's
SHA-256, and the version of the rules its bits were got by. A reading that does not fit its
passage is told and left out, never used.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from pydantic import ValidationError

from engine.baked import Baked, Six
from engine.choice import N_WORDS
from engine.ladder import RUNGS
from engine.minds import MINDS, READING_VERSION, short_memory
from engine.predictor import TopWord, TopWords
from engine.race import Identity
from engine.words import fold, only_word, prepare, sha256, words
from puzzles.faults import Fault, PackFaults
from puzzles.files import printable
from puzzles.load import Loaded, Pack, Passage
from puzzles.reading_form import (
    FORMAT,
    ModelForm,
    PassageForm,
    ReadingForm,
    SixForm,
    WordsForm,
)
from puzzles.sources import READINGS

PLACES = 6
"""Bits are rounded to this many places, as in cards, so that both tell the same."""
MOST_MODELS = 20
"""Files of readings in a pack."""
_HASH_DIGITS = 16
_NAME = re.compile(rf"{READINGS}/[0-9a-f]{{{_HASH_DIGITS}}}-[0-9]{{1,6}}\.json")


@dataclass(frozen=True, slots=True)
class PackReading:
    """What one model has read of a pack."""

    identity: Identity
    passages: Mapping[str, Baked]
    """By id of the passage; what was stale is left out."""
    raw: bytes
    """The file, as it is written."""


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings of a pack, and what was wrong with those that are not used."""

    readings: tuple[PackReading, ...]
    warnings: tuple[Fault, ...]

    def of(self, passage: str) -> tuple[Baked, ...]:
        """What all models have read of a passage."""
        return tuple(
            reading.passages[passage]
            for reading in self.readings
            if passage in reading.passages
        )


def reading_name(identity: Identity) -> str:
    """The name of the file of a model's readings."""
    return f"{READINGS}/{identity.sha256[:_HASH_DIGITS]}-{identity.reading_version}.json"


def readings_files(readings: Iterable[PackReading]) -> dict[str, bytes]:
    """Files of readings by name, as they are written into a pack."""
    return {reading_name(reading.identity): reading.raw for reading in readings}


def read_readings(loaded: Loaded) -> Readings:
    """The readings that come with a pack. Nothing in them can keep the pack from loading."""
    readings: list[PackReading] = []
    warnings: list[Fault] = []
    # Counted once: there may be many models, and long passages.
    n_words = {
        passage.id: len(words(passage.text.normalized)) for passage in loaded.pack.passages
    }
    names = [name for name in loaded.source.names if _NAME.fullmatch(name)]
    for name in names[:MOST_MODELS]:
        try:
            raw = loaded.source.read(name)
        except PackFaults as error:
            warnings.extend(error.faults)
            continue
        found = _read(loaded.pack, n_words, printable(name), raw, warnings)
        if found is not None:
            readings.append(found)
    if len(names) > MOST_MODELS:
        message = f"there are readings of over {MOST_MODELS} models: the rest is left out."
        warnings.append(Fault(READINGS, None, None, None, message))
    return Readings(tuple(readings), tuple(warnings))


def pack_reading(pack: Pack, identity: Identity, baked: Mapping[str, Baked]) -> PackReading:
    """What one model has read of a pack, ready to be written.

    Args:
        pack: the pack.
        identity: of the model.
        baked: by id of the passage; each with all words under all its minds.
    """
    passages = {
        passage.id: _written(passage, baked[passage.id])
        for passage in pack.passages
        if passage.id in baked
    }
    model = ModelForm(**asdict(identity))
    file = ReadingForm(
        format=FORMAT,
        model=model,
        rungs=RUNGS,
        passages=passages,
        texts_sha256=_texts_sha256(pack),
    )
    return PackReading(identity, baked, file.model_dump_json().encode())


def _written(passage: Passage, baked: Baked) -> PassageForm:
    n_words = len(words(passage.text.normalized))
    on_stairs = sorted(baked.stairs[_step(RUNGS[0])])
    return PassageForm(
        text_sha256=passage.text.sha256,
        primer_sha256=_hash_of(passage.primer),
        preface_sha256=_hash_of(passage.preface),
        bits={
            mind: tuple(_rounded(bits[word]) for word in range(n_words))
            for mind, bits in baked.bits.items()
        },
        tops={
            str(word): WordsForm.model_validate(asdict(top)) for word, top in baked.tops.items()
        },
        stairs={
            str(word): tuple(_rounded(baked.stairs[_step(rung)][word]) for rung in RUNGS)
            for word in on_stairs
        },
        sixes={str(word): _written_six(six) for word, six in sorted(baked.sixes.items())},
    )


def _written_six(six: Six) -> SixForm:
    bits = {mind: tuple(map(_rounded, bits)) for mind, bits in six.bits.items()}
    return SixForm(words=six.words, bits=bits)


def _texts_sha256(pack: Pack) -> str:
    """Of all texts of a pack: where one changes, other words may stand among the six."""
    return sha256("".join(passage.text.sha256 for passage in pack.passages))


def _read(
    pack: Pack, n_words: Mapping[str, int], name: str, raw: bytes, warnings: list[Fault]
) -> PackReading | None:
    """A file of readings; None where nothing in it can be used."""

    def warn(passage: str | None, message: str) -> None:
        warnings.append(Fault(name, None, passage, None, message))

    try:
        file = ReadingForm.model_validate_json(raw)
    except ValidationError:
        warn(None, "these readings are damaged and not used: bake them again.")
        return None
    identity = Identity(**file.model.model_dump())
    if identity.reading_version != READING_VERSION or file.rungs != RUNGS:
        warn(None, "these readings were got by other rules and are not used: bake them again.")
        return None
    if name != reading_name(identity):
        warn(
            None,
            f"this file is not named {reading_name(identity)}, as its model wants: not used.",
        )
        return None
    passages: dict[str, Baked] = {}
    has_sixes = file.texts_sha256 == _texts_sha256(pack)
    for passage in pack.passages:
        if (written := file.passages.get(passage.id)) is None:
            warn(passage.id, "these readings lack the passage: bake them again.")
        elif (message := _wrong(passage, n_words[passage.id], written)) is not None:
            warn(passage.id, message)
        else:
            passages[passage.id] = _baked(identity, written, has_sixes)
    return PackReading(identity, passages, raw) if passages else None


def _wrong(passage: Passage, n_words: int, written: PassageForm) -> str | None:
    """Why a reading is not used for a passage; None where it is."""
    conditions = (
        (written.text_sha256, passage.text.sha256),
        (written.primer_sha256, _hash_of(passage.primer)),
        (written.preface_sha256, _hash_of(passage.preface)),
    )
    if any(theirs != ours for theirs, ours in conditions):
        return "the text has changed since it was read: not used; bake it again."
    minds = {mind for mind in MINDS.values() if mind.key in written.bits}
    fits = (
        len(minds) == len(written.bits)
        and all(len(bits) == n_words for bits in written.bits.values())
        and all(int(word) < n_words for word in (*written.tops, *written.stairs))
        and all(len(bits) == len(RUNGS) for bits in written.stairs.values())
        and all(only_word(one.word) for top in written.tops.values() for one in top.words)
        and _sixes_fit(passage, written.sixes)
    )
    return None if fits else "this reading does not fit its passage: not used; bake it again."


def _sixes_fit(passage: Passage, sixes: Mapping[str, SixForm]) -> bool:
    found = words(passage.text.normalized) if sixes else ()
    return all(
        int(index) < len(found)
        and found[int(index)].text in six.words
        and len(set(map(fold, six.words))) == N_WORDS
        and all(only_word(word) == word for word in six.words)
        and all(mind in MINDS for mind in six.bits)
        for index, six in sixes.items()
    )


class _ByWord(Mapping[int, float]):
    """Bits of all words of a passage. A dictionary of them takes twelve times the memory."""

    __slots__ = ("_bits",)

    def __init__(self, bits: Sequence[float]) -> None:
        self._bits = array("d", bits)

    def __getitem__(self, word: int) -> float:
        if 0 <= word < len(self._bits):
            return self._bits[word]
        raise KeyError(word)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self._bits)))

    def __len__(self) -> int:
        return len(self._bits)


def _baked(identity: Identity, written: PassageForm, has_sixes: bool) -> Baked:
    return Baked(
        identity,
        {mind: _ByWord(bits) for mind, bits in written.bits.items()},
        {
            int(word): TopWords(
                tuple(TopWord(one.word, one.percent) for one in top.words),
                top.certified,
                top.n_decodes,
                top.rank,
                top.rank_certain,
            )
            for word, top in written.tops.items()
        },
        {
            _step(rung): {int(word): bits[step] for word, bits in written.stairs.items()}
            for step, rung in enumerate(RUNGS)
        },
        {int(word): Six(six.words, six.bits) for word, six in written.sixes.items()}
        if has_sixes
        else {},
    )


def _step(rung: int) -> str:
    return short_memory(rung).key


def _hash_of(text: str) -> str | None:
    """Of a primer or preface, as it is read."""
    return prepare(text).sha256 if text else None


def _rounded(bits: float) -> float:
    return round(bits, PLACES) + 0.0  # no negative zero
