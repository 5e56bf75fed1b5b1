"""Functions of many variables whose derivatives are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.stencils.gradients import Local

Array = NDArray[Any]


class Cubic:
    """``b·x + (w·x)²/2 + a(w·x)³/6 + Σ cᵢxᵢ³/6``: no derivative beyond the third, so that the
    leading term of a two-sided bias is all of it, at any step.

    Attributes:
        calls: points at which it was evaluated.
    """

    rotations = False

    def __init__(self, dimension: int, third: float = 3.0) -> None:
        rng = np.random.default_rng(dimension)
        self.b, self.w, self.c = rng.standard_normal((3, dimension)) / np.sqrt(dimension)
        self.w /= np.linalg.norm(self.w)
        self.a = third
        self.c *= third
        self.x = rng.standard_normal(dimension) / np.sqrt(dimension)
        self.calls = 0

    def value(self, x: Array) -> Array:
        along = x @ self.w
        return x @ self.b + along**2 / 2 + self.a * along**3 / 6 + x**3 @ self.c / 6

    def __call__(self, points: Array) -> Array:
        self.calls += points[..., 0].size
        return self.value(points)[..., None]

    def slopes(self, points: Array, directions: Array) -> Array:
        self.calls += points[..., 0].size
        return (self.gradient(points) * directions).sum(axis=-1)[..., None]

    def gradient(self, x: Array) -> Array:
        along = (x @ self.w)[..., None]
        return self.b + (along + self.a * along**2 / 2) * self.w + self.c * x**2 / 2

    def local(self) -> Local:
        """Return the derivatives at ``self.x``."""
        along = self.x @ self.w
        return Local(
            gradient=self.gradient(self.x),
            second=(1 + self.a * along) * self.w**2 + self.c * self.x,
            third=self.a * self.w**3 + self.c,
            mixed=self.a * self.w * (self.w @ self.w) + self.c,
        )
