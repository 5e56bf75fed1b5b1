"""Errors of mirror images: opposite ones, and independent ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t as student

from stochgrad import derivative
from stochgrad.inference.local_fit import LocalFit, fit
from stochgrad.inference.orthogonal import make_basis, project
from stochgrad.inference.residuals import opposite

FITS, PAIRS = 4000, 12


def lines(opposed: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return offsets and values of straight lines of slope 1 with errors of standard deviation 1.

    Those of mirror images have the correlation ``−opposed``.
    """
    rng = np.random.default_rng(seed)
    above = rng.uniform(0.5, 1, (PAIRS, FITS))
    common, own, other = rng.standard_normal((3, PAIRS, FITS))
    t = np.concatenate([above, -above])
    shared = math.sqrt(opposed) * np.concatenate([common, -common])
    return t, t + shared + math.sqrt(1 - opposed) * np.concatenate([own, other])


def covered(found: LocalFit) -> int:
    half = student.ppf(0.975, found.freedom) * found.error
    return int((np.abs(found.slope - 1) <= half).sum())


@pytest.mark.parametrize("opposed", [1.0, 0.95, 0.0])
def test_intervals_hold_whatever_mirror_images_have_in_common(opposed: float) -> None:
    """Of 4,000 intervals 95 %: 3,725 to 3,875 with odds of failing 1e-7.

    Opposite errors that were taken for independent ones would have 83 % of them hold.
    """
    t, y = lines(opposed, 1)
    assert 3725 <= covered(fit(t, y, np.full(FITS, 1e6))) <= 3875


def test_a_remainder_on_one_side_of_the_mirror_is_no_reason_for_narrow_intervals() -> None:
    """A function that is even but for a thousandth: what its even part leaves out hides nothing.

    Of 20 at 0.95, 15 and more hold: odds 3e-4.
    """
    held = 0
    for seed in range(20):
        found = derivative(
            lambda x: 1 / (1 + x * x) + 1e-3 * np.sin(x), [0.0],
            estimator="regression", epsilon="auto", num_steps=50, seed=seed,
        )  # fmt: skip
        assert found.status[0] == 0
        low, high = found.confidence_interval(0.95)
        held += bool(low[0] <= 1e-3 <= high[0])
    assert held >= 15


def test_independent_errors_are_seldom_taken_for_others() -> None:
    """One time in a hundred: 13 to 70 of 4,000, with odds of failing 6e-6."""
    t, y = lines(0.0, 3)
    basis = make_basis(t, 4)
    related, odd, free = opposite(t, project(basis.q, y)[1], basis.used)
    assert 13 <= related.sum() <= 70
    assert (free == PAIRS - 2).all()
    # The square of each has a relative standard error of √(2/10)/√4000 = 0.7 %.
    assert np.mean(odd**2) == pytest.approx(1, rel=0.04)


@pytest.mark.parametrize("rows", [slice(1, None), slice(2, None)])
def test_points_that_are_no_pairs_have_no_mirror_images(rows: slice) -> None:
    t, y = (a[rows] for a in lines(1.0, 4))
    basis = make_basis(t, 4)
    assert not opposite(t, project(basis.q, y)[1], basis.used)[0].any()


@pytest.mark.parametrize("num_steps", [10, 30])
@pytest.mark.slow
def test_a_product_that_is_rounded_on_the_way_to_f(num_steps: int) -> None:
    """10(1.5 ± a) is rounded up on one side where it is rounded down on the other.

    Of 400 intervals 95 %: 361 to 397, odds of failing 7e-5; of 83 % that many hold with odds of
    3e-5.
    """
    exact = 10 * math.cos(15)
    held = 0
    for seed in range(400):
        found = derivative(
            lambda x: np.sin(10 * x), [1.5],
            estimator="regression", epsilon=1e-3, num_steps=num_steps, seed=seed,
        )  # fmt: skip
        low, high = found.confidence_interval(0.95)
        held += bool(low[0] <= exact <= high[0])
    assert 361 <= held <= 397
