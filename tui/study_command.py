"""The command `bitrace study` and its options, as typer sees them."""

# No `from __future__ import annotations`: typer reads the annotations at run time.
from typing import Annotated

import typer

from tui.__main__ import guarded
from tui.pack_commands import Format


def study(
    answers: Annotated[
        str,
        typer.Argument(
            metavar="ANSWERS.csv", help="Columns passage, word (from 0), answer, count."
        ),
    ],
    texts: Annotated[
        str, typer.Option(metavar="DIR", help="Where the texts are, as <passage>.txt.")
    ],
    format: Annotated[Format, typer.Option(help="How it is printed.")] = Format.TABLE,
    model: Annotated[
        str | None, typer.Option(metavar="FILE", help="Reader is this model (GGUF).")
    ] = None,
) -> None:
    """Score people's recorded answers to what comes next."""

    def command() -> int:
        from tui.study import Asked, run

        return run(Asked(answers, texts, format.value, model or ""))

    raise typer.Exit(guarded(command))
