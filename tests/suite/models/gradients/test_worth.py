"""The signal-to-noise ratio of a gradient, predicted and measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stochgrad.suite.models.initial import Layout
from stochgrad.suite.models.worth import worth
from tests.suite.models.gradients.cases import (
    INPUTS,
    TARGETS,
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
    for row in rows:
        if math.isinf(row["predicted_snr"]):
            assert row["relative_error"] < 1e-12
            continue
        assert row["standard_error"] < 0.1 * row["snr"]
        assert abs(row["snr"] - row["predicted_snr"]) <= 4 * row["standard_error"]
    assert any(np.isfinite(row["predicted_snr"]) for row in rows)
