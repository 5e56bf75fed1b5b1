"""A sweep in MLflow: a parent run, under which its runs stand, and the table that compares them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stochgrad.places import project_root
from stochgrad.tasks.result import Row
from stochgrad.tracking.files import write_csv, write_markdown
from stochgrad.tracking.provenance import collect
from stochgrad.tracking.record import Record
from stochgrad.tracking.store import locate, open_experiment


@dataclass(frozen=True)
class Sweep:
    """A sweep that has been started.

    Attributes:
        name: unique; the tag ``sweep`` of its runs.
        record: the parent run.
        tracking_uri: of the store.
    """

    name: str
    record: Record
    tracking_uri: str

    @property
    def run_id(self) -> str:
        """Return the ``parent`` of its runs."""
        return self.record.run_id

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags of its runs."""
        return {"sweep": self.name}


def start_sweep(task: str, tags: Mapping[str, str] | None = None) -> Sweep:
    """Create the parent run in the experiment of a task.

    Args:
        task: name.
        tags: further tags, such as what is swept.

    Raises:
        ConfigError: if the store cannot be used.
    """
    location = locate()
    client, experiment_id = open_experiment(location, task)
    name = f"sweep-{uuid.uuid4().hex[:12]}"
    own = {"sweep": name, "kind": "sweep", "status_detail": "running"}
    own |= {**collect(project_root()).tags(), **(tags or {})}
    return Sweep(name, Record.start(client, experiment_id, name, own), location.tracking_uri)


def finish_sweep(
    sweep: Sweep, rows: list[Row], status: str, detail: str, failure: str | None = None
) -> None:
    """Log the table of runs as ``summary.csv`` and ``summary.md``, and end the parent run.

    Args:
        sweep: to end.
        rows: one for each run.
        status: ``"FINISHED"``, ``"FAILED"`` or ``"KILLED"``.
        detail: in one line, such as how many runs finished.
        failure: why, unless it is FINISHED.
    """
    try:
        with TemporaryDirectory(prefix="stochgrad-") as folder:
            write_csv(rows, Path(folder) / "summary.csv")
            write_markdown(rows, Path(folder) / "summary.md")
            sweep.record.log_files(Path(folder))
    finally:
        sweep.record.end(status, detail, failure)
