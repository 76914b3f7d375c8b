"""Make the pictures of README and guide: the real app, the real model, a race played by keys.

python docs/make_pictures.py [WIDTH HEIGHT [FOLDER]]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from textual.pilot import Pilot

from tui.app import Bitrace
from tui.choose import Wish
from tui.opening import open_wish
from tui.paths import find_paths
from tui.play import library_of, open_store
from tui.screens.packs import PacksScreen
from tui.screens.race import RaceScreen
from tui.screens.result import ResultScreen
from tui.settings import Settings

SLIPS = {
    "some-shelf": (
        "beach 30 stairs 20 sea 10",
        "ten 70",
        "truth 40 bread 10",
        "wife 35 husband 30",
        "radio 55 kettle 15 pigeon 10",
        "noodle 60 soup 2",
        "stopped 70",
        "double 45 nothing 20",
    )
}
RAISED = (
    ("eleven", "eleven", "eleven", "twelve"),
    ("eleven", "twelve"),
    ("twelve", "twelve"),
)
"""Which of six words each of three players puts more on, step by step."""
PICTURED = 4
"""The target whose slip and reveal are pictured."""
REMEMBERED = 3
"""The target whose staircase is pictured."""
_LONGEST_WAIT_S = 300


async def _until(pilot: Pilot[int], what: object) -> None:
    for _ in range(_LONGEST_WAIT_S * 20):
        if what():  # type: ignore[operator]
            return
        await pilot.pause(0.05)
    raise TimeoutError


async def take(width: int, height: int, folder: Path, home: Path) -> None:
    """Play a race and save pictures of it."""
    paths = find_paths({"BITRACE_HOME": str(home)})
    store = open_store(paths)
    passage = "some-shelf"
    wish = Wish(f"warm-up/{passage}", players=("ann",))
    opened = open_wish(store, wish, Settings(), library_of(paths))
    app = Bitrace(paths, Settings(player="ann"), opened)

    def save(name: str) -> None:
        (folder / f"{name}.svg").write_text(app.export_screenshot(), encoding="utf-8")

    async with app.run_test(size=(width, height)) as pilot:
        await _until(pilot, lambda: isinstance(app.screen, RaceScreen))
        await _take_race(pilot, SLIPS[passage], save)
        await _until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await _take_result(pilot, save)
        app.go_home()
        await pilot.pause(1)
        save("home")
        await pilot.press("p")
        await _until(pilot, lambda: isinstance(app.screen, PacksScreen))
        await pilot.pause(1)
        await pilot.press("down")
        await pilot.pause(1)
        save("packs")
    app.close()


async def take_choice(width: int, height: int, folder: Path, home: Path) -> None:
    """Three players, six words, and Nobody."""
    paths = find_paths({"BITRACE_HOME": str(home)})
    store = open_store(paths)
    wish = Wish("mysteries/eleven-twice", players=("ann", "bo", "cy"))
    opened = open_wish(store, wish, Settings(), library_of(paths))
    app = Bitrace(paths, Settings(player="ann"), opened)
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause(1)
        six = opened.race.sixes[0]
        for player, raised in enumerate(RAISED):
            await pilot.press("enter")
            await pilot.pause(0.3)
            await pilot.press(*(str(six.index(word) + 1) for word in raised))
            await pilot.pause(0.3)
            if player == 0:
                (folder / "choice.svg").write_text(app.export_screenshot(), encoding="utf-8")
            await pilot.press("enter")
            await pilot.pause(0.3)
        (folder / "six.svg").write_text(app.export_screenshot(), encoding="utf-8")
    app.close()


async def _take_race(
    pilot: Pilot[int], slips: Iterable[str], save: Callable[[str], None]
) -> None:
    for number, slip in enumerate(slips):
        session = pilot.app.screen._session  # type: ignore[attr-defined]
        await _until(pilot, lambda s=session: all(s.is_locked(m) for m in s.race.setup.minds))
        await pilot.press(*(slip if slip != " " else "space"))
        await pilot.pause(0.3)
        if number == PICTURED:
            save("race")
        await pilot.press("enter")
        await _until(pilot, lambda s=session, n=number: s.top_words(n))
        await pilot.pause(0.2)
        if number == PICTURED:
            save("reveal")
        await pilot.press("enter")
        await pilot.pause(0.2)


async def _take_result(pilot: Pilot[int], save: Callable[[str], None]) -> None:
    hindsight = pilot.app.screen._hindsight  # type: ignore[attr-defined]
    await _until(pilot, lambda: hindsight.state == "done")
    save("result")
    await pilot.press("tab")
    await pilot.pause(0.3)
    await pilot.press(*["right"] * PICTURED)
    await pilot.pause(0.3)
    save("text")
    await pilot.press("tab")
    await pilot.pause(0.3)
    await pilot.press(*["left"] * (PICTURED - REMEMBERED))
    await pilot.pause(0.3)
    save("memory")


def main() -> None:
    """Read the arguments and take the pictures."""
    size = [int(argument) for argument in sys.argv[1:3]] or [96, 28]
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parent / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(take(size[0], size[1], folder, Path(home)))
        asyncio.run(take_choice(size[0], size[1], folder, Path(home)))


if __name__ == "__main__":
    main()
