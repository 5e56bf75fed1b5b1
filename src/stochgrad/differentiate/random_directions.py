"""Gradients along random directions: where there are more variables than evaluations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS
from stochgrad.differentiate.coordinates import CHECKED, Found, blank
from stochgrad.differentiate.lines import Lines, infer_along
from stochgrad.differentiate.problem import OVERHEAD, Problem
from stochgrad.differentiate.result import (
    NO_ERROR_BARS,
    OK,
)
from stochgrad.errors import ConfigError
from stochgrad.inference import Inference
from stochgrad.random import Purpose, stream
from stochgrad.theory.directions import (
    best_step,
    orthonormal,
    spread_of_orthonormal,
    variance_of_orthonormal,
    weights_of_orthonormal,
)

Floats = NDArray[np.float64]

PILOTS = 8
"""Directions along which the error model looks: the mean square of as many has a relative error of
a half, and its root of a quarter."""
NODES = np.array([1.0, -1.0])
WEIGHTS = np.array([0.5, -0.5])
"""The two-sided difference, antithetic: no even terms."""


def looked_along(problem: Problem, directions: Floats, most: int) -> tuple[Inference, Floats]:
    """Infer slopes along directions of shape ``(P, r, d)``, in units of the variables' scales.

    Returns:
        The inference, of arrays ``(m·P·r,)``, and the lines' length scales ``(P·r,)``.
    """
    number, r, d = directions.shape
    along = (directions * problem.common[:, None]).reshape(-1, d)
    base = np.repeat(np.arange(number), r)
    lines = Lines(problem.field, problem.points, problem.values, base, along)
    length = 1 / np.linalg.norm(directions, axis=-1).ravel()
    model = replace(problem.model, evaluations=max(most, FEWEST_EVALUATIONS))
    bounds = problem.room(directions, problem.common)
    return infer_along(lines, length, model, bounds), length


def orthogonal(
    problem: Problem, number: int | None, guides: Floats | None = None, projection: bool = False
) -> Found:
    """Estimate from two-sided differences along orthonormal directions, in units of the scales.

    The error model looks along the first of them, and tells the noise and the step of the smallest
    error for the others.

    Args:
        problem: the function.
        number: of directions; None for as many as the budget allows.
        guides: past gradients, shape ``(k, d)``.
        projection: whether df is the projection on the span of the directions.
    """
    points, d = problem.points.shape
    m, seed = problem.values.shape[-1], problem.model.seed
    budget = problem.budget
    pilots, most = min(PILOTS, d), CHECKED
    if budget is not None:
        each = (budget - OVERHEAD - points) // points
        pilots = int(np.clip(each // CHECKED, 1, pilots))
        most = int(np.clip(each // (2 * pilots), FEWEST_EVALUATIONS, CHECKED))
        affordable = (each - pilots * most) // 2
        number = affordable if number is None else min(number, affordable)
    number = int(np.clip(number or d, 1, d))
    known = 0 if guides is None else min(int(np.linalg.matrix_rank(guides)), number)
    v = np.stack([
        orthonormal(stream(seed + p, Purpose.DIRECTION), number, d, guides) for p in range(points)
    ])  # fmt: skip
    pilots = min(pilots, number)
    near, length = looked_along(problem, v[:, :pilots], most)
    shape = m, points, pilots
    slope, error = near.center.reshape(shape), near.slope_error.reshape(shape)
    step = common_step(near, length, shape, problem)
    limits = problem.room(v, problem.common)
    if number > pilots and limits is not None:
        room = np.minimum(-limits[0], limits[1]).reshape(points, number).min(axis=-1)
        if (room == 0).any():
            raise ConfigError(
                "method=directions bounds=…: x is on a bound, and two-sided differences leave it; "
                "raise max_evaluations, so that every variable is looked at alone"
            )
        step = np.minimum(step, np.exp2(np.floor(np.log2(room))))
    slopes, errors = [slope], [error]
    noise = np.nanmean(near.noise.reshape(shape), axis=-1)
    if number > pilots:
        rest, off = _differences(problem, v, step, pilots, slope)
        truncation = np.sqrt((off**2).mean(axis=-1))
        slopes.append(rest)
        wide = np.hypot(noise / np.sqrt(2) / step, truncation)[..., None]
        errors.append(np.broadcast_to(wide, rest.shape))
    s, se = np.concatenate(slopes, axis=-1), np.concatenate(errors, axis=-1)
    status = _worst(near.status.reshape(shape))
    return _combined(problem, v, s, se, status, step, noise, (pilots, known, projection))


def common_step(
    near: Inference, length: Floats, shape: tuple[int, int, int], problem: Problem
) -> Floats:
    """Return a step for each component and point, ``(m, P)``: the median of the pilots' best."""
    powers = np.arange(len(near.taylor))[:, None]
    taylor = np.nan_to_num(near.taylor / near.step**powers)
    eps = float(np.finfo(problem.points.dtype).eps)
    least = np.tile(2 * eps * length, shape[0])
    most = np.where(np.isfinite(near.step), near.step, least)
    best = best_step(NODES, WEIGHTS, taylor, np.nan_to_num(near.noise), least, most)
    return np.asarray(np.exp2(np.round(np.median(np.log2(best).reshape(shape), axis=-1))))


def _differences(
    problem: Problem, v: Floats, step: Floats, pilots: int, slope: Floats
) -> tuple[Floats, Floats]:
    """Return two-sided differences along the other directions, and errors along the pilots.

    The components of a vector function share their evaluations, and the smallest of their steps.
    """
    points, number, d = v.shape
    h = step.min(axis=0)
    along = (v * problem.common[:, None]).reshape(-1, d)
    lines = Lines(problem.field, problem.points, problem.values,
                  np.repeat(np.arange(points), number), along)  # fmt: skip
    index = np.arange(points * number).reshape(points, number)

    def rises(which: Any) -> Floats:
        at, wide = index[:, which].ravel(), np.repeat(h, index[:, which].shape[1])
        t = (NODES[:, None] * wide).astype(problem.points.dtype)
        found = lines.values(np.tile(at, 2), t.ravel()).astype(float).reshape(2, len(at), -1)
        rise = np.tensordot(WEIGHTS, found, 1) / wide[:, None]
        return np.moveaxis(rise.reshape(points, -1, rise.shape[-1]), -1, 0)

    return rises(slice(pilots, None)), rises(slice(0, pilots)) - slope


def _combined(
    problem: Problem, v: Floats, s: Floats, se: Floats, status: NDArray[Any], step: Floats,
    noise: Floats, how: tuple[int, int, bool],
) -> Found:  # fmt: skip
    """Return the gradient from slopes ``(m, P, n)`` along orthonormal directions ``(P, n, d)``."""
    (number, d), (pilots, known, projection) = v.shape[1:], how
    unit = problem.common[:, None]
    counted = weights_of_orthonormal(number, d, known)
    mean = np.einsum("n,mpn,pnd->pmd", counted, s, v)
    noisy = (se**2).mean(axis=-1).T[..., None]  # of a slope along a unit vector
    rest, free = number - known, d - known  # directions and variables beside the guides
    rows = s[..., known:]
    ratio = free / max(rest, 1)
    size = np.maximum((rows**2).sum(axis=-1).T[..., None] * ratio - free * noisy, 0)
    predicted = variance_of_orthonormal(size, max(rest, 1), free, noisy) * np.ones(d)
    if number == d:
        measured = np.einsum("mpn,pnd->pmd", se**2, v**2)
    else:
        terms = free * np.einsum("mpn,pnd->npmd", rows, v[:, known:])
        measured = spread_of_orthonormal(terms, free) + noisy
    found = blank(mean / unit)
    error = np.sqrt(measured) / unit
    if projection:
        found["df"] = np.einsum("mpn,pnd->pmd", s, v) / unit
    off = found["df"] - mean / unit
    few = ~np.isfinite(error)
    wide = status.T[..., None] + np.zeros(d, int)
    dof = float(rest - 1) if number < d else float(pilots)
    return found | {
        "standard_error": np.hypot(error, off), "slope_error": error,
        "dof": np.full(error.shape, dof),
        "status": np.where(few & (wide == OK), NO_ERROR_BARS, wide),
        "epsilon": np.broadcast_to(step.T[..., None] * unit, error.shape),
        "noise": np.broadcast_to(noise.T[..., None], error.shape),
        "draws": number, "method": "directions", "predicted_variance": predicted / unit**2,
    }  # fmt: skip


def _worst(status: NDArray[Any]) -> NDArray[Any]:
    """Return the status that most pilots have, of shape ``(m, P)``: a median of ordered numbers."""
    good = (status == OK).mean(axis=-1) > 0.5
    return np.where(good, OK, status.max(axis=-1))
