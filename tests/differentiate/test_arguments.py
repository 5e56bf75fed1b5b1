"""What the front doors say of arguments that they cannot use: one line that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stochgrad import (
    ConfigError,
    as_jac,
    check_gradient,
    derivative,
    gradient,
    hessian,
    jacobian,
    plan,
)

X = np.array([0.3, 1.2, 2.0])
EXACT = np.cos(X)
MASKED = np.ma.array(X, mask=[False, True, False])


def f(x: Any) -> Any:
    return np.sin(x).sum(axis=-1)


def seeded(x: Any, seed: int = 0) -> Any:
    return f(x)


def loud() -> Callable[[Any], Any]:
    rng = np.random.default_rng(0)
    return lambda x: f(x) + 100 * rng.standard_normal(len(x))


def d(**settings: Any) -> Callable[[], Any]:
    return lambda: derivative(**{"f": np.sin, "x": X, "seed": 0} | settings)


def g(f: Any = f, x: Any = X, **settings: Any) -> Callable[[], Any]:
    return lambda: gradient(f, x, **settings)


def c(grad: Any = EXACT, **settings: Any) -> Callable[[], Any]:
    return lambda: check_gradient(f, grad, X, **settings)


def called(f: Any, *points: Any) -> Callable[[], Any]:
    def call() -> None:
        jac = as_jac(f, seed=0)
        for x in points:
            jac(x)

    return call


NO_SETTING = "there is no such setting here; allowed: args,"
NOT_DIRECTIONS = "must be finite directions, of shape (k, 3)"
LONG = np.ones((3, 4))
ROWS: list[tuple[Callable[[], Any], str]] = [
    (lambda: hessian(f, X, method="directions"), f"method=directions: {NO_SETTING}"),  # type: ignore[call-arg]
    (lambda: plan(f, X, estimator="spsa"), f"estimator=spsa: {NO_SETTING}"),  # type: ignore[call-arg]
    (lambda: as_jac(f, foo=1), f"foo=1: {NO_SETTING}"),  # type: ignore[call-arg]
    (c(vector=True), f"vector=True: {NO_SETTING}"),
    (g(seeds=3), f"seeds=3: {NO_SETTING}"),
    (g(options={"seed": 1}), "options={'seed': 1}: give seed= as an argument"),
    (g(options=5), "options=5: must be a dictionary"),
    (g(common=5, seed=0), "common=5: f must take a keyword seed, or leave common out"),
    (g(seeded, common=5, max_evaluations=20), "max_evaluations=20 common=5: must be 80 or more"),
    (g(seeded, common=5, kwargs=5), "kwargs=5: must be a dictionary"),
    (g(method="directions", guides=[[1, 0]]), f"guides=[[1, 0]]: {NOT_DIRECTIONS}"),
    (g(method="directions", guides="abc"), f"guides='abc': {NOT_DIRECTIONS}"),
    (g(method="directions", guides=[]), f"guides=[]: {NOT_DIRECTIONS}"),
    (g(guides=[[np.nan, 0, 0]]), f"guides=[[nan, 0, 0]]: {NOT_DIRECTIONS}"),
    (g(guides=np.ones((1, 1, 3))), f"guides=array([[[1., 1., 1.]]]): {NOT_DIRECTIONS}"),
    (g(estimator="spsa", guides=[[1, 0, 0]]), "guides=… method=auto estimator=spsa: must be met"),
    (g(method="coordinates", projection=True), "projection=True method=coordinates estimator=None"),
    (g(method="coordinates", num_directions=2), "num_directions=2 method=coordinates: must be"),
    (g(estimator="central", num_directions=2), "num_directions=2 estimator=central: it looks"),
    (g(method="directions", epsilon=1e-3), "method=directions estimator=central: it looks"),
    (g(method="coordinates", estimator="spsa"), "method=coordinates estimator=spsa: it looks"),
    (g(estimator="spsa", max_evaluations=300), "max_evaluations=300 estimator=spsa: must be 303"),
    (g(estimator="central", max_evaluations=42), "max_evaluations=42 estimator=central: must be"),
    (g(x=MASKED), "x=masked_array("),
    (g(x={"a": MASKED}), "x=masked_array("),
    (d(noise=MASKED), "noise="),
    (lambda: hessian(f, MASKED), "x=masked_array("),
    (d(x=MASKED), "x=masked_array("),
    (d(bounds=(-MASKED, None)), "bounds=masked_array("),
    (d(seeds=10**8), "seeds=100000000: must be at most "),
    (c(MASKED), "grad=masked_array("),
    (called(f, MASKED), "x=masked_array("),
    (lambda: plan(loud(), X, vectorized=True, seed=1), "max_evaluations=2640: noise hides the gr"),
    (lambda: plan(f, [1.0, np.nan]), "x=[1.0, nan]: x[1] is nan; must be finite"),
    (g(bounds=(0, 1)), "bounds=(0, 1): x=1.2 must lie between its bounds 0 and 1"),
    (g(method="directions", projection="yes"), "projection=yes: must be True or False"),
    (g(error_bars=0), "error_bars=0: must be True or False"),
    (g(x={}), "x={}: must hold at least one number"),
    (g(x={"a": [], "b": {}}), "x={'a': [], 'b': {}}: must hold at least one number"),
    (g(x=np.zeros((0, 3))), "x of shape (0, 3): must be a point, of shape (d,) with d at least 1"),
    (g(x=b"abc"), "x=b'abc': must be a real number or an array of real numbers"),
    (g(epsilon=[0.1, 0.2]), "epsilon=[0.1, 0.2]: must be a number, or one for each of 3 variables"),
    (g(epsilon=["a"]), "epsilon=['a']: must be numbers greater than 0, one for each variable"),
    (g(epsilon=LONG), "epsilon=[[1. 1. 1. 1.] [1. 1. 1. 1.] [1. 1. 1. 1.]]: must be"),
    (g(estimator="forward_gradient", jvp=5), "jvp=5: must be a function"),
    (g(workers=lambda f, x: [1.0]), "workers=… returned 1 values for 60 points: must return one"),
    (g(workers=lambda f, x: None), "workers=… returned 0 values for 1 points: must return one"),
    (g(backend=["numpy"]), "backend=['numpy']: unknown backend; allowed: numpy, tensorflow."),
    (g(noise=lambda x: None), "noise=… returned None: must return real numbers"),
    (g(noise=lambda x: x[:, 0] - 5), "noise=… returned -"),
    (g(noise=lambda x: np.ones(7)), "noise=… returned shape (7,) for points of shape (60, 3)"),
    (lambda: jacobian(lambda x: [[1], [1, 2]], X), "f returned [[1], [1, 2]]: must have"),
    (lambda: hessian(f, {"a": 1.0}), "x=…: the Hessian takes an array; join the variables to one"),
    (d(noise=lambda x: None), "noise=… returned None: must return real numbers"),
    (d(noise=lambda x: [[1.0], [1.0, 2.0]]), "noise=… returned [[1.0], [1.0, 2.0]]: must return"),
    (d(noise=lambda x: x - 5), "noise=… returned -"),
    (d(noise=lambda x: np.ones(7)), "noise=… returned shape (7,) for points of shape (20, 3)"),
    (d(seed=10**40), "seed=10000000000000000000000000000000000000000: must be at most 46"),
    (d(seed=None, seeds=2.5), "seeds=2.5: must be a number of replicates, or a list of seeds"),
    (d(seed=None, seeds="ab"), "seeds=ab: must be a number of replicates, or a list of seeds"),
    (d(epsilon=1e-3, min_scale=-1), "min_scale=-1: must be a finite number, 0 or more"),
    (d(epsilon=1e-3, min_scale="a"), "min_scale=a: must be a number, 0 or more"),
    (d(epsilon=1e-3, num_steps_spread=2), "num_steps_spread=2: must be a number from 0 to 1"),
    (d(epsilon=LONG), "epsilon=[[1. 1. 1. 1.] [1. 1. 1. 1.] [1. 1. 1. 1.]]: must be"),
    (d(error_bars="no"), "error_bars=no: must be True or False"),
    (d(args=b"a"), "args=b'a': must be a tuple of further arguments of f"),
    (d(kwargs={1: 2}), "kwargs={1: 2}: must be a dictionary of keyword arguments of f"),
    (d(estimator="analytic", derivative=5), "derivative=5: must be a function"),
    (c("abc"), "grad='abc': must be real numbers"),
    (c(EXACT + 1j), "grad=[(0.95"),
    (c(lambda x: None), "grad=None: must be real numbers"),
    (c(alpha=0), "alpha=0: must be a number between 0 and 1"),
    (c(blame="no"), "blame=no: must be True or False"),
    (c(max_evaluations=0), "max_evaluations=0: must be a whole number in digits"),
    (c(max_evaluations="a"), "max_evaluations=a: must be a whole number in digits"),
    (lambda: plan(lambda x: 0 * f(x), X), "x=array([0.3, 1.2, 2. ]): the gradient of f is 0 there"),
    (lambda: as_jac(None), "f=None: must be a function"),  # type: ignore[arg-type]
    (lambda: as_jac(f, rtol=-1), "rtol=-1: must be a finite number, 0 or more"),
    (called(f, "a"), "x='a': must be a real number or an array of real numbers"),
    (called(f, X, X[:2]), "x of shape (2,): was of shape (3,) before; call as"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), ROWS, ids=[m[:40] for _, m in ROWS])
def test_a_mistake_is_one_line_that_names_it(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        call()
    said = str(caught.value)
    assert said.startswith(message)
    assert "\n" not in said
    assert len(said) < 300


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_largest_float_has_a_status(dtype: str) -> None:
    largest = float(np.finfo(dtype).max)
    assert derivative(np.sin, largest, dtype=dtype, seed=0).status < 0
    assert gradient(f, [largest, 1.0], dtype=dtype, seed=0).status[0] < 0


def test_noise_that_is_not_known_anywhere_is_no_crash() -> None:
    assert not derivative(np.sin, X, noise=lambda x: np.nan * x, seed=0).success.any()
