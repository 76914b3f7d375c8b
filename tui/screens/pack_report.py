"""Lines to look through: what `check` says of a pack, in full."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from tui.commands import bindings
from tui.literal import content
from tui.screens.base import SCREENS_CSS, BitraceScreen
from tui.screens.pack_work import Report
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard
from tui.widgets.pack_lines import LinesView


class PackReport(BitraceScreen):
    """Shows a report; whoever asked for it is behind.

    Args:
        report: what to show.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("report")

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def compose(self) -> ComposeResult:
        """A title and the lines."""
        yield SizeGuard()
        with Horizontal(id="head"):
            yield Static(content(self._report.title), id="title")
            yield Static(content(self._report.summary), id="progress")
        yield LinesView(id="report")
        yield Foot()

    def on_mount(self) -> None:
        """The lines take the keys."""
        view = self.query_one(LinesView)
        view.show(self._report.lines, self._report.table, self._report.indent)
        view.focus()

    def action_leave(self) -> None:
        """Back to where it was asked for."""
        if self.is_active:
            self.dismiss()
