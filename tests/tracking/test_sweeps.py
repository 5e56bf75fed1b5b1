"""A sweep's parent run and its table."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from stochgrad.tracking import Location, finish_sweep, start_sweep, track
from tests.tracking.synthetic import make_config, run_synthetic

pytestmark = pytest.mark.usefixtures("one_figure")


def test_children_stand_under_their_sweep(location: Location) -> None:
    sweep = start_sweep("digits", {"swept": "epsilon"})
    assert mlflow.get_run(sweep.run_id).info.status == "RUNNING"
    config = make_config(export=False)
    child = track(config, run_synthetic, parent=sweep.run_id, tags=sweep.tags)
    rows = [
        {"epsilon": 1e-5, "run": child.run_id, "test_loss": 0.1 + 0.2},
        {"epsilon": 1e-6, "failure": "a | b"},
    ]
    finish_sweep(sweep, rows, "FAILED", "1 of 2 runs finished", "1 run failed")

    parent = mlflow.get_run(sweep.run_id)
    assert parent.info.status == "FAILED"
    assert parent.data.tags["failure"] == "1 run failed"
    assert parent.data.tags["kind"] == "sweep"
    assert parent.data.tags["swept"] == "epsilon"
    found = MlflowClient().search_runs(
        [sweep.record.experiment_id], f"tags.`mlflow.parentRunId` = '{sweep.run_id}'"
    )
    assert [run.info.run_id for run in found] == [child.run_id]
    assert found[0].data.tags["sweep"] == parent.data.tags["sweep"] == sweep.name
    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{sweep.run_id}/"))
    assert (folder / "summary.csv").read_text() == (
        f"epsilon,run,test_loss,failure\n1e-05,{child.run_id},0.30000000000000004,\n1e-06,,,a | b\n"
    )
    assert (folder / "summary.md").read_text() == (
        "| epsilon | run | test_loss | failure |\n"
        "| --- | --- | --- | --- |\n"
        f"| 1e-05 | {child.run_id} | 0.3 |  |\n"
        "| 1e-06 |  |  | a \\| b |\n"
    )


def test_two_sweeps_never_share_a_name(location: Location) -> None:
    first, second = start_sweep("digits"), start_sweep("digits")
    assert first.name != second.name
    for sweep in (first, second):
        finish_sweep(sweep, [], "KILLED", "Ctrl-C", "Ctrl-C")
        assert mlflow.get_run(sweep.run_id).info.status == "KILLED"
