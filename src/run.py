"""``python -m src.run [-m] key=value …``: one run, or a sweep; ``--help`` says more."""

import sys
from importlib import import_module
from pathlib import Path

from src.interrupts import end_in_one_line


def command(module: str) -> int:
    """Import what reads a command, which takes a second, and let it."""
    end_in_one_line()
    code: int = import_module(module).main(Path(__file__).resolve().parents[1] / "conf")
    return code


if __name__ == "__main__":
    sys.exit(command("stochgrad.cli"))
