"""The textbook differences, with one step and no draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.stencils.base import Estimator, Steps, Target, fixed_step, register, slope


@register
@dataclass(frozen=True)
class Forward(Estimator):
    """``(f(x + a) − f(x)) / a`` with ``a = x·ε``, divided by the realised step.

    Bias ``a·f″/2``. Where x is zero the step is ε itself.
    """

    name: ClassVar[str] = "forward"
    summary: ClassVar[str] = "forward difference with a fixed relative step"
    relative: ClassVar[bool] = True
    uses_value: ClassVar[bool] = True

    def evaluations(self, num_steps: int) -> int:
        return 2

    def steps(self, uniforms: NDArray[np.float64], epsilon: float, dtype: str) -> Steps:
        return fixed_step(uniforms, epsilon, dtype)

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        above = x + scale * steps["step"]
        return slope(target.f(above) - target.at(x), above - x, xp)


@register
@dataclass(frozen=True)
class CentralFixed(Estimator):
    """``(f(x + a) − f(x − a)) / 2a`` with ``a = x·ε``, divided by the realised step.

    Bias ``a²·f‴/6``. Where x is zero the step is ε itself.
    """

    name: ClassVar[str] = "central_fixed"
    summary: ClassVar[str] = "central difference with a fixed relative step"
    relative: ClassVar[bool] = True

    def evaluations(self, num_steps: int) -> int:
        return 2

    def steps(self, uniforms: NDArray[np.float64], epsilon: float, dtype: str) -> Steps:
        return fixed_step(uniforms, epsilon, dtype)

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        above = x + scale * steps["step"]
        below = x - scale * steps["step"]
        return slope(target.f(above) - target.f(below), above - below, xp)
