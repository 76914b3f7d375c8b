"""What widgets and the engine's threads tell the screens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from engine.bets import Slip
    from engine.errors import BitraceError


class SlipPlaced(Message):
    """A player locks in a slip."""

    def __init__(self, slip: Slip) -> None:
        super().__init__()
        self.slip = slip


class GuessMade(Message):
    """A player guesses a word."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word


class GuessingStopped(Message):
    """A player guesses no further: the word counts as missed."""


class TimeUp(Message):
    """The time for a turn is over."""


class WentOn(Message):
    """A player has seen the reveal."""


class EngineChanged(Message):
    """Bits or progress came in."""

    def can_replace(self, message: Message) -> bool:
        """A slow screen needs only the last of these."""
        return isinstance(message, EngineChanged)


class EngineFailed(Message):
    """The race cannot go on."""

    def __init__(self, error: BitraceError) -> None:
        super().__init__()
        self.error = error


class EngineTold(Message):
    """What the engine is or does, for the foot of the screen."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.line = line

    def can_replace(self, message: Message) -> bool:
        """A slow screen needs only the last of these."""
        return isinstance(message, EngineTold)


class EngineNotice(Message):
    """A line about the engine, for the player."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class TargetMoved(Message):
    """Another target is to be looked at."""

    def __init__(self, by: int) -> None:
        super().__init__()
        self.by = by


class ReadingPaused(Message):
    """The staircase is to be read no further, or further again."""


class HindsightChanged(Message):
    """More of the staircase came in, or of Reader's best words."""

    def can_replace(self, message: Message) -> bool:
        """A slow screen needs only the last of these."""
        return isinstance(message, HindsightChanged)
