"""Shannon's bounds on the bits a word, from how many guesses each took.

C. E. Shannon, Prediction and Entropy of Printed English, 1951, section 6, equation 17.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between these lies what the guesser's knowledge leaves open, in bits a word."""

    lower_bits: float
    upper_bits: float


def bounds(counts: Mapping[int, int]) -> Bounds | None:
    """The bounds from counts of turns.

    Args:
        counts: number of guesses, from 1 → in how many turns the last of them was right.

    Returns:
        None where there are no turns.
    """
    n = sum(counts.values())
    if not n:
        return None
    shares = [counts.get(guess, 0) / n for guess in range(1, max(counts) + 1)]
    upper = -math.fsum(share * math.log2(share) for share in shares if share)
    after = [*shares[1:], 0.0]
    lower = math.fsum(
        guess * (share - following) * math.log2(guess)
        for guess, (share, following) in enumerate(zip(shares, after, strict=True), 1)
    )
    return Bounds(lower, upper + 0.0)
