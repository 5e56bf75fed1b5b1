"""Gradients along coordinates: inferred, or by a rule with a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS
from stochgrad.differentiate.lines import infer_along
from stochgrad.differentiate.problem import OVERHEAD, PER_VARIABLE, Problem, evaluated
from stochgrad.differentiate.result import NO_ERROR_BARS, NOT_FINITE, OK, STEP_TOO_SMALL
from stochgrad.inference import Inference
from stochgrad.inference.constants import NODES
from stochgrad.stencils.gradients import Field, GradientEstimate, GradientEstimator
from stochgrad.theory.directions import best_step

Floats = NDArray[np.float64]
Found = dict[str, Any]
"""Arrays of a result, of shape ``(P, m, d)``, by name."""
CHECKED = 4 * NODES
"""Evaluations along a line that infer the error of a rule with a given step: four scales."""


def each(problem: Problem, lines: int) -> int:
    """Return how many evaluations the budget allows for each of some lines."""
    if problem.budget is None:
        return PER_VARIABLE
    left = problem.budget - max(OVERHEAD + len(problem.points), problem.field.evaluations)
    return max(0, min(left // lines, 10**6))


def inferred(problem: Problem, most: int | None = None, order: int = 1) -> tuple[Found, Inference]:
    """Infer the slope, or the curvature, along every variable."""
    lines = problem.coordinates()
    allowed = each(problem, lines.number)
    allowed = allowed if most is None else min(allowed, most)
    model = replace(problem.model, evaluations=max(allowed, FEWEST_EVALUATIONS))
    bounds = None
    if np.isfinite(problem.lower).any() or np.isfinite(problem.upper).any():
        bounds = problem.lower.ravel(), problem.upper.ravel()
    got = infer_along(lines, problem.scale.ravel(), model, bounds, order)
    m, number, d = lines.components, *problem.points.shape

    def shaped(values: NDArray[Any]) -> NDArray[Any]:
        return np.moveaxis(values.reshape(m, number, d), 0, 1)

    bars = got.slope_error if model.error_bars else np.full(got.slope.shape, np.nan)
    names = {
        "df": got.slope, "standard_error": bars, "dof": got.dof, "status": got.status,
        "slope": got.center, "slope_error": bars, "epsilon": got.step, "noise": got.noise,
        "left": got.left, "right": got.right,
    }  # fmt: skip
    found: Found = {key: shaped(value) for key, value in names.items()}
    found |= {"draws": 1, "method": "coordinates", "predicted_variance": 0 * found["df"]}
    return found, got


@dataclass
class Scaled:
    """A function of ``z = x/u``, for steps that differ between variables.

    The units u are powers of two, so that nothing is rounded on the way.

    Attributes:
        field: the function of x.
        units: shape ``(P, d)``.
        rotations: whether every variable is an angle; those are in radians, not in units.
    """

    field: Field
    units: Floats
    rotations: bool = False

    def __call__(self, points: NDArray[Any]) -> NDArray[Any]:
        """Return values at points in units of u."""
        return np.asarray(self.field(points * self.units.astype(points.dtype)))

    def slopes(self, points: NDArray[Any], directions: NDArray[Any]) -> NDArray[Any]:
        """Return exact slopes along directions in units of u."""
        u = self.units.astype(points.dtype)
        return np.asarray(self.field.slopes(points * u, directions * u))


def estimated(
    problem: Problem, rule: GradientEstimator, epsilon: Floats | float, num_directions: int
) -> GradientEstimate:
    """Return the estimate of a rule; its step is a number, or powers of two, shape ``(P, d)``."""
    settings: dict[str, Any] = {"num_directions": num_directions, "seed": problem.model.seed}
    if np.ndim(epsilon) == 0:
        return rule.estimate(problem.field, problem.points, epsilon=float(epsilon), **settings)
    units = np.broadcast_to(epsilon, problem.points.shape)
    field = Scaled(problem.field, units)
    z = problem.points / units.astype(problem.points.dtype)
    made = rule.estimate(field, z, epsilon=1.0, **settings)
    wide = units[:, None, :]
    return GradientEstimate(made.mean / wide, made.spread / wide, made.draws)


def by_rule(
    problem: Problem, rule: GradientEstimator, epsilon: Floats | float | None, most: int
) -> Found:
    """Estimate with a rule along coordinates; the inference tells its error, and a step if None.

    It takes at most so many evaluations along a line.
    """
    step: Floats | float = 1.0 if epsilon is None else epsilon
    found = None
    if epsilon is None and rule.perturbs:
        problem = evaluated(problem)
        found, near = inferred(problem, most)
        step = best_of(rule, near, problem)
    # First, with a given step: a function with noise of its own then draws as it does without bars.
    df = estimated(problem, rule, step, 1).mean
    if problem.model.error_bars and found is None:
        problem = evaluated(problem)
        found, _ = inferred(problem, most)
    if found is None or not problem.model.error_bars:
        found = blank(df)
        found["status"] = np.where(np.isfinite(df), NO_ERROR_BARS, NOT_FINITE)
    else:
        off = df - found["slope"]
        found["standard_error"] = np.hypot(off, found["slope_error"])
        finite = np.isfinite(df)
        found["status"] = np.where(finite | (found["status"] < 0), found["status"], NOT_FINITE)
    found["df"] = df
    found["epsilon"] = np.broadcast_to(np.asarray(step)[..., None, :] if np.ndim(step) else step,
                                       df.shape)  # fmt: skip
    if rule.perturbs:
        still = unmoved(problem, step)[:, None] & (found["status"] != NOT_FINITE)
        found["status"] = np.where(still, STEP_TOO_SMALL, found["status"])
    return found | {"draws": 1, "method": "coordinates", "predicted_variance": 0 * df}


def best_of(rule: GradientEstimator, near: Inference, problem: Problem) -> Floats:
    """Return the best step of a rule for each variable, as powers of two."""
    made = rule.stencil(1.0)
    assert made is not None
    m, (number, d) = problem.values.shape[-1], problem.points.shape
    points = np.tile(np.abs(problem.points.ravel()), m)
    least = np.maximum(np.spacing(points).astype(float) * 2, 1e-290)
    step = best_near(near, made.nodes, made.weights, least)
    # Of a vector function the components share their steps.
    return np.asarray(np.exp2(np.round(np.log2(step.reshape(m, number, d)).mean(axis=0))))


def best_near(
    near: Inference, nodes: Floats, weights: Floats, least: Floats, repeats: int = 1
) -> Floats:
    """Return the step of the smallest error of a rule, up to where the Taylor terms were seen."""
    powers = np.arange(len(near.taylor))[:, None]
    taylor = np.nan_to_num(near.taylor / near.step**powers)
    most = np.where(np.isfinite(near.step), near.step, least)
    noise = np.nan_to_num(near.noise) / np.sqrt(repeats)
    return best_step(nodes, weights, taylor, noise, least, most)


def blank(df: NDArray[Any]) -> Found:
    """Return a result without error bars."""
    names = ("standard_error", "dof", "slope_error", "noise", "left", "right", "epsilon")
    found: Found = dict(zip(names, np.full((len(names), *df.shape), np.nan), strict=True))
    return found | {"df": df, "slope": df.astype(float), "status": np.full(df.shape, OK)}


def unmoved(problem: Problem, step: Floats | float) -> NDArray[np.bool_]:
    """Return which variables a step does not move, shape ``(P, d)``."""
    points = problem.points
    moved = points + np.asarray(step, points.dtype)
    return np.asarray((moved == points) & np.isfinite(points))
