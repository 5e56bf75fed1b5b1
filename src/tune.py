"""``python -m src.tune key=interval(a,b) …``: search for settings; ``--help`` says more."""

import sys

from src.run import command

if __name__ == "__main__":
    sys.exit(command("tune"))
