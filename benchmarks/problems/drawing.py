"""Random parameters that a dtype can hold: a function is the same one in every arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

DECADES = {"float32": 30.0, "float64": 290.0}
"""Of values on either side of 1 whose slopes and differences are normal numbers too."""


def generator(seed: int, *where: int) -> np.random.Generator:
    """Return the generator of a seed, any integer, and of a place: numbers from 0."""
    return np.random.default_rng([abs(seed), int(seed < 0), *where])


class Draw:
    """Draws parameters for one problem.

    Attributes:
        rng: the generator.
        dtype: ``"float32"`` or ``"float64"``: every number drawn is exact in it.
        eps: its machine epsilon.
    """

    def __init__(self, rng: np.random.Generator, dtype: str) -> None:
        self.rng, self.dtype = rng, dtype
        self.eps = float(np.finfo(dtype).eps)

    def exact(self, value: Any) -> float:
        """Return the nearest number that the dtype has."""
        return float(np.dtype(self.dtype).type(value))

    def uniform(self, low: float, high: float) -> float:
        """Draw from U(low, high)."""
        return self.exact(self.rng.uniform(low, high))

    def log(self, low: float, high: float) -> float:
        """Draw a number whose logarithm is uniform between those of the bounds."""
        return self.exact(math.exp(self.rng.uniform(math.log(low), math.log(high))))

    def integer(self, low: float, high: float) -> int:
        """Draw a whole number from low to high, high excluded."""
        return int(self.rng.integers(int(low), int(high)))

    def sign(self) -> float:
        """Draw −1 or 1."""
        return float(self.rng.choice([-1.0, 1.0]))

    def small(self, large: float = 0.06, tiny: float = 0.6) -> float:
        """Draw ``eps^U(large, tiny)``: as small, for the digits of the dtype, in float32 too."""
        return self.log(self.eps**tiny, self.eps**large)

    def scale(self, share: float = 1.0) -> float:
        """Draw from nearly the whole range of the dtype: 1e±290 or 1e±30, or a share of it."""
        decades = share * DECADES[self.dtype]
        return self.exact(10 ** self.rng.uniform(-decades, decades))

    def by_precision(self, float32: float, float64: float) -> float:
        """Return a bound that depends on the digits of the dtype."""
        return float32 if self.dtype == "float32" else float64

    def array(self, low: float, high: float, size: int) -> list[float]:
        """Draw several from U(low, high)."""
        return [self.uniform(low, high) for _ in range(size)]

    def generator(self) -> np.random.Generator:
        """Return an independent generator, for noise."""
        return self.rng.spawn(1)[0]

    def key(self) -> int:
        """Draw the key of a hash (:func:`benchmarks.problems.rounding.hashed`)."""
        return int(self.rng.integers(2**63))
