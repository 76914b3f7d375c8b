"""The line by which the tutorial teaches."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.literal import content

_MARK = "☞ "


class CoachLine(Static):
    """Two rows at the most; not there when there is nothing to say."""

    def show(self, sentence: str) -> None:
        """Say something else, or nothing."""
        self.set_class(not sentence, "-hidden")
        told = content(sentence, "$accent")
        self.update(Content.assemble((_MARK, "bold $accent"), told) if sentence else "")
