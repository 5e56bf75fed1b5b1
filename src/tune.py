"""``python -m src.tune key=interval(a,b) …``: search for settings; ``--help`` says more."""

import sys
from pathlib import Path

from stochgrad.cli.tune import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[1] / "conf"))
