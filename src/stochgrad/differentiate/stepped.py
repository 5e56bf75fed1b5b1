"""An estimate with a given step, and its error bars from the evaluations that it is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend, get_backend
from stochgrad.differentiate.result import (
    DRAWS_COINCIDE,
    NO_ERROR_BARS,
    NOT_FINITE,
    NOT_RESOLVED,
    OK,
    STEP_TOO_SMALL,
)
from stochgrad.inference.assess import MOST_NODES, assess
from stochgrad.stencils.base import Estimator, Target, step_scale
from stochgrad.stencils.estimate import drawn_steps, estimate
from stochgrad.stencils.rule import Rule

Found = dict[str, NDArray[Any]]
"""Arrays of a result, of shape ``(R, …)``, by name."""


class Recorder:
    """A black box that keeps the points of its calls, and what it answered.

    Args:
        f: The black box.
        xp: Backend of its arrays.
        most: Draws that are kept.
    """

    def __init__(self, f: Callable[[Array], Array], xp: Backend, most: int) -> None:
        self._f, self._xp, self._most = f, xp, most
        self.kept: list[tuple[NDArray[Any], NDArray[Any]]] = []
        self._draws = 0

    def __call__(self, points: Array) -> Array:
        """Return f at points of shape ``(K, N, R, …)``, or ``(R, …)``."""
        values = self._f(points)
        if self._draws < self._most:
            self.kept.append((self._xp.to_numpy(points), np.array(self._xp.to_numpy(values))))
            self._draws += points.shape[1] if len(points.shape) > 1 else 1
        return values


def widened(f: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Return f with values of at least the precision of the points: differences are exact then."""

    def call(points: Array) -> Array:
        values = f(points)
        if isinstance(values, np.ndarray) and values.dtype.itemsize < points.dtype.itemsize:
            return values.astype(points.dtype)
        return values

    return call


def with_given_step(
    rule: Estimator,
    target: Target,
    x: NDArray[Any],
    epsilon: float,
    num_steps: int,
    seeds: list[int],
    xp: Backend,
    noise: Any,
    *,
    error_bars: bool = True,
    min_scale: float = 0.0,
    num_steps_spread: float = 0.0,
) -> Found:
    """Estimate the derivative for every seed at every point.

    The error of df is its distance from the slope of a polynomial through the same values, whose
    truncation error is negligible, together with the error of that.
    """
    # One that has a program of its own has no list of its evaluations.
    judged = error_bars and isinstance(rule, Rule) and type(rule).samples is Rule.samples
    record = Recorder(target.f, xp, MOST_NODES)
    made = estimate(
        rule, target._replace(f=widened(record if judged else target.f)), x, epsilon=epsilon,
        num_steps=num_steps, seed=seeds, xp=xp, min_scale=min_scale,
        num_steps_spread=num_steps_spread,
    )  # fmt: skip
    shape = len(seeds), *x.shape
    blank = np.full(shape, np.nan)
    df = made.mean
    status = np.where(np.isfinite(df), OK, NOT_FINITE)
    scale = np.abs(np.asarray(step_scale(x, min_scale, get_backend("numpy")), float))
    h = epsilon * (scale if rule.relative else np.ones(x.shape))
    found: Found = {
        "df": df,
        "standard_error": blank,
        "dof": blank,
        "nfev": np.broadcast_to(
            np.array([rule.evaluations(int(n)) for n in made.draws]).reshape(-1, *(1,) * x.ndim),
            shape,
        ),
        "slope": df.astype(float),
        "slope_error": blank,
        "epsilon": np.full(shape, epsilon),
        "left": blank,
        "right": blank,
        "left_error": blank,
        "right_error": blank,
        "noise": blank,
    }
    if not rule.perturbs:
        if not rule.needs_complex:  # exact but for its own rounding
            found["standard_error"] = found["slope_error"] = _rounding(df)
            found["dof"] = np.full(shape, np.inf)
    elif judged and isinstance(rule, Rule) and x.size:
        bars = _assess(rule, record, x, h, epsilon, (num_steps, num_steps_spread), seeds, noise)
        found |= bars
        found["standard_error"] = np.hypot(df - bars["slope"], bars["slope_error"])
        none = ~np.isfinite(bars["slope_error"])
        doubtful = np.where(none, NO_ERROR_BARS, np.where(bars["misfit"], NOT_RESOLVED, OK))
        floats = rule.interval(epsilon) * h / epsilon / np.spacing(np.abs(x)).astype(float)
        few = (floats < num_steps) & (rule.draws_per_step > 0)
        doubtful = np.where(few, DRAWS_COINCIDE, doubtful)
        status = np.where(status == OK, doubtful, status)
        found["slope"] = np.where(none, found["df"], found["slope"])
        del found["misfit"]
    else:
        status = np.where(status == OK, NO_ERROR_BARS, status)
    if rule.perturbs:
        least = rule.smallest_epsilon(x.dtype.name, 0.0) if rule.relative else None
        unmoved = x + h.astype(x.dtype) == x
        if least is not None:
            unmoved = np.full(x.shape, epsilon < least)
        status = np.where(unmoved & np.isfinite(x), STEP_TOO_SMALL, status)
    found["status"] = np.broadcast_to(status, shape).astype(np.int64)
    return found


def _rounding(df: NDArray[Any]) -> NDArray[np.float64]:
    """Return the spacing of floats at a value: one rounding of each operation that it takes."""
    return np.asarray(np.abs(np.spacing(df)), np.float64)


def _assess(
    rule: Rule,
    record: Recorder,
    x: NDArray[Any],
    h: NDArray[np.float64],
    epsilon: float,
    draws: tuple[int, float],
    seeds: list[int],
    noise: Any,
) -> Found:
    """Fit the values that an estimate was made of, at the nodes where they were taken."""
    flat = len(seeds), x.size
    steps, counts = drawn_steps(rule, *draws, seeds, epsilon)
    offsets, least = steps["offsets"], int(counts.min())  # (K, N, R)
    if rule.uses_value:
        (at, value), *calls = record.kept
    else:
        calls = record.kept
    done = min(least, sum(p.shape[1] for p, _ in calls))
    nodes = np.moveaxis(offsets[:, :done], -1, 0).reshape(len(seeds), -1) / epsilon
    points = np.concatenate([p for p, _ in calls], axis=1)[:, :done].reshape(-1, *flat)
    values = np.concatenate([v for _, v in calls], axis=1)[:, :done].reshape(-1, *flat)
    if rule.uses_value:
        nodes = np.concatenate([nodes, np.zeros((len(seeds), 1))], axis=1)
        points = np.concatenate([points, at.reshape(1, *flat)])
        values = np.concatenate([values, value.reshape(1, *flat)])
    reach = max(1.0, float(np.abs(nodes).max()))
    nodes, h = nodes / reach, reach * h.ravel()
    sign = np.where(x.ravel() < 0, -1.0, 1.0) if rule.relative else np.ones(x.size)
    wide = x.ravel().astype(float)
    meant = np.moveaxis(nodes, -1, 0)[:, :, None] * (sign * h)
    slips = (points.astype(float) - wide) - meant
    # Relative steps of a negative x point the other way: the slope along them has its sign.
    bars = assess(
        nodes, values.reshape(len(values), -1), (slips * sign).reshape(len(values), -1),
        np.tile(h, len(seeds)), np.repeat(np.arange(len(seeds)), x.size),
        None if noise is None or callable(noise) else np.tile(np.ravel(noise), len(seeds)),
    )  # fmt: skip
    signs = np.tile(sign, len(seeds))
    shape = len(seeds), *x.shape
    return {
        "slope": (bars.center * signs).reshape(shape),
        "slope_error": bars.slope_error.reshape(shape),
        "dof": bars.dof.reshape(shape),
        "misfit": bars.misfit.reshape(shape),
        "noise": bars.noise.reshape(shape),
    }
