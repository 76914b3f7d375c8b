"""How long packs take: listing a thousand, loading one of sixty passages."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from puzzles.bundle import bundle
from puzzles.library import Library
from puzzles.load import load_pack, load_source
from puzzles.sources import open_source

N_PACKS = 1_000
N_PASSAGES = 60
RUNS = 7
SENTENCE = "The {n} ferry left the old [[harbour]] at seven and nobody had come aboard yet. "


def pack_of(id: str, n_passages: int, n_words: int) -> str:
    """A pack with passages of about so many words."""
    passages = "".join(
        f'[[passages]]\nid = "p{n}"\ntitle = "Passage {n}"\n'
        f'text = """{SENTENCE.format(n="n" * (n + 1)) * (n_words // 15)}"""\n'
        for n in range(n_passages)
    )
    return f'format = 1\nid = "{id}"\ntitle = "Pack {id}"\n{passages}'


def median_ms(run: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a thousand packs, listed once."""
    home = tmp_path_factory.mktemp("home")
    packs = home / "data" / "packs"
    packs.mkdir(parents=True)
    source = home / "one.toml"
    source.write_text(pack_of("one", 6, 150), encoding="utf-8")
    raw = source.read_text(encoding="utf-8")
    for n in range(N_PACKS):
        id = f"pack-{n:04}"
        source.write_text(raw.replace('id = "one"', f'id = "{id}"'), encoding="utf-8")
        (packs / f"{id}.bitrace").write_bytes(bundle(load_source(open_source(source)), {}))
    Library(packs, home / "cache" / "packs").list()
    return home


def test_listing_a_thousand_packs(home: Path) -> None:
    library = Library(home / "data" / "packs", home / "cache" / "packs")
    in_process = median_ms(lambda: library.list())
    assert len(library.list()[0]) > N_PACKS
    environment = {"BITRACE_HOME": str(home), "PATH": ""}

    def command() -> None:
        subprocess.run(
            [sys.executable, "-m", "tui", "packs", "list"],
            env=environment,
            check=True,
            capture_output=True,
        )

    def version() -> None:
        subprocess.run([sys.executable, "-m", "tui", "--version"], env=environment, check=True)

    print(
        f"\nlisting {N_PACKS} packs: {in_process:.0f} ms (asked 200); the whole command "
        f"{median_ms(command):.0f} ms, of which {median_ms(version):.0f} start any command"
    )


def test_loading_a_pack_of_sixty_passages(tmp_path: Path) -> None:
    file = tmp_path / "big.toml"
    file.write_text(pack_of("big", N_PASSAGES, 300), encoding="utf-8")
    as_bundle = tmp_path / "big.bitrace"
    as_bundle.write_bytes(bundle(load_source(open_source(file)), {}))
    load_pack(file)
    print(
        f"\nloading a pack of {N_PASSAGES} passages of 300 words: "
        f"{median_ms(lambda: load_pack(file)):.0f} ms from TOML, "
        f"{median_ms(lambda: load_pack(as_bundle)):.0f} ms from a bundle (asked 50)"
    )
