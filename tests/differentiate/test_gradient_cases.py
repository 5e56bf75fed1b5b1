"""Public reports of gradients that came out wrong: the right values, within their intervals.

Each names the report it is made after. Functions are typed in afresh.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad import GradientResult, derivative, gradient, jacobian


def covered(found: GradientResult, exact: Any, level: float = 0.999) -> Any:
    """Whether intervals hold the exact values, which are known to half a float."""
    low, high = found.confidence_interval(level)
    exact = np.asarray(exact, float)
    known = np.spacing(np.abs(exact)) / 2
    return (low - known <= exact) & (exact <= high + known)


def rosenbrock(x: Any) -> Any:
    return ((1 - x[..., :-1]) ** 2 + 100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2).sum(axis=-1)


def rosenbrock_gradient(x: Any) -> Any:
    a, b, g = x[:-1], x[1:], np.zeros_like(x)
    g[:-1] += -2 * (1 - a) - 400 * a * (b - a * a)
    g[1:] += 200 * (b - a * a)
    return g


def test_rosenbrock_with_noise() -> None:
    """BlackBoxOptim.jl #112: a central difference is off by a factor of 20. Odds of 2e-3."""
    rng = np.random.default_rng(0)
    noisy = lambda x: rosenbrock(x) + 0.1 * rng.standard_normal(x.shape[:-1])  # noqa: E731
    found = gradient(noisy, [-1.0, 1.5], seed=0, vectorized=True)
    assert found.success.all()
    assert covered(found, [196, 100]).all()
    assert found.df == pytest.approx([196, 100], abs=2)
    assert found.noise == pytest.approx(0.1, rel=0.3)


def test_float32_values() -> None:
    """scipy #12991, pytorch #114217, Paddle #4283."""
    found = gradient(lambda x: (x**2).sum(axis=-1), np.array([100, 3], np.float32), seed=0)
    assert found.df.dtype == np.float32
    assert found.success.all()
    assert covered(found, [200, 6]).all()
    assert found.df == pytest.approx([200, 6], rel=1e-3)
    cast = gradient(lambda x: (np.float32(x) ** 2).sum(axis=-1), [100.0, 3.0], seed=0)
    np.testing.assert_array_equal(cast.df, found.df)  # its points are what f can tell apart


def test_a_large_variable_beside_a_small_one() -> None:
    found = gradient(lambda x: (x**2).sum(axis=-1), [1e7, 3.0], seed=0)
    assert found.success.all()
    assert covered(found, [2e7, 6]).all()
    assert found.df == pytest.approx([2e7, 6], rel=1e-3)


def test_a_small_scale() -> None:
    x = np.array([0.3e-5, 0.1e-5])
    found = gradient(lambda x: np.sin(x / 1e-5).sum(axis=-1), x, seed=0)
    assert found.success.all()
    assert found.df == pytest.approx(np.cos(x / 1e-5) / 1e-5, rel=1e-10)


def test_beside_the_end_of_a_domain() -> None:
    """FiniteDifferences.jl #210."""
    found = gradient(lambda x: np.log(x[..., 0]) + np.sin(x[..., 1]), [1e-9, 1.0], seed=0)
    assert found.success.all()
    assert found.df == pytest.approx([1e9, np.cos(1)], rel=1e-10)


def test_variables_of_different_scales() -> None:
    """openturns #3105: the second component was 0.5 % off."""
    found = gradient(lambda x: x[..., 0] ** 2 * np.sin(x[..., 1] / 1e9), [1.0, 1e9], seed=0)
    assert found.success.all()
    assert found.df == pytest.approx([2 * np.sin(1), np.cos(1) / 1e9], rel=1e-10)


def test_just_inside_a_domain() -> None:
    """jacobi #40: log(1 + a₁x + a₂x²) at 1e-6 from a root, 1 + x (a₁ = 1, a₂ = 0) at x = −1."""
    a = np.array([1.0, 1.001])
    x = -0.999999
    value = 1 + a[0] * x + (a[1] - 1) * x**2
    exact = [x / value, x**2 / value]
    found = gradient(lambda p: np.log(1 + p[..., 0] * x + (p[..., 1] - 1) * x**2), a, seed=0)
    assert found.success.all()
    assert found.df == pytest.approx(exact, rel=1e-6)
    assert covered(found, exact).all()


@pytest.mark.parametrize("d", [2, 10, 100])
def test_rosenbrock_by_default(d: int) -> None:
    """SPSA with 100 directions, the default until now, was off by 6 to 100 %."""
    x = np.random.default_rng(d).uniform(-2, 2, d)
    found = gradient(rosenbrock, x, seed=0)
    assert found.success.all()
    assert np.linalg.norm(found.df - rosenbrock_gradient(x)) < 1e-9 * np.linalg.norm(found.df)
    assert found.nfev <= 30 * d


def test_the_truncation_error_of_random_directions_is_in_the_error_bar() -> None:
    found = gradient(
        lambda x: np.exp(x).sum(axis=-1), np.zeros(4), estimator="spsa", epsilon=1.0,
        num_directions=5000, seed=0,
    )  # fmt: skip
    assert found.df == pytest.approx(np.sinh(1), abs=0.15)  # six standard deviations
    assert covered(found, 1.0, 0.95).all()
    assert (found.standard_error < 0.4).all()


@pytest.mark.parametrize("sd", [0, 1e-9, 1e-6, 1e-4, 1e-2])
def test_the_error_follows_the_noise(sd: float) -> None:
    """tesseract-core #706, jax #7742, pytorch #20980: one step cannot be right for all of them."""
    rng = np.random.default_rng(0)
    x = np.array([0.4, 1.1, -0.7])
    exact = np.cos(x) * np.exp(np.sin(x))
    f = lambda x: np.exp(np.sin(x)).sum(axis=-1) + sd * rng.standard_normal(x.shape[:-1])  # noqa: E731
    found = gradient(f, x, seed=0, vectorized=True)
    assert covered(found, exact).all()
    assert found.success.all()
    assert (found.standard_error < 3 * sd + 1.5e-8).all()  # the tolerance that ends the search


def test_known_noise_of_each_point() -> None:
    """nevergrad #1700: σ as an array, one for each point, or as a function of x."""
    rng = np.random.default_rng(0)
    x = np.array([[0.3, 1.0], [2.0, 0.5]])
    sd = np.array([1e-3, 1e-1])

    def f(p: Any) -> Any:
        which = np.abs(p[:, None] - x).sum(axis=-1).argmin(axis=-1)
        return np.sin(p).sum(axis=-1) + sd[which] * rng.standard_normal(len(p))

    found = gradient(f, x, noise=sd, seed=0, vectorized=True, bounds=(x - 0.2, x + 0.2))
    assert found.df.shape == (2, 2)
    assert np.isinf(found.dof).all()
    assert covered(found, np.cos(x)).all()
    ratio = found.standard_error[1] / found.standard_error[0]
    assert ratio == pytest.approx(100, rel=0.5)

    def of_x(p: Any) -> Any:
        return 1e-3 * (1 + p[..., 0] ** 2)

    g = lambda p: np.sin(p).sum(axis=-1) + of_x(p) * rng.standard_normal(len(p))  # noqa: E731
    found = gradient(g, x[0], noise=of_x, seed=0, vectorized=True)
    assert np.isinf(found.dof).all()
    assert covered(found, np.cos(x[0])).all()


def test_a_jacobian_of_one_row() -> None:
    """numdifftools #68."""
    found = jacobian(lambda x: (x**2).sum(axis=-1, keepdims=True), [1.0, 2.0], seed=0)
    assert found.df.shape == (1, 2)
    assert found.df == pytest.approx(np.array([[2.0, 4.0]]), rel=1e-12)


def test_second_derivatives() -> None:
    """scipy #13994."""
    found = derivative(np.exp, [0.0, 1.0], order=2, seed=0)
    assert found.success.all()
    assert found.df == pytest.approx(np.exp([0.0, 1.0]), rel=1e-9)


@pytest.mark.parametrize("budget", [18, 20, 33, 50, 77, 100, 301])
@pytest.mark.parametrize("d", [1, 2, 8, 30])
@pytest.mark.parametrize("sd", [0.0, 1e-3])
def test_a_budget_is_kept(d: int, budget: int, sd: float) -> None:
    rng = np.random.default_rng(0)

    def noisy(x: Any) -> Any:
        return np.exp(np.sin(x)).sum(-1) + sd * rng.standard_normal(np.shape(x)[:-1])

    x = np.linspace(0.3, 1.4, d)
    assert gradient(noisy, x, max_evaluations=budget, seed=0, vectorized=True).nfev <= budget
