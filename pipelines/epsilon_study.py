"""Errors of every estimator against step size and against the number of draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.stage import Stage, arguments, main, parameters
from stochgrad.sweep.compose import compose_run, configuration
from stochgrad.tasks import run
from stochgrad.tasks.result import Row


def work(stage: Stage) -> None:
    """Measure a cell for each estimator, dtype, ε and N."""
    rows: list[Row] = []
    section = parameters(stage.root, stage.name)
    with configuration(stage.root / "conf"):
        for dtype, grid in section["grids"].items():
            low, high = grid["decades"]
            steps = np.logspace(low, high, grid["per_decade"] * (high - low) + 1)[1:-1]
            cells = [(float(epsilon), section["num_steps"]) for epsilon in steps]
            cells += [(grid["epsilon"], n) for n in section["draws"]]
            for estimator in section["estimators"]:
                for epsilon, n in cells:
                    chosen = {
                        **section["settings"], "estimator": estimator, "dtype": dtype,
                        "epsilon": epsilon, "num_steps": n,
                    }  # fmt: skip
                    rows += _cell(chosen)
    by_epsilon = [
        {
            "estimator": row["estimator"],
            "dtype": row["dtype"],
            "epsilon": row["epsilon"],
            "relative_rmse": row["rmse"] / abs(row["exact"]),
        }
        for row in rows
        if row["num_steps"] == section["num_steps"]
    ]
    metrics: dict[str, Any] = {}
    stage.write(metrics, {"cells": rows, "by_epsilon": by_epsilon})


def _cell(settings: dict[str, Any]) -> list[Row]:
    config = compose_run(arguments(settings))
    where = {
        "estimator": config.estimator.name,
        "dtype": config.dtype,
        "epsilon": config.epsilon,
        "num_steps": config.num_steps,
        "noise": 0.0,
    }
    return [{**where, **row} for row in run(config).tables["derivatives"]]


if __name__ == "__main__":
    main("epsilon_study", work)
