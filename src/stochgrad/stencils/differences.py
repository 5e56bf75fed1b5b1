"""The rules on two and three points: textbook differences, and averages over random steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from stochgrad.stencils.base import Division, check_division, check_range
from stochgrad.stencils.rule import Rule, register
from stochgrad.stencils.stencil import Floats, Stencil

SHORTEST = 0.01
"""Steps of ``three_slope`` are drawn from [ε·SHORTEST, ε], as in the notebook."""

FLOATS_APART = 4
"""The floor of |a − b| is never under this many floats at 1: with two roundings of half a float
each, points that far apart stay apart."""


@dataclass(frozen=True)
class TwoPoint(Rule):
    """A slope between two points with ``a = x·ε``, divided by the realised step.

    Where x is zero the step is ε itself.
    """

    relative: ClassVar[bool] = True
    ends: ClassVar[tuple[float, float]]
    """The points, in units of the step."""

    def stencil(self, uniforms: Floats, epsilon: float, dtype: str) -> Stencil:
        return Stencil.of_slopes([epsilon * end for end in self.ends], [(0, 1)], [1.0])


@register
@dataclass(frozen=True)
class Forward(TwoPoint):
    """``(f(x + a) − f(x)) / a`` with ``a = x·ε``. Bias ``a·f″/2``."""

    name: ClassVar[str] = "forward"
    summary: ClassVar[str] = "forward difference with a fixed relative step"
    ends: ClassVar[tuple[float, float]] = (1.0, 0.0)


@register
@dataclass(frozen=True)
class CentralFixed(TwoPoint):
    """``(f(x + a) − f(x − a)) / 2a`` with ``a = x·ε``. Bias ``a²·f‴/6``."""

    name: ClassVar[str] = "central_fixed"
    summary: ClassVar[str] = "central difference with a fixed relative step"
    ends: ClassVar[tuple[float, float]] = (1.0, -1.0)


@register
@dataclass(frozen=True)
class Central(Rule):
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

    @property
    def sums_in_dtype(self) -> bool:
        return self.division == "nominal"

    def stencil(self, uniforms: Floats, epsilon: float, dtype: str) -> Stencil:
        jitter = min(epsilon, 1.0) if self.jitter is None else self.jitter
        h = epsilon * (1 - jitter) + (2 * epsilon * jitter) * uniforms
        nominal = [self.division == "nominal"]
        return Stencil.of_slopes([h[0], -h[1]], [(0, 1)], [1.0], nominal)


@dataclass(frozen=True)
class ThreePoint(Rule):
    """What the rules on x, x + a and x + b share: ``a, b ~ U[ε/100, ε]``, absolute.

    One pair of scalars a draw, shared by every element of x.

    Attributes:
        division: of ``f(x+a) − f(x)`` by the realised distance or by the nominal ``a`` (the
            notebook, which also adds up draws in the dtype of x). The chord from ``x + b`` to
            ``x + a`` is always divided by the realised one.
        min_separation: smallest ``|a − b|``, as a fraction of ε. Pairs are uniform over those that
            far apart: ``1/(a − b)`` has infinite variance without a floor. 0 is the notebook's
            unguarded form, which returns NaN when ``x + a`` and ``x + b`` round to the same float.
    """

    draws_per_step: ClassVar[int] = 2
    shares: ClassVar[tuple[float, float, float]]
    """Weights of the slopes from x to x + a, from x to x + b, and from x + b to x + a."""

    division: Division = "realised"
    min_separation: float = 0.01

    def __post_init__(self) -> None:
        check_division(self.division)
        check_range("estimator.min_separation", self.min_separation, 0, 0.5)

    @property
    def sums_in_dtype(self) -> bool:
        return self.division == "nominal"

    @property
    def guarded(self) -> bool:
        return self.min_separation > 0

    def stencil(self, uniforms: Floats, epsilon: float, dtype: str) -> Stencil:
        low = epsilon * SHORTEST
        length = epsilon - low
        apart = 0.0
        if self.min_separation > 0:
            floor = max(self.min_separation * epsilon, FLOATS_APART * float(np.finfo(dtype).eps))
            apart = min(floor, length / 2)
        # The square [0, length − apart)², cut along its diagonal and drawn apart: uniform over all
        # pairs with |a − b| ≥ apart.
        a, b = low + (length - apart) * uniforms
        larger = uniforms[0] > uniforms[1]
        nominal = self.division == "nominal"
        return Stencil.of_slopes(
            [a + apart * larger, b + apart * ~larger, 0.0], [(0, 2), (1, 2), (0, 1)], self.shares,
            [nominal, nominal, False],
        )  # fmt: skip


@register
@dataclass(frozen=True)
class ThreeSlope(ThreePoint):
    """Mean over draws of the three slopes' mean: a forward difference.

    Bias ``0.337·ε·f″``, spread of a draw ``0.135·ε·f″``.
    """

    name: ClassVar[str] = "three_slope"
    summary: ClassVar[str] = "mean of three one-sided slopes over random steps, averaged (notebook)"
    shares: ClassVar[tuple[float, float, float]] = (1 / 3, 1 / 3, 1 / 3)


@register
@dataclass(frozen=True)
class Quadratic(ThreePoint):
    """Mean over draws of ``s_a + s_b − s_ab``, the slope at x of the parabola through the points.

    The evaluations are those of ``three_slope``. Newton's divided differences make the combination
    exact for a parabola: ``s_a + s_b − s_ab = f′ − ab·f‴/6 + O(ε³)``, so the bias falls from O(ε)
    to O(ε²).
    """

    name: ClassVar[str] = "quadratic"
    summary: ClassVar[str] = "slope of the parabola through three random points, averaged"
    shares: ClassVar[tuple[float, float, float]] = (1.0, 1.0, -1.0)
