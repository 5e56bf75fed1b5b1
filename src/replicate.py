"""``python -m src.replicate PAPER [CELL …]``: the tables of a paper; ``--help`` says more."""

import sys

from src.run import command

if __name__ == "__main__":
    sys.exit(command("replicate"))
