"""Corners and jumps at x and beside it, with noise and without."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stochgrad import DerivativeResult, derivative

SEEDS = 60


def differentiate(f: Callable[[Any], Any], x: float, noise: float) -> DerivativeResult:
    rng = np.random.default_rng(1)

    def noisy(t: Any) -> Any:
        return f(t) + noise * rng.standard_normal(np.shape(t))

    return derivative(noisy if noise else f, x, seeds=SEEDS, seed=3)


def relu(t: Any) -> Any:
    return np.maximum(t, 0)


SHAPES: list[tuple[Callable[[Any], Any], float, float, float]] = [
    (lambda t: relu(t) + np.sin(t), 0.0, 1.0, 2.0),
    (lambda t: np.sin(t) + np.abs(t - 1), 1.0, math.cos(1) - 1, math.cos(1) + 1),
    (lambda t: np.sin(t) + 0.5 * (t >= 1), 1.0, math.cos(1), math.cos(1)),
    (lambda t: np.sin(t) + 0.5 * (t > 0), 0.0, 1.0, 1.0),
]


@pytest.mark.statistical
@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-3, 1e-2])
@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_both_slopes_of_a_corner_or_jump_at_x(shape: int, noise: float) -> None:
    """Status 4 in nine of ten replicates, and two standard errors hold 85 % of their slopes.

    Of 60 they hold 57 on average, and 51 or fewer with odds of 1 in 100; draws are fixed. The
    median error is about 25 times the noise; of 60 it scatters by 15 %: 40 is four of that away.
    """
    f, x, left, right = SHAPES[shape]
    found = differentiate(f, x, noise)
    corner = found.status == 4
    assert corner.mean() >= 0.9
    for slope, error, exact in (
        (found.left, found.left_error, left), (found.right, found.right_error, right),
    ):  # fmt: skip
        assert (np.abs(slope - exact) <= 2 * error)[corner].mean() >= 0.85
        assert np.median(np.abs(slope - exact)[corner]) <= max(40 * noise, 1e-12)


@pytest.mark.parametrize("noise", [0.0, 1e-6, 1e-3, 1e-2])
@pytest.mark.parametrize("distance", [1e-3, 1e-2, 0.1, 0.3])
def test_a_corner_beside_x_is_not_missed(distance: float, noise: float) -> None:
    """At most 1 of 10 is silently wrong; draws are fixed."""
    found = differentiate(lambda t: np.sin(t) + relu(t - 1 - distance), 1.0, noise)
    low, high = found.confidence_interval()
    off = np.abs((low + high) / 2 - math.cos(1))
    silent = found.success & (off > 1.5 * (high - low)) & (off > 0.01)
    assert silent.sum() <= SEEDS // 10


@pytest.mark.parametrize("noise", [0.0, 1e-6])
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda t: t + t * np.abs(t), 0.0),
        (lambda t: np.where(np.abs(t) < 1, t * t / 2, np.abs(t) - 0.5), 1.0),
    ],
)
def test_a_bend_at_x_is_a_slope(f: Callable[[Any], Any], x: float, noise: float) -> None:
    """A jump of the curvature leaves the slope of both sides, which 9 of 10 intervals hold."""
    found = differentiate(f, x, noise)
    low, high = found.confidence_interval()
    assert found.success.mean() >= 0.75
    assert ((low <= 1) & (high >= 1))[found.success].mean() >= 0.9
