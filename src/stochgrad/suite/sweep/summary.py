"""The table that compares the runs of a sweep: as rows, and on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table

from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.tasks.result import Row

MISSING = "–"


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
