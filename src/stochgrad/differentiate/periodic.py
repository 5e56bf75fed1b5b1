"""Gradients of circuits: f is ``A + B cos t + C sin t`` along every variable, which is checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.coordinates import Found, blank, each
from stochgrad.differentiate.problem import Problem
from stochgrad.inference import quantile
from stochgrad.inference.sampler import UNIFORM

Floats = NDArray[np.float64]

LEVEL = 1e-3
"""Significance of the check, of all variables together."""
ROUNDINGS = 64.0
"""Roundings of f that a check without noise may be off by: a simulation takes many operations."""
AGAIN = 3
"""Further values at x, which are all the same if f has no noise; of 1,000 shots two are in 2 %."""
CHECKS = 10
"""One evaluation in so many is for the check."""


def is_circuit(f: Any) -> bool:
    """Return whether f says that its variables are angles of rotations, or is a PennyLane QNode."""
    qnode = type(f).__name__ == "QNode" and type(f).__module__.startswith("pennylane")
    return qnode or bool(getattr(f, "rotation_angles", False))


def shifted(problem: Problem) -> Found | None:
    """Return slopes by the parameter-shift rule, ``(f(t₊) − f(t₋))/2`` at ±π/2, with their errors.

    Half of the evaluations of each variable are at either end; f itself and one random angle a
    variable check that f is of the form for which the rule is exact. Of all rules for this form it
    has the least variance.

    Returns:
        None where the check fails, or where there is too little to check with.
    """
    lines, points = problem.coordinates(), problem.points
    number, m = lines.number, lines.components
    again = [problem.field(points[:, None])[:, 0].astype(float) for _ in range(AGAIN)]
    quiet = all(np.array_equal(values, problem.values) for values in again)
    most = each(problem, number)
    most -= -(-most // (2 * number))  # f at x is evaluated as often as at either end
    repeats, checks = (1, 1) if quiet else (max((most - most // CHECKS - 1) // 2, 0),
                                            max(most // CHECKS, 1))  # fmt: skip
    if repeats < (1 if quiet else 2) or most < 2 * repeats + checks:
        return None
    rng = np.random.default_rng([problem.model.seed, number])
    angle = rng.uniform(0.5, 2.5, number)
    half = np.full(number, np.pi / 2)

    def taken(t: Floats, times: int) -> Floats:
        """Return values ``(times, L, m)``, some apart from t along each line."""
        every = np.arange(number)
        at = (lines.origin + t).astype(points.dtype)
        return np.stack([lines.values(every, at) for _ in range(times)])

    plus, minus = taken(half, repeats), taken(-half, repeats)
    other = taken(angle, checks)
    more = 0 if quiet else max(repeats - AGAIN, 0)
    again += [problem.field(points[:, None])[:, 0] for _ in range(more)]
    at_x = np.stack([problem.values, *again]).astype(float)
    value = at_x.mean(axis=0)[lines.base]
    slope = (plus.mean(axis=0) - minus.mean(axis=0)) / 2
    middle = (plus.mean(axis=0) + minus.mean(axis=0)) / 2
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    off = other.mean(axis=0) - (middle * (1 - cos) + value * cos + slope * sin)
    size = np.abs(np.concatenate([plus, minus])).max(axis=0)
    if quiet:
        unit = UNIFORM * problem.field.unit * size
        variance, dof = np.full(slope.shape, unit**2), np.inf
        allowed = ROUNDINGS * unit + problem.field.unit
    else:
        # Shots have more noise where the mean of their outcomes is near 0: each end has its own.
        ends = (plus.var(axis=0, ddof=1) + minus.var(axis=0, ddof=1)) / 2
        variance, dof = _known(problem, ends, lines), 2.0 * (repeats - 1)
        if problem.model.noise is not None:
            dof = np.inf
        # The largest of the variances: shots are noisier elsewhere, where f is closer to 0.
        share = ((1 - cos) ** 2 + sin**2) / (2 * repeats) + 1 / checks + cos**2 / len(at_x)
        allowed = quantile(dof, 1 - LEVEL / (2 * off.size)) * np.sqrt(variance.max() * share)
    if not (np.abs(off) <= allowed).all():
        return None
    shape = (*points.shape, m)

    def shaped(values: Floats) -> Floats:
        return np.moveaxis(np.broadcast_to(values, slope.shape).reshape(shape), -1, 1)

    found = blank(shaped(slope))
    error = shaped(np.sqrt(variance / (2 * repeats)))
    return found | {
        "standard_error": error, "slope_error": error, "dof": np.full(error.shape, dof),
        "epsilon": np.full(error.shape, np.pi / 2), "noise": shaped(np.sqrt(variance)),
        "draws": 1, "method": "coordinates", "predicted_variance": 0 * error,
    }  # fmt: skip


def _known(problem: Problem, variance: Floats, lines: Any) -> Floats:
    """Return the variance that is given, or the one that is seen."""
    noise = problem.model.noise
    if noise is None:
        return variance
    if callable(noise):
        sd = np.asarray(noise(problem.points), float).reshape(len(problem.points), -1)
        return np.broadcast_to(sd[lines.base] ** 2, variance.shape)
    return np.broadcast_to(np.asarray(noise, float) ** 2, variance.shape)
