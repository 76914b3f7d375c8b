"""What the command palette offers: the theme, and what the one table of commands has."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from tui.commands import commands_of

if TYPE_CHECKING:
    from tui.app import Bitrace

_OF_SCREENS = {"HomeScreen": ("home",), "PacksScreen": ("packs",)}
"""By the screen's class: parts whose commands the screen itself carries out."""


def palette(app: Bitrace, screen: Screen[object]) -> Iterator[SystemCommand]:
    """What can be done on a screen, the theme first."""
    yield SystemCommand("Theme", "Choose other colours", app.action_change_theme)
    for command in commands_of("app", *_OF_SCREENS.get(type(screen).__name__, ())):
        yield SystemCommand(
            command.label.capitalize(),
            command.help,
            partial(
                app.call_later,
                app.run_action,
                command.action,
                app if command.where == "app" else screen,
            ),
        )
