"""A run recorded through a real tracking server, with its figures and its model."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest

from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.figures import draw
from stochgrad.suite.tracking import track
from tests.services import mlflow_server, reserved_port
from tests.suite.tracking.synthetic import make_config, run_synthetic


@pytest.fixture
def server(tmp_path: Path, empty_database: Path) -> Iterator[str]:
    """The address of a server of its own, stopped at the end."""
    shutil.copy(empty_database, tmp_path / "server.db")
    store = f"sqlite:///{tmp_path}/server.db"
    with reserved_port() as port, mlflow_server(port, store, tmp_path / "server"):
        yield f"http://127.0.0.1:{port}"


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
