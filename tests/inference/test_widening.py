"""Steps to one side of x that grow as long as estimates agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.inference.automatic import choose
from stochgrad.inference.taylor_terms import TaylorTerms
from stochgrad.inference.widening import EVALUATIONS, widen
from stochgrad.stencils import make_estimator
from stochgrad.stencils.differences import Quadratic

REPEATS, DRAWS = 50, 30
RULE = Quadratic()


def known(beta: NDArray[np.float64]) -> TaylorTerms:
    return TaylorTerms(beta, np.ones(beta.shape[1:]))


def start(f: Any, x: float, epsilon: float, sigma: float) -> tuple[NDArray[np.float64], int]:
    """Widen from a step size, with nothing known of f but its noise."""
    at = np.full(REPEATS, x)
    beta = np.zeros((4, REPEATS))
    beta[0] = f(x)
    return widen(
        RULE, f, at, np.full(REPEATS, epsilon), np.full(REPEATS, sigma), known(beta), DRAWS
    )


def noisy(f: Any, sigma: float) -> Any:
    rng = np.random.default_rng(0)
    return lambda p: f(p) + sigma * rng.standard_normal(np.shape(p))


def test_nothing_ends_a_parabola_but_the_limit() -> None:
    """With 2 standard errors one pair of estimates in 20 differs: hardly any search ends early."""
    found, _ = start(noisy(lambda p: p * p, 1e-3), 1.0, 1e-3, 1e-3)
    assert np.median(found) > 0.5
    assert (found <= 2).all()


def test_a_bend_that_is_seen_ends_it() -> None:
    """log at 0.01: a step of a hundred times x is off by more than the noise, one of x is not."""
    found, _ = start(noisy(np.log, 1e-2), 0.01, 1e-3, 1e-2)
    assert 0.005 < np.median(found) < 0.3


def test_a_step_that_is_known_to_be_long_is_not_tried() -> None:
    """The known third derivative says that twice the step is worse: f is not asked."""
    at = np.ones(3)
    beta = np.stack([at, at, at, 1e6 * at])

    def f(points: Any) -> Any:
        raise AssertionError("f was evaluated")

    found, rounds = widen(RULE, f, at, 1e-2 * at, 1e-6 * at, known(beta), DRAWS)
    assert found.tolist() == [1e-2] * 3
    assert rounds == 0


def test_evaluations_are_counted() -> None:
    seen: list[int] = []

    def f(points: Any) -> Any:
        seen.append(np.size(points))
        return points * points

    _, rounds = widen(
        RULE, f, np.ones(2), np.full(2, 0.1), np.full(2, 1e-16), known(np.ones((3, 2))), 30
    )
    assert sum(seen) == rounds * EVALUATIONS * 2


@pytest.mark.parametrize("name", ["quadratic", "three_slope"])
def test_a_singularity_on_the_other_side_is_no_limit(name: str) -> None:
    """x^x at 0.001 with 1 % of noise: right of x it is smooth over more than a hundred times x."""
    x = np.full(20, 1e-3)
    f = noisy(lambda p: np.abs(p) ** p, 0.01)
    found = choose(make_estimator(name), f, x, np.ones(20), DRAWS)
    assert np.median(found.epsilon) > 3e-3
