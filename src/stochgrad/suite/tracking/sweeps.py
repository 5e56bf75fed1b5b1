"""A sweep in MLflow: a parent run, under which its runs stand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stochgrad.suite.paths import project_root
from stochgrad.suite.tracking.process import is_gone, process_of
from stochgrad.suite.tracking.provenance import collect
from stochgrad.suite.tracking.quiet import MlflowClient
from stochgrad.suite.tracking.reconcile import close_if_gone, search
from stochgrad.suite.tracking.record import Record
from stochgrad.suite.tracking.store import Location, locate, open_experiment
from stochgrad.suite.tracking.tags import own_tags, tagged


@dataclass(frozen=True)
class Sweep:
    """A sweep that has been started.

    Attributes:
        name: unique; the tag ``stochgrad.sweep`` of its runs.
        record: the parent run.
        location: of the store.
        status: before it was started again; None for a new one.
    """

    name: str
    record: Record
    location: Location
    status: str | None = None

    @property
    def run_id(self) -> str:
        """Return the ``parent`` of its runs."""
        return self.record.run_id

    @property
    def tracking_uri(self) -> str:
        """Return where it is recorded."""
        return self.location.tracking_uri

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags of its runs."""
        return {"sweep": self.name}


def start_sweep(
    task: str,
    tags: Mapping[str, str] | None = None,
    location: Location | None = None,
    *,
    title: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Sweep:
    """Create the parent run in the experiment of a task.

    Args:
        task: name.
        title: what the list of runs shows; by default its unique name.
        params: settings that its runs have in common, and those that are swept.
        tags: further tags, such as what is swept.
        location: where to record; by default what :func:`locate` finds.

    Raises:
        ConfigError: if the store cannot be used.
    """
    location = location or locate()
    client, experiment_id = open_experiment(location, task)
    name = f"sweep-{uuid.uuid4().hex[:12]}"
    own = {"sweep": name, "kind": "sweep", **_beginning(), **(tags or {})}
    record = Record.start(client, experiment_id, title or name, own)
    record.log_params(params or {})
    return Sweep(name, record, location)


def find_sweep(task: str, sweep_hash: str, location: Location) -> Sweep | None:
    """Return the newest parent run with a tag ``sweep_hash`` that no living process works at.

    Others with that tag that were left RUNNING by a dead process are closed.
    """
    client, experiment_id = open_experiment(location, task)
    text = f"{tagged('kind', 'sweep')} and {tagged('sweep_hash', sweep_hash)}"
    free = [
        run
        for run in search(client, [experiment_id], text)
        if run.info.status != "RUNNING" or is_gone(process_of(run))
    ]
    for run in free[1:]:
        close_if_gone(client, run)
    if not free:
        return None
    info = free[0].info
    record = Record(client, experiment_id, info.run_id, info.artifact_uri)
    return Sweep(own_tags(free[0])["sweep"], record, location, info.status)


def reopen_sweep(sweep: Sweep, tags: Mapping[str, str]) -> None:
    """Take a parent run up again: it is RUNNING, and this process's."""
    sweep.record.client.update_run(sweep.run_id, status="RUNNING")
    sweep.record.log_tags({**_beginning(), **tags})


def close_orphans(sweep: Sweep) -> None:
    """End the runs of a sweep that dead processes left RUNNING."""
    client: MlflowClient = sweep.record.client
    text = f"{tagged('sweep', sweep.name)} and attributes.status = 'RUNNING'"
    experiments: list[Any] = [e.experiment_id for e in client.search_experiments()]
    for run in search(client, experiments, text):
        close_if_gone(client, run)


def _beginning() -> dict[str, str]:
    return {"status_detail": "running", **collect(project_root()).tags()}
