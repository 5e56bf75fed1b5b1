"""The report about a data set: ``python -m pipelines.report digits [--figure NAME]``."""

from __future__ import annotations

from pipelines.data import DATASETS
from pipelines.pages import stop, wanted_figure, write
from pipelines.stage import given_arguments
from stochgrad.places import project_root
from stochgrad.report.page import Page
from stochgrad.report.results import Results
from stochgrad.report.sections import build


def main(arguments: list[str]) -> None:
    """Write ``report/<data set>/``."""
    names, figure = wanted_figure(arguments)
    if len(names) != 1 or names[0] not in DATASETS:
        stop(f"name one data set: {', '.join(DATASETS)}")
    root = project_root()
    dataset = names[0]
    page = Page("report", f"python -m pipelines.report {dataset}", build(Results(root), dataset))
    write(page, root / "report" / dataset, figure, dataset=dataset)


if __name__ == "__main__":
    main(given_arguments())
