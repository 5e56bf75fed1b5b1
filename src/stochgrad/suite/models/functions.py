"""Elementwise functions of one variable, by name, with their exact derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.registry import Registry

ANGLES = 64
"""Points on the circle for Taylor coefficients: terms up to half of them are free of aliasing."""

SMALLEST = 0.25
"""Radius of the smallest circle: the functions here change over no less, except near 0."""

Widen = Callable[[Array], Array]
"""Casts an operand of the outermost operation to the precision in which f is evaluated."""


@dataclass(frozen=True)
class NamedFunction:
    """A function to differentiate.

    Attributes:
        f: ``f(x, xp, widen)``; ``widen`` casts the operands of its outermost operation, so that
            a function may be evaluated in a higher precision than its points have: the notebook's
            ``math.pow`` works in double on float32 points.
        derivative: ``f′(x, xp)``.
        formula: for labels.
        positive: whether f is defined for positive x only.
    """

    f: Callable[[Array, Backend, Widen], Array]
    derivative: Callable[[Array, Backend], Array]
    formula: str
    positive: bool = False


FUNCTIONS: Registry[NamedFunction] = Registry("function")


def taylor(
    f: Callable[[NDArray[Any]], NDArray[Any]], x: float, radius: float, terms: int = 12
) -> NDArray[np.float64]:
    """Return the Taylor coefficients ``f⁽ᵏ⁾(x)/k!`` of an analytic function, from Cauchy's formula.

    The mean of ``f(x + r·e^{iθ})·e^{−ikθ}/rᵏ`` over equidistant θ. The error of the k-th is about
    ``eps·max|f|/rᵏ``, and that of aliasing falls geometrically with the number of angles: each
    coefficient is taken from the circle on which the former is smallest.

    Args:
        f: takes complex arguments.
        x: real point.
        radius: of the largest circle, within which f is analytic: half the distance to its
            singularity is good. The others have a half, a quarter, … of it, down to ``SMALLEST``.
        terms: how many.

    Reference: J. N. Lyness and C. B. Moler, "Numerical differentiation of analytic functions",
    SIAM J. Numer. Anal. 4 (1967).
    """
    halvings = max(0, math.ceil(math.log2(radius / SMALLEST)))
    radii = radius * 0.5 ** np.arange(halvings + 1)[:, None]
    circle = np.exp(2j * np.pi * np.arange(ANGLES) / ANGLES)
    scale = radii ** np.arange(terms)
    with np.errstate(all="ignore"):  # on a large circle f may overflow
        values = f(x + radii * circle)
        found = np.fft.fft(values).real[:, :terms] / ANGLES / scale
        bound = np.abs(values).max(axis=1, keepdims=True) / scale
    best = np.argmin(np.where(np.isfinite(bound), bound, np.inf), axis=0)
    chosen: NDArray[np.float64] = found[best, np.arange(terms)]
    return chosen


FUNCTIONS.add(
    "square",
    NamedFunction(
        # A product: the complex power of a negative number is rounded in its imaginary part.
        lambda x, xp, widen: widen(x) * widen(x),
        lambda x, xp: 2 * x,
        "x²",
    ),
)
FUNCTIONS.add(
    "power_pi",
    NamedFunction(
        lambda x, xp, widen: xp.power(widen(x), widen(0 * x) + math.pi),
        lambda x, xp: math.pi * xp.power(x, 0 * x + (math.pi - 1)),
        "x^π",
        positive=True,
    ),
)
FUNCTIONS.add(
    "self_power",
    NamedFunction(
        lambda x, xp, widen: xp.power(widen(x), widen(x)),
        lambda x, xp: (1 + xp.log(x)) * xp.power(x, x),
        "x^x",
        positive=True,
    ),
)
FUNCTIONS.add(
    "exp_power",
    NamedFunction(
        # exp(x) and x² in the precision of x, as in the notebook; only the power is widened.
        lambda x, xp, widen: xp.power(widen(xp.exp(x)), widen(x * x)),
        lambda x, xp: 3 * x * x * xp.exp(x * x * x),
        "exp(x)^(x²)",
    ),
)
FUNCTIONS.add(
    "sin",
    NamedFunction(lambda x, xp, widen: xp.sin(widen(x)), lambda x, xp: xp.cos(x), "sin(x)"),
)
FUNCTIONS.add(
    "exp",
    NamedFunction(lambda x, xp, widen: xp.exp(widen(x)), lambda x, xp: xp.exp(x), "exp(x)"),
)
