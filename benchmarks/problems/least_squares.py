"""Twenty problems of nonlinear least squares, ``f = Σ rᵢ²``, with their standard starts.

Reference: J. J. Moré, B. S. Garbow and K. E. Hillstrom, "Testing unconstrained optimization
software", ACM Trans. Math. Softw. 7 (1981); the numbers in names of comments are those there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Residuals = Callable[[Any], Any]


def _stack(*parts: Any) -> Any:
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def rosenbrock(x: Any) -> Any:
    """(1), and extended (21)."""
    a, b = x[..., ::2], x[..., 1::2]
    return np.concatenate([10 * (b - a**2), 1 - a], axis=-1)


def freudenstein_roth(x: Any) -> Any:
    """(2)."""
    a, b = x[..., 0], x[..., 1]
    return _stack(-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b)


def powell_badly_scaled(x: Any) -> Any:
    """(3)."""
    a, b = x[..., 0], x[..., 1]
    return _stack(1e4 * a * b - 1, np.exp(-a) + np.exp(-b) - 1.0001)


def beale(x: Any) -> Any:
    """(5)."""
    a, b = x[..., 0], x[..., 1]
    return _stack(*(y - a * (1 - b**i) for i, y in ((1, 1.5), (2, 2.25), (3, 2.625))))


def jennrich_sampson(x: Any) -> Any:
    """(6), with ten residuals."""
    i = np.arange(1, 11)
    return 2 + 2 * i - (np.exp(i * x[..., :1]) + np.exp(i * x[..., 1:2]))


def helical_valley(x: Any) -> Any:
    """(7)."""
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    with np.errstate(divide="ignore"):
        turn = np.arctan(b / a) / (2 * np.pi) + np.where(a < 0, 0.5, 0.0)
    return _stack(10 * (c - 10 * turn), 10 * (np.hypot(a, b) - 1), c)


BARD = np.array([
    0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39,
])  # fmt: skip


def bard(x: Any) -> Any:
    """(8)."""
    u = np.arange(1, 16)
    v, w = 16 - u, np.minimum(u, 16 - u)
    return BARD - (x[..., :1] + u / (v * x[..., 1:2] + w * x[..., 2:3]))


GAUSSIAN = np.array([
    0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540,
    0.0175, 0.0044, 0.0009,
])  # fmt: skip


def gaussian(x: Any) -> Any:
    """(9)."""
    t = (8 - np.arange(1, 16)) / 2
    return x[..., :1] * np.exp(-x[..., 1:2] * (t - x[..., 2:3]) ** 2 / 2) - GAUSSIAN


def box(x: Any) -> Any:
    """(12), with ten residuals."""
    t = np.arange(1, 11) / 10
    a, b, c = x[..., :1], x[..., 1:2], x[..., 2:3]
    return np.exp(-t * a) - np.exp(-t * b) - c * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x: Any) -> Any:
    """(13), and extended (22)."""
    a, b, c, d = (x[..., i::4] for i in range(4))
    parts = [a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2]
    return np.concatenate(parts, axis=-1)


def wood(x: Any) -> Any:
    """(14)."""
    a, b, c, d = (x[..., i] for i in range(4))
    return _stack(
        10 * (b - a**2), 1 - a, np.sqrt(90) * (d - c**2), 1 - c, np.sqrt(10) * (b + d - 2),
        (b - d) / np.sqrt(10),
    )  # fmt: skip


KOWALIK = np.array([
    0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246,
])  # fmt: skip
KOWALIK_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def kowalik_osborne(x: Any) -> Any:
    """(15)."""
    u = KOWALIK_U
    a, b, c, d = (x[..., i : i + 1] for i in range(4))
    return KOWALIK - a * (u**2 + u * b) / (u**2 + u * c + d)


def brown_dennis(x: Any) -> Any:
    """(16), with twenty residuals."""
    t = np.arange(1, 21) / 5
    a, b, c, d = (x[..., i : i + 1] for i in range(4))
    return (a + t * b - np.exp(t)) ** 2 + (c + d * np.sin(t) - np.cos(t)) ** 2


def variably_dimensioned(x: Any) -> Any:
    """(25)."""
    i = np.arange(1, x.shape[-1] + 1)
    s = (i * (x - 1)).sum(axis=-1, keepdims=True)
    return np.concatenate([x - 1, s, s**2], axis=-1)


def trigonometric(x: Any) -> Any:
    """(26)."""
    n = x.shape[-1]
    i = np.arange(1, n + 1)
    return n - np.cos(x).sum(axis=-1, keepdims=True) + i * (1 - np.cos(x)) - np.sin(x)


def discrete_boundary(x: Any) -> Any:
    """(28)."""
    n = x.shape[-1]
    h = 1 / (n + 1)
    padded = np.concatenate([0 * x[..., :1], x, 0 * x[..., :1]], axis=-1)
    t = h * np.arange(1, n + 1)
    return 2 * x - padded[..., :-2] - padded[..., 2:] + h**2 * (x + t + 1) ** 3 / 2


def broyden_tridiagonal(x: Any) -> Any:
    """(30)."""
    padded = np.concatenate([0 * x[..., :1], x, 0 * x[..., :1]], axis=-1)
    return (3 - 2 * x) * x - padded[..., :-2] - 2 * padded[..., 2:] + 1


def linear(x: Any) -> Any:
    """(32), of full rank, with as many residuals as variables."""
    return x - 2 * x.sum(axis=-1, keepdims=True) / x.shape[-1] - 1


def _start_boundary(n: int) -> Any:
    t = np.arange(1, n + 1) / (n + 1)
    return t * (t - 1)


PROBLEMS: dict[str, tuple[Residuals, Any]] = {
    "Rosenbrock": (rosenbrock, [-1.2, 1]),
    "Freudenstein and Roth": (freudenstein_roth, [0.5, -2]),
    "Powell badly scaled": (powell_badly_scaled, [0, 1]),
    "Beale": (beale, [1, 1]),
    "Jennrich and Sampson": (jennrich_sampson, [0.3, 0.4]),
    "helical valley": (helical_valley, [-1, 0, 0]),
    "Bard": (bard, [1, 1, 1]),
    "Gaussian": (gaussian, [0.4, 1, 0]),
    "Box": (box, [0, 10, 20]),
    "Powell singular": (powell_singular, [3, -1, 0, 1]),
    "Wood": (wood, [-3, -1, -3, -1]),
    "Kowalik and Osborne": (kowalik_osborne, [0.25, 0.39, 0.415, 0.39]),
    "Brown and Dennis": (brown_dennis, [25, 5, -5, -1]),
    "extended Rosenbrock": (rosenbrock, np.tile([-1.2, 1], 5)),
    "extended Powell singular": (powell_singular, np.tile([3, -1, 0, 1], 3)),
    "variably dimensioned": (variably_dimensioned, 1 - np.arange(1, 11) / 10),
    "trigonometric": (trigonometric, np.full(10, 0.1)),
    "discrete boundary value": (discrete_boundary, _start_boundary(10)),
    "Broyden tridiagonal": (broyden_tridiagonal, np.full(10, -1.0)),
    "linear": (linear, np.ones(10)),
}
"""Residuals of points ``(…, d)``, and the start."""
