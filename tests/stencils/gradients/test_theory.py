"""Bias and variance of gradient estimators against their formulas, from 2 to 1,000 dimensions.

Odds of a false alarm are stated at each test; the seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.stencils.gradients import GradientEstimator, make_gradient_estimator

from .functions import Cubic

RANDOM: dict[str, GradientEstimator] = {
    "spsa": make_gradient_estimator("spsa"),
    "gaussian_smoothing": make_gradient_estimator("gaussian_smoothing"),
    "forward_gradient": make_gradient_estimator("forward_gradient"),
    "forward_gradient, rademacher": make_gradient_estimator(
        "forward_gradient", tangents="rademacher"
    ),
}
TRACE = {
    "spsa": lambda d: d - 1,
    "gaussian_smoothing": lambda d: d + 1,
    "forward_gradient": lambda d: d + 1,
    "forward_gradient, rademacher": lambda d: d - 1,
}
"""Trace variance of one direction over ‖∇f‖²."""
DIMENSIONS = [2, 30, 1000]


def estimates(
    rule: GradientEstimator, f: Any, epsilon: float, repeats: int, directions: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return estimates, shape ``(repeats, d)``, and the variance of one direction, pooled."""
    x = np.tile(f.x, (repeats, 1))
    found = rule.estimate(f, x, epsilon=epsilon, num_directions=directions, seed=0)
    return found.mean[:, 0], (found.spread[:, 0] ** 2).mean(axis=0)


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.slow
@pytest.mark.statistical
def test_the_mean_is_the_gradient_plus_the_predicted_bias(name: str, dimension: int) -> None:
    """|mean − exact − predicted bias| ≤ 4 standard errors along four directions.

    The step is so large that the bias itself is over 10 standard errors: a wrong factor is seen.
    100 repeats: Student's t is beyond 4 with odds of 1.2e-4, in any of the 54 checks 0.6 %.
    """
    rule, f = RANDOM[name], Cubic(dimension)
    local, epsilon, repeats = f.local(), 0.5, 100
    found, _ = estimates(rule, f, epsilon, repeats, 20_000 // repeats)
    bias = rule.predicted_bias(local, epsilon)
    for direction in (local.gradient, f.w, f.c, np.eye(dimension)[0]):
        assert abs(t_statistic(found - local.gradient - bias, direction)) <= 4
    if rule.perturbs:
        assert abs(t_statistic(found - local.gradient - bias, bias)) <= 4
        assert t_statistic(found - local.gradient, bias) > 10


def t_statistic(errors: NDArray[Any], direction: NDArray[Any]) -> float:
    """Return the mean error along a direction, in standard errors of repeats."""
    along = errors @ (direction / np.linalg.norm(direction))
    return float(along.mean() / along.std(ddof=1) * np.sqrt(len(along)))


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.slow
@pytest.mark.statistical
def test_the_variance_is_the_predicted_one(name: str, dimension: int) -> None:
    """Trace variance within 5 % of the formula.

    The standard deviation of a squared error is 3.0 times its mean or less (two dimensions, normal
    directions), so the mean of 100,000, or of 20,000 in 1,000 dimensions where it is 1.4 times, has
    a standard deviation of 1.0 % or less: 5 % is 5 of those, odds of 6e-7.
    """
    rule, f = RANDOM[name], Cubic(dimension)
    repeats = 100_000 if dimension < 1000 else 20_000
    _, variance = estimates(rule, f, 1e-4, 10, repeats // 10)
    predicted = rule.predicted_variance(f.local(), 1e-4, 1)
    assert variance.sum() == pytest.approx(predicted.sum(), rel=0.05)
    trace = TRACE[name](dimension) * (f.local().gradient ** 2).sum()
    assert predicted.sum() == pytest.approx(trace, rel=1e-12)
    if dimension == 2:
        assert variance == pytest.approx(predicted, rel=0.06)


@pytest.mark.parametrize(("dimension", "directions"), [(2, 1), (2, 10), (1000, 1), (1000, 10)])
@pytest.mark.statistical
def test_the_second_moment_of_spsa(dimension: int, directions: int) -> None:
    """``E‖ĝ‖² = (d + n − 1)/n·‖∇f‖²``, over repeats, within 5 standard errors: odds of 6e-7."""
    f, repeats = Cubic(dimension), 400
    found, _ = estimates(RANDOM["spsa"], f, 1e-4, repeats, directions)
    norms = (found**2).sum(axis=1)
    expected = (dimension + directions - 1) / directions * (f.local().gradient ** 2).sum()
    assert abs(norms.mean() - expected) <= 5 * norms.std(ddof=1) / np.sqrt(repeats)


class Noisy(Cubic):
    """With independent normal noise on every value."""

    def __init__(self, dimension: int, sigma: float) -> None:
        super().__init__(dimension)
        self.sigma, self.rng = sigma, np.random.default_rng(1)

    def __call__(self, points: NDArray[Any]) -> NDArray[Any]:
        exact = super().__call__(points)
        return exact + self.sigma * self.rng.standard_normal(exact.shape)

    def slopes(self, points: NDArray[Any], directions: NDArray[Any]) -> NDArray[Any]:
        exact = super().slopes(points, directions)
        return exact + self.sigma * self.rng.standard_normal(exact.shape)


class NoisyRotations(Noisy):
    """Says of itself what the parameter-shift rule wants to hear."""

    rotations = True


@pytest.mark.parametrize("dimension", [2, 8])
@pytest.mark.parametrize("name", [*RANDOM, "forward", "central", "parameter_shift"])
@pytest.mark.statistical
def test_the_variance_with_noise_is_the_predicted_one(name: str, dimension: int) -> None:
    """Noise σ² on every evaluation, about as large as the spread of directions; trace within 5 %.

    100,000 directions as in the test without noise, or 30,000 estimates without directions, whose
    squared errors have √2 times their mean as their standard deviation: 5 % is 5 or more, odds of
    6e-7.
    """
    rule = RANDOM.get(name) or make_gradient_estimator(name)
    epsilon, f = 0.1, NoisyRotations(dimension, sigma=0.1)
    if rule.random:
        _, variance = estimates(rule, f, epsilon, 1, 100_000)
    else:
        found, _ = estimates(rule, f, epsilon, 30_000, 1)
        variance = found.var(axis=0, ddof=1)
    # Next to the leading term are terms in ε² times third derivatives: 0.1 % here.
    predicted = rule.predicted_variance(f.local(), epsilon, 1, f.sigma**2)
    assert variance.sum() == pytest.approx(predicted.sum(), rel=0.05)


@pytest.mark.parametrize(("name", "order"), [("forward", 1), ("central", 2)])
def test_the_error_of_the_baselines_is_the_predicted_one(name: str, order: int) -> None:
    """Deterministic: to a percent or two at a small step, and of the order that is said."""
    rule, f = make_gradient_estimator(name), Cubic(5)
    local = f.local()
    errors = []
    for epsilon in (1e-3, 1e-4):
        found, _ = estimates(rule, f, epsilon, 1, 1)
        error = found[0] - local.gradient
        assert error == pytest.approx(rule.predicted_bias(local, epsilon), rel=0.02)
        errors.append(np.linalg.norm(error))
    assert np.log10(errors[0] / errors[1]) == pytest.approx(order, abs=0.02)
