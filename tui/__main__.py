"""The command line. Each command imports what it needs itself, so that help comes at once."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_NO_TERMINAL = (
    "bitrace plays in a terminal and here is none: `bitrace play --plain` plays line by line.\n"
)


def main() -> None:
    """Entry point of `bitrace`."""
    # Textual draws at this rate and reads it once: at 60 a revealed word waits up to 17 ms.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what it cannot take or give becomes a mark
            stream.reconfigure(errors="replace")
    arguments = sys.argv[1:]
    if arguments:
        from tui.command_line import command_line

        command_line()(arguments, prog_name="bitrace")
    if not at_terminal():
        sys.stderr.write(_NO_TERMINAL)
        sys.exit(EXIT_USAGE)
    from tui.app import run_home

    sys.exit(guarded(run_home))


def guarded(command: Callable[[], int]) -> int:
    """Run a command: faults become a sentence on stderr and an exit code.

    Args:
        command: returns the exit code where nothing went wrong.
    """
    from engine.errors import BitraceError

    try:
        code = command()
        sys.stdout.flush()  # what cannot be written shows here, not at Python's end
        return code
    except BitraceError as error:
        from tui.literal import clean

        sys.stderr.write(clean(str(error), newlines=True) + "\n")
        return error.exit_code
    except BrokenPipeError:
        _close_output()  # whoever read it has gone
        return 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO):
            return _fault()
        _close_output()
        sys.stderr.write(f"The output cannot be written: {error.strerror}.\n")
        return 1
    except Exception:
        return _fault()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _fault() -> int:
    """A fault of our own, being handled: a sentence, and the rest to the log."""
    from tui.faults import EXIT_FAULT, log_fault
    from tui.paths import find_paths

    sys.stderr.write(log_fault(find_paths().app_log) + "\n")
    return EXIT_FAULT


def _close_output() -> None:
    # Else Python would complain once more at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def at_terminal() -> bool:
    """Whether the app can be shown: all three standard streams are a terminal."""
    streams: Sequence[object] = (sys.stdin, sys.stdout, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
