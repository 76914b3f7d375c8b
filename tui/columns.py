"""Columns: of names, and side by side."""

from __future__ import annotations

from textual.content import Content

NAME_WIDTH = 10

ROOMY = 96
"""Columns of the terminal from which two things stand side by side, not one below the other."""


def fit_name(name: str, cells: int = NAME_WIDTH) -> Content:
    """A name in exactly the cells of its column, wide characters counted as two.

    Args:
        name: safe to show.
        cells: width of the column.
    """
    content = Content(name).truncate(cells, ellipsis=True)
    return content.pad_right(max(0, cells - content.cell_length))
