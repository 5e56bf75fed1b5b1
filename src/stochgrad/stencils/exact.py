"""The exact derivatives that the estimates are measured against."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import ClassVar

from stochgrad.backends import DIFFERENTIATING, Array, Backend
from stochgrad.errors import ConfigError
from stochgrad.stencils.base import Estimator, Steps, Target, register


@register
@dataclass(frozen=True)
class Analytic(Estimator):
    """The closed form of the derivative, where the function has one."""

    name: ClassVar[str] = "analytic"
    summary: ClassVar[str] = "closed form of the derivative (ground truth)"
    perturbs: ClassVar[bool] = False
    needs_derivative: ClassVar[bool] = True

    def evaluations(self, num_steps: int) -> int:
        return 0

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        if target.derivative is None:
            raise ConfigError(
                "estimator=analytic: the function comes without a closed-form derivative; "
                "pass derivative=…, or choose another estimator"
            )
        return target.derivative(x)[None]


@register
@dataclass(frozen=True)
class Autodiff(Estimator):
    """The backend's automatic differentiation (TensorFlow: ``GradientTape``)."""

    name: ClassVar[str] = "autodiff"
    summary: ClassVar[str] = "exact derivative by the backend's automatic differentiation"
    perturbs: ClassVar[bool] = False
    backends: ClassVar[Set[str] | None] = DIFFERENTIATING
    backends_why: ClassVar[str] = "that backend has no automatic differentiation"

    def evaluations(self, num_steps: int) -> int:
        return 1

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        return xp.autodiff(target.f, x)[None]
