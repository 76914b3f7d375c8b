"""The only file that knows llama.cpp. Low-level calls: one batch, logits read in place.

`Llama.create_completion` of the binding was measured at a twentieth of this speed and four
times its memory. All of it runs in the model's own process (see `engine.worker`).
"""

from __future__ import annotations

import ctypes
import os
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp import llama_cpp as api
from numpy.typing import NDArray

from engine.batch import Batch
from engine.errors import EngineError, ModelError
from engine.facts import Device, Facts, n_threads, name_of, quantization_of
from engine.gguf import check_file
from engine.native_log import NativeLog
from engine.token_model import (
    BRANCH_CELLS,
    LARGEST_BLOCK,
    LARGEST_WINDOW,
    MOST_BRANCHES,
    SMALLEST_WINDOW,
)
from engine.vocabulary import Vocabulary

_DEVICE_TYPES = {0: "CPU", 1: "GPU", 2: "integrated GPU", 3: "accelerator"}
_CPU = 0
_TEXT = 0
"""Sequence of the text itself; branches have those behind it."""
_TOKEN_BYTES = 4


class Library:
    """llama.cpp in this process: its log, its devices, its models.

    Args:
        log: gets every line llama.cpp says.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = NativeLog(log)
        # llama.cpp keeps only the pointer: without this reference the process would crash.
        self._callback = api.llama_log_callback(self._on_log)
        api.llama_log_set(self._callback, ctypes.c_void_p(0))
        api.llama_backend_init()

    def _on_log(self, level: int, text: bytes, _data: Any) -> None:
        self._log.take(level, text)

    @property
    def can_offload(self) -> bool:
        """Whether a GPU backend is compiled in."""
        return bool(api.llama_supports_gpu_offload())

    def devices(self) -> list[Device]:
        """All devices, the CPU included."""
        ggml = _ggml_devices()
        found: list[Device] = []
        for index in range(ggml.ggml_backend_dev_count()):
            device = ggml.ggml_backend_dev_get(index)
            free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
            ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            found.append(
                Device(
                    ggml.ggml_backend_dev_name(device).decode("utf-8", "replace"),
                    ggml.ggml_backend_dev_description(device).decode("utf-8", "replace"),
                    _DEVICE_TYPES.get(ggml.ggml_backend_dev_type(device), "device"),
                    free.value,
                    total.value,
                )
            )
        return found

    def load(self, path: Path, gpu_layers: int, on_progress: Callable[[float], None]) -> Model:
        """Load a GGUF file.

        Args:
            path: the file.
            gpu_layers: layers to offload; -1 for all, wherever the build can.
            on_progress: gets fractions from 0 to 1.

        Raises:
            ModelError: the file is missing, damaged, or holds no model that predicts words.
        """
        check_file(path)
        self._log.forget()
        params = api.llama_model_default_params()
        params.n_gpu_layers = gpu_layers if gpu_layers >= 0 else 2**31 - 1

        def progress(fraction: float, _data: Any) -> bool:
            on_progress(fraction)
            return True

        callback = api.llama_progress_callback(progress)
        params.progress_callback = callback
        handle = api.llama_model_load_from_file(os.fsencode(path), params)
        if not handle:
            reason = (
                self._log.complaints[0].rpartition(": ")[2]
                if self._log.complaints
                else "no reason given"
            )
            raise ModelError(
                f"{path} cannot be loaded as a model: it is damaged, cut short or of a kind "
                f"this llama.cpp does not know ({reason}). Get it again or choose another."
            )
        try:
            return Model(self, handle, path, self._log.offloaded, self._main_device())
        except BaseException:
            api.llama_model_free(handle)
            raise

    def _main_device(self) -> str:
        names = [device.name for device in self.devices() if device.kind != _DEVICE_TYPES[_CPU]]
        return names[0] if names else ""


class Model:
    """A loaded model with its cache; satisfies `engine.token_model.TokenModel`."""

    def __init__(
        self,
        library: Library,
        handle: Any,
        path: Path,
        offloaded: tuple[int, int],
        device: str,
    ) -> None:
        self._library = library  # llama.cpp logs through it as long as there is a model
        self._handle = handle
        self.path = path
        self._vocab: Any = api.llama_model_get_vocab(handle)
        self._refuse_other_kinds(path)
        quantization = quantization_of(self._description())
        n_layers = int(api.llama_model_n_layer(handle)) + 1
        layers = offloaded[0] if device else 0
        self.window = min(LARGEST_WINDOW, int(api.llama_model_n_ctx_train(handle)))
        self.facts = Facts(
            name=name_of(path, quantization),
            quantization=quantization,
            backend=_backend(device if layers else "CPU"),
            place=f"{device} {layers}/{offloaded[1]} layers" if layers else "CPU",
            layers=layers,
            layers_of=offloaded[1] or n_layers,
            window=self.window,
        )
        self.all_rows = False
        self._keeps_state = bool(
            api.llama_model_is_recurrent(handle) or api.llama_model_is_hybrid(handle)
        )
        self.vocabulary = Vocabulary(self._pieces())
        self.start_token = self._start_token()
        self._context = self._new_context(path)
        self._memory: Any = api.llama_get_memory(self._context)
        self._batch = Batch(api.llama_batch_init(LARGEST_WINDOW, 0, 1))

    def _new_context(self, path: Path) -> Any:
        params = api.llama_context_default_params()
        params.n_ctx = max(self.window, LARGEST_BLOCK) + BRANCH_CELLS
        params.n_batch = LARGEST_WINDOW
        params.n_ubatch = LARGEST_BLOCK
        params.n_seq_max = 1 + MOST_BRANCHES
        params.kv_unified = True  # branches share what the text's own sequence holds
        params.n_threads = params.n_threads_batch = n_threads()
        params.no_perf = True
        context = api.llama_init_from_model(self._handle, params)
        if not context:
            raise EngineError(
                f"There is not enough memory to read with {path.name}: close something, "
                "offload fewer layers (--gpu-layers) or choose a smaller model."
            )
        return context

    def _refuse_other_kinds(self, path: Path) -> None:
        kind = self._meta("general.architecture") or ""
        embeds = (
            self._meta(f"{kind}.attention.causal") == "false"
            or self._meta(f"{kind}.pooling_type") not in (None, "0")
            or not api.llama_model_has_decoder(self._handle)
        )
        if api.llama_vocab_type(self._vocab) == api.LLAMA_VOCAB_TYPE_NONE:
            raise ModelError(f"{path} has no vocabulary, so it reads no text: choose another.")
        if int(api.llama_model_n_ctx_train(self._handle)) < SMALLEST_WINDOW:
            raise ModelError(f"{path} was trained on no context to speak of: choose another.")
        if embeds or api.llama_model_has_encoder(self._handle):
            raise ModelError(
                f"{path} is a model for embeddings or translation ({kind}); it does not "
                "predict the next word. Choose a text-generation model."
            )

    def tokenize(self, text: bytes) -> Sequence[int]:
        """Tokens of a text, no special ones added, none parsed."""
        room = len(text) + 8
        while True:
            buffer = (api.llama_token * room)()
            n = api.llama_tokenize(self._vocab, text, len(text), buffer, room, False, False)
            if n >= 0:
                return array("i", memoryview(buffer).cast("B")[: n * _TOKEN_BYTES].tobytes())
            room = -n

    def close(self) -> None:
        """Give back all its memory; it cannot be used any more."""
        api.llama_batch_free(self._batch.native)
        api.llama_free(self._context)
        api.llama_model_free(self._handle)

    def clear(self) -> None:
        """Empty the cache."""
        api.llama_memory_clear(self._memory, True)

    def decode(
        self, tokens: Sequence[int], position: int, wanted: Sequence[int]
    ) -> NDArray[np.float32]:
        """See `engine.token_model.TokenModel.decode`.

        Raises:
            EngineError: llama.cpp failed.
        """
        self._batch.clear()
        self._batch.put(tokens, position, _TEXT, wanted)
        return self._run()

    def branch(
        self, position: int, branches: Sequence[Sequence[int]], every_row: bool
    ) -> NDArray[np.float32]:
        """See `engine.token_model.TokenModel.branch`.

        Raises:
            EngineError: llama.cpp failed.
            ModelError: the model keeps a running state instead of what it has read.
        """
        if self._keeps_state:
            raise ModelError(
                f"{self.path.name} keeps a running state instead of its text, so it cannot be "
                "asked what else it expected: choose a transformer."
            )
        sequences = range(1, len(branches) + 1)
        self._batch.clear()
        for sequence, branch in zip(sequences, branches, strict=True):
            api.llama_memory_seq_cp(self._memory, _TEXT, sequence, 0, position)
            rows = range(0 if every_row else len(branch) - 1, len(branch))
            self._batch.put(branch, position, sequence, rows)
        try:
            return self._run()
        finally:
            for sequence in sequences:
                api.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def _run(self) -> NDArray[np.float32]:
        """Decode the batch; its wanted rows, in its order."""
        status = api.llama_decode(self._context, self._batch.native)
        if status != 0:
            raise EngineError(f"llama.cpp could not read on (llama_decode said {status}).")
        shape = (self._batch.n_rows, len(self.vocabulary))
        if not self._batch.n_rows:
            return np.empty(shape, dtype=np.float32)
        logits = np.ctypeslib.as_array(api.llama_get_logits(self._context), shape=shape)
        if not np.isfinite(logits[:, 0]).all():
            raise EngineError(
                "The model answers with something that is no number: try another."
            )
        return logits

    def _start_token(self) -> int:
        bos = int(api.llama_vocab_bos(self._vocab))
        if api.llama_vocab_get_add_bos(self._vocab) and bos >= 0:
            return bos
        new_line = self.tokenize(b"\n")
        if not new_line:
            raise ModelError(
                f"{self.path} has a vocabulary without a new line: choose another."
            )
        return new_line[0]

    def _pieces(self) -> list[bytes]:
        pieces: list[bytes] = []
        room = 64
        buffer = ctypes.create_string_buffer(room)
        for token in range(int(api.llama_vocab_n_tokens(self._vocab))):
            n = api.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if n < 0:
                room = -n
                buffer = ctypes.create_string_buffer(room)
                n = api.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            pieces.append(buffer.raw[:n])
        return pieces

    def _meta(self, key: str) -> str | None:
        buffer: Any = ctypes.create_string_buffer(512)
        n = api.llama_model_meta_val_str(self._handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if n >= 0 else None

    def _description(self) -> str:
        buffer = ctypes.create_string_buffer(256)
        api.llama_model_desc(self._handle, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")


def versions() -> dict[str, str]:
    """Versions of the binding and what llama.cpp says of this build."""
    return {"llama-cpp-python": llama_cpp.__version__, "system": _system()}


def _system() -> str:
    return api.llama_print_system_info().decode("utf-8", "replace").strip()


def _backend(device: str) -> str:
    return f"llama-cpp-python {llama_cpp.__version__}; {device}; {_system()}"


def _ggml_devices() -> Any:
    """ggml's device functions, which the binding loads but does not declare."""
    from llama_cpp._ggml import libggml

    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    libggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    libggml.ggml_backend_dev_get.restype = pointer
    libggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    for name, result in (("name", text), ("description", text), ("type", ctypes.c_int)):
        function = getattr(libggml, f"ggml_backend_dev_{name}")
        function.restype, function.argtypes = result, [pointer]
    size = ctypes.POINTER(ctypes.c_size_t)
    libggml.ggml_backend_dev_memory.restype = None
    libggml.ggml_backend_dev_memory.argtypes = [pointer, size, size]
    return libggml
