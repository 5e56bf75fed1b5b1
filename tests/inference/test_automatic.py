"""``epsilon="auto"`` against the best of a sweep."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from stochgrad import ConfigError, derivative
from stochgrad.backends import get_backend
from stochgrad.inference.automatic import choose
from stochgrad.inference.error_bars import step_size
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import estimate

NUMPY = get_backend("numpy")
REPEATS, DRAWS = 40, 30


def rmse(name: str, f: Any, x: NDArray[Any], epsilon: Any, exact: float) -> float:
    found = estimate(
        make_estimator(name), Target(f), x, epsilon=epsilon, num_steps=DRAWS, seed=0, xp=NUMPY,
        replicates=REPEATS,
    )  # fmt: skip
    return float(np.sqrt(np.mean((found.mean.astype(float) - exact) ** 2)))


CASES: list[tuple[Any, Any, float]] = [
    (np.sin, np.cos, 1.0),
    (np.sin, np.cos, -20.0),
    (np.exp, np.exp, 1e-3),
    (lambda x: x**3, lambda x: 3 * x**2, -1e6),
    (lambda x: 1 / x, lambda x: -1 / x**2, 1e-6),
]


@pytest.mark.parametrize("noise", [0.0, 1e-4])
@pytest.mark.parametrize("name", ["regression", "central"])
@pytest.mark.parametrize(("f", "slope", "x"), CASES, ids=["sin", "sin-20", "exp", "cubic", "1/x"])
def test_it_is_near_the_best_of_a_sweep(
    f: Any, slope: Any, x: float, name: str, noise: float
) -> None:
    """Within a factor of 2: a step of four times the best has an error of three times and more.

    The two RMSE have relative errors of 1/√80 = 11 % each; the sweep takes the luckiest of 16. One
    case is beyond: of sin at −20 with noise, x⁷ is known to a third only, for the noise hides x⁹;
    some repeats take too long a step. Their error is 2.2 times the best, at most 3.2 over 80 seeds.
    """
    factor = 3.5 if (x, name, noise) == (-20.0, "regression", 1e-4) else 2
    rng, at = np.random.default_rng(0), np.array(x)
    sigma = noise * abs(f(x))

    def noisy(p: NDArray[Any]) -> NDArray[Any]:
        return f(p) + sigma * rng.standard_normal(p.shape)

    rule, every = make_estimator(name), np.full(REPEATS, x)
    with np.errstate(all="ignore"):
        chosen = choose(rule, noisy, every, step_size(rule, every), DRAWS)
        ours = rmse(name, noisy, at, chosen.plan(rule), slope(x))
        best = min(rmse(name, noisy, at, float(e), slope(x)) for e in np.logspace(-8, -0.3, 16))
    assert ours <= factor * best


@pytest.mark.parametrize("noise", [None, 1e-3])
def test_evaluations_are_counted(noise: float | None) -> None:
    for name in ("regression", "forward", "central"):
        seen: list[int] = []

        def f(x: Any, seen: list[int] = seen) -> Any:
            seen.append(np.size(x))
            return np.sin(x)

        result = derivative(
            f, [0.3, -20.0], estimator=name, epsilon="auto", num_steps=20, seed=0, noise=noise
        )
        assert result.nfev.sum() == sum(seen)
        assert result.epsilon.shape == (2,)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["quadratic", "central", "regression", "richardson"])
def test_points_that_are_special(name: str, dtype: str) -> None:
    settings: dict[str, Any] = {
        "estimator": name, "epsilon": "auto", "num_steps": 20, "seed": 0, "dtype": dtype
    }  # fmt: skip
    found = derivative(np.sin, [0.0, 1.0, np.nan, np.inf], **settings)
    assert np.allclose(found.df[:2], [1, math.cos(1)], atol=1e-2)
    assert found.status[2:].tolist() == [-2, -2]
    assert derivative(np.sin, np.zeros((0, 3)), **settings).df.shape == (0, 3)
    large = derivative(lambda x: 2.0 * x, 1e200 if dtype == "float64" else 1e30, **settings)
    assert abs(large.df - 2) < 1e-3


@pytest.mark.parametrize("name", ["regression", "central", "quadratic"])
@pytest.mark.parametrize(
    ("f", "x", "noise", "exact"),
    [
        (lambda x: x / (1 + x * x), 0.0, 0.03, 1.0),
        (lambda x: x / (1 + x * x), 0.3, 1e-3, 0.91 / 1.09**2),
        (lambda x: np.exp(-x * x / 2), 2.0, 0.01, -2 * math.exp(-2)),
        (lambda x: 1 / (1 + np.exp(-x)), 3.0, 0.03, math.exp(-3) / (1 + math.exp(-3)) ** 2),
    ],
)
@pytest.mark.slow
@pytest.mark.statistical
def test_coverage_where_noise_hides_how_fast_f_changes(
    name: str, f: Any, x: float, noise: float, exact: float
) -> None:
    """What is below the noise may bend f: intervals of status 0, at 0.95, cover with that in them.

    Of 600 as many as they do with odds of 1e-5; without, 54 to 83 % cover in four of the cases.
    """
    rng = np.random.default_rng(0)
    options = {"jitter": 0.5} if name == "central" else {}
    good = covered = 0
    for seed in range(6):
        result = derivative(
            lambda p: f(p) + noise * rng.standard_normal(np.shape(p)), np.full(100, x),
            estimator=name, epsilon="auto", seed=seed, **options,
        )  # fmt: skip
        low, high = result.confidence_interval(0.95)
        ok = result.status == 0
        good, covered = good + ok.sum(), covered + (ok & (low <= exact) & (exact <= high)).sum()
    assert good > 0
    assert covered >= binom.ppf(1e-5, good, 0.95)


def test_noise_as_large_as_f_has_a_status() -> None:
    rng = np.random.default_rng(0)
    result = derivative(
        lambda p: np.sin(p) + 0.3 * rng.standard_normal(np.shape(p)), np.full(100, 10.0),
        estimator="regression", epsilon="auto", seed=0,
    )  # fmt: skip
    assert (result.status == 2).all()


def test_every_element_has_a_step_of_its_own() -> None:
    result = derivative(np.sin, [1.0, 1e4], estimator="central", epsilon="auto", seed=0)
    assert result.epsilon[1] < result.epsilon[0] / 100
    assert np.allclose(result.df, np.cos([1.0, 1e4]), atol=1e-7)


def test_noise_that_is_known_is_not_looked_for() -> None:
    rng = np.random.default_rng(3)
    settings: dict[str, Any] = {"estimator": "regression", "epsilon": "auto", "seed": 0}
    told = derivative(
        lambda x: np.exp(x) + 0.01 * rng.standard_normal(x.shape), 1.0, noise=0.01, **settings
    )
    assert told.epsilon > 0.1
    assert abs(told.df - math.e) < 0.05


def test_a_step_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^epsilon=automatic: must be a number greater than 0"):
        derivative(np.sin, 1.0, epsilon="automatic")


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_error_bars_know_what_the_search_found(noise: float) -> None:
    """Most are good, and cover: of 120 intervals 114 ± 2.4; fewer than 103 with odds of 1e-5.

    By the scale of x alone a step as long as the search takes it is nearly always too long.
    """
    rng = np.random.default_rng(5)

    def f(p: NDArray[Any]) -> NDArray[Any]:
        return np.exp(p) + noise * rng.standard_normal(p.shape)

    x = np.linspace(0.2, 0.9, 120)
    for name in ("regression", "central", "quadratic"):
        result = derivative(f, x, estimator=name, epsilon="auto", num_steps=30, seed=1)
        assert (result.status == 0).mean() >= 0.7
        low, high = result.confidence_interval()
        assert ((low <= np.exp(x)) & (np.exp(x) <= high)).sum() >= 103


def test_a_period_that_is_short_beside_x_is_seen() -> None:
    """At x = 1e6 a sine is sampled by steps of |x|/2 as if it were noise, or anything else."""
    for dtype, error in (("float32", 0.1), ("float64", 1e-8)):
        for name in ("regression", "quadratic", "central"):
            result = derivative(np.sin, 1e6, estimator=name, epsilon="auto", dtype=dtype, seed=0)
            assert result.df == pytest.approx(math.cos(1e6), abs=error)


@pytest.mark.parametrize(("name", "error"), [("regression", 1e-9), ("central", 1e-4)])
def test_what_cancels_on_the_way_to_f_is_noise(name: str, error: float) -> None:
    """1 − cos x near 0 is rounded as 1 is, which neighbours do not show: they are alike.

    By the rounding of f itself the steps were too short by 600, and the errors 1e-7 and 5e-4.
    """
    for x in (1e-2, 1e-4):
        found = derivative(lambda p: 1 - np.cos(p), x, estimator=name, epsilon="auto", seed=0)
        assert found.df == pytest.approx(math.sin(x), rel=error)


@pytest.mark.parametrize("name", ["regression", "quadratic", "central"])
def test_where_f_jumps_or_bends_there_is_no_derivative_to_trust(name: str) -> None:
    for f, x in ((np.floor, 1.0), (np.abs, 0.0), (lambda p: np.where(p > 2, p + 1, p), 2.0)):
        assert derivative(f, x, estimator=name, epsilon="auto", seed=0).status > 0
    settings: dict[str, Any] = {"estimator": name, "seed": 0, "num_steps": 20}
    assert derivative(np.exp, 1.0, epsilon="auto", **settings).status == 0


@pytest.mark.slow
def test_a_taylor_term_that_vanishes_near_x_is_not_known_to() -> None:
    """exp(−x²) where its seventh derivative is next to nothing, and the ninth is not.

    The search takes the seventh for even smaller. Error bars that believed it were four times too
    small: 15 % of intervals of 95 % held. Of 40, 31 and more do, with odds of failing 2e-5;
    the mean square of 40 errors over their standard errors is 4 only 13 standard errors from 1.
    """
    x = 2.6509884026712744
    exact = -2 * x * math.exp(-x * x)
    held, square = 0, 0.0
    for seed in range(40):
        found = derivative(
            lambda p: np.exp(-p * p), [x],
            estimator="regression", epsilon="auto", num_steps=10, seed=seed,
        )  # fmt: skip
        low, high = found.confidence_interval(0.95)
        held += bool(low[0] <= exact <= high[0])
        square += ((found.df[0] - exact) / found.standard_error[0]) ** 2 / 40
    assert held >= 31
    assert square < 4


@pytest.mark.parametrize("x", [1e-290, 1e-60, 1e-30, 1e30, 1e60, 1e290])
@pytest.mark.parametrize(
    ("name", "off"),
    [("regression", 1e-13), ("central", 1e-9), ("quadratic", 1e-9), ("richardson", 1e-12)],
)
def test_points_of_any_size(name: str, off: float, x: float) -> None:
    """The root is the same function at all of them, but for its units."""
    found = derivative(np.sqrt, [x], estimator=name, epsilon="auto", num_steps=20, seed=0)
    assert found.df[0] == pytest.approx(0.5 / math.sqrt(x), rel=off)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_largest_numbers(dtype: str) -> None:
    x = np.array([1.0, 0.9 * np.finfo(dtype).max], dtype)
    found = derivative(
        lambda p: p / 2, x, estimator="central", epsilon="auto", num_steps=20, seed=0, dtype=dtype
    )
    assert np.isfinite(found.df).all()
    assert found.df[0] == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("name", ["regression", "quadratic", "forward"])
def test_a_function_that_is_nowhere_seen_to_be_smooth_is_told(name: str) -> None:
    """sin at 1e10, of which the search sees waves and no end of them: it starts from |x|/2."""
    found = derivative(np.sin, [1.05e10], estimator=name, epsilon="auto", num_steps=20, seed=0)
    assert found.status[0] > 0


@pytest.mark.parametrize("x", [5.5e-17, -1e-25, 1e-60])
@pytest.mark.parametrize("name", ["regression", "central", "richardson", "forward"])
def test_a_function_that_is_flat_over_the_floats_at_x_is_looked_at_further_off(
    name: str, x: float
) -> None:
    """exp is 1 at all floats near x, which is what is left of a 0 that was computed."""
    found = derivative(np.exp, [x], estimator=name, epsilon="auto", num_steps=20, seed=0)
    assert found.df[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("level", [1e-300, 1e-200, 1e200, 1e300])
@pytest.mark.parametrize("epsilon", ["auto", 1e-3])
@pytest.mark.slow
def test_values_of_any_size(level: float, epsilon: Any) -> None:
    """Squares of such values are no floats; of 20 intervals 15 and more hold: odds 3e-4."""
    held = 0
    for seed in range(20):
        found = derivative(
            lambda p: level * np.exp(p), [1.0],
            estimator="regression", epsilon=epsilon, num_steps=20, seed=seed,
        )  # fmt: skip
        assert found.status[0] == 0
        assert found.df[0] == pytest.approx(level * math.e, rel=1e-11)
        low, high = found.confidence_interval(0.95)
        held += bool(low[0] <= level * math.e <= high[0])
    assert held >= 15


@pytest.mark.parametrize(("level", "noise"), [(1e-200, None), (1e-200, 1e-203), (1e200, None)])
@pytest.mark.slow
def test_noise_of_any_size(level: float, noise: float | None) -> None:
    """Known or not, it is in the error bars: of 20 at 0.95, 15 and more hold, odds 3e-4."""
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(20):
        found = derivative(
            lambda p: level * (np.exp(p) + 1e-3 * rng.standard_normal(p.shape)), [1.0],
            estimator="regression", epsilon="auto", num_steps=20, seed=seed, noise=noise,
        )  # fmt: skip
        low, high = found.confidence_interval(0.95)
        assert 0 < high[0] - low[0] < level
        held += bool(low[0] <= level * math.e <= high[0])
    assert held >= 15
