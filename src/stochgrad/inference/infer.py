"""The derivative of a black box from values alone, with an interval and a status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import constants as by
from .designs import Bools, Design, Floats, Ints, chebyshev_nodes, jittered, make_design
from .evidence import has_value, is_clean, is_discontinuous, is_explained
from .measure import TERMS, Taker
from .model import quantile
from .sampler import Noise, Sampler
from .search import Search

GOOD, COINCIDE, SCALES, MISFIT, CORNER, STUCK, UNDEFINED = 0, 1, 2, 3, 4, -1, -2

STATUS = {
    GOOD: "a polynomial and independent noise explain the values, and no other scale contradicts",
    COINCIDE: "fewer distinct perturbations than draws: averaging does not reduce the error",
    SCALES: "two scales disagree: what is noise at one is structure at the other; left and right "
    "hold the slopes at the narrower and at the wider scale",
    MISFIT: "truncation or rounding error is not resolved: at no scale do a polynomial and "
    "independent noise explain the values",
    CORNER: "a corner or a jump at x: left and right hold the one-sided slopes",
    STUCK: "the step does not move x",
    UNDEFINED: "f is not finite at x or near it",
}

BLOCK = 4096
"""Points at a time, so that arrays stay in the cache: a resource, not a decision."""


@dataclass(frozen=True)
class Inference:
    """Slopes inferred from values; arrays of shape (points,).

    Attributes:
        slope: Best point estimate.
        center: Middle of the interval, which is ``center ± t(dof) slope_error``.
        slope_error: Standard error of ``center``.
        dof: Degrees of freedom, infinite if the noise was given.
        status: Key of ``STATUS``; the answer is a success only at 0.
        nfev: Evaluations.
        step: Half-width of the last fit.
        noise: Standard deviation of f about the fit.
        left: Slope on the left, or at the narrower of two scales; NaN where none.
        right: Slope on the right, or at the wider of two scales; NaN where none.
        left_error: Standard error of ``left``.
        right_error: Standard error of ``right``.
        left_step: Scale of ``left``.
        right_step: Scale of ``right``.
        taylor: Taylor coefficients times step^k, shape (terms, points).
        taylor_error: Their standard errors.
    """

    slope: Floats
    center: Floats
    slope_error: Floats
    dof: Floats
    status: Ints
    nfev: Ints
    step: Floats
    noise: Floats
    left: Floats
    right: Floats
    left_error: Floats
    right_error: Floats
    left_step: Floats
    right_step: Floats
    taylor: Floats
    taylor_error: Floats

    def half_width(self, level: float = 0.95) -> Floats:
        """Return half the width of the interval."""
        return np.asarray(quantile(self.dof, (1 + level) / 2) * self.slope_error)


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    seed: int
    order: int
    which: str
    error_bars: bool
    rtol: float
    atol: Floats


def infer(
    evaluate: Callable[..., Any], x: ArrayLike, *, scale: ArrayLike | None = None,
    noise: Noise = None, max_evaluations: int = 240, rtol: float = 0.0, atol: float = 0.0,
    lower: ArrayLike | None = None, upper: ArrayLike | None = None,
    which: Literal["smooth", "local"] = "smooth", seed: int = 0,
    streams: NDArray[np.integer[Any]] | None = None, error_bars: bool = True, order: int = 1,
) -> Inference:  # fmt: skip
    """Infer the first or second derivative of ``evaluate`` at each of ``x``.

    Args:
        evaluate: Function of points, shape (values, active points), to values of that shape. If it
            has a parameter ``columns``, it is given the indices of the active points.
        x: Points, shape (points,), float32 or float64.
        scale: Length scales in place of |x|; None for min(|x|, 1), or 1 at 0.
        noise: Standard deviation of f if known: a number, one for each point, or a function of
            points.
        max_evaluations: Largest number of evaluations for each point, at least 10.
        rtol: Relative half-width at which to stop.
        atol: Absolute half-width at which to stop.
        lower: Least argument allowed for each point.
        upper: Largest argument allowed for each point.
        which: The scale that is meant where two are real: "smooth", of a curve on which there are
            steps or rounding, or "local", of the steps.
        seed: Seed of the jitter of the nodes.
        streams: Streams of the jitter; points of one stream share their nodes. None for one.
        error_bars: Whether to make the checks that only the interval and the status need.
        order: 1 or 2.

    Raises:
        ValueError: If ``max_evaluations`` is below 10.
    """
    if max_evaluations < 10:
        raise ValueError(f"max_evaluations={max_evaluations}: at least 10 are needed")
    given = np.atleast_1d(np.asarray(x))
    if given.dtype != np.float32:
        given = given.astype(float)
    points = given.size
    size = np.abs(given.astype(float))
    length = np.where(size == 0, 1.0, np.minimum(size, 1.0))
    widest = np.maximum(size, 1.0)
    if scale is not None:
        length = widest = np.broadcast_to(np.asarray(scale, dtype=float), given.shape)
    low = np.full(points, -np.inf) if lower is None else np.asarray(lower, dtype=float)
    high = np.full(points, np.inf) if upper is None else np.asarray(upper, dtype=float)
    bounds = (np.broadcast_to(low, given.shape), np.broadcast_to(high, given.shape))
    rows = np.zeros(points, int) if streams is None else np.asarray(streams, dtype=int)
    sampler = Sampler(evaluate, given, length, noise, bounds)
    absolute = np.broadcast_to(np.asarray(atol, dtype=float), given.shape)
    options = Options(seed, order, which, error_bars, rtol, absolute)
    result = _blank(points)
    with np.errstate(all="ignore"):
        good = np.isfinite(size)
        budget = np.full(points, max_evaluations)
        for side in (0, 1, -1):
            chosen = np.flatnonzero(good & (_side(sampler, length) == side))
            for block in np.split(chosen, range(BLOCK, len(chosen), BLOCK)):
                if len(block):
                    part = _Solver(sampler, block, rows, side, options, length, widest)
                    part.solve(result, budget[block])
        result["nfev"][:] = sampler.nfev
    return Inference(**result)


def _blank(points: int) -> dict[str, Any]:
    """Return arrays for results: NaN, and the status of what cannot be evaluated."""
    arrays: dict[str, Any] = {f.name: np.full(points, np.nan) for f in fields(Inference)}
    arrays["status"], arrays["nfev"] = np.full(points, STUCK), np.zeros(points, int)
    arrays["taylor"], arrays["taylor_error"] = np.full((2, TERMS, points), np.nan)
    return arrays


def _side(sampler: Sampler, length: Floats) -> Ints:
    """Return the side of x with room, where the other has too little for a symmetric fit."""
    below, above = sampler.x - sampler.lower, sampler.upper - sampler.x
    tight = np.minimum(below, above) < length * 2.0 ** -(by.START + by.NARROWER)
    return np.asarray(np.where(tight, np.where(above >= below, 1, -1), 0))


class _Solver:
    """Search and last fit of some points, on both sides of x or on one."""

    def __init__(
        self, sampler: Sampler, columns: Ints, rows: Ints, side: int, options: Options,
        length: Floats, widest: Floats,
    ) -> None:  # fmt: skip
        self.sampler, self.columns, self.rows, self.side = sampler, columns, rows, side
        self.options, self.length, self.widest = options, length, widest

    def solve(self, result: dict[str, Any], budget: Ints, check_value: bool = True) -> None:
        """Write results of these points into ``result``."""
        cols, sampler, o = self.columns, self.sampler, self.options
        nodes = int(np.clip(budget.min() // 3, 9, by.NODES))
        names, stream = np.unique(self.rows[cols], return_inverse=True)
        designs = (self._design(names, nodes, 0), self._design(names, by.CHECK, 1))
        search = Search(
            sampler, cols, stream, designs, self.side, budget, self._span(cols),
            o.which == "local", o.atol[cols],
        )  # fmt: skip
        search.run()
        status = self._judge(search, stream, check_value and o.error_bars)
        self._measure(search, status, names, stream, result)
        if not self.side:
            self._sides(search, result)

    def _design(self, names: Ints, nodes: int, purpose: int) -> Design:
        jitter = jittered(self.options.seed, names, nodes, purpose + 8 * (self.side + 1))
        return make_design(chebyshev_nodes(jitter), nodes, self.side)

    def _span(self, cols: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the narrowest scale, the first and the widest, as powers of two."""
        s = self.sampler
        length, x = self.length[cols], np.abs(s.x[cols])
        eps = np.finfo(s.given.dtype).eps
        spacing = np.where(x == 0, length * eps, s.spacing(cols))
        bottom = np.ceil(np.log2(spacing)) + by.BITS
        below, above = x * 0 + s.x[cols] - s.lower[cols], s.upper[cols] - s.x[cols]
        room = np.minimum(below, above) if not self.side else above if self.side > 0 else below
        most = np.floor(np.log2(np.maximum(room, 1e-300)))
        bottom = np.minimum(np.maximum(bottom, -1010), most)
        start = np.clip(np.floor(np.log2(length)) - by.START, bottom, most)
        top = np.clip(np.floor(np.log2(self.widest[cols])), start, most)
        return bottom.astype(int), start.astype(int), top.astype(int)

    def _judge(self, search: Search, stream: Ints, check_value: bool) -> Ints:
        """Return the status that the search leads to; may bisect."""
        cols, now = self.columns, search.now
        status = np.where(search.have, GOOD, UNDEFINED)
        unresolved = search.lowest | (search.cut & ~is_clean(now))
        status[unresolved & search.have] = MISFIT
        conflict = (search.conflict | search.soft) & (status == GOOD)
        if search.local:
            conflict[:] = False
        odd = np.zeros(len(cols), bool)
        rich = np.flatnonzero(search.have & (search.left(np.arange(len(cols))) > 0))
        if check_value and len(rich):
            here = np.full(len(cols), np.nan)
            here[rich] = self.sampler(cols[rich], np.zeros((1, len(rich))))[0][0]
            odd[rich] = ~has_value(now, here)[rich]
            status[rich[~np.isfinite(here[rich])]] = UNDEFINED
        else:
            here = now.value
        left = search.left(np.arange(len(cols)))
        plea = conflict & search.soft & ~search.conflict & is_clean(now) & ~odd
        status[conflict] = SCALES
        for off in (False, True):
            i = np.flatnonzero(plea & (search.off == off))
            if len(i):
                seen = search.refused.part(i)
                jump = np.abs(seen.value - now.value[i]) if off else None
                scale = search.refused_scale
                high = self._bisect(search, i, stream, scale, seen, jump, left, True)
                status[i[~high]] = GOOD
        doubt = (status == GOOD) & (search.hidden | odd)
        faint = doubt & ~is_explained(now.variance, now.size)
        status[faint] = SCALES
        doubt &= ~faint
        left = search.left(np.arange(len(cols)))
        for i, jump in (
            (np.flatnonzero(doubt & ~odd), None),
            (np.flatnonzero(doubt & odd), np.abs(here - now.value)),
        ):
            if not len(i):
                continue
            if self.side and jump is not None:
                status[i] = SCALES
                continue
            part = now.part(i)
            step = None if jump is None else jump[i]
            high = self._bisect(search, i, stream, search.scale, part, step, left, False)
            status[i[~high]] = SCALES
        search.stairs = doubt
        return status

    def _bisect(
        self, search: Search, i: Ints, stream: Ints, scale: Ints, fit: Any, jump: Floats | None,
        left: Ints, unsure: bool,
    ) -> Bools:  # fmt: skip
        h, terms = np.ldexp(1.0, scale[i]), search.t.degrees[fit.index] + 2
        return is_discontinuous(
            self.sampler, self.columns[i], search.design, stream[i], h, self.side, fit, terms,
            jump, left[i], unsure,
        )  # fmt: skip

    def _measure(
        self, search: Search, status: Ints, names: Ints, stream: Ints, result: dict[str, Any]
    ) -> None:
        """Take the last values and write the results."""
        cols, now, o = self.columns, search.now, self.options
        left = search.left(np.arange(len(cols))) // 2 * 2
        used = self.sampler.nfev[cols]
        clean = is_clean(now) & ~search.stairs & (self.sampler.noise_of is None)
        number = np.where(clean, np.maximum(by.NODES, by.SMOOTH - used // 2 * 2), left)
        need = self._needed(now, search, o)
        number = np.minimum(np.minimum(number, need), left)
        go = search.have & ~search.shaped
        degree = search.t.degrees[now.index]
        key = np.stack([degree, number, stream])
        h = np.ldexp(1.0, search.scale)
        for k1, n1, s1 in sorted(set(map(tuple, key[:, go].T.tolist()))):
            i = np.flatnonzero(go & (degree == k1) & (number == n1) & (stream == s1))
            taker = Taker(self.sampler, o.seed, int(names[s1]), self.side, o.order)
            found, _ = taker.measure(
                cols[i], h[i], search.design.nodes[s1], now.values[:, i], now.slips[:, i],
                k1, n1, search.ceiling[i],
            )  # fmt: skip
            final = status[i].copy()
            bad = found.misfit | (found.shape & ~search.stairs[i])
            bad |= found.noise > by.LOUD * now.size[i]
            final[(final == GOOD) & bad] = MISFIT
            final[~np.isfinite(found.center)] = UNDEFINED
            factor = 1 / self.sampler.unscale(cols[i])
            at = cols[i]
            values = {
                "slope": found.best, "center": found.center, "slope_error": found.error,
                "noise": found.noise, "taylor": found.taylor, "taylor_error": found.taylor_error,
            }  # fmt: skip
            for name, value in values.items():
                result[name][..., at] = value * factor
            result["dof"][at], result["status"][at], result["step"][at] = found.dof, final, h[i]
            self._candidates(search, i, final, result, factor)
        gone = cols[~search.have]
        result["status"][gone] = UNDEFINED

    def _needed(self, now: Any, search: Search, o: Options) -> Ints:
        """Return how many more values the tolerance takes."""
        allowed = (o.atol[self.columns] * self.sampler.unscale(self.columns)) + o.rtol * np.abs(
            now.slope
        )
        ratio = 2 * now.error / np.where(allowed > 0, allowed, 1e-300)
        need = np.ceil(search.nodes * np.maximum(ratio**2 * 1.3 - 1, 0) / 2) * 2
        return np.asarray(np.minimum(need, 1e6).astype(int))

    def _candidates(
        self, search: Search, i: Ints, final: Ints, result: dict[str, Any], factor: Floats
    ) -> None:
        """Give both slopes where two scales disagree."""
        at = self.columns[i]
        mine = (result["center"][at], result["slope_error"][at], result["step"][at])
        step = np.ldexp(1.0, search.other_scale[i])
        other = (search.other[i] * factor, search.other_error[i] * factor, step)
        narrow = search.other_scale[i] < search.scale[i]
        two = final == SCALES
        for name, a, b in zip(("", "_error", "_step"), mine, other, strict=True):
            result["left" + name][at] = np.where(two, np.where(narrow, b, a), np.nan)
            result["right" + name][at] = np.where(two, np.where(narrow, a, b), np.nan)

    def _sides(self, search: Search, result: dict[str, Any]) -> None:
        """Infer one-sided slopes at corners, and where the domain ends."""
        for side in (1, -1):
            i = np.flatnonzero(search.edge == side)
            self._one_side(i, side, search, result, True)
        i = np.flatnonzero(search.shaped & search.have)
        if not len(i):
            return
        at = self.columns[i]
        halves = [_blank(self.sampler.x.size) for _ in range(2)]
        for side, half in zip((-1, 1), halves, strict=True):
            share = search.left(i) // (2 if side < 0 else 1)
            self._one_side(i, side, search, half, False, share)
        left, right = ({k: v[..., at] for k, v in half.items()} for half in halves)
        mean = (left["center"] + right["center"]) / 2
        error = np.hypot(left["slope_error"], right["slope_error"])
        dof = np.fmin(left["dof"], right["dof"])
        gap = np.abs(left["center"] - right["center"])
        good = (left["status"] == GOOD) & (right["status"] == GOOD)
        same = good & (gap <= quantile(dof, 1 - by.FIT / 2) * error)
        jump = (search.shapes.count[1, i] > 0) & (search.shapes.count[0, i] == 0)
        status = np.where(same & ~jump, GOOD, np.where(good, CORNER, MISFIT))
        for name, half in (("left", left), ("right", right)):
            for key in ("", "_error", "_step"):
                source = {"": "center", "_error": "slope_error", "_step": "step"}[key]
                result[name + key][at] = np.where(good, half[source], np.nan)
        for name in ("slope", "center"):
            result[name][at] = mean
        result["slope_error"][at], result["dof"][at] = error / 2, dof
        result["status"][at] = status
        for name in ("step", "noise"):
            result[name][at] = np.maximum(left[name], right[name])

    def _one_side(
        self, i: Ints, side: int, search: Search, result: dict[str, Any], check: bool,
        budget: Ints | None = None,
    ) -> None:  # fmt: skip
        budget = search.left(i) if budget is None else budget
        enough = budget >= 9
        i, budget = i[enough], budget[enough]
        if len(i):
            args = (self.rows, side, self.options, self.length, self.widest)
            _Solver(self.sampler, self.columns[i], *args).solve(result, budget, check)
