"""Predictions against formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stochgrad.stencils import make_estimator
from stochgrad.theory.prediction import Local, best_epsilon, predict


def test_leading_terms_are_the_textbooks() -> None:
    """For exp at 1, h = 1e-3: every derivative is e."""
    local = Local.from_derivatives(1.0, [math.e] * 12, noise=1e-3)
    h, sigma, root = 1e-3, 1e-3, math.sqrt(200)
    for name, bias, std in [
        ("forward", h * math.e / 2, math.sqrt(2) * sigma / h),
        ("central_fixed", h**2 * math.e / 6, sigma / h / math.sqrt(2)),
        ("central", h**2 * math.e / 6, sigma / h / root),
        ("regression", 0.0, 5 * sigma / h / root),
    ]:
        told = predict(make_estimator(name), local, h, 100, "float64")
        assert told.bias == pytest.approx(bias, rel=1e-3, abs=1e-12)
        assert told.std == pytest.approx(std, rel=0.2)
        assert told.holds


def test_few_derivatives_are_enough_where_the_step_is_small() -> None:
    """f … f‴ give the leading term; with a step that they cannot judge, nothing is claimed."""
    sine = Local.from_derivatives(1.0, [math.sin(1), math.cos(1), -math.sin(1), -math.cos(1)])
    rule = make_estimator("central")
    assert predict(rule, sine, 1e-3, 10, "float64").holds
    assert not predict(rule, sine, 2.0, 10, "float64").holds


def test_a_rounding_error_that_all_seeds_share_is_no_prediction() -> None:
    exp = Local.from_derivatives(1.0, [math.e] * 12)
    assert not predict(make_estimator("forward"), exp, 1e-12, 10, "float64").holds
    assert predict(make_estimator("forward"), exp, 1e-4, 10, "float64").holds
    # The notebook's float32 example: its draws hit one or two floats.
    assert not predict(make_estimator("central"), exp, 10**-5.4444, 100, "float32").holds
    assert not predict(make_estimator("analytic"), exp, 1e-4, 10, "float64").holds


def test_the_best_epsilon_is_the_formulas() -> None:
    """``ε* = (R/(√2·A·√N))^(1/3)`` for central with R the rounding of one draw times ε."""
    local = Local.from_derivatives(1.0, [math.e] * 12)
    rule, draws = make_estimator("central", jitter=1e-6), 100
    best, error = best_epsilon(rule, local, draws, "float64", np.logspace(-8, -1, 400))
    r = np.spacing(math.e) / (2 * math.sqrt(6))
    a = math.e / 6
    assert best == pytest.approx((r / (math.sqrt(2) * a * math.sqrt(draws))) ** (1 / 3), rel=0.05)
    assert error == pytest.approx(predict(rule, local, float(best), draws, "float64").rmse)


def test_many_functions_are_predicted_at_once() -> None:
    rng = np.random.default_rng(0)
    beta, noise = rng.normal(size=(8, 5)), rng.uniform(size=5)
    rule = make_estimator("three_slope")
    together = predict(rule, Local(0.7, beta, noise), 1e-2, 10, "float64")
    for i in range(5):
        alone = predict(rule, Local(0.7, beta[:, i], noise[i]), 1e-2, 10, "float64")
        assert together.rmse[i] == pytest.approx(float(alone.rmse), rel=1e-12)
        assert together.holds[i] == alone.holds
