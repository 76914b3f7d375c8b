"""What is done to packs: they are added, checked, told about and taken away."""

from __future__ import annotations

from collections.abc import Callable

from textual import on, work
from textual.message import Message
from textual.worker import (
    Worker,
    get_current_worker,  # pyright: ignore[reportUnknownVariableType]
)

from engine.errors import BitraceError
from puzzles.facts import PackFacts
from puzzles.library import Broken
from tui.literal import clean
from tui.screens import pack_work
from tui.screens.base import BitraceScreen
from tui.screens.open_text import PACKS, OpenText
from tui.screens.pack_question import Question
from tui.screens.pack_report import PackReport
from tui.screens.pack_work import Added, Removed, Report, Taken


class PackDone(Message):
    """What was asked for has been done, or could not be."""

    def __init__(self, outcome: Added | Taken | Removed | Report | BitraceError) -> None:
        super().__init__()
        self.outcome = outcome


class PackKeeping(BitraceScreen):
    """A screen on which packs are kept; `tui.screens.packs` says how they are shown."""

    @property
    def pack(self) -> PackFacts | Broken | None:
        """The pack under the cursor."""
        raise NotImplementedError

    def pack_of(self, id: str) -> PackFacts | Broken | None:
        """A pack that is listed."""
        raise NotImplementedError

    def read_again(self, chosen: str = "") -> None:
        """Packs have changed; stand on the chosen one, if any, when they are listed."""
        raise NotImplementedError

    @work(thread=True, group="pack work", exclusive=True, description="working on a pack")
    def do(self, job: Callable[[], Added | Taken | Removed | Report]) -> None:
        """Have a thread do this, then show what came of it."""
        try:
            self._tell(job())
        except (BitraceError, OSError) as error:
            self._tell(trouble(error))

    def _tell(self, outcome: Added | Taken | Removed | Report | BitraceError) -> None:
        self.post_message(PackDone(outcome))

    @on(PackDone)
    def _done(self, event: PackDone) -> None:
        match event.outcome:
            case Added(id, title, warnings):
                self.read_again(id)
                self.say(f"Added: {title}")
                for warning in warnings:
                    self.notify(clean(warning), severity="warning", markup=False)
            case Removed(id):
                self.read_again()
                self.say(f"Removed: {id}. Races on it are kept.")
            case Taken() as taken:
                self._ask_to_replace(taken)
            case Report() as report if self.is_current:  # c may have been pressed twice
                self.bitrace.push_screen(PackReport(report))
            case BitraceError() as error:
                self.bitrace.complain(str(error))
            case _:
                pass

    def action_add(self) -> None:
        """Install a pack."""
        self._pick("Which pack is to be added?", self._add)

    def _add(self, path: str, replacing: bool = False) -> None:
        library = self.bitrace.races.library
        self.do(lambda: pack_work.add(library, path, replacing))

    def _ask_to_replace(self, taken: Taken) -> None:
        there = self.pack_of(taken.id)
        title = f" ({there.title})" if isinstance(there, PackFacts) else ""
        self._ask(
            f"A pack {taken.id} is installed already{title}. "
            f"Put the new one ({taken.title}) in its place?",
            ("Replace it", "Keep the one there is"),
            lambda: self._add(taken.path, replacing=True),
        )

    def action_check(self) -> None:
        """Tell every fault of this pack."""
        app, library, pack = self.bitrace, self.bitrace.races.library, self.pack
        if pack is not None:
            self.do(
                lambda: pack_work.check_installed(library, app.paths, app.settings, pack.id)
            )

    def action_check_file(self) -> None:
        """Tell every fault of a pack in a file."""
        self._pick(
            "Which pack is to be checked?",
            lambda path: self.do(lambda: pack_work.check_file(path)),
        )

    def action_about(self) -> None:
        """Tell all about this pack."""
        app, library, pack = self.bitrace, self.bitrace.races.library, self.pack
        if isinstance(pack, PackFacts):
            self.do(lambda: pack_work.about(library, app.paths, app.settings, pack.id))

    def action_remove(self) -> None:
        """Take this pack away, if the player means it."""
        library, pack = self.bitrace.races.library, self.pack
        if pack is None:
            return
        if isinstance(pack, PackFacts) and pack.builtin:
            self.bitrace.complain(f"{pack.title} comes with the game: it cannot be removed.")
            return
        title = f" ({pack.title})" if isinstance(pack, PackFacts) else ""
        self._ask(
            f"Take away the pack {pack.id}{title}? Races on it are kept.",
            ("Remove it", "Keep it"),
            lambda: self.do(lambda: pack_work.remove(library, pack.id)),
        )

    def _pick(self, question: str, then: Callable[[str], object]) -> None:
        def picked(path: str | None) -> None:
            if path:
                then(path)

        self.bitrace.push_screen(OpenText(PACKS, question), picked)

    def _ask(self, question: str, answers: tuple[str, str], then: Callable[[], object]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                then()

        self.bitrace.push_screen(Question(question, *answers), answered)


def trouble(error: BitraceError | OSError) -> BitraceError:
    """A sentence for what the system refused."""
    if isinstance(error, BitraceError):
        return error
    return BitraceError(f"The packs cannot be read ({error.strerror or error}): check rights.")


def is_cancelled() -> bool:
    """In a thread: whether nobody waits for what it does any more."""
    worker: Worker[None] = get_current_worker()  # pyright: ignore[reportUnknownVariableType]
    return worker.is_cancelled
