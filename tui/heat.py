"""The scale of glyphs by which a word's bits are seen at a glance. Pure."""

from __future__ import annotations

GLYPHS = "▁▂▃▅▇"
GLYPH_LIMITS = (1.0, 3.0, 6.0, 10.0)
"""Bits below which a glyph still stands for a word: the first under 1 bit, and so on."""


def heat(bits: float) -> int:
    """The step of a word on the scale of glyphs and colours, from 0 (cheap) to 4 (dear)."""
    return sum(bits >= limit for limit in GLYPH_LIMITS)


def glyph(bits: float) -> str:
    """The glyph for a word's bits."""
    return GLYPHS[heat(bits)]


def percent(share: float) -> str:
    """A probability in percent (0 to 100) with as many places as it needs."""
    if share >= 10:
        return f"{share:.0f} %"
    if share >= 1:
        return f"{share:.1f} %"
    return f"{share:.2f} %" if share >= 0.01 else "<0.01 %"
