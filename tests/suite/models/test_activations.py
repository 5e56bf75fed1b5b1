"""Every activation and its derivative against mpmath, on every backend, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from stochgrad.backends import Backend, get_backend
from stochgrad.suite.models.activations import ACTIVATIONS

Real = Callable[[Any], Any]

GRID = [
    0.0, *(s * x for x in (1e-30, 1e-8, 0.3, 1, 2.5, 5, 20, 40, 90, 1000, 1e30) for s in (1, -1)),
]  # fmt: skip

BOUND = 8
"""Allowed error in machine epsilons of ``size``. Measured: at most 4, in TensorFlow's sigmoid."""


@dataclass(frozen=True)
class Reference:
    """An activation in arbitrary precision.

    Attributes:
        f: the function.
        derivative: its derivative.
        f_size: what an error of f is measured against: |f| times what one rounding of the argument
            of a steep tail is multiplied by.
        derivative_size: the same for the derivative; where that is a sum, the sum of magnitudes,
            because terms of opposite sign cancel.
    """

    f: Real
    derivative: Real
    f_size: Real
    derivative_size: Real


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def _sigmoid_derivative(x: Any) -> Any:
    decay = mpmath.exp(-abs(x))
    return decay / (1 + decay) ** 2


def _normal(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _density(x: Any) -> Any:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def _simple(f: Real, derivative: Real) -> Reference:
    return Reference(f, derivative, lambda x: abs(f(x)), lambda x: abs(derivative(x)))


REFERENCES = {
    "sigmoid": _simple(_sigmoid, _sigmoid_derivative),
    "tanh": _simple(mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
    "relu": _simple(lambda x: max(x, mpmath.mpf(0)), lambda x: int(x > 0)),
    "leaky_relu": _simple(
        lambda x: x if x > 0 else x / 100, lambda x: 1 if x > 0 else mpmath.mpf("0.01")
    ),
    "softplus": _simple(
        lambda x: max(x, mpmath.mpf(0)) + mpmath.log1p(mpmath.exp(-abs(x))), _sigmoid
    ),
    "silu": Reference(
        lambda x: x * _sigmoid(x),
        lambda x: _sigmoid(x) + x * _sigmoid_derivative(x),
        lambda x: abs(x * _sigmoid(x)),
        lambda x: _sigmoid(x) + abs(x) * _sigmoid_derivative(x),
    ),
    "gelu": Reference(
        lambda x: x * _normal(x),
        lambda x: _normal(x) + x * _density(x),
        lambda x: abs(x * _normal(x)) * (1 + x * x),
        lambda x: (_normal(x) + abs(x) * _density(x)) * (1 + x * x),
    ),
    "identity": _simple(lambda x: x, lambda x: 1),
}

BACKEND_OF = {"numpy": "numpy", "tensorflow": "tensorflow", "compiled": "tensorflow"}
MODES = list(BACKEND_OF)


def evaluate(f: Callable[[Any, Backend], Any], x: NDArray[Any], mode: str) -> NDArray[Any]:
    """Apply f in NumPy, in TensorFlow one operation at a time, or in a program made by XLA."""
    xp = get_backend(BACKEND_OF[mode])
    if mode == "compiled":
        return np.asarray(xp.to_numpy(xp.compile(lambda points: f(points, xp))(xp.asarray(x))))
    with np.errstate(all="ignore"):
        return np.asarray(xp.to_numpy(f(xp.asarray(x), xp)))


def check(
    found: NDArray[Any], x: NDArray[Any], exact: Real, size: Real, underflow: float = 0.0
) -> None:
    """Compare at each point: BOUND epsilons of size, or what underflow explains.

    ``underflow`` (the smallest normal number, if not given) is what flushing an intermediate result
    to 0 may lose; it may be multiplied by x afterwards.
    """
    info = np.finfo(x.dtype)
    assert found.dtype == x.dtype
    assert np.isfinite(found).all()
    with mpmath.workdps(50):
        for value, point in zip(found, x, strict=True):
            p = mpmath.mpf(float(point))
            allowed = BOUND * float(info.eps) * size(p)
            allowed += (underflow or float(info.tiny)) * max(1, abs(p))
            error = abs(mpmath.mpf(float(value)) - exact(p))
            assert error <= allowed, f"at {point}: {value}, exact {mpmath.nstr(exact(p), 20)}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_value_and_derivative(name: str, dtype: str, mode: str) -> None:
    reference, activation = REFERENCES[name], ACTIVATIONS[name]
    x = np.array(GRID, dtype)
    check(evaluate(activation.f, x, mode), x, reference.f, reference.f_size)
    check(
        evaluate(activation.derivative, x, mode), x, reference.derivative, reference.derivative_size
    )


def test_every_activation_has_a_reference() -> None:
    assert set(ACTIVATIONS) == set(REFERENCES)


ANALYTIC = [
    (name, mode)
    for name in sorted(REFERENCES)
    for mode in MODES
    if ACTIVATIONS[name].takes_complex(BACKEND_OF[mode])
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "mode"), ANALYTIC)
def test_complex_step_is_the_derivative(name: str, mode: str, dtype: str) -> None:
    """Im f(x + iε)/ε at ε = 1e-15, whose bias ε²f‴/6 is far below an epsilon."""
    epsilon = 1e-15

    def step(points: Any, xp: Backend) -> Any:
        imaginary = xp.asarray(np.full(1, epsilon, dtype))
        return xp.imag(ACTIVATIONS[name].f(xp.complex(points, imaginary), xp)) / epsilon

    x = np.array(GRID, dtype)
    reference = REFERENCES[name]
    underflow = float(np.finfo(dtype).tiny) / epsilon
    check(evaluate(step, x, mode), x, reference.derivative, reference.derivative_size, underflow)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_automatic_differentiation_is_the_derivative(
    name: str, dtype: str, compiled: bool, tensorflow: Backend
) -> None:
    """No NaN where exp overflows, and the documented side of each kink.

    TensorFlow forms ``1 − tanh²`` and ``σ(1 − σ)``, which lose digits by cancellation: the error is
    some epsilons of ``1 + |x|`` instead of the derivative.
    """
    activation, reference = ACTIVATIONS[name], REFERENCES[name]
    grid = [x for x in GRID if abs(x) <= 1000]
    x = np.array(grid, dtype)
    found = evaluate(
        lambda points, xp: xp.autodiff(lambda p: activation.f(p, xp), points),
        x,
        "compiled" if compiled else "tensorflow",
    )
    check(found, x, reference.derivative, lambda p: 1 + abs(p))


@pytest.mark.parametrize(("name", "at_zero"), [("relu", 0.0), ("leaky_relu", 0.01)])
@pytest.mark.parametrize("mode", MODES)
def test_at_its_kink_a_derivative_is_the_slope_on_the_left(
    name: str, at_zero: float, mode: str
) -> None:
    activation = ACTIVATIONS[name]
    zero = np.array([0.0, -0.0])
    assert evaluate(activation.derivative, zero, mode).tolist() == [at_zero, at_zero]
    assert "left" in str(activation.derivative.__doc__)
    if mode != "numpy":
        exact = evaluate(lambda p, xp: xp.autodiff(lambda q: activation.f(q, xp), p), zero, mode)
        assert exact.tolist() == [at_zero, at_zero]


def test_functions_without_complex_derivative_say_so() -> None:
    assert not ACTIVATIONS["relu"].analytic
    assert not ACTIVATIONS["leaky_relu"].analytic
    assert ACTIVATIONS["gelu"].takes_complex("numpy")
    assert not ACTIVATIONS["gelu"].takes_complex("tensorflow")
    assert ACTIVATIONS["gelu"].takes_complex("a backend of somebody's own")


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_shapes_are_kept(name: str, xp: Backend) -> None:
    activation = ACTIVATIONS[name]
    for shape in ((1,), (2, 0, 3), (2, 3, 4)):
        x = xp.asarray(np.ones(shape, np.float32))
        assert xp.to_numpy(activation.f(x, xp)).shape == shape
        assert xp.to_numpy(activation.derivative(x, xp)).shape == shape
