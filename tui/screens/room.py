"""How many rows of a small terminal what is shown at a reveal leaves to the passage."""

from __future__ import annotations

from tui.columns import ROOMY

WORTH_READING, LEAST_READABLE = 5, 3
"""Rows of the passage for which the lanes give way, and then Reader's best words."""
_ROWS_BESIDE_RACERS = 9
"""Rows that a reveal takes beside lanes, racers and passage."""
_WORDS_BELOW, _WORDS_BESIDE = 3, 7
"""Rows that Reader's best words take below the racers, and beside them in a column."""


def rows_left(size: tuple[int, int], n_rows: int, with_words: bool) -> int:
    """Rows that are left for passage and lanes at a reveal.

    Args:
        size: columns and rows of the terminal.
        n_rows: rows of racers at the reveal, Instinct's not counted.
        with_words: whether Reader's best words are shown.
    """
    columns, rows = size
    left = rows - _ROWS_BESIDE_RACERS - n_rows
    if not with_words:
        return left
    return left - (max(0, _WORDS_BESIDE - n_rows - 2) if columns >= ROOMY else _WORDS_BELOW)
