"""The form of a card. Strict: it may come from a stranger."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.baked import MOST_BITS
from engine.bets import MOST_STAKED
from engine.card import CARD_FORMAT
from engine.choice import N_WORDS
from engine.setup import How, Mode
from engine.shannon import MOST_GUESSES
from puzzles.characters import FORBIDDEN_IN_LINE

MOST_TARGETS = 1_000


def _harmless(name: str) -> str:
    if FORBIDDEN_IN_LINE.search(name) is not None:
        raise ValueError("holds characters that must not reach a terminal")
    return name


_Bits = Annotated[float, Field(ge=0, le=2 * MOST_BITS, allow_inf_nan=False)]
"""A wrong slip costs more than Instinct."""
_Sum = Annotated[float, Field(ge=-1e7, le=1e7, allow_inf_nan=False)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Line = Annotated[str, Field(max_length=1_000)]
_Word = Annotated[str, Field(min_length=1, max_length=200)]
_Number = Annotated[int, Field(ge=0, lt=2**53)]
_Minds = Annotated[dict[_Line, _Bits], Field(max_length=40)]
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)


class PackForm(BaseModel):
    """The pack a passage comes from."""

    model_config = _STRICT

    id: _Line
    version: _Line
    sha256: _Sha256


class TargetsForm(BaseModel):
    """How the targets were chosen, and where in the passage they begin."""

    model_config = _STRICT

    how: How
    n: _Number
    seed: Annotated[int, Field(gt=-(2**63), lt=2**63)]
    starts: Annotated[tuple[_Number, ...], Field(min_length=1, max_length=MOST_TARGETS)]


class PlayerForm(BaseModel):
    """Whose card it is."""

    model_config = _STRICT

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_harmless)]
    id: Annotated[str, Field(min_length=1, max_length=100)]


class IdentityForm(BaseModel):
    """Which model read, and how."""

    model_config = _STRICT

    model: _Line
    file: Annotated[str, Field(max_length=10_000)]
    sha256: _Sha256
    quantization: _Line
    reading_version: _Number
    backend: _Line
    window: _Number


class BetForm(BaseModel):
    """A word and what was staked on it."""

    model_config = _STRICT

    word: _Word
    percent: Annotated[int, Field(ge=1, le=MOST_STAKED)]


class SixWordForm(BaseModel):
    """One of six words, with everybody's bits among them."""

    model_config = _STRICT

    word: _Word
    instinct_bits: _Bits
    minds: _Minds


class TurnForm(BaseModel):
    """A turn."""

    model_config = _STRICT

    word: _Word
    start: _Number
    slip: Annotated[tuple[BetForm, ...], Field(max_length=N_WORDS)]
    instinct_bits: _Bits
    bits: _Bits
    minds: _Minds
    locked_at: _Line
    six: Annotated[
        tuple[SixWordForm, ...] | None, Field(min_length=N_WORDS, max_length=N_WORDS)
    ] = None
    """In the choice mode."""
    guesses: Annotated[tuple[_Word, ...] | None, Field(max_length=MOST_GUESSES)] = None
    """Where one guesses."""


class TotalsForm(BaseModel):
    """Sums over all turns."""

    model_config = _STRICT

    bits: _Sum
    instinct_bits: _Sum
    insight_bits: _Sum
    minds: Annotated[dict[_Line, _Sum], Field(max_length=40)]


class CardForm(BaseModel):
    """A card."""

    model_config = _STRICT

    format: Annotated[int, Field(ge=CARD_FORMAT, le=CARD_FORMAT)]
    pack: PackForm | None
    passage: _Line
    text_sha256: _Sha256
    primer_sha256: _Sha256 | None
    preface_sha256: _Sha256 | None
    mode: Mode
    targets: TargetsForm
    attempt: Annotated[int, Field(ge=1, lt=2**53)]
    known: bool
    clock_s: _Number | None
    player: PlayerForm
    instinct: IdentityForm
    minds: Annotated[dict[_Line, IdentityForm], Field(max_length=40)]
    turns: Annotated[tuple[TurnForm, ...], Field(min_length=1, max_length=MOST_TARGETS)]
    totals: TotalsForm
    hash: _Sha256
