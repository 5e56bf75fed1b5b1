"""The parent run of a sweep, and the runs that are found under it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.entities import Run as MlflowRun
from mlflow.tracking import MlflowClient

from stochgrad.suite import tasks
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep import parent
from stochgrad.suite.sweep.launcher import SweepResult, launch
from stochgrad.suite.sweep.ledger import survey
from stochgrad.suite.sweep.plan import plan_sweep
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tracking import locate, track
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.tags import own_tags

pytestmark = pytest.mark.slow
CONF = Path(__file__).resolve().parents[3] / "conf"
TASK = ["task=derivative", "task.functions=[sin]", "task.compare_tensorflow=false"]


@pytest.fixture(scope="module")
def store(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(empty_database, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        yield folder


@pytest.fixture
def client(store: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{store / 'mlflow.db'}")


def measure(config: RunConfig, listener: Listener | None) -> Result:
    assert isinstance(config.epsilon, float)
    error = config.epsilon * config.num_steps
    return Result(seed=0, metrics={"abs_error": error}, headline=("abs_error",), device="none")


class Silent:
    def listener(self, job: object) -> Listener:
        return lambda told: None

    def ended(self, outcome: object) -> None: ...

    def said(self, text: str) -> None: ...


def sweep(*arguments: str, run: Run = measure) -> SweepResult:
    plan = plan_sweep(arguments, CONF)
    for job in plan.jobs:
        tasks.prepare(job.config)
    return launch(plan, survey(plan, locate()), run, Silent())


def children(client: MlflowClient, launched: SweepResult) -> list[MlflowRun]:
    runs = client.search_runs(
        [launched.sweep.record.experiment_id],
        f"tags.mlflow.parentRunId = '{launched.sweep.run_id}'",
    )
    return sorted(runs, key=lambda run: int(own_tags(run)["job"]))


def test_the_parent_says_what_was_swept_and_what_came_of_it(client: MlflowClient) -> None:
    launched = sweep(*TASK, "epsilon=0.5,0.25,1", "num_steps=4,2")
    run = client.get_run(launched.sweep.run_id)
    assert run.info.run_name == "epsilon=0.5,0.25,1 num_steps=4,2"
    assert run.data.params["epsilon"] == "0.5, 0.25, 1.0"
    assert run.data.params["task.functions"] == '["sin"]'
    assert run.data.metrics["abs_error"] == 0.5  # the best
    assert (run.data.metrics["runs"], run.data.metrics["runs_finished"]) == (6, 6)

    def curve(name: str) -> list[tuple[int, float]]:
        found = client.get_metric_history(run.info.run_id, name)
        return sorted((point.step, point.value) for point in found)

    assert curve("abs_error_by_epsilon") == [(0, 0.75), (1, 1.5), (2, 3.0)]
    assert curve("epsilon") == [(0, 0.25), (1, 0.5), (2, 1.0)]
    assert curve("abs_error_by_num_steps") == [(2, 7 / 6), (4, 14 / 6)]
    note = run.data.tags["mlflow.note.content"]
    assert note.count("| FINISHED |") == 6
    best = children(client, launched)[3].info.run_id
    assert re.search(rf"Best: abs_error = 0.5 at \[epsilon=0.25, num_steps=2\]\(\S+{best}", note)
    assert "python -m src.run -m" in note


def test_runs_that_a_sweep_counts_are_under_its_parent(client: MlflowClient) -> None:
    plan = plan_sweep([*TASK, "epsilon=0.125"], CONF)
    alone = track(plan.jobs[0].config, measure)
    first = sweep(*TASK, "epsilon=0.125,0.375")
    assert first.counted == 1
    copy, own = children(client, first)
    assert own_tags(copy)["copy_of"] == alone.run_id
    assert alone.run_id in copy.data.tags["mlflow.note.content"]
    original = client.get_run(alone.run_id)
    assert copy.data.params == original.data.params
    assert copy.data.metrics == original.data.metrics
    assert (copy.info.status, copy.info.end_time) == ("FINISHED", original.info.end_time)
    again = sweep(*TASK, "epsilon=0.375,0.125")  # done, by the parent before
    assert [own_tags(run)["copy_of"] for run in children(client, again)] == [
        own.info.run_id, alone.run_id,
    ]  # fmt: skip
    sweep(*TASK, "epsilon=0.375,0.125")
    assert len(children(client, again)) == 2


def test_runs_of_two_tasks_are_found_together(client: MlflowClient) -> None:
    launched = sweep("task=derivative,xor", "epsilon=0.0625", "export=false")
    first, second = children(client, launched)
    assert first.info.run_name == "task=derivative"
    assert second.info.run_name == "task=xor"
    original = client.get_run(own_tags(second)["copy_of"])
    assert original.info.experiment_id != second.info.experiment_id
    assert original.data.tags["mlflow.parentRunId"] == launched.sweep.run_id


def test_names_differ_where_settings_do(client: MlflowClient) -> None:
    keys = [
        "model.hidden=[8],[9]",
        "seed=1,2",
        "optimizer.learning_rate=1,2",
        "dtype=float32,float64",
    ]
    launched = sweep("task=xor", "export=false", *keys)
    names = [run.info.run_name for run in children(client, launched)]
    assert len(set(names)) == 16
    jobs = launched.plan.jobs
    alone = {track(job.config, measure).run_id for job in jobs[:6]}
    assert len({client.get_run(run_id).info.run_name for run_id in alone}) == 6


def test_the_name_of_a_sweep_of_many_values_counts_them() -> None:
    plan = plan_sweep(["seed=range(0,30)", "epsilon=1e-3,1e-4"], CONF)
    assert parent.title(plan.jobs) == "seed (30) × epsilon (2)"
    assert parent.title(plan_sweep(["seed=1"], CONF).jobs) == "one run"


def test_a_run_whose_files_are_gone_is_not_done(client: MlflowClient, store: Path) -> None:
    first = sweep(*TASK, "epsilon=0.75,0.875")
    shutil.rmtree(store / "mlartifacts")
    again = sweep(*TASK, "epsilon=0.75,0.875")
    assert again.counted == 0
    assert {o.run_id for o in again.outcomes}.isdisjoint(o.run_id for o in first.outcomes)
    assert sweep(*TASK, "epsilon=0.75,0.875").counted == 2


def test_experiments_open_in_the_view_for_training(client: MlflowClient) -> None:
    sweep(*TASK, "epsilon=0.9")
    experiment = client.get_experiment_by_name("derivative")
    assert experiment is not None
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert "task=derivative" in experiment.tags["mlflow.note.content"]
