"""How the jobs of a sweep ended, and which of them did best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from stochgrad.suite.sweep.plan import Job

Status = Literal["FINISHED", "FAILED", "KILLED"]
RISING = ("accuracy", "fraction", "cosine")
"""Metrics with such a word in their name are the better the larger they are."""
SHARES = ("holds", "right", "good", "covered", "baseline_ratio")
"""And so are these, of a study; all others are errors, losses or costs."""


@dataclass(frozen=True)
class Outcome:
    """A job that has ended.

    Attributes:
        job: what was asked for.
        status: as in MLflow.
        run_id: in MLflow; empty where an exception broke the run off.
        reason: why it is not ``FINISHED``, in one line.
        metrics: final scalars by name.
        headline: names of the metrics that a summary shows.
        seconds: of numerical work.
        counted: whether its run was there already, and is counted in.
    """

    job: Job
    status: Status
    run_id: str = ""
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    headline: tuple[str, ...] = ()
    seconds: float | None = None
    counted: bool = False

    @property
    def finished(self) -> bool:
        """Whether it did what was asked for."""
        return self.status == "FINISHED"

    def complaint(self) -> str:
        """Return which job this is, and why it did not finish, in one line."""
        name = f"job {self.job.number}" + (f" ({self.job.title})" if self.job.swept else "")
        return f"{name} {self.status}: {self.reason}"


def one_line(text: str) -> str:
    r"""Join lines.

    >>> one_line("a\n  b")
    'a b'
    """
    return " ".join(text.split())


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
