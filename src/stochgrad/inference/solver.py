"""Search, verdict and last fit of points that share a side of x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import constants as by
from .designs import Bools, Floats, Ints, search_design
from .evidence import has_value, is_clean, is_discontinuous, is_explained
from .measure import Taker
from .model import Fit, quantile
from .result import CORNER, GOOD, MISFIT, SCALES, UNDEFINED, blank_result
from .sampler import Sampler
from .search import Search


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    seed: int
    order: int
    which: str
    error_bars: bool
    rtol: float
    atol: Floats


class Solver:
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
        whole = search_design(o.seed, nodes, self.side, 0)
        small = search_design(o.seed, by.CHECK, self.side, 1)
        search = Search(
            sampler, cols, (whole, small), self.side, budget, self._span(cols, nodes),
            o.which == "local", (o.atol[cols], o.rtol),
        )  # fmt: skip
        search.run()
        status = self._judge(search, check_value and o.error_bars)
        self._measure(search, status, result)
        if not self.side:
            self._sides(search, result)

    def _span(self, cols: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
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
        # Coefficients of a pole at the length scale fall as 2^-(octaves + 1)k, down to rounding.
        octaves = max(by.START, np.ceil(52 / (min(by.DEGREE, nodes - 4) + 3)) - 1)
        start = np.clip(np.floor(np.log2(length)) - octaves, bottom, most)
        top = np.clip(np.floor(np.log2(self.widest[cols])), start, most)
        return bottom.astype(int), start.astype(int), top.astype(int)

    def _judge(self, search: Search, check_value: bool) -> Ints:
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
        status[conflict] = SCALES
        # A wider scale contradicts: but what it leaves is no noise if bisection resolves it.
        plea = conflict & search.soft & ~search.conflict & is_clean(now) & ~odd
        jump = np.abs(search.refused.value - now.value)
        for where, step in ((plea & search.off, jump), (plea & ~search.off, None)):
            i = np.flatnonzero(where)
            high = self._bisect(search, i, search.refused_scale, search.refused, step, True)
            status[i[~high]] = GOOD
        # The narrowest scale does, or f(x): its noise is no structure if bisection has no end.
        doubt = (status == GOOD) & (search.hidden | odd)
        faint = ~is_explained(now.variance, now.size) | (odd & (self.side != 0))
        status[doubt & faint] = SCALES
        search.quantised = doubt & ~faint
        for where, step in ((~odd, None), (odd, np.abs(here - now.value))):
            i = np.flatnonzero(search.quantised & where)
            high = self._bisect(search, i, search.scale, now, step, False)
            status[i[~high]] = SCALES
        return status

    def _bisect(
        self, search: Search, i: Ints, scale: Ints, fit: Fit, jump: Floats | None, unsure: bool
    ) -> Bools:
        if not len(i):
            return np.zeros(0, bool)
        h, part = np.ldexp(1.0, scale[i]), fit.part(i)
        return is_discontinuous(
            self.sampler, self.columns[i], search.design, h, self.side, part,
            search.t.degrees[part.index] + 2, None if jump is None else jump[i], search.left(i),
            unsure,
        )  # fmt: skip

    def _measure(self, search: Search, status: Ints, result: dict[str, Any]) -> None:
        """Take the last values and write the results."""
        cols, now, o = self.columns, search.now, self.options
        left = search.left(np.arange(len(cols))) // 2 * 2
        used = self.sampler.nfev[cols]
        clean = is_clean(now) & ~search.quantised & (self.sampler.noise_of is None)
        number = np.where(clean, np.maximum(by.NODES - 2, (3 * by.NODES - used) // 2 * 2), left)
        need = self._needed(now, search, o)
        number = np.minimum(np.minimum(number, need), left)
        go = search.have & ~search.shaped
        degree = search.t.degrees[now.index]
        stream = self.rows[cols]
        key = np.stack([degree, number, stream])
        h = np.ldexp(1.0, search.scale)
        for k1, n1, s1 in sorted(set(map(tuple, key[:, go].T.tolist()))):
            i = np.flatnonzero(go & (degree == k1) & (number == n1) & (stream == s1))
            taker = Taker(self.sampler, o.seed, s1, self.side, o.order)
            found, _ = taker.measure(
                cols[i], h[i], search.design.nodes, now.values[:, i], now.slips[:, i],
                k1, n1,
            )  # fmt: skip
            final = status[i].copy()
            shape = found.shape & ~search.quantised[i] & (final == GOOD)
            final[(final == GOOD) & (found.misfit | shape)] = MISFIT
            rounding = by.ROUNDING * self.sampler.rounding(cols[i], now.size[i])
            loud = found.noise > np.maximum(by.LOUD * now.size[i], rounding)
            final[(final == GOOD) & loud] = MISFIT
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
            two = np.flatnonzero(shape)
            halves: list[dict[str, Any]] = [
                {"center": m[0] * factor[two], "slope_error": m[1] * factor[two], "dof": m[2],
                 "step": h[i[two]], "status": np.where(m[3] == 0, GOOD, MISFIT)}
                for m in found.sides[..., two]
            ]  # fmt: skip
            self._join_sides(at[two], halves, np.zeros(len(two), bool), result)
        gone = cols[~search.have]
        result["status"][gone] = UNDEFINED

    def _needed(self, now: Fit, search: Search, o: Options) -> Ints:
        """Return how many more values the tolerance takes."""
        allowed = (o.atol[self.columns] * self.sampler.unscale(self.columns)) + o.rtol * np.abs(
            now.slope
        )
        ratio = 2 * now.error / np.where(allowed > 0, allowed, 1e-300)
        need = np.ceil(search.nodes * np.maximum(ratio**2 * 1.3 - 1, 0) / 2) * 2
        return np.asarray(np.fmin(need, 1e6).astype(int))

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
        halves = [blank_result(self.sampler.x.size) for _ in range(2)]
        for side, half in zip((-1, 1), halves, strict=True):
            share = search.left(i) // (2 if side < 0 else 1)
            self._one_side(i, side, search, half, False, share)
        halves = [{k: v[..., at] for k, v in half.items()} for half in halves]
        jump = (search.shapes.count[1, i] > 0) & (search.shapes.count[0, i] == 0)
        self._join_sides(at, halves, jump, result)
        for name in ("step", "noise"):
            result[name][at] = np.maximum(*(half[name] for half in halves))

    def _join_sides(
        self, at: Ints, halves: list[dict[str, Any]], jump: Bools, result: dict[str, Any]
    ) -> None:
        """Give both one-sided slopes; and their mean, if they are the same without a jump."""
        left, right = halves
        mean = (left["center"] + right["center"]) / 2
        error = np.hypot(left["slope_error"], right["slope_error"])
        dof = np.fmin(left["dof"], right["dof"])
        gap = np.abs(left["center"] - right["center"])
        good = (left["status"] == GOOD) & (right["status"] == GOOD)
        same = good & (gap <= quantile(dof, 0.975) * error)
        result["status"][at] = np.where(same & ~jump, GOOD, np.where(good, CORNER, MISFIT))
        for name, half in (("left", left), ("right", right)):
            for key, source in (("", "center"), ("_error", "slope_error"), ("_step", "step")):
                result[name + key][at] = np.where(good, half[source], np.nan)
        result["slope"][at] = result["center"][at] = mean
        result["slope_error"][at], result["dof"][at] = error / 2, dof

    def _one_side(
        self, i: Ints, side: int, search: Search, result: dict[str, Any], check: bool,
        budget: Ints | None = None,
    ) -> None:  # fmt: skip
        budget = search.left(i) if budget is None else budget
        enough = budget >= 9
        i, budget = i[enough], budget[enough]
        if len(i):
            args = (self.rows, side, self.options, self.length, self.widest)
            Solver(self.sampler, self.columns[i], *args).solve(result, budget, check)
