"""Richardson's extrapolation, by SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend
from stochgrad.stencils.base import Estimator, Steps, Target, fixed_step, register

ORDER = 8
"""SciPy's default: central differences over ε, ε/2, ε/4 and ε/8, extrapolated."""
SHORTEST = 0.5 ** (ORDER // 2 - 1)
"""The last step over the first."""


@register
@dataclass(frozen=True)
class Richardson(Estimator):
    """``scipy.differentiate.derivative`` with the first step ``x·ε``, not refined further.

    Central differences over four steps, each half of the one before, weighted so that the error
    terms of second, fourth and sixth order cancel: bias ``O(ε⁸)``. Where x is zero the step is ε
    itself. f(x) is among the evaluations, since SciPy asks for it. SciPy divides by the steps that
    it meant: the first is chosen so that ``x ± a`` are floats for all four.

    Reference: L. F. Richardson, Phil. Trans. R. Soc. A 210 (1911).
    """

    name: ClassVar[str] = "richardson"
    summary: ClassVar[str] = "extrapolated central differences (scipy.differentiate.derivative)"
    relative: ClassVar[bool] = True
    backends: ClassVar[frozenset[str] | None] = frozenset({"numpy"})
    backends_why: ClassVar[str] = "SciPy takes NumPy's arrays only"

    def evaluations(self, num_steps: int) -> int:
        return ORDER + 1

    def smallest_epsilon(self, dtype: str, largest_x: float) -> float:
        return super().smallest_epsilon(dtype, largest_x) / SHORTEST

    def steps(self, uniforms: NDArray[np.float64], epsilon: float, dtype: str) -> Steps:
        return fixed_step(uniforms, epsilon, dtype)

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        from scipy.differentiate import derivative  # 0.3 s to import, and only this needs it

        def f(points: Array) -> Array:
            return np.asarray(target.f(points.astype(x.dtype)), np.float64)

        # SciPy adds up values times weights: in double precision, so that nothing cancels.
        with np.errstate(all="ignore"):
            step = np.abs(scale * steps["step"])[0]
            unit = np.spacing(np.abs(x) + step) / x.dtype.type(SHORTEST)
            whole = np.round(step / unit) * unit
            first = np.where((whole > 0) & np.isfinite(whole), whole, step)
            found = derivative(
                f, np.float64(x), initial_step=np.float64(first), order=ORDER, maxiter=1
            )
        return np.asarray(found.df, x.dtype)[None]
