"""Predictions against measurements, on functions drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.families import coefficients, composition
from stochgrad import derivative
from stochgrad.backends import get_backend
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import estimate
from stochgrad.theory.prediction import Local, predict

NUMPY = get_backend("numpy")
ESTIMATORS: list[tuple[str, dict[str, Any]]] = [
    ("forward", {}),
    ("central_fixed", {}),
    ("central", {}),
    ("central", {"jitter": 0.5}),
    ("three_slope", {}),
    ("quadratic", {}),
    ("regression", {}),
]
DRAWS, REPEATS = 30, 60


def measured(
    name: str, options: dict[str, Any], f: Any, x: float, epsilon: float, dtype: str, exact: float
) -> float:
    """Return the RMSE over seeds."""
    with np.errstate(all="ignore"):
        found = estimate(
            make_estimator(name, **options), Target(f), np.array(x, dtype),
            epsilon=epsilon, num_steps=DRAWS, seed=0, xp=NUMPY, replicates=REPEATS,
        )  # fmt: skip
    return float(np.sqrt(np.mean((found.mean.astype(float) - exact) ** 2)))


@pytest.mark.statistical
@pytest.mark.slow
def test_predictions_hold_for_functions_drawn_at_random() -> None:
    """Within a factor of 1.5 on 90 % of the cells where it says so, and it says so on 70 %.

    Of 1,680 cells; a wrong formula of any estimator would fail a seventh of them.
    """
    rng = np.random.default_rng(11)
    cells = claimed = right = 0
    for _ in range(6):
        f, x = composition(rng), float(np.float32(rng.uniform(0.2, 2) * rng.choice([-1, 1])))
        beta = coefficients(f, x)
        for dtype, low in (("float32", -5.5), ("float64", -12)):
            # A composition rounds more than once: how much, residuals of a fit tell.
            rounding = float(derivative(f, x, dtype=dtype, seed=0).noise)
            for level in (0.0, 1e-3):
                sigma = level * abs(beta[0])

                def noisy(p: NDArray[Any], f: Any = f, sigma: float = sigma) -> NDArray[Any]:
                    return (f(p) + sigma * rng.standard_normal(p.shape)).astype(p.dtype)

                for name, options in ESTIMATORS:
                    for epsilon in np.logspace(low, -0.5, 10):
                        rule = make_estimator(name, **options)
                        local = Local(x, beta, sigma, rounding)
                        told = predict(rule, local, epsilon, DRAWS, dtype)
                        cells += 1
                        if not told.holds:
                            continue
                        claimed += 1
                        g = noisy if level else f
                        rmse = measured(name, options, g, x, epsilon, dtype, beta[1])
                        right += 1 / 1.5 <= rmse / told.rmse <= 1.5
    assert claimed >= 0.7 * cells
    assert right >= 0.9 * claimed
