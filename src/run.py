"""``python -m src.run [-m] key=value …``: one run, or a sweep; ``--help`` says more."""

import sys
from pathlib import Path

from stochgrad.cli import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parents[1] / "conf"))
