"""Words from elsewhere that may stand among the six of the choice mode."""

from __future__ import annotations

from collections.abc import Mapping

from engine.choice import N_WORDS, thinned, vocabulary
from engine.words import Text, fold, words
from puzzles.builtin import builtin_ids, load_builtin
from puzzles.load import Pack, Passage
from tui.choose import Book, Chosen, Found


def elsewhere(found: Found, chosen: Chosen) -> dict[str, str]:
    """Words by their folded form: of the pack's other passages; of a text, of the rest of the
    file, else of the packs that come with the game.

    Args:
        found: where the passage comes from.
        chosen: the passage.
    """
    if not isinstance(found.what, Book):
        pack = found.what.pack
        return elsewhere_in(pack, pack.passage(chosen.passage))
    rest = _unmet(vocabulary([words(found.what.text.normalized)]), chosen.text)
    if len(rest) < N_WORDS - 1:
        packs = (load_builtin(id) for id in builtin_ids())
        texts = (words(one.text.normalized) for pack in packs for one in pack.passages)
        rest = _unmet(vocabulary(texts), chosen.text)
    return thinned(rest, chosen.text.sha256)


def elsewhere_in(pack: Pack, passage: Passage) -> dict[str, str]:
    """Words of a pack's other passages that are not in this one, by their folded form."""
    others = (one for one in pack.passages if one.id != passage.id)
    found = vocabulary(words(one.text.normalized) for one in others)
    return thinned(_unmet(found, passage.text), passage.text.sha256)


def _unmet(found: Mapping[str, str], text: Text) -> dict[str, str]:
    here = {fold(word.text) for word in words(text.normalized)}
    return {form: word for form, word in found.items() if form not in here}
