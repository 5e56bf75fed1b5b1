"""``stochgrad.hessian``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad import ConfigError, hessian


def f(x: Any) -> Any:
    return np.sin(x[..., 0]) * x[..., 1] ** 2 + np.exp(x[..., 1] * x[..., 2])


def exact(x: Any) -> Any:
    a, b, c = x
    e = np.exp(b * c)
    ab, bc = 2 * b * np.cos(a), (1 + b * c) * e
    return np.array(
        [[-np.sin(a) * b * b, ab, 0], [ab, 2 * np.sin(a) + c * c * e, bc], [0, bc, b * b * e]]
    )


X = np.array([[0.5, 1.2, -0.4], [2.0, -0.7, 1.1]])


def test_elements_and_intervals() -> None:
    found = hessian(f, X[0], seed=0)
    assert found.success.all()
    np.testing.assert_allclose(found.df, exact(X[0]), atol=1e-8)
    np.testing.assert_array_equal(found.df, found.df.T)
    low, high = found.confidence_interval(0.999)
    assert ((low <= exact(X[0])) & (exact(X[0]) <= high)).all()


def test_many_points_at_once() -> None:
    found = hessian(f, X, seed=0)
    assert found.df.shape == (2, 3, 3)
    for x, df in zip(X, found.df, strict=True):
        np.testing.assert_allclose(df, exact(x), atol=1e-8)


def test_noise_is_in_the_error_bars() -> None:
    """Of nine elements at 99.9 % (six of them are independent), all: odds of 6e-3."""
    rng = np.random.default_rng(0)
    noisy = lambda x: f(x) + 1e-4 * rng.standard_normal(x.shape[:-1])  # noqa: E731
    found = hessian(noisy, X[0], seed=0, vectorized=True)
    low, high = found.confidence_interval(0.999)
    assert ((low <= exact(X[0])) & (exact(X[0]) <= high)).all()
    assert (found.standard_error > 1e-5).all()
    assert (found.standard_error < 0.1).all()


def test_scales_apart() -> None:
    g = lambda x: np.sin(x[..., 0] / 1e-4) * np.cos(x[..., 1] / 1e5)  # noqa: E731
    found = hessian(g, [0.7e-4, 0.9e5], seed=0)
    assert found.success.all()
    assert found.df[0, 1] == pytest.approx(-np.cos(0.7) * np.sin(0.9) / 1e-4 / 1e5, rel=1e-6)
    assert found.df[0, 0] == pytest.approx(-np.sin(0.7) * np.cos(0.9) / 1e-8, rel=1e-6)


def test_too_few_evaluations_are_refused() -> None:
    with pytest.raises(
        ConfigError, match="max_evaluations=40: must be 67 or more, ten for each of 6"
    ):
        hessian(f, X[0], max_evaluations=40)


def test_known_noise_has_no_end_of_degrees_of_freedom() -> None:
    found = hessian(lambda x: np.sin(x).sum(axis=-1), [0.3, 1.0], noise=1e-6, seed=0)
    assert np.isinf(found.dof).all()
