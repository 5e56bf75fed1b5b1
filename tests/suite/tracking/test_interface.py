"""What MLflow's own tools make of a run: data sets, links, evaluation, system metrics, tags."""

from __future__ import annotations

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tracking import Location, track
from tests.services import wait_until
from tests.suite.tracking.synthetic import make_config, run_synthetic

pytestmark = [pytest.mark.usefixtures("one_figure"), pytest.mark.slow]


def test_data_sets_are_inputs_and_metrics_are_of_them_and_of_the_model(location: Location) -> None:
    tracked = track(make_config(), run_synthetic)
    client = MlflowClient(location.tracking_uri)
    (found,) = client.get_run(tracked.run_id).inputs.dataset_inputs
    assert found.dataset.name == load_digits().name
    assert load_digits().sha256().startswith(found.dataset.digest)
    model = mlflow.get_logged_model(str(tracked.model_uri).removeprefix("models:/"))
    measured = {metric.key: metric for metric in model.metrics}
    assert measured["test_loss"].dataset_name == found.dataset.name
    assert measured["test_loss"].dataset_digest == found.dataset.digest


def test_tags_have_one_prefix(location: Location) -> None:
    tracked = track(make_config(export=False), run_synthetic, tags={"sweep": "s"})
    tags = MlflowClient(location.tracking_uri).get_run(tracked.run_id).data.tags
    assert all(key.startswith(("mlflow.", "stochgrad.")) for key in tags)
    assert {key for key in tags if key.startswith("stochgrad.")} == {
        f"stochgrad.{name}"
        for name in (
            "config_hash", "code_hash", "data_sha256", "sweep", "process", "result", "status_detail"
        )
    }  # fmt: skip
    assert "test_loss" in tags["mlflow.note.content"]


def test_mlflow_evaluates_the_model_of_xor(location: Location) -> None:
    tracked = track(make_config("xor"), run_synthetic)
    data = load_xor().test
    found = mlflow.models.evaluate(
        tracked.model_uri, data.inputs, targets=data.labels.astype(float), model_type="regressor",
        evaluator_config={"log_explainer": False},
    )  # fmt: skip
    assert tracked.result.outputs is not None
    error = np.abs(tracked.result.outputs[0, :, 0] - data.labels).mean()
    assert found.metrics["mean_absolute_error"] == pytest.approx(error)
    model = mlflow.pyfunc.load_model(tracked.model_uri)
    np.testing.assert_array_equal(model.input_example, data.inputs)


def test_mlflow_evaluates_a_classifier_of_images(location: Location) -> None:
    tracked = track(make_config(), run_synthetic)
    data = load_digits().test
    rows = {"image": [image.ravel().tolist() for image in data.inputs], "label": data.labels}
    found = mlflow.models.evaluate(
        tracked.model_uri, pd.DataFrame(rows), targets="label", model_type="classifier",
        evaluator_config={"log_explainer": False},
    )  # fmt: skip
    assert tracked.result.classification is not None
    right = (tracked.result.classification.predicted[0] == data.labels).mean()
    assert found.metrics["accuracy_score"] == pytest.approx(right)


def test_system_metrics_are_recorded_if_they_are_asked_for(location: Location) -> None:
    client = MlflowClient(location.tracking_uri)

    def has_them(run: Run) -> bool:
        return any(name.startswith("system/") for name in run.data.metrics)

    def measured() -> bool:
        (experiment,) = [e for e in client.search_experiments() if e.name == "digits"]
        (going,) = client.search_runs([experiment.experiment_id], "status = 'RUNNING'")
        return has_them(going)

    def run(config: RunConfig, listener: Listener | None) -> Result:
        if config.tracking.system_metrics:
            wait_until(measured)
        return run_synthetic(config, listener)

    for wanted in (False, True):
        config = make_config(export=False, tracking={"system_metrics": wanted})
        assert has_them(client.get_run(track(config, run).run_id)) == wanted
