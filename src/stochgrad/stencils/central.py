"""Central differences with random relative steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.stencils.base import (
    Division,
    Estimator,
    Steps,
    Target,
    check_division,
    check_range,
    divide,
    register,
    slope,
)


@register
@dataclass(frozen=True)
class Central(Estimator):
    """Mean over N draws of ``(f(x + a) − f(x − b)) / (a + b)``.

    ``a = x·h₊`` and ``b = x·h₋`` with ``h₊, h₋ ~ U[ε(1−j), ε(1+j)]``, one pair of scalars a draw,
    shared by every element of x. Where x is zero the step is absolute.

    Bias ``x²ε²f‴/6`` to leading order. Draws are independent only where the jitter spans many
    floats: ``2εj|x| ≫ ulp(x)``.

    Attributes:
        jitter: j, from 0 to 1; None takes ``j = ε`` (at most 1), as the notebook does.
        division: by the realised distance of the two rounded points, or by the nominal ``a + b``
            (the notebook), which adds the rounding of ``x ± a`` to the error, and that of a running
            sum in the dtype of x.
    """

    name: ClassVar[str] = "central"
    summary: ClassVar[str] = "central difference over random relative steps, averaged"
    draws_per_step: ClassVar[int] = 2
    relative: ClassVar[bool] = True

    jitter: float | None = None
    division: Division = "realised"

    def __post_init__(self) -> None:
        check_division(self.division)
        if self.jitter is not None:
            check_range("estimator.jitter", self.jitter, 0, 1)

    def evaluations(self, num_steps: int) -> int:
        return 2 * num_steps

    @property
    def plain_sum(self) -> bool:
        return self.division == "nominal"

    def interval(self, epsilon: float) -> float:
        return 2 * epsilon * self._jitter(epsilon)

    def _jitter(self, epsilon: float) -> float:
        return min(epsilon, 1.0) if self.jitter is None else self.jitter

    def steps(self, uniforms: NDArray[np.float64], epsilon: float, dtype: str) -> Steps:
        jitter = self._jitter(epsilon)
        h = epsilon * (1 - jitter) + (2 * epsilon * jitter) * uniforms
        return {"forward": h[:, 0].astype(dtype), "backward": h[:, 1].astype(dtype)}

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        above = x + scale * steps["forward"]
        below = x - scale * steps["backward"]
        rise = target.f(above) - target.f(below)
        if self.division == "nominal":
            return divide(rise, scale * (steps["forward"] + steps["backward"]), xp)
        return slope(rise, above - below, xp)
