from __future__ import annotations

import numpy as np
import pytest

from stochgrad.backends import Backend, get_backend
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import estimate


@pytest.mark.parametrize("epsilon", [1e-300, 1e-100, 1e-20, 1e-10])
def test_no_cancellation_at_any_step(epsilon: float, xp: Backend) -> None:
    x = np.array([0.3, 1.0, 2.5])
    found = estimate(
        make_estimator("complex_step"), Target(lambda z: xp.exp(xp.sin(z))), x,
        epsilon=epsilon, num_steps=1, seed=0, xp=xp,
    )  # fmt: skip
    assert found.mean.dtype == np.float64
    assert np.allclose(found.mean[0], np.cos(x) * np.exp(np.sin(x)), rtol=1e-14, atol=0)


def test_bias() -> None:
    """−ε²f‴/6, exactly so for a cubic: at ε = 2⁻⁴ nothing is rounded."""
    epsilon, x = 2.0**-4, np.array([0.5, 1.0, -3.0])
    found = estimate(
        make_estimator("complex_step"), Target(lambda z: z * z * z), x,
        epsilon=epsilon, num_steps=1, seed=0, xp=get_backend("numpy"),
    )  # fmt: skip
    assert (found.mean[0] - 3 * x * x).tolist() == [-(epsilon**2)] * 3


def test_a_step_has_to_be_a_normal_number() -> None:
    rule = make_estimator("complex_step")
    assert rule.smallest_epsilon("float32", 1000.0) == np.finfo(np.float32).tiny
    assert rule.smallest_epsilon("float64", 1000.0) == np.finfo(np.float64).tiny
