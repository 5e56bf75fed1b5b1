from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from stochgrad.suite.analysis.intervals import bootstrap_interval, t_interval


@pytest.mark.parametrize("n", [2, 3, 20, 100])
def test_t_interval_is_students(n: int) -> None:
    values = np.random.default_rng(n).standard_normal((4, n)) + 3
    found = t_interval(values)
    low, high = stats.t.interval(0.95, n - 1, values.mean(-1), stats.sem(values, axis=-1))
    assert found.centre == pytest.approx(values.mean(-1), rel=1e-14)
    assert found.low == pytest.approx(low, rel=1e-12)
    assert found.high == pytest.approx(high, rel=1e-12)


def test_t_interval_for_a_log_axis_is_positive_and_the_plain_one_to_first_order() -> None:
    wide = t_interval([1e-5, 1e-5, 1.0], log=True)
    assert 0 < wide.low < wide.centre < wide.high
    assert wide.low * wide.high == pytest.approx(wide.centre**2)
    narrow = 1 + 1e-6 * np.random.default_rng(0).standard_normal(20)
    plain, log = t_interval(narrow), t_interval(narrow, log=True)
    assert log.low == pytest.approx(plain.low, rel=1e-12)
    assert log.high == pytest.approx(plain.high, rel=1e-12)


def test_t_interval_for_a_log_axis_does_not_overflow() -> None:
    found = t_interval([1e-16, -1e-16 * (1 - 1e-12), 0.0], log=True)
    assert 0 < found.low < found.centre < found.high < np.inf


def test_t_interval_of_equal_or_zero_values_is_a_point() -> None:
    for value in (0.0, 0.25):
        found = t_interval([value, value, value], log=True)
        assert (found.low, found.centre, found.high) == (value, value, value)


def test_the_bootstrap_is_scipys() -> None:
    """Of the same definition; resamples differ, by which a bound moves 2 % of the width or so."""
    values = np.random.default_rng(3).normal(0, 1, (20, 12)) ** 2
    found = bootstrap_interval(values)
    other = stats.bootstrap(
        (values,), np.mean, axis=-1, n_resamples=9999, rng=np.random.default_rng(1)
    ).confidence_interval
    width = other.high - other.low
    assert np.all(np.abs(found.low - other.low) < 0.1 * width)
    assert np.all(np.abs(found.high - other.high) < 0.1 * width)
