"""Bundles: a pack, its texts and its readings in one file, to be passed around."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from puzzles.load import Loaded, load_source
from puzzles.sources import BUNDLE_ENDING, PACK_FILE, bundle_source

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The same for all, so that equal packs make equal bundles."""


def bundle(loaded: Loaded, readings: Mapping[str, bytes]) -> bytes:
    """A bundle of a pack: what it names, its readings, and nothing else.

    Args:
        loaded: the pack.
        readings: files of readings by name, their folder included.

    Raises:
        PackFaults: it would break the limits of a bundle.
    """
    files = {PACK_FILE: loaded.raw, **loaded.texts, **readings}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, raw in sorted(files.items()):
            info = zipfile.ZipInfo(name, _WHEN)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, raw)
    raw = written.getvalue()
    _check(raw, loaded.pack.id)
    return raw


def _check(raw: bytes, id: str) -> None:
    """Read it as others will."""
    source = bundle_source(raw, f"{id}{BUNDLE_ENDING}")
    load_source(source)
    for name in source.names:
        source.read(name)
