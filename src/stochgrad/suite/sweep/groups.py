"""Runs that differ in seed only are one group; groups are compared seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stochgrad.suite.analysis.intervals import bootstrap_intervals
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
    gathered: dict[tuple[tuple[str, Value], ...], dict[int, Outcome]] = {}
    for outcome in outcomes:
        if outcome.finished:
            axes = tuple((k, v) for k, v in outcome.job.values.items() if k != SEED)
            seed = outcome.job.config.seed
            # A seed that was given as null was drawn by the run; its number tells it apart.
            gathered.setdefault(axes, {})[-outcome.job.number if seed is None else seed] = outcome
    return [Group(dict(axes), runs) for axes, runs in gathered.items()]


def group_rows(groups: Sequence[Group], metrics: Sequence[str]) -> list[Row]:
    """Return a row for each group: of each metric the mean over its runs and a 95 % interval.

    ``<metric>_low`` and ``<metric>_high`` are those of the bootstrap, None for a single run.
    """
    rows = []
    samples = [np.array([one.values(metric) for metric in metrics]) for one in groups]
    for one, interval in zip(groups, bootstrap_intervals(samples), strict=True):
        row: Row = {**one.axes, "runs": len(one.by_seed)}
        for i, metric in enumerate(metrics):
            row[metric] = _number(interval.centre[i])
            row[f"{metric}_low"] = _number(interval.low[i])
            row[f"{metric}_high"] = _number(interval.high[i])
        rows.append(row)
    return rows


def difference_rows(groups: Sequence[Group], metrics: Sequence[str]) -> list[Row]:
    """Return how a metric changes, seed by seed, from one group to another.

    A group is compared along each swept axis: with the one before it, and with the first of that
    axis, the baseline; all other swept keys are equal. For those that share two seeds or more: the
    mean of the paired differences, later group minus earlier one, with a 95 % bootstrap interval.
    What a seed does to both is gone from the difference, so that it is often known better than
    either mean.
    """
    compared, changes = [], []
    for first, second, key in _pairs(groups):
        seeds = [seed for seed in first.by_seed if seed in second.by_seed]
        if len(seeds) < 2:
            continue
        others = {k: v for k, v in first.axes.items() if k != key}
        change: Row = {"key": key, "from": str(first.axes[key]), "to": str(second.axes[key])}
        before = np.array([first.values(metric, seeds) for metric in metrics])
        after = np.array([second.values(metric, seeds) for metric in metrics])
        compared.append(after - before)
        changes.append(({**change, **others}, len(seeds)))
    rows: list[Row] = []
    for (change, count), interval in zip(changes, bootstrap_intervals(compared), strict=True):
        for i, metric in enumerate(metrics):
            rows.append(
                {
                    **change,
                    "metric": metric,
                    "seeds": count,
                    "difference": _number(interval.centre[i]),
                    "low": _number(interval.low[i]),
                    "high": _number(interval.high[i]),
                }
            )
    return rows


def _pairs(groups: Sequence[Group]) -> list[tuple[Group, Group, str]]:
    """Return what is compared: no more pairs than twice the groups for each axis."""
    found: list[tuple[int, int, str]] = []
    for key in dict.fromkeys(key for one in groups for key in one.axes):
        lines: dict[tuple[tuple[str, Value], ...], list[int]] = {}
        for i, one in enumerate(groups):
            others = tuple((k, v) for k, v in one.axes.items() if k != key)
            lines.setdefault(others, []).append(i)
        for line in lines.values():
            found += [(line[0], later, key) for later in line[1:]]
            found += [(line[k], line[k + 1], key) for k in range(1, len(line) - 1)]
    return [(groups[i], groups[j], key) for i, j, key in sorted(found)]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
