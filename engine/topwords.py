"""What a model would have bet: its most probable words at a place, certified.

Best first over token paths: the most probable unfinished paths are decoded together as
branches, what they finish is added up, what goes on waits its turn. A word's probability is
that of its own path (see `engine.surprisal`), so that a form not found yet can come to no more
than the best unfinished path: when that is less than what was found, the search is over.

For the display only: scores come from the canonical reading alone.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.candidates import bits_at
from engine.canonical import UNWATCHED, Watch
from engine.minds import memory_start
from engine.places import Place, place_behind, place_short, places
from engine.predictor import MOST_DECODES, TopWord, TopWords
from engine.surprisal import Row
from engine.token_model import BRANCH_CELLS, MOST_BRANCHES, TokenModel
from engine.vocabulary import Tokens
from engine.words import is_single, leading_word, words

_WIDEST = 256
"""Continuations of one path that are looked at; the next one bounds what is left out."""


@dataclass(order=True, slots=True)
class _Path:
    """Tokens that begin a word and do not finish it. Ordered best first."""

    cost: float
    """−log of its probability, in nats."""
    tokens: tuple[int, ...]
    spelt: bytes = field(compare=False)
    """What it has of the word."""


def top_words(
    model: TokenModel,
    text: str,
    asked: Sequence[int] | None,
    n_words: int,
    *,
    before: int = 0,
    memory: int | None = None,
    most_decodes: int = MOST_DECODES,
    watch: Watch = UNWATCHED,
) -> Iterator[tuple[int, TopWords]]:
    """The most probable words at places of a text, place by place.

    Args:
        model: the model that reads.
        text: normalized, with what comes before the passage.
        asked: indices of the printed words at whose places is asked; None for the place
            behind the end of the text, which goes by the index the next word would have.
        n_words: how many words are wanted at each.
        before: characters of `text` that come before the passage.
        memory: how many words of the passage are remembered; None for all that came before.
        most_decodes: how often the model may be asked at each place.
        watch: how the reading is followed and stopped.
    """
    found = words(text[before:])
    if asked is None:
        start = memory_start(found, len(found), memory) + before if memory is not None else 0
        place = place_behind(model, text[start:], len(found))
        yield place.key, _Search(model, place, n_words).run(most_decodes, watch.check)
        return
    if memory is None:
        printed = [found[index] for index in sorted(asked)]
        reached = places(model, text, printed, before=before, watch=watch)
    else:
        passage = text[before:]
        reached = (place_short(model, passage, found, at, memory) for at in sorted(asked))
    for place in reached:
        search = _Search(model, place, n_words)
        yield place.key, search.run(most_decodes, watch.check, found[place.key].text)


class _Search:
    """One search at one place.

    Args:
        model: whose cache holds what comes before the place.
        place: where.
        n_words: how many words are wanted, forms that differ only in case counted as one.
    """

    def __init__(self, model: TokenModel, place: Place, n_words: int) -> None:
        self._model = model
        self._place = place
        self._n_words = n_words
        self._waiting: list[_Path] = []
        self._left_out = 0.0
        """Probability of the best path that was never looked at."""
        self._forms: dict[str, float] = {}
        self._complete: set[str] = set()
        """Forms whose own path has been finished."""
        self.n_decodes = 0
        allowed = model.vocabulary.given(place.rest)
        self._given = place.row.log_mass(allowed)
        self._extend(_Path(0.0, (), b""), place.row, allowed)

    def run(
        self,
        most_decodes: int,
        check: Callable[[], None],
        printed: str | None = None,
    ) -> TopWords:
        """Search until certified or until the model has been asked `most_decodes` times.

        Args:
            most_decodes: how often the model may be asked.
            check: called before each time; raises to stop the search.
            printed: the word whose rank is to be told.
        """
        while not self._certified and self._waiting and self.n_decodes < most_decodes:
            check()
            self._decode()
        best = sorted(self._merged().values(), key=lambda found: (-found[0], found[1]))
        whole = math.exp(self._given)
        words = tuple(
            TopWord(form, min(100.0, 100 * mass / whole))
            for mass, form in best[: self._n_words]
        )
        rank, certain = None, False
        if printed is not None:
            rank, certain = self._rank(printed, bits_at(self._model, self._place, printed))
        return TopWords(words, self._certified, self.n_decodes, rank, certain)

    def _rank(self, word: str, bits: float) -> tuple[int, bool]:
        """The place of a word that costs `bits` among all, and whether that is certain."""
        mass = math.exp(self._given - bits * math.log(2))
        better = sum(
            of > mass for key, (of, _) in self._merged().items() if key != word.casefold()
        )
        unsure = (
            form
            for form, of in self._forms.items()
            if of <= mass < self._bound(form) and form != word
        )
        if self._best_unfinished <= mass and next(unsure, None) is None:
            return 1 + better, True
        allowed = self._model.vocabulary.given(self._place.rest)
        n_first = int((self._place.row.log_probs(allowed) > math.log(mass)).sum())
        return 1 + max(better, n_first), False

    @property
    def _certified(self) -> bool:
        """Whether no other form can be more probable than those that make up the words."""
        best: set[str] = set()
        kinds: set[str] = set()
        last = 0.0
        for form in sorted(self._forms, key=self._forms.__getitem__, reverse=True):
            if len(kinds) == self._n_words:
                break
            best.add(form)
            kinds.add(form.casefold())
            last = self._forms[form]
        if len(kinds) < self._n_words:
            last = 0.0
        if self._best_unfinished > last:
            return False
        return all(self._bound(form) <= last for form in self._forms.keys() - best)

    @property
    def _best_unfinished(self) -> float:
        """The most that a form not found yet can come to: what its one path has so far."""
        best = math.exp(-self._waiting[0].cost) if self._waiting else 0.0
        return max(best, self._left_out)

    def _bound(self, form: str) -> float:
        """The most that a form can come to. One found only in tokens that hold more than the
        word can still get what is on an unfinished path that spells its beginning."""
        if form in self._complete:
            return self._forms[form]
        spelt = form.encode()
        paths = (path.cost for path in self._waiting if spelt.startswith(path.spelt))
        return self._forms[form] + max(self._left_out, math.exp(-min(paths, default=math.inf)))

    def _merged(self) -> dict[str, tuple[float, str]]:
        """Folded form → its mass in all its forms, and the most probable of them."""
        found: dict[str, tuple[float, float, str]] = {}
        for form, mass in self._forms.items():
            key = form.casefold()
            of, most, shown = found.get(key, (0.0, 0.0, form))
            found[key] = (of + mass, max(most, mass), form if mass > most else shown)
        return {key: (of, shown) for key, (of, _, shown) in found.items()}

    def _decode(self) -> None:
        """Ask the model about the best unfinished paths, all at once."""
        chosen: list[_Path] = []
        n_tokens = 0
        while self._waiting and len(chosen) < min(MOST_BRANCHES, self._n_words + 3):
            n_tokens += len(self._waiting[0].tokens)
            if n_tokens > BRANCH_CELLS:
                break
            chosen.append(heapq.heappop(self._waiting))
        if not chosen:  # one path longer than all cells
            self._left_out = max(self._left_out, math.exp(-heapq.heappop(self._waiting).cost))
            return
        self.n_decodes += 1
        branches = [path.tokens for path in chosen]
        logits = self._model.branch(self._place.position, branches, every_row=False)
        vocabulary = self._model.vocabulary
        for path, each in zip(chosen, logits, strict=True):
            row = Row(each)
            word, whole = leading_word(path.spelt)
            if word and whole:
                self._finish(word, math.exp(row.log_mass(vocabulary.ends) - path.cost))
                self._complete.add(word)
            self._extend(path, row, vocabulary.continuing)

    def _extend(self, path: _Path, row: Row, allowed: Tokens) -> None:
        """Take in what comes next: words that are over with it, and paths that go on."""
        costs = path.cost - row.log_probs(allowed)
        if len(allowed) > _WIDEST:
            order = np.argpartition(costs, _WIDEST)[: _WIDEST + 1]
            order = order[np.argsort(costs[order], kind="stable")]
            self._left_out = max(self._left_out, math.exp(-float(costs[order[-1]])))
            order = order[:-1]
        else:
            order = np.argsort(costs, kind="stable")
        rest = len(self._place.rest) if not path.tokens else 0
        for at in order.tolist():
            token = int(allowed[at])
            spelt = path.spelt + self._model.vocabulary.pieces[token][rest:]
            cost = float(costs[at])
            word, whole = leading_word(spelt)
            if word and (not whole or is_single(word)):
                self._finish(word, math.exp(-cost))
                if whole:
                    self._complete.add(word)
            elif whole:
                heapq.heappush(self._waiting, _Path(cost, (*path.tokens, token), spelt))

    def _finish(self, word: str, mass: float) -> None:
        self._forms[word] = self._forms.get(word, 0.0) + mass
