"""What cells of the laboratory have in common: a function near points, in one dtype, with noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, get_backend
from stochgrad.suite.models.functions import FUNCTIONS
from stochgrad.suite.tasks.noisy import Noisy
from stochgrad.theory.prediction import Local


@dataclass(frozen=True)
class Setting:
    """What several cells have in common: f near the points, in one dtype and with one noise."""

    function: str
    x: NDArray[Any]
    dtype: str
    noise: float
    exact: NDArray[np.float64]
    sigma: NDArray[np.float64]
    local: Local

    def only(self, keep: Any) -> Setting:
        """Return the setting at some of its points, given as an index for arrays."""
        near = self.local
        noise, rounding = np.asarray(near.noise), np.asarray(near.rounding)
        local = Local(np.asarray(near.x)[keep], near.taylor[:, keep], noise[keep], rounding[keep])
        return replace(
            self, x=self.x[keep], exact=self.exact[keep], sigma=self.sigma[keep], local=local
        )

    def target(self, source: np.random.Generator) -> Any:
        """Return the black box, on points of shape ``(…, R, X)``."""
        xp, function = get_backend("numpy"), FUNCTIONS[self.function]

        def f(points: Array) -> Array:
            return function.f(points, xp, lambda operand: operand)

        return Noisy(f, self.sigma, [source], xp) if self.noise else f
