"""What the keys do to a line being typed. Pure functions on (line, caret)."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from engine.bets import MOST_STAKED
from engine.words import fold

_BET = regex.compile(r"(?P<word>[^\s\d,]+)(?:[\s,]+(?P<stake>\d{1,3})%?(?![^\s,]))?")
_PART = regex.compile(r"[^\s,]+")


def restake(line: str, caret: int, change: int, default_stake: int) -> tuple[str, int]:
    """Change the stake of the word under the caret, within 1 and what is left of 99.

    Args:
        line: the line.
        caret: where the caret stands.
        change: in percent.
        default_stake: what a word without a number has so far.
    """
    found = [match for match in _BET.finditer(line) if match.start() <= caret]
    if not found:
        return line, caret
    bet = found[-1]
    others = sum(
        int(match["stake"])
        for match in _BET.finditer(line)
        if match["stake"] and match.start() != bet.start()
    )
    now = int(bet["stake"]) if bet["stake"] else _share(line, bet, others, default_stake)
    stake = max(1, min(now + change, MOST_STAKED - others))
    new = f"{bet['word']} {stake}"
    end = bet.end("stake") if bet["stake"] else bet.end("word")
    after = line[end:].removeprefix("%")
    return line[: bet.start()] + new + after, bet.start() + len(new)


def completions(line: str, caret: int, shown_words: Sequence[str]) -> list[str]:
    """Words that complete the one under the caret, the latest shown first.

    Args:
        line: the line.
        caret: where the caret stands.
        shown_words: words of the passage that all can see, in order.
    """
    part = _part_before(line, caret)
    if not part:
        return []
    start = fold(part)
    found: dict[str, str] = {}
    for word in reversed(shown_words):
        form = fold(word)
        if form.startswith(start) and form != start:
            found.setdefault(form, word)
    return list(found.values())


def complete(line: str, caret: int, shown_words: Sequence[str]) -> tuple[str, int]:
    """Complete the word under the caret; with nothing to complete, go to the next bet."""
    found = completions(line, caret, shown_words)
    if found:
        part = _part_before(line, caret)
        word = found[0]
        if word[: len(part)].casefold() == part.casefold():
            word = part + word[len(part) :]  # as it was begun, in its own case
        begun = line[: caret - len(part)] + word
        return begun + line[caret:], len(begun)
    following = next((m for m in _BET.finditer(line) if m.start() > caret), None)
    if following:
        return line, following.end("word")
    if not line.strip():
        return line, caret
    stretched = line.rstrip() + " "
    return stretched, len(stretched)


def _share(line: str, bet: regex.Match[str], others: int, default_stake: int) -> int:
    """What a word without a number has so far: as in `engine.bets.parse`."""
    unstaked = [match.start() for match in _BET.finditer(line) if not match["stake"]]
    pot = max(min(default_stake, MOST_STAKED - others), len(unstaked))
    share, more = divmod(pot, len(unstaked))
    return share + (unstaked.index(bet.start()) < more)


def _part_before(line: str, caret: int) -> str:
    """The beginning of a word that ends at the caret; empty for a number or within a word."""
    if caret < len(line) and not line[caret].isspace():
        return ""
    parts = [match for match in _PART.finditer(line[:caret]) if match.end() == caret]
    return parts[0].group() if parts and not parts[0].group()[0].isdigit() else ""
