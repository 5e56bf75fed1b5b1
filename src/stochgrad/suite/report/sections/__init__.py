"""The sections of the pages, each built from the results of a few stages."""

from __future__ import annotations

from collections.abc import Callable

from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import MissingResultError, Results
from stochgrad.suite.report.sections import (
    classifiers,
    data,
    derivatives,
    epsilon,
    gradients,
    runs,
    xor,
)

Builder = Callable[[Results, str, Section], None]
"""Fills a section from the results, for a page about a data set."""

SECTIONS: dict[str, Builder] = {
    "data": data.build,
    "derivatives": derivatives.build,
    "epsilon": epsilon.build,
    "xor": xor.build,
    "classifiers": classifiers.build,
    "gradients": gradients.build,
    "runs": runs.build,
}


def build(results: Results, dataset: str) -> dict[str, Section]:
    """Build every section of a page; one that lacks something keeps what it has, and says so."""
    sections = {}
    for name, builder in SECTIONS.items():
        section = sections[name] = Section({"dataset": dataset})
        try:
            builder(results, dataset, section)
        except MissingResultError as error:
            section.missing.append(str(error))
    return sections
