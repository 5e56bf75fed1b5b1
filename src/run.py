"""``python -m src.run [-m] key=value …``: one run, or a sweep; ``--help`` says more."""

import sys
from importlib import import_module
from pathlib import Path


def command(module: str) -> int:
    """Import what reads a command, which takes a second, and let it."""
    try:
        main = import_module(module).main
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    code: int = main(Path(__file__).resolve().parents[1] / "conf")
    return code


if __name__ == "__main__":
    sys.exit(command("stochgrad.cli"))
