from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from stochgrad.backends import get_backend
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.differences import Quadratic
from stochgrad.stencils.estimate import estimate
from tests.stencils import algebra
from tests.stencils.test_three_slope import pair

NUMPY = get_backend("numpy")


@settings(max_examples=50)
@given(algebra.coefficients, algebra.points, algebra.steps, algebra.steps)
@pytest.mark.parametrize("division", ["realised", "nominal"])
def test_one_draw_on_a_cubic(division: str, c: Any, x: Any, a: Any, b: Any) -> None:
    """f′ − ab·f‴/6 without a remainder: exact for a parabola."""
    assume(a != b)
    first, _, third = algebra.derivatives(c, x)
    estimator = make_estimator("quadratic", division=division)
    found = algebra.one_draw(estimator, algebra.cubic(c), x, pair(a, b))
    assert found == first - a * b * third / 6


def mean_product(floor: float) -> float:
    """E[ab]/ε² over pairs uniform on [0.01, 1]² with |a − b| ≥ floor.

    With the floor taken out, the pair is uniform on a square of side m: E[min] = m/3,
    E[max] = 2m/3, E[min·max] = m²/4.
    """
    low, m = 0.01, 0.99 - floor
    return low * low + low * m + m * m / 4 + floor * (low + m / 3)


@pytest.mark.parametrize("min_separation", [0, 0.01, 0.3])
def test_bias_on_a_cubic(min_separation: float) -> None:
    """On x³, f‴ = 6: bias −E[ab], from 20,000 draws, to 4 standard errors: false alarm 6e-5.

    It would see a bias off by 3 %.
    """
    epsilon, x = 1e-2, np.array(0.5)
    found = estimate(
        Quadratic(min_separation=min_separation), Target(lambda p: p * p * p), x,
        epsilon=epsilon, num_steps=20_000, seed=2, xp=NUMPY,
    )  # fmt: skip
    error = float(found.mean[0]) - 0.75
    standard_error = float(found.spread[0]) / np.sqrt(20_000)
    predicted = -mean_product(min_separation) * epsilon**2
    assert abs(error - predicted) <= 4 * standard_error
    assert 4 * standard_error < 0.03 * abs(predicted)


def test_far_less_biased_than_three_slope_at_the_same_cost() -> None:
    x, epsilon = np.array(1.0), 1e-3
    error = {}
    for name in ("three_slope", "quadratic"):
        found = estimate(
            make_estimator(name), Target(np.exp), x,
            epsilon=epsilon, num_steps=100, seed=0, xp=NUMPY,
        )  # fmt: skip
        error[name] = abs(float(found.mean[0]) - np.e)
    assert error["three_slope"] == pytest.approx(0.337 * epsilon * np.e, rel=0.2)
    assert error["quadratic"] < epsilon * error["three_slope"]
    assert make_estimator("three_slope").evaluations(7) == make_estimator("quadratic").evaluations(
        7
    )
