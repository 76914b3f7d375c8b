"""What the benchmarks share: the model's process, the clock, and how figures are printed.

All is handed out as fixtures, since test modules cannot import one another.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

# As often as `bitrace` itself draws; must be set before Textual is imported.
os.environ.setdefault("TEXTUAL_FPS", "120")

from engine.link import Link
from engine.predictor import Loading
from engine.words import prepare

ROLE = "starter"


@pytest.fixture(autouse=True)
def alone() -> None:
    """What runs beside a measurement is measured too."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.fail("A benchmark runs alone: pytest tests/benchmarks -s -n 0", pytrace=False)


@pytest.fixture
def link(tmp_path: Path, starter_file: Path) -> Iterator[Link]:
    """The starter model in a process of its own, by the role `starter`.

    A link keeps no readings: each time it is asked, the model reads.
    """
    link = Link(tmp_path / "engine.log", tmp_path / "cache")
    link.load(Loading(ROLE, str(starter_file))).result(60)
    yield link
    link.close()


@pytest.fixture(scope="session")
def sample(reference: Path) -> str:
    """The sample text as it is read, 350 tokens of the starter model."""
    return prepare((reference / "sample.txt").read_text(encoding="utf-8")).normalized


@pytest.fixture(scope="session")
def timed() -> Callable[[Callable[[], object]], float]:
    """Seconds that some work takes."""

    def measure(work: Callable[[], object]) -> float:
        begun = time.perf_counter()
        work()
        return time.perf_counter() - begun

    return measure


@pytest.fixture(scope="session")
def report() -> Callable[..., None]:
    """Prints a figure: what it is, all values, their unit, and what was meant."""

    def tell(what: str, values: Sequence[float], unit: str, meant: str) -> None:
        median = statistics.median(values)
        spread = f"from {min(values):.1f} to {max(values):.1f}, {len(values)} runs"
        print(f"\n{what}: median {median:.1f} {unit} ({spread}); meant: {meant}")

    return tell


@pytest.fixture(scope="session")
def report_ratio() -> Callable[..., None]:
    """Prints how many times as fast one thing is as another that took turns with it.

    Where others use the machine too, the best runs of both tell more than the medians.
    """

    def tell(what: str, rates: Sequence[float], others: Sequence[float], meant: str) -> None:
        each = [one / other for one, other in zip(rates, others, strict=True)]
        median, best = statistics.median(each), max(rates) / max(others)
        spread = f"from {min(each):.2f} to {max(each):.2f}, {len(each)} runs"
        print(f"\n{what}: median {median:.2f} ({spread}), best {best:.2f}; meant: {meant}")

    return tell


@pytest.fixture(scope="session")
def memory_mb() -> Callable[[int | None, str], float]:
    """Megabytes that /proc tells of a process: its VmRSS now, its VmHWM at most."""

    def ask(pid: int | None, field: str) -> float:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return int(status.split(f"{field}:")[1].split()[0]) * 1024 / 1e6

    return ask
