"""A run recorded through a real tracking server, with its figures and its model."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest

from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.figures import draw
from stochgrad.suite.tracking import track
from tests.suite.tracking.synthetic import make_config, run_synthetic

START_TIMEOUT = 90.0


@pytest.fixture
def server(tmp_path: Path, empty_database: Path) -> Iterator[str]:
    """The address of a server of its own, stopped at the end."""
    shutil.copy(empty_database, tmp_path / "server.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination", str(tmp_path / "artifacts"),
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    environment |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its processes take seconds to start
    }
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process, tmp_path / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5)
        except OSError:  # not yet listening, or slow to answer
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.mark.slow
def test_a_run_on_a_server(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.chdir(tmp_path)
    tracked = track(make_config(), run_synthetic)
    assert tracked.status == "FINISHED"
    assert tracked.tracking_uri == server
    assert tracked.artifact_uri.startswith("mlflow-artifacts:/")
    assert tracked.result.classification is not None
    expected = tracked.result.classification.predicted[0]
    predicted = mlflow.pyfunc.load_model(tracked.model_uri).predict(load_digits().test.inputs)
    np.testing.assert_array_equal(predicted, expected)
    figures = mlflow.artifacts.list_artifacts(f"runs:/{tracked.run_id}/figures")
    assert {f.path for f in figures} == {
        f"figures/{name}.png" for name in draw(tracked.config, tracked.result)
    }
    assert len(figures) > 3
    assert not list(tmp_path.glob("mlruns"))
    assert not (tmp_path / "mlflow.db").exists()
