"""Smooth functions drawn at random: compositions whose Taylor coefficients are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.suite.models.functions import taylor

INNER: tuple[Callable[[Any], Any], ...] = (
    np.sin,
    np.cos,
    np.exp,
    lambda u: u * u + 1,
    lambda u: 1 / (u * u + 4),
)
RADIUS = 0.4
"""Within it every composition is analytic, and f is near its Taylor polynomial."""


def composition(rng: np.random.Generator) -> Callable[[Any], Any]:
    """Return ``p·g(a·h(b·x + c) + d) + q·k(x)`` with random g, h, k and coefficients."""
    outer, inner, other = (INNER[i] for i in rng.integers(len(INNER), size=3))
    # Numbers that float32 has too: f is the same function in both dtypes.
    a, b, p, q = np.float32(rng.uniform(0.3, 1.2, 4) * rng.choice([-1, 1], 4))
    c, d = np.float32(rng.uniform(-1, 1, 2))

    def f(x: Any) -> Any:
        # Python's floats keep the precision of x.
        inside = outer(float(a) * inner(float(b) * x + float(c)) + float(d))
        return float(p) * inside + float(q) * other(x)

    return f


def coefficients(f: Callable[[Any], Any], x: float) -> NDArray[np.float64]:
    """Return Taylor coefficients of a composition at x."""
    return taylor(f, x, RADIUS)
