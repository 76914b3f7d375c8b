"""How the game gets its engine: one place that knows where the log and the cache are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from engine.errors import NoInstinctError
from engine.minds import INSTINCT, is_guest
from engine.predictor import Loaded, Loading, Predictor
from engine.race import Identity
from engine.setup import FurtherModel

if TYPE_CHECKING:
    from engine.keeping import Keeping
    from engine.link import Link
    from tui.paths import Paths

STARTER = "starter"
"""Role of the starter model, by which every race is scored."""
RACED = "raced"
"""Role of another model that is raced."""

Answer = TypeVar("Answer")
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Engines:
    """Which models a race needs."""

    model: str = ""
    """Path of the model that races; empty for the starter model."""
    gpu_layers: int = -1
    further: tuple[FurtherModel, ...] = ()
    """Models whose Readers race beside it."""

    @property
    def raced_role(self) -> str:
        """Role of the model whose minds race."""
        return RACED if self.model else STARTER

    def role_of(self, key: str) -> str:
        """Role of the model of a mind: that of a further model goes by its Reader's key."""
        if key == INSTINCT.key:
            return STARTER
        return key if is_guest(key) else self.raced_role

    def loadings(self, roles: Collection[str] | None = None) -> list[Loading]:
        """What has to be loaded, the starter model first.

        Args:
            roles: those that are needed; None for all.

        Raises:
            NoInstinctError: the starter model is needed and not installed.
        """
        from engine.starter import starter_model

        def needed(role: str) -> bool:
            return roles is None or role in roles

        found: list[Loading] = []
        if needed(STARTER):
            found.append(Loading(STARTER, str(starter_model()), self.gpu_layers))
        if self.model and needed(RACED):
            found.append(Loading(RACED, self.model, self.gpu_layers))
        for model in self.further:
            if needed(model.key):
                found.append(Loading(model.key, model.path, self.gpu_layers))
        return found

    def loading(self, role: str) -> Loading:
        """What has to be loaded for a role.

        Raises:
            NoInstinctError: it is the starter model, which is not installed.
        """
        (found,) = self.loadings({role})
        return found

    def can_load(self, role: str) -> bool:
        """Whether there is a model for a role."""
        try:
            return bool(self.loading(role))
        except NoInstinctError:
            return False


def open_link(paths: Paths, on_notice: Callable[[str], None] | None = None) -> Link:
    """A link to the model's process, which starts when it is first asked something."""
    from engine.link import Link

    return Link(paths.engine_log, paths.cache, on_notice)


def open_engine(
    paths: Paths, on_notice: Callable[[str], None] | None = None, lazy: bool = False
) -> Keeping:
    """The engine with what it has read before.

    Args:
        paths: where its log and its readings are.
        on_notice: gets a line for the player when its process died; on another thread.
        lazy: load a model only when something has to be read that is not kept.
    """
    from engine.keeping import Keeping

    return Keeping(lambda: open_link(paths, on_notice), paths.cache, lazy)


def wait_for(future: Future[Answer]) -> Answer:
    """A future's answer; Ctrl-C is heard meanwhile.

    Raises:
        BitraceError: what the future failed with.
    """
    while True:
        try:
            return future.result(timeout=_POLL_S)
        except TimeoutError:
            if future.done():
                return future.result()


def load_starter(predictor: Predictor, tell: Callable[[str], None]) -> None:
    """Have the starter model loaded before it is needed.

    What goes wrong is told when a race needs the model, not here.

    Args:
        predictor: who loads it.
        tell: gets a line about it, on the engine's threads.
    """
    try:
        loading = Engines().loadings()[0]
    except NoInstinctError:
        tell("no starter model: see `bitrace doctor`")
        return

    def loaded(future: Future[Loaded]) -> None:
        if not future.cancelled() and future.exception() is None:
            tell(describe(future.result()))

    future = predictor.load(loading, lambda fraction: tell(loading_line(fraction)))
    future.add_done_callback(loaded)


def describe(loaded: Loaded) -> str:
    """A model and where it runs, in one line."""
    identity = loaded.identity
    return f"{identity.model} {identity.quantization} · {loaded.place}"


def describe_baked(identity: Identity) -> str:
    """A model whose readings came with the pack, in one line."""
    return f"{identity.model} {identity.quantization} · read before"


def loading_line(fraction: float) -> str:
    """How far a model is loaded, in one line."""
    return f"loading {100 * fraction:.0f} %"
