"""The bar on stderr: only for who watches, an estimate when it is worth something."""

from __future__ import annotations

import io
import re
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.minds import MINDS
from tui.progress import Progress, duration

CLEAR = "\r\x1b[K"
LABELS = [
    "loading",
    "best words",
    "memory",
    *(mind.name for mind in MINDS.values()),
    *(f"{k} words" for k in (0, 12, 128, 1_000_000)),
]


class Screen(io.StringIO):
    """A terminal on stderr."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds, as many as are set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    made = Screen()
    # Not in sys itself, where pytest puts its own between a fixture and its test.
    monkeypatch.setattr("tui.progress.sys", SimpleNamespace(stderr=made))
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def line_of(screen: Screen) -> str:
    """What stands on the line now."""
    return screen.getvalue().rpartition(CLEAR)[2]


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


# ---- who sees it ----


def test_where_nobody_watches_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr("sys.stderr", file)
    progress = Progress()
    show = progress.on("loading")
    for fraction in (0.0, 0.5, 1.0):
        show(fraction)
    progress.clear()
    assert file.getvalue() == ""


def test_a_sentence_is_said_whoever_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr("sys.stderr", file)
    Progress().say("The engine is being started again.")
    assert file.getvalue() == "The engine is being started again.\n"


def test_without_any_stderr_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    progress = Progress()
    progress.on("loading")(0.5)
    progress.say("Nobody hears this.")
    progress.clear()


# ---- what is drawn ----


def test_a_line_is_drawn_over_the_one_before(screen: Screen, clock: Clock) -> None:
    show = Progress(clock).on("Reader")
    show(0.0)
    show(0.5)
    show(1.0)
    drawn = screen.getvalue().split(CLEAR)
    assert drawn == [
        "",
        f"Reader {'░' * 24}   0%",
        f"Reader {'█' * 12}{'░' * 12}  50%",
        f"Reader {'█' * 24} 100%",
    ]


def test_the_bar_is_taken_away(screen: Screen) -> None:
    progress = Progress()
    progress.on("loading")(0.5)
    progress.clear()
    assert screen.getvalue().endswith(f"%{CLEAR}")


def test_a_sentence_does_not_run_into_the_bar(screen: Screen) -> None:
    progress = Progress()
    progress.on("loading")(0.5)
    progress.say("The engine is being started again.")
    assert screen.getvalue().endswith(f"%{CLEAR}The engine is being started again.\n")


def test_what_is_drawn_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar without an end of line would else lie in a buffer."""
    seen: list[str] = []

    class Buffered(Screen):
        def flush(self) -> None:
            seen.append(self.getvalue())

    monkeypatch.setattr("sys.stderr", Buffered())
    progress = Progress()
    progress.on("loading")(0.5)
    assert seen and seen[-1].endswith("50%")
    progress.clear()
    assert seen[-1].endswith(CLEAR)


# ---- the estimate ----


@pytest.mark.parametrize("seconds", [0.0, 0.5, 2.9])
def test_at_first_there_is_no_estimate(screen: Screen, clock: Clock, seconds: float) -> None:
    show = Progress(clock).on("Reader")
    clock.now += seconds
    show(0.01)
    assert line_of(screen).endswith("1%")


@pytest.mark.parametrize(
    ("seconds", "fraction", "left"),
    [
        (3.0, 0.25, "about 9 s"),
        (10.0, 0.5, "about 10 s"),
        (10.0, 0.999, "about 1 s"),
        (60.0, 0.25, "about 3 min"),
        (3600.0, 0.2, "about 4.0 h"),
    ],
)
def test_after_some_seconds_it_is_told_how_long_it_will_take(
    screen: Screen, clock: Clock, seconds: float, fraction: float, left: str
) -> None:
    show = Progress(clock).on("Reader")
    clock.now += seconds
    show(fraction)
    assert line_of(screen).endswith(f"%  {left} left, ^C stops")


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_there_is_none_before_it_has_begun_and_when_it_is_over(
    screen: Screen, clock: Clock, fraction: float
) -> None:
    show = Progress(clock).on("Reader")
    clock.now += 100
    show(fraction)
    assert "left" not in line_of(screen)


def test_each_work_has_its_own_time(screen: Screen, clock: Clock) -> None:
    progress = Progress(clock)
    loading = progress.on("loading")
    clock.now += 10
    reader = progress.on("Reader")
    reader(0.5)
    assert "left" not in line_of(screen)
    loading(0.5)
    assert "about 10 s left" in line_of(screen)


@given(
    label=st.sampled_from(LABELS),
    fraction=st.floats(0, 1),
    seconds=st.floats(0, 10**8),
)
@example(label="1000000 words", fraction=1e-4, seconds=10**6)
def test_a_line_fits_on_the_screen(label: str, fraction: float, seconds: float) -> None:
    if 0 < fraction < 1e-4:
        fraction = 1e-4  # a text of a megabyte is read in more steps than that, but not many
    with pytest.MonkeyPatch.context() as patch:
        screen, clock = Screen(), Clock()
        patch.setattr("sys.stderr", screen)
        show = Progress(clock).on(label)
        clock.now += seconds
        show(fraction)
        line = line_of(screen)
    assert width(line) < 80, "a full line would begin the next one"
    assert line.isprintable()
    assert re.match(rf"{label} [█░]{{24}} +\d{{1,3}}%", line)


@pytest.mark.parametrize("fraction", [-0.5, 1.5, 1e9, float("inf"), float("nan")])
def test_a_fraction_that_is_none_breaks_nothing(
    screen: Screen, clock: Clock, fraction: float
) -> None:
    show = Progress(clock).on("Reader")
    clock.now += 100
    show(fraction)
    assert re.fullmatch(r"Reader [█░]{24}  +\d{1,3}%|Reader [█░]{24} 100%", line_of(screen))


@given(st.floats(0, 10**7), st.floats(0, 10**7))
def test_a_longer_time_is_never_told_as_a_shorter_one(one: float, other: float) -> None:
    def seconds(told: str) -> float:
        found = re.fullmatch(r"about ([\d.]+) (s|min|h)", told)
        assert found
        return float(found[1]) * {"s": 1, "min": 60, "h": 3600}[found[2]]

    shorter, longer = sorted([one, other])
    assert seconds(duration(shorter)) <= seconds(duration(longer))
    assert seconds(duration(longer)) == pytest.approx(longer, rel=0.34, abs=1)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "about 1 s"),
        (0.4, "about 1 s"),
        (89.4, "about 89 s"),
        (90.0, "about 2 min"),
        (5399.0, "about 90 min"),
        (5400.0, "about 1.5 h"),
        (100_000.0, "about 27.8 h"),
    ],
)
def test_a_time_is_told_as_exactly_as_anybody_wants_to_know_it(
    seconds: float, told: str
) -> None:
    assert duration(seconds) == told
