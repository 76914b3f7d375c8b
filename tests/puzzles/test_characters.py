"""Which characters are forbidden, looked up one by one."""

from __future__ import annotations

import sys
import unicodedata

from puzzles.characters import FORBIDDEN_IN_LINE, FORBIDDEN_IN_TEXT, allowed

EVERY = "".join(map(chr, range(sys.maxunicode + 1)))
STEERING = {
    *map(chr, (0x61C, 0x200E, 0x200F)),
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
}


def test_what_is_forbidden() -> None:
    control = {one for one in EVERY if unicodedata.category(one) == "Cc"}
    gone = {one for one in EVERY if unicodedata.category(one) in ("Co", "Cs")} | STEERING
    breaks = {"\u2028", "\u2029"}
    assert set(FORBIDDEN_IN_LINE.findall(EVERY)) == control | gone | breaks
    control -= {"\n", "\t"}
    assert set(FORBIDDEN_IN_TEXT.findall(EVERY)) == control | gone
    kept = (" " if one in control else one for one in EVERY if one not in gone)
    assert allowed(EVERY) == "".join(kept)
