"""How often nominal 95 % intervals cover the exact derivative, over random cells of a wide grid.

A *cell* is a function, a point, a dtype, a noise, an estimator, a step size and N. Functions and
points are those of :mod:`benchmarks.cases` (x from 1e-6 to a million, and negative), so are step
sizes and N. A *repeat* is one estimate with draws and noise of its own. A repeat is good if its
``status`` is 0 and its interval finite; a cell is good if more than half of its repeats are; the
coverage of a cell is the share of its good repeats whose interval holds the exact derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases import random_cells
from benchmarks.verdict import Row, Verdict, show_groups, show_rows, show_verdicts

REPEATS = 10_000
SIZE = 250
"""Settings (of some five points each) with an estimator, a step size and N."""
ESTIMATORS = ("central", "central(jitter=0.5)", "three_slope", "quadratic", "regression")
LOW, HIGH = 0.93, 0.97
KEYS = ("estimator", "num_steps", "dtype", "noise")
SHOWN = (
    "coverage", "good_fraction", "function", "x", "dtype", "noise", "estimator", "epsilon",
    "num_steps",
)  # fmt: skip


def good(rows: list[Row]) -> list[Row]:
    """Return the good cells."""
    return [row for row in rows if row["good_fraction"] > 0.5]


def share(rows: list[Row], low: float, high: float) -> float:
    """Return which part of the good cells has a coverage within bounds."""
    found = [low <= row["coverage"] <= high for row in good(rows)]
    return float(np.mean(found)) if found else float("nan")


def pooled(rows: list[Row]) -> float:
    """Return the coverage over all good repeats, of whatever cells."""
    weight = np.array([row["good_fraction"] for row in rows])
    covered = np.nan_to_num([row["coverage"] for row in rows])
    return float((weight * covered).sum() / weight.sum()) if weight.sum() else float("nan")


def main(repeats: int | None = None, size: int | None = None) -> None:
    """Measure, and print."""
    repeats = repeats or REPEATS
    rows = random_cells("coverage", size or SIZE, repeats, ESTIMATORS, moved=False)
    error = np.sqrt(0.95 * 0.05 / repeats)
    columns: dict[str, Any] = {
        "good": lambda r: len(good(r)) / len(r),
        "in 93–97 %": lambda r: share(r, LOW, HIGH),
        "below": lambda r: share(r, 0, LOW),
        "above": lambda r: share(r, HIGH, 1),
        "pooled": pooled,
    }
    show_groups("Coverage of nominal 95 % intervals", rows, KEYS, columns)
    lowest = sorted(good(rows), key=lambda row: float(row["coverage"]))
    show_rows("The good cells of the lowest coverage", lowest[:10], SHOWN)
    show_rows("The good cells of the highest coverage", lowest[:-6:-1], SHOWN)
    show_verdicts(
        f"Coverage: {len(rows)} cells, {repeats} repeats each",
        [
            Verdict("good cells / cells", len(good(rows)) / len(rows), 0.7),
            Verdict("good cells covered 93–97 % / good cells", share(rows, LOW, HIGH), 1.0),
            Verdict("  covered less", share(rows, 0, LOW), most=0.0),
            Verdict("coverage over all good repeats", pooled(rows), LOW, HIGH),
        ],
        f"A coverage has a binomial standard error of {100 * error:.2f} %.",
    )
