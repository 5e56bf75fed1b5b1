"""Errors of every estimator against step size and against the number of draws, beside theory.

A cell of the grid is a run of ``task=derivative`` over many seeds. The hundreds of them take
milliseconds each, and are not put on record one by one: the table of cells is the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipelines.stage import Stage, arguments, digits, main, no_arguments, parameters
from stochgrad.backends import get_backend
from stochgrad.config import RunConfig, validate
from stochgrad.functions import FUNCTIONS, taylor
from stochgrad.report.sections.epsilon import best_epsilons
from stochgrad.sweep.compose import compose_run, configuration
from stochgrad.tasks import run
from stochgrad.tasks.result import Row
from stochgrad.theory import Local, predict

RADIUS = 0.5
"""Of the circle from which Taylor coefficients are taken, over |x|: the functions have their
singularities at 0."""


def work(stage: Stage) -> None:
    """Measure every cell, and predict it."""
    section = parameters(stage.root, stage.name)
    with configuration(stage.root / "conf"):
        cells = [row for config in grid(section) for row in measure(config)]
    by_epsilon = [
        {
            "estimator": row["estimator"],
            "dtype": row["dtype"],
            "epsilon": row["epsilon"],
            "relative_rmse": row["rmse"] / abs(row["exact"]),
        }
        for row in cells
        if row["num_steps"] == section["num_steps"]
    ]
    metrics: dict[str, dict[str, dict[str, float | None]]] = {}
    for row in best_epsilons([row for row in cells if row["num_steps"] == section["num_steps"]]):
        best = {
            "epsilon": row["epsilon"],
            "relative_rmse": row["relative"],
            "correct_digits": digits(row["relative"]),
        }
        metrics.setdefault(row["dtype"], {})[row["estimator"]] = best
    stage.write(metrics, {"cells": cells, "by_epsilon": by_epsilon})


def grid(section: dict[str, Any]) -> Iterator[RunConfig]:
    """Yield every cell: all ε at one N, then all N at one ε."""
    for dtype, steps in section["grids"].items():
        low, high = steps["decades"]
        epsilons = np.logspace(low, high, steps["per_decade"] * (high - low) + 1)
        chosen = [(float(epsilon), section["num_steps"]) for epsilon in epsilons]
        chosen += [(steps["epsilon"], n) for n in section["draws"]]
        for estimator in section["estimators"]:
            settings = {**section["settings"], "estimator": estimator, "dtype": dtype}
            common = compose_run(arguments(settings)).model_dump(mode="json")
            for epsilon, n in chosen:
                yield validate({**common, "epsilon": epsilon, "num_steps": n})


def measure(config: RunConfig) -> Iterator[Row]:
    """Yield a row for each function and point of a cell."""
    estimator = config.make_estimator()
    for row in run(config).tables["derivatives"]:
        found = predict(
            estimator, local(row), float(config.epsilon), config.num_steps, config.dtype
        )
        known = bool(np.isfinite(found.rmse))
        yield {
            "estimator": estimator.name,
            "dtype": config.dtype,
            "epsilon": config.epsilon,
            "num_steps": config.num_steps,
            "noise": 0.0,
            **row,
            "predicted_rmse": float(found.rmse) if known else None,
            "holds": known and bool(found.holds),
        }


def local(row: Row) -> Local:
    """Describe the function of a row near its point."""
    xp = get_backend("numpy")
    function = FUNCTIONS[row["function"]]

    def f(points: Any) -> Any:
        return function.f(points, xp, lambda operand: operand)

    return Local(row["x"], taylor(f, row["x"], RADIUS * abs(row["x"])))


if __name__ == "__main__":
    no_arguments()
    main("epsilon_study", work)
