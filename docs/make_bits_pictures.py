"""Draw the pictures of docs/bits.md with the starter model, and print the numbers it quotes.

python docs/make_bits_pictures.py
"""
# ruff: noqa: T201

from __future__ import annotations

import json
import lzma
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import correlation, mean

from engine.link import Link
from engine.llama import Library, Model
from engine.minds import INSTINCT, READER, Mind, short_memory
from engine.predictor import Job, Loading
from engine.starter import starter_model
from engine.surprisal import Row, locate, token_starts
from engine.words import prepare, words
from puzzles.builtin import load_builtin

SENTENCE = "It was raining, so she put on her rain boots."
CHINESE = "这是一个问题。"
RUNGS = (0, 1, 2, 4, 8, 16, 32, 64, 128)

_PICTURES = Path(__file__).parent / "pictures"
_REFERENCE = Path(__file__).parents[1] / "tests" / "reference"
_PANEL, _INK, _FAINT, _RULE = "#fbf8f1", "#26231e", "#6a645a", "#ddd6c8"
_BLUE, _ORANGE, _GREEN = "#3f6fa3", "#b8651b", "#2f7552"
_BOLD = {"font_weight": "bold"}
_MIDDLE = {"text_anchor": "middle"}


Bits = list[float]


class Drawing:
    """An SVG with a panel of its own, so that it reads on light pages and on dark ones."""

    def __init__(self, height: int, title: str) -> None:
        size = f'width="720" height="{height}" viewBox="0 0 720 {height}" role="img"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
        self._lines = [head, f"<title>{escape(title)}</title>"]
        self.bar(1, 1, 718, height - 2, _PANEL, rx=8, stroke=_RULE)
        self.text(24, 34, title, font_size=17, **_BOLD)

    def add(self, tag: str, what: str = "", **attributes: object) -> None:
        """An element."""
        told = "".join(f' {key.replace("_", "-")}="{one}"' for key, one in attributes.items())
        self._lines.append(f"<{tag}{told}>{escape(what)}</{tag}>")

    def text(self, x: float, y: float, what: str, **more: object) -> None:
        """A text at a baseline."""
        self.add("text", what, x=round(x), y=round(y), **{"fill": _INK, "font_size": 13} | more)

    def bar(self, x: float, y: float, w: float, h: float, fill: str, **more: object) -> None:
        """A rectangle."""
        at = {"x": round(x, 1), "y": y, "width": max(round(w, 1), 0.8), "height": h}
        self.add("rect", **at, fill=fill, **more)

    def line(self, points: Sequence[tuple[float, float]], stroke: str, width: int) -> None:
        """Points joined."""
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.add("polyline", points=joined, fill="none", stroke=stroke, stroke_width=width)

    def save(self, name: str) -> None:
        """Write the file."""
        (_PICTURES / name).write_text("\n".join([*self._lines, "</svg>", ""]), "utf-8")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a word's bits are made of; all are probabilities."""

    word: str
    tokens: tuple[tuple[str, float], ...]
    """Each piece, and its probability after those before."""
    given: float
    ends: float
    """0 where the last token holds more than the word."""
    beyond: float

    @property
    def path(self) -> float:
        """Its tokens multiplied."""
        return math.prod(p for _, p in self.tokens)

    @property
    def bits(self) -> float:
        """As bitrace has it."""
        return -math.log2((self.path * self.ends + self.beyond) / self.given)


def rows(model: Model, tokens: Sequence[int], size: int = 128) -> Iterator[Row]:
    """The distribution before each token and behind the last, read in full blocks."""
    model.clear()
    for at in range(0, len(tokens) + 1, size):
        block = [model.start_token, *tokens][at : at + size]
        filled = block + [model.start_token] * (size - len(block))
        for logits in model.decode(filled, at, range(len(block))):
            yield Row(logits.copy())


def take_apart(model: Model, text: str) -> list[Parts]:
    """The parts of each word of a short text."""
    raw, vocabulary, tokens = text.encode(), model.vocabulary, model.tokenize(text.encode())
    row, starts = list(rows(model, tokens)), token_starts(tokens, vocabulary.pieces)
    found: list[Parts] = []
    for word, span in zip(words(text), locate(words(text), text, starts), strict=True):
        path, beyond = list[tuple[str, float]](), 0.0
        for j in range(span.first, span.last + 1):
            longer = row[j].log_mass(vocabulary.beyond(raw[starts[j] : span.end], span.single))
            beyond += math.exp(longer) * math.prod(p for _, p in path)
            alone = span.single and span.reaches_past
            token = vocabulary.exactly(raw[starts[j] : span.end]) if alone else tokens[j]
            assert token is not None, "the example's characters have tokens of their own"
            piece = vocabulary.pieces[token].decode("utf-8", "replace")
            path.append((piece, math.exp(row[j].logprob(token))))
        given = vocabulary.given(raw[starts[span.first] : span.start])
        ends = 0.0 if span.single else row[span.last + 1].log_mass(vocabulary.ends)
        end = 0.0 if span.reaches_past and not span.single else math.exp(ends)
        mass = math.exp(row[span.first].log_mass(given))
        found.append(Parts(word.text, tuple(path), mass, end, beyond))
    return found


def tell_parts(model: Model) -> list[Parts]:
    """Print how the examples' words are put together; those of the sentence."""
    sentence, pieces = take_apart(model, SENTENCE), model.vocabulary.pieces
    for one in [*sentence, *take_apart(model, CHINESE)]:
        path = " x ".join(f"{piece!r} {p:.3g}" for piece, p in one.tokens)
        told = f"given {one.given:.4f}, path {path} = {-math.log2(one.path):.2f} bits"
        print(
            f"{one.word}: {told}, ends {one.ends:.4f}, beyond {one.beyond:.4f}: {one.bits:.2f}"
        )
    tokens = model.tokenize(SENTENCE.encode())
    behind = list(rows(model, tokens))[tokens.index(pieces.index(b" rain")) + 1]
    print(f"behind rain: coat {math.exp(behind.logprob(pieces.index(b'coat'))):.3f}")
    start, others = model.tokenize(b"It was"), 0.0
    for cut in ((" rain", "ing"), (" r", "aining"), (" ", "raining")):
        tokens = [*start, *(pieces.index(piece.encode()) for piece in cut)]
        row, own = list(rows(model, tokens)), range(len(start), len(tokens))
        others += math.exp(sum(row[j].logprob(tokens[j]) for j in own))
    print(f"raining in three other cuts: {others:.2g}")
    return sentence


def tell_sample(model: Model, text: str) -> None:
    """Print what a text takes, and what another way of reading it changes."""
    raw, tokens = text.encode(), model.tokenize(text.encode())
    blocks, single = (
        [-row.logprob(token) / math.log(2) for row, token in zip(read, tokens, strict=False)]
        for read in (rows(model, tokens), rows(model, tokens, 1))
    )
    apart = [abs(a - b) for a, b in zip(blocks, single, strict=True)]
    xz, total = len(lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)), sum(blocks)
    print(f"sample: {len(raw)} bytes, xz {xz}, {total:.1f} bits over {len(tokens)} tokens")
    print(f"sample: {total / 8:.1f} bytes, {total / len(raw):.3f} bits a byte")
    print(f"one by one: {max(apart):.2f} at most, {mean(apart):.2f} on average a token")


def tell_agreement(measured: dict[Mind, Bits], reference: list[dict[str, float]]) -> None:
    """Print how far from float32 bits are, and how far sums of tokens."""
    for mind, bits in measured.items():
        expected = [word["bits" if mind == READER else "memory_4"] for word in reference]
        apart = mean(abs(a - b) for a, b in zip(bits, expected, strict=True))
        off, alike = sum(bits) / sum(expected) - 1, correlation(bits, expected)
        print(f"{mind.name}: {off:+.2%} in total, {apart:.3f} a word, correlation {alike:.4f}")
    sums = [abs(word["token_bits"] - word["bits"]) for word in reference]
    print(f"token sums of {len(sums)} words: {mean(sums):.2f} off, {max(sums):.2f} at most")


def read(link: Link, mind: Mind, text: str, some: tuple[int, ...] | None = None) -> Bits:
    """Bits of some words of a text, or of all."""
    return list(link.read(Job("starter", mind, text, words=some)).result().bits.values())


def climb(link: Link) -> dict[str, Bits]:
    """Bits of each marked word of the passages, with more and more memory."""
    ladders: dict[str, Bits] = {}
    for passage in load_builtin("warm-up").passages:
        text, marked = passage.text.normalized, tuple(word.index for word in passage.targets)
        rungs = [read(link, mind, text, marked) for mind in (*map(short_memory, RUNGS), READER)]
        ladders |= {w.text: list(b) for w, *b in zip(passage.targets, *rungs, strict=True)}
    for word, bits in ladders.items():
        print(f"{word:12}" + " ".join(f"{one:5.1f}" for one in bits))
    return ladders


def draw_scale() -> None:
    """Halving a probability adds a bit."""
    drawing = Drawing(366, "Each halving of the probability costs one more bit")
    for x, head in ((24, "probability"), (300, "bits"), (500, "as likely as calling right")):
        drawing.text(x, 68, head, fill=_FAINT)
    for row, bits in enumerate((0, 1, 2, 3, 4, 5, 6, 10)):
        y = 84 + 34 * row
        drawing.text(72, y + 15, f"1/{2**bits}" if bits else "1", text_anchor="end")
        drawing.bar(84, y, 190 * 0.5**bits, 20, _BLUE)
        for n in range(bits):
            drawing.bar(300 + 15 * n, y + 4, 12, 12, _ORANGE)
        drawing.text(306 + 15 * bits, y + 15, str(bits), **_BOLD)
        drawing.text(500, y + 15, f"{bits} toss{'es' * (bits != 1)} of a coin")
    drawing.save("bits-scale.svg")


def draw_words(sentence: list[Parts], pieces: list[str]) -> None:
    """What their tokens alone would cost, and what the words do."""
    drawing = Drawing(412, "From tokens to words, in one sentence")
    x = 24.0
    for piece in pieces:
        width = 9 * len(piece) + 4
        drawing.bar(x, 52, width - 2, 24, "#e6e0d3")
        drawing.text(x + 1, 69, piece.replace(" ", "␣"), font_size=15, font_family="monospace")
        x += width
    drawn = [one for one in sentence if one.word in ("raining", "rain", "boots")]
    for row, one in enumerate(drawn):
        _draw_word(drawing, 120 + 102 * row, one)
    drawing.save("bits-word.svg")


def _draw_word(drawing: Drawing, y: float, one: Parts) -> None:
    """Two bars of bits: the tokens multiplied; then ending added, the given taken off."""
    x, a_bit = 116.0, 40.0
    end, given = -math.log2(one.ends), -math.log2(one.given)
    path = " × ".join(f"{p:.3g}" for _, p in one.tokens)
    told = f"given {one.given:.3f} · path {path} · ends {one.ends:.3f}"
    drawing.text(24, y, one.word, font_size=16, **_BOLD)
    drawing.text(x, y, told, fill=_FAINT)
    drawing.text(24, y + 27, "its tokens")
    drawing.text(24, y + 55, "the word")
    for _, p in one.tokens:
        drawing.bar(x, y + 12, a_bit * -math.log2(p) - 1, 20, _BLUE)
        drawing.bar(x, y + 40, a_bit * -math.log2(p) - 1, 20, _BLUE)
        x -= a_bit * math.log2(p)
    drawing.text(x + 8, y + 27, f"{-math.log2(one.path):.2f} bits", **_BOLD)
    if end > 1:
        drawing.bar(x, y + 40, a_bit * end, 20, _ORANGE)
        drawing.text(x + 8, y + 55, f"it has to end: +{end:.2f}", fill="#fff")
        x += a_bit * end
    if given > 1:
        at = x - a_bit * given
        drawing.bar(at, y + 40, a_bit * given, 20, _PANEL, stroke=_INK, stroke_dasharray="4 3")
        drawing.text(at + 8, y + 55, f"given: −{given:.2f}")
    drawing.text(x + 8, y + 55, f"{one.bits:.2f} bits", **_BOLD)


def draw_stairs(ladders: dict[str, Bits]) -> None:
    """Memory against bits: the mean over all words, and two words of their own."""
    drawing = Drawing(446, f"More memory, fewer bits: the mean of {len(ladders)} words")
    left, bottom, step, a_bit = 72.0, 384.0, 62.0, 9.9
    for bits in range(0, 33, 8):
        y = bottom - a_bit * bits
        drawing.line([(left, y), (left + 10 * step, y)], _RULE, 1)
        drawing.text(left - 8, y + 4, f"{bits} bits", text_anchor="end", fill=_FAINT)
    middle = [mean(column) for column in zip(*ladders.values(), strict=True)]
    near, far = ladders["together"], ladders["Gravy"]
    for rungs, colour, width in ((near, _GREEN, 2), (far, _ORANGE, 2), (middle, _BLUE, 5)):
        ends = [(n + side, bits) for n, bits in enumerate(rungs) for side in (0, 1)]
        drawing.line([(left + step * n, bottom - a_bit * b) for n, b in ends], colour, width)
    for n, (name, bits) in enumerate(zip([*map(str, RUNGS), "all"], middle, strict=True)):
        x = left + (n + 0.5) * step
        drawing.text(x, bottom - a_bit * bits - 8, f"{bits:.1f}", **_MIDDLE, **_BOLD)
        drawing.text(x, bottom + 20, name, **_MIDDLE)
    names = ((1, "words of memory"), (3.5, "Instinct"), (5, "Goldfish: 12"), (9.5, "Reader"))
    for place, name in names:
        drawing.text(left + place * step, bottom + 38, name, **_MIDDLE, fill=_FAINT)
    drawing.text(left + 4.1 * step, 366, "“together”: I put two and two together", fill=_GREEN)
    drawing.text(left + 2.2 * step, 122, "“Gravy”: named once, 199 words before", fill=_ORANGE)
    drawing.save("bits-staircase.svg")


def main() -> None:
    """Read, print, draw."""
    reference = json.loads((_REFERENCE / "sample-smollm2.json").read_text("utf-8"))["words"]
    sample = prepare((_REFERENCE / "sample.txt").read_text("utf-8")).normalized
    library = Library(lambda _line: None)  # must outlive its models: they log through it
    model = library.load(starter_model(), 0, lambda _fraction: None)
    sentence = tell_parts(model)
    pieces = [model.vocabulary.pieces[t].decode() for t in model.tokenize(SENTENCE.encode())]
    tell_sample(model, sample)
    model.close()
    with tempfile.TemporaryDirectory() as scratch:
        link = Link(Path(scratch) / "log", Path(scratch))
        link.load(Loading("starter", str(starter_model()))).result()
        for one, bits in zip(sentence, read(link, READER, SENTENCE), strict=True):
            assert math.isclose(one.bits, bits, rel_tol=1e-6), (one.word, one.bits, bits)
        measured = {mind: read(link, mind, sample) for mind in (READER, INSTINCT)}
        tell_agreement(measured, reference)
        ladders = climb(link)
        link.close()
    draw_scale()
    draw_words(sentence, pieces)
    draw_stairs(ladders)


if __name__ == "__main__":
    main()
