"""Readings kept on disk, so that no text is read twice. Standard library only.

Losing them costs time, never a result: what is damaged, or not what its name says, is dropped;
a folder that cannot be written is put up with.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import cast

from engine.predictor import Reading
from engine.word_bits import WordBits

FORM = 1
"""Rises when entries are written in another form; those of other forms are dropped."""
MOST_BYTES = 64_000_000
"""Bytes all entries take together; beyond, the longest unused go."""
_KEPT_SHARE = 0.8
"""What is left when some have gone, so that not every new entry sends one away."""
_ENDING = ".reading"


@dataclass(frozen=True, slots=True)
class Key:
    """All that the bits of a text's words can depend on."""

    before_sha256: str
    """Of what is read before the passage."""
    text_sha256: str
    """Of the normalized passage."""
    model_sha256: str
    memory: int | None
    """Words remembered; None for all that came before."""
    window: int
    reading_version: int
    backend: str

    @property
    def name(self) -> str:
        """The name of its entry."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest() + _ENDING


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a reading."""

    bits: Mapping[int, float]
    """Word index → surprisal in bits, of the words that were asked for so far."""
    n_tokens: int = 0
    """Of the whole text; 0 where it has not been read as a whole."""
    token_bits: float | None = None
    """Plain sum over all tokens, where it was asked for."""
    whole: bool = False
    """All words of the text have been asked for."""

    def of(self, words: Sequence[int] | None) -> Mapping[int, float]:
        """What is known of some words; of all of them everything or nothing."""
        if words is None:
            return self.bits if self.whole else {}
        return {index: self.bits[index] for index in words if index in self.bits}

    def missing(self, words: Sequence[int] | None) -> tuple[int, ...] | None:
        """The words that have to be read; None for all of them, () for none."""
        if words is None:
            return () if self.whole else None
        return tuple(index for index in words if index not in self.bits)

    def with_more(self, reading: Reading, whole: bool) -> Entry:
        """This and another reading of the same text."""
        bits = self.bits
        if whole or not self.whole:
            bits = reading.bits if whole else {**self.bits, **reading.bits}
        token_bits = self.token_bits if reading.token_bits is None else reading.token_bits
        n_tokens = max(self.n_tokens, reading.n_tokens)
        return Entry(bits, n_tokens, token_bits, whole or self.whole)


NOTHING = Entry({})


class Kept:
    """Kept readings.

    Args:
        folder: where; made when there is something to keep.
        most_bytes: what all entries may take together.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, key: Key, n_words: int) -> Entry | None:
        """What is known under a key; a damaged or foreign entry is removed.

        Args:
            key: what the bits depend on.
            n_words: how many words the text has.
        """
        path = self._folder / key.name
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > self._most_bytes:
                raise ValueError("not an entry")
            entry = _parse(path.read_bytes(), key, n_words)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, OverflowError, RecursionError, MemoryError):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # the longest unused goes first
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep what is known, whole or not at all."""
        raw = _dump(key, entry)
        if len(raw) > self._most_bytes:
            return
        beside: Path | None = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                beside = Path(file.name)
                file.write(raw)
            beside.replace(self._folder / key.name)
            self._make_room(key.name)
        except OSError:
            if beside is not None:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)

    def _make_room(self, just_kept: str) -> None:
        with os.scandir(self._folder) as entries:
            found = [(entry.stat(), entry) for entry in entries if entry.is_file()]
        total = sum(status.st_size for status, _ in found)
        if total <= self._most_bytes:
            return
        found.sort(key=lambda one: one[0].st_mtime_ns)
        for status, entry in found:
            if total <= self._most_bytes * _KEPT_SHARE:
                return
            if entry.name != just_kept:  # two written at once can have the same time
                with suppress(OSError):
                    Path(entry.path).unlink()
                total -= status.st_size


def _dump(key: Key, entry: Entry) -> bytes:
    """An entry's bytes: the hash of what follows, then one JSON object."""
    indices = sorted(entry.bits)
    body = json.dumps(
        {
            "form": FORM,
            "key": asdict(key),
            "words": None if entry.whole else indices,
            "bits": [entry.bits[index] for index in indices],
            "n_tokens": entry.n_tokens,
            "token_bits": entry.token_bits,
        }
    ).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _parse(raw: bytes, key: Key, n_words: int) -> Entry:
    """An entry from its bytes.

    Raises:
        ValueError: damaged, of another form, of another text, or kept under another key.
    """
    digest, _, body = raw.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError("damaged")
    found: object = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("not an entry")
    fields = cast("dict[str, object]", found)
    if fields.get("form") != FORM or fields.get("key") != asdict(key):
        raise ValueError("another entry")
    bits = _numbers(fields.get("bits"))
    n_tokens, token_bits = fields.get("n_tokens"), fields.get("token_bits")
    if type(n_tokens) is not int or n_tokens < 0:
        raise ValueError("not a count")
    if token_bits is not None:
        (token_bits,) = _numbers([token_bits])
    if "words" in fields and fields["words"] is None:
        if len(bits) != n_words:
            raise ValueError("not the words of this text")
        return Entry(WordBits(bits), n_tokens, token_bits, whole=True)
    indices = _indices(fields.get("words"), n_words)
    return Entry(dict(zip(indices, bits, strict=True)), n_tokens, token_bits)


def _indices(told: object, n_words: int) -> list[int]:
    """Indices of words as they are written: ascending, none twice."""
    if not isinstance(told, list):
        raise ValueError("not word indices")
    indices = cast("list[object]", told)
    found = [one for one in indices if type(one) is int and 0 <= one < n_words]
    if len(found) != len(indices) or any(one >= other for one, other in pairwise(found)):
        raise ValueError("not word indices")
    return found


def _numbers(told: object) -> list[float]:
    if not isinstance(told, list):
        raise ValueError("not bits")
    numbers = cast("list[object]", told)
    found = [float(one) for one in numbers if type(one) is float or type(one) is int]
    if len(found) != len(numbers) or not all(math.isfinite(one) and one >= 0 for one in found):
        raise ValueError("not bits")
    return found
