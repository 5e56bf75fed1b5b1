"""Gradients along random directions: where there are more variables than evaluations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS
from stochgrad.differentiate.coordinates import CHECKED, Found, blank, estimated, unmoved
from stochgrad.differentiate.lines import Lines, infer_along
from stochgrad.differentiate.problem import OVERHEAD, Problem
from stochgrad.differentiate.result import (
    DRAWS_COINCIDE,
    NO_ERROR_BARS,
    NOT_FINITE,
    NOT_RESOLVED,
    OK,
    STEP_TOO_SMALL,
)
from stochgrad.errors import ConfigError
from stochgrad.inference import Inference
from stochgrad.random import Purpose, stream
from stochgrad.stencils.gradients import GradientEstimator
from stochgrad.theory.directions import (
    best_step,
    orthonormal,
    spread_of_orthonormal,
    variance_of_orthonormal,
)

Floats = NDArray[np.float64]

PILOTS = 8
"""Directions along which the error model looks: the mean square of as many has a relative error of
a half, and its root of a quarter."""
NODES = np.array([1.0, -1.0])
WEIGHTS = np.array([0.5, -0.5])
"""The two-sided difference, antithetic: no even terms."""


def looked_along(
    problem: Problem, directions: Floats, most: int
) -> tuple[Lines, Inference, Floats]:
    """Infer slopes along directions of shape ``(P, r, d)``, in units of the variables' scales.

    Returns:
        The lines, the inference, of arrays ``(m·P·r,)``, and the lines' length scales ``(P·r,)``.
    """
    number, r, d = directions.shape
    along = (directions * problem.common[:, None]).reshape(-1, d)
    base = np.repeat(np.arange(number), r)
    lines = Lines(problem.field, problem.points, problem.values, base, along)
    length = 1 / np.linalg.norm(directions, axis=-1).ravel()
    low, high = _room(problem, directions)
    model = replace(problem.model, evaluations=max(most, FEWEST_EVALUATIONS))
    bounds = None if not np.isfinite([*low, *high]).any() else (low, high)
    return lines, infer_along(lines, length, model, bounds), length


def _room(problem: Problem, directions: Floats) -> tuple[Floats, Floats]:
    """Return how far one can go along directions, backwards and forwards, inside the bounds."""
    along = directions * problem.common[:, None]
    x = problem.points[:, None].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = ((end[:, None] - x) / along for end in (problem.lower, problem.upper))
    forwards = np.where(along == 0, np.inf, np.where(along > 0, high, low)).min(axis=-1)
    backwards = np.where(along == 0, -np.inf, np.where(along > 0, low, high)).max(axis=-1)
    return backwards.ravel(), forwards.ravel()


def orthogonal(problem: Problem, number: int | None, guides: Floats | None = None) -> Found:
    """Estimate from two-sided differences along orthonormal directions, in units of the scales.

    The error model looks along the first of them, and tells the noise and the step of the smallest
    error for the others.

    Args:
        problem: the function.
        number: of directions; None for as many as the budget allows.
        guides: past gradients, shape ``(k, d)``.
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
    v = np.stack([
        orthonormal(stream(seed + p, Purpose.DIRECTION), number, d, guides) for p in range(points)
    ])  # fmt: skip
    pilots = min(pilots, number)
    _, near, length = looked_along(problem, v[:, :pilots], most)
    shape = m, points, pilots
    slope, error = near.center.reshape(shape), near.slope_error.reshape(shape)
    step = _common_step(near, length, shape, problem)
    low, high = _room(problem, v)
    room = np.minimum(-low, high).reshape(points, number).min(axis=-1)
    if number > pilots and (room < step.min(axis=0)).any():
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
    return _combined(problem, v, s, se, status, step, noise, pilots)


def _common_step(
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
    noise: Floats, pilots: int,
) -> Found:  # fmt: skip
    """Return the gradient from slopes ``(m, P, n)`` along orthonormal directions ``(P, n, d)``."""
    number, d = v.shape[1:]
    unit = problem.common[:, None]
    ratio = d / number
    mean = ratio * np.einsum("mpn,pnd->pmd", s, v)
    noisy = (se**2).mean(axis=-1).T[..., None]  # of a slope along a unit vector
    size = np.maximum((s**2).sum(axis=-1).T[..., None] * ratio - d * noisy, 0)
    predicted = variance_of_orthonormal(size, number, d, noisy) * np.ones(d)
    if number == d:
        measured = np.einsum("mpn,pnd->pmd", se**2, v**2)
    else:
        terms = d * np.einsum("mpn,pnd->npmd", s, v)
        measured = spread_of_orthonormal(terms, d) + noisy
    found = blank(mean / unit)
    error = np.sqrt(measured) / unit
    few = ~np.isfinite(error)
    wide = status.T[..., None] + np.zeros(d, int)
    dof = float(number - 1) if number < d else float(pilots)
    return found | {
        "standard_error": error, "slope_error": error, "dof": np.full(error.shape, dof),
        "status": np.where(few & (wide == OK), NO_ERROR_BARS, wide),
        "epsilon": np.broadcast_to(step.T[..., None] * unit, error.shape),
        "noise": np.broadcast_to(noise.T[..., None], error.shape),
        "draws": number, "method": "directions", "predicted_variance": predicted / unit**2,
    }  # fmt: skip


def _worst(status: NDArray[Any]) -> NDArray[Any]:
    """Return the status that most pilots have, of shape ``(m, P)``: a median of ordered numbers."""
    good = (status == OK).mean(axis=-1) > 0.5
    return np.where(good, OK, status.max(axis=-1))


def by_rule(
    problem: Problem, rule: GradientEstimator, epsilon: float | None, num_directions: int
) -> Found:
    """Estimate with a rule on random directions, and its error from their spread and a few looks.

    Along eight directions of its law, the difference between the rule's slope and the inferred one
    is ``b·v`` of the bias b, whose mean square is ``‖b‖²``.

    Args:
        problem: the function.
        rule: one with random directions.
        epsilon: the step; None for that of the smallest error.
        num_directions: n.
    """
    (points, d), m = problem.points.shape, problem.values.shape[-1]
    bars = problem.model.error_bars and rule.perturbs
    automatic = epsilon is None and rule.perturbs
    step: Floats | float = 1.0 if epsilon is None else epsilon
    unit = np.exp2(np.round(np.log2(problem.common))) if automatic else np.ones((points, d))
    near: Any = None
    if bars or automatic:
        draw = rule.law.draw
        assert draw is not None
        sources = [stream(problem.model.seed + p, Purpose.DIRECTION, 1) for p in range(points)]
        v = np.stack([draw(source, (PILOTS, d)) for source in sources])
        lines, near, length = looked_along(problem, v * unit[:, None] / problem.common[:, None],
                                           CHECKED)  # fmt: skip
        shape = m, points, PILOTS
        if automatic:
            h = _common_step(near, length, shape, problem).min(axis=0)
            step = h[:, None] * unit
    made = estimated(problem, rule, step, num_directions)
    df = made.mean
    found = blank(df)
    with np.errstate(invalid="ignore"):
        error = made.spread / np.sqrt(made.draws)
    status = np.where(np.isfinite(df), OK, NOT_FINITE)
    status = np.where((made.spread == 0) & (status == OK), DRAWS_COINCIDE, status)
    status = np.where(np.isnan(error) & (status == OK), NO_ERROR_BARS, status)
    if bars:
        wide = np.asarray(step, float) if np.ndim(step) else np.full((points, d), float(step))
        bias = _bias(problem, rule, lines, v, wide, unit, near, shape)
        error = np.hypot(error, bias)
        known = (near.status.reshape(shape) == OK).mean(axis=-1).T[..., None] > 0.5
        status = np.where((status == OK) & ~known, NOT_RESOLVED, status)
        found["noise"] = np.nanmean(near.noise.reshape(shape), axis=-1).T[..., None] + 0 * df
    elif rule.perturbs:
        status = np.where(status == OK, NO_ERROR_BARS, status)
    if rule.perturbs:
        status = np.where(unmoved(problem, step)[:, None], STEP_TOO_SMALL, status)
    shaped = np.asarray(step)[:, None, :] if np.ndim(step) else np.asarray(step)
    g2 = np.maximum((df**2 - error**2), 0)
    return found | {
        "standard_error": error, "slope_error": error, "status": status,
        "dof": np.full(df.shape, float(made.draws - 1)), "draws": made.draws,
        "epsilon": np.broadcast_to(shaped, df.shape), "method": "directions",
        "predicted_variance": rule.law.spread(np.sqrt(g2)) / made.draws,
    }  # fmt: skip


def _bias(
    problem: Problem, rule: GradientEstimator, lines: Lines, v: Floats, step: Floats,
    unit: Floats, near: Inference, shape: tuple[int, int, int],
) -> Floats:  # fmt: skip
    """Return the root mean square bias of an element, ``‖b‖/√d`` in units of the steps."""
    m, points, pilots = shape
    d = v.shape[-1]
    made = rule.stencil(1.0)
    assert made is not None
    along = (v * step[:, None]).reshape(-1, d)
    rays = Lines(problem.field, problem.points, problem.values, lines.base, along)
    t = np.repeat(made.nodes, len(along)).astype(problem.points.dtype)
    found = rays.values(np.tile(np.arange(len(along)), len(made.nodes)), t).astype(float)
    slope = np.tensordot(made.weights, found.reshape(len(made.nodes), points, pilots, m), 1)
    ratio = (step / unit)[:, :1]  # the looks went along v in units of u
    center = np.moveaxis(near.center.reshape(shape), 0, -1) * ratio[..., None]
    error = np.moveaxis(near.slope_error.reshape(shape), 0, -1) * ratio[..., None]
    noise = np.moveaxis(near.noise.reshape(shape), 0, -1)
    chance = error**2 + noise**2 * float((made.weights**2).sum())
    square = np.maximum(((slope - center) ** 2 - chance).mean(axis=1), 0)
    return np.asarray(np.sqrt(square / d)[..., None] / step[:, None])
