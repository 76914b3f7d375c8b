"""What the Packs screen knows: the packs there are, and one of them seen closer."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

from puzzles.facts import PackFacts, PassageFacts
from puzzles.library import Broken


@dataclass(frozen=True)
class Shelf:
    """All packs, or those that a filter leaves."""

    packs: tuple[PackFacts, ...] = ()
    broken: tuple[Broken, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, PackFacts | Broken]:
        """Every pack by its id, in the order of the list."""
        return {pack.id: pack for pack in (*self.packs, *self.broken)}

    def matching(self, typed: str, themes: Mapping[str, str]) -> Shelf:
        """The packs in which all words of a filter occur.

        Args:
            typed: the filter; empty leaves all.
            themes: of the passages, by the pack's id, as far as they are known.
        """
        words = typed.casefold().split()
        if not words:
            return self

        def fits(*parts: str) -> bool:
            told = " ".join(parts).casefold()
            return all(word in told for word in words)

        return Shelf(
            tuple(
                pack
                for pack in self.packs
                if fits(pack.title, pack.id, pack.author, themes.get(pack.id, ""))
            ),
            tuple(one for one in self.broken if fits(one.id, "damaged")),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """How the player has done on the texts of a pack."""

    best: Mapping[str, float] = field(default_factory=dict[str, float])
    """Text's SHA-256 → insight of the best finished race, in bits."""
    played: Set[str] = frozenset()
    """Texts whose race counts, finished or not."""
    left_open: str = ""
    """The text of the race left open."""

    def told(self, text: str) -> str:
        """What stands in the column of best races."""
        if text == self.left_open:
            return "left open"
        if text in self.best:
            return f"{self.best[text] + 0.0:+.1f} bits"
        return "begun" if text in self.played else "–"


@dataclass(frozen=True, slots=True)
class PackView:
    """A pack seen closer."""

    id: str
    passages: tuple[PassageFacts, ...] = ()
    record: Record = field(default_factory=Record)
    fault: str = ""
    """What could not be read, as a sentence."""
    hidden: Set[str] = frozenset()
    """Texts that cannot be raced yet."""

    @property
    def next(self) -> PassageFacts | None:
        """The first passage not raced yet."""
        left_out = self.record.played | self.hidden
        return next((one for one in self.passages if one.text_sha256 not in left_out), None)

    def passage(self, id: str) -> PassageFacts | None:
        """A passage by its id; None where there is none."""
        return next((one for one in self.passages if one.id == id), None)

    @property
    def raced(self) -> str:
        """How much of it has been raced, and what to press for more."""
        if not self.passages:
            return ""
        n = sum(one.text_sha256 in self.record.played for one in self.passages)
        more = " · n plays the next" if self.next else ""
        return f"{n} of {len(self.passages)} raced{more}"


def summary(shelf: Shelf, n_all: int) -> str:
    """How much there is, for the head of the screen."""
    n = len(shelf.by_id)
    if n < n_all:
        return f"{n:,} of {n_all:,} packs"
    n_passages = sum(pack.n_passages for pack in shelf.packs)
    return f"{amount(n, 'pack')} · {amount(n_passages, 'passage')}"


def amount(n: int, what: str) -> str:
    """`1 passage`, `2,000 passages`."""
    return f"{n:,} {what}{'s' * (n != 1)}"
