"""The rows of the Options screen: what can be chosen, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.minds import GOLDFISH, READER, SAGE, STRANGER
from tui.settings import MODES, Settings


@dataclass(frozen=True, slots=True)
class OptionRow:
    """A setting as it can be chosen."""

    name: str
    """Of the setting."""
    label: str
    help: str
    is_stepped: bool = True
    """Whether ← and → go through what it may be; else Enter asks."""


ROWS = (
    OptionRow("player", "Player", "Who plays when nobody else is named.", False),
    OptionRow(
        "model",
        "Model",
        "Whom you race. You are scored by the starter model all the same, so that everybody's "
        "scores compare.",
        False,
    ),
    OptionRow("against", "Opponents", "Who races against you, where they can.", False),
    OptionRow(
        "mode",
        "Mode",
        "Open: type words and stakes. Choice: six words to stake on. Shannon: guess until you "
        "are right.",
    ),
    OptionRow("clock_s", "Clock", "When the time is up, the slip as it stands is locked in."),
    OptionRow("pace_wpm", "Reading pace", "How fast a text appears before each word."),
    OptionRow("theme", "Theme", "Colours of everything."),
    OptionRow(
        "motion",
        "Motion",
        "Whether anything may move. TEXTUAL_ANIMATIONS=none keeps all still, whatever is "
        "chosen here.",
    ),
)

STEPS: Mapping[str, Sequence[Any]] = {
    "mode": MODES,
    "clock_s": (0, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600),
    "pace_wpm": (0, 150, 200, 250, 300, 400),
    "motion": (True, False),
}
"""Setting → what ← and → go through; any other value that was set by hand stands among them."""

_MODES = {
    "auto": "open for one or two, choice for more",
    "open": "open",
    "choice": "choice",
    "shannon": "Shannon",
}

OPPONENTS = {
    READER.key: (READER.name, "has read everything before the word"),
    GOLDFISH.key: (GOLDFISH.name, "remembers the last twelve words"),
    SAGE.key: (SAGE.name, "Reader, after the passage's preface"),
    STRANGER.key: (STRANGER.name, "Reader, without the primer"),
    "nobody": ("Nobody", "all people's slips, mixed by merit"),
    "centaur": ("Centaur", "you and Reader, mixed by merit"),
    "ghost:best": ("Your best", "your best race on the same words"),
    "ghost:baked": ("Baked", "models that have read the pack"),
}
"""Name of a racer in the settings → its name on the screen, and what it is."""
USUAL = ("The usual", "Goldfish, Reader, the pack's models")


def stepped(settings: Settings, name: str, by: int, themes: Sequence[str]) -> Settings:
    """The settings with what comes next, or before, in one of them; after the last the first.

    Args:
        settings: as they are.
        name: of the setting.
        by: 1 or -1.
        themes: those there are.
    """
    now = getattr(settings, name)
    steps: list[Any] = list(themes if name == "theme" else STEPS[name])
    if now not in steps:
        steps.append(now)
        if isinstance(now, int):
            steps.sort()
    return replace(settings, **{name: steps[(steps.index(now) + by) % len(steps)]})


def ticked(against: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Who races once a racer has been ticked, or no more; in the order of the list.

    Args:
        against: as they are.
        name: of the racer; empty for the usual ones.
    """
    if not name:
        return ()
    wanted = {*against} ^ {name}
    further = (one for one in dict.fromkeys((*against, name)) if one not in OPPONENTS)
    return tuple(one for one in (*OPPONENTS, *further) if one in wanted)


def told(settings: Settings, name: str, themes: Sequence[str], usual_player: str) -> str:
    """What is chosen in one of the settings, in words.

    Args:
        settings: as they are.
        name: of the setting.
        themes: those there are.
        usual_player: who plays where no player is named.
    """
    match name:
        case "player":
            return settings.player or usual_player
        case "model":
            return _model(settings.model)
        case "against":
            names = (OPPONENTS.get(one, (one, ""))[0] for one in settings.against)
            return ", ".join(names) or USUAL[1]
        case "mode":
            return _MODES[settings.mode]
        case "clock_s":
            return f"{settings.clock_s} seconds a word" if settings.clock_s else "none"
        case "pace_wpm":
            pace = settings.pace_wpm
            return f"{pace} words a minute" if pace else "all there at once"
        case "theme":
            known = settings.theme in themes
            return settings.theme if known else f"{settings.theme} (there is no such theme)"
        case _:
            return "on" if settings.motion else "off"


def _model(model: str) -> str:
    if not model:
        return "the starter model"
    path = Path(model)
    try:
        there = path.expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        there = False
    return path.name if there else f"{path.name or model} (not there)"
