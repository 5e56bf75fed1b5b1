"""``stochgrad.hessian``: second derivatives of functions of many variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS
from stochgrad.differentiate.coordinates import each
from stochgrad.differentiate.lines import infer_along
from stochgrad.differentiate.problem import OVERHEAD, Problem, Settings, evaluated, state
from stochgrad.differentiate.result import GradientResult
from stochgrad.errors import ConfigError

Floats = NDArray[np.float64]


def hessian(f: Callable[..., Any], x: Any, **settings: Unpack[Settings]) -> GradientResult:
    r"""Infer the Hessian of a scalar function: ``df[…, i, j] = ∂²f/∂xᵢ∂xⱼ``.

    Second derivatives are inferred along every variable and along the diagonal of every pair, in
    units of the scales s: ``D² = sᵢ²Hᵢᵢ + sⱼ²Hⱼⱼ + 2sᵢsⱼHᵢⱼ`` along ``sᵢeᵢ + sⱼeⱼ``. That is
    ``d(d + 1)/2`` lines. The error of an element off the diagonal is that of all three.

    Args:
        f: scalar function, as for :func:`stochgrad.gradient`.
        x: the point, shape ``(d,)``, or many, ``(…, d)``; no tree of arrays.
        **settings: as of :func:`stochgrad.gradient`.

    Returns:
        A :class:`GradientResult` with arrays of shape ``(…, d, d)``.

    Raises:
        ConfigError: for a setting outside what is allowed.

    >>> np.round(hessian(lambda x: x[..., 0] ** 2 * x[..., 1], [1.0, 3.0], seed=0).df, 6)
    array([[6., 2.],
           [2., 0.]])
    """
    with np.errstate(all="ignore"):
        problem = state(f, x, settings)
        if problem.variables.is_tree:
            raise ConfigError("x=…: the Hessian takes an array; join the variables to one")
        problem = evaluated(problem)
        parts = _along_pairs(problem)
    d, lead = problem.dimension, problem.lead
    i, j = np.triu_indices(d)
    own = np.flatnonzero(i == j)
    a, b, off = own[i], own[j], i != j  # for each line those along its two variables
    wide = problem.scale[:, i] * problem.scale[:, j]

    def mixed(values: Floats) -> Floats:
        return np.where(off, (values - values[:, a] - values[:, b]) / 2, values) / wide

    error, dof, status = parts["error"], parts["dof"], parts["status"]
    root = np.sqrt(error**2 + error[:, a] ** 2 + error[:, b] ** 2) / 2
    status = np.where(status == 0, np.maximum(status[:, a], status[:, b]), status)
    found = {
        "df": mixed(parts["df"]), "slope": mixed(parts["slope"]), "epsilon": parts["epsilon"],
        "slope_error": np.where(off, root, error) / wide, "noise": parts["noise"],
        "dof": np.minimum(dof, np.minimum(dof[:, a], dof[:, b])), "status": status.astype(np.int64),
    }  # fmt: skip
    line = np.zeros((d, d), int)
    line[i, j] = line[j, i] = np.arange(len(i))
    whole: dict[str, Any] = {k: v[:, line].reshape(*lead, d, d) for k, v in found.items()}
    blank = np.full((*lead, d, d), np.nan)
    return GradientResult(
        **whole, standard_error=whole["slope_error"], nfev=problem.field.evaluations,
        success=whole["status"] == 0, seed=problem.model.seed, left=blank, right=blank,
        method="coordinates", estimator="inference", draws=1, predicted_variance=0 * blank,
        note=problem.not_finite(),
    )  # fmt: skip


def _along_pairs(problem: Problem) -> dict[str, Floats]:
    """Return second derivatives along variables and pairs of them, shape ``(P, d(d + 1)/2)``.

    The pairs of one variable go together: directions of all would be a matrix of d³/2 elements.
    """
    points, d = problem.points.shape
    allowed = each(problem, points * (d * (d + 1) // 2))
    if allowed < FEWEST_EVALUATIONS:
        lines = points * d * (d + 1) // 2
        least = OVERHEAD + points + FEWEST_EVALUATIONS * lines
        raise ConfigError(
            f"max_evaluations={problem.budget}: must be {least} or more, ten for each of "
            f"{lines} second derivatives"
        )
    # The root of the tolerance of a slope: a second derivative has half of the digits.
    model = replace(problem.model, evaluations=allowed)
    parts: dict[str, list[Any]] = {
        key: [] for key in ("df", "slope", "error", "dof", "status", "epsilon", "noise")
    }
    for i in range(d):
        directions = np.eye(d)[i:] + np.eye(d)[i]
        directions[0] = np.eye(d)[i]
        every = directions + np.zeros((points, 1, 1))
        lines = problem.rays(every, problem.scale)
        bounds = problem.limits_along(every, problem.scale)
        got = infer_along(lines, np.ones(lines.number), model, bounds, 2)
        values = (got.slope, got.center, got.slope_error, got.dof, got.status, got.step, got.noise)
        for key, value in zip(parts, values, strict=True):
            parts[key].append(np.asarray(value, float).reshape(points, -1))
    return {key: np.concatenate(value, axis=1) for key, value in parts.items()}
