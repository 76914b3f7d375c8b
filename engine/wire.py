"""What crosses the wall between the screen's process and the model's: one JSON line each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: int
    """The request's number; answers carry the one of their request."""


class Load(_Message):
    """Load a model under a role."""

    kind: Literal["load"] = "load"
    role: str
    path: str
    gpu_layers: int


class Read(_Message):
    """Read a text."""

    kind: Literal["read"] = "read"
    role: str
    memory: int | None
    text: str
    before: int
    words: list[int] | None
    all_tokens: bool


class TopWords(_Message):
    """Find a mind's most probable words at places of a text."""

    kind: Literal["top_words"] = "top_words"
    role: str
    memory: int | None
    text: str
    before: int
    words: list[int] | None
    n_words: int
    most_decodes: int


class Compare(_Message):
    """Score any words at places of a text."""

    kind: Literal["compare"] = "compare"
    role: str
    memory: int | None
    text: str
    before: int
    asked: dict[int, list[str]]


class FirstTokens(_Message):
    """Tell how probable the first tokens of any words are at places of a text."""

    kind: Literal["first_tokens"] = "first_tokens"
    role: str
    memory: int | None
    text: str
    before: int
    asked: dict[int, list[str]]


class CheckRows(_Message):
    """Read a short text with few rows asked for and with all, compare, and remember."""

    kind: Literal["check_rows"] = "check_rows"
    role: str


class Inspect(_Message):
    """Tell versions and devices."""

    kind: Literal["inspect"] = "inspect"


class Cancel(_Message):
    """Stop working on the request of this number."""

    kind: Literal["cancel"] = "cancel"


class IsLoaded(_Message):
    """Answer to `Load`."""

    kind: Literal["is_loaded"] = "is_loaded"
    model: str
    file: str
    sha256: str
    quantization: str
    reading_version: int
    backend: str
    window: int
    place: str
    layers: int
    layers_of: int


class HasRead(_Message):
    """Answer to `Read`, after all its words have been told by `Bits`."""

    kind: Literal["has_read"] = "has_read"
    n_tokens: int
    token_bits: float | None


class HasChecked(_Message):
    """Answer to `CheckRows`."""

    kind: Literal["has_checked"] = "has_checked"
    rows_matter: bool


class DeviceFacts(BaseModel):
    """A device as llama.cpp lists it; memory in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    kind: str
    memory_free: int
    memory_total: int


class Inspected(_Message):
    """Answer to `Inspect`."""

    kind: Literal["inspected"] = "inspected"
    versions: dict[str, str]
    devices: list[DeviceFacts]
    can_offload: bool


class Bits(_Message):
    """Words scored so far by a `Read`: word index → bits."""

    kind: Literal["bits"] = "bits"
    bits: dict[int, float]


class TopList(BaseModel):
    """The most probable words at one place."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    words: list[str]
    percents: list[float]
    certified: bool
    n_decodes: int
    rank: int | None
    rank_certain: bool


class Tops(_Message):
    """Top words found so far by a `TopWords`, by word index."""

    kind: Literal["tops"] = "tops"
    tops: dict[int, TopList]


class HasTops(_Message):
    """Answer to `TopWords`, after all its places have been told by `Tops`."""

    kind: Literal["has_tops"] = "has_tops"


class Compared(_Message):
    """Answer to `Compare`: word index → bits in the order of asking."""

    kind: Literal["compared"] = "compared"
    bits: dict[int, list[float]]


class HasFirstTokens(_Message):
    """Answer to `FirstTokens`: word index → log2 probabilities in the order of asking."""

    kind: Literal["has_first_tokens"] = "has_first_tokens"
    log2: dict[int, list[float]]


class Progress(_Message):
    """How far a request is, from 0 to 1."""

    kind: Literal["progress"] = "progress"
    fraction: float


class Failed(_Message):
    """A request that came to nothing."""

    kind: Literal["failed"] = "failed"
    fault: str
    """Name of the class in `engine.errors`."""
    message: str


class Cancelled(_Message):
    """A request that was stopped as asked."""

    kind: Literal["cancelled"] = "cancelled"


Request = Annotated[
    Load | Read | TopWords | Compare | FirstTokens | CheckRows | Inspect | Cancel,
    Field(discriminator="kind"),
]
Partial = Bits | Tops | Progress
"""Answers that others follow."""
Answer = Annotated[
    IsLoaded
    | HasRead
    | HasTops
    | Compared
    | HasFirstTokens
    | HasChecked
    | Inspected
    | Bits
    | Tops
    | Progress
    | Failed
    | Cancelled,
    Field(discriminator="kind"),
]

REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
