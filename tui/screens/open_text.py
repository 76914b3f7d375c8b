"""Opening a text or a pack: type its path, or find it in the tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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

_PACK_FILE = "pack.toml"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What can be opened."""

    endings: frozenset[str]
    hint: str
    """What may be typed."""


TEXTS = Wanted(
    frozenset({".txt", ".md", ".markdown", ".text", ".epub", ".toml", ".bitrace"}),
    "path of a .txt, .md or .epub file, or of a pack",
)
PACKS = Wanted(
    frozenset({".toml", ".bitrace"}),
    "path of a .toml file, a .bitrace bundle, or a folder",
)


class TextTree(DirectoryTree):
    """Folders and what can be opened; nothing hidden.

    Args:
        path: the folder to begin in.
        wanted: what can be opened.
    """

    BINDINGS = [("backspace", "up", "up")]

    def __init__(self, path: Path, wanted: Wanted = TEXTS) -> None:
        super().__init__(path)
        self._wanted = wanted

    def action_up(self) -> None:
        """Begin in the folder above."""
        self.path = Path(self.path).parent

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """Leave out what cannot be opened."""
        return [
            path for path in paths if not path.name.startswith(".") and self._is_offered(path)
        ]

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        """A file's name through the door; its length stays, and so its colours."""
        label = super().render_label(node, base_style, style)
        label.plain = clean(label.plain)
        return label

    def _is_offered(self, path: Path) -> bool:
        try:
            return path.is_dir() or path.suffix.lower() in self._wanted.endings
        except OSError:
            return False


def _pack_folder(path: Path) -> Path | None:
    """The folder that is a pack, and so one thing, where this path is chosen."""
    folder = path.parent if path.name == _PACK_FILE else path
    try:
        return folder if (folder / _PACK_FILE).is_file() else None
    except (OSError, ValueError):
        return None


class OpenText(ModalScreen[str | None]):
    """Gives the path that was chosen, or None.

    Args:
        wanted: what can be opened.
        question: above the line to type on.
    """

    CSS_PATH = SCREENS_CSS
    BINDINGS = [("escape", "leave", "back")]

    def __init__(self, wanted: Wanted = TEXTS, question: str = "Which text?") -> None:
        super().__init__()
        self._wanted = wanted
        self._question = question

    def compose(self) -> ComposeResult:
        """A line to type on, a tree to look in."""
        yield SizeGuard()
        with Vertical(id="open-text"):
            yield Static(content(self._question, "bold $primary"))
            yield Input(placeholder=self._wanted.hint, compact=True)
            yield TextTree(Path.cwd(), self._wanted)
            yield Static(
                content(
                    "Enter opens · Tab to the tree · ⌫ up · Esc back",
                    "$foreground 60%",
                )
            )

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())

    @on(DirectoryTree.FileSelected)
    def _picked(self, event: DirectoryTree.FileSelected) -> None:
        self.dismiss(str(_pack_folder(event.path) or event.path))

    @on(DirectoryTree.DirectorySelected)
    def _folder_picked(self, event: DirectoryTree.DirectorySelected) -> None:
        folder = _pack_folder(event.path)
        is_root = event.node is self.query_one(TextTree).root
        if folder is not None and not is_root:
            self.dismiss(str(folder))

    def action_leave(self) -> None:
        """Nothing chosen."""
        self.dismiss(None)
