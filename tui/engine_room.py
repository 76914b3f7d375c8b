"""How the game gets its engine: one place that knows where the log and the cache are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from engine.predictor import Loading

if TYPE_CHECKING:
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

    @property
    def raced_role(self) -> str:
        """Role of the model whose minds race."""
        return RACED if self.model else STARTER

    def loadings(self) -> list[Loading]:
        """What has to be loaded, the starter model first.

        Raises:
            NoInstinctError: the starter model is not installed.
        """
        from engine.starter import starter_model

        found = [Loading(STARTER, str(starter_model()), self.gpu_layers)]
        if self.model:
            found.append(Loading(RACED, self.model, self.gpu_layers))
        return found


def open_link(paths: Paths, on_notice: Callable[[str], None] | None = None) -> Link:
    """A link to the model's process, which starts when it is first asked something."""
    from engine.link import Link

    return Link(paths.engine_log, paths.cache, on_notice)


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
