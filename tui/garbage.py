"""When Python looks for garbage: never while somebody waits for a word.

Its search takes a tenth of a second once the app is there, and where it fell between a key and
the word it was seen.
"""

from __future__ import annotations

import gc

SETTLING_S = 0.15
"""After a frame; by then it has been drawn and looked at."""


def settle() -> None:
    """Look through what the app is made of now, and not again during this race.

    What comes after is little, and is gone through while a word is being read.
    """
    gc.unfreeze()  # else what the race before was made of would be kept for ever
    gc.collect()
    gc.freeze()


def tidy() -> None:
    """Look through what has come since."""
    gc.collect()
