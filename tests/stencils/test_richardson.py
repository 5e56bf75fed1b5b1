from __future__ import annotations

import numpy as np
import pytest
from scipy.differentiate import derivative

from stochgrad.backends import get_backend
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import estimate

NUMPY = get_backend("numpy")


def find(f: object, x: object, epsilon: float) -> np.ndarray:
    return estimate(
        make_estimator("richardson"), Target(f), np.asarray(x),
        epsilon=epsilon, num_steps=1, seed=0, xp=NUMPY,
    ).mean[0]  # fmt: skip


def test_it_is_scipys() -> None:
    """With a first step that is a power of two, and so already of the form that ours has."""
    theirs = derivative(np.exp, 1.0, initial_step=0.25, order=8, maxiter=1)
    assert find(np.exp, 1.0, 0.25) == theirs.df


def test_its_order_is_eight() -> None:
    epsilons = np.array([1.6, 0.8, 0.4])
    errors = [abs(find(np.exp, 1.0, e) - np.e) for e in epsilons]
    slope, _ = np.polyfit(np.log(epsilons), np.log(errors), 1)
    assert slope == pytest.approx(8, abs=0.2)


def test_in_float32_the_steps_are_those_that_were_meant() -> None:
    """Of a straight line the slope is exact wherever the products are: no rounding of x ± a."""
    x = np.linspace(0.3, 3, 50, dtype=np.float32)
    assert np.abs(find(lambda p: 2 * p, x, 1e-3) - 2).max() <= 2e-6
