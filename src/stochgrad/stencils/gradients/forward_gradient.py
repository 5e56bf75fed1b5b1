"""Exact directional derivatives along random tangents: unbiased, without a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from stochgrad.errors import unknown
from stochgrad.stencils.gradients.base import Array, Field, register_gradient
from stochgrad.stencils.gradients.directions import Floats, RandomDirections, rademacher
from stochgrad.stencils.gradients.local import Local, Vector

TANGENTS = ("gaussian", "rademacher")


@register_gradient
@dataclass(frozen=True)
class ForwardGradient(RandomDirections):
    """Mean over k tangents of ``(∇f·v) v``, with ``v ~ N(0, I)`` or ``vᵢ = ±1``.

    Unbiased. Trace variance ``(d + 1)/k·‖∇f‖²`` for Gaussian tangents, ``(d − 1)/k·‖∇f‖²`` for
    Rademacher's, the smallest there is for independent elements of variance 1.

    The directional derivative is exact: ``jvp=`` of the user, TensorFlow's ``ForwardAccumulator``,
    or with NumPy the imaginary part of ``f(x + ihv)/h``, for which f must be analytic. ε is unused.

    Reference: A. G. Baydin, B. A. Pearlmutter, D. Syme, F. Wood and P. Torr, "Gradients without
    backpropagation", arXiv:2202.08587 (2022).

    Attributes:
        tangents: ``"gaussian"`` or ``"rademacher"``.
    """

    name: ClassVar[str] = "forward_gradient"
    summary: ClassVar[str] = "exact directional derivative along random tangents, averaged"
    perturbs: ClassVar[bool] = False
    needs_slopes: ClassVar[bool] = True

    tangents: Literal["gaussian", "rademacher"] = "gaussian"

    def __post_init__(self) -> None:
        if self.tangents not in TANGENTS:
            raise unknown("estimator.tangents", self.tangents, TANGENTS)

    def evaluations(self, dimension: int, num_directions: int) -> int:
        return num_directions

    def draw(self, source: np.random.Generator, shape: tuple[int, int]) -> Floats:
        if self.tangents == "rademacher":
            return rademacher(source, shape)
        return source.standard_normal(shape)

    def samples(self, f: Field, x: Array, directions: Floats, epsilon: float) -> Floats:
        tangents = directions.astype(x.dtype)
        slopes = f.slopes(np.broadcast_to(x, tangents.shape), tangents)
        # Times the tangent as rounded to the dtype: the slope is along that one.
        return slopes.astype(np.float64)[..., None] * tangents.astype(np.float64)[:, :, None, :]

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """Zero: ``E[vᵢ (g·v)] = gᵢ``."""
        return 0 * local.gradient

    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """``(‖g‖² + (κ − 2) gᵢ² + σ²) / k`` with the kurtosis κ of a tangent's elements: 3 or 1.

        ``E[(g·v)² vᵢ²] = Σ_{j≠i} gⱼ² + κ gᵢ²``, less gᵢ². Here σ² is the noise of a slope.
        """
        kurtosis = 3 if self.tangents == "gaussian" else 1
        return (local.norm2 + (kurtosis - 2) * local.gradient**2 + noise) / num_directions
