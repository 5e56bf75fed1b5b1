"""Runs that differ in seed only are one group; groups are compared seed by seed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stochgrad.suite.analysis.intervals import bootstrap_interval
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Value
from stochgrad.suite.tasks.result import Row

SEED = "seed"


@dataclass(frozen=True)
class Group:
    """Finished runs whose settings are equal but for the seed.

    Attributes:
        axes: the values of the other swept keys.
        by_seed: the runs.
    """

    axes: Mapping[str, Value]
    by_seed: Mapping[int, Outcome]

    def values(self, metric: str, seeds: Sequence[int] = ()) -> list[float]:
        """Return a metric of the runs of some seeds, by default of all; NaN where it is missing."""
        chosen = seeds or list(self.by_seed)
        return [self.by_seed[seed].metrics.get(metric, float("nan")) for seed in chosen]


def group(outcomes: Sequence[Outcome]) -> list[Group]:
    """Gather the finished runs of a sweep into groups, in the order of its jobs."""
    gathered: dict[str, dict[int, Outcome]] = {}
    for outcome in outcomes:
        if outcome.finished:
            config = outcome.job.config
            same = config.model_copy(update={SEED: None}).config_hash()
            seed = config.seed
            # A seed that was given as null was drawn by the run; its number tells it apart.
            gathered.setdefault(same, {})[-outcome.job.number if seed is None else seed] = outcome
    return [
        Group(
            {key: v for key, v in next(iter(runs.values())).job.values.items() if key != SEED}, runs
        )
        for runs in gathered.values()
    ]


def group_rows(groups: Sequence[Group], metrics: Sequence[str]) -> list[Row]:
    """Return a row for each group: of each metric the mean over its runs and a 95 % interval.

    ``<metric>_low`` and ``<metric>_high`` are those of the bootstrap, None for a single run.
    """
    rows = []
    for one in groups:
        row: Row = {**one.axes, "runs": len(one.by_seed)}
        interval = bootstrap_interval(np.array([one.values(metric) for metric in metrics]))
        for i, metric in enumerate(metrics):
            row[metric] = _number(interval.centre[i])
            row[f"{metric}_low"] = _number(interval.low[i])
            row[f"{metric}_high"] = _number(interval.high[i])
        rows.append(row)
    return rows


def difference_rows(groups: Sequence[Group], metrics: Sequence[str]) -> list[Row]:
    """Return how a metric changes, seed by seed, from one group to another.

    For every two groups that share two seeds or more and differ in one swept key: the mean of the
    paired differences, later group minus earlier one, with a 95 % bootstrap interval. What a seed
    does to both is gone from the difference, so that it is often known better than either mean.
    """
    rows = []
    for first, second in itertools.combinations(groups, 2):
        changed = [key for key in first.axes if first.axes[key] != second.axes[key]]
        seeds = [seed for seed in first.by_seed if seed in second.by_seed]
        if len(changed) != 1 or len(seeds) < 2:
            continue
        key = changed[0]
        others = {k: v for k, v in first.axes.items() if k != key}
        change = {"key": key, "from": str(first.axes[key]), "to": str(second.axes[key])}
        before = np.array([first.values(metric, seeds) for metric in metrics])
        after = np.array([second.values(metric, seeds) for metric in metrics])
        interval = bootstrap_interval(after - before)
        for i, metric in enumerate(metrics):
            rows.append(
                {
                    **change,
                    **others,
                    "metric": metric,
                    "seeds": len(seeds),
                    "difference": _number(interval.centre[i]),
                    "low": _number(interval.low[i]),
                    "high": _number(interval.high[i]),
                }
            )
    return rows


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
