"""What MLflow limits or could misread: many values, long ones, NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from stochgrad.suite.tasks.result import Curve
from stochgrad.suite.tracking import Location, open_experiment
from stochgrad.suite.tracking.quiet import Dataset, MlflowException
from stochgrad.suite.tracking.record import LONGEST_VALUE, Record, shorten

pytestmark = pytest.mark.slow  # each needs a database with all its tables


@pytest.fixture
def record(location: Location) -> Record:
    client, experiment = open_experiment(location, "xor")
    return Record.start(client, experiment, "name", {"kind": "test"})


def test_more_values_than_one_request_takes(record: Record) -> None:
    record.log_params({f"key.{i}": i for i in range(150)})
    at = np.arange(0, 15000, 10)
    record.log_curves({"train_loss": Curve(at, np.stack([at, 3.0 * at], axis=1), "step")})
    run = record.client.get_run(record.run_id)
    assert run.data.params == {f"key.{i}": str(i) for i in range(150)}
    history = record.client.get_metric_history(record.run_id, "train_loss")
    assert [(m.step, m.value) for m in history] == [(i, 2.0 * i) for i in at]


def test_final_values_are_the_latest_even_if_smaller(record: Record) -> None:
    record.log_curves({"val_loss": Curve(np.array([1, 2]), np.array([[0.2], [0.9]]), "epoch")})
    record.log_metrics({"val_loss": 0.2}, step=2)
    assert record.client.get_run(record.run_id).data.metrics == {"val_loss": 0.2}


def test_values_that_are_not_finite(record: Record) -> None:
    record.log_metrics({"loss": math.nan, "high": math.inf, "low": -math.inf})
    metrics = record.client.get_run(record.run_id).data.metrics
    assert math.isnan(metrics["loss"])
    assert (metrics["high"], metrics["low"]) == (1.7976931348623157e308, -1.7976931348623157e308)


def test_a_long_value_says_that_it_was_cut(record: Record) -> None:
    points = list(range(10_000))
    record.log_params({"task.points": points})
    logged = record.client.get_run(record.run_id).data.params["task.points"]
    assert logged.startswith("[0, 1, 2")
    assert logged.endswith(f"… ({len(str(points))} characters; the whole is in config.json)")
    assert shorten("x" * LONGEST_VALUE) == "x" * LONGEST_VALUE


def test_an_exception_is_not_hidden_by_trouble_in_recording_it(record: Record) -> None:
    record.client.delete_run(record.run_id)  # MLflow refuses to write to a deleted run
    error = ValueError("the cause")
    record.end_with(error)
    assert any("could not be closed" in note for note in error.__notes__)


def test_a_data_set_that_another_run_enters_at_the_same_moment(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_inputs, refused = record.client.client.log_inputs, []

    def refuse_once(*args: Any) -> None:
        if not refused:
            refused.append(args)
            raise MlflowException("duplicate key", error_code=3)  # BAD_REQUEST
        log_inputs(*args)

    monkeypatch.setattr(record.client.client, "log_inputs", refuse_once)
    record.log_dataset(Dataset("xor", "98c7bc94", "code", "{}"))
    (found,) = record.client.get_run(record.run_id).inputs.dataset_inputs
    assert (found.dataset.name, len(refused)) == ("xor", 1)
