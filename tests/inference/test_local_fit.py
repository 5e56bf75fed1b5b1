"""The polynomial through the evaluations, against NumPy's and against what is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from stochgrad.inference.intervals import half_width
from stochgrad.inference.local_fit import fit
from stochgrad.inference.taylor_terms import TaylorTerms


def test_it_is_numpys_least_squares_slope() -> None:
    rng = np.random.default_rng(0)
    t = rng.uniform(-0.01, 0.01, (40, 7))
    y = np.exp(t) + 1e-3 * rng.standard_normal(t.shape)
    found = fit(t, y, np.ones(7))
    for i in range(7):
        degree = int(found.degree[i])
        expected, covariance = np.polyfit(t[:, i], y[:, i], degree, cov="unscaled")
        assert found.slope[i] == pytest.approx(expected[-2], rel=1e-9)
        told = found.noise[i] * np.sqrt(covariance[-2, -2])
        assert found.error[i] == pytest.approx(told, rel=1e-6)


def test_noise_decides_the_degree() -> None:
    """A straight line where noise hides everything else, and more where it does not."""
    rng = np.random.default_rng(1)
    t = rng.uniform(-0.02, 0.02, (60, 50))
    degrees = [
        np.median(fit(t, np.exp(t) + s * rng.standard_normal(t.shape), np.ones(50)).degree)
        for s in (1e-1, 1e-5, 1e-9)
    ]
    assert degrees[0] == 1
    assert degrees[0] < degrees[1] < degrees[2]


def test_two_clusters_as_narrow_as_rounding_are_two_points() -> None:
    """Central differences whose steps hardly vary: slope (y₊ − y₋)/2h, with noise of either."""
    rng = np.random.default_rng(2)
    side = np.repeat([-1.0, 1.0], 50)[:, None] * np.ones(400)
    t = 1e-6 * side * (1 + 1e-16 * rng.uniform(size=side.shape))
    y = 3 * t + 1e-8 * rng.standard_normal(t.shape)
    found = fit(t, y, np.ones(400))
    assert np.median(found.degree) == 1
    assert found.slope.std() == pytest.approx(1e-8 / (1e-6 * 10), rel=0.15)
    assert np.sqrt(np.mean(found.error**2)) == pytest.approx(found.slope.std(), rel=0.15)


def test_what_is_no_polynomial_is_told() -> None:
    t = np.random.default_rng(3).uniform(-1, 1, (80, 5))
    assert (fit(t, np.sin(40 * t), np.ones(5)).truncation > 1).all()


def test_noise_that_is_known_is_used() -> None:
    t = np.random.default_rng(4).uniform(-1, 1, (80, 5)) * 1e-3
    found = fit(t, np.exp(t), np.ones(5), 0.5)
    assert np.isinf(found.freedom).all()
    assert np.allclose(found.noise, 0.5, rtol=1e-15)


@pytest.mark.parametrize("shape", [(), (0,), (3, 2)])
def test_shapes(shape: tuple[int, ...]) -> None:
    t = np.random.default_rng(5).uniform(-1, 1, (30, *shape)) * 1e-2
    found = fit(t, np.exp(t), np.ones(shape))
    assert found.slope.shape == found.degree.shape == shape
    assert np.allclose(found.slope, 1, atol=1e-9)


def test_values_that_are_not_finite_have_no_slope() -> None:
    t = np.linspace(-1, 1, 30)[:, None] * 1e-2
    y = np.exp(t)
    y[3] = np.nan
    assert np.isnan(fit(t, y, np.ones(1)).slope).all()


def test_values_that_are_rounded_more_count_for_more() -> None:
    """x³ from 22 to 58 in float32: units in the last place differ by 16. Standard deviations of
    400 slopes are known to 3.5 %, four of which are 14 %.
    """
    rng = np.random.default_rng(3)
    x = np.float32(40)
    t = (rng.uniform(-18, 18, (60, 400)) + x).astype(np.float32)
    found = fit(t.astype(float) - float(x), t * t * t, np.full(400, 40.0))
    assert found.error.mean() == pytest.approx(found.slope.std(), rel=0.14)


def test_known_taylor_coefficients_say_what_is_left_out() -> None:
    """sin(30x) on top of 100: by a scale of 20 a straight line would do, and be off by half its
    error.
    """
    rng = np.random.default_rng(4)
    t = rng.uniform(0, 0.002, (60, 300))
    y = 100 + np.cos(30 * t + 1) + 1e-3 * rng.standard_normal(t.shape)
    powers = 30.0 ** np.arange(12) / np.cumprod([1.0, *range(1, 12)])
    told = fit(t, y, np.ones(300), taylor=TaylorTerms(np.tile(powers[:, None], 300), np.ones(300)))
    guessed = fit(t, y, np.full(300, 20.0))
    exact = -30 * np.sin(1)
    bias = [abs((f.slope - exact).mean()) / f.error.mean() for f in (told, guessed)]
    assert (told.truncation <= 0.25).all()
    # Means of 300 slopes are known to 0.06 of one's error.
    assert bias[0] < 0.25
    assert bias[1] > 0.35


def test_few_values_know_their_noise_as_well_as_they_can() -> None:
    """Four values of a straight line have two squares of noise in them, for Student's interval.

    Of 4,000 intervals 95 % hold the slope, 3,725 to 3,875 with odds of failing 1e-7. With the one
    square that a parabola leaves they are three times as wide, which one in a thousand asks for by
    chance: more than 25 do with odds of 1e-11.
    """
    rng = np.random.default_rng(6)
    t = 1e-6 * rng.uniform(-1, 1, (4, 4000))
    found = fit(t, 1 + t + 1e-8 * rng.standard_normal(t.shape), np.ones(4000))
    assert (found.freedom != 2).sum() <= 25
    covered = np.abs(found.slope - 1) <= student.ppf(0.975, found.freedom) * found.error
    assert 3725 <= covered.sum() <= 3875


def test_a_term_that_may_matter_is_no_noise() -> None:
    """exp over steps of 0.1: only what the highest degree leaves is noise."""
    rng = np.random.default_rng(7)
    t = rng.uniform(-0.1, 0.1, (10, 200))
    found = fit(t, np.exp(t) + 1e-6 * rng.standard_normal(t.shape), np.ones(200))
    assert (found.freedom == 4).all()


def test_a_slope_that_is_blind_has_a_rough_one_beside() -> None:
    """Two clusters at ±1e-5: a cubic through them is worth nothing, a line is off by h²/6."""
    rng = np.random.default_rng(8)
    t = np.repeat([-1e-5, 1e-5], 20)[:, None] * (1 + 1e-5 * rng.uniform(-1, 1, (40, 100)))
    found = fit(t, np.exp(t), np.ones(100))
    assert (found.degree >= 3).all()
    assert (found.rough_error < 0.1 * found.error).all()
    assert (np.abs(found.rough - 1) < found.rough_error).all()


def test_rounding_on_the_way_to_f_is_larger_where_f_is() -> None:
    """sin(30x) above 0 in float32: the product is rounded as the sine is. Standard deviations of
    400 slopes are known to 3.5 %, four of which are 14 %; of equal errors they were 18 % too large.
    """
    rng = np.random.default_rng(9)
    t = rng.uniform(3e-6, 3e-4, (200, 400)).astype(np.float32)
    found = fit(t.astype(float), np.sin(np.float32(30) * t), np.full(400, 3e-2))
    assert found.error.mean() == pytest.approx(found.slope.std(), rel=0.14)


def test_too_little_noise_is_told() -> None:
    """Of six values of exp those that show less noise than truncation may matter beside.

    They are refused as ``least`` says; of 4,000 the half that is left is covered as it should, to
    4 binomial standard errors of 0.5 %, where Student's interval would hold 98 % or more.
    """
    rng = np.random.default_rng(10)
    t = np.tile([-1.0, -0.6, -0.3, 0.3, 0.6, 1.0], (4000, 1)).T * 0.05
    found = fit(t, np.exp(t) + 2e-5 * rng.standard_normal(t.shape), np.ones(4000))
    good = found.truncation <= 0.25
    assert 0.4 < good.mean() < 0.9
    assert np.array_equal(good, found.noise >= found.least)
    off = (np.abs(found.slope - 1) / found.error)[good]
    freedom, clearance = found.freedom[good], (found.noise / found.least)[good]
    assert np.mean(off <= half_width(0.95, freedom, clearance)) == pytest.approx(0.95, abs=0.02)
    assert np.mean(off <= half_width(0.95, freedom, np.full(off.shape, np.inf))) > 0.98


def test_a_term_that_noise_alone_makes_significant_is_in_no_slope() -> None:
    """Two clusters of points, and a cubic term of 3.4 standard errors: 7 % see it as one of 5.

    Those would take a slope of the third degree, with all that noise in it: 68 % of their intervals
    hold the slope. Of the others 95 % do, 3,440 to 3,605 with odds of failing 1e-6.
    """
    rng = np.random.default_rng(8)
    h = 0.0417
    sides = np.repeat([[1.0], [-1.0]], 30, axis=0)
    u = (1 + h * rng.uniform(-1, 1, (60, 4000))) * sides
    y = 35 + u + 0.0243 * u**2 + 3.84e-4 * u**3 + 3.5e-5 * rng.standard_normal(u.shape)
    found = fit(h * u, y, np.ones(4000))
    misled = found.degree == 3
    assert 200 <= misled.sum() <= 400
    good = found.truncation <= 0.25
    assert not (good & misled).any()
    half = student.ppf(0.975, found.freedom) * found.error
    covered = good & (np.abs(found.slope - 1 / h) <= half)
    assert 0.93 * good.sum() <= covered.sum() <= 0.97 * good.sum()
