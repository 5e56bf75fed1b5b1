"""``python -m src.run [-m] key=value …``: one run, or a sweep; ``--help`` says more."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType

INTERRUPTED = 128 + signal.SIGINT


def end_in_one_line() -> None:
    """Let Ctrl-C that nobody handles end this process with one line instead of a traceback.

    A program calls it before it imports anything that takes time.
    """
    tell, handle = sys.excepthook, signal.getsignal(signal.SIGINT)
    ended_by = [KeyboardInterrupt]

    def handler(number: int, frame: FrameType | None) -> None:
        # A module in C that imports another, as NumPy's do, makes this of any exception in it.
        ended_by.append(ImportError)
        signal.default_int_handler(number, frame)

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, tuple(ended_by)):
            tell(kind, error, trace)
            return
        print("error: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)

    sys.excepthook = hook
    if handle is signal.default_int_handler:
        signal.signal(signal.SIGINT, handler)


def command(name: str) -> int:
    """Carry out a command with the configuration files of this clone."""
    end_in_one_line()
    from stochgrad.__main__ import start

    return start(name, Path(__file__).resolve().parents[1] / "conf")


if __name__ == "__main__":
    sys.exit(command("run"))
