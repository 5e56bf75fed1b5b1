"""One function, two arithmetics: NumPy's floats, and 50 digits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.special as special
from mpmath import MPContext

DIGITS = 50
"""More than three times those of a float64: a closed form may lose a third of them twice."""

mp = MPContext()
mp.dps = DIGITS


def _divide(above: Any, below: Any) -> Any:
    """Return the quotient; NaN where NumPy has NaN or an infinity."""
    return above / below if below else mp.nan


FLOATS: Any = SimpleNamespace(
    **{
        name: getattr(np, name)
        for name in (
            "exp", "expm1", "log", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos",
            "atan", "atan2", "sinh", "cosh", "tanh", "floor", "where", "divide", "isnan",
        )
    },
    **{
        name: getattr(special, name)
        for name in ("erf", "erfc", "gamma", "gammaln", "ellipk", "exp1", "j0", "dawsn", "psi")
    },
)  # fmt: skip
"""Elementwise functions that keep float32."""

EXACT: Any = SimpleNamespace(
    **{
        name: getattr(mp, name)
        for name in (
            "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan",
            "atan2", "sinh", "cosh", "tanh", "floor", "isnan", "erf", "erfc", "gamma", "ellipk",
        )
    },
    cbrt=lambda u: mp.sign(u) * mp.root(abs(u), 3),
    where=lambda condition, one, other: one if condition else other,
    divide=_divide,
    gammaln=mp.loggamma,
    exp1=mp.e1,
    j0=lambda u: mp.besselj(0, u),
    dawsn=lambda u: mp.sqrt(mp.pi) / 2 * mp.exp(-u * u) * mp.erfi(u),
    psi=mp.digamma,
)  # fmt: skip
"""The same functions of numbers with 50 digits."""
