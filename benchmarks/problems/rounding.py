"""Errors of the last places: deterministic functions of x, as those of a library are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Function = Callable[[Any], Any]
ErrorModel = Literal["none", "random", "smooth"]
CORRELATED_ERRORS = 3.0
"""Units in the last place: what vectorised mathematical libraries promise at worst is 4."""
PERIODS = 32
"""Of a smooth error while x doubles: the intervals of a table-driven library function."""


def hashed(x: Any, key: int) -> NDArray[np.float64]:
    """Return uniform numbers in [0, 1) that depend on the bits of x and on a key.

    The finaliser of SplitMix64: one flipped bit of x changes about half of the bits.
    """
    bits = np.asarray(x, np.float64).view(np.uint64) + np.uint64(key)
    with np.errstate(over="ignore"):
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((bits ^ (bits >> np.uint64(31))) / 2.0**64)


def with_error(f: Function, model: ErrorModel, key: int) -> Function:
    """Return f with an error of up to ``CORRELATED_ERRORS`` units in the last place.

    Args:
        f: elementwise function.
        model: ``"random"``, independent from float to float; ``"smooth"``, a wave in log|x|.
        key: of the errors; the same key gives the same function.
    """
    if model == "none":
        return f

    def erroneous(x: Any) -> Any:
        values = np.asarray(f(x))
        if model == "random":
            unit = 2 * hashed(x, key) - 1
        else:
            octaves = np.log2(np.abs(np.asarray(x, np.float64)) + np.finfo(np.float64).tiny)
            unit = np.sin(2 * np.pi * (PERIODS * octaves + hashed(0.0, key)))
        error = np.rint(CORRELATED_ERRORS * unit) if model == "random" else CORRELATED_ERRORS * unit
        return (values + error * np.spacing(np.abs(values))).astype(values.dtype)

    return erroneous
