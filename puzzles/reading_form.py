"""The form of a file of baked readings. Strict: it may come from a stranger."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.baked import MOST_BITS
from engine.choice import N_WORDS
from engine.ladder import RUNGS
from engine.minds import MINDS
from puzzles.characters import FORBIDDEN_IN_LINE

FORMAT: Final = 1


def _harmless(name: str) -> str:
    if FORBIDDEN_IN_LINE.search(name) is not None:
        raise ValueError("holds characters that must not reach a terminal")
    return name


_HARMLESS = AfterValidator(_harmless)
_Bits = Annotated[float, Field(ge=0, le=MOST_BITS, allow_inf_nan=False)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Name = Annotated[str, Field(min_length=1, max_length=200), _HARMLESS]
_Index = Annotated[str, Field(pattern=r"^[0-9]{1,6}$")]
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModelForm(BaseModel):
    """Which model read, and how; as in cards."""

    model_config = _STRICT

    model: _Name
    file: _Name
    sha256: _Sha256
    quantization: Annotated[str, Field(max_length=40), _HARMLESS]
    reading_version: int
    backend: Annotated[str, Field(max_length=1000), _HARMLESS]
    window: Annotated[int, Field(ge=1)]


class WordForm(BaseModel):
    """A word and what stood on it."""

    model_config = _STRICT

    word: Annotated[str, Field(min_length=1, max_length=200)]
    percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class WordsForm(BaseModel):
    """Reader's best words at a place."""

    model_config = _STRICT

    words: Annotated[tuple[WordForm, ...], Field(max_length=50)]
    certified: bool
    n_decodes: Annotated[int, Field(ge=0)]
    rank: Annotated[int, Field(ge=1)] | None
    rank_certain: bool


class SixForm(BaseModel):
    """The six words of the choice mode at a place."""

    model_config = _STRICT

    words: Annotated[tuple[str, ...], Field(min_length=N_WORDS, max_length=N_WORDS)]
    """As they are shown, in their order."""
    bits: Annotated[
        dict[str, Annotated[tuple[_Bits, ...], Field(min_length=N_WORDS, max_length=N_WORDS)]],
        Field(max_length=len(MINDS)),
    ]
    """Mind → surprisal of each of them among all words there are, in bits."""


class PassageForm(BaseModel):
    """What was read of a passage."""

    model_config = _STRICT

    text_sha256: _Sha256
    primer_sha256: _Sha256 | None
    preface_sha256: _Sha256 | None
    bits: Annotated[dict[str, tuple[_Bits, ...]], Field(max_length=len(MINDS))]
    """Mind → surprisal of each word of the passage, in bits."""
    tops: dict[_Index, WordsForm]
    """Index of a word → Reader's best words there."""
    stairs: dict[_Index, Annotated[tuple[_Bits, ...], Field(max_length=len(RUNGS))]]
    """Index of a word → its bits with ever more words of memory, a rung each."""
    sixes: dict[_Index, SixForm] = {}
    """Index of a word → the six words of the choice mode there."""


class ReadingForm(BaseModel):
    """A file of readings."""

    model_config = _STRICT

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)]
    model: ModelForm
    rungs: tuple[int, ...]
    """Words of memory of each step of a staircase."""
    passages: dict[str, PassageForm]
    """By id."""
    texts_sha256: _Sha256 | None = None
    """Of the texts of all passages together: the six words come from them."""
