"""Which of two values of a metric is the better one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from stochgrad.suite.sweep.outcome import Outcome

RISING = ("accuracy", "fraction", "cosine")
"""Metrics with such a word in their name are the better the larger they are."""
SHARES = ("holds", "right", "good", "covered", "baseline_ratio")
"""And so are these, of a study; all others are errors, losses or costs."""


def direction(metric: str) -> Literal["maximize", "minimize"]:
    """Return where a metric has its best values.

    >>> direction("test_accuracy"), direction("good"), direction("mean_abs_error")
    ('maximize', 'maximize', 'minimize')
    """
    rising = metric in SHARES or any(word in metric for word in RISING)
    return "maximize" if rising else "minimize"


def best(outcomes: Iterable[Outcome]) -> tuple[Outcome, str] | None:
    """Return the outcome with the best first headline metric, and that metric's name."""
    candidates = [
        (outcome, outcome.headline[0])
        for outcome in outcomes
        if outcome.finished
        and outcome.headline
        and math.isfinite(outcome.metrics.get(outcome.headline[0], math.nan))
    ]
    if not candidates:
        return None
    metric = candidates[0][1]
    sign = -1 if direction(metric) == "maximize" else 1
    comparable = [one for one in candidates if one[1] == metric]
    return min(comparable, key=lambda one: sign * one[0].metrics[metric])
