"""Statistics of pages: known answers, and intervals that cover as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from stochgrad.suite.tasks.result import Curve
from stochgrad.suite.tasks.statistics import (
    best_epsilons,
    confusion_rows,
    curve_rows,
    digit_rows,
    fraction_interval,
    mean_interval,
    paired_difference,
    rmse_interval,
    smallest,
)

REPEATS = 4000


def test_the_interval_of_a_mean_is_student_s() -> None:
    values = [0.1, 0.4, 0.3, 0.9]
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    found = mean_interval(values, "loss")
    assert found == {
        "loss_mean": pytest.approx(0.425),
        "loss_low": pytest.approx(low),
        "loss_high": pytest.approx(high),
        "loss_n": 4,
    }
    assert mean_interval([0.5]) == {"mean": 0.5, "low": None, "high": None, "n": 1}


def test_the_bounds_of_fractions_are_fractions() -> None:
    found = fraction_interval([0.99, 1.0, 1.0])
    assert found["high"] == 1.0
    assert 0.9 < found["low"] < 0.99


def test_differences_are_paired_by_seed() -> None:
    # The seeds differ by far more than the methods do.
    first = {0: 0.90, 1: 0.50, 2: 0.70, 5: 0.1}
    second = {2: 0.69, 0: 0.88, 1: 0.49, 7: 0.9}
    found = paired_difference(first, second)
    assert found["n"] == 3
    assert found["mean"] == pytest.approx(0.04 / 3)
    assert found["low"] > -0.01
    with pytest.raises(ValueError, match="two shared seeds, and there are 1"):
        paired_difference({0: 1.0, 1: 2.0}, {1: 1.0})


def test_the_interval_of_an_rmse_covers_as_often_as_it_says() -> None:
    """Catches a coverage below 93 % or above 97 %.

    Of 4,000 repeats at a true coverage of 95 % a share outside of that has odds below 1e-8.
    """
    random = np.random.default_rng(0)
    for bias, std in ((0.0, 1.0), (2.0, 1.0)):
        errors = random.normal(bias, std, (REPEATS, 200))
        covered = 0
        for one in errors:
            low, high = rmse_interval(float(one.mean()), float(one.std(ddof=1)), one.size)
            covered += low <= math.hypot(bias, std) <= high
        assert 0.93 < covered / REPEATS < 0.97


def test_without_spread_an_rmse_is_certain() -> None:
    assert rmse_interval(-0.5, 0.0, 200) == (0.5, 0.5)


def test_the_smallest_error_is_one_that_there_is() -> None:
    rows = [{"rmse": v, "at": i} for i, v in enumerate([math.nan, 3.0, None, 1.0, 1.0, math.inf])]
    assert smallest(rows, "rmse") == {"rmse": 1.0, "at": 3}
    assert smallest(rows[:1], "rmse") is None


def test_curves_become_rows_with_positive_bounds_for_losses() -> None:
    at = np.array([1, 2])
    curves = {
        "val_loss": Curve(at, np.array([[1e-3, 1e-1], [1e-3, 1e-2]]), "epoch"),
        "train_accuracy": Curve(at, np.array([[0.5], [0.75]]), "epoch"),
    }
    rows = curve_rows(curves)
    assert [(row["metric"], row["at"], row["n"]) for row in rows] == [
        ("train_accuracy", 1, 1), ("train_accuracy", 2, 1), ("val_loss", 1, 2), ("val_loss", 2, 2)
    ]  # fmt: skip
    assert (rows[0]["mean"], rows[0]["low"]) == (0.5, None)
    assert 0 < rows[2]["low"] < rows[2]["mean"] < rows[2]["high"]


def test_confusions_and_accuracies_are_counted() -> None:
    true = np.array([0, 0, 1, 1, 1])
    predicted = np.array([[0, 1, 1, 1, 0], [0, 0, 1, 1, 1]])
    rows = {(r["true"], r["predicted"]): r for r in confusion_rows(predicted, true, 3)}
    assert [rows[0, j]["count"] for j in range(3)] == [3, 1, 0]
    assert rows[1, 0]["share"] == pytest.approx(1 / 6)
    assert rows[2, 2]["share"] is None
    digits = digit_rows(predicted, true)
    assert [(row["digit"], row["images"], row["mean"]) for row in digits] == [
        (0, 2, 0.75), (1, 3, pytest.approx(5 / 6))
    ]  # fmt: skip


def test_the_best_step_is_the_one_of_the_smallest_measured_error() -> None:
    common = {"exact": -2.0, "std": 0.0, "replicates": 10, "nfev": 2.0, "holds": True}
    errors = {1e-2: 4e-2, 1e-4: 2e-4, 1e-6: 1e-3, 1e-8: math.nan}
    cells = [
        {**common, "estimator": e, "dtype": d, "epsilon": at, "rmse": rmse * f, "bias": -rmse * f,
         "predicted_rmse": 3e-4 if e == "central" else None}
        for e, f in (("central", 1), ("forward", 10))
        for d in ("float32", "float64")
        for at, rmse in errors.items()
    ]  # fmt: skip
    found = {(row["estimator"], row["dtype"]): row for row in best_epsilons(cells)}
    assert len(found) == 4
    best = found["forward", "float64"]
    assert (best["epsilon"], best["relative"], best["predicted"]) == (1e-4, 1e-3, None)
    assert (best["low"], best["high"]) == (1e-3, 1e-3)
    assert found["central", "float32"]["predicted"] == 1.5e-4
