"""The tables of a sweep: what it would do, and what compares its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from rich.console import Group
from rich.table import Table

from stochgrad.suite.sweep.ledger import Ledger, Standing, State, estimate
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tracking.store import Location

MISSING = "–"
STATES: dict[State, str] = {
    "done": "done before: counted in",
    "new": "new: never run",
    "failed": "failed before: run again",
    "lost": "lost: done, but its files are gone, run again",
    "stale": "stale: done with other code or data, run again",
}


def headline(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the metrics worth comparing: every job's headline, in order, that any job has."""
    names = dict.fromkeys(name for outcome in outcomes for name in outcome.headline)
    return [name for name in names if any(name in outcome.metrics for outcome in outcomes)]


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return one row a job: its number, the swept keys, the headline metrics, how it ended.

    A metric that was averaged over replicates is followed by its standard deviation ``<name>_std``;
    one that a job does not have is None.
    """
    shown = []
    for name in headline(outcomes):
        shown.append(name)
        if any(f"{name}_std" in outcome.metrics for outcome in outcomes):
            shown.append(f"{name}_std")
    return [_row(outcome, shown) for outcome in outcomes]


def all_rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return one row a job, as :func:`rows` but with every metric that any job has."""
    others = sorted({name for outcome in outcomes for name in outcome.metrics})
    shown = dict.fromkeys([*headline(outcomes), *others])
    return [_row(outcome, list(shown)) for outcome in outcomes]


def _row(outcome: Outcome, metrics: Sequence[str]) -> Row:
    return {
        "job": outcome.job.number,
        **outcome.job.values,
        **{name: outcome.metrics.get(name) for name in metrics},
        "status": outcome.status,
        "seconds": outcome.seconds,
        "reason": outcome.reason,
        "run_id": outcome.run_id,
    }


def plain_table(columns: Iterable[str], right: Iterable[str] = ()) -> Table:
    """Make a table without lines, some of whose columns are set to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    return table


def render(outcomes: Sequence[Outcome]) -> Table:
    """Lay the comparison out for the terminal."""
    metrics = headline(outcomes)
    swept = outcomes[0].job.swept if outcomes else ()
    columns = ["job", *swept, *metrics, "seconds", "status"]
    table = plain_table(columns, ["job", *metrics, "seconds"])
    for outcome in outcomes:
        table.add_row(
            str(outcome.job.number),
            *outcome.job.swept.values(),
            *(with_spread(outcome.metrics, name) for name in metrics),
            MISSING if outcome.seconds is None else f"{outcome.seconds:.1f}",
            outcome.status,
            style=None if outcome.finished else "red",
        )
    return table


def render_failures(failed: Sequence[Outcome]) -> Table:
    """Lay out which jobs did not finish, and why."""
    title = f"error: {len(failed)} {'run' if len(failed) == 1 else 'runs'} did not finish"
    table = Table(title=title, title_justify="left", title_style="red", box=None, pad_edge=False)
    table.add_column("job", justify="right")
    for column in ("swept", "status", "reason"):
        table.add_column(column, overflow="fold")
    for outcome in failed:
        table.add_row(
            str(outcome.job.number), outcome.job.title, outcome.status, outcome.reason, style="red"
        )
    return table


def with_spread(metrics: Mapping[str, float], name: str) -> str:
    """Write a metric to four digits, with its standard deviation over replicates if there is one.

    >>> with_spread({"loss": 0.123456, "loss_std": 0.01}, "loss")
    '0.1235 ± 0.01'
    >>> with_spread({}, "loss")
    '–'
    """
    if name not in metrics:
        return MISSING
    spread = metrics.get(f"{name}_std")
    return f"{metrics[name]:.4g}" + (f" ± {spread:.2g}" if spread is not None else "")


def render_plan(plan: Plan, standings: Sequence[Standing], location: Location) -> Group:
    """Lay out the jobs, how many there are of each kind, and the time that they will take."""
    table = plain_table(["job", *plan.swept, "state", "run"], ["job"])
    for standing in standings:
        run_id = standing.outcome.run_id if standing.outcome is not None else ""
        job = standing.job
        table.add_row(str(job.number), *job.swept.values(), standing.state, run_id)
    counts = Counter(standing.state for standing in standings)
    lines = [f"  {counts[state]:5}  {text}" for state, text in STATES.items() if counts[state]]
    return Group(table, "", *lines, "", f"  {_time(plan, standings, location)}")


def _time(plan: Plan, standings: Sequence[Standing], location: Location) -> str:
    if all(standing.state == "done" for standing in standings):
        return "nothing to run (sweep.rerun=true repeats what is done)"
    seconds = estimate(standings, Ledger(location), plan.settings.workers)
    if seconds is None:
        return "no estimate of the time: no finished runs on record are like these"
    duration = timedelta(seconds=max(1, round(seconds)))
    several = f" with {plan.settings.workers} workers" if plan.settings.workers > 1 else ""
    return f"about {duration}{several}, from the times of finished runs like these"
