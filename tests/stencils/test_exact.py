from __future__ import annotations

import numpy as np
import pytest

from stochgrad.backends import Backend, get_backend
from stochgrad.errors import ConfigError
from stochgrad.stencils import Target, make_estimator
from stochgrad.stencils.estimate import estimate

X = np.linspace(-2, 2, 7).reshape(7, 1)


def test_analytic_is_the_closed_form_and_never_calls_f(xp: Backend) -> None:
    def f(x: object) -> object:
        raise AssertionError("f was called")

    found = estimate(
        make_estimator("analytic"), Target(f, lambda x: 3 * x * x), X,
        epsilon=1.0, num_steps=5, seed=0, xp=xp, replicates=2,
    )  # fmt: skip
    assert np.array_equal(found.mean, [3 * X * X] * 2)


def test_analytic_without_a_closed_form_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^estimator=analytic: .*derivative=") as caught:
        estimate(
            make_estimator("analytic"), Target(np.sin), X,
            epsilon=1.0, num_steps=5, seed=0, xp=get_backend("numpy"),
        )  # fmt: skip
    assert "\n" not in str(caught.value)


def test_autodiff_is_exact(tensorflow: Backend) -> None:
    found = estimate(
        make_estimator("autodiff"), Target(lambda x: tensorflow.exp(x) * x), X,
        epsilon=1.0, num_steps=5, seed=0, xp=tensorflow,
    )  # fmt: skip
    assert np.allclose(found.mean[0], (1 + X) * np.exp(X), rtol=1e-14, atol=1e-15)


def test_autodiff_of_a_constant_is_zero(tensorflow: Backend) -> None:
    x = tensorflow.asarray(X)
    constant = tensorflow.asarray(np.ones_like(X))
    assert not tensorflow.to_numpy(tensorflow.autodiff(lambda _: constant, x)).any()


def test_numpy_has_no_autodiff() -> None:
    with pytest.raises(ConfigError, match="backend=tensorflow, or estimator=analytic"):
        get_backend("numpy").autodiff(np.sin, X)
    assert make_estimator("autodiff").backends == {"tensorflow"}


@pytest.mark.parametrize("name", ["analytic", "autodiff"])
def test_no_step_is_too_small_for_them(name: str) -> None:
    assert make_estimator(name).smallest_epsilon("float32", 1e9) == 0
