"""The theme of our own: warm paper on a dark ground, amber for people, blue for minds."""

from __future__ import annotations

from textual.theme import Theme

THEME = Theme(
    name="bitrace",
    primary="hsl(38, 80%, 62%)",
    secondary="hsl(207, 60%, 66%)",
    accent="hsl(38, 80%, 62%)",
    foreground="hsl(42, 25%, 88%)",
    background="hsl(222, 20%, 9%)",
    surface="hsl(222, 18%, 12%)",
    panel="hsl(222, 16%, 17%)",
    success="hsl(150, 45%, 60%)",
    warning="hsl(30, 85%, 63%)",
    error="hsl(4, 72%, 66%)",
    dark=True,
)
