"""What a text in Markdown says of itself in front."""

from __future__ import annotations

import re

_FRONT_LINE = re.compile(r"(title|author|lang|language)[ \t]*:[ \t]*(\S.*)", re.IGNORECASE)


def front_matter(shown: str) -> dict[str, str]:
    """Of a leading YAML block, the lines that name title, author and language."""
    lines = iter(shown.split("\n"))
    found: dict[str, str] = {}
    if next(lines).rstrip() != "---":
        return found
    for line in lines:
        if line.rstrip() in ("---", "..."):
            return found
        match = _FRONT_LINE.fullmatch(line.rstrip())
        # What begins with these is no simple value.
        if match is not None and match.group(2)[0] not in "[{|>&*!":
            found.setdefault(match.group(1).lower(), _unquoted(match.group(2)))
    return {}


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return value[1:-1]
    return value
