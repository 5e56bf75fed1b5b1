"""The parameter-shift rule: exact derivatives of rotation circuits from two expectations each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from stochgrad.errors import ConfigError
from stochgrad.stencils.gradients.base import Array, Field, GradientEstimate, register_gradient
from stochgrad.stencils.gradients.coordinates import Coordinatewise
from stochgrad.stencils.gradients.directions import Floats, difference
from stochgrad.stencils.gradients.local import Local, Vector

SHIFT = math.pi / 2


@register_gradient
@dataclass(frozen=True)
class ParameterShift(Coordinatewise):
    """``∂ᵢf = (f(x + π/2·eᵢ) − f(x − π/2·eᵢ)) / 2``, where each xᵢ is the angle of one rotation.

    After a gate ``exp(−iθP/2)`` with P² = 1 every expectation is ``A + B cos θ + C sin θ`` in θ,
    for which the rule is exact. A function says that it is of this form by an attribute
    ``rotation_angles = True``. No ε, no bias, and the smallest variance of any two shifts: for a
    shift s the divisor is ``2 sin s``.

    Reference: M. Schuld, V. Bergholm, C. Gogolin, J. Izaac and N. Killoran, "Evaluating analytic
    gradients on quantum hardware", Physical Review A 99 (2019).
    """

    name: ClassVar[str] = "parameter_shift"
    summary: ClassVar[str] = "exact two-term rule for the angles of a rotation circuit"
    perturbs: ClassVar[bool] = False

    def evaluations(self, dimension: int, num_directions: int) -> int:
        return 2 * dimension

    def estimate(
        self, f: Field, x: Array, *, epsilon: float, num_directions: int, seed: int
    ) -> GradientEstimate:
        if not f.rotations:
            raise ConfigError(
                "estimator=parameter_shift: f is not known to be a circuit in which every variable "
                "is the angle of one rotation gate; if it is, set f.rotation_angles = True, else "
                "choose another estimator, such as central"
            )
        return super().estimate(f, x, epsilon=epsilon, num_directions=num_directions, seed=seed)

    def differences(self, f: Field, x: Array, units: Array, epsilon: float, value: Array) -> Floats:
        steps = units * x.dtype.type(SHIFT)
        rise, _ = difference(f, x + steps, x - steps)
        return rise / 2

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """Zero: ``(A + B cos(θ ± π/2) + C sin(θ ± π/2))`` differ by twice the derivative."""
        return 0 * local.gradient

    def predicted_variance(
        self, local: Local, epsilon: float, num_directions: int, noise: Vector | float = 0.0
    ) -> Vector:
        """``σ²/2``: the noise of two evaluations over 2, squared."""
        return 0 * local.gradient + noise / 2
