"""Draw the README's picture of gradients of a circuit: error against shots.

Run it from the repository's root: ``python -m pipelines.error_against_shots``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines.stage import no_arguments
from stochgrad.suite.cli import explained
from stochgrad.suite.config.compose import plan_run
from stochgrad.suite.figures import FIGURES, save
from stochgrad.suite.figures.style import applied, freeze
from stochgrad.suite.tasks import run

ROOT = Path(__file__).resolve().parents[1]
NAME = "error_against_shots"


def main() -> None:
    """Run the preset, and write its figure to ``docs/images``."""
    config = plan_run(["experiment=shot_noise"], ROOT / "conf")
    with applied():
        figure = FIGURES[NAME](config, run(config))
        assert figure is not None
        freeze(figure)
    (path,) = save({NAME: figure}, ROOT / "docs" / "images")
    print(path)


if __name__ == "__main__":
    no_arguments()
    sys.exit(explained(main))
