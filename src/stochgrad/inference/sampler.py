"""Values of the black box: exact offsets, bounds, counts, scaling, and the rounding unit."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .designs import Floats, Ints

Noise = float | Floats | Callable[[NDArray[Any]], Any] | None

UNIFORM = float(np.sqrt(3 / 8 / np.log(2) / 12))
"""Rms error of rounding to nearest over eps |f|, for mantissas of Benford's law: 0.21."""

BLOCK = 4096
"""Points at a time, so that arrays stay in the cache: a resource, not a decision."""


@lru_cache(maxsize=16)
def rounding_unit(dtype: np.dtype[Any]) -> float:
    """Return the spacing of floats at one, of NumPy's types and those registered with it."""
    one, eps = dtype.type(1), 1.0
    while dtype.type(float(one) + eps / 2) != one:
        eps /= 2
    return eps


@lru_cache(maxsize=16)
def least_unit(dtype: np.dtype[Any]) -> float:
    """Return the spacing of floats at zero."""
    try:
        return float(np.finfo(dtype).smallest_subnormal)
    except ValueError:  # of a type registered with NumPy
        return float(np.nextafter(dtype.type(0), dtype.type(1)))


def blocks(i: Ints) -> list[Ints]:
    """Return an index in parts that go together."""
    return [i[first : first + BLOCK] for first in range(0, len(i), BLOCK)]


def as_block(i: Ints) -> Any:
    """Return a sorted index as a slice if it has no gaps: it is then read and written at once."""
    return slice(i[0], i[-1] + 1) if len(i) and i[-1] - i[0] == len(i) - 1 else i


def rms(values: Floats) -> Floats:
    """Return root mean squares over the first axis."""
    return np.asarray(np.sqrt((values * values).mean(0)))


def binary_exponent(size: Floats, blank: int) -> Ints:
    """Return e with size < 2^e, within what doubles hold; ``blank`` for zero."""
    return np.where(size > 0, np.clip(np.frexp(size)[1], -1000, 1000), blank)


class Sampler:
    """Evaluates f at offsets from some of the points and counts.

    Values are divided by a power of two for each point, so that their squares neither overflow nor
    underflow.

    Attributes:
        eps: Spacing at one of the floats that f returns.
        coarse: The same, or that of the points if it is larger: values of a finer dtype may have
            been computed in that of the points.
        least: Spacing at zero of the floats that f returns.
        nfev: Evaluations at each point.
        noise_of: Standard deviation of f by points and their indices; None if not known.
    """

    def __init__(
        self, evaluate: Callable[..., Any], x: NDArray[Any], noise: Noise,
        bounds: tuple[Floats, Floats], unit: float = 0.0,
    ) -> None:  # fmt: skip
        self.evaluate, self.given, self.x = _with_columns(evaluate), x, x.astype(float)
        self.noise_of = _with_columns(noise) if callable(noise) else None
        if noise is not None and not callable(noise):
            sd = np.broadcast_to(np.asarray(noise, float), x.shape)
            self.noise_of = lambda _, columns: sd[columns]
        self.lower, self.upper = bounds
        self.bounded = bool(np.isfinite(bounds).any())
        self.eps, self.least = unit, 0.0
        self.coarse = max(unit, float(np.finfo(x.dtype).eps))
        self.exponent, self.factor = np.full(x.size, -9999), np.ones(x.size)
        self.nfev = np.zeros(x.size, dtype=int)

    def __call__(self, columns: Ints, offsets: Floats) -> tuple[Floats, Floats]:
        """Return scaled values at floats near x + offsets, and how far these are from there."""
        x = self.x[columns]
        points = (x + offsets).astype(self.given.dtype, copy=False)
        exact = points.astype(float, copy=False)
        moved = exact - x
        slip = exact - moved
        slip -= x  # what is lost in moved
        np.subtract(offsets, moved, out=moved)
        slip -= moved
        if self.bounded:
            inside = np.clip(exact, self.lower[columns], self.upper[columns])
            slip += inside - exact
            points = inside.astype(points.dtype, copy=False)
        raw = np.asarray(self.evaluate(points, columns))
        if raw.dtype.kind in "iub":
            raw = raw.astype(float)
        self.eps = max(self.eps, rounding_unit(raw.dtype))
        self.coarse = max(self.coarse, self.eps)
        self.least = max(self.least, least_unit(raw.dtype))
        raw = raw.astype(float, copy=False)
        self.nfev[columns] += len(offsets)
        new = self.exponent[columns] == -9999
        if new.any():
            high = np.abs(np.where(np.isfinite(raw), raw, 0)).max(axis=0)
            found = binary_exponent(high, -9999)
            e = self.exponent[columns] = np.where(new, found, self.exponent[columns])
            self.factor[columns] = np.ldexp(1.0, np.where(e == -9999, 0, -e))
        return raw * self.unscale(columns), slip

    def unscale(self, columns: Ints) -> Floats:
        """Return the factors that the values were multiplied by."""
        return np.asarray(self.factor[columns])

    def rounding(self, columns: Ints, size: Floats, coarse: bool = False) -> Floats:
        """Return the rms rounding error of values of a size; or the largest that is plausible."""
        eps = self.coarse if coarse else self.eps
        return np.asarray(UNIFORM * (eps * size + self.least * self.unscale(columns)))

    def floor(self, columns: Ints, size: Floats, noise: Floats | None) -> Floats:
        """Return the rms noise of values that were given one, or their rms rounding error."""
        return self.rounding(columns, size) if noise is None else rms(noise)

    def spacing(self, columns: Ints, reach: Floats | float = 0.0) -> Floats:
        """Return the distance of floats at x, or at its neighbour at that distance."""
        size = np.abs(self.x[columns]) + reach
        return np.asarray(np.spacing(size.astype(self.given.dtype)).astype(float))

    def noise(self, columns: Ints, offsets: Floats) -> Floats | None:
        """Return the given standard deviation of f at x + offsets, scaled; None if not given."""
        if self.noise_of is None:
            return None
        points = (self.x[columns] + offsets).astype(self.given.dtype)
        sd = np.broadcast_to(np.asarray(self.noise_of(points, columns), float), offsets.shape)
        return np.asarray(sd * self.unscale(columns))


def _with_columns(f: Callable[..., Any]) -> Callable[[NDArray[Any], Ints], Any]:
    """Return f of points and of their indices, which are passed on if it has a parameter for them.

    The names of an ordinary function are a tenth of the time of a signature.
    """
    code = getattr(f, "__code__", None)
    try:
        known = inspect.signature(f).parameters if code is None else ()
    except (TypeError, ValueError):
        known = ()
    if code is not None:
        known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if "columns" in known:
        return lambda points, columns: f(points, columns=columns)
    return lambda points, _: f(points)
