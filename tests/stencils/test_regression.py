from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.backends import get_backend
from stochgrad.errors import ConfigError
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import estimate
from stochgrad.stencils.regression import design, weights

NUMPY = get_backend("numpy")


@pytest.mark.parametrize("degree", [1, 3, 5, 7, 9])
def test_it_is_exact_for_polynomials_of_its_degree(degree: int) -> None:
    """And of one degree more: even powers cancel. Rounding is eps times the sum of the weights."""
    c = np.random.default_rng(degree).normal(size=degree + 2)
    found = estimate(
        make_estimator("regression", degree=degree), Target(lambda x: np.polyval(c, x)),
        np.array([0.8, -1.3]), epsilon=0.5, num_steps=12, seed=0, xp=NUMPY, replicates=3,
    )  # fmt: skip
    exact = np.polyval(np.polyder(c), [0.8, -1.3])
    assert np.allclose(found.mean, exact, rtol=1e-11, atol=1e-11)


def test_it_is_the_least_squares_slope() -> None:
    """Against ``numpy.polyfit`` through the same points, noise and all."""
    rng, seen = np.random.default_rng(0), []

    def f(x: NDArray[Any]) -> NDArray[Any]:
        y = np.sin(x) + 0.1 * rng.standard_normal(x.shape)
        seen.append((x.ravel(), y.ravel()))
        return y

    found = estimate(
        make_estimator("regression", degree=3), Target(f), np.array(1.0),
        epsilon=0.3, num_steps=20, seed=0, xp=NUMPY,
    )  # fmt: skip
    x, y = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    # Points are in pairs, so the even powers of a quartic do not touch its odd ones.
    assert found.mean[0] == pytest.approx(np.polyfit(x - 1, y, 4)[-2], rel=1e-9)


@pytest.mark.parametrize(("degree", "order"), [(1, 2), (2, 2), (3, 4), (5, 6)])
def test_its_order_is_the_even_number_above_its_degree(degree: int, order: int) -> None:
    epsilons = 2.0 ** -np.arange(1, 6)
    errors = [
        estimate(
            make_estimator("regression", degree=degree), Target(np.exp), np.array(1.2),
            epsilon=e, num_steps=20, seed=0, xp=NUMPY,
        ).mean[0] - np.exp(1.2)
        for e in epsilons
    ]  # fmt: skip
    slope, _ = np.polyfit(np.log(epsilons), np.log(np.abs(errors)), 1)
    assert slope == pytest.approx(order, abs=0.1)


def test_weights_add_up_to_one_and_leave_no_higher_power() -> None:
    unit = np.random.default_rng(1).uniform(0.2, 1, (2, 9, 3))
    found = weights(unit, 3)
    assert found.shape == (2, 9, 3)
    assert np.allclose(found.sum(axis=1), 1)
    for power in (2, 4):
        assert np.allclose((found * unit**power).sum(axis=1), 0, atol=1e-12)


def test_a_design_has_its_nodes_in_their_shares() -> None:
    assert design(2, 9).round(15).tolist() == [1] + [0.5] * 8
    assert design(2, 90).round(15).tolist() == [1] * 10 + [0.5] * 80
    assert len(design(3, 3)) == 3
    assert {len(design(p, n)) == n for p in (1, 2, 3, 5) for n in (5, 7, 100)} == {True}


@pytest.mark.parametrize("num_steps", [1, 2, 3])
def test_few_pairs_lower_the_degree(num_steps: int) -> None:
    degree = 2 * num_steps - 1
    found = estimate(
        make_estimator("regression", degree=9), Target(lambda x: x**degree), np.array(1.0),
        epsilon=0.5, num_steps=num_steps, seed=0, xp=NUMPY,
    )  # fmt: skip
    assert found.mean[0] == pytest.approx(degree, rel=1e-12)


def test_the_number_of_draws_may_differ_between_replicates() -> None:
    """The weights belong to N: they are those of each replicate's own."""
    found = estimate(
        make_estimator("regression"), Target(lambda x: x**5), np.array(1.0),
        epsilon=0.5, num_steps=20, seed=0, xp=NUMPY, replicates=8, num_steps_spread=0.3,
    )  # fmt: skip
    assert len(set(found.draws)) > 1
    assert np.allclose(found.mean, 5, rtol=1e-12)


@pytest.mark.parametrize("degree", [0, 10, 2.0, True, "high"])
def test_a_degree_outside_its_range_is_refused(degree: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^estimator.degree={degree}: must be .* 1 to 9"):
        make_estimator("regression", degree=degree)
