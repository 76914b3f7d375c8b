"""The list of packs, a row each."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from puzzles.facts import PackFacts
from puzzles.library import Broken
from tui.literal import content

_LEAST_NAME = 12


class Row(Visual):
    """A name, and at the end of the row what is told of it.

    Known to be one row high whatever stands in it, so that a list of a thousand need not wrap
    each of them to find out; and made for a width when it comes into sight.
    """

    def __init__(self, name: str, told: str, style: str) -> None:
        self._name = name
        self._told = told
        self._style = style

    def render_strips(
        self,
        width: int,
        height: int | None,  # noqa: ARG002
        style: Style,
        options: RenderOptions,
    ) -> list[Strip]:
        """The row, the name cut to what room there is."""
        room = max(_LEAST_NAME, width - len(self._told) - 1)
        name = content(self._name).truncate(room, ellipsis=True)
        row = Content.assemble(
            name.pad_right(room - name.cell_length), " ", (self._told, self._style)
        )
        return row.truncate(width).render_strips(width, 1, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:  # noqa: ARG002
        """All there is."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:  # noqa: ARG002
        """One row."""
        return 1


class PackList(OptionList):
    """Packs to choose from: those of the game, those that were added, those damaged."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, compact=True)

    @property
    def chosen(self) -> str:
        """Id of the pack that the cursor is on; empty where there is none."""
        option = self.highlighted_option
        return option.id or "" if option else ""

    def show(
        self, packs: tuple[PackFacts, ...], broken: tuple[Broken, ...], chosen: str = ""
    ) -> None:
        """Show other packs.

        Args:
            packs: in their order.
            broken: listed last.
            chosen: the pack to stand on if it is there, else the first.
        """
        self.set_options(_options(packs, broken))
        ids = [option.id for option in self.options]
        if ids:
            self.highlighted = ids.index(chosen) if chosen in ids else 0


def _options(
    packs: tuple[PackFacts, ...], broken: tuple[Broken, ...]
) -> Iterator[Option | None]:
    """Rows, and a line before the first pack that does not come with the game."""
    builtin = [pack for pack in packs if pack.builtin]
    added = [pack for pack in packs if not pack.builtin]
    yield from (_option(pack) for pack in builtin)
    if builtin and (added or broken):
        yield None
    yield from (_option(pack) for pack in added)
    yield from (Option(Row(one.id, "damaged", "$error"), id=one.id) for one in broken)


def _option(pack: PackFacts) -> Option:
    amounts = f"{pack.n_passages:3} texts {pack.minutes:4.0f} min"
    return Option(Row(pack.title, amounts, "$foreground 70%"), id=pack.id)
