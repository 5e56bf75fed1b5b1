"""The estimator laboratory: thousands of cells, each an estimator in one setting, many repeats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from stochgrad import derivative
from stochgrad.backends import get_backend
from stochgrad.differentiate.result import DerivativeResult
from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, fresh_seed, stream
from stochgrad.stencils import Estimator, make_estimator
from stochgrad.suite.config.schema import Count, Flag, Positive, RunConfig
from stochgrad.suite.config.sections import NETWORK
from stochgrad.suite.config.text import rounded_up
from stochgrad.suite.tasks.base import register_task, settings
from stochgrad.suite.tasks.baselines import METHODS, compare
from stochgrad.suite.tasks.points import PointsConfig
from stochgrad.suite.tasks.result import Listener, Progress, Result, Row
from stochgrad.suite.tasks.setting import Setting, make_settings
from stochgrad.suite.tasks.statistics import error_statistics
from stochgrad.theory.prediction import predict

LEVEL = 0.95
"""Confidence level of the intervals whose coverage is counted."""
FACTOR = 1.5
"""A prediction is right if the measured RMSE is within this factor of it."""


Dtype = Literal["float32", "float64"]


class StudyConfig(PointsConfig):
    """Settings of the study.

    Attributes:
        dtypes: of points and values.
        noises: standard deviations of the noise in every value, over |f(x)|.
        noise_known: whether error bars are told the noise, or have to find it out.
        estimators: names, with options in brackets: ``central(jitter=0.5)``.
        epsilons: how many step sizes, equidistant in their logarithm, from ``1000·eps`` of the
            dtype to ``largest_epsilon``.
        largest_epsilon: the last of them.
        draws: numbers of draws that are compared at ``draws_epsilon``; empty for none.
        draws_epsilon: step size at which they are.
        budgets: evaluations that one derivative may cost, for the comparison with other programs;
            empty for none.
    """

    unread = NETWORK | {"backend", "dtype", "epsilon", "estimator"}
    dtypes: Annotated[list[Dtype], Field(min_length=1)]
    noises: Annotated[list[Annotated[float, Field(ge=0, le=1, strict=True)]], Field(min_length=1)]
    noise_known: Flag = False
    estimators: Annotated[list[str], Field(min_length=1)]
    epsilons: Annotated[int, Field(ge=2, le=1000, strict=True)] = 60
    largest_epsilon: Positive = 0.5
    draws: list[Count] = Field(default_factory=list)
    draws_epsilon: Positive = 1e-2
    budgets: list[Count] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> StudyConfig:
        for text in self.estimators:
            parse_estimator(text)
        if 0 in self.x:
            raise ConfigError("task.x=0: steps and noise are relative to x here; leave it out")
        for dtype in self.dtypes:
            super().check(dtype, self.largest_epsilon)
        return self

    def check(self, dtype: str, epsilon: float | str) -> None:
        """Refuse steps that are too small in one of the study's own precisions."""
        for own in self.dtypes:
            for text in self.estimators:
                rule = parse_estimator(text)
                low = self.smallest_step(rule, own)
                self._check_step("largest_epsilon", low, own, text)
                if self.draws and rule.draws_per_step:
                    moves = rule.smallest_epsilon(own, self.largest_x)
                    self._check_step("draws_epsilon", moves, own, text)

    def _check_step(self, key: str, least: float, dtype: str, estimator: str) -> None:
        if getattr(self, key) < least:
            raise ConfigError(
                f"task.{key}={getattr(self, key):g}: too small for {estimator} in {dtype}; "
                f"allowed: {rounded_up(least):.3g} or more"
            )

    def smallest_step(self, rule: Estimator, dtype: str) -> float:
        """Return where the grid of step sizes begins."""
        low = 1000 * float(np.finfo(dtype).eps)
        return max(low, rule.smallest_epsilon(dtype, self.largest_x))


def parse_estimator(text: str) -> Estimator:
    """Return the estimator that ``name(option=value, …)`` stands for.

    >>> parse_estimator("central(jitter=0.5)").jitter
    0.5
    """
    name, _, inside = text.rstrip(")").partition("(")
    options: dict[str, Any] = {}
    for part in filter(None, (p.strip() for p in inside.split(","))):
        key, _, value = part.partition("=")
        try:
            number = float(value)
        except ValueError:
            options[key.strip()] = value.strip()
        else:
            options[key.strip()] = int(number) if value.strip().isdigit() else number
    rule = make_estimator(name.strip(), **options)
    if rule.backends is not None and "numpy" not in rule.backends:
        raise ConfigError(f"task.estimators={text}: the study runs on NumPy; leave it out")
    if rule.needs_derivative:
        raise ConfigError(f"task.estimators={text}: is what errors are measured from; leave it out")
    return rule


HEADLINE = ("holds", "right", "good", "covered", "baseline_ratio")


def metrics(config: RunConfig) -> list[str]:
    """Return the names of the metrics of a run."""
    task = settings(config, StudyConfig)
    return [name for name in (*HEADLINE, "cells") if name != "baseline_ratio" or task.budgets]


@register_task("study", StudyConfig, metrics=metrics)
def run_study(config: RunConfig, listener: Listener) -> Result:
    """Measure every estimator in every setting, and set the prediction beside."""
    task = settings(config, StudyConfig)
    seed = fresh_seed() if config.seed is None else config.seed
    result = Result(seed=seed, device=get_backend("numpy").device())
    grid = list(make_settings(task.functions, task.x, task.dtypes, task.noises))
    total = len(grid) * (len(task.estimators) + bool(task.budgets))
    rows: list[Row] = []
    baselines: list[Row] = []
    done = 0
    for number, setting in enumerate(grid):
        for text in task.estimators:
            source = stream(seed, Purpose.NOISE, number)
            for epsilon, draws in _steps(task, config, parse_estimator(text), setting):
                rows += measure(
                    setting, text, epsilon, draws, config.replicates, seed, source, task.noise_known
                )
            done += 1
            listener(Progress(done, total, "estimator"))
        if task.budgets:
            if setting.noise and setting.dtype == "float64":
                source = stream(seed, Purpose.NOISE, number)
                baselines += compare(setting, task.budgets, config.replicates, seed, source)
            done += 1
            listener(Progress(done, total, "estimator"))
    result.tables["cells"] = rows
    if baselines:
        result.tables["comparison"] = baselines
    result.metrics = _summary(rows) | _comparison(baselines)
    result.headline = tuple(n for n in HEADLINE if n in result.metrics)
    return result


def _steps(
    task: StudyConfig, config: RunConfig, rule: Estimator, setting: Setting
) -> list[tuple[float, int]]:
    """Return the step sizes, at N, and the numbers of draws, at one step size."""
    low = task.smallest_step(rule, setting.dtype)
    steps = [
        (float(e), config.num_steps) for e in np.geomspace(low, task.largest_epsilon, task.epsilons)
    ]
    draws = task.draws if rule.draws_per_step else []
    return steps + [(task.draws_epsilon, n) for n in draws]


def measure(
    setting: Setting,
    text: str,
    epsilon: float,
    draws: int,
    repeats: int,
    seed: int,
    source: np.random.Generator,
    noise_known: bool = False,
    error_bars: bool = True,
) -> list[Row]:
    """Measure one estimator at one step size, at all points of a setting; a row a point.

    Args:
        setting: the function, its points and its noise.
        text: the estimator (:func:`parse_estimator`).
        epsilon: step size.
        draws: N.
        repeats: of the estimate, each with draws and noise of its own.
        seed: of the first of them.
        source: of the noise.
        noise_known: whether error bars are told the noise.
        error_bars: whether they are judged, which costs most of the time: ``coverage`` and
            ``good_fraction``.
    """
    rule, x = parse_estimator(text), setting.x
    found = derivative(
        setting.target(source), x, estimator=rule, epsilon=epsilon, num_steps=draws,
        dtype=setting.dtype, seed=seed, seeds=repeats,
        noise=setting.sigma if noise_known and setting.noise else None, error_bars=error_bars,
    )  # fmt: skip
    with np.errstate(all="ignore"):
        told = predict(rule, setting.local, epsilon, draws, setting.dtype)
        error = found.df.astype(np.float64) - setting.exact
    bars = [_bars(found, setting, i) if error_bars else {} for i in range(len(x))]
    return [
        {
            "function": setting.function,
            "x": float(x[i]),
            "dtype": setting.dtype,
            "noise": setting.noise,
            "estimator": text,
            "epsilon": epsilon,
            "num_steps": draws,
            "exact": float(setting.exact[i]),
            **error_statistics(error[:, i]),
            "predicted_rmse": float(told.rmse[i]),
            "holds": bool(told.holds[i]),
            **bars[i],
            "nfev": rule.evaluations(draws),
        }
        for i in range(len(x))
    ]


def _bars(found: DerivativeResult, setting: Setting, i: int) -> Row:
    """Return how many intervals at a point can be trusted, and how many of those cover."""
    low, high = (ends[:, i] for ends in found.confidence_interval(LEVEL))
    exact = setting.exact[i]
    with np.errstate(all="ignore"):
        good = found.success[:, i] & np.isfinite(high - low)
        coverage = ((low <= exact) & (exact <= high))[good].sum() / np.float64(good.sum())
    return {"coverage": float(coverage), "good_fraction": float(good.mean())}


def _summary(rows: list[Row]) -> dict[str, float]:
    """Return shares: of cells that are predicted, and rightly; of good ones, and their coverage.

    Cells of estimators that have no error bars do not count in the latter two.
    """
    holds = [row for row in rows if row["holds"] and np.isfinite(row["rmse"])]
    right = [1 / FACTOR <= row["rmse"] / row["predicted_rmse"] <= FACTOR for row in holds]
    drawn = [row for row in rows if parse_estimator(row["estimator"]).draws_per_step]
    good = [row for row in drawn if row["good_fraction"] > 0.5]
    metrics = {"holds": len(holds) / len(rows), "cells": float(len(rows))}
    if holds:
        metrics["right"] = float(np.mean(right))
    if drawn:
        metrics["good"] = len(good) / len(drawn)
    if good:
        metrics["covered"] = float(np.mean([row["coverage"] for row in good]))
    return metrics


def _comparison(rows: list[Row]) -> dict[str, float]:
    """Return the geometric mean, over cases, of the best baseline's RMSE over that of stochgrad."""
    cases: dict[Any, dict[str, float]] = {}
    for row in rows:
        key = (row["function"], row["x"], row["noise"], row["budget"])
        cases.setdefault(key, {})[row["method"]] = row["rmse"]
    ratios = [
        min(v for m, v in case.items() if m != METHODS[0]) / case[METHODS[0]]
        for case in cases.values()
        if len(case) > 1 and case[METHODS[0]] > 0
    ]
    finite = [r for r in ratios if np.isfinite(r)]
    return {"baseline_ratio": float(np.exp(np.mean(np.log(finite))))} if finite else {}
