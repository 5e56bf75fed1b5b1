"""Simultaneous perturbation: all coordinates are moved at once, each by ±ε."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stochgrad.stencils.gradients.base import Array, Field, register_gradient
from stochgrad.stencils.gradients.directions import Floats, RandomDirections, rademacher, two_sided
from stochgrad.stencils.gradients.local import Local, Vector


@register_gradient
@dataclass(frozen=True)
class Spsa(RandomDirections):
    """Mean over n directions of ``ĝᵢ = (f(x + εΔ) − f(x − εΔ)) / 2εΔᵢ``, with ``Δᵢ = ±1``.

    The division is by the realised distance of the two rounded points along each coordinate. Where
    a coordinate does not move its estimate is 0.

    Bias ``ε²/6·(Tᵢᵢᵢ + 3 Σ_{j≠i} Tᵢⱼⱼ)``; ``E‖ĝ‖² = (d + n − 1)/n·‖∇f‖²``.

    Reference: J. C. Spall, "Multivariate stochastic approximation using a simultaneous perturbation
    gradient approximation", IEEE Trans. Automatic Control 37 (1992).
    """

    name: ClassVar[str] = "spsa"
    summary: ClassVar[str] = "two-sided difference along random ±1 directions, averaged"

    def evaluations(self, dimension: int, num_directions: int) -> int:
        return 2 * num_directions

    def draw(self, source: np.random.Generator, shape: tuple[int, int]) -> Floats:
        return rademacher(source, shape)

    def samples(self, f: Field, x: Array, directions: Floats, epsilon: float) -> Floats:
        rise, run = two_sided(f, x, directions, epsilon)
        inverse = np.divide(1, run, out=np.zeros_like(run), where=run != 0)
        return rise[..., None] * inverse[:, :, None, :]

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """``ε²/6·(Tᵢᵢᵢ + 3 Σ_{j≠i} Tᵢⱼⱼ)``.

        The difference is ``g·Δ + ε²/6 T[Δ, Δ, Δ]``, and dividing by Δᵢ is multiplying by it. Of
        ``E[Δᵢ Δₐ Δ_b Δ_c]`` only pairs survive: a = b = c = i, and one of them i with the other two
        equal to some j ≠ i, in three ways.
        """
        return epsilon**2 / 6 * (3 * local.mixed - 2 * local.third)

    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """``(‖g‖² − gᵢ² + σ²/2ε²) / n``.

        ``ĝᵢ = gᵢ + Σ_{j≠i} gⱼ Δⱼ Δᵢ`` to leading order, with uncorrelated terms. The noise of two
        evaluations, 2σ², is divided by (2ε)².
        """
        return (local.norm2 - local.gradient**2 + noise / (2 * epsilon**2)) / num_directions
