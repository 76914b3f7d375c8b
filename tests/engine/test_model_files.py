"""Model files of every kind, good and bad, through llama.cpp.

The files are tiny ones made here. Whatever may abort is tried in a process of its own.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import numpy as np
import pytest
from llama_cpp import llama_cpp as api

from engine.canonical import read_all, read_short
from engine.errors import ModelError
from engine.gguf import check_file, file_sha256
from engine.link import Link
from engine.minds import READER
from engine.predictor import Job, Loading, Reading
from engine.vocabulary import Vocabulary
from engine.words import words

_WIDTH, _FORWARD, _HEADS = 32, 64, 4
_TEXT = "the cat sat on the mat, né; and the 猫 didn't. " * 3


def gpt2_bytes() -> dict[int, str]:
    """The characters by which byte-level vocabularies spell bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spelled = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        if byte not in spelled:
            spelled[byte] = chr(256 + len(spelled) - len(plain))
    return spelled


def write_llama(
    path: Path,
    *,
    context: int = 16,
    vocabulary: str = "bytes",
    weights: Callable[[str, np.ndarray], np.ndarray] = lambda name, weights: weights,
    without: str = "",
) -> Path:
    """Write a model of the usual kind: one layer, random weights, and a vocabulary of the
    256 bytes and a few merges (`bytes`), of empty pieces (`empty`), or none at all (`none`)."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(_FORWARD)
    writer.add_block_count(1)
    writer.add_head_count(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    spelled = gpt2_bytes()
    space = spelled[ord(" ")]
    tokens = ["<|end|>", *spelled.values(), "th", "the", f"{space}a"]
    writer.add_vocab_size(len(tokens))
    if vocabulary == "none":
        writer.add_tokenizer_model("no_vocab")
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list([""] * len(tokens) if vocabulary == "empty" else tokens)
        writer.add_token_types([gguf.TokenType.CONTROL] + [gguf.TokenType.NORMAL] * 259)
        writer.add_token_merges(["t h", "th e", f"{space} a"])
        writer.add_bos_token_id(0)
        writer.add_eos_token_id(0)
    source = np.random.default_rng(0)
    square = {f"blk.0.attn_{part}": (_WIDTH, _WIDTH) for part in ("q", "k", "v", "output")}
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd": (len(tokens), _WIDTH),
        "output_norm": (_WIDTH,),
        "output": (len(tokens), _WIDTH),
        **square,
        "blk.0.attn_norm": (_WIDTH,),
        "blk.0.ffn_norm": (_WIDTH,),
        "blk.0.ffn_gate": (_FORWARD, _WIDTH),
        "blk.0.ffn_up": (_FORWARD, _WIDTH),
        "blk.0.ffn_down": (_WIDTH, _FORWARD),
    }
    for name, shape in shapes.items():
        drawn = (source.standard_normal(shape) * 0.3).astype(np.float32)
        if name != without:
            writer.add_tensor(f"{name}.weight", weights(name, drawn))
    return finish(writer, path)


def write_bert(path: Path) -> Path:
    """Write a model for embeddings: it loads, but reads in both directions."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁a", "▁b", "a", "b", "."]
    context = 32
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("Tiny BERT")
    writer.add_context_length(context)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(_FORWARD)
    writer.add_block_count(1)
    writer.add_head_count(_HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * 5 + [gguf.TokenType.NORMAL] * 5)
    writer.add_token_type_count(2)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_sep_token_id(3)
    writer.add_eos_token_id(3)
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (len(tokens), _WIDTH),
        "token_types.weight": (2, _WIDTH),
        "position_embd.weight": (context, _WIDTH),
        "blk.0.ffn_up.weight": (_FORWARD, _WIDTH),
        "blk.0.ffn_up.bias": (_FORWARD,),
        "blk.0.ffn_down.weight": (_WIDTH, _FORWARD),
        "blk.0.ffn_down.bias": (_WIDTH,),
    }
    for norm in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        shapes |= {f"{norm}.weight": (_WIDTH,), f"{norm}.bias": (_WIDTH,)}
    for part in ("q", "k", "v", "output"):
        shapes[f"blk.0.attn_{part}.weight"] = (_WIDTH, _WIDTH)
        shapes[f"blk.0.attn_{part}.bias"] = (_WIDTH,)
    source = np.random.default_rng(0)
    for name, shape in shapes.items():
        writer.add_tensor(name, source.standard_normal(shape).astype(np.float32))
    return finish(writer, path)


def finish(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


# ---- files that are no models, seen before llama.cpp does ----


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model file") as caught:
        check_file(tmp_path / "gone.gguf")
    assert str(tmp_path / "gone.gguf") in str(caught.value)


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="folder") as caught:
        check_file(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"GG", b"\x93NUMPY", random.Random(0).randbytes(5000), b"GGML" + bytes(99)]
)
def test_other_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a model in GGUF form") as caught:
        check_file(path)
    assert str(path) in str(caught.value)


def test_a_folder_where_the_file_should_be_in(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"GGUF")
    check_file(tmp_path / "file")
    with pytest.raises(ModelError):
        check_file(tmp_path / "file" / "model.gguf")


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


# ---- files that llama.cpp refuses, or should have ----

_TRY = """
import json, sys
from pathlib import Path
from engine.canonical import read_all
from engine.llama import Library
from engine.words import words
library = Library(lambda line: None)
try:
    model = library.load(Path(sys.argv[1]), 0, lambda fraction: None)
    bits = list(read_all(model, sys.argv[2], words(sys.argv[2])).bits.values())
    said = {"bits": bits}
except BaseException as error:
    said = {"error": type(error).__name__, "says": str(error)}
sys.stdout.flush()
print("\\n" + json.dumps(said))
"""


def try_to_read(path: Path) -> dict[str, Any]:
    """Load a file and read with it, in a process that it may break."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRY, str(path), _TEXT],
            capture_output=True,
            timeout=10,
            env={**os.environ, "GGML_NO_BACKTRACE": "1"},
            cwd=path.parent,
        )
    except subprocess.TimeoutExpired:
        pytest.fail("it hangs")
    assert done.returncode == 0, f"the process died: {done.stderr.decode()[-300:]}"
    return json.loads(done.stdout.decode().strip().splitlines()[-1])


def assert_refused(path: Path) -> str:
    """It is a ModelError that names the file, and one line for people."""
    said = try_to_read(path)
    assert said.get("error") == "ModelError", said
    sentence = said["says"]
    assert str(path) in sentence
    assert "\n" not in sentence and sentence.endswith(".")
    assert "Traceback" not in sentence and len(sentence) < 400 + len(str(path))
    return sentence


def test_a_file_cut_short(tmp_path: Path, starter_file: Path) -> None:
    path = tmp_path / "cut.gguf"
    with starter_file.open("rb") as file:
        path.write_bytes(file.read(1_000_000))
    assert_refused(path)


def test_a_file_cut_short_among_its_weights(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "cut.gguf")
    path.write_bytes(path.read_bytes()[:-1000])
    assert_refused(path)


@pytest.mark.parametrize(
    "version",
    [b"", b"\x03\0\0\0", b"\x02\0\0\0" + bytes(16)],
    ids=["no version", "version 3", "version 2, nothing in it"],
)
def test_random_bytes_that_begin_like_a_model(tmp_path: Path, version: bytes) -> None:
    path = tmp_path / "random.gguf"
    path.write_bytes(b"GGUF" + version + random.Random(1).randbytes(100_000))
    assert_refused(path)


def test_a_file_without_one_of_its_tensors(tmp_path: Path) -> None:
    assert_refused(write_llama(tmp_path / "incomplete.gguf", without="blk.0.ffn_up"))


def test_a_model_for_embeddings(tmp_path: Path) -> None:
    assert_refused(write_bert(tmp_path / "bert.gguf"))


def test_a_model_without_a_vocabulary(tmp_path: Path) -> None:
    assert_refused(write_llama(tmp_path / "mute.gguf", vocabulary="none"))


def test_a_model_whose_pieces_are_all_empty(tmp_path: Path) -> None:
    assert_refused(write_llama(tmp_path / "empty.gguf", vocabulary="empty"))


def test_a_model_whose_weights_are_no_numbers(tmp_path: Path) -> None:
    def no_numbers(name: str, weights: np.ndarray) -> np.ndarray:
        return np.full_like(weights, np.nan) if name == "output" else weights

    said = try_to_read(write_llama(tmp_path / "nan.gguf", weights=no_numbers))
    assert said["error"] in ("ModelError", "EngineError")


@pytest.mark.parametrize("context", [0, 1])
def test_a_model_trained_on_no_context_is_refused_and_no_endless_loop(
    tmp_path: Path, context: int
) -> None:
    assert_refused(write_llama(tmp_path / "none.gguf", context=context))


def test_a_whole_small_model_is_not_refused(tmp_path: Path) -> None:
    said = try_to_read(write_llama(tmp_path / "tiny.gguf"))
    assert len(said["bits"]) == len(words(_TEXT))


# ---- a small model read through llama.cpp ----


@pytest.fixture(scope="module", params=[16, 7])
def tiny(request: Any, library: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    fractions: list[float] = []
    model = library.load(write_llama(path, context=request.param), 0, fractions.append)
    assert fractions and fractions == sorted(fractions) and fractions[-1] == 1.0
    assert model.window == request.param
    # Two threads that wait for each other on a busy machine are slower than one.
    api.llama_set_n_threads(model._context, 1, 1)
    return model


def test_pieces_are_bytes_and_special_ones_empty(tiny: Any) -> None:
    pieces = tiny.vocabulary.pieces
    assert len(pieces) == 260
    assert pieces[0] == b""
    assert sorted(pieces[1:257]) == [bytes([byte]) for byte in range(256)]
    assert pieces[257:] == [b"th", b"the", b" a"]


def test_tokens_of_any_bytes_add_up(tiny: Any) -> None:
    for text in (_TEXT, "", "<|end|>", "\0", "🌊\u0301", " \n\t " * 50, "x" * 3000):
        tokens = tiny.tokenize(text.encode())
        assert b"".join(tiny.vocabulary.pieces[token] for token in tokens) == text.encode()
        assert 0 not in tokens


def test_words_have_the_bits_of_their_windows_read_anew(
    tiny: Any, naive: SimpleNamespace
) -> None:
    """The whole of it, with real positions and a real cache, against contexts that are read
    alone, in one batch, from position 0."""
    found = words(_TEXT)
    bits = read_all(tiny, _TEXT, found).bits
    assert list(bits) == [word.index for word in found]
    raw = _TEXT.encode()
    tokens = tiny.tokenize(raw)
    pieces = SimpleNamespace(pieces=tiny.vocabulary.pieces)
    starts = naive.starts_of(tokens, pieces.pieces)
    held = tiny.window // (tiny.window // 2) * (tiny.window // 2)
    n_compared = 0
    for word in found:
        a, b = (len(_TEXT[:at].encode()) for at in (word.start, word.end))
        place = naive.place_of(raw, starts, a, b)
        first = 0
        while place.last_row > first + held - 1:
            first += held - 1 - (tiny.window // 2 - 1)
        if first > place.j0:
            continue  # longer than a window can hold

        def row(j: int, first: int = first) -> np.ndarray:
            context = [tiny.start_token, *tokens[first:j]]
            tiny.clear()
            logits = tiny.decode(context, 0, [len(context) - 1])[0].astype(np.float64)
            weights = np.exp(logits - logits.max())
            return weights / weights.sum()

        expected = naive.word_bits(pieces, raw, tokens, a, b, row)
        assert bits[word.index] == pytest.approx(expected, abs=1e-3)
        n_compared += 1
    assert n_compared > len(found) / 2


def test_identical_however_asked_for(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # In blocks as small as these, float32 kernels do round by the number of rows.
    monkeypatch.setattr(tiny, "all_rows", True)
    found = words(_TEXT)
    whole = read_all(tiny, _TEXT, found).bits
    assert read_all(tiny, _TEXT, found, all_tokens=True).bits == whole
    some = {word.index: whole[word.index] for word in found[::3]}
    assert read_all(tiny, _TEXT, found[::3]).bits == some
    cut = found[14].end
    assert tiny.tokenize(_TEXT.encode())[: len(tiny.tokenize(_TEXT[:cut].encode()))] == (
        tiny.tokenize(_TEXT[:cut].encode())
    )
    alone = read_all(tiny, _TEXT[:cut], found[:15]).bits
    assert alone == {index: whole[index] for index in range(15)}
    short = [read_short(tiny, _TEXT, found, word.index, 4) for word in found]
    assert all(math.isfinite(value) and value >= 0 for value in short)


def test_rows_come_for_the_places_asked_for(tiny: Any) -> None:
    tokens = [tiny.start_token, *tiny.tokenize(b"the c")][: tiny.window]
    tiny.clear()
    every = tiny.decode(tokens, 0, range(len(tokens))).copy()
    assert every.shape == (len(tokens), len(tiny.vocabulary))
    for wanted in ([1], [0, len(tokens) - 1]):
        tiny.clear()
        assert np.allclose(tiny.decode(tokens, 0, wanted), every[wanted], atol=1e-4)
    tiny.clear()
    assert tiny.decode(tokens, 0, []).shape == (0, len(tiny.vocabulary))


def test_a_vocabulary_of_a_real_model_against_the_loops(
    tiny: Any, naive: SimpleNamespace
) -> None:
    pieces = tiny.vocabulary.pieces
    assert isinstance(tiny.vocabulary, Vocabulary)
    assert set(tiny.vocabulary.ends.tolist()) == naive.ends(pieces)
    for rest in (b"", b" ", b"t"):
        assert set(tiny.vocabulary.given(rest).tolist()) == naive.given(pieces, rest)


# ---- texts of any length ----


def peak_mb(pid: int | None) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to ask")
def test_a_book_takes_hardly_more_memory_than_a_page(tmp_path: Path) -> None:
    file = write_llama(tmp_path / "tiny.gguf", context=256)
    link = Link(tmp_path / "log", tmp_path / "cache")
    try:
        link.load(Loading("tiny", str(file))).result(60)
        page, book = (_TEXT * n for n in (40, 3000))

        def read(text: str) -> tuple[Reading, float]:
            reading = link.read(Job("tiny", READER, text, all_tokens=True)).result(300)
            return reading, peak_mb(link.pid)

        short, before = read(page)
        long, after = read(book)
        n_words = len(words(book))
        assert n_words > 70_000 and long.n_tokens > 200_000
        assert list(long.bits) == list(range(n_words))
        # The text, its tokens and where they lie come to 39 MB here, most of it while
        # llama.cpp cuts the text; objects kept for each word would come to as much again.
        assert after - before < 55, "MB"
        first = {index: long.bits[index] for index in range(100)}
        assert first == {index: short.bits[index] for index in range(100)}
    finally:
        link.close()


def test_a_word_late_in_a_book_is_read_without_what_its_window_does_not_need(
    tmp_path: Path, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = library.load(write_llama(tmp_path / "tiny.gguf", context=256), 0, lambda _: None)
    book = _TEXT * 100
    found = words(book)
    whole = read_all(model, book, found).bits
    n_decodes = 0
    decode = model.decode

    def counted(*arguments: Any) -> Any:
        nonlocal n_decodes
        n_decodes += 1
        return decode(*arguments)

    monkeypatch.setattr(model, "decode", counted)
    late = found[-5:]
    assert read_all(model, book, late).bits == {w.index: whole[w.index] for w in late}
    assert n_decodes <= 4
