"""What many seeds say: means with intervals, paired differences, the smallest error over ε.

Every interval is of 95 % and for the choice of seeds: what a repeat with other seeds, on the same
data, would give.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.suite.analysis.intervals import t_interval, t_quantile
from stochgrad.suite.analysis.tables import grouped
from stochgrad.suite.tasks.result import Classification, Curve, Row

LOGARITHMIC = ("loss", "error")
"""Curves whose names end so are drawn on logarithmic axes: their intervals are of the logarithm."""


def mean_interval(values: Any, name: str = "", *, log: bool = False) -> Row:
    """Return ``mean``, ``low`` and ``high`` of Student's interval, and ``n``; bounds None if n = 1.

    Args:
        values: one for each seed.
        name: put before the columns, with an underscore.
        log: whether the interval is formed for the logarithm, for what cannot be negative.
    """
    values = np.asarray(values, float)
    low: float | None = None
    high: float | None = None
    if len(values) > 1:
        interval = t_interval(values, log=log)
        low, high = float(interval.low), float(interval.high)
    found = {"mean": float(values.mean()), "low": low, "high": high, "n": len(values)}
    return {f"{name}_{key}" if name else key: value for key, value in found.items()}


def fraction_interval(values: Any, name: str = "") -> Row:
    """Return the same for fractions: the bounds stay within 0 and 1."""
    found = mean_interval(values, name)
    for key in found:
        if key.endswith(("low", "high")) and found[key] is not None:
            found[key] = min(1.0, max(0.0, found[key]))
    return found


def paired_difference(first: Mapping[int, float], second: Mapping[int, float]) -> Row:
    """Return the interval of ``first − second`` over the seeds that both have.

    Two networks of one seed start from the same weights and see the examples in the same order: the
    difference varies less than either.

    Args:
        first: a value for each seed.
        second: likewise.

    Raises:
        ValueError: if fewer than two seeds are shared.
    """
    shared = sorted(first.keys() & second.keys())
    if len(shared) < 2:
        raise ValueError(f"a paired difference needs two shared seeds, and there are {len(shared)}")
    return mean_interval([first[seed] - second[seed] for seed in shared])


def curve_rows(curves: Mapping[str, Curve]) -> list[Row]:
    """Return a row for each point of each curve: ``metric``, ``at``, ``n``, mean and interval."""
    rows: list[Row] = []
    for name in sorted(curves):
        curve = curves[name]
        replicates = curve.values.shape[1]
        bounds = None
        if replicates > 1:
            bounds = t_interval(curve.values, log=name.endswith(LOGARITHMIC))
        for i, at in enumerate(curve.at):
            rows.append(
                {
                    "metric": name,
                    "at": int(at),
                    "n": replicates,
                    "mean": float(curve.values[i].mean()),
                    "low": None if bounds is None else float(bounds.low[i]),
                    "high": None if bounds is None else float(bounds.high[i]),
                }
            )
    return rows


def error_statistics(error: NDArray[np.float64]) -> Row:
    """Return what errors over seeds, shape ``(R,)``, are described by.

    ``bias`` is their mean, ``std`` their standard deviation (divisor R − 1; NaN for one seed),
    which is that of the estimate, and ``rmse`` their root mean square.
    """
    return {
        "bias": float(error.mean()),
        "std": float(error.std(ddof=1)) if len(error) > 1 else math.nan,
        "rmse": float(np.sqrt((error**2).mean())),
    }


def rmse_interval(bias: float, std: float, replicates: int) -> tuple[float, float]:
    """Return the interval of a root mean square error ``√(b² + s²)`` over R independent errors.

    By the delta method from the variance of the mean square of normal errors,
    ``(2s⁴ + 4b²s²)/R``, formed for the logarithm, so that it stays positive. Tails heavier than a
    normal's make it too narrow.
    """
    mean_square = bias**2 + std**2
    if mean_square == 0 or not math.isfinite(mean_square):
        return math.sqrt(mean_square), math.sqrt(mean_square)
    relative = math.sqrt((2 * std**4 + 4 * bias**2 * std**2) / replicates) / mean_square
    factor = math.exp(t_quantile(replicates) * relative / 2)
    return math.sqrt(mean_square) / factor, math.sqrt(mean_square) * factor


def smallest(rows: Iterable[Row], column: str) -> Row | None:
    """Return the row with the smallest finite value in a column, the first of several; or None."""
    usable = [row for row in rows if row[column] is not None and math.isfinite(row[column])]
    return min(usable, key=lambda row: row[column]) if usable else None


def best_epsilons(cells: Sequence[Row]) -> list[Row]:
    """Return, for each estimator and dtype, the ε with the smallest error, and its interval."""
    rows = []
    for (estimator, dtype), group in grouped(cells, "estimator", "dtype").items():
        found = smallest(group, "rmse")
        if found is None:
            continue
        exact = abs(found["exact"])
        low, high = rmse_interval(found["bias"], found["std"], found["replicates"])
        predicted = found.get("predicted_rmse")
        rows.append(
            {
                "estimator": estimator,
                "dtype": dtype,
                "epsilon": found["epsilon"],
                "relative": found["rmse"] / exact,
                "low": low / exact,
                "high": high / exact,
                "predicted": None if predicted is None else predicted / exact,
                "nfev": found["nfev"],
            }
        )
    return rows


def confusion_rows(predicted: NDArray[Any], true: NDArray[Any], classes: int) -> list[Row]:
    """Return a row for each pair of digits: how often, in all replicates, ``true`` was taken so.

    Args:
        predicted: shape ``(R, n)``.
        true: shape ``(n,)``.
        classes: number of classes.
    """
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (np.broadcast_to(true, predicted.shape), predicted), 1)
    return [
        {"true": i, "predicted": j, "count": count, "share": count / sum(row) if any(row) else None}
        for i, row in enumerate(counts.tolist())
        for j, count in enumerate(row)
    ]


def digit_rows(predicted: NDArray[Any], true: NDArray[Any]) -> list[Row]:
    """Return the accuracy for each true digit: a mean over seeds with its interval."""
    return [
        {"digit": digit, "images": images, **fraction_interval(accuracy)}
        for digit, images, accuracy in Classification(predicted, true).by_digit()
    ]


def by_seed(rows: Sequence[Row], column: str) -> dict[int, float]:
    """Return a column of a table of replicates by seed."""
    return {int(row["seed"]): float(row[column]) for row in rows}
