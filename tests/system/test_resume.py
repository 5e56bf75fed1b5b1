"""A run that is killed, and resumed by typing the same command again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from stochgrad.suite import tasks
from stochgrad.suite.cli import main
from stochgrad.suite.config.compose import plan_run

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    "task=digits", "model.hidden=[16,8]", "model.bias=trainable", "optimizer=adam",
    "task.epochs=40", "export=false", "checkpoint_seconds=0", "resume=auto",
]  # fmt: skip
KILLED_AT = """
import os, signal, sys
from pathlib import Path
from stochgrad.suite.cli import main
from stochgrad.suite.tracking.checkpoints import Checkpoints
save, epoch = Checkpoints.save, int(sys.argv.pop(1))
def save_and_die(self, done, state):
    save(self, done, state)
    if done == epoch:
        os.kill(os.getpid(), signal.SIGKILL)
Checkpoints.save = save_and_die
Checkpoints.due = lambda self: True
main(Path("conf"))
"""


def kill_at(epoch: int) -> None:
    """Start the run in another process, which is killed when it has written this checkpoint."""
    program = [sys.executable, "-c", KILLED_AT, str(epoch), *ARGUMENTS]
    ended = subprocess.run(program, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.fixture
def uri(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    found = f"sqlite:///{shutil.copy(empty_database, tmp_path / 'mlflow.db')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", found)
    return found


def test_a_killed_run_is_resumed_by_the_same_command_and_ends_as_if_nothing_had_been(
    uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = tmp_path / "checkpoints"
    kill_at(3)
    kill_at(11)  # itself resumed, and further on
    assert main(ROOT / "conf", ARGUMENTS) == 0
    printed = capsys.readouterr().out
    assert "  resumed          run " in printed
    assert not list(checkpoints.iterdir())

    client = MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("digits").experiment_id])
    newest, middle, oldest = runs
    assert [run.info.status for run in runs] == ["FINISHED", "KILLED", "KILLED"]
    assert newest.data.tags["stochgrad.resumed_from"] == middle.info.run_id
    assert middle.data.tags["stochgrad.resumed_from"] == oldest.info.run_id
    assert oldest.data.tags["stochgrad.resumed_by"] == middle.info.run_id
    history = client.get_metric_history(newest.info.run_id, "val_loss")
    assert [point.step for point in history] == list(range(1, 41))

    whole = tasks.run(plan_run(ARGUMENTS, ROOT / "conf"))
    assert [point.value for point in history] == whole.curves["val_loss"].values[:, 0].tolist()
    assert whole.outputs is not None
    folder = client.download_artifacts(newest.info.run_id, "arrays")
    with np.load(Path(folder) / "predictions.npz", allow_pickle=False) as predictions:
        np.testing.assert_array_equal(predictions["predicted"], whole.outputs.argmax(-1))
    assert newest.data.metrics["test_loss"] == whole.metrics["test_loss"]


def test_a_checkpoint_of_other_settings_is_refused_in_one_line(
    uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoints = tmp_path / "checkpoints"
    kill_at(1)
    (run_id,) = [folder.name for folder in checkpoints.iterdir() if folder.is_dir()]
    assert main(ROOT / "conf", [*ARGUMENTS[:-1], "epsilon=1e-4", f"resume={run_id}"]) == 2
    assert capsys.readouterr().err == (
        f"error: resume={run_id}: that run had other settings: epsilon=1e-05, not 0.0001; "
        "give the same, or start anew without resume=\n"
    )
