"""How noisy the values of a function are: rounding and random noise, from a difference table.

Differences of order k of values at equidistant points wipe out what is smooth, and leave noise of
standard deviation σ with the variance ``σ²(2k)!/(k!)²``. So ``σₖ² = γₖ·mean((Δᵏf)²)`` with
``γₖ = (k!)²/(2k)!`` estimates σ² for every k from where the smooth part is gone.

Reference: J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33
(2011): ECNoise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ORDERS = 8
"""Of the highest differences."""
AGREE = 2.0
"""Three successive estimates within this factor of each other are taken as the noise."""
POINTS = 24
"""Values in a difference table: the noise is then known to about a quarter."""
SPACING = {"float32": 2.0**-9, "float64": 2.0**-12}
"""Distance of the points over the scale of x: their rounding errors have nothing to do with one
another, and sixth differences of a smooth function are below them."""


def noise_level(values: NDArray[Any]) -> Floats:
    """Return the standard deviation of the noise in values at equidistant points.

    Args:
        values: shape ``(M, …)``, M > ORDERS + 1: along the first axis at equidistant points.

    Returns:
        Shape ``(…)``: the third of the first three estimates in a row that agree and whose
        differences have both signs, as noise gives; NaN where there are none. 0 where all values
        are equal.
    """
    table = np.asarray(values, np.float64)
    estimates, mixed = [], []
    for k in range(1, ORDERS + 1):
        table = np.diff(table, axis=0)
        factor = math.factorial(k) ** 2 / math.factorial(2 * k)
        estimates.append(np.sqrt(factor * np.mean(table**2, axis=0)))
        mixed.append((table.min(axis=0) < 0) & (table.max(axis=0) > 0))
    found = np.full(table.shape[1:], np.nan)
    for k in reversed(range(ORDERS - 2)):
        three = np.stack(estimates[k : k + 3])
        good = (three.max(axis=0) <= AGREE * three.min(axis=0)) & mixed[k]
        found = np.where(good, estimates[k + 2], found)
    return np.where(estimates[0] == 0, 0.0, found)


def measure_noise(f: Callable[[Any], Any], x: NDArray[Any], scale: NDArray[Any]) -> Floats:
    """Return the noise of f around points, from ``POINTS`` evaluations at each.

    Args:
        f: takes an array of points and returns one of values.
        x: points in their dtype, any shape.
        scale: of x, the same shape: that of a relative step.
    """
    index = (np.arange(POINTS) - POINTS // 2).reshape(-1, *(1,) * x.ndim)
    step = np.abs(scale) * SPACING[x.dtype.name]
    # Points whose rounding would make their distances uneven look like noise of f′·ulp(x).
    unit = np.spacing(np.abs(x) + POINTS * step)
    step = np.maximum(np.round(step / unit), 1) * unit
    return noise_level(f((x + index.astype(x.dtype) * step).astype(x.dtype)))
