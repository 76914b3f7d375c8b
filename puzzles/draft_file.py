"""The file of a pack that an author goes on with."""

from __future__ import annotations

from engine.words import has_digit, words
from puzzles.documents import clean, one_line
from puzzles.drafts import Draft, DraftPassage, check_id
from puzzles.schema import FORMAT

_NOTES = """\
# A pack for bitrace. Lines that begin with # are notes for you; delete them as you like.
# In a text, [[word]] marks a word to be predicted: choose words that a reader who follows
# can know and habit cannot. A text without marks gets its words drawn by lot. For plain
# brackets write \\\\[[ and for a plain backslash two of them.
# `bitrace packs check` with the name of this file says what is not right yet.
"""
_MORE_NOTES = """\
# A passage has 60 to 20,000 words. Besides the keys below it may have
#     theme = "mystery"       a word to choose passages by
#     primer = "..."          a text to be read before the race
#     preface = "..."         what the model called Sage reads first
# The passage here shows how it is done: put your own in its place.
"""
_EXAMPLE = """\
The lighthouse keeper has two clocks and trusts neither. The one in the kitchen is ten minutes \
fast, so that she is never late. The one on the stairs stopped years ago at noon; it is right \
twice a day, she says, which is twice more than the one in the kitchen.

Only the cat keeps proper time. At six he sits down beside his bowl, and at six, by the sound \
of it, the whole island knows. Last week he went visiting for a day, and nobody could say when \
to light the lamp.

Since then the keeper feeds him double, bows to him on the stairs, and has painted on his \
bowl, in her best hand, the word clock."""
_EXAMPLE_TARGETS = ("kitchen", "lamp", "clock")
"""Each where it is last."""


def as_toml(draft: Draft) -> str:
    """The file of a pack, with notes for its author; `puzzles.load` reads the same texts."""
    return _file(draft, _NOTES)


def blank(id: str) -> str:
    """The file of a pack with one short passage that shows how it is done.

    Raises:
        InputError: `id` cannot be one.
    """
    check_id(id)
    text = clean(_EXAMPLE)
    last = {word.text: word.index for word in words(text.normalized)}
    marks = tuple(last[word] for word in _EXAMPLE_TARGETS)
    example = DraftPassage("two-clocks", "Two clocks", text, marks)
    title = id.strip("-").replace("-", " ").capitalize() or id
    return _file(Draft(id, title, "", "en", (example,)), _NOTES + _MORE_NOTES)


def _file(draft: Draft, notes: str) -> str:
    lines = [
        notes,
        f"format = {FORMAT}",
        f"id = {_string(draft.id)}  # its name in commands: a-z, 0-9 and -",
        f"title = {_string(draft.title)}",
        f"author = {_string(draft.author)}",
        'license = ""  # who may copy it, for example "CC0-1.0"',
        f"language = {_string(draft.language)}",
        f"description = {_string(draft.description, 2_000)}  # a sentence or two for the list",
    ]
    for passage in draft.passages:
        lines += [
            "",
            "[[passages]]",
            f"id = {_string(passage.id)}",
            f"title = {_string(passage.title)}",
            f"source = {_string(draft.source, 500)}  # shown only after the race",
            f'text = """\n{_many_lines(_marked(passage))}\n"""',
        ]
    return "\n".join(lines) + "\n"


def _string(value: str, most: int = 120) -> str:
    """A value in one line, as TOML writes it."""
    line = one_line(value, most)
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _many_lines(text: str) -> str:
    """What stands between three quotes, as TOML writes it."""
    return text.replace("\\", "\\\\").replace('"""', '""\\"')


def _marked(passage: DraftPassage) -> str:
    """The text with its marks, and with a backslash before brackets that are none."""
    shown = passage.text.shown
    found = words(passage.text.normalized)
    parts: list[str] = []
    done = 0
    for index in sorted(set(passage.marks)):
        word = found[index]
        before = shown[done : word.start]
        if not has_digit(word.text) and not before.endswith(("\\", "\\[")):
            parts += [_plain(before), f"[[{shown[word.start : word.end]}]]"]
            done = word.end
    return "".join([*parts, _plain(shown[done:])])


def _plain(text: str) -> str:
    return text.replace("[[", "\\[[")
