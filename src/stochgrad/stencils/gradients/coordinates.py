"""The textbook baselines: one coordinate after the other, without draws."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stochgrad.stencils.gradients import base
from stochgrad.stencils.gradients.base import (
    Array,
    Field,
    GradientEstimate,
    GradientEstimator,
    register_gradient,
)
from stochgrad.stencils.gradients.directions import Floats, difference
from stochgrad.stencils.gradients.local import Local, Vector


@dataclass(frozen=True)
class Coordinatewise(GradientEstimator):
    """One difference along each of the d coordinates, a block of coordinates at a time."""

    @abstractmethod
    def differences(self, f: Field, x: Array, units: Array, epsilon: float, value: Array) -> Floats:
        """Return derivatives along some coordinates.

        Args:
            f: the black box.
            x: points, shape ``(R, d)``.
            units: unit vectors, shape ``(n, 1, d)``.
            epsilon: step size.
            value: from :meth:`start`.

        Returns:
            float64 array of shape ``(n, R, m)``.
        """

    def start(self, f: Field, x: Array) -> Array:
        """Evaluate what all coordinates share: nothing, unless a subclass says otherwise."""
        return np.zeros(())

    def estimate(
        self, f: Field, x: Array, *, epsilon: float, num_directions: int, seed: int
    ) -> GradientEstimate:
        dimension = x.shape[-1]
        block = max(1, base.BLOCK_ELEMENTS // max(1, x.size))
        value = self.start(f, x)
        parts = []
        for first in range(0, dimension, block):
            index = np.arange(first, min(first + block, dimension))
            units = np.zeros((len(index), 1, dimension), x.dtype)
            units[np.arange(len(index)), 0, index] = 1
            parts.append(self.differences(f, x, units, epsilon, value))
        mean = np.moveaxis(np.concatenate(parts), 0, -1)
        return GradientEstimate(mean, np.full(mean.shape, np.nan), draws=1)


def _divide(rise: Array, moved: Array) -> Floats:
    """Divide by the distance of the rounded points; 0 where they coincide."""
    run = moved.sum(axis=-1, dtype=np.float64)[..., None]  # along one coordinate only
    rise, run = np.broadcast_arrays(rise.astype(np.float64), run)
    return np.asarray(np.divide(rise, run, out=np.zeros(rise.shape), where=run != 0))


@register_gradient
@dataclass(frozen=True)
class Forward(Coordinatewise):
    """``(f(x + εeᵢ) − f(x)) / ε``, divided by the realised step. Bias ``ε/2·Hᵢᵢ``."""

    name: ClassVar[str] = "forward"
    summary: ClassVar[str] = "forward difference along every coordinate"

    def evaluations(self, dimension: int, num_directions: int) -> int:
        return dimension + 1

    def start(self, f: Field, x: Array) -> Array:
        return f(x[None])

    def differences(self, f: Field, x: Array, units: Array, epsilon: float, value: Array) -> Floats:
        above = x + units * x.dtype.type(epsilon)
        return _divide(np.subtract(f(above), value), above - x)

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """``ε/2·Hᵢᵢ``, the first term of Taylor's series that is left."""
        return epsilon / 2 * local.second

    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """``2σ²/ε²``; half of it is that of ``f(x)``, which all coordinates share."""
        return 0 * local.gradient + 2 * noise / epsilon**2


@register_gradient
@dataclass(frozen=True)
class Central(Coordinatewise):
    """``(f(x + εeᵢ) − f(x − εeᵢ)) / 2ε``, divided by the realised step. Bias ``ε²/6·Tᵢᵢᵢ``."""

    name: ClassVar[str] = "central"
    summary: ClassVar[str] = "central difference along every coordinate"

    def evaluations(self, dimension: int, num_directions: int) -> int:
        return 2 * dimension

    def differences(self, f: Field, x: Array, units: Array, epsilon: float, value: Array) -> Floats:
        steps = units * x.dtype.type(epsilon)
        return _divide(*difference(f, x + steps, x - steps))

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """``ε²/6·Tᵢᵢᵢ``, the first term of Taylor's series that is left."""
        return epsilon**2 / 6 * local.third

    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """``σ²/2ε²``: the noise of two evaluations over the distance 2ε, squared."""
        return 0 * local.gradient + noise / (2 * epsilon**2)
