"""What a user types, and what comes of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from stochgrad.suite.cli import main
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.tracking import start_sweep
from stochgrad.suite.tracking.process import identity

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
HEAVY = ("tensorflow", "mlflow", "matplotlib", "sklearn", "pandas")


def command(
    *arguments: str, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Type ``python …`` in another process."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "HYDRA_"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command reads, elsewhere: its store is not the developer's own."""
    root = tmp_path_factory.mktemp("a clone")
    (root / "src").mkdir()
    shutil.copy(ROOT / "src" / "run.py", root / "src")
    shutil.copytree(CONF, root / "conf")
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--cfg", "job"],
        ["-m", "--cfg", "job", "epsilon=1e-5,1e-6"],
        ["--info"],
        ["--completion", "bash"],
        ["epsilon=0"],
    ],
)
def test_what_only_reads_the_configuration_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import runpy, sys\n"
        "try:\n"
        "    runpy.run_module('src.run', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n"
        f"    print('imported:', *(m for m in {HEAVY} if m in sys.modules))\n"
        "    raise\n"
    )
    ended = command("-c", program, *arguments)
    assert ended.stdout.splitlines()[-1] == "imported:"
    assert ended.returncode == (2 if arguments == ["epsilon=0"] else 0)


def test_a_mistake_typed_anywhere_leaves_nothing_behind(clone: Path, tmp_path: Path) -> None:
    ended = command(str(clone / "src" / "run.py"), "estimator=centrall", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(
        r"error: estimator=centrall: unknown estimator; .*Did you mean 'central'\?\n", ended.stderr
    )
    assert not list(tmp_path.iterdir())
    assert sorted(path.name for path in clone.iterdir()) == ["conf", "pyproject.toml", "src"]


def test_a_run_typed_anywhere_is_recorded_in_the_clone(clone: Path, tmp_path: Path) -> None:
    ended = command(
        str(clone / "src" / "run.py"), "task=derivative", "task.compare_tensorflow=false",
        "replicates=2", cwd=tmp_path,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    database = f"sqlite:///{clone / 'mlflow.db'}"
    for line in (
        "task             derivative",
        "estimator        central, epsilon 1e-05, N 100",
        "seed             0 to 1 (2 replicates)",
        f"in               {database}",
    ):
        assert f"  {line}\n" in ended.stdout
    assert (
        "  look             make ui, then http://127.0.0.1:5000/#/experiments/1/runs/"
        in ended.stdout
    )
    (run_id,) = re.findall(r"experiment derivative, run (\w+)\n", ended.stdout)
    run = MlflowClient(database).get_run(run_id)
    assert run.info.status == "FINISHED"
    (error,) = re.findall(r"  abs_error +(\S+)", ended.stdout)
    assert float(error) == pytest.approx(run.data.metrics["abs_error"], rel=1e-3)
    assert not list(tmp_path.iterdir())
    assert not {"outputs", "multirun"} & {path.name for path in clone.iterdir()}


@pytest.fixture(scope="module")
def client(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowClient]:
    database = tmp_path_factory.mktemp("store") / "mlflow.db"
    uri = f"sqlite:///{shutil.copy(empty_database, database)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        mlflow.set_tracking_uri(uri)
        yield MlflowClient(uri)
        mlflow.set_tracking_uri(None)


def sweep_of(client: MlflowClient, printed: str) -> tuple[Run, list[Run]]:
    """Return the parent run that was printed, and its children in order."""
    (parent_id,) = re.findall(r"experiment xor, run (\w+)\n", printed)
    parent = client.get_run(parent_id)
    children = client.search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent_id}'"
    )
    return parent, sorted(children, key=lambda run: int(run.data.tags["stochgrad.job"]))


def test_a_sweep_is_a_parent_with_complete_children(
    client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(CONF, ["-m", "epsilon=1e-5,1e-6", "task.steps=3000"]) == 0
    printed = capsys.readouterr().out
    parent, children = sweep_of(client, printed)
    assert [run.info.status for run in (parent, *children)] == ["FINISHED"] * 3
    assert [run.data.params["epsilon"] for run in children] == ["1e-05", "1e-06"]
    for run in children:
        row = f"{float(run.data.params['epsilon']):g}.*{run.data.metrics['mean_abs_error']:.4g}"
        assert re.search(row, printed)
        (model,) = client.search_logged_models(
            [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
        )
        loaded = mlflow.pyfunc.load_model(f"models:/{model.model_id}")
        truth = load_xor().test
        found = np.abs(loaded.predict(truth.inputs) - truth.labels).mean()
        assert found == pytest.approx(run.data.metrics["mean_abs_error"], rel=1e-9)
        assert not client.list_artifacts(run.info.run_id, "figures")
    capsys.readouterr()
    assert main(CONF, ["figures", parent.info.run_id]) == 0
    named = re.findall(r"run ([0-9a-f]{32}): figures/", capsys.readouterr().out)
    assert named == [run.info.run_id for run in children]
    for run in children:
        drawn = {Path(file.path).stem for file in client.list_artifacts(run.info.run_id, "figures")}
        assert drawn == {"activation", "gradient_fidelity", "loss", "outputs"}


DIVERGING = ["activation=identity", "optimizer.learning_rate=1e200", "export=false"]


def test_a_run_closes_what_a_dead_process_left(client: MlflowClient) -> None:
    gone = {**identity(), "pid": 999999999}
    left = start_sweep("xor", {"process": json.dumps(gone)})
    assert main(CONF, ["task.steps=20", "export=false"]) == 0
    assert client.get_run(left.run_id).info.status == "KILLED"


def test_a_run_that_fails_says_why_in_one_line(
    client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(CONF, ["task.steps=20", *DIVERGING]) == 1
    said = capsys.readouterr()
    assert re.fullmatch(r"error: run FAILED: train_loss is (nan|inf) at step \d+.*\n", said.err)
    (run_id,) = re.findall(r"run (\w+)\n", said.out)
    assert client.get_run(run_id).info.status == "FAILED"


def test_a_sweep_with_a_failing_job_exits_with_1(
    client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["-m", "optimizer.learning_rate=1e200,1e-3", "task.steps=20"]
    assert main(CONF, [*arguments, "activation=identity", "export=false"]) == 1
    said = capsys.readouterr()
    assert re.search(
        r"1 +optimizer.learning_rate=1e\+200 +FAILED +train_loss is (nan|inf) at step", said.err
    )
    parent, children = sweep_of(client, said.out)
    assert [run.info.status for run in (parent, *children)] == ["FAILED", "FAILED", "FINISHED"]


@pytest.mark.parametrize("sweep", [[], ["-m", "seed=0,1"]], ids=["run", "sweep"])
def test_missing_data_is_a_mistake_and_nothing_is_recorded(
    sweep: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    folder = tmp_path / "nowhere"
    data = [f"data.manual_dir='{folder}'", f"data.folder='{tmp_path}'"]
    assert main(CONF, [*sweep, "task=mnist", *data]) == 2
    said = capsys.readouterr()
    assert re.fullmatch(r"error: data.manual_dir=.*nowhere: no such folder; .*\n", said.err)
    assert not list(tmp_path.iterdir())


def test_a_store_that_does_not_answer_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert main(CONF, ["task=derivative"]) == 2
    said = capsys.readouterr()
    assert re.fullmatch(r"error: MLFLOW_TRACKING_URI=http://127.0.0.1:9: .*\n", said.err)
