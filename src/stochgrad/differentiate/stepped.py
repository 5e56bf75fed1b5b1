"""An estimate with a given step, and its error bars from the evaluations that it is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
BLANK = (
    "standard_error",
    "dof",
    "slope_error",
    "left",
    "right",
    "left_error",
    "right_error",
    "noise",
)


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


@dataclass(frozen=True)
class Asked:
    """What is asked of an elementwise derivative, beside the rule and its step.

    Attributes:
        target: f, and its closed form.
        x: Points, in their dtype.
        seeds: One for each replicate.
        xp: Backend of the arrays that f takes.
        num_steps: N, of the draws.
        spread: Of N between seeds.
        min_scale: Least |x| that relative steps are multiplied by.
        search: Noise, bounds, and when the error model stops; arguments of its ``infer``.
    """

    target: Target
    x: NDArray[Any]
    seeds: list[int]
    xp: Backend
    num_steps: int
    spread: float
    min_scale: float
    search: dict[str, Any]

    def sizes(self, rule: Estimator) -> NDArray[np.float64]:
        """Return what a step size is multiplied by at each point."""
        if not rule.relative:
            return np.ones(self.x.shape)
        numpy = get_backend("numpy")
        return np.asarray(np.abs(step_scale(self.x, self.min_scale, numpy)), float)


def with_given_step(rule: Estimator, asked: Asked, epsilon: float, error_bars: bool) -> Found:
    """Estimate the derivative for every seed at every point.

    The error of df is its distance from the slope of a polynomial through the same values, whose
    truncation error is negligible, together with the error of that.
    """
    x, target = asked.x, asked.target
    # One that has a program of its own has no list of its evaluations.
    judged = error_bars and isinstance(rule, Rule) and type(rule).samples is Rule.samples
    record = Recorder(target.f, asked.xp, MOST_NODES)
    made = estimate(
        rule, target._replace(f=widened(record if judged else target.f)), x, epsilon=epsilon,
        num_steps=asked.num_steps, seed=asked.seeds, xp=asked.xp, min_scale=asked.min_scale,
        num_steps_spread=asked.spread,
    )  # fmt: skip
    shape, df = (len(asked.seeds), *x.shape), made.mean
    status = np.where(np.isfinite(df), OK, NOT_FINITE)
    h = epsilon * asked.sizes(rule)
    spent = np.array([rule.evaluations(int(n)) for n in made.draws])
    found: Found = {name: np.full(shape, np.nan) for name in BLANK}
    found |= {
        "df": df, "slope": df.astype(float), "epsilon": np.full(shape, epsilon),
        "nfev": np.broadcast_to(spent.reshape(-1, *(1,) * x.ndim), shape),
    }  # fmt: skip
    if not rule.perturbs:
        if not rule.needs_complex:  # exact but for its own rounding, one of each operation
            rounding = np.asarray(np.abs(np.spacing(df)), np.float64)
            found |= {"standard_error": rounding, "slope_error": rounding}
            found["dof"] = np.full(shape, np.inf)
    elif judged and isinstance(rule, Rule) and x.size:
        bars = _assess(rule, record, asked, h, epsilon)
        misfit = bars.pop("misfit")
        none = ~np.isfinite(bars["slope_error"])
        found |= bars | {"slope": np.where(none, df, bars["slope"])}
        found["standard_error"] = np.hypot(df - bars["slope"], bars["slope_error"])
        doubtful = np.where(none, NO_ERROR_BARS, np.where(misfit, NOT_RESOLVED, OK))
        floats = rule.interval(epsilon) * h / epsilon / np.spacing(np.abs(x)).astype(float)
        few = (floats < asked.num_steps) & (rule.draws_per_step > 0)
        doubtful = np.where(few, DRAWS_COINCIDE, doubtful)
        status = np.where(status == OK, doubtful, status)
    else:
        status = np.where(status == OK, NO_ERROR_BARS, status)
    if rule.perturbs:
        unmoved = x + h.astype(x.dtype) == x
        if rule.relative:
            unmoved = np.full(x.shape, epsilon < rule.smallest_epsilon(x.dtype.name, 0.0))
        status = np.where(unmoved & np.isfinite(x), STEP_TOO_SMALL, status)
    found["status"] = np.broadcast_to(status, shape).astype(np.int64)
    return found


def _assess(
    rule: Rule, record: Recorder, asked: Asked, h: NDArray[np.float64], epsilon: float
) -> Found:
    """Fit the values that an estimate was made of, at the nodes where they were taken."""
    x, seeds, noise = asked.x, asked.seeds, asked.search["noise"]
    flat = len(seeds), x.size
    steps, counts = drawn_steps(rule, asked.num_steps, asked.spread, seeds, epsilon)
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
    names = ("slope_error", "dof", "misfit", "noise")
    found = {name: getattr(bars, name) for name in names}
    found["slope"] = bars.center * np.tile(sign, len(seeds))
    return {name: value.reshape(len(seeds), *x.shape) for name, value in found.items()}
