"""How far measured errors are from :mod:`stochgrad.theory.prediction`, over random cells.

A cell is a function of :mod:`benchmarks.cases`, a point, a dtype, a noise, an estimator, a step
size and N.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases import random_cells
from benchmarks.verdict import Row, Verdict, show_groups, show_rows, show_verdicts
from stochgrad.suite.tasks.study import FACTOR

REPEATS = 400
SIZE = 600
"""Settings (of some five points each) with an estimator, a step size and N."""
ESTIMATORS = (
    "central", "central(jitter=0.5)", "three_slope", "quadratic", "regression", "forward",
    "central_fixed",
)  # fmt: skip
SHOWN = (
    "ratio", "rmse", "predicted_rmse", "function", "x", "dtype", "noise", "estimator", "epsilon",
    "num_steps",
)  # fmt: skip


def cells(size: int, repeats: int) -> list[Row]:
    """Measure random cells; tell of each how far off its prediction is."""
    rows = random_cells("predictions", size, repeats, ESTIMATORS, moved=True)
    for row in rows:
        row["kind"] = "composition" if row["function"].startswith("composition") else "named"
        row["ratio"] = row["rmse"] / row["predicted_rmse"] if row["predicted_rmse"] else np.inf
    return rows


def right(rows: list[Row]) -> float:
    """Return the share, of the cells where theory claims to hold, in which it does."""
    found = [1 / FACTOR <= row["ratio"] <= FACTOR for row in rows if row["holds"]]
    return float(np.mean(found)) if found else float("nan")


def main(repeats: int = REPEATS, size: int = SIZE) -> None:
    """Measure, and print."""
    rows = cells(size, repeats)
    columns: dict[str, Any] = {
        "claims to hold": lambda r: np.mean([row["holds"] for row in r]),
        "within 1.5": right,
    }
    show_groups(
        "Measured over predicted RMSE", rows, ("kind", "estimator", "dtype", "noise"), columns
    )
    wrong = [row for row in rows if row["holds"]]
    wrong.sort(key=lambda row: -abs(float(np.log(max(row["ratio"], 1e-300)))))
    show_rows("The worst predictions", wrong[:15], SHOWN)
    show_verdicts(
        f"Predictions: {len(rows)} cells, {repeats} repeats each",
        [
            verdict
            for kind in ("named", "composition")
            for part in [[row for row in rows if row["kind"] == kind]]
            for verdict in (
                Verdict(f"{kind}: theory claims to hold", columns["claims to hold"](part), 0.7),
                Verdict(f"{kind}: RMSE within 1.5 there", right(part), 0.9),
            )
        ],
        f"An RMSE has a relative error of {100 / np.sqrt(2 * repeats):.0f} %.",
    )
