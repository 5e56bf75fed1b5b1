"""Gradient estimators, found through ``GRADIENT_ESTIMATORS``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from stochgrad.errors import ConfigError, unknown
from stochgrad.stencils import differences
from stochgrad.stencils.gradients import (
    Array,
    Field,
    GradientEstimate,
    GradientEstimator,
    Local,
    Vector,
    register_gradient,
)
from stochgrad.stencils.laws import LAWS, Law
from stochgrad.stencils.rule import Rule
from stochgrad.stencils.stencil import Stencil

CENTRAL = differences.CentralFixed()


@register_gradient
@dataclass(frozen=True)
class Forward(GradientEstimator):
    """``(f(x + εeᵢ) − f(x)) / ε``, divided by the realised step. Bias ``ε/2·Hᵢᵢ``."""

    name: ClassVar[str] = "forward"
    summary: ClassVar[str] = "forward difference along every coordinate"
    rule: ClassVar[Rule | None] = differences.Forward()


@register_gradient
@dataclass(frozen=True)
class Central(GradientEstimator):
    """``(f(x + εeᵢ) − f(x − εeᵢ)) / 2ε``, divided by the realised step. Bias ``ε²/6·Tᵢᵢᵢ``."""

    name: ClassVar[str] = "central"
    summary: ClassVar[str] = "central difference along every coordinate"
    rule: ClassVar[Rule | None] = CENTRAL


@register_gradient
@dataclass(frozen=True)
class ParameterShift(GradientEstimator):
    """``∂ᵢf = (f(x + π/2·eᵢ) − f(x − π/2·eᵢ)) / 2``, where each xᵢ is the angle of one rotation.

    After a gate ``exp(−iθP/2)`` with P² = 1 every expectation is ``A + B cos θ + C sin θ`` in θ,
    for which the rule is exact. A function says that it is of this form by an attribute
    ``rotation_angles = True``. No ε, no bias, and the smallest variance of any two shifts, σ²/2:
    for a shift s the divisor is ``2 sin s``.

    Reference: M. Schuld, V. Bergholm, C. Gogolin, J. Izaac and N. Killoran, "Evaluating analytic
    gradients on quantum hardware", Physical Review A 99 (2019).
    """

    name: ClassVar[str] = "parameter_shift"
    summary: ClassVar[str] = "exact two-term rule for the angles of a rotation circuit"
    perturbs: ClassVar[bool] = False

    def stencil(self, epsilon: float) -> Stencil | None:
        shift = math.pi / 2
        return Stencil.of_slopes([shift, -shift], [(0, 1)], [shift], [True])

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

    def predicted_bias(self, local: Local, epsilon: float) -> Vector:
        """Zero: ``(A + B cos(θ ± π/2) + C sin(θ ± π/2))`` differ by twice the derivative."""
        return 0 * local.gradient


@register_gradient
@dataclass(frozen=True)
class Spsa(GradientEstimator):
    """Mean over n directions of ``ĝᵢ = (f(x + εΔ) − f(x − εΔ)) / 2εΔᵢ``, with ``Δᵢ = ±1``.

    The division is by the realised distance of the two rounded points along each coordinate. Where
    a coordinate does not move its estimate is 0. Bias ``ε²/6·(Tᵢᵢᵢ + 3 Σ_{j≠i} Tᵢⱼⱼ)``;
    ``E‖ĝ‖² = (d + n − 1)/n·‖∇f‖²``.

    Reference: J. C. Spall, "Multivariate stochastic approximation using a simultaneous perturbation
    gradient approximation", IEEE Trans. Automatic Control 37 (1992).
    """

    name: ClassVar[str] = "spsa"
    summary: ClassVar[str] = "two-sided difference along random ±1 directions, averaged"
    rule: ClassVar[Rule | None] = CENTRAL

    @property
    def law(self) -> Law:
        return LAWS["rademacher"]


@register_gradient
@dataclass(frozen=True)
class GaussianSmoothing(GradientEstimator):
    """Mean over n directions of ``(f(x + εu) − f(x − εu)) / 2ε · u``, with ``u ~ N(0, I)``.

    Unbiased for the gradient of ``f_ε(x) = E f(x + εu)``, which exists even where that of f does
    not; as an estimate of ``∇f`` its bias is ``ε²/2·∂ᵢΔf``. Trace variance ``(d + 1)/n·‖∇f‖²``.

    Reference: Y. Nesterov and V. Spokoiny, "Random gradient-free minimization of convex functions",
    Foundations of Computational Mathematics 17 (2017), eq. (26) with the pair of points antithetic.
    """

    name: ClassVar[str] = "gaussian_smoothing"
    summary: ClassVar[str] = "two-sided difference along Gaussian directions, averaged"
    rule: ClassVar[Rule | None] = CENTRAL

    @property
    def law(self) -> Law:
        return LAWS["gaussian"]


@register_gradient
@dataclass(frozen=True)
class ForwardGradient(GradientEstimator):
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

    tangents: Literal["gaussian", "rademacher"] = "gaussian"

    def __post_init__(self) -> None:
        if self.tangents not in LAWS:
            raise unknown("estimator.tangents", self.tangents, LAWS)

    @property
    def law(self) -> Law:
        return LAWS[self.tangents]
