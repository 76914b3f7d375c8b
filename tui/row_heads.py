"""The heads of rows in which something is chosen: a sign, and a label in a column."""

from __future__ import annotations

from textual.content import Content

from tui.literal import content

_LABEL = 15
BACK = 2 + _LABEL
"""Column of the sign that a click on goes back by one."""
VALUE = BACK + 2
"""Column of what is chosen, behind the row's margin."""


def row_head(label: str, has_focus: bool) -> Content:
    """What stands before the value; that the row takes the keys is said by a sign too.

    Args:
        label: of the row.
        has_focus: whether it takes the keys.
    """
    mark = "▸ " if has_focus else "  "
    return Content.assemble(mark, content(label.ljust(_LABEL), "$foreground 70%"))
