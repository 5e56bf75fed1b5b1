"""The named functions: their derivatives, and the precision in which they are evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from stochgrad.backends import Backend
from stochgrad.suite.models.functions import FUNCTIONS, taylor
from tests import notebook

REFERENCES: dict[str, Callable[[Any], Any]] = {
    "square": lambda x: x**2,
    "power_pi": lambda x: x**mpmath.pi,
    "self_power": lambda x: x**x,
    "exp_power": lambda x: mpmath.exp(x) ** (x**2),
    "sin": mpmath.sin,
    "exp": mpmath.exp,
}
POSITIVE = [0.05, 1 / math.pi, 0.9, 1.0, 1.7, 3.1]
NEGATIVE = [-0.05, -0.7, -1.3]


def points(name: str, dtype: str) -> Any:
    return np.array(POSITIVE if FUNCTIONS[name].positive else POSITIVE + NEGATIVE, dtype)


def same(operand: Any) -> Any:
    return operand


def check(found: Any, x: Any, exact: Callable[[Any], Any], epsilons: float) -> None:
    """Compare with an exact value, to ``epsilons`` machine epsilons of it plus 1.

    The 1 is for terms that cancel, as (1 + ln x)·xˣ does near 1/e.
    """
    eps = np.finfo(x.dtype).eps
    with mpmath.workdps(40):
        for value, point in zip(found, x, strict=True):
            expected = exact(mpmath.mpf(float(point)))
            error = abs(mpmath.mpf(float(value)) - expected)
            assert error <= epsilons * float(eps) * (1 + abs(expected)), (point, value, expected)


def test_every_function_has_a_reference() -> None:
    assert set(FUNCTIONS) == set(REFERENCES)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_value_and_derivative(name: str, dtype: str, xp: Backend) -> None:
    """Rounding an exponent near π, or x³ up to 30 in exp(x³), is multiplied by up to 30."""
    function, x = FUNCTIONS[name], points(name, dtype)
    value = xp.to_numpy(function.f(xp.asarray(x), xp, same))
    slope = xp.to_numpy(function.derivative(xp.asarray(x), xp))
    assert value.dtype == slope.dtype == dtype
    check(value, x, REFERENCES[name], 100)
    check(slope, x, lambda p: mpmath.diff(REFERENCES[name], p), 100)


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_automatic_differentiation_agrees(name: str, tensorflow: Backend) -> None:
    function, x = FUNCTIONS[name], points(name, "float64")
    found = tensorflow.autodiff(lambda p: function.f(p, tensorflow, same), tensorflow.asarray(x))
    check(tensorflow.to_numpy(found), x, lambda p: mpmath.diff(REFERENCES[name], p), 100)


@pytest.mark.parametrize("name", sorted(notebook.FUNCTIONS))
def test_widened_is_the_notebooks_function(name: str, xp: Backend) -> None:
    """Double precision at float32 points, as math.pow; both powers are right to one unit.

    They need not be the same bits: NumPy may use the processor's vector instructions, and the C
    library's pow rounds a few thousandths of its results the other way.
    """
    x = np.linspace(0.05, 2, 2000, dtype=np.float32)
    found = xp.to_numpy(
        FUNCTIONS[name].f(xp.asarray(x), xp, lambda operand: xp.cast(operand, "float64"))
    )
    assert found.dtype == np.float64
    if xp.name == "tensorflow" and name == "exp_power":
        # exp is float32 there, and TensorFlow's may differ in its last bit.
        assert np.allclose(found, [notebook.FUNCTIONS[name](p) for p in x], rtol=1e-6, atol=0)
        return
    plain = np.array([notebook.FUNCTIONS[name](p) for p in x])
    assert np.max(np.abs(found - plain) / np.spacing(plain)) <= 1


@pytest.mark.parametrize("name", sorted(notebook.FUNCTIONS))
def test_unwidened_stays_in_its_precision(name: str, xp: Backend) -> None:
    x = xp.asarray(np.float32([0.5, 1.5]))
    assert xp.to_numpy(FUNCTIONS[name].f(x, xp, same)).dtype == np.float32


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_functions_take_complex_arguments(name: str, xp: Backend) -> None:
    """As the complex step needs: Im f(x + iε)/ε is the derivative."""
    x = points(name, "float64")
    step = xp.asarray(np.array(1e-20))
    z = xp.complex(xp.asarray(x), step)
    found = xp.to_numpy(xp.imag(FUNCTIONS[name].f(z, xp, same))) / 1e-20
    check(found, x, lambda p: mpmath.diff(REFERENCES[name], p), 100)


def test_positive_says_where_a_function_is_defined(xp: Backend) -> None:
    x = xp.asarray(np.array([-0.5]))
    for name in FUNCTIONS:
        value = xp.to_numpy(xp.compile(lambda p, name=name: FUNCTIONS[name].f(p, xp, same))(x))
        assert bool(np.isfinite(value[0])) is not FUNCTIONS[name].positive


@pytest.mark.parametrize("x", [1e6, 40.0, 1.3, 1e-3])
def test_taylor_takes_every_coefficient_from_a_circle_that_suits_it(x: float) -> None:
    """On the largest one alone a sine at a million overflows, and at 40 is off by e²⁰·eps."""
    turn = [math.sin(x), math.cos(x), -math.sin(x), -math.cos(x)]
    expected = [turn[k % 4] / math.factorial(k) for k in range(8)]
    found = taylor(np.sin, x, x / 2, 8)
    reach = min(x / 2, 1) ** np.arange(8)
    # Points on the circle are rounded, by eps·x.
    assert np.allclose(found * reach, expected * reach, rtol=0, atol=1e-15 * max(x, 10))
