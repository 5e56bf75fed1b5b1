"""A sweep's parent run and its table."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from stochgrad.suite.tracking import (
    Location,
    find_sweep,
    reopen_sweep,
    start_sweep,
    track,
)
from stochgrad.suite.tracking.process import identity
from stochgrad.suite.tracking.tags import own_tags
from tests.suite.tracking.synthetic import make_config, run_synthetic

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_figure")]


def test_children_stand_under_their_sweep(location: Location, tmp_path: Path) -> None:
    sweep = start_sweep("digits", {"swept": "epsilon"})
    assert mlflow.get_run(sweep.run_id).info.status == "RUNNING"
    config = make_config(export=False)
    child = track(config, run_synthetic, parent=sweep.run_id, tags=sweep.tags)
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "summary.csv").write_text("a table\n")
    sweep.record.log_files(tmp_path / "table")
    sweep.record.end("FAILED", "1 of 2 runs finished", "1 run failed")

    parent = mlflow.get_run(sweep.run_id)
    assert parent.info.status == "FAILED"
    assert own_tags(parent)["failure"] == "1 run failed"
    assert own_tags(parent)["kind"] == "sweep"
    assert own_tags(parent)["swept"] == "epsilon"
    found = MlflowClient().search_runs(
        [sweep.record.experiment_id], f"tags.`mlflow.parentRunId` = '{sweep.run_id}'"
    )
    assert [run.info.run_id for run in found] == [child.run_id]
    assert own_tags(found[0])["sweep"] == own_tags(parent)["sweep"] == sweep.name
    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{sweep.run_id}/"))
    assert (folder / "summary.csv").read_text() == "a table\n"


def test_a_sweep_that_broke_off_is_found_and_taken_up_again(location: Location) -> None:
    first = start_sweep("digits", {"sweep_hash": "same"})
    assert find_sweep("digits", "same", location) is None  # this process is at it
    assert find_sweep("digits", "other", location) is None
    first.record.log_tags(
        {"process": json.dumps({**identity(), "started": "1"})}
    )  # of a process of that number, long ago
    second = start_sweep("digits", {"sweep_hash": "same"})
    second.record.end("KILLED", "Ctrl-C", "Ctrl-C")
    found = find_sweep("digits", "same", location)
    assert found is not None
    assert (found.run_id, found.name, found.status) == (second.run_id, second.name, "KILLED")
    assert mlflow.get_run(first.run_id).info.status == "KILLED"
    reopen_sweep(found, {"arguments": "again"})
    again = mlflow.get_run(found.run_id)
    assert (again.info.status, own_tags(again)["arguments"]) == ("RUNNING", "again")
    found.record.end("FINISHED", "done")
    assert mlflow.get_run(found.run_id).info.status == "FINISHED"


def test_two_sweeps_never_share_a_name(location: Location) -> None:
    first, second = start_sweep("digits"), start_sweep("digits")
    assert first.name != second.name
    for sweep in (first, second):
        sweep.record.end("KILLED", "Ctrl-C", "Ctrl-C")
        assert mlflow.get_run(sweep.run_id).info.status == "KILLED"
