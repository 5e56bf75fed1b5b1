"""Gradients along random directions: where there are more variables than evaluations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS
from stochgrad.differentiate.coordinates import CHECKED, Found, best_near, blank
from stochgrad.differentiate.lines import Lines, infer_along
from stochgrad.differentiate.problem import OVERHEAD, Problem
from stochgrad.differentiate.result import NO_ERROR_BARS, OK
from stochgrad.errors import ConfigError
from stochgrad.inference import Inference
from stochgrad.random import Purpose, stream
from stochgrad.stencils.laws import orthonormal
from stochgrad.theory.directions import (
    spread_of_orthonormal,
    variance_of_orthonormal,
    weights_of_orthonormal,
)

Floats = NDArray[np.float64]

PILOTS = 8
"""Directions along which the error model looks: the mean square of as many has a relative error of
a half, and its root of a quarter."""
TRIED = 2
"""Variables along which it is tried whether few evaluations are enough."""
NODES = np.array([1.0, -1.0])
WEIGHTS = NODES / 2
"""The two-sided difference, antithetic: no even terms."""


def looked_along(problem: Problem, directions: Floats, most: int) -> tuple[Inference, Floats]:
    """Infer slopes along directions of shape ``(P, r, d)``, in units of the variables' scales.

    Returns:
        The inference, of arrays ``(m·P·r,)``, and the lines' length scales ``(P·r,)``.
    """
    length = 1 / np.linalg.norm(directions, axis=-1).ravel()
    model = replace(problem.model, evaluations=max(most, FEWEST_EVALUATIONS))
    lines = problem.rays(directions, problem.common)
    bounds = problem.limits_along(directions, problem.common)
    return infer_along(lines, length, model, bounds), length


def are_resolved(problem: Problem, most: int) -> bool:
    """Return whether so many evaluations are enough along two variables of the first point.

    They are where the model explains the values, and the interval is as narrow as is asked for: by
    the rule that ends a search. The slopes are not used further.
    """
    rng = stream(problem.model.seed, Purpose.DIRECTION, 3)
    chosen = rng.permutation(problem.dimension)[:TRIED]
    base = np.zeros(len(chosen), int)
    lines = Lines(problem.field, problem.points, problem.values, base, chosen)
    model = replace(problem.model, evaluations=most)
    bounds = problem.lower[0, chosen], problem.upper[0, chosen]
    near = infer_along(lines, problem.scale[0, chosen], model, bounds)
    allowed = model.atol + model.rtol * np.abs(near.slope)
    return bool(((near.status == OK) & (2 * near.slope_error <= allowed)).all())


def orthogonal(
    problem: Problem, number: int | None, guides: Floats | None = None, projection: bool = False
) -> Found:
    """Estimate from two-sided differences along orthonormal directions, in units of the scales.

    The error model looks along the first of them, and tells the noise and the step of the smallest
    error for the others. Without a number they are as many as the budget allows.
    """
    points, d = problem.points.shape
    m, seed = problem.values.shape[-1], problem.model.seed
    pilots, most = min(PILOTS, d), CHECKED
    if problem.budget is not None:
        spent = max(OVERHEAD + points, problem.field.evaluations)
        each = max(problem.budget - spent, 0) // points
        pilots = int(np.clip(each // (2 * CHECKED), 1, pilots))
        most = int(np.clip(each // (2 * pilots), FEWEST_EVALUATIONS, CHECKED))
    pilots = min(pilots, d if number is None else number)

    def drawn(number: int) -> Floats:
        sources = [stream(seed + p, Purpose.DIRECTION) for p in range(points)]
        return np.stack([orthonormal(source, number, d, guides) for source in sources])

    near, length = looked_along(problem, drawn(pilots), most)
    number, times, checks = _shares(problem, near, number, pilots)
    v = drawn(number)  # the first of them are the pilots
    known = 0 if guides is None else min(int(np.linalg.matrix_rank(guides)), number)
    shape = m, points, pilots
    slope, error = near.center.reshape(shape), near.slope_error.reshape(shape)
    step = common_step(near, length, shape, problem, times)
    limits = problem.limits_along(v, problem.common)
    if number > pilots and limits is not None:
        room = np.minimum(-limits[0], limits[1]).reshape(points, number).min(axis=-1)
        if (room == 0).any():
            raise ConfigError(
                "method=directions bounds=…: x is on a bound, and two-sided differences leave it; "
                "raise max_evaluations, so that every variable is looked at alone"
            )
        step = np.minimum(
            step, np.exp2(np.floor(np.log2(room))) / 2
        )  # a check takes twice the step
    slopes, errors, dof = [slope], [error], float(pilots)
    noise = np.nan_to_num(near.noise).reshape(shape).mean(axis=-1)
    if number > pilots:
        beside = v[:, pilots:]
        rest = _differences(problem, beside, step, times)
        # With twice the step the truncation error is four times as large.
        off = (_differences(problem, beside[:, :checks], 2 * step, 1) - rest[..., :checks]) / 3
        own = noise**2 / (2 * step**2)
        chance = own[..., None] * (1 / times + 1 / 4) / 9
        truncation = np.maximum((off**2 - chance).mean(axis=-1), 0)
        own = own / times
        slopes.append(rest)
        errors.append(np.sqrt(own + truncation)[..., None] + 0 * rest)
        # Of a sum of two variances that are known from different numbers of values (Satterthwaite).
        share = float(np.nan_to_num((own / (own + truncation)).mean(), nan=1.0))
        dof = 1 / (share**2 / (pilots * most) + (1 - share) ** 2 / checks)
    s, se = np.concatenate(slopes, axis=-1), np.concatenate(errors, axis=-1)
    status = _worst(near.status.reshape(shape))
    return _combined(problem, v, s, se, status, step, noise, (dof, known, projection))


def common_step(
    near: Inference, length: Floats, shape: tuple[int, int, int], problem: Problem,
    repeats: int = 1,
) -> Floats:  # fmt: skip
    """Return a step for each component and point, ``(m, P)``: the median of the pilots' best.

    Their lengths are scales, of shape ``(P·pilots,)``; shape is ``(m, P, pilots)``.
    """
    eps = float(np.finfo(problem.points.dtype).eps)
    best = best_near(near, NODES, WEIGHTS, np.tile(2 * eps * length, shape[0]), repeats)
    return np.asarray(np.exp2(np.round(np.median(np.log2(best).reshape(shape), axis=-1))))


def _shares(
    problem: Problem, near: Inference, number: int | None, pilots: int
) -> tuple[int, int, int]:
    """Return the number of directions, of differences along each, and of those that are checked.

    Where the budget is too small for a basis, one difference in eight checks the truncation error;
    where it is larger, and there is noise to average, the basis is repeated.
    """
    d = problem.dimension
    number = min(d if number is None else number, d)
    checks = min(PILOTS, number - pilots)
    if problem.budget is None:
        return number, 1, checks
    left = max(problem.budget - problem.field.evaluations, 0) // len(problem.points) // 2
    spare = 1 if left + pilots > d else int(np.clip(left // 8, 1, PILOTS))
    number = max(min(number, left + pilots - spare), pilots)
    rest, times = number - pilots, 1
    if not rest:
        return number, 1, 0
    if number == d and is_noisy(problem, near):
        times = max(1, (left - min(PILOTS, rest)) // rest)
    most = rest if times > 1 else min(PILOTS, rest)
    return number, times, int(np.clip(left - times * rest, 1, most))


def is_noisy(problem: Problem, near: Inference) -> bool:
    """Return whether values have more noise than a quarter of their digits hides."""
    size = max(float(np.abs(problem.values).max()), 1e-300)
    return bool(np.median(np.nan_to_num(near.noise)) > problem.field.unit**0.75 * size)


def _differences(problem: Problem, v: Floats, step: Floats, times: int) -> Floats:
    """Return the means of two-sided differences along directions ``(P, n, d)``, ``(m, P, n)``.

    The components of a vector function share their evaluations, and the smallest of their steps.
    """
    points, number, _ = v.shape
    h, lines = np.repeat(step.min(axis=0), number), problem.rays(v, problem.common)
    t = (NODES[:, None] * h).astype(problem.points.dtype).ravel()
    index = np.tile(np.arange(points * number), 2)
    found = [lines.values(index, t).astype(float) for _ in range(times)]
    rise = np.tensordot(WEIGHTS, np.mean(found, axis=0).reshape(2, len(h), -1), 1) / h[:, None]
    return np.moveaxis(rise.reshape(points, number, -1), -1, 0)


def _combined(
    problem: Problem, v: Floats, s: Floats, se: Floats, status: NDArray[Any], step: Floats,
    noise: Floats, how: tuple[float, int, bool],
) -> Found:  # fmt: skip
    """Return the gradient from slopes ``(m, P, n)`` along orthonormal directions ``(P, n, d)``."""
    (number, d), (basis, known, projection) = v.shape[1:], how
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
    dof = float(rest - 1) if number < d else basis
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
