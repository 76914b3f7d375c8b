"""The one table of commands: key bindings, footer, palette and help all come from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """Something a player can do on one screen."""

    id: str
    """By this a player's settings give it another key."""
    where: str
    """The part of the screen that answers to it."""
    key: str
    action: str
    label: str
    """In the footer."""
    help: str
    """In the help and the palette: what it does."""
    shown: bool = True
    """Whether the footer has room for it."""


COMMANDS = (
    Command("app.help", "app", "f1", "help", "help", "Show what can be done here"),
    Command(
        "app.quit", "app", "ctrl+q", "quit", "quit", "Leave; a race in play is kept", False
    ),
    Command("home.today", "home", "t", "today", "today", "Race what everybody races today"),
    Command(
        "home.open", "home", "o", "open_text", "open a text", "Race through a text of yours"
    ),
    Command(
        "home.packs",
        "home",
        "p",
        "packs",
        "packs",
        "See, play, add and check packs of passages",
    ),
    Command(
        "home.options",
        "home",
        "comma",
        "options",
        "options",
        "Choose name, model, opponents, clock, colours",
        False,
    ),
    Command("home.quit", "home", "q", "quit", "quit", "Leave bitrace"),
    Command("slip.lock", "slip", "enter", "submit", "lock in", "Lock the slip in"),
    Command(
        "slip.up", "slip", "up", "restake(5)", "stake +5", "Stake 5 more on this word", False
    ),
    Command(
        "slip.down", "slip", "down", "restake(-5)", "±5", "Stake 5 less on this word", False
    ),
    Command("slip.up1", "slip", "shift+up", "restake(1)", "+1", "Stake 1 more", False),
    Command("slip.down1", "slip", "shift+down", "restake(-1)", "-1", "Stake 1 less", False),
    Command(
        "slip.complete", "slip", "tab", "complete", "complete", "Complete a word of the text"
    ),
    Command("choice.lock", "choice", "enter", "lock", "lock in", "Lock the stakes in"),
    Command("choice.1", "choice", "1", "put(0)", "+10", "Ten points on the first word", False),
    Command("choice.2", "choice", "2", "put(1)", "+10", "Ten points on the second", False),
    Command("choice.3", "choice", "3", "put(2)", "+10", "Ten points on the third", False),
    Command("choice.4", "choice", "4", "put(3)", "+10", "Ten points on the fourth", False),
    Command("choice.5", "choice", "5", "put(4)", "+10", "Ten points on the fifth", False),
    Command("choice.6", "choice", "6", "put(5)", "+10", "Ten points on the sixth", False),
    Command("choice.undo", "choice", "backspace", "undo", "undo", "Take the last change back"),
    Command(
        "choice.left", "choice", "left,shift+tab", "choose(-1)", "before", "Word before", False
    ),
    Command("choice.right", "choice", "right,tab", "choose(1)", "next", "Next word", False),
    Command(
        "choice.up", "choice", "up", "restake(5)", "+5", "Five points more on this word", False
    ),
    Command("choice.down", "choice", "down", "restake(-5)", "-5", "Five points less", False),
    Command("choice.up1", "choice", "shift+up", "restake(1)", "+1", "One point more", False),
    Command(
        "choice.down1", "choice", "shift+down", "restake(-1)", "-1", "One point less", False
    ),
    Command("guess.make", "guess", "enter", "submit", "guess", "Guess this word"),
    Command(
        "guess.complete", "guess", "tab", "complete", "complete", "Complete a word of the text"
    ),
    Command("race.pause", "race", "escape", "pause", "pause", "Pause, or leave for later"),
    Command("race.known", "race", "ctrl+t", "known", "I know this text", "Off the boards"),
    Command(
        "race.retry", "race", "enter", "reveal", "go on", "Show the word, once it can be", False
    ),
    Command("race.up", "race", "pageup", "page(-1)", "up", "Scroll the passage back", False),
    Command("race.down", "race", "pagedown", "page(1)", "down", "Scroll it forward", False),
    Command("reveal.next", "reveal", "enter,space", "next", "go on", "On to the next word"),
    Command(
        "curtain.open", "curtain", "enter", "open", "it's me", "Show the text to this player"
    ),
    Command("pause.on", "pause", "escape", "answer('on')", "go on", "Go on with the race"),
    Command(
        "pause.leave", "pause", "l", "answer('leave')", "leave", "Leave the race; go on later"
    ),
    Command(
        "pause.known",
        "pause",
        "ctrl+t",
        "answer('known')",
        "I know this text",
        "Off the boards",
    ),
    Command("result.tab", "result", "tab", "next_tab", "tab", "Show the next tab"),
    Command("result.again", "result", "r", "again", "again", "Race this text once more"),
    Command("result.next", "result", "n", "next", "next", "Race the next passage"),
    Command("result.card", "result", "e", "card", "card", "Write the card of this race"),
    Command("result.copy", "result", "y", "copy", "copy", "Copy a line to share, if possible"),
    Command("result.home", "result", "escape", "home", "home", "Back to the start"),
    Command("text.left", "target", "left", "move(-1)", "choose", "The target before"),
    Command("text.right", "target", "right", "move(1)", "next", "The next target", False),
    Command("text.up", "text", "up,pageup", "scroll(-3)", "up", "Scroll the bets back", False),
    Command("text.down", "text", "down,pagedown", "scroll(3)", "down", "Scroll them on", False),
    Command(
        "memory.pause",
        "memory",
        "c",
        "pause",
        "stop",
        "Stop reading the staircase, or go on with it",
        False,
    ),
    Command("packs.filter", "packs", "slash", "filter", "filter", "Show only some packs"),
    Command("packs.next", "packs", "n", "next", "next", "Race the pack's next passage", False),
    Command("packs.add", "packs", "a", "add", "add", "Install a pack: a file or folder"),
    Command("packs.check", "packs", "c", "check", "check", "Tell every fault of this pack"),
    Command(
        "packs.check_file",
        "packs",
        "f",
        "check_file",
        "check a file",
        "Tell every fault of a pack that is not installed",
        False,
    ),
    Command("packs.about", "packs", "i", "about", "about", "All about this pack but its texts"),
    Command(
        "packs.remove",
        "packs",
        "x,delete",
        "remove",
        "remove",
        "Take away a pack that was added",
    ),
    Command("packs.back", "packs", "escape", "back", "back", "Back by one step"),
    Command("filter.down", "filter", "down", "done", "to the list", "To the packs", False),
    Command("options.up", "options", "up", "row(-1)", "choose", "The option above", False),
    Command("options.down", "options", "down", "row(1)", "choose", "The option below", False),
    Command("options.less", "options", "left", "step(-1)", "before", "What comes before"),
    Command("options.more", "options", "right", "step(1)", "next", "What comes next"),
    Command("options.enter", "options", "enter,space", "enter", "choose", "Change or choose"),
    Command("options.back", "options", "escape", "back", "back", "Back to the start"),
    Command("name.leave", "name", "escape", "leave", "leave it", "Leave the name as it was"),
    Command("picker.back", "picker", "escape", "back", "back", "Back to the options"),
    Command("list.tick", "list", "space", "select", "tick", "Race against this one, or not"),
    Command("opponents.tick", "opponents", "enter", "tick", "tick", "Race against this one"),
    Command("opponents.back", "opponents", "escape", "back", "back", "Back to the options"),
    Command("start.begin", "start", "enter", "begin", "begin", "Begin the race"),
    Command("start.up", "start", "up", "row(-1)", "choose", "The row above", False),
    Command("start.down", "start", "down", "row(1)", "choose", "The row below", False),
    Command("start.less", "start", "left", "step(-1)", "before", "What comes before"),
    Command("start.more", "start", "right,space", "step(1)", "next", "What comes next"),
    Command("start.back", "start", "escape", "back", "back", "Back, without a race"),
    Command(
        "players.add", "players", "enter", "submit", "add or begin", "Add this name, or begin"
    ),
    Command(
        "players.take",
        "players",
        "backspace",
        "delete_left",
        "take away",
        "Take away the player that is marked",
    ),
    Command("report.leave", "report", "escape,q,enter", "leave", "back", "Back to the packs"),
    Command("question.yes", "question", "y", "answer(True)", "yes", "Do it", False),
    Command("question.no", "question", "n,escape", "answer(False)", "no", "Leave it", False),
)


def bindings(where: str) -> list[BindingType]:
    """The key bindings of a part of the screen."""
    return [
        Binding(
            command.key,
            command.action,
            command.label,
            show=command.shown,
            id=command.id,
            tooltip=command.help,
        )
        for command in commands_of(where)
    ]


def commands_of(*where: str) -> Iterator[Command]:
    """The commands of some parts of the screen, in the table's order."""
    return (command for command in COMMANDS if command.where in where)


_KEY_NAMES = {
    "enter": "⏎",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "tab": "⇥",
    "ctrl": "^",
    "shift": "⇧",
    "f1": "F1",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "slash": "/",
    "comma": ",",
    "delete": "del",
    "backspace": "⌫",
}

_PARTS = {
    "RaceScreen": ("slip", "reveal", "race"),
    "ResultScreen": ("result", "target", "text", "memory"),
    "PacksScreen": ("packs",),
    "PackReport": ("report",),
    "OptionsScreen": ("options",),
    "ModelPicker": ("picker",),
    "Opponents": ("opponents", "list"),
    "StartScreen": ("start", "players", "list"),
}


def parts_of(screen: str) -> tuple[str, ...]:
    """The parts of a screen, by the name of its class, whose commands help tells."""
    return _PARTS.get(screen, ("home",))


def key_name(key: str) -> str:
    """A key as it is written on the screen: `^t` for `ctrl+t`."""
    return "".join(_KEY_NAMES.get(part, part) for part in key.split("+"))
