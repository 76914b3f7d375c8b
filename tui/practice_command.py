"""`bitrace practise`: a race of the words one did worst on."""

from __future__ import annotations

from typing import Annotated

import typer

from tui.__main__ import guarded


def practise(
    player: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who plays; by default you.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Line by line, without a screen.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Pass without asking.")] = False,
) -> None:
    """Race the words you did worst on, when they are due."""

    def command() -> int:
        from tui.play import practise as run

        return run(player, plain=plain, passes_unasked=yes)

    raise typer.Exit(guarded(command))
