"""Errors of every estimator against step size and against the number of draws, beside theory.

The cells are those of ``task=study`` on a grid of their own: from below the smallest step size that
moves x to x itself. They take milliseconds each, and are not put on record one by one: the table of
cells is the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from pipelines.stage import Stage, digits, main, no_arguments, parameters
from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, stream
from stochgrad.suite.config.schema import Count, Positive, Section
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.models.functions import FUNCTIONS
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tasks.setting import make_settings
from stochgrad.suite.tasks.statistics import best_epsilons
from stochgrad.suite.tasks.study import StudyConfig, measure

SEED = 0


class Steps(Section):
    """The step sizes of a precision, and the one at which numbers of draws are compared."""

    decades: tuple[int, int]
    per_decade: Count
    epsilon: Positive

    @property
    def grid(self) -> NDArray[np.float64]:
        """From 10 to the first of the decades to 10 to the last."""
        low, high = self.decades
        return np.logspace(low, high, self.per_decade * (high - low) + 1)

    @model_validator(mode="after")
    def _check(self) -> Steps:
        low, high = self.decades
        if not -300 <= low < high <= 300:
            raise ConfigError(
                f"epsilon_study.grids: decades={[low, high]}: must rise, from -300 to 300"
            )
        return self


class EpsilonConfig(Section):
    """The stage's section of the parameters; ``task`` has keys of ``task=study``."""

    num_steps: Count
    draws: list[Count]
    grids: dict[str, Steps]
    replicates: Count
    task: dict[str, Any]

    @field_validator("grids", mode="before")
    @classmethod
    def _check_grids(cls, grids: Any) -> Any:
        if not isinstance(grids, dict):
            return grids
        return {
            k: validate_section(Steps, v, f"epsilon_study.grids.{k}.") for k, v in grids.items()
        }


def work(stage: Stage) -> None:
    """Measure every cell, and predict it."""
    own = parameters(stage.root, stage.name)
    section = validate_section(EpsilonConfig, own, f"{stage.name}.")
    cells = list(measured(section))
    by_epsilon = [
        {
            "estimator": row["estimator"],
            "dtype": row["dtype"],
            "epsilon": row["epsilon"],
            "relative_rmse": row["rmse"] / abs(row["exact"]),
        }
        for row in cells
        if row["num_steps"] == section.num_steps
    ]
    metrics: dict[str, dict[str, dict[str, float | None]]] = {}
    for row in best_epsilons([row for row in cells if row["num_steps"] == section.num_steps]):
        best = {
            "epsilon": row["epsilon"],
            "relative_rmse": row["relative"],
            "correct_digits": digits(row["relative"]),
        }
        metrics.setdefault(row["dtype"], {})[row["estimator"]] = best
    stage.write(metrics, {"cells": cells, "by_epsilon": by_epsilon})


def measured(section: EpsilonConfig) -> Iterator[Row]:
    """Yield every cell: all ε at one N, then all N at one ε."""
    given = {"name": "study", "dtypes": list(section.grids), "noises": [0.0], **section.task}
    task = validate_section(StudyConfig, given, "epsilon_study.task.")
    repeats = section.replicates
    for setting in make_settings(task.functions, task.x, task.dtypes, task.noises):
        steps = section.grids[setting.dtype]
        chosen = [(float(epsilon), section.num_steps) for epsilon in steps.grid]
        chosen += [(steps.epsilon, n) for n in section.draws]
        source = stream(SEED, Purpose.NOISE)
        for text in task.estimators:
            for epsilon, n in chosen:
                for row in measure(
                    setting, text, epsilon, n, repeats, SEED, source, error_bars=False
                ):
                    yield row | {
                        "formula": FUNCTIONS[row["function"]].formula,
                        "replicates": repeats,
                        "predicted_rmse": _known(row["predicted_rmse"]),
                    }


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


if __name__ == "__main__":
    no_arguments()
    main("epsilon_study", work)
