from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from stochgrad.backends import get_backend
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import Estimate, estimate
from tests.stencils import algebra

NUMPY = get_backend("numpy")


@settings(max_examples=50)
@given(algebra.coefficients, algebra.points, algebra.steps)
def test_forward_on_a_cubic(c: Any, x: Any, step: Any) -> None:
    """f′ + a·f″/2 + a²·f‴/6 without a remainder."""
    a = x * step
    first, second, third = algebra.derivatives(c, x)
    draw = {"offsets": [[[step]]]}
    found = algebra.one_draw(make_estimator("forward"), algebra.cubic(c), x, draw)
    assert found == first + a * second / 2 + a * a * third / 6


@settings(max_examples=50)
@given(algebra.coefficients, algebra.points, algebra.steps)
def test_central_fixed_on_a_cubic(c: Any, x: Any, step: Any) -> None:
    """f′ + a²·f‴/6 without a remainder."""
    a = x * step
    first, _, third = algebra.derivatives(c, x)
    found = algebra.one_draw(
        make_estimator("central_fixed"), algebra.cubic(c), x, {"offsets": [[[step]], [[-step]]]}
    )
    assert found == first + a * a * third / 6


@pytest.mark.parametrize("name", ["forward", "central_fixed"])
def test_nothing_is_random(name: str) -> None:
    x = np.linspace(-2, 2, 9)

    def find(num_steps: int, seed: int) -> Estimate:
        rule, target = make_estimator(name), Target(np.exp)
        return estimate(rule, target, x, epsilon=1e-5, num_steps=num_steps, seed=seed, xp=NUMPY)

    found = [find(1, 0), find(100, 0), find(7, 3)]
    assert all(np.array_equal(found[0].mean, other.mean) for other in found)
    assert all(np.isnan(other.spread).all() for other in found)
    assert all(other.draws.tolist() == [1] for other in found)
