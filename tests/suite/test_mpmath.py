"""Numbers of a library that the core's own tests do without."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from stochgrad import derivative


@pytest.mark.parametrize("x", [0.5, [0.0, 0.5, -2.0]], ids=["scalar", "array"])
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("central", 1e-8), ("three_slope", 1e-5), ("quadratic", 1e-8), ("forward", 1e-5)],
)
def test_a_function_of_mpmath(name: str, tolerance: float, x: Any) -> None:
    result = derivative(mpmath.sin, x, estimator=name, epsilon=1e-5, num_steps=100, seed=0)
    assert np.allclose(result.df, np.cos(x), rtol=0, atol=2 * tolerance)
