from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from stochgrad.backends import get_backend
from stochgrad.errors import ConfigError
from stochgrad.stencils import Steps, Target, make_estimator
from stochgrad.stencils.differences import ThreeSlope
from stochgrad.stencils.estimate import estimate
from tests.stencils import algebra

NUMPY = get_backend("numpy")


def pair(a: Any, b: Any) -> dict[str, Any]:
    return {"offsets": [[[a]], [[b]]]}


@settings(max_examples=50)
@given(algebra.coefficients, algebra.points, algebra.steps, algebra.steps)
@pytest.mark.parametrize("division", ["realised", "nominal"])
def test_one_draw_on_a_parabola(division: str, c: Any, x: Any, a: Any, b: Any) -> None:
    """f′ + f″(a + b)/3 without a remainder: exact for a line, a forward difference otherwise."""
    assume(a != b)
    c = (*c[:3], 0)
    first, second, _ = algebra.derivatives(c, x)
    estimator = make_estimator("three_slope", division=division)
    found = algebra.one_draw(estimator, algebra.cubic(c), x, pair(a, b))
    assert found == first + second * (a + b) / 3


@pytest.mark.parametrize(
    ("min_separation", "spread"), [(0, 0.99 / np.sqrt(6) / 3), (0.01, 0.98 / np.sqrt(6) / 3)]
)
def test_bias_and_spread(min_separation: float, spread: float) -> None:
    """On x², f″ = 2: bias 1.01/3·ε·f″ and spread of a draw as given, from 20,000 draws.

    E[a + b] = 1.01 ε; the standard deviation of a sum of two uniform numbers on a length L is L/√6,
    where the floor takes 0.01 ε of the length. Within 4 standard errors of the mean and of the
    standard deviation (kurtosis 2.4): false alarm 1.3e-4. It would see a bias off by 1 % or a
    spread off by 2 %.
    """
    epsilon, x = 1e-2, np.array(0.5)
    found = estimate(
        ThreeSlope(min_separation=min_separation), Target(lambda p: p * p), x,
        epsilon=epsilon, num_steps=20_000, seed=1, xp=NUMPY,
    )  # fmt: skip
    unit = epsilon * 2
    coefficient = float((found.mean[0] - 1) / unit)
    deviation = float(found.spread[0] / unit)
    assert abs(coefficient - 1.01 / 3) <= 4 * spread / np.sqrt(20_000)
    assert abs(deviation - spread) <= 4 * spread * 0.5 * np.sqrt(1.4 / 20_000)
    assert coefficient == pytest.approx(0.337, abs=5e-4 + 4 * spread / np.sqrt(20_000))
    assert spread == pytest.approx(0.135, abs=2e-3)


def draw(
    estimator: ThreeSlope, epsilon: float, dtype: str, count: int = 100_000
) -> tuple[NDArray[Any], NDArray[Any]]:
    u = np.random.default_rng(5).random((1, 2, count, 1))
    steps: Steps = estimator.steps(u, epsilon, dtype)
    return steps["offsets"][0, 0, :, 0], steps["offsets"][0, 1, :, 0]


STATISTICS = {
    "a": lambda a, b: a,
    "b": lambda a, b: b,
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a b": lambda a, b: a * b,
}


@pytest.mark.parametrize("min_separation", [0, 0.01, 0.3, 0.5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.statistical
def test_pairs_are_uniform_over_those_far_apart(dtype: str, min_separation: float) -> None:
    """Against pairs drawn from the square and rejected if too close, Kolmogorov-Smirnov.

    It would see a deviation of 1.5 % in the distribution of any of five statistics. 40 tests at
    1e-6: false alarm 4e-5.
    """
    epsilon = 1e-2
    a, b = (
        v.astype(float) for v in draw(ThreeSlope(min_separation=min_separation), epsilon, dtype)
    )
    floor = min(min_separation * epsilon, 0.99 * epsilon / 2)
    rng = np.random.default_rng(6)
    square = rng.uniform(epsilon / 100, epsilon, (2, 1_000_000))
    c, d = square[:, np.abs(square[0] - square[1]) >= floor][:, :100_000]
    for name, statistic in STATISTICS.items():
        assert stats.ks_2samp(statistic(a, b), statistic(c, d)).pvalue > 1e-6, name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("epsilon", [1e-7, 1e-6, 1e-5, 1e-3, 1.0])
@pytest.mark.parametrize("min_separation", [0.01, 0.3])
def test_the_floor_is_kept(min_separation: float, epsilon: float, dtype: str) -> None:
    """|a − b| is at least min_separation·ε and four floats at 1, and never too long to fit."""
    a, b = draw(ThreeSlope(min_separation=min_separation), epsilon, dtype)
    assert a.dtype == dtype
    floor = max(min_separation * epsilon, 4 * float(np.finfo(dtype).eps))
    floor = min(floor, 0.99 * epsilon / 2)
    rounding = float(np.spacing(np.asarray(epsilon, dtype)))
    for step in (a.astype(float), b.astype(float)):
        assert step.min() >= epsilon / 100 - rounding
        assert step.max() <= epsilon + rounding
    distance = np.abs(a.astype(float) - b.astype(float))
    assert distance.min() >= floor - rounding
    assert distance.min() <= floor + 0.001 * epsilon


def test_unguarded_draws_are_the_notebooks() -> None:
    """Independent and uniform on [ε/100, ε]; some pairs are nearly equal."""
    a, b = draw(ThreeSlope(min_separation=0), 1.0, "float64")
    for step in (a, b):
        assert stats.kstest(step, "uniform", (0.01, 0.99)).pvalue > 1e-6
    assert abs(np.corrcoef(a, b)[0, 1]) < 5.5 / np.sqrt(a.size)
    assert np.abs(a - b).min() < 1e-4


COINCIDING = [(1.0, 1e-9, 1.2e-9), (0.25, 1e-8, 1e-8 + 1e-15), (300.0, 1e-5, 1.001e-5)]


@pytest.mark.parametrize("name", ["three_slope", "quadratic"])
@pytest.mark.parametrize(("x", "a", "b"), COINCIDING)
def test_only_the_unguarded_form_gives_nan(name: str, x: float, a: float, b: float) -> None:
    """In float32 x + a and x + b round to one number."""
    at = np.array([x], np.float32)
    steps = {key: np.array(value, np.float32) for key, value in pair(a, b).items()}
    for division in ("realised", "nominal"):
        for min_separation, is_nan in ((0.0, True), (0.01, False)):
            estimator = make_estimator(name, division=division, min_separation=min_separation)
            with np.errstate(invalid="ignore"):
                sample = estimator.samples(Target(np.sin), at, steps, at, NUMPY)
            assert np.isnan(sample).item() is is_nan


@settings(max_examples=200)
@given(
    x=st.floats(-(2.0**100), 2.0**100, width=32),
    epsilon=st.floats(1e-12, 1.0),
    seed=st.integers(0, 10**6),
    dtype=st.sampled_from(["float32", "float64"]),
    name=st.sampled_from(["three_slope", "quadratic"]),
)
def test_guarded_is_never_nan(x: float, epsilon: float, seed: int, dtype: str, name: str) -> None:
    found = estimate(
        make_estimator(name), Target(np.tanh), np.array([x], dtype),
        epsilon=epsilon, num_steps=10, seed=seed, xp=NUMPY,
    )  # fmt: skip
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.spread).all()


def test_points_that_coincide_give_no_slope_even_if_values_differ() -> None:
    """As a fused multiply-subtract leaves a rounding error, or a noisy f its noise."""
    values = iter(np.linspace(1, 2, 6))

    def noisy(x: NDArray[Any]) -> NDArray[Any]:
        return np.array([next(values) for _ in x.ravel()]).reshape(x.shape)

    at = np.array([1e20])
    steps = {key: np.array(value) for key, value in pair(1e-3, 2e-3).items()}
    assert ThreeSlope().samples(Target(noisy), at, steps, at, NUMPY).item() == 0


@pytest.mark.parametrize("value", [-0.1, 0.6, float("nan"), "far", True, None])
def test_a_separation_outside_its_range_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^estimator.min_separation={value}: must be .* 0.5$"):
        ThreeSlope(min_separation=value)
