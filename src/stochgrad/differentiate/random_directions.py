"""Gradients along random directions: where there are more variables than evaluations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS
from stochgrad.differentiate.coordinates import CHECKED, Found, blank, estimated, unmoved
from stochgrad.differentiate.lines import Lines, infer_along
from stochgrad.differentiate.problem import OVERHEAD, Problem, evaluated
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
    low, high = _room(problem, directions)
    model = replace(problem.model, evaluations=max(most, FEWEST_EVALUATIONS))
    bounds = None if not np.isfinite([*low, *high]).any() else (low, high)
    return infer_along(lines, length, model, bounds), length


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
    near, length = looked_along(problem, v[:, :pilots], most)
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
    points, d = problem.points.shape
    bars = problem.model.error_bars and rule.perturbs
    automatic = epsilon is None and rule.perturbs
    step: Floats | float = 1.0 if epsilon is None else epsilon
    made = looks = None
    if automatic:
        looks = _looked(problem, rule, np.exp2(np.round(np.log2(problem.common))))
        step = looks.best[:, None] * looks.unit
    # First, with a given step: a function with noise of its own then draws as it does without bars.
    made = estimated(problem, rule, step, num_directions)
    if bars and looks is None:
        looks = _looked(problem, rule, np.ones((points, d)))
    df = made.mean
    found = blank(df)
    with np.errstate(invalid="ignore"):
        error = made.spread / np.sqrt(made.draws)
    status = np.where(np.isfinite(df), OK, NOT_FINITE)
    status = np.where((made.spread == 0) & (status == OK), DRAWS_COINCIDE, status)
    status = np.where(np.isnan(error) & (status == OK), NO_ERROR_BARS, status)
    if bars and looks is not None:
        wide = np.asarray(step, float) if np.ndim(step) else np.full((points, d), float(step))
        error = np.hypot(error, _bias(rule, looks, wide))
        status = np.where((status == OK) & ~looks.good, NOT_RESOLVED, status)
        found["noise"] = looks.noise + 0 * df
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


@dataclass(frozen=True)
class Looks:
    """What the error model says along eight directions of a law.

    Attributes:
        problem: the function, evaluated at its points.
        directions: shape ``(P, 8, d)``, in units of ``unit``.
        unit: shape ``(P, d)``.
        best: the best step of two-sided differences, in units of ``unit``, shape ``(P,)``.
        center: slopes, shape ``(P, 8, m)``; likewise their errors and the noise.
        error: their standard errors.
        spread: standard deviation of f.
        good: whether most of them are resolved, shape ``(P, m, 1)``.
    """

    problem: Problem
    directions: Floats
    unit: Floats
    best: Floats
    center: Floats
    error: Floats
    spread: Floats
    good: NDArray[np.bool_]

    @property
    def noise(self) -> Floats:
        """Standard deviation of f, shape ``(P, m, 1)``."""
        return np.asarray(np.nanmean(self.spread, axis=1)[..., None])


def _looked(problem: Problem, rule: GradientEstimator, unit: Floats) -> Looks:
    problem = evaluated(problem) if problem.values is None else problem
    (points, d), draw = problem.points.shape, rule.law.draw
    assert draw is not None
    sources = [stream(problem.model.seed + p, Purpose.DIRECTION, 1) for p in range(points)]
    v = np.stack([draw(source, (PILOTS, d)) for source in sources])
    near, length = looked_along(problem, v * (unit / problem.common)[:, None], CHECKED)
    shape = problem.values.shape[-1], points, PILOTS
    best = _common_step(near, length, shape, problem).min(axis=0)

    def shaped(values: NDArray[Any]) -> NDArray[Any]:
        return np.moveaxis(values.reshape(shape), 0, -1)

    good = (shaped(near.status) == OK).mean(axis=1)[..., None] > 0.5
    return Looks(problem, v, unit, best, shaped(near.center), shaped(near.slope_error),
                 shaped(near.noise), good)  # fmt: skip


def _bias(rule: GradientEstimator, looks: Looks, step: Floats) -> Floats:
    """Return the root mean square bias of an element, ``‖b‖/√d`` in units of the steps."""
    problem, (points, pilots, d) = looks.problem, looks.directions.shape
    made = rule.stencil(1.0)
    assert made is not None
    along = (looks.directions * step[:, None]).reshape(-1, d)
    base = np.repeat(np.arange(points), pilots)
    rays = Lines(problem.field, problem.points, problem.values, base, along)
    t = np.repeat(made.nodes, len(along)).astype(problem.points.dtype)
    values = rays.values(np.tile(np.arange(len(along)), len(made.nodes)), t).astype(float)
    slope = np.tensordot(made.weights, values.reshape(len(made.nodes), points, pilots, -1), 1)
    ratio = (step / looks.unit)[:, :1, None]  # the looks went along the directions in units
    chance = (looks.error * ratio) ** 2 + looks.spread**2 * float((made.weights**2).sum())
    square = np.maximum(((slope - looks.center * ratio) ** 2 - chance).mean(axis=1), 0)
    return np.asarray(np.sqrt(square / d)[..., None] / step[:, None])
