"""State of the search, and the rules for the next scale."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from . import constants as by
from .designs import Bools, Design, Floats, Ints
from .evidence import ShapeRecord, is_clean, is_explained
from .model import ROWS, Fit, tables
from .sampler import Sampler

Mode = IntEnum("Mode", "START LOCAL_NOISE PROBE DOWN UP FEEL VERIFY TOP ANEW EDGE DONE")
Event = IntEnum(
    "Event",
    "CLEAN NOISY UNDEFINED QUIETER SAME LOWEST TAKEN REFUSED FELT SHAPE SIDED",
)
M, E = Mode, Event


class Scales:
    """State of the search, one entry for each point, and the rules by which it moves.

    ``now`` is the fit that is taken, at ``scale``, if we ``have`` one; ``mode`` is what comes next,
    at the scale ``ask``. Noise variances: ``low`` at the narrowest scale, ``wide`` about a cubic at
    the scale ``felt`` (``least``: the widest where a cubic leaves no more than noise), ``dropped``
    of a wider fit with more. ``bad`` is the narrowest scale that was refuted, ``refused`` a wider
    fit that contradicts (``soft``), in its value at x where ``off``; ``other`` slope, standard
    error and step of a fit that disagrees. The widest scale has less noise (``conflict``), or was
    ``tried``; the narrowest has less (``hidden``), the search ``restarted`` there, or the noise
    still falls (``lowest``). A corner, jump or bend is at x (``shaped``), evaluations ended too
    early (``cut``), noise may be steps (``quantised``), f has values on one side (``edge``) only.
    Values ``y`` and ``slips``, shape (nodes, points), are those of ``now``; ``seen`` are the last.
    """

    def __init__(
        self, sampler: Sampler, columns: Ints, designs: tuple[Design, Design], budget: Ints,
        span: tuple[Ints, Ints, Ints], local: bool, tolerance: tuple[Floats, float],
    ) -> None:  # fmt: skip
        self.sampler, self.columns, self.local = sampler, columns, local
        self.design, self.small = designs
        self.atol, self.rtol = tolerance
        self.bottom, self.start, self.top = span
        points, self.nodes = len(columns), len(self.design.nodes)
        self.t = tables(self.nodes)
        self.allowed = sampler.nfev[columns] + budget
        self.most = np.maximum(budget // 2, 4 * by.NODES) + sampler.nfev[columns]
        self.now, self.refused = (Fit(np.zeros((ROWS, points))) for _ in range(2))
        self.y, self.slips, self.refused_y = np.zeros((3, self.nodes, points))
        self.mode, self.step = np.full(points, M.START, int), np.full(points, by.NARROWER)
        self.scale, self.ask, self.least = (self.start.copy() for _ in range(3))
        self.felt, self.bad = self.top.copy(), self.top + 1
        self.low, self.wide, self.wide_size, self.dropped = np.full((4, points), np.nan)
        self.other = np.full((3, points), np.nan)
        self.refused_scale, self.edge = np.zeros((2, points), int)
        flags = np.zeros((11, points), bool)
        self.have, self.hidden, self.conflict, self.soft, self.restarted, self.off = flags[:6]
        self.tried, self.lowest, self.shaped, self.cut, self.quantised = flags[6:]
        self.shapes = ShapeRecord(points)
        self.seen: tuple[Floats, Floats]

    def left(self, i: Ints) -> Ints:
        """Return the evaluations that are left."""
        return np.asarray(self.allowed[i] - self.sampler.nfev[self.columns[i]])

    def go(self, i: Ints, mode: Mode, rule: str) -> None:
        """Set the next mode, and the next scale by a rule."""
        if len(i):
            self.mode[i] = mode
            getattr(self, f"_to_{rule}")(i)

    def _to_stay(self, i: Ints) -> None:
        """Leave the scale."""

    def _to_bottom(self, i: Ints) -> None:
        self.ask[i] = self.bottom[i]

    def _to_top(self, i: Ints) -> None:
        self.ask[i] = self.top[i]
        self.go(i[self.top[i] <= self.scale[i]], M.PROBE, "bottom")

    def _to_narrower(self, i: Ints) -> None:
        base = np.where(self.have[i], self.scale[i], self.ask[i])
        ask = base - self.step[i]  # a last step of less than NARROWER would tell nothing
        self.ask[i] = np.where(ask < self.bottom[i] + by.NARROWER, self.bottom[i], ask)
        stuck = base <= self.bottom[i]
        self.lowest[i] |= stuck
        self.mode[i[stuck]] = M.DONE

    def _leap_from(self, now: Fit, degree: Ints | int) -> Floats:
        """Return the octaves until the largest degree meets the noise, for f analytic."""
        ratio = np.clip(now.noise / np.where(now.size > 0, now.size, 1), 1e-300, 1)
        return np.asarray(np.log2(ratio) * (1 / (self.t.degrees[-2] + 1) - 1 / (degree + 1)))

    def _to_wider(self, i: Ints) -> None:
        """Widen by as much as the highest degree that is seen allows, below what was refuted."""
        now, scale = self.now.part(i), self.scale[i]
        clean, left = is_clean(now), self.left(i)
        used = self.sampler.nfev[self.columns[i]]
        degree = np.minimum(now.seen, self.t.degrees[-2])
        room = np.where(clean, left >= 2 * self.nodes, used <= self.most[i] - self.nodes)
        allowed = self.atol[i] * self.sampler.unscale(self.columns[i])
        done = ~room | (now.error * 2 <= allowed + self.rtol * np.abs(now.slope))
        plain = np.where(clean, 1, 3)
        leap = np.where(degree <= plain, 9999.0, self._leap_from(now, degree)).round()
        goal = np.minimum(scale + leap.astype(int), self.top[i])
        goal = np.where(goal >= self.bad[i], scale + (self.bad[i] - scale) // 2, goal)
        feel = ~clean & (degree <= 3) & ~np.isnan(self.wide[i]) & (self.bad[i] > scale + 1) & ~done
        feel = np.flatnonzero(feel)
        if len(feel):
            goal[feel], check = self._felt(i[feel], now.part(feel))
            self.mode[i[feel[check]]] = M.FEEL
        self.ask[i] = goal
        self.go(i[done | (goal <= scale)], M.DONE, "settle")

    def _felt(self, i: Ints, now: Fit) -> tuple[Ints, Bools]:
        """Return the next scale where noise hides the curve, and where a check is enough there.

        It is the widest one at which a cubic leaves no more than the noise, found by bisection, and
        from there on as wide as higher degrees allow.
        """
        scale, s2, size, bad = self.scale[i], self.wide[i], self.wide_size[i], self.bad[i]
        leap = self._leap_from(now, 4)
        calm = s2 <= self.t.feel[now.index] * now.variance
        rounding = self.sampler.rounding(self.columns[i], size, coarse=True)
        calm |= np.sqrt(s2) <= by.ROUNDING * rounding
        calm &= self.felt[i] < bad
        # The misfit of a cubic grows as h^5.
        bent = ~calm & is_explained(s2, size) & np.isfinite(s2) & (self.felt[i] < bad)
        guess = np.nan_to_num(self.felt[i] + np.log2(now.variance / s2) / 10 + leap).round()
        guess = np.clip(guess, scale + 1, np.minimum(self.top[i], bad - 1)).astype(int)
        least, most = np.maximum(self.least[i], scale), np.minimum(self.felt[i], bad)
        self.least[i] = least
        check = ~calm & ~bent & (most - least > by.START)
        check &= self.sampler.nfev[self.columns[i]] + by.CHECK + self.nodes <= self.most[i]
        # Beyond a guess that was refused it is a step narrower.
        back = np.where(is_explained(s2, size) & np.isfinite(s2), most - by.NARROWER, least)
        reach = np.maximum(least + np.floor(leap).astype(int), back)
        reach = np.clip(reach, scale + 1, most - 1)
        goal = np.where(check, (least + most) // 2, reach)
        return np.where(calm, self.felt[i], np.where(bent, guess, goal)), check

    def _to_settle(self, i: Ints) -> None:
        """Nothing wider is left: verify the noise, look at the widest scale, or end."""
        now, low = self.now.part(i), self.low[i]
        noisy = ~is_clean(now)
        unknown = noisy & np.isnan(low) & (self.bottom[i] < self.scale[i])
        quieter = noisy & (now.variance > self.t.ratio_check[now.index] * low)
        # Nothing of f is seen above the noise, or the slope between steps is meant.
        again = quieter & ~self.restarted[i] & (self.local | ~is_explained(now.variance, now.size))
        self.hidden[i] |= quieter & ~again
        self.restarted[i] |= again
        self.bad[i] = np.where(again, self.scale[i], self.bad[i])
        far = ~self.tried[i] & (self.top[i] - self.scale[i] > 2 * by.START)
        look = (np.isfinite(self.dropped[i]) | far) & ~self.conflict[i] & ~self.hidden[i]
        look &= self.top[i] > self.scale[i]
        self.ask[i] = np.where(unknown | again, self.bottom[i], self.top[i])
        for where, mode in ((look, M.TOP), (again, M.ANEW), (unknown, M.VERIFY)):
            self.mode[i[where]] = mode
