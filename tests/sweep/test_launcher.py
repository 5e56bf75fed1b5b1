"""Jobs of a sweep on record: FINISHED, FAILED or KILLED, each alone."""

import csv
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from mlflow.entities import Run as MlflowRun
from mlflow.tracking import MlflowClient

from stochgrad.config import RunConfig
from stochgrad.sweep.launcher import Launched, launch
from stochgrad.sweep.plan import Job, Plan, plan_sweep
from stochgrad.tasks.result import Listener, Progress, Result

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    uri = f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        yield MlflowClient(uri)


def quiet(job: Job) -> AbstractContextManager[Listener]:
    return nullcontext(lambda progress: None)


def measure(config: RunConfig, listener: Listener | None) -> Result:
    """Stand in for a run: fails at ε = 2, breaks at ε = 3, is interrupted at ε = 4."""
    assert listener is not None
    listener(Progress(1, 1, "function"))
    if config.epsilon == 3:
        raise RuntimeError("broken\nbadly")
    if config.epsilon == 4:
        raise KeyboardInterrupt
    return Result(
        seed=0,
        metrics={"abs_error": config.epsilon / 10},
        headline=("abs_error",),
        failure="the estimate is nan" if config.epsilon == 2 else None,
        device="none",
        seconds=0.25,
    )


def plan(epsilons: str) -> Plan:
    return plan_sweep(["task=derivative", f"epsilon={epsilons}"], CONF)


def children(client: MlflowClient, launched: Launched) -> list[MlflowRun]:
    found = client.search_runs(
        [client.get_run(launched.sweep.run_id).info.experiment_id],
        f"tags.mlflow.parentRunId = '{launched.sweep.run_id}'",
    )
    return sorted(found, key=lambda run: int(run.data.tags["job"]))


def table(client: MlflowClient, launched: Launched, folder: Path) -> list[dict[str, str]]:
    path = client.download_artifacts(launched.sweep.run_id, "summary.csv", str(folder))
    return list(csv.DictReader(io.StringIO(Path(path).read_text())))


def test_all_finish(client: MlflowClient, tmp_path: Path) -> None:
    launched = launch(plan("0.5,1"), measure, quiet)
    assert (launched.status, launched.detail) == ("FINISHED", "2 of 2 runs finished")
    parent = client.get_run(launched.sweep.run_id)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["swept"] == "epsilon"
    runs = children(client, launched)
    assert [run.info.status for run in runs] == ["FINISHED", "FINISHED"]
    assert {run.data.tags["sweep"] for run in runs} == {launched.sweep.name}
    assert [run.data.params["epsilon"] for run in runs] == ["0.5", "1.0"]
    rows = table(client, launched, tmp_path)
    assert [(r["job"], r["epsilon"], r["abs_error"], r["status"], r["run_id"]) for r in rows] == [
        ("1", "0.5", "0.05", "FINISHED", runs[0].info.run_id),
        ("2", "1", "0.1", "FINISHED", runs[1].info.run_id),
    ]


def test_the_others_go_on_when_jobs_fail(client: MlflowClient, tmp_path: Path) -> None:
    launched = launch(plan("2,3,1"), measure, quiet)
    assert (launched.status, launched.detail) == ("FAILED", "1 of 3 runs finished")
    assert client.get_run(launched.sweep.run_id).info.status == "FAILED"
    assert [run.info.status for run in children(client, launched)] == [
        "FAILED", "FAILED", "FINISHED",
    ]  # fmt: skip
    assert [outcome.complaint() for outcome in launched.failed] == [
        "job 1 (epsilon=2) FAILED: the estimate is nan",
        "job 2 (epsilon=3) FAILED: RuntimeError: broken badly",
    ]
    rows = table(client, launched, tmp_path)
    assert [row["abs_error"] for row in rows] == ["0.2", "", "0.1"]


def test_an_interrupt_ends_the_sweep(client: MlflowClient, tmp_path: Path) -> None:
    launched = launch(plan("1,4,0.5"), measure, quiet)
    assert isinstance(launched.interrupt, KeyboardInterrupt)
    assert (launched.status, launched.detail) == ("KILLED", "1 of 3 runs finished")
    assert client.get_run(launched.sweep.run_id).info.status == "KILLED"
    assert [run.info.status for run in children(client, launched)] == ["FINISHED", "KILLED"]
    assert [row["status"] for row in table(client, launched, tmp_path)] == ["FINISHED", "KILLED"]
    assert launched.failed[0].complaint() == "job 2 (epsilon=4) KILLED: Ctrl-C"


def test_a_fault_outside_the_jobs_closes_the_parent(client: MlflowClient) -> None:
    def broken(job: Job) -> AbstractContextManager[Listener]:
        raise SystemExit(3)

    before = {run.info.run_id for run in client.search_runs(["1"], "tags.kind = 'sweep'")}
    with pytest.raises(SystemExit):
        launch(plan("1,2"), measure, broken)
    parents = client.search_runs(["1"], "tags.kind = 'sweep'")
    (new,) = [run for run in parents if run.info.run_id not in before]
    assert new.info.status == "FAILED"
