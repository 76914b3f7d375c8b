"""Whether a terminal may be asked to copy. Pure.

Asked by OSC 52, which no terminal answers: what was copied is never known.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_CANNOT = {"linux", "dumb", "Apple_Terminal"}
"""Known to copy nothing: the console of Linux, terminals without sequences, and macOS's."""


def may_copy(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal is not known to copy nothing."""
    return not _CANNOT & {environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")}
