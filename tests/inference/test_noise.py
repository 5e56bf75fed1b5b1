"""The noise that a difference table finds, against noise that was put in."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.inference.noise import POINTS, measure_noise, noise_level


@pytest.mark.parametrize("sigma", [1e-8, 1e-4, 1e-1])
def test_added_noise_is_found(sigma: float) -> None:
    """The root mean square over 400 tables is σ within 10 %: about 3 standard errors of 0.25/√400,
    and the order that is taken is not quite independent of the noise."""
    rng = np.random.default_rng(0)
    x = np.full(400, 1.3)
    found = measure_noise(lambda p: np.exp(np.sin(p)) + sigma * rng.standard_normal(p.shape), x, x)
    assert np.sqrt(np.mean(found**2)) == pytest.approx(sigma, rel=0.1)
    assert found.std() / found.mean() < 0.35


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounding_is_found(dtype: str) -> None:
    """A product that is correctly rounded is off by ulp/√12, over points in one binade."""
    x = np.linspace(1.05, 1.35, 200).astype(dtype)
    found = measure_noise(lambda p: p * p, x, x)
    rms = float(np.sqrt(np.mean(found**2)))
    assert rms == pytest.approx(np.finfo(dtype).eps / np.sqrt(12), rel=0.15)


def test_a_function_that_is_far_from_smooth_has_no_level() -> None:
    assert np.isnan(noise_level(np.exp(8.0 * np.arange(POINTS))))


def test_a_constant_has_none() -> None:
    assert noise_level(np.ones((POINTS, 3))).tolist() == [0, 0, 0]
