"""Activation functions and their exact derivatives, stable at any finite argument.

Each takes a real array, or a complex one where the function is analytic (for the complex step).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from stochgrad.backends import Array, Backend
from stochgrad.registry import Registry

LEAKY_SLOPE = 0.01
"""Slope of leaky ReLU for negative arguments."""


@dataclass(frozen=True)
class Activation:
    """An elementwise function with its derivative.

    Attributes:
        f: ``f(x, xp)``.
        derivative: ``f′(x, xp)``, for real x.
        formula: for axis labels.
        analytic: whether f takes complex arguments, for the complex step.
        real_on: names of the backends on which it takes real ones only nevertheless.
    """

    f: Callable[[Array, Backend], Array]
    derivative: Callable[[Array, Backend], Array]
    formula: str
    analytic: bool = True
    real_on: frozenset[str] = frozenset()

    def takes_complex(self, backend: str) -> bool:
        """Return whether f can be evaluated at complex arguments there."""
        return self.analytic and backend not in self.real_on


ACTIVATIONS: Registry[Activation] = Registry("activation")


def _decay(x: Array, xp: Backend) -> Array:
    """``exp(−|x|)``, continued analytically from each half line: never overflows."""
    if xp.is_complex(x):
        return xp.exp(xp.where(xp.real(x) < 0, x, -x))
    return xp.exp(-xp.abs(x))


def sigmoid(x: Array, xp: Backend) -> Array:
    """``1 / (1 + exp(−x))``."""
    if xp.is_complex(x):
        decay = _decay(x, xp)
        return xp.where(xp.real(x) < 0, decay, 1 + 0 * decay) / (1 + decay)
    return xp.sigmoid(x)


def sigmoid_derivative(x: Array, xp: Backend) -> Array:
    """``σ(x)(1 − σ(x)) = e / (1 + e)²`` with ``e = exp(−|x|)``: no cancellation."""
    decay = _decay(x, xp)
    return decay / ((1 + decay) * (1 + decay))


def tanh(x: Array, xp: Backend) -> Array:
    """``tanh x``."""
    if xp.is_complex(x):
        return 2 * sigmoid(2 * x, xp) - 1
    return xp.tanh(x)


def tanh_derivative(x: Array, xp: Backend) -> Array:
    """``1 − tanh²x = 4σ′(2x)``: no cancellation."""
    return 4 * sigmoid_derivative(2 * x, xp)


def relu(x: Array, xp: Backend) -> Array:
    """``max(x, 0)``."""
    return xp.maximum(0 * x, x)  # in this order: automatic differentiation gives 0 at the kink


def relu_derivative(x: Array, xp: Backend) -> Array:
    """1 for positive x, else 0: at the kink, the slope on its left."""
    return xp.where(x > 0, 0 * x + 1, 0 * x)


def leaky_relu(x: Array, xp: Backend) -> Array:
    """``max(x, 0.01·x)``."""
    return xp.maximum(LEAKY_SLOPE * x, x)


def leaky_relu_derivative(x: Array, xp: Backend) -> Array:
    """1 for positive x, else 0.01: at the kink, the slope on its left."""
    return xp.where(x > 0, 0 * x + 1, 0 * x + LEAKY_SLOPE)


def softplus(x: Array, xp: Backend) -> Array:
    """``log(1 + exp x) = max(x, 0) + log1p(exp(−|x|))``."""
    if xp.is_complex(x):
        return xp.where(xp.real(x) < 0, 0 * x, x) + xp.log1p(_decay(x, xp))
    size = xp.abs(x)
    # (x + |x|)/2, not max(x, 0): automatic differentiation then gives the exact 1/2 at x = 0.
    return (0.5 * x + 0.5 * size) + xp.log1p(xp.exp(-size))


def silu(x: Array, xp: Backend) -> Array:
    """``x·σ(x)``, also called swish."""
    return x * sigmoid(x, xp)


def silu_derivative(x: Array, xp: Backend) -> Array:
    """``σ(x) + x·σ′(x)``."""
    return sigmoid(x, xp) + x * sigmoid_derivative(x, xp)


def gelu(x: Array, xp: Backend) -> Array:
    """``x·Φ(x)`` with the normal distribution function ``Φ(x) = erfc(−x/√2)/2``, exactly."""
    return 0.5 * x * xp.erfc(-math.sqrt(0.5) * x)


def gelu_derivative(x: Array, xp: Backend) -> Array:
    """``Φ(x) + x·φ(x)``."""
    density = math.sqrt(0.5 / math.pi) * xp.exp(-0.5 * x * x)
    return 0.5 * xp.erfc(-math.sqrt(0.5) * x) + x * density


def identity(x: Array, xp: Backend) -> Array:
    """X itself."""
    return x


def identity_derivative(x: Array, xp: Backend) -> Array:
    """1 everywhere."""
    return 0 * x + 1


ACTIVATIONS.add("sigmoid", Activation(sigmoid, sigmoid_derivative, "1 / (1 + exp(−x))"))
ACTIVATIONS.add("tanh", Activation(tanh, tanh_derivative, "tanh(x)"))
ACTIVATIONS.add("relu", Activation(relu, relu_derivative, "max(x, 0)", analytic=False))
ACTIVATIONS.add(
    "leaky_relu",
    Activation(leaky_relu, leaky_relu_derivative, "max(x, 0.01 x)", analytic=False),
)
ACTIVATIONS.add("softplus", Activation(softplus, sigmoid, "log(1 + exp(x))"))
ACTIVATIONS.add("silu", Activation(silu, silu_derivative, "x / (1 + exp(−x))"))
ACTIVATIONS.add(
    # TensorFlow's erfc takes real arguments only.
    "gelu",
    Activation(gelu, gelu_derivative, "x Φ(x)", real_on=frozenset({"tensorflow"})),
)
ACTIVATIONS.add("identity", Activation(identity, identity_derivative, "x"))
