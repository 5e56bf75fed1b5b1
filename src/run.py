"""``python -m src.run [-m] key=value …``: one run, or a sweep; ``--help`` says more."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import TracebackType

INTERRUPTED = 128 + signal.SIGINT


def end_in_one_line() -> None:
    """Let Ctrl-C that nobody handles end this process with one line instead of a traceback.

    A program calls it before it imports anything that takes time.
    """
    tell = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            tell(kind, error, trace)
            return
        print("error: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)

    sys.excepthook = hook


def command(name: str) -> int:
    """Carry out a command with the configuration files of this clone."""
    end_in_one_line()
    from stochgrad.__main__ import start

    return start(name, Path(__file__).resolve().parents[1] / "conf")


if __name__ == "__main__":
    sys.exit(command("run"))
