"""A registered model, served by MLflow's own server, answering raw images over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mlflow.tracking import MlflowClient

from stochgrad.suite.cli import main, serve
from stochgrad.suite.data.digits import load_digits
from tests.services import LONGEST, ROOT, answers, reserved_port, wait_until

CONF = ROOT / "conf"


@pytest.fixture(scope="module")
def store(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store in which a name has two versions."""
    database = tmp_path_factory.mktemp("store") / "mlflow.db"
    uri = f"sqlite:///{shutil.copy(empty_database, database)}"
    arguments = ["task=digits", "task.epochs=15", "model.hidden=[16]", "register=digit reader"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        assert main(CONF, [*arguments, "seed=1"]) == 0
        assert main(CONF, arguments) == 0
        yield uri


@pytest.fixture
def server(store: str, tmp_path: Path) -> Iterator[str]:
    """The address that answers for the second version, stopped by Ctrl-C at the end, quietly."""
    log = tmp_path / "server.log"
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    with reserved_port() as port, log.open("wb") as file:
        command = [sys.executable, "-m", "src.serve", str(port), "digit reader/2"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=file, stderr=file, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: answers(f"{url}/ping") or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield url
            process.send_signal(signal.SIGINT)
            assert process.wait(LONGEST) == 0
            assert "Traceback" not in log.read_text()
            assert not answers(f"{url}/ping")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(LONGEST)


def ask(url: str, images: np.ndarray) -> np.ndarray:
    """Post raw images; return the classes."""
    request = urllib.request.Request(
        f"{url}/invocations",
        json.dumps({"inputs": images.tolist()}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=LONGEST) as answer:
        return np.array(json.load(answer)["predictions"])


def test_the_served_model_has_the_accuracy_that_was_logged(store: str, server: str) -> None:
    client = MlflowClient(store)
    version = client.get_model_version("digit reader", "2")
    run = client.get_run(version.run_id)
    assert run.data.tags["stochgrad.registered_model"] == "digit reader/2"
    test = load_digits().test
    classes = ask(server, test.inputs)
    assert (classes == test.labels).mean() == run.data.metrics["test_accuracy"]
    # Images of another size are refused, not cut up into ones that fit.
    with pytest.raises(urllib.error.HTTPError):
        ask(server, test.inputs[:, :4])


def test_a_model_that_is_not_there_is_one_line_with_those_that_are(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for model, reason in (("nope/1", "name=nope not found"), ("digit reader/7", "version=7")):
        with reserved_port() as port:
            assert serve.main(CONF, [str(port), model]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"error: MODEL={model}: cannot be served (")
        assert reason in said.err
        assert said.err.endswith("; there are: digit reader/1, digit reader/2\n")


@pytest.mark.parametrize("port", ["99999", "0", "5000.5", "busy"])
def test_a_port_that_cannot_be_had_is_one_line(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///never opened.db")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        given = str(other.getsockname()[1]) if port == "busy" else port
        assert serve.main(CONF, [given]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: PORT={given}: ")
    assert said.err.count("\n") == 1


def test_the_models_folder_is_one_that_tensorflow_serving_reads(store: str) -> None:
    """It serves every numbered folder that holds a ``saved_model.pb``."""
    version = MlflowClient(store).get_model_version("digit reader", "1")
    folder = Path(MlflowClient(store).download_artifacts(version.run_id, "model"))
    versions = [child for child in folder.iterdir() if child.name.isdigit()]
    assert [child.name for child in versions] == ["1"]
    assert {"saved_model.pb", "variables"} <= {child.name for child in versions[0].iterdir()}
