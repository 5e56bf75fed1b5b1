"""What holds for every estimator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from stochgrad import ESTIMATORS
from stochgrad.backends import get_backend
from stochgrad.stencils import Target, estimate, make_estimator

NUMPY = get_backend("numpy")
ON_NUMPY = [
    name
    for name in ESTIMATORS
    if ESTIMATORS[name].backends is None or "numpy" in ESTIMATORS[name].backends
]
ESTIMATING = [name for name in ON_NUMPY if not ESTIMATORS[name].needs_derivative]


class Counted:
    """A function that counts the elements it is evaluated at."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self.elements = 0

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        self.elements += x.size
        return self.f(x)


@pytest.mark.parametrize("block", [1, 5, 2**21])
@pytest.mark.parametrize("shape", [(), (3,), (2, 2)])
@pytest.mark.parametrize("num_steps", [1, 3, 10])
@pytest.mark.parametrize("name", ON_NUMPY)
def test_cost_is_what_evaluations_says(
    name: str, num_steps: int, shape: tuple[int, ...], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted at every element, for every replicate, however the draws are cut into blocks."""
    monkeypatch.setattr(estimate, "BLOCK_ELEMENTS", block)
    f, x, rule = Counted(np.sin), np.full(shape, 0.5), make_estimator(name)
    estimate.estimate(
        rule, Target(f, np.cos), x,
        epsilon=1e-3, num_steps=num_steps, seed=0, xp=NUMPY, replicates=2,
    )  # fmt: skip
    assert f.elements == rule.evaluations(num_steps) * x.size * 2


@pytest.mark.parametrize("name", ON_NUMPY)
def test_a_value_that_is_known_is_not_evaluated_again(name: str) -> None:
    f, x, rule = Counted(np.sin), np.full((1, 3), 0.5), make_estimator(name)
    estimate.estimate(
        rule, Target(f, np.cos, value=np.sin(x)), x[0],
        epsilon=1e-3, num_steps=4, seed=0, xp=NUMPY,
    )  # fmt: skip
    assert f.elements == (rule.evaluations(4) - rule.uses_value) * 3


COSTS = {
    "analytic": 0,
    "autodiff": 1,
    "central": 20,
    "central_fixed": 2,
    "complex_step": 1,
    "forward": 2,
    "quadratic": 21,
    "regression": 20,
    "richardson": 9,
    "three_slope": 21,
}


@pytest.mark.parametrize(("name", "cost"), COSTS.items())
def test_cost_of_ten_draws(name: str, cost: int) -> None:
    assert make_estimator(name).evaluations(10) == cost


ORDERS = {
    "central": 2,
    "central_fixed": 2,
    "complex_step": 2,
    "forward": 1,
    "quadratic": 2,
    "three_slope": 1,
}


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_error_falls_with_the_order_of_the_method(name: str, order: int) -> None:
    """The slope of log error against log step; nothing is random but the draws, and they scale."""
    epsilons = 2.0 ** -np.arange(4, 10)
    x = np.array(1.2)
    options = {"jitter": 0.0} if name == "central" else {}
    errors = [
        float(
            estimate.estimate(
                make_estimator(name, **options), Target(np.exp), x,
                epsilon=epsilon, num_steps=20, seed=0, xp=NUMPY,
            ).mean[0] - np.exp(x)
        )
        for epsilon in epsilons
    ]  # fmt: skip
    slope, _ = np.polyfit(np.log(epsilons), np.log(np.abs(errors)), 1)
    assert slope == pytest.approx(order, abs=0.05)


FINITE: dict[str, Callable[[Any], Any]] = {
    "3x": lambda x: 3 * x,
    "sin": np.sin,
    "tanh": np.tanh,
    "constant": lambda x: 0 * x + 1,
}
EXTREMES = [0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e-300, -1e-300, 1e-37, 1e-45, 1e37, -1e37]


def numbers(dtype: str) -> st.SearchStrategy[float]:
    largest = 1e300 if dtype == "float64" else 2.0**120
    return st.floats(-largest, largest, width=64) | st.sampled_from([*EXTREMES, largest, -largest])


@st.composite
def points(draw: st.DrawFn) -> NDArray[Any]:
    dtype = draw(st.sampled_from(["float32", "float64"]))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    values = draw(hnp.arrays(np.float64, shape, elements=numbers(dtype)))
    return np.asarray(values).astype(dtype)


@settings(max_examples=60)
@given(
    x=points(),
    function=st.sampled_from(sorted(FINITE)),
    replicates=st.integers(1, 3),
    num_steps=st.integers(1, 4),
    epsilon=st.sampled_from([1e-3, 1e-7]),
    spread=st.sampled_from([0.0, 0.1]),
)
@pytest.mark.parametrize("name", ESTIMATING)
def test_finite_wherever_f_is_and_in_the_shape_of_x(
    name: str,
    x: NDArray[Any],
    function: str,
    replicates: int,
    num_steps: int,
    epsilon: float,
    spread: float,
) -> None:
    with np.errstate(all="ignore"):
        found = estimate.estimate(
            make_estimator(name), Target(FINITE[function]), x,
            epsilon=epsilon, num_steps=num_steps, seed=0, xp=NUMPY, replicates=replicates,
            num_steps_spread=spread,
        )  # fmt: skip
    for array in (found.mean, found.spread, found.distinct):
        assert array.shape == (replicates, *x.shape)
    assert found.draws.shape == (replicates,)
    assert found.mean.dtype == x.dtype
    assert np.isfinite(found.mean).all()


RELATIVE = [name for name in ESTIMATING if ESTIMATORS[name].relative]


@settings(max_examples=60)
@given(x=points())
@pytest.mark.parametrize("name", RELATIVE)
def test_relative_steps_work_at_any_size_of_x(name: str, x: NDArray[Any]) -> None:
    """At ε = 1e-3 rounding leaves 3x its slope to 1e-3 at 0, at 1e300 and at subnormal numbers."""
    found = estimate.estimate(
        make_estimator(name), Target(lambda p: 3 * p), x,
        epsilon=1e-3, num_steps=3, seed=0, xp=NUMPY,
    )  # fmt: skip
    assert np.allclose(found.mean, 3, rtol=1e-3, atol=0)
