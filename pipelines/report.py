"""The report about a data set: ``python -m pipelines.report digits [--figure NAME]``."""

from __future__ import annotations

import sys

from pipelines.pages import wanted_figure, write
from pipelines.stage import DATASETS, given_arguments
from stochgrad.errors import ConfigError
from stochgrad.suite.cli import explained
from stochgrad.suite.paths import project_root
from stochgrad.suite.report.page import Page
from stochgrad.suite.report.results import Results
from stochgrad.suite.report.sections import build


def main(arguments: list[str]) -> None:
    """Write ``report/<data set>/``."""
    names, figure = wanted_figure(arguments)
    if len(names) != 1 or names[0] not in DATASETS:
        raise ConfigError(f"name one data set: {', '.join(DATASETS)}")
    root = project_root()
    dataset = names[0]
    page = Page("report", f"python -m pipelines.report {dataset}", build(Results(root), dataset))
    write(page, root / "report" / dataset, figure, dataset=dataset)


if __name__ == "__main__":
    sys.exit(explained(lambda: main(given_arguments())))
