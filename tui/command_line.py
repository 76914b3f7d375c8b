"""The commands and their options, as typer sees them."""

# No `from __future__ import annotations`: typer reads the annotations at run time.
from enum import StrEnum
from typing import Annotated

import typer

from tui.__main__ import guarded
from tui.pack_commands import pack_commands
from tui.practice_command import practise
from tui.settings import LONGEST_CLOCK_S
from tui.study_command import study


class RaceMode(StrEnum):
    """What is asked of players at each word."""

    OPEN = "open"
    CHOICE = "choice"
    SHANNON = "shannon"


class DrawHow(StrEnum):
    """How targets are drawn from an unmarked passage."""

    RETURNING = "returning"
    UNIFORM = "uniform"


MOST_MEMORY = 1_000_000
"""Words; no text here has more."""


class Format(StrEnum):
    """How `score` prints."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class ShortFormat(StrEnum):
    """How `words` prints."""

    TABLE = "table"
    JSON = "json"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"bitrace {version('bitrace')}")
        raise typer.Exit


def _everything(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Tell the version."),
    ] = False,
) -> None:
    """Race a local language model to the next word, both scored in bits.

    Without a command the game opens in the terminal.
    """


def play(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT|PACK|PACK/PASSAGE]",
            help="A text file, a pack or one of its passages; by default the next warm-up.",
            show_default=False,
        ),
    ] = None,
    player: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Who plays; once for each player, up to eight."),
    ] = None,
    mode: Annotated[
        RaceMode | None,
        typer.Option(
            help="Bet on words, choose among six, or guess; six for three players or more.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Whom to race: reader,goldfish,nobody …"),
    ] = None,
    clock: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            max=LONGEST_CLOCK_S,
            help="Time for each word; 0 for as long as you like.",
        ),
    ] = None,
    targets: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=200, help="How many words to predict."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Another seed draws other words.")] = 0,
    draw: Annotated[
        DrawHow, typer.Option(help="Words that return, or any word.")
    ] = DrawHow.RETURNING,
    from_word: Annotated[
        str | None,
        typer.Option("--from", metavar="WORD", help="Begin at this word, or word number."),
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Play the whole text.")] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Race this model (GGUF); once more for each further one."
        ),
    ] = None,
    gpu_layers: Annotated[
        int, typer.Option(metavar="N", min=-1, help="Layers on the GPU; -1 for all.")
    ] = -1,
    plain: Annotated[
        bool, typer.Option("--plain", help="Line by line, without a screen.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Begin, and pass, without asking.")
    ] = False,
) -> None:
    """Race a model through a text."""

    def command() -> int:
        from tui.choose import Wish
        from tui.play import play_wish

        raced, *further = model or [""]
        wish = Wish(
            what=text,
            players=tuple(player or ()),
            n_targets=targets,
            seed=seed,
            uniform=draw is DrawHow.UNIFORM,
            from_word=from_word,
            whole=whole,
            model=raced,
            gpu_layers=gpu_layers,
            further=tuple(further),
            mode=mode.value if mode else None,
            against=tuple(against or ()),
            clock_s=clock,
        )
        return play_wish(wish, plain=plain, unasked=yes)

    raise typer.Exit(guarded(command))


def resume(
    plain: Annotated[
        bool, typer.Option("--plain", help="Line by line, without a screen.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Pass without asking.")] = False,
) -> None:
    """Go on with the race left open."""

    def command() -> int:
        from tui.play import resume_race

        return resume_race(plain=plain, passes_unasked=yes)

    raise typer.Exit(guarded(command))


def score(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE|-...", help="Text files; - for standard input."),
    ],
    memory: Annotated[
        list[int] | None,
        typer.Option(
            metavar="K", min=0, max=MOST_MEMORY, help="Also with K words of memory; repeatable."
        ),
    ] = None,
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Also the staircase: memory against bits.")
    ] = False,
    top: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=50, help="Also the model's own N best words."),
    ] = 0,
    format: Annotated[Format, typer.Option(help="How it is printed.")] = Format.TABLE,
    model: Annotated[
        str | None, typer.Option(metavar="FILE", help="Score with this model (GGUF).")
    ] = None,
) -> None:
    """Tell the bits of each word of texts."""

    def command() -> int:
        from tui.score import Asked, run

        memories = tuple(dict.fromkeys(memory or ()))
        return run(Asked(tuple(files), memories, format.value, model or "", top, ladder))

    raise typer.Exit(guarded(command))


def words(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text so far.")],
    n_words: Annotated[
        int, typer.Option("--words", "-k", metavar="K", min=1, max=100, help="How many words.")
    ] = 10,
    memory: Annotated[
        int | None,
        typer.Option(
            metavar="K", min=0, max=MOST_MEMORY, help="Remember only the last K words."
        ),
    ] = None,
    decodes: Annotated[
        int, typer.Option(metavar="N", min=0, max=1000, help="Ask the model at most N times.")
    ] = 16,
    format: Annotated[ShortFormat, typer.Option(help="How it is printed.")] = ShortFormat.TABLE,
    model: Annotated[
        str | None, typer.Option(metavar="FILE", help="Ask this model (GGUF).")
    ] = None,
) -> None:
    """Tell which words a model expects next."""

    def command() -> int:
        from tui.next_words import run

        return run(text, n_words, memory, decodes, format.value, model or "")

    raise typer.Exit(guarded(command))


def doctor(
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Tell what there is, what is missing and what to do about it."""

    def command() -> int:
        from tui.doctor import run

        return run(as_json=json)

    raise typer.Exit(guarded(command))


def bench(
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    runs: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="How often everything is measured.")
    ] = 5,
) -> None:
    """Measure how fast this machine reads, and what it takes."""

    def command() -> int:
        from tui.bench import run

        return run(as_json=json, runs=runs)

    raise typer.Exit(guarded(command))


def export(
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FILE", help="Where to; - for standard output."),
    ],
    race: Annotated[str, typer.Option(metavar="ID|last", help="Which finished race.")] = "last",
) -> None:
    """Write the cards of a finished race, one JSON object a line for each player."""

    def command() -> int:
        from tui.cards import export_race

        return export_race(race, output)

    raise typer.Exit(guarded(command))


def command_line() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
    )
    app.callback()(_everything)
    for command in (play, resume, practise, score, words, study, bench, doctor):
        app.command()(command)
    scores = typer.Typer(rich_markup_mode=None, help="Finished races as cards.")
    scores.command()(export)
    scores.callback()(lambda: None)
    app.add_typer(scores, name="scores")
    app.add_typer(pack_commands(), name="packs")
    return app
