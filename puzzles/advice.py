"""What an author might want to mend in a pack that breaks no rule."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.words import Word, fold, prepare, words
from puzzles.faults import Fault
from puzzles.load import Loaded, Passage
from puzzles.sources import PACK_FILE, READINGS

EARLIEST_TARGET = 20
"""Words that should come before the first target, so that there is something to go by."""
LEAST_DISTANCE = 3
"""Words from one target to the next."""
FEWEST_TARGETS = 3

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve"
_TEENS = "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million"
_NUMBERS = frozenset(f"{_UNITS} {_TEENS} {_TENS}".split())
_SENTENCE_ENDS = ".!?:…"
_CLOSING = "\"'”’»)]}"
_OPENING = "\"'“‘«([{¿¡—–-"
_STRAY = re.compile(r"\]\]")


def advice(loaded: Loaded) -> Iterator[Fault]:
    """What may be a mistake, in the order of the pack."""
    pack, name = loaded.pack, loaded.source.pack_file
    for key, what in (("author", "who wrote it"), ("license", "how it may be shared")):
        if not getattr(pack, key):
            yield Fault(name, None, None, key, f"nobody is told {what}: add it.")
    texts: dict[str, str] = {}
    for passage in pack.passages:
        same = texts.setdefault(passage.text.sha256, passage.id)
        messages = [f"has the same text as {same}."] if same != passage.id else []
        messages += _about(passage, pack.language)
        yield from (Fault(name, None, passage.id, None, message) for message in messages)
    if loaded.source.kind == "folder":
        yield from _unused(loaded)


def _about(passage: Passage, language: str) -> Iterator[str]:
    """What may be wrong with a passage."""
    text = passage.text.normalized
    if _STRAY.search(text):
        yield "]] stands in it without [[ before: is a mark incomplete?"
    if not passage.targets:
        yield "no word is marked: targets will be drawn."
        return
    if len(passage.targets) < FEWEST_TARGETS:
        yield f"only {len(passage.targets)} of its words are marked: that is a short race."
    if passage.targets[0].index < EARLIEST_TARGET:
        yield (
            f"the first target comes after {passage.targets[0].index} words: give readers "
            f"{EARLIEST_TARGET} to go by."
        )
    for one, other in zip(passage.targets, passage.targets[1:], strict=False):
        if other.index - one.index < LEAST_DISTANCE:
            yield f'"{one.text}" and "{other.text}" are nearly side by side: unmark one.'
    first: dict[str, int] = {}
    for word in words(text):
        first.setdefault(fold(word.text), word.index)
    for word in words(prepare(passage.primer).normalized):
        first[fold(word.text)] = -1
    for target in passage.targets:
        if first[fold(target.text)] < target.index:
            continue
        if (message := _unknowable(target, text, language)) is not None:
            yield message


def _unknowable(target: Word, text: str, language: str) -> str | None:
    """Why nobody could know a target that has not occurred before, as far as its form tells."""
    if language.startswith("en") and fold(target.text) in _NUMBERS:
        return f'"{target.text}" is a number not mentioned before: can it be worked out?'
    is_name = target.text[:1].isupper() and not _begins_sentence(text, target.start)
    if is_name and not language.startswith("de"):  # where every noun has a capital
        return f'"{target.text}" looks like a name never mentioned before: nobody can know it.'
    return None


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip().rstrip(_OPENING).rstrip()
    return (
        not before
        or before.rstrip(_CLOSING)[-1:] in _SENTENCE_ENDS
        or "\n" in text[len(before) : start]
    )


def _unused(loaded: Loaded) -> Iterator[Fault]:
    """Files that no bundle will hold."""
    used = {PACK_FILE, "key.toml", *loaded.texts}
    for name in loaded.source.names:
        if name not in used and not name.startswith(f"{READINGS}/"):
            message = "no passage names this file: it will not be in the bundle."
            yield Fault(name, None, None, None, message)
