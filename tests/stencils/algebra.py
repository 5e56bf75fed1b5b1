"""One draw of an estimator in exact rational arithmetic: what it is for a polynomial."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from stochgrad.backends import get_backend
from stochgrad.stencils import Estimator, Target


def rationals(low: int, high: int) -> st.SearchStrategy[Fraction]:
    return st.fractions(low, high, max_denominator=1000)


steps = st.fractions(Fraction(1, 1000), 2, max_denominator=1000)
points = rationals(-5, 5).filter(bool)
coefficients = st.tuples(*[rationals(-5, 5)] * 4)
"""c₀ … c₃ of a cubic."""


def cubic(c: tuple[Fraction, ...]) -> Callable[[Any], Any]:
    return lambda x: c[0] + x * (c[1] + x * (c[2] + x * c[3]))


def derivatives(c: tuple[Fraction, ...], x: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Return f′, f″ and f‴ of the cubic at x."""
    return c[1] + 2 * c[2] * x + 3 * c[3] * x**2, 2 * c[2] + 6 * c[3] * x, 6 * c[3]


def one_draw(
    estimator: Estimator, f: Callable[[Any], Any], x: Fraction, draw: dict[str, Any]
) -> Fraction:
    """Return the estimate from one draw of relative or absolute steps, without rounding."""
    at = np.array([x], object)
    arrays = {key: np.array(value, object) for key, value in draw.items()}
    sample = estimator.samples(Target(f), at, arrays, at, get_backend("numpy"))
    assert sample.shape == (1, 1)
    return sample[0, 0]
