"""Faults of our own: the log gets the traceback, the player a sentence."""

from __future__ import annotations

import traceback
from pathlib import Path

EXIT_FAULT = 3


def log_fault(log: Path) -> str:
    """Write the exception being handled to a log; the sentence for the player."""
    sentence = "bitrace stumbled over a fault of its own; what was locked in is kept."
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(traceback.format_exc() + "\n")
    except OSError:
        return sentence
    return f"{sentence} The log has the rest: {log}"
