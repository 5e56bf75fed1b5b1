"""Stores that are away: a locked SQLite file, a server that is killed."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from stochgrad.suite.cli import main
from tests.system.test_teams import free_port, service

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
SHORT = ["export=false", "num_steps=1", "task.steps=200"]
LOCKED = 23.0
"""Seconds: longer than MLflow has SQLite itself wait, which are 20."""


def test_a_locked_database_costs_a_wait_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    assert main(CONF, [*SHORT, "seed=100"]) == 0
    finished = "select count(*) from runs where status = 'FINISHED'"

    def lock() -> None:
        with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as connection:
            while connection.execute(finished).fetchone()[0] < 4:
                time.sleep(0.02)
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(LOCKED)
            connection.execute("ROLLBACK")

    other = threading.Thread(target=lock)
    other.start()
    capsys.readouterr()
    assert main(CONF, ["-m", *SHORT, "seed=range(0,10)"]) == 0
    other.join()
    said = capsys.readouterr()
    assert re.fullmatch(r"sqlite:\S+ has not answered since \d\d:\d\d .*\n", said.err)
    assert "10 of 10 runs finished" in said.out


def test_a_server_that_is_killed_is_told_and_what_had_ended_is_entered_later(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(tmp_path / "files")]

    def answers() -> bool:
        import requests

        try:
            return bool(requests.get(f"{address}/health", timeout=5).ok)
        except requests.ConnectionError:
            return False

    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    arguments = ["export=false", "num_steps=1", "task.steps=80000", "seed=7"]
    with service(command, tmp_path / "first", answers) as server:
        client = MlflowClient(address)
        run = subprocess.Popen(
            [sys.executable, "-m", "src.run", *arguments], cwd=ROOT, text=True,
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        request.addfinalizer(run.kill)
        assert run.stderr is not None
        while not any(  # until it computes
            found.data.metrics
            for experiment in client.search_experiments()
            for found in client.search_runs([experiment.experiment_id])
        ):
            assert run.poll() is None
            time.sleep(0.1)
        os.killpg(server.pid, signal.SIGKILL)
        killed = time.monotonic()
        line = run.stderr.readline()
        assert time.monotonic() - killed < 15
        assert re.match(rf"{address} has not answered since \d\d:\d\d .*Ctrl-C ends", line)
    kept = ROOT / "checkpoints"
    end = time.monotonic() + 60
    while not list(kept.glob("*.result")):
        assert run.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    (file,) = kept.glob("*.result")
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 128 + signal.SIGINT
    assert said.count("\n") == 1
    assert f"its results are kept in {file}" in said
    with service(command, tmp_path / "second", answers):
        assert main(CONF, ["reconcile"]) == 0
        assert "entered from its results on disk" in capsys.readouterr().out
        entered = client.get_run(file.stem)
        assert entered.info.status == "FINISHED"
        assert entered.data.metrics["test_loss"] >= 0
        history = client.get_metric_history(file.stem, "train_loss")
        assert len({point.step for point in history}) == len(history) == 801  # each once
    assert not file.exists()
