"""The one door for text from outside: packs, models, names of players and files, errors.

Textual strips no escape sequence and reads markup in a plain string, so nothing that was not
written by us reaches the screen except through here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text
    from textual.content import Content

REPLACEMENT = "\ufffd"
"""Stands for a character that must not reach a terminal."""

# C0 but the line feed, DEL, C1; marks that turn the direction of writing, with which a text can
# show other words than it holds; and lone surrogates, which no terminal can be sent.
_HOSTILE = re.compile(
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f"
    "\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


def clean(text: str, newlines: bool = False) -> str:
    """A text that does nothing to a terminal but print.

    For each character given one comes back, so that lengths and offsets hold: a tab becomes a
    space, `\\r\\n` two characters, everything hostile U+FFFD.

    Args:
        text: any string.
        newlines: keep line feeds; else they become spaces.
    """
    text = text.replace("\t", " ").replace("\r\n", " \n")
    if not newlines:
        text = text.replace("\n", " ")
    return _HOSTILE.sub(REPLACEMENT, text)


def content(text: str, style: str = "", newlines: bool = False) -> Content:
    """A text for a widget, shown as it stands: nothing in it is read as markup.

    Args:
        text: any string.
        style: ours, in Textual's terms (`bold $accent`).
        newlines: keep line feeds; else they become spaces.
    """
    from textual.content import Content

    return Content.styled(clean(text, newlines), style)


def cell(text: str) -> Text:
    """A text for a cell of a DataTable, which takes no `Content`."""
    from rich.text import Text

    return Text(clean(text))
