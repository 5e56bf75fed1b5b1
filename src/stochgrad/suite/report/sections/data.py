"""The data set: how many images, which labels."""

from __future__ import annotations

import math

import numpy as np

from stochgrad.suite.analysis.tables import column, grouped
from stochgrad.suite.figures.images import draw_labels, draw_samples
from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import Results

SPLITS = ("training", "validation", "test")


def build(results: Results, dataset: str, section: Section) -> None:
    """Add the first images and the distribution of labels."""
    stage = f"data/{dataset}"
    found = results.metrics(stage)
    sizes = {name: found[name] for name in SPLITS if name in found}
    described = ", ".join(f"{count:,} {name}" for name, count in sizes.items())
    samples = results.table(stage, "samples")
    labels = [row.pop("label") for row in samples]
    shown = ", ".join(map(str, labels))
    section.facts |= {"sizes": sizes, "sha256": found["sha256"], "shown": shown}
    pixels = np.array([list(row.values()) for row in samples])
    images = pixels.reshape(len(pixels), -1, math.isqrt(pixels.shape[1]))
    section.draw("{dataset}_samples", draw_samples, images, labels, f"{dataset} · {described}")
    splits = grouped(results.table(stage, "labels"), "split")
    counts = {name: column(rows, "count") for (name,), rows in splits.items()}
    section.draw("{dataset}_labels", draw_labels, counts, f"{dataset} · {described}")
