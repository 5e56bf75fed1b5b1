"""What estimated derivatives cost in time: ``python -m pipelines.cost digits``.

Exact and estimated training take turns in one process, so that whatever else the machine does hits
both; of each, the fastest epoch counts. Times differ from run to run: they are no metrics, and are
written to ``results/records/cost-<data set>.json`` alone.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipelines.stage import DATASETS, Stage, arguments, choice, main, parameters
from stochgrad.suite import tasks
from stochgrad.suite.config.schema import Count, RunConfig
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.sweep.plan import plan_sweep

TIMED = ("exact", "estimated")


class CostConfig(BaseModel):
    """A section of the parameters: how often training takes turns; the rest are its settings."""

    model_config = ConfigDict(extra="allow")
    turns: Count


def work(stage: Stage) -> None:
    """Time epochs of the first run of each kind, a few turns of a few epochs each."""
    dataset = stage.name.split("/")[1]
    own = parameters(stage.root, "cost", dataset)
    section = validate_section(CostConfig, own, f"cost.{dataset}.")
    settings = section.model_extra or {}
    configs = {gradient: _config(stage, dataset, gradient, settings) for gradient in TIMED}
    seconds: dict[str, list[float]] = {gradient: [] for gradient in TIMED}
    tasks.prepare(configs["exact"])
    for turn in range(section.turns + 1):
        for gradient, config in configs.items():
            timing = tasks.run(config).tables["timing"]
            if turn:  # the first one compiles
                seconds[gradient] += [row["seconds"] for row in timing]
    fastest = {gradient: min(found) for gradient, found in seconds.items()}
    stage.write_record(
        {
            "replicates": configs["exact"].replicates,
            "epochs": {gradient: len(found) for gradient, found in seconds.items()},
            "fastest": fastest,
            "median": {gradient: median(found) for gradient, found in seconds.items()},
            "ratio": fastest["estimated"] / fastest["exact"],
        }
    )


def _config(stage: Stage, dataset: str, gradient: str, settings: dict[str, Any]) -> RunConfig:
    """Return the first configuration of a sweep, shortened, with nothing but training in it."""
    chosen = {**parameters(stage.root, "classifiers", dataset, gradient), **settings}
    return plan_sweep(arguments(chosen), stage.root / "conf").jobs[0].config


if __name__ == "__main__":
    main(f"cost/{choice('data set', DATASETS)}", work)
