"""How probable the first tokens of words are at places: by the slow truth, for one decode."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.canonical import Watch, read_all
from engine.errors import EngineError, InputError, ModelError
from engine.first_tokens import first_tokens
from engine.link import Link
from engine.minds import GOLDFISH, INSTINCT, READER, STRANGER, Mind, memory_start
from engine.places import place_short
from engine.predictor import LEAST_LOG2, Comparison, Job, Loading, Predictor
from engine.scripted import ScriptedPredictor, by_hash
from engine.words import Word, prepare, words

WAIT_S = 120.0
ROLE = "starter"
TEXT = (
    "The ferry leaves at seven, and only four people came aboard this morning. The cook was "
    'asleep.\n\n"So the captain was steering, and the thief was the schoolteacher.'
)
WANTED: tuple[int, ...] = (0, 1, 5, 16, 21, 24)
"""The first word, one behind a space, behind a comma, behind a blank line and a quote …"""
TRIED = ("schoolteacher", "ferry", "Zwölf", "didn't", "a", "So", "猫", "1984", "xylophone")
_PARTS = (
    "the",
    "cat",
    "cats",
    "didn't",
    "né",
    "猫犬",
    "か",
    "12",
    "a—b",
    "한국",
    "(the",
    "word.\n",
)


def a_text(n_words: int, seed: int = 0) -> str:
    source = random.Random(seed)
    return " ".join(source.choice(_PARTS) for _ in range(n_words)).strip()


def slow_log2(
    model: Any,
    naive: SimpleNamespace,
    text: str,
    at: int,
    tried: Sequence[str],
    row: Callable[[Sequence[int]], Any],
) -> list[float]:
    """By a whole distribution.

    Args:
        model: the model that reads.
        naive: bits.md as loops.
        text: all that is read, up to the word at least.
        at: index of the word among those of `text`.
        tried: words in its place.
        row: tokens with the start token → the distribution behind them.
    """
    word = words(text)[at]
    raw = text.encode()
    a, b = (len(text[:place].encode()) for place in (word.start, word.end))
    tokens = model.tokenize(raw)
    starts = naive.starts_of(tokens, model.vocabulary.pieces)
    j0 = naive.place_of(raw, starts, a, b).j0
    expected = row([model.start_token, *tokens[:j0]])
    return [
        math.log2(expected[model.tokenize(raw[starts[j0] : a] + one.encode())[0]])
        for one in tried
    ]


def remembered(text: str, at: int, memory: int) -> tuple[str, int]:
    """What a short memory reads up to the end of a word, and the word's index in that."""
    found = words(text)
    piece = text[memory_start(found, at, memory) : found[at].end]
    return piece, len(words(piece)) - 1


class _Counted:
    """A model whose calls are counted."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.n_calls = SimpleNamespace(decode=0, branch=0)
        self.cut: list[bytes] = []
        """What was cut into tokens."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def decode(self, *args: Any) -> Any:
        self.n_calls.decode += 1
        return self._model.decode(*args)

    def branch(self, *args: Any, **more: Any) -> Any:
        self.n_calls.branch += 1
        return self._model.branch(*args, **more)

    def tokenize(self, text: bytes) -> Any:
        self.cut.append(text)
        return self._model.tokenize(text)


def counted(model: Any) -> Any:
    """A model with its calls counted."""
    return _Counted(model)


# ---- what is told, through a toy ----


@pytest.mark.parametrize("seed", range(4))
def test_all_that_came_before(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...], seed: int
) -> None:
    text = a_text(60, seed)
    model = toy(bytewise, seed=seed)
    asked = dict.fromkeys(range(0, len(words(text)), 5), TRIED)
    told = dict(first_tokens(model, text, asked))
    assert list(told) == list(asked)
    for at, log2 in told.items():
        expected = slow_log2(model, naive, text, at, TRIED, model.next)
        assert log2 == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("memory", [0, 1, 4, 12])
def test_a_short_memory(
    toy: Any, naive: SimpleNamespace, bytewise: tuple[bytes, ...], memory: int
) -> None:
    text = a_text(40, memory)
    model = toy(bytewise)
    asked = dict.fromkeys(range(0, len(words(text)), 3), TRIED)
    told = dict(first_tokens(model, text, asked, memory=memory))
    assert list(told) == list(asked)
    for at, log2 in told.items():
        piece, within = remembered(text, at, memory)
        expected = slow_log2(model, naive, piece, within, TRIED, model.next)
        assert log2 == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("window", [4, 8, 60])
def test_a_memory_longer_than_the_window(
    toy: Any, bytewise: tuple[bytes, ...], window: int
) -> None:
    text = a_text(60, 5)
    model = toy(bytewise, window=window)
    found = words(text)
    told = dict(first_tokens(model, text, {50: TRIED[:3]}, memory=40))
    place = place_short(model, text, found, 50, 40)
    firsts = [model.tokenize(place.rest + one.encode())[0] for one in TRIED[:3]]
    expected = place.row.log_probs(np.array(firsts, np.int32)) / math.log(2)
    assert told == {50: pytest.approx(expected.tolist())}


@pytest.mark.parametrize("memory", [None, 4])
def test_what_comes_before_the_passage(
    toy: Any, bytewise: tuple[bytes, ...], memory: int | None
) -> None:
    model = toy(bytewise)
    primer, passage = "A cat.\n\n", "the cat sat."
    told = dict(
        first_tokens(model, primer + passage, {1: TRIED}, before=len(primer), memory=memory)
    )
    if memory is None:
        assert told[1] == dict(first_tokens(model, primer + passage, {3: TRIED}))[3]
    else:
        assert told == dict(first_tokens(model, passage, {1: TRIED}, memory=memory))


@pytest.mark.parametrize("memory", [None, 4])
def test_it_depends_neither_on_the_printed_word_nor_on_what_else_is_asked(
    toy: Any, bytewise: tuple[bytes, ...], memory: int | None
) -> None:
    # By shape, as real kernels round.
    model = toy(bytewise, by_shape=True)
    text, other = "the cat sat, né. the cats", "the cat sat, né. the xylophones sat"
    alone = dict(first_tokens(model, text, {5: TRIED[:2]}, memory=memory))
    among = dict(first_tokens(model, other, {2: ("a",), 5: TRIED}, memory=memory))
    assert alone[5] == among[5][:2]


def test_as_many_as_asked_and_in_that_order(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    model = toy(bytewise)
    asked = {3: (), 1: ("cat", "né", "cat"), 2: ("né", "cat")}
    told = dict(first_tokens(model, "the cat sat a", asked, memory=2))
    assert list(told) == [1, 2, 3]
    assert [len(told[at]) for at in told] == [3, 2, 0]
    assert told[1][0] == told[1][2] != told[1][1]
    swapped = dict(first_tokens(model, "the cat sat a", {1: ("né", "cat")}, memory=2))
    assert swapped[1] == told[1][1::-1]
    assert dict(first_tokens(model, "the cat sat a", {})) == {}


def test_words_that_begin_with_the_same_token_stand_level(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    told = dict(first_tokens(toy(bytewise), "a cat sat", {2: ("cata", "catb", "sat")}))
    assert told[2][0] == told[2][1] != told[2][2]


# ---- what it costs ----


@pytest.mark.parametrize("memory", [None, 4])
def test_no_word_costs_a_decode(
    toy: Any, bytewise: tuple[bytes, ...], memory: int | None
) -> None:
    text = a_text(60, 7)
    places = range(3, 50, 6)
    n_decodes = len(places)
    if memory is None:
        model = toy(bytewise)
        read_all(model, text, [words(text)[places[-1]]])
        n_decodes = len(model.calls)
    for tried in (("cat",), TRIED, tuple(f"w{n}" for n in range(2000))):
        model = counted(toy(bytewise))
        dict(first_tokens(model, text, dict.fromkeys(places, tried), memory=memory))
        assert (model.n_calls.branch, model.n_calls.decode) == (0, n_decodes)


def test_a_word_is_cut_into_tokens_once_for_each_separator(
    toy: Any, bytewise: tuple[bytes, ...]
) -> None:
    model = counted(toy(bytewise))
    text = "a cat sat (a cat (the cats sat"
    dict(first_tokens(model, text, dict.fromkeys(range(7), ("né", "cat", "né"))))
    assert sorted(model.cut[1:]) == sorted([b"cat", b" cat", "né".encode(), " né".encode()])


# ---- what has no number, and what is refused ----


@pytest.mark.parametrize("memory", [None, 4])
def test_what_no_piece_spells_comes_last_and_spoils_nothing(
    toy: Any, memory: int | None
) -> None:
    class Deaf(toy):
        def tokenize(self, text: bytes) -> Sequence[int]:
            return super().tokenize(text.replace(b"x", b""))

    model = Deaf([b"a", b" a", b"."])
    told = dict(first_tokens(model, "a a a", {0: ("x", "a"), 2: ("ax", "a")}, memory=memory))
    for log2 in told.values():
        assert log2[0] == LEAST_LOG2 < log2[1] <= 0


@pytest.mark.parametrize("logit", [-3e38, -math.inf])
def test_every_number_can_be_told(toy: Any, bytewise: tuple[bytes, ...], logit: float) -> None:
    class Sure(toy):
        """Certain of one token and of nothing else."""

        def _logits(self, digest: bytes, context: Sequence[int]) -> Any:
            logits = np.full(len(self.pieces), logit, np.float32)
            logits[self._ids[b" cat"]] = 12.3
            return logits

    told = dict(first_tokens(Sure(bytewise), "a cat sat", {1: ("cat", "né", "cats")}))
    assert told == {1: [0.0, LEAST_LOG2, 0.0]}


@pytest.mark.parametrize("word", ["", "two words", "life-jacket", "漢字", "!", "a.", " a"])
def test_what_is_no_word_is_refused(toy: Any, bytewise: tuple[bytes, ...], word: str) -> None:
    model = counted(toy(bytewise))
    with pytest.raises(InputError, match="is not exactly one word"):
        dict(first_tokens(model, "the cat sat", {0: ("a",), 1: ("cat", word)}))
    assert model.n_calls.decode == 0


@pytest.mark.parametrize("memory", [None, 4])
@pytest.mark.parametrize("index", [-1, 3, 1000])
def test_a_place_that_is_not_there_is_refused(
    toy: Any, bytewise: tuple[bytes, ...], memory: int | None, index: int
) -> None:
    with pytest.raises(EngineError, match="that the text does not have"):
        dict(first_tokens(toy(bytewise), "the cat sat", {index: ("a",)}, memory=memory))


def test_a_word_of_any_length_can_be_tried(toy: Any, bytewise: tuple[bytes, ...]) -> None:
    told = dict(first_tokens(toy(bytewise), "the cat sat", {1: ("z" * 3000, "z")}))
    assert told[1][0] < 0


@pytest.mark.parametrize("memory", [None, 4])
@pytest.mark.parametrize("after", [0, 2])
def test_a_check_that_raises_stops_it(
    toy: Any, bytewise: tuple[bytes, ...], memory: int | None, after: int
) -> None:
    class Stop(Exception):
        pass

    left = after

    def stop() -> None:
        nonlocal left
        if not left:
            raise Stop
        left -= 1

    model = counted(toy(bytewise))
    asked = dict.fromkeys(range(0, 200, 20), TRIED)
    with pytest.raises(Stop):
        dict(first_tokens(model, a_text(260), asked, memory=memory, watch=Watch(check=stop)))
    assert model.n_calls.decode == after


@pytest.mark.parametrize("memory", [None, 4])
def test_how_far_it_is_is_told(
    toy: Any, bytewise: tuple[bytes, ...], memory: int | None
) -> None:
    told: list[float] = []
    watch = Watch(on_progress=lambda part, of: told.append(part / of))
    asked = dict.fromkeys(range(1, 31, 9), TRIED)
    dict(first_tokens(toy(bytewise), a_text(40), asked, memory=memory, watch=watch))
    assert told and told == sorted(told) and 0.9 < told[-1] <= 1


def test_a_tiny_window_is_refused(toy: Any) -> None:
    with pytest.raises(ModelError):
        dict(first_tokens(toy([b"a", b" a", b"."], window=1), "a a", {1: ("a",)}))


# ---- the real model ----


def naive_row(starter: Any, filled: bool) -> Callable[[Sequence[int]], Any]:
    """The distribution behind tokens, in one decode of the shape that the mind's has."""

    def row(tokens: Sequence[int]) -> Any:
        n_filling = 128 - len(tokens) if filled else 0
        starter.clear()
        (logits,) = starter.decode(
            [*tokens, *[starter.start_token] * n_filling], 0, [len(tokens) - 1]
        )
        weights = np.exp(logits.astype(np.float64) - float(logits.max()))
        return weights / weights.sum()

    return row


@pytest.mark.parametrize("mind", [READER, GOLDFISH, INSTINCT])
def test_the_order_is_that_of_whole_rows(
    starter: Any, naive: SimpleNamespace, mind: Mind
) -> None:
    pool = tuple(dict.fromkeys([*TRIED, *(word.text for word in words(TEXT))]))
    model = counted(starter)
    asked = dict.fromkeys(WANTED, pool)
    told = dict(first_tokens(model, TEXT, asked, memory=mind.memory))
    assert tuple(told) == WANTED
    assert model.n_calls.decode == (1 if mind.reads_all else len(WANTED))
    assert model.n_calls.branch == 0
    row = naive_row(starter, filled=mind.reads_all)
    for at, log2 in told.items():
        text, within = (TEXT, at) if mind.memory is None else remembered(TEXT, at, mind.memory)
        # For a reader, filled otherwise behind what counts, which the rows do not see.
        expected = slow_log2(starter, naive, text, within, pool, row)
        assert log2 == pytest.approx(expected, abs=1e-3)
        assert sorted(pool, key=lambda one: (-log2[pool.index(one)], one)) == sorted(
            pool, key=lambda one: (-round(expected[pool.index(one)], 9), one)
        )


def test_what_the_model_knows_shows_in_the_order(starter: Any) -> None:
    pool = ("schoolteacher", "captain", "xylophone", "only", "didn't", "seven")
    ((_, log2),) = first_tokens(starter, TEXT, {24: pool})
    assert all(LEAST_LOG2 < one < 0 for one in log2)
    assert max(log2[:2]) > max(log2[2:])


# ---- through the link ----


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory, starter_file: Path) -> Iterator[Link]:
    folder = tmp_path_factory.mktemp("link")
    link = Link(folder / "engine.log", folder / "cache")
    link.load(Loading(ROLE, str(starter_file))).result(WAIT_S)
    yield link
    link.close()


@pytest.fixture(scope="module")
def long_text(reference: Path) -> str:
    return prepare((reference / "sample.txt").read_text("utf-8")).normalized


@pytest.mark.parametrize("mind", [READER, GOLDFISH, INSTINCT])
def test_the_link_tells_what_this_process_finds(link: Link, starter: Any, mind: Mind) -> None:
    asked = {24: TRIED, 3: ("at", "on"), 5: ()}
    told = link.first_tokens(Comparison(ROLE, mind, TEXT, asked)).result(WAIT_S)
    expected = dict(first_tokens(starter, TEXT, asked, memory=mind.memory))
    assert told == {index: tuple(log2) for index, log2 in expected.items()}


def test_a_primer_is_read_by_those_who_read_it(link: Link) -> None:
    primer = "The xylophone was the thief. Remember: the thief was the xylophone.\n\n"
    asked = {24: ("xylophone",)}
    behind = Comparison(ROLE, READER, primer + TEXT, asked, len(primer))
    with_primer = link.first_tokens(behind).result(WAIT_S)[24][0]
    without = link.first_tokens(Comparison(ROLE, STRANGER, TEXT, asked)).result(WAIT_S)[24][0]
    assert with_primer > without + 3


def test_thousands_of_words_at_many_places_pass(link: Link, long_text: str) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    pool = tuple(f"wordof{a}{b}{c}" for a in letters for b in letters for c in letters[:8])
    asked = dict.fromkeys(range(40, 200, 20), pool[:5000])
    told = link.first_tokens(Comparison(ROLE, INSTINCT, long_text, asked)).result(WAIT_S)
    assert {at: len(log2) for at, log2 in told.items()} == dict.fromkeys(asked, 5000)
    assert all(LEAST_LOG2 <= one <= 0 for log2 in told.values() for one in log2)


def test_asking_changes_no_bit_of_later_readings(link: Link) -> None:
    before = link.read(Job(ROLE, READER, TEXT)).result(WAIT_S).bits
    for mind in (READER, INSTINCT):
        link.first_tokens(Comparison(ROLE, mind, TEXT, {5: TRIED})).result(WAIT_S)
    assert link.read(Job(ROLE, READER, TEXT)).result(WAIT_S).bits == before


def test_what_cannot_be_asked_is_answered_with_a_sentence(link: Link) -> None:
    two = link.first_tokens(Comparison(ROLE, READER, TEXT, {3: ("a", "two words")}))
    with pytest.raises(InputError, match="'two words' is not exactly one word"):
        two.result(WAIT_S)
    nowhere = link.first_tokens(Comparison(ROLE, INSTINCT, TEXT, {999: ("a",)}))
    with pytest.raises(EngineError, match="that the text does not have"):
        nowhere.result(WAIT_S)
    with pytest.raises(EngineError):
        link.first_tokens(Comparison("nobody", READER, TEXT, {3: ("a",)})).result(WAIT_S)
    half = link.first_tokens(Comparison(ROLE, READER, TEXT, {3: ("\ud800",)}))
    with pytest.raises(InputError, match="half a character"):
        half.result(WAIT_S)
    # And the engine goes on.
    asked = {3: ("a",)}
    told = link.first_tokens(Comparison(ROLE, READER, TEXT, asked)).result(WAIT_S)
    assert told.keys() == {3}


def test_it_can_be_given_up(link: Link, long_text: str) -> None:
    everywhere = dict.fromkeys(range(len(words(long_text))), TRIED)
    futures = [
        link.first_tokens(Comparison(ROLE, INSTINCT, long_text, everywhere)) for _ in range(20)
    ]
    for future in futures:
        link.cancel(future)
        assert future.cancelled()
    # What was given up is not worked off first: it would take minutes.
    asked = {3: ("a",)}
    assert link.first_tokens(Comparison(ROLE, READER, TEXT, asked)).result(20.0).keys() == {3}


# ---- six words, as a choice asks for them ----


@pytest.mark.parametrize("mind", [READER, GOLDFISH, INSTINCT])
def test_six_words_are_compared_with_the_printed_one_among_them(
    link: Link, long_text: str, mind: Mind
) -> None:
    found = words(long_text)
    places = range(40, 240, 40)
    asked = {
        at: (*(found[at - back].text for back in (3, 7, 11)), found[at].text, "captain", "sail")
        for at in places
    }
    compared = link.compare(Comparison(ROLE, mind, long_text, asked)).result(WAIT_S)
    assert {at: len(bits) for at, bits in compared.items()} == dict.fromkeys(places, 6)
    assert all(0 <= one < 200 for bits in compared.values() for one in bits)
    read = link.read(Job(ROLE, mind, long_text, words=tuple(places))).result(WAIT_S).bits
    for at in places:
        # In a block of 128 where a reader reads it, alone where it is compared.
        assert compared[at][3] == pytest.approx(read[at], abs=0.6 if mind.reads_all else 0)


# ---- by a script ----


def test_a_script_tells_its_bits_below_0() -> None:
    predictor: Predictor = ScriptedPredictor()
    asked = {5: ("boat", "ferry", "boat"), 1: ("né",)}
    for mind in (READER, INSTINCT):
        comparison = Comparison(ROLE, mind, TEXT, asked)
        told = predictor.first_tokens(comparison).result(WAIT_S)
        assert told == {
            at: tuple(-by_hash(mind, Word(at, 0, 0, text)) for text in texts)
            for at, texts in asked.items()
        }
        assert told == predictor.first_tokens(comparison).result(WAIT_S)
        assert all(LEAST_LOG2 <= one <= 0 for log2 in told.values() for one in log2)


def test_a_script_s_fault_fails_it_and_it_can_be_given_up() -> None:
    comparison = Comparison(ROLE, READER, TEXT, {1: ("a",)})
    failing = ScriptedPredictor(fault=EngineError("The engine died."))
    with pytest.raises(EngineError, match="died"):
        failing.first_tokens(comparison).result(WAIT_S)
    patient = ScriptedPredictor(delay_s=3600)
    future = patient.first_tokens(comparison)
    patient.cancel(future)
    assert future.cancelled()
    patient.close()
