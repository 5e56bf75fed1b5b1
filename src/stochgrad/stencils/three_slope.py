"""Three slopes through x, x + a and x + b: their mean, and the slope of the parabola."""

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

SHORTEST = 0.01
"""Steps are drawn from [ε·SHORTEST, ε], as in the notebook."""

FLOATS_APART = 4
"""The floor of |a − b| is never under this many floats at 1, whatever ``min_separation`` gives."""


@dataclass(frozen=True)
class ThreePoint(Estimator):
    """What the estimators on three points share: the draws, and the three slopes.

    Attributes:
        division: of ``f(x+a) − f(x)`` by the realised distance or by the nominal ``a`` (the
            notebook, which also adds up draws in the dtype of x). The chord from ``x + b`` to
            ``x + a`` is always divided by the realised one.
        min_separation: smallest ``|a − b|``, as a fraction of ε. Pairs are uniform over those that
            far apart: ``1/(a − b)`` has infinite variance without a floor. 0 is the notebook's
            unguarded form, which returns NaN when ``x + a`` and ``x + b`` round to the same float.
    """

    draws_per_step: ClassVar[int] = 2
    uses_value: ClassVar[bool] = True

    division: Division = "realised"
    min_separation: float = 0.01

    def __post_init__(self) -> None:
        check_division(self.division)
        check_range("estimator.min_separation", self.min_separation, 0, 0.5)

    def evaluations(self, num_steps: int) -> int:
        return 2 * num_steps + 1

    @property
    def plain_sum(self) -> bool:
        return self.division == "nominal"

    def interval(self, epsilon: float) -> float:
        return epsilon * (1 - SHORTEST)

    def steps(self, uniforms: NDArray[np.float64], epsilon: float, dtype: str) -> Steps:
        low = epsilon * SHORTEST
        length = epsilon - low
        apart = 0.0
        if self.min_separation > 0:
            floor = max(self.min_separation * epsilon, FLOATS_APART * float(np.finfo(dtype).eps))
            apart = min(floor, length / 2)
        # The square [0, length − apart)², cut along its diagonal and drawn apart: uniform over all
        # pairs with |a − b| ≥ apart.
        pair = low + (length - apart) * uniforms
        first_is_larger = uniforms[:, 0] > uniforms[:, 1]
        pair[:, 0] += apart * first_is_larger
        pair[:, 1] += apart * ~first_is_larger
        pair = pair.astype(dtype)
        if self.division == "realised":
            return {"pair": pair}
        return {"pair": pair, "inverse": 1 / pair}  # once, not in every compiled loop

    def slopes(
        self, target: Target, x: Array, steps: Steps, xp: Backend
    ) -> tuple[Array, Array, Array]:
        """Return the slopes from x to x + a, from x to x + b, and from x + b to x + a."""
        points = x + steps["pair"]
        values = target.f(points)
        rise = values - target.at(x)
        if self.division == "nominal":
            if rise.dtype != x.dtype:
                rise = xp.cast(rise, x.dtype.name)
            sides = rise * steps["inverse"]
        else:
            sides = slope(rise, points - x, xp)
        chord = (divide if self.min_separation == 0 else slope)(
            values[0] - values[1], points[0] - points[1], xp
        )
        return sides[0], sides[1], chord


@register
@dataclass(frozen=True)
class ThreeSlope(ThreePoint):
    """Mean over draws of the three slopes' mean; ``a, b ~ U[ε/100, ε]``, absolute.

    One pair of scalars a draw, shared by every element of x. Each slope is one-sided, so the
    estimate is a forward difference: bias ``0.337·ε·f″``, spread of a draw ``0.135·ε·f″``.
    """

    name: ClassVar[str] = "three_slope"
    summary: ClassVar[str] = "mean of three one-sided slopes over random steps, averaged (notebook)"

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        side_a, side_b, chord = self.slopes(target, x, steps, xp)
        return (side_a + side_b + chord) / 3
