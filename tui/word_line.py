"""A line that words are typed on, completed from what everybody can see of the passage."""

from __future__ import annotations

from collections.abc import Sequence

from textual.suggester import Suggester
from textual.widgets import Input

from tui.typing import complete, completions

_LONGEST_LINE = 200


class _FromPassage(Suggester):
    """Completes words that everybody can see in the passage, in grey behind the caret."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.shown_words: Sequence[str] = ()

    async def get_suggestion(self, value: str) -> str | None:
        """The line with its last word completed."""
        found = completions(value, len(value), self.shown_words)
        return complete(value, len(value), self.shown_words)[0] if found else None


class WordLine(Input):
    """One line.

    Args:
        placeholder: an example of what can be typed.
    """

    def __init__(self, placeholder: str) -> None:
        self.words = _FromPassage()
        super().__init__(
            placeholder=placeholder,
            suggester=self.words,
            max_length=_LONGEST_LINE,
            select_on_focus=False,
            compact=True,
        )

    def action_complete(self) -> None:
        """Complete the word under the caret."""
        if completions(self.value, self.cursor_position, self.words.shown_words):
            self.take(*complete(self.value, self.cursor_position, self.words.shown_words))

    def take(self, line: str, caret: int) -> None:
        """Let another line stand here."""
        self.value = line
        self.cursor_position = caret
