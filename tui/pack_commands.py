"""The commands under `bitrace packs` and their options, as typer sees them."""

# No `from __future__ import annotations`: typer reads the annotations at run time.
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from tui.__main__ import guarded


class Format(StrEnum):
    """How commands print."""

    TABLE = "table"
    JSON = "json"


_Path = Annotated[
    str, typer.Argument(metavar="PATH", help="A .toml file, a folder or a .bitrace bundle.")
]
_Format = Annotated[Format, typer.Option(help="How it is printed.")]
_Output = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default=False)
]


def list_packs(format: _Format = Format.TABLE) -> None:
    """List the packs there are."""

    def command() -> int:
        from tui.packs.listing import show_list

        return show_list(format.value)

    _run(command)


def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Of a pack that is listed.")],
    format: _Format = Format.TABLE,
) -> None:
    """Tell about a pack and its passages, and nothing that would spoil them."""

    def command() -> int:
        from tui.packs.listing import show_pack

        return show_pack(id, format.value)

    _run(command)


def check(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH|ID...", help="Packs to look through.")
    ],
    format: _Format = Format.TABLE,
    model: Annotated[
        bool,
        typer.Option("--model/--no-model", help="Also find texts the starter model knows."),
    ] = True,
) -> None:
    """Tell every fault of packs at once, and what may be worth mending."""

    def command() -> int:
        from tui.packs.checking import run

        return run(tuple(paths), format.value, model)

    _run(command)


def new(
    name: Annotated[
        str, typer.Argument(metavar="[ID]", help="Id of an empty pack.", show_default=False)
    ] = "",
    from_text: Annotated[
        str, typer.Option("--from", metavar="TEXT", help="Made from a .txt, .md or .epub.")
    ] = "",
    suggest_targets: Annotated[
        bool,
        typer.Option("--suggest-targets", help="Mark words where memory pays, to choose from."),
    ] = False,
    output: _Output = "",
) -> None:
    """Begin a pack: empty with comments, or from a text."""

    def command() -> int:
        from tui.packs.beginning import run

        return run(name, from_text, suggest_targets, output)

    _run(command)


def add(
    path: _Path,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of the one with the same id.")
    ] = False,
) -> None:
    """Install a pack."""

    def command() -> int:
        from tui.packs.keeping import add

        return add(path, replace)

    _run(command)


def remove(
    id: Annotated[str, typer.Argument(metavar="ID", help="Of a pack that was added.")],
) -> None:
    """Take an installed pack away."""

    def command() -> int:
        from tui.packs.keeping import remove

        return remove(id)

    _run(command)


def bake(
    pack: Annotated[
        str, typer.Argument(metavar="ID|PATH", help="An installed pack, or a path.")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Who reads (GGUF); repeatable. Usually the starter."),
    ] = None,
    gpu_layers: Annotated[
        int, typer.Option(metavar="N", min=-1, help="Layers on the GPU; -1 for all.")
    ] = -1,
) -> None:
    """Have models read a pack, so that it plays at once and without them."""

    def command() -> int:
        from tui.packs.baking import run

        return run(pack, tuple(model or ()), gpu_layers)

    _run(command)


def bundle(path: _Path, output: _Output = "") -> None:
    """Make one file of a pack and its readings, to pass around."""

    def command() -> int:
        from tui.packs.keeping import make_bundle

        return make_bundle(path, output)

    _run(command)


def schema() -> None:
    """Print the JSON Schema of a pack, for editors."""

    def command() -> int:
        from tui.packs.keeping import schema

        return schema()

    _run(command)


def pack_commands() -> typer.Typer:
    """All commands under `packs`."""
    app = typer.Typer(rich_markup_mode=None, help="See, make, check, bake and share packs.")
    app.command("list")(list_packs)
    for command in (show, check, new, add, remove, bake, bundle, schema):
        app.command()(command)
    return app


def _run(command: Callable[[], int]) -> None:
    raise typer.Exit(guarded(command))
