"""What lists tell of a pack without opening it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from engine.words import words
from puzzles.load import Pack, Passage

FORM = 1
"""Rises when facts are written in another form; then they are made anew."""
_WORDS_A_MINUTE = 200
_TARGET_S = 20
"""Seconds that a target takes about, with its reveal."""


@dataclass(frozen=True, slots=True)
class PassageFacts:
    """What a list tells of a passage."""

    id: str
    title: str
    theme: str
    n_words: int
    n_targets: int
    """Marked ones; 0 where they are drawn."""
    text_sha256: str

    @property
    def minutes(self) -> float:
        """About how long a race on it takes."""
        return minutes(self.n_words, self.n_targets)


@dataclass(frozen=True, slots=True)
class PackFacts:
    """What a list tells of a pack."""

    id: str
    title: str
    author: str
    license: str
    language: str
    description: str
    version: str
    sha256: str
    n_passages: int
    n_words: int
    n_targets: int
    minutes: float
    models: tuple[str, ...]
    """Whose readings are baked in, by name."""
    builtin: bool = False


def minutes(n_words: int, n_targets: int) -> float:
    """About how long a race takes, in minutes: reading, and twenty seconds a target.

    Args:
        n_words: of the passage.
        n_targets: marked ones; 0 counts as the eight that are drawn.
    """
    return n_words / _WORDS_A_MINUTE + (n_targets or 8) * _TARGET_S / 60


def facts_of(pack: Pack, models: tuple[str, ...], builtin: bool) -> PackFacts:
    """What a list tells of a pack."""
    passages = list(passages_of(pack))
    return PackFacts(
        id=pack.id,
        title=pack.title,
        author=pack.author,
        license=pack.license,
        language=pack.language,
        description=pack.description,
        version=pack.version,
        sha256=pack.sha256,
        n_passages=len(passages),
        n_words=sum(passage.n_words for passage in passages),
        n_targets=sum(passage.n_targets for passage in passages),
        minutes=sum(passage.minutes for passage in passages),
        models=models,
        builtin=builtin,
    )


def passages_of(pack: Pack) -> Iterator[PassageFacts]:
    """What a list tells of a pack's passages."""
    for passage in pack.passages:
        yield passage_facts(passage)


def passage_facts(passage: Passage) -> PassageFacts:
    """What a list tells of a passage."""
    return PassageFacts(
        id=passage.id,
        title=passage.title,
        theme=passage.theme,
        n_words=len(words(passage.text.normalized)),
        n_targets=len(passage.targets),
        text_sha256=passage.text.sha256,
    )


def dump(stamp: str, facts: PackFacts, passages: tuple[PassageFacts, ...]) -> bytes:
    """Two lines: the pack, for lists of many; its passages, for whoever looks closer.

    Args:
        stamp: tells the file they were made from.
        facts: the first line.
        passages: the second.
    """
    first = {"form": FORM, "stamp": stamp, **asdict(facts)}
    second = [asdict(passage) for passage in passages]
    return (json.dumps(first) + "\n" + json.dumps(second) + "\n").encode()


def load_facts(line: bytes, stamp: str) -> PackFacts | None:
    """The first line; None where it is damaged, or of another file or form."""
    try:
        told: dict[str, Any] = json.loads(line)
        if told.pop("form") != FORM or told.pop("stamp") != stamp:
            return None
        told["models"] = tuple(map(str, told["models"]))
        facts = PackFacts(**told)
        return facts if _fits(facts) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def load_passages(line: bytes) -> tuple[PassageFacts, ...] | None:
    """The second line; None where it is damaged."""
    try:
        facts = tuple(PassageFacts(**told) for told in json.loads(line))
        return facts if facts and all(map(_fits, facts)) else None
    except (ValueError, TypeError, RecursionError):
        return None


_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "tuple[str, ...]": tuple,
}


def _fits(facts: PackFacts | PassageFacts) -> bool:
    """Whether all fields are of their kind."""
    return all(
        isinstance(getattr(facts, field.name), _KINDS[str(field.type)])
        for field in fields(facts)
    )
