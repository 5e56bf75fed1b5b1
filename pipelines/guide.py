"""The guide to stochastic derivatives: ``python -m pipelines.guide [--figure NAME]``.

It is about the digits, which need no download.
"""

from __future__ import annotations

import sys

from pipelines.pages import wanted_figure, write
from pipelines.stage import given_arguments
from stochgrad.errors import ConfigError
from stochgrad.suite.cli import explained
from stochgrad.suite.paths import project_root
from stochgrad.suite.report.page import Page
from stochgrad.suite.report.results import Results
from stochgrad.suite.report.sections import build

DATASET = "digits"


def main(arguments: list[str]) -> None:
    """Write ``report/guide/``."""
    names, figure = wanted_figure(arguments)
    if names:
        raise ConfigError(f"{names[0]}: the guide takes no name, only --figure NAME")
    root = project_root()
    page = Page("guide", "python -m pipelines.guide", build(Results(root), DATASET))
    write(page, root / "report" / "guide", figure, dataset=DATASET)


if __name__ == "__main__":
    sys.exit(explained(lambda: main(given_arguments())))
