"""Whose functions are called with batches, and whose point by point."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stochgrad import gradient, jacobian
from stochgrad.backends import Backend, get_backend
from stochgrad.differentiate.batched import Batched, BlackBoxField
from stochgrad.differentiate.calling import Calls
from stochgrad.errors import ConfigError

NUMPY = get_backend("numpy")
X = np.random.default_rng(0).normal(size=(12, 3))


def batched(f: Callable[..., Any], vector: bool = False) -> Batched:
    return Batched(Calls(f), vector=vector)


def rosenbrock(x: Any) -> Any:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def with_math(x: Any) -> float:
    return math.exp(x[0]) if x[1] > 0 else math.sin(x[2])


def in_its_own_array() -> Callable[[Any], Any]:
    kept = np.zeros(3)

    def f(x: Any) -> Any:
        kept[:] = x[0] * x[1], x[0] ** 2, x[2]
        return kept

    return f


SCALAR: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "sum of the last axis": (lambda x: (x**2).sum(axis=-1), True),
    "columns": (lambda x: x[:, 0] * x[:, 1], True),
    "last axis": (lambda x: x[..., 0] * x[..., 1], True),
    "product": (lambda x: x @ np.ones(x.shape[-1]), True),
    "integers": (lambda x: (x[..., 0] > 0).astype(np.uint8), True),
    "sum of everything": (lambda x: np.sum(x**2), False),
    "rosenbrock": (rosenbrock, False),
    "math": (with_math, False),
    "one number in an array": (lambda x: np.array([x[0]]), False),
    "a loop": (lambda x: sum(float(v) ** 2 for v in x), False),
    "a constant": (lambda x: 3.0, False),
    "norm": (lambda x: np.linalg.norm(x), False),
    "writes": (lambda x: x.__imul__(2).sum(), False),
    "mixes rows": (lambda x: (x**2).sum(axis=-1) / np.abs(x).max(), False),
    "the first of one": (lambda x: x[0] ** 2 if x.size == 1 else x.sum(), False),
}


@pytest.mark.parametrize("shape", [(1, 2), (2, 2), (3, 3), (4, 3), (12, 3), (5, 1)])
@pytest.mark.parametrize("name", SCALAR)
def test_scalar_functions(name: str, shape: tuple[int, int]) -> None:
    """In particular where there are as many points as variables."""
    f, takes_batches = SCALAR[name]
    x = np.resize(X, shape)
    if shape[1] < {"rosenbrock": 2, "math": 3, "columns": 2, "last axis": 2}.get(name, 1):
        return
    box = batched(f)
    found = box(x)
    one = (lambda p: f(p[None])[0]) if takes_batches else f
    expected = [float(np.squeeze(one(p.copy()))) for p in x]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert found.dtype == np.float64
    # Of two points there is nothing to find out, but by a function that does not take them alone.
    tried = 2 + (shape[1] == 2)
    more = tried + 2 if takes_batches or name == "mixes rows" else 1
    if name == "columns":
        more = tried + 1 if len(x) > 2 else 1
    assert box.evaluations == len(x) + (more if len(x) > 2 or name == "columns" else 0)


VECTOR: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "elementwise": (np.sin, True),
    "matrix from the right": (lambda x: x @ np.arange(12.0).reshape(3, 4), True),
    "stacked on the last axis": (lambda x: np.stack([x[..., 0], x.sum(-1)], axis=-1), True),
    "columns": (lambda x: np.stack([x[:, 0], x[:, 1]], axis=1), True),
    "matrix from the left": (lambda x: np.arange(12.0).reshape(4, 3) @ x, False),
    "square matrix from the left": (lambda x: np.arange(9.0).reshape(3, 3) @ x, False),
    "list": (lambda x: [x[0] * x[1], x[1], x[2]], False),
    "one row": (lambda x: np.array([x[0]]), False),
    "cumulative": (np.cumsum, False),
    "softmax of everything": (lambda x: np.exp(x) / np.exp(x).sum(), False),
    "without the mean of everything": (lambda x: x - x.mean(), False),
    "over the norm of everything": (lambda x: x / np.linalg.norm(x), False),
    "over the largest": (lambda x: x / x.max(), False),
    "over the smallest": (lambda x: x / x.min(), False),
    "turned around": (lambda x: x[::-1], False),
    "its own array": (in_its_own_array(), False),
}


@pytest.mark.parametrize("number", [1, 2, 3, 4, 12])
@pytest.mark.parametrize("name", VECTOR)
def test_vector_functions(name: str, number: int) -> None:
    f, takes_batches = VECTOR[name]
    found = batched(f, vector=True)(X[:number])
    one = (lambda p: f(p[None])[0]) if takes_batches else f
    np.testing.assert_allclose(found, [np.array(one(p)) for p in X[:number]], rtol=1e-14)


def test_a_noisy_function_is_called_point_by_point() -> None:
    rng = np.random.default_rng(0)
    box = batched(lambda x: x.sum(axis=-1) + rng.normal(size=x.shape[:-1]))
    assert box(X).shape == (12,)
    assert box.evaluations == 12 + 2 + 2  # two were tried together, and alone
    told = Batched(box._calls, vectorized=True)
    assert told(X).shape == (12,)
    assert told.evaluations == 12
    only_batches = batched(lambda x: x.sum(axis=1) + rng.normal(size=len(x)))
    only_batches(X)
    assert only_batches.evaluations == 12 + 2 + 1


@pytest.mark.parametrize("estimator", ["forward", "central", "spsa"])
@pytest.mark.parametrize(
    "mixing", [np.max, np.min, np.sum, np.median, lambda v: v[..., 1].max(), lambda v: v[0].min()]
)
def test_a_function_that_would_mix_the_rows_of_a_batch(mixing: Any, estimator: str) -> None:
    """Also where steps along coordinates leave alone what is mixed, for all but a few rows."""
    x = np.array([2.0, 3.0, 0.5, 1.0])
    settings: dict[str, Any] = {"estimator": estimator, "seed": 0}
    found = jacobian(lambda v: v / mixing(v), x, **settings)
    alone = jacobian(lambda v: [v[i] / mixing(v) for i in range(4)], x, **settings)
    np.testing.assert_array_equal(found.df, alone.df)


@pytest.mark.parametrize("shape", [(1, 2), (2, 2), (4, 3), (5, 1)])
def test_a_number_in_an_array_is_no_row_of_a_batch(shape: tuple[int, int]) -> None:
    x = np.resize(X, shape)
    found = batched(lambda p: np.array([p.sum()]))(x)
    np.testing.assert_allclose(found, x.sum(axis=1), rtol=1e-14)


def test_f_cannot_change_the_points() -> None:
    x = X.copy()

    def f(p: Any) -> Any:
        p *= 2
        return p.sum()

    batched(f)(x)
    assert np.array_equal(x, X)


@pytest.mark.parametrize(
    ("f", "vector", "said"),
    [
        (lambda x: x[:2], False, r"f returned shape \(2,\) for a point of shape \(3,\): .* number"),
        (lambda x: x.sum(), True, r"f returned shape \(\) for a point of shape \(3,\): .* vector"),
        (lambda x: None, False, "f returned None: must return numbers"),
        (lambda x: {"y": x}, False, "f returned dict values: must return numbers"),
        (lambda x: "text", False, "f returned <U4 values: must return numbers"),
    ],
)
def test_a_function_of_another_form_is_refused(f: Any, vector: bool, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        batched(f, vector)(X)


@pytest.mark.parametrize("error", [AssertionError, RuntimeError, KeyError])
def test_a_batch_may_be_refused_with_any_exception(error: type[Exception]) -> None:
    def f(x: Any) -> Any:
        if x.ndim != 1:
            raise error("one point at a time")
        return x.sum()

    np.testing.assert_allclose(batched(f)(X), X.sum(axis=1))


def test_tensorflows_functions_of_points_refuse_a_batch_in_their_own_way(
    tensorflow: Backend,
) -> None:
    import tensorflow as tf

    found = gradient(lambda x: tf.tensordot(x, x, 1), X[0], backend="tensorflow", seed=0)
    np.testing.assert_allclose(found.df, 2 * X[0], atol=5 * float(found.standard_error.max()))


def test_what_was_said_of_a_function_holds() -> None:
    with pytest.raises(ConfigError, match=r"f returned shape \(\) for 12 points: must return one"):
        Batched(Calls(np.sum), vectorized=True)(X)
    box = Batched(Calls(lambda x: x.sum(axis=-1)), vectorized=False)
    np.testing.assert_allclose(box(X), X.sum(axis=1))
    assert box.evaluations == 12


def test_errors_of_the_function_are_its_own() -> None:
    def f(x: Any) -> Any:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        batched(f)(X)


def slopes(f: Any, **settings: Any) -> Any:
    field = BlackBoxField(f, NUMPY, **settings)
    points = X[:, None]
    return field.slopes(points, np.ones_like(points))[:, 0, 0], field.evaluations


def test_the_complex_step_is_exact() -> None:
    found, evaluations = slopes(lambda x: np.sin(x).prod(axis=-1))
    sin, cos = np.sin(X), np.cos(X)
    exact = cos[:, 0] * sin[:, 1] * sin[:, 2] + sin[:, 0] * cos[:, 1] * sin[:, 2]
    exact += sin[:, 0] * sin[:, 1] * cos[:, 2]
    np.testing.assert_allclose(found, exact, rtol=1e-13)
    assert evaluations == len(X) + 4


def test_a_branch_is_no_obstacle_to_a_complex_step() -> None:
    """NumPy orders complex numbers by their real parts."""
    found, _ = slopes(lambda x: 2 * x[0] if x[1] > 0 else x[2])
    assert found.tolist() == np.where(X[:, 1] > 0, 2.0, 1.0).tolist()


def test_a_jvp_is_called_as_f_would_be() -> None:
    expected = X.sum(axis=1)
    together, cost = slopes(None, jvp=lambda x, v: (x * v).sum(axis=-1))
    np.testing.assert_allclose(together, expected)
    alone, more = slopes(None, jvp=lambda x, v: x[0] * v[0] + x[1] * v[1] + x[2] * v[2])
    np.testing.assert_allclose(alone, expected)
    assert (cost, more) == (len(X) + 4, len(X) + 1)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: math.sin(x[0]),
        lambda x: x[0] * math.sin(x[1]),  # the imaginary part of x[1] is dropped, not that of x[0]
        lambda x: np.abs(x).sum(axis=-1),
        lambda x: x[..., 0].real,
    ],
)
def test_what_is_not_analytic_is_refused(f: Any) -> None:
    with pytest.raises(ConfigError, match=r"estimator=forward_gradient: .*pass jvp=…"):
        slopes(f)


def test_complex_values_at_real_points_are_refused() -> None:
    with pytest.raises(ConfigError, match="must return real numbers"):
        BlackBoxField(lambda x: x[..., 0] + 1j, NUMPY)(X[:, None])


def test_a_function_with_an_imaginary_part_has_no_gradient() -> None:
    """Where the step in the imaginary direction is, its own part looks like a slope of 1e154."""
    with pytest.raises(ConfigError, match="f returned complex numbers for real ones"):
        gradient(lambda x: np.sum(x * (1 + 1j)), [1.0, 2.0], estimator="forward_gradient", seed=0)


def test_a_zero_of_f_is_no_imaginary_part() -> None:
    found = gradient(
        lambda x: x[0] - x[1], [1.0, 1.0], estimator="forward_gradient", num_directions=400, seed=0
    )
    assert found.df == pytest.approx([1, -1], abs=0.5)  # standard errors of 0.09 or less
