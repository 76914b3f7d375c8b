"""Opening a text: type its path, or find it in the tree."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import DirectoryTree, Input, Static
from textual.widgets._directory_tree import DirEntry
from textual.widgets.tree import TreeNode

from tui.literal import clean, content
from tui.screens.base import SCREENS_CSS
from tui.widgets.guard import SizeGuard

_ENDINGS = {".txt", ".md", ".toml", ".markdown", ".text"}


class TextTree(DirectoryTree):
    """Folders and texts; nothing hidden."""

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """Leave out what cannot be raced on."""
        return [path for path in paths if not path.name.startswith(".") and _is_offered(path)]

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """A file's name through the door; its length stays, and so its colours."""
        label = super().render_label(node, base_style, style)
        label.plain = clean(label.plain)
        return label


def _is_offered(path: Path) -> bool:
    try:
        return path.is_dir() or path.suffix.lower() in _ENDINGS
    except OSError:
        return False


class OpenText(ModalScreen[str | None]):
    """Gives the path that was chosen, or None."""

    CSS_PATH = SCREENS_CSS
    BINDINGS = [("escape", "leave", "back")]

    def compose(self) -> ComposeResult:
        """A line to type on, a tree to look in."""
        yield SizeGuard()
        with Vertical(id="open-text"):
            yield Static(content("Which text?", "bold $primary"))
            yield Input(
                placeholder="path of a .txt or .md file, or of a pack (.toml)", compact=True
            )
            yield TextTree(Path.cwd())
            yield Static(content("Enter opens · Tab to the tree · Esc back", "$foreground 60%"))

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())

    @on(DirectoryTree.FileSelected)
    def _picked(self, event: DirectoryTree.FileSelected) -> None:
        self.dismiss(str(event.path))

    def action_leave(self) -> None:
        """Nothing chosen."""
        self.dismiss(None)
