from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stochgrad.differentiate.black_box import BlackBox
from stochgrad.errors import ConfigError

X = np.array([[0.5, -1.0, 2.0], [0.0, 0.25, 3.0]])


def branch(x: Any) -> Any:
    return 2 * x if x > 0 else -x


def constant(x: Any) -> float:
    return 7.0


def in_place(x: Any) -> Any:
    x += 1
    return x


SCALAR: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "math.sin": (math.sin, np.sin(X)),
    "branch": (branch, np.where(X > 0, 2 * X, -X)),
    "constant": (constant, np.full(X.shape, 7.0)),
    "in place": (in_place, X + 1),
    "sum": (np.sum, X),
    "truth": (lambda x: bool(x > 0), (X > 0).astype(float)),
}


@pytest.mark.parametrize("name", sorted(SCALAR))
def test_a_function_of_scalars_is_called_point_by_point(name: str) -> None:
    f, expected = SCALAR[name]
    box, x = BlackBox(f), X.copy()
    assert np.allclose(box(x), expected, rtol=1e-15)
    assert np.array_equal(x, X)
    assert box.refused == 1
    box(x)
    assert box.refused == 1


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0, 3), (2, 3)])
def test_a_function_of_arrays_is_called_once(shape: tuple[int, ...]) -> None:
    seen: list[tuple[int, ...]] = []

    def f(x: Any) -> Any:
        seen.append(np.shape(x))
        return x * x

    box, x = BlackBox(f), np.full(shape, 3.0, np.float32)
    y = box(x)
    assert y.shape == shape
    assert y.dtype == np.float32
    assert (y == 9).all()
    assert seen == [shape]
    assert box.refused == 0


def test_f_may_return_an_array_of_its_own() -> None:
    kept, one = np.zeros(X.shape), np.zeros(1)
    box = BlackBox(lambda x: np.sin(x, out=kept))
    first, second = box(X), box(X + 1)
    np.testing.assert_array_equal(second - first, np.sin(X + 1) - np.sin(X))
    alone = BlackBox(lambda x: np.add(x, 1, out=one) if np.ndim(x) == 0 else math.sin(x))
    np.testing.assert_array_equal(alone(X), X + 1)


def test_no_points_are_no_calls_for_a_function_of_scalars() -> None:
    assert BlackBox(lambda x: math.sin(x))(np.empty((0, 2), np.float32)).shape == (0, 2)


def test_differences_of_integers_do_not_wrap() -> None:
    y = BlackBox(lambda x: (x > 0.3).astype(np.uint8))(X)
    assert (y - 1).min() == -1


def test_an_error_of_f_is_not_swallowed() -> None:
    def f(x: Any) -> Any:
        raise ValueError("too cold")

    with pytest.raises(ValueError, match="too cold"):
        BlackBox(f)(X)


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (lambda x: x + 1j, X, "f returned complex numbers for real ones: must return real"),
        (np.abs, X + 1j, "estimator=complex_step: f returned real numbers for complex ones"),
        (math.sin, X + 1j, "estimator=complex_step: f does not take complex arguments"),
        (lambda x: "five", X, "f returned <U4 values: must return numbers"),
    ],
    ids=["complex from real", "real from complex", "refuses complex", "text"],
)
def test_what_is_no_derivative_is_refused(f: Any, x: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        BlackBox(f)(x)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
