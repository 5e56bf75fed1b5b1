"""The suite's estimators under the notebook's settings, against the notebook in plain Python."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from stochgrad.backends import get_backend
from stochgrad.random import Purpose, stream
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import estimate
from stochgrad.suite.models.functions import FUNCTIONS
from tests import notebook
from tests.notebook import EPSILON, NUM_STEPS, X

NUMPY = get_backend("numpy")
CASES = [(name, dtype) for name in notebook.FUNCTIONS for dtype in ("float32", "float64")]
REPEATS = 2000


def suite(
    name: str, dtype: str, replicates: int, division: str = "nominal", exactly: bool = False
) -> NDArray[Any]:
    """Estimate with seeds 0, 1, …; ``exactly``: with the C library's pow instead of NumPy's."""
    f: Any = FUNCTIONS[name].f
    if exactly:
        plain = notebook.FUNCTIONS[name]
        target = Target(lambda p: np.array([plain(v) for v in p.ravel()]).reshape(p.shape))
    else:
        target = Target(lambda p: f(p, NUMPY, lambda operand: operand.astype(np.float64)))
    return estimate(
        make_estimator("central", division=division), target, np.asarray(X, dtype),
        epsilon=EPSILON, num_steps=NUM_STEPS, num_steps_spread=0.1, seed=0, xp=NUMPY,
        replicates=replicates,
    ).mean  # fmt: skip


@lru_cache
def transcription(name: str, dtype: str) -> NDArray[np.float64]:
    rng = random.Random(f"{name} {dtype}")
    f = notebook.FUNCTIONS[name]
    return np.array(
        [notebook.central(X, f, EPSILON, NUM_STEPS, dtype, rng) for _ in range(REPEATS)]
    )


@pytest.mark.parametrize(("name", "dtype"), CASES)
@pytest.mark.slow
@pytest.mark.statistical
def test_distributions_cannot_be_told_apart(name: str, dtype: str) -> None:
    """Kolmogorov-Smirnov on 2,000 against 2,000 estimates, each with draws of its own.

    Each of the eight tests raises a false alarm with odds of 1e-4, all of them 8e-4. They would see
    distributions that are 7 % apart anywhere: a shift of a fifth of a standard deviation.
    """
    ours = suite(name, dtype, REPEATS).astype(np.float64)
    assert stats.ks_2samp(ours, transcription(name, dtype)).pvalue > 1e-4


@pytest.mark.parametrize("name", notebook.FUNCTIONS)
@pytest.mark.statistical
def test_another_estimator_can_be_told_apart(name: str) -> None:
    """The same test tells the realised from the nominal division in float32."""
    ours = suite(name, "float32", REPEATS, "realised").astype(np.float64)
    assert stats.ks_2samp(ours, transcription(name, "float32")).pvalue < 1e-9


class Replay:
    """Hands out steps that were drawn already, and checks that they are in the range asked for."""

    def __init__(self, values: list[float]) -> None:
        self._values = iter(values)

    def uniform(self, low: float, high: float) -> float:
        value = next(self._values)
        assert min(low, high) <= value <= max(low, high)
        return value


def replay(seed: int, dtype: str) -> Replay:
    """Return N and the steps of the suite's run with this seed, in the order of the notebook."""
    low, high = 0.9 * NUM_STEPS, 1.1 * NUM_STEPS
    count = low + (high - low) * stream(seed, Purpose.NUM_STEPS).random()
    u = stream(seed, Purpose.PERTURBATION).random((110, 2))
    steps = make_estimator("central").steps(u.T[None, :, :, None], EPSILON, "float64")
    pairs = np.abs(steps["offsets"][0, :, :, 0]).T
    return Replay([count, *pairs.ravel()])


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_the_same_draws_give_the_same_bits(name: str, dtype: str) -> None:
    """With the C library's pow under both, nothing differs: not the order of a single operation."""
    f = notebook.FUNCTIONS[name]
    ours = suite(name, dtype, 30, exactly=True)
    plain = [
        notebook.central(X, f, EPSILON, NUM_STEPS, dtype, replay(seed, dtype)) for seed in range(30)
    ]
    assert ours.tolist() == plain


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_numpys_pow_is_the_only_difference(name: str, dtype: str) -> None:
    """It differs from the C library's by at most one unit u of f, so a draw by 2u over the step.

    In float32 the rise is rounded before it is divided, which hides u but may move the rounding.
    """
    ours, exact = suite(name, dtype, 200), suite(name, dtype, 200, exactly=True)
    value = notebook.FUNCTIONS[name](X)
    bound = 2 * np.spacing(value) / (2 * EPSILON * (1 - EPSILON) * X)
    if dtype == "float32":
        bound += 2 * np.spacing(np.abs(exact).max())
    assert np.abs(ours - exact).max() <= bound


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("epsilon", [1e-8, 1e-4])
def test_three_slopes_from_the_same_draws(epsilon: float) -> None:
    """The notebook's training estimator, unguarded and with nominal sides, to rounding.

    A side is multiplied by 1/a instead of divided by a, and draws are averaged in another order: a
    few machine epsilons of the largest slope, at most 8.
    """
    x = np.linspace(-6, 6, 41)
    rule = make_estimator("three_slope", division="nominal", min_separation=0.0)
    for seed in range(20):
        found = estimate(
            rule, Target(sigmoid), x, epsilon=epsilon, num_steps=10, seed=seed, xp=NUMPY
        )
        u = stream(seed, Purpose.PERTURBATION).random((10, 2))
        pair = rule.steps(u.T[None, :, :, None], epsilon, "float64")["offsets"][0, :, :, 0]
        plain = notebook.three_slope(x, sigmoid, epsilon, 10, Replay(pair.T.ravel().tolist()))
        a, b = pair[:, :, None]
        with np.errstate(all="ignore"):
            chords = np.abs((sigmoid(x + a) - sigmoid(x + b)) / ((x + a) - (x + b)))
        assert np.all(np.abs(found.mean[0] - plain) <= 8 * 2.3e-16 * (1 + chords.max()))
