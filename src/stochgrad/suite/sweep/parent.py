"""The parent run of a sweep, as MLflow's UI shows it: name, settings, curves, description."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING, Any

from stochgrad.suite import tracking
from stochgrad.suite.analysis.tables import markdown
from stochgrad.suite.paths import without_password
from stochgrad.suite.sweep.outcome import Outcome, best, direction
from stochgrad.suite.sweep.plan import Job, Plan, Value
from stochgrad.suite.sweep.summary import headline, rows
from stochgrad.suite.tracking.quiet import Metric
from stochgrad.suite.tracking.tags import run_page

if TYPE_CHECKING:
    from optuna import Study

    from stochgrad.suite.sweep.study import Found

LONGEST_TITLE = 60
"""Characters of a name; longer ones give numbers of values instead of values."""
MOST_ROWS = 20
"""Rows of the table in a description, the best first."""
LONGEST_LIST = 500
"""Characters of the values of one swept key."""
UNSHOWN = ("run_id", "reason", "seconds")
"""Columns that the table in a description leaves out."""
LARGEST_STEP = 2**31
"""Largest step of a metric's curve in MLflow."""


def title(jobs: Sequence[Job]) -> str:
    """Return the name of a sweep: what it sweeps.

    ``epsilon=1e-5,1e-6``, or for many values ``epsilon (200) × seed (5)``.
    """
    levels = {key: list(dict.fromkeys(job.swept[key] for job in jobs)) for key in jobs[0].swept}
    if not levels:
        return "one run"
    full = " ".join(f"{key}={','.join(values)}" for key, values in levels.items())
    if len(full) <= LONGEST_TITLE:
        return full
    return " × ".join(f"{key} ({len(values)})" for key, values in levels.items())


def settings(jobs: Sequence[Job]) -> dict[str, Any]:
    """Return the settings that all jobs share, and the values of those that they do not."""
    flats = [job.config.flat() for job in jobs]
    found: dict[str, Any] = {}
    for key in dict.fromkeys(key for flat in flats for key in flat):
        levels = [value for value, _ in groupby(flat.get(key) for flat in flats)]
        texts = list(dict.fromkeys(tracking.as_text(level) for level in levels))
        text = ", ".join(texts)
        long = len(text) > LONGEST_LIST
        found[key] = f"{text[:LONGEST_LIST]}… ({len(texts)} values)" if long else text
    return found


def metrics(jobs: Sequence[Job], outcomes: Sequence[Outcome]) -> list[Metric]:
    """Return what the parent shows: number of runs, best value, curves over swept numbers.

    The curve ``<metric>_by_<key>`` is the mean over all runs with one value of a key. Its step is
    that value, or its rank where values are no whole numbers; the metric ``<key>`` has the values
    themselves at the same steps, to be chosen as x axis.
    """
    finished = [outcome for outcome in outcomes if outcome.finished]
    now = tracking.milliseconds()
    found = [Metric("runs", len(jobs), now, 0), Metric("runs_finished", len(finished), now, 0)]
    top = best(outcomes)
    if top is None:
        return found
    outcome, name = top
    found.append(Metric(name, outcome.metrics[name], now, 0))
    measured = [o for o in finished if math.isfinite(o.metrics.get(name, math.nan))]
    for key in jobs[0].swept:
        steps = _steps([job.values[key] for job in jobs])
        gathered: dict[Value, list[float]] = {}
        for one in measured:
            gathered.setdefault(one.job.values[key], []).append(one.metrics[name])
        for level, values in gathered.items() if len(steps) > 1 else ():
            found.append(Metric(f"{name}_by_{key}", fmean(values), now, steps[level]))
            found.append(Metric(key, float(level), now, steps[level]))
    return found


def _steps(levels: Sequence[Value]) -> dict[Value, int]:
    """Return the step of each value of a key; empty if they are not all numbers."""
    numbers = [level for level in levels if isinstance(level, int | float)]
    if len(numbers) < len(levels):
        return {}
    if all(isinstance(n, int) and abs(n) < LARGEST_STEP for n in numbers):
        return {number: int(number) for number in numbers}
    return {number: rank for rank, number in enumerate(sorted(set(numbers)))}


def describe(plan: Plan, outcomes: Sequence[Outcome], detail: str, experiment: str) -> str:
    """Describe a sweep that has ended, in Markdown: best run, table, how to go on with it.

    Args:
        plan: of the sweep.
        outcomes: of its jobs.
        detail: how far it came, in one line.
        experiment: id of the parent's experiment.
    """
    parts = [f"**{detail}** of a sweep over {', '.join(plan.swept) or 'nothing'}."]
    top = best(outcomes)
    ordered = list(outcomes)
    if top is not None:
        one, name = top
        link = f"[{one.job.title or 'the run'}]({run_page(experiment, one.run_id)})"
        parts.append(f"Best: {name} = {one.metrics[name]:.6g} at {link}.")
        sign = -1 if direction(name) == "maximize" else 1
        ordered.sort(key=lambda outcome: _rank(outcome, name, sign))
    shown = rows(ordered[:MOST_ROWS])
    parts.append(markdown([{k: v for k, v in row.items() if k not in UNSHOWN} for row in shown]))
    if len(ordered) > MOST_ROWS:
        parts.append(f"The best {MOST_ROWS} of {len(ordered)} runs; all are in `summary.csv`.")
    names = headline(outcomes)
    if names:
        parts.append(
            f"Curves over the swept numbers: `{names[0]}_by_…`, means over the other keys."
        )
    parts.append("Again, or on from here:")
    parts.append(f"    python -m src.run -m {shlex.join(plan.arguments)}")
    return "\n\n".join(parts)


def _rank(outcome: Outcome, name: str, sign: int) -> tuple[bool, float]:
    value = outcome.metrics.get(name, math.nan)
    return (not math.isfinite(value), sign * value if math.isfinite(value) else 0.0)


def search_metrics(study: Study, metric: str) -> list[Metric]:
    """Return what the parent of a search shows: its trials' values, and the best so far."""
    now = tracking.milliseconds()
    found = [Metric("runs", len(study.trials), now, 0)]
    pick = max if study.direction.name == "MAXIMIZE" else min
    top: float | None = None
    for trial in study.trials:
        if trial.state.name == "COMPLETE" and trial.value is not None:
            top = trial.value if top is None else pick(top, trial.value)
            found.append(Metric(f"{metric}_by_trial", trial.value, now, trial.number))
            found.append(Metric(metric, top, now, trial.number))
    return found


def describe_search(found: Found, metric: str, arguments: Sequence[str]) -> str:
    """Describe a search that has ended, in Markdown.

    Args:
        found: by it.
        metric: that it improves.
        arguments: what the user typed.
    """
    parts = [f"**{found.detail}** in the study {found.study.study_name}."]
    shown = found.ranked[:MOST_ROWS]
    if shown:
        best = shown[0]
        page = run_page(found.sweep.record.experiment_id, best.user_attrs.get("run_id", ""))
        parts.append(f"Best: {metric} = {best.value:.6g} in [trial {best.number}]({page}).")
        parts.append(markdown([{"trial": t.number, **t.params, metric: t.value} for t in shown]))
    parts.append(f"    python -m src.tune {shlex.join(map(without_password, arguments))}")
    return "\n\n".join(parts)
