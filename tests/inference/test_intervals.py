"""Intervals of estimates that are reported only where enough noise was seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from stochgrad.inference.intervals import SHORTEST, half_width

REPEATS = 20_000


@pytest.mark.parametrize("least", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("freedom", [1, 2, 4, 10])
def test_what_is_not_refused_is_covered(freedom: int, least: float) -> None:
    """Whatever the least noise is beside the true one: 95 % within 4 binomial standard errors.

    Odds of failing 6e-5 in each. Student's interval holds nearly all of one degree of freedom.
    """
    rng = np.random.default_rng(freedom)
    z = rng.standard_normal(REPEATS)
    s = np.sqrt(rng.chisquare(freedom, REPEATS) / freedom)
    seen = s >= least
    z, s = np.abs(z[seen]), s[seen]
    covered = float(np.mean(z <= half_width(0.95, np.full(s.shape, freedom), s / least) * s))
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.05 * 0.95 / len(s)))
    if freedom == 1 and least > 0.1:
        assert np.mean(z <= student.ppf(0.975, 1) * s) > 0.99


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_without_a_choice_it_is_students(level: float) -> None:
    freedom = np.array([1.0, 2.0, 30.0, np.inf])
    found = half_width(level, freedom, np.full(4, np.inf))
    assert np.allclose(found, student.ppf(0.5 + level / 2, np.minimum(freedom, 1e9)), rtol=1e-9)


def test_it_grows_with_what_was_seen() -> None:
    """From the least width that is honest to Student's, which it never exceeds."""
    clearance = np.geomspace(1, 1e6, 200)
    found = half_width(0.95, np.full(200, 2.0), clearance)
    assert found[0] == SHORTEST
    assert (np.diff(found) >= 0).all()
    assert found[-1] == pytest.approx(student.ppf(0.975, 2), rel=1e-6)


def test_arrays_without_axes() -> None:
    """And what is below the least, which is refused, has Student's."""
    assert half_width(0.95, np.array(2.0), np.array(1.5)) < 4.3
    assert half_width(0.95, np.array(2.0), np.array(0.5)) == pytest.approx(4.3027, abs=1e-4)
    assert np.isnan(half_width(0.95, np.array(np.nan), np.array(np.nan)))
