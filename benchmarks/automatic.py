"""The automatic derivative beside the best step of a sweep, at equal evaluations.

The sweep fits a polynomial of degree 5 by least squares to as many values as the automatic
derivative may take in all, at steps that are the same for all replicates; its best step is found
with the exact derivative in hand. Replicates differ as those of :mod:`benchmarks.coverage` do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import REFERENCE, differentiate, installed
from benchmarks.coverage import Cell, draw_cell
from benchmarks.problems.drawing import Draw, generator
from benchmarks.problems.smooth import ELEMENTARY, draw_smooth
from benchmarks.verdict import Row, show_rows, with_bar, write_rows

BUDGETS = (96, 130, 240)
NOISES = (0.0, 1e-8, 1e-6, 1e-4, 1e-2)
DEGREE = 5
STEPS = 60
WITHIN = 2.0
POINTS_PER_FUNCTION = 3
"""Elementary functions: 28 at three points each."""

Floats = NDArray[np.float64]


def design(evaluations: int) -> tuple[Floats, Floats]:
    """Return nodes in [−1, 1] and the weights that turn values there into the slope at 0.

    The nodes are spread as Chebyshev's extreme points are, none twice: values at one node have one
    rounding error.
    """
    pairs = evaluations // 2
    half = np.cos(np.pi * (np.arange(pairs) + 0.5) / (2 * pairs))
    nodes = np.concatenate([half, -half])
    return nodes, np.asarray(np.linalg.pinv(np.polynomial.chebyshev.chebvander(nodes, DEGREE)))


def sweep(f: Callable[[Any], Any], x: NDArray[Any], evaluations: int) -> Floats:
    """Return estimates with a fixed step, a row for each of 60 steps.

    Steps go from a thousand floats to half of |x|: the functions here live on a scale of about x.
    """
    nodes, weights = design(evaluations)
    at_zero = np.polynomial.chebyshev.chebval(
        0.0, np.polynomial.chebyshev.chebder(np.eye(DEGREE + 1), axis=0)
    )
    slope = np.atleast_1d(at_zero) @ weights
    smallest = 1e3 * float(np.finfo(x.dtype).eps)
    found = []
    for relative in np.geomspace(smallest, 0.5, STEPS):
        step = relative * np.abs(x.astype(np.float64))
        with np.errstate(all="ignore"):
            points = (x + nodes[:, None] * step).astype(x.dtype)
            found.append(slope @ f(points).astype(np.float64) / step)
    return np.array(found)


def rmse(estimates: Floats, exact: Floats) -> Floats:
    """Return root mean square errors over the last axis; infinite where one is not finite."""
    with np.errstate(all="ignore"):
        found = np.sqrt(np.mean((estimates - exact) ** 2, axis=-1))
    return np.where(np.isfinite(found), found, np.inf)


def compare(cell: Cell, budget: int, rng: np.random.Generator, seed: int) -> Row:
    """Return the RMSE of ours, and the smallest of the sweep's."""
    found = differentiate(
        REFERENCE, cell.target(rng), cell.x, dtype=cell.dtype, seed=seed, max_evaluations=budget
    )
    ours = float(rmse(found.value, cell.exact))
    best = float(rmse(sweep(cell.target(rng), cell.x, budget), cell.exact).min())
    # Neither can be better than the rounding of the result.
    floor = float(np.sqrt(np.mean(np.spacing(np.abs(cell.exact).astype(cell.dtype)) ** 2.0) / 12))
    return {
        "function": cell.function.name, "x": cell.function.x, "noise": cell.noise,
        "dtype": cell.dtype, "budget": budget, "rmse": ours, "best": best,
        "ratio": max(ours, floor) / max(best, floor), "nfev": float(found.nfev.mean()),
    }  # fmt: skip


def elementary(seed: int) -> list[Row]:
    """Return relative errors and evaluations of elementary functions, by contender and dtype."""
    rows = []
    for dtype in ("float64", "float32"):
        for name in installed():
            rng, errors, nfev = generator(seed), list[float](), list[float]()
            for _ in range(POINTS_PER_FUNCTION * len(ELEMENTARY)):
                f = draw_smooth(Draw(rng, dtype), float(np.float32(rng.uniform(0.2, 3))))
                found = differentiate(name, f.values, f.x, dtype=dtype, seed=seed % 2**32)
                errors.append(float(abs(found.value - (exact := float(f.slope(f.x)))) / abs(exact)))
                nfev.append(float(found.nfev))
            errors = [e if np.isfinite(e) else float("inf") for e in errors]
            rows.append({
                "": f"elementary: {name}", "dtype": dtype, "cells": len(errors),
                "median error": float(np.median(errors)),
                "90 % below": float(np.quantile(errors, 0.9, method="higher")),
                "evaluations": float(np.mean(nfev)),
            })  # fmt: skip
    return rows


def main(
    *,
    seed: int = 0,
    cells: int = 100,
    replicates: int = 60,
    details: bool = False,
    output: str = "",
) -> None:
    """Print which share of cells has at most twice the RMSE of the best step.

    Below: relative errors of elementary functions without noise, and the evaluations they take.

    Args:
        seed: any integer; draws functions, points and noise.
        cells: of each budget, a fifth of them without noise; a quarter are float32.
        replicates: of each cell; an RMSE has a relative error of 9 % at 60, and the best of 60
            steps is the luckiest.
        details: the fifteen cells with the largest ratios, instead.
        output: a JSON file for the same.
    """
    rows: list[Row] = []
    for number in with_bar("automatic", list(range(cells))):
        rng = generator(seed, number)  # the cells are the same whatever is evaluated
        cell = draw_cell(rng, replicates, NOISES, "float32" if number % 4 == 3 else "float64")
        rows += [compare(cell, budget, rng, number) for budget in BUDGETS]
    if details:
        rows.sort(key=lambda row: -row["ratio"])
        show_rows(f"Largest ratios, seed={seed}", rows[:15], list(rows[0]))
        return
    table: list[Row] = []
    for budget in BUDGETS:
        for label, noisy in (("with noise", True), ("without noise", False)):
            part = [r for r in rows if r["budget"] == budget and bool(r["noise"]) == noisy]
            if part:
                ratios = [row["ratio"] for row in part]
                table.append({
                    "": f"{label}, {budget} evaluations", "dtype": "both", "cells": len(part),
                    "within twice": float(np.mean([r <= WITHIN for r in ratios])),
                    "median ratio": float(np.median(ratios)),
                    "evaluations": float(np.mean([r["nfev"] for r in part])),
                })  # fmt: skip
    table += elementary(seed)
    columns = ("", "dtype", "cells", "within twice", "median ratio", "median error", "90 % below",
               "evaluations")  # fmt: skip
    title = f"Automatic derivative: {replicates} replicates, seed={seed}"
    show_rows(title, table, columns)
    write_rows(output, title, table)
