"""Stores that are away: a locked SQLite file, a server that is killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from mlflow.tracking import MlflowClient

from stochgrad.suite import tasks
from stochgrad.suite.cli import main
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tracking.away import Patient
from tests.services import LONGEST, ROOT, mlflow_server, reserved_port, wait_until

CONF = ROOT / "conf"
SHORT = ["export=false", "num_steps=1", "task.steps=200"]
TOLD = 60.0
"""Seconds in which a store that has gone is told; MLflow by itself would retry for minutes."""


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path / "mlflow.db"))


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as found:
        yield found


def test_a_locked_database_costs_a_wait_and_a_line(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Locked by another connection in the middle of a sweep, until the sweep has come upon it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    monkeypatch.setattr("sqlalchemy.sql.text", impatient(sqlalchemy.sql.text))
    compute, wait, waited = tasks.run, Patient._wait, []
    other = ExitStack()

    def locking(config: RunConfig, listener: Listener) -> Result:
        if config.seed == 1:
            connect = sqlite3.connect(database, timeout=LONGEST, isolation_level=None)
            other.enter_context(closing(connect)).execute("BEGIN EXCLUSIVE")
        return compute(config, listener)

    def until_freed(self: Patient, error: Exception) -> None:
        waited.append(str(error))
        other.close()
        wait(self, error)

    monkeypatch.setattr("stochgrad.suite.tasks.run", locking)
    monkeypatch.setattr(Patient, "_wait", until_freed)
    assert main(CONF, ["-m", *SHORT, "seed=range(0,4)"]) == 0
    said = capsys.readouterr()
    assert len(waited) == 1
    assert re.fullmatch(r"sqlite:\S+ has not answered since \d\d:\d\d .*\n", said.err)
    assert "4 of 4 runs finished" in said.out


def impatient(text: Any) -> Any:
    """Of the statements, change the one by which MLflow has SQLite wait for 20 s."""
    return lambda said, *rest, **named: text(said.replace("20000", "500"), *rest, **named)


AT_HALF = """
import sys
from pathlib import Path
from stochgrad.suite.cli import main
from stochgrad.suite.tracking.live import Live
listen = Live.__call__
def at_half(self, told):
    listen(self, told)
    if told.done == 10000:
        self.log_curves(told.curves)
        print("half", flush=True)
        sys.stdin.readline()
Live.__call__ = at_half
sys.exit(main(Path("conf"), sys.argv[1:]))
"""


def test_a_server_that_is_killed_is_told_and_what_had_ended_is_entered_later(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
    database: Path,
    port: int,
) -> None:
    address = f"http://127.0.0.1:{port}"
    store = f"sqlite:///{database}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    arguments = [
        "export=false", "num_steps=1", "task.steps=20000", "seed=7", "checkpoint_seconds=null",
    ]  # fmt: skip
    with mlflow_server(port, store, tmp_path) as server:
        client = MlflowClient(address)
        run = subprocess.Popen(
            [sys.executable, "-c", AT_HALF, *arguments], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        request.addfinalizer(run.kill)
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline() == "half\n"
        (experiment,) = [e for e in client.search_experiments() if e.name == "xor"]
        (found,) = client.search_runs([experiment.experiment_id])
        os.killpg(server.pid, signal.SIGKILL)
        killed = time.monotonic()
        run.stdin.write("go on\n")
        run.stdin.flush()
        line = run.stderr.readline()
        assert time.monotonic() - killed < TOLD
        assert re.match(rf"{address} has not answered since \d\d:\d\d .*Ctrl-C ends", line)
    file = ROOT / "checkpoints" / f"{found.info.run_id}.result"
    request.addfinalizer(lambda: file.unlink(missing_ok=True))
    wait_until(file.exists, lambda: run.poll() is None)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=LONGEST)[1]
    assert run.returncode == 128 + signal.SIGINT
    assert said.count("\n") == 1
    assert f"its results are kept in {file}" in said
    with mlflow_server(port, store, tmp_path):
        assert main(CONF, ["reconcile"]) == 0
        assert "entered from its results on disk" in capsys.readouterr().out
        entered = client.get_run(file.stem)
        assert entered.info.status == "FINISHED"
        assert entered.data.metrics["test_loss"] >= 0
        history = client.get_metric_history(file.stem, "train_loss")
        assert len({point.step for point in history}) == len(history) == 201  # each once
    assert not file.exists()
