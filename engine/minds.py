"""Ways of remembering: which part of the text a mind conditions on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.words import Word

READING_VERSION = 2
"""Which rules bits were got by; bits of different versions are never compared.

It rises with every change after which the same text, read by the same model file on the same
backend, could have any other bit: to what a word is (`words`), to how a word's bits are got
from tokens (`vocabulary`, `surprisal`), to how a text is cut, filled and decoded (`windows`,
`canonical`, `candidates`, the context parameters in `llama`), or to what a mind conditions on
(here). It stays when only speed, memory, wording or the display's top words change. Whether a
bit moved is not judged by eye: read the same text with the code before and after, and compare
with `==`; where any differs, raise it.
"""

_BLANK_LINE = "\n\n"


@dataclass(frozen=True, slots=True)
class Mind:
    """A way of remembering; together with a model it is a racer."""

    key: str
    """As in cards and readings."""
    name: str
    """As on the screen."""
    memory: int | None
    """How many words before the target it conditions on; None for all there are."""
    reads_primer: bool = False
    """Whether it begins with the passage's primer."""
    reads_preface: bool = False
    """Whether it begins with the passage's preface, even before the primer."""

    @property
    def reads_all(self) -> bool:
        """Whether it conditions on everything in the passage before the target."""
        return self.memory is None

    def before(self, primer: str, preface: str = "") -> str:
        """What it reads before the passage, the blank line behind it included.

        Args:
            primer: the passage's, normalized; empty where there is none.
            preface: likewise.
        """
        parts = [preface if self.reads_preface else "", primer if self.reads_primer else ""]
        return "".join(part + _BLANK_LINE for part in parts if part)

    def differs(self, primer: str, preface: str = "") -> bool:
        """Whether it reads anything else than Reader here: no preface, no Sage; without a
        primer Stranger is Reader."""
        if not self.reads_all or self == READER:
            return True
        return self.before(primer, preface) != READER.before(primer, preface)


def short_memory(words: int) -> Mind:
    """A mind that conditions on the last `words` words and on nothing before the passage."""
    return Mind(f"memory_{words}", f"{words} words", words)


READER = Mind("reader", "Reader", None, reads_primer=True)
SAGE = Mind("sage", "Sage", None, reads_primer=True, reads_preface=True)
STRANGER = Mind("stranger", "Stranger", None)
GOLDFISH = Mind("goldfish", "Goldfish", 12)
INSTINCT = Mind("instinct", "Instinct", 4)

MINDS = {mind.key: mind for mind in (INSTINCT, GOLDFISH, STRANGER, READER, SAGE)}
"""All that have a name, by key."""

_GUEST = "@"
_GUEST_DIGITS = 8

OPPONENTS = (GOLDFISH, READER)
"""Whom a player races at first, the weaker one first."""


def guest_key(mind: Mind, model_sha256: str) -> str:
    """The key of a mind of a further model, beside those of the model that is raced."""
    return f"{mind.key}{_GUEST}{model_sha256[:_GUEST_DIGITS]}"


def mind_of(key: str) -> Mind:
    """The mind of a racer, whichever model it belongs to.

    Raises:
        KeyError: no mind has such a key.
    """
    return MINDS[key.partition(_GUEST)[0]]


def is_guest(key: str) -> bool:
    """Whether a racer's model is a further one."""
    return _GUEST in key


def memory_start(words: Sequence[Word], target: int, memory: int) -> int:
    """Where in the passage the text begins that a short memory conditions on.

    That is the first character of the `memory`-th word before the target, or the passage's
    start where there are fewer; for no memory at all only the separator is left.
    """
    if memory > target:
        return 0
    if memory:
        return words[target - memory].start
    return words[target - 1].end if target else 0
