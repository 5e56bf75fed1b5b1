from __future__ import annotations

import numpy as np
import pytest

from stochgrad import ESTIMATORS
from stochgrad.backends import Backend, get_backend
from stochgrad.errors import ConfigError
from stochgrad.stencils import expand, make_estimator, step_scale
from stochgrad.stencils.rule import layout

NUMPY = get_backend("numpy")


def test_options_reach_the_estimator() -> None:
    assert make_estimator("central", jitter=0.5, division="nominal").jitter == 0.5


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("centrl", {}, "estimator=centrl: unknown estimator; allowed: analytic,"),
        ("central", {"jiter": 1}, "estimator.jiter=1: unknown estimator.jiter; allowed: division,"),
        ("forward", {"jitter": 1}, "estimator.jitter=1: unknown estimator.jitter; allowed: no opt"),
    ],
)
def test_mistakes_are_named(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_estimator(name, **options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_every_estimator_says_what_it_is() -> None:
    for name in ESTIMATORS:
        cls = ESTIMATORS[name]
        assert cls.name == name
        assert cls.summary
        assert cls.__doc__


def test_expand_appends_axes_for_the_points() -> None:
    steps = {"pair": np.zeros((2, 5, 3)), "step": np.zeros((5, 3))}
    shapes = {key: s.shape for key, s in expand(steps, 4).items()}
    assert shapes == {"pair": (2, 5, 3, 1, 1, 1), "step": (5, 3, 1, 1, 1)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_scale_of_a_relative_step(dtype: str, xp: Backend) -> None:
    """x itself, and 1 where x is 0 or so small that a relative step would underflow."""
    x = np.array([0.0, -0.0, 1e-320, -1e-37, 1e-10, -1e-10, 2.0, -3e30], dtype)
    small = np.abs(x) < np.finfo(dtype).tiny * 1e16
    expected = np.where(small, np.ones_like(x), x)
    assert small[:3].all()
    found = xp.to_numpy(step_scale(xp.asarray(x), 0.0, xp))
    assert found.dtype == dtype
    assert np.array_equal(found, expected)


def test_the_scale_with_a_smallest_one(xp: Backend) -> None:
    x = np.array([0.0, 0.3, -0.3, 1.0, -1.0, 5.0, -5.0], np.float32)
    found = xp.to_numpy(step_scale(xp.asarray(x), 1.0, xp))
    assert found.tolist() == [1, 1, -1, 1, -1, 5, -5]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [n for n in ESTIMATORS if ESTIMATORS[n].perturbs])
def test_the_smallest_epsilon_moves_x_and_half_of_it_does_not(name: str, dtype: str) -> None:
    rule = make_estimator(name)
    for size in (0.3, 1.0, 1.999, 7.0):
        smallest = rule.smallest_epsilon(dtype, size)
        x = np.asarray(size, dtype)
        step = np.asarray(smallest * (size if rule.relative else 1), dtype)
        assert x + step > x
        if not rule.relative:
            assert x + step * np.asarray(0.49 * layout(rule).shortest, dtype) == x


@pytest.mark.parametrize("name", ["central", "three_slope", "quadratic"])
def test_steps_stay_in_an_interval_of_the_stated_length(name: str) -> None:
    rule = make_estimator(name)
    u = np.array([0.0, 1 - 2**-53])[None, None, :, None] * np.ones((1, 2, 1, 1))
    u[:, 1] = u[:, 1, ::-1]
    first = rule.steps(u, 0.25, "float64")["offsets"][0, 0]
    assert np.ptp(first) == pytest.approx(rule.interval(0.25))
