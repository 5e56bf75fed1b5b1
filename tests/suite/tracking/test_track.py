"""A run and its record: what is logged, and which status it ends with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.data.xor import load_xor
from stochgrad.suite.figures import draw, save
from stochgrad.suite.models.export import ExportError
from stochgrad.suite.tasks.result import Curve, Listener, Progress, Result
from stochgrad.suite.tracking import Location, Terminated, TrackedRun, redraw, track
from stochgrad.suite.tracking.tags import own_tags
from tests.services import LONGEST
from tests.suite.tracking.synthetic import make_config, run_synthetic

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_figure")]


def fetch(location: Location, run_id: str) -> Run:
    return MlflowClient(location.tracking_uri).get_run(run_id)


def only_run(location: Location, task: str = "digits") -> Run:
    client = MlflowClient(location.tracking_uri)
    experiment = client.get_experiment_by_name(task)
    [run] = client.search_runs([experiment.experiment_id])
    return run


def files_of(location: Location, run_id: str) -> set[str]:
    root = Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/"))
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def tracked(location: Location) -> TrackedRun:
    return track(make_config(), run_synthetic, tags={"sweep": "sweep-1"})


def test_a_run_is_recorded_completely(location: Location, tracked: TrackedRun) -> None:
    run = fetch(location, tracked.run_id)
    assert run.info.status == tracked.status == "FINISHED"
    assert run.info.experiment_id == tracked.experiment_id
    params = run.data.params
    assert params["estimator.name"] == "quadratic"
    assert params["epsilon"] == "1e-05"
    assert params["model.hidden"] == "[8]"
    assert set(params) == set(tracked.config.flat())
    tags = own_tags(run)
    assert tags["config_hash"] == tracked.config.config_hash()
    assert tags["data_sha256"] == load_digits().sha256()
    assert tags["sweep"] == "sweep-1"
    assert json.loads(tags["process"])["pid"] == os.getpid()
    assert json.loads(tags["result"])["device"] == "CPU"
    assert tags["status_detail"].startswith("saved model loaded back: 360 predictions agree")
    # A temporary folder is no repository.
    assert not [key for key in run.data.tags if "git" in key]
    assert "failure" not in tags
    files = files_of(location, tracked.run_id)
    assert {
        "config.json", "provenance.json", "tables/replicates.csv", "arrays/curves.npz",
        "arrays/predictions.npz", "figures/empty.png",
    } == files  # fmt: skip


def test_figures_drawn_from_the_record_are_those_that_the_run_drew(
    location: Location, tracked: TrackedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", location.tracking_uri)
    [(run_id, names)] = redraw(location, tracked.run_id)
    assert run_id == tracked.run_id
    assert {f"figures/{name}.png" for name in names} < files_of(location, run_id)
    save(draw(tracked.config, tracked.result), location.checkpoints)
    folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/figures"))
    expected = {p.name: p.read_bytes() for p in location.checkpoints.glob("*.png")}
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.stem != "empty"} == expected
    assert len(expected) == len(names) > 3
    with pytest.raises(ConfigError, match=r"figures 0+: no such run in .*; name one by"):
        list(redraw(location, "0" * 32))


def test_curves_are_means_over_replicates_and_final_values_come_last(
    location: Location, tracked: TrackedRun
) -> None:
    client = MlflowClient(location.tracking_uri)
    history = client.get_metric_history(tracked.run_id, "train_loss")
    assert [(m.step, m.value) for m in history] == [(1, 1.5), (2, 3.0), (3, 4.5), (3, 4.5)]
    metrics = fetch(location, tracked.run_id).data.metrics
    assert metrics["test_loss"] == 0.25
    assert metrics["val_accuracy"] == pytest.approx(3 * (1 / 4 + 1 / 8) / 2)
    folder = mlflow.artifacts.download_artifacts(f"runs:/{tracked.run_id}/arrays")
    curves = np.load(Path(folder) / "curves.npz", allow_pickle=False)
    np.testing.assert_array_equal(curves["train_loss.values"], [[1, 2], [2, 4], [3, 6]])


def test_the_model_loads_by_mlflow_and_by_tensorflow(
    location: Location, tracked: TrackedRun
) -> None:
    import tensorflow as tf

    images = load_digits().test.inputs
    assert tracked.result.classification is not None
    expected = tracked.result.classification.predicted[0]
    for uri in (tracked.model_uri, f"runs:/{tracked.run_id}/model"):
        np.testing.assert_array_equal(mlflow.pyfunc.load_model(uri).predict(images), expected)
    folder = mlflow.artifacts.download_artifacts(f"runs:/{tracked.run_id}/model")
    model = tf.saved_model.load(str(Path(folder) / "1"))
    np.testing.assert_array_equal(model(images), expected)
    native = mlflow.tensorflow.load_model(tracked.model_uri)
    np.testing.assert_array_equal(native(images), expected)
    logged = mlflow.get_logged_model(str(tracked.model_uri).removeprefix("models:/"))
    assert (logged.name, logged.status, logged.source_run_id) == ("model", "READY", tracked.run_id)
    assert {m.key: m.value for m in logged.metrics}["test_loss"] == 0.25
    assert not list(Path(folder).rglob("*.pkl")) + list(Path(folder).rglob("*pickle*"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_model_of_xor_loads_too(location: Location, dtype: str) -> None:
    tracked = track(make_config("xor", dtype=dtype), run_synthetic)
    assert tracked.status == "FINISHED"
    assert tracked.result.outputs is not None
    predicted = mlflow.pyfunc.load_model(tracked.model_uri).predict(load_xor().test.inputs)
    assert predicted.dtype == dtype
    np.testing.assert_allclose(predicted, tracked.result.outputs[0, :, 0], rtol=1e-6)


def test_a_fresh_seed_is_recorded_before_the_run_starts(location: Location) -> None:
    seen: list[int | None] = []

    def run(config: RunConfig, listener: Listener | None) -> Result:
        seen.append(config.seed)
        assert only_run(location).data.params["seed"] == str(config.seed)
        assert only_run(location).info.status == "RUNNING"
        return run_synthetic(config)

    tracked = track(make_config(seed=None, export=False), run)
    assert seen == [tracked.config.seed]
    assert seen[0] is not None
    config = Path(mlflow.artifacts.download_artifacts(f"runs:/{tracked.run_id}/config.json"))
    assert json.loads(config.read_text())["seed"] == seen[0]


def test_without_export_there_is_no_model(location: Location) -> None:
    tracked = track(make_config(export=False), run_synthetic)
    assert (tracked.status, tracked.model_uri) == ("FINISHED", None)
    assert "export=false" in own_tags(fetch(location, tracked.run_id))["status_detail"]


def test_a_run_that_starts_anew_in_spite_of_resume_says_why(location: Location) -> None:
    said: list[str] = []
    config = make_config(export=False, resume="auto")
    run = fetch(location, track(config, run_synthetic, say=said.append).run_id)
    assert said == ["resume=auto: starts anew: there is no checkpoint of these settings"]
    assert own_tags(run)["not_resumed"] in said[0]


def test_an_active_run_or_a_run_id_in_the_environment_has_no_say(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = track(make_config(export=False), run_synthetic)
    monkeypatch.setenv("MLFLOW_RUN_ID", parent.run_id)
    child = track(make_config(export=False), run_synthetic, parent=parent.run_id)
    assert child.run_id != parent.run_id
    assert fetch(location, child.run_id).data.tags["mlflow.parentRunId"] == parent.run_id
    assert mlflow.active_run() is None


def test_the_listener_is_passed_on(location: Location) -> None:
    heard: list[Progress] = []
    track(make_config(export=False), run_synthetic, listener=heard.append)
    assert [p.done for p in heard] == [3]


def test_a_diverged_run_is_failed_with_what_it_measured(location: Location) -> None:
    def diverge(config: RunConfig, listener: Listener | None) -> Result:
        result = run_synthetic(config)
        values = np.array([[1.0, 1.0], [np.nan, 2.0]])
        curves = {"train_loss": Curve(np.array([1, 2]), values, "epoch")}
        reason = "train_loss is NaN at step 2 in replicate 0"
        return replace(result, curves=curves, metrics={}, failure=reason, classification=None)

    tracked = track(make_config(), diverge)
    assert (tracked.status, tracked.model_uri) == ("FAILED", None)
    run = fetch(location, tracked.run_id)
    assert run.info.status == "FAILED"
    assert own_tags(run)["failure"] == "train_loss is NaN at step 2 in replicate 0"
    history = MlflowClient(location.tracking_uri).get_metric_history(tracked.run_id, "train_loss")
    assert [m.value for m in history] == pytest.approx([1.0, np.nan], nan_ok=True)
    assert "figures/empty.png" in files_of(location, tracked.run_id)


def test_an_exception_fails_the_run_and_is_raised_again(location: Location) -> None:
    def crash(config: RunConfig, listener: Listener | None) -> Result:
        raise ZeroDivisionError("by nothing")

    with pytest.raises(ZeroDivisionError):
        track(make_config(), crash)
    run = only_run(location)
    assert run.info.status == "FAILED"
    assert own_tags(run)["failure"] == "ZeroDivisionError: by nothing"
    assert files_of(location, run.info.run_id) == {
        "config.json", "provenance.json", "traceback.txt",
    }  # fmt: skip


def test_a_model_that_predicts_something_else_fails_the_run(location: Location) -> None:
    def mix_up(config: RunConfig, listener: Listener | None) -> Result:
        result = run_synthetic(config)
        assert result.outputs is not None
        return replace(result, outputs=result.outputs[::-1])

    with pytest.raises(ExportError):
        track(make_config(), mix_up)
    run = only_run(location)
    assert run.info.status == "FAILED"
    assert own_tags(run)["failure"].startswith("ExportError: saved model: ")
    assert run.data.metrics["test_loss"] == 0.25
    [model] = mlflow.search_logged_models([run.info.experiment_id], output_format="list")
    assert model.status == "FAILED"


@pytest.mark.parametrize(
    ("number", "error", "reason"),
    [(signal.SIGTERM, Terminated, "SIGTERM"), (signal.SIGINT, KeyboardInterrupt, "Ctrl-C")],
)
def test_a_signal_kills_the_run(
    location: Location, number: int, error: type[BaseException], reason: str
) -> None:
    before = signal.getsignal(number)

    def wait(config: RunConfig, listener: Listener | None) -> Result:
        os.kill(os.getpid(), number)
        threading.Event().wait(LONGEST)
        pytest.fail("the signal had no effect")

    with pytest.raises(error):
        track(make_config(), wait)
    run = only_run(location)
    assert (run.info.status, own_tags(run)["failure"]) == ("KILLED", reason)
    assert run.info.end_time is not None
    assert signal.getsignal(number) == before


def test_a_terminated_process_records_it_and_exits_like_one(location: Location) -> None:
    code = """
import sys, time
from stochgrad.suite.tracking import track
from tests.suite.tracking.synthetic import make_config
def wait(config, listener):
    print("started", flush=True)
    while True:  # a signal just before a sleep is seen after it
        time.sleep(0.1)
track(make_config(), wait)
"""
    root = Path(__file__).parents[3]
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(root)}
    environment.pop("PYTEST_CURRENT_TEST", None)
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LONGEST) == 128 + signal.SIGTERM
    assert only_run(location).info.status == "KILLED"
