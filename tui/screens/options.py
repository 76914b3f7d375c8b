"""Options: what a player has chosen, each kept as it is chosen."""

from __future__ import annotations

from dataclasses import replace

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from engine.errors import BitraceError
from tui.commands import bindings
from tui.literal import clean, content
from tui.opening import LONGEST_NAME, check_names, default_name
from tui.option_rows import ROWS, OptionRow, stepped, ticked, told
from tui.screens.base import SCREENS_CSS, BitraceScreen
from tui.settings import Settings
from tui.theme import THEME
from tui.widgets.foot import Foot
from tui.widgets.guard import SizeGuard
from tui.widgets.option_line import NameLine, NameRow, OptionLine

_BY_NAME = {row.name: row for row in ROWS}


class OptionsScreen(BitraceScreen):
    """A row for each setting; ↑ and ↓ go from one to the next."""

    CSS_PATH = SCREENS_CSS
    BINDINGS = bindings("options")

    def compose(self) -> ComposeResult:
        """The rows, a word about the chosen one, and where all is kept."""
        yield SizeGuard()
        with Horizontal(id="head"):
            yield Static(content("Options"), id="title")
        with Vertical(id="options"):
            for row in ROWS:
                yield OptionLine(row.name, row.label, row.is_stepped)
                if row.name == "player":
                    yield NameRow(row.label, LONGEST_NAME)
        yield Static(id="option-help")
        yield Static(
            content(f"Kept in {self.bitrace.paths.settings_file}", "$foreground 60%"),
            id="option-file",
        )
        yield Foot()

    def on_mount(self) -> None:
        """The first row takes the keys."""
        self.query_one(NameRow).display = False
        self._show()
        self.set_focus(self.query(OptionLine).first())

    # What is shown.

    @property
    def _themes(self) -> list[str]:
        """Ours, then the others."""
        others = sorted(self.bitrace.available_themes.keys() - {THEME.name})
        return [THEME.name, *others]

    def _show(self) -> None:
        settings = self.bitrace.settings
        usual = default_name(replace(settings, player=""))
        for line in self.query(OptionLine):
            line.show(told(settings, line.name or "", self._themes, usual))

    @property
    def _row(self) -> OptionRow | None:
        """The row that takes the keys."""
        focused = self.focused
        name = focused.name if isinstance(focused, OptionLine) else None
        return _BY_NAME[name] if name else None

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Tell more of the row that takes the keys now."""
        if isinstance(event.widget, OptionLine) and (
            row := _BY_NAME.get(event.widget.name or "")
        ):
            self._leave_name(keep=True)
            self.query_one("#option-help", Static).update(content(row.help))
        elif isinstance(event.widget, NameLine):
            self.query_one("#option-help", Static).update(content(_NAME_HELP))

    # What is chosen.

    def _keep(self, settings: Settings) -> bool:
        """Keep what has been chosen; whether that could be."""
        if settings == self.bitrace.settings:
            return True
        try:
            self.bitrace.keep_settings(settings)
        except BitraceError as error:
            self.say(str(error), "error")
            return False
        finally:
            self._show()
        return True

    def action_row(self, by: int) -> None:
        """On to another row."""
        if self._is_naming and not self._keep_name():
            return
        if by > 0:
            self.focus_next(OptionLine)
        else:
            self.focus_previous(OptionLine)

    def action_step(self, by: int) -> None:
        """What comes next in this row, or before; where that has to be asked, ask."""
        row = self._row
        if row is None:
            return
        if row.is_stepped:
            self._keep(stepped(self.bitrace.settings, row.name, by, self._themes))
        elif by > 0:
            self.action_enter()

    def action_enter(self) -> None:
        """Something else for this row."""
        if not self.is_active:
            return  # Enter bounced: it is being asked
        match self._row:
            case OptionRow(is_stepped=True):
                self.action_step(1)
            case OptionRow(name="player"):
                self._write_name()
            case OptionRow(name="model"):
                self._pick_model()
            case OptionRow(name="against"):
                self._pick_opponents()
            case _:
                pass

    @on(OptionLine.Stepped)
    def _clicked_back(self) -> None:
        self.action_step(-1)

    @on(OptionLine.Entered)
    def _clicked(self) -> None:
        self.action_enter()

    def action_back(self) -> None:
        """Leave; everything is kept already."""
        if self.is_active:
            self.dismiss()

    # The player's name is written in its row.

    @property
    def _is_naming(self) -> bool:
        return self.query_one(NameRow).display

    def _write_name(self) -> None:
        line = self.query_one(NameLine)
        line.value = clean(self.bitrace.settings.player)
        line.placeholder = default_name(replace(self.bitrace.settings, player=""))
        self.query_one("#option-player").display = False
        self.query_one(NameRow).display = True
        self.set_focus(line)

    def _keep_name(self) -> bool:
        name = self.query_one(NameLine).value.strip()
        try:
            if name:
                check_names((name,))
        except BitraceError as error:
            self.say(str(error), "error")
            return False
        return self._keep(replace(self.bitrace.settings, player=name))

    def _leave_name(self, keep: bool) -> None:
        """Write the name no further."""
        if self._is_naming:
            if keep:
                self._keep_name()
            self.query_one("#option-player").display = True
            self.query_one(NameRow).display = False

    @on(Input.Submitted)
    def _name_written(self) -> None:
        if self._keep_name():
            self._leave_name(keep=False)
            self.set_focus(self.query_one("#option-player"))

    @on(NameLine.Left)
    def _name_left(self) -> None:
        self._leave_name(keep=False)
        self.set_focus(self.query_one("#option-player"))

    # What is chosen on a screen of its own.

    def _pick_model(self) -> None:
        from tui.screens.model_picker import ModelPicker

        def picked(model: str | None) -> None:
            if model is not None:
                self._keep(replace(self.bitrace.settings, model=model))

        app = self.bitrace
        app.push_screen(ModelPicker(app.settings.model, app.paths), picked)

    def _pick_opponents(self) -> None:
        from tui.screens.opponents import Opponents

        def tick(name: str) -> tuple[str, ...]:
            settings = self.bitrace.settings
            self._keep(replace(settings, against=ticked(settings.against, name)))
            return self.bitrace.settings.against

        self.bitrace.push_screen(Opponents(self.bitrace.settings.against, tick))


_NAME_HELP = "Enter keeps the name, Esc leaves it as it was. An empty one is your login name."
