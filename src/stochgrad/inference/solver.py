"""Search, verdict and last fit of points that share a side of x."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from . import constants as by
from .designs import Bools, Design, Floats, Ints, search_design
from .evidence import has_value, is_clean, is_discontinuous, is_explained
from .measure import Measured, extend, measure
from .model import Fit, quantile
from .result import CORNER, GOOD, MISFIT, SCALES, UNDEFINED, blank_result, put_result
from .sampler import Sampler, as_block, blocks
from .search import Search

ENDS = ("left", "right")


def groups(i: Ints, keys: tuple[Ints, ...]) -> list[Ints]:
    """Return the parts of an index that share all keys."""
    parts = [i]
    for key in keys:
        parts = [p[key[p] == k] for p in parts for k in np.unique(key[p]).tolist()]
    return parts


@dataclass(frozen=True)
class Options:
    """What was asked for, see :func:`.infer.infer`; arrays of shape (points,).

    And nodes that blocks of points have in common, for the time of one call.
    """

    seed: int
    order: int
    local: bool
    error_bars: bool
    rtol: float
    atol: Floats
    streams: Ints
    length: Floats
    widest: Floats
    extend: Callable[..., Design] = field(default_factory=lambda: lru_cache(maxsize=16)(extend))


class Solver:
    """Search and last fit of some points, on both sides of x or on one."""

    def __init__(
        self, sampler: Sampler, columns: Ints, side: int, options: Options, budget: Ints
    ) -> None:
        self.sampler, self.columns, self.side, self.options = sampler, columns, side, options
        nodes = _nodes(int(budget.min()))
        whole = search_design(options.seed, nodes, side, 0)
        small = search_design(options.seed, by.CHECK, side, 1)
        tolerance = options.atol[columns], options.rtol
        span = self._span(nodes)
        self.search = Search(
            sampler, columns, (whole, small), budget, span, options.local, tolerance
        )

    def solve(self, check_value: bool = True) -> dict[str, Any]:
        """Return the results of these points, but for the numbers of evaluations."""
        self.search.run()
        status = self._judge(check_value and self.options.error_bars)
        result = blank_result(len(self.columns))
        self._measure(status, result)
        if not self.side:
            self._sides(result)
        return result

    def _span(self, nodes: int) -> tuple[Ints, Ints, Ints]:
        """Return the narrowest scale, the first and the widest, as powers of two."""
        s, cols = self.sampler, self.columns
        length, x = self.options.length[cols], s.x[cols]
        eps = np.finfo(s.given.dtype).eps
        spacing = np.where(x == 0, length * eps, s.spacing(cols))
        # The narrowest has two floats for each node on each side of x.
        bottom = np.ceil(np.log2(spacing)) + np.ceil(np.log2(2 * by.NODES))
        below, above = x - s.lower[cols], s.upper[cols] - x
        room = np.minimum(below, above) if not self.side else above if self.side > 0 else below
        most = np.floor(np.log2(np.maximum(room, 1e-300)))
        bottom = np.minimum(np.maximum(bottom, -1010), most)
        # Coefficients of a pole at the length scale fall as 2^-(octaves + 1)k, down to rounding.
        octaves = max(by.START, np.ceil(52 / (min(by.DEGREE, nodes - 4) + 3)) - 1)
        start = np.clip(np.floor(np.log2(length)) - octaves, bottom, most)
        top = np.clip(np.floor(np.log2(self.options.widest[cols])), start, most)
        return bottom.astype(int), start.astype(int), top.astype(int)

    def _judge(self, check_value: bool) -> Ints:
        """Return the status that the search leads to; may bisect."""
        search, cols, now = self.search, self.columns, self.search.now
        status = np.where(search.have, GOOD, UNDEFINED)
        unresolved = search.lowest | (search.cut & ~is_clean(now))
        status[unresolved & search.have] = MISFIT
        conflict = (search.conflict | search.soft) & (status == GOOD) & (not search.local)
        here, odd = now.value, np.zeros(len(cols), bool)
        if check_value:
            rich = np.flatnonzero(search.have & (search.left(np.arange(len(cols))) > 0))
            here = np.full(len(cols), np.nan)
            if len(rich):
                here[rich] = self.sampler(cols[rich], np.zeros((1, len(rich))))[0][0]
            odd[rich] = ~has_value(now, here)[rich]
            status[rich[~np.isfinite(here[rich])]] = UNDEFINED
        status[conflict] = SCALES
        # A wider scale contradicts: but what it leaves is no noise if bisection resolves it.
        plea = conflict & search.soft & ~search.conflict & is_clean(now) & ~odd
        jump = np.abs(search.refused.value - now.value)
        for where, step in ((plea & search.off, jump), (plea & ~search.off, None)):
            i = np.flatnonzero(where)
            refused = search.refused_scale, search.refused, search.refused_y
            status[i[~self._bisect(i, *refused, step, True)]] = GOOD
        # The narrowest scale does, or f(x): its noise is no structure if bisection has no end.
        doubt = (status == GOOD) & (search.hidden | odd)
        faint = ~is_explained(now.variance, now.size) | (odd & (self.side != 0))
        status[doubt & faint] = SCALES
        search.quantised = doubt & ~faint
        for where, step in ((~odd, None), (odd, np.abs(here - now.value))):
            i = np.flatnonzero(search.quantised & where)
            status[i[~self._bisect(i, search.scale, now, search.y, step, False)]] = SCALES
        return status

    def _bisect(
        self, i: Ints, scale: Ints, fit: Fit, y: Floats, jump: Floats | None, unsure: bool
    ) -> Bools:
        search, found = self.search, [np.zeros(0, bool)]
        for at in blocks(i):
            part = fit.part(at)
            found.append(is_discontinuous(
                self.sampler, self.columns[at], search.design, y.take(at, axis=1),
                np.ldexp(1.0, scale[at]), part, search.t.degrees[part.index] + 2,
                None if jump is None else jump[at], search.left(at), unsure,
            ))  # fmt: skip
        return np.concatenate(found)

    def _measure(self, status: Ints, result: dict[str, Any]) -> None:
        """Take the last values and write the results."""
        search, cols, now = self.search, self.columns, self.search.now
        left = search.left(np.arange(len(cols))) // 2 * 2
        exact = is_clean(now)
        clean = exact & ~search.quantised & (self.sampler.noise_of is None)
        used = (3 * by.NODES - self.sampler.nfev[cols]) // 2 * 2
        number = np.where(clean, np.maximum(by.NODES - 2, used), left)
        number = np.minimum(np.minimum(number, self._needed()), left)
        keys = search.t.degrees[now.index], number, self.options.streams[cols]
        for group in groups(np.flatnonzero(search.have & ~search.shaped), keys):
            degree, count, stream = (int(key[group[0]]) for key in keys)
            for i in blocks(group):
                found = measure(
                    self.sampler, self.options.extend, search.design, cols[i],
                    np.ldexp(1.0, search.scale[i]), search.y.take(i, axis=1),
                    search.slips.take(i, axis=1), degree, count, (self.options.seed, stream),
                    self.options.order,
                )  # fmt: skip
                found.correlated &= ~exact[i]
                self._write(i, found, status[i], result)
        result["status"][~search.have] = UNDEFINED

    def _write(self, i: Ints, found: Measured, status: Ints, result: dict[str, Any]) -> None:
        """Write what the last fit of some points says."""
        search, at, size = self.search, self.columns[i], self.search.now.size[i]
        h, factor = np.ldexp(1.0, search.scale[i]), 1 / self.sampler.unscale(at)
        shape = found.shape & ~search.quantised[i] & (status == GOOD)
        loud = np.maximum(by.LOUD * size, by.ROUNDING * self.sampler.rounding(at, size))
        misfit = found.misfit | shape | found.correlated | (found.noise > loud)
        final = np.where((status == GOOD) & misfit, MISFIT, status)
        final[~np.isfinite(found.center)] = UNDEFINED
        to = as_block(i)
        for name, array in vars(found).items():
            if name in result and name != "dof":
                result[name][..., to] = array * factor
        result["dof"][i], result["status"][i], result["step"][i] = found.dof, final, h
        two = np.flatnonzero(final == SCALES)  # which disagree: both slopes
        if len(two):
            unit = np.stack([factor, factor, 1 + 0 * factor])[:, two]
            mine = np.stack([found.center, found.slope_error, h])[:, two] * unit
            other = search.other[:, i[two]] * unit
            pair = np.where(other[2] < mine[2], [other, mine], [mine, other])
            _write_ends(i[two], pair, result)
        two = np.flatnonzero(shape)
        if not len(two):
            return
        halves: list[dict[str, Any]] = [
            {"center": m[0] * factor[two], "slope_error": m[1] * factor[two], "dof": m[2],
             "step": h[two], "status": np.where(m[3] == 0, GOOD, MISFIT),
             "taylor": m[4:6], "taylor_error": m[6:8]}
            for m in found.sides[..., two]
        ]  # fmt: skip
        _join_sides(i[two], halves, np.zeros(len(two), bool), self.options.order, result)

    def _needed(self) -> Ints:
        """Return how many more values the tolerance takes."""
        o, now = self.options, self.search.now
        allowed = o.atol[self.columns] * self.sampler.unscale(self.columns)
        allowed = allowed + o.rtol * np.abs(now.slope)
        ratio = 2 * now.error / np.where(allowed > 0, allowed, 1e-300)
        need = np.ceil(self.search.nodes * np.maximum(ratio**2 * 1.3 - 1, 0) / 2) * 2
        return np.asarray(np.fmin(need, 1e6).astype(int))

    def _sides(self, result: dict[str, Any]) -> None:
        """Infer one-sided slopes at corners, and where the domain ends."""
        search = self.search
        for side in (1, -1):
            i = np.flatnonzero(search.edge == side)
            i = i[search.left(i) >= by.LEAST]
            if len(i):
                put_result(result, i, self._one_side(i, side, 1, True))
        i = np.flatnonzero(search.shaped & search.have)
        if len(i):
            halves = [self._one_side(i, side, share, False) for side, share in ((-1, 2), (1, 1))]
            jump = (search.shapes.count[1, i] > 0) & (search.shapes.count[0, i] == 0)
            _join_sides(i, halves, jump, self.options.order, result)
            for name in ("step", "noise"):
                result[name][i] = np.maximum(*(half[name] for half in halves))

    def _one_side(self, i: Ints, side: int, share: int, check: bool) -> dict[str, Any]:
        """Return the results from one side of x, with a share of what evaluations are left."""
        result, budget = blank_result(len(i)), self.search.left(i) // share
        rich = np.flatnonzero(budget >= by.LEAST)
        if len(rich):
            at = self.columns[i[rich]]
            part = Solver(self.sampler, at, side, self.options, budget[rich]).solve(check)
            put_result(result, rich, part)
        return result


def _nodes(budget: int) -> int:
    """Return the values of a fit: a third of the budget, if that leaves a noisy f a wider fit.

    With fewer than that takes at least, the budget is best spent near x.
    """
    third, most = budget // 3, by.LEAST + (budget - by.WIDENED) // 2
    return int(np.clip(third if budget < by.WIDENED else min(third, most), by.LEAST, by.NODES))


def _write_ends(at: Ints, pair: Any, result: dict[str, Any]) -> None:
    """Write slope, standard error and scale on the left and on the right."""
    for end, rows in zip(ENDS, pair, strict=True):
        for key, row in zip(("", "_error", "_step"), rows, strict=True):
            result[end + key][at] = row


def _join_sides(
    at: Ints, halves: list[dict[str, Any]], jump: Bools, order: int, result: dict[str, Any]
) -> None:
    """Give both one-sided derivatives; and their mean, if they are the same without a jump.

    A second derivative exists where the slopes are the same, too.
    """
    left, right = halves
    mean = (left["center"] + right["center"]) / 2
    error = np.hypot(left["slope_error"], right["slope_error"])
    dof = np.fmin(left["dof"], right["dof"])
    gap = np.abs(left["center"] - right["center"])
    good = (left["status"] == GOOD) & (right["status"] == GOOD)
    student = quantile(dof, 0.975)
    same = good & (gap <= student * error)
    if order == 2:
        slopes = [half["taylor"][1] / half["step"] for half in halves]
        errors = [half["taylor_error"][1] / half["step"] for half in halves]
        same &= np.abs(slopes[1] - slopes[0]) <= student * np.hypot(*errors)
    pair = [[half[key] for key in ("center", "slope_error", "step")] for half in halves]
    _write_ends(at, np.where(good, pair, np.nan), result)
    result["status"][at] = np.where(same & ~jump, GOOD, np.where(good, CORNER, MISFIT))
    result["slope"][at] = result["center"][at] = mean
    result["slope_error"][at], result["dof"][at] = error / 2, dof
