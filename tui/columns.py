"""Columns: of names, and side by side."""

from __future__ import annotations

from textual.content import Content

NAME_WIDTH = 10

ROOMY = 96
"""Columns of the terminal from which two things stand side by side, not one below the other."""


def fit_name(name: str) -> Content:
    """A name in exactly the cells of its column, wide characters counted as two.

    Args:
        name: safe to show.
    """
    content = Content(name).truncate(NAME_WIDTH, ellipsis=True)
    return content.pad_right(max(0, NAME_WIDTH - content.cell_length))
