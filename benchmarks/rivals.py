"""SciPy, numdifftools and jacobi under noise, at equal evaluations.

A contender that needs fewer evaluations than it may spend is called as often as it can, and its
results are averaged: the best that it can do with noise. A *case* is a function at a point, a noise
and a budget.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.automatic import rmse
from benchmarks.contenders import REFERENCE, differentiate, installed
from benchmarks.coverage import Cell, draw_cell
from benchmarks.problems.drawing import generator
from benchmarks.verdict import Row, show_rows, with_bar, write_rows

NOISES = (1e-8, 1e-6, 1e-4, 1e-2)
BUDGETS = (120, 480)
MOST = 1e3
"""What a failure counts in a mean of ratios."""


def estimate(
    name: str, cell: Cell, budget: int, rng: np.random.Generator, seed: int
) -> tuple[NDArray[np.float64], float]:
    """Return a contender's estimates, one for each replicate, and the evaluations they took."""
    found, spent = list[NDArray[np.float64]](), 0.0
    while not found or spent + spent / len(found) <= budget:
        answer = differentiate(
            name, cell.target(rng), cell.x, dtype=cell.dtype, seed=seed + len(found),
            max_evaluations=budget,
        )  # fmt: skip
        found.append(answer.value)
        spent += float(answer.nfev.mean())
        if name == REFERENCE:
            break
    return np.mean(found, axis=0), spent


def compare(cell: Cell, budget: int, rng: np.random.Generator, seed: int) -> Row:
    """Return the RMSE of each contender over that of ours."""
    errors, nfev = {}, {}
    for name in installed():
        estimates, nfev[name] = estimate(name, cell, budget, rng, seed)
        errors[name] = float(rmse(estimates, cell.exact))
    ratios = {name: ratio(errors[name], errors[REFERENCE]) for name in errors if name != REFERENCE}
    return {
        "function": cell.function.name, "x": cell.function.x, "noise": cell.noise,
        "budget": budget, **ratios, "best other": min(ratios.values()),
        "rmse": errors[REFERENCE], "nfev": nfev[REFERENCE],
    }  # fmt: skip


def ratio(error: float, ours: float) -> float:
    """Return by how much an error is larger than ours, within bounds; 1 where both failed."""
    if not (np.isfinite(error) or np.isfinite(ours)):
        return 1.0
    with np.errstate(all="ignore"):
        return float(np.clip(np.divide(error, ours), 1 / MOST, MOST))


def geometric(values: list[float]) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(values))))


def main(*, seed: int = 0, cases: int = 40, replicates: int = 100, output: str = "") -> None:
    """Print the RMSE of the others over ours, case by case, and geometric means.

    Args:
        seed: any integer; draws functions, points and noise.
        cases: functions at points with a noise, each at two budgets.
        replicates: of each case; a ratio has a relative error of 10 % at 100.
        output: a JSON file for the same.
    """
    rows: list[Row] = []
    for number in with_bar("rivals", list(range(cases))):
        rng = generator(seed, number)  # the cells are the same whatever is evaluated
        cell = draw_cell(rng, replicates, NOISES, "float64")
        rows += [compare(cell, budget, rng, number * 1000) for budget in BUDGETS]
    names = [name for name in installed() if name != REFERENCE] + ["best other"]
    ratios = {name: [row[name] for row in rows] for name in names}
    for label, of in (("geometric mean", geometric), ("worst case", min)):
        rows.append({"function": label, **{name: of(ratios[name]) for name in names}})
    title = f"RMSE over ours at equal evaluations: {replicates} replicates, seed={seed}"
    show_rows(title, rows, ("function", "x", "noise", "budget", *names, "rmse", "nfev"))
    write_rows(output, title, rows)
