"""A made-up token model, and the slow truth: bits.md's sentences as loops.

Both are handed out as fixtures, since test modules cannot import one another.
"""

from __future__ import annotations

import functools
import hashlib
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import regex
from numpy.typing import NDArray

from engine.race import Draw, Identity, Player, Setup, Target
from engine.token_model import BRANCH_CELLS, MOST_BRANCHES
from engine.vocabulary import Vocabulary

_NEXT_TO_NOTHING = -200.0
"""Logit of a token that is never expected, beside others around 0."""


@dataclass(frozen=True)
class Decode:
    """One call of `decode`, as the toy saw it."""

    tokens: tuple[int, ...]
    position: int
    wanted: tuple[int, ...]
    cleared: bool
    """The cache was emptied since the call before."""


@dataclass(frozen=True)
class Branched:
    """One call of `branch`, as the toy saw it."""

    position: int
    branches: tuple[tuple[int, ...], ...]
    every_row: bool


class ToyModel:
    """A token model whose next distribution depends on everything that is in the cache.

    Token 0 is the start token, a special one with an empty piece. Distributions are drawn
    from a hash of (position, token) pairs in the cache in the order they came, so that a cache
    not cleared, a wrong position or a token too many changes all that follows.

    Args:
        pieces: without the start token's.
        seed: another seed is another model.
        window: tokens the cache holds.
        all_rows: as in `engine.canonical.TokenModel`.
        by_shape: let the distributions also depend on how long each batch was, as rounding
            in real kernels does.
        even: probabilities are 0 or all the same, so that float32 rounds nothing.
        unused: further pieces that no text is made of and that are never expected.
        table: context, as pieces behind the start token → piece → probability, instead of
            the hash; probabilities not given are next to nothing.
    """

    start_token = 0

    def __init__(
        self,
        pieces: Sequence[bytes],
        *,
        seed: int = 0,
        window: int = 2048,
        all_rows: bool = False,
        by_shape: bool = False,
        even: bool = False,
        unused: Sequence[bytes] = (),
        table: Mapping[tuple[bytes, ...], Mapping[bytes, float]] | None = None,
    ) -> None:
        self.pieces = [b"", *pieces, *unused]
        self.vocabulary = Vocabulary(self.pieces)
        self.window = window
        self.all_rows = all_rows
        self.calls: list[Decode] = []
        self.branched: list[Branched] = []
        self._n_used = 1 + len(pieces)
        self._by_shape = by_shape
        self._even = even
        self._table = table
        self._seed = seed
        self._longest = max(map(len, pieces), default=0)
        self._ids: dict[bytes, int] = {}
        for token in range(1, self._n_used):
            self._ids.setdefault(self.pieces[token], token)
        self._cleared = False
        self._given_out: NDArray[np.float32] | None = None
        self._cache: list[int] = []
        self._hash = self._fresh_hash()

    def tokenize(self, text: bytes) -> list[int]:
        """The longest piece that fits, again and again."""
        tokens: list[int] = []
        at = 0
        while at < len(text):
            for length in range(min(self._longest, len(text) - at), 0, -1):
                if (token := self._ids.get(text[at : at + length])) is not None:
                    tokens.append(token)
                    at += length
                    break
            else:
                raise AssertionError(f"the toy has no piece for {text[at:]!r}")
        return tokens

    def clear(self) -> None:
        self._cache = []
        self._hash = self._fresh_hash()
        self._cleared = True

    def decode(
        self, tokens: Sequence[int], position: int, wanted: Sequence[int]
    ) -> NDArray[np.float32]:
        assert len(tokens) > 0, "llama.cpp refuses an empty batch"
        assert position + len(tokens) <= self.window, "more than the cache holds"
        # llama.cpp packs the rows in the order of the batch, in whatever order one asks.
        assert list(wanted) == sorted(set(wanted)), "rows come in the order of the batch"
        assert all(0 <= place < len(tokens) for place in wanted)
        if self._given_out is not None:
            self._given_out.fill(np.nan)  # rows are valid until the next decode only
        self.calls.append(Decode(tuple(tokens), position, tuple(wanted), cleared=self._cleared))
        self._cleared = False
        if self._by_shape:
            self._hash.update(struct.pack("<ii", -1, len(tokens)))
        rows: list[NDArray[np.float32]] = []
        for place, token in enumerate(tokens):
            self._cache.append(token)
            self._hash.update(struct.pack("<ii", position + place, token))
            if place in wanted:
                rows.append(self._logits(self._hash.digest(), self._cache))
        out = np.array(rows, dtype=np.float32).reshape(len(rows), len(self.pieces))
        self._given_out = out
        return out

    def branch(
        self, position: int, branches: Sequence[Sequence[int]], every_row: bool
    ) -> NDArray[np.float32]:
        assert 0 < position <= len(self._cache), "branches go off what is in the cache"
        assert 0 < len(branches) <= MOST_BRANCHES
        assert 0 < sum(map(len, branches)) <= BRANCH_CELLS and all(branches)
        if self._given_out is not None:
            self._given_out.fill(np.nan)
        self.branched.append(Branched(position, tuple(map(tuple, branches)), every_row))
        rows: list[NDArray[np.float32]] = []
        for branch in branches:
            state = self._fresh_hash()
            context = self._cache[:position]
            for place, token in enumerate(context):
                state.update(struct.pack("<ii", place, token))
            for place, token in enumerate(branch):
                context = [*context, token]
                state.update(struct.pack("<ii", position + place, token))
                if every_row or place == len(branch) - 1:
                    rows.append(self._logits(state.digest(), context))
        out = np.array(rows, dtype=np.float32)
        self._given_out = out
        return out

    def next(self, context: Sequence[int]) -> NDArray[np.float64]:
        """The true distribution behind a context (with its start token) read from position 0
        on: what a right reading gets to see, got without a cache."""
        assert not self._by_shape, "depends on more than the context"
        state = self._fresh_hash()
        for position, token in enumerate(context):
            state.update(struct.pack("<ii", position, token))
        weights = np.exp(self._logits(state.digest(), context).astype(np.float64))
        return weights / weights.sum()

    def _fresh_hash(self) -> Any:
        return hashlib.blake2b(struct.pack("<q", self._seed), digest_size=8)

    def _logits(self, digest: bytes, context: Sequence[int]) -> NDArray[np.float32]:
        logits = np.full(len(self.pieces), _NEXT_TO_NOTHING, dtype=np.float32)
        if self._table is not None:
            key = tuple(self.pieces[token] for token in context[1:])
            for piece, probability in self._table.get(key, {b"": 1.0}).items():
                logits[self._ids[piece] if piece else 0] = math.log(probability)
            return logits
        source = np.random.Generator(np.random.SFC64(int.from_bytes(digest)))
        drawn = source.standard_normal(self._n_used)
        if self._even:
            drawn = np.where(drawn > 0, 0.0, _NEXT_TO_NOTHING / 2)
            drawn[0] = 0.0
        else:
            drawn *= 2.0
        logits[: self._n_used] = drawn
        return logits


# ---- bits.md as loops ----

_WORD_CHARACTER = regex.compile(r"[\p{L}\p{M}\p{N}]")
_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_HAN_OR_KANA = regex.compile(r"[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]")


def kind_of(character: str) -> str:
    """`single` for Han and Kana, `letter` for other letters, marks and digits, `apostrophe`
    or `other`."""
    if _LETTER_OR_DIGIT.fullmatch(character) and _HAN_OR_KANA.fullmatch(character):
        return "single"
    if _WORD_CHARACTER.fullmatch(character):
        return "letter"
    return "apostrophe" if character in "'’" else "other"


def first_of(piece: bytes) -> tuple[str, bytes]:
    """What a piece begins with (`kind_of`, `part` of a character, or `nothing`), and the
    bytes behind that."""
    if not piece:
        return "nothing", b""
    for length in range(1, 5):
        try:
            return kind_of(piece[:length].decode()), piece[length:]
        except UnicodeDecodeError:
            continue
    could_be_part = 0x80 <= piece[0] <= 0xF4 and piece[0] not in (0xC0, 0xC1)
    return "part" if could_be_part else "other", piece[1:]


def continues(piece: bytes) -> bool:
    """Whether a piece visibly continues a word."""
    kind, rest = first_of(piece)
    if kind == "apostrophe":
        kind, _ = first_of(rest)
    return kind in ("letter", "part")


def given_tokens(pieces: Sequence[bytes], rest: bytes) -> set[int]:
    found: set[int] = set()
    for token, piece in enumerate(pieces):
        if rest and piece == rest:
            found.add(token)
        begins, _ = first_of(piece[len(rest) :])
        if piece.startswith(rest) and begins in ("letter", "single", "part"):
            found.add(token)
    return found


def beyond_tokens(pieces: Sequence[bytes], word_end: bytes, single: bool) -> set[int]:
    found: set[int] = set()
    for token, piece in enumerate(pieces):
        if piece.startswith(word_end) and len(piece) > len(word_end):
            behind = piece[len(word_end) :]
            if single or not continues(behind):
                found.add(token)
    return found


def end_tokens(pieces: Sequence[bytes]) -> set[int]:
    return {token for token, piece in enumerate(pieces) if not continues(piece)}


def starts_of(tokens: Sequence[int], pieces: Sequence[bytes]) -> list[int]:
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(pieces[token]))
    return starts


@dataclass(frozen=True)
class Place:
    """Where bits.md finds a word: bytes [a, b), tokens j0…j1."""

    a: int
    b: int
    j0: int
    j1: int
    reaches_past: bool

    @property
    def last_row(self) -> int:
        return self.j1 if self.reaches_past else self.j1 + 1


def place_of(text: bytes, starts: Sequence[int], a: int, b: int) -> Place:
    def holding(byte: int) -> int:
        return next(j for j in range(len(starts) - 1) if starts[j] <= byte < starts[j + 1])

    j0 = holding(a - 1 if a > 0 and text[a - 1 : a] == b" " else a)
    j1 = holding(b - 1)
    return Place(a, b, j0, j1, starts[j1 + 1] > b)


def word_bits(
    model: ToyModel,
    text: bytes,
    tokens: Sequence[int],
    a: int,
    b: int,
    row: Callable[[int], NDArray[np.float64]],
) -> float:
    """Bits of the word at bytes [a, b), sentence by sentence as bits.md has it.

    Args:
        model: whose pieces the tokens are.
        text: all that is read.
        tokens: its tokens.
        a: first byte of the word.
        b: behind its last byte.
        row: j → the distribution over token j.
    """
    pieces = model.pieces
    starts = starts_of(tokens, pieces)
    place = place_of(text, starts, a, b)
    single = kind_of(text[a:b].decode()[0]) == "single"
    row = functools.cache(row)

    rest = text[starts[place.j0] : a]
    given = sum(row(place.j0)[t] for t in given_tokens(pieces, rest))
    path, beyond = 1.0, 0.0
    for j in range(place.j0, place.j1 + 1):
        finishing = beyond_tokens(pieces, text[starts[j] : b], single)
        if j == place.j1 and place.reaches_past and single:
            # The character alone: that the token holds more is not known yet.
            alone = [t for t, piece in enumerate(pieces) if piece == text[starts[j] : b]]
            finishing.update(alone[:1])
        elif j == place.j1 and place.reaches_past:
            # Where it goes on with part of a character, the text says that the word is over.
            finishing.add(tokens[j])
        beyond += path * sum(row(j)[t] for t in finishing)
        path *= row(j)[tokens[j]]
    ended = 0.0
    if not place.reaches_past:
        ends = 1.0 if single else sum(row(place.j1 + 1)[t] for t in end_tokens(pieces))
        ended = path * ends
    return -math.log2((ended + beyond) / given)


def read_naively(model: ToyModel, text: str, a: int, b: int) -> float:
    """Bits of the word at the characters [a, b) of a text that is read from its start in one
    go, without windows."""
    raw = text.encode()
    tokens = model.tokenize(raw)
    return word_bits(
        model,
        raw,
        tokens,
        len(text[:a].encode()),
        len(text[:b].encode()),
        lambda j: model.next([model.start_token, *tokens[:j]]),
    )


@pytest.fixture(scope="session")
def toy() -> type[ToyModel]:
    """The made-up token model."""
    return ToyModel


@pytest.fixture(scope="session")
def naive() -> SimpleNamespace:
    """bits.md as loops over the whole vocabulary."""
    return SimpleNamespace(
        kind_of=kind_of,
        continues=continues,
        given=given_tokens,
        beyond=beyond_tokens,
        ends=end_tokens,
        starts_of=starts_of,
        place_of=place_of,
        word_bits=word_bits,
        read=read_naively,
    )


@pytest.fixture(scope="session")
def bytewise() -> tuple[bytes, ...]:
    """Pieces that spell every text: all bytes, and some longer ones of every awkward kind."""
    longer = (
        "the", " the", " a", " cat", "cat", "cats", " sat", ", ", ". ", "s, and", "e c", "n't",
        "'s", "’s", "'", " '", "é", " é", "猫", "猫犬", "犬。", " 猫", "か", "\u0301", "한",
        "א", "न", " न", "\n\n", "  ", ".\n", "12", " 1", "😀", " 😀",
    )  # fmt: skip
    cut = (b" " + "é".encode()[:1], b"a" + "—".encode()[:1], "猫".encode()[:2],
           "猫".encode()[1:] + b"s", "😀".encode()[:3])  # fmt: skip
    singles = [bytes([byte]) for byte in range(256)]
    return tuple(dict.fromkeys([*singles, *(piece.encode() for piece in longer), *cut]))


@pytest.fixture(scope="session")
def library() -> Iterator[Any]:
    """llama.cpp in this process; one for all, since it keeps only a pointer to the log."""
    from engine.llama import Library

    yield Library(lambda line: None)


@pytest.fixture(scope="session")
def starter(library: Any, starter_file: Any) -> Any:
    """The starter model, on one thread: two that wait for each other at every step were
    twenty times slower on a machine that had something else to do."""
    from llama_cpp import llama_cpp as api

    model = library.load(starter_file, 0, lambda fraction: None)
    api.llama_set_n_threads(model._context, 1, 1)
    return model


# ---- races ----


@pytest.fixture(scope="session")
def make_identity() -> Callable[..., Identity]:
    """A model's identity, by the name it is to have."""

    def make(model: str = "starter") -> Identity:
        return Identity(
            model=model,
            file=f"{model}.gguf",
            sha256=hashlib.sha256(model.encode()).hexdigest(),
            quantization="Q4_1",
            reading_version=1,
            backend="toy; CPU",
            window=2048,
        )

    return make


@pytest.fixture(scope="session")
def make_setup() -> Callable[..., Setup]:
    """A race's setup: targets `word0`, `word1` …, the mind `reader`."""

    def make(n_players: int = 2, n_targets: int = 2, **changes: Any) -> Setup:
        usual: dict[str, Any] = {
            "race_id": "r1",
            "title": "A title",
            "text_sha256": "0" * 64,
            "targets": tuple(
                Target(40 + 5 * n, 200 + 30 * n, 205 + 30 * n, f"word{n}")
                for n in range(n_targets)
            ),
            "draw": Draw("returning", n_targets, 0),
            "players": tuple(Player(f"id{n}", f"Player {n}") for n in range(n_players)),
            "attempts": (1,) * n_players,
            "minds": ("reader",),
            "started_at": "2026-11-23T19:00:00Z",
        }
        return Setup(**{**usual, **changes})

    return make
