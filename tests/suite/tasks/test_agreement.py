"""Backends train the same network: same draws, same formulas, different arithmetic libraries."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.stencils import ESTIMATORS, make_estimator
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.tasks import run
from tests.suite.tasks.configs import DIGITS, XOR, configure

pytestmark = pytest.mark.slow

ON_BOTH = [name for name in ESTIMATORS if make_estimator(name).backends is None]
PAIRS = {(name, "sigmoid") for name in ON_BOTH} | {("quadratic", name) for name in ACTIVATIONS}
"""Each of both: that all pairs give the same estimates, models/test_agreement.py shows."""
RATES = {"identity": 0.01, "softplus": 0.01, "relu": 0.01, "leaky_relu": 0.01, "silu": 0.01}
"""Unbounded activations diverge on XOR at the notebook's rate of 1."""


def weights(base, **changes):
    # Gradients are not compared here: that would be a second program to compile in every test.
    result = run(configure(base, task={"fidelity_every": 0}, **changes))
    assert result.failure is None
    return result.network.weights


def assert_agree(a, b, relative):
    for u, v in zip(a, b, strict=True):
        assert np.linalg.norm(u - v) <= relative * np.linalg.norm(v)


@pytest.mark.parametrize(("estimator", "activation"), sorted(PAIRS))
@pytest.mark.parametrize("base", [XOR, DIGITS], ids=["xor", "digits"])
def test_numpy_and_tensorflow_agree_on_weights(base, estimator, activation):
    # At ε = 1e-4 the last bit of f, 1e-16, divided by ε is 1e-12; 1e-6 leaves room for its growth
    # over the steps and none for another formula or another draw.
    changes = {"estimator": {"name": estimator}, "activation": activation, "replicates": 2}
    if base is XOR:
        changes["optimizer"] = {"learning_rate": RATES.get(activation, 1.0)}
    else:
        changes["model"] = {"init": "xavier", "reduction": "mean"}
        if activation != "sigmoid":  # each draw of each layer is compiled by itself: two and two do
            changes["num_steps"] = 2
            changes["model"]["hidden"] = [16]
    numpy = weights(base, backend={"name": "numpy"}, **changes)
    tensorflow = weights(base, backend={"name": "tensorflow"}, **changes)
    assert_agree(numpy, tensorflow, 1e-6)


@pytest.mark.parametrize("base", [XOR, DIGITS], ids=["xor", "digits"])
def test_autodiff_agrees_with_the_closed_form(base):
    tensorflow = weights(base, estimator={"name": "autodiff"}, backend={"name": "tensorflow"})
    assert_agree(tensorflow, weights(base, estimator={"name": "analytic"}), 1e-9)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_at_small_epsilon_backends_agree_within_rounding(activation):
    # The derivative's error is the last bit of f over the shortest chord: 2⁻⁵³ / (0.01 ε), averaged
    # over 10 draws; 100 steps that each move a weight by at most 1 add at most 100 such errors.
    bound = 100 * 2**-53 / (0.01 * 1e-8)
    changes = {"epsilon": 1e-8, "activation": activation, "optimizer": {"learning_rate": 0.1}}
    numpy = weights(XOR, backend={"name": "numpy"}, **changes)
    tensorflow = weights(XOR, backend={"name": "tensorflow"}, **changes)
    assert_agree(numpy, tensorflow, bound)


@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
@pytest.mark.parametrize("base", [XOR, DIGITS], ids=["xor", "digits"])
def test_same_seed_gives_the_same_metrics_to_the_last_digit(base, backend):
    first, second = (
        run(configure(base, backend={"name": backend}, replicates=3, seed=7)) for _ in range(2)
    )
    assert first.metrics == second.metrics
    for name, curve in first.curves.items():
        np.testing.assert_array_equal(curve.values, second.curves[name].values)


@pytest.mark.parametrize("base", [XOR, DIGITS], ids=["xor", "digits"])
def test_replicate_r_is_the_run_with_seed_plus_r(base):
    # Draws are the same; a batched product may add up in another order than a single one.
    together = weights(base, replicates=3, seed=5)
    for r in range(3):
        alone = weights(base, replicates=1, seed=5 + r)
        assert_agree([w[r : r + 1] for w in together], alone, 1e-9)
