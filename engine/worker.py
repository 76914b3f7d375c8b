"""The model's own process: `python -P -m engine.worker --log FILE --cache DIR`.

JSON lines in, JSON lines out (see `engine.wire`). It ends when its input ends, however its
parent died. Descriptors 1 and 2 point to the log before any library is loaded, and answers
go out through a private copy of 1, so that nothing a library prints can break the protocol.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pydantic import ValidationError

from engine import wire
from engine.errors import BitraceError, EngineError, ModelError
from engine.gguf import check_file, file_sha256
from engine.minds import READING_VERSION
from engine.remembered import Remembered, file_key
from engine.words import words

if TYPE_CHECKING:
    from engine.llama import Library, Model

_PROGRESS_STEP = 0.02
_LARGEST_LOG = 2_000_000
_ROWS_TEXT = "The ferry leaves at seven, and only four people came aboard this morning. " * 8


class _Stop(Exception):
    """The request was cancelled."""


class Worker:
    """Answers requests one after the other.

    Args:
        answers: where answers go, a line each.
        cache: folder for what is remembered about model files.
    """

    def __init__(self, answers: BinaryIO, cache: Path) -> None:
        self._answers = answers
        self._memory = Remembered(cache / "models.json")
        self._models: dict[str, Model] = {}
        self._loads: dict[str, tuple[str, wire.IsLoaded]] = {}
        """Role → what was loaded, as a key, and what was answered."""
        self._library: Library | None = None
        self._cancelled: set[int] = set()

    def cancel(self, request: int) -> None:
        """Stop working on a request; called from another thread."""
        self._cancelled.add(request)

    def answer(self, request: wire.Request) -> None:
        """Do what is asked and send what came of it."""
        try:
            self._check(request.id)
            self._send(self._dispatch(request))
        except _Stop:
            self._cancelled.discard(request.id)
            self._send(wire.Cancelled(id=request.id))
        except BitraceError as error:
            fault = type(error).__name__
            self._send(wire.Failed(id=request.id, fault=fault, message=str(error)))
        except MemoryError:
            self._fail(request, "There is not enough memory for this text and model.")
        except Exception as error:
            _log(traceback.format_exc())
            self._fail(request, f"The engine stumbled ({type(error).__name__}).")

    def _fail(self, request: wire.Request, message: str) -> None:
        fault = EngineError.__name__
        self._send(wire.Failed(id=request.id, fault=fault, message=message))

    def _dispatch(self, request: wire.Request) -> wire.Answer:
        match request:
            case wire.Load():
                return self._load(request)
            case wire.Read():
                return self._read(request)
            case wire.CheckRows():
                return self._check_rows(request)
            case wire.Inspect():
                return self._inspect(request)
            case wire.Cancel():
                return wire.Cancelled(id=request.id)

    def _send(self, answer: wire.Answer) -> None:
        self._answers.write(answer.model_dump_json().encode() + b"\n")
        self._answers.flush()

    def _progress(self, request: int) -> Callable[[float], None]:
        """Tells how far a request is, from 0 to 1, in steps worth drawing."""
        told = -1.0

        def tell(fraction: float) -> None:
            nonlocal told
            if fraction - told >= _PROGRESS_STEP or told < fraction == 1:
                told = fraction
                self._send(wire.Progress(id=request, fraction=fraction))

        return tell

    def _check(self, request: int) -> None:
        if request in self._cancelled:
            raise _Stop

    def _open_library(self) -> Library:
        if self._library is None:
            from engine.llama import Library

            self._library = Library(_log)
        return self._library

    def _load(self, request: wire.Load) -> wire.IsLoaded:
        library = self._open_library()
        path = Path(request.path)
        check_file(path)
        wanted = f"{request.gpu_layers}:{file_key(path)}"
        if request.role in self._models and self._loads[request.role][0] == wanted:
            return self._loads[request.role][1].model_copy(update={"id": request.id})
        sha256: list[str] = []
        hashing = threading.Thread(
            target=lambda: sha256.append(self._sha256(path)), daemon=True
        )
        hashing.start()
        on_progress = self._progress(request.id)
        if (former := self._models.pop(request.role, None)) is not None:
            former.close()
        model = library.load(path, request.gpu_layers, on_progress)
        hashing.join()
        if not sha256:
            raise ModelError(f"{path} cannot be read to its end.")
        facts = model.facts
        remembered = self._memory.get(_rows_key(facts.backend, sha256[0]))
        # On a CPU fewer rows have changed no bit; elsewhere nobody knows until it is checked.
        model.all_rows = facts.layers > 0 if remembered is None else remembered == "matter"
        self._models[request.role] = model
        answer = wire.IsLoaded(
            id=request.id,
            model=facts.name,
            file=path.name,
            sha256=sha256[0],
            quantization=facts.quantization,
            reading_version=READING_VERSION,
            backend=facts.backend,
            window=facts.window,
            place=facts.place,
            layers=facts.layers,
            layers_of=facts.layers_of,
        )
        self._loads[request.role] = wanted, answer
        return answer

    def _sha256(self, path: Path) -> str:
        key = f"sha256:{file_key(path)}"
        if (known := self._memory.get(key)) is not None:
            return known
        found = file_sha256(path)
        self._memory.put(key, found)
        return found

    def _model(self, role: str) -> Model:
        if role not in self._models:
            raise EngineError(f"No model is loaded as {role!r}.")
        return self._models[role]

    def _read(self, request: wire.Read) -> wire.HasRead:
        from engine.canonical import Watch, read_all, read_short

        model = self._model(request.role)
        passage = request.text[request.before :]
        found = words(passage)
        wanted = range(len(found)) if request.words is None else sorted(request.words)

        def on_bits(bits: dict[int, float]) -> None:
            self._send(wire.Bits(id=request.id, bits=bits))

        tell = self._progress(request.id)

        def on_progress(done: int, total: int) -> None:
            tell(done / max(1, total))

        if request.memory is None:
            watch = Watch(on_bits, on_progress, lambda: self._check(request.id))
            scored = read_all(
                model,
                request.text,
                [found[index] for index in wanted],
                before=request.before,
                all_tokens=request.all_tokens,
                watch=watch,
            )
            return wire.HasRead(
                id=request.id, n_tokens=scored.n_tokens, token_bits=scored.token_bits
            )
        for done, index in enumerate(wanted, 1):
            self._check(request.id)
            bits = read_short(model, passage, found, index, request.memory)
            on_bits({index: bits})
            on_progress(done, len(wanted))
        return wire.HasRead(id=request.id, n_tokens=0, token_bits=None)

    def _check_rows(self, request: wire.CheckRows) -> wire.HasChecked:
        from engine.canonical import read_all

        model = self._model(request.role)
        found = words(_ROWS_TEXT)
        some = found[10::20]
        model.all_rows = False
        few = read_all(model, _ROWS_TEXT, some).bits
        model.all_rows = True
        matter = read_all(model, _ROWS_TEXT, some).bits != few
        model.all_rows = matter
        key = _rows_key(model.facts.backend, self._sha256(model.path))
        self._memory.put(key, "matter" if matter else "do not matter")
        return wire.HasChecked(id=request.id, rows_matter=matter)

    def _inspect(self, request: wire.Inspect) -> wire.Inspected:
        from engine.llama import versions

        library = self._open_library()
        devices = [
            wire.DeviceFacts(
                name=device.name,
                description=device.description,
                kind=device.kind,
                memory_free=device.memory_free,
                memory_total=device.memory_total,
            )
            for device in library.devices()
        ]
        return wire.Inspected(
            id=request.id,
            versions=versions(),
            devices=devices,
            can_offload=library.can_offload,
        )


def _log(line: str) -> None:
    with suppress(OSError):  # a full disk must not stop the reading
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _rows_key(backend: str, sha256: str) -> str:
    return f"rows:{sha256}:{backend}"


def _listen(
    requests: BinaryIO, worker: Worker, waiting: queue.SimpleQueue[wire.Request]
) -> None:
    try:
        for line in requests:
            try:
                request = wire.REQUEST.validate_json(line)
            except ValidationError as error:
                # The beginning of a line, if the game was killed while it asked.
                _log(f"not a request: {error}")
                continue
            if isinstance(request, wire.Cancel):
                worker.cancel(request.id)
            else:
                waiting.put(request)
    finally:
        # The screen's process is gone: end at once, also in the middle of a decode.
        os._exit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the worker on this process's descriptors."""
    parser = argparse.ArgumentParser(prog="engine.worker")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args(arguments)
    answers = os.fdopen(os.dup(1), "wb")
    _point_to_log(options.log)
    worker = Worker(answers, options.cache)
    waiting: queue.SimpleQueue[wire.Request] = queue.SimpleQueue()
    threading.Thread(
        target=_listen, args=(sys.stdin.buffer, worker, waiting), daemon=True
    ).start()
    while True:
        worker.answer(waiting.get())


def _point_to_log(log: Path) -> None:
    """Point descriptors 1 and 2 at the log; at nothing where it cannot be written."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        too_large = log.exists() and log.stat().st_size > _LARGEST_LOG
        how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if too_large else 0)
        target = os.open(log, how, 0o600)
    except OSError:
        target = os.open(os.devnull, os.O_WRONLY)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


if __name__ == "__main__":
    main()
