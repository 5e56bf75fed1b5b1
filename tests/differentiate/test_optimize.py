"""``stochgrad.as_jac``: gradients for SciPy's minimisers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from stochgrad import ConfigError, as_jac
from stochgrad.differentiate.optimize import GradientFunction, Visit

START = np.array([-1.2, 1.0])


def rosenbrock(x: Any) -> Any:
    return (1 - x[..., 0]) ** 2 + 100 * (x[..., 1] - x[..., 0] ** 2) ** 2


def test_the_path_has_right_gradients_with_error_bars() -> None:
    calls = [0]

    def counted(x: Any) -> Any:
        calls[0] += np.size(x) // 2
        return rosenbrock(x)

    jac = as_jac(counted, seed=0, vectorized=True)
    found = minimize(jac.value_and_gradient, START, jac=True, method="L-BFGS-B")
    assert found.x == pytest.approx([1, 1], abs=1e-4)
    assert jac.nfev == calls[0]
    for visit in jac.path:
        x, y = visit.x
        exact = np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
        off = np.abs(visit.gradient - exact)
        held = off <= 8 * visit.standard_error + 1e-9 * np.abs(exact).max()
        assert (held | (visit.status != 0)).all()
    assert np.mean([visit.status == 0 for visit in jac.path]) > 0.95
    assert f"{jac.nfev} evaluations for {len(jac.path)} gradients" in jac.report()


def test_a_scale_that_changes_along_the_path_is_found_anew() -> None:
    """Steps of the first point would be a thousand times the bend at the second."""
    jac = as_jac(lambda x: np.sqrt((x**2).sum() + 1e-12), seed=0)
    assert jac([1.0]) == pytest.approx([1.0], abs=1e-9)
    assert jac([1e-6]) == pytest.approx([0.5**0.5], rel=1e-6)


@pytest.mark.parametrize("sd", [1e-6, 1e-3])
def test_a_noisy_function_is_minimised_to_its_noise(sd: float) -> None:
    rng = np.random.default_rng(0)
    noisy = lambda x: rosenbrock(x) + sd * rng.standard_normal(np.shape(x)[:-1])  # noqa: E731
    jac = as_jac(noisy, seed=0, vectorized=True)
    found = minimize(
        jac.value_and_gradient, START, jac=True, method="L-BFGS-B", callback=jac.stop_at_noise
    )
    assert rosenbrock(found.x) <= 3 * sd
    assert jac.noise == pytest.approx(sd, rel=0.5)
    own = minimize(noisy, START, method="L-BFGS-B")
    assert rosenbrock(own.x) > 100 * sd  # SciPy's differences are those of the noise


def slope(sd: float) -> GradientFunction:
    rng = np.random.default_rng(0)
    return as_jac(
        lambda x: x[..., 0] + 1e6 * x[..., 1] + sd * rng.standard_normal(np.shape(x)[:-1]),
        scale=[1.0, 1e-6], seed=0, vectorized=True,
    )  # fmt: skip


def test_a_descent_ends_where_steps_are_lost_in_noise_and_not_on_a_slope() -> None:
    along = np.array([1.0, 0.0])
    jac = slope(1e-3)
    for t in (0.0, 1.0, 2.0):
        jac(t * along)
        jac.stop_at_noise()
    jac(along * (2 + 1e-9))
    jac.stop_at_noise()
    jac(along * (2 + 2e-9))
    with pytest.raises(StopIteration):
        jac.stop_at_noise()


def test_a_gradient_is_lost_or_clear_by_the_errors_of_each_variable() -> None:
    """A variable of a millionth of the size has a million times the error, and hides no other."""
    seen = Visit(np.zeros(2), 0.0, np.array([1.0, 0.0]), np.array([0.01, 1e4]), np.zeros(2, int), 1)
    assert seen.is_clear
    assert not seen.is_lost
    lost = replace(seen, gradient=np.array([0.01, 1e4]))
    assert lost.is_lost
    assert not lost.is_clear
    unknown = replace(seen, standard_error=np.full(2, np.nan))
    assert not unknown.is_lost
    assert not unknown.is_clear


def test_values_have_no_jump_between_two_points() -> None:
    """A line search that halves an interval with a jump would end at the jump."""
    rng = np.random.default_rng(0)
    exact = lambda x: 50 * x[..., 0] ** 2  # noqa: E731
    noisy = lambda x: exact(x) + 1e-2 * rng.standard_normal(np.shape(x)[:-1])  # noqa: E731
    jac = as_jac(noisy, seed=0, vectorized=True)

    def off(x: Any) -> float:
        return jac.value_and_gradient(x)[0] - float(exact(x))

    ends = [np.array([-1.0]), np.array([1.0])]
    errors = [off(x) for x in ends]
    for _ in range(20):
        middle = (ends[0] + ends[1]) / 2
        error = off(middle)
        near = int(abs(error - errors[0]) < abs(errors[1] - error))
        ends[1 - near], errors[1 - near] = middle, error  # to the half with the larger jump
    assert abs(errors[1] - errors[0]) < 1e-5  # a thousandth of the noise


def test_as_a_gradient_beside_f() -> None:
    jac = as_jac(lambda x, a: a * rosenbrock(x), seed=0)
    found = minimize(lambda x, a: a * rosenbrock(x), START, args=(2.0,), jac=jac, method="BFGS")
    assert found.x == pytest.approx([1, 1], abs=1e-4)
    again = jac.nfev
    jac(jac.path[-1].x, 2.0)  # the same point
    assert jac.nfev == again


def test_bounds_and_mistakes() -> None:
    seen = []

    def g(x: Any) -> Any:
        seen.append(np.array(x))
        return rosenbrock(x)

    jac = as_jac(g, bounds=([-2, -2], [0.5, 2]), seed=0)
    found = minimize(jac.value_and_gradient, START, jac=True, method="L-BFGS-B",
                     bounds=[(-2, 0.5), (-2, 2)])  # fmt: skip
    assert found.x == pytest.approx([0.5, 0.25], abs=1e-3)
    assert max(np.max(x[..., 0]) for x in seen) <= 0.5
    with pytest.raises(ConfigError, match=r"x of shape \(1, 2\): must be one point"):
        as_jac(rosenbrock)(START[None])
