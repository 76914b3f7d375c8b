"""What of a race was read before it began: the baked readings that came with its pack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.baked import Baked
from engine.minds import INSTINCT, OPPONENTS, READER, guest_key, is_guest, mind_of
from engine.predictor import TopWords
from engine.race import Identity, Setup
from engine.starter import SHA256

MOST_GUESTS = 3
"""Further models whose Reader races by itself; more would leave no room for the text."""

_N_TOP = 5
"""Best words that are shown: as many as a live model is asked for."""
_NO_BITS: Mapping[int, float] = {}


class Beforehand:
    """Finds the baked reading of each racer.

    The starter model's serves Instinct, and all minds where no other model is raced; that of
    any other model serves its own Reader, a guest. So what is baked changes whom one meets,
    and never by what one is scored.

    Args:
        setup: of the race.
    """

    def __init__(self, setup: Setup) -> None:
        self._baked = setup.baked
        self._seed = setup.draw.seed
        starter = next((one for one in setup.baked if one.identity.sha256 == SHA256), None)
        self._starter = starter
        self.raced = None if setup.model_path else starter
        """The reading of the model that is raced, if it is baked."""

    @property
    def tops(self) -> Mapping[int, TopWords]:
        """Reader's best words."""
        return self.raced.tops if self.raced else {}

    def bits(self, key: str) -> Mapping[int, float]:
        """Bits of a racer by word index; empty where nothing of it is baked."""
        baked = self._of(key)
        return baked.bits.get(mind_of(key).key, _NO_BITS) if baked else _NO_BITS

    def six(self, word: int) -> tuple[str, ...] | None:
        """The six words at a target, as they were drawn when Instinct's reading was baked."""
        six = self._starter.sixes.get(word) if self._starter and not self._seed else None
        return six.words if six else None

    def six_bits(self, key: str, word: int, six: tuple[str, ...]) -> tuple[float, ...] | None:
        """What a racer expects of each of six words, in bits among all words there are.

        Args:
            key: of the racer.
            word: index of the target's word.
            six: the words; of others nothing is known.
        """
        baked = self._of(key)
        read = baked.sixes.get(word) if baked else None
        return read.bits.get(mind_of(key).key) if read and read.words == six else None

    def identity(self, key: str) -> Identity | None:
        """The model of a racer whose reading is baked."""
        baked = self._of(key)
        return baked.identity if baked else None

    def _of(self, key: str) -> Baked | None:
        if key == INSTINCT.key:
            return self._starter
        if not is_guest(key):
            return self.raced
        mind = mind_of(key)
        matching = (one for one in self._baked if guest_key(mind, one.identity.sha256) == key)
        return next(matching, None)


def to_keep(baked: Iterable[Baked], words: Iterable[int]) -> tuple[Baked, ...]:
    """What a race keeps of the readings of its pack: there will be many races.

    Args:
        baked: what models have read of the passage.
        words: indices of the race's targets.
    """
    wanted = tuple(words)
    return tuple(
        _of_starter(one.at(wanted))
        if one.identity.sha256 == SHA256
        else _of_guest(one.at(wanted))
        for one in baked
    )


def _of_starter(baked: Baked) -> Baked:
    tops = {word: replace(top, words=top.words[:_N_TOP]) for word, top in baked.tops.items()}
    return replace(baked, tops=tops)


def _of_guest(baked: Baked) -> Baked:
    """Only its Reader races."""
    bits = {mind: bits for mind, bits in baked.bits.items() if mind == READER.key}
    return replace(baked, bits=bits, tops={}, stairs={})


def opponents(baked: Iterable[Baked]) -> tuple[str, ...]:
    """Keys of those who race by themselves: the usual ones, then further models' Readers."""
    guests = [
        guest_key(READER, one.identity.sha256)
        for one in baked
        if one.identity.sha256 != SHA256 and READER.key in one.bits
    ]
    return (*(mind.key for mind in OPPONENTS), *dict.fromkeys(guests[:MOST_GUESTS]))


def with_sixes_at(baked: Iterable[Baked], words: Iterable[int], seed: int) -> tuple[Baked, ...]:
    """The readings that hold Reader's bits of the six words at all targets: of the same words
    that the starter model's Instinct has drawn.

    Args:
        baked: what models have read of the passage.
        words: indices of the targets.
        seed: of the race; only the six words of the seed 0 are ever baked.
    """
    all_read, wanted = tuple(baked), tuple(words)
    starter = next((one for one in all_read if one.identity.sha256 == SHA256), None)
    if starter is None or seed or not all(word in starter.sixes for word in wanted):
        return ()

    def has(one: Baked, word: int) -> bool:
        six = one.sixes.get(word)
        return (
            six is not None
            and six.words == starter.sixes[word].words
            and READER.key in six.bits
        )

    return tuple(one for one in all_read if all(has(one, word) for word in wanted))
