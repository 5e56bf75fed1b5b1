"""What values next to x tell, against noise, jumps and kinks that were put there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad.errors import ConfigError
from stochgrad.inference.neighbours import AGAIN, CURVES, TABLE, look


def test_the_noise_is_found() -> None:
    """σ from 14 squares: the root mean square over 400 points within 5 %.

    That is 5 standard errors of 1/√(2·14·400). A degree too many is taken by one point in 4,000.
    """
    rng = np.random.default_rng(1)
    free = TABLE - CURVES[0] - 1
    found = look(lambda p: np.exp(p) + 0.01 * rng.standard_normal(p.shape), np.full(400, 0.7))
    noise = found.noise * found.level
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(0.01, rel=0.05)
    assert noise.std() == pytest.approx(0.01 / np.sqrt(2 * free), rel=0.2)
    assert found.nfev == TABLE + AGAIN


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounding_is_found(dtype: str) -> None:
    """A product that is correctly rounded is off by ulp/√12, over points in one binade."""
    x = np.linspace(1.05, 1.35, 200).astype(dtype)
    found = look(lambda p: p * p, x)
    rms = float(np.sqrt(np.mean((found.noise * found.level) ** 2)))
    assert rms == pytest.approx(np.finfo(dtype).eps / np.sqrt(12), rel=0.15)


def test_what_bends_over_a_few_floats_is_no_noise() -> None:
    """sin at 1e6 in float32: floats are 0.06 apart, and the values go half of a period.

    A straight line leaves 0.1 to 0.5 of it.
    """
    x = np.linspace(1e6, 1.00001e6, 50).astype(np.float32)
    assert (look(lambda p: np.sin(p.astype(np.float64)), x).noise < 0.05).all()


def test_a_noise_that_is_known_takes_one_value() -> None:
    seen: list[Any] = []

    def f(p: Any) -> Any:
        seen.append(p)
        return np.exp(p)

    found = look(f, np.array([0.5, 2.0]), 0.25)
    assert (found.noise * found.level).tolist() == [0.25, 0.25]
    assert [p.shape for p in seen] == [(1, 2)]
    assert found.nfev == 1
    assert not found.alike.any()


def test_jumps_and_kinks_are_seen_and_noise_is_none() -> None:
    for f, x in (
        (np.floor, 1.0), (np.abs, 0.0), (lambda p: np.where(p > 2, p + 1, p), 2.0),
        (np.sign, 0.0), (lambda p: np.heaviside(p, 0.5), 0.0),
    ):  # fmt: skip
        assert look(f, np.array(x)).broken
    rng = np.random.default_rng(8)
    x = np.linspace(0.5, 2, 300)
    for f in (np.exp, lambda p: np.exp(p) + 0.1 * rng.standard_normal(p.shape)):
        assert not look(f, x).broken.any()


def test_an_outlier_is_no_jump() -> None:
    assert not look(lambda p: np.where(p == 1, 2.0, np.exp(p)), np.array(1.0)).broken


@pytest.mark.parametrize("x", [np.array(0.7), np.array([0.7, 1.0, -3.0])])
def test_noise_that_all_points_of_a_call_share_is_refused(x: Any) -> None:
    """Noise of its own at each point never is: eight moves agree to four floats by no chance."""
    rng = np.random.default_rng(4)
    for shared in (
        lambda p: np.exp(p) + 0.01 * rng.standard_normal(),
        lambda p: np.exp(p) * (1 + 0.01 * rng.standard_normal()),
    ):
        with pytest.raises(ConfigError, match=r"^epsilon=auto: .* once a call.*np\.vectorize"):
            look(shared, x)
    # Beside a point where f has no value, too.
    with np.errstate(invalid="ignore"), pytest.raises(ConfigError, match=r"^epsilon=auto"):
        look(lambda p: np.log(p) + 0.01 * rng.standard_normal(), np.append(np.abs(x), -2.0))
    one = np.vectorize(lambda p: np.exp(p) + 0.01 * rng.standard_normal(), otypes=[float])
    for f in (one, np.exp, lambda p: 0 * p, lambda p: rng.integers(0, 2, p.shape) + 0.0):
        assert look(f, x).nfev == TABLE + AGAIN


def test_values_that_are_all_the_same_are_told() -> None:
    """1 − cos x near 0 is rounded as 1 is."""
    assert look(lambda p: 1 - np.cos(p), np.array([1e-9, 1.0])).alike.tolist() == [True, False]
