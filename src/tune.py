"""``python -m src.tune key=interval(a,b) …``: search for settings; ``--help`` says more."""

import sys
from pathlib import Path


def command() -> int:
    """Import what reads the command, which takes a second, and let it."""
    try:
        from stochgrad.cli.tune import main
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return main(Path(__file__).resolve().parents[1] / "conf")


if __name__ == "__main__":
    sys.exit(command())
