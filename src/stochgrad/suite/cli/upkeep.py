"""Upkeep of the record: closing what dead processes left open."""

from __future__ import annotations

from stochgrad.suite import tracking
from stochgrad.suite.paths import without_password


def run_reconcile() -> int:
    """Close the runs whose process is gone, and say which.

    Returns:
        The exit code, 0.

    Raises:
        ConfigError: if the store cannot be used.
    """
    location = tracking.locate()
    closed = tracking.reconcile(location)
    for run in closed:
        print(f"  {run.status:<8}{run.experiment} {run.name} ({run.run_id}): {run.reason}")
    count = f"{len(closed)} run{'s' * (len(closed) != 1)} closed" if closed else "nothing to close"
    print(f"  {count} in {without_password(location.tracking_uri)}")
    return 0
