"""Texts in many scripts, on both tokenizer families: words lie where they are said to, bits
are finite and add up, and the fast path is the slow one.

Every sample fits into one block, so that the slow reading can follow.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from engine.canonical import Scored, read_all, read_short
from engine.surprisal import Span, locate, token_starts
from engine.words import Text, Word, prepare, words

_ROUNDING = 1e-5
"""Bits by which float32 sums may differ from the same in float64."""

_LONG = "Leuchtturmwärter" * 5

# Language → a text as it may come from outside, and its words, apostrophes straight.
SAMPLES = {
    "German": (
        "Großmutter verließ Königsberg früh, weil’s regnete; der Müller schwieg.",
        "Großmutter verließ Königsberg früh weil's regnete der Müller schwieg",
    ),
    # With the Greek semicolon and question mark, which NFC turns into others.
    "Greek": (
        "Η γιαγιά δεν ξέχασε τίποτα\u0387 ούτε το καΐκι. Γιατί\u037e",
        "Η γιαγιά δεν ξέχασε τίποτα ούτε το καΐκι Γιατί",
    ),
    "Hindi": (
        "मेरी नानी ने वह नाव कभी नहीं भुलाई। क्यों?",
        "मेरी नानी ने वह नाव कभी नहीं भुलाई क्यों",
    ),
    "Chinese": (
        "外婆从不忘记那条船。她说:“慢走,2 点见。”",
        "外 婆 从 不 忘 记 那 条 船 她 说 慢 走 2 点 见",
    ),
    "Japanese": (
        "祖母はカメラを持って、コーヒーを飲んだ。Wi-Fiなし",
        "祖 母 は カ メ ラ を 持 っ て コ ー ヒ ー を 飲 ん だ Wi Fi な し",
    ),
    # Joined by zero-width joiners, flags in pairs, a skin tone, and glued to letters.
    "emoji": (
        "She 👩\u200d🚀 waved 👨\u200d👩\u200d👧\u200d👦 from 🇫🇮🇬🇷, then 👋🏽 slept😴zzz 🏴.",
        "She waved from then slept zzz",
    ),
    "accents apart": (
        unicodedata.normalize("NFD", "Le garçon mangeait à Noël; Tiếng Việt rất đẹp, 한국."),
        "Le garçon mangeait à Noël Tiếng Việt rất đẹp 한국",
    ),
    # None of these has a form in one character.
    "accents that stay apart": (
        "x\u0302 and m\u0304a\u0304, o\u0328\u0301 or \u0301 alone, q\u0323\u0307.",
        "x\u0302 and m\u0304ā ǫ\u0301 or \u0301 alone q\u0323\u0307",
    ),
    "Arabic": (
        "لم تنسَ جدتي القاربَ أبدًا، حتى في شتاء ١٩٨٤.",
        "لم تنسَ جدتي القاربَ أبدًا حتى في شتاء ١٩٨٤",
    ),
    "Hebrew": (
        "סבתא לא שכחה את הסירה, גם לא ב־1984; שָׁלוֹם, ג'ירפה.",
        "סבתא לא שכחה את הסירה גם לא ב 1984 שָׁלוֹם ג'ירפה",
    ),
    "both ways": (
        "He said \u202bשלום, 3 חברים\u202c and \u2067مرحبا\u2069 to her.",
        "He said שלום 3 חברים and مرحبا to her",
    ),
    "a word of 80 letters": (
        f"Der {_LONG} ging. {_LONG}",
        f"Der {_LONG} ging {_LONG}",
    ),
    "digits": (
        "Born in 1984, she sold 3.5 tons at 4:15 for £1,200; 2nd-hand B52s in ½ hour, x² Ⅻ.",
        "Born in 1984 she sold 3 5 tons at 4 15 for 1 200 2nd hand B52s in ½ hour x² Ⅻ",
    ),
    "apostrophes": (
        "Don't touch the sailors’ rope; it’s O’Neil's 'old' one, ’twas said: rock ’n’ roll’",
        "Don't touch the sailors rope it's O'Neil's old one twas said rock n roll",
    ),
}  # fmt: skip

for_each_language = pytest.mark.parametrize("language", SAMPLES)


@pytest.fixture(
    scope="module", params=["starter", pytest.param("gemma", marks=pytest.mark.long)]
)
def model(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@dataclass(frozen=True)
class Sample:
    """A text and what it is held against."""

    text: Text
    spelled: list[str]

    @property
    def normalized(self) -> str:
        return self.text.normalized

    @property
    def words(self) -> Sequence[Word]:
        return words(self.normalized)


@pytest.fixture
def sample(language: str) -> Sample:
    raw, spelled = SAMPLES[language]
    return Sample(prepare(raw), unicodedata.normalize("NFC", spelled).split(" "))


@pytest.fixture(scope="module")
def reader(model: Any) -> Callable[[Sample], Scored]:
    """What Reader says of all words of a sample; each is read once."""
    known: dict[str, Scored] = {}

    def read(sample: Sample) -> Scored:
        if sample.normalized not in known:
            scored = read_all(model, sample.normalized, sample.words, all_tokens=True)
            known[sample.normalized] = scored
        return known[sample.normalized]

    return read


# ---- words ----


@for_each_language
def test_words_lie_where_they_are_said_to(sample: Sample) -> None:
    found = sample.words
    assert [word.text for word in found] == sample.spelled
    assert [word.index for word in found] == list(range(len(found)))
    for word in found:
        assert sample.normalized[word.start : word.end] == word.text
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@for_each_language
def test_people_see_the_same_characters_at_the_same_places(sample: Sample) -> None:
    shown, normalized = sample.text.shown, sample.normalized
    assert len(shown) == len(normalized)
    assert unicodedata.is_normalized("NFC", shown)
    assert {(a, b) for a, b in zip(shown, normalized, strict=True) if a != b} <= {("’", "'")}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@for_each_language
def test_however_accents_came_in_it_is_the_same_text(
    sample: Sample, language: str, form: Any
) -> None:
    raw, _ = SAMPLES[language]
    other = prepare(unicodedata.normalize(form, raw))
    assert other == sample.text
    assert other.sha256 == sample.text.sha256


def test_the_long_word_is_as_long_as_it_is_meant_to_be() -> None:
    assert len(_LONG) == 80


# ---- bytes and tokens ----


@for_each_language
def test_bytes_and_tokens_of_a_word(model: Any, naive: SimpleNamespace, sample: Sample) -> None:
    found = sample.words
    raw, pieces = sample.normalized.encode(), model.vocabulary.pieces
    tokens = model.tokenize(raw)
    assert raw == b"".join(pieces[token] for token in tokens)
    starts = naive.starts_of(tokens, pieces)
    spans = locate(found, sample.normalized, token_starts(tokens, pieces))
    for word, span in zip(found, spans, strict=True):
        assert raw[span.start : span.end].decode() == word.text
        place = naive.place_of(raw, starts, span.start, span.end)
        single = naive.kind_of(word.text[0]) == "single"
        assert span == Span(
            word.index, place.a, place.b, place.j0, place.j1, single, place.reaches_past
        )


# ---- bits ----


@for_each_language
def test_bits_are_finite_and_none_is_negative(
    model: Any, reader: Callable[[Sample], Scored], sample: Sample
) -> None:
    found = sample.words
    bits = reader(sample).bits
    assert list(bits) == [word.index for word in found]
    short = [
        read_short(model, sample.normalized, found, place, memory)
        for place, memory in ((0, 4), (len(found) // 2, 0), (len(found) - 1, 4))
    ]
    for value in [*bits.values(), *short]:
        assert math.isfinite(value) and value >= 0


@for_each_language
def test_the_total_is_the_sum_of_two_parts(
    model: Any, reader: Callable[[Sample], Scored], sample: Sample
) -> None:
    whole = list(reader(sample).bits.values())
    middle = sample.words[len(whole) // 2]
    # The second part as a passage of its own, with the first as what comes before.
    then = words(sample.normalized[middle.start :])
    part = read_all(model, sample.normalized, then, before=middle.start).bits
    assert list(part.values()) == whole[middle.index :]
    in_parts = math.fsum([*whole[: middle.index], *part.values()])
    assert in_parts == math.fsum(whole)


@for_each_language
def test_fast_is_slow_for_words_and_for_all_tokens(
    model: Any,
    reader: Callable[[Sample], Scored],
    read_slowly: Callable[..., Any],
    sample: Sample,
) -> None:
    fast = reader(sample)
    slow = read_slowly(model, sample.normalized)
    found = sample.words
    # Going through a large vocabulary takes long.
    some = found[1::2] if len(model.vocabulary) < 100_000 else [found[1], found[-1]]
    for word in some:
        expected = slow.bits(word)
        assert fast.bits[word.index] == pytest.approx(expected, abs=_ROUNDING, rel=1e-6)
    n_tokens = len(slow.tokens)
    assert fast.n_tokens == n_tokens
    assert fast.token_bits == pytest.approx(slow.token_bits, abs=_ROUNDING * n_tokens)
