"""`bitrace words`: what a model expects as the next word."""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from dataclasses import asdict
from typing import Any

from engine.minds import READER, Mind, short_memory
from engine.predictor import Asking, Loaded, Loading, TopWords
from engine.words import is_single, prepare
from tui.engine_room import STARTER, describe, open_engine, wait_for
from tui.heat import percent
from tui.literal import clean
from tui.paths import find_paths
from tui.progress import Progress
from tui.score import model_file

_OPENING = {"Ps", "Pi", "Pd"}
"""Kinds of characters behind which a word may follow at once: brackets, quotes, dashes."""
_QUOTES = "\"'"
_PLACES = 6


def run(
    typed: str, n_words: int, memory: int | None, most_decodes: int, form: str, model: str
) -> int:
    """Print a model's most probable next words.

    Args:
        typed: the text so far.
        n_words: how many words.
        memory: how many words of the text are remembered; None for all.
        most_decodes: how often the model may be asked.
        form: `table` or `json`.
        model: a GGUF file; empty for the starter model.

    Raises:
        BitraceError: the model cannot be used.
    """
    mind = READER if memory is None else short_memory(memory)
    text = with_separator(typed)
    progress = Progress()
    engine = open_engine(find_paths(), on_notice=progress.say)
    try:
        loading = Loading(STARTER, model_file(model))
        loaded = wait_for(engine.load(loading, progress.on("loading")))
        asking = Asking(STARTER, mind, text, n_words=n_words, most_decodes=most_decodes)
        (top,) = wait_for(engine.top_words(asking)).values()
    finally:
        engine.close()
        progress.clear()  # when nobody is left who could draw it again
    if form == "json":
        sys.stdout.write(_json(text, mind, loaded, top) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(loaded, top)) + "\n")
    return 0


def with_separator(typed: str) -> str:
    """A text as it is read up to its next word, the separator included.

    White space at its end is kept as it is; without any, a space comes before the next word
    unless one may follow at once, as behind an opening quote or between Han characters.
    """
    text = prepare(typed).normalized
    behind = typed[len(typed.rstrip()) :].replace("\r\n", "\n").replace("\r", "\n")
    if not text or behind:
        return text + unicodedata.normalize("NFC", behind)
    return text if _takes_a_word(text) else text + " "


def _takes_a_word(text: str) -> bool:
    """Whether a word may follow a text at once."""
    last = text[-1]
    if last in _QUOTES:
        # A straight quote opens only where nothing stands before it that it could close.
        before = text.rstrip(_QUOTES)[-1:]
        return not before or before.isspace() or unicodedata.category(before) in _OPENING
    kind = unicodedata.category(last)
    full_width = kind[0] == "P" and unicodedata.east_asian_width(last) in ("W", "F")
    return kind in _OPENING or is_single(last) or full_width


def _lines(loaded: Loaded, top: TopWords) -> list[str]:
    n = max((len(one.word) for one in top.words), default=0)
    lines = [
        f"{clean(one.word):{n}}  {percent(one.percent):>8}  {_bits(one.percent):5.2f} bits"
        for one in top.words
    ]
    asked = f"the model was asked {top.n_decodes} time{'s' * (top.n_decodes != 1)}"
    state = (
        f"No other word is more probable than these; {asked}."
        if top.certified
        else f"Not certified, another word may belong here: {asked} (see --decodes)."
    )
    return [*lines, "", state, clean(describe(loaded))]


def _json(text: str, mind: Mind, loaded: Loaded, top: TopWords) -> str:
    model = asdict(loaded.identity)
    found: dict[str, Any] = {
        "model": {
            "name": loaded.identity.model,
            **{key: model[key] for key in ("file", "sha256", "quantization")},
        },
        "backend": loaded.identity.backend,
        "text": text,
        "memory": mind.memory,
        "words": [
            {
                "word": one.word,
                "percent": round(one.percent, _PLACES),
                "bits": round(_bits(one.percent), _PLACES),
            }
            for one in top.words
        ],
        "certified": top.certified,
        "decodes": top.n_decodes,
    }
    return json.dumps(found, indent=1)


def _bits(share: float) -> float:
    # A share can be too small for a float; its bits are not endless for that.
    return -math.log2(max(share / 100, sys.float_info.min)) + 0.0
