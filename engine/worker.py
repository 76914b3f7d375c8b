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
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pydantic import ValidationError

from engine import wire
from engine.errors import BitraceError, EngineError
from engine.minds import READING_VERSION
from engine.shelf import Shelf
from engine.words import words

if TYPE_CHECKING:
    from engine.canonical import Watch

_PROGRESS_STEP = 0.02
_LARGEST_LOG = 2_000_000


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
        self._shelf = Shelf(cache, _log)
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
            case wire.TopWords():
                return self._top_words(request)
            case wire.Compare():
                return self._compare(request)
            case wire.FirstTokens():
                return self._first_tokens(request)
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

    def _load(self, request: wire.Load) -> wire.IsLoaded:
        path = Path(request.path)
        tell = self._progress(request.id)
        model, sha256 = self._shelf.load(request.role, path, request.gpu_layers, tell)
        facts = model.facts
        return wire.IsLoaded(
            id=request.id,
            model=facts.name,
            file=path.name,
            sha256=sha256,
            quantization=facts.quantization,
            reading_version=READING_VERSION,
            backend=facts.backend + ("; all rows" if model.all_rows else ""),
            window=facts.window,
            place=facts.place,
            layers=facts.layers,
            layers_of=facts.layers_of,
        )

    def _watch(self, request: int) -> Watch:
        """Tells how a reading goes, and stops it when the request is cancelled."""
        from engine.canonical import Watch

        tell = self._progress(request)

        def on_bits(bits: dict[int, float]) -> None:
            self._send(wire.Bits(id=request, bits=bits))

        def on_progress(part: int, of: int) -> None:
            tell(part / max(1, of))

        return Watch(on_bits, on_progress, lambda: self._check(request))

    def _read(self, request: wire.Read) -> wire.HasRead:
        from engine.canonical import read_all, read_short

        model = self._shelf.model(request.role)
        passage = request.text[request.before :]
        found = words(passage)
        wanted = range(len(found)) if request.words is None else sorted(request.words)
        watch = self._watch(request.id)
        if request.memory is None:
            scored = read_all(
                model,
                request.text,
                (found[index] for index in wanted),
                before=request.before,
                all_tokens=request.all_tokens,
                watch=watch,
                keep=False,
            )
            return wire.HasRead(
                id=request.id, n_tokens=scored.n_tokens, token_bits=scored.token_bits
            )
        for done, index in enumerate(wanted, 1):
            watch.check()
            bits = read_short(model, passage, found, index, request.memory)
            watch.on_bits({index: bits})
            watch.on_progress(done, len(wanted))
        return wire.HasRead(id=request.id, n_tokens=0, token_bits=None)

    def _top_words(self, request: wire.TopWords) -> wire.HasTops:
        from engine.topwords import top_words

        tops = top_words(
            self._shelf.model(request.role),
            request.text,
            request.words,
            request.n_words,
            before=request.before,
            memory=request.memory,
            most_decodes=request.most_decodes,
            watch=self._watch(request.id),
        )
        for index, top in tops:
            told = wire.TopList(
                words=[found.word for found in top.words],
                percents=[found.percent for found in top.words],
                certified=top.certified,
                n_decodes=top.n_decodes,
                rank=top.rank,
                rank_certain=top.rank_certain,
            )
            self._send(wire.Tops(id=request.id, tops={index: told}))
        return wire.HasTops(id=request.id)

    def _compare(self, request: wire.Compare) -> wire.Compared:
        from engine.candidates import compare

        return wire.Compared(id=request.id, bits=self._try(request, compare))

    def _first_tokens(self, request: wire.FirstTokens) -> wire.HasFirstTokens:
        from engine.first_tokens import first_tokens

        return wire.HasFirstTokens(id=request.id, log2=self._try(request, first_tokens))

    def _try(
        self,
        request: wire.Compare | wire.FirstTokens,
        how: Callable[..., Iterator[tuple[int, list[float]]]],
    ) -> dict[int, list[float]]:
        """A number for each of the words to be tried, by the index of their place."""
        tried = how(
            self._shelf.model(request.role),
            request.text,
            request.asked,
            before=request.before,
            memory=request.memory,
            watch=self._watch(request.id),
        )
        return dict(tried)

    def _check_rows(self, request: wire.CheckRows) -> wire.HasChecked:
        return wire.HasChecked(id=request.id, rows_matter=self._shelf.check_rows(request.role))

    def _inspect(self, request: wire.Inspect) -> wire.Inspected:
        from engine.llama import versions

        library = self._shelf.library
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
