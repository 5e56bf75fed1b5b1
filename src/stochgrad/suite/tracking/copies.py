"""Copies of records: a run that a sweep counts and that is another's child, under its parent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stochgrad.suite.tracking.quiet import Metric, Param
from stochgrad.suite.tracking.reconcile import search
from stochgrad.suite.tracking.record import PARAMS_AT_ONCE, Record, portions
from stochgrad.suite.tracking.sweeps import Sweep
from stochgrad.suite.tracking.tags import NOTE, PARENT, own_tags, run_page

COPY = "copy_of"
"""Tag of a copy: the id of the run that it is a copy of."""
ABOUT = "Copy of the record of [{name}]({page}), where its files are."


def copy_in(sweep: Sweep, counted: Mapping[str, tuple[str, int]]) -> None:
    """Put every run that is not a child of a sweep's parent in its experiment there, as a copy.

    MLflow gives a run one parent. A copy has the run's settings, final metrics, data sets, status
    and times, but no files, and does not count as a run that is done.

    Args:
        sweep: with the parent.
        counted: name and number in the sweep of each run, by its id in MLflow.
    """
    if not counted:
        return
    client, experiment_id = sweep.record.client, sweep.record.experiment_id
    children = search(client, [experiment_id], f"tags.`{PARENT}` = '{sweep.run_id}'")
    there = {
        run_id
        for run in children
        for run_id in (run.info.run_id, own_tags(run).get(COPY, run.info.run_id))
    }
    for run_id, (name, job) in counted.items():
        if run_id not in there:
            _copy(sweep, client.get_run(run_id), name, job)


def share_datasets(sweep: Sweep, run_ids: Iterable[str]) -> None:
    """Log the data sets of some runs as inputs of their sweep's parent, too."""
    for run_id in run_ids:
        found = sweep.record.client.get_run(run_id).inputs.dataset_inputs
        if found:
            sweep.record.log_inputs(found)


def _copy(sweep: Sweep, run: Any, name: str, job: int) -> None:
    client, info = sweep.record.client, run.info
    about = ABOUT.format(name=info.run_name, page=run_page(info.experiment_id, info.run_id))
    tags = {**sweep.tags, "job": str(job), COPY: info.run_id, NOTE: about}
    record = Record.start(
        client, sweep.record.experiment_id, name, tags, sweep.run_id, info.start_time
    )
    params = [Param(key, value) for key, value in run.data.params.items()]  # shortened already
    for portion in portions(params, PARAMS_AT_ONCE):
        client.log_batch(record.run_id, params=portion)
    record.log_points(Metric(k, v, info.end_time, 0) for k, v in run.data.metrics.items())
    if run.inputs.dataset_inputs:
        record.log_inputs(run.inputs.dataset_inputs)
    client.set_terminated(record.run_id, info.status, info.end_time)
