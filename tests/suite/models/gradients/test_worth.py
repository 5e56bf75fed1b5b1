"""The signal-to-noise ratio of a gradient, predicted and measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.worth import worth
from tests.suite.models.gradients.cases import (
    INPUTS,
    LOCAL_LAYOUTS,
    TARGETS,
    WIDTHS,
    learner,
    parameters,
    perturbation,
)

CASES = {
    "rademacher": ("weight_perturbation", {}, {}),
    "orthogonal": ("weight_perturbation", {"law": "orthogonal"}, {}),
    "spsa": ("weight_perturbation", {"slope": "central"}, {}),
    "activities": ("activity_perturbation", {"law": "gaussian"}, {}),
    "active": ("activity_perturbation", {"units": "active"}, {"activation": "relu"}),
    "plain": (
        "activity_perturbation",
        {"output": "perturbed"},
        {"norms": (), "layout": Layout((5, 8, 4, 3), bias=True)},
    ),
}


def check_ratios(rows):
    """Hold each ratio that is predicted against the measured one: within 4 standard errors."""
    for row in rows:
        if math.isinf(row["predicted_snr"]):
            assert row["relative_error"] < 1e-12
        if not math.isfinite(row["predicted_snr"]):
            continue
        assert row["standard_error"] < 0.1 * row["snr"]
        assert abs(row["snr"] - row["predicted_snr"]) <= 4 * row["standard_error"]


@pytest.mark.statistical
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("directions", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_a_layers_ratio_is_the_predicted_one(case, directions):
    """Within 4 standard errors, at most 10 % each; a false alarm has odds of 6e-5 a layer."""
    name, options, changes = CASES[case]
    one = learner(name, options=options, **changes)
    own = parameters(one, replicates=1)
    p = perturbation(directions, replicates=1)
    data = {"inputs": INPUTS, "targets": TARGETS}
    rows = worth(one, own, INPUTS, TARGETS, data, p, 3000, 0, "start")
    assert [row["layer"] for row in rows] == [1, 2, 3]
    check_ratios(rows)
    assert not any(math.isnan(row["predicted_snr"]) for row in rows)
    assert any(np.isfinite(row["predicted_snr"]) for row in rows)


LOCAL = {
    "weights": ("weight_perturbation", {}, {"norms": ()}),
    "activities": ("activity_perturbation", {"law": "gaussian"}, {}),
    "active": ("activity_perturbation", {"units": "active"}, {"activation": "relu"}),
    "in groups": ("weight_perturbation", {}, {"norms": (4, 2)}),
    "below the output": ("weight_perturbation", {"output": "exact"}, {"norms": ()}),
}


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("case", LOCAL)
@pytest.mark.parametrize("kind", ["shares", "upper", "block"])
def test_a_layers_ratio_is_the_predicted_one_with_local_losses(case, kind):
    """Within 4 standard errors, at most 10 % each; a false alarm has odds of 6e-5 a layer."""
    name, options, changes = LOCAL[case]
    layout = Layout(WIDTHS, (1, 2), bias=True, local=LOCAL_LAYOUTS[kind].local)
    one = learner(name, options=options, layout=layout, **changes)
    own = parameters(one, replicates=1)
    data = {"inputs": INPUTS, "targets": TARGETS}
    rows = worth(one, own, INPUTS, TARGETS, data, perturbation(1, replicates=1), 3000, 0, "start")
    check_ratios(rows)
    # A norm over a whole layer lets its shares depend on each other's directions.
    mixed = kind == "block" and one.norms == (1, 1)
    assert [math.isnan(row["predicted_snr"]) for row in rows] == [mixed, mixed, False]


ON_DIGITS = {
    "weights": ("weight_perturbation", {"law": "gaussian"}),
    "activities": ("activity_perturbation", {"law": "gaussian", "units": "active"}),
}


@pytest.mark.statistical
@pytest.mark.parametrize("case", ON_DIGITS)
def test_the_ratio_is_predicted_within_a_tenth_on_digits(case):
    """64-32-32-10 and a batch of 32; 4 directions 1,000 times.

    The widest error, that of weights, is √(2/4000), 2.2 %; a tenth is four and a half of
    them: a false alarm has odds of 7e-6 a layer.
    """
    name, options = ON_DIGITS[case]
    layout = Layout((64, 32, 32, 10), bias=True)
    one = learner(name, options=options, layout=layout, norms=(), activation="relu", batch=32)
    digits = load_digits().standardized(True)
    inputs = digits.vectors(digits.train, "float64")[None, :32]
    targets = digits.targets(digits.train, "float64")[None, :32]
    data = {"inputs": inputs, "targets": targets, "mask": np.ones(32)}
    own = parameters(one, replicates=1)
    rows = worth(one, own, inputs, targets, data, perturbation(4, replicates=1), 1000, 0, "start")
    for row in rows[: 3 if case == "weights" else 2]:
        assert abs(row["snr"] / row["predicted_snr"] - 1) < 0.1
    assert (rows[2]["predicted_snr"] == math.inf) == (case == "activities")


def test_a_gradient_that_is_zero_has_no_ratio():
    """Below an output layer of zeros."""
    one = learner("activity_perturbation", options={"units": "active"}, activation="relu")
    own = parameters(one, replicates=1)
    own = {**own, "weights": (*own["weights"][:-1], 0 * own["weights"][-1])}
    data = {"inputs": INPUTS, "targets": TARGETS}
    rows = worth(one, own, INPUTS, TARGETS, data, perturbation(1, replicates=1), 3, 0, "start")
    assert [math.isnan(row["predicted_snr"]) for row in rows] == [True, True, False]
