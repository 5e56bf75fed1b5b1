"""Close the runs that a dead process left open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stochgrad.suite.tracking.conclude import enter_kept
from stochgrad.suite.tracking.process import is_gone, process_of
from stochgrad.suite.tracking.quiet import MlflowClient
from stochgrad.suite.tracking.record import KILLED, Record
from stochgrad.suite.tracking.store import Location, connect

PAGE = 1000
"""Runs in one answer of the store."""


@dataclass(frozen=True)
class Closed:
    """A run that was closed.

    Attributes:
        run_id: in MLflow.
        experiment: its name.
        name: of the run.
        reason: why, in one line.
        status: that it ended with.
    """

    run_id: str
    experiment: str
    name: str
    reason: str
    status: str = KILLED


def reconcile(location: Location) -> list[Closed]:
    """End every RUNNING run as KILLED whose process ran on this machine and is gone.

    First, what ended while the store was away is entered from what was kept of it.

    Raises:
        ConfigError: if the store cannot be used.
    """
    client = connect(location)
    experiments = {e.experiment_id: str(e.name) for e in client.search_experiments()}
    closed = []
    for run_id, said in enter_kept(location):
        info = client.get_run(run_id).info
        name = experiments[info.experiment_id]
        closed.append(Closed(run_id, name, info.run_name, said, info.status))
    for run in search(client, list(experiments), "attributes.status = 'RUNNING'"):
        reason = close_if_gone(client, run)
        if reason is not None:
            name = experiments[run.info.experiment_id]
            closed.append(Closed(run.info.run_id, name, run.info.run_name, reason))
    return closed


def close_if_gone(client: MlflowClient, run: Any) -> str | None:
    """End a RUNNING run as KILLED if its process is gone; return the reason that was recorded."""
    process = process_of(run)
    if run.info.status != "RUNNING" or not is_gone(process):
        return None
    reason = f"its process ({process['pid']} on {process['host']}) is gone"
    record = Record(client, run.info.experiment_id, run.info.run_id, run.info.artifact_uri)
    record.end(KILLED, reason, reason)
    return reason


def search(client: MlflowClient, experiment_ids: list[str], text: str) -> Iterator[Any]:
    """Yield the runs that a filter finds, the newest first."""
    token = None
    while experiment_ids:
        page = client.search_runs(experiment_ids, text, max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
