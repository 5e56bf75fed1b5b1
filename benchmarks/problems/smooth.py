"""Elementary functions, where they have no scale but x: the easy case, in every arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import Formula
from benchmarks.problems.namespaces import EXACT, FLOATS


@dataclass(frozen=True)
class Elementary:
    """A function, its derivative, and the arguments at which neither is zero or out of range."""

    formula: Formula
    slope: Formula
    low: float
    high: float


ELEMENTARY = {
    "sin": Elementary(lambda u, m: m.sin(u), lambda u, m: m.cos(u), 0.2, 1.3),
    "cos": Elementary(lambda u, m: m.cos(u), lambda u, m: -m.sin(u), 0.3, 1.3),
    "tan": Elementary(lambda u, m: m.tan(u), lambda u, m: 1 + m.tan(u) ** 2, 0.2, 1.2),
    "exp": Elementary(lambda u, m: m.exp(u), lambda u, m: m.exp(u), 0.1, 4),
    "exp(-u)": Elementary(lambda u, m: m.exp(-u), lambda u, m: -m.exp(-u), 0.1, 4),
    "gaussian": Elementary(
        lambda u, m: m.exp(-u * u), lambda u, m: -2 * u * m.exp(-u * u), 0.2, 2
    ),
    "log": Elementary(lambda u, m: m.log(u), lambda u, m: 1 / u, 0.1, 10),
    "log1p": Elementary(lambda u, m: m.log1p(u), lambda u, m: 1 / (1 + u), 0.1, 10),
    "sqrt": Elementary(lambda u, m: m.sqrt(u), lambda u, m: 1 / (2 * m.sqrt(u)), 0.1, 10),
    "cbrt": Elementary(lambda u, m: m.cbrt(u), lambda u, m: 1 / (3 * m.cbrt(u) ** 2), 0.1, 10),
    "square": Elementary(lambda u, m: u * u, lambda u, m: 2 * u, 0.1, 10),
    "cubic": Elementary(
        lambda u, m: u * (u * (u - 2) + 3), lambda u, m: 3 * u * u - 4 * u + 3, 0.1, 5
    ),
    "reciprocal": Elementary(lambda u, m: 1 / u, lambda u, m: -1 / (u * u), 0.1, 10),
    "lorentzian": Elementary(
        lambda u, m: 1 / (1 + u * u), lambda u, m: -2 * u / (1 + u * u) ** 2, 0.2, 4
    ),
    "hill": Elementary(
        lambda u, m: u * u / (1 + u * u), lambda u, m: 2 * u / (1 + u * u) ** 2, 0.2, 4
    ),
    "tanh": Elementary(lambda u, m: m.tanh(u), lambda u, m: 1 / m.cosh(u) ** 2, 0.1, 2),
    "sinh": Elementary(lambda u, m: m.sinh(u), lambda u, m: m.cosh(u), 0.1, 4),
    "atan": Elementary(lambda u, m: m.atan(u), lambda u, m: 1 / (1 + u * u), 0.1, 4),
    "asin": Elementary(lambda u, m: m.asin(u), lambda u, m: 1 / m.sqrt(1 - u * u), 0.1, 0.9),
    "sigmoid": Elementary(
        lambda u, m: 1 / (1 + m.exp(-u)), lambda u, m: 1 / (2 * m.cosh(u / 2)) ** 2, 0.1, 4
    ),
    "softplus": Elementary(
        lambda u, m: m.log1p(m.exp(u)), lambda u, m: 1 / (1 + m.exp(-u)), 0.1, 4
    ),
    "u log u": Elementary(lambda u, m: u * m.log(u), lambda u, m: m.log(u) + 1, 0.6, 5),
    "u^u": Elementary(lambda u, m: u**u, lambda u, m: (m.log(u) + 1) * u**u, 0.5, 2.5),
    "u^2.5": Elementary(
        lambda u, m: u * u * m.sqrt(u), lambda u, m: 5 * u * m.sqrt(u) / 2, 0.1, 10
    ),
    "exp(sin u)": Elementary(
        lambda u, m: m.exp(m.sin(u)), lambda u, m: m.cos(u) * m.exp(m.sin(u)), 0.1, 1.2
    ),
    "sin(u)exp(-u)": Elementary(
        lambda u, m: m.sin(u) * m.exp(-u), lambda u, m: (m.cos(u) - m.sin(u)) * m.exp(-u), 0.1, 0.6
    ),
    "sqrt(1+u^2)": Elementary(
        lambda u, m: m.sqrt(1 + u * u), lambda u, m: u / m.sqrt(1 + u * u), 0.2, 5
    ),
    "planck": Elementary(
        lambda u, m: u**3 / m.expm1(u),
        lambda u, m: (3 * u * u - u**3 / (1 - m.exp(-u))) / m.expm1(u), 0.3, 2,
    ),
}  # fmt: skip
"""By name."""


@dataclass(frozen=True)
class Smooth:
    """``a·g(x/s)`` at a point, g elementary: two scales drawn at random, one in x, one in f.

    Attributes:
        name: of g.
        x: the point.
        s: scale of x.
        a: scale of f.
    """

    name: str
    x: float
    s: float
    a: float

    def formula(self, x: Any, m: Any) -> Any:
        return self.a * ELEMENTARY[self.name].formula(x / self.s, m)

    def values(self, x: Any) -> Any:
        """Evaluate in the precision of x."""
        return self.formula(np.asarray(x), FLOATS)

    def slope(self, x: Any) -> Any:
        """Return the derivative in 50 digits, or for an array in extended precision."""
        g = ELEMENTARY[self.name].slope
        if isinstance(x, np.ndarray):
            wide = x.astype(np.longdouble)
            return np.asarray(self.a * g(wide / self.s, FLOATS) / self.s).astype(np.float64)
        return self.a * g(x / self.s, EXACT) / self.s


def draw_smooth(d: Draw, x: float | None = None) -> Smooth:
    """Draw a function and a point; with x given, a function for that point.

    Scales are powers of two, so that ``x/s`` is exact: the rounding of an argument is another kind.
    """
    name = str(d.rng.choice(list(ELEMENTARY)))
    g = ELEMENTARY[name]
    u = d.log(g.low, g.high)
    s = 2.0 ** np.rint(np.log2((10 ** d.rng.uniform(-6, 6) if x is None else x) / u))
    if x is not None:  # the nearest power of two may leave the interval
        s = d.exact(x / u)
    return Smooth(name, d.exact(u * s) if x is None else x, float(s), 2.0 ** d.integer(-9, 10))
