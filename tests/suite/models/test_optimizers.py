"""Optimisers against plain loops and TensorFlow's."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.backends import get_backend
from stochgrad.errors import ConfigError
from stochgrad.suite.models.optimizers import make_optimizer

XP = get_backend("numpy")


def follow(optimizer, gradients, start):
    parameters = {"weights": (start,)}
    state = optimizer.init(parameters, XP)
    for g in gradients:
        parameters, state = optimizer.update(parameters, {"weights": (-g,)}, state, XP)
    return parameters["weights"][0]


def test_sgd_adds_the_descent_direction():
    got = follow(
        make_optimizer("sgd", learning_rate=0.5), [np.full((1, 1, 2), 4.0)], np.ones((1, 1, 2))
    )
    np.testing.assert_array_equal(got, np.full((1, 1, 2), -1.0))


def test_adam_is_the_published_algorithm():
    rng = np.random.default_rng(1)
    gradients = rng.normal(size=(20, 1, 3, 2))
    w, m, v = np.ones((1, 3, 2)), 0.0, 0.0
    for t, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - 1e-3 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
    got = follow(make_optimizer("adam"), gradients, np.ones((1, 3, 2)))
    np.testing.assert_allclose(got, w, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sgd", {"learning_rate": 0}, "optimizer.learning_rate=0: must be"),
        ("sgd", {"learning_rate": float("nan")}, "optimizer.learning_rate=nan"),
        ("adam", {"beta_1": 1}, "optimizer.beta_1=1: must be at least 0 and less than 1"),
        ("adam", {"momentum": 0.9}, "optimizer.momentum=0.9: unknown"),
        ("sdg", {}, "Did you mean 'sgd'"),
        ("sgd", {"learning_rate": "fast"}, "optimizer.learning_rate=fast: must be a number"),
    ],
)
def test_wrong_settings_are_named(name, options, message):
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        make_optimizer(name, **options)
