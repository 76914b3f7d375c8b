"""Everything that can go wrong, as sentences a player can act on.

Each error says what happened, where, and what to do; the log has the rest. `exit_code` is
what the command line ends with: 1 a fault of input, 3 the engine failed.
"""

from __future__ import annotations

from typing import ClassVar


class BitraceError(Exception):
    """A fault that is told to the player as one sentence, never as a traceback."""

    exit_code: ClassVar[int] = 1


class InputError(BitraceError):
    """A file, text or option that cannot be used as given."""


class PackError(InputError):
    """A pack that breaks the rules of its form."""


class SlipError(InputError):
    """A slip that is refused; the sentence says why."""


class RaceError(BitraceError):
    """An event that does not fit the state of its race."""


class StoreError(BitraceError):
    """Settings, data or logs cannot be read or written."""


class ModelError(InputError):
    """A model file that cannot be used: missing, damaged, or of the wrong kind."""


class TextError(InputError):
    """A text the model's vocabulary cannot spell byte for byte."""


class EngineError(BitraceError):
    """The model's process failed although its input was good."""

    exit_code: ClassVar[int] = 3


class NoInstinctError(EngineError):
    """Neither the starter model nor a baked Instinct is to be had, so no race can be scored."""
