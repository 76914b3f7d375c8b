"""Characters that no pack and no archive may hold.

They act on a terminal, steer the direction of writing, or mean nothing that is agreed on.
"""

from __future__ import annotations

from typing import Final

import regex

_INVISIBLE = r"\p{Co}\p{Cs}\p{Bidi_Control}"
FORBIDDEN: Final = rf"\p{{Cc}}{_INVISIBLE}"
"""As it stands within the brackets of a pattern of `regex`."""
FORBIDDEN_IN_LINE: Final = regex.compile(rf"[{FORBIDDEN}\p{{Zl}}\p{{Zp}}]")
FORBIDDEN_IN_TEXT: Final = regex.compile(rf"(?V1)[[{FORBIDDEN}]--[\n\t]]")
"""Texts may have line breaks and tabs."""

_CONTROL_IN_TEXT = regex.compile(r"(?V1)[\p{Cc}--[\n\t]]")
_INVISIBLES = regex.compile(rf"[{_INVISIBLE}]")


def allowed(text: str) -> str:
    """A text with spaces for forbidden control characters, and without the other forbidden."""
    return _INVISIBLES.sub("", _CONTROL_IN_TEXT.sub(" ", text))
