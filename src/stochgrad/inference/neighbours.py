"""What the nearest neighbours of x tell: how noisy f is, whether it jumps or has a kink there.

A few floats from x any smooth f is a polynomial of low degree, unless x is far larger than the
scale on which f changes: what is left of the polynomial is noise. Unlike a difference table over
steps relative to x (:mod:`stochgrad.inference.noise`) this needs no idea of that scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError

Floats = NDArray[np.float64]

TABLE = 16
"""Values from which the noise is found, to a fifth."""
FLOATS_APART = {"float32": 3, "float64": 67}
"""Their distance: far enough for rounding errors to differ, near enough for any f to be smooth.
Odd, since multiples of a power of two may all be rounded alike on their way through f."""
CURVES = (1, 3, 5, 7)
"""Degrees of the polynomials among which one goes through the values."""
CLOSER = 3.0
"""Residuals larger by this factor than those of a higher degree are no noise: of noise alone, one
table in 4,000 has that, and a noise taken for too small would end the search."""
AGAIN = 8
"""Of the values, those that are asked for twice: noise that is drawn once a call, for all points
together, moves all of them by the same."""
SAME, MOVED_ULPS = 1e-3, 1e4
"""Part of them by which such moves may differ, and units in the last place which they exceed."""
BREAK, BREAK_ULPS = 0.9, 8.0
"""Part of the squares of differences, of first or of second order, that one of them has where f
jumps or has a kink; and how many units in the last place it is, at least."""


@dataclass(frozen=True)
class Neighbours:
    """What was found out, for each point; arrays of the shape of x.

    Attributes:
        level: about the size of the values, a power of two.
        noise: standard deviation of the values, not below that of a rounding, over level.
        broken: whether f was seen to jump, or to have a kink, at x.
        alike: whether all of several values are the same.
        nfev: evaluations at each point.
    """

    level: NDArray[Any]
    noise: Floats
    broken: NDArray[np.bool_]
    alike: NDArray[np.bool_]
    nfev: int


def look(
    f: Callable[[NDArray[Any]], NDArray[Any]], x: NDArray[Any], noise: Floats | float | None = None
) -> Neighbours:
    """Evaluate f at neighbours of x, or only there if the noise is known.

    Args:
        f: takes arrays of points ``(k, …)`` in the dtype of x.
        x: points, any shape.
        noise: standard deviation of the noise of f, if it is known.

    Raises:
        ConfigError: where f draws one noise for all points of a call.
    """
    count = TABLE if noise is None else 1
    index = (np.arange(count) - count // 2).reshape(-1, *(1,) * x.ndim).astype(x.dtype)
    points = x + index * np.spacing(np.abs(x)) * FLOATS_APART[x.dtype.name]
    values = f(points)
    again = 0 if noise is not None else AGAIN
    if again and _together(values[:again], f(points[:again])):
        raise ConfigError(
            "epsilon=auto: f draws its noise once a call, for all points of an array; draw it "
            "for each point (size=np.shape(x)), or pass np.vectorize(f, otypes=[float])"
        )
    level = power_of_two(np.abs(values).max(axis=0))
    values = values / level
    ulp = np.asarray(np.spacing(np.abs(values).max(axis=0)), np.float64)
    wide = values.astype(np.float64)
    found = (
        np.sqrt(_residual(wide))
        if noise is None
        else np.broadcast_to(noise / level.astype(np.float64), x.shape)
    )
    alike = (values == values[0]).all(axis=0) & (count > 1)
    return Neighbours(
        level, np.fmax(found, ulp / np.sqrt(12)), _broken(wide, ulp), alike, count + again
    )


def _together(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Tell whether all values at any point moved by the same from one call to the next.

    Noise of their own does not do that at any of them, and what is shared need not show at all.
    """
    ulp = np.spacing(np.abs(first).max(axis=0)).astype(np.float64)
    moved = (second.astype(np.float64) - first) / ulp
    least = np.abs(moved).min(axis=0)
    return bool(((least > MOVED_ULPS) & (np.ptp(moved, axis=0) <= SAME * least)).any())


def power_of_two(values: NDArray[Any]) -> NDArray[Any]:
    """Return the power of two below each size, which nothing is rounded by; 1 for 0, inf and NaN.

    >>> power_of_two(np.array([0.7, -5.0, 0.0, np.inf])).tolist()
    [0.5, 4.0, 1.0, 1.0]
    """
    size = np.abs(values) + 0.0  # whole numbers become floats
    ordinary = np.isfinite(size) & (size > 0)
    _, exponent = np.frexp(np.where(ordinary, size, 1))
    return np.asarray(np.ldexp(np.ones_like(size), exponent - 1))


def _residual(values: Floats) -> Floats:
    """Return the mean square of what is left of the polynomial that goes through the values."""
    count = len(values)
    level = values.mean(axis=0)
    basis, _ = np.linalg.qr(np.vander(np.linspace(-1, 1, count), CURVES[-1] + 1, increasing=True))
    g = np.tensordot(basis.T, values - level, 1)
    squares = []
    for degree in CURVES:
        rest = (values - level) - np.tensordot(basis[:, : degree + 1], g[: degree + 1], 1)
        squares.append((rest**2).sum(axis=0) / (count - degree - 1))
    square = squares[-1]
    for n in reversed(range(len(CURVES) - 1)):
        smallest = np.min(squares[n + 1 :], axis=0)
        square = np.where(squares[n] <= CLOSER**2 * smallest, squares[n], square)
    return np.asarray(square)


def _broken(values: Floats, ulp: Floats) -> NDArray[np.bool_]:
    """Tell where one difference of first or second order stands for nearly all: a jump, a kink.

    Or two equal ones: a jump with half of it at x, as the sign has at 0.
    """
    found = np.zeros(ulp.shape, bool)
    for order in (1, 2) if len(values) > 1 else ():
        rise = np.diff(values, order, axis=0) / ulp
        square = rise**2
        halves = (rise[1:] + rise[:-1]) ** 2 / 2
        largest = np.maximum(square.max(axis=0), halves.max(axis=0))
        found |= (largest > BREAK * square.sum(axis=0)) & (largest > BREAK_ULPS**2)
    return found
