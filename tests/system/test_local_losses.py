"""A network whose layers learn from losses of their own, by the command that a user types."""

from __future__ import annotations

import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest

from stochgrad.suite.cli import main
from stochgrad.suite.data.digits import load_digits

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.mark.slow
@pytest.mark.system
@pytest.mark.tensorflow
def test_what_local_losses_trained_is_recorded_and_classifies(
    empty_database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The preset reaches 0.95 with each of five seeds; the saved model needs no readouts."""
    monkeypatch.chdir(tmp_path)
    store = f"sqlite:///{shutil.copy(empty_database, tmp_path / 'mlflow.db')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    assert main(CONF, ["experiment=local_losses_digits"]) == 0
    assert "64-64-64-10, relu, local losses [1, 8]" in capsys.readouterr().out
    client = mlflow.MlflowClient(store)
    experiment = client.get_experiment_by_name("digits")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["model.local_losses"] == "[1, 8]"
    accuracy = run.data.metrics["test_accuracy"]
    assert accuracy > 0.9
    (version,) = client.search_logged_models([experiment.experiment_id])
    model = mlflow.pyfunc.load_model(version.model_uri)
    data = load_digits()
    predicted = np.asarray(model.predict(data.test.inputs)).reshape(-1)
    assert (predicted == data.test.labels).mean() == pytest.approx(accuracy)
