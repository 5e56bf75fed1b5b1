"""What cells of the laboratory have in common: a function near points, in one dtype, with noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, get_backend
from stochgrad.suite.models.functions import FUNCTIONS, taylor
from stochgrad.suite.tasks.noisy import Noisy
from stochgrad.theory.prediction import Local

REACH, NEAR, TERMS = 0.005, 16, 6
"""Range, relative to x, and number of the values from which rounding is estimated, and terms of the
polynomial through them: of a function that changes over x it leaves REACH⁶, some 1e-14/6!."""


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


def make_settings(
    functions: Sequence[str], x: Sequence[float], dtypes: Sequence[str], noises: Sequence[float]
) -> Iterator[Setting]:
    """Yield every function at points, in every dtype and with every noise."""
    xp = get_backend("numpy")
    for name in functions:
        function = FUNCTIONS[name]
        for dtype in dtypes:
            points = np.array(x, dtype)
            wide = points.astype(np.float64)

            def f(at: Array, function: Any = function) -> Array:
                return function.f(at, xp, lambda operand: operand)

            with np.errstate(all="ignore"):
                exact = np.asarray(function.derivative(wide, xp), np.float64)
                value = np.asarray(f(wide), np.float64)
                terms = np.stack([taylor(f, float(p), abs(float(p)) / 2) for p in wide], axis=-1)
                rounding = rounding_error(f, points)
            for noise in noises:
                sigma = noise * np.abs(value)
                local = Local(wide, terms, sigma, rounding)
                yield Setting(name, points, dtype, noise, exact, sigma, local)


def rounding_error(f: Any, x: Any) -> Any:
    """Return the standard deviation of the rounding error in values of f near each point.

    Residuals of a polynomial through values of f near x, in which nothing is left of a function
    that changes over x.
    """
    near = (x * np.linspace(1 - REACH, 1 + REACH, NEAR)[:, None]).astype(x.dtype)
    values = np.asarray(f(near), np.float64)
    values = values - values[NEAR // 2]
    u = (near.astype(np.float64) / x - 1) / REACH
    found = []
    for at in range(x.size):
        powers = np.polynomial.legendre.legvander(u[:, at], TERMS - 1)
        left = values[:, at] - powers @ np.linalg.lstsq(powers, values[:, at], rcond=None)[0]
        found.append(np.sqrt((left**2).sum() / (NEAR - TERMS)))
    return np.array(found)
