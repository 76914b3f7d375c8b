"""The form of a pack in one TOML file. What the models refuse is told by `sentence`.

The number of passages, unique ids and words of a text are left to `puzzles.report`.
"""

from __future__ import annotations

from typing import Annotated, Final

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import ErrorDetails, PydanticCustomError

from puzzles.characters import FORBIDDEN_IN_LINE, FORBIDDEN_IN_TEXT
from puzzles.files import printable

FORMAT: Final = 1
"""The format of packs that is read."""
MOST_PASSAGES = 500

_ID = "[a-z0-9-]{2,40}"
_INK = r"\S"
_LANGUAGE = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"


def _check(value: str, forbidden: regex.Pattern[str], more: str) -> str:
    found = forbidden.search(value)
    if found is None:
        return value
    code = f"U+{ord(found.group()):04X}"
    raise PydanticCustomError(
        "forbidden_character",
        "holds the character {code}: take it out (no control characters{more}, "
        "no controls of writing direction, no private-use characters).",
        {"code": code, "more": more, "line": value.count("\n", 0, found.start()) + 1},
    )


def _check_line(value: str) -> str:
    return _check(value, FORBIDDEN_IN_LINE, ", no line breaks or tabs")


def _check_text(value: str) -> str:
    return _check(value, FORBIDDEN_IN_TEXT, " but line breaks and tabs")


_LINE = AfterValidator(_check_line)
_TEXT = AfterValidator(_check_text)
_Id = Annotated[str, Field(strict=True, pattern=f"^{_ID}$"), _LINE]
_Title = Annotated[str, Field(strict=True, max_length=120, pattern=_INK), _LINE]
_Name = Annotated[str, Field(strict=True, max_length=120), _LINE]
_Words = Annotated[str, Field(strict=True, max_length=20_000), _TEXT]
_MOST_CHARACTERS = 500_000
_FileName = Annotated[
    str, Field(strict=True, max_length=120, pattern=r"\.(txt|md)$"), AfterValidator(_check_line)
]


class PassageFile(BaseModel):
    """One `[[passages]]` table. Lengths are in characters.

    That it has just one of `text` and `file` is left to `puzzles.report`, which tells all
    faults at once; editors are told by the JSON Schema.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"oneOf": [{"required": ["text"]}, {"required": ["file"]}]},
    )

    id: _Id
    title: _Title
    source: Annotated[str, Field(strict=True, max_length=500), _LINE] = ""
    """Shown only after the race."""
    theme: Annotated[str, Field(strict=True, max_length=40), _LINE] = ""
    primer: _Words = ""
    """Read before the race; Stranger does without."""
    preface: _Words = ""
    """What Sage reads first."""
    text: Annotated[str, Field(strict=True, max_length=_MOST_CHARACTERS), _TEXT] | None = None
    """With its targets marked (`puzzles.markup`)."""
    file: _FileName | None = None
    """Name of the file with the text instead, in the pack's folder."""


class PackFile(BaseModel):
    """A whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Annotated[int, Field(strict=True, ge=FORMAT, le=FORMAT)]
    id: _Id
    title: _Title
    author: _Name = ""
    license: _Name = ""
    language: Annotated[str, Field(strict=True, max_length=35, pattern=_LANGUAGE), _LINE] = "en"
    description: Annotated[str, Field(strict=True, max_length=2_000), _TEXT] = ""
    version: Annotated[str, Field(strict=True, max_length=40, pattern=_INK), _LINE] = "1"
    passages: Annotated[tuple[PassageFile, ...], Field(min_length=1, max_length=MOST_PASSAGES)]


_PATTERNS = {
    "id": "must be 2 to 40 of the characters a-z, 0-9 and -.",
    "language": 'must be a language code such as "en".',
    "file": 'must be the name of a text file, such as "lamp.txt".',
}
_OTHER_FORMAT = f"must be {FORMAT}: packs of format {FORMAT} are read."
_SENTENCES = {
    "missing": "this key is missing: add it.",
    "string_type": "must be text in quotes.",
    "int_type": _OTHER_FORMAT,
    "greater_than_equal": _OTHER_FORMAT,
    "less_than_equal": _OTHER_FORMAT,
    "tuple_type": "must be tables, each begun with [[passages]].",
    "model_type": "must be a table, begun with [[passages]].",
}


def is_id(value: object) -> bool:
    """Whether a value can be the id of a pack or passage."""
    return isinstance(value, str) and regex.fullmatch(_ID, value) is not None


def check_text(text: str) -> tuple[str, int | None] | None:
    """What is wrong with the characters of a text that stands in a file of its own, and on
    which of its lines; None where nothing is."""
    if len(text) > _MOST_CHARACTERS:
        return f"has over {_MOST_CHARACTERS:,} characters: shorten it.", None
    try:
        _check_text(text)
    except PydanticCustomError as error:
        return error.message(), (error.context or {}).get("line")
    return None


def sentence(error: ErrorDetails) -> str:
    """What is wrong with a field and what to do, without naming the field."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        model = PassageFile if error["loc"][0] == "passages" else PackFile
        return f"unknown key: leave it out (there are {', '.join(model.model_fields)})."
    if kind == "string_too_long":
        return f"has over {context['max_length']:,} characters: shorten it."
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(error["loc"][-1]), "is blank: write something.")
    return _SENTENCES.get(kind) or printable(error["msg"], 300)
