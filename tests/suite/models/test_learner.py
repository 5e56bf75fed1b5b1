"""Gradients of whole networks against TensorFlow's, and the passes in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.backends import get_backend
from stochgrad.random import Purpose
from stochgrad.stencils import make_estimator
from stochgrad.suite.models.fidelity import fidelity
from stochgrad.suite.models.gradients import Batch
from stochgrad.suite.models.initial import Layout, initial_parameters
from stochgrad.suite.models.learner import Learner, Perturbation
from stochgrad.suite.models.losses import LOSSES
from stochgrad.suite.models.optimizers import make_optimizer
from stochgrad.suite.models.perceptron import backward, forward

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(1, 7, 5))
CLASSES = np.eye(3)[RNG.integers(0, 3, 7)][None]


def learner(backend="numpy", **changes):
    fields = {
        "xp": get_backend(backend),
        "layout": Layout((5, 4, 6, 3), bias=True),
        "estimator": make_estimator("analytic"),
        "activation": "tanh",
        "loss": "squared_error",
        "optimizer": make_optimizer("sgd", learning_rate=0.1),
        "dtype": "float64",
        "at_output": False,
        "mean": False,
        "min_scale": 1.0,
    }
    return Learner(**{**fields, **changes})


def parameters(replicates=2):
    return initial_parameters(Layout((5, 4, 6, 3), bias=True), "uniform", 0, replicates, "float64")


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "gelu", "softplus"])
@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy"])
@pytest.mark.parametrize("mean", [False, True])
def test_descent_is_minus_the_gradient_of_the_loss(activation, loss, mean):
    import tensorflow as tf

    xp = get_backend("tensorflow")
    one = learner("tensorflow", activation=activation, loss=loss, mean=mean)
    own = {k: tuple(tf.constant(a) for a in v) for k, v in parameters().items()}
    flat = [*own["weights"], *own["biases"]]
    with tf.GradientTape() as tape:
        tape.watch(flat)
        trace = one.forward(own, tf.constant(INPUTS))
        values = LOSSES[loss].value(trace.output, tf.constant(CLASSES), xp)
        total = tf.reduce_sum(values) / (7 if mean else 1)
    exact = tape.gradient(total, flat)
    descent = one.descent(own, trace, Batch(INPUTS, tf.constant(CLASSES), {}))
    for g, d in zip(exact, [*descent["weights"], *descent["biases"]], strict=True):
        np.testing.assert_allclose(-g.numpy(), d.numpy(), rtol=1e-10, atol=1e-13)


def test_padding_does_not_change_a_step():
    own = parameters()
    one = learner(mean=True)
    trace = one.forward(own, INPUTS)
    plain = one.descent(own, trace, Batch(INPUTS, CLASSES, {}))
    padded_x = np.concatenate([INPUTS, RNG.normal(size=(1, 4, 5))], axis=1)
    padded_y = np.concatenate([CLASSES, np.ones((1, 4, 3))], axis=1)
    mask = np.array([1.0] * 7 + [0.0] * 4)
    padded = Batch(padded_x, padded_y, {"mask": mask})
    masked = one.descent(own, one.forward(own, padded_x), padded)
    for key in plain:
        for a, b in zip(plain[key], masked[key], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_at_output_differentiates_the_activation_at_its_own_value():
    own = {"weights": parameters()["weights"]}
    estimated = learner(
        estimator=make_estimator("central_fixed"), activation="sigmoid", at_output=True
    )
    trace = estimated.forward(own, INPUTS)
    perturbation = Perturbation(1e-5, 1, 0, 2)
    rows = estimated.perturbations(1, perturbation, Purpose.PERTURBATION, 0)["steps"]
    steps = tuple({k: s[0] for k, s in layer.items()} for layer in rows)
    got = estimated.descent(own, trace, Batch(INPUTS, CLASSES, {"steps": steps}))

    values = [1 / (1 + np.exp(-a)) for a in trace.layers[1:]]
    xp = get_backend("numpy")
    want = backward(own, trace, CLASSES - trace.output, [s * (1 - s) for s in values], xp).descent
    for a, b in zip(got["weights"], want["weights"], strict=True):
        assert np.linalg.norm(a - b) <= 1e-9 * np.linalg.norm(b)


@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
def test_forward_is_the_layered_formula(backend):
    xp, own = get_backend(backend), parameters()
    mine = {k: tuple(xp.asarray(a) for a in v) for k, v in own.items()}
    output = xp.to_numpy(forward(mine, xp.asarray(INPUTS), xp.tanh, True, xp).output)
    for r in range(2):
        layer = INPUTS[0]
        for i in range(3):
            layer = layer @ own["weights"][i][r].T + own["biases"][i][r]
            layer = np.tanh(layer) if i < 2 else layer
        np.testing.assert_allclose(output[r], layer, rtol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "tensorflow"])
def test_prediction_in_parts_equals_prediction_at_once(backend):
    one, own = learner(backend), parameters()
    mine = one.start(own)["parameters"]
    inputs = RNG.normal(size=(5000, 5))
    expected = forward(own, inputs[None], np.tanh, False, get_backend("numpy")).output
    np.testing.assert_allclose(one.predict(mine, inputs), expected, rtol=1e-9, atol=1e-12)


def test_exact_gradient_has_cosine_one_and_no_error():
    one, own = learner(), parameters()
    data = {"inputs": INPUTS, "targets": CLASSES}
    found = fidelity(one, one.start(own)["parameters"], data, Perturbation(1e-5, 1, 0, 2), 0)
    assert set(found) == {
        f"gradient_{what}{suffix}"
        for what in ("cosine", "relative_error")
        for suffix in ("", "_layer_1", "_layer_2", "_layer_3")
    }
    np.testing.assert_allclose(found["gradient_cosine"], 1, rtol=1e-14)
    np.testing.assert_array_equal(found["gradient_relative_error"], 0)


def test_fidelity_measures_a_known_error():
    # Forward differences of a parabola-free function: three_slope's relative error is of order ε.
    one = learner(estimator=make_estimator("three_slope"))
    own = one.start(parameters())["parameters"]
    data = {"inputs": INPUTS, "targets": CLASSES}
    coarse, fine = (
        fidelity(one, own, data, Perturbation(e, 10, 0, 2), 0)["gradient_relative_error"]
        for e in (1e-2, 1e-4)
    )
    np.testing.assert_allclose(coarse / fine, 100, rtol=0.1)
