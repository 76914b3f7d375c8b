"""The first look at a TOML file: what it bounds, and where it sees keys."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puzzles.outline import MOST_DEPTH, MOST_KEYS, OutlineError, outline

SOURCE = '''# format = 9
format = 1 # [[passages]]
"id" = "a # b = c"
title = """
[[passages]]
two \\""" [ \\\\"""
'author' = \'\'\'x\'\'\'\'\'
list = [
  "]",  # ]
]

[[ "passages" ]]
id = "one"
text = """first
second"""

[passages.more]
theme = "none of the passage's own"
[[passages.notes]]
source = "nor this"
[[passages]]
  "text"  =  "\\n\\n"
[other]
format = 2
'''


def test_keys_are_found_where_they_stand() -> None:
    tomllib.loads(SOURCE)
    found = outline(SOURCE)
    assert found.headers == [12, 21]
    lines = {key: place.line for key, place in found.keys.items()}
    assert lines == {
        (None, "format"): 2,
        (None, "id"): 3,
        (None, "title"): 4,
        (None, "author"): 7,
        (None, "list"): 8,
        (None, "passages"): 12,
        (0, "id"): 13,
        (0, "text"): 14,
        (1, "text"): 22,
        (None, "other"): 23,
    }
    assert found.line(0, "id") == 13
    assert found.line(1, "id") == 21, "a missing key stands where its passage does"
    assert found.line(2, "id") is None
    assert found.line(None, "none") is None


def test_a_table_is_not_taken_for_a_passage() -> None:
    found = outline("[passages]\nid = 1\n")
    assert found.headers == []
    assert list(found.keys) == [(None, "passages")]


def test_lines_within_a_string() -> None:
    found = outline(SOURCE)
    assert found.keys[None, "title"].line_in('[[passages]]\ntwo """ [ \\', 2) == 6
    assert found.keys[0, "text"].line_in("first\nsecond", 2) == 15
    assert found.keys[1, "text"].line_in("\n\n", 3) == 22, "escapes leave only the key's line"


@pytest.mark.parametrize(
    "nested",
    [
        lambda depth: "a = " + "[" * depth + "]" * depth,
        lambda depth: "a = " + "{b=" * depth + "1" + "}" * depth,
        lambda depth: ".".join("a" * (depth + 1)) + " = 1",
        lambda depth: "a = [\n" * depth + "]" * depth,
        lambda depth: "[" + ".".join("a" * depth) + "]",
        lambda depth: "a = ''''x''''" + "\nb = " + "[" * depth + "]" * depth,
        lambda depth: "a = [''''x'''', " + "[" * (depth - 1) + "]" * depth,
        lambda depth: 'a = [""""x"""", ' + "[" * (depth - 1) + "]" * depth,
    ],
)
def test_depth_is_bounded(nested) -> None:
    outline(nested(MOST_DEPTH))
    with pytest.raises(OutlineError, match="nested too deeply"):
        outline(nested(MOST_DEPTH + 1))


@pytest.mark.parametrize(
    "many",
    [
        lambda n: "".join(f"k{i} = 1\n" for i in range(n)),
        lambda n: "a = [" + "1," * (n - 2) + "]",
        lambda n: "".join("a.b\n" for i in range(n)),
        lambda n: "[[passages]]\n" * (n // 2) + "a=1\n" * (n % 2),
    ],
)
def test_the_number_of_keys_is_bounded(many) -> None:
    outline(many(MOST_KEYS))
    with pytest.raises(OutlineError, match="too many keys"):
        outline(many(MOST_KEYS + 1))


def test_brackets_in_strings_and_comments_count_nothing() -> None:
    brackets = "[{.,=" * 10_000
    outline(f"a = '{brackets}' # {brackets}\nb = \"{brackets}\"\nc = '''\n{brackets}'''")


VALUES = st.sampled_from(
    [
        "1 # ] [[passages]]",
        "'\\'",
        '"\\\\"',
        '"\\" = ["',
        "'''\n[[passages]]\n\\'''",
        '"""\nk = 1\n\\"""]"""""',
        "''''''",
        "[ # ]\n  [], '[',\n]",
        "{ a.b = [1], c = '}' }",
        "1979-05-27T00:32:00.5",
        "-1.5e3",
    ]
)


@given(st.lists(st.one_of(VALUES, st.just("[[passages]]"), st.just("# = [\n")), max_size=12))
def test_keys_are_found_among_all_kinds_of_values(values) -> None:
    source, expected, passage = "", {}, None
    for number, value in enumerate(values):
        line = source.count("\n") + 1
        if value == "[[passages]]":
            passage = 0 if passage is None else passage + 1
            expected.setdefault((None, "passages"), line)
            source += "[[passages]]\n"
        elif value.startswith("#"):
            source += value
        else:
            expected[passage, f"k{number}"] = line
            source += f"k{number} = {value}\n"
    tomllib.loads(source)
    assert {key: place.line for key, place in outline(source).keys.items()} == expected


FRAGMENTS = st.sampled_from(
    [
        *['"', "'", '"""', "'''", "\\", "\n", "[", "]", "[[", "]]", "{", "}", "=", ".", ","],
        *["#", "a", "b", "1", " ", "passages", "a = 1\n", '""""', 'x = """', "[[passages]]\n"],
    ]
)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


@given(st.lists(FRAGMENTS, max_size=30))
def test_the_parser_never_sees_what_was_not_bounded(fragments) -> None:
    source = "".join(fragments)
    try:
        found = outline(source)
        table = tomllib.loads(source)
    except (OutlineError, tomllib.TOMLDecodeError):
        return
    assert _depth(table) <= 3 * MOST_DEPTH
    assert set(table) <= {key for passage, key in found.keys if passage is None}
