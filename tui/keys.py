"""Keys that a player has given to commands: those that would do nothing are told."""

from __future__ import annotations

from collections.abc import Mapping

from textual.keys import REPLACED_KEYS, Keys, key_to_character

from tui.commands import COMMANDS

_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_NAMED = frozenset(key.value for key in Keys) | frozenset(REPLACED_KEYS)


def key_faults(keys: Mapping[str, str]) -> list[str]:
    """What is wrong with keys from the settings, a sentence each.

    Args:
        keys: command id → its key, or several with commas between.
    """
    ids = [command.id for command in COMMANDS]
    faults: list[str] = []
    for id, typed in keys.items():
        if id not in ids:
            from difflib import get_close_matches

            near = get_close_matches(id, ids, 1)
            hint = f"is {near[0]!r} meant?" if near else "help (F1) tells what can be done."
            faults.append(f"Under [keys] in the settings, {id!r} is no command: {hint}")
        faults += (
            f"Under [keys] in the settings, {id} has the key {key!r}, which is none: "
            'write it as in "f5", "ctrl+t" or "slash".'
            for key in typed.split(",")
            if not _is_key(key.strip())
        )
    return faults


def _is_key(key: str) -> bool:
    *modifiers, name = key.split("+")
    if not _MODIFIERS.issuperset(modifiers):
        return False
    return len(name) == 1 or name in _NAMED or key_to_character(name) is not None
