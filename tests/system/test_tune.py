"""A search, as it is typed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from mlflow.tracking import MlflowClient

from stochgrad.suite.cli.tune import main
from stochgrad.suite.tracking.process import process_of
from tests.services import LONGEST, ROOT

CONF = ROOT / "conf"
SEARCH = [
    "task=digits", "task.epochs=4", "export=false", "num_steps=1", "tune.study=s",
    "optimizer.learning_rate=tag(log,interval(1e-5,3e-2))", "model.hidden=[8],[16]",
]  # fmt: skip
CHEAP = [
    "task=derivative", "task.functions=[sin]", "task.compare_tensorflow=false", "num_steps=2",
    "epsilon=tag(log,interval(1e-6,1e-2))",
]  # fmt: skip


@pytest.fixture
def store(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    uri = f"sqlite:///{shutil.copy(empty_database, tmp_path / 'mlflow.db')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


def test_a_search_prunes_and_goes_on_from_its_storage(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(CONF, [*SEARCH, "tune.trials=5"]) == 0
    assert "5 trials completed, 0 pruned, 0 failed in the study s" in capsys.readouterr().out
    study = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path / 'tune.db'}")
    study.ask()  # as a process that died in its trial leaves it
    study.enqueue_trial({"optimizer.learning_rate": 1e-5, "model.hidden": "[8]"})  # a bad one
    assert main(CONF, [*SEARCH, "tune.trials=8"]) == 0
    said = capsys.readouterr().out
    complete, pruned = re.findall(r"(\d+) trials completed, (\d+) pruned, 0 failed", said)[0]
    assert int(complete) + int(pruned) == 8
    assert int(pruned) >= 1
    client = MlflowClient(store)
    (experiment,) = [e for e in client.search_experiments() if e.name == "digits"]
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = [run for run in runs if run.data.tags.get("stochgrad.kind") == "sweep"]
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert parent.info.status == "FINISHED"
    assert len(children) == 8
    killed = [r for r in children if r.info.status == "KILLED"]
    assert len(killed) == int(pruned)
    assert killed[0].data.tags["stochgrad.failure"].startswith("pruned at epoch ")
    best = study.best_trial
    losses = {r.info.run_id: r.data.metrics["val_loss"] for r in children if r not in killed}
    assert best.value == min(losses.values()) == losses[best.user_attrs["run_id"]]
    assert f"optimizer.learning_rate={best.params['optimizer.learning_rate']!r}" in said
    files = {f.path for f in client.list_artifacts(parent.info.run_id)}
    assert files == {"trials.csv", "trials.parquet", "figures"}


def test_more_trials_are_the_same_search(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = f"sqlite:///{tmp_path / 'tune.db'}"
    for around, trials in (
        (["tune.trials=1"], [1]),
        (["tune.trials=2", f"tune.storage={storage}", "sweep.workers=2"], [2]),
        (["tune.trials=1", "tune.sampler_seed=1"], [1, 2]),
        (["tune.trials=1", "num_steps=3"], [1, 1, 2]),
    ):
        assert main(CONF, [*CHEAP, *around]) == 0
        studies = optuna.get_all_study_summaries(storage)
        assert sorted(study.n_trials for study in studies) == trials
    best = re.findall(r"best +python -m src\.run (.*)", capsys.readouterr().out)
    assert not any("tune." in command or "sweep." in command for command in best)
    assert len(best) == 4


def test_a_password_is_not_recorded(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create = optuna.create_study
    monkeypatch.setattr("optuna.create_study", lambda storage, **how: create(**how))
    assert main(CONF, [*CHEAP, "tune.trials=1", "tune.storage=postgresql://me:s3cret@there/t"]) == 0
    client = MlflowClient(store)
    (parent,) = client.search_runs(["1"], "tags.`stochgrad.kind` = 'sweep'")
    assert parent.data.tags["stochgrad.arguments"].endswith(
        "tune.storage=postgresql://me:***@there/t"
    )
    assert "s3cret" not in str(client.search_runs(["1"]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["seed=1"], "nothing to search over"),
        (["epsilon=interval(-1,1)"], "epsilon=-1.0: must be greater than 0"),
        (["epsilon=interval(1e-5,1)", "tune.metric=test_loss"], "tune.metric=test_loss"),
        (["epsilon=interval(1e-5,1)", "tune.storage=nowhere"], "tune.storage=nowhere"),
        (["epsilon=interval(1e-5,1)", "tune.storage=no://me:s3cret@there"], "no://me:***@there"),
        (["-m", "epsilon=interval(1e-5,1)"], "error: -m: no meaning in a search; leave it out"),
        (
            ["task=digits", "num_steps=1,2", "tune.metric=val_acuracy"],
            "tune.metric=val_acuracy: task=digits with these settings does not have it; allowed: "
            "val_loss, val_accuracy, best_epoch, train_accuracy, train_loss, nfev, forward_passes",
        ),
        (
            ["model.hidden=[4,4],[4]", "tune.metric=gradient_cosine_layer_3"],
            "Did you mean 'gradient_cosine_layer_2'?",
        ),
        (
            ["task=circuit", "epsilon=interval(0.1,1)", "task.estimators=[spsa,central]"],
            "tune.metric=null: task=circuit has none that is usual; allowed: relative_rmse.spsa, "
            "relative_rmse.central",
        ),
        (["task=study", "num_steps=1,2"], "tune.metric=null: task=study"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    said: str,
    store: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("stochgrad.suite.tasks.run", None)  # no trial begins
    assert main(CONF, arguments) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("error: ")
    assert said in complaint
    assert "s3cret" not in complaint
    assert complaint.count("\n") == 1


def test_metrics_of_a_task_that_does_not_tell_them_are_looked_for_in_its_runs(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stochgrad.suite.tasks.metrics", lambda config: ())
    assert main(CONF, [*CHEAP, "tune.trials=1", "tune.metric=bias"]) == 0
    assert main(CONF, [*CHEAP, "tune.trials=1", "tune.metric=biass"]) == 2
    assert "not among the metrics of this task; those are: abs_error" in capsys.readouterr().err


ASKS_AGAIN = """
import sys
from pathlib import Path
from stochgrad.suite.cli.tune import main
from stochgrad.suite.sweep.trials import Trials
ask, asked = Trials._ask, []
def ask_again(self):
    if len(asked) == 1:
        print("again", flush=True)
        sys.stdin.readline()
    asked.append(True)
    return ask(self)
Trials._ask = ask_again
sys.exit(main(Path("conf")))
"""


def test_two_searches_at_once_share_one_budget(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each goes on when both have had a trial."""
    arguments = ["export=false", "task.steps=200", "tune.trials=6", "tune.prune=false"]
    arguments += ["epsilon=tag(log,interval(1e-8,1e-2))", "tune.study=shared"]
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ASKS_AGAIN, *arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in both:
        request.addfinalizer(process.kill)
    for process in both:
        assert process.stdout is not None
        assert "again\n" in iter(process.stdout.readline, "")
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go on\n")
        process.stdin.flush()
    said = [process.communicate(timeout=LONGEST)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("6 trials completed, 0 pruned, 0 failed" in text for text in said)
    study = optuna.load_study(study_name="shared", storage=f"sqlite:///{tmp_path / 'tune.db'}")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 6
    assert len({trial.params["epsilon"] for trial in study.trials}) == 6
    at_trials = {json.loads(trial.user_attrs["process"])["pid"] for trial in study.trials}
    assert at_trials == {process.pid for process in both}


def test_a_search_takes_place_in_workers(store: str, tmp_path: Path) -> None:
    searched = [*SEARCH, "tune.trials=8", "sweep.workers=2"]
    assert main(CONF, searched) == 0
    study = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path / 'tune.db'}")
    assert {trial.state.name for trial in study.trials} <= {"COMPLETE", "PRUNED"}
    assert len(study.trials) == 8
    client = MlflowClient(store)
    (experiment,) = [e for e in client.search_experiments() if e.name == "digits"]
    runs = client.search_runs([experiment.experiment_id], "tags.`stochgrad.study` = 's'")
    pids = {process_of(run)["pid"] for run in runs if "mlflow.parentRunId" in run.data.tags}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CONF, ["--help"]) == 0
    assert "tag(log,interval(1e-8,1e-2))" in capsys.readouterr().out
