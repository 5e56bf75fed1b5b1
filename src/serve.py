"""``python -m src.serve PORT [MODEL]``: the server that ``make ui`` or ``make serve`` starts."""

import sys

from src.run import command

if __name__ == "__main__":
    sys.exit(command("serve"))
