"""Names in columns."""

from __future__ import annotations

from textual.content import Content

NAME_WIDTH = 10


def fit_name(name: str) -> Content:
    """A name in exactly the cells of its column, wide characters counted as two.

    Args:
        name: safe to show.
    """
    content = Content(name).truncate(NAME_WIDTH, ellipsis=True)
    return content.pad_right(max(0, NAME_WIDTH - content.cell_length))
