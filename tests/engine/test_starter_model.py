"""The starter model itself, through llama.cpp: against reference values got without it, and
to the last bit against itself."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest

from engine.canonical import Scored, read_all, read_short
from engine.words import Word, prepare, words


@pytest.fixture(scope="module")
def sample(reference: Path) -> dict[str, Any]:
    return json.loads((reference / "sample-smollm2.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def text(reference: Path) -> str:
    return prepare((reference / "sample.txt").read_text("utf-8")).normalized


@pytest.fixture(scope="module")
def found(text: str) -> list[Word]:
    return words(text)


@pytest.fixture(scope="module")
def whole(starter: Any, text: str, found: list[Word]) -> Scored:
    return read_all(starter, text, found, all_tokens=True)


def assert_agrees(measured: list[float], expected: list[float]) -> None:
    """bits.md's measure of agreement with values that were got without llama.cpp."""
    assert sum(measured) == pytest.approx(sum(expected), rel=0.005)
    apart = [abs(m - e) for m, e in zip(measured, expected, strict=True)]
    assert statistics.mean(apart) <= 0.18
    assert statistics.correlation(measured, expected) > 0.998


def test_words_and_offsets_of_the_sample(sample: dict[str, Any], found: list[Word]) -> None:
    expected = [(word["word"], word["start"], word["end"]) for word in sample["words"]]
    assert [(word.text, word.start, word.end) for word in found] == expected


def test_tokens_of_the_sample(sample: dict[str, Any], starter: Any, text: str) -> None:
    tokens = starter.tokenize(text.encode())
    assert len(text.encode()) == sample["bytes"]
    assert len(tokens) == sample["tokens"] == 350
    assert b"".join(starter.vocabulary.pieces[token] for token in tokens) == text.encode()


def test_reader_agrees_with_the_reference(sample: dict[str, Any], whole: Scored) -> None:
    assert_agrees(list(whole.bits.values()), [word["bits"] for word in sample["words"]])


def test_the_plain_token_sum_agrees_with_the_reference(
    sample: dict[str, Any], whole: Scored
) -> None:
    assert whole.n_tokens == sample["tokens"]
    assert whole.token_bits == pytest.approx(sample["token_bits_total"], rel=0.005)


def test_instinct_agrees_with_the_reference(
    sample: dict[str, Any], starter: Any, text: str, found: list[Word]
) -> None:
    measured = [read_short(starter, text, found, word.index, 4) for word in found]
    assert_agrees(measured, [word["memory_4"] for word in sample["words"]])


def test_the_starter_model_begins_with_a_new_line(starter: Any) -> None:
    assert starter.vocabulary.pieces[starter.start_token] == b"\n"
    assert starter.window == 2048
    assert starter.facts.quantization == "Q4_1"
    assert starter.facts.place == "CPU"
    assert "llama-cpp-python" in starter.facts.backend


def test_the_cache_is_set_up_as_the_canonical_reading_wants_it(starter: Any) -> None:
    # Kernels round by shape: other batches are other bits, though within any tolerance.
    from llama_cpp import llama_cpp as api

    assert api.llama_n_ubatch(starter._context) == 128
    # The window, and cells for branches off it; the size itself was seen to change no bit.
    assert api.llama_n_ctx(starter._context) == 2048 + 256
    assert api.llama_n_seq_max(starter._context) == 1 + 16


# ---- identical to the last bit ----


def test_read_twice(starter: Any, text: str, found: list[Word], whole: Scored) -> None:
    assert read_all(starter, text, found, all_tokens=True) == whole


@pytest.mark.parametrize("n_words", [3, 71, 140, 200])
def test_a_prefix_read_alone(
    starter: Any, text: str, found: list[Word], whole: Scored, n_words: int
) -> None:
    prefix = text[: found[n_words - 1].end]
    tokens = starter.tokenize(prefix.encode())
    # Else the cut would have changed what is read, and the test would show nothing.
    assert starter.tokenize(text.encode())[: len(tokens)] == tokens
    alone = read_all(starter, prefix, found[:n_words]).bits
    assert alone == {index: whole.bits[index] for index in range(n_words)}


@pytest.mark.parametrize("step", [1, 29])
def test_few_words_asked_for_or_all(
    starter: Any, text: str, found: list[Word], whole: Scored, step: int
) -> None:
    some = read_all(starter, text, found[::step]).bits
    assert some == {word.index: whole.bits[word.index] for word in found[::step]}


def test_something_else_read_in_between(
    starter: Any, text: str, found: list[Word], whole: Scored
) -> None:
    short = read_short(starter, text, found, 50, 4)
    other = "Something else altogether, and in another sequence: 猫犬. " * 6
    read_all(starter, other, words(other))
    assert read_short(starter, text, found, 50, 4) == short
    few = found[:20]
    assert read_all(starter, text, few).bits == {w.index: whole.bits[w.index] for w in few}


def test_all_rows_or_few(
    starter: Any,
    text: str,
    found: list[Word],
    whole: Scored,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starter, "all_rows", True)
    few = found[5::40]
    assert read_all(starter, text, few).bits == {w.index: whole.bits[w.index] for w in few}


@pytest.mark.parametrize("n_threads", [2, 4])
def test_one_thread_or_more(
    starter: Any, text: str, found: list[Word], whole: Scored, n_threads: int
) -> None:
    from llama_cpp import llama_cpp as api

    assert api.llama_n_threads_batch(starter._context) == 1
    few = found[:60]
    api.llama_set_n_threads(starter._context, n_threads, n_threads)
    try:
        bits = read_all(starter, text, few).bits
    finally:
        api.llama_set_n_threads(starter._context, 1, 1)
    assert bits == {word.index: whole.bits[word.index] for word in few}


def test_behind_a_primer(starter: Any, text: str) -> None:
    paragraphs = text.split("\n\n")
    primer, passage = "Né 猫. A ferry, a theft.", paragraphs[1]
    joined = f"{primer}\n\n{passage}"
    behind = read_all(starter, joined, words(passage), before=len(joined) - len(passage)).bits
    n_before = len(words(primer))
    whole = read_all(starter, joined, words(joined)).bits
    assert behind == {index: whole[n_before + index] for index in range(len(behind))}
    assert len(behind) == len(words(passage))


# ---- whatever is read ----


@pytest.mark.parametrize(
    "raw",
    [
        "Der Fährmann wusste nicht, warum die Straße überflutet war; es war kein Zufall.",
        "Ο καπετάνιος δεν άφησε ποτέ το τιμόνι, και η θάλασσα ήταν ήσυχη.",
        "कप्तान ने पहिया नहीं छोड़ा, और समुद्र शांत था।",
        "船长没有离开舵轮，海面很平静。猫が好き。カメラ",
        "The sea 🌊 was calm 👩🏽‍🚀👍🏽. Was it? ☕️ yes😀no",
        "x\u0302y\u0323z\u0301\u0308 e\u0301te\u0301 \u0301a ㅎ한\u0301",
        "הקפטן לא עזב את ההגה. لم يترك القبطان عجلة القيادة، وكان البحر هادئًا.",
        "The " + "abcdefghij" * 8 + " ended.",
        "don’t can’t 'tis dogs’ o’clock's rock ’n’ roll 90’s",
        "tabs\tand\u00a0spaces  and\u2028lines\n\n\nand\u200bnothing \ufeff \x00 \x7f end",
        "½ x² Ⅷ ٣ 4:15 3.14 1,000,000",
        "a",
        "猫",
        "",
        "…",
    ],
)
def test_texts_of_every_kind_have_finite_bits(starter: Any, raw: str) -> None:
    text = prepare(raw).normalized
    found = words(text)
    tokens = starter.tokenize(text.encode())
    assert b"".join(starter.vocabulary.pieces[token] for token in tokens) == text.encode()
    scored = read_all(starter, text, found, all_tokens=True)
    assert list(scored.bits) == [word.index for word in found]
    short = [read_short(starter, text, found, word.index, 1) for word in found[-2:]]
    for bits in [*scored.bits.values(), *short]:
        assert math.isfinite(bits) and 0 <= bits < 2000
    assert scored.token_bits is not None and math.isfinite(scored.token_bits)


@pytest.mark.parametrize("special", ["<|im_end|>", "<|endoftext|>", "<|im_start|>user"])
def test_the_names_of_control_tokens_are_plain_characters(starter: Any, special: str) -> None:
    text = f"It said {special} and stopped."
    pieces = [starter.vocabulary.pieces[token] for token in starter.tokenize(text.encode())]
    assert all(pieces), "a control token has an empty piece"
    assert b"".join(pieces) == text.encode()
    bits = read_all(starter, text, words(text)).bits
    assert len(bits) == len(words(text)) > 4
    assert all(math.isfinite(value) for value in bits.values())


def test_the_printed_form_is_the_event(starter: Any) -> None:
    # After "the United", "States" is expected and "states" is not.
    capital = read_all(starter, "the United States", words("the United States")).bits[2]
    small = read_all(starter, "the United states", words("the United states")).bits[2]
    assert capital < 1 < small
