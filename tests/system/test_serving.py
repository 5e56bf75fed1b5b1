"""A registered model, served by MLflow's own server, answering raw images over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from stochgrad.cli import main
from stochgrad.data.digits import load_digits

CONF = Path(__file__).resolve().parents[2] / "conf"
START_TIMEOUT = 180.0
"""Seconds; the server imports TensorFlow."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store in which a name has two versions."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"
    arguments = ["task=digits", "task.epochs=15", "model.hidden=[16]", "register=digit reader"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        assert main(CONF, [*arguments, "seed=1"]) == 0
        assert main(CONF, arguments) == 0
        yield uri


@pytest.fixture
def server(store: str, tmp_path: Path) -> Iterator[str]:
    """The address that answers for the second version, stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/digit reader/2",
        "--env-manager", "local", "--port", str(port),
    ]  # fmt: skip
    log = tmp_path / "server.log"
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    # As in an activated environment, or under `make serve`: MLflow starts uvicorn by its name.
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=file, stderr=file, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + START_TIMEOUT
            while not _is_ready(url):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield url
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/ping", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def ask(url: str, images: np.ndarray) -> np.ndarray:
    """Post raw images; return the classes."""
    request = urllib.request.Request(
        f"{url}/invocations",
        json.dumps({"inputs": images.tolist()}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return np.array(json.load(answer)["predictions"])


def test_the_served_model_has_the_accuracy_that_was_logged(store: str, server: str) -> None:
    client = MlflowClient(store)
    version = client.get_model_version("digit reader", "2")
    run = client.get_run(version.run_id)
    assert run.data.tags["registered_model"] == "digit reader/2"
    test = load_digits().test
    classes = ask(server, test.inputs)
    assert (classes == test.labels).mean() == run.data.metrics["test_accuracy"]
    # Something else than raw uint8 images is refused, not guessed at.
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(server, test.inputs[:2] / 16)
    assert caught.value.code == 400


def test_the_models_folder_is_one_that_tensorflow_serving_reads(store: str) -> None:
    """It serves every numbered folder that holds a ``saved_model.pb``."""
    version = MlflowClient(store).get_model_version("digit reader", "1")
    folder = Path(MlflowClient(store).download_artifacts(version.run_id, "model"))
    versions = [child for child in folder.iterdir() if child.name.isdigit()]
    assert [child.name for child in versions] == ["1"]
    assert {"saved_model.pb", "variables"} <= {child.name for child in versions[0].iterdir()}
