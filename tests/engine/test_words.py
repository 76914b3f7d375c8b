"""What a text is, and what its words are (bits.md, "Words")."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.words import (
    decode,
    fold,
    has_digit,
    is_single,
    is_word_character,
    leading_word,
    n_letters,
    only_word,
    prepare,
    sha256,
    words,
)

# Characters with which the rules have to do, so that Hypothesis need not find them.
_TELLING = (
    "abcéßÅñĳǆ 0129½Ⅷ'’ʼ‘\"-‐–—_.,;:!?()\n\r\t\u00a0\u2028\u3000猫犬々〇一かがカー"
    "ｶﾞ゛\u0300\u0301\u0308\u0323\u3099\u200d\u20e3\ufe0f한글नमस्ते"
    "שלום\u05b8مرحبا\u0651😀👩🏽ΐϋ\u1fd3\u212b\u1e9b\x1c\x85\u200b"
)
telling_texts = st.text(alphabet=st.sampled_from(_TELLING), max_size=30)
any_texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
texts = telling_texts | any_texts


def spelled(text: str) -> list[str]:
    return [word.text for word in words(text)]


# ---- normalization ----


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("e\u0301te\u0301", "été"),
        ("\u212bngström", "Ångström"),
        ("か\u3099", "が"),
        ("ﬁn x² ½ ｶﾞ Ⅷ …", "ﬁn x² ½ ｶﾞ Ⅷ …"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("one\r\n\r\ntwo", "one\n\ntwo"),
        ("one\r\r\ntwo", "one\n\ntwo"),
        ("the end \t\n\u00a0\n", "the end"),
        ("  kept before", "  kept before"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_a_text_is_nfc_with_plain_line_ends_and_nothing_trailing(raw: str, shown: str) -> None:
    assert prepare(raw).shown == shown


@pytest.mark.parametrize(
    ("shown", "normalized"),
    [
        ("didn’t", "didn't"),
        ("o’clock’s", "o'clock's"),
        ("the dogs’ tea", "the dogs’ tea"),
        ("rock ’n’ roll", "rock ’n’ roll"),
        ("’Twas", "’Twas"),
        ("the 90’s", "the 90’s"),
        ("a’’b", "a’’b"),
        ("été’s", "été's"),
        ("x\u0302’s", "x\u0302's"),
        ("a‘b", "a‘b"),
    ],
)
def test_a_curly_apostrophe_is_read_as_straight_only_between_letters(
    shown: str, normalized: str
) -> None:
    text = prepare(shown)
    assert text.shown == shown
    assert text.normalized == normalized


def test_a_digit_with_a_mark_is_no_letter_before_an_apostrophe() -> None:
    assert prepare("9\u20e3’s").normalized == "9\u20e3’s"


@given(texts)
@example("a\u0308’\u0308b")
@example("it’\u0301s")
def test_shown_and_normalized_have_equal_length_and_differ_only_in_apostrophes(
    raw: str,
) -> None:
    text = prepare(raw)
    assert len(text.shown) == len(text.normalized)
    changed = [
        (place, was, now)
        for place, (was, now) in enumerate(zip(text.shown, text.normalized, strict=True))
        if was != now
    ]
    for place, was, now in changed:
        assert (was, now) == ("’", "'")
        assert regex.fullmatch(r"\p{L}", text.shown[place + 1])
        assert regex.fullmatch(r"[\p{L}\p{M}]", text.shown[place - 1])


@given(texts)
def test_preparing_twice_changes_nothing(raw: str) -> None:
    once = prepare(raw)
    assert prepare(once.shown) == once
    # What is read and hashed is a text of the same form.
    assert prepare(once.normalized).normalized == once.normalized
    assert unicodedata.is_normalized("NFC", once.normalized)
    assert "\r" not in once.normalized


def test_the_hash_is_of_the_normalized_text() -> None:
    curly, straight = prepare("It didn’t.\r\n"), prepare("It didn't.")
    assert curly.shown != straight.shown
    assert curly.sha256 == straight.sha256 == sha256("It didn't.")
    # SHA-256 of the bytes, as any other tool gives it.
    assert sha256("abc").startswith("ba7816bf8f01cfea414140de5dae2223")
    assert prepare("It didn't").sha256 != straight.sha256


@pytest.mark.parametrize(
    ("raw", "says"),
    [(b"a\0b", "binary"), (b"caf\xe9 au lait", "UTF-8"), ("né".encode("utf-16"), "")],
)
def test_bytes_that_are_no_text_are_refused_by_name(raw: bytes, says: str) -> None:
    with pytest.raises(InputError, match=r"notes\.txt") as caught:
        decode(raw, "notes.txt")
    assert says in str(caught.value)


def test_a_byte_order_mark_is_not_part_of_a_text() -> None:
    assert decode(b"\xef\xbb\xbfThe ferry", "notes.txt") == "The ferry"


# ---- words ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The ferry leaves at seven.", ["The", "ferry", "leaves", "at", "seven"]),
        ("He didn't.", ["He", "didn't"]),
        ("the dogs’ tea", ["the", "dogs", "tea"]),
        ("a life-jacket", ["a", "life", "jacket"]),
        ("'quoted'", ["quoted"]),
        ("o'clock's", ["o'clock's"]),
        ("a''b", ["a", "b"]),
        ("a'’b", ["a", "b"]),
        ("the 90’s", ["the", "90’s"]),
        ("snake_case", ["snake", "case"]),
        ("4:15 p.m.", ["4", "15", "p", "m"]),
        ("½ Ⅷ x²", ["½", "Ⅷ", "x²"]),
        ("3.14", ["3", "14"]),
        ("猫が好き", ["猫", "が", "好", "き"]),
        ("コーヒー", ["コ", "ー", "ヒ", "ー"]),
        ("ｶﾞ", ["ｶ", "ﾞ"]),
        ("か\u3099", ["か\u3099"]),
        ("ん\u3099い", ["ん\u3099", "い"]),
        ("人々〇", ["人", "々", "〇"]),
        ("C猫x", ["C", "猫", "x"]),
        ("it'猫", ["it", "猫"]),
        ("猫's", ["猫", "s"]),
        ("「猫。」", ["猫"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("שָׁלוֹם", ["שָׁלוֹם"]),
        ("sea 😀 side", ["sea", "side"]),
        ("sea😀side", ["sea", "side"]),
        ("x\u0302\u0323y", ["x\u0302\u0323y"]),
        ("\u0301a", ["\u0301a"]),
        ("x" * 80 + " y", ["x" * 80, "y"]),
        ("", []),
        (" …—'’ ", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert spelled(text) == expected


def test_after_normalizing_kana_with_a_mark_is_one_character_and_one_word() -> None:
    text = prepare("か\u3099く").normalized
    assert text == "がく"
    assert spelled(text) == ["が", "く"]


def test_right_to_left_words_have_offsets_in_the_order_of_the_characters() -> None:
    text = "abc مرحبا, שלום def"
    assert [(word.start, word.end) for word in words(text)] == [
        (0, 3),
        (4, 9),
        (11, 15),
        (16, 19),
    ]


@given(texts)
def test_words_are_ordered_disjoint_and_slices_of_their_text(raw: str) -> None:
    text = prepare(raw).normalized
    behind = 0
    for index, word in enumerate(words(text)):
        assert word.index == index
        assert behind <= word.start < word.end <= len(text)
        assert word.text == text[word.start : word.end]
        behind = word.end


def split_naively(text: str) -> list[str]:
    """Character by character, as bits.md says it.

    One thing is left to reading between its lines: an apostrophe joins ordinary letters
    only, since a Han or Kana character is a word by itself on both of its sides.
    """

    def is_mark(c: str) -> bool:
        return bool(regex.fullmatch(r"\p{M}", c))

    def alone(c: str) -> bool:
        script = regex.fullmatch(r"[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]", c)
        return bool(script and regex.fullmatch(r"[\p{L}\p{N}]", c))

    def ordinary(c: str) -> bool:
        return bool(regex.fullmatch(r"[\p{L}\p{M}\p{N}]", c)) and not alone(c)

    found: list[str] = []
    current = ""
    for place, c in enumerate(text):
        follows = text[place + 1] if place + 1 < len(text) else " "
        after_alone = bool(current) and alone(current[0])
        if alone(c):
            found.append(current)
            current = c
        elif (is_mark(c) and after_alone) or (ordinary(c) and not after_alone):
            current += c
        elif ordinary(c):
            found.append(current)
            current = c
        elif c in "'’" and current and current[-1] not in "'’" and not after_alone:
            if ordinary(follows):
                current += c
            else:
                found.append(current)
                current = ""
        else:
            found.append(current)
            current = ""
    found.append(current)
    return [word for word in found if word]


@given(texts)
@example("a'b'c''d'")
@example("猫\u0301'\u0301a")
@example("か\u3099a\u3099か")
def test_a_character_by_character_splitter_agrees(raw: str) -> None:
    text = prepare(raw).normalized
    assert spelled(text) == split_naively(text)


@given(texts)
def test_all_that_is_no_word_is_separator(raw: str) -> None:
    text = prepare(raw).normalized
    rest = list(text)
    for word in words(text):
        rest[word.start : word.end] = " " * (word.end - word.start)
    assert not regex.search(r"[\p{L}\p{M}\p{N}]", "".join(rest))


@given(texts, st.integers(-9, 9), st.integers(-9, 9) | st.none(), st.integers(-3, 3))
def test_words_are_a_sequence_like_any_list(
    raw: str, start: int, stop: int | None, step: int
) -> None:
    found = words(prepare(raw).normalized)
    every = list(found)
    assert isinstance(found, Sequence)
    assert len(found) == len(every)
    assert list(reversed(found)) == every[::-1]
    assert found[start:stop] == every[start:stop]
    if step:
        assert found[start:stop:step] == every[start:stop:step]
    for index in range(-len(every), len(every)):
        assert found[index] == every[index]
    for index in (len(every), -len(every) - 1):
        with pytest.raises(IndexError):
            found[index]


def test_words_are_made_when_they_are_asked_for() -> None:
    found = words("The ferry leaves. " * 10_000)
    assert len(found) == 30_000
    assert len(found[10:-10]) == 29_980
    assert sum(sys.getsizeof(part) for part in (found._starts, found._ends)) < 17 * 30_000
    assert found[29_999] == found[-1] != found[2]
    assert (found[-1].index, found[-1].text) == (29_999, "leaves")
    assert not hasattr(found, "__dict__")


# ---- words as they are being spelt ----


@pytest.mark.parametrize(
    ("spelt", "word", "goes_on"),
    [
        (b"", "", True),
        (b"sea", "sea", True),
        (b"sea ", "sea", False),
        (b"sea.", "sea", False),
        (b"sea side", "sea", False),
        (b"sea\n", "sea", False),
        (b" sea", "", False),
        (b"-", "", False),
        (b"'", "", False),
        (b"'t", "", False),
        (b"didn", "didn", True),
        (b"didn'", "didn", False),  # what follows a bare apostrophe is left out
        (b"didn't", "didn't", True),
        (b"didn't.", "didn't", False),
        (b"didn''t", "didn", False),
        ("didn’t".encode(), "didn’t", True),
        ("didn’".encode(), "didn", False),
        (b"1", "1", True),
        ("猫".encode(), "猫", True),  # a mark may follow
        ("猫\u0301".encode(), "猫\u0301", True),
        ("猫犬".encode(), "猫", False),
        ("猫s".encode(), "猫", False),
        ("猫'".encode(), "猫", False),
        ("s猫".encode(), "s", False),
        ("s'猫".encode(), "s", False),
        ("\u0301a".encode(), "\u0301a", True),
        # Part of a character may belong to the word, or not.
        (b"caf\xc3", "", True),
        (b"caf'\xc3", "", True),
        ("caf’".encode() + b"\xc3", "", True),
        (b"caf''\xc3", "caf", False),
        (b"caf.\xc3", "caf", False),
        (b"caf \xf0\x9f", "caf", False),
        (b"\xe7", "", True),
        (b"\xe7\x8c", "", True),
        (b".\xe7", "", False),
        ("猫".encode() + b"\xe7", "猫", False),
        ("猫".encode() + b"\xcc", "猫", False),
        ("猫'".encode() + b"\xcc", "猫", False),
        # No text at all.
        (b"\xff", "", False),
        (b"sea\xff", "", False),
        (b"\x8c\xab", "", False),
        (b"sea\xe7\x8cx", "", False),
        (b"\xed\xa0\x80", "", False),
        (b"sea\xed\xa0", "", False),
    ],
)
def test_the_word_that_bytes_begin_with(spelt: bytes, word: str, goes_on: bool) -> None:
    assert leading_word(spelt) == (word, goes_on)


def is_begun(part: bytes) -> bool:
    """Whether bytes are the beginning of a character, by completing them."""
    if len(part) > 3:
        return False
    for n_more in range(1, 5 - len(part)):
        for first in range(0x80, 0xC0):
            try:
                if len((part + bytes([first]) + b"\x80" * (n_more - 1)).decode()) == 1:
                    return True
            except UnicodeDecodeError:
                pass
    return False


def lead_naively(spelt: bytes) -> tuple[str, bool]:
    """Character by character, as bits.md says what continues a word."""
    text, part = "", b""
    for cut in range(len(spelt), max(-1, len(spelt) - 4), -1):
        try:
            text, part = spelt[:cut].decode(), spelt[cut:]
            break
        except UnicodeDecodeError:
            continue
    else:
        return "", False
    if part and not is_begun(part):
        return "", False
    if not text:
        return "", True
    if not is_word_character(text[0]):
        return "", False
    if is_single(text[0]):
        end = 1
        while end < len(text) and unicodedata.category(text[end])[0] == "M":
            end += 1
        return text[:end], end == len(text) and not part
    end = 1
    while end < len(text):
        follows = text[end + 1 : end + 2]
        if is_word_character(text[end]) and not is_single(text[end]):
            end += 1
        elif text[end] in "'’" and follows:
            if not is_word_character(follows) or is_single(follows):
                return text[:end], False
            end += 2
        elif text[end] in "'’" and part:
            return "", True
        else:
            return text[:end], False
    return ("", True) if part else (text, True)


PIECES = st.lists(
    st.sampled_from([c.encode() for c in "ab1'’ .-é猫か\u0301\u3099한न😀"])
    | st.binary(min_size=1, max_size=2)
    | st.sampled_from([b"\xc3", b"\xe7", b"\xe7\x8c", b"\xf0\x9f\x98", b"\xcc", b"\xe2\x80"]),
    max_size=5,
).map(b"".join)


@given(PIECES)
@example(b"a'\xe2\x80")
def test_a_character_by_character_speller_agrees(spelt: bytes) -> None:
    assert leading_word(spelt) == lead_naively(spelt)


@given(texts, st.integers(0, 40))
def test_a_word_being_spelt_is_the_first_of_every_text_that_goes_on_with_something_else(
    raw: str, n_bytes: int
) -> None:
    """What is called over is the first word, however the bytes go on."""
    whole = prepare(raw).normalized
    word, goes_on = leading_word(whole.encode()[:n_bytes])
    if (
        word
        and not goes_on
        and not whole.encode()[len(word.encode()) :].startswith((b"'", "’".encode()))
    ):
        assert words(whole)[0].text == word


# ---- questions about words ----


@pytest.mark.parametrize("word", ["sea", "didn't", "didn’t", "x" * 80, "猫", "12", "e\u0301te"])
def test_exactly_one_word(word: str) -> None:
    assert only_word(word) == unicodedata.normalize("NFC", word).replace("’", "'")


@pytest.mark.parametrize(
    "text", ["", " ", "two words", "life-jacket", "猫犬", "sea.", "'tis", "dogs'", "a''b", "😀"]
)
def test_not_exactly_one_word(text: str) -> None:
    assert only_word(text) is None


@pytest.mark.parametrize("character", ["猫", "々", "〇", "か", "カ", "ー", "ｶ"])
def test_han_and_kana_characters_are_single(character: str) -> None:
    assert is_single(character)


@pytest.mark.parametrize("character", ["a", "한", "ㄅ", "。", "、", "「", " ", "\u3099", "1"])
def test_other_characters_are_not_single(character: str) -> None:
    assert not is_single(character)


def test_letters_are_counted_without_marks_digits_and_apostrophes() -> None:
    assert n_letters("didn't") == 5
    assert n_letters("x\u0302y2") == 2
    assert n_letters("猫") == 1
    assert n_letters("212") == 0


@pytest.mark.parametrize(
    ("word", "expected"),
    [("a1", True), ("x²", True), ("Ⅷ", True), ("٣", True), ("sea", False), ("一", False)],
)
def test_whether_a_word_has_a_digit(word: str, expected: bool) -> None:
    assert has_digit(word) is expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sea", "SEA"),
        ("straße", "STRASSE"),
        ("didn’t", "DIDN'T"),
        ("ﬁn", "fin"),
        ("ｓｅａ", "sea"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("été", "E\u0301TE\u0301"),
    ],
)
def test_words_that_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_folding_does_not_depend_on_how_casefolding_left_the_accents() -> None:
    # Case folding takes ΐ apart and leaves Ϊ́ together; both are the same word.
    assert fold("Αΐδιος") == fold("Αΐδιος".upper())


def test_folding_keeps_what_matters_apart() -> None:
    assert len({fold(word) for word in ("its", "it's", "it", "café", "cafe")}) == 5


@given(st.text(alphabet="ab c'’漢-\n", max_size=60))
def test_a_word_is_found_by_where_it_starts(text: str) -> None:
    found = words(text)
    by_start = {word.start: word for word in found}
    for at in range(-1, len(text) + 2):
        assert found.starting_at(at) == by_start.get(at)
