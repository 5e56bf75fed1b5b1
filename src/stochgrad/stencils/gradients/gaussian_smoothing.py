"""The gradient of a function smoothed by a Gaussian, from antithetic pairs of points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stochgrad.stencils.gradients.base import Array, Field, register_gradient
from stochgrad.stencils.gradients.directions import Floats, RandomDirections, two_sided
from stochgrad.stencils.gradients.local import Local, Vector


@register_gradient
@dataclass(frozen=True)
class GaussianSmoothing(RandomDirections):
    """Mean over n directions of ``(f(x + εu) − f(x − εu)) / 2ε · u``, with ``u ~ N(0, I)``.

    Unbiased for the gradient of ``f_ε(x) = E f(x + εu)``, which exists even where that of f does
    not; as an estimate of ``∇f`` its bias is ``ε²/2·∂ᵢΔf``. Trace variance ``(d + 1)/n·‖∇f‖²``.

    Reference: Y. Nesterov and V. Spokoiny, "Random gradient-free minimization of convex functions",
    Foundations of Computational Mathematics 17 (2017), eq. (26) with the pair of points antithetic.
    """

    name: ClassVar[str] = "gaussian_smoothing"
    summary: ClassVar[str] = "two-sided difference along Gaussian directions, averaged"

    def evaluations(self, dimension: int, num_directions: int) -> int:
        return 2 * num_directions

    def draw(self, source: np.random.Generator, shape: tuple[int, int]) -> Floats:
        return source.standard_normal(shape)

    def samples(self, f: Field, x: Array, directions: Floats, epsilon: float) -> Floats:
        rise, _ = two_sided(f, x, directions, epsilon)
        # Times the drawn u, not the realised one: its rounding is not correlated with the rise.
        return (rise / (2 * epsilon))[..., None] * directions[:, :, None, :]

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """``ε²/2·Σⱼ Tᵢⱼⱼ = ε²/2·∂ᵢΔf``.

        ``ε²/6·E[uᵢ T[u, u, u]]``, where Isserlis' theorem pairs uᵢ with each of the three others:
        ``3 Σⱼ Tᵢⱼⱼ``.
        """
        return epsilon**2 / 2 * local.mixed

    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """``(‖g‖² + gᵢ² + σ²/2ε²) / n``.

        By Isserlis' theorem ``E[(g·u)² uᵢ²] = ‖g‖² + 2gᵢ²``, less the mean's square gᵢ². The noise,
        2σ²/(2ε)², is multiplied by ``E[uᵢ²] = 1``.
        """
        return (local.norm2 + local.gradient**2 + noise / (2 * epsilon**2)) / num_directions
