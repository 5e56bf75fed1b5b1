"""Learning rates over a run, and weights that decay."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.backends import get_backend
from stochgrad.suite.models.optimizers import make_optimizer
from stochgrad.suite.models.schedules import SCHEDULES, factors


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_rate_rises_then_falls_in_whatever_blocks_it_is_asked_for(name):
    whole = factors(name, 0, 100, 100, 10)
    parts = [factors(name, first, 25, 100, 10) for first in range(0, 100, 25)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    np.testing.assert_allclose(whole[:10], np.arange(1, 11) / 10)
    assert np.all(np.diff(whole[10:]) <= 0)
    assert 0 <= whole[-1] <= (1 if name == "constant" else 0.02)


def test_half_a_cosine():
    np.testing.assert_allclose(factors("cosine", 0, 5, 4, 0), [1, 0.853553, 0.5, 0.146447, 0], 1e-5)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_weights_decay_and_biases_do_not(name):
    xp = get_backend("numpy")
    own = {"weights": (np.full((1, 2, 2), 3.0),), "biases": (np.full((1, 1, 2), 3.0),)}
    still = {key: tuple(0 * a for a in arrays) for key, arrays in own.items()}
    one = make_optimizer(name, learning_rate=0.5, weight_decay=0.1)
    state = one.init(own, xp)
    for factor, want in ((None, 3 * 0.95), (0.1, 3 * 0.995)):
        moved, _ = one.update(own, still, state, xp, factor)
        np.testing.assert_allclose(moved["weights"][0], want)
        np.testing.assert_array_equal(moved["biases"][0], 3.0)
