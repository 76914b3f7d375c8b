"""The one door for text from outside, tried with texts that mean harm."""

from __future__ import annotations

import html
import unicodedata
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

from tui.literal import cell, clean, content

HOSTILE = [
    "[/]",
    "[red]blood[/red]",
    "[@click=app.quit]go[/]",
    "[bold",
    "\\[x]",
    "\x1b[2J",
    "\x1b]8;;http://x.test\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x9b2J",
    "\x9d0;title\x9c",
    "safe\u202egnp.exe",
    "\u2066a\u2069\u200e\u200f\u061c",
    "nul\x00in\x08side\x7f",
    "over\rwritten",
    "\ud800\udc00 \udcff",
    "a\tb\r\nc\nd",
]
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
ANY_TEXT = st.lists(st.text(st.characters()) | st.sampled_from(HOSTILE)).map("".join)


def slow_clean(text: str, newlines: bool) -> str:
    """What `clean` must give, character by character, from Unicode's own tables."""
    shown: list[str] = []
    for here, after in zip_longest(text, text[1:]):
        if here == "\n":
            shown.append("\n" if newlines else " ")
        elif here == "\t" or (here, after) == ("\r", "\n"):
            shown.append(" ")
        elif (
            unicodedata.category(here) in {"Cc", "Cs"}
            or unicodedata.bidirectional(here) in TURNING
            or here in "\u200e\u200f\u061c"
        ):
            shown.append("\ufffd")
        else:
            shown.append(here)
    return "".join(shown)


@given(ANY_TEXT, st.booleans())
def test_clean_is_what_unicode_says(text: str, newlines: bool) -> None:
    shown = clean(text, newlines)
    assert shown == slow_clean(text, newlines)
    assert len(shown) == len(text)
    assert clean(shown, newlines) == shown
    shown.encode()


@pytest.mark.parametrize("newlines", [True, False])
def test_every_character_there_is(newlines: bool) -> None:
    text = "".join(map(chr, range(0x110000)))
    assert clean(text, newlines) == slow_clean(text, newlines)


def test_what_becomes_of_what() -> None:
    assert clean("\x1b[2J\x9b\x7f\u202e\ud800") == "\ufffd[2J\ufffd\ufffd\ufffd\ufffd"
    assert clean("a\tb\nc\r\nd\re") == "a b c  d\ufffde"
    assert clean("a\tb\nc\r\nd\re", newlines=True) == "a b\nc \nd\ufffde"
    assert clean("Zoë’s “café” 漢字 👩‍🚀 नमस्ते") == "Zoë’s “café” 漢字 👩‍🚀 नमस्ते"


@pytest.mark.parametrize("text", [*HOSTILE, ""])
def test_content_and_cell_hold_the_text_itself(text: str) -> None:
    assert content(text).plain == clean(text)
    assert content(text, newlines=True).plain == clean(text, newlines=True)
    assert cell(text).plain == clean(text)
    assert content(text).spans == []
    assert cell(text).spans == []


def test_content_takes_a_style_of_ours() -> None:
    (span,) = content("[red]x", "bold").spans
    assert (span.start, span.end, span.style) == (0, 6, "bold")


class Shown(App[None]):
    """A text at the places that read markup when given a plain string."""

    CSS = "DataTable { height: 3; }"
    TOOLTIP_DELAY = 0.01

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        static = Static(content(self.text, "bold"), id="text")
        static.tooltip = content(self.text)
        yield DataTable[object]()
        yield static

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_column(cell("word"))
        table.add_row(cell(self.text))
        self.notify(clean(self.text), title=clean(self.text), markup=False, timeout=60)


@pytest.mark.parametrize("text", HOSTILE)
async def test_an_app_shows_it_and_nothing_else(text: str) -> None:
    app = Shown(text)
    async with app.run_test(notifications=True, tooltips=True) as pilot:
        await pilot.hover("#text")
        await pilot.pause(0.1)
        picture = html.unescape(app.export_screenshot()).replace("\xa0", " ")
        assert app.is_running
    # The text, a cell, a notice and its title, a tooltip.
    assert picture.count(clean(text).strip()) == 5
    assert clean(picture, newlines=True) == picture
