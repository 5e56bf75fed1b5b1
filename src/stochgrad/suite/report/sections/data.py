"""The data set: how many images, which labels."""

from __future__ import annotations

from stochgrad.suite.figures.studies.data import labels, samples
from stochgrad.suite.report.content import Picture, Section
from stochgrad.suite.report.drawing import drawn
from stochgrad.suite.report.results import Results

SPLITS = ("training", "validation", "test")


def build(results: Results, dataset: str, section: Section) -> None:
    """Add the first images and the distribution of labels."""
    stage = f"data/{dataset}"
    found = results.metrics(stage)
    sizes = {name: found[name] for name in SPLITS if name in found}
    section.facts |= {"sizes": sizes, "sha256": found["sha256"]}
    described = ", ".join(f"{count:,} {name}" for name, count in sizes.items())
    images = results.table(stage, "samples")
    shown = ", ".join(str(row["label"]) for row in images)
    section.add(
        Picture(
            name=f"{dataset}_samples",
            figure=drawn(samples, images, f"{dataset} · {described}"),
            alt=f"The first nine training images of {dataset}, labelled {shown}.",
            caption="The first nine training images.",
            stages=(stage,),
        ),
        Picture(
            name=f"{dataset}_labels",
            figure=drawn(labels, results.table(stage, "labels"), f"{dataset} · {described}"),
            alt=f"Bars: the share of each digit in the splits of {dataset}, all near one tenth.",
            caption="How often each digit occurs in each split.",
            stages=(stage,),
        ),
    )
