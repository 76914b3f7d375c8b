"""Nobody: many racers' predictions mixed, each weighted by how well it has done so far.

After N. Littlestone and M. Warmuth, The Weighted Majority Algorithm, 1994, for the loss in
bits, where the weights are a Bayesian's: the mixture never costs more than the best of n
racers, by more than log2 n bits over all targets, if all were there at all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def mix(costs: Sequence[Sequence[float | None]]) -> tuple[float | None, ...]:
    """Bits of the mixture, target by target.

    Args:
        costs: for each target what each racer paid, in bits, always in the same order; None
            for one who was not there. Those who are there mix by themselves, and share their
            weight anew among them.

    Returns:
        Bits for each target; None where nobody was there.
    """
    if not costs:
        return ()
    # Logarithms of weights, since after many targets a bad racer's would vanish.
    weights = [0.0] * len(costs[0])
    mixed: list[float | None] = []
    for row in costs:
        here = [
            (place, weights[place], bits) for place, bits in enumerate(row) if bits is not None
        ]
        if not here:
            mixed.append(None)
            continue
        total = _log2_sum([weight for _, weight, _ in here])
        bits = total - _log2_sum([weight - cost for _, weight, cost in here])
        for place, weight, cost in here:
            weights[place] = weight - cost + bits
        mixed.append(max(0.0, bits))
    return tuple(mixed)


def _log2_sum(logs: Sequence[float]) -> float:
    """log2 of the sum of 2**x."""
    largest = max(logs)
    return largest + math.log2(math.fsum(2.0 ** (one - largest) for one in logs))
