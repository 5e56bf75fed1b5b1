"""Moments over drawn stencils against closed forms, and against the estimators themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from stochgrad.backends import get_backend
from stochgrad.random import Purpose, uniforms
from stochgrad.stencils import Target, expand, make_estimator
from stochgrad.theory.moments import STENCILS, TERMS, moments

NUMPY = get_backend("numpy")
CASES: list[tuple[str, dict[str, Any]]] = [
    ("forward", {}),
    ("central_fixed", {}),
    ("richardson", {}),
    ("central", {}),
    ("central", {"jitter": 0.5}),
    ("three_slope", {}),
    ("quadratic", {}),
    ("quadratic", {"min_separation": 0.1}),
    ("regression", {}),
    ("regression", {"degree": 3}),
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_an_estimator_responds_to_powers_as_its_moments_say(
    name: str, options: dict[str, Any]
) -> None:
    """Means over 4,000 estimates of tᵏ at x = 0, h = ε = 1/4, to 5 standard errors of the mean.

    False alarms: 10 cases of 8 powers at 6e-7 each. The floor is rounding.
    """
    rule, draws, repeats, epsilon = make_estimator(name, **options), 10, 4000, 0.25
    found = moments(rule, epsilon, draws)
    assert found is not None
    taken = draws if rule.draws_per_step else 1
    u = uniforms((1, rule.draws_per_step, taken), 7, repeats, Purpose.PROBE)
    steps = {k: s[0] for k, s in rule.steps(u, epsilon, "float64").items()}
    x = np.zeros(repeats)
    for k in range(1, 9):
        target = Target(lambda p, k=k: p**k)
        samples = rule.samples(target, x, expand(steps, 1), np.ones(repeats), NUMPY)
        response = samples.mean(axis=0) / epsilon ** (k - 1)
        # The moments are means over stencils themselves: of a regression over STENCILS / N designs.
        error = response.std(ddof=1) * math.sqrt(1 / repeats + draws / STENCILS)
        assert abs(response.mean() - found.mean[k]) <= 5 * error + 1e-9
        variance = found.covariance[k, k]
        assert response.var(ddof=1) == pytest.approx(variance, rel=0.15, abs=1e-12)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.slow
@pytest.mark.statistical
def test_noise_comes_through_as_its_gain_says(name: str, options: dict[str, Any]) -> None:
    """Variance of 20,000 estimates from values of pure noise, within 10 %.

    Its relative error is √(2/20,000) = 1 % for normal estimates; 1/a and 1/(a − b) have long tails,
    which make it two or three times that.
    """
    rule, draws, repeats, epsilon = make_estimator(name, **options), 10, 20_000, 0.25
    found = moments(rule, epsilon, draws)
    assert found is not None
    rng = np.random.default_rng(3)
    taken = draws if rule.draws_per_step else 1
    u = uniforms((1, rule.draws_per_step, taken), 8, repeats, Purpose.PROBE)
    steps = {k: s[0] for k, s in rule.steps(u, epsilon, "float64").items()}
    target = Target(lambda p: rng.standard_normal(p.shape))
    x = np.zeros(repeats)
    samples = rule.samples(target, x, expand(steps, 1), np.ones(repeats), NUMPY)
    variance = (found.gain + found.shared) / epsilon**2
    assert samples.mean(axis=0).var() == pytest.approx(variance, rel=0.1)


def test_closed_forms() -> None:
    central = moments(make_estimator("central", jitter=0.5), 0.1, 10)
    assert central is not None
    assert central.mean[3] == pytest.approx(1 + 2 * 0.25 / 3, rel=1e-4)
    assert central.covariance[2, 2] == pytest.approx(2 * 0.25 / 3 / 10, rel=1e-3)
    narrow = moments(make_estimator("central"), 1e-6, 10)
    assert narrow is not None
    assert narrow.gain == pytest.approx(1 / 20, rel=1e-9)
    assert math.sqrt(narrow.covariance[2, 2]) == pytest.approx(2e-6 / math.sqrt(60), rel=1e-3)
    slope = moments(make_estimator("three_slope", min_separation=0.0), 0.1, 1)
    assert slope is not None
    assert slope.mean[2] == pytest.approx(2 * 1.01 / 3, rel=1e-3)
    parabola = moments(make_estimator("quadratic", min_separation=0.0), 0.1, 1)
    assert parabola is not None
    assert parabola.mean[3] == pytest.approx(-(1.01**2) / 4, rel=1e-3)


@pytest.mark.parametrize("degree", [1, 3, 5, 7, 9])
def test_the_design_of_a_regression_is_nearly_the_best_there_is(degree: int) -> None:
    """Elfving: none of 2N points has less variance than K²σ²/(2N); the jitter costs a little."""
    found = moments(make_estimator("regression", degree=degree), 0.1, 100)
    assert found is not None
    assert 1 <= found.gain / (degree**2 / 200) <= 1.8
    assert np.allclose(found.mean[1 : degree + 1 : 2], [1] + [0] * (degree // 2), atol=1e-9)
    assert np.allclose(found.mean[::2], 0, atol=1e-14)


def test_what_has_no_formulas_is_not_predicted() -> None:
    assert moments(make_estimator("analytic"), 0.1, 10) is None
    assert TERMS >= 12
