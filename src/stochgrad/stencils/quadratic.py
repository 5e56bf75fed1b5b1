"""The slope at x of the parabola through x, x + a and x + b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stochgrad.backends import Array, Backend
from stochgrad.stencils.base import Steps, Target, register
from stochgrad.stencils.three_slope import ThreePoint


@register
@dataclass(frozen=True)
class Quadratic(ThreePoint):
    """Mean over draws of ``s_a + s_b − s_ab``; ``a, b ~ U[ε/100, ε]``, absolute.

    The evaluations are those of ``three_slope``. Newton's divided differences make the combination
    exact for a parabola: ``s_a + s_b − s_ab = f′ − ab·f‴/6 + O(ε³)``, so the bias falls from O(ε)
    to O(ε²).
    """

    name: ClassVar[str] = "quadratic"
    summary: ClassVar[str] = "slope of the parabola through three random points, averaged"

    def samples(self, target: Target, x: Array, steps: Steps, scale: Array, xp: Backend) -> Array:
        side_a, side_b, chord = self.slopes(target, x, steps, xp)
        return side_a + side_b - chord
