"""What is wrong with a pack, and where."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import PackError

MOST_SHOWN = 100
"""Faults in the message of an error; `PackFaults.faults` has all."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a pack, and where. Holds no unprintable characters."""

    file: str
    line: int | None
    """From 1; None where it cannot be found."""
    passage: str | None
    """Its id, or `number 3` where it has none that can be used."""
    field: str | None
    message: str
    """What is wrong and what to do."""

    def __str__(self) -> str:
        places = [
            self.file,
            f"line {self.line}" if self.line is not None else "",
            f"passage {self.passage}" if self.passage is not None else "",
            self.field or "",
        ]
        return f"{', '.join(place for place in places if place)}: {self.message}"


class PackFaults(PackError):
    """All faults of one pack, a line each."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        lines = [str(fault) for fault in faults[:MOST_SHOWN]]
        if len(faults) > MOST_SHOWN:
            lines.append(f"There are {len(faults) - MOST_SHOWN} faults more.")
        super().__init__("\n".join(lines))
        self.faults = faults


def one_fault(file: str, message: str) -> PackFaults:
    """A fault of a file as a whole."""
    return PackFaults((Fault(file, None, None, None, message),))
