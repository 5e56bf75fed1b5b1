"""Estimators on random directions, such as SPSA, with error bars that hold their bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.coordinates import Found, blank, estimated, unmoved
from stochgrad.differentiate.problem import Problem, evaluated
from stochgrad.differentiate.random_directions import PILOTS, common_step, looked_along
from stochgrad.differentiate.result import (
    DRAWS_COINCIDE,
    NO_ERROR_BARS,
    NOT_FINITE,
    NOT_RESOLVED,
    OK,
    STEP_TOO_SMALL,
)
from stochgrad.random import Purpose, stream
from stochgrad.stencils.gradients import GradientEstimator

Floats = NDArray[np.float64]


def by_rule(
    problem: Problem, rule: GradientEstimator, epsilon: Floats | float | None, num_directions: int,
    most: int,
) -> Found:  # fmt: skip
    """Estimate with a rule on random directions, and its error from their spread and some pilots.

    Along eight directions of its law, the difference between the rule's slope and the inferred one
    is ``b·v`` of the bias b, whose mean square is ``‖b‖²``. Without a step it takes the best one.
    The inference takes at most so many evaluations along each.
    """
    points, d = problem.points.shape
    bars = problem.model.error_bars and rule.perturbs
    automatic = epsilon is None and rule.perturbs
    step: Floats | float = 1.0 if epsilon is None else epsilon
    pilot = None
    if automatic:
        pilot = _pilot(problem, rule, np.exp2(np.round(np.log2(problem.common))), most)
        step = pilot.best[:, None] * pilot.unit
    # First, with a given step: a function with noise of its own then draws as it does without bars.
    made = estimated(problem, rule, step, num_directions)
    if bars and pilot is None:
        pilot = _pilot(problem, rule, np.ones((points, d)), most)
    df = made.mean
    found = blank(df)
    with np.errstate(invalid="ignore"):
        error = made.spread / np.sqrt(made.draws)
    status = np.where(np.isfinite(df), OK, NOT_FINITE)
    status = np.where((made.spread == 0) & (status == OK), DRAWS_COINCIDE, status)
    status = np.where(np.isnan(error) & (status == OK), NO_ERROR_BARS, status)
    if bars and pilot is not None:
        wide = np.asarray(step, float) if np.ndim(step) else np.full((points, d), float(step))
        error = np.hypot(error, _bias(rule, pilot, wide))
        status = np.where((status == OK) & ~pilot.good, NOT_RESOLVED, status)
        found["noise"] = pilot.noise + 0 * df
    elif rule.perturbs:
        status = np.where(status == OK, NO_ERROR_BARS, status)
    if rule.perturbs:
        still = unmoved(problem, step)[:, None] & (status != NOT_FINITE)
        status = np.where(still, STEP_TOO_SMALL, status)
    shaped = np.asarray(step)[:, None, :] if np.ndim(step) else np.asarray(step)
    g2 = np.maximum((df**2 - error**2), 0)
    return found | {
        "standard_error": error, "slope_error": error, "status": status,
        "dof": np.full(df.shape, float(made.draws - 1)), "draws": made.draws,
        "epsilon": np.broadcast_to(shaped, df.shape), "method": "directions",
        "predicted_variance": rule.law.spread(np.sqrt(g2)) / made.draws,
    }  # fmt: skip


@dataclass(frozen=True)
class Pilot:
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
        return np.asarray(np.nan_to_num(self.spread).mean(axis=1)[..., None])


def _pilot(problem: Problem, rule: GradientEstimator, unit: Floats, most: int) -> Pilot:
    problem = evaluated(problem) if problem.values is None else problem
    (points, d), draw = problem.points.shape, rule.law.draw
    assert draw is not None
    sources = [stream(problem.model.seed + p, Purpose.DIRECTION, 1) for p in range(points)]
    v = np.stack([draw(source, (PILOTS, d)) for source in sources])
    near, length = looked_along(problem, v * (unit / problem.common)[:, None], most)
    shape = problem.values.shape[-1], points, PILOTS
    best = common_step(near, length, shape, problem).min(axis=0)

    def shaped(values: NDArray[Any]) -> NDArray[Any]:
        return np.moveaxis(values.reshape(shape), 0, -1)

    good = (shaped(near.status) == OK).mean(axis=1)[..., None] > 0.5
    return Pilot(problem, v, unit, best, shaped(near.center), shaped(near.slope_error),
                 shaped(near.noise), good)  # fmt: skip


def _bias(rule: GradientEstimator, pilot: Pilot, step: Floats) -> Floats:
    """Return the root mean square bias of an element, ``‖b‖/√d`` in units of the steps."""
    points, pilots, d = pilot.directions.shape
    made, rays = rule.stencil(1.0), pilot.problem.rays(pilot.directions, step)
    assert made is not None
    t = np.repeat(made.nodes, rays.number).astype(pilot.problem.points.dtype)
    values = rays.values(np.tile(np.arange(rays.number), len(made.nodes)), t).astype(float)
    slope = np.tensordot(made.weights, values.reshape(len(made.nodes), points, pilots, -1), 1)
    ratio = (step / pilot.unit)[:, :1, None]  # pilots went along the directions in units
    chance = (pilot.error * ratio) ** 2 + pilot.spread**2 * float((made.weights**2).sum())
    square = np.maximum(((slope - pilot.center * ratio) ** 2 - chance).mean(axis=1), 0)
    return np.asarray(np.sqrt(square / d)[..., None] / step[:, None])
