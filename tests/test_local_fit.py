"""The polynomial through the evaluations, against NumPy's and against what is known."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.local_fit import fit


def test_it_is_numpys_least_squares_slope() -> None:
    rng = np.random.default_rng(0)
    t = rng.uniform(-0.01, 0.01, (40, 7))
    y = np.exp(t) + 1e-3 * rng.standard_normal(t.shape)
    found = fit(t, y, np.ones(7))
    for i in range(7):
        degree = int(found.degree[i])
        expected, covariance = np.polyfit(t[:, i], y[:, i], degree, cov="unscaled")
        assert found.slope[i] == pytest.approx(expected[-2], rel=1e-9)
        told = found.noise[i] * np.sqrt(covariance[-2, -2])
        assert found.error[i] == pytest.approx(told, rel=1e-6)


def test_noise_decides_the_degree() -> None:
    """A straight line where noise hides everything else, and more where it does not."""
    rng = np.random.default_rng(1)
    t = rng.uniform(-0.02, 0.02, (60, 50))
    degrees = [
        np.median(fit(t, np.exp(t) + s * rng.standard_normal(t.shape), np.ones(50)).degree)
        for s in (1e-1, 1e-5, 1e-9)
    ]
    assert degrees[0] == 1
    assert degrees[0] < degrees[1] < degrees[2]


def test_two_clusters_as_narrow_as_rounding_are_two_points() -> None:
    """Central differences whose steps hardly vary: slope (y₊ − y₋)/2h, with noise of either."""
    rng = np.random.default_rng(2)
    side = np.repeat([-1.0, 1.0], 50)[:, None] * np.ones(400)
    t = 1e-6 * side * (1 + 1e-16 * rng.uniform(size=side.shape))
    y = 3 * t + 1e-8 * rng.standard_normal(t.shape)
    found = fit(t, y, np.ones(400))
    assert np.median(found.degree) == 1
    assert found.slope.std() == pytest.approx(1e-8 / (1e-6 * 10), rel=0.15)
    assert np.sqrt(np.mean(found.error**2)) == pytest.approx(found.slope.std(), rel=0.15)


def test_what_is_no_polynomial_is_told() -> None:
    t = np.random.default_rng(3).uniform(-1, 1, (80, 5))
    assert (fit(t, np.sin(40 * t), np.ones(5)).truncation > 1).all()


def test_noise_that_is_known_is_used() -> None:
    t = np.random.default_rng(4).uniform(-1, 1, (80, 5)) * 1e-3
    found = fit(t, np.exp(t), np.ones(5), 0.5)
    assert np.isinf(found.freedom).all()
    assert np.allclose(found.noise, 0.5, rtol=1e-15)


@pytest.mark.parametrize("shape", [(), (0,), (3, 2)])
def test_shapes(shape: tuple[int, ...]) -> None:
    t = np.random.default_rng(5).uniform(-1, 1, (30, *shape)) * 1e-2
    found = fit(t, np.exp(t), np.ones(shape))
    assert found.slope.shape == found.degree.shape == shape
    assert np.allclose(found.slope, 1, atol=1e-9)


def test_values_that_are_not_finite_have_no_slope() -> None:
    t = np.linspace(-1, 1, 30)[:, None] * 1e-2
    y = np.exp(t)
    y[3] = np.nan
    assert np.isnan(fit(t, y, np.ones(1)).slope).all()
