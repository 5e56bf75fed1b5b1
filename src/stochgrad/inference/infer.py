"""The derivative of a black box from values alone, with an interval and a status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import constants as by
from .designs import Floats, Ints
from .result import UNDEFINED, Inference, blank_result, put_result
from .sampler import Noise, Sampler
from .solver import Options, Solver

MOST = 2**16
"""Points at a time, which bounds memory: a resource, not a decision."""


def infer(
    evaluate: Callable[..., Any], x: ArrayLike, *, scale: ArrayLike | None = None,
    noise: Noise = None, max_evaluations: int = 240, rtol: float = 0.0, atol: float = 0.0,
    lower: ArrayLike | None = None, upper: ArrayLike | None = None,
    which: Literal["smooth", "local"] = "smooth", seed: int = 0,
    streams: NDArray[np.integer[Any]] | None = None, error_bars: bool = True, order: int = 1,
    unit: float = 0.0,
) -> Inference:  # fmt: skip
    """Infer the first or second derivative of ``evaluate`` at each of ``x``.

    Args:
        evaluate: Function of points, shape (values, active points), to values of that shape. If it
            has a parameter ``columns``, it is given the indices of the active points.
        x: Points, shape (points,), float32 or float64.
        scale: Length scales in place of |x|; None for min(|x|, 1), or 1 at 0.
        noise: Standard deviation of f if known: a number, one for each point, or a function of
            points, which is called as ``evaluate`` is.
        max_evaluations: Largest number of evaluations for each point, at least 10.
        rtol: Relative half-width at which to stop, in the search for a scale as in the last fit.
        atol: Absolute half-width at which to stop.
        lower: Least argument allowed for each point.
        upper: Largest argument allowed for each point.
        which: The scale that is meant where two are real: "smooth", of a curve on which there are
            steps or rounding, or "local", of the steps.
        seed: Seed of the jitter of the nodes.
        streams: Streams of the jitter; points of one stream share their nodes. None for one.
        error_bars: Whether to make the checks that only the interval and the status need.
        order: 1 or 2.
        unit: Spacing of floats at one in which f computes, where its values arrive in a dtype of
            more digits; 0 for that of the values.

    Raises:
        ValueError: If ``max_evaluations`` is below 10.
    """
    if max_evaluations < 10:
        raise ValueError(f"max_evaluations={max_evaluations}: at least 10 are needed")
    given = np.atleast_1d(np.asarray(x))
    if given.dtype != np.float32:
        given = given.astype(float)
    points = given.size
    size = np.abs(given.astype(float))
    length = np.where(size == 0, 1.0, np.minimum(size, 1.0))
    widest = np.maximum(size, 1.0)
    if scale is not None:
        length = widest = np.broadcast_to(np.asarray(scale, dtype=float), given.shape)
    low = np.full(points, -np.inf) if lower is None else np.asarray(lower, dtype=float)
    high = np.full(points, np.inf) if upper is None else np.asarray(upper, dtype=float)
    bounds = (np.broadcast_to(low, given.shape), np.broadcast_to(high, given.shape))
    options = Options(
        seed=seed, order=order, local=which == "local", error_bars=error_bars, rtol=rtol,
        atol=np.broadcast_to(np.asarray(atol, dtype=float), given.shape),
        streams=np.zeros(points, int) if streams is None else np.asarray(streams, dtype=int),
        length=length, widest=widest,
    )  # fmt: skip
    sampler = Sampler(evaluate, given, noise, bounds, unit)
    result = blank_result(points)
    with np.errstate(all="ignore"):
        sides = np.where(np.isfinite(size), _side(sampler, length), 2)
        result["status"][sides == 2] = UNDEFINED
        for side in (0, 1, -1):
            chosen = np.flatnonzero(sides == side)
            for first in range(0, len(chosen), MOST):
                part = chosen[first : first + MOST]
                budget = np.full(len(part), max_evaluations)
                found = Solver(sampler, part, side, options, budget).solve()
                if len(part) == points:
                    result = found
                else:
                    put_result(result, part, found)
        result["nfev"][:] = sampler.nfev
    return Inference(**result)


def _side(sampler: Sampler, length: Floats) -> Ints:
    """Return the side of x with room, where the other has too little for a symmetric fit."""
    below, above = sampler.x - sampler.lower, sampler.upper - sampler.x
    tight = np.minimum(below, above) < length * 2.0 ** -(by.START + by.NARROWER)
    return np.asarray(np.where(tight, np.where(above >= below, 1, -1), 0))
