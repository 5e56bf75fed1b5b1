"""Laws of directions: along what a function of many variables is differentiated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]


@dataclass(frozen=True)
class Law:
    """Directions v with independent elements of mean 0 and variance 1, or the unit vectors.

    Then ``E[v (g·v)] = g``, and the estimate along each direction is unbiased.

    Attributes:
        draw: directions of shape ``(n, d)``, one number after the other, so that the first of a
            seed are the same however many are drawn; None for the d unit vectors.
        kurtosis: ``κ = E[vᵢ⁴]``, all that bias and variance depend on.
        unit: whether ``|vᵢ| = 1``: then a slope can be divided by the realised distance along each
            coordinate, instead of by the nominal step, without weighting by it.
    """

    draw: Draw | None
    kurtosis: float
    unit: bool

    def third_order(self, third: Floats, mixed: Floats) -> Floats:
        """Return ``E[vᵢ T[v, v, v]] = 3 Σⱼ Tᵢⱼⱼ + (κ − 3) Tᵢᵢᵢ``, of unit vectors ``Tᵢᵢᵢ``.

        Of ``E[vᵢ vₐ v_b v_c]`` only pairs survive: a = b = c = i, κ times, and one of them i with
        the other two equal to some j ≠ i, in three ways.
        """
        return third if self.draw is None else 3 * mixed + (self.kurtosis - 3) * third

    def spread(self, gradient: Floats) -> Floats:
        """Return the variance ``Σⱼ gⱼ² + (κ − 2) gᵢ²`` of ``vᵢ (g·v)``; 0 of unit vectors.

        ``E[(g·v)² vᵢ²] = Σ_{j≠i} gⱼ² + κ gᵢ²``, less the square of the mean, gᵢ².
        """
        if self.draw is None:
            return 0 * gradient
        norm2 = (gradient**2).sum(axis=-1, keepdims=True)
        return np.asarray(norm2 + (self.kurtosis - 2) * gradient**2)


def _rademacher(source: np.random.Generator, shape: tuple[int, int]) -> Floats:
    # From uniforms: integers are drawn in packs, so that blocks would change them.
    return np.where(source.random(shape) < 0.5, -1.0, 1.0)


def _gaussian(source: np.random.Generator, shape: tuple[int, int]) -> Floats:
    return source.standard_normal(shape)


COORDINATES = Law(None, 1.0, True)
LAWS: dict[str, Law] = {
    "gaussian": Law(_gaussian, 3.0, False),
    "rademacher": Law(_rademacher, 1.0, True),
}


class RunningMoments:
    """Mean and spread of samples that come in blocks, along their first axis.

    Reference: T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
    variance", The American Statistician 37 (1983).
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean: Floats = np.zeros(())
        self._squares: Any = 0.0

    def add(self, samples: Floats) -> None:
        """Take in a block of shape ``(n, …)``."""
        number = len(samples)
        mean = samples.mean(axis=0)
        squares = ((samples - mean) ** 2).sum(axis=0)
        apart = mean - self.mean
        together = self.count + number
        self._squares = self._squares + squares + apart**2 * (self.count * number / together)
        self.mean = self.mean + apart * (number / together)
        self.count = together

    def deviation(self) -> Floats:
        """Return the standard deviation, divisor n − 1; NaN for a single sample."""
        if self.count < 2:
            return np.full(self.mean.shape, np.nan)
        return np.asarray(np.sqrt(self._squares / (self.count - 1)))
