"""The complex step: a derivative without a subtraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.stencils.base import Estimator, Steps, Target, fixed_step, register


@register
@dataclass(frozen=True)
class ComplexStep(Estimator):
    """``Im f(x + iε) / ε`` for an analytic f that takes complex arguments.

    Bias ``−ε²f‴/6`` and no cancellation, so ε may be as small as 1e-100.

    Reference: W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real
    functions", SIAM Review 40 (1998).
    """

    name: ClassVar[str] = "complex_step"
    summary: ClassVar[str] = "imaginary part of f(x + iε) over ε, for analytic functions"
    perturbs: ClassVar[bool] = False
    needs_complex: ClassVar[bool] = True

    def evaluations(self, num_steps: int) -> int:
        return 1

    def steps(self, uniforms: NDArray[np.float64], epsilon: float, dtype: str) -> Steps:
        return fixed_step(uniforms, epsilon, dtype)

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        return xp.imag(target.f(xp.complex(x, steps["step"]))) / steps["step"]
