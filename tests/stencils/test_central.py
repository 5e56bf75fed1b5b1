from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.errors import ConfigError
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.differences import Central
from stochgrad.stencils.estimate import estimate
from tests.stencils import algebra

NUMPY = get_backend("numpy")


@settings(max_examples=50)
@given(algebra.coefficients, algebra.points, algebra.steps, algebra.steps)
@pytest.mark.parametrize("division", ["realised", "nominal"])
def test_one_draw_on_a_cubic(division: str, c: Any, x: Any, forward: Any, backward: Any) -> None:
    """f′ + f″(a − b)/2 + f‴(a² − ab + b²)/6 without a remainder."""
    a, b = x * forward, x * backward
    first, second, third = algebra.derivatives(c, x)
    estimator = make_estimator("central", division=division)
    draw = {"offsets": [[[forward]], [[-backward]]]}
    found = algebra.one_draw(estimator, algebra.cubic(c), x, draw)
    assert found == first + second * (a - b) / 2 + third * (a * a - a * b + b * b) / 6


@pytest.mark.parametrize("jitter", [None, 0.0, 0.3, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_spread_over_the_jitter(jitter: float | None, dtype: str) -> None:
    """The mean of 200,000 uniform numbers is ε to 5 standard errors: false alarm 6e-7 each."""
    epsilon = 0.25
    j = epsilon if jitter is None else jitter
    estimator = Central(jitter=jitter)
    u = np.random.default_rng(0).random((1, 2, 100_000, 1))
    steps = estimator.steps(u, epsilon, dtype)
    h = np.abs(steps["offsets"]).ravel()
    assert h.dtype == dtype
    assert h.min() >= np.float32(epsilon * (1 - j))
    assert h.max() <= np.float32(epsilon * (1 + j))
    standard_error = 2 * epsilon * j / np.sqrt(12 * h.size)
    rounding = 1e-7 * epsilon
    assert abs(h.mean(dtype=np.float64) - epsilon) <= 5 * standard_error + rounding
    assert estimator.interval(epsilon) == pytest.approx(2 * epsilon * j)


def test_the_default_jitter_is_epsilon_but_at_most_one() -> None:
    u = np.random.default_rng(0).random((1, 2, 1000, 1))
    assert Central().steps(u, 3.0, "float64")["offsets"][:, 0].min() >= 0


def test_bias_on_a_cubic() -> None:
    """Mean error over 200,000 draws is x²ε²f‴/6·(1 + 2ε²/3), to 4 standard errors.

    It would see the second term left out (0.0054, ten standard errors). False alarm 6e-5.
    """
    epsilon, x = 0.3, np.array(1.0)
    found = estimate(
        Central(), Target(lambda p: p * p * p), x,
        epsilon=epsilon, num_steps=100, seed=0, xp=NUMPY, replicates=2000,
    )  # fmt: skip
    error = found.mean - 3
    predicted = epsilon**2 * (1 + 2 * epsilon**2 / 3)
    standard_error = error.std(ddof=1) / np.sqrt(error.size)
    assert standard_error < 0.1 * predicted * 2 * epsilon**2 / 3
    assert abs(error.mean() - predicted) <= 4 * standard_error
    # Jitter spreads the mean by |x f″| ε j / √(6N), here to 4 standard errors of a spread of 2000.
    spread = 6 * epsilon * epsilon / np.sqrt(6 * 100)
    assert error.std(ddof=1) == pytest.approx(spread, rel=4 / np.sqrt(2 * 2000))


def steep(x: NDArray[Any]) -> NDArray[Any]:
    return np.exp(x)


@pytest.mark.parametrize(("dtype", "epsilon"), [("float32", 1e-4), ("float64", 1e-9)])
def test_realised_division_leaves_out_the_rounding_of_x(dtype: str, epsilon: float) -> None:
    """At x in [16, 31], f′·ulp(x) is 8 to 32 times ulp(f) for f = exp.

    The nominal division has both roundings in its error, the realised one the second only; their
    root mean squares over 2,000 points differ by a factor of more than 4.
    """
    x = np.linspace(16, 31, 2000).astype(dtype)
    rms = {}
    for division in ("realised", "nominal"):
        found = estimate(
            make_estimator("central", division=division, jitter=0.0), Target(steep), x,
            epsilon=epsilon, num_steps=1, seed=0, xp=NUMPY,
        )  # fmt: skip
        exact = np.exp(x.astype(np.longdouble))
        # The truncation error x²ε²/6·f′ is known: what is left is rounding.
        truncation = 1 + (x.astype(np.longdouble) * epsilon) ** 2 / 6
        rms[division] = float(np.sqrt(np.mean((found.mean[0] / (exact * truncation) - 1) ** 2)))
    assert rms["nominal"] > 4 * rms["realised"]
    # Round-off of one estimate: two ulp(f)/√12 over 2εx, where ulp(f) is 0.5 to 1 eps of f.
    eps = float(np.finfo(dtype).eps)
    assert rms["realised"] < 2 * eps / (np.sqrt(6) * 2 * epsilon * 16)


def test_around_zero_the_step_is_absolute() -> None:
    seen: list[Any] = []

    def f(x: NDArray[Any]) -> NDArray[Any]:
        seen.append(x)
        return x

    x = np.array([0.0, -2.0])
    estimate(Central(jitter=0.0), Target(f), x, epsilon=0.5, num_steps=1, seed=0, xp=NUMPY)
    above, below = seen[0].reshape(2, 2)
    assert above.tolist() == [0.5, -3.0]
    assert below.tolist() == [-0.5, -1.0]


@pytest.mark.parametrize("jitter", [-0.1, 1.1, float("nan"), "wide", True])
def test_a_jitter_outside_its_range_is_refused(jitter: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^estimator.jitter={jitter}: must be .* 0 to 1$"):
        Central(jitter=jitter)


def test_an_unknown_division_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^estimator\.division=exact: .*nominal, realised"):
        make_estimator("central", division="exact")
