"""Variances and rates of random directions, against sums over many of them."""

from __future__ import annotations

import numpy as np
import pytest

from stochgrad.stencils.laws import ALL_LAWS, LAWS
from stochgrad.theory import perturbation as theory

RNG = np.random.default_rng(5)
DRAWS = 40_000


def within(samples, predicted, odds=4.0):
    """Whether a mean of samples is the prediction, up to 4 standard errors: odds of 6e-5."""
    error = samples.std(ddof=1) / np.sqrt(len(samples))
    assert error < 0.05 * abs(predicted)
    assert abs(samples.mean() - predicted) <= odds * error


@pytest.mark.statistical
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("directions", [1, 3])
def test_variance_of_some_weights(law, directions):
    g, size = RNG.normal(size=12) * np.arange(1, 13), 4
    v = LAWS[law].draw(np.random.default_rng(1), (DRAWS, directions, 12))
    estimate = ((v @ g)[..., None] * v).mean(axis=1)
    predicted = theory.weight_variance(
        float(g[:size] @ g[:size]), size, float(g @ g), LAWS[law].kurtosis, directions
    )
    within(((estimate - g)[:, :size] ** 2).sum(axis=-1), predicted)


@pytest.mark.statistical
@pytest.mark.parametrize("directions", [1, 3, 12])
def test_variance_of_orthogonal_directions(directions):
    g, size = RNG.normal(size=12) * np.arange(1, 13), 4
    v = ALL_LAWS["orthogonal"].draw(np.random.default_rng(1), (DRAWS, directions, 12))
    estimate = ((v @ g)[..., None] * v).mean(axis=1)
    part, whole = float(g[:size] @ g[:size]), float(g @ g)
    predicted = theory.orthogonal_variance(part, size, whole, 12, directions)
    errors = ((estimate - g)[:, :size] ** 2).sum(axis=-1)
    if directions == 12:
        assert predicted == pytest.approx(0, abs=1e-9 * whole)
        assert errors.max() < 1e-18 * whole
    else:
        within(errors, predicted)


@pytest.mark.statistical
def test_the_projection_keeps_k_of_n():
    g = RNG.normal(size=20)
    v = ALL_LAWS["orthogonal"].draw(np.random.default_rng(2), (DRAWS, 5, 20)) / np.sqrt(20)
    projected = np.einsum("nkd,nk->nd", v, v @ g)
    cosine2 = (projected @ g) ** 2 / (projected**2).sum(axis=-1) / (g @ g)
    within(cosine2, theory.projection_cosine2(20, 5))


@pytest.mark.parametrize("perturbed", ["none", "nodes", "weights"])
def test_the_best_rate_is_that_of_the_second_moment(perturbed):
    """``1 − 2η + η²c`` is least at η = 1/c, where it is 1 − 1/c."""
    rate = theory.linear_rate(perturbed, 8, 4)
    eta = np.linspace(0.5, 1.5, 101) * rate
    error = 1 - 2 * eta + eta**2 / rate
    assert error.min() == pytest.approx(1 - rate)
