"""What rules are compared with: SciPy, the complex step, and exact derivatives."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stochgrad.backends import DIFFERENTIATING, Array, Backend
from stochgrad.errors import ConfigError
from stochgrad.stencils.base import Estimator, Steps, Target
from stochgrad.stencils.rule import Rule, register
from stochgrad.stencils.stencil import Floats, Stencil

ORDER = 8
"""SciPy's default: central differences over ε, ε/2, ε/4 and ε/8, extrapolated."""


@register
@dataclass(frozen=True)
class Richardson(Rule):
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

    def stencil(self, uniforms: Floats, epsilon: float, dtype: str) -> Stencil:
        steps = 0.5 ** np.arange(ORDER // 2)
        even = steps ** (2 * np.arange(ORDER // 2)[:, None])
        shares = np.linalg.solve(even, np.eye(ORDER // 2)[:, 0]).tolist()
        nodes = epsilon * np.concatenate([steps, -steps])
        half = range(ORDER // 2)
        return Stencil.of_slopes(nodes.tolist(), [(k, k + ORDER // 2) for k in half], shares)

    def evaluations(self, num_steps: int) -> int:
        return ORDER + 1

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        from scipy.differentiate import derivative  # 0.3 s to import, and only this needs it

        def f(points: Array) -> Array:
            return np.asarray(target.f(points.astype(x.dtype)), np.float64)

        # SciPy adds up values times weights: in double precision, so that nothing cancels.
        with np.errstate(all="ignore"):
            offsets = np.abs(scale * steps["offsets"])
            step = offsets[0, 0]
            unit = np.spacing(np.abs(x) + step) * x.dtype.type(2.0 ** (ORDER // 2 - 1))
            whole = np.round(step / unit) * unit
            first = np.where((whole > 0) & np.isfinite(whole), whole, step)
            found = derivative(
                f, np.float64(x), initial_step=np.float64(first), order=ORDER, maxiter=1
            )
        return np.asarray(found.df, x.dtype)[None]


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
    needs_complex: ClassVar[bool] = True

    def evaluations(self, num_steps: int) -> int:
        return 1

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        return xp.imag(target.f(xp.complex(x, steps["step"]))) / steps["step"]


@dataclass(frozen=True)
class Exact(Estimator):
    """What exact derivatives share: no step, and no draws."""

    @property
    def reads(self) -> frozenset[str]:
        return frozenset()

    def steps(self, uniforms: Floats, epsilon: float, dtype: str) -> Steps:
        return {}


@register
@dataclass(frozen=True)
class Analytic(Exact):
    """The closed form of the derivative, where the function has one."""

    name: ClassVar[str] = "analytic"
    summary: ClassVar[str] = "closed form of the derivative (ground truth)"
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
class Autodiff(Exact):
    """The backend's automatic differentiation (TensorFlow: ``GradientTape``)."""

    name: ClassVar[str] = "autodiff"
    summary: ClassVar[str] = "exact derivative by the backend's automatic differentiation"
    backends: ClassVar[Set[str] | None] = DIFFERENTIATING
    backends_why: ClassVar[str] = "that backend has no automatic differentiation"

    def evaluations(self, num_steps: int) -> int:
        return 1

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        return xp.autodiff(target.f, x)[None]
