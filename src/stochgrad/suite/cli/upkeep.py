"""Upkeep of the record: closing what dead processes left open, drawing the figures of runs."""

from __future__ import annotations

from collections.abc import Sequence

from stochgrad.errors import ConfigError
from stochgrad.suite import tracking
from stochgrad.suite.paths import without_password


def run_reconcile(more: Sequence[str] = ()) -> int:
    """Close the runs whose process is gone, and say which.

    Returns:
        The exit code, 0.

    Raises:
        ConfigError: if the store cannot be used, or more was typed, which has no meaning.
    """
    if more:
        raise ConfigError(f"reconcile {' '.join(more)}: reconcile stands alone; leave the rest out")
    location = tracking.locate()
    closed = tracking.reconcile(location)
    for run in closed:
        print(f"  {run.status:<8}{run.experiment} {run.name} ({run.run_id}): {run.reason}")
    count = f"{len(closed)} run{'s' * (len(closed) != 1)} closed" if closed else "nothing to close"
    print(f"  {count} in {without_password(location.tracking_uri)}")
    return 0


def run_figures(run_ids: Sequence[str]) -> int:
    """Draw the figures of runs, or of all runs of sweeps, from their records, and record them.

    Returns:
        The exit code, 0.

    Raises:
        ConfigError: if a run is not on record.
    """
    if not run_ids:
        raise ConfigError("figures: name a run, or the parent of a sweep, by its id in MLflow")
    location = tracking.locate()
    for run_id in run_ids:
        for drawn, names in tracking.redraw(location, run_id):
            print(f"  run {drawn}: figures/ {', '.join(names) or 'none apply'}")
    print(f"  recorded in {without_password(location.tracking_uri)}")
    return 0
